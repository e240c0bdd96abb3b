"""Reads that take too long are ended, on both engines, and nothing else is."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app.access.context import Context
from app.access.units import Reply, Unit
from app.claims import queries
from app.kit.db import Database
from app.kit.problems import QueryTooCostly
from tests.fixtures.api import make_key
from tests.fixtures.committing import Callers

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
A_MILLION = ENDLESS.replace("FROM n)", "FROM n WHERE i < 1000000)")


def execute(session: Session, statement: str, **parameters: Any) -> Any:
    return session.connection().execute(text(statement), parameters)


def hasty(database: Database) -> Database:
    """The same database, with little time for reads."""
    return Database(database.url.render_as_string(hide_password=False), query_seconds=0.2)


@pytest.fixture
def hasty_database(own_database: Database) -> Iterator[Database]:
    database = hasty(own_database)
    yield database
    database.dispose()


def test_a_read_that_takes_too_long_is_ended_and_the_next_is_not(hasty_database: Database) -> None:
    for reading in (hasty_database.reading, hasty_database.reading_in_reserve) * 2:
        with pytest.raises(QueryTooCostly), reading() as session:
            execute(session, ENDLESS)
        with reading() as session:
            assert execute(session, "SELECT 1").scalar() == 1


def test_a_write_may_take_longer_than_a_read(hasty_database: Database) -> None:
    def work(session: Session) -> int:
        started, counted = time.monotonic(), 0
        while time.monotonic() < started + 0.5:
            counted = execute(session, A_MILLION).scalar()
        return counted

    assert hasty_database.write(work) == 1_000_000


def test_a_write_of_one_long_statement_is_not_ended(hasty_database: Database) -> None:
    longer = A_MILLION.replace("1000000", "3000000")
    assert hasty_database.write(lambda session: execute(session, longer).scalar()) == 3_000_000


def test_reads_without_a_bound_take_their_time(own_database: Database) -> None:
    with own_database.reading() as session:
        assert execute(session, A_MILLION).scalar() == 1_000_000


def test_the_reserve_waits_for_no_other_read(own_database: Database) -> None:
    with ExitStack() as held:
        narrow = Database(own_database.url.render_as_string(hide_password=False), pool_size=1)
        held.callback(narrow.dispose)
        for _ in range(1 if narrow.is_sqlite else 2):  # PostgreSQL's pool opens as many again where it is short
            execute(held.enter_context(narrow.reading()), "SELECT 1")
        with narrow.reading_in_reserve() as session:
            assert execute(session, "SELECT 1").scalar() == 1


def test_a_question_that_takes_too_long_is_answered_with_a_problem(
    first_process: Callers, own_context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(unit: Unit, *_filters: Any) -> Reply:
        execute(unit.session, ENDLESS)
        raise AssertionError("It never ends.")

    api = first_process(make_key(own_context))
    impatient = hasty(own_context.database)
    monkeypatch.setattr(own_context.database, "_readers", impatient._readers)
    monkeypatch.setattr(queries, "list_claims", ask)
    refused = api.get("/v1/claims")
    impatient.dispose()
    assert (refused.status_code, refused.json()["code"]) == (503, "query_too_costly")
    assert "n(i)" not in refused.text
