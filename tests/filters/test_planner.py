"""How an answer is found never decides what it is: of every two filters the answer is that of a plain model.

A statement goes in by what leads to few claims. However many that may be, none at all or any number, and whatever is
hidden beside them, the answer is the same.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import pytest

from app.filters import queries
from app.filters.schemas import SourcedQuestion
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import (
    assessment_body,
    claim_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
)
from tests.fixtures.api import Api
from tests.fixtures.claims_model import Read, everything_read
from tests.fixtures.proofs import FULL, Prove

LIMITS: Final = (0, queries.FEW, 10**9)
"""Of how many claims are few: none, as many as it is, and all."""
CLAIMS: Final = 90
HIDDEN: Final[tuple[dict[str, str], ...]] = ({}, {}, {}, {"visibility": "internal"}, {"visibility": "restricted"})
FACETS: Final = (
    *("topic", "kind", "status", "country", "unit", "verdict", "terms"),
    *("document_id", "source_id", "anonymity", "reliability", "outlet_id"),
)
COMPANIONS: Final = {"source_role": "source_id", "occurred_match": "occurred", "quantity_match": "quantity_min"}
"""What goes with another filter."""
READERS: Final = {
    "public": (Scope.CLAIMS_READ,),
    "internal": (Scope.CLAIMS_READ, Scope.INTERNAL_READ),
    "restricted": (Scope.CLAIMS_READ, Scope.INTERNAL_READ, Scope.RESTRICTED_READ),
}


@dataclass(frozen=True)
class Recorded:
    """Ids of what was recorded, and some instants."""

    sources: list[str]
    outlets: list[str]
    documents: list[str]
    instants: list[str]


class Random:
    """Records random claims with long chains, of which some or part is hidden, in drafts or under embargo."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api, self._clock, self._draw = api, clock, random.Random(1)

    def ledger(self) -> Recorded:
        draw, api = self._draw, self._api
        outlets = [recorded_outlet(api, name=f"Gazette {number}", **draw.choice(HIDDEN)) for number in range(5)]
        sources = [self._source(number, outlets) for number in range(8)]
        documents = [self._document(number, outlets) for number in range(8)]
        for one, other in zip(sources[:3], outlets, strict=False):
            api.create(f"/v1/sources/{other}/relations", {"other_id": one, "kind": "republishes"})
        recorded = Recorded(sources, outlets, documents, [])
        made = []
        for number in range(CLAIMS):
            self._clock.now = self._clock.now.replace(minute=number % 60, hour=9 + number // 60)
            recorded.instants.append(self._clock.now.isoformat())
            made.append(recorded_claim(api, **self._claim(recorded))["id"])
        for _ in range(CLAIMS // 6):
            one, other = draw.sample(made, 2)
            kind = draw.choice(["contradicts", "corroborates"])
            api.post(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": kind})
        return recorded

    def _source(self, number: int, outlets: list[str]) -> str:
        draw = self._draw
        named = {"anonymity": "named", "name": f"Roe {draw.choice(['Ann', 'Bo'])}", "description": None}
        fields = named if number % 2 else {}
        rated = {"reliability": draw.choice("ABC"), "organization_id": draw.choice([None, *outlets])}
        return recorded_source(self._api, **fields, **rated, **draw.choice(HIDDEN))

    def _document(self, number: int, outlets: list[str]) -> str:
        draw = self._draw
        fields = {"url": f"https://example.org/{number}", "outlet_id": draw.choice([None, *outlets])}
        return recorded_document(self._api, **fields, **draw.choice(HIDDEN))

    def _claim(self, recorded: Recorded) -> dict[str, Any]:
        draw = self._draw
        low = draw.randrange(1, 40)
        details: list[dict[str, Any]] = [
            {"topics": draw.sample(["exit", "labour", "visa"], draw.randrange(3))},
            {"place": {"country": draw.choice(["RU", "KR"])}} if draw.random() < 0.7 else {},
            {"occurred": {"edtf": draw.choice(["2022", "2022-11", "2022-11-05", "2016"])}},
            {"quantities": [_quantity(low + more, draw) for more in range(draw.randrange(3))]},
            draw.choice([{}, {}, {}, {"status": "draft"}, {"embargo_until": "2027-01-01T00:00:00Z"}, *HIDDEN[3:]]),
        ]
        assessed = {"confidence": draw.randrange(101), "verdict": draw.choice(["true", "false", "mixed"])}
        body = claim_body(
            statement=f"The {draw.choice(['reactor', 'harbour'])} {draw.choice(['closed', 'opened'])}.",
            kind=draw.choice(["event", "quantity"]),
            attributions=[self._attribution(recorded) for _ in range(1 + draw.randrange(3))],
        )
        if draw.random() < 0.6:
            body["assessment"] = assessment_body(credibility=1 + draw.randrange(6), **assessed)
        for each in details:
            body |= each
        return body

    def _attribution(self, recorded: Recorded) -> dict[str, Any]:
        draw = self._draw
        chain = [{"role": "originator", "source_id": draw.choice(recorded.sources)}]
        for role in draw.sample(["relayer", "outlet", "republisher", "interviewer"], draw.randrange(5)):
            chain.append({"role": role, "source_id": draw.choice(recorded.outlets)})
        terms = draw.choice(["on_the_record", "background", "unspecified", "off_the_record"])
        said = draw.choice([{}, {"said": draw.choice(["2022-11", "2022-12-01", "2021"])}])
        return {
            **{"speech": "indirect", "document_id": draw.choice(recorded.documents), "chain": chain},
            **{"stance": draw.choice(["asserts", "asserts", "denies", "hints"]), "terms": terms, **said},
        }


def _quantity(number: int, draw: random.Random) -> dict[str, Any]:
    ends = {"best": str(number), "low": str(number - 1), "high": str(number + draw.randrange(9))}
    return {"verbatim": "some", **ends, "unit": draw.choice(["worker", "ship"]), "unit_kind": "count"}


def values(recorded: Recorded) -> Mapping[str, list[Any]]:
    """Values of every filter, common ones and rare ones."""
    return {
        "q": ["reactor", "closed"],
        "source_role": ["any"],
        "source_id": recorded.sources[:4],
        "source_name": ["Ann", "Roe"],
        "anonymity": ["named", "anonymous"],
        "reliability": ["A", "B"],
        "stance": ["asserts", "denies"],
        "terms": ["background", "off_the_record"],
        "outlet_id": recorded.outlets,
        "document_id": recorded.documents[:4],
        "document_url": ["https://example.org/2", "https://example.org/5"],
        "said_from": ["2022-11-15", "2021-06-01"],
        "said_to": ["2022-11-15", "2022-12-31"],
        "verdict": ["true", "mixed"],
        "confidence_min": [20, 70],
        "confidence_max": [40, 90],
        "credibility_max": [2, 5],
        "status": ["published", "draft"],
        "kind": ["event", "quantity"],
        "topic": ["exit", "visa"],
        "country": ["RU", "KR"],
        "occurred": ["2022-11", "2022"],
        "occurred_match": ["certainly"],
        "unit": ["worker", "ship"],
        "quantity_min": ["10", "30"],
        "quantity_max": ["20", "35"],
        "quantity_match": ["certainly"],
        "contradicted": [True, False],
        "circular": [True, False],
        "single_source": [True, False],
        "independent_origins_min": [1, 2],
        "recorded_from": recorded.instants[10:60:40],
        "recorded_to": recorded.instants[20:80:50],
        "changed_since": recorded.instants[30:70:30],
    }


def questions(recorded: Recorded) -> Iterator[dict[str, Any]]:
    """Every filter alone, and every two of them, each time with other values of theirs."""
    known = values(recorded)
    assert set(known) == set(SourcedQuestion.model_fields)
    for number, names in enumerate([*((name,) for name in known), *combinations(known, 2)]):
        wanted = {name: known[name][number % len(known[name])] for name in names}
        for name in names:
            if name in COMPANIONS:
                needed = COMPANIONS[name]
                wanted.setdefault(needed, known[needed][number % len(known[needed])])
        if "source_role" in wanted:
            wanted.pop("source_role")
            wanted["source_role"] = "any"
        yield wanted


def found(api: Api, wanted: Mapping[str, Any], fields: Sequence[str]) -> tuple[set[str], int, dict[str, Counter[str]]]:
    """The ids of what is listed, the total, and the counts by the fields."""
    asked = {name: str(value).lower() if isinstance(value, bool) else value for name, value in wanted.items()}
    page = api.read("/v1/claims", params={**asked, "limit": 200, "include_total": True, "fields": "id"})
    ids = [each["id"] for each in page["items"]]
    assert len(ids) == len(set(ids))
    counted = api.read("/v1/claims/facets", params={**asked, "field": fields, "limit": 100, "include_total": True})
    facets = {
        each["field"]: Counter({value["value"]: value["claims"] for value in each["values"]})
        for each in counted["facets"]
    }
    assert counted["total"] == page["total"]
    return set(ids), page["total"], facets


def test_of_every_two_filters_the_answer_is_that_of_the_model_whatever_leads_in(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch, engine_name: str, prove: Prove
) -> None:
    recorded = Random(api, clock).ledger()
    readers = {name: api.with_scopes(*scopes) for name, scopes in READERS.items()}
    read: dict[str, Read] = {name: everything_read(reader) for name, reader in readers.items()}
    assert len(read["public"].claims) < len(read["internal"].claims) < len(read["restricted"].claims) == CLAIMS
    asked, answers = list(questions(recorded))[:: 1 if FULL else 2], 0
    with_claims, different = 0, list[Any]()
    for number, wanted in enumerate(asked):
        # A short run asks every other question once, by readers, limits and fields in turn.
        fields = [FACETS[(number + more) % len(FACETS)] for more in range(3 if FULL else 1)]
        for name in READERS if FULL else [list(READERS)[number % 3]]:
            expected = read[name].matching(wanted)
            counted = {field: read[name].counted(expected, field) for field in fields}
            with_claims += bool(expected)
            for few in LIMITS if FULL else [LIMITS[number // 3 % 3]]:
                monkeypatch.setattr(queries, "FEW", few)
                answers += 1
                if found(readers[name], wanted, fields) != (expected, len(expected), counted):
                    different.append((name, few, wanted))
    assert different == []
    assert with_claims > len(asked) // 2
    prove("filters", engine_name, {"questions": len(asked), "answers": answers, "differences": len(different)})


def test_hidden_claims_beside_them_leave_lists_totals_and_facets_as_they_are(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "FEW", 20)
    reader = api.with_scopes(Scope.CLAIMS_READ)
    source, document = recorded_source(api), recorded_document(api)
    outlets = [recorded_outlet(api, name=name) for name in ("First Daily", "Second Daily")]
    roles = (("originator", source), ("outlet", outlets[0]), ("republisher", outlets[1]))
    chain = [{"role": role, "source_id": each} for role, each in roles]
    said = {"speech": "indirect", "document_id": document, "chain": chain}
    wanted = {"source_id": source, "outlet_id": outlets, "include_total": True, "limit": 200}

    def answers(caller: Api) -> list[Any]:
        listed = caller.read("/v1/claims", params=wanted)
        facets = caller.read("/v1/claims/facets", params={**wanted, "limit": 100, "field": ["kind", "source_id"]})
        assert listed["total"] == len(listed["items"]) == facets["total"]
        assert {each["values"][0]["claims"] for each in facets["facets"]} == {listed["total"]}
        return [listed, facets]

    def record(number: int, **fields: Any) -> None:
        claims = [claim_body(attributions=[said, said], **fields) for _ in range(number)]
        api.create("/v1/claims/batch", {"claims": claims})

    record(30)
    before = answers(reader)
    record(10, status="draft")
    assert answers(reader) == before
    assert answers(api)[0]["total"] == 40
