"""Whose turn it is, and who gives up a place: no caller takes those of others."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app.kit import places
from app.kit.places import Places
from app.kit.problems import Overloaded


class Crowd:
    """Requests that come in, and stay until they are told to go."""

    def __init__(self, most: int, *, at_once: int | None = None, of_one: int) -> None:
        self.places = Places(most, at_once=at_once or most, of_one=of_one)
        self.requests: list[tuple[str, asyncio.Task[None]]] = []

    async def comes(self, *callers: str, ahead: bool = False) -> None:
        for caller in callers:
            self.requests.append((caller, asyncio.create_task(self.places.enter(caller, ahead=ahead))))
            await asyncio.sleep(0)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def leaves(self, caller: str) -> None:
        self.requests.remove(next(each for each in self.requests if each[0] == caller and self._is_in(each[1])))
        self.places.leave(caller)
        await self.settle()

    @staticmethod
    def _is_in(task: asyncio.Task[None]) -> bool:
        return task.done() and not task.cancelled() and task.exception() is None

    def _those(self, which: Any) -> str:
        return "".join(caller for caller, task in self.requests if which(task))

    @property
    def working(self) -> str:
        return self._those(self._is_in)

    @property
    def waiting(self) -> str:
        return self._those(lambda task: not task.done())

    @property
    def refused(self) -> str:
        return self._those(lambda task: task.done() and isinstance(task.exception(), Overloaded))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_of_one_caller_a_few_are_in_work_and_the_rest_wait_for_their_turn() -> None:
    async def work() -> None:
        crowd = Crowd(8, of_one=2)
        await crowd.comes(*"aaaa", *"bb")
        assert (crowd.working, crowd.waiting, crowd.refused) == ("aabb", "aa", "")
        await crowd.leaves("b")
        assert (crowd.working, crowd.waiting) == ("aab", "aa")
        await crowd.leaves("a")
        assert (crowd.working, crowd.waiting) == ("aab", "a")

    run(work())


def test_one_caller_alone_may_have_all_the_places() -> None:
    async def work() -> None:
        crowd = Crowd(4, of_one=2)
        await crowd.comes(*"aaaaa")
        assert (crowd.working, crowd.waiting, crowd.refused) == ("aa", "aa", "a")
        assert crowd.requests[-1][1].done()

    run(work())


def test_whoever_has_most_gives_up_the_one_that_came_last() -> None:
    async def work() -> None:
        crowd = Crowd(6, of_one=2)
        await crowd.comes(*"aaaa", *"bb")
        await crowd.comes("c")
        assert (crowd.working, crowd.waiting, crowd.refused) == ("aabbc", "a", "a")
        assert crowd.requests[3][1].exception() is not None
        await crowd.comes(*"cc")
        assert (crowd.working, crowd.waiting, crowd.refused) == ("aabbcc", "", "aac")

    run(work())


def test_no_more_are_in_work_than_may_be_whoever_they_are() -> None:
    async def work() -> None:
        crowd = Crowd(9, at_once=2, of_one=1)
        await crowd.comes(*"aab", *"c")
        assert (crowd.working, crowd.waiting) == ("ab", "ac")
        await crowd.leaves("b")
        assert (crowd.working, crowd.waiting) == ("ac", "a")

    run(work())


def test_whoever_goes_ahead_waits_for_no_turn() -> None:
    async def work() -> None:
        crowd = Crowd(3, of_one=1)
        await crowd.comes("a")
        await crowd.comes("a", ahead=True)
        assert crowd.working == "aa"
        await crowd.comes("a")
        await crowd.leaves("a")
        assert (crowd.working, crowd.waiting) == ("a", "a")

    run(work())


def test_a_turn_that_does_not_come_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "TURN_SECONDS", 0)

    async def work() -> None:
        crowd = Crowd(3, of_one=1)
        await crowd.comes(*"aa")
        assert (crowd.working, crowd.waiting, crowd.refused) == ("a", "", "a")
        await crowd.leaves("a")
        await crowd.comes("a")
        assert crowd.working == "a"

    run(work())


@pytest.mark.parametrize("turn_has_come", [False, True])
def test_who_goes_away_while_it_waits_leaves_nothing_taken(turn_has_come: bool) -> None:
    async def work() -> None:
        crowd = Crowd(3, of_one=1)
        await crowd.comes(*"aa")
        if turn_has_come:
            crowd.places.leave("a")
        crowd.requests[1][1].cancel()
        await crowd.settle()
        if not turn_has_come:
            crowd.places.leave("a")
        assert (crowd.places._working.total(), len(crowd.places._waiting)) == (0, 0)

    run(work())
