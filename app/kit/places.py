"""The places of those requests that are answered at once in one process, and whose turn it is."""

import asyncio
from collections import Counter
from typing import Final

from app.kit.problems import Overloaded

TURNED_AWAY: Final = "turned_away"
"""Set in the state of a request for which there is no place, for whatever reads its connection."""
TURN_SECONDS: Final = 10.0
"""For which a request waits for its turn."""


class Places:
    """So many places and no more; of each caller's requests a few are in work at once, and the rest wait.

    One caller alone may have all the places. Where none is left, whoever has most gives up one that waits to a caller
    who has fewer.
    """

    def __init__(self, most: int, *, at_once: int, of_one: int) -> None:
        """Takes how many there are, how many of them are in work at once, and how many of one caller."""
        self._most, self._at_once, self._of_one = most, at_once, of_one
        self._working: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[bool], str] = {}
        """Whose turn each is, in the order in which they come; it turns out true, or false for one that is given up."""

    async def enter(self, caller: str, *, ahead: bool = False) -> None:
        """Takes one once it is the caller's turn, or with `ahead` at once.

        Raises Overloaded where there is none, where it is given up, and where the turn does not come in time.
        """
        if self._working.total() + len(self._waiting) >= self._most:
            self._make_room(caller)
        if ahead or self._may_begin(caller):
            self._working[caller] += 1
        else:
            await self._turn(caller)

    def leave(self, caller: str) -> None:
        """Gives one of the caller's back; whoever has waited longest and may begin has it."""
        self._working[caller] -= 1
        self._working += Counter()  # forgets those of whom none is in work
        for turn, next_caller in self._waiting.items():
            if self._may_begin(next_caller):
                del self._waiting[turn]
                self._working[next_caller] += 1
                turn.set_result(True)
                return

    def _may_begin(self, caller: str) -> bool:
        return self._working.total() < self._at_once and self._working[caller] < self._of_one

    def _make_room(self, caller: str) -> None:
        taken = self._working + Counter(self._waiting.values())
        greediest = max(self._waiting.values(), key=taken.__getitem__, default=caller)
        if taken[greediest] <= taken[caller] + 1:
            raise Overloaded
        newest = next(turn for turn, whose in reversed(self._waiting.items()) if whose == greediest)
        del self._waiting[newest]
        newest.set_result(False)

    async def _turn(self, caller: str) -> None:
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = caller
        has_come = False
        try:
            await asyncio.wait([turn], timeout=TURN_SECONDS)
            has_come = turn.done() and turn.result()
        finally:
            if not has_come and self._waiting.pop(turn, None) is None and turn.result():
                self.leave(caller)
        if not has_come:
            raise Overloaded


class Place:
    """A request's own place, which it may give back and take again."""

    def __init__(self, places: Places, caller: str) -> None:
        """Takes none yet."""
        self._places, self._caller, self._is_taken = places, caller, False

    async def take(self, *, ahead: bool = False) -> None:
        """Takes the place, where the request has none; raises what `Places.enter` raises."""
        if not self._is_taken:
            await self._places.enter(self._caller, ahead=ahead)
            self._is_taken = True

    def leave(self) -> None:
        """Gives the place back, where the request has one."""
        if self._is_taken:
            self._is_taken = False
            self._places.leave(self._caller)
