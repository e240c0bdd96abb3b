"""The replies that are kept for repeated requests: for a day, and forgotten a few at a time."""

from datetime import timedelta

import pytest
from sqlmodel import func, select

from app.access import queries
from app.access.context import Context
from app.models import StoredReply
from tests.conftest import Clock
from tests.factories import source_body
from tests.fixtures.api import Api

OLD = 5


def kept(context: Context) -> int:
    with context.database.reading() as session:
        return session.exec(select(func.count()).select_from(StoredReply)).one()


def record(api: Api, key: str) -> str:
    response = api.post("/v1/sources", source_body(), headers={"Idempotency-Key": key})
    assert response.status_code == 201
    return str(response.json()["id"])


def test_old_replies_are_forgotten_some_with_each_request(
    api: Api, context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "FORGOTTEN_AT_ONCE", 2)
    for number in range(OLD):
        record(api, f"old {number}")
    clock.now += timedelta(hours=25)
    counts = []
    for number in range(4):
        record(api, f"new {number}")
        counts.append(kept(context))
    assert counts == [OLD - 2 + 1, OLD - 4 + 2, 3, 4]


def test_a_reply_that_is_too_old_is_not_given_again_though_it_is_still_there(
    api: Api, context: Context, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "FORGOTTEN_AT_ONCE", 0)
    first = record(api, "once")
    assert record(api, "once") == first
    clock.now += timedelta(hours=25)
    assert record(api, "once") != first
    assert kept(context) == 1
