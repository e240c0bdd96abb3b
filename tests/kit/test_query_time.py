"""Reads and writes that take too long are ended, on both engines, in Python too, and nothing else is."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from sqlalchemy import text
from sqlmodel import Session

from app.access import routing
from app.access.context import WRITES_AT_ONCE, Context
from app.access.units import Reply, Unit
from app.claims import queries
from app.kit import deadline
from app.kit.db import Database
from app.kit.engines import ALLOWED
from app.kit.problems import Overloaded, QueryTooCostly, WriteTooCostly
from app.models.vocabulary import Anonymity, SourceKind
from app.sources import service
from app.sources.schemas import SourceCreate
from app.sources.service import create_source
from tests.factories import source_body
from tests.fixtures.api import Api, make_key
from tests.fixtures.committing import PATIENCE_S, Callers, eventually

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


def count_for_ever(session: Session) -> None:
    """Asks one statement after the other, none of which takes long."""
    while True:
        execute(session, A_MILLION.replace("1000000", "500000"))


def spin() -> None:
    """What Python makes of rows for ever, looking at the deadline as it has to."""
    while True:
        deadline.check()


def test_what_python_makes_of_a_read_is_ended_too(hasty_database: Database) -> None:
    with pytest.raises(QueryTooCostly), hasty_database.reading():
        spin()


def test_a_read_that_uses_up_the_processor_is_ended_before_its_time_is_over(own_database: Database) -> None:
    own_database.query_seconds, own_database.processor_seconds = 60, 0.2
    started = time.monotonic()
    with pytest.raises(QueryTooCostly), own_database.reading() as session:
        execute(session, ENDLESS) if own_database.is_sqlite else spin()
    assert time.monotonic() - started < 30


def test_each_statement_gets_what_is_left(own_database: Database) -> None:
    """PostgreSQL counts the time of one statement; of several, the last must not have all of it again."""
    own_database.query_seconds = 1
    started = time.monotonic()
    with pytest.raises(QueryTooCostly), own_database.reading() as session:
        count_for_ever(session)
    assert time.monotonic() - started < 2.5


def test_rows_that_are_read_some_at_a_time_are_read_when_half_of_the_time_is_gone(own_database: Database) -> None:
    """PostgreSQL keeps them behind a cursor on the server, which takes nothing but their query."""
    own_database.query_seconds = 10
    rows = text("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 ORDER BY 1").execution_options(yield_per=2)
    with own_database.reading() as session:
        execute(session, "SELECT 1")
        session.connection().info[ALLOWED] = 60.0
        assert session.connection().execute(rows).scalars().all() == [1, 2, 3]


def insert(session: Session) -> None:
    execute(session, "INSERT INTO kept VALUES (1)")


@pytest.mark.parametrize("dawdle", [lambda session: execute(session, ENDLESS), lambda session: spin()])
def test_a_write_that_takes_too_long_is_rolled_back_whole_and_not_tried_again(
    own_database: Database, dawdle: Callable[[Session], Any]
) -> None:
    own_database.write(lambda session: execute(session, "CREATE TABLE kept (n INTEGER)"))
    tries = []

    def work(session: Session) -> None:
        tries.append(1)
        insert(session)
        dawdle(session)

    with pytest.raises(WriteTooCostly), deadline.within(0.2, WriteTooCostly):
        own_database.write(work)
    own_database.write(lambda session: execute(session, "SELECT 1"))
    with own_database.reading() as session:
        assert (execute(session, "SELECT count(*) FROM kept").scalar(), len(tries)) == (0, 1)


def test_a_write_that_waits_for_another_is_ended_in_its_time(own_database: Database) -> None:
    own_database.write(lambda session: execute(session, "CREATE TABLE kept (n INTEGER PRIMARY KEY)"))
    other = Database(own_database.url.render_as_string(hide_password=False))
    started = time.monotonic()

    def hold(session: Session) -> None:
        insert(session)
        with pytest.raises((Overloaded, WriteTooCostly)), deadline.within(0.2, WriteTooCostly):
            other.write(insert)

    own_database.write(hold)
    other.dispose()
    assert time.monotonic() - started < 15


def test_a_write_that_waits_for_another_of_its_process_is_ended_in_its_time(own_database: Database) -> None:
    url = own_database.url.render_as_string(hide_password=False)
    own_database.write(lambda session: execute(session, "CREATE TABLE kept (n INTEGER PRIMARY KEY)"))
    shared = Database(url, write_seconds=0.3)
    held, over = Event(), Event()

    def hold(session: Session) -> None:
        insert(session)
        held.set()
        over.wait(15)

    holder = Thread(target=shared.write, args=(hold,))
    holder.start()
    held.wait(15)
    started = time.monotonic()
    expected = Overloaded if shared.is_sqlite else WriteTooCostly
    with pytest.raises(expected), deadline.within(shared.write_seconds, WriteTooCostly):
        shared.write(insert)
    took = time.monotonic() - started
    over.set()
    holder.join()
    shared.dispose()
    assert took < 5


@pytest.fixture
def narrow_turns(own_context: Context, portal: BlockingPortal) -> Iterator[Callable[[], None]]:
    """Takes all turns to write, until what it gives is called or the test ends."""
    taken = [portal.call(own_context.writing.acquire) for _ in range(WRITES_AT_ONCE)]

    def give_back() -> None:
        while taken:
            taken.pop()
            portal.call(own_context.writing.release)

    yield give_back
    give_back()


def test_a_write_that_waits_for_its_turn_waits_no_longer_than_a_write_may_take(
    committing_api: Api, own_context: Context, narrow_turns: Callable[[], None]
) -> None:
    own_context.database.write_seconds = 0.3
    started = time.monotonic()
    refused = committing_api.post("/v1/sources", source_body())
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert time.monotonic() - started < 5


def test_who_waits_for_its_turn_has_less_time_to_write(
    committing_api: Api, own_context: Context, narrow_turns: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []

    def record(unit: Unit, *_sent: Any) -> Reply:
        ending = deadline.current()
        left.append(ending.left if ending is not None else math.inf)
        raise Overloaded

    monkeypatch.setattr(service, "create_source", record)
    own_context.database.write_seconds = 60
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(committing_api.post, "/v1/sources", source_body())
        time.sleep(1)
        narrow_turns()
        assert waiting.result(PATIENCE_S).status_code == 503
    assert left[0] < 59.1


def test_a_key_that_is_revoked_while_its_write_waits_writes_nothing(
    committing_api: Api, own_context: Context, narrow_turns: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "SLOW_BODY_S", 0.01)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(committing_api.post, "/v1/sources", source_body())
        assert eventually(lambda: bool(own_context.writing._waiters))
        own_context.database.write(lambda session: execute(session, "DELETE FROM api_key"))
        time.sleep(0.02)
        narrow_turns()
        assert waiting.result(PATIENCE_S).status_code == 401


def test_all_who_wait_for_a_held_lock_are_answered_in_their_time(
    first_process: Callers, own_context: Context, migrated_database: Database
) -> None:
    # One caller has as many in work as there are turns to write, so it takes several.
    writers, seconds = [first_process(make_key(own_context)) for _ in range(3)] * WRITES_AT_ONCE, 2
    for each in writers:
        assert each.get("/v1/sources").status_code == 200  # notes the use of its key
    other = Database(migrated_database.url.render_as_string(hide_password=False))
    own_context.database.write_seconds = seconds
    with ThreadPoolExecutor(len(writers)) as threads, other.engine().begin() as holding:
        holding.execute(text("UPDATE api_key SET name = name" if other.is_sqlite else "LOCK TABLE source"))
        started = time.monotonic()
        waiting = [threads.submit(each.post, "/v1/sources", source_body()) for each in writers]
        statuses = [each.result(PATIENCE_S).status_code for each in waiting]
        took = time.monotonic() - started
    other.dispose()
    assert statuses == [503] * len(writers)
    assert took < 2 * seconds


def test_a_statement_that_postgresql_ends_just_before_the_deadline_is_too_costly(own_database: Database) -> None:
    if own_database.is_sqlite:
        pytest.skip("SQLite is ended by the deadline itself.")

    def work(session: Session) -> None:
        execute(session, "SET LOCAL statement_timeout = 20")
        execute(session, "SELECT pg_sleep(5)")

    with pytest.raises(WriteTooCostly), deadline.within(30, WriteTooCostly):
        own_database.write(work)


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
    monkeypatch.setattr(own_context.database, "query_seconds", 0.2)
    monkeypatch.setattr(queries, "list_claims", ask)
    refused = api.get("/v1/claims")
    assert (refused.status_code, refused.json()["code"]) == (503, "query_too_costly")
    assert "n(i)" not in refused.text


@pytest.mark.parametrize("bound", ["write_seconds", "write_processor_seconds"])
def test_a_write_that_takes_too_long_is_answered_with_a_problem_of_its_own(
    first_process: Callers, own_context: Context, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    def record(unit: Unit, *_sent: Any) -> Reply:
        create_source(unit, SourceCreate(kind=SourceKind.OUTLET, anonymity=Anonymity.NAMED, name="The Daily Record"))
        spin()
        raise AssertionError("It never ends.")

    api = first_process(make_key(own_context))
    monkeypatch.setattr(own_context.database, "write_seconds", 60)
    monkeypatch.setattr(own_context.database, bound, 0.2)
    monkeypatch.setattr(service, "create_source", record)
    refused = api.post("/v1/sources", source_body(), headers={"Idempotency-Key": "one"})
    assert (refused.status_code, refused.json()["code"]) == (503, "write_too_costly")
    assert api.read("/v1/sources?include_total=true")["total"] == 0
    monkeypatch.undo()
    assert api.post("/v1/sources", source_body(), headers={"Idempotency-Key": "one"}).status_code == 201
