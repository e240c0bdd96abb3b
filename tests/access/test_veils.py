"""What names a record that is hidden vanishes at once, also where it is too much to be recorded anew with the write.

Here nothing follows a write until the test says so, and everything is much.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pytest
from sqlmodel import select

from app.access.context import Context
from app.background.worker import carry_out_all
from app.cli import verify
from app.models import FollowUp
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import (
    assessment_body,
    claim_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api

READER: Final = (Scope.CLAIMS_READ,)
INSIDER: Final = (Scope.CLAIMS_READ, Scope.INTERNAL_READ)
TRACKED: Final = "a lighthouse keeper"


@pytest.fixture(autouse=True)
def everything_is_much(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    for module in ("portions", "naming"):
        monkeypatch.setattr(f"app.canonical.reach.{module}.FEW", 0)


@dataclass(frozen=True)
class Told:
    """The ids of a small ledger in which everything names the source, the outlet or the document somewhere."""

    source: str
    other: str
    outlet: str
    document: str
    evidence: str
    both: str
    alone: str
    read_there: str
    assessed: str


@pytest.fixture
def told(api: Api, context: Context) -> Told:
    outlet = recorded_outlet(api, name="The Lantern")
    source = recorded_source(api, description=TRACKED, role="warden")
    other = recorded_source(api, description="a fisherman", organization_id=outlet)
    document = recorded_document(api, outlet_id=outlet, title="What the keeper saw", url="https://example.org/keeper")
    evidence = recorded_document(api, title="A log book", url="https://example.org/log")

    def read_in(own_id: str, where: str) -> dict[str, Any]:
        body = said_by(own_id, document_id=where)
        return {name: value for name, value in body.items() if name != "document"}

    elsewhere = recorded_document(api, title="An almanac")
    alone = recorded_claim(api, statement="The lamp went out.", attributions=[read_in(source, elsewhere)])["id"]
    both = recorded_claim(
        api, statement="The lamp was lit.", attributions=[read_in(each, elsewhere) for each in (source, other)]
    )["id"]
    read_there = recorded_claim(api, statement="A ship passed.", attributions=[read_in(other, document)])["id"]
    piece = {"relation": "supports", "document_id": evidence}
    assessed = recorded_claim(
        api,
        statement="It was dark.",
        attributions=[read_in(other, elsewhere)],
        assessment=assessment_body(evidence=[piece]),
    )["id"]
    api.create(f"/v1/claims/{alone}/relations", {"other_claim_id": both, "kind": "contradicts"})
    api.create(f"/v1/claims/{read_there}/relations", {"other_claim_id": assessed, "kind": "refines"})
    api.create(f"/v1/sources/{source}/relations", {"other_id": other, "kind": "distinct_from"})
    carry_out_all(context)
    return Told(source, other, outlet, document, evidence, both, alone, read_there, assessed)


def surfaces(told: Told, clock: Clock) -> list[str]:
    """Where a reader may look."""
    claims = [told.both, told.alone, told.read_there, told.assessed]
    at = clock.now.isoformat().replace("+00:00", "Z")
    return [
        "/v1/claims?include_total=true",
        "/v1/claims?q=lamp",
        "/v1/claims?q=lighthouse",
        "/v1/claims?q=keeper",
        "/v1/claims?contradicted=true",
        "/v1/claims/facets?field=source_id&field=outlet_id&field=document_id&include_total=true",
        "/v1/sources",
        "/v1/sources?name=lantern",
        "/v1/documents",
        *(f"/v1/sources/{own}{rest}" for own in (told.source, told.other, told.outlet) for rest in SOURCE_PATHS),
        *(f"/v1/claims/{own}{rest.format(at=at)}" for own in claims for rest in CLAIM_PATHS),
        *(f"/v1/documents/{own}" for own in (told.document, told.evidence)),
        "/v1alpha1/claims:search?query=lamp",
    ]


SOURCE_PATHS: Final = ("", "/claims", "/relations", "/track-record", "/exposure")
CLAIM_PATHS: Final = (
    "",
    "?as_of={at}",
    "/history?include_total=true",
    "/attributions",
    "/assessments",
    "/relations?include_total=true",
    "/similar",
    "/sourcing",
    "/attribution-line",
)


def seen(reader: Api, told: Told, clock: Clock) -> dict[str, str]:
    found = {path: reader.get(path).text for path in surfaces(told, clock)}
    match = reader.post("/v1/match", {"text": "The lamp went out, said a lighthouse keeper.", "threshold": 0})
    return {**found, "/v1/match": match.text}


def waiting(context: Context) -> list[str]:
    with context.database.reading() as session:
        return sorted(session.exec(select(FollowUp.kind)))


def without_included(text: str) -> Any:
    """What is read, without the sources and documents beside it, which have versions of their own."""
    return {name: value for name, value in json.loads(text).items() if name != "included"}


HIDDEN: Final = {
    "source": ("sources", {"visibility": "internal"}),
    "outlet": ("sources", {"visibility": "internal"}),
    "document": ("documents", {"visibility": "internal"}),
    "evidence": ("documents", {"visibility": "restricted"}),
}


@pytest.mark.parametrize("hidden", HIDDEN)
def test_nothing_names_what_is_hidden_before_it_is_recorded_anew_nor_after(
    api: Api, told: Told, context: Context, clock: Clock, hidden: str
) -> None:
    reader, insider = api.with_scopes(*READER), api.with_scopes(*INSIDER)
    own_id, (folder, change) = getattr(told, hidden), HIDDEN[hidden]
    before = seen(reader, told, clock)
    assert any(own_id in text for text in before.values())
    api.change(f"/v1/{folder}/{own_id}", change)
    assert waiting(context) != []
    for viewer in (reader, insider) if change["visibility"] == "restricted" else (reader,):
        assert [path for path, text in seen(viewer, told, clock).items() if own_id in text] == []
    assert any(own_id in text for text in seen(api, told, clock).values())
    veiled = seen(reader, told, clock)
    carry_out_all(context)
    assert waiting(context) == []
    after = seen(reader, told, clock)
    assert [path for path, text in after.items() if own_id in text] == []
    assert veiled != after
    assert reader.get(f"/v1/claims/{told.both}").status_code == 200
    with context.database.reading() as session:
        assert list(verify.differences(session)) == []


def an_internal_source(api: Api, told: Told) -> tuple[str, list[dict[str, Any]]]:
    """A source that only insiders read, in an attribution of a public claim, and changes that hide something of it."""
    hidden = recorded_source(api, description="a cook", visibility="internal")
    attribution = said_by(hidden, document=document_body(title="Notes of a cook", visibility="internal"))
    api.create(f"/v1/claims/{told.both}/attributions", attribution)
    return f"/v1/sources/{hidden}", [{"description": "somebody"}, {"visibility": "restricted"}]


def a_source_off_the_record(api: Api, told: Told) -> tuple[str, list[dict[str, Any]]]:
    """A public source of which the public may not know that it stands behind a claim."""
    quiet = recorded_source(api, description="a diver")
    attribution = said_by(quiet, document=document_body(title="Not for print"), terms="off_the_record")
    api.create(f"/v1/claims/{told.both}/attributions", attribution)
    return f"/v1/sources/{quiet}", [{"description": "somebody"}, {"visibility": "internal"}]


def an_outlet_of_hidden_evidence(api: Api, told: Told) -> tuple[str, list[dict[str, Any]]]:
    """A public outlet, which published a document that the public does not see in an assessment."""
    outlet = recorded_outlet(api, name="The Beacon")
    document = recorded_document(api, title="A chart", outlet_id=outlet, visibility="internal")
    piece = {"relation": "supports", "document_id": document}
    api.create(f"/v1/claims/{told.both}/assessments", assessment_body(evidence=[piece]))
    return f"/v1/sources/{outlet}", [{"visibility": "internal"}]


@pytest.mark.parametrize("unseen", [an_internal_source, a_source_off_the_record, an_outlet_of_hidden_evidence])
def test_nobody_misses_a_claim_for_what_they_never_saw_in_it(
    api: Api, told: Told, context: Context, unseen: Callable[[Api, Told], tuple[str, list[dict[str, Any]]]]
) -> None:
    path, changes = unseen(api, told)
    carry_out_all(context)
    reader = api.with_scopes(*READER)
    paths = [*(f"/v1/claims/{told.both}{rest}" for rest in CLAIM_PATHS if "as_of" not in rest), "/v1/claims?q=lamp"]
    before = [reader.get(each).text for each in paths]
    for change in changes:
        api.change(path, change)
        assert waiting(context) != []
        assert [reader.get(each).text for each in paths] == before
        carry_out_all(context)
        assert [reader.get(each).text for each in paths] == before


def test_who_may_read_what_was_hidden_reads_on_behind_the_veil(
    api: Api, told: Told, context: Context, clock: Clock
) -> None:
    insider = api.with_scopes(*INSIDER)
    before = seen(insider, told, clock)
    api.change(f"/v1/sources/{told.source}", {"visibility": "internal"})
    after = seen(insider, told, clock)
    for path in ("/v1/claims?q=keeper", f"/v1/claims/{told.alone}", f"/v1/claims/{told.alone}/relations"):
        assert without_included(after.get(path, "{}")) == without_included(before.get(path, "{}"))


def test_what_can_be_shown_without_the_hidden_record_comes_back(api: Api, told: Told, context: Context) -> None:
    reader = api.with_scopes(*READER)
    api.change(f"/v1/sources/{told.source}", {"visibility": "restricted"})
    statuses = [reader.get(f"/v1/claims/{each}").status_code for each in (told.both, told.alone, told.read_there)]
    assert statuses == [404, 404, 200]
    carry_out_all(context)
    statuses = [reader.get(f"/v1/claims/{each}").status_code for each in (told.both, told.alone, told.read_there)]
    assert statuses == [200, 404, 200]
    assert [each["chain"][0]["source_id"] for each in reader.read(f"/v1/claims/{told.both}")["attributions"]] == [
        told.other
    ]


def test_what_is_shown_again_before_it_is_recorded_anew_stays_behind_the_veil_until_then(
    api: Api, told: Told, context: Context
) -> None:
    reader, path = api.with_scopes(*READER), f"/v1/claims/{told.alone}"
    before = reader.get(path).text
    for visibility in ("restricted", "public"):
        api.change(f"/v1/sources/{told.source}", {"visibility": visibility})
    assert reader.get(path).status_code == 404
    carry_out_all(context)
    assert without_included(reader.get(path).text) == without_included(before)


def test_words_that_are_taken_from_a_source_without_a_name_find_nothing_for_the_public(
    api: Api, told: Told, context: Context, clock: Clock
) -> None:
    reader = api.with_scopes(*READER)
    assert reader.read("/v1/claims?q=lighthouse")["items"] != []
    api.change(f"/v1/sources/{told.source}", {"description": "an official"})
    assert reader.read("/v1/claims?q=lighthouse&include_total=true")["total"] == 0
    assert [path for path, text in seen(reader, told, clock).items() if "lighthouse keeper" in text] == []
    carry_out_all(context)
    assert reader.read("/v1/claims?q=lighthouse&include_total=true")["total"] == 0
    assert reader.read("/v1/claims?q=official&include_total=true")["total"] == 2


def test_a_name_that_is_taken_away_finds_nothing_for_the_public(api: Api, context: Context) -> None:
    named = recorded_source(api, anonymity="named", name="Jo Doe", description=None)
    claim = recorded_claim(api, attributions=[said_by(named)])["id"]
    reader = api.with_scopes(*READER)
    assert len(reader.read("/v1/claims?q=doe")["items"]) == 1
    api.change(f"/v1/sources/{named}", {"anonymity": "anonymous", "name": None, "description": "a guard"})
    assert reader.read("/v1/claims?q=doe")["items"] == []
    carry_out_all(context)
    assert reader.read("/v1/claims?q=doe")["items"] == []
    assert reader.get(f"/v1/claims/{claim}").status_code == 200


def test_a_named_source_is_renamed_without_a_veil(api: Api, context: Context) -> None:
    named = recorded_source(api, anonymity="named", name="Jo Miler", description=None)
    claim = recorded_claim(api, attributions=[said_by(named)])["id"]
    reader = api.with_scopes(*READER)
    api.change(f"/v1/sources/{named}", {"name": "Jo Miller"})
    assert reader.get(f"/v1/claims/{claim}").status_code == 200
    assert reader.read("/v1/claims?q=miller")["items"] == []
    carry_out_all(context)
    assert len(reader.read("/v1/claims?q=miller")["items"]) == 1


def test_the_relations_of_a_claim_that_is_hidden_vanish_with_it(api: Api, told: Told, context: Context) -> None:
    reader, path = api.with_scopes(*READER), f"/v1/claims/{told.both}"
    assert reader.read(f"{path}/relations?include_total=true")["total"] == 1
    for change in ({"embargo_until": "2027-01-01T00:00:00Z"}, {"visibility": "internal", "embargo_until": None}):
        api.change(f"/v1/claims/{told.alone}", change)
        assert reader.read(f"{path}/relations?include_total=true")["total"] == 0
        assert reader.read(path)["corroboration"]["contradictions"] == 0
        carry_out_all(context)
        assert reader.read(f"{path}/relations?include_total=true")["total"] == 0
    api.change(f"/v1/claims/{told.alone}", {"visibility": "public"})
    carry_out_all(context)
    assert reader.read(f"{path}/relations?include_total=true")["total"] == 1


def test_the_first_answer_is_not_repeated_to_whom_it_names_what_is_behind_the_veil(api: Api, told: Told) -> None:
    writer = api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)
    body, headers = claim_body(attributions=[said_by(told.source)]), {"Idempotency-Key": "once"}
    assert writer.post("/v1/claims", body, headers=headers).status_code == 201
    api.change(f"/v1/sources/{told.source}", {"visibility": "internal"})
    assert writer.post("/v1/claims", body, headers=headers).status_code == 409


def test_what_is_behind_the_veil_does_not_exist_for_a_writer_either(api: Api, told: Told) -> None:
    writer = api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)
    api.change(f"/v1/sources/{told.source}", {"visibility": "internal"})
    related = writer.post(f"/v1/claims/{told.both}/relations", {"other_claim_id": told.read_there, "kind": "refines"})
    assert related.status_code == 404
    assert writer.patch(f"/v1/claims/{told.alone}", {"language": "en"}, etag="*").status_code == 404


# Who may bring claims out by showing what they name.


def by_its_source(api: Api) -> tuple[str, str, str]:
    """A claim meant for the public that its source hides: its path, and what to show."""
    source = recorded_source(api, visibility="internal")
    claim = recorded_claim(api, attributions=[said_by(source, document=document_body(visibility="public"))])
    return f"/v1/claims/{claim['id']}", f"/v1/sources/{source}", source


def by_its_document(api: Api) -> tuple[str, str, str]:
    document = recorded_document(api, visibility="internal")
    attribution = {**said_by(recorded_source(api)), "document_id": document}
    attribution.pop("document")
    claim = recorded_claim(api, attributions=[attribution])
    return f"/v1/claims/{claim['id']}", f"/v1/documents/{document}", document


@pytest.mark.parametrize("hidden", [by_its_source, by_its_document])
def test_no_claim_comes_out_in_portions_without_the_scope_for_it(
    api: Api, context: Context, hidden: Callable[[Api], tuple[str, str, str]]
) -> None:
    claim, path, _ = hidden(api)
    reader, writer = api.with_scopes(*READER), api.with_scopes(*set(Scope) - {Scope.CLAIMS_PUBLISH})
    refused = writer.patch(path, {"visibility": "public"}, etag="*")
    assert (refused.status_code, refused.json()["scope"]) == (403, Scope.CLAIMS_PUBLISH)
    carry_out_all(context)
    assert reader.get(claim).status_code == 404
    api.change(path, {"visibility": "public"})
    carry_out_all(context)
    assert reader.get(claim).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"visibility": "restricted"},
        {"visibility": "internal"},
        {"status": "draft"},
        {"attributions": "with another hidden source"},
        {"attributions": "off the record"},
    ],
)
def test_showing_a_source_by_which_no_claim_comes_out_takes_no_scope(
    api: Api, context: Context, fields: dict[str, Any]
) -> None:
    writer = api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ, Scope.SOURCES_WRITE)
    source = recorded_source(api, visibility="internal")
    attribution = said_by(source, document=document_body(visibility="public"))
    if "attributions" in fields:
        if "another" in fields["attributions"]:
            hop = {"role": "republisher", "source": source_body(visibility="restricted")}
            attribution["chain"] = [*attribution["chain"], hop]
        else:
            attribution["terms"] = "off_the_record"
    made = {name: value for name, value in fields.items() if name != "attributions"}
    claim = recorded_claim(api, attributions=[attribution], **made)
    assert writer.patch(f"/v1/sources/{source}", {"visibility": "public"}, etag="*").status_code == 200
    carry_out_all(context)
    assert api.with_scopes(*READER).get(f"/v1/claims/{claim['id']}").status_code == 404
