"""A key that is revoked, that expires or that is rotated lets nobody in any more, whichever process is asked.

Two processes serve one database. Callers use a key in both without a pause until each refuses it, and what is measured
is how long the slower one takes, from before the revocation is sent or from the instant at which the key ends.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any, Final

import httpx
import pytest

from app import startup
from app.kit.db import Database
from app.settings import Settings
from tests.access.conftest import instant
from tests.fixtures.api import make_key
from tests.fixtures.committing import PATIENCE_S
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import Server, running_server

KEYS: Final = 20
PROCESSES: Final = 2
USED_FOR: Final = timedelta(seconds=2)
"""How long a key holds that is to expire while it is used; making it takes some of that."""
AGAIN: Final = 5
"""Tries after a refusal, all of which have to be refused as well."""


@dataclass(frozen=True)
class Service:
    """The running processes, and a key to them that makes others."""

    servers: Sequence[Server]
    key: str

    def request(self, number: int, method: str, path: str, **body: Any) -> Any:
        """The JSON that one of the processes answers a manager of keys with; None where there is none."""
        with client(self.servers[number % len(self.servers)], self.key) as manager:
            response = manager.request(method, path, json=body or None)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def make(self, number: int, **fields: Any) -> Any:
        """A new key, as answered."""
        return self.request(number, "POST", "/v1/keys", name="CMS", scopes=["claims:read", "keys:manage"], **fields)


@pytest.fixture
def service(own_database: Database, tmp_path: Path) -> Iterator[Service]:
    """Several processes over one database."""
    url = own_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=tmp_path, database_url=url))
    startup.migrate(context.database)
    key = make_key(context)
    context.database.dispose()
    with ExitStack() as running:
        servers = [running.enter_context(running_server(tmp_path, url)) for _ in range(PROCESSES)]
        yield Service(servers, key)


def client(server: Server, key: str) -> httpx.Client:
    return httpx.Client(
        base_url=server.base_url, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_S, trust_env=False
    )


def lets_in(caller: httpx.Client) -> bool:
    status = caller.get("/v1/claims", params={"limit": 1}).status_code
    assert status in {200, 401}
    return status == 200


def refused_at(server: Server, key: str, let_in: Event) -> float:
    """When the server first refused the key that it let in before; it has to refuse it from then on."""
    given_up_at = time.time() + PATIENCE_S
    with client(server, key) as caller:
        while lets_in(caller):
            let_in.set()
            assert time.time() < given_up_at
        at = time.time()
        assert let_in.is_set(), "it never held"
        assert not any(lets_in(caller) for _ in range(AGAIN))
    return at


class Used:
    """A key that is used in every process, without a pause, until each refuses it."""

    def __init__(self, service: Service, key: str) -> None:
        self._threads = ThreadPoolExecutor(len(service.servers))
        self._let_in = [Event() for _ in service.servers]
        self._refused = [
            self._threads.submit(refused_at, server, key, let_in)
            for server, let_in in zip(service.servers, self._let_in, strict=True)
        ]

    def wait_until_let_in(self) -> None:
        assert all(let_in.wait(PATIENCE_S) for let_in in self._let_in)

    def seconds_after(self, at: float) -> float:
        """How long after the instant the last process refused it."""
        last = max(refused.result(PATIENCE_S) for refused in self._refused)
        self._threads.shutdown()
        return last - at


def seconds_to_revoke(service: Service, number: int) -> float:
    """How long a key was let in anywhere after it was revoked through one of the processes."""
    made = service.make(number)
    used = Used(service, made["key"])
    used.wait_until_let_in()
    begun = time.time()
    service.request(number, "DELETE", f"/v1/keys/{made['id']}")
    return used.seconds_after(begun)


def seconds_to_expire(service: Service) -> float:
    """How long a key was let in anywhere after it expired; below zero would be too early."""
    ends = datetime.now(UTC) + USED_FOR
    used = Used(service, service.make(0, expires_at=instant(ends))["key"])
    used.wait_until_let_in()
    return used.seconds_after(ends.timestamp())


def seconds_to_rotate(service: Service) -> float:
    """How long a rotated key was let in anywhere after its end; its successor is let in everywhere all the while."""
    old = service.make(0)
    ends = datetime.now(UTC) + USED_FOR
    with client(service.servers[0], old["key"]) as itself:
        rotated = itself.post(f"/v1/keys/{old['id']}/rotate", json={"old_expires_at": instant(ends)})
    used = Used(service, old["key"])
    used.wait_until_let_in()
    seconds = used.seconds_after(ends.timestamp())
    for server in service.servers:
        with client(server, rotated.json()["key"]) as successor:
            assert lets_in(successor)
    return seconds


def test_a_key_that_ends_lets_nobody_in_any_more_in_any_process(
    service: Service, engine_name: str, prove: Prove
) -> None:
    ended = [seconds_to_expire(service), seconds_to_rotate(service)]
    assert min(ended) >= 0
    revoked = [seconds_to_revoke(service, number) for number in range(share(KEYS))]
    seconds = [*revoked, *ended]
    processes = {server.pid for server in service.servers}
    prove(
        "revocation",
        engine_name,
        {"keys": len(seconds), "processes": len(processes), "slowest, seconds": max(seconds)},
    )
