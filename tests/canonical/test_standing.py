"""What a claim's standing is made of is written by several at once, and the last to write has seen all."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from httpx import Response
from sqlmodel import Session, col, select

from app.canonical import queries
from app.canonical.claim_contents import claim_contents
from app.canonical.derived import derived_of, ranges_of_standing
from app.canonical.walks.queries import surroundings
from app.kit.db import Database
from app.models import Claim, ClaimStanding
from app.models.vocabulary import Scope
from tests.factories import claim_body, recorded_claim, recorded_document, recorded_outlet, recorded_source, said_by
from tests.fixtures.api import Api
from tests.fixtures.committing import PATIENCE_S, held_up

on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
ROUNDS = 20
Send = Callable[[], Response]
COLUMNS = [name for name in ClaimStanding.model_fields if name not in {"claim_id", "first_audience", "last_audience"}]


def stored(session: Session) -> Mapping[str, Sequence[Any]]:
    """Each claim's standings, as they are stored."""
    rows = session.exec(select(ClaimStanding).order_by(ClaimStanding.claim_id, col(ClaimStanding.first_audience)))
    found: dict[str, list[Any]] = {}
    for row in rows:
        values = {name: getattr(row, name) for name in COLUMNS}
        found.setdefault(row.claim_id, []).append((row.first_audience, row.last_audience, values))
    return found


def made_anew(session: Session) -> Mapping[str, Sequence[Any]]:
    """Each claim's standings, as everything that is recorded gives them."""
    rows = queries.rows_of_claims(session, list(session.exec(select(Claim))))
    outs = queries.outs_of(session, rows)
    made = derived_of(session, {claim_id: claim_contents(each, outs[claim_id]) for claim_id, each in rows.items()})
    return {
        claim_id: [(first, last, dict(standing)) for first, last, standing in ranges_of_standing(of_claim)]
        for claim_id, of_claim in sorted(made.items())
    }


def assert_current(database: Database) -> None:
    with database.reading() as session:
        assert stored(session) == made_anew(session)


def at_once(*writes: Send) -> list[Response]:
    """What all are answered when they are sent at the same moment."""
    ready = Barrier(len(writes))

    def send(write: Send) -> Response:
        ready.wait(PATIENCE_S)
        return write()

    with ThreadPoolExecutor(len(writes)) as threads:
        return [done.result(PATIENCE_S) for done in [threads.submit(send, write) for write in writes]]


def relating(api: Api, one: str, kind: str, other: str) -> Send:
    return lambda: api.post(f"/v1/sources/{one}/relations", {"other_id": other, "kind": kind})


def attributing(api: Api, claim_id: str, source_id: str) -> Send:
    return lambda: api.post(f"/v1/claims/{claim_id}/attributions", said_by(source_id))


def claiming(api: Api, *attributions: Mapping[str, Any]) -> Send:
    return lambda: api.post("/v1/claims", claim_body(attributions=list(attributions)))


def read_in(document_id: str, source_id: str) -> dict[str, Any]:
    chain = [{"role": "originator", "source_id": source_id}]
    return {"speech": "indirect", "document_id": document_id, "chain": chain}


def corroboration(api: Api, claim_id: str) -> Any:
    return api.read(f"/v1/claims/{claim_id}")["corroboration"]


def origins(api: Api, claim_id: str) -> Any:
    return corroboration(api, claim_id)["independent_origins"]


@on_postgresql
def test_a_source_is_named_in_a_claim_and_called_the_same_as_another_at_once(
    committing_api: Api, own_database: Database
) -> None:
    for _ in range(ROUNDS):
        one, other = recorded_source(committing_api), recorded_source(committing_api)
        claim_id = recorded_claim(committing_api, attributions=[said_by(other)])["id"]
        answers = at_once(attributing(committing_api, claim_id, one), relating(committing_api, one, "same_as", other))
        assert [each.status_code for each in answers] == [201, 201]
        assert origins(committing_api, claim_id) == {"min": 1, "max": 1}
    assert_current(own_database)


@on_postgresql
def test_several_relations_that_join_the_sources_of_a_claim_are_recorded_at_once(
    committing_api: Api, own_database: Database
) -> None:
    for _ in range(ROUNDS // 4):
        sources = [recorded_source(committing_api) for _ in range(4)]
        claim_id = recorded_claim(committing_api, attributions=[said_by(sources[0]), said_by(sources[3])])["id"]
        pairs = list(pairwise(sources))
        answers = at_once(*(relating(committing_api, one, "same_as", other) for one, other in pairs))
        assert [each.status_code for each in answers] == [201, 201, 201]
        assert origins(committing_api, claim_id) == {"min": 1, "max": 1}
    assert_current(own_database)


@on_postgresql
def test_a_relation_waits_for_a_claim_that_names_both_sources(committing_api: Api, own_database: Database) -> None:
    one, other = recorded_source(committing_api), recorded_source(committing_api)
    claimed, related = held_up(
        own_database,
        claiming(committing_api, said_by(one), said_by(other)),
        relating(committing_api, one, "same_as", other),
    )
    assert (claimed.status_code, related.status_code) == (201, 201)
    assert origins(committing_api, claimed.json()["id"]) == {"min": 1, "max": 1}
    assert_current(own_database)


@on_postgresql
def test_a_claim_that_names_both_sources_waits_for_their_relation(committing_api: Api, own_database: Database) -> None:
    one, other = recorded_source(committing_api), recorded_source(committing_api)
    related, claimed = held_up(
        own_database,
        relating(committing_api, one, "same_as", other),
        claiming(committing_api, said_by(one), said_by(other)),
    )
    assert (claimed.status_code, related.status_code) == (201, 201)
    assert origins(committing_api, claimed.json()["id"]) == {"min": 1, "max": 1}
    assert_current(own_database)


@on_postgresql
def test_a_relation_of_outlets_waits_for_a_claim_that_was_read_in_both(
    committing_api: Api, own_database: Database
) -> None:
    """The claim names neither outlet: its documents do."""
    outlets = [recorded_outlet(committing_api, name=name) for name in ("Herald", "Gazette")]
    documents = [recorded_document(committing_api, outlet_id=outlet) for outlet in outlets]
    origin = recorded_source(committing_api)
    claimed, related = held_up(
        own_database,
        claiming(committing_api, *(read_in(document, origin) for document in documents)),
        relating(committing_api, outlets[0], "same_as", outlets[1]),
    )
    assert (claimed.status_code, related.status_code) == (201, 201)
    assert corroboration(committing_api, claimed.json()["id"])["outlets"] == 1
    assert_current(own_database)


def hiding(api: Api, source_id: str) -> Send:
    return lambda: api.patch(f"/v1/sources/{source_id}", {"visibility": "restricted"}, etag="*")


@on_postgresql
def test_hiding_an_outlet_waits_for_a_claim_that_was_read_in_it(committing_api: Api, own_database: Database) -> None:
    outlet, origin = recorded_outlet(committing_api), recorded_source(committing_api)
    document = recorded_document(committing_api, outlet_id=outlet)
    claimed, hidden = held_up(
        own_database, claiming(committing_api, read_in(document, origin)), hiding(committing_api, outlet)
    )
    assert (claimed.status_code, hidden.status_code) == (201, 200)
    reader = committing_api.with_scopes(Scope.CLAIMS_READ)
    assert corroboration(reader, claimed.json()["id"])["outlets"] == 0
    assert_current(own_database)


@on_postgresql
def test_hiding_what_two_sources_stand_for_waits_for_a_claim_that_names_them(
    committing_api: Api, own_database: Database
) -> None:
    """To those who no longer see the wire, two papers that carry it are two: the wire itself stands in no chain."""
    wire, *papers = (recorded_outlet(committing_api, name=name) for name in ("Wire", "Herald", "Gazette"))
    for paper in papers:
        assert relating(committing_api, paper, "republishes", wire)().status_code == 201
    claimed, hidden = held_up(
        own_database, claiming(committing_api, *map(said_by, papers)), hiding(committing_api, wire)
    )
    assert (claimed.status_code, hidden.status_code) == (201, 200)
    claim_id = claimed.json()["id"]
    assert origins(committing_api, claim_id) == {"min": 1, "max": 1}
    assert origins(committing_api.with_scopes(Scope.CLAIMS_READ), claim_id) == {"min": 2, "max": 2}
    assert_current(own_database)


@on_postgresql
def test_a_document_changes_while_its_outlet_is_hidden(committing_api: Api, own_database: Database) -> None:
    """What hides the outlet records its documents anew, as they are by then."""
    outlet, origin = recorded_outlet(committing_api), recorded_source(committing_api)
    document = recorded_document(committing_api, outlet_id=outlet)
    claim_id = recorded_claim(committing_api, attributions=[read_in(document, origin)])["id"]
    path = f"/v1/documents/{document}"
    changed, hidden = held_up(
        own_database,
        lambda: committing_api.patch(path, {"outlet_id": None, "title": "Ten"}, etag="*"),
        hiding(committing_api, outlet),
    )
    assert (changed.status_code, hidden.status_code) == (200, 200)
    read = committing_api.read(path)
    assert (read["outlet_id"], read["title"]) == (None, "Ten")
    assert corroboration(committing_api, claim_id)["outlets"] == 0
    assert_current(own_database)


@on_postgresql
def test_what_is_locked_is_read_as_it_is_by_then(committing_api: Api, own_database: Database) -> None:
    """Whoever waited for a lock has what stands there now, also of what it had read before."""
    source = recorded_source(committing_api, kind="group", member_count_min=2)
    claim = recorded_claim(committing_api, attributions=[said_by(source)])

    def read(session: Session) -> tuple[str, int | None]:
        statement = queries.locked_claims(session, [claim["id"]])[claim["id"]].statement
        around = surroundings(session, claim["attributions"])
        return statement, around.sources[source].member_count_min

    with Session(own_database.engine()) as session:
        assert session.get(Claim, claim["id"]) is not None
        assert surroundings(session, claim["attributions"]).sources[source].member_count_min == 2
        committing_api.change(f"/v1/claims/{claim['id']}", {"statement": "Ten."})
        committing_api.change(f"/v1/sources/{source}", {"member_count_min": 3})
        assert read(session) == ("Ten.", 3)
