"""One database behind two engines: snapshots to read from, and units of work that are retried whole.

SQLite runs with one writing connection, so that writers queue here and not in SQLite's busy handler; PostgreSQL
runs with a pool. Nothing of the domain is known here.
"""

import math
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from app.kit import deadline, sqlite
from app.kit.database_errors import sqlstate
from app.kit.private import OWNER_ONLY
from app.kit.problems import OutcomeUnknown, Overloaded, QueryTooCostly
from app.kit.refusals import Refusal

logger = structlog.get_logger(__name__)

T = TypeVar("T")

BUSY_TIMEOUT_MS: Final = 30_000
"""How long SQLite waits for another process's write lock before it gives up."""
LONGEST_NAP_S: Final = 0.01
"""How long a writer sleeps at the most before it tries for the write lock again. SQLite's own handler sleeps longer
each time, up to 100 ms: of eight processes that wrote for two minutes, the one that had waited longest came last, after
12 s."""
ATTEMPTS: Final = 6
"""Runs of one unit of work before its failure is final; with the backoff below, about three seconds."""
RETRYABLE_SQLSTATES: Final = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL, Appendix A: serialization_failure, deadlock_detected, lock_not_available."""
INTERRUPTED: Final = frozenset({"57014", "SQLITE_INTERRUPT"})
"""PostgreSQL, Appendix A: query_canceled, which a statement's timeout ends in; and what SQLite says instead."""
PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""Of every connection to SQLite. Without the last, what is deleted stays in the file until its place is taken."""
FIRST_NUMBER: Final = re.compile(r"\d+")
READ_ONLY: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""How PostgreSQL reads one consistent snapshot."""
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
    """The address names a database that is neither a file of SQLite nor PostgreSQL."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("The database is a file, sqlite:///, or a postgresql:// one: see ONRECORD_DATABASE_URL.")


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
        self.url = make_url(url)
        if self.url.get_backend_name() not in {"sqlite", "postgresql"}:
            raise UnsupportedDatabase
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.file = _file(self.url) if self.is_sqlite else None
        self._next_gathering = FIRST_GATHERING
        if self.is_sqlite:
            # One writer at a time: the others wait here, for no longer than a write may take.
            wait_s = write_seconds or BUSY_TIMEOUT_MS / 1000
            self._writers = _sqlite_engine(url, begin="BEGIN IMMEDIATE", pool_size=1, wait_s=wait_s)
            self._readers = _sqlite_engine(url, begin="BEGIN", pool_size=pool_size, query_only=True)
            self._reserve = _sqlite_engine(url, begin="BEGIN", pool_size=1, query_only=True)
        else:
            self._writers = _postgresql_engine(url, pool_size=pool_size, query_seconds=query_seconds)
            self._readers = self._writers.execution_options(**READ_ONLY)
            reserve = _postgresql_engine(url, pool_size=1, query_seconds=query_seconds)
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
                with Session(self._writers, autoflush=False) as session:
                    answer = work(session)
                    session.flush()
                    rows_written = self._rows_written_by(session)
                    deadline.check()
                    committing = True
                    _let_end(session)
                    session.commit()
            except PoolTimeout:
                if deadline.current() is None:
                    raise
                raise Overloaded from None  # it waited for the one writer all its time, and has not begun
            except DBAPIError as error:
                if committing and error.connection_invalidated:
                    raise OutcomeUnknown from None
                deadline.check()
                ending = deadline.current()
                # PostgreSQL counts whole milliseconds, so its timeout comes up to one before the deadline.
                if ending is not None and sqlstate(error) in INTERRUPTED:
                    raise ending.over from None
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
        user who does not own the table can keep them there, and then nothing fails. What lies in PostgreSQL's
        write-ahead log, in copies, and in the blocks that a file system has set free is out of reach.
        """
        try:
            if self.is_sqlite:
                return self._truncate_wal()
            return self._rewrite(table)
        except (DBAPIError, PoolTimeout, sqlite.driver.Error) as error:
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
            connection.exec_driver_sql(f"SET lock_timeout = {FORGET_WAIT_MS}")
            driver.add_notice_handler(note)
            try:
                connection.exec_driver_sql(f'VACUUM (FULL, VERBOSE) "{table}"')
            finally:
                driver.remove_notice_handler(note)
                connection.exec_driver_sql("RESET lock_timeout")
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


def _file(url: URL) -> Path:
    """The file of a SQLite database; raises UnsupportedDatabase for one in memory, or in a file that an URI names."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise UnsupportedDatabase
    return Path(url.database)


def ask_to_be_woken(session: Session) -> None:
    """Has `Database.after_write` called once what the session writes is committed."""
    session.info[WAKING] = True


def make_private_file(name: str) -> None:
    """Makes an empty file, an empty database to SQLite, for its owner alone; does nothing where there is one."""
    with suppress(FileExistsError):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


def is_retryable(error: DBAPIError) -> bool:
    """Whether a unit of work that ended so may succeed when it is run again."""
    state = sqlstate(error)
    if error.connection_invalidated or state in RETRYABLE_SQLSTATES:
        return True
    # Without a state the driver could not connect, as while the server that was there a moment ago starts again.
    return isinstance(error, OperationalError) and (state is None or state.startswith("SQLITE_BUSY"))


WATCHED: Final = "watched"
"""In a connection's `info`, the deadline that interrupts it."""


def _let_end(session: Session) -> None:
    """Has nothing interrupt the transaction any more: a commit is done, or it is not."""
    watched = session.connection().info.pop(WATCHED, None)
    if watched is not None:
        watched.interrupts(None)


def _sqlite_engine(
    url: str, *, begin: str, pool_size: int, query_only: bool = False, wait_s: float = BUSY_TIMEOUT_MS / 1000
) -> Engine:
    """An engine that writes, or one that only reads; the deadline of the request ends a statement of either."""
    engine = create_engine(
        url,
        module=sqlite.driver,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=wait_s,
        connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def close_to_others(_dialect: Any, _record: Any, arguments: list[Any], _keywords: Any) -> None:
        # SQLite makes a file that everyone may read, and its journal with the permissions of the file.
        make_private_file(arguments[0])

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite.driver.Connection, record: Any) -> None:
        # The driver's own transaction handling begins too late to hold a snapshot or a lock: `begin` does it.
        connection.isolation_level = None
        for pragma in (*PRAGMAS, f"query_only={query_only:d}"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        if query_only:
            connection.exec_driver_sql(begin)
        else:
            _begin_writing(connection, begin)

    _interrupt_in_time(engine)
    return engine


def _interrupt_in_time(engine: Engine) -> None:
    """Ends each transaction of SQLite by the deadline of its request, if it has one."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        watching = deadline.current()
        if watching is not None:
            connection.info[WATCHED] = watching
            driver: Any = connection.connection.driver_connection
            watching.interrupts(driver.interrupt)

    @event.listens_for(engine, "checkin")
    def stop(_connection: Any, record: Any) -> None:
        watched = record.info.pop(WATCHED, None)
        if watched is not None:
            watched.interrupts(None)

    @event.listens_for(engine, "before_cursor_execute")
    def look(*_arguments: Any) -> None:
        deadline.check()


def _begin_writing(connection: Connection, begin: str) -> None:
    """Begins a transaction with the write lock, tried for again after a short random while where another has it.

    Raises Overloaded where the request's time is over before that: it has not begun.
    """
    driver: Any = connection.connection.driver_connection
    ends_at = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            waiting = deadline.current()
            if waiting is not None and waiting.is_over:
                raise Overloaded
            if _begins(driver, begin) or time.monotonic() >= ends_at:
                break
            time.sleep(random.uniform(0, LONGEST_NAP_S))  # noqa: S311  # jitter, no secret
        if not driver.in_transaction:
            connection.exec_driver_sql(begin)
    finally:
        driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")


def _begins(driver: sqlite.driver.Connection, begin: str) -> bool:
    """False where another has the write lock; any other fault is for SQLAlchemy to find and to name."""
    try:
        driver.execute(begin)
    except sqlite.driver.OperationalError as error:
        return not error.sqlite_errorname.startswith("SQLITE_BUSY")
    return True


def _postgresql_engine(url: str, *, pool_size: int, query_seconds: float) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": f"-c timezone=UTC -c statement_timeout={query_seconds * 1000:.0f}"},
    )

    @event.listens_for(engine, "begin")
    def bound(connection: Connection) -> None:
        # Reads have the connection's own bound, and would pay for another with a round trip.
        writing = not connection.get_execution_options().get("postgresql_readonly")
        connection.info[ALLOWED] = query_seconds
        if writing:
            ending = deadline.current()
            connection.info[ALLOWED] = ending.left if ending is not None else 0
            connection.exec_driver_sql(_statement_timeout(connection.info[ALLOWED]))

    @event.listens_for(engine, "before_cursor_execute")
    def end_in_time(connection: Connection, cursor: Any, *_arguments: Any) -> None:
        deadline.check()
        ending = deadline.current()
        # As the time runs out statements get less of it, told anew each time that half of what they have is gone.
        if ending is not None and ending.left < (connection.info.get(ALLOWED) or math.inf) / 2:
            connection.info[ALLOWED] = ending.left
            cursor.execute(_statement_timeout(ending.left))

    return engine


ALLOWED: Final = "allowed"
"""In a connection's `info`, the seconds that PostgreSQL gives each statement of the transaction; 0 for any time."""


def _statement_timeout(seconds: float) -> str:
    """Bounds the statements of a transaction; by nothing for 0 seconds, and by a millisecond at the least else."""
    return f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000)) if seconds else 0}"
