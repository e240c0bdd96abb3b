"""Contradictions that the service suggests: of what, of what not, to whom, and for how long."""

import json
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlmodel import Session, col, select

from app.access.context import Context
from app.access.principals import Audience
from app.background.kinds import KINDS
from app.background.worker import carry_out_all
from app.cli import verify
from app.cli.demo import DemoLoader
from app.models import ApiKey, Change, FollowUpKind, Relation
from app.models.vocabulary import Scope
from app.relations import queries, suggestions
from tests.conftest import START, Clock
from tests.factories import attribution_body, claim_body, recorded_source, said_by
from tests.fixtures.api import Api, make_key
from tests.fixtures.corpora import Recorder
from tests.fixtures.data import data_lines

WRITES = (Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)

DEMO = json.loads((files("app.cli") / "demo_claims.json").read_text(encoding="utf-8"))
BILLIONS = "Those workers brought the North Korean state about 5 billion US dollars a year until 2017."
DEATHS: dict[str, Any] = {
    "statement": "Nine miners died when a shaft of the Karaganda mine caught fire.",
    "kind": "event",
    "topics": ["mining"],
    "place": {"name": "Karaganda", "country": "KZ"},
    "occurred": {"edtf": "2023-10-28"},
    "quantities": [{"best": "9", "unit": "miner", "approximation": "exact"}],
}
STEP, EVENTS, FEW = 10, 300, 6


def of_demo(name: str, **fields: Any) -> dict[str, Any]:
    """A claim of the article, said by somebody new."""
    claim = {member: value for member, value in DEMO["claims"][name].items() if member != "assessment"}
    return {**claim, "attributions": [attribution_body()], **fields}


def billions(**fields: Any) -> dict[str, Any]:
    """What the article says of the workers' earnings, tenfold."""
    (quantity,) = DEMO["claims"]["C16"]["quantities"]
    more = quantity | {"verbatim": "around $5 billion annually", "best": "5000000000"}
    return of_demo("C16", statement=BILLIONS, quantities=[more], **fields)


def deaths(best: str = "9", approximation: str = "exact", **fields: Any) -> dict[str, Any]:
    """How many miners died."""
    quantity = {"best": best, "unit": "miner", "approximation": approximation}
    return claim_body(**{**DEATHS, "quantities": [quantity], **fields})


def record(api: Api, body: dict[str, Any]) -> str:
    return str(api.create("/v1/claims", body)["id"])


def suggested(api: Api, claim_id: str) -> list[Any]:
    return list(api.read(f"/v1/claims/{claim_id}/relations?kind=contradicts")["items"])


def contradicted(api: Api, claim_id: str) -> list[str]:
    """The claims that it is suggested to contradict, on whichever side of the suggestion they stand."""
    ends = [{each["claim_id"], each["other_claim_id"]} for each in suggested(api, claim_id)]
    return [other for pair in ends for other in pair - {claim_id}]


@pytest.fixture
def pair(api: Api) -> tuple[str, str]:
    """Two claims that contradict each other."""
    return record(api, deaths("9")), record(api, deaths("46"))


@pytest.fixture
def relation(api: Api, pair: tuple[str, str]) -> Any:
    (found,) = suggested(api, pair[0])
    return found


def path_of(relation: Any) -> str:
    return f"/v1/claims/{relation['claim_id']}/relations/{relation['id']}"


# What is suggested, and what is not.


def test_500_million_and_5_billion_a_year_are_suggested_with_the_reason(api: Api) -> None:
    one, other = record(api, of_demo("C16")), record(api, billions())
    (found,) = suggested(api, one)
    assert suggested(api, other) == [found]
    assert [found["claim_id"], found["other_claim_id"]] == sorted((one, other))
    assert (found["status"], found["decided_by"], found["decided_at"]) == ("suggested", None, None)
    assert found["score"] == 0.81
    assert found["note"] == (
        'Suggested by the service: approximate 500000000 USD per year ("around $500 million annually") and approximate '
        '5000000000 USD per year ("around $5 billion annually") cannot both be right; one is no exact number, and they '
        "are more than a factor of 2 apart. Both are of kind quantity and filed under labour export, sanctions. Time: "
        "open to 2017-12-31. Place: unknown. Their numbers left out, the statements are alike by 100 of 100."
    )
    assert api.read(f"/v1/claims/{one}")["corroboration"]["contradictions"] == 1


def test_nine_defectors_and_twenty_at_hanawon_are_not(api: Api) -> None:
    claims = [record(api, of_demo(name)) for name in ("C1", "C14", "C4")]
    assert [suggested(api, each) for each in claims] == [[], [], []]


def test_nothing_in_the_article_is_suggested(app: FastAPI, api: Api, context: Context, portal: BlockingPortal) -> None:
    key = make_key(context)

    async def load() -> dict[str, str]:
        headers = {"Authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://onrecord.test", headers=headers) as client:
            loader = DemoLoader(client)
            await loader.record(lambda: None)
            return loader.ids

    ids = portal.call(load)
    claims = [ids[f"$claim:{name}"] for name in DEMO["claims"]]
    found = {each["id"]: each["status"] for claim in claims for each in suggested(api, claim)}
    assert list(found.values()) == ["rejected"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("9", "exact"), ("46", "exact")),
        (("9", "exact"), ("10", "at_least")),
        (("9", "exact"), ("9", "more_than")),
        (("9", "exact"), ("9", "less_than")),
        (("9", "less_than"), ("9", "at_least")),
        (("9", "approximate"), ("19", "approximate")),
        (("9", "approximate"), ("4", "exact")),
        (("9", "unknown"), ("19", "at_least")),
        (("0", "approximate"), ("1", "exact")),
        (("-9", "approximate"), ("-19", "exact")),
        (("-9", "approximate"), ("9", "approximate")),
    ],
)
def test_numbers_that_exclude_each_other_are_suggested(api: Api, one: tuple[str, str], other: tuple[str, str]) -> None:
    claims = [record(api, deaths(*each)) for each in (one, other)]
    assert len(suggested(api, claims[0])) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("9", "exact"), ("9.0", "exact")),
        (("9", "exact"), ("9", "at_least")),
        (("9", "exact"), ("4", "at_least")),
        (("9", "at_least"), ("10", "more_than")),
        (("100000", "approximate"), ("120000", "approximate")),
        (("9", "approximate"), ("18", "approximate")),
        (("9", "approximate"), ("18", "exact")),
        (("9", "unknown"), ("5", "exact")),
        (("-9", "approximate"), ("-18", "exact")),
    ],
)
def test_numbers_that_go_together_are_not(api: Api, one: tuple[str, str], other: tuple[str, str]) -> None:
    claims = [record(api, deaths(*each)) for each in (one, other)]
    assert suggested(api, claims[0]) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"quantities": [{"best": "46", "unit": "rescuer", "approximation": "exact"}]},
        {"quantities": [{"best": "46", "unit": "miner", "approximation": "exact", "part_of": "the shift"}]},
        {"quantities": [{"best": "46", "unit": "miner", "approximation": "exact", "per": "year"}]},
        {"quantities": [{"best": "46", "unit": "miner", "unit_kind": "percentage", "approximation": "exact"}]},
        {"quantities": [{"best": "46", "unit_kind": "currency", "currency": "KZT", "approximation": "exact"}]},
        {"quantities": [{"quantifier": "many", "unit": "miner"}]},
        {
            "quantities": [
                {"best": "46", "unit": "miner", "approximation": "exact"},
                {"best": "9", "unit": "miner", "approximation": "exact"},
            ]
        },
        {"kind": "prediction"},
        {"topics": ["fires"]},
        {"topics": []},
        {"place": {"name": "Karaganda", "country": "RU"}},
        {"place": {"name": "Ekibastuz", "country": "KZ"}},
        {
            "place": {"country": "KZ", "latitude": 43.2, "longitude": 76.9},
            "differing": {"latitude": 49.8, "longitude": 73},
        },
        {"occurred": {"edtf": "2022-10-28"}},
        {"statement": "Forty-six lorries of coal went by rail to the port of Aktau."},
        {"status": "draft"},
    ],
)
def test_what_is_said_of_something_else_is_not(api: Api, fields: dict[str, Any]) -> None:
    more = dict(fields)
    differing = more.pop("differing", {})
    one = record(api, deaths(place={"name": "Karaganda", "country": "KZ", **differing}))
    other = record(api, deaths("46", **more))
    assert suggested(api, one) == suggested(api, other) == []


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({}, 1.0),
        ({"topics": ["coal", "MINING"]}, 1.0),
        ({"occurred": None}, 0.85),
        ({"occurred": {"edtf": "2023"}}, 0.85),
        ({"place": None}, 0.95),
        ({"place": {"name": "Karaganda region"}}, 1.0),
        ({"quantities": [{"low": "40", "high": "46", "unit": "MINER "}]}, 1.0),
    ],
)
def test_what_may_be_the_same_is_suggested_with_a_lower_score(api: Api, fields: dict[str, Any], score: float) -> None:
    one = record(api, deaths())
    record(api, deaths("46", **fields))
    assert [each["score"] for each in suggested(api, one)] == [score]


def test_what_was_counted_over_another_period_is_not_suggested(api: Api) -> None:
    one = record(api, deaths(kind="quantity", occurred={"edtf": "2023"}))
    record(api, deaths("2", kind="quantity", occurred={"edtf": "2023-10"}))
    assert suggested(api, one) == []


def test_two_of_the_nine_and_nine_are_not(api: Api) -> None:
    two = {"best": "2", "unit": "miner", "approximation": "exact", "part_of": "the nine miners"}
    one, other = record(api, deaths()), record(api, deaths(quantities=[two]))
    assert suggested(api, one) == suggested(api, other) == []


# When, and for how long.


def test_claims_of_one_batch_are_held_against_each_other(api: Api) -> None:
    bodies = [deaths("9"), deaths("46"), deaths("9"), deaths("20", "approximate")]
    claims = [each["id"] for each in api.create("/v1/claims/batch", {"claims": bodies})["items"]]
    pairs = {frozenset((each["claim_id"], each["other_claim_id"])) for one in claims for each in suggested(api, one)}
    assert pairs == {frozenset((claims[a], claims[b])) for a, b in ((0, 1), (1, 2), (0, 3), (1, 3), (2, 3))}


def test_a_repeated_request_suggests_nothing_twice(api: Api) -> None:
    one = record(api, deaths())
    for _ in range(2):
        api.post("/v1/claims", deaths("46"), headers={"Idempotency-Key": "once"})
    assert len(suggested(api, one)) == 1


def test_a_rejection_is_remembered(api: Api, pair: tuple[str, str], relation: Any) -> None:
    rejected = api.change(path_of(relation), {"status": "rejected", "decided_by": "desk", "note": "Two fires."})
    for claim in pair:
        api.change(f"/v1/claims/{claim}", {"language": "en"})
        api.change(f"/v1/claims/{claim}", {"topics": ["mining", "fires"]})
    assert suggested(api, pair[0]) == [rejected]


def test_what_a_person_has_recorded_is_left_alone(api: Api) -> None:
    one, other = record(api, deaths("9")), record(api, deaths("9"))
    body = {"other_claim_id": other, "kind": "contradicts", "status": "suggested", "note": "Look into this."}
    recorded = api.create(f"/v1/claims/{one}/relations", body)
    for best in ("46", "9"):
        api.change(f"/v1/claims/{other}", {"quantities": [{"best": best, "unit": "miner", "approximation": "exact"}]})
        assert suggested(api, one) == [recorded]


@pytest.mark.parametrize("kind", ["supersedes", "refines", "generalizes", "part_of", "duplicates"])
def test_what_is_explained_is_not_suggested(api: Api, kind: str) -> None:
    one, other = record(api, deaths("9")), record(api, deaths("9"))
    api.create(f"/v1/claims/{other}/relations", {"other_claim_id": one, "kind": kind})
    api.change(f"/v1/claims/{other}", {"quantities": DEATHS["quantities"] + [{"best": "1", "unit": "rescuer"}]})
    changed = [{"best": "46", "unit": "miner", "approximation": "exact"}]
    api.change(f"/v1/claims/{other}", {"quantities": changed})
    assert suggested(api, one) == []


def test_a_suggestion_is_taken_back_once_it_is_explained_and_made_anew_once_that_is_rejected(
    api: Api, pair: tuple[str, str]
) -> None:
    one, other = pair
    explained = api.create(f"/v1/claims/{other}/relations", {"other_claim_id": one, "kind": "supersedes"})
    assert suggested(api, one) == []
    assert api.read("/v1/claims?contradicted=true")["items"] == []
    path = path_of(explained)
    for status, many in (("rejected", 1), ("confirmed", 0)):
        api.change(path, {"status": status})
        assert len(suggested(api, one)) == many


@pytest.mark.parametrize(
    ("kind", "status"), [("corroborates", "suggested"), ("context_for", "confirmed"), ("duplicates", "rejected")]
)
def test_what_is_related_otherwise_is_suggested(api: Api, kind: str, status: str) -> None:
    one, other = record(api, deaths("9")), record(api, deaths("9"))
    api.create(f"/v1/claims/{other}/relations", {"other_claim_id": one, "kind": kind, "status": status})
    changed = [{"best": "46", "unit": "miner", "approximation": "exact"}]
    api.change(f"/v1/claims/{other}", {"quantities": changed})
    assert contradicted(api, one) == [other]


def test_a_suggestion_that_no_longer_holds_is_taken_back_and_made_anew(api: Api, pair: tuple[str, str]) -> None:
    one, other = pair
    for best, many in (("9", 0), ("46", 1)):
        api.change(f"/v1/claims/{other}", {"quantities": [{"best": best, "unit": "miner", "approximation": "exact"}]})
        assert len(suggested(api, one)) == many


def test_a_suggestion_made_anew_takes_up_its_versions(api: Api, pair: tuple[str, str], relation: Any) -> None:
    for best in ("9", "46"):
        api.change(f"/v1/claims/{pair[1]}", {"quantities": [{"best": best, "unit": "miner", "approximation": "exact"}]})
    (after,) = suggested(api, pair[0])
    assert after == relation | {"version": 3, "updated_at": after["updated_at"]}
    assert after["updated_at"] > relation["updated_at"]


def test_who_does_not_read_a_suggestion_may_record_the_contradiction(
    api: Api, monkeypatch: pytest.MonkeyPatch, context: Context
) -> None:
    writer, insider = api.with_scopes(*WRITES), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    one, other = record(api, deaths("9", status="draft")), record(api, deaths("46"))
    with monkeypatch.context() as patched:
        patched.setattr(suggestions, "all_read_from", lambda *_: Audience.INTERNAL)  # nothing is found for the public
        api.change(f"/v1/claims/{one}", {"status": "published"})
    (own,) = suggested(insider, one)
    assert suggested(writer, one) == []
    body = {"other_claim_id": other, "kind": "contradicts", "status": "confirmed", "decided_by": "desk"}
    recorded = writer.create(f"/v1/claims/{one}/relations", body)
    assert [each["id"] for each in suggested(insider, one)] == [recorded["id"]]
    assert suggested(writer, one) == [recorded]
    assert recorded["id"] != own["id"]
    with context.database.reading() as session:
        assert list(verify.differences(session)) == []


def test_what_insiders_decide_of_a_suggestion_everybody_reads_who_reads_the_claims(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, one = api.with_scopes(Scope.CLAIMS_READ), record(api, deaths("9"))
    with monkeypatch.context() as patched:
        patched.setattr(suggestions, "all_read_from", lambda *_: Audience.INTERNAL)
        record(api, deaths("46"))
    (own,) = suggested(api, one)
    assert suggested(reader, one) == []
    api.change(path_of(own), {"status": "confirmed", "decided_by": "desk"})
    assert [(each["id"], each["status"]) for each in suggested(reader, one)] == [(own["id"], "confirmed")]


def test_a_suggestion_follows_the_numbers(api: Api, pair: tuple[str, str], relation: Any) -> None:
    api.change(f"/v1/claims/{pair[0]}", {"quantities": [{"best": "10", "unit": "miner", "approximation": "exact"}]})
    (after,) = suggested(api, pair[0])
    assert after["id"] == relation["id"]
    assert "10 miner and 46 miner" in after["note"]


@pytest.mark.parametrize(
    "patch",
    [{"status": "confirmed", "decided_by": "desk"}, {"note": "Suggested, and I agree."}, {"decided_by": "desk"}],
)
def test_what_somebody_took_up_stays(api: Api, pair: tuple[str, str], relation: Any, patch: dict[str, Any]) -> None:
    taken_up = api.change(path_of(relation), patch)
    api.change(f"/v1/claims/{pair[1]}", {"quantities": []})
    assert suggested(api, pair[0]) == [taken_up]


def test_a_draft_is_compared_once_it_is_published_and_no_more_when_retracted(api: Api) -> None:
    one, other = record(api, deaths()), record(api, deaths("46", status="draft"))
    api.change(f"/v1/claims/{other}", {"status": "published"})
    assert len(suggested(api, one)) == 1
    api.post(f"/v1/claims/{other}/retract", {"reason": "corrected"})
    assert suggested(api, one) == []
    third = record(api, deaths("46"))
    assert contradicted(api, third) == [one]


@pytest.mark.parametrize("is_held_back", [False, True])
@pytest.mark.parametrize("by", ["a new claim", "a change"])
def test_a_suggestion_is_as_old_as_the_younger_claim_however_long_the_worker_took(
    api: Api, clock: Clock, context: Context, monkeypatch: pytest.MonkeyPatch, by: str, is_held_back: bool
) -> None:
    one_at_once = replace(KINDS[FollowUpKind.CONTRADICTIONS], at_once=1)  # the longest due is compared first
    monkeypatch.setitem(KINDS, FollowUpKind.CONTRADICTIONS, one_at_once)
    said = [said_by(recorded_source(api, anonymity="named", name="Ann Roe", description=None))]
    changed = record(api, deaths("9", attributions=said)) if by == "a change" else None
    with monkeypatch.context() as patched:
        if is_held_back:
            patched.setattr(context.database, "after_write", lambda: None)
        clock.now += timedelta(hours=1)
        one = record(api, deaths("9", attributions=said))
        clock.now += timedelta(hours=1)
        if changed is None:
            younger = record(api, deaths("46", attributions=said))
        else:
            younger, many = changed, [{"best": "46", "unit": "miner", "approximation": "exact"}]
            api.change(f"/v1/claims/{younger}", {"quantities": many})
        clock.now += timedelta(hours=1)
    carry_out_all(context)
    for scopes in ((Scope.CLAIMS_READ,), (Scope.CLAIMS_READ, Scope.INTERNAL_READ)):
        reader = api.with_scopes(*scopes)
        (found,) = suggested(reader, one)
        written_at = reader.read(f"/v1/claims/{younger}")["updated_at"]
        assert found["recorded_at"] == found["updated_at"] == written_at


def test_a_suggestion_is_in_the_history_under_its_writer(api: Api, context: Context, pair: tuple[str, str]) -> None:
    writer = api.with_scopes(*WRITES)
    third = record(writer, deaths("20"))
    api.change(f"/v1/claims/{third}", {"quantities": []})
    with context.database.reading() as session:
        keys = list(session.exec(select(ApiKey.id).order_by(col(ApiKey.created_at))))
        rows = select(Change.action, Change.actor_id).where(Change.kind == "relation", Change.audience == 0)
        made = [(action, actor) for action, actor in session.exec(rows.order_by(col(Change.recorded_at)))]
        assert list(verify.differences(session)) == []
    assert made[1:3] == [("created", keys[-1])] * 2
    assert [action for action, _ in made[3:]] == ["deleted", "deleted"]


# To whom.


def test_a_suggestion_beside_a_hidden_claim_is_told_to_nobody_who_may_not_see_both(api: Api) -> None:
    reader, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    one = record(api, deaths())
    paths = [f"/v1/claims/{one}{rest}" for rest in ("", "/relations?include_total=true", "/history")] + ["/v1/claims"]
    before = [reader.get(path) for path in paths]
    hidden = [record(api, deaths("46", visibility=each)) for each in ("internal", "restricted")]
    after = [reader.get(path) for path in paths]
    assert [(each.content, each.headers["etag"]) for each in after] == [
        (each.content, each.headers["etag"]) for each in before
    ]
    assert contradicted(insider, one) == hidden[:1]
    assert set(contradicted(api, one)) == set(hidden)


def test_who_may_not_see_a_hidden_claim_writes_against_it_unawares(api: Api) -> None:
    writer = api.with_scopes(*WRITES)
    record(api, deaths("46", visibility="restricted"))
    recorded = writer.create("/v1/claims", deaths())
    assert recorded["corroboration"]["contradictions"] == 0
    assert suggested(writer, recorded["id"]) == []
    assert len(suggested(api, recorded["id"])) == 1


def test_hidden_claims_take_no_place_from_others(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    queries._comparable.cache_clear()
    monkeypatch.setattr(queries, "NEWEST_OF_A_TOPIC", 2)
    monkeypatch.setattr(suggestions, "MOST_SUGGESTED", 2)
    reader = api.with_scopes(Scope.CLAIMS_READ)
    public = [record(api, deaths("46", occurred=None)) for _ in range(2)]
    for visibility in ("internal", "restricted", "internal"):
        record(api, deaths("46", visibility=visibility))
    record(api, deaths("46", embargo_until="2027-01-01T00:00:00Z"))
    record(api, deaths("46", status="draft"))
    one = record(api, deaths())
    assert set(contradicted(reader, one)) == set(public)
    queries._comparable.cache_clear()


def test_a_suggestion_comes_out_with_the_embargo(api: Api, clock: Clock, context: Context) -> None:
    reader, until = api.with_scopes(Scope.CLAIMS_READ), START + timedelta(days=2)
    said = [said_by(recorded_source(api, anonymity="named", name="Ann Roe"))]
    one = record(api, deaths(attributions=said))
    record(api, deaths("46", embargo_until=until.isoformat(), attributions=said))
    assert suggested(reader, one) == []
    clock.now = until
    carry_out_all(context)
    (found,) = suggested(reader, one)
    assert found["recorded_at"] == found["updated_at"] == until.isoformat().replace("+00:00", "Z")


def test_no_number_of_others_makes_more_suggestions_than_anybody_looks_through(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suggestions, "MOST_SUGGESTED", 3)
    source = recorded_source(api, anonymity="named", name="Ann Roe")  # others' claims are in order by days
    claims = [record(api, deaths("9", attributions=[said_by(source)])) for _ in range(5)]
    one = record(api, deaths("46"))
    assert set(contradicted(api, one)) == set(claims[2:])


# On what others have published.


def test_of_separate_events_few_are_suggested_and_each_can_be_explained(api: Api, context: Context) -> None:
    events = data_lines("ucdp_2016")[::STEP][:EVENTS]
    recorder = Recorder(api.create)
    for begin in range(0, EVENTS, 100):
        recorder.claims(events[begin : begin + 100])
    with context.database.reading() as session:
        found = list(session.exec(select(Relation)))
        assert 0 < len(found) <= FEW
        for relation in found:
            assert_alike(session, relation)


def assert_alike(session: Session, relation: Relation) -> None:
    """Fails unless the events are of one place and time."""
    stated = queries.stated(session, [relation.claim_id, relation.other_claim_id])
    one, other = (each.claim for each in stated.values())
    assert one.occurred_earliest_day is not None
    assert other.occurred_latest_day is not None
    assert one.occurred_earliest_day <= other.occurred_latest_day
    assert one.place_name == other.place_name


def test_a_currency_given_as_a_unit_is_that_currency(api: Api) -> None:
    (quantity,) = DEMO["claims"]["C16"]["quantities"]
    record(api, of_demo("C16"))
    as_unit = {**quantity, "best": "5000000000", "unit": "USD", "unit_kind": "count", "currency": None}
    other = record(api, billions() | {"quantities": [as_unit]})
    assert [each["status"] for each in api.read(f"/v1/claims/{other}/relations")["items"]] == ["suggested"]
