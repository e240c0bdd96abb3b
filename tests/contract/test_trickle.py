"""Clients that dawdle, over real connections: whatever they trickle or leave out, the connection is cut in time.

All of them dawdle at once, and others are served meanwhile. The deadlines' finer points are held to in
`tests/kit/test_deadlines.py`, over a clock that the test sets.
"""

import math
import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from app import startup
from app.kit.db import Database
from app.settings import Settings
from tests.fixtures.api import make_key
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import running_server

CONNECTIONS: Final = 100
"""Eleven to an address and its key: six of them hold a place for a body, of which each may have a few."""
WAYS: Final = 11
A_SECOND: Final = 1.0
PATIENCE_S: Final = 40.0
PROMPT_S: Final = 5.0
"""Within this an ordinary request is answered beside them, on a machine that has other things to do."""

WHOLE: Final = b"GET /healthz HTTP/1.1\r\nHost: onrecord.test\r\n\r\n"
HEADER: Final = b"POST /v1/claims HTTP/1.1\r\nHost: onrecord.test\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True, slots=True)
class Dawdler:
    """What a client sends: the parts a second apart, then the last thing again and again; and what it is answered."""

    parts: tuple[bytes, ...]
    again: bytes
    answered: tuple[int, ...]


def dawdlers(key: str) -> dict[str, Dawdler]:
    """Every way to keep a connection open without asking for anything."""
    authorized = HEADER + f"Authorization: Bearer {key}\r\n".encode()
    with_body, chunked = authorized + b"Content-Length: 900\r\n\r\n", authorized + b"Transfer-Encoding: chunked\r\n\r\n"
    return {
        "nothing at all": Dawdler((), b"", ()),
        "a header": Dawdler((b"GET /v1/claims", b" HTTP/1.1\r\n"), b"a", (408,)),
        "a header without an end": Dawdler((HEADER,), b"", (408,)),
        "a body": Dawdler((with_body, b"{"), b" ", (408,)),
        "a body after half a header": Dawdler((with_body[:9], with_body[9:60], with_body[60:], b"{"), b" ", (408,)),
        "a body that is never sent": Dawdler((with_body,), b"", (408,)),
        "chunks": Dawdler((chunked,), b"1\r\n \r\n", (408,)),
        "a chunk": Dawdler((chunked, b"ff\r\n{"), b" ", (408,)),
        "a body behind its refusal": Dawdler((HEADER + b"Content-Length: 900\r\n\r\n",), b" ", (401,)),
        "a second header": Dawdler((WHOLE, b"GET /v1/claims"), b"a", (200, 408)),
        "empty lines": Dawdler((WHOLE,), b"\r\n", (200,)),
    }


@dataclass(frozen=True, slots=True)
class Cut:
    """How long a client held its connection, and what it had been answered when it was cut."""

    seconds: float
    received: bytes

    @property
    def statuses(self) -> tuple[int, ...]:
        return tuple(int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", self.received))


def dawdle(address: tuple[str, int], how: Dawdler, own: str) -> Cut:
    """Dawdles from its own address until the connection is cut, or for longer than any should be held."""
    started, received = time.monotonic(), b""
    with socket.create_connection(address, timeout=A_SECOND, source_address=(own, 0)) as connection:
        for part in chain(how.parts, repeat(how.again)):
            if time.monotonic() > started + PATIENCE_S:
                break
            try:
                connection.sendall(part)
                answer = connection.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not answer:
                break
            received += answer
    return Cut(time.monotonic() - started, received)


def all_at_once(address: tuple[str, int], hows: list[Dawdler], meanwhile: Callable[[], None]) -> list[Cut]:
    """How each was cut, in their order; `meanwhile` is called while all of them dawdle."""
    with ThreadPoolExecutor(len(hows)) as threads:
        dawdling = [
            threads.submit(dawdle, address, how, f"127.0.0.{number // WAYS + 2}") for number, how in enumerate(hows)
        ]
        meanwhile()
        return [each.result() for each in dawdling]


def test_what_trickles_is_cut(own_database: Database, tmp_path: Path, engine_name: str, prove: Prove) -> None:
    url = own_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=tmp_path, database_url=url))
    startup.migrate(context.database)
    count = max(WAYS, share(CONNECTIONS))
    key, *keys = (make_key(context) for _ in range(1 + math.ceil(count / WAYS)))
    context.database.dispose()
    ways = [way for each in keys for way in dawdlers(each).items()][:count]
    with running_server(tmp_path, url) as server:

        def serve_others() -> None:
            headers = {"Authorization": f"Bearer {key}"}
            for _ in range(5):
                response = httpx.get(f"{server.base_url}/v1/claims", headers=headers, timeout=PROMPT_S)
                assert response.status_code == 200

        address = (str(urlsplit(server.base_url).hostname), urlsplit(server.base_url).port or 0)
        cuts = all_at_once(address, [way for _, way in ways], serve_others)
    for (name, way), cut in zip(ways, cuts, strict=True):
        assert cut.statuses == way.answered, name
        assert (b'"code":"request_timeout"' in cut.received) == (408 in cut.statuses)
        assert (b"connection: close" in cut.received.lower()) == (408 in cut.statuses)
    figures = {"connections": len(cuts), "slowest, seconds": round(max(cut.seconds for cut in cuts), 1)}
    prove("trickle", engine_name, figures)
