"""Eight processes that write and read one database at once: none is told that it is locked, and nothing is lost.

Each is a real server with a client of its own. On SQLite the file must be whole in the end.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import Connection, text

from tests.factories import attribution_body, claim_body, document_body
from tests.fixtures.durable import closing_database, migrated_with_key
from tests.fixtures.proofs import Prove, share
from tests.fixtures.server import running_server

PROCESSES: Final = 8
SECONDS: Final = 120
"""How long they write, in a full run."""
PATIENCE_S: Final = 200.0
"""How long a client waits for an answer: longer than a unit of work may wait for the lock in all its attempts."""
SLOWEST_S: Final = 30.0
"""The longest that a write may take, among writers of which none may starve."""
PATCH_TYPE: Final = "application/merge-patch+json"


@dataclass
class Writer:
    """Writes and reads through one server, and keeps what it was told is written."""

    number: int
    client: httpx.Client
    written: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Statement and version of each claim acknowledged, by id."""
    writes: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """What else it was answered, and how often."""
    slowest_s: float = 0.0

    def run(self, deadline: float) -> None:
        """Writes claims, each changed once, and reads in between."""
        while time.monotonic() < deadline:
            claim = self._write("POST", "/v1/claims", self._body())
            if claim is None:
                continue
            read = self._ask("GET", f"/v1/claims/{claim['id']}")
            if read is not None:
                self._write("PATCH", f"/v1/claims/{claim['id']}", self._changed(), etag=read.headers["etag"])
            self._ask("GET", "/v1/claims?limit=5")

    def _body(self) -> dict[str, Any]:
        name = f"{self.number} {len(self.written)}"
        document = document_body(url=f"https://example.org/{self.number}/{len(self.written)}")
        return claim_body(statement=f"Claim {name}.", attributions=[attribution_body(document=document)])

    def _changed(self) -> dict[str, Any]:
        return {"statement": f"Changed {self.number} {len(self.written)}."}

    def _write(self, method: str, path: str, sent: dict[str, Any], *, etag: str | None = None) -> Any:
        """The claim that was written, or nothing where it was not."""
        headers = {"If-Match": etag, "Content-Type": PATCH_TYPE} if etag is not None else {}
        started = time.monotonic()
        response = self._ask(method, path, json=sent, headers=headers)
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        if response is None:
            return None
        claim = response.json()
        self.written[claim["id"]] = claim["statement"], claim["version"]
        self.writes += 1
        return claim

    def _ask(self, method: str, path: str, **sent: Any) -> httpx.Response | None:
        """The answer, unless it is a refusal, which is counted."""
        response = self.client.request(method, path, **sent)
        if response.is_success:
            return response
        self.refused[f"{response.status_code} {response.json()['code']}"] += 1
        return None


@contextmanager
def writers(data_dir: Path, url: str) -> Iterator[Sequence[Writer]]:
    """Writers, each with a server to itself, all over one database."""
    headers = {"Authorization": f"Bearer {migrated_with_key(data_dir, url)}"}
    with ExitStack() as stack:
        made = []
        for number in range(PROCESSES):
            server = stack.enter_context(running_server(data_dir, url))
            client = httpx.Client(base_url=server.base_url, headers=headers, timeout=PATIENCE_S, trust_env=False)
            made.append(Writer(number, stack.enter_context(client)))
        yield made


def stored(connection: Connection) -> dict[str, tuple[str, int]]:
    """Statement and number of versions of each claim that is there, by id."""
    rows = connection.execute(
        text(
            "SELECT claim.id, claim.statement, max(change.version) FROM claim"
            " JOIN change ON change.resource_id = claim.id GROUP BY claim.id, claim.statement"
        )
    )
    return {claim_id: (statement, version) for claim_id, statement, version in rows}


def test_processes_that_write_at_once_are_never_told_that_the_database_is_locked(
    data_dir: Path, durable_url: str, engine_name: str, prove: Prove
) -> None:
    with writers(data_dir, durable_url) as running, ThreadPoolExecutor(PROCESSES) as threads:
        started = time.monotonic()
        list(threads.map(Writer.run, running, [started + share(SECONDS)] * PROCESSES))
        seconds = time.monotonic() - started
    with closing_database(durable_url) as database, database.reading() as session:
        connection = session.connection()
        assert stored(connection) == {each: claim for writer in running for each, claim in writer.written.items()}
        if database.is_sqlite:
            assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]
    refused = sum((writer.refused for writer in running), Counter[str]())
    assert not refused
    assert max(writer.slowest_s for writer in running) < SLOWEST_S
    figures = {
        "processes": len(running),
        "seconds": seconds,
        "writes": sum(writer.writes for writer in running),
        "locked": refused.total(),
    }
    prove("processes", engine_name, figures)
