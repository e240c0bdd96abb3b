"""One caller who asks as much as it can keeps nobody else out, and nobody else waiting."""

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest

from app.kit.db import Database
from tests.contract.test_dawdlers import Caller, head
from tests.factories import claim_body, document_body
from tests.fixtures.beside import beside
from tests.fixtures.durable import migrated_with_key
from tests.fixtures.proofs import FULL
from tests.fixtures.server import Server, running_server

CONNECTIONS: Final = 200
OWN_ADDRESS: Final = "127.0.0.1"
"""Where others ask from. Of bodies that come in an address has a share; of places those of one key have."""
SECONDS: Final = 20 if FULL else 4
A_MOMENT_S: Final = 0.1
CLAIMS: Final = 200
SLOWEST_S: Final = 1.0 if FULL else 4.0
"""What the slowest read of others may take; less strict where other tests have the machine too."""
SLOWEST_LARGE_S: Final = 2.0 if FULL else 4.0
"""What the slowest large body of others may take: one of somebody else's is in work beside it."""
WORDS: Final = ["".join(random.Random(number).choices("abcdefgilmnoprstuv", k=6)) for number in range(2_000)]
SLOW: Final = urlencode({"limit": 200, "include_total": "true", "q": " OR ".join(WORDS[:32])})
A_TEXT: Final = "Nine workers left. " * 1_100
"""A text of 20 kB."""


@dataclass
class Seen:
    """What others were answered, and how long the slowest took, in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0


def long_claim(number: int) -> dict[str, Any]:
    return claim_body(statement=" ".join(random.Random(number).choices(WORDS, k=300)))


def large_batch() -> dict[str, Any]:
    return {"claims": [long_claim(number) for number in range(100)]}


async def ask_again_and_again(server: Server, address: str, sent: bytes) -> None:
    """Sends the request over so many connections of that address, again as soon as it is answered, for ever."""
    caller = Caller(server)

    async def ask() -> None:
        while True:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                async with caller.connected(address) as (reader, writer):
                    writer.write(sent)
                    await reader.read()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))


async def asked_by_others(server: Server, method: str, path: str, key: str | None, body: Any = None) -> Seen:
    """What somebody else is answered meanwhile, who asks one thing after another."""
    caller, seen, until = Caller(server), Seen(), time.monotonic() + SECONDS
    while time.monotonic() < until:
        started = time.monotonic()
        seen.statuses[await caller.ask(method, path, key, body)] += 1
        seen.slowest = max(seen.slowest, time.monotonic() - started)
        await asyncio.sleep(A_MOMENT_S)
    return seen


@pytest.fixture
def prepared(own_database: Database, tmp_path: Path) -> tuple[str, str, str]:
    """The address of a database with long claims, and two keys to it."""
    url = own_database.url.render_as_string(hide_password=False)
    key = migrated_with_key(tmp_path, url)
    with running_server(tmp_path, url, write_seconds=0) as server:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=server.base_url, headers=headers, timeout=60) as client:
            for _ in range(CLAIMS // 100):
                client.post("/v1/claims/batch", json=large_batch()).raise_for_status()
            scopes = ["claims:read", "claims:write", "sources:write"]
            other = client.post("/v1/keys", json={"name": "other", "scopes": scopes}).raise_for_status().json()["key"]
    return url, key, other


def closing(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    """A request after which the connection is closed."""
    return head(method, path, key, len(body)).replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + body


def test_slow_questions_of_one_key_keep_nobody_else_waiting(prepared: tuple[str, str, str], tmp_path: Path) -> None:
    url, key, other = prepared
    with running_server(tmp_path, url) as server:
        sent = closing("GET", f"/v1/claims?{SLOW}", key)
        with beside(ask_again_and_again, server, OWN_ADDRESS, sent):
            seen = asyncio.run(asked_by_others(server, "GET", "/v1/claims?limit=3", other))
    assert seen.statuses.keys() == {200}, seen
    assert seen.slowest <= SLOWEST_S, seen


def test_large_bodies_of_one_key_keep_nobody_elses_waiting(prepared: tuple[str, str, str], tmp_path: Path) -> None:
    url, key, other = prepared
    with running_server(tmp_path, url) as server:
        sent = closing("POST", "/v1/claims/batch", key, json.dumps(large_batch()).encode())
        with beside(ask_again_and_again, server, "127.0.0.2", sent):
            document = document_body(text=A_TEXT)
            seen = asyncio.run(asked_by_others(server, "POST", "/v1/documents", other, document))
    assert seen.statuses.keys() == {201}, seen
    assert seen.slowest <= SLOWEST_LARGE_S, seen
