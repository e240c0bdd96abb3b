"""Claims counted by what they have, each once a value, as far as the caller may read them."""

from typing import Any

import pytest

from app.canonical import replies
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api

FIELDS = (
    "topic",
    "verdict",
    "kind",
    "status",
    "country",
    "unit",
    "terms",
    "anonymity",
    "reliability",
    "source_id",
    "outlet_id",
    "document_id",
)


LITTLE = 300
"""Bytes of a page here, so that two long topics are more than one."""


def counted(api: Api, field: str, **wanted: Any) -> dict[str, int]:
    """The values of one field with their counts, in the order of the reply."""
    (facet,) = api.read("/v1/claims/facets", params={"field": field, **wanted})["facets"]
    assert facet["field"] == field
    return {each["value"]: each["claims"] for each in facet["values"]}


def missing(api: Api, field: str, **wanted: Any) -> int:
    return int(api.read("/v1/claims/facets", params={"field": field, **wanted})["facets"][0]["missing"])


def test_values_come_with_the_claims_that_have_them_the_most_first(api: Api) -> None:
    for topics in (["b", "a"], ["b", "Z"], ["b", "é"], ["a", "Z"], []):
        recorded_claim(api, topics=topics)
    assert list(counted(api, "topic").items()) == [("b", 3), ("Z", 2), ("a", 2), ("é", 1)]
    assert missing(api, "topic") == 1


def test_a_claim_counts_once_for_a_value_that_it_has_twice(api: Api) -> None:
    source, outlet = recorded_source(api, reliability="B"), recorded_outlet(api)
    document = recorded_document(api, outlet_id=outlet)
    chain = [{"role": "originator", "source_id": source}, {"role": "outlet", "source_id": outlet}]
    attribution = {"speech": "indirect", "document_id": document, "chain": chain, "terms": "background"}
    quantities = [{"best": "1", "unit": "Worker"}, {"best": "2", "unit": "worker"}]
    recorded_claim(api, attributions=[attribution, attribution], quantities=quantities)
    expected = {
        "terms": "background",
        "anonymity": "anonymous",
        "reliability": "B",
        "source_id": source,
        "outlet_id": outlet,
        "document_id": document,
        "unit": "worker",
    }
    assert {field: counted(api, field) for field in expected} == {
        field: {value: 1} for field, value in expected.items()
    }


def test_each_field_counts_what_the_filter_of_its_name_finds(api: Api) -> None:
    outlet = recorded_outlet(api)
    recorded_claim(api, kind="quantity", place={"country": "RU"}, assessment=assessment_body(verdict="false"))
    recorded_claim(api, place={"country": "KR"}, assessment=assessment_body(verdict="true"), topics=["exit"])
    recorded_claim(api, status="draft", quantities=[{"best": "3", "unit": "tonne"}])
    recorded_claim(api, attributions=[attribution_body(document=document_body(outlet_id=outlet), terms="background")])
    for field in FIELDS:
        found = counted(api, field)
        assert found, field
        for value, claims in found.items():
            page = api.read("/v1/claims", params={field: value, "include_total": True})
            assert page["total"] == claims, (field, value)


def test_the_filters_of_the_list_decide_what_is_counted(api: Api) -> None:
    source = recorded_source(api)
    recorded_claim(api, topics=["a"], kind="event", attributions=[said_by(source)])
    recorded_claim(api, topics=["a", "b"], kind="quantity", attributions=[said_by(source)])
    recorded_claim(api, topics=["b"], kind="event")
    assert counted(api, "topic", source_id=source, kind="event") == {"a": 1}
    reply = api.read("/v1/claims/facets", params={"field": ["kind", "topic"], "topic": "b", "include_total": True})
    assert [facet["field"] for facet in reply["facets"]] == ["kind", "topic"]
    assert reply["total"] == 2
    assert "total" not in api.read("/v1/claims/facets", params={"field": "kind"})


def test_values_beyond_the_limit_are_cut_off_and_that_is_said(api: Api) -> None:
    recorded_claim(api, topics=["a", "b", "c"])
    for limit, truncated in ((1, True), (2, True), (3, False)):
        (facet,) = api.read("/v1/claims/facets", params={"field": "topic", "limit": limit})["facets"]
        assert ([each["value"] for each in facet["values"]], facet["truncated"]) == (list("abc")[:limit], truncated)


def test_ids_come_with_what_they_stand_for(api: Api) -> None:
    outlet = recorded_outlet(api, name="The Weekly Record")
    recorded_claim(api, attributions=[attribution_body(document=document_body(outlet_id=outlet, title="A title"))])
    reply = api.read("/v1/claims/facets", params={"field": ["outlet_id", "source_id", "document_id"]})
    named = {each["value"] for facet in reply["facets"] for each in facet["values"]}
    assert named == set(reply["included"]["sources"]) | set(reply["included"]["documents"])
    assert reply["included"]["sources"][outlet]["label"] == "The Weekly Record"


def test_what_is_hidden_is_counted_for_those_who_may_read_it_alone(api: Api) -> None:
    hidden_outlet = recorded_outlet(api, visibility="internal")
    document = recorded_document(api, outlet_id=hidden_outlet)
    shown = {**said_by(recorded_source(api)), "document_id": document}
    del shown["document"]
    off = attribution_body(
        terms="off_the_record", chain=[{"role": "originator", "source": source_body(reliability="A")}]
    )
    recorded_claim(api, topics=["a"], attributions=[shown, off])
    recorded_claim(api, topics=["a"], visibility="restricted")
    recorded_claim(api, topics=["a"], embargo_until="2027-01-01T00:00:00Z")
    reader, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    assert [counted(each, "topic") for each in (reader, insider, api)] == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert [counted(each, "outlet_id") for each in (reader, insider)] == [{}, {hidden_outlet: 1}]
    assert missing(reader, "outlet_id") == 1
    assert [counted(each, "reliability") for each in (reader, api)] == [{"F": 1}, {"F": 3, "A": 1}]
    assert [set(counted(each, "terms")) for each in (reader, api)] == [
        {"unspecified"},
        {"unspecified", "off_the_record"},
    ]


@pytest.mark.parametrize(
    ("params", "parameter", "code"),
    [
        ({}, "field", "required"),
        ({"field": "statement"}, "field", "not_a_term"),
        ({"field": ["topic"] * 13}, "field", "too_long"),
        ({"field": "topic", "limit": 101}, "limit", "out_of_range"),
        ({"field": "topic", "limit": 0}, "limit", "out_of_range"),
        ({"field": "topic", "cursor": "x"}, "cursor", "unknown_parameter"),
        ({"field": "topic", "sort": "occurred"}, "sort", "unknown_parameter"),
        ({"field": "topic", "confidence_min": 5, "confidence_max": 4}, "confidence_min", "reversed_range"),
    ],
)
def test_what_cannot_be_counted_is_refused(api: Api, params: dict[str, Any], parameter: str, code: str) -> None:
    response = api.get("/v1/claims/facets", params=params)
    assert response.status_code == 422
    assert [(error["parameter"], error["code"]) for error in response.json()["errors"]] == [(parameter, code)]


def test_values_beyond_a_page_of_bytes_are_cut(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "PAGE_BYTES", LITTLE)
    recorded_claim(api, topics=["a" * 200, "b" * 200])
    (facet,) = api.read("/v1/claims/facets", params={"field": "topic"})["facets"]
    assert ([each["value"] for each in facet["values"]], facet["truncated"]) == (["a" * 200], True)
