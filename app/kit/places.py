"""The places of those requests that are answered at once in one process."""

from typing import Final

from app.kit.problems import Overloaded

TURNED_AWAY: Final = "turned_away"
"""Set in the state of a request for which there is no place, for whatever reads its connection."""


class Places:
    """So many places and no more."""

    def __init__(self, most: int) -> None:
        """Takes how many there are."""
        self._most, self._taken = most, 0

    def enter(self) -> None:
        """Takes one; raises Overloaded where all are taken."""
        if self._taken >= self._most:
            raise Overloaded
        self._taken += 1

    def leave(self) -> None:
        """Gives one back."""
        self._taken -= 1


class Place:
    """A request's own place, which it may give back and take again."""

    def __init__(self, places: Places) -> None:
        """Takes none yet."""
        self._places, self._is_taken = places, False

    def take(self) -> None:
        """Takes the place, where the request has none; raises Overloaded where all are taken."""
        if not self._is_taken:
            self._places.enter()
            self._is_taken = True

    def leave(self) -> None:
        """Gives the place back, where the request has one."""
        if self._is_taken:
            self._is_taken = False
            self._places.leave()
