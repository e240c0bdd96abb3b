"""Who has a place while its body is waited for, and for how many others there is one then."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest

from app.kit import bodies, places
from app.kit.bodies import PLACES, PLACES_OF_ADDRESS, PLACES_OF_CALLER, PLACES_WITHOUT_KEY, Bodies, Body
from app.kit.places import TURNED_AWAY, Place, Places
from app.kit.problems import ContentTooLarge, Overloaded, RateLimited

KEY = (b"authorization", b"Bearer onr_x")
ANNOUNCED = (b"content-length", b"9")


@pytest.fixture(autouse=True)
def no_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not there at once is not waited for."""
    monkeypatch.setattr(bodies, "A_MOMENT_SECONDS", 0)


class Service:
    """The places of one process, and requests to it."""

    def __init__(self, places: int = 100) -> None:
        self.bodies, self.places = Bodies(), Places(places, at_once=places, of_one=places)
        self.requests: list[tuple[Body, dict[str, Any]]] = []

    async def request(self, *parts: bytes, address: str = "192.0.2.1", headers: Any = (KEY, ANNOUNCED)) -> Body:
        """Lets a request in of whose body these parts are there, the last of which is an empty one if it is whole."""
        coming = list(parts)
        state: dict[str, Any] = {}

        async def receive() -> Any:
            if not coming:
                await asyncio.Event().wait()
            part = coming.pop(0)
            return {"type": "http.request", "body": part, "more_body": part != b""}

        scope = {"type": "http", "client": (address, 1), "headers": list(headers), "state": state}
        body = Body(self.bodies, Place(self.places, address), scope, receive)
        self.requests.append((body, state))
        await body.let_in()
        return body

    @property
    def taken(self) -> int:
        """How many requests have a place among those that are answered."""
        return self.places._working.total()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_a_body_that_is_there_takes_the_place_of_a_request_alone() -> None:
    async def work() -> None:
        service = Service()
        for _ in range(PLACES_OF_ADDRESS + 1):
            body = await service.request(b"{", b"}", b"")
            async with body.whole("key") as content:
                assert content == b"{}"
        assert service.taken == PLACES_OF_ADDRESS + 1

    run(work())


def test_whoever_dawdles_takes_none_from_others() -> None:
    async def work() -> None:
        service = Service()
        for _ in range(PLACES_OF_ADDRESS):
            await service.request(b"{")
        assert service.taken == 0
        with pytest.raises(RateLimited) as refused:
            await service.request(b"{")
        assert refused.value.headers["Retry-After"] == "1"
        assert service.requests[-1][1] == {TURNED_AWAY: True}
        with pytest.raises(RateLimited):
            await service.request(headers=[ANNOUNCED])
        await service.request(b"{", address="192.0.2.2")
        await service.request(b"{}", b"")
        assert service.taken == 1
        service.requests[0][0].leave()
        await service.request(b"{")

    run(work())


def test_an_ipv6_caller_is_its_network() -> None:
    async def work() -> None:
        service = Service()
        for number in range(PLACES_OF_ADDRESS):
            await service.request(address=f"2001:db8::{number:x}")
        with pytest.raises(RateLimited):
            await service.request(address="2001:db8::ffff:1")
        await service.request(address="2001:db8:0:1::1")

    run(work())


def test_a_key_has_few_places_wherever_it_is_used() -> None:
    async def work() -> None:
        service = Service()
        async with AsyncExitStack() as stack:
            waiting = []
            for number in range(PLACES_OF_CALLER):
                body = await service.request(b"{", address=f"192.0.2.{number}")
                waiting.append(asyncio.create_task(stack.enter_async_context(body.whole("key"))))
            await asyncio.sleep(0)
            one_more = await service.request(b"{", address="192.0.2.99")
            with pytest.raises(RateLimited):
                await stack.enter_async_context(one_more.whole("key"))
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    run(work())


def test_callers_without_a_key_leave_places_to_those_with_one() -> None:
    async def work() -> None:
        service = Service()
        for number in range(PLACES_WITHOUT_KEY):
            await service.request(address=f"192.0.2.{number}", headers=[ANNOUNCED])
        with pytest.raises(RateLimited):
            await service.request(address="192.0.2.99", headers=[ANNOUNCED])
        for number in range(PLACES - PLACES_WITHOUT_KEY):
            await service.request(address=f"198.51.100.{number}")
        with pytest.raises(Overloaded):
            await service.request(address="203.0.113.1")

    run(work())


def test_a_long_body_gives_its_place_back_until_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LARGE_BYTES", 2)
    monkeypatch.setattr(places, "TURN_SECONDS", 0)

    async def work() -> None:
        service = Service()
        async with AsyncExitStack() as at_work:
            for number in range(bodies.LARGE_AT_ONCE):
                await at_work.enter_async_context((await service.request(b"{}", b"")).whole(f"key {number}"))
            assert service.taken == bodies.LARGE_AT_ONCE
            one_more = await service.request(b"{}", b"")
            with pytest.raises(Overloaded):
                await at_work.enter_async_context(one_more.whole("key"))
            assert service.taken == bodies.LARGE_AT_ONCE
            assert not service.bodies._taken
        async with (await service.request(b"{}", b"")).whole("key") as content:
            assert content == b"{}"

    run(work())


def test_large_bodies_of_one_caller_keep_nobody_elses_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LARGE_BYTES", 2)

    async def work() -> None:
        service = Service()
        async with AsyncExitStack() as at_work:
            mine = [
                asyncio.create_task(at_work.enter_async_context((await service.request(b"{}", b"")).whole("key")))
                for _ in range(PLACES_OF_CALLER)
            ]
            await asyncio.sleep(0)
            assert await at_work.enter_async_context((await service.request(b"{}", b"")).whole("other")) == b"{}"
            assert [each.done() for each in mine].count(True) == 1
            for task in mine:
                task.cancel()
            await asyncio.gather(*mine, return_exceptions=True)

    run(work())


def test_what_is_wrong_with_a_body_is_told_once_it_is_asked_for() -> None:
    async def work() -> None:
        service = Service()

        async def receive() -> Any:
            raise ContentTooLarge

        scope: Any = {"type": "http", "client": None, "headers": [ANNOUNCED], "state": {}}
        body = Body(service.bodies, Place(service.places, "key"), scope, receive)
        await body.let_in()
        with pytest.raises(ContentTooLarge):
            async with body.whole(None):
                raise AssertionError

    run(work())


def test_a_body_that_nobody_reads_holds_no_place_of_a_body() -> None:
    async def work() -> None:
        service = Service(places=1)
        body = await service.request()
        await body.pass_over()
        assert (service.taken, len(service.bodies._taken)) == (1, 0)

    run(work())
