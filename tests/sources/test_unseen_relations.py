"""A write is judged over what its writer may read: a relation that stands hidden in its way is withdrawn in silence."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from app.access.context import Context
from app.access.principals import Audience
from app.canonical import queries as rows
from app.cli import verify
from app.models import AuditEntry
from app.models.vocabulary import AuditAction, Scope
from app.sources import queries
from tests.factories import attribution_body, claim_body, recorded_source, source_body
from tests.fixtures.api import Api

NAMED = {"anonymity": "named", "name": "Jo Doe"}


def restricted(api: Api) -> str:
    """The id of a source that restricted readers alone see."""
    return recorded_source(api, visibility="restricted")


def internal(api: Api) -> str:
    return recorded_source(api, visibility="internal")


def held_back(api: Api) -> str:
    """The id of a source that came along with a draft."""
    attribution = attribution_body(chain=[{"role": "originator", "source": source_body(description="a cook")}])
    draft = api.create("/v1/claims", claim_body(status="draft", attributions=[attribution]))
    return str(draft["attributions"][0]["chain"][0]["source_id"])


def related(api: Api, source_id: str, other_id: str, kind: str = "possibly_same") -> str:
    """The id of a new relation between the two."""
    return str(api.create(f"/v1/sources/{source_id}/relations", {"other_id": other_id, "kind": kind})["id"])


def named(api: Api, source_id: str) -> Any:
    return api.patch(f"/v1/sources/{source_id}", NAMED, etag="*")


@pytest.fixture
def writer(api: Api) -> Api:
    return api.with_scopes(Scope.CLAIMS_READ, Scope.SOURCES_WRITE)


@pytest.mark.parametrize("hidden", [restricted, internal, held_back])
@pytest.mark.parametrize("kind", ["possibly_same", "same_as"])
def test_a_source_is_named_whatever_hidden_source_it_may_be(
    api: Api, writer: Api, hidden: Callable[[Api], str], kind: str, context: Context
) -> None:
    alone, source = recorded_source(api), recorded_source(api)
    other = hidden(api)
    relation = related(api, source, other, kind)
    without, with_it = named(writer, alone), named(writer, source)
    assert without.status_code == with_it.status_code == 200
    assert with_it.text == without.text.replace(alone, source)
    assert api.read(f"/v1/sources/{other}/relations")["items"] == []
    with context.database.reading() as session:
        withdrawn = select(AuditEntry.subject_id).where(AuditEntry.action == AuditAction.RELATION_WITHDRAWN)
        assert session.exec(withdrawn).all() == [other]
        assert list(verify.differences(session)) == []
    assert relation not in writer.get(f"/v1/sources/{source}/relations").text


def test_who_may_read_the_relation_is_refused_with_it(api: Api) -> None:
    source, other = recorded_source(api), internal(api)
    relation = related(api, source, other)
    insider = api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ, Scope.SOURCES_WRITE)
    refused = named(insider, source)
    assert refused.status_code == 409
    assert refused.json()["existing_id"] == relation
    assert len(api.read(f"/v1/sources/{other}/relations")["items"]) == 1


def test_what_is_withdrawn_is_audited_for_those_who_may_know_of_the_source(api: Api, writer: Api) -> None:
    source, other = recorded_source(api), restricted(api)
    related(api, source, other)
    named(writer, source)

    def told(caller: Api) -> list[str]:
        entries = caller.read("/v1/audit", params={"action": "relation_withdrawn"})["items"]
        return [each["subject_id"] for each in entries]

    assert told(api) == [other]
    assert told(api.with_scopes(Scope.AUDIT_READ, Scope.CLAIMS_READ, Scope.INTERNAL_READ)) == []


@pytest.mark.parametrize("is_reversed", [False, True])
def test_of_two_sources_that_as_many_may_know_of_the_audit_has_always_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch, is_reversed: bool
) -> None:
    source, other = recorded_source(api), recorded_source(api)
    related(api, source, other)
    # As of a relation that is recorded at the same time, and of rows in whatever order.
    monkeypatch.setattr(queries, "readable_identifying", lambda *_, **__: None)
    in_order = sorted((source, other), reverse=is_reversed)
    monkeypatch.setattr(rows, "shown_from", lambda *_: dict.fromkeys(in_order, Audience.PUBLIC))
    assert named(api, source).status_code == 200
    entries = api.read("/v1/audit", params={"action": "relation_withdrawn"})["items"]
    assert [each["subject_id"] for each in entries] == [max(source, other)]


def test_a_change_that_says_nothing_of_who_it_is_withdraws_nothing(api: Api, writer: Api) -> None:
    source, other = recorded_source(api), restricted(api)
    related(api, source, other)
    changed = writer.patch(f"/v1/sources/{source}", {"role": "clerk"}, etag="*")
    assert changed.status_code == 200
    assert len(api.read(f"/v1/sources/{other}/relations")["items"]) == 1
