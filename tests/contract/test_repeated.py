"""A request repeated with its Idempotency-Key has one effect: sent many times at once, or again after a crash.

It is sent to two real servers over one database, which share nothing but it and the secret.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Event
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text

from tests.factories import attribution_body, claim_body, document_body
from tests.fixtures.committing import PATIENCE_S
from tests.fixtures.durable import closing_database, migrated_with_key
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import Server, running_server

SERVERS: Final = 2
AT_ONCE: Final = 50
KEYS: Final = 20
"""Different keys, each sent so often at once, in a full run."""
CRASHES: Final = 10
AT_ONCE_IN_A_CRASH: Final = 4
"""Requests with one key that are on their way when the servers crash."""
MOST_AFTER_S: Final = 0.06
"""The servers crash so long after the requests are sent at the most, which is a few times as long as one takes."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends claims with their keys, each from a connection of its own, and keeps what is acknowledged."""

    data_dir: Path
    url: str
    key: str
    bodies: dict[str, set[bytes]] = field(default_factory=dict)
    """The different answers of a claim acknowledged, by its statement."""

    @contextmanager
    def serving(self) -> Iterator[Sequence[Server]]:
        """Servers that answer."""
        with ExitStack() as stack:
            yield [stack.enter_context(running_server(self.data_dir, self.url)) for _ in range(SERVERS)]

    @contextmanager
    def clients(self, servers: Sequence[Server], number: int) -> Iterator[Sequence[httpx.Client]]:
        """So many clients, with a connection each, of one server and the other in turn."""
        headers = {"Authorization": f"Bearer {self.key}"}
        with ExitStack() as stack:
            yield [
                stack.enter_context(
                    httpx.Client(
                        base_url=servers[each % SERVERS].base_url, headers=headers, timeout=PATIENCE_S, trust_env=False
                    )
                )
                for each in range(number)
            ]

    def send(self, client: httpx.Client, statement: str) -> int:
        """The status that the claim is answered with; it is the key of its request too."""
        response = client.post("/v1/claims", json=body(statement), headers={"Idempotency-Key": statement})
        if response.status_code == 201:
            self.bodies.setdefault(statement, set()).add(response.content)
        else:
            assert (response.status_code, response.json()["code"]) == (409, "idempotency_in_flight"), response.text
        return response.status_code

    def send_at_once(self, clients: Sequence[httpx.Client], statement: str) -> list[int]:
        """What each of the clients is answered, that all send it when all are ready."""
        ready = Barrier(len(clients))

        def one(client: httpx.Client) -> int:
            ready.wait(PATIENCE_S)
            return self.send(client, statement)

        with ThreadPoolExecutor(len(clients)) as threads:
            return list(threads.map(one, clients))

    def effects(self) -> dict[str, int]:
        """How many claims there are of each statement."""
        with closing_database(self.url) as database, database.reading() as session:
            counted = text("SELECT statement, count(*) FROM claim GROUP BY statement")
            return {row[0]: row[1] for row in session.connection().execute(counted)}


def body(statement: str) -> dict[str, Any]:
    """A claim whose document has an address, so that what the first records would be in the way of a second one."""
    number = statement.rpartition(" ")[2]
    return claim_body(
        statement=statement,
        attributions=[attribution_body(document=document_body(url=f"https://example.org/{number}"))],
    )


@pytest.fixture
def sender(data_dir: Path, durable_url: str) -> Sender:
    """Of claims to a database that is empty."""
    return Sender(data_dir, durable_url, migrated_with_key(data_dir, durable_url))


def test_a_key_sent_many_times_at_once_has_one_effect(sender: Sender, engine_name: str, prove: Prove) -> None:
    statements = [f"Claim {number}" for number in range(share(KEYS))]
    answered: dict[str, list[int]] = {}
    with sender.serving() as servers, sender.clients(servers, AT_ONCE) as clients:
        for statement in statements:
            answered[statement] = sender.send_at_once(clients, statement)
            assert sender.send(clients[0], statement) == sender.send(clients[1], statement) == 201
    assert {statement: len(bodies) for statement, bodies in sender.bodies.items()} == dict.fromkeys(statements, 1)
    assert all(201 in statuses for statuses in answered.values())
    effects = sender.effects()
    assert set(effects) == set(statements)
    at_once = min(map(len, answered.values()))
    prove("idempotency", engine_name, {"in parallel": at_once, "effects": max(effects.values())})


def crash_while_sending(sender: Sender, statement: str) -> None:
    """Sends it several times at once, to servers that are killed at a random moment, before or after they answer."""
    with sender.serving() as servers, sender.clients(servers, AT_ONCE_IN_A_CRASH) as clients:
        ready = Barrier(len(clients) + 1)

        def one(client: httpx.Client) -> None:
            ready.wait(PATIENCE_S)
            with suppress(httpx.TransportError):
                sender.send(client, statement)

        with ThreadPoolExecutor(len(clients)) as threads:
            sending = [threads.submit(one, client) for client in clients]
            ready.wait(PATIENCE_S)
            Event().wait(random.uniform(0, MOST_AFTER_S))
            for server in servers:
                server.kill()
            for each in sending:
                each.result(PATIENCE_S)


def test_a_key_sent_again_after_a_crash_has_one_effect(sender: Sender, engine_name: str, prove: Prove) -> None:
    statements = [f"Claim {number}" for number in range(share(CRASHES))]
    for statement in statements:
        crash_while_sending(sender, statement)
        with sender.serving() as servers, sender.clients(servers, SERVERS) as clients:
            assert [sender.send(client, statement) for client in clients] == [201] * SERVERS
    assert {statement: len(bodies) for statement, bodies in sender.bodies.items()} == dict.fromkeys(statements, 1)
    effects = sender.effects()
    assert set(effects) == set(statements)
    prove("idempotency", engine_name, {"crashes": len(statements), "effects after a crash": max(effects.values())})
