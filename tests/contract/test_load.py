"""Ten times as many clients as the service answers at once, none of which waits when it is told to.

As many as it can take are all answered; of ten times as many it turns most away and does its work for the rest.
Half of the clients keep their connection, and half open a new one for each request.
Throughout, its health is asked for over connections of their own.
"""

import asyncio
import json
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from urllib.parse import urlsplit

from app import startup
from app.kit.db import Database
from app.settings import Settings
from tests.factories import claim_body
from tests.fixtures.api import make_key
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import Server, running_server

REQUESTS: Final = 20_000
CAPACITY: Final = Settings().max_in_flight
CLIENTS: Final = 10 * CAPACITY
WRITES: Final = 4
"""One request in so many is a write."""
PATIENCE_S: Final = 60.0
POLL_S: Final = 0.05
ORDINARY: Final = "/v1/claims?limit=20"
AS_BEFORE: Final = 3
"""The service is itself again when it takes at most so many times as long as before,"""
LEAST_S: Final = 0.1
"""and as long as this at the least: less than a machine with other work to do varies by."""
IN_A_ROW: Final = 5
TURNED_AWAY: Final = 503


@dataclass
class Sent:
    """What was sent and what came back."""

    key: str
    statuses: Counter[int] = field(default_factory=Counter)
    acknowledged: dict[str, Any] = field(default_factory=dict)
    """The claims that were acknowledged, by id, as they were answered."""
    faults: list[Any] = field(default_factory=list)
    numbers: int = 0

    def next_request(self) -> tuple[str, str, bytes]:
        """Method, target and body of one more request: a new claim, a page of claims or one claim."""
        self.numbers += 1
        if self.numbers % WRITES == 0:
            return "POST", "/v1/claims", json.dumps(claim_body(statement=f"Claim {self.numbers}.")).encode()
        if self.numbers % WRITES == 1 and self.acknowledged:
            return "GET", f"/v1/claims/{next(reversed(self.acknowledged))}", b""
        return "GET", ORDINARY, b""

    def note(self, method: str, status: int, headers: dict[str, str], body: bytes) -> None:
        """Keeps what was answered."""
        self.statuses[status] += 1
        if status == 201:
            claim = json.loads(body)
            self.acknowledged[claim["id"]] = claim
        elif status == TURNED_AWAY:
            if json.loads(body)["code"] != "overloaded" or headers.get("retry-after") != "1":
                self.faults.append((headers, body))
        elif status != 200:
            self.faults.append((method, status, body))


class Connection:
    """One client's connection. httpx takes longer for a request than the service does to turn it away."""

    def __init__(self, server: Server, key: str) -> None:
        self._address = (urlsplit(server.base_url).hostname, urlsplit(server.base_url).port)
        self._authorization = f"Authorization: Bearer {key}\r\n"

    async def __aenter__(self) -> "Connection":
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(
        self, method: str, target: str, body: bytes = b"", *, own: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of the answer."""
        content = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        head = f"{method} {target} HTTP/1.1\r\nHost: onrecord.test\r\n{self._authorization}{own}{content}\r\n"
        self._writer.write(head.encode() + body)
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
        received = await self._reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers, received


async def press(server: Server, sent: Sent, *, clients: int, requests: int) -> None:
    """Has so many clients send so many requests together, each the next one as soon as it is answered."""
    target = sent.numbers + requests

    async def ask_once(connection: Connection) -> None:
        method, path, body = sent.next_request()
        own = f"Idempotency-Key: {sent.numbers}\r\n" if body else ""
        sent.note(method, *await connection.ask(method, path, body, own=own))

    async def be_a_client(*, keeps_its_connection: bool) -> None:
        while sent.numbers < target:
            async with Connection(server, sent.key) as connection:
                await ask_once(connection)
                while keeps_its_connection and sent.numbers < target:
                    await ask_once(connection)

    async with asyncio.timeout(PATIENCE_S * 4):
        await asyncio.gather(*(be_a_client(keeps_its_connection=number % 2 == 0) for number in range(clients)))


async def lost(server: Server, sent: Sent) -> list[str]:
    """Which acknowledged claims are not there as they were answered."""
    async with Connection(server, sent.key) as connection:
        found = []
        for claim_id, claim in sent.acknowledged.items():
            status, _, body = await connection.ask("GET", f"/v1/claims/{claim_id}")
            if status != 200 or json.loads(body)["statement"] != claim["statement"]:
                found.append(claim_id)
        return found


async def time_taken(server: Server, key: str, times: int) -> list[float]:
    """Seconds that each of so many ordinary requests takes; as good as for ever where it is turned away."""
    taken = []
    async with Connection(server, key) as connection:
        for _ in range(times):
            started = time.monotonic()
            status, _, _ = await connection.ask("GET", ORDINARY)
            taken.append(time.monotonic() - started if status == 200 else PATIENCE_S)
    return taken


async def recovery(server: Server, key: str, before: float) -> float:
    """Seconds until ordinary requests take about as long as before."""
    started = time.monotonic()
    enough = max(AS_BEFORE * before, LEAST_S)
    while time.monotonic() < started + PATIENCE_S:
        begun = time.monotonic()
        if max(await time_taken(server, key, IN_A_ROW)) <= enough:
            return begun - started
    return PATIENCE_S


@dataclass
class Watched:
    """What was seen of the service from outside: how long its health took to tell, and how large it grew."""

    slowest: float = 0
    answers: int = 0
    unwell: list[tuple[str, int]] = field(default_factory=list)
    memory_mib: float = 0


def memory_mib(pid: int) -> float:
    """What the process takes of the machine's memory, in MiB."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024


@contextmanager
def watching(server: Server) -> Iterator[Watched]:
    """Asks for the service's health again and again until the block is left."""
    seen, over = Watched(), Event()
    address = urlsplit(server.base_url).netloc

    def watch() -> None:
        while not over.wait(POLL_S):
            for path in ("/healthz", "/readyz"):
                started = time.monotonic()
                connection = HTTPConnection(address, timeout=PATIENCE_S)
                connection.request("GET", path)
                status = connection.getresponse().status
                connection.close()
                seen.slowest = max(seen.slowest, time.monotonic() - started)
                seen.answers += 1
                if status != 200:
                    seen.unwell.append((path, status))
            seen.memory_mib = max(seen.memory_mib, memory_mib(server.pid))

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def prepared(own_database: Database, data_dir: Path) -> tuple[str, str]:
    """The address of the migrated database, and a key to what is served from it."""
    url = own_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=data_dir, database_url=url))
    startup.migrate(context.database)
    key = make_key(context)
    context.database.dispose()
    return url, key


def test_ten_times_the_capacity_is_survived(
    own_database: Database, tmp_path: Path, engine_name: str, prove: Prove
) -> None:
    url, key = prepared(own_database, tmp_path)
    taken, refused = Sent(key), Sent(key, numbers=1_000_000)
    with running_server(tmp_path, url) as server:
        asyncio.run(press(server, taken, clients=CAPACITY, requests=CAPACITY * 5))
        assert sorted(taken.statuses) == [200, 201]
        before = statistics.median(asyncio.run(time_taken(server, key, 20)))
        memory_before = memory_mib(server.pid)
        with watching(server) as seen:
            asyncio.run(press(server, refused, clients=CLIENTS, requests=share(REQUESTS)))
        recovered = asyncio.run(recovery(server, key, before))
        losses = [*asyncio.run(lost(server, taken)), *asyncio.run(lost(server, refused))]
        memory_after = max(seen.memory_mib, memory_mib(server.pid))
    assert (taken.faults, refused.faults, seen.unwell) == ([], [], [])
    assert seen.answers > 0
    assert refused.statuses[201] > 0
    figures = {
        "requests": refused.statuses.total(),
        "turned away": refused.statuses[TURNED_AWAY],
        "acknowledged writes lost": len(losses),
        "growth of memory, MiB": round(memory_after - memory_before),
        "slowest health answer, seconds": round(seen.slowest, 2),
        "recovery, seconds": round(recovered, 1),
    }
    prove("load", engine_name, figures)
