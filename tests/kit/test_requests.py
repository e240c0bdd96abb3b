"""The outermost layer: what is answered, and what is logged, when the app within does not answer as it should."""

import asyncio
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.problems import Unavailable
from app.kit.requests import RequestLayer
from tests.fixtures.asgi import Answer
from tests.fixtures.unwritable import UNWRITABLE, unwritable_log

SECRET = "Mark Felt"
HOST = (b"host", b"onrecord.test")


def answered(app: ASGIApp, *, method: str = "GET", headers: Any = ()) -> tuple[Answer | None, list[Any]]:
    """The layer's answer around that app, None if it sent none, and the lines that it logged."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": b"",
        "headers": [HOST, *headers],
        "state": {},
    }

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        anyio.run(RequestLayer(app, max_body_bytes=1024), scope, receive, send)
    if not sent:
        return None, lines
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), body), lines


async def fails(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError(SECRET)


async def fails_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError(SECRET)


async def is_unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    raise Unavailable


async def is_left_alone(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


async def tells_its_method(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["method"].encode()})


@pytest.mark.parametrize("how", UNWRITABLE)
def test_a_fault_is_a_problem_where_nothing_can_be_logged(how: str, tmp_path: Path) -> None:
    with unwritable_log(how, tmp_path):
        sent = asyncio.run(unlogged(fails))
    assert sent[0]["status"] == 500
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]


async def unlogged(app: ASGIApp) -> list[Any]:
    """What the layer sends around that app, with the log as it is."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    channel: Any = None
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [HOST], "state": {}}
    await RequestLayer(app, max_body_bytes=1024)(scope, channel, send)
    return sent


def test_a_fault_is_a_problem_that_says_nothing_and_a_line_that_says_where() -> None:
    answer, lines = answered(fails)
    assert answer is not None
    answer.problem(500, "internal_error")
    fault, line = lines
    assert (fault["event"], fault["kind"], fault["log_level"]) == ("unhandled_fault", "RuntimeError", "error")
    assert "test_requests.py:" in fault["where"]
    assert SECRET not in f"{answer}{lines}"
    assert line["instance"] == answer.json()["instance"]
    assert line["request_id"] == fault["request_id"] == answer.headers["x-request-id"]


async def reads_its_body(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body", False):
        pass
    await receive()
    await tells_its_method(scope, receive, send)


def answered_in_no_time(*messages: Any) -> Answer:
    """The answer where the body's time is over at once; what is not there by then, the client is waited for."""
    sent: list[Any] = []
    at_once = iter(messages)

    async def receive() -> Any:
        message = next(at_once, None)
        if message is None:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return message or {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [HOST], "state": {}}
    anyio.run(RequestLayer(reads_its_body, max_body_bytes=1024, body_seconds=-1), scope, receive, send)
    return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), sent[1]["body"])


@pytest.mark.parametrize("parts", [[], [b"{"], [b"{", b" "]])
def test_a_body_that_is_not_whole_in_time_is_answered_with_408(parts: list[bytes]) -> None:
    answer = answered_in_no_time(*({"type": "http.request", "body": part, "more_body": True} for part in parts))
    assert answer.problem(408, "request_timeout") == []
    assert answer.headers["connection"] == "close"


def test_once_the_body_is_whole_the_client_may_stay_as_long_as_it_likes() -> None:
    answer = answered_in_no_time({"type": "http.request", "body": b"{}", "more_body": False})
    assert (answer.status, answer.body) == (200, b"POST")


def test_a_fault_after_the_answer_has_begun_leaves_the_answer() -> None:
    answer, lines = answered(fails_late)
    assert answer is not None
    assert answer.status == 200
    assert [line["event"] for line in lines] == ["unhandled_fault", "answered"]


def test_a_problem_that_nobody_caught_is_answered() -> None:
    answer, lines = answered(is_unavailable)
    assert answer is not None
    answer.problem(503, "unavailable")
    assert [line["event"] for line in lines] == ["answered"]


def test_a_caller_who_left_is_no_fault() -> None:
    answer, lines = answered(is_left_alone)
    assert answer is None
    assert [(line["event"], line["status"]) for line in lines] == [("answered", None)]


def test_head_is_answered_as_get_and_logged_as_it_is() -> None:
    answer, lines = answered(tells_its_method, method="HEAD")
    assert answer is not None
    assert answer.body == b"GET"
    assert lines[0]["method"] == "HEAD"


def test_what_is_not_one_is_no_request_id_and_no_traceparent() -> None:
    trace = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    _, (line,) = answered(tells_its_method, headers=[(b"traceparent", trace), (b"x-request-id", b"try-1")])
    assert (line["traceparent"], line["request_id"]) == (trace.decode(), "try-1")
    headers = [(b"traceparent", SECRET.encode()), (b"x-request-id", SECRET.encode())]
    _, (line,) = answered(tells_its_method, headers=headers)
    assert line["traceparent"] is None
    assert SECRET not in str(line)
