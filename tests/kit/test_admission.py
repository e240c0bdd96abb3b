"""Who is let in: no more requests at once than may be, no caller oftener than may be, and health always."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from app.kit.admission import Admission
from app.kit.problems import Overloaded, RateLimited
from app.kit.rate_limits import RateLimits

UNLIMITED = RateLimits(per_address=0, per_key=0)


class Held:
    """An app whose answers wait until they are let go; some of them then fail."""

    def __init__(self) -> None:
        self.go, self.entered = asyncio.Event(), 0

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.entered += 1
        await self.go.wait()
        if scope["path"] == "/fails":
            raise RuntimeError
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def ask(app: Admission, path: str = "/v1/claims", *, key: bytes | None = None) -> dict[bytes, bytes]:
    """The headers of the answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("Nothing is read of what is turned away.")

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", key)] if key is not None else []
    await app({"type": "http", "path": path, "client": ("192.0.2.1", 1), "headers": headers}, receive, send)
    return dict(sent[0]["headers"])


def test_no_more_requests_are_begun_than_may_be_and_room_is_made_by_each_that_ends() -> None:
    async def run() -> None:
        held = Held()
        app = Admission(held, max_in_flight=3, of_one_caller=3, rate_limits=UNLIMITED, always=["/healthz"])
        begun = [asyncio.create_task(ask(app, path)) for path in ("/v1/claims", "/fails", "/v1/sources")]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await ask(app)
        assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "1")
        assert held.entered == 3
        held.go.set()
        assert await ask(app, "/healthz") == {}
        await asyncio.gather(*begun, return_exceptions=True)
        assert [await ask(app) for _ in range(4)] == [{}] * 4

    asyncio.run(run())


def test_of_one_key_or_address_a_few_are_worked_at_and_others_are_not_kept_waiting() -> None:
    async def run() -> None:
        held = Held()
        app = Admission(held, max_in_flight=9, of_one_caller=2, rate_limits=UNLIMITED)
        keys = [b"Bearer one", b"bearer  one", b"Bearer one", b"Bearer two", None, None, None]
        begun = [asyncio.create_task(ask(app, key=key)) for key in keys]
        await asyncio.sleep(0)
        assert held.entered == 2 + 1 + 2
        held.go.set()
        assert await asyncio.gather(*begun) == [{}] * len(keys)

    asyncio.run(run())


def test_health_is_let_in_beyond_every_bound() -> None:
    async def run() -> None:
        held = Held()
        limits = RateLimits(per_address=1, per_key=0)
        app = Admission(held, max_in_flight=1, of_one_caller=1, rate_limits=limits, always=["/healthz", "/readyz"])
        first = asyncio.create_task(ask(app))
        await asyncio.sleep(0)
        others = [asyncio.create_task(ask(app, path)) for path in ("/healthz", "/readyz") for _ in range(5)]
        await asyncio.sleep(0)
        assert held.entered == 11
        held.go.set()
        assert await asyncio.gather(*others) == [{}] * 10
        await first

    asyncio.run(run())


def test_who_is_let_in_is_told_how_it_stands_and_who_is_not_too() -> None:
    async def run() -> None:
        held = Held()
        held.go.set()
        app = Admission(held, max_in_flight=1, of_one_caller=1, rate_limits=RateLimits(per_address=1, per_key=0))
        assert await ask(app) == {b"ratelimit-policy": b'"address";q=1;w=60', b"ratelimit": b'"address";r=0;t=60'}
        with pytest.raises(RateLimited) as refused:
            await ask(app)
        assert refused.value.headers.keys() == {"Retry-After", "RateLimit-Policy", "RateLimit"}
        assert held.entered == 1

    asyncio.run(run())
