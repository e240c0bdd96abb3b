"""Every route lets in who holds its scope and nobody else, and what a caller may not see is not there for them.

Made from the table of routes: each is asked by callers with every scope alone, with none, with all and all but one, of
records that are their own, others', hidden and absent. What must come back is worked out by `access_model`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlalchemy import Connection

from app.access.context import Context
from app.access.routing import Guard
from app.models.vocabulary import Scope
from tests.conftest import START, Clock
from tests.contract.test_routes import guards
from tests.factories import assessment_body, claim_body, document_body, source_body
from tests.fixtures.access_model import (
    PUBLIC,
    RELEASES,
    Caller,
    Record,
    Records,
    Release,
    expected,
    preconditions,
    recorded,
    sooner,
)
from tests.fixtures.api import Api
from tests.fixtures.asgi import Answer, Bytes
from tests.fixtures.described import Operation, operations
from tests.fixtures.observatory import Asked
from tests.fixtures.proofs import FULL, Prove
from tests.fixtures.sealing import REASON
from tests.fixtures.worlds import Ids, at, said
from tests.fixtures.writing_script import BODIES

EVERYTHING = frozenset(Scope)
HIDES = {Scope.INTERNAL_READ, Scope.RESTRICTED_READ}
STRANGERS = ("no key", "unknown key", "revoked key", "expired key")


Seen = tuple[int, tuple[tuple[bytes, bytes], ...], bytes]


@dataclass
class Tried:
    """What has been asked, and each answer that was not the one expected."""

    requests: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass
class Desk:
    """Asks as any caller; each request finds the same records, at the same instant, and draws the same ids."""

    app: FastAPI
    api: Api
    context: Context
    portal: BlockingPortal
    connection: Connection
    clock: Clock
    ids: Ids
    tried: Tried = field(default_factory=Tried)
    _keys: dict[str, str | None] = field(default_factory=dict)

    def as_caller(self, caller: Caller) -> Bytes:
        """The caller, with a key that is made the first time."""
        if caller.name not in self._keys:
            self.begin(f"key {caller.name}")
            self._keys[caller.name] = self._new_key(caller)
        return Bytes(self.app, self.portal, self._keys[caller.name])

    def _new_key(self, caller: Caller) -> str | None:
        if caller.name.startswith("no key"):
            return None
        if caller.name == "unknown key":
            return self.ids.key()
        scopes = sorted(EVERYTHING if caller.scopes is None else caller.scopes)
        expiry = {"expires_at": at(1)} if caller.name == "expired key" else {}
        made = self.api.create("/v1/keys", {"name": "CMS", "scopes": scopes, **expiry})
        if caller.name == "revoked key":
            assert self.api.delete(f"/v1/keys/{made['id']}").status_code == 204
        return str(made["key"])

    def ask(self, caller: Caller, asked: Asked, wanted: tuple[int, Scope | None], about: str) -> Answer:
        """The answer, whose effect is undone; noted as wrong where it is not what is wanted, or is a fault."""
        sender = self.as_caller(caller)
        self.ids.start_again()
        self.ids.step, self.clock.now = "request", START + timedelta(days=1)
        with self.connection.begin_nested() as asking:
            answer = asked.sent(sender)
            asking.rollback()
        self.tried.requests += 1
        status, scope = wanted
        named = answer.json().get("scope") if answer.status == 403 else None
        if answer.status != status or (status == 403 and named != scope):
            self.tried.wrong.append(f"{caller.name}, {about}: {answer.status} {named}, and not {status} {scope}")
        return answer

    def record(self, caller: Caller, path: str, body: Any) -> str:
        """The id of what the caller has recorded."""
        sender = self.as_caller(caller)
        self.begin(f"{caller.name} {path}")
        made = sender("POST", path, body)
        assert made.status == 201, made.body
        return str(made.json()["id"])

    def begin(self, step: str) -> None:
        """Goes back to before all requests, with ids that none of them draws."""
        self.ids.step, self.clock.now = f"{step}, after {self.tried.requests} requests", START

    @contextmanager
    def public_reading(self) -> Iterator[None]:
        """Lets the public read without a key meanwhile."""
        settings = self.context.settings.model_copy(update={"public_read": True})
        self.app.state.context = replace(self.context, settings=settings)
        yield
        self.app.state.context = self.context


@pytest.fixture
def desk(
    app: FastAPI,
    api: Api,
    context: Context,
    portal: BlockingPortal,
    connection: Connection,
    clock: Clock,
    ids: Ids,
) -> Desk:
    return Desk(app, api, context, portal, connection, clock, ids)


def test_every_route_answers_every_caller_as_the_rules_say(desk: Desk, engine_name: str, prove: Prove) -> None:
    records = recorded(desk.api)
    declared = guards(desk.app)
    described = list(operations(desk.app.openapi()))
    assert {(each.method, each.template) for each in described} == set(declared)
    for number, operation in enumerate(described):
        guard = declared[operation.method, operation.template]
        assert guard is not None
        _try_route(desk, operation, guard, records, number)
    _try_releases(desk, records)
    _try_what_comes_along(desk, records)
    assert not desk.tried.wrong, "\n".join(desk.tried.wrong)
    prove("access", engine_name, {"requests": desk.tried.requests, "wrong answers": len(desk.tried.wrong)})


def _try_route(desk: Desk, operation: Operation, guard: Guard, records: Records, number: int) -> None:
    for place, caller in enumerate(_callers(guard)):
        about = records.of(operation)
        if caller.scopes is None or guard.scope not in caller.scopes:
            # Who is turned away at the door is so whatever lies behind it: one record each, another for each caller.
            if FULL or (place + number) % 4 == 0:
                _try_records(desk, caller, operation, guard, [about[(place + number) % len(about)]], records, {})
            continue
        about = [*about, *_own(desk, caller, operation)]
        for headers in preconditions(operation):
            _try_records(desk, caller, operation, guard, about, records, headers)
    with desk.public_reading():
        nobody = Caller("no key, where the public reads", frozenset({Scope.CLAIMS_READ}))
        if guard.scope is not Scope.CLAIMS_READ:
            nobody = replace(nobody, scopes=None)
        _try_records(desk, nobody, operation, guard, records.of(operation), records, {})


def _callers(guard: Guard) -> Iterator[Caller]:
    """Each scope alone, none, all, all but the one needed; and who holds that one among those who see more or less."""
    yield from (Caller(f"{scope} alone", frozenset({scope})) for scope in Scope)
    yield from (Caller(name, None) for name in STRANGERS)
    yield Caller("every scope", EVERYTHING)
    yield Caller("every scope but those to see what is hidden", EVERYTHING - HIDES)
    yield Caller("every scope but restricted:read", EVERYTHING - {Scope.RESTRICTED_READ})
    yield Caller("every scope but claims:publish", EVERYTHING - {Scope.CLAIMS_PUBLISH})
    if guard.scope is not None:
        yield Caller(f"every scope but {guard.scope}", EVERYTHING - {guard.scope})
        for more in sorted(HIDES):
            yield Caller(f"{guard.scope} and {more}", frozenset({guard.scope, more}))


def _own(desk: Desk, caller: Caller, operation: Operation) -> list[Record]:
    """A record that the caller has made, where they may make one and the path names it."""
    scopes = caller.scopes or frozenset()
    path, body = {
        "claim_id": ("/v1/claims", claim_body()),
        "document_id": ("/v1/documents", document_body(text="Nine workers.")),
        "source_id": ("/v1/sources", source_body()),
    }.get(" ".join(operation.ids), ("", {}))
    needed = {Scope.SOURCES_WRITE} if path == "/v1/sources" else {Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH}
    if not path or not needed <= scopes or operation.template.endswith("/identity"):
        return []
    return [Record("own", {operation.ids[0]: desk.record(caller, path, body)}, PUBLIC, PUBLIC)]


def _try_records(
    desk: Desk,
    caller: Caller,
    operation: Operation,
    guard: Guard,
    about: Sequence[Record],
    records: Records,
    headers: Mapping[str, str],
) -> None:
    """Asks for each of the records. What is hidden and what is absent must be answered with the same bytes.

    So must what is hidden and absent in what the caller sees: those who see a claim may know that it has a version.
    """
    unseen: dict[bool, set[Seen]] = {}
    for record in about:
        asked = _asked(operation, record, records, headers)
        wanted = expected(caller, operation, guard, record, headers)
        answer = desk.ask(caller, asked, wanted, f"{operation.method} {operation.template} {record.name} {headers}")
        if caller.scopes is not None and guard.scope is not None and record.audience > caller.audience:
            same = unseen.setdefault(record.whole > caller.audience, set())
            same.add((answer.status, tuple(answer.headers.raw), answer.body))
    if any(len(same) > 1 for same in unseen.values()):
        desk.tried.wrong.append(f"{caller.name}, {operation.method} {operation.template}: hidden is not as if absent")


def _asked(operation: Operation, record: Record, records: Records, headers: Mapping[str, str]) -> Asked:
    path = operation.template
    for parameter, value in zip(operation.ids, record.ids.values(), strict=True):
        path = path.replace("{" + parameter + "}", value)
    needed = {"/v1/claims/facets": {"field": "topic"}, "/v1alpha1/claims:search": {"query": "workers"}}.get(path, {})
    if operation.method == "GET":
        return Asked("GET", path, needed, headers=REASON if path.endswith("/identity") else {})
    body = next(iter(BODIES[operation.method, operation.template](records.names)))
    if operation.template.endswith("/attributions"):
        body = said(records.public["source"], records.public["document"])
    if operation.template == "/v1/sources/{source_id}/relations":
        body = {"other_id": records.public["third source"], "kind": "distinct_from"}
    if operation.template == "/v1/keys":
        body = {"name": "CMS", "scopes": ["keys:manage"]}
    media_type = {"Content-Type": operation.media_types[0]} if operation.media_types else {}
    return Asked(operation.method, path, json=body, headers={**media_type, **headers})


OUT = Release("published", "public", None)
WRITERS = [
    Caller(f"claims:write{more}", frozenset({Scope.CLAIMS_WRITE, *scopes}))
    for more, scopes in (
        ("", ()),
        (" and internal:read", (Scope.INTERNAL_READ,)),
        (" and restricted:read", (Scope.RESTRICTED_READ,)),
        (" and claims:publish", (Scope.CLAIMS_PUBLISH,)),
        (", claims:publish and internal:read", (Scope.CLAIMS_PUBLISH, Scope.INTERNAL_READ)),
        (", claims:publish and restricted:read", (Scope.CLAIMS_PUBLISH, Scope.RESTRICTED_READ)),
    )
]


def _try_what_comes_along(desk: Desk, records: Records) -> None:
    """Who may record a source or an assessment along with a claim."""
    known = [said(records.public["source"], records.public["document"])]
    bodies = {
        None: claim_body(attributions=known),
        Scope.SOURCES_WRITE: claim_body(),
        Scope.CLAIMS_ASSESS: claim_body(attributions=known, assessment=assessment_body()),
    }
    for held in ((), (Scope.SOURCES_WRITE,), (Scope.CLAIMS_ASSESS,), (Scope.SOURCES_WRITE, Scope.CLAIMS_ASSESS)):
        scopes = frozenset({Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, *held})
        caller = Caller(" and ".join(sorted(scopes)), scopes)
        for needed, body in bodies.items():
            wanted = (201, None) if needed is None or needed in scopes else (403, needed)
            desk.ask(caller, Asked("POST", "/v1/claims", json=body), wanted, f"records what needs {needed}")


def _try_releases(desk: Desk, records: Records) -> None:
    """Who may record a claim for which audience, and let which claims out or hide them."""
    known = [said(records.public["source"], records.public["document"])]
    for caller in WRITERS:
        for after in RELEASES:
            asked = Asked("POST", "/v1/claims", json=claim_body(attributions=known, **after.body))
            desk.ask(caller, asked, _may_release(caller, None, after, 201), f"records {after}")
            claims = [claim_body(attributions=known, **each.body) for each in (OUT, after)]
            asked = Asked("POST", "/v1/claims/batch", json={"claims": claims})
            # Whether each may be recorded at all is looked at before whether one of them comes out.
            hidden, out = _may_release(caller, None, after, 201), _may_release(caller, None, OUT, 201)
            wanted = hidden if hidden[0] == 403 and hidden[1] is not Scope.CLAIMS_PUBLISH else out
            desk.ask(caller, asked, wanted, f"records {after} among others")
    for before in RELEASES:
        desk.begin(f"{before}")
        claim_id = desk.api.create("/v1/claims", claim_body(attributions=known, **before.body))["id"]
        for place, caller in enumerate(WRITERS):
            for after in RELEASES if FULL else RELEASES[place % 8 :: 8]:
                asked = Asked("PATCH", f"/v1/claims/{claim_id}", json=after.body, headers={"If-Match": "*"})
                desk.ask(caller, asked, _may_change(caller, before, after), f"makes {before} {after}")


def _may_release(caller: Caller, before: Release | None, after: Release, done: int) -> tuple[int, Scope | None]:
    if after.audience > caller.audience:
        return 403, Scope.RESTRICTED_READ if after.visibility == "restricted" else Scope.INTERNAL_READ
    if sooner(before, after) and Scope.CLAIMS_PUBLISH not in (caller.scopes or ()):
        return 403, Scope.CLAIMS_PUBLISH
    return done, None


def _may_change(caller: Caller, before: Release, after: Release) -> tuple[int, Scope | None]:
    if before.audience > caller.audience:
        return 404, None
    answer = _may_release(caller, before, after, 200)
    if answer[0] == 200 and (before.status, after.status) == ("published", "draft"):
        return 409, None
    return answer
