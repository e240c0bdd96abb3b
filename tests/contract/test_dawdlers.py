"""Callers who send a body or take an answer as slowly as they can keep no place from others."""

import asyncio
import json
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from app import startup
from app.kit.db import Database
from app.models.vocabulary import Scope
from app.settings import Settings
from tests.factories import document_body, source_body
from tests.fixtures.api import make_key
from tests.fixtures.beside import beside
from tests.fixtures.proofs import FULL, Prove
from tests.fixtures.server import Server, running_server

DAWDLERS: Final = 200
"""Of each kind: with keys from one address, and without a key, each from an address of its own."""
KEYS: Final = 40
"""Over which the dawdlers of one address are spread."""
TAKERS: Final = 20
"""Clients that ask for long answers, many at once, and take none of them."""
SECONDS: Final = 30 if FULL else 4
A_MOMENT_S: Final = 0.05
PATIENCE_S: Final = 30.0
BESIDE_OTHER_TESTS_S: Final = 4.0
"""What the slowest answer may take where other tests have the machine too; the promise is kept by a run of its own."""
LONG_TEXT: Final = "Nine workers left. " * 10_000
"""A text of 190 kB, which does not come in one packet."""


@dataclass
class Others:
    """What the callers who do nothing wrong were answered, and how long they waited."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: dict[str, float] = field(default_factory=dict)


class Caller:
    """Sends one request a connection from an address of this machine."""

    def __init__(self, server: Server) -> None:
        parts = urlsplit(server.base_url)
        self.address = str(parts.hostname), parts.port or 0

    @asynccontextmanager
    async def connected(self, own: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(*self.address, local_addr=(own, 0))
        try:
            yield reader, writer
        finally:
            writer.close()

    async def ask(self, method: str, path: str, key: str | None, body: Any = None) -> int:
        """The status of the answer."""
        content = json.dumps(body).encode() if body is not None else b""
        async with self.connected("127.0.0.1") as (reader, writer):
            writer.write(head(method, path, key, len(content)) + content)
            line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            assert rest
            return int(line.split()[1])

    async def dawdle(self, own: str, sent: bytes) -> None:
        """Sends what begins a request, then a byte a second for as long as it is let, again and again."""
        while True:
            with suppress(ConnectionError):
                async with self.connected(own) as (reader, writer):
                    writer.write(sent)
                    while not reader.at_eof():
                        writer.write(b" ")
                        await writer.drain()
                        with suppress(TimeoutError):
                            async with asyncio.timeout(1):
                                await reader.read(65_536)

    async def take_nothing(self, sent: bytes) -> None:
        """Asks for many answers at once and takes none, again and again."""
        while True:
            with socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.setblocking(False)
                await asyncio.get_running_loop().sock_connect(connection, self.address)
                with suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await asyncio.get_running_loop().sock_sendall(connection, sent * 20)
                        await asyncio.Event().wait()


def head(method: str, path: str, key: str | None, length: int) -> bytes:
    """A request's header."""
    lines = [f"{method} {path} HTTP/1.1", "Host: onrecord.test"]
    lines += [f"Authorization: Bearer {key}"] if key is not None else []
    lines += ["Content-Type: application/json", f"Content-Length: {length}"] if length else []
    return "\r\n".join([*lines, "", ""]).encode()


def questions(key: str) -> list[tuple[str, str, str | None, Any]]:
    """What callers who do nothing wrong ask: method, path, key and body."""
    return [
        ("GET", "/v1/claims", key, None),
        ("GET", "/v1/claims", None, None),
        ("POST", "/v1/match", key, {"text": "Nine workers left"}),
        ("POST", "/v1/match", None, {"text": "Nine workers left"}),
        ("POST", "/v1/sources", key, source_body()),
        ("POST", "/v1/documents", key, document_body(text=LONG_TEXT, url=None)),
    ]


async def ask_as_others_do(caller: Caller, key: str, seen: Others, numbers: "cycle[int]") -> None:
    """Asks one question after another for as long as the test lasts."""
    asked, until = questions(key), time.monotonic() + SECONDS
    while time.monotonic() < until:
        method, path, own, body = asked[next(numbers)]
        started = time.monotonic()
        seen.statuses[await caller.ask(method, path, own, body)] += 1
        name = f"{method} {path}"
        seen.slowest[name] = max(seen.slowest.get(name, 0), time.monotonic() - started)
        await asyncio.sleep(A_MOMENT_S)


async def asked_by_others(server: Server, key: str) -> Others:
    """What others were answered."""
    caller, seen, numbers = Caller(server), Others(), cycle(range(len(questions(key))))
    await asyncio.gather(*(ask_as_others_do(caller, key, seen, numbers) for _ in range(4)))
    return seen


async def dawdle_for_ever(server: Server, keys: list[str]) -> None:
    """All dawdlers at once."""
    caller = Caller(server)
    dawdling: list[Coroutine[Any, Any, None]] = [
        caller.dawdle("127.0.0.2", head("POST", "/v1/claims", each, 900) + b"{")
        for _, each in zip(range(DAWDLERS), cycle(keys), strict=False)
    ]
    dawdling += [
        caller.dawdle(f"127.0.1.{number + 1}", head("POST", "/v1/match", None, 900_000) + b"{" + b" " * 100_000)
        for number in range(DAWDLERS)
    ]
    dawdling += [caller.take_nothing(head("GET", "/openapi.json", None, 0)) for _ in range(TAKERS)]
    await asyncio.gather(*dawdling)


def test_dawdlers_keep_nobody_out(own_database: Database, tmp_path: Path, engine_name: str, prove: Prove) -> None:
    url = own_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=tmp_path, database_url=url))
    startup.migrate(context.database)
    key, *keys = (make_key(context, *([] if first else [Scope.CLAIMS_WRITE])) for first in [True, *[False] * KEYS])
    context.database.dispose()
    with running_server(tmp_path, url, public_read=True) as server:
        first = [asyncio.run(Caller(server).ask(*question)) for question in questions(key)]
        assert set(first) == {200, 201}
        with beside(dawdle_for_ever, server, keys):
            seen = asyncio.run(asked_by_others(server, key))
    slowest = max(seen.slowest.values())
    assert slowest <= BESIDE_OTHER_TESTS_S, seen
    figures = {
        "dawdlers of one address": DAWDLERS,
        "dawdlers without a key": DAWDLERS,
        "requests of others": seen.statuses.total(),
        "refused": seen.statuses.total() - seen.statuses[200] - seen.statuses[201],
    } | ({"slowest, seconds": round(slowest, 2)} if FULL else {})
    prove("places", engine_name, figures)
