"""Routes that let nobody in by default: each declares a scope, or that it is open, or the app does not start."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_origin

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from app.access.authentication import Caller, authenticate, note_use
from app.access.context import Context, context_of
from app.access.principals import PUBLIC_READER
from app.access.units import Reads, Writes
from app.kit.fields import joined
from app.kit.json_body import parse
from app.kit.problems import (
    FIELD_NAME,
    MAX_ERRORS,
    FieldError,
    Invalid,
    Overloaded,
    Problem,
    UnsupportedMediaType,
    problem_response,
    validated,
)
from app.models.vocabulary import Scope

MERGE_PATCH: Final = "application/merge-patch+json"
SLOW_BODY_S: Final = 0.5
"""Whose body or turn takes longer to come is looked at again then: the key may have been revoked meanwhile."""
AT_ONCE_BYTES: Final = 4096
"""Up to this length a body is made sense of on the event loop, which takes 5 ms at the worst."""
READ_MEDIA_TYPES: Final = {
    "POST": ("application/json",),
    "PUT": ("application/json",),
    "PATCH": (MERGE_PATCH, "application/json"),
}
ACCEPTED_IN: Final = {"POST": "Accept-Post", "PUT": "Accept", "PATCH": "Accept-Patch"}
"""The header that tells what a method reads: W3C LDP §7.1, RFC 9110 §12.5.1, RFC 5789 §3.1."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route asks of its caller; None opens it to everyone.

    The dependencies below are coroutines, or FastAPI would have each wait for a thread, health's too.
    """

    scope: Scope | None


@dataclass(frozen=True, slots=True)
class ReadsWith(Guard):
    """A dependency: the reads of a caller who holds the scope."""

    async def __call__(self, request: Request) -> Reads:
        """The reads of this request. Not by a thread, as of every guard: it would wait for one that is free."""
        return Reads(request, context_of(request), request.state.principal, self.scope is Scope.CLAIMS_READ)


@dataclass(frozen=True, slots=True)
class WritesWith(Guard):
    """A dependency: the writes of a caller who holds the scope."""

    versioned: bool = True

    async def __call__(self, request: Request) -> Writes:
        """The writes of this request."""
        return Writes(request, context_of(request), request.state.principal, self.versioned)


@dataclass(frozen=True, slots=True)
class Open(Guard):
    """A dependency that declares a route open: what it answers is the same for everyone."""

    scope: Scope | None = None

    async def __call__(self) -> None:
        """Does nothing; it stands for the decision."""


OPEN: Final = Depends(Open())

ClaimReads = Annotated[Reads, Depends(ReadsWith(Scope.CLAIMS_READ))]
InternalReads = Annotated[Reads, Depends(ReadsWith(Scope.INTERNAL_READ))]
RestrictedReads = Annotated[Reads, Depends(ReadsWith(Scope.RESTRICTED_READ))]
ClaimWrites = Annotated[Writes, Depends(WritesWith(Scope.CLAIMS_WRITE))]
AssessmentWrites = Annotated[Writes, Depends(WritesWith(Scope.CLAIMS_ASSESS))]
SourceWrites = Annotated[Writes, Depends(WritesWith(Scope.SOURCES_WRITE))]
KeyReads = Annotated[Reads, Depends(ReadsWith(Scope.KEYS_MANAGE))]
KeyWrites = Annotated[Writes, Depends(WritesWith(Scope.KEYS_MANAGE, versioned=False))]
AuditReads = Annotated[Reads, Depends(ReadsWith(Scope.AUDIT_READ))]
CustodianReads = Annotated[Reads, Depends(ReadsWith(Scope.IDENTITY_WRITE))]
IdentityWrites = Annotated[Writes, Depends(WritesWith(Scope.IDENTITY_WRITE))]
RecordedReads = Annotated[Writes, Depends(WritesWith(Scope.IDENTITY_READ, versioned=False))]
"""Reads that are answered once it is committed that they were made: to the database they are writes."""


class UnguardedRoute(Exception):
    """A route declares neither a scope nor that it is open."""

    def __init__(self, path: str) -> None:
        """Takes the route's path."""
        super().__init__(f"The route {path} declares no scope, so nobody knows who may call it.")
        self.path = path


class StrictRequest(Request):
    """A request whose body has been read, and made a value of its wire type, before FastAPI asks for either."""

    def fill(self, body: bytes, value: Any) -> None:
        """Takes the body and what is made of it."""
        self._body, self._value = body, value

    async def json(self) -> Any:
        """The body as its wire type."""
        return self._value


class GuardedRoute(APIRoute):
    """A route that knows its caller before it reads the body, and reads the body strictly."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the guard that the endpoint's dependencies declare."""
        model: Any = self.body_field.field_info.annotation if self.body_field is not None else None
        parameters = dict(_query_parameters(self.dependant))
        return _Handler(super().get_route_handler(), guard_of(self.dependant), parameters, model).answer


@dataclass(frozen=True, slots=True)
class _Handler:
    """What answers a route's requests: FastAPI's handler, and all that comes before it.

    The parameters tell of each whether it may be repeated; the model is None where no body is read.
    """

    handle: Callable[[Request], Coroutine[Any, Any, Response]]
    guard: Guard | None
    parameters: Mapping[str, bool]
    model: type[BaseModel] | None

    async def answer(self, request: Request) -> Response:
        """The answer to whoever may call; the use of its key is noted behind it."""
        strict, use = StrictRequest(request.scope, request.receive), None
        scope = self.guard.scope if self.guard is not None else None
        if scope is not None:
            caller = await _caller(strict, scope)
            strict.state.principal, use = caller.principal, caller.use
        if use is None:
            return await self._answer_caller(strict, scope)
        try:
            response = await self._answer_caller(strict, scope)
        except Problem as problem:
            response = problem_response(strict, problem)
        response.background = BackgroundTask(note_use, context_of(strict), use)
        return response

    async def _answer_caller(self, request: StrictRequest, scope: Scope | None) -> Response:
        if scope is not None:
            request.state.principal.require(scope)
        _check_parameters(request, self.parameters)
        begun = time.monotonic()
        if self.model is None:
            request.state.body = b""
            if (unread := getattr(request.state, "whole_body", None)) is not None:
                await unread.pass_over()
            await _look_again(request, scope, begun)
            return await self._handle(request, scope)
        caller_id = getattr(request.state, "principal", PUBLIC_READER).caller_id
        async with request.state.whole_body.whole(caller_id) as body:
            await _look_again(request, scope, begun)
            await _make_sense(request, body, self.model)
            return await self._handle(request, scope)

    async def _handle(self, request: StrictRequest, scope: Scope | None) -> Response:
        if not isinstance(self.guard, WritesWith):
            return await self.handle(request)
        request.state.write_begun = begun = time.monotonic()
        async with _turn_to_write(context_of(request)):
            await _look_again(request, scope, begun)
            return await self.handle(request)


def guarded_router(prefix: str, tag: str) -> APIRouter:
    """A router below /v1 whose routes are guarded."""
    return APIRouter(prefix=f"/v1{prefix}", tags=[tag], route_class=GuardedRoute)


def guard_of(dependant: Dependant) -> Guard | None:
    """The guard that an endpoint declares, itself or through what it depends on."""
    for needed in dependant.dependencies:
        call: object = needed.call
        if isinstance(call, Guard):
            return call
        inner = guard_of(needed)
        if inner is not None:
            return inner
    return None


def require_guards(app: FastAPI) -> None:
    """Raises UnguardedRoute if a route of the API declares neither a scope nor that it is open."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and (not isinstance(route, GuardedRoute) or guard_of(route.dependant) is None):
            raise UnguardedRoute(str(context.path))


def _query_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each query parameter's name, and whether it may be repeated."""
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from (
                (info.alias or name, get_origin(info.annotation) is list) for name, info in kind.model_fields.items()
            )
        else:
            yield field.alias, get_origin(kind) is list
    for needed in dependant.dependencies:
        yield from _query_parameters(needed)


def _check_parameters(request: Request, known: Mapping[str, bool]) -> None:
    """Refuses query parameters that the route does not have or has once, and NUL, which PostgreSQL cannot compare.

    `known` tells of each parameter whether it may be repeated: of two values of one that may not, either would be a
    guess.
    """
    errors = []
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, times in given.items():
        if name not in known:
            shown = name if FIELD_NAME.fullmatch(name) else "query"
            errors.append(FieldError("unknown_parameter", "There is no parameter of this name here.", parameter=shown))
        elif times > 1 and not known[name]:
            errors.append(FieldError("repeated", "This parameter can be given once.", parameter=name))
    values = [*request.query_params.multi_items(), *request.path_params.items()]
    errors += [
        FieldError("unstorable_character", "NUL cannot be stored.", parameter=name)
        for name, value in values
        if "\0" in str(value) and (name in known or name in request.path_params)
    ]
    if errors:
        raise Invalid(errors=errors[:MAX_ERRORS])


async def _caller(request: Request, scope: Scope) -> Caller:
    """Who calls; without a credential nothing is looked up, and so no thread needed."""
    if "authorization" not in request.headers:
        return authenticate(request, scope)
    return await run_in_threadpool(authenticate, request, scope)


async def _look_again(request: Request, scope: Scope | None, begun: float) -> None:
    """Looks at the caller's key again where its request has waited since then."""
    if scope is not None and time.monotonic() - begun > SLOW_BODY_S:
        request.state.principal = (await _caller(request, scope)).principal


@asynccontextmanager
async def _turn_to_write(context: Context) -> AsyncIterator[None]:
    """One of the turns to write; raises Overloaded where none comes in the time that a write has."""
    try:
        async with asyncio.timeout(context.database.write_seconds or None):
            await context.writing.acquire()
    except TimeoutError:
        raise Overloaded from None
    try:
        yield
    finally:
        context.writing.release()


async def _make_sense(request: StrictRequest, body: bytes, model: type[BaseModel]) -> None:
    """Gives the request its body and the value of it; off the event loop where that may take more than a moment."""
    request.state.body = body
    if not body:
        request.fill(body, None)
        return
    _check_media_type(request)
    if len(body) <= AT_ONCE_BYTES:
        request.fill(body, _value(body, model))
    else:
        request.fill(body, await run_in_threadpool(_value, body, model))


def _value(body: bytes, model: type[BaseModel]) -> BaseModel:
    return validated(model, parse(body))


def _check_media_type(request: Request) -> None:
    accepted = READ_MEDIA_TYPES[request.method]
    if (joined(request.headers, "content-encoding") or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body without a content coding.", headers={"Accept-Encoding": "identity"})
    media_type, *parameters = (each.strip().lower() for each in request.headers.get("content-type", "").split(";"))
    charsets = {each.removeprefix("charset=").strip('"') for each in parameters if each.startswith("charset=")}
    if media_type not in accepted or not charsets <= {"utf-8"}:
        headers = {ACCEPTED_IN[request.method]: ", ".join(accepted)}
        raise UnsupportedMediaType(f"Send {' or '.join(accepted)} in UTF-8.", headers=headers)
