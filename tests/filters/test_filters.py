"""Every filter of the list of claims, alone and with others; and none of them finds what the caller may not read."""

from datetime import timedelta
from typing import Any

import pytest

from app.models.vocabulary import Scope, Stance
from tests.conftest import Clock
from tests.factories import (
    assessment_body,
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

ABSENT = "00000000-0000-4000-8000-000000000000"


def found(api: Api, path: str = "/v1/claims", **wanted: Any) -> list[str]:
    """The statements of the claims that a question finds, the oldest first."""
    page = api.read(path, params={"sort": "recorded_at", "include_total": True, "limit": 200, **wanted})
    assert page["total"] == len(page["items"])
    return [claim["statement"] for claim in page["items"]]


def said(source_id: str, document_id: str, *through: tuple[str, str], **fields: Any) -> dict[str, Any]:
    """An attribution to a source, in a document, through others in their roles."""
    hops = [("originator", source_id), *through]
    chain = [{"role": role, "source_id": each} for role, each in hops]
    return {"speech": "indirect", "document_id": document_id, "chain": chain, **fields}


@pytest.fixture
def ids(api: Api) -> dict[str, str]:
    """Sources and documents, by a name for each."""
    sources = {
        "official": recorded_source(api, reliability="A"),
        "clerk": recorded_source(api, anonymity="named", name="Ada Clerk", reliability="C", description=None),
        "daily": recorded_outlet(api),
        "weekly": recorded_outlet(api, name="The Weekly Record"),
    }
    documents = {
        "in the daily": recorded_document(api, outlet_id=sources["daily"], url="https://example.org/1?utm_source=x"),
        "elsewhere": recorded_document(api, url="https://example.org/2"),
    }
    return sources | documents


@pytest.fixture
def ledger(api: Api, ids: dict[str, str]) -> dict[str, str]:
    """Three claims that differ in everything: one, two and three."""
    one = said(ids["official"], ids["in the daily"], terms="background", said="2022-11")
    recorded_claim(
        api,
        statement="one",
        kind="event",
        topics=["exit", "labour"],
        place={"country": "RU"},
        occurred={"edtf": "2022-11"},
        quantities=[{"best": "9", "unit": "Worker", "approximation": "exact"}],
        attributions=[one],
        assessment=assessment_body(confidence=70, credibility=2, verdict="true"),
    )
    through = [("outlet", ids["weekly"]), ("relayer", ids["daily"])]
    two = said(ids["clerk"], ids["elsewhere"], *through, terms="on_the_record", said="2023-01-05")
    recorded_claim(
        api,
        statement="two",
        kind="quantity",
        topics=["labour"],
        place={"country": "KR"},
        occurred={"edtf": "2016", "mode": "before"},
        quantities=[{"best": "500", "currency": "USD", "unit_kind": "currency", "approximation": "approximate"}],
        attributions=[two, {**two, "stance": "denies"}],
        assessment=assessment_body(confidence=20, credibility=5, verdict="false"),
    )
    three = [said(ids["official"], ids["elsewhere"]), said(ids["daily"], ids["elsewhere"])]
    recorded_claim(api, statement="three", kind="opinion", status="draft", attributions=three)
    return ids


@pytest.mark.parametrize(
    ("wanted", "statements"),
    [
        ({}, "one two three"),
        ({"source_id": "official"}, "one three"),
        ({"source_id": "daily"}, "three"),
        ({"source_id": "daily", "source_role": "any"}, "two three"),
        ({"source_id": ["clerk", "daily"]}, "two three"),
        ({"source_id": ABSENT}, ""),
        ({"anonymity": "anonymous"}, "one three"),
        ({"anonymity": ["named", "pseudonymous"]}, "two three"),
        ({"reliability": "A"}, "one three"),
        ({"reliability": ["C", "D"]}, "two"),
        ({"reliability": "F", "source_role": "any"}, "two three"),
        ({"terms": "background"}, "one"),
        ({"terms": ["background", "on_the_record"]}, "one two"),
        ({"outlet_id": "daily"}, "one"),
        ({"outlet_id": "weekly"}, "two"),
        ({"outlet_id": ["weekly", "daily"]}, "one two"),
        ({"outlet_id": "clerk"}, ""),
        ({"document_id": "elsewhere"}, "two three"),
        ({"document_id": ["elsewhere", "in the daily"]}, "one two three"),
        ({"document_url": "https://example.org/1"}, "one"),
        ({"document_url": "HTTPS://EXAMPLE.ORG:443/1?utm_medium=y#top"}, "one"),
        ({"document_url": ["https://example.org/1", "https://example.org/2"]}, "one two three"),
        ({"document_url": "https://example.org/3"}, ""),
        ({"said_from": "2023-01-01"}, "two"),
        ({"said_to": "2022-11-15"}, "one"),
        ({"said_from": "2022-11-30", "said_to": "2023-01-05"}, "one two"),
        ({"said_from": "2022-12-01", "said_to": "2023-01-04"}, ""),
        ({"verdict": "true"}, "one"),
        ({"verdict": ["true", "false"]}, "one two"),
        ({"confidence_min": 20}, "one two"),
        ({"confidence_min": 21, "confidence_max": 70}, "one"),
        ({"confidence_max": 69}, "two"),
        ({"credibility_max": 2}, "one"),
        ({"credibility_max": 6}, "one two"),
        ({"status": "draft"}, "three"),
        ({"status": ["draft", "published"]}, "one two three"),
        ({"kind": "quantity"}, "two"),
        ({"kind": ["quantity", "opinion"]}, "two three"),
        ({"topic": "labour"}, "one two"),
        ({"topic": ["exit", "labour"]}, "one two"),
        ({"topic": "Labour"}, ""),
        ({"country": "KR"}, "two"),
        ({"country": ["KR", "RU"]}, "one two"),
        ({"occurred": "2022"}, "one"),
        ({"occurred": "2010/2022"}, "one two"),
        ({"occurred": "2010/2022", "occurred_match": "certainly"}, "one"),
        ({"occurred": "../2022", "occurred_match": "certainly"}, "one two"),
        ({"occurred": "2022-11-05", "occurred_match": "certainly"}, ""),
        ({"unit": "WORKER"}, "one"),
        ({"unit": ["worker", "usd"]}, "one two"),
        ({"quantity_min": "9"}, "one two"),
        ({"quantity_min": "9.5"}, "two"),
        ({"quantity_max": "9", "unit": "usd"}, ""),
        ({"quantity_min": "1", "quantity_max": "1000", "quantity_match": "certainly"}, "one"),
        ({"contradicted": "true"}, "two"),
        ({"contradicted": "false"}, "one three"),
        ({"circular": "false"}, "one two three"),
        ({"circular": "true"}, ""),
        ({"single_source": "true"}, "one two"),
        ({"single_source": "false"}, "three"),
        ({"independent_origins_min": 2}, "three"),
        ({"independent_origins_min": 1}, "one two three"),
        ({"topic": "labour", "kind": "event"}, "one"),
        ({"topic": "exit", "kind": "quantity"}, ""),
        ({"status": "published", "kind": ["event", "opinion"], "country": ["RU", "KR"]}, "one"),
        ({"source_id": "official", "verdict": "true", "topic": "labour", "unit": "worker"}, "one"),
        ({"contradicted": "true", "outlet_id": "weekly", "confidence_max": 50, "occurred": "2010"}, "two"),
    ],
)
def test_a_question_finds_the_claims_that_meet_all_of_it(
    api: Api, ledger: dict[str, str], wanted: dict[str, Any], statements: str
) -> None:
    named: dict[str, Any] = {
        name: [ledger.get(each, each) for each in value] if isinstance(value, list) else ledger.get(value, value)
        for name, value in wanted.items()
    }
    assert found(api, **named) == statements.split()


def test_what_is_asked_of_an_attribution_holds_for_one_of_them(api: Api, ids: dict[str, str]) -> None:
    first = said(ids["official"], ids["in the daily"], terms="background", said="2022-11")
    second = said(ids["clerk"], ids["elsewhere"], terms="on_the_record", said="2023-01-05")
    recorded_claim(api, statement="both", attributions=[first, second])
    assert found(api, source_id=ids["official"], terms="background", document_id=ids["in the daily"]) == ["both"]
    for wanted in (
        {"source_id": ids["official"], "terms": "on_the_record"},
        {"source_id": ids["official"], "document_id": ids["elsewhere"]},
        {"source_id": ids["clerk"], "outlet_id": ids["daily"]},
        {"terms": "background", "said_from": "2023-01-01"},
        {"document_url": "https://example.org/2", "document_id": ids["in the daily"]},
    ):
        assert found(api, **wanted) == [], wanted


def test_what_is_asked_of_a_source_holds_for_one_hop(api: Api, ids: dict[str, str]) -> None:
    chain = said(ids["official"], ids["elsewhere"], ("relayer", ids["clerk"]))
    recorded_claim(api, statement="relayed", attributions=[chain])
    both = {"reliability": "C", "anonymity": "named", "source_role": "any"}
    assert found(api, **both) == ["relayed"]
    assert found(api, **both, source_id=ids["clerk"]) == ["relayed"]
    assert found(api, **both, source_id=ids["official"]) == []
    assert found(api, reliability="A", anonymity="named", source_role="any") == []


def test_the_claims_of_a_source_are_filtered_like_all_others(api: Api, ledger: dict[str, str]) -> None:
    path = f"/v1/sources/{ledger['official']}/claims"
    assert found(api, path) == ["one", "three"]
    assert found(api, path, topic="exit") == ["one"]
    assert found(api, path, status="draft", outlet_id=ledger["daily"]) == []
    assert found(api, f"/v1/sources/{ledger['daily']}/claims", source_role="any") == ["two", "three"]
    assert found(api, f"/v1/sources/{ledger['daily']}/claims", source_role="any", reliability="A") == []


def test_a_source_is_as_reliable_as_it_is_rated_now(api: Api, ledger: dict[str, str]) -> None:
    api.create(f"/v1/sources/{ledger['official']}/ratings", {"reliability": "E"})
    assert found(api, reliability="A") == []
    assert found(api, reliability="E") == ["one", "three"]


def test_the_headline_is_what_an_assessment_filter_asks(api: Api) -> None:
    claim = recorded_claim(api, statement="assessed", assessment=assessment_body(confidence=90, verdict="true"))
    api.create(f"/v1/claims/{claim['id']}/assessments", assessment_body(confidence=None, verdict="mixed"))
    assert found(api, verdict="true") == []
    assert found(api, confidence_min=0) == []
    assert found(api, verdict="mixed") == ["assessed"]


def test_a_claim_is_recorded_at_an_instant_that_the_range_holds(api: Api) -> None:
    instants = [recorded_claim(api, statement=name)["recorded_at"] for name in ("one", "two", "three")]
    assert found(api, recorded_from=instants[1]) == ["two", "three"]
    assert found(api, recorded_to=instants[1]) == ["one", "two"]
    assert found(api, recorded_from=instants[1], recorded_to=instants[1]) == ["two"]
    assert found(api, recorded_from="1969-01-01T00:00:00Z", recorded_to="9999-12-31T23:59:59.999999Z") != []


def test_a_change_that_the_caller_reads_is_one_since_then(api: Api, clock: Clock) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    named = said_by(recorded_outlet(api))
    one, two = (recorded_claim(api, statement=name, attributions=[named]) for name in ("one", "two"))
    since = two["updated_at"]
    assert found(reader, changed_since=since) == []
    api.create(f"/v1/claims/{one['id']}/attributions", attribution_body(terms="off_the_record"))
    assert found(reader, changed_since=since) == []
    assert found(api, changed_since=since) == ["one"]
    api.create(f"/v1/claims/{two['id']}/assessments", assessment_body())
    assert found(reader, changed_since=since) == ["two"]


def test_who_is_told_days_alone_finds_what_changed_on_a_day(api: Api, clock: Clock) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    claim = recorded_claim(api, statement="one")
    clock.now += timedelta(hours=3)
    later = clock.now.isoformat()
    for since in (claim["recorded_at"], reader.read(f"/v1/claims/{claim['id']}")["updated_at"], later):
        assert found(reader, changed_since=since) == ["one"]
    assert found(api, changed_since=later) == []
    clock.now += timedelta(days=1)
    assert found(reader, changed_since=clock.now.isoformat()) == []


def test_a_claim_is_contradicted_from_either_side_until_that_is_rejected(api: Api) -> None:
    one, two, _three = (recorded_claim(api, statement=name)["id"] for name in ("one", "two", "three"))
    relation = {"other_claim_id": two, "kind": "contradicts", "status": "suggested"}
    relation_id = api.create(f"/v1/claims/{one}/relations", relation)["id"]
    assert found(api, contradicted="true") == ["one", "two"]
    assert found(api, contradicted="false") == ["three"]
    rejected = {"status": "rejected", "decided_by": "desk"}
    api.change(f"/v1/claims/{one}/relations/{relation_id}", rejected)
    assert found(api, contradicted="true") == []


def test_what_is_hidden_is_found_by_those_who_may_read_it_alone(api: Api) -> None:
    outlet = recorded_outlet(api, visibility="internal")
    source = recorded_source(api, visibility="restricted", reliability="A")
    url = "https://example.org/hidden"
    document = recorded_document(api, visibility="internal", url=url)
    of_hidden_outlet = recorded_document(api, outlet_id=outlet)
    known = recorded_source(api)
    hidden = said(source, document, terms="off_the_record", said="2001", stance="denies")
    shown = said(known, of_hidden_outlet)
    recorded_claim(api, statement="partly", attributions=[shown, hidden])
    secret = {"topics": ["secret"], "place": {"country": "KP"}, "occurred": {"edtf": "1999"}}
    opposite = recorded_claim(api, statement="wholly", visibility="restricted", **secret)["id"]
    partly = api.read("/v1/claims", params={"source_id": known})["items"][0]["id"]
    api.create(f"/v1/claims/{opposite}/relations", {"other_claim_id": partly, "kind": "contradicts"})
    reader, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    assert found(reader, source_id=known) == ["partly"]
    for wanted, audience in [
        ({"outlet_id": outlet}, 1),
        ({"source_id": source}, 2),
        ({"reliability": "A"}, 2),
        ({"document_id": document}, 2),
        ({"document_url": url}, 2),
        ({"terms": "off_the_record"}, 2),
        ({"said_to": "2001-12-31"}, 2),
        ({"contradicted": "true"}, 2),
        ({"topic": "secret"}, 2),
        ({"country": "KP"}, 2),
        ({"occurred": "1999"}, 2),
    ]:
        seen = [bool(found(caller, **wanted)) for caller in (reader, insider, api)]
        assert seen == [audience <= caller for caller in range(3)], wanted


def test_an_embargo_ends_by_itself_in_every_filter(api: Api, clock: Clock) -> None:
    shown = recorded_claim(api, statement="shown")["id"]
    until = claim_body(statement="later", topics=["exit"], embargo_until="2026-11-24T00:00:00Z")
    later = api.create("/v1/claims", until)["id"]
    api.create(f"/v1/claims/{later}/relations", {"other_claim_id": shown, "kind": "contradicts"})
    reader = api.with_scopes(Scope.CLAIMS_READ)
    assert (found(reader, topic="exit"), found(reader, contradicted="true")) == ([], [])
    clock.now = clock.now.replace(day=24)
    assert (found(reader, topic="exit"), found(reader, contradicted="true")) == (["later"], ["shown", "later"])


def test_a_document_is_found_by_its_own_address_too(api: Api) -> None:
    fields = {"url": "https://amp.example.org/a", "canonical_url": "https://example.org/a"}
    recorded_claim(api, statement="amp", attributions=[attribution_body(document=document_body(**fields))])
    for url in fields.values():
        assert found(api, document_url=url) == ["amp"]


def test_a_unit_is_compared_as_it_is_written_in_any_case(api: Api) -> None:
    recorded_claim(api, statement="fullwidth", quantities=[{"best": "1", "unit": "\uff2b\uff2d"}])
    recorded_claim(api, statement="in words", quantities=[{"quantifier": "most", "unit": "km"}])
    assert found(api, unit="km") == ["fullwidth", "in words"]
    assert found(api, unit="km", quantity_min="0") == ["fullwidth"]


def test_one_quantity_has_both_the_unit_and_the_number(api: Api) -> None:
    recorded_claim(api, quantities=[{"best": "5", "unit": "ship"}, {"best": "90", "unit": "sailor"}])
    assert found(api, unit="ship", quantity_min="10") == []
    assert found(api, unit="sailor", quantity_min="10") != []


def test_a_source_of_the_filter_may_be_named_with_the_others(api: Api, ledger: dict[str, str]) -> None:
    anonymous = source_body(description="an engineer")
    chain = [{"role": "originator", "source": anonymous}, {"role": "outlet", "source_id": ledger["weekly"]}]
    recorded_claim(api, statement="four", attributions=[attribution_body(chain=chain)])
    assert found(api, anonymity="anonymous", outlet_id=ledger["weekly"]) == ["four"]


def test_what_a_source_denies_is_told_from_what_it_asserts(api: Api) -> None:
    source = recorded_source(api)
    made = {stance: recorded_claim(api, attributions=[said_by(source, stance=stance)])["id"] for stance in Stance}
    path = f"/v1/sources/{source}/claims"
    assert len(api.read(path)["items"]) == len(made)
    for stance, claim in made.items():
        assert [each["id"] for each in api.read(path, params={"stance": stance})["items"]] == [claim]
