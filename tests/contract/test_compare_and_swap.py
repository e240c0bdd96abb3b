"""Of several writes that name one version of a record, one is done, and the others are told that it is gone.

The writes come at once, to two apps over one database, which share nothing but the database, as in two processes.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Barrier
from typing import Any, Final

import pytest
from fastapi import FastAPI
from httpx import Response

from app.access.context import Context
from app.identities import envelope
from app.identities.age import encrypted
from tests.factories import (
    assessment_body,
    attribution_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
)
from tests.fixtures.api import Api, make_key
from tests.fixtures.committing import PATIENCE_S, Callers, held_up
from tests.fixtures.sealing import IDENTITY, custodians

Route = tuple[str, str]

WRITERS: Final = 8
DONE: Final = frozenset({200, 201, 204})
ANOTHER_STATEMENT: Final = {"statement": "Eleven."}
ANOTHER_ROLE: Final = {"role": "engineer"}


@dataclass(frozen=True, slots=True)
class Request:
    """A write that names a version."""

    method: str
    path: str
    etag: str
    body: Any = None
    header: str = "If-Match"

    def send(self, api: Api) -> Response:
        media_type = "application/merge-patch+json" if self.method == "PATCH" else "application/json"
        headers = {self.header: self.etag} | ({"Content-Type": media_type} if self.body is not None else {})
        return api.request(self.method, self.path, json=self.body, headers=headers)


@dataclass(frozen=True, slots=True)
class Race:
    """A write of a version, and a rival that makes the version another one."""

    write: Request
    rival: Request
    others: int = 412
    """What those are answered that send the same write too late."""
    too_late: int = 412
    """What the write is answered once the rival is done."""


Prepare = Callable[[Api], Race]


def _patching(api: Api, path: str, body: dict[str, Any]) -> Request:
    return Request("PATCH", path, api.etag(path), body)


def _of_claim(method: str, step: str, body: Any, api: Api) -> Race:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    rival = _patching(api, path, ANOTHER_STATEMENT)
    return Race(Request(method, f"{path}{step}", rival.etag, body), rival)


def _of_attribution(method: str, body: Any, api: Api) -> Race:
    claim = recorded_claim(api, attributions=[attribution_body(), attribution_body()])
    path = f"/v1/claims/{claim['id']}"
    own = f"{path}/attributions/{claim['attributions'][0]['id']}"
    return Race(Request(method, own, api.etag(own), body), _patching(api, path, ANOTHER_STATEMENT))


def _relate_claims(api: Api) -> Race:
    race = _of_claim("POST", "/relations", {"other_claim_id": recorded_claim(api)["id"], "kind": "refines"}, api)
    return replace(race, others=409)  # a relation leaves the claim as it was, and is recorded once


def _patch_relation(api: Api) -> Race:
    one, other = recorded_claim(api)["id"], recorded_claim(api)["id"]
    relation = api.create(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "refines"})
    path = f"/v1/claims/{one}/relations/{relation['id']}"
    return Race(_patching(api, path, {"status": "rejected"}), _patching(api, path, {"note": "The same, in short."}))


def _patch_document(api: Api) -> Race:
    path = f"/v1/documents/{recorded_document(api)}"
    return Race(_patching(api, path, {"byline": "A. Writer"}), _patching(api, path, {"title": "Ten workers defect"}))


def _of_source(method: str, step: str, body: Any, api: Api) -> Race:
    path = f"/v1/sources/{recorded_source(api)}"
    rival = _patching(api, path, ANOTHER_ROLE)
    return Race(Request(method, f"{path}{step}", rival.etag, body), rival)


def _relate_sources(api: Api) -> Race:
    race = _of_source("POST", "/relations", {"other_id": recorded_outlet(api), "kind": "member_of"}, api)
    return replace(race, others=409)


def _unrelate_sources(api: Api) -> Race:
    source, other = f"/v1/sources/{recorded_source(api)}", recorded_outlet(api)
    relation = api.create(f"{source}/relations", {"other_id": other, "kind": "member_of"})
    path = f"{source}/relations/{relation['id']}"
    # Nothing of it can be changed, so its rival is its removal too; what is gone has no version.
    write = Request("DELETE", path, api.etag(path))
    return Race(write, write, others=404, too_late=404)


def _first_identity(api: Api) -> Request:
    """The first of a new source, sealed to all custodians."""
    source_id = recorded_source(api)
    if not api.read("/v1/custodians")["items"]:
        custodians(api, 1)
    some = api.read("/v1/custodians")["items"]
    sealed = encrypted(envelope.wrap(source_id, IDENTITY), [each["recipient"] for each in some])
    body = {"sealed": sealed, "custodian_ids": [each["id"] for each in some]}
    return Request("PUT", f"/v1/sources/{source_id}/identity", "*", body, header="If-None-Match")


def _of_identity(method: str, api: Api) -> Race:
    first = _first_identity(api)
    stored = first.send(api)
    assert stored.status_code == 201, stored.text
    path, etag, body = first.path, stored.headers["etag"], first.body
    race = Race(Request(method, path, etag, body if method == "PUT" else None), Request("PUT", path, etag, body))
    return race if method == "PUT" else replace(race, others=404)


CLAIM: Final = "/v1/claims/{claim_id}"
ATTRIBUTION: Final = f"{CLAIM}/attributions/{{attribution_id}}"
SOURCE: Final = "/v1/sources/{source_id}"
SEALED: Final = f"{SOURCE}/identity"
RACES: Final[dict[Route, Prepare]] = {
    ("PATCH", CLAIM): partial(_of_claim, "PATCH", "", {"statement": "Ten."}),
    ("POST", f"{CLAIM}/retract"): partial(_of_claim, "POST", "/retract", {"reason": "corrected"}),
    ("POST", f"{CLAIM}/assessments"): partial(_of_claim, "POST", "/assessments", assessment_body()),
    ("POST", f"{CLAIM}/attributions"): partial(_of_claim, "POST", "/attributions", attribution_body()),
    ("PATCH", ATTRIBUTION): partial(_of_attribution, "PATCH", {"cue": "said"}),
    ("DELETE", ATTRIBUTION): partial(_of_attribution, "DELETE", None),
    ("POST", f"{CLAIM}/relations"): _relate_claims,
    ("PATCH", f"{CLAIM}/relations/{{relation_id}}"): _patch_relation,
    ("PATCH", "/v1/documents/{document_id}"): _patch_document,
    ("PATCH", SOURCE): partial(_of_source, "PATCH", "", {"country": "RU"}),
    ("POST", f"{SOURCE}/ratings"): partial(_of_source, "POST", "/ratings", {"reliability": "B"}),
    ("POST", f"{SOURCE}/relations"): _relate_sources,
    ("DELETE", f"{SOURCE}/relations/{{relation_id}}"): _unrelate_sources,
    ("PUT", SEALED): partial(_of_identity, "PUT"),
    ("DELETE", SEALED): partial(_of_identity, "DELETE"),
}


def named_versions(app: FastAPI) -> set[Route]:
    """The routes that look at an If-Match, as the description has them."""
    return {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ()))
    }


def test_every_route_that_looks_at_a_version_is_in_the_table(app_of_session: FastAPI) -> None:
    assert named_versions(app_of_session) == set(RACES)


@pytest.fixture
def callers(first_process: Callers, second_process: Callers, own_context: Context) -> Sequence[Api]:
    """The same caller of each of two apps over one database."""
    key = make_key(own_context)
    return first_process(key), second_process(key)


def sent_at_once(callers: Sequence[Api], write: Request) -> list[int]:
    """What writers are answered who all send it when all are ready, to one app and the other in turn."""
    ready = Barrier(WRITERS)

    def one(number: int) -> int:
        ready.wait(PATIENCE_S)
        return write.send(callers[number % len(callers)]).status_code

    with ThreadPoolExecutor(WRITERS) as threads:
        return list(threads.map(one, range(WRITERS)))


def done_and_refused(statuses: Sequence[int]) -> tuple[int, set[int]]:
    """How many of the writes were done, and what the others were answered."""
    return len([status for status in statuses if status in DONE]), set(statuses) - DONE


def test_of_writes_that_name_one_version_at_once_one_is_done(callers: Sequence[Api]) -> None:
    for route, prepare in RACES.items():
        race = prepare(callers[0])
        statuses = sent_at_once(callers, race.write)
        assert done_and_refused(statuses) == (1, {race.others}), (route, statuses)


def test_of_writes_of_what_there_is_not_yet_at_once_one_is_done(callers: Sequence[Api]) -> None:
    write = _first_identity(callers[0])
    assert done_and_refused(sent_at_once(callers, write)) == (1, {412})


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_write_of_a_version_that_is_being_changed_is_refused(callers: Sequence[Api], own_context: Context) -> None:
    here, there = callers
    for route, prepare in RACES.items():
        race = prepare(here)
        first, second = held_up(own_context.database, partial(race.rival.send, here), partial(race.write.send, there))
        assert first.status_code in DONE, (route, first.text)
        assert second.status_code == race.too_late, (route, second.text)
