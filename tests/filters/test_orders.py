"""The orders of the list of claims: each claim once on the way through the pages, whichever order and filter."""

from typing import Any

import pytest

from tests.factories import assessment_body, attribution_body, recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api
from tests.fixtures.queries import QueryRecorder

SORTS = ("recorded_at", "-recorded_at", "occurred", "-occurred", "confidence", "-confidence")
DAYS = ("2022-11", "2016", None, "2022-11", "../2001", None, "2016-01-01", "-0500", "2022-11-01")
CONFIDENCES = (70, None, 20, 70, 100, 0, None, 20, 70)


@pytest.fixture
def source_id(api: Api) -> str:
    """A source of nine claims, with ties and gaps in what they are sorted by."""
    source = recorded_source(api)
    for number, (day, confidence) in enumerate(zip(DAYS, CONFIDENCES, strict=True)):
        assessed = {} if confidence is None else {"assessment": assessment_body(confidence=confidence)}
        occurred = {} if day is None else {"occurred": {"edtf": day}}
        attributions = [said_by(source), said_by(source)] if number % 2 else [said_by(source)]
        recorded_claim(api, statement=str(number), attributions=attributions, topics=["all"], **assessed, **occurred)
    return source


def pages(api: Api, path: str, **params: Any) -> list[list[str]]:
    """The statements on each page."""
    reply = api.read(path, params=params)
    seen = [[claim["statement"] for claim in reply["items"]]]
    while reply["next_cursor"] is not None:
        reply = api.read(path, params={**params, "cursor": reply["next_cursor"]})
        seen.append([claim["statement"] for claim in reply["items"]])
    return seen


def assert_in_order(seen: list[str], sort: str) -> None:
    """Each of the claims once, in that order; what has no key comes last, and of equals any may come first."""
    name, descending = sort.lstrip("-"), sort.startswith("-")
    bounds = {"2022-11": 3, "2022-11-01": 3, "2016": 2, "2016-01-01": 2, "-0500": 1, "../2001": None, None: None}
    keys: dict[str, list[int | None]] = {
        "recorded_at": list(range(len(DAYS))),
        "occurred": [bounds[day] for day in DAYS],
        "confidence": list(CONFIDENCES),
    }
    assert sorted(seen, key=int) == [str(number) for number in range(len(DAYS))]
    known = sorted((key for key in keys[name] if key is not None), reverse=descending)
    assert [keys[name][int(each)] for each in seen] == known + [None] * (len(DAYS) - len(known))


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [2, 50])
@pytest.mark.parametrize("wanted", [{}, {"topic": "all"}, {"topic": ["all", "none"], "kind": "event"}])
def test_every_order_gives_each_claim_once(
    api: Api, source_id: str, sort: str, limit: int, wanted: dict[str, Any]
) -> None:
    seen = pages(api, "/v1/claims", sort=sort, limit=limit, **wanted)
    assert_in_order([each for page in seen for each in page], sort)
    assert {len(page) for page in seen[:-1]} <= {limit}


@pytest.mark.parametrize("sort", SORTS)
def test_the_claims_of_a_source_come_in_every_order(api: Api, source_id: str, sort: str) -> None:
    seen = pages(api, f"/v1/sources/{source_id}/claims", sort=sort, limit=2, source_role="any")
    assert_in_order([each for page in seen for each in page], sort)


def test_a_claim_recorded_meanwhile_moves_no_other_from_page_to_page(api: Api, source_id: str) -> None:
    params = {"sort": "-confidence", "limit": 4}
    first = api.read("/v1/claims", params=params)
    recorded_claim(api, statement="new", assessment=assessment_body(confidence=99))
    second = api.read("/v1/claims", params={**params, "cursor": first["next_cursor"]})
    seen = [claim["statement"] for claim in (*first["items"], *second["items"])]
    assert len(set(seen)) == 8
    assert set(seen) < set(map(str, range(len(DAYS))))


def test_a_total_counts_the_claims_and_not_their_attributions(api: Api, source_id: str) -> None:
    for sort in SORTS:
        params = {"source_id": source_id, "include_total": True, "limit": 3, "sort": sort}
        assert api.read("/v1/claims", params=params)["total"] == len(DAYS)


@pytest.mark.parametrize(
    "other",
    [{"sort": "confidence"}, {"topic": "none"}, {"confidence_min": 1}, {"contradicted": "false"}, {"unit": "a"}],
)
def test_a_cursor_of_another_question_is_refused(api: Api, source_id: str, other: dict[str, Any]) -> None:
    params = {"topic": "all", "limit": 1}
    cursor = api.read("/v1/claims", params=params)["next_cursor"]
    for path in ("/v1/claims", f"/v1/sources/{source_id}/claims"):
        refused = api.get(path, params={**params, **other, "cursor": cursor})
        assert refused.status_code == 422
        assert [error["code"] for error in refused.json()["errors"]] == ["wrong_cursor"]


def test_a_list_takes_as_many_statements_for_many_claims_as_for_one(api: Api, query_recorder: QueryRecorder) -> None:
    wanted = {"topic": "exit", "kind": "event", "sort": "-confidence", "contradicted": "false"}
    counts = []
    for more in (1, 19):
        for _ in range(more):
            recorded_claim(
                api, topics=["exit"], attributions=[attribution_body()], assessment=assessment_body(confidence=5)
            )
        with query_recorder() as statements:
            api.read("/v1/claims", params={**wanted, "limit": 50})
        counts.append(len(statements))
    assert counts[0] == counts[1]
