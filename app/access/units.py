"""How a route reads and writes: a unit of work with its caller, its instant and its session, and the reply it gives.

A router hands a function of the unit to `Reads` or `Writes`, which open the session, run it, and turn its Reply into
a response. So that a write can be run again whole, nothing happens outside that function.
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

import orjson
from fastapi import Request, Response
from sqlmodel import Session

from app.access import queries
from app.access.context import Context
from app.access.principals import Audience, Principal
from app.access.visibility import looking_for_veils
from app.kit import deadline
from app.kit.fields import joined
from app.kit.headers import NOT_STORED
from app.kit.paging import next_link
from app.kit.problems import (
    Conflict,
    IdempotencyKeyReused,
    InFlight,
    Overloaded,
    PreconditionRequired,
    Stale,
    WriteTooCostly,
    invalid_parameter,
)
from app.models import StoredReply

T = TypeVar("T")

REPLIES_KEPT_FOR: Final = timedelta(hours=24)
MAX_KEY_LENGTH: Final = 255
"""Longest Idempotency-Key; the IETF draft sets none, and common clients stay below this."""
STRONG_ETAG: Final = re.compile(r'"(?P<document>[0-9a-f]{16})-[0-9a-f]{16}"')
"""An ETag of ours that names a document. If-Match compares strongly (RFC 9110 §8.8.3.2): a weak one names nothing."""
JSON_MEDIA_TYPE: Final = "application/json"
NOT_ANSWERED: Final = 0
"""Status of a kept reply until the work is done; only the transaction that does it ever sees it."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """The version that a change says it changes: an If-Match header (RFC 9110 §13.1.1), or none.

    A PUT may say instead that there is none yet, `If-None-Match: *` (§13.1.2).
    """

    if_match: str | None
    creates: bool = False

    def check(self, document: str) -> None:
        """Does nothing where the header names the document; raises Stale where it names another."""
        if self.if_match is None or self.if_match.strip() == "*":
            return
        current = document_digest(document)
        named = [STRONG_ETAG.fullmatch(tag.strip()) for tag in self.if_match.split(",")]
        if current not in {tag["document"] for tag in named if tag is not None}:
            raise Stale

    def check_put(self, document: str | None) -> None:
        """Does nothing where what is put takes the place of what the header names: of this document, or of none.

        Raises Stale where there is something else, or nothing, in its place.
        """
        if document is None and self.if_match is not None:
            raise Stale("There is nothing to replace: send `If-None-Match: *` in place of If-Match.")
        if document is not None and self.creates:
            raise Stale("There is one already: to replace it, send its ETag in If-Match.")
        if document is not None:
            self.check(document)

    def require(self, method: str) -> None:
        """Raises PreconditionRequired where there is no If-Match (RFC 6585 §3), nor what stands for it in a PUT."""
        if self.if_match is not None or self.creates:
            return
        if method == "PUT":
            raise PreconditionRequired(
                "Send `If-None-Match: *` to store the first, or If-Match with the ETag of what it is to replace."
            )
        raise PreconditionRequired


@dataclass(frozen=True)
class Unit:
    """One unit of work: the session it runs in, who asked for it, and the instant it bears."""

    session: Session
    principal: Principal
    now: datetime
    context: Context
    precondition: Precondition

    @property
    def actor_id(self) -> str:
        """The id of the caller who writes."""
        return self.principal.caller_id or ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a unit of work answers with. `document` is the canonical document that the ETag names first, if one is."""

    body: bytes
    document: str | None = None
    status: int = 200
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    next_cursor: str | None = None
    kept_body: bytes | None = None
    """What is kept for a repeated request where the body itself must not be: a new key is shown once."""

    def created(self, location: str) -> Self:
        """The same reply as 201 Created, with the path of what was created."""
        return replace(self, status=201, location=location)

    @property
    def etag(self) -> str:
        """A strong validator of the body, whose first half names the canonical document alone.

        The body also holds what the document's ids stand for, so it changes when an outlet is renamed and the
        document does not. If-None-Match compares the whole, If-Match the first half.
        """
        whole = hashlib.blake2b(self.body, digest_size=8).hexdigest()
        return f'"{document_digest(self.document)}-{whole}"' if self.document is not None else f'"{whole}"'


def document_digest(document: str) -> str:
    """The half of an ETag that names a canonical document: 64 bits of its BLAKE2b hash."""
    return hashlib.blake2b(document.encode(), digest_size=8).hexdigest()


Work = Callable[[Unit], Reply]


@dataclass(frozen=True, slots=True)
class Reads:
    """Runs a function of a unit over one snapshot of the database and answers with its reply."""

    request: Request
    context: Context
    principal: Principal
    of_public_record: bool = False
    """Whether what is read is what the public may read, and not keys, say: a public reader's client may keep it."""

    def __call__(self, work: Work) -> Response:
        """The reply as a response, as `answer` makes it."""
        with self.context.database.reading() as session:
            unit = Unit(session, self.principal, self.context.clock(), self.context, Precondition(None))
            with looking_for_veils(session, unit.now):
                reply = work(unit)
        may_be_kept = self.of_public_record and self.principal.audience is Audience.PUBLIC
        return answer(self.request, reply, caching=_MAY_BE_KEPT if may_be_kept else NOT_STORED)


@dataclass(frozen=True, slots=True)
class Writes:
    """Runs a function of a unit in one transaction and answers once it is committed."""

    request: Request
    context: Context
    principal: Principal
    versioned: bool = True
    """Whether a change or removal must say in If-Match what it changes."""

    def __call__(self, work: Work) -> Response:
        """The reply as a response; the first one again for a repeated Idempotency-Key."""
        key = self.request.headers.get("idempotency-key")
        if self.request.method != "POST" or key is None:
            return _response(self._written(lambda session: work(self._unit(session))))
        return self._once(work, key)

    def and_then(self, work: Callable[[Unit], T], finish: Callable[[Context, T], Reply]) -> Response:
        """What `finish` makes, as a response, of what `work` returned, once that is committed.

        For what has to be done to the database outside a transaction and told in the reply. Not for POST: nothing is
        kept for a repeated request.
        """
        outcome = self._written(lambda session: work(self._unit(session)))
        return _response(finish(self.context, outcome))

    def _written(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, committed; raises WriteTooCostly where it is not done in time, and then nothing is."""
        database = self.context.database
        processor_seconds = database.write_processor_seconds
        with deadline.within(self._seconds_left(), WriteTooCostly, processor_seconds=processor_seconds):
            return database.write(work)

    def _seconds_left(self) -> float:
        """What the wait for its turn has left of a write's time, 0 for any; raises Overloaded where it left none."""
        seconds, begun = self.context.database.write_seconds, getattr(self.request.state, "write_begun", None)
        if not seconds or begun is None:
            return seconds
        left: float = seconds - (time.monotonic() - begun)
        if left <= 0:
            raise Overloaded
        return left

    def _unit(self, session: Session) -> Unit:
        creates = self.request.method == "PUT" and (joined(self.request.headers, "if-none-match") or "").strip() == "*"
        precondition = Precondition(joined(self.request.headers, "if-match"), creates)
        if self.versioned and self.request.method in {"PATCH", "PUT", "DELETE"}:
            precondition.require(self.request.method)
        return Unit(session, self.principal, self.context.clock(), self.context, precondition)

    def _once(self, work: Work, key: str) -> Response:
        if not 0 < len(key) <= MAX_KEY_LENGTH:
            raise invalid_parameter("Idempotency-Key", "wrong_form", f"Must have 1 to {MAX_KEY_LENGTH} characters.")
        holder, pepper = self.principal.caller_id or "", self.context.pepper
        key_digest = pepper.digest("idempotency-key", key.encode())
        request_digest = pepper.digest(
            "idempotent-request",
            self.request.method.encode(),
            self.request.scope["path"].encode(),
            self.request.state.body,
        )
        with self.context.in_flight_lock:
            if (holder, key_digest) in self.context.in_flight:
                raise InFlight
            self.context.in_flight.add((holder, key_digest))
        try:
            return self._written(lambda session: self._first_or_again(session, work, key_digest, request_digest))
        finally:
            with self.context.in_flight_lock:
                self.context.in_flight.discard((holder, key_digest))

    def _first_or_again(self, session: Session, work: Work, key_digest: str, request_digest: str) -> Response:
        unit = self._unit(session)
        queries.forget_replies(session, unit.now - REPLIES_KEPT_FOR, (unit.actor_id, key_digest))
        keeping = StoredReply(
            caller_id=unit.actor_id,
            key_digest=key_digest,
            request_digest=request_digest,
            status=NOT_ANSWERED,
            headers={},
            body="",
            created_at=unit.now,
        )
        # Reserved before the work, so that the same request in another process waits here and repeats the answer,
        # and does not find what this one has recorded in its way.
        if not queries.reserve_reply(session, keeping):
            return self._again(unit, queries.stored_reply(session, unit.actor_id, key_digest), request_digest)
        reply = work(unit)
        keeping.status, keeping.headers = reply.status, _headers(reply)
        keeping.body = (reply.kept_body or reply.body).decode()
        queries.fill_reply(session, keeping)
        return _response(reply)

    def _again(self, unit: Unit, kept: StoredReply, request_digest: str) -> Response:
        if kept.request_digest != request_digest:
            raise IdempotencyKeyReused
        if queries.names_hidden(unit.session, kept.body, unit.principal.audience, unit.now):
            raise Conflict("The first answer named what is hidden from you now. Read anew what you recorded.")
        headers = {**kept.headers, "Idempotency-Replayed": "true"}
        return Response(kept.body.encode(), kept.status, headers, JSON_MEDIA_TYPE)


_MAY_BE_KEPT: Final = {"Cache-Control": "private, no-cache"}
_VARYING: Final = {"Vary": "Authorization"}


def answer(request: Request, reply: Reply, *, caching: Mapping[str, str] = _MAY_BE_KEPT) -> Response:
    """The reply to a read as a response: a Link where a page follows, 304 where If-None-Match names its ETag.

    RFC 9110 §13.1.2, RFC 8288.
    """
    if request.method == "GET" and _names(joined(request.headers, "if-none-match"), reply.etag):
        return Response(status_code=304, headers={"ETag": reply.etag, **caching, **_VARYING})
    if reply.next_cursor is not None:
        # Not request.url, which is put together with the Host header and fails on some.
        path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
        link = next_link(path, query, reply.next_cursor)
        reply = replace(reply, headers={**reply.headers, "Link": link})
    return _response(replace(reply, headers={**caching, **reply.headers}))


def json_reply(value: Any, *, kept: Reply | None = None) -> Reply:
    """A reply with a JSON value that is no canonical document; of a repeated request, with `kept` instead."""
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    return Reply(body=body, kept_body=kept.body if kept is not None else None)


def _headers(reply: Reply) -> dict[str, str]:
    headers = {"ETag": reply.etag, **_VARYING, **reply.headers}
    if reply.location is not None:
        headers["Location"] = reply.location
    return headers


def _response(reply: Reply) -> Response:
    if reply.status == 204:
        return Response(status_code=204, headers=dict(_VARYING))
    return Response(reply.body, reply.status, _headers(reply), JSON_MEDIA_TYPE)


def _names(header: str | None, etag: str) -> bool:
    """Whether an If-None-Match header names the ETag, by weak comparison (RFC 9110 §8.8.3.2)."""
    if header is None:
        return False
    return header.strip() == "*" or etag in [tag.strip().removeprefix("W/") for tag in header.split(",")]
