"""Exposure: what is told of a source that is not named, to whom, and what is never told."""

from datetime import timedelta
from typing import Any

import pytest

from app.exposure import counting, queries
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import (
    attribution_body,
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
from tests.fixtures.queries import QueryRecorder

ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def insider(api: Api) -> Api:
    return api.with_scopes(Scope.INTERNAL_READ)


def exposure(caller: Api, source_id: str) -> Any:
    return caller.read(f"/v1/sources/{source_id}/exposure")


def fits(answer: Any, field: str) -> dict[str, int | None]:
    """How many fit each value of the field."""
    return {each["value"]: each["fits"] for each in answer["details"] if each["field"] == field}


def told(answer: Any) -> set[tuple[str, str]]:
    return {(each["field"], each["value"]) for each in answer["details"]}


def claim_at(api: Api, place: str, *source_ids: str, **fields: Any) -> Any:
    return recorded_claim(api, place={"name": place}, attributions=[said_by(each) for each in source_ids], **fields)


def test_details_of_all_claims_are_gathered_and_counted(api: Api, insider: Api) -> None:
    guard = recorded_source(api, description="a border guard", role="Guard", country="RU")
    other = recorded_source(api, description="a guard", role="guard", country="RU")
    recorded_source(api, description="a nurse")
    first = claim_at(api, "Busan", guard, other, topics=["border"])["id"]
    second = claim_at(api, "Vladivostok", guard)["id"]
    answer = exposure(insider, guard)
    assert (answer["public"], answer["claims"], answer["documents"], answer["truncated"]) == (True, 2, 2, False)
    assert (answer["stored_sources"], answer["fits_all"]) == (3, 1)
    assert fits(answer, "place") == {"Busan": 2, "Vladivostok": 1}
    assert (fits(answer, "role"), fits(answer, "country"), fits(answer, "topic")) == (
        {"guard": 2},
        {"RU": 2},
        {"border": 2},
    )
    assert fits(answer, "description_word") == {"border": 1, "guard": 2}
    claims = {each["value"]: each["claim_ids"] for each in answer["details"] if each["field"] == "place"}
    assert claims == {"Busan": [first], "Vladivostok": [second]}
    assert [each["value"] for each in answer["narrowing"]][:2] == ["border", "Vladivostok"]
    assert "Of 3 stored sources" in answer["summary"]


def test_details_that_narrow_only_together_are_told_as_a_combination(api: Api, insider: Api) -> None:
    source, *others = (recorded_source(api, description="a source") for _ in range(4))
    claim_at(api, "Busan", source, others[0], others[1])
    recorded_claim(api, topics=["border"], attributions=[said_by(each) for each in (source, others[1], others[2])])
    recorded_claim(api, topics=["labour"], attributions=[said_by(each) for each in (source, others[0], others[2])])
    answer = exposure(insider, source)
    assert {each["fits"] for each in answer["narrowing"]} == {3}
    assert {each["fits_without"] for each in answer["narrowing"]} == {2}
    steps = [(each["field"], each["fits_with_those_before"]) for each in answer["combination"]]
    assert steps == [("place", 3), ("topic", 2), ("topic", 1)]


def test_outlet_byline_days_and_company_are_details(api: Api, insider: Api) -> None:
    outlet, wire = recorded_outlet(api), recorded_outlet(api, name="Wire")
    document = recorded_document(api, outlet_id=outlet, byline="A. Writer", published="2023-01-31")
    source = recorded_source(api)
    chain = [{"role": "originator", "source_id": source}, {"role": "wire_service", "source_id": wire}]
    body = {"speech": "indirect", "document_id": document, "chain": chain, "said": "2023-01"}
    recorded_claim(api, attributions=[body], occurred={"edtf": "2022"})
    answer = exposure(insider, source)
    told_here = {
        ("outlet", outlet),
        ("byline", "A. Writer"),
        ("published_on", "2023-01-31"),
        ("said_on", "2023-01-01/2023-01-31"),
        ("through", wire),
        ("document", document),
    }
    assert told_here <= told(answer)
    assert fits(answer, "occurred_on") == {}  # a year is no day
    labels = {each["value"]: each["label"] for each in answer["details"]}
    assert (labels[outlet], labels[wire], labels["A. Writer"]) == ("The Daily Record", "Wire", None)


def test_a_source_is_compared_with_its_like(api: Api, insider: Api) -> None:
    memo = recorded_source(api, kind="document", description="a leaked memo")
    person = recorded_source(api)
    recorded_outlet(api)
    recorded_source(api, anonymity="named", name="Jane Roe", kind="unknown")
    assert exposure(insider, memo)["stored_sources"] == 2
    assert exposure(insider, person)["stored_sources"] == 2


def test_records_of_one_source_are_taken_together(api: Api, insider: Api) -> None:
    one, other, third = (recorded_source(api) for _ in range(3))
    claim_at(api, "Busan", one)
    claim_at(api, "Vladivostok", other, third)
    api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
    answer = exposure(insider, one)
    assert answer["source_ids"] == sorted([one, other])
    assert fits(answer, "place") == {"Busan": 1, "Vladivostok": 2}
    assert answer["stored_sources"] == 2


def test_who_the_public_may_not_know_to_be_the_same_is_not_gathered_from(api: Api, insider: Api) -> None:
    one, other, between = recorded_source(api), recorded_source(api), recorded_source(api, visibility="internal")
    claim_at(api, "Busan", one)
    claim_at(api, "Vladivostok", other)
    for each in (one, other):
        api.create(f"/v1/sources/{each}/relations", {"other_id": between, "kind": "same_as"})
    answer = exposure(insider, one)
    assert answer["source_ids"] == [one]
    assert (fits(answer, "place"), answer["stored_sources"]) == ({"Busan": 1}, 1)


def test_a_pseudonym_is_told_and_not_compared(api: Api, insider: Api) -> None:
    mina = recorded_source(api, anonymity="pseudonymous", name="Mina", aliases=["M."])
    assert fits(exposure(insider, mina), "name") == {"Mina": None, "M.": None}


def test_a_named_source_is_refused(api: Api, insider: Api) -> None:
    refused = insider.get(f"/v1/sources/{recorded_outlet(api)}/exposure")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


def test_a_source_that_the_caller_may_not_see_is_absent(api: Api, insider: Api) -> None:
    hidden = recorded_source(api, visibility="restricted")
    for source_id in (hidden, ABSENT):
        assert insider.get(f"/v1/sources/{source_id}/exposure").status_code == 404
    assert api.get(f"/v1/sources/{hidden}/exposure").status_code == 200


def test_of_a_source_that_is_not_public_nothing_is(api: Api, insider: Api) -> None:
    source = recorded_source(api, visibility="internal", country="RU")
    claim_at(api, "Busan", source)
    answer = exposure(insider, source)
    assert (answer["public"], answer["details"], answer["fits_all"], answer["stored_sources"]) == (
        False,
        [],
        None,
        None,
    )


@pytest.mark.parametrize(
    "hidden",
    [
        {"status": "draft"},
        {"visibility": "internal"},
        {"visibility": "restricted"},
        {"embargo_until": "2026-12-24T00:00:00Z"},
    ],
)
def test_what_the_public_may_not_read_is_no_detail(api: Api, insider: Api, hidden: dict[str, str]) -> None:
    source = recorded_source(api)
    claim_at(api, "Busan", source)
    claim_at(api, "Vladivostok", source, topics=["secret"], **hidden)
    for caller in (insider, api):
        answer = exposure(caller, source)
        assert (fits(answer, "place"), fits(answer, "topic"), answer["claims"]) == ({"Busan": 1}, {}, 1)


@pytest.mark.parametrize(
    "attribution",
    [
        attribution_body(terms="off_the_record"),
        attribution_body(document=document_body(byline="A. Writer", visibility="internal")),
    ],
)
def test_a_hidden_attribution_is_no_detail(api: Api, insider: Api, attribution: dict[str, Any]) -> None:
    source = recorded_source(api)
    hidden = attribution | {"chain": [{"role": "originator", "source_id": source}], "cue": "whispered"}
    recorded_claim(api, place={"name": "Busan"}, attributions=[attribution_body(), hidden])
    for caller in (insider, api):
        answer = exposure(caller, source)
        assert {field for field, _value in told(answer)} == {"kind", "description"}


def test_a_hidden_outlet_or_companion_is_no_detail(api: Api, insider: Api) -> None:
    outlet = recorded_outlet(api, name="Gazette", visibility="internal")
    source = recorded_source(api, organization_id=outlet)
    attribution = said_by(source, document_id=recorded_document(api, outlet_id=outlet))
    del attribution["document"]
    recorded_claim(api, attributions=[attribution])
    text = insider.get(f"/v1/sources/{source}/exposure").text
    assert (outlet in text, "Gazette" in text) == (False, False)


def test_an_embargo_that_ends_makes_details_public(api: Api, insider: Api, clock: Clock) -> None:
    source = recorded_source(api)
    until = clock.now + timedelta(hours=1)
    claim_at(api, "Busan", source, embargo_until=until.isoformat())
    assert fits(exposure(insider, source), "place") == {}
    clock.now = until
    assert fits(exposure(insider, source), "place") == {"Busan": 1}


def test_who_fits_is_counted_among_what_the_caller_may_read(api: Api, insider: Api) -> None:
    source = recorded_source(api)
    internal, restricted = (recorded_source(api, visibility=each) for each in ("internal", "restricted"))
    claim_at(api, "Busan", source, internal, restricted)
    answers = [exposure(caller, source) for caller in (insider, api)]
    assert [(each["stored_sources"], fits(each, "place")["Busan"]) for each in answers] == [(2, 2), (3, 3)]
    before = insider.get(f"/v1/sources/{source}/exposure")
    api.change(f"/v1/sources/{restricted}", {"country": "RU"})
    assert insider.get(f"/v1/sources/{source}/exposure").content == before.content


def test_more_details_than_are_listed_are_said_to_be_more(api: Api, insider: Api) -> None:
    source = recorded_source(api)
    for number in range(21):
        recorded_claim(api, topics=[f"topic {number:02}"], attributions=[said_by(source)])
    answer = exposure(insider, source)
    assert answer["truncated"] is True
    assert len(fits(answer, "topic")) == 20


@pytest.fixture
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three sources are as many as are counted for one detail, four claims as many as are looked at for it at first,
    and two values as many as are looked for at once."""
    monkeypatch.setattr(counting, "MOST_FITTING", 3)
    monkeypatch.setattr(queries, "MOST_OF_A_VALUE", 4)
    monkeypatch.setattr(queries, "VALUES_AT_ONCE", 2)


@pytest.mark.usefixtures("few_are_many")
def test_what_many_share_is_counted_so_far_alone_and_to_the_end_together(api: Api, insider: Api) -> None:
    source, *others = (recorded_source(api, description="a source") for _ in range(8))
    for other in (source, *others):
        claim_at(api, "Busan", other, topics=["border"])
    for other in (source, *others[:5]):
        recorded_claim(api, topics=["labour"], attributions=[said_by(other)])
    recorded_claim(api, topics=["sanctions"], attributions=[said_by(source), said_by(others[5])])
    answer = exposure(insider, source)
    counts = {each["value"]: (each["fits"], each["fits_or_more"], each["fits_without"]) for each in answer["details"]}
    assert (answer["stored_sources"], answer["fits_all"]) == (8, 1)
    assert {value: counts[value] for value in ("Busan", "border", "labour", "sanctions", "person")} == {
        "Busan": (3, True, 1),
        "border": (3, True, 1),
        "labour": (3, True, 2),
        "sanctions": (2, False, 6),
        "person": (3, True, 1),
    }
    assert [each["value"] for each in answer["narrowing"]] == ["sanctions", "labour"]
    steps = [(each["value"], each["fits_with_those_before"]) for each in answer["combination"]]
    assert steps == [("sanctions", 2), ("labour", 1)]


@pytest.mark.usefixtures("few_are_many")
def test_many_claims_of_few_sources_are_no_many_sources(api: Api, insider: Api) -> None:
    source, other, hidden = recorded_source(api), recorded_source(api), recorded_source(api, visibility="restricted")
    for _ in range(6):
        claim_at(api, "Busan", source)
        recorded_claim(api, topics=["border"], visibility="restricted", attributions=[said_by(hidden)])
    claim_at(api, "Busan", other)
    recorded_claim(api, topics=["border"], attributions=[said_by(source), said_by(other)])
    answer = exposure(insider, source)
    assert (fits(answer, "place"), fits(answer, "topic")) == ({"Busan": 2}, {"border": 2})


@pytest.mark.usefixtures("few_are_many")
def test_what_many_share_is_looked_for_in_all_records_of_a_source(api: Api, insider: Api) -> None:
    source, one, other, *others = (recorded_source(api) for _ in range(6))
    api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
    claim_at(api, "Busan", source, one, *others)
    recorded_claim(api, topics=["border"], attributions=[said_by(each) for each in (source, other, *others)])
    recorded_claim(api, topics=["labour"], attributions=[said_by(each) for each in (source, one)])
    recorded_claim(api, topics=["sanctions"], attributions=[said_by(each) for each in (source, other)])
    answer = exposure(insider, source)
    assert (fits(answer, "place"), fits(answer, "topic")) == ({"Busan": 3}, {"border": 3, "labour": 2, "sanctions": 2})
    assert answer["fits_all"] == 2


@pytest.mark.usefixtures("few_are_many")
def test_whom_many_are_passed_on_by_does_not_pass_on_itself(api: Api, insider: Api) -> None:
    source, relayer, *others = (recorded_source(api) for _ in range(5))
    for each in (source, *others):
        attribution = said_by(each)
        attribution["chain"].append({"role": "relayer", "source_id": relayer})
        recorded_claim(api, attributions=[attribution])
    recorded_claim(api, topics=["border"], attributions=[said_by(source), said_by(relayer)])
    answer = exposure(insider, source)
    assert (fits(answer, "through"), fits(answer, "topic"), answer["fits_all"]) == ({relayer: 3}, {"border": 2}, 1)


@pytest.mark.usefixtures("few_are_many")
def test_the_warning_of_a_claim_counts_to_the_end_what_many_share(api: Api) -> None:
    source, *others = (recorded_source(api) for _ in range(8))
    recorded_claim(api, topics=["border"], attributions=[said_by(each) for each in (source, *others[:5])])
    recorded_claim(api, topics=["labour"], attributions=[said_by(others[0])])
    claim = recorded_claim(api, topics=["labour"], attributions=[said_by(source)])
    [warning] = [
        each["detail"]
        for each in api.read(f"/v1/claims/{claim['id']}/sourcing")["warnings"]
        if each["code"] == "narrows_unnamed_source"
    ]
    assert "Of the 6 stored sources that fit what is public beside it, 2 are left." in warning


def test_the_number_of_queries_does_not_grow_with_what_is_found(
    api: Api, insider: Api, query_recorder: QueryRecorder
) -> None:
    source = recorded_source(api)
    exposure(insider, source)  # the first use of a key is noted
    counts = []
    for size in (1, 12):
        for number in range(size):
            others = [said_by(recorded_source(api)) for _ in range(2)]
            recorded_claim(
                api,
                place={"name": f"Place {number}"},
                topics=[f"topic {number}"],
                attributions=[said_by(source, said=f"2023-01-{number + 1:02}"), *others],
            )
        with query_recorder() as statements:
            exposure(insider, source)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def test_it_changes_only_with_what_it_tells(api: Api, insider: Api) -> None:
    source = recorded_source(api)
    path = f"/v1/sources/{source}/exposure"
    etag = insider.etag(path)
    assert insider.get(path, headers={"If-None-Match": etag}).status_code == 304
    api.create("/v1/claims", claim_body(attributions=[said_by(source)], topics=["border"]))
    assert insider.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_source_that_came_with_a_draft_is_not_public(api: Api, insider: Api) -> None:
    chain = [{"role": "originator", "source": source_body(description="a cook")}]
    draft = recorded_claim(api, status="draft", attributions=[attribution_body(chain=chain)])
    source = draft["attributions"][0]["chain"][0]["source_id"]
    assert exposure(insider, source)["public"] is False
    api.change(f"/v1/claims/{draft['id']}", {"status": "published"})
    assert exposure(insider, source)["public"] is True
