"""Recording several claims in one call."""

from tests.factories import claim_body
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
