"""Whether the service is ready is answered while the database hangs, and without asking it twice at once."""

import asyncio
from threading import Event
from typing import Any, cast

import pytest
from anyio import fail_after
from anyio.from_thread import BlockingPortal
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.datastructures import State

from app import startup
from app.health import readiness
from app.health.readiness import database_is_current
from app.kit.db import Database
from app.kit.problems import Unavailable

PATIENCE_S = 20.0
ANY: Database = cast(Database, None)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> tuple[Event, list[int]]:
    """A database that does not answer until it is let go, and how often it was asked."""
    go, asked = Event(), list[int]()

    def is_current(_database: Any) -> bool:
        asked.append(1)
        return go.wait(60)

    monkeypatch.setattr(startup, "is_current", is_current)
    return go, asked


def test_who_asks_at_the_same_time_gets_the_same_answer(hanging: tuple[Event, list[int]]) -> None:
    async def run() -> list[bool]:
        state = State()
        asking = [asyncio.create_task(database_is_current(state, ANY)) for _ in range(20)]
        await asyncio.sleep(0)
        hanging[0].set()
        answers = await asyncio.gather(*asking)
        assert len(hanging[1]) == 1
        return [*answers, await database_is_current(state, ANY)]

    assert asyncio.run(run()) == [True] * 21
    assert len(hanging[1]) == 2


def test_a_database_that_hangs_holds_up_one_thread(
    hanging: tuple[Event, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.01)

    async def run() -> None:
        state = State()
        for _ in range(5):
            with pytest.raises(Unavailable, match="in time"):
                await database_is_current(state, ANY)
        assert len(hanging[1]) == 1
        hanging[0].set()
        monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 60)
        assert await database_is_current(state, ANY)

    asyncio.run(run())


def test_a_database_that_fails_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def is_current(_database: Any) -> bool:
        asked.append(1)
        if len(asked) == 1:
            raise ConnectionError
        return True

    monkeypatch.setattr(startup, "is_current", is_current)

    async def run() -> None:
        state = State()
        with pytest.raises(ConnectionError):
            await database_is_current(state, ANY)
        assert await database_is_current(state, ANY)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_while_every_thread_that_answers_is_busy(
    app: FastAPI, portal: BlockingPortal, path: str
) -> None:
    async def ask() -> int:
        threads = current_default_thread_limiter()
        busy = [object() for _ in range(int(threads.total_tokens))]
        for each in busy:
            await threads.acquire_on_behalf_of(each)
        try:
            async with AsyncClient(transport=ASGITransport(app), base_url="http://onrecord.test") as client:
                with fail_after(PATIENCE_S):
                    return (await client.get(path)).status_code
        finally:
            for each in busy:
                threads.release_on_behalf_of(each)

    assert portal.call(ask) == 200
