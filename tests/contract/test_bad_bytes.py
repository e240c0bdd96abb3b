"""What a client can do to a real server's socket: bodies without end, and bytes that are no HTTP."""

import re
import selectors
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import orjson
import pytest
from starlette.datastructures import Headers

from app import startup
from app.access.context import Context
from app.kit.db import Database
from app.settings import Settings
from tests.fixtures.api import make_key
from tests.fixtures.asgi import check_problem
from tests.fixtures.server import Server, running_server

TIMEOUT_S: Final = 20
PART: Final = b"10000\r\n" + b" " * 65_536 + b"\r\n"
MOST_PARTS: Final = 1000
"""Sixty times what the service accepts."""
MOST_GROWTH_KIB: Final = 24 * 1024
"""Well below the 62 MiB that are sent; a server that has just begun takes a few for itself."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server on SQLite, which has no part in this, and a key to it."""
    data_dir = tmp_path_factory.mktemp("server")
    settings = Settings(data_dir=data_dir)
    context: Context = startup.open_context(settings)
    database: Database = context.database
    startup.migrate(database)
    key = make_key(context)
    database.dispose()
    with running_server(data_dir, settings.url) as running:
        yield running, key


def exchange(server: Server, *parts: bytes) -> tuple[int, Headers, bytes]:
    """The answer to these bytes, which are sent until it comes."""
    address = urlsplit(server.base_url)
    with socket.create_connection((address.hostname, address.port or 0), timeout=TIMEOUT_S) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass
        while (answer := _whole(received)) is None:
            more = connection.recv(65_536)
            assert more, received
            received += more
        return answer


def _whole(received: bytes) -> tuple[int, Headers, bytes] | None:
    head, ended, body = received.partition(b"\r\n\r\n")
    if not ended:
        return None
    status, *lines = head.split(b"\r\n")
    headers = Headers(
        raw=[(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    )
    return (int(status.split()[1]), headers, body) if len(body) >= int(headers["content-length"]) else None


def memory_kib(server: Server) -> int:
    """What the server's process holds in memory."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(server.pid)], capture_output=True, check=True)
    return int(shown.stdout)


def head(key: str, *more: str) -> bytes:
    lines = ("POST /v1/sources HTTP/1.1", "Host: x", f"Authorization: Bearer {key}", "Content-Type: application/json")
    return "\r\n".join([*lines, *more, "", ""]).encode()


def test_a_body_without_end_is_refused_and_takes_no_memory(server: tuple[Server, str]) -> None:
    running, key = server
    exchange(running, head(key, "Content-Length: 2"), b"{}")
    before = memory_kib(running)
    declared = exchange(running, head(key, f"Content-Length: {300 * 2**20}"))
    streamed = exchange(running, head(key, "Transfer-Encoding: chunked"), *[PART] * MOST_PARTS)
    without_key = exchange(running, head("none", "Transfer-Encoding: chunked"), *[PART] * MOST_PARTS)
    assert memory_kib(running) - before < MOST_GROWTH_KIB
    for status, headers, body in (declared, streamed):
        assert (status, check_problem(headers, body)["code"]) == (413, "content_too_large")
        assert headers["connection"] == "close"
    assert without_key[0] == 401
    assert exchange(running, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200


SHORT: Final = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
FLOOD_SECONDS: Final = 3


def flood(server: Server) -> int:
    """Sends requests without end for a while, as fast as they are taken; how many answers came meanwhile."""
    address, answers, ends_at = urlsplit(server.base_url), 0, time.monotonic() + FLOOD_SECONDS
    sent = SHORT * 10_000
    with (
        socket.create_connection((address.hostname, address.port or 0), timeout=TIMEOUT_S) as connection,
        selectors.DefaultSelector() as selector,
    ):
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        left = sent
        while time.monotonic() < ends_at:
            for _, ready in selector.select(1):
                if ready & selectors.EVENT_WRITE:
                    left = left[connection.send(left) :] or sent
                if ready & selectors.EVENT_READ:
                    answers += connection.recv(65_536).count(b"HTTP/1.1 404")
    return answers


def test_requests_without_end_take_no_memory_and_are_answered(server: tuple[Server, str]) -> None:
    running, _ = server
    exchange(running, SHORT)
    before = memory_kib(running)
    assert flood(running) > 100
    assert memory_kib(running) - before < MOST_GROWTH_KIB
    assert exchange(running, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200


def test_requests_sent_together_are_answered_in_their_order(server: tuple[Server, str]) -> None:
    address, count = urlsplit(server[0].base_url), 20
    sent = b"".join(b"GET /x HTTP/1.1\r\nHost: a\r\nX-Request-Id: id-%d.\r\n\r\n" % number for number in range(count))
    with socket.create_connection((address.hostname, address.port or 0), timeout=TIMEOUT_S) as connection:
        connection.sendall(sent)
        received = b""
        while received.count(b"x-request-id: ") < count:
            received += connection.recv(65_536)
    assert re.findall(rb"x-request-id: id-(\d+)\.", received) == [b"%d" % number for number in range(count)]


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"\x00\xff\xfe\r\n\r\n", {400}),
        (b"GET /v1/claims/\xff HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
        (b"GET /v1/claims\r\n HTTP/1.1\r\n\r\n", {400}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", {400}),
        (
            b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            {400},
        ),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
        (b"GET /v1/%E2%28%A1?%zz=%ff HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
        (b"GET /healthz?a=\x80 HTTP/1.1\r\nHost: x\r\n\r\n", {400, 422}),
        (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", {200, 400, 404}),
    ],
)
def test_bytes_that_are_no_http_are_refused(server: tuple[Server, str], sent: bytes, statuses: set[int]) -> None:
    running, _ = server
    status, headers, body = exchange(running, sent)
    assert status in statuses
    if headers["content-type"] == "application/problem+json":
        check_problem(headers, body)
    assert not re.search(rb"Traceback|File ", body)
    assert exchange(running, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")[2] == orjson.dumps({"status": "ok"})
