"""Which requests are begun at all: what a caller sends beyond its limits, or the process can take, is turned away.

That happens before anything else is looked at, so that turning away costs next to nothing.
"""

from collections.abc import Collection
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.problems import Overloaded, Problem
from app.kit.rate_limits import RateLimits

TURNED_AWAY: Final = "turned_away"
"""Set in the state of a request that is not let in, for whatever reads its connection."""


class Admission:
    """Wraps the app: at most so many requests are in it at once, and each caller's are counted.

    Paths that tell of the service's health are let in always: they must answer best when it has most to do.
    """

    def __init__(
        self, app: ASGIApp, *, max_in_flight: int, rate_limits: RateLimits, always: Collection[str] = ()
    ) -> None:
        """Takes the app, the most requests in it at once, the limits by caller, and the paths let in always."""
        self.app = app
        self._max_in_flight, self._rate_limits, self._always = max_in_flight, rate_limits, frozenset(always)
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one request in; raises RateLimited or Overloaded where it is not."""
        if scope["type"] != "http" or scope["path"] in self._always:
            await self.app(scope, receive, send)
            return
        try:
            headers = self._rate_limits.count(scope)
            if self.in_flight >= self._max_in_flight:
                raise Overloaded(headers=headers)
        except Problem:
            scope.setdefault("state", {})[TURNED_AWAY] = True
            raise
        place = _Place(self)

        async def send_and_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)
            # Not only once the app has tidied up: a client may send its next request as soon as it has its answer.
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                place.leave()

        try:
            await self.app(scope, receive, send_and_leave)
        finally:
            place.leave()


class _Place:
    """One of the places in the app, taken when it is made, and left once."""

    def __init__(self, admission: Admission) -> None:
        self._admission, self._is_taken = admission, True
        admission.in_flight += 1

    def leave(self) -> None:
        if self._is_taken:
            self._is_taken = False
            self._admission.in_flight -= 1
