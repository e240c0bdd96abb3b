"""Units of work: retried whole, isolated from one another, and each with one effect however many run at once."""

import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlmodel import Session

from app.access.context import Context
from app.kit import db, deadline, engines, sqlite
from app.kit.database_errors import sqlstate
from app.kit.db import ATTEMPTS, Database
from app.kit.problems import OutcomeUnknown, WriteTooCostly
from app.models.vocabulary import Scope
from tests.factories import attribution_body, claim_body, document_body, recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api, make_key
from tests.fixtures.committing import PATIENCE_S, Callers, held_up

WRITERS = 16
on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
SLEEPLESS = "app.kit.db.time.sleep"


def no_sleep(_seconds: float) -> None:
    """Takes the place of the pause between two attempts."""


def execute(session: Session, statement: str, **parameters: Any) -> Any:
    return session.connection().execute(text(statement), parameters)


def amounts(database: Database) -> list[int]:
    with database.reading() as session:
        return [row[0] for row in execute(session, "SELECT amount FROM purse ORDER BY id")]


@pytest.fixture
def purses(own_database: Database) -> Database:
    """A database with two purses, 1 and 2, of 10 each."""

    def make(session: Session) -> None:
        execute(session, "CREATE TABLE purse (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL)")
        execute(session, "INSERT INTO purse VALUES (1, 10), (2, 10)")

    own_database.write(make)
    return own_database


def insert_purses(session: Session, rows: int) -> None:
    for _ in range(rows):
        execute(session, "INSERT INTO purse SELECT max(id) + 1, 10 FROM purse")


def run_both(database: Database, *works: Callable[[Session], None]) -> None:
    with ThreadPoolExecutor(len(works)) as threads:
        for done in [threads.submit(database.write, work) for work in works]:
            done.result(PATIENCE_S)


@on_postgresql
def test_a_unit_is_run_again_whole_after_a_deadlock(purses: Database) -> None:
    both_hold_one = Barrier(2)
    runs: list[int] = []

    def moving(first: int, second: int) -> Callable[[Session], None]:
        def work(session: Session) -> None:
            runs.append(first)
            execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = :id", id=first)
            if len(runs) <= 2:
                both_hold_one.wait(PATIENCE_S)
            execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = :id", id=second)

        return work

    run_both(purses, moving(1, 2), moving(2, 1))
    assert amounts(purses) == [12, 12]
    assert len(runs) == 3


@on_postgresql
def test_a_unit_is_run_again_whole_after_a_serialization_failure(purses: Database) -> None:
    both_have_read = Barrier(2)
    runs: list[int] = []

    def emptying(purse: int) -> Callable[[Session], None]:
        """Takes 10 from one purse as long as the two hold 20 together."""

        def work(session: Session) -> None:
            runs.append(purse)
            execute(session, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            together = execute(session, "SELECT sum(amount) FROM purse").scalar()
            if len(runs) <= 2:
                both_have_read.wait(PATIENCE_S)
            if together == 20:
                execute(session, "UPDATE purse SET amount = 0 WHERE id = :id", id=purse)

        return work

    run_both(purses, emptying(1), emptying(2))
    assert sorted(amounts(purses)) == [0, 10]
    assert len(runs) == 3


@on_postgresql
def test_a_unit_is_run_again_whole_when_its_connection_is_cut(
    purses: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SLEEPLESS, no_sleep)
    runs: list[int] = []

    def work(session: Session) -> None:
        runs.append(1)
        execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = 1")
        if len(runs) == 1:
            execute(session, "SELECT pg_terminate_backend(pg_backend_pid())")

    purses.write(work)
    assert (amounts(purses), len(runs)) == ([11, 10], 2)


@on_postgresql
def test_the_outcome_is_unknown_when_the_connection_is_cut_in_the_commit(purses: Database) -> None:
    runs: list[int] = []

    def cut(connection: Any) -> None:
        pid = connection.connection.dbapi_connection.info.backend_pid
        with purses.reading() as session:
            execute(session, "SELECT pg_terminate_backend(:pid)", pid=pid)

    def work(session: Session) -> None:
        runs.append(1)
        execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = 1")

    event.listen(purses.engine(), "commit", cut)
    with pytest.raises(OutcomeUnknown):
        purses.write(work)
    event.remove(purses.engine(), "commit", cut)
    assert len(runs) == 1


@on_sqlite
def test_a_unit_is_run_again_once_another_process_gives_up_the_lock(
    purses: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 1)
    monkeypatch.setattr(SLEEPLESS, no_sleep)
    impatient = Database(str(purses.url))
    other = sqlite.driver.connect(str(purses.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    runs: list[int] = []

    def work(session: Session) -> None:
        runs.append(1)
        if len(runs) == 3:
            other.execute("ROLLBACK")
        execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = 1")

    impatient.write(work)
    other.close()
    impatient.dispose()
    assert (amounts(purses), len(runs)) == ([11, 10], 3)


@on_sqlite
def test_a_unit_is_never_run_more_often_than_allowed(purses: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 1)
    monkeypatch.setattr(SLEEPLESS, no_sleep)
    impatient = Database(str(purses.url))
    other = sqlite.driver.connect(str(purses.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    runs: list[int] = []

    def work(session: Session) -> None:
        runs.append(1)
        execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = 1")

    with pytest.raises(OperationalError) as raised:
        impatient.write(work)
    other.close()
    impatient.dispose()
    assert (sqlstate(raised.value), len(runs)) == ("SQLITE_BUSY", ATTEMPTS)


def test_a_unit_that_breaks_a_constraint_is_run_once(purses: Database) -> None:
    runs: list[int] = []

    def work(session: Session) -> None:
        runs.append(1)
        execute(session, "UPDATE purse SET amount = 99 WHERE id = 1")
        execute(session, "INSERT INTO purse VALUES (2, 10)")

    with pytest.raises(IntegrityError):
        purses.write(work)
    assert (amounts(purses), len(runs)) == ([10, 10], 1)


def test_a_read_sees_one_snapshot(purses: Database) -> None:
    with purses.reading() as session:
        before = execute(session, "SELECT sum(amount) FROM purse").scalar()
        purses.write(lambda other: execute(other, "UPDATE purse SET amount = 99"))
        after = execute(session, "SELECT sum(amount) FROM purse").scalar()
    assert (before, after, amounts(purses)) == (20, 20, [99, 99])


def test_a_read_writes_nothing(purses: Database) -> None:
    with pytest.raises(DBAPIError), purses.reading() as session:
        execute(session, "UPDATE purse SET amount = 99")
    assert amounts(purses) == [10, 10]


def test_no_update_is_lost_among_writers_of_one_claim(committing_api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(committing_api)['id']}"

    def write(writer: int) -> list[tuple[int, str]]:
        statements = [f"Writer {writer} counts {round_}." for round_ in range(4)]
        etags = [committing_api.etag(path)]
        answered = []
        for statement in statements:
            answer = committing_api.patch(path, {"statement": statement}, etag=etags[-1])
            etags.append(committing_api.etag(path))
            answered.append((answer.status_code, statement))
        return answered

    with ThreadPoolExecutor(WRITERS) as threads:
        answers = [answer for each in threads.map(write, range(WRITERS)) for answer in each]
    accepted = [statement for status, statement in answers if status == 200]
    history = committing_api.read(f"{path}/history", params={"limit": 200})["items"]
    assert {status for status, _ in answers} == {200, 412}
    assert committing_api.read(path)["version"] == 1 + len(accepted)
    assert sorted(each["document"]["statement"] for each in history[:-1]) == sorted(accepted)


def test_a_key_used_at_once_by_many_has_one_effect(committing_api: Api) -> None:
    def send(_turn: int) -> Response:
        return committing_api.post("/v1/claims", claim_body(), headers={"Idempotency-Key": "one"})

    with ThreadPoolExecutor(WRITERS) as threads:
        answers = list(threads.map(send, range(50)))
    (claim,) = committing_api.read("/v1/claims")["items"]
    assert {answer.json()["id"] for answer in answers if answer.status_code == 201} == {claim["id"]}
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert refused <= {"idempotency_in_flight"}
    first = [answer for answer in answers if "idempotency-replayed" not in answer.headers and answer.status_code == 201]
    assert len(first) == 1


@on_postgresql
def test_a_key_used_at_once_in_two_processes_has_one_effect(
    committing_api: Api, first_process: Callers, second_process: Callers, own_context: Context
) -> None:
    key = make_key(own_context)
    here, there = first_process(key), second_process(key)
    # With an address, so that what the first records would be in the second one's way.
    body = claim_body(attributions=[attribution_body(document=document_body(url="https://example.org/1"))])
    headers = {"Idempotency-Key": "one"}
    first, again = held_up(
        own_context.database,
        lambda: here.post("/v1/claims", body, headers=headers),
        lambda: there.post("/v1/claims", body, headers=headers),
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


@on_postgresql
def test_the_second_of_two_documents_at_one_address_is_refused_by_name(
    committing_api: Api, own_database: Database
) -> None:
    body = document_body(url="https://example.org/1")
    first, second = held_up(
        own_database,
        lambda: committing_api.post("/v1/documents", body),
        lambda: committing_api.post("/v1/documents", body),
    )
    assert (first.status_code, second.status_code, second.json()["code"]) == (201, 409, "already_exists")


def hiding(api: Api, path: str) -> Callable[[], Response]:
    etag = api.etag(path)
    return lambda: api.patch(path, {"visibility": "internal"}, etag=etag)


@on_postgresql
def test_a_claim_is_hidden_with_its_source_when_the_two_are_written_at_once(
    committing_api: Api, own_database: Database
) -> None:
    public = committing_api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH)
    source = recorded_source(committing_api)
    claimed, hidden = held_up(
        own_database,
        lambda: public.post("/v1/claims", claim_body(attributions=[said_by(source)])),
        hiding(committing_api, f"/v1/sources/{source}"),
    )
    assert (claimed.status_code, hidden.status_code) == (201, 200)
    assert public.get(f"/v1/claims/{claimed.json()['id']}").status_code == 404
    assert public.read("/v1/claims")["items"] == []


@on_postgresql
def test_a_source_that_is_being_hidden_is_no_longer_there_to_be_named(
    committing_api: Api, own_database: Database
) -> None:
    public = committing_api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH)
    source = recorded_source(committing_api)
    hidden, claimed = held_up(
        own_database,
        hiding(committing_api, f"/v1/sources/{source}"),
        lambda: public.post("/v1/claims", claim_body(attributions=[said_by(source)])),
    )
    assert (hidden.status_code, claimed.status_code) == (200, 422)
    assert [error["code"] for error in claimed.json()["errors"]] == ["unknown_reference"]


@on_postgresql
def test_a_claim_on_a_source_that_is_being_hidden_is_hidden_too(committing_api: Api, own_database: Database) -> None:
    public = committing_api.with_scopes(Scope.CLAIMS_READ)
    source = recorded_source(committing_api)
    _, claimed = held_up(
        own_database,
        hiding(committing_api, f"/v1/sources/{source}"),
        lambda: committing_api.post("/v1/claims", claim_body(attributions=[said_by(source)])),
    )
    assert claimed.status_code == 201
    assert public.get(f"/v1/claims/{claimed.json()['id']}").status_code == 404


def write_and_read(path: str, seconds: float, report: Pipe) -> None:
    """Runs in a process of its own: adds to a table and reads it, and reports what it added and what went wrong."""
    database = Database(f"sqlite:///{path}")
    outcomes: Counter[str] = Counter()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            database.write(lambda session: execute(session, "UPDATE purse SET amount = amount + 1 WHERE id = 1"))
            amounts(database)
            outcomes["added"] += 1
        except OperationalError as error:
            outcomes[str(error.orig)] += 1
    database.dispose()
    report.send(dict(outcomes))


@on_sqlite
def test_two_processes_write_one_sqlite_file_and_never_find_it_locked(purses: Database) -> None:
    processes = multiprocessing.get_context("forkserver")
    ends = [processes.Pipe(duplex=False) for _ in range(2)]
    writers = [
        processes.Process(target=write_and_read, args=(str(purses.url.database), 2.0, writing)) for _, writing in ends
    ]
    for writer in writers:
        writer.start()
    outcomes = [reading.recv() for reading, _ in ends]
    for writer in writers:
        writer.join(PATIENCE_S)
    for end in ends:
        for half in end:
            half.close()
    assert [set(each) for each in outcomes] == [{"added"}, {"added"}]
    assert amounts(purses) == [10 + sum(each["added"] for each in outcomes), 10]


def test_statistics_are_gathered_again_by_the_rows_that_are_written(
    purses: Database, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered: list[int] = []
    monkeypatch.setattr(db, "FIRST_GATHERING", 10)
    counted = Database(purses.url.render_as_string(hide_password=False))
    monkeypatch.setattr(counted, "gather_statistics", lambda: gathered.append(1))
    for rows in (1, 8, 1, 1, 20, 30, 100):
        counted.write(partial(insert_purses, rows=rows))
        gathered.append(0)
    counted.dispose()
    assert gathered == ([0, 0, 1, 0, 0, 0, 1, 0, 0] if engine_name == "sqlite" else [0] * 7)


def test_a_reader_that_was_there_before_knows_the_statistics_and_none_of_a_small_table(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    with database.engine().begin() as connection:
        for table, rows in (("few", 3), ("many", 10 * db.SMALL)):
            connection.exec_driver_sql(f"CREATE TABLE {table} (a TEXT, b TEXT)")
            connection.exec_driver_sql(f"CREATE INDEX ix_{table} ON {table} (a)")
            values = f"[{','.join(map(str, range(rows)))}]"
            connection.exec_driver_sql(f"INSERT INTO {table} SELECT value, value FROM json_each(?)", (values,))
    with database.reading() as session:
        assert execute(session, "SELECT count(*) FROM few").scalar_one() == 3
    database.gather_statistics()
    with database.reading() as session:
        assert set(execute(session, "SELECT tbl FROM sqlite_stat1").scalars()) == {"many"}
    database.dispose()


def test_a_write_stands_whose_time_is_over_while_statistics_are_gathered(
    purses: Database, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[bool] = []

    def gather() -> None:
        looked.append(True)
        time.sleep(0.3)
        deadline.check()

    monkeypatch.setattr(purses, "gather_statistics", gather)
    monkeypatch.setattr(purses, "_next_gathering", 1)
    with deadline.within(0.2, WriteTooCostly):
        purses.write(partial(insert_purses, rows=1))
    assert looked == [True] * (engine_name == "sqlite")


def test_a_write_stands_where_statistics_cannot_be_gathered(
    purses: Database, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "SAMPLED_ROWS", "no number; nor a statement")
    monkeypatch.setattr(purses, "_next_gathering", 1)
    before = len(amounts(purses))
    assert purses.write(lambda session: len(amounts(purses))) == before
    purses.gather_statistics()
    monkeypatch.setattr(db, "SAMPLED_ROWS", 1000)
    purses.gather_statistics()
    with purses.reading() as session:
        if engine_name == "sqlite":
            assert execute(session, "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'").scalar_one() == 1


def connecting(query: str) -> dict[str, Any]:
    """What PostgreSQL's driver is given for a URL with that query."""
    given: dict[str, Any] = {}
    database = Database(f"postgresql+psycopg://onrecord@192.0.2.1/onrecord{query}", query_seconds=3)

    @event.listens_for(database.engine(), "do_connect")
    def note(_dialect: Any, _record: Any, _arguments: Any, keywords: dict[str, Any]) -> None:
        given.update(keywords)
        raise OperationalError("connect", {}, Exception())

    with pytest.raises(OperationalError):
        database.engine().connect()
    return given


def test_a_server_of_postgresql_that_is_gone_is_not_waited_for_for_long() -> None:
    given = connecting("")
    assert {name: int(given[name]) for name in engines.LIVENESS} == engines.LIVENESS


def test_what_the_address_says_of_how_to_connect_holds() -> None:
    given = connecting("?connect_timeout=40&keepalives_idle=7&options=-c%20work_mem%3D8MB")
    assert (int(given["connect_timeout"]), int(given["keepalives_idle"])) == (40, 7)
    assert given["options"] == "-c work_mem=8MB -c timezone=UTC -c statement_timeout=3000"
