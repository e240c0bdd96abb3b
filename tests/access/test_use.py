"""The day of a key's last use: noted once a day, after the answer, and never at its cost."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from app.access.authentication import Use, note_use
from app.access.context import Context
from app.kit.db import Database, SharedConnectionDatabase
from app.kit.instants import day_of
from tests.conftest import START, Clock
from tests.fixtures.api import Api
from tests.fixtures.keys import With
from tests.fixtures.queries import QueryRecorder

BODY = {"name": "CMS", "scopes": ["claims:read"]}


def last_use(api: Api, key: Any) -> str | None:
    day: str | None = api.read(f"/v1/keys/{key['id']}")["last_used_on"]
    return day


def test_the_day_of_the_last_use_is_shown(api: Api, clock: Clock, caller_with: With) -> None:
    key = api.create("/v1/keys", BODY)
    assert (key["last_used_on"], last_use(api, key)) == (None, None)
    caller_with(key).get("/v1/claims")
    assert last_use(api, key) == "2026-11-23"
    clock.now = START + timedelta(days=2)
    assert last_use(api, key) == "2026-11-23"
    caller_with(key).get("/v1/claims")
    assert last_use(api, key) == "2026-11-25"


def test_the_day_is_written_once(api: Api, caller_with: With, query_recorder: QueryRecorder) -> None:
    caller = caller_with(api.create("/v1/keys", BODY))
    writes = []
    for _ in range(3):
        with query_recorder() as statements:
            caller.get("/v1/claims")
        writes.append([statement for statement in statements if statement.startswith("UPDATE")])
    assert [len(each) for each in writes] == [1, 0, 0]


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/claims/00000000-0000-4000-8000-000000000000", "/v1/claims?limit=0"])
def test_a_use_that_is_refused_is_one(api: Api, caller_with: With, path: str) -> None:
    key = api.create("/v1/keys", BODY)
    caller = caller_with(key)
    first = caller.get(path)
    assert first.status_code in {403, 404, 422}
    caller.get("/v1/claims")
    again = caller.get(path)
    assert (first.status_code, first.json()["code"], first.json()["errors"]) == (
        again.status_code,
        again.json()["code"],
        again.json()["errors"],
    )
    assert set(first.headers) == set(again.headers)
    assert last_use(api, key) == "2026-11-23"


def test_a_use_is_no_change(api: Api, caller_with: With, connection: Connection) -> None:
    def changes() -> int:
        return int(connection.execute(text("SELECT count(*) FROM change")).scalar_one())

    key = api.create("/v1/keys", BODY)
    before = changes()
    caller_with(key).get("/v1/claims")
    assert last_use(api, key) is not None
    assert changes() == before


class FailingDatabase(SharedConnectionDatabase):
    """One that can be read and not written."""

    def write(self, work: Callable[[Session], Any]) -> Any:
        raise OperationalError("the statement", {}, Exception("database is locked"))


def test_a_use_that_cannot_be_noted_fails_nothing(
    api: Api, app: FastAPI, context: Context, connection: Connection, caller_with: With
) -> None:
    key = api.create("/v1/keys", BODY)
    app.state.context = replace(context, database=FailingDatabase(connection))
    assert caller_with(key).get("/v1/claims").status_code == 200
    app.state.context = context
    assert last_use(api, key) is None


def test_a_use_is_noted_in_the_time_of_a_write_or_not_at_all(committing_api: Api, own_context: Context) -> None:
    key = committing_api.create("/v1/keys", BODY)
    own_context.database.write_seconds = 0.3
    other = Database(own_context.database.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(1) as threads, other.engine().begin() as holding:
        holding.execute(text("UPDATE api_key SET name = name"))
        threads.submit(note_use, own_context, Use(key["id"], day_of(START))).result(10)
    other.dispose()
    assert last_use(committing_api, key) is None


def test_a_use_does_not_wait_for_another_to_be_noted(api: Api, context: Context) -> None:
    key = api.create("/v1/keys", BODY)
    with context.noting_use:
        note_use(context, Use(key["id"], day_of(START)))
    assert last_use(api, key) is None
    note_use(context, Use(key["id"], day_of(START)))
    note_use(context, Use(key["id"], day_of(START - timedelta(days=1))))
    assert last_use(api, key) == "2026-11-23"
