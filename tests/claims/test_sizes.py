"""How much one request may record: what an article has many times over, and no more than others wait a second for."""

from typing import Any

import pytest

from app.claims.sizes import MOST_CHARACTERS, MOST_NEW, MOST_PARTS
from tests.factories import claim_body, recorded_document, recorded_outlet, said_by, source_body
from tests.fixtures.api import Api, codes


def of_an_article(number: int, outlet_id: str) -> dict[str, Any]:
    """A claim with a document, three hops, two new sources, and five quantities and topics."""
    chain = [
        {"role": "originator", "source": source_body(description=f"clerk {number}")},
        {"role": "interviewer", "source": source_body(description=f"reporter {number}")},
        {"role": "outlet", "source_id": outlet_id},
    ]
    document = {"title": f"Article {number}", "url": f"https://example.org/{number}", "outlet_id": outlet_id}
    quantities = [{"best": str(place), "unit": "worker", "approximation": "exact"} for place in range(5)]
    return claim_body(
        statement=f"{number} workers left the camp in five groups.",
        kind="quantity",
        topics=[f"topic {place}" for place in range(5)],
        quantities=quantities,
        attributions=[{"speech": "indirect", "document": document, "chain": chain}],
    )


def test_a_hundred_claims_of_articles_are_recorded_at_once(api: Api) -> None:
    outlet_id = recorded_outlet(api)
    body = {"claims": [of_an_article(number, outlet_id) for number in range(100)]}
    assert len(api.create("/v1/claims/batch", body)["items"]) == 100


@pytest.fixture
def plain(api: Api) -> dict[str, Any]:
    """An attribution that brings nothing along."""
    source_id = api.create("/v1/sources", source_body())["id"]
    return {**said_by(source_id, document_id=recorded_document(api))}


def without_document(attribution: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attribution.items() if name != "document"}


def test_more_parts_than_that_are_refused_together(api: Api, plain: dict[str, Any]) -> None:
    topics = [f"topic {number}" for number in range(MOST_PARTS // 100 - 3)]
    claims = [claim_body(topics=topics, attributions=[without_document(plain)]) for _ in range(100)]
    assert api.post("/v1/claims/batch", {"claims": claims}).status_code == 201
    refused = api.post("/v1/claims/batch", {"claims": [*claims[1:], {**claims[0], "topics": [*topics, "more"]}]})
    assert codes(refused) == [("/claims", "too_much")]
    assert f"{MOST_PARTS:,} parts" in refused.json()["errors"][0]["detail"]


def test_more_new_records_than_that_are_refused(api: Api, plain: dict[str, Any]) -> None:
    chain = [{"role": "originator", "source": source_body()}, *[{"role": "republisher", "source": source_body()}] * 19]
    attributions = [{**without_document(plain), "chain": chain}] * (MOST_NEW // 20)
    assert api.post("/v1/claims", claim_body(attributions=attributions)).status_code == 201
    one_more = {**without_document(plain), "chain": chain[:1]}
    refused = api.post("/v1/claims", claim_body(attributions=[*attributions, one_more]))
    assert codes(refused) == [("/attributions", "too_much")]


def test_more_words_than_that_are_refused(api: Api, plain: dict[str, Any]) -> None:
    statement = "word " * 1_900
    claims = [claim_body(statement=statement, attributions=[without_document(plain)]) for _ in range(100)]
    few = claims[: MOST_CHARACTERS // len(statement)]
    assert api.post("/v1/claims/batch", {"claims": few}).status_code == 201
    assert codes(api.post("/v1/claims/batch", {"claims": claims})) == [("/claims", "too_much")]
