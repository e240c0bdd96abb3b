"""What is erased is gone from the live database's files, or the answer says that it may not be."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from app.kit import db
from app.kit.db import Database
from tests.factories import recorded_source
from tests.fixtures.api import Api
from tests.fixtures.committing import PATIENCE_S
from tests.fixtures.sealing import Custodian, custodians, sealed_for, sealed_identity

Erasing = Callable[[Api, str, list[Custodian]], dict[str, object]]
FIRST_LINE, EVERY = 20, 9
"""Lines of the armor that are looked for: those of the payload, which no two files share, some of each page."""

ENOUGH = 5
"""Of the nine pieces PostgreSQL stores some in two parts."""


def pieces(sealed: str) -> list[str]:
    """Some of the lines of the ciphertext."""
    return sealed.split("\n")[FIRST_LINE:-3:EVERY]


def left_in_files(database: Database, sealed: str) -> int:
    """How many pieces of the ciphertext stand in the database's own files. PostgreSQL's log of writes is none."""
    if database.is_sqlite:
        path = Path(database.url.database or "")
        files = [each.read_bytes() for each in path.parent.glob(f"{path.name}*")]
        assert files
        return sum(any(piece.encode() in content for content in files) for piece in pieces(sealed))
    with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        folder = f"base/{connection.scalar(text('SELECT oid FROM pg_database WHERE datname = current_database()'))}"
        # A file may go while the folder is read, as pg_internal.init does.
        reading = text(
            "SELECT pg_read_binary_file(path, 0, (pg_stat_file(path, true)).size, true) "
            "FROM (SELECT :folder || '/' || name AS path FROM pg_ls_dir(:folder) AS name) AS files"
        )
        contents = connection.execute(reading, {"folder": folder}).scalars()
        files = [bytes(content) for content in contents if content is not None]
    assert files
    return sum(any(piece.encode() in content for content in files) for piece in pieces(sealed))


def by_deletion(api: Api, source_id: str, _some: list[Custodian]) -> dict[str, object]:
    answer = api.delete(f"/v1/sources/{source_id}/identity", etag="*")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def by_replacement(api: Api, source_id: str, some: list[Custodian]) -> dict[str, object]:
    answer = sealed_identity(api, source_id, some, etag="*")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()["replaced"]
    return told


@pytest.mark.parametrize("erase", [by_deletion, by_replacement])
def test_what_is_erased_is_in_no_file_of_the_live_database(
    committing_api: Api, own_database: Database, erase: Erasing
) -> None:
    some = custodians(committing_api)
    erased: list[tuple[str, str]] = []
    kept: list[tuple[str, str]] = []
    for _ in range(4):
        source_id = recorded_source(committing_api)
        sealed = sealed_for(source_id, some)
        assert sealed_identity(committing_api, source_id, some, sealed=sealed).status_code == 201
        (erased if len(erased) < 3 else kept).append((source_id, sealed))
    for _, sealed in erased + kept:
        assert left_in_files(own_database, sealed) > ENOUGH
    for source_id, sealed in erased:
        told = erase(committing_api, source_id, some)
        assert told["overwritten"] is True
        assert "database_files" not in str(told["may_remain"])
        assert left_in_files(own_database, sealed) == 0
    for _, sealed in kept:
        assert left_in_files(own_database, sealed) > ENOUGH


@pytest.fixture
def own_database(durable_url: str) -> Iterator[Database]:
    """On a server without others: what is written to any of its databases keeps deleted rows in all of them."""
    database = Database(durable_url)
    yield database
    database.dispose()


@contextmanager
def old_snapshot(database: Database, table: str = "source") -> Iterator[None]:
    """Someone who began to read before, and goes on reading."""
    other = Database(database.url.render_as_string(hide_password=False))
    with other.reading() as session:
        session.connection().execute(text(f"SELECT count(*) FROM {table}"))
        yield
    other.dispose()


@pytest.mark.parametrize("erase", [by_deletion, by_replacement])
def test_while_an_older_snapshot_is_read_the_answer_says_that_bytes_may_be_left(
    committing_api: Api, own_database: Database, monkeypatch: pytest.MonkeyPatch, erase: Erasing
) -> None:
    monkeypatch.setattr(db, "FORGET_WAIT_MS", 50)
    some = custodians(committing_api)
    source_id = recorded_source(committing_api)
    sealed = sealed_for(source_id, some)
    sealed_identity(committing_api, source_id, some, sealed=sealed)
    with old_snapshot(own_database):
        told = erase(committing_api, source_id, some)
        assert told["overwritten"] is False
        assert "database_files" in str(told["may_remain"])
        assert left_in_files(own_database, sealed) > 0
    assert own_database.forget_deleted("sealed_identity")
    assert left_in_files(own_database, sealed) == 0


def test_a_user_who_may_not_rewrite_the_table_is_not_told_that_it_was(
    committing_api: Api, own_database: Database, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has no users.")
    with own_database.engine().begin() as connection:
        connection.execute(text("DROP ROLE IF EXISTS onrecord_guest"))
        connection.execute(text("CREATE ROLE onrecord_guest LOGIN"))
        connection.execute(
            text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO onrecord_guest")
        )
    guest = Database(own_database.url.set(username="onrecord_guest").render_as_string(hide_password=False))
    try:
        assert not guest.forget_deleted("sealed_identity")
        assert own_database.forget_deleted("sealed_identity")
    finally:
        guest.dispose()
        with own_database.engine().begin() as connection:
            connection.execute(text("DROP OWNED BY onrecord_guest"))
            connection.execute(text("DROP ROLE onrecord_guest"))


def test_a_table_that_is_locked_is_left_and_the_lock_waited_for_no_longer(
    committing_api: Api, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FORGET_WAIT_MS", 50)
    other = Database(own_database.url.render_as_string(hide_password=False))
    with other.reading() as session:
        session.connection().execute(text("SELECT count(*) FROM sealed_identity"))
        recorded_source(committing_api)
        assert not own_database.forget_deleted("sealed_identity")
    other.dispose()
    assert own_database.forget_deleted("sealed_identity")
    assert own_database.write(lambda session: session.connection().scalar(text("SELECT 1"))) == 1


def test_writing_a_table_anew_may_take_longer_than_a_read(
    committing_api: Api, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "FORGET_WAIT_MS", 20_000)
    url = own_database.url.render_as_string(hide_password=False)
    hasty = Database(url, query_seconds=0.2, write_seconds=20)
    with ThreadPoolExecutor(1) as threads:
        with own_database.reading() as session:
            session.connection().execute(text("SELECT count(*) FROM sealed_identity"))
            forgetting = threads.submit(hasty.forget_deleted, "sealed_identity")
            time.sleep(1)
        assert forgetting.result(PATIENCE_S)
    hasty.dispose()


def test_writing_a_table_anew_takes_no_longer_than_a_write(
    committing_api: Api, own_database: Database, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite writes no table anew.")
    monkeypatch.setattr(db, "FORGET_WAIT_MS", 20_000)
    own_database.write_seconds = 0.3
    started = time.monotonic()
    with old_snapshot(own_database, "sealed_identity"):
        assert not own_database.forget_deleted("sealed_identity")
    assert time.monotonic() - started < 10
