"""A PostgreSQL whose processes stand still, as on a host that is frozen: nobody waits for it for long."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, event, text
from sqlmodel import Session

from app.kit import deadline, engines
from app.kit.db import Database
from app.kit.problems import QueryTooCostly, WriteTooCostly
from tests.fixtures.postgres import DSN_VARIABLE, running_postgres

SECONDS: Final = 0.5
LONGEST_S: Final = 10.0
"""Well below what a thread would wait without an end; a new connection is made meanwhile."""


@pytest.fixture
def database(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of a server that the test has to itself, with little time for reads."""
    if DSN_VARIABLE in os.environ:
        pytest.skip("Only a server of the test's own may be stopped.")
    monkeypatch.setattr(engines, "SILENT_S", 0.3)
    with running_postgres(data_dir / "postgres") as dsn:
        database = Database(dsn, pool_size=1, query_seconds=SECONDS)
        yield database
        database.dispose()


def process_of(session: Session) -> int:
    return int(session.connection().scalar(text("SELECT pg_backend_pid()")) or 0)


def ask(session: Session) -> None:
    session.connection().execute(text("SELECT 1"))


def spin(_session: Session) -> None:
    while True:
        deadline.check()


@contextmanager
def frozen(process: int) -> Iterator[None]:
    """Stops the server's process; fails where what is done meanwhile takes long."""
    started = time.monotonic()
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
    assert time.monotonic() - started < LONGEST_S


@pytest.mark.parametrize("work", [ask, spin])
def test_a_read_ends(database: Database, work: Callable[[Session], None]) -> None:
    def read(until_closed: ExitStack) -> None:
        with database.reading() as session:
            until_closed.enter_context(frozen(process_of(session)))
            work(session)

    with ExitStack() as until_closed, pytest.raises(QueryTooCostly):
        read(until_closed)
    with database.reading() as session:
        ask(session)


@pytest.mark.parametrize("work", [ask, spin])
def test_a_write_ends_and_is_not_tried_again(database: Database, work: Callable[[Session], None]) -> None:
    tries = []

    def write(session: Session) -> None:
        tries.append(1)
        until_closed.enter_context(frozen(process_of(session)))
        work(session)

    with ExitStack() as until_closed, pytest.raises(WriteTooCostly), deadline.within(SECONDS, WriteTooCostly):
        database.write(write)
    assert len(tries) == 1
    database.write(ask)


def test_a_connection_that_froze_in_the_pool_is_not_waited_for(database: Database) -> None:
    with database.reading() as session:
        process = process_of(session)
    with frozen(process), pytest.raises(QueryTooCostly), database.reading() as session:
        ask(session)
    with database.reading() as session:
        assert process_of(session) != process


@pytest.mark.parametrize("until", ["SET lock_timeout", "VACUUM"])
def test_what_is_deleted_is_left_where_it_is(database: Database, until: str) -> None:
    """Before the first statement or before the last."""
    database.write(lambda session: session.connection().execute(text("CREATE TABLE kept (n INTEGER)")))
    database.write_seconds = SECONDS
    with ExitStack() as until_closed:

        @event.listens_for(database.engine(), "before_cursor_execute")
        def freeze(connection: Connection, _cursor: Any, statement: str, *_others: Any) -> None:
            if statement.startswith(until):
                driver: Any = connection.connection.driver_connection
                until_closed.enter_context(frozen(driver.info.backend_pid))

        assert not database.forget_deleted("kept")
    event.remove(database.engine(), "before_cursor_execute", freeze)
    assert database.forget_deleted("kept")
    with database.engine().connect() as connection:
        assert connection.scalar(text("SHOW lock_timeout")) == "0"
