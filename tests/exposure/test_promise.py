"""The promise of exposure: what is told equals a count by hand, whatever is hidden beside it, for every caller."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from app.exposure import counting, queries
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import claim_body, document_body, outlet_body, source_body
from tests.fixtures.api import Api
from tests.fixtures.exposures import Count, Reading, count_by_hand, everything, pages
from tests.fixtures.proofs import Prove, share

SEED = 20261123
BOUNDS = ((counting.MOST_FITTING, queries.MOST_OF_A_VALUE), (4, 6))
"""Sources that are counted for one detail, and claims that are looked at for it at first: as it is, and few."""
OF_A_ROUND = 20
"""Unnamed sources that are recorded together, into a ledger that grows."""
SECRET = "kept from the public"
HIDDEN = ("internal", "restricted")
DAYS = ("2023-01-05", "2023-01-06", "2023-01", "2023", "2022-11-28/2022-12-03", None)


class Ledger:
    """A newsroom's ledger of few places, days and topics, so that sources share some of them; much of it hidden."""

    def __init__(self, api: Api, clock: Clock, random: Random) -> None:
        self.api, self.clock, self.random = api, clock, random
        self.sources: list[str] = []
        self.unnamed: list[str] = []
        self.documents: list[str] = []
        self.bodies = [self._source(outlet_body(name="Daily Record")), self._source(outlet_body(name="Herald"))]
        self.bodies.append(self._source(outlet_body(kind="organization", name="Ministry")))
        hidden = [outlet_body(name=f"{SECRET} {each}", visibility=each) for each in HIDDEN]
        self.bodies += [self._source(body) for body in hidden]

    def _source(self, body: dict[str, Any]) -> str:
        source_id = str(self.api.create("/v1/sources", body)["id"])
        self.sources.append(source_id)
        return source_id

    def round(self) -> list[str]:
        """Records another round; gives the unnamed sources of it."""
        pick = self.random.choice
        new = [self._source(self._unnamed()) for _ in range(OF_A_ROUND)]
        self.unnamed += new
        self._source(outlet_body(kind="person", name="Jane Roe", role=pick(("Guard", None)), country="RU"))
        for _ in range(4):
            self.documents.append(str(self.api.create("/v1/documents", self._document())["id"]))
        for _ in range(2 * OF_A_ROUND):
            self.api.create("/v1/claims", self._claim(new))
        for _ in range(8):
            self._relate(new)
        for _ in range(2):
            self.api.change(f"/v1/sources/{pick(new)}", {"visibility": pick(HIDDEN)})
        self.clock.now += timedelta(hours=1)  # ends some of the embargoes
        return new

    def _visibility(self) -> str:
        return self.random.choices(("public", *HIDDEN), (8, 1, 1))[0]

    def _unnamed(self) -> dict[str, Any]:
        pick = self.random.choice
        kind = pick(("person", "person", "person", "group", "organization", "unknown", "document"))
        body = source_body(
            kind=kind,
            description=pick(("a source", "a border guard", "a guard at the port", "a person with the ministry")),
            role=pick(("guard", "Guard", "engineer", None)),
            country=pick(("RU", "KR", None)),
            language=pick(("ko", "ru", None)),
            organization_id=pick((*self.bodies, None, None)),
            visibility=self._visibility(),
        )
        if kind == "group":
            body |= {"member_count_min": 2, "member_count_max": pick((2, 9, None))}
        if self.random.random() < 0.2:
            body |= {"anonymity": "pseudonymous", "name": pick(("Ivan", "Mina"))}
        return body

    def _document(self) -> dict[str, Any]:
        pick = self.random.choice
        return document_body(
            outlet_id=pick((*self.bodies, None)),
            byline=pick(("A. Writer", "B. Reporter", None)),
            published=pick(DAYS),
            visibility=self._visibility(),
        )

    def _claim(self, new: list[str]) -> dict[str, Any]:
        pick = self.random.choice
        when = {"edtf": day} if (day := pick(DAYS)) else None
        hidden = self.random.random()
        body = claim_body(
            place=pick(({"name": "Vladivostok", "country": "RU"}, {"country": "KR"}, {"name": "Busan"}, None)),
            occurred=when,
            topics=self.random.sample(("defection", "labour", "sanctions", "border"), k=self.random.randrange(3)),
            visibility=self._visibility(),
            attributions=[self._attribution(new) for _ in range(self.random.randrange(1, 3))],
        )
        if hidden < 0.15:
            secret = {"statement": SECRET, "place": {"name": SECRET}, "topics": [SECRET]}
            body |= secret | pick(({"status": "draft"}, {"visibility": "internal"}, {"visibility": "restricted"}))
        elif hidden < 0.3:
            body |= {"embargo_until": (self.clock.now + timedelta(minutes=pick((30, 90, 900)))).isoformat()}
        return body

    def _attribution(self, new: list[str]) -> dict[str, Any]:
        pick = self.random.choice
        others = self.random.sample(self.sources, k=self.random.randrange(3))
        chain = [pick(new), *(each for each in others if each not in new)]
        attribution: dict[str, Any] = {
            "speech": "indirect",
            "document_id": pick(self.documents),
            "said": pick(DAYS),
            "terms": pick(("background", "unspecified")),
            "cue": pick(("said", None)),
            "chain": [
                {"role": "relayer" if place else "originator", "source_id": each} for place, each in enumerate(chain)
            ],
        }
        if self.random.random() < 0.15:
            attribution |= {"terms": "off_the_record", "cue": SECRET, "anonymity_reason": SECRET}
        return attribution

    def _relate(self, new: list[str]) -> None:
        """Relates two sources; which two cannot be is refused, and left so."""
        kind = self.random.choice(("same_as", "same_as", "possibly_same", "member_of", "owned_by", "distinct_from"))
        other = self.random.choice(self.bodies if kind in {"member_of", "owned_by"} else new)
        self.api.post(f"/v1/sources/{self.random.choice(new)}/relations", {"other_id": other, "kind": kind})


def told(caller: Api, source_id: str, most: int) -> Count | None:
    """What the service tells of the source, to be held against the count by hand; it counts so many for one detail."""
    response = caller.get(f"/v1/sources/{source_id}/exposure")
    assert response.status_code == 200, response.text
    assert SECRET not in response.text
    answer = response.json()
    if not answer["public"]:
        assert (answer["details"], answer["narrowing"], answer["combination"], answer["fits_all"]) == ([], [], [], None)
        return None
    assert answer["truncated"] is False
    assert all(len(each["claim_ids"]) == min(10, each["claims"]) for each in answer["details"])
    assert all(each["fits_or_more"] is (each["fits"] == most) for each in (*answer["details"], *answer["narrowing"]))
    left = [answer["stored_sources"], *(each["fits_with_those_before"] for each in answer["combination"])]
    assert left[-1] == answer["fits_all"] or len(answer["combination"]) == 10
    assert left == sorted(set(left), reverse=True)
    return Count(
        details={
            (each["field"], each["value"]): (each["claims"], each["fits"], each["fits_without"])
            for each in answer["details"]
        },
        stored_sources=answer["stored_sources"],
        fits_all=answer["fits_all"],
    )


def test_what_is_told_of_a_source_equals_a_count_by_hand(
    api: Api, clock: Clock, engine_name: str, prove: Prove, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted as it is and only to a few, so that there is more than is counted for one detail."""
    reader, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    ledger = Ledger(api, clock, Random(SEED))
    sources = differences = public = 0
    while sources < share(200):
        new = ledger.round()
        readings: dict[Api, Reading] = {caller: everything(caller) for caller in (reader, insider, api)}
        for caller in (insider, api):
            for source_id in new:
                if source_id not in readings[caller].sources:
                    assert caller.get(f"/v1/sources/{source_id}/exposure").status_code == 404
                    continue
                expected = count_by_hand(readings[reader], readings[caller], source_id)
                for most, looked_at in BOUNDS:
                    monkeypatch.setattr(counting, "MOST_FITTING", most)
                    monkeypatch.setattr(queries, "MOST_OF_A_VALUE", looked_at)
                    differences += told(caller, source_id, most) != (expected and expected.up_to(most))
                public += expected is not None
        sources += len(new)
    assert public > sources  # most of them for both callers
    prove("exposure", engine_name, {"sources": sources, "differences": differences})


def warned(caller: Api, claim_id: str) -> dict[str, tuple[set[str], str]]:
    """The attributions that are warned of for what they tell of a source: what that is, and how many it leaves."""
    warnings = caller.read(f"/v1/claims/{claim_id}/sourcing")["warnings"]
    details = {each["attribution_id"]: each["detail"] for each in warnings if each["code"] == "narrows_unnamed_source"}
    parts = {each: words.partition("claim does: ")[2].partition(". ") for each, words in details.items()}
    return {each: (set(fields.split(", ")), left) for each, (fields, _, left) in parts.items()}


def test_what_a_claim_leaves_is_the_same_however_far_is_counted(
    api: Api, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What many share may go unnamed in the warning, where the rest of the claim narrows as far without it."""
    ledger = Ledger(api, clock, Random(SEED))
    for _ in range(2):
        ledger.round()
    claims = [each["id"] for each in pages(api, "/v1/claims")]
    whole = {each: warned(api, each) for each in claims}
    monkeypatch.setattr(counting, "MOST_FITTING", 3)
    monkeypatch.setattr(queries, "MOST_OF_A_VALUE", 4)
    for claim_id in claims:
        found = warned(api, claim_id)
        assert {each: left for each, (_, left) in found.items()} == {
            each: left for each, (_, left) in whole[claim_id].items()
        }
        assert all(fields <= whole[claim_id][each][0] for each, (fields, _) in found.items())
    answers = [api.read(f"/v1/sources/{each}/exposure") for each in ledger.unnamed]
    shared = {each["field"] for answer in answers for each in answer["details"] if each["fits_or_more"]}
    assert {"topic", "place", "outlet", "byline", "said_on"} <= shared
