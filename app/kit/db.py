"""One database behind two engines: snapshots to read from, and units of work that are retried whole.

SQLite runs with one writing connection, so that writers queue here and not in SQLite's busy handler; PostgreSQL
runs with a pool. Nothing of the domain is known here.
"""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from app.kit.problems import OutcomeUnknown

logger = structlog.get_logger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 30_000
"""How long SQLite waits for another process's write lock before it gives up."""
ATTEMPTS: Final = 6
"""Runs of one unit of work before its failure is final; with the backoff below, about three seconds."""
RETRYABLE_SQLSTATES: Final = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL, Appendix A: serialization_failure, deadlock_detected, lock_not_available."""
WAL_RESET_FIXED: Final = (3, 51, 3)
"""SQLite before this can lose committed pages when several connections write or checkpoint one WAL file."""


SAMPLED_ROWS: Final = 1000
"""Rows of each index that SQLite looks at for its statistics; at a million claims that takes a third of a second."""
FIRST_GATHERING: Final = 1000
"""Commits after which the statistics are gathered again, and then each time there are four times as many."""


class UnsupportedDatabase(Exception):
    """The address names a database that is neither SQLite nor PostgreSQL."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("The database is a sqlite:/// or a postgresql:// one: see ONRECORD_DATABASE_URL.")


class Database:
    """The connections of one process to its database, and the two ways to use them: `reading` and `write`."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Prepares the pools; connects to nothing yet."""
        self.url = make_url(url)
        if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise UnsupportedDatabase
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._commits, self._next_gathering = 0, FIRST_GATHERING
        if self.is_sqlite:
            self._writers = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._readers = _sqlite_engine(url, begin="BEGIN", pool_size=pool_size, query_only=True)
        else:
            self._writers = _postgresql_engine(url, pool_size=pool_size)
            self._readers = self._writers.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one consistent snapshot; what is written in it is thrown away."""
        with Session(self._readers, autoflush=False) as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, once what it wrote is committed.

        `work` gets a session inside a transaction and must do nothing that cannot be done twice: on a serialization
        failure, a deadlock or a dropped connection it is run again from the start, at most `ATTEMPTS` times. Raises
        OutcomeUnknown when the connection drops during the commit itself, since it may have succeeded.
        """
        for attempt in range(1, ATTEMPTS + 1):
            committing = False
            try:
                with Session(self._writers, autoflush=False) as session:
                    answer = work(session)
                    session.flush()
                    committing = True
                    session.commit()
            except DBAPIError as error:
                if committing and error.connection_invalidated:
                    raise OutcomeUnknown from None
                if attempt == ATTEMPTS or not _is_retryable(error):
                    raise
                logger.warning("unit_of_work_retried", attempt=attempt, sqlstate=sqlstate(error))
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # jitter, no secret
            else:
                self._count_commit()
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    def gather_statistics(self) -> None:
        """Has SQLite count what its planner chooses by; PostgreSQL does so by itself.

        Without any, finding the claims of one unit took 2.7 s at a million claims, with them 16 ms. Those of a few rows
        serve nearly as well, so they need not be fresh; and where they cannot be had nothing fails, least of all a
        write that is committed already.
        """
        if not self.is_sqlite:
            return
        try:
            with self._writers.begin() as connection:
                connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLED_ROWS}")
                connection.exec_driver_sql("ANALYZE")
        except DBAPIError as error:
            logger.warning("statistics_not_gathered", sqlstate=sqlstate(error))

    def _count_commit(self) -> None:
        self._commits += 1
        if self._commits >= self._next_gathering:
            self._next_gathering *= 4
            self.gather_statistics()

    def engine(self) -> Engine:
        """The engine that writes, for migrations."""
        return self._writers

    def dispose(self) -> None:
        """Closes every pooled connection."""
        self._readers.dispose()
        self._writers.dispose()


class SharedConnectionDatabase(Database):
    """A database over one open connection, each unit a savepoint in it: tests roll the whole back at their end."""

    def __init__(self, connection: Connection) -> None:
        """Takes a connection whose transaction has begun; the caller ends it."""
        self.url = connection.engine.url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session inside the shared transaction."""
        with Session(self._connection, autoflush=False, join_transaction_mode="create_savepoint") as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, its writes kept in a savepoint; nothing is retried."""
        with Session(self._connection, autoflush=False, join_transaction_mode="create_savepoint") as session:
            answer = work(session)
            session.commit()
            return answer

    def gather_statistics(self) -> None:
        """Does nothing: there is little in it."""

    def dispose(self) -> None:
        """Does nothing: the connection is the caller's."""


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a driver's error, or SQLite's symbolic error name; None where it has neither."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)


def has_wal_reset_bug() -> bool:
    """Whether this SQLite has the bug that makes a second writing process unsafe (mended in 3.51.3)."""
    return sqlite3.sqlite_version_info < WAL_RESET_FIXED


def _is_retryable(error: DBAPIError) -> bool:
    state = sqlstate(error)
    if error.connection_invalidated or state in RETRYABLE_SQLSTATES:
        return True
    # Without a state the driver could not connect, as while the server that was there a moment ago starts again.
    return isinstance(error, OperationalError) and (state is None or state.startswith("SQLITE_BUSY"))


def _sqlite_engine(url: str, *, begin: str, pool_size: int, query_only: bool = False) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver's own transaction handling begins too late to hold a snapshot or a lock: `begin` does it.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"query_only={query_only:d}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: str, *, pool_size: int) -> Engine:
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC"},
    )
