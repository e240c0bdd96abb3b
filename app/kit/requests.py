"""The outermost layer of a request: its id, its log line, the bounds on its body, the answer when all else fails."""

import asyncio
import re
import time
from typing import Final

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.fields import check_fields
from app.kit.ids import random_id
from app.kit.logs import where
from app.kit.metrics import count_answer, known_method
from app.kit.problems import ContentTooLarge, InternalError, Problem, RequestTimeout, problem_response

logger = structlog.get_logger("app.access_log")

REQUEST_ID: Final = re.compile(r"(?!onr_)[A-Za-z0-9._-]{1,64}")
"""It is logged, so what begins as a key of ours does is no request's id."""
TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
"""W3C Trace Context §3.2."""
MAX_DIGITS: Final = 20
"""Of a length that are looked at: as many are more than any bound, and thousands would not be read as a number."""
BODY_SECONDS: Final = 9.0
"""From the first look at a body to its end: the longest of 1 MiB needs a megabit a second."""


class RequestLayer:
    """Wraps the app: every answer bears a request id, every failure is a problem, no body is too long or too late.

    The log line has the route's template, not the path, and no query: both can name what must not be named. The
    exception's text and its traceback's values stay out of the log for the same reason.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, body_seconds: float = BODY_SECONDS) -> None:
        """Takes the app, the longest body, in bytes, and how long one may take to come in."""
        self.app = app
        self.max_body_bytes, self.body_seconds = max_body_bytes, body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method, scope = scope["method"], _as_get(scope)
        headers = Headers(scope=scope)
        own_id = random_id()
        request_id = _accepted(REQUEST_ID, headers.getlist("x-request-id")) or own_id
        # Callers may use one request id for several tries, so a problem's instance is made of ours (RFC 9562 §4).
        instance = f"urn:uuid:{own_id}"
        scope.setdefault("state", {}).update(request_id=request_id, instance=instance)
        exchange = _Exchange(
            receive, send, request_id, headers, max_bytes=self.max_body_bytes, seconds=self.body_seconds
        )
        started = time.perf_counter()
        with structlog.contextvars.bound_contextvars(
            request_id=request_id, traceparent=_accepted(TRACEPARENT, headers.getlist("traceparent"))
        ):
            await self._answer(scope, exchange)
            route = getattr(scope.get("route"), "path", None)
            seconds = time.perf_counter() - started
            count_answer(method, route, exchange.status, seconds)
            logger.info(
                "answered",
                method=known_method(method),
                route=route,
                status=exchange.status,
                ms=round(seconds * 1000, 1),
                **({"instance": instance} if exchange.status is not None and exchange.status >= 400 else {}),
            )

    async def _answer(self, scope: Scope, exchange: "_Exchange") -> None:
        problem: Problem
        try:
            check_fields(scope)
            await self.app(scope, exchange.receive, exchange.send)
            return
        except Problem as raised:
            problem = raised
        except ClientDisconnect:
            # Nobody is there to read an answer, and no fault of ours.
            return
        except Exception as error:  # noqa: BLE001  # the last resort: what nobody foresaw must be answered and logged
            logger.error("unhandled_fault", kind=type(error).__name__, where=where(error.__traceback__))
            problem = InternalError()
        if not exchange.started:
            response = problem_response(Request(scope), problem)
            await response(scope, exchange.receive, exchange.send)


def _as_get(scope: Scope) -> Scope:
    """The scope of the same request by GET for one by HEAD, which differs in the missing content alone.

    RFC 9110 §9.3.2; the server leaves the content out.
    """
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


class _Exchange:
    """One request's channels: the body counted as it comes in, the answer's status noted as it goes out."""

    def __init__(
        self, receive: Receive, send: Send, request_id: str, headers: Headers, *, max_bytes: int, seconds: float
    ) -> None:
        self._receive, self._send, self._request_id = receive, send, request_id
        self._max_body_bytes, self._seconds = max_bytes, seconds
        self._deadline: float | None = None
        """When the whole body must be there, by the loop's time; None before it is asked for."""
        self._is_whole = False
        declared = headers.get("content-length", "").lstrip("0")
        self._declared_bytes = int(declared[:MAX_DIGITS]) if declared.isdecimal() else 0
        self._received_bytes = 0
        self.status: int | None = None

    @property
    def started(self) -> bool:
        return self.status is not None

    async def receive(self) -> Message:
        message = await self._next_part() if self._declared_bytes <= self._max_body_bytes else self._too_large()
        self._received_bytes += len(message.get("body", b""))
        return message if self._received_bytes <= self._max_body_bytes else self._too_large()

    async def _next_part(self) -> Message:
        """A part of the body in time; once it is whole, whatever comes whenever it comes."""
        if self._is_whole:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise RequestTimeout(f"The request body was not whole within {self._seconds:g} seconds.") from None
        self._is_whole = not message.get("more_body", False)
        return message

    def _too_large(self) -> Message:
        raise ContentTooLarge(f"The body is longer than {self._max_body_bytes} bytes.", headers={"Connection": "close"})

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self._request_id
            headers["X-Content-Type-Options"] = "nosniff"
        await self._send(message)


def _accepted(pattern: re.Pattern[str], lines: list[str]) -> str | None:
    """The field's value where it is given once and has that form."""
    return lines[0] if len(lines) == 1 and pattern.fullmatch(lines[0]) else None
