"""Whatever moment the server is killed at, what it acknowledged is there, whole and once, and nothing is there by half.

Each round starts a server on what the one before left, checks that, repeats what was not acknowledged with the same
Idempotency-Key, sends new claims from several clients at once, and kills the server at a random moment.
"""

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text

from app.cli import verify
from app.models import Assessment, Attribution, Claim, Document, Hop, Source
from tests.factories import assessment_body, attribution_body, claim_body, document_body
from tests.fixtures.committing import PATIENCE_S, eventually
from tests.fixtures.durable import closing_database, migrated_with_key
from tests.fixtures.postgres import DSN_VARIABLE, running_postgres
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import Server, running_server

KILLS: Final = 50
"""In a full run."""
HASTY_KILLS: Final = 20
"""Rounds in which a server that answers too early is found out; mostly the first does."""
CLIENTS: Final = 4
MOST_ANSWERED: Final = 6
"""A burst is cut off at random after fewer acknowledged claims than this,"""
MOST_AFTER_S: Final = 0.03
"""and at the most so long after that: somewhere in the work on the next ones."""
ONE_OF_EACH: Final = (Claim, Attribution, Hop, Assessment, Source, Document)
"""What each claim that is sent brings one of, itself among them."""


@dataclass
class Sent:
    """The claims that were sent, by number, and the answers to those that were acknowledged."""

    key: str
    numbers: Iterator[int] = field(default_factory=count)
    sent: set[int] = field(default_factory=set)
    acknowledged: dict[int, Any] = field(default_factory=dict)
    unchecked: list[int] = field(default_factory=list)

    def client(self, server: Server) -> httpx.Client:
        """A client with the key."""
        return httpx.Client(
            base_url=server.base_url, headers={"Authorization": f"Bearer {self.key}"}, timeout=PATIENCE_S
        )

    def post(self, client: httpx.Client, number: int) -> None:
        """Sends the claim of that number, as if for the first time; raises TransportError where the server is gone."""
        self.sent.add(number)
        response = client.post("/v1/claims", json=body(number), headers={"Idempotency-Key": str(number)})
        if response.status_code != 503:
            assert response.status_code == 201, response.text
            self.acknowledged[number] = response.json()
            self.unchecked.append(number)

    def lost(self, client: httpx.Client) -> list[int]:
        """Which claims acknowledged since the last check are not there as they were."""
        checked, self.unchecked = self.unchecked, []
        return [number for number in checked if not self._is_there(client, number)]

    def _is_there(self, client: httpx.Client, number: int) -> bool:
        claim = self.acknowledged[number]
        response = client.get(f"/v1/claims/{claim['id']}")
        return response.status_code == 200 and response.json() == claim

    def repeat(self, client: httpx.Client) -> None:
        """Sends once more what was not acknowledged."""
        for number in sorted(self.sent - set(self.acknowledged)):
            self.post(client, number)
        assert self.sent == set(self.acknowledged)

    def burst(self, server: Server, over: Event) -> None:
        """Sends new claims until the server is gone or it is over."""
        with self.client(server) as client, suppress(httpx.TransportError):
            while not over.is_set():
                self.post(client, next(self.numbers))


def statement(number: int) -> str:
    return f"Claim {number}."


def body(number: int) -> dict[str, Any]:
    """A claim that brings one of everything along, and contradicts none of the others."""
    return claim_body(
        statement=statement(number),
        topics=["a", "b"],
        quantities=[{"best": str(number), "unit": "worker", "part_of": statement(number)}],
        attributions=[attribution_body(document=document_body(url=f"https://example.org/{number}"))],
        assessment=assessment_body(evidence=[{"relation": "context", "url": "https://example.org/"}]),
    )


Start = Callable[[], AbstractContextManager[Server]]


@contextmanager
def bursting(sent: Sent, server: Server) -> Iterator[None]:
    """Clients send claims until a random moment, when the block is entered; they have ended when it is left."""
    over = Event()
    sent_before, enough = len(sent.sent), len(sent.acknowledged) + random.randrange(MOST_ANSWERED)
    with ThreadPoolExecutor(CLIENTS) as threads:
        clients = [threads.submit(sent.burst, server, over) for _ in range(CLIENTS)]
        try:
            assert eventually(lambda: len(sent.sent) > sent_before and len(sent.acknowledged) >= enough)
            over.wait(random.uniform(0, MOST_AFTER_S))
            yield
        finally:
            over.set()
        for client in clients:
            client.result(PATIENCE_S)


def lost_in_a_round(sent: Sent, start: Start) -> list[int]:
    """One round; which of the claims acknowledged in the round before it were lost."""
    with start() as server:
        with sent.client(server) as client:
            lost = sent.lost(client)
            sent.repeat(client)
        with bursting(sent, server):
            server.kill()
    return lost


def check_the_whole(sent: Sent, start: Start, url: str) -> None:
    """Everything that was ever sent is there once, and nothing else."""
    with start() as server, sent.client(server) as client:
        sent.repeat(client)
        sent.unchecked = list(sent.acknowledged)
        assert sent.lost(client) == []
    with closing_database(url) as database, database.reading() as session:
        connection = session.connection()
        assert sorted(connection.scalars(text("SELECT statement FROM claim"))) == sorted(map(statement, sent.sent))
        for table in ONE_OF_EACH:
            assert connection.scalar(text(f"SELECT count(*) FROM {table.__tablename__}")) == len(sent.sent)
        changes = connection.execute(
            text("SELECT kind, version, action, count(DISTINCT resource_id) FROM change GROUP BY 1, 2, 3")
        )
        made = {tuple(each) for each in changes if each.kind != "key"}
        assert made == {(kind, 1, "created", len(sent.sent)) for kind in ("claim", "document", "source")}
        assert list(verify.differences(session)) == []


def prepared(data_dir: Path, url: str) -> Sent:
    """Nothing sent yet, to a migrated database, and a key to it."""
    return Sent(migrated_with_key(data_dir, url))


def test_no_acknowledged_claim_is_lost_when_the_server_is_killed(
    data_dir: Path, durable_url: str, engine_name: str, prove: Prove
) -> None:
    sent = prepared(data_dir, durable_url)
    start = partial(running_server, data_dir, durable_url)
    lost = [lost_in_a_round(sent, start) for _ in range(share(KILLS))]
    assert not any(lost)
    check_the_whole(sent, start, durable_url)
    assert len(sent.sent) > len(lost)
    prove("kills", engine_name, {"kills": len(lost), "acknowledged writes lost": sum(map(len, lost))})


def test_a_server_that_acknowledges_before_it_commits_is_found_out(data_dir: Path, durable_url: str) -> None:
    sent = prepared(data_dir, durable_url)
    start = partial(running_server, data_dir, durable_url, hasty=True)
    assert any(lost_in_a_round(sent, start) for _ in range(HASTY_KILLS))


@pytest.mark.skipif(DSN_VARIABLE in os.environ, reason="the server is not ours to kill")
def test_no_acknowledged_claim_is_lost_when_the_database_is_killed(data_dir: Path) -> None:
    directory = data_dir / "postgres"
    with running_postgres(directory, durable=True) as url:
        sent = prepared(data_dir, url)
        with running_server(data_dir, url) as server, bursting(sent, server):
            os.kill(int((directory / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with started_again(directory):
        check_the_whole(sent, partial(running_server, data_dir, url), url)


@contextmanager
def started_again(directory: Path) -> Iterator[None]:
    """PostgreSQL on the data in the directory, once what is left of one that was killed is gone."""
    with ExitStack() as stack:

        def starts() -> bool:
            try:
                stack.enter_context(running_postgres(directory, durable=True))
            except RuntimeError:
                return False
            return True

        assert eventually(starts)
        yield
