"""What a caller is told, and what the log, when the database refuses: our own fault, what may pass, or a conflict."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from httpx import Response
from sqlalchemy import Engine, event
from structlog.testing import capture_logs

from app import startup
from app.access.context import Context
from app.kit import db, engines
from app.kit.db import Database
from app.kit.problems import MEDIA_TYPE
from tests.fixtures import api
from tests.fixtures.api import Api, check_against_description, make_key

CANARY: Final = "Jane-Doe-of-the-ministry"
CUSTODIAN: Final = {"name": CANARY, "recipient": "age19vzfg038qvm8lzaens2kst8l3ez3uyz9ev59cz0ageh5emn3jeqq6j457y"}
EVENTS: Final = {500: "database_fault", 503: "database_unavailable"}
Rewrite = Callable[[str, Any], tuple[str, Any]]

on_sqlite = pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)


def check_unless_faulty(app: FastAPI, response: Response) -> None:
    """Checks the response against the description, which has no 500: nothing that a caller does leads to one."""
    if response.status_code == 500:
        assert response.headers["content-type"] == MEDIA_TYPE
    else:
        check_against_description(app, response)


@pytest.fixture
def own_api(
    own_context: Context, app_of_session: FastAPI, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch
) -> Api:
    """A caller with every scope of a database that the test has to itself."""
    monkeypatch.setattr(api, "check_against_description", check_unless_faulty)
    startup.migrate(own_context.database)
    app_of_session.state.context = own_context
    return Api(app_of_session, own_context, portal, make_key(own_context))


@contextmanager
def rewritten(marked: str, rewrite: Rewrite) -> Iterator[None]:
    """Sends statements with that mark to the database as they are rewritten."""

    def change(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> tuple[str, Any]:
        return rewrite(statement, parameters) if marked in statement else (statement, parameters)

    event.listen(Engine, "before_cursor_execute", change, retval=True)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", change)


def asked(caller: Api, status: int) -> dict[str, Any]:
    """What is logged of a read that is answered with the status."""
    with capture_logs() as logged:
        response = caller.get("/v1/custodians")
    return checked(response, status, logged)


def recorded(caller: Api, status: int) -> dict[str, Any]:
    """What is logged of a write that is answered with the status."""
    with capture_logs() as logged:
        response = caller.post("/v1/custodians", CUSTODIAN)
    return checked(response, status, logged)


def checked(response: Response, status: int, logged: list[Any]) -> dict[str, Any]:
    assert (response.status_code, response.json()["status"]) == (status, status)
    assert ("retry-after" in response.headers) == (status == 503)
    assert CANARY not in f"{response.text} {response.headers} {logged}"
    found = [entry for entry in logged if entry["event"] in EVENTS.values()]
    assert [entry["event"] for entry in found] == [EVENTS[status]]
    return {name: found[0][name] for name in ("sqlstate", "constraint")}


def without(name: str) -> Rewrite:
    """The statement with a null in place of that text."""

    def rewrite(statement: str, parameters: Any) -> tuple[str, Any]:
        if isinstance(parameters, dict):
            return statement, {key: None if value == name else value for key, value in parameters.items()}
        return statement, tuple(None if value == name else value for value in parameters)

    return rewrite


def test_a_constraint_that_nobody_foresaw_is_our_fault(own_api: Api, engine_name: str) -> None:
    with rewritten("INSERT INTO custodian", without(CANARY)):
        logged = recorded(own_api, 500)
    state, constraint = logged["sqlstate"], logged["constraint"]
    if engine_name == "sqlite":
        assert (state.startswith("SQLITE_CONSTRAINT"), constraint) == (True, "custodian.name")
    else:
        assert state == "23502"
    assert own_api.post("/v1/custodians", CUSTODIAN).status_code == 201


def test_a_key_of_a_table_that_is_taken_is_our_fault(own_api: Api, engine_name: str) -> None:
    first = own_api.create("/v1/custodians", CUSTODIAN)["id"]

    def again(statement: str, parameters: Any) -> tuple[str, Any]:
        if isinstance(parameters, dict):
            return statement, {**parameters, "id": first}
        return statement, (first, *parameters[1:])

    other = {"name": CANARY, "recipient": "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"}
    with rewritten("INSERT INTO custodian", again), capture_logs() as logged:
        response = own_api.post("/v1/custodians", other)
    name = "uq_custodian_id" if engine_name == "sqlite" else "pk_custodian"  # SQLite tells the columns alone
    assert checked(response, 500, logged)["constraint"] == name


def test_a_constraint_that_is_known_is_a_conflict_and_no_fault(own_api: Api) -> None:
    # As of two writers at once, of whom neither finds what the other is about to write.
    own_api.create("/v1/custodians", CUSTODIAN)
    with (
        rewritten("custodian.recipient = ", lambda statement, given: (statement.replace(" = ", " <> "), given)),
        capture_logs() as logged,
    ):
        response = own_api.post("/v1/custodians", CUSTODIAN)
    assert (response.status_code, response.json()["code"]) == (409, "already_exists")
    assert not {entry["event"] for entry in logged} & set(EVENTS.values())


@pytest.mark.parametrize("broken", ["SELEC 1", "SELECT * FROM nowhere", "SELECT nothing FROM custodian"])
def test_a_wrong_statement_is_our_fault(own_api: Api, engine_name: str, broken: str) -> None:
    with rewritten("FROM custodian", lambda _statement, _given: (broken, ())):
        state = asked(own_api, 500)["sqlstate"]
    assert state == "SQLITE_ERROR" if engine_name == "sqlite" else state.startswith("42")


def raising(state: str) -> Rewrite:
    return lambda _statement, _given: (
        f"DO $$ BEGIN RAISE EXCEPTION '{CANARY}' USING ERRCODE = '{state}', CONSTRAINT = 'pk_x'; END $$",
        (),
    )


@on_postgresql
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("08006", 503),  # connection_failure
        ("40001", 503),  # serialization_failure
        ("40P01", 503),  # deadlock_detected
        ("53100", 503),  # disk_full
        ("53300", 503),  # too_many_connections
        ("55P03", 503),  # lock_not_available
        ("57P01", 503),  # admin_shutdown
        ("57P03", 503),  # cannot_connect_now
        ("25006", 503),  # read_only_sql_transaction
        ("58030", 503),  # io_error
        ("0A000", 500),  # feature_not_supported
        ("22003", 500),  # numeric_value_out_of_range
        ("22P02", 500),  # invalid_text_representation
        ("23505", 500),  # unique_violation
        ("25P02", 500),  # in_failed_sql_transaction
        ("42501", 500),  # insufficient_privilege
        ("42P01", 500),  # undefined_table
        ("54001", 500),  # statement_too_complex
        ("55000", 500),  # object_not_in_prerequisite_state
        ("XX000", 500),  # internal_error
        ("XX001", 500),  # data_corrupted
        ("P0001", 500),  # raise_exception
    ],
)
def test_of_postgresql_the_sqlstate_decides(own_api: Api, state: str, status: int) -> None:
    with rewritten("FROM custodian", raising(state)):
        assert asked(own_api, status)["sqlstate"] == state


@on_postgresql
def test_a_connection_that_is_cut_may_pass(own_api: Api) -> None:
    cut = "SELECT pg_terminate_backend(pg_backend_pid())"
    with rewritten("FROM custodian", lambda _statement, _given: (cut, ())):
        asked(own_api, 503)
    assert own_api.get("/v1/custodians").status_code == 200


@on_sqlite
def test_a_full_disk_may_pass(own_api: Api, own_database: Database) -> None:
    def limit(pages: int) -> None:
        with own_database.engine().begin() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    limit(1)  # the least is what there is already
    with rewritten("INSERT INTO custodian", lambda statement, given: (statement, ("x" * 10_000_000, *given[1:]))):
        assert recorded(own_api, 503)["sqlstate"].startswith("SQLITE_FULL")
    limit(2**31)
    assert own_api.post("/v1/custodians", CUSTODIAN).status_code == 201


@on_sqlite
def test_a_lock_that_another_has_may_pass(
    own_api: Api, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_MS", 1)
    monkeypatch.setattr(db, "ATTEMPTS", 1)
    other = Database(str(own_database.url))
    with other.engine().begin():
        assert recorded(own_api, 503)["sqlstate"].startswith("SQLITE_BUSY")
    other.dispose()
    assert own_api.post("/v1/custodians", CUSTODIAN).status_code == 201


@on_sqlite
@pytest.mark.parametrize(
    ("broken", "state"),
    [
        ("DELETE FROM custodian", "SQLITE_READONLY"),
        ("SELECT zeroblob(2147483647) FROM api_key", "SQLITE_TOOBIG"),
        ("SELECT abs(-9223372036854775808)", "SQLITE_ERROR"),
    ],
)
def test_of_sqlite_the_result_code_decides(own_api: Api, broken: str, state: str) -> None:
    with rewritten("FROM custodian", lambda _statement, _given: (broken, ())):
        assert asked(own_api, 500)["sqlstate"].startswith(state)


def test_a_pool_without_a_free_connection_may_pass(
    own_api: Api, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = own_database.engine().pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    held = [own_database.engine().connect() for _ in range(pool.size() + pool._max_overflow)]
    with capture_logs() as logged:
        response = own_api.post("/v1/custodians", CUSTODIAN)
    for connection in held:
        connection.close()
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "database_fault" not in {entry["event"] for entry in logged}
