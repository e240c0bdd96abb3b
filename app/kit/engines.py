"""How each engine connects and begins, and how a statement is ended when the time of its request is over."""

import math
import os
import random
import socket
import time
from contextlib import suppress
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import Session

from app.kit import deadline, sqlite
from app.kit.private import OWNER_ONLY
from app.kit.problems import Overloaded

BUSY_TIMEOUT_MS: Final = 30_000
"""How long SQLite waits for another process's write lock before it gives up."""
LONGEST_NAP_S: Final = 0.01
"""How long a writer sleeps at the most before it tries for the write lock again. SQLite's own handler sleeps longer
each time, up to 100 ms: of eight processes that wrote for two minutes, the one that had waited longest came last, after
12 s."""
PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
"""Of every connection to SQLite. Without the last, what is deleted stays in the file until its place is taken."""
READ_ONLY: Final[dict[str, Any]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""How PostgreSQL reads one consistent snapshot."""


def make_private_file(name: str) -> None:
    """Makes an empty file, an empty database to SQLite, for its owner alone; does nothing where there is one."""
    with suppress(FileExistsError):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))


WATCHED: Final = "watched"
"""In a connection's `info`, the deadline that interrupts it."""


def let_end(session: Session) -> None:
    """Has nothing interrupt the transaction any more: a commit is done, or it is not."""
    watched = session.connection().info.pop(WATCHED, None)
    if watched is not None:
        watched.interrupts(None)


def sqlite_engine(url: str, *, begin: str, pool_size: int, query_only: bool = False) -> Engine:
    """An engine that writes, or one that only reads; the deadline of the request ends a statement of either."""
    engine = create_engine(
        url,
        module=sqlite.driver,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_MS / 1000,
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

    _leave_alone_when_returned(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def look(*_arguments: Any) -> None:
        deadline.check()


def _leave_alone_when_returned(engine: Engine) -> None:
    """Has no deadline interrupt a connection that is back in the pool."""

    @event.listens_for(engine, "checkin")
    def stop(_connection: Any, record: Any) -> None:
        watched = record.info.pop(WATCHED, None)
        if watched is not None:
            watched.interrupts(None)


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


LIVENESS: Final = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
"""Seconds, and milliseconds the second, after which a server of PostgreSQL that says nothing is taken for gone. Without
them a connection whose packets are dropped has a thread wait for a quarter of an hour, connecting for two minutes."""


def postgresql_engine(url: str, *, pool_size: int, query_seconds: float) -> Engine:
    """An engine whose reads have so many seconds, and whose writes what the deadline of the request leaves them.

    What the URL says of how to connect holds; its `options` stand before ours.
    """
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=_how_to_connect(url, query_seconds),
    )

    _cut_if_silent(engine)

    @event.listens_for(engine, "begin")
    def bound(connection: Connection) -> None:
        # Reads have the connection's own bound, and would pay for another with a round trip.
        writing = not connection.get_execution_options().get("postgresql_readonly")
        connection.info[ALLOWED] = query_seconds
        if writing and not _has_no_transaction(connection):
            ending = deadline.current()
            connection.info[ALLOWED] = ending.left if ending is not None else 0
            connection.exec_driver_sql(_statement_timeout(connection.info[ALLOWED]))

    @event.listens_for(engine, "before_cursor_execute")
    def end_in_time(connection: Connection, *_arguments: Any) -> None:
        deadline.check()
        ending = None if _has_no_transaction(connection) else deadline.current()
        # As the time runs out statements get less of it, told anew each time that half of what they have is gone.
        if ending is not None and ending.left < (connection.info.get(ALLOWED) or math.inf) / 2:
            connection.info[ALLOWED] = ending.left
            # By a cursor of its own: the statement's can be one on the server, which takes nothing but a query.
            connection.exec_driver_sql(_statement_timeout(ending.left))

    return engine


def _has_no_transaction(connection: Connection) -> bool:
    """Whether each statement is committed by itself, so that nothing can be set for those that follow but for good."""
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _how_to_connect(url: str, query_seconds: float) -> dict[str, Any]:
    given = make_url(url).normalized_query
    options = [*given.get("options", ()), f"-c timezone=UTC -c statement_timeout={query_seconds * 1000:.0f}"]
    return {**{name: value for name, value in LIVENESS.items() if name not in given}, "options": " ".join(options)}


def _cut_if_silent(engine: Engine) -> None:
    """Cuts a connection whose server has not ended the transaction a while after the deadline of the request.

    PostgreSQL does so itself unless it is frozen; then the network below it still answers. A commit is not cut.
    """

    def watch(driver: psycopg.Connection) -> deadline.Deadline | None:
        watching = deadline.current()
        if watching is not None:
            watching.interrupts(lambda: _cut(driver), late_s=SILENT_S)
        return watching

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        connection.info[WATCHED] = watch(driver)

    ping = engine.dialect.do_ping

    def ping_in_time(dbapi_connection: Any) -> bool:
        watch(dbapi_connection)
        return ping(dbapi_connection)

    engine.dialect.do_ping = ping_in_time  # type: ignore[method-assign]  # no event comes before it
    _leave_alone_when_returned(engine)


def _cut(driver: psycopg.Connection) -> None:
    """Ends the connection below the driver, whose own thread finds it lost then."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.pgconn.socket)) as connection:
        connection.shutdown(socket.SHUT_RDWR)


SILENT_S: Final = 2.0
"""How long after the deadline PostgreSQL may still end a transaction itself."""
ALLOWED: Final = "allowed"
"""In a connection's `info`, the seconds that PostgreSQL gives each statement of the transaction; 0 for any time."""


def _statement_timeout(seconds: float) -> str:
    """Bounds the statements of a transaction; by nothing for 0 seconds, and by a millisecond at the least else."""
    return f"SET LOCAL statement_timeout = {max(1, int(seconds * 1000)) if seconds else 0}"
