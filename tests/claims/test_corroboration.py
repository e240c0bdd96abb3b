"""Who else says so, as each audience reads it beside a claim: kept current by every write that changes it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.access.context import Context
from app.cli.verify import differences
from app.models.vocabulary import Scope
from tests.conftest import START, Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api

EMBARGO = START + timedelta(days=2)
EMBARGO_TEXT = "2026-11-25T09:30:00Z"
AUDIENCES = ("reader", "internal", "restricted")


@dataclass(frozen=True)
class Newsroom:
    """One caller of each audience; the restricted one writes."""

    reader: Api
    internal: Api
    restricted: Api

    def each(self, claim_id: str, number: str) -> list[Any]:
        """What the reader, the internal and the restricted caller read of one number; None for no such claim."""
        return [counted(getattr(self, name), claim_id, number) for name in AUDIENCES]

    def origins(self, claim_id: str) -> list[Any]:
        return self.each(claim_id, "independent_origins")


@pytest.fixture
def newsroom(api: Api, context: Context) -> Any:
    read, internal = Scope.CLAIMS_READ, Scope.INTERNAL_READ
    yield Newsroom(api.with_scopes(read), api.with_scopes(read, internal), api)
    with context.database.reading() as session:
        assert list(differences(session)) == [], "what was written agrees with what it gives when it is made anew"


def counted(caller: Api, claim_id: str, number: str) -> Any:
    response = caller.get(f"/v1/claims/{claim_id}")
    if response.status_code == 404:
        return None
    found = response.json()["corroboration"][number]
    return (found["min"], found["max"]) if number == "independent_origins" else found


def claim_by(api: Api, *sources: str, **fields: Any) -> str:
    """The id of a claim to which each of the sources is one attribution."""
    return str(recorded_claim(api, attributions=[said_by(each) for each in sources], **fields)["id"])


def relate(api: Api, one: str, kind: str, other: str) -> str:
    """The path of a new relation of two sources."""
    path = f"/v1/sources/{one}/relations"
    return f"{path}/{api.create(path, {'other_id': other, 'kind': kind})['id']}"


def read_in(document_id: str, *chain: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"speech": "indirect", "document_id": document_id, "chain": list(chain), **fields}


def hop(source_id: str, role: str = "originator") -> dict[str, Any]:
    return {"role": role, "source_id": source_id}


def everyone(value: Any) -> list[Any]:
    return [value] * 3


def test_nine_outlets_that_repeat_one_wire_report_are_one_origin(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    ministry, wire = recorded_source(api), recorded_outlet(api, name="Wire")
    attributions = []
    for number in range(9):
        outlet = recorded_outlet(api, name=f"Outlet {number}")
        document = recorded_document(api, outlet_id=outlet)
        attributions.append(read_in(document, hop(ministry), hop(wire, "wire_service"), hop(outlet, "republisher")))
    claim_id = str(recorded_claim(api, attributions=attributions)["id"])
    assert newsroom.origins(claim_id) == everyone((1, 1))
    assert [newsroom.each(claim_id, name)[0] for name in ("attributions", "documents", "outlets")] == [9, 9, 9]


def test_what_an_outlet_says_in_its_own_voice_is_the_outlet_s(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    outlet = recorded_outlet(api)
    own = attribution_body(speech="outlet_voice", chain=[hop(outlet, "outlet")])
    again = attribution_body(speech="outlet_voice", chain=[hop(outlet, "outlet")])
    claim_id = str(recorded_claim(api, attributions=[own, again])["id"])
    assert newsroom.origins(claim_id) == everyone((1, 1))
    assert newsroom.each(claim_id, "outlets") == everyone(1)


def test_attributions_are_counted_as_they_come_change_and_go(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    first, second = recorded_source(api), recorded_source(api)
    claim_id = claim_by(api, first)
    path = f"/v1/claims/{claim_id}/attributions"
    added = f"{path}/{api.create(path, said_by(second))['id']}"
    assert newsroom.origins(claim_id) == everyone((2, 2))
    api.change(added, {"stance": "denies"})
    assert newsroom.origins(claim_id) == everyone((1, 1))
    assert newsroom.each(claim_id, "denials") == everyone(1)
    api.change(added, {"stance": "asserts", "chain": [hop(first)]})
    assert newsroom.origins(claim_id) == everyone((1, 1))
    assert newsroom.each(claim_id, "attributions") == everyone(2)
    api.change(added, {"chain": [hop(second)]})
    assert newsroom.origins(claim_id) == everyone((2, 2))
    assert api.delete(added, etag="*").status_code == 204
    assert newsroom.each(claim_id, "attributions") == everyone(1)


def test_what_is_off_the_record_is_counted_for_those_who_may_know_of_it(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    claim_id = claim_by(api, recorded_source(api))
    path = f"/v1/claims/{claim_id}/attributions"
    added = api.create(path, attribution_body(terms="off_the_record"))
    assert newsroom.origins(claim_id) == [(1, 1), (1, 1), (2, 2)]
    api.change(f"{path}/{added['id']}", {"terms": "background"})
    assert newsroom.origins(claim_id) == [(1, 1), (1, 1), (2, 2)], "its source and document came along restricted"
    for kind in ("sources", "documents"):
        for own_id, each in api.read(f"{path}/{added['id']}")["included"][kind].items():
            assert each["visibility"] == "restricted"
            api.change(f"/v1/{kind}/{own_id}", {"visibility": "internal"})
    assert newsroom.origins(claim_id) == [(1, 1), (2, 2), (2, 2)]


@pytest.mark.parametrize(
    ("kind", "related"),
    [("same_as", (1, 1)), ("possibly_same", (1, 2)), ("distinct_from", (2, 2)), ("republishes", (1, 1))],
)
def test_a_relation_of_sources_counts_from_when_it_is_recorded_until_it_is_removed(
    newsroom: Newsroom, kind: str, related: tuple[int, int]
) -> None:
    api = newsroom.restricted
    one, other = recorded_source(api), recorded_source(api)
    claim_id = claim_by(api, one, other)
    apart = claim_by(api, one, recorded_source(api))
    relation = relate(api, one, kind, other)
    assert newsroom.origins(claim_id) == everyone(related)
    assert newsroom.origins(apart) == everyone((2, 2))
    assert api.delete(relation, etag="*").status_code == 204
    assert newsroom.origins(claim_id) == everyone((2, 2))


def test_a_member_counts_within_its_group_and_the_group_as_it_is_known_to_be(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    member = recorded_source(api)
    group = recorded_source(api, kind="group", member_count_min=2)
    claim_id = claim_by(api, member, group)
    assert newsroom.origins(claim_id) == everyone((3, None))
    relation = relate(api, member, "member_of", group)
    assert newsroom.origins(claim_id) == everyone((2, None))
    api.change(f"/v1/sources/{group}", {"member_count_min": 3, "member_count_max": 9})
    assert newsroom.origins(claim_id) == everyone((3, 9))
    assert api.delete(relation, etag="*").status_code == 204
    assert newsroom.origins(claim_id) == everyone((4, 10))


def test_a_relation_of_what_sources_stand_for_counts_for_their_claims(newsroom: Newsroom) -> None:
    """Neither end of the relation is in a chain: one is the same as an origin, the other is republished by one."""
    api = newsroom.restricted
    one, other = (
        recorded_source(api),
        recorded_outlet(api, kind="unknown", anonymity="anonymous", name=None, description="a site"),
    )
    double, wire = recorded_source(api), recorded_source(api)
    claim_id = claim_by(api, one, other)
    relate(api, one, "same_as", double)
    relate(api, other, "republishes", wire)
    assert newsroom.origins(claim_id) == everyone((2, 2))
    relation = relate(api, double, "same_as", wire)
    assert newsroom.origins(claim_id) == everyone((1, 1))
    assert api.delete(relation, etag="*").status_code == 204
    assert newsroom.origins(claim_id) == everyone((2, 2))


def test_outlets_are_those_of_the_documents_as_they_are_by_now(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    first, second = (recorded_outlet(api, name=name) for name in ("Herald", "Gazette"))
    documents = [recorded_document(api, outlet_id=first), recorded_document(api)]
    origin = recorded_source(api)
    attributions = [read_in(each, hop(origin)) for each in documents]
    claim_id = str(recorded_claim(api, attributions=attributions)["id"])
    assert newsroom.each(claim_id, "outlets") == everyone(1)
    api.change(f"/v1/documents/{documents[1]}", {"outlet_id": second})
    assert newsroom.each(claim_id, "outlets") == everyone(2)
    relation = relate(api, first, "same_as", second)
    assert newsroom.each(claim_id, "outlets") == everyone(1)
    assert api.delete(relation, etag="*").status_code == 204
    api.change(f"/v1/sources/{second}", {"visibility": "internal"})
    assert newsroom.each(claim_id, "outlets") == [1, 2, 2]
    api.change(f"/v1/documents/{documents[1]}", {"outlet_id": None})
    assert newsroom.each(claim_id, "outlets") == everyone(1)


def test_circular_reporting_shows_with_the_relation_that_closes_the_circle(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    herald, blog, mirror = (recorded_outlet(api, name=name) for name in ("Herald", "Blog", "Mirror"))
    ways = [(herald, blog), (blog, mirror)]
    attributions = [attribution_body(chain=[hop(one, "originator"), hop(other, "outlet")]) for one, other in ways]
    claim_id = str(recorded_claim(api, attributions=attributions)["id"])
    assert newsroom.each(claim_id, "circular") == everyone(False)
    relation = relate(api, mirror, "same_as", herald)
    assert newsroom.each(claim_id, "circular") == everyone(True)
    api.change(f"/v1/sources/{mirror}", {"visibility": "restricted"})
    assert newsroom.each(claim_id, "circular") == [False, False, True]
    api.change(f"/v1/sources/{mirror}", {"visibility": "public"})
    assert api.delete(relation, etag="*").status_code == 204
    assert newsroom.each(claim_id, "circular") == everyone(False)


def test_a_hidden_source_counts_for_those_who_may_know_of_it(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    known, hidden = recorded_source(api), recorded_source(api)
    claim_id = claim_by(api, known, hidden)
    assert newsroom.origins(claim_id) == everyone((2, 2))
    api.change(f"/v1/sources/{hidden}", {"visibility": "restricted"})
    assert newsroom.origins(claim_id) == [(1, 1), (1, 1), (2, 2)]
    api.change(f"/v1/sources/{hidden}", {"visibility": "internal"})
    assert newsroom.origins(claim_id) == [(1, 1), (2, 2), (2, 2)]
    api.change(f"/v1/sources/{hidden}", {"visibility": "public"})
    assert newsroom.origins(claim_id) == everyone((2, 2))


def test_a_hidden_source_that_joins_two_joins_them_for_those_who_may_know_of_it(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    one, other, hidden = recorded_source(api), recorded_source(api), recorded_source(api, visibility="restricted")
    claim_id = claim_by(api, one, other)
    relate(api, one, "same_as", hidden)
    relate(api, other, "same_as", hidden)
    assert newsroom.origins(claim_id) == [(2, 2), (2, 2), (1, 1)]
    api.change(f"/v1/sources/{hidden}", {"visibility": "public"})
    assert newsroom.origins(claim_id) == everyone((1, 1))
    api.change(f"/v1/sources/{hidden}", {"visibility": "internal"})
    assert newsroom.origins(claim_id) == [(2, 2), (1, 1), (1, 1)]


def test_the_headline_alone_does_not_change_who_says_so(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    claim_id = claim_by(api, recorded_source(api))
    before = api.read(f"/v1/claims/{claim_id}")["corroboration"]
    api.create(f"/v1/claims/{claim_id}/assessments", assessment_body(credibility=2, verdict="true"))
    assert api.read(f"/v1/claims/{claim_id}")["corroboration"] == before


def test_a_draft_that_is_published_counts_what_came_along_with_it(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    outlet = {"role": "outlet", "source": outlet_body()}
    attributions = [attribution_body(chain=[{"role": "originator", "source": source_body()}, outlet]) for _ in "ab"]
    claim_id = str(recorded_claim(api, status="draft", attributions=attributions)["id"])
    assert newsroom.origins(claim_id) == [None, (2, 2), (2, 2)]
    api.change(f"/v1/claims/{claim_id}", {"status": "published"})
    assert newsroom.origins(claim_id) == everyone((2, 2))
    assert newsroom.each(claim_id, "outlets") == everyone(2)


def test_when_an_embargo_ends_the_public_counts_what_it_may_read_by_then(newsroom: Newsroom, clock: Clock) -> None:
    """No write marks the end: what came along with the claim is related under the embargo, and is out with it."""
    api = newsroom.restricted
    claim = recorded_claim(api, embargo_until=EMBARGO_TEXT, attributions=[attribution_body(), attribution_body()])
    one, other = claim["included"]["sources"]
    relation = relate(api, one, "same_as", other)
    assert newsroom.origins(claim["id"]) == [None, (1, 1), (1, 1)]
    clock.now = EMBARGO
    assert newsroom.reader.get(relation).status_code == 200
    assert newsroom.origins(claim["id"]) == everyone((1, 1))


def test_a_source_under_embargo_joins_nothing_in_a_claim_that_is_out(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    one, other = recorded_source(api), recorded_source(api)
    claim_id = claim_by(api, one, other)
    embargoed = recorded_claim(api, embargo_until=EMBARGO_TEXT)
    (hidden,) = embargoed["included"]["sources"]
    relate(api, one, "same_as", hidden)
    relate(api, other, "same_as", hidden)
    assert newsroom.origins(claim_id) == [(2, 2), (1, 1), (1, 1)]
    api.change(f"/v1/claims/{embargoed['id']}", {"embargo_until": None})
    assert newsroom.origins(claim_id) == everyone((1, 1))


def contradict(api: Api, one: str, other: str, **fields: Any) -> str:
    body = {"other_claim_id": other, "kind": "contradicts", **fields}
    path = f"/v1/claims/{one}/relations"
    return f"{path}/{api.create(path, body)['id']}"


def test_contradictions_are_counted_on_either_side_until_they_are_rejected(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    one, other = claim_by(api, recorded_source(api)), claim_by(api, recorded_source(api))
    relation = contradict(api, one, other, status="suggested")
    for claim_id in (one, other):
        assert newsroom.each(claim_id, "contradictions") == everyone(1)
    api.change(relation, {"status": "rejected"})
    for claim_id in (one, other):
        assert newsroom.each(claim_id, "contradictions") == everyone(0)
    api.change(relation, {"status": "confirmed"})
    assert newsroom.each(other, "contradictions") == everyone(1)
    listed = api.read("/v1/claims")["items"]
    assert [each["corroboration"]["contradictions"] for each in listed] == [1, 1]


def test_a_contradiction_counts_for_those_who_may_read_the_other_claim(newsroom: Newsroom, clock: Clock) -> None:
    api = newsroom.restricted
    known = claim_by(api, recorded_source(api))
    document = document_body(visibility="public")
    said = [said_by(recorded_source(api), document=document)]
    internal = str(recorded_claim(api, visibility="internal", attributions=said)["id"])
    restricted = claim_by(api, recorded_source(api, visibility="restricted"))
    embargoed = claim_by(api, recorded_source(api), embargo_until=EMBARGO_TEXT)
    for other in (internal, restricted, embargoed):
        contradict(api, known, other)
    assert newsroom.each(known, "contradictions") == [0, 2, 3]
    clock.now = EMBARGO
    assert newsroom.each(known, "contradictions") == [1, 2, 3]
    api.change(f"/v1/claims/{internal}", {"visibility": "public"})
    assert newsroom.each(known, "contradictions") == [2, 2, 3]


def test_a_relation_of_sources_changes_the_reply_and_not_the_claim(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    outlets = [recorded_outlet(api, name=name) for name in ("Herald", "Gazette")]
    claim_id = claim_by(api, *outlets)
    path = f"/v1/claims/{claim_id}"

    def read() -> tuple[dict[str, Any], str, list[Any]]:
        response = newsroom.reader.get(path)
        history = newsroom.reader.read(f"{path}/history")["items"]
        return response.json(), response.headers["etag"], history

    before, etag_before, history_before = read()
    relate(api, outlets[0], "same_as", outlets[1])
    after, etag_after, history_after = read()
    origins = [each.pop("corroboration")["independent_origins"]["max"] for each in (before, after)]
    assert origins == [2, 1]
    assert after == before
    assert history_after == history_before
    assert etag_after.split("-")[0] == etag_before.split("-")[0]
    assert etag_after != etag_before
    assert newsroom.reader.get(path, headers={"If-None-Match": etag_before}).status_code == 200
    assert api.patch(path, {"topics": ["exit"]}, etag=etag_before).status_code == 200


def test_corroboration_is_no_part_of_the_past(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    claim_id = claim_by(api, recorded_source(api))
    path = f"/v1/claims/{claim_id}"
    assert api.read(path, params={"as_of": "2026-12-23T09:30:00Z"})["corroboration"] is None
    assert "corroboration" not in api.read(f"{path}/history")["items"][0]["document"]


def test_lists_count_as_the_claim_does(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    one, other = recorded_source(api), recorded_source(api, visibility="internal")
    claim_id = claim_by(api, one, other)
    for caller in (newsroom.reader, newsroom.internal, newsroom.restricted):
        alone = caller.read(f"/v1/claims/{claim_id}")["corroboration"]
        for path in ("/v1/claims", f"/v1/sources/{one}/claims"):
            assert [each["corroboration"] for each in caller.read(path)["items"]] == [alone]


def test_documents_are_counted_once_each(newsroom: Newsroom) -> None:
    api = newsroom.restricted
    document = recorded_document(api)
    sources = [recorded_source(api) for _ in range(3)]
    attributions = [read_in(document, hop(each)) for each in sources]
    attributions[2] |= {"document": document_body(title="Another")}
    del attributions[2]["document_id"]
    claim_id = str(recorded_claim(api, attributions=attributions)["id"])
    assert newsroom.each(claim_id, "documents") == everyone(2)


def test_claims_that_say_the_same_are_counted_until_that_is_rejected(api: Api) -> None:
    one, other = recorded_claim(api)["id"], recorded_claim(api)["id"]

    def counted() -> list[int]:
        return [api.read(f"/v1/claims/{each}")["corroboration"]["corroborating_claims"] for each in (one, other)]

    assert counted() == [0, 0]
    made = api.create(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "duplicates"})
    assert counted() == [1, 1]
    api.create(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "context_for"})
    assert counted() == [1, 1]
    api.change(f"/v1/claims/{one}/relations/{made['id']}", {"status": "rejected"})
    assert counted() == [0, 0]
