"""What costs most to read, of a ledger that is as large as the limits of writes let it be, asked of a real server.

Each question has the service to itself, so that its processes' clocks and the peak of its memory are those of the
question; in a full run it has a service of its own, since memory that was set free once is not taken anew. Then as many
as are answered at once are asked together, and the service's health beside them.
"""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx
from sqlalchemy import text
from sqlmodel import Session

from app.kit.db import Database
from app.main import create_app
from app.settings import Settings
from tests.contract.test_load import Connection, watching
from tests.contract.test_openapi import operations
from tests.fixtures.durable import migrated_with_key
from tests.fixtures.heavy import SHORT, WHOLE, Heavy, Question, Recorder, questions
from tests.fixtures.proofs import FULL, Prove
from tests.fixtures.server import Server, running_server

MOST_SECONDS: Final = 2.0
"""Of the processor, for one question."""
AT_ONCE: Final = Settings().max_in_flight
PATIENCE_S: Final = 120.0
TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")
BY_POST: Final = frozenset({"/v1/match", "/v1/documents/{document_id}/verify"})
NOT_FROM_THE_LEDGER: Final = frozenset({"/healthz", "/readyz", "/v1/sources/{source_id}/identity"})
"""Routes of which the ledger decides nothing, and one of a single row."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a question took, and what it was answered."""

    question: Question
    seconds: float
    memory_mib: float
    status: int


@contextmanager
def asking(server: Server, key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=PATIENCE_S) as client:
        yield client


def processor_seconds(pids: Sequence[int]) -> float:
    """What the processes have used of the processor until now."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(each[11]) + int(each[12]) for each in fields) / TICKS_A_SECOND


def memory_mib(pid: int, what: str) -> float:
    """`VmRSS`, what the process takes now, or `VmHWM`, the most since it was last forgotten."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def backends(database: Database) -> list[int]:
    """The processes of PostgreSQL that work for the database, on this machine; none of SQLite."""
    if database.is_sqlite:
        return []
    working = text(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'"
    )
    with database.reading() as session:
        found = session.connection().execute(working).scalars().all()
    return [pid for pid in found if Path(f"/proc/{pid}").exists()]


def ask(client: httpx.Client, question: Question) -> httpx.Response:
    body = {} if question.body is None else {"json": question.body}
    return client.request(question.method, question.path, params=list(question.params) or None, **body)


def cost(server: Server, client: httpx.Client, database: Database, question: Question) -> Cost:
    """What the question takes of a service that does nothing else."""
    client.get("/v1/claims", params={"limit": 1})
    pids = [server.pid, *backends(database)]
    forget_peak(server.pid)
    memory, seconds = memory_mib(server.pid, "VmRSS"), processor_seconds(pids)
    status = ask(client, question).status_code
    return Cost(question, processor_seconds(pids) - seconds, memory_mib(server.pid, "VmHWM") - memory, status)


def costs(url: str, key: str, data_dir: Path, database: Database, asked: Sequence[Question]) -> Iterator[Cost]:
    """What each takes, in a full run each of a service of its own."""
    for some in [[each] for each in asked] if FULL else [asked]:
        with running_server(data_dir, url) as server, asking(server, key) as client:
            yield from (cost(server, client, database, each) for each in some)


async def ask_all(server: Server, key: str, asked: Sequence[Question]) -> list[int]:
    """The statuses that the questions are answered with, asked all at once."""

    async def ask_one(question: Question) -> int:
        body = b"" if question.body is None else json.dumps(question.body).encode()
        async with Connection(server, key) as connection:
            target = f"{question.path}?{urlencode(question.params)}"
            return (await connection.ask(question.method, target, body))[0]

    return await asyncio.gather(*map(ask_one, asked))


def record(url: str, key: str, data_dir: Path) -> Heavy:
    with running_server(data_dir, url, write_seconds=0) as server, asking(server, key) as client:
        return Recorder(client, WHOLE if FULL else SHORT).record()


def test_no_question_costs_much(own_database: Database, tmp_path: Path, engine_name: str, prove: Prove) -> None:
    url = own_database.url.render_as_string(hide_password=False)
    key = migrated_with_key(tmp_path, url)
    asked = list(questions(record(url, key, tmp_path)))
    found = list(costs(url, key, tmp_path, own_database, asked))
    assert {each.question.path: each.status for each in found if each.status != 200} == {}
    costliest = sorted(found, key=lambda each: -each.seconds)[:8]
    with running_server(tmp_path, url) as server, watching(server) as seen:
        together = list(islice(cycle([each.question for each in costliest]), AT_ONCE))
        statuses = asyncio.run(ask_all(server, key, together))
    # So many at once can take longer than one may; then they are ended, and told so.
    assert set(statuses) <= {200, 503}
    assert (seen.unwell, seen.answers > 0) == ([], True)
    figures = {
        "questions": len(found),
        "at once": len(statuses),
        "most processor time of one, seconds": round(max(each.seconds for each in found), 2),
        "most memory of one, MiB": round(max(each.memory_mib for each in found), 1),
        "slowest health answer, seconds": round(seen.slowest, 2),
    }
    prove("costly-reads", engine_name, figures)


def test_every_route_that_reads_is_asked() -> None:
    names = "claim source outlet document attribution assessment relation relation key custodian"
    asked = {each.path for each in questions(Heavy(*(f"{{{name}_id}}" for name in names.split())))}
    described = create_app(Settings()).openapi()
    reading = {path for path, method, _ in operations(described) if method == "get"} | BY_POST
    assert reading - asked == NOT_FROM_THE_LEDGER


def test_no_question_needs_statistics(own_database: Database, tmp_path: Path) -> None:
    """After a bulk load there are none yet: each question costs as little then."""
    url = own_database.url.render_as_string(hide_password=False)
    key = migrated_with_key(tmp_path, url)
    if not own_database.is_sqlite:
        own_database.write(never_look_at_tables)
    with running_server(tmp_path, url, write_seconds=0) as server, asking(server, key) as client:
        heavy = Recorder(client, replace(WHOLE, claims=400) if FULL else replace(SHORT, claims=200)).record()
    own_database.write(forget_statistics)
    with running_server(tmp_path, url) as server, asking(server, key) as client:
        found = [cost(server, client, own_database, each) for each in questions(heavy)]
    own_database.write(forget_statistics)
    assert {each.question.path: each.status for each in found if each.status != 200} == {}
    assert {each.question.path: each.seconds for each in found if each.seconds > MOST_SECONDS} == {}


def never_look_at_tables(session: Session) -> None:
    """Has PostgreSQL leave the tables alone, which it looks at by itself a minute after they were written."""
    names = text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    for name in session.connection().execute(names).scalars().all():
        session.connection().execute(text(f'ALTER TABLE "{name}" SET (autovacuum_enabled = false)'))


def forget_statistics(session: Session) -> None:
    """Takes away what SQLite has; of PostgreSQL, makes sure that there are none."""
    if session.get_bind().dialect.name == "sqlite":
        if session.connection().execute(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")).first():
            session.connection().execute(text("DELETE FROM sqlite_stat1"))
        return
    known = text("SELECT count(*) FROM pg_stats WHERE schemaname = current_schema()")
    assert session.connection().execute(known).scalar_one() == 0
