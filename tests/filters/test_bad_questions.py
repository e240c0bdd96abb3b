"""Questions that cannot be answered: refused in no time, by the name of the parameter, and never by what it says."""

import time
from typing import Any

import pytest

from tests.factories import recorded_source
from tests.fixtures.api import Api
from tests.fixtures.asgi import Bytes

ABSENT = "00000000-0000-4000-8000-000000000000"
SECRET = "unspeakable"
BOUNDED_TIME_S = 2.0
"""Ample for a slow machine; what grows with the square of the input takes minutes."""


@pytest.mark.parametrize(
    ("params", "parameter", "code"),
    [
        ({"confidence_min": 60, "confidence_max": 59}, "confidence_min", "reversed_range"),
        ({"said_from": "2023-01-02", "said_to": "2023-01-01"}, "said_from", "reversed_range"),
        ({"quantity_min": "0.2", "quantity_max": "0.10"}, "quantity_min", "reversed_range"),
        (
            {"recorded_from": "2026-01-01T00:00:00Z", "recorded_to": "2025-12-31T23:59:59Z"},
            "recorded_from",
            "reversed_range",
        ),
        ({"occurred": "2023/2022"}, "occurred", "not_edtf"),
        ({"occurred": "2022-02-30"}, "occurred", "not_edtf"),
        ({"occurred": "2022-13"}, "occurred", "not_edtf"),
        ({"occurred": SECRET}, "occurred", "not_edtf"),
        ({"occurred": "2" * 201}, "occurred", "too_long"),
        ({"occurred": ""}, "occurred", "too_short"),
        ({"occurred_match": "certainly"}, "occurred_match", "incomplete"),
        ({"occurred": "2022", "occurred_match": SECRET}, "occurred_match", "not_a_term"),
        ({"quantity_match": "certainly"}, "quantity_match", "incomplete"),
        ({"unit": "worker", "quantity_match": "possibly"}, "quantity_match", "incomplete"),
        ({"source_role": "any"}, "source_role", "incomplete"),
        ({"sort": "relevance"}, "sort", "incomplete"),
        ({"sort": "statement"}, "sort", "not_a_term"),
        ({"said_from": "2023-02-29"}, "said_from", "wrong_form"),
        ({"said_from": "2023"}, "said_from", "wrong_form"),
        ({"said_to": "1700000000"}, "said_to", "wrong_form"),
        ({"recorded_from": "2026-01-01"}, "recorded_from", "wrong_form"),
        ({"recorded_to": "2026-01-01T00:00:00"}, "recorded_to", "wrong_form"),
        ({"changed_since": "9999-12-31T23:59:59-01:00"}, "changed_since", "out_of_range"),
        ({"changed_since": "0001-01-01T00:00:00+01:00"}, "changed_since", "out_of_range"),
        ({"confidence_min": 101}, "confidence_min", "out_of_range"),
        ({"confidence_max": -1}, "confidence_max", "out_of_range"),
        ({"confidence_min": "50.0"}, "confidence_min", "wrong_type"),
        ({"confidence_min": "٣"}, "confidence_min", "wrong_type"),
        ({"confidence_min": "9" * 5000}, "confidence_min", "wrong_type"),
        ({"credibility_max": 0}, "credibility_max", "out_of_range"),
        ({"credibility_max": 7}, "credibility_max", "out_of_range"),
        ({"independent_origins_min": "9" * 18}, "independent_origins_min", "out_of_range"),
        ({"quantity_min": "1e5"}, "quantity_min", "wrong_form"),
        ({"quantity_min": "NaN"}, "quantity_min", "wrong_form"),
        ({"quantity_max": "1" * 39}, "quantity_max", "wrong_form"),
        ({"quantity_max": "9" * 38 + ".1"}, "quantity_max", "out_of_range"),
        ({"contradicted": "yes"}, "contradicted", "wrong_type"),
        ({"circular": "1"}, "circular", "wrong_type"),
        ({"single_source": ""}, "single_source", "wrong_type"),
        ({"source_id": SECRET}, "source_id", "wrong_form"),
        ({"outlet_id": ABSENT.upper().replace("0", "A")}, "outlet_id", "wrong_form"),
        ({"document_url": "ftp://example.org/"}, "document_url", "wrong_form"),
        ({"document_url": "https://" + "a" * 2048}, "document_url", "too_long"),
        ({"country": "XX"}, "country", "not_a_code"),
        ({"country": "ru"}, "country", "not_a_code"),
        ({"country": "Russia"}, "country", "not_a_code"),
        ({"verdict": SECRET}, "verdict", "not_a_term"),
        ({"status": "published "}, "status", "not_a_term"),
        ({"topic": "a" * 201}, "topic", "too_long"),
        ({"topic": " "}, "topic", "wrong_form"),
        ({"topic": "\0"}, "topic", "unstorable_character"),
        ({"unit": "a\0b"}, "unit", "unstorable_character"),
        ({"source_name": " "}, "source_name", "wrong_form"),
        ({"source_name": "a" * 1001}, "source_name", "too_long"),
        ({"q": ""}, "q", "too_short"),
        ({"q": "a " * 501}, "q", "too_long"),
        ({"topic": ["a"] * 51}, "topic", "too_long"),
        ({"source_id": [ABSENT] * 51}, "source_id", "too_long"),
        ({"occurred": ["2022", "2023"]}, "occurred", "repeated"),
        ({"sort": ["occurred", "occurred"]}, "sort", "repeated"),
        ({"topics": "a"}, "topics", "unknown_parameter"),
        ({"source": ABSENT}, "source", "unknown_parameter"),
    ],
)
def test_a_question_that_breaks_a_rule_is_refused(api: Api, params: dict[str, Any], parameter: str, code: str) -> None:
    response = api.get("/v1/claims", params=params)
    assert response.status_code == 422, response.text
    assert [(error["parameter"], error["code"]) for error in response.json()["errors"]] == [(parameter, code)]
    assert SECRET not in response.text


def test_a_source_of_the_path_is_not_asked_for_again(api: Api) -> None:
    source = recorded_source(api)
    response = api.get(f"/v1/sources/{source}/claims", params={"source_id": source})
    assert [(error["parameter"], error["code"]) for error in response.json()["errors"]] == [
        ("source_id", "unknown_parameter")
    ]
    assert api.get(f"/v1/sources/{ABSENT}/claims", params={"topic": "a"}).status_code == 404


@pytest.mark.parametrize("path", ["/v1/claims", "/v1/claims/facets"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("&".join(["topic=a"] * 10_000), 431),
        ("&".join(["topic=a"] * 1_000), 422),
        ("q=" + "a" * 100_000, 431),
        ("occurred=" + "[" * 8_000, 422),
        ("quantity_min=" + "1" * 8_000, 422),
        ("document_url=https://" + "%20" * 2_000, 422),
        ("topic=%ff%fe&topic=%ed%a0%80", 200),
        ("&".join(f"topic={number}" for number in range(50)), 200),
    ],
)
def test_long_and_broken_queries_are_answered_soon(call: Bytes, path: str, query: str, status: int) -> None:
    more = "&field=topic" if path.endswith("facets") else ""
    started = time.perf_counter()
    answer = call("GET", f"{path}?{query}{more}")
    assert answer.status == status, answer.body
    assert time.perf_counter() - started < BOUNDED_TIME_S


def test_every_filter_at_once_is_answered(api: Api) -> None:
    ids = [f"{number:08}-0000-4000-8000-000000000000" for number in range(20)]
    params: dict[str, Any] = {
        "source_id": ids,
        "source_role": "any",
        "source_name": "Izvestia",
        "anonymity": "named",
        "reliability": ["A", "B"],
        "terms": "background",
        "outlet_id": ids,
        "document_id": ids,
        "document_url": "https://example.org/1",
        "said_from": "2020-01-01",
        "said_to": "2021-01-01",
        "verdict": "true",
        "confidence_min": 1,
        "confidence_max": 99,
        "credibility_max": 3,
        "status": "published",
        "kind": "event",
        "topic": ["a", "b"],
        "country": "RU",
        "occurred": "2020",
        "unit": "worker",
        "quantity_min": "1",
        "quantity_max": "2",
        "contradicted": "false",
        "circular": "false",
        "single_source": "true",
        "independent_origins_min": 1,
        "recorded_from": "2020-01-01T00:00:00Z",
        "recorded_to": "2030-01-01T00:00:00Z",
        "changed_since": "2020-01-01T00:00:00Z",
        "q": "workers",
        "include_total": "true",
    }
    for sort in ("-recorded_at", "occurred", "confidence", "relevance"):
        assert api.read("/v1/claims", params={**params, "sort": sort})["total"] == 0
