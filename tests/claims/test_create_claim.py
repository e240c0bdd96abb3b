"""Recording a claim in one call."""

from tests.factories import assessment_body, claim_body, recorded_claim
from tests.fixtures.api import Api


def test_one_call_records_a_claim_with_all_it_names(api: Api) -> None:
    claim = recorded_claim(api, assessment=assessment_body(confidence={"scale": "wep", "value": "Likely/Probable"}))
    assert api.read(f"/v1/claims/{claim['id']}") == claim
    assert claim["assessments"][0]["confidence"] == 70
    origin = claim["attributions"][0]["chain"][0]["source_id"]
    assert claim["included"]["sources"][origin]["name"] is None


def test_a_repeated_request_has_one_effect(api: Api) -> None:
    first = api.post("/v1/claims", claim_body(), headers={"Idempotency-Key": "k"})
    again = api.post("/v1/claims", claim_body(), headers={"Idempotency-Key": "k"})
    assert again.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.read("/v1/claims")["items"]) == 1
