"""Recording several claims in one call."""

from typing import Any

from tests.factories import attribution_body, claim_body, document_body, recorded_document
from tests.fixtures.api import Api


def test_a_batch_is_recorded_in_order(api: Api) -> None:
    sent = [claim_body(statement=f"Statement {number}.") for number in range(3)]
    made = api.create("/v1/claims/batch", {"claims": sent})
    assert [claim["statement"] for claim in made["items"]] == [claim["statement"] for claim in sent]
    assert len(made["included"]["documents"]) == 3


def test_one_bad_claim_keeps_the_whole_batch_out(api: Api) -> None:
    absent = "00000000-0000-4000-8000-000000000000"
    bad = claim_body()
    bad["attributions"][0]["chain"] = [{"role": "originator", "source_id": absent}]
    refused = api.post("/v1/claims/batch", {"claims": [claim_body(), bad]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/claims/1/attributions/0/chain/0/source_id"
    assert api.read("/v1/claims")["items"] == []


def in_document(**fields: Any) -> dict[str, Any]:
    return claim_body(attributions=[attribution_body(document=document_body(**fields))])


def test_a_document_brought_along_twice_is_recorded_once(api: Api) -> None:
    made = api.create("/v1/claims/batch", {"claims": [in_document(url="https://example.org/a")] * 2})
    assert len(made["included"]["documents"]) == 1
    assert len(api.read("/v1/documents")["items"]) == 1


def test_one_address_cannot_stand_for_two_documents_in_a_request(api: Api) -> None:
    url = "https://example.org/a"
    refused = api.post("/v1/claims/batch", {"claims": [in_document(url=url), in_document(url=url, title="Other")]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/claims/1/attributions/0/document/url"


def test_a_document_that_is_recorded_already_is_pointed_at(api: Api) -> None:
    recorded = recorded_document(api, url="https://example.org/a")
    refused = api.post("/v1/claims/batch", {"claims": [claim_body(), in_document(url="https://example.org/a")]})
    assert refused.status_code == 409
    assert refused.json()["existing_id"] == recorded
    assert refused.json()["errors"][0]["pointer"] == "/claims/1/attributions/0/document/url"
