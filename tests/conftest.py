"""Fixtures: every test of the API runs on SQLite and on PostgreSQL.

A session has one migrated database for each engine. A test gets a connection to it with a transaction begun, and the
app runs over that connection, each unit of work a savepoint; the transaction is rolled back at the end. What follows a
write is carried out right after it, in the thread of the write. Tests that need
commits, several connections or a real server make their own (`tests/fixtures/server.py`).
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from psycopg import pq
from sqlalchemy import Connection

from app import startup
from app.access.context import Context
from app.access.secrets import Pepper
from app.kit.db import Database, SharedConnectionDatabase
from app.main import create_app
from app.settings import Settings
from tests.fixtures.api import Api, make_key
from tests.fixtures.following import Following
from tests.fixtures.postgres import drop_database, fresh_database

pytest_plugins = [
    "tests.fixtures.asgi",
    "tests.fixtures.committing",
    "tests.fixtures.databases",
    "tests.fixtures.durable",
    "tests.fixtures.issuer",
    "tests.fixtures.keys",
    "tests.fixtures.postgres",
    "tests.fixtures.proofs",
    "tests.fixtures.proxies",
    "tests.fixtures.queries",
    "tests.fixtures.sealing",
    "tests.fixtures.observatory",  # after those that it imports, whose assertions pytest rewrites first
]

# Tests send more than callers may; those of the limits make an app of their own.
os.environ |= {"ONRECORD_RATE_PER_ADDRESS": "0", "ONRECORD_RATE_PER_KEY": "0"}

ENGINES = ("sqlite", "postgresql")
PEPPER = Pepper(b"a pepper for tests, of more than 32 characters")
PREPARED: Final = 500
"""Statements that PostgreSQL's driver keeps prepared. The tests ask more than the 100 that it keeps by itself."""
START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


class Clock:
    """A clock that tests set: each reading is a millisecond after the one before."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


@pytest.fixture(scope="session", params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def database_url(
    engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of an empty database of the engine, for this worker alone."""
    if engine_name == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.sqlite3'}"
        return
    server = request.getfixturevalue("postgres_dsn")
    name = f"onrecord_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    yield fresh_database(server, name)
    drop_database(server, name)


@pytest.fixture(scope="session")
def database(database_url: str) -> Iterator[Database]:
    """The migrated database of the session. Nothing is committed to it: see `connection`."""
    migrated = Database(database_url)
    startup.migrate(migrated)
    _leave_no_savepoint(migrated)
    yield migrated
    migrated.dispose()


def _leave_no_savepoint(database: Database) -> None:
    """Has a savepoint that is rolled back released too: each read would else stand inside all those before it.

    PostgreSQL holds each row that it looks at against each of those: after 400 reads it takes ten times as long.
    """
    dialect = database.engine().dialect
    roll_back = dialect.do_rollback_to_savepoint

    def roll_back_and_release(connection: Any, name: str) -> None:
        if database.is_sqlite:
            roll_back(connection, name)
            dialect.do_release_savepoint(connection, name)
        else:
            savepoint = dialect.identifier_preparer.quote(name)
            _tell_postgres(connection, f"ROLLBACK TO SAVEPOINT {savepoint}; RELEASE SAVEPOINT {savepoint}")

    dialect.do_rollback_to_savepoint = roll_back_and_release  # type: ignore[method-assign]  # no event comes after it


def _tell_postgres(connection: Connection, rolling_back: str) -> None:
    """Rolls back past the driver, which would forget all that it has prepared.

    It does so whenever PostgreSQL answers `ROLLBACK`, and each statement was then parsed and planned anew: of the
    processor time of tests on PostgreSQL that was three tenths. What is prepared outlives a rollback, and PostgreSQL
    itself plans again what an altered table is in.
    """
    driver: Any = connection.connection.driver_connection
    result = driver.pgconn.exec_(rolling_back.encode())
    assert result.status == pq.ExecStatus.COMMAND_OK, result.error_message


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    """A connection with a transaction begun, rolled back at the end of the test."""
    with database.engine().connect() as connection:
        if not database.is_sqlite:
            driver: Any = connection.connection.driver_connection
            driver.prepared_max = PREPARED
        transaction = connection.begin()
        yield connection
        if not database.is_sqlite:
            _tell_postgres(connection, "ROLLBACK")
        transaction.rollback()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def settings_of_session() -> Settings:
    return Settings()


@pytest.fixture
def context(connection: Connection, clock: Clock, tmp_path: Path, settings_of_session: Settings) -> Context:
    """What the app runs with: the test's connection, its clock and a fixed pepper."""
    settings = settings_of_session.model_copy(update={"data_dir": tmp_path})
    made = Context(settings=settings, database=SharedConnectionDatabase(connection), pepper=PEPPER, clock=clock)
    made.database.after_write = Following(made)
    return made


@pytest.fixture(scope="session")
def app_of_session(settings_of_session: Settings) -> FastAPI:
    return create_app(settings_of_session)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """The event loop that the app runs in."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def app(app_of_session: FastAPI, context: Context) -> FastAPI:
    """The app, over the test's context."""
    app_of_session.state.context = context
    return app_of_session


@pytest.fixture
def api(app: FastAPI, context: Context, portal: BlockingPortal) -> Api:
    """A caller with every scope; `api.with_scopes(...)` is another."""
    return Api(app, context, portal, make_key(context))
