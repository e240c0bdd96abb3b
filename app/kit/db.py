"""One database behind two engines: snapshots to read from, and units of work that are retried whole.

SQLite runs with one writing connection, so that writers queue here and not in SQLite's busy handler; PostgreSQL
runs with a pool. Nothing of the domain is known here.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from app.kit import deadline, sqlite
from app.kit.database_errors import sqlstate
from app.kit.engines import BUSY_TIMEOUT_MS, READ_ONLY, let_end, postgresql_engine, sqlite_engine
from app.kit.problems import OutcomeUnknown, Overloaded, QueryTooCostly, WriteTooCostly
from app.kit.refusals import Refusal

logger = structlog.get_logger(__name__)

T = TypeVar("T")

ATTEMPTS: Final = 6
"""Runs of one unit of work before its failure is final; with the backoff below, about three seconds."""
RETRYABLE_SQLSTATES: Final = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL, Appendix A: serialization_failure, deadlock_detected, lock_not_available."""
DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"})
"""How an address may begin: without a driver it has that one too."""
INTERRUPTED: Final = frozenset({"57014", "SQLITE_INTERRUPT"})
"""PostgreSQL, Appendix A: query_canceled, which a statement's timeout ends in; and what SQLite says instead."""
FIRST_NUMBER: Final = re.compile(r"\d+")
SAMPLED_ROWS: Final = 1000
"""Rows of each index that SQLite looks at for its statistics; at a million claims that takes a third of a second."""
FORGET_WAIT_MS: Final = 2_000
"""How long what is deleted waits for readers before it is left where it is: other writers wait meanwhile."""
FIRST_GATHERING: Final = 1000
"""Rows written after which the statistics are gathered again, and then each time there are four times as many."""
SMALL: Final = 1000
"""Rows of a table below which its statistics are forgotten again. SQLite takes a table without any for a large one, and
one that had a row when it was looked at for one that still has: counting 3,000 claims then took a second."""
FORGET_SMALL: Final = "DELETE FROM sqlite_stat1 WHERE CAST(stat AS INTEGER) < :small"
WAKING: Final = "wakes what follows writes"
"""The mark on a session whose commit something else waits for."""


class UnsupportedDatabase(Refusal):
    """The address names a database that is neither a file of SQLite nor PostgreSQL, or cannot be read.

    Nothing of the address is told: where it cannot be read, any part of it can be one of the password.
    """

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "The database is a file, sqlite:///, or a postgresql:// one: see ONRECORD_DATABASE_URL. In its password "
            "write @ as %40, : as %3A and / as %2F."
        )


class BrokenReferences(Exception):
    """After tables were changed, a row refers to one that is not there."""


class Database:
    """The connections of one process to its database, and the two ways to use them: `reading` and `write`.

    `after_write` is called after each commit of a session that asked for it by `ask_to_be_woken`.
    """

    after_write: Callable[[], None] = staticmethod(lambda: None)

    query_seconds: float = 0
    processor_seconds: float = 0
    write_seconds: float = 0
    write_processor_seconds: float = 0
    """For whoever writes for a caller to bound it by: commands have all the time they need."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        query_seconds: float = 0,
        processor_seconds: float = 0,
        write_seconds: float = 0,
        write_processor_seconds: float = 0,
    ) -> None:
        """Prepares the pools; connects to nothing yet. Of the bounds, in seconds, 0 is none."""
        self.query_seconds, self.processor_seconds = query_seconds, processor_seconds
        self.write_seconds, self.write_processor_seconds = write_seconds, write_processor_seconds
        self.url = _url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.file = _file(self.url) if self.is_sqlite else None
        self._next_gathering, self._writing = FIRST_GATHERING, Lock()
        try:
            self._make_engines(url, pool_size)
        except (TypeError, ValueError, ArgumentError):  # an option behind the `?` that the driver cannot read
            raise UnsupportedDatabase from None

    def _make_engines(self, url: str, pool_size: int) -> None:
        if self.is_sqlite:
            self._writers = sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1)
            self._readers = sqlite_engine(url, begin="BEGIN", pool_size=pool_size, query_only=True)
            self._reserve = sqlite_engine(url, begin="BEGIN", pool_size=1, query_only=True)
        else:
            self._writers = postgresql_engine(url, pool_size=pool_size, query_seconds=self.query_seconds)
            self._readers = self._writers.execution_options(**READ_ONLY)
            reserve = postgresql_engine(url, pool_size=1, query_seconds=self.query_seconds)
            self._reserve = reserve.execution_options(**READ_ONLY)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one consistent snapshot; what is written in it is thrown away.

        Raises QueryTooCostly when all that is done with it takes too long, in Python too.
        """
        with self._ending_in_time(), Session(self._readers, autoflush=False) as session:
            yield session

    @contextmanager
    def reading_in_reserve(self) -> Iterator[Session]:
        """The same over a connection kept for this, which waits for no other: for one thread at a time."""
        with self._ending_in_time(), Session(self._reserve, autoflush=False) as session:
            yield session

    @contextmanager
    def _ending_in_time(self) -> Iterator[None]:
        """Raises QueryTooCostly for what takes too long, ended by the database or not."""
        with deadline.within(self.query_seconds, QueryTooCostly, processor_seconds=self.processor_seconds):
            try:
                yield
            except DBAPIError as error:
                if sqlstate(error) in INTERRUPTED:
                    raise QueryTooCostly from None
                deadline.check()
                raise

    def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, once what it wrote is committed.

        `work` gets a session inside a transaction and must do nothing that cannot be done twice: on a serialization
        failure, a deadlock or a dropped connection it is run again from the start, at most `ATTEMPTS` times. Raises
        OutcomeUnknown when the connection drops during the commit itself, since it may have succeeded, and what the
        deadline of the request raises, if it has one: then nothing is written.
        """
        for attempt in range(1, ATTEMPTS + 1):
            committing = False
            try:
                with self._turn(), Session(self._writers, autoflush=False) as session:
                    answer = work(session)
                    session.flush()
                    rows_written = self._rows_written_by(session)
                    deadline.check()
                    committing = True
                    let_end(session)
                    session.commit()
            except PoolTimeout:
                if deadline.current() is None:
                    raise
                raise Overloaded from None  # it waited for the one writer all its time, and has not begun
            except DBAPIError as error:
                _raise_what_is_final(error, committing=committing)
                if attempt == ATTEMPTS or not is_retryable(error):
                    raise
                logger.warning("unit_of_work_retried", attempt=attempt, sqlstate=sqlstate(error))
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311  # jitter, no secret
            else:
                with deadline.apart():
                    self._count_rows(rows_written)
                if WAKING in session.info:
                    self.after_write()
                return answer
        raise AssertionError("unreachable: the last attempt returns or raises")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """The one writer's turn, on SQLite; raises PoolTimeout where it does not come while the request has time."""
        if not self.is_sqlite:
            yield
            return
        ending = deadline.current()
        wait_s = BUSY_TIMEOUT_MS / 1000 if ending is None else max(ending.left, 0)
        if not self._writing.acquire(timeout=wait_s):
            raise PoolTimeout
        try:
            yield
        finally:
            self._writing.release()

    def gather_statistics(self) -> None:
        """Has SQLite count what its planner chooses by; PostgreSQL does so by itself.

        Without any, finding the claims of one unit took 2.7 s at a million claims, with them 16 ms. Those of a few rows
        serve nearly as well, so they need not be fresh, unless the table is small; and where they cannot be had nothing
        fails, least of all a write that is committed already.
        """
        if not self.is_sqlite:
            return
        try:
            with self._writers.begin() as connection:
                connection.exec_driver_sql(f"PRAGMA analysis_limit={SAMPLED_ROWS}")
                connection.exec_driver_sql("ANALYZE")
                connection.execute(text(FORGET_SMALL), {"small": SMALL})
                connection.exec_driver_sql("ANALYZE sqlite_schema")  # has this connection read what there is now
        except (DBAPIError, PoolTimeout) as error:
            logger.warning("statistics_not_gathered", sqlstate=sqlstate(error))
        # A connection knows the statistics that there were when it was opened.
        self._readers.dispose()

    def forget_deleted(self, table: str) -> bool:
        """Has the database's own files overwritten where rows of the table were that are deleted or changed.

        For after the commit. Answers whether they are gone for certain: another's snapshot, a lock that is held, or a
        user who does not own the table can keep them there, and so can a PostgreSQL that takes longer than a write may;
        then nothing fails. What lies in PostgreSQL's write-ahead log, in copies, and in the blocks that a file system
        has set free is out of reach.
        """
        try:
            if self.is_sqlite:
                return self._truncate_wal()
            with deadline.within(self.write_seconds, WriteTooCostly):
                return self._rewrite(table)
        except (DBAPIError, PoolTimeout, sqlite.driver.Error, WriteTooCostly) as error:
            logger.warning("deleted_rows_left", sqlstate=sqlstate(error))
            return False

    def _truncate_wal(self) -> bool:
        """Moves what is in the write-ahead log into the file, where `secure_delete` has zeroed what was deleted."""
        connection = self._writers.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={FORGET_WAIT_MS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                found = cursor.fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        finally:
            connection.close()
        return found is not None and found[0] == 0

    def _rewrite(self, table: str) -> bool:
        """Writes the table into a new file: plain VACUUM sets the rows' space free and leaves the bytes in it."""
        details: list[str | None] = []

        def note(diagnostic: Any) -> None:
            details.append(diagnostic.message_detail)

        with self._writers.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            driver: Any = connection.connection.driver_connection
            try:
                connection.exec_driver_sql(f"SET lock_timeout = {FORGET_WAIT_MS}")
                connection.exec_driver_sql(f"SET statement_timeout = {self.write_seconds * 1000:.0f}")
                driver.add_notice_handler(note)
                connection.exec_driver_sql(f'VACUUM (FULL, VERBOSE) "{table}"')
            finally:
                connection.invalidate()  # closes it, and what was set ends with it: a lost one cannot be set back
        # Its detail begins with how many dead rows it had to carry along, for a snapshot older than their deletion. A
        # user who may not do this gets a notice without.
        carried = [found[0] for detail in details if (found := FIRST_NUMBER.search(detail or "")) is not None]
        return carried != [] and set(carried) == {"0"}

    def _rows_written_by(self, session: Session) -> int:
        """How many rows the writing connection has written in its life; 0 where nobody needs to know."""
        if not self.is_sqlite:
            return 0
        driver: Any = session.connection().connection.driver_connection
        return int(driver.total_changes)

    def _count_rows(self, written: int) -> None:
        if written >= self._next_gathering:
            self._next_gathering = 4 * written
            self.gather_statistics()

    @contextmanager
    def altering(self) -> Iterator[Connection]:
        """A connection in one transaction, for what changes tables.

        On SQLite foreign keys are checked at its end, and not before: most of a table is changed only by making another
        in its place, and the first is gone meanwhile. Raises BrokenReferences where a row refers to nothing at the end.
        """
        with self._writers.connect() as connection:
            if not self.is_sqlite:
                with connection.begin():
                    yield connection
                return
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                        raise BrokenReferences
            finally:
                driver.execute("PRAGMA foreign_keys=ON")

    def engine(self) -> Engine:
        """The engine that writes, for what tests do beside the service."""
        return self._writers

    def dispose(self) -> None:
        """Closes every pooled connection."""
        self._reserve.dispose()
        self._readers.dispose()
        self._writers.dispose()


class SharedConnectionDatabase(Database):
    """A database over one open connection, each unit a savepoint in it: tests roll the whole back at their end."""

    def __init__(self, connection: Connection) -> None:
        """Takes a connection whose transaction has begun; the caller ends it."""
        self.url = connection.engine.url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.file = _file(self.url) if self.is_sqlite else None
        self._connection = connection

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session inside the shared transaction."""
        with (
            self._ending_in_time(),
            Session(self._connection, autoflush=False, join_transaction_mode="create_savepoint") as session,
        ):
            yield session

    @contextmanager
    def reading_in_reserve(self) -> Iterator[Session]:
        """The same: there is but one connection."""
        with self.reading() as session:
            yield session

    def write(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, its writes kept in a savepoint; nothing is retried."""
        with Session(self._connection, autoflush=False, join_transaction_mode="create_savepoint") as session:
            answer = work(session)
            session.commit()
        if WAKING in session.info:
            self.after_write()
        return answer

    def gather_statistics(self) -> None:
        """Does nothing: there is little in it."""

    def forget_deleted(self, table: str) -> bool:
        """False: nothing is committed here, so nothing is gone."""
        return False

    def dispose(self) -> None:
        """Does nothing: the connection is the caller's."""


def _url(given: str) -> URL:
    try:
        url = make_url(given)
    except (ArgumentError, ValueError):
        raise UnsupportedDatabase from None
    if url.drivername not in DRIVERS:
        raise UnsupportedDatabase
    return url


def _file(url: URL) -> Path:
    """The file of a SQLite database; raises UnsupportedDatabase for one in memory, or in a file that an URI names."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UnsupportedDatabase
    return Path(url.database)


def ask_to_be_woken(session: Session) -> None:
    """Has `Database.after_write` called once what the session writes is committed."""
    session.info[WAKING] = True


def _raise_what_is_final(error: DBAPIError, *, committing: bool) -> None:
    """Raises OutcomeUnknown where the connection dropped in the commit, and the deadline's problem once it is over."""
    if committing and error.connection_invalidated:
        raise OutcomeUnknown from None
    deadline.check()
    ending = deadline.current()
    # PostgreSQL counts whole milliseconds, so its timeout comes up to one before the deadline.
    if ending is not None and sqlstate(error) in INTERRUPTED:
        raise ending.over from None


def is_retryable(error: DBAPIError) -> bool:
    """Whether a unit of work that ended so may succeed when it is run again."""
    state = sqlstate(error)
    if error.connection_invalidated or state in RETRYABLE_SQLSTATES:
        return True
    # Without a state the driver could not connect, as while the server that was there a moment ago starts again.
    return isinstance(error, OperationalError) and (state is None or state.startswith("SQLITE_BUSY"))
