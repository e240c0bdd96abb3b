"""Which requests are begun at all: what a caller sends beyond its limits, or the process can take, is turned away.

That happens before anything else is looked at, so that turning away costs next to nothing.
"""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.bodies import Bodies, Body
from app.kit.places import TURNED_AWAY, Place, Places
from app.kit.problems import Problem
from app.kit.rate_limits import RateLimits, caller_of


class Admission:
    """Wraps the app: at most so many requests are in it at once, a few of each caller's, and each caller's are counted.

    Paths that tell of the service's health are let in always: they must answer best when it has most to do. The app
    finds the request's body in its state.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_in_flight: int,
        of_one_caller: int,
        rate_limits: RateLimits,
        always: Collection[str] = (),
    ) -> None:
        """Takes the app, the most requests in it at once, how many of one caller's are worked at, and more.

        The limits by caller, that is, and the paths let in always.
        """
        self.app = app
        self._places = Places(max_in_flight, at_once=max_in_flight, of_one=of_one_caller)
        self._rate_limits, self._always = rate_limits, frozenset(always)
        self._bodies = Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets one request in; raises RateLimited or Overloaded where it is not."""
        if scope["type"] != "http" or scope["path"] in self._always:
            await self.app(scope, receive, send)
            return
        place, state = Place(self._places, caller_of(scope)), scope.setdefault("state", {})
        body = state["whole_body"] = Body(self._bodies, place, scope, receive)
        headers: dict[str, str] = {}

        async def send_and_leave(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
                # The work is done. Who takes an answer slowly holds no place, and a client may send its next request as
                # soon as it has its answer, before the app has tidied up.
                place.leave()
            await send(message)

        try:
            try:
                headers |= self._rate_limits.count(scope)
                await body.let_in()
            except Problem as problem:
                state[TURNED_AWAY] = True
                problem.headers = {**headers, **problem.headers}
                raise
            await self.app(scope, receive, send_and_leave)
        finally:
            body.leave()
            place.leave()
