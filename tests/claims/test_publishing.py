"""Who may let the public read a claim: `claims:write` alone records drafts and what stays inside."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.models.vocabulary import Scope
from tests.conftest import START
from tests.factories import claim_body, document_body, recorded_claim, recorded_document, recorded_source, said_by
from tests.fixtures.api import Api

SOON, LATER = ((START + timedelta(days=days)).isoformat() for days in (1, 2))


@pytest.fixture
def reporter(api: Api) -> Api:
    """A key that writes for the newsroom and publishes nothing."""
    return api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.SOURCES_WRITE, Scope.INTERNAL_READ)


@pytest.mark.parametrize("fields", [{}, {"embargo_until": LATER}])
def test_what_the_public_is_to_read_cannot_be_recorded_without_the_scope(
    reporter: Api, api: Api, fields: dict[str, Any]
) -> None:
    for path, body in (
        ("/v1/claims", claim_body(**fields)),
        ("/v1/claims/batch", {"claims": [claim_body(status="draft"), claim_body(**fields)]}),
    ):
        refused = reporter.post(path, body)
        assert refused.status_code == 403
        assert refused.json()["scope"] == Scope.CLAIMS_PUBLISH
    assert api.read("/v1/claims")["items"] == []


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"visibility": "internal"}])
def test_a_reporter_records_and_changes_what_stays_inside_and_an_editor_publishes_it(
    reporter: Api, api: Api, fields: dict[str, Any]
) -> None:
    publishing = {"status": "published", "visibility": "public"}
    attribution = said_by(recorded_source(reporter), document_id=recorded_document(reporter))
    attribution.pop("document")
    path = f"/v1/claims/{reporter.create('/v1/claims', claim_body(attributions=[attribution], **fields))['id']}"
    reporter.change(path, {"statement": "Ten workers defected."})
    refused = reporter.patch(path, publishing, etag="*")
    assert (refused.status_code, refused.json()["scope"]) == (403, Scope.CLAIMS_PUBLISH)
    assert api.with_scopes(Scope.CLAIMS_READ).get(path).status_code == 404
    api.change(path, publishing)
    assert api.with_scopes(Scope.CLAIMS_READ).get(path).status_code == 200


def test_an_embargo_is_shortened_by_who_may_publish_and_prolonged_by_any_writer(reporter: Api, api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api, embargo_until=LATER)['id']}"
    for sooner in (SOON, None):
        assert reporter.patch(path, {"embargo_until": sooner}, etag="*").status_code == 403
    reporter.change(path, {"embargo_until": (START + timedelta(days=3)).isoformat()})
    api.change(path, {"embargo_until": SOON})


def hidden_by_its_source(api: Api) -> tuple[str, str, dict[str, Any]]:
    """A claim meant for the public whose source is internal: its path, and a write that brings it out."""
    source = recorded_source(api, visibility="internal")
    claim = recorded_claim(api, attributions=[said_by(source, document=document_body(visibility="public"))])
    return f"/v1/claims/{claim['id']}", f"/v1/sources/{source}", {"visibility": "public"}


def hidden_by_its_document(api: Api) -> tuple[str, str, dict[str, Any]]:
    document = recorded_document(api, visibility="internal")
    attribution = {**said_by(recorded_source(api)), "document_id": document}
    attribution.pop("document")
    claim = recorded_claim(api, attributions=[attribution])
    return f"/v1/claims/{claim['id']}", f"/v1/documents/{document}", {"visibility": "public"}


def hidden_off_the_record(api: Api) -> tuple[str, str, dict[str, Any]]:
    attribution = said_by(recorded_source(api), terms="off_the_record", document=document_body(visibility="public"))
    claim = recorded_claim(api, attributions=[attribution])
    path = f"/v1/claims/{claim['id']}"
    return path, f"{path}/attributions/{claim['attributions'][0]['id']}", {"terms": "on_the_record"}


def hidden_by_its_chain(api: Api) -> tuple[str, str, dict[str, Any]]:
    claim, _source, _change = hidden_by_its_source(api)
    attribution = api.read(claim)["attributions"][0]["id"]
    chain = [{"role": "originator", "source_id": recorded_source(api)}]
    return claim, f"{claim}/attributions/{attribution}", {"chain": chain}


@pytest.mark.parametrize(
    "hidden", [hidden_by_its_source, hidden_by_its_document, hidden_off_the_record, hidden_by_its_chain]
)
def test_a_claim_is_not_brought_out_by_what_it_names_without_the_scope(
    api: Api, hidden: Callable[[Api], tuple[str, str, dict[str, Any]]]
) -> None:
    claim, path, change = hidden(api)
    reader, writer = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(*set(Scope) - {Scope.CLAIMS_PUBLISH})
    refused = writer.patch(path, change, etag="*")
    assert (refused.status_code, refused.json()["scope"]) == (403, Scope.CLAIMS_PUBLISH)
    assert reader.get(claim).status_code == 404
    api.change(path, change)
    assert reader.get(claim).status_code == 200


def test_a_claim_that_nobody_outside_could_read_is_not_brought_out_by_another_attribution(api: Api) -> None:
    claim, _source, _change = hidden_by_its_source(api)
    writer = api.with_scopes(*set(Scope) - {Scope.CLAIMS_PUBLISH})
    body = said_by(recorded_source(api), document=document_body(visibility="public"))
    assert writer.post(f"{claim}/attributions", body).status_code == 403
    assert api.with_scopes(Scope.CLAIMS_READ).get(claim).status_code == 404


def test_a_public_claim_is_corrected_and_narrowed_without_the_scope(reporter: Api, api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    reporter.change(path, {"statement": "Ten workers defected."})
    reporter.change(path, {"visibility": "internal"})
    assert reporter.patch(path, {"visibility": "public"}, etag="*").status_code == 403
