"""How a request's body comes in: over places of its own kind while it is waited for, and large ones a few at a time.

A request is let in once its body is there, as a small one is within a moment. Whoever sends a longer one, or dawdles,
takes one of a few places for that, so that none of those among the requests that are answered is kept from others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.kit.places import TURNED_AWAY, Place, Places
from app.kit.problems import RETRY_AFTER_SECONDS, Overloaded, Problem, RateLimited
from app.kit.rate_limits import network_of

A_MOMENT_SECONDS: Final = 0.5
"""For which a body is waited for with no place: a packet that is lost is sent again within it."""
BEFORE_PLACE_BYTES: Final = 65_536
"""Of a body, to be held with no place. The server reads no further by itself."""
PLACES: Final = 64
"""Bodies that one process waits for at once, with a mebibyte each at most."""
PLACES_OF_ADDRESS: Final = 16
"""Of these one address has so many, an IPv6 one with all of its /64;"""
PLACES_OF_CALLER: Final = 8
"""one key or person;"""
PLACES_WITHOUT_KEY: Final = 16
"""and all callers without a key together, whatever their addresses."""
ALL: Final = "all"
TOO_MANY: Final = "Too many of your bodies are coming in at once: send one after another."
IN_A_WHILE: Final = {"Retry-After": str(RETRY_AFTER_SECONDS)}
LARGE_BYTES: Final = 16_384
"""From this length on a body takes milliseconds to be made sense of."""
LARGE_AT_ONCE: Final = 2
"""Large bodies that are made sense of and worked with at once: each may take 64 MiB of memory, and one processor is
all that one process has."""
LARGE_OF_CALLER: Final = 1
"""Of these, so that one caller's do not keep another's waiting."""


class Bodies:
    """The places for bodies of one process, and the turns of large ones."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._large = Places(PLACES, at_once=LARGE_AT_ONCE, of_one=LARGE_OF_CALLER)

    def take(self, shares: Mapping[str, int]) -> None:
        """Takes a place of each share, of which there are so many.

        Raises Overloaded where all of them are taken, RateLimited where those of another share are.
        """
        for share, most in shares.items():
            if self._taken[share] >= most:
                raise Overloaded if share == ALL else RateLimited(TOO_MANY, headers=IN_A_WHILE)
        self._taken.update(shares.keys())

    def leave(self, shares: Mapping[str, int]) -> None:
        """Gives back a place of each share."""
        self._taken.subtract(shares.keys())
        self._taken += Counter()  # forgets those of which none is taken

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[None]:
        """The turn of a large body of the caller's; raises Overloaded where it does not come in time."""
        await self._large.enter(caller)
        try:
            yield
        finally:
            self._large.leave(caller)


class Body:
    """The body of one request on its way in, and the places that the request holds meanwhile."""

    def __init__(self, bodies: Bodies, place: Place, scope: Scope, receive: Receive) -> None:
        """Takes the places for bodies, the request's own among those that are answered, and its channels."""
        self._bodies, self._place, self._receive = bodies, place, receive
        self._headers, self._scope = Headers(scope=scope), scope
        self._address = f"address {network_of(scope.get('client'))}"
        self._parts: list[bytes] = []
        self._length, self._is_whole = 0, False
        self._problem: Problem | None = None
        """Why no more of it is read; told once it is asked for."""
        self._held: dict[str, int] = {}

    async def let_in(self) -> None:
        """Takes the request's place among those that are answered where its body is there, else one for its body.

        Raises what taking them raises.
        """
        if not self._is_announced() or await self._comes_in_a_moment():
            await self._place.take()
        else:
            self._take_place()

    def _is_announced(self) -> bool:
        """Whether there is a body to come, by the header (RFC 9112 §6)."""
        return self._headers.get("content-length", "0") != "0" or "transfer-encoding" in self._headers

    async def _comes_in_a_moment(self) -> bool:
        if self._headers.get("expect", "").lower() == "100-continue":
            return False
        try:
            async with asyncio.timeout(A_MOMENT_SECONDS):
                while not self._is_whole and self._length < BEFORE_PLACE_BYTES:
                    await self._next_part()
        except TimeoutError:
            pass
        except Problem as problem:
            self._problem = problem
            return True
        return self._is_whole

    @asynccontextmanager
    async def whole(self, caller_id: str | None) -> AsyncIterator[bytes]:
        """The whole body, for as long as it is worked with; the caller's id is None without a key.

        Raises RateLimited or Overloaded where there is no place for it or for the work, and what reading it raises.
        """
        if self._is_whole and self._length < LARGE_BYTES:
            yield b"".join(self._parts)
            return
        self._place.leave()
        async with AsyncExitStack() as work:
            self._take_place(caller_id)
            try:
                content = await self._rest()
                is_large = len(content) >= LARGE_BYTES
                if is_large:
                    await work.enter_async_context(self._bodies.turn(caller_id or self._address))
            finally:
                self.leave()
            await self._place.take(ahead=is_large)  # what has its turn keeps no other large body waiting
            yield content

    async def pass_over(self) -> None:
        """Takes the request's place among those that are answered, though its body is not there: nobody reads it."""
        self.leave()
        await self._place.take()

    def leave(self) -> None:
        """Gives back the places that the body holds, if any."""
        held, self._held = self._held, {}
        self._bodies.leave(held)

    def _take_place(self, caller_id: str | None = None) -> None:
        """Takes a place for the body, or what is still due where it has one: the caller's own share."""
        shares = {self._address: PLACES_OF_ADDRESS, ALL: PLACES}
        if caller_id is not None:
            shares[f"caller {caller_id}"] = PLACES_OF_CALLER
        elif "authorization" not in self._headers:
            shares["no key"] = PLACES_WITHOUT_KEY
        due = {share: most for share, most in shares.items() if share not in self._held}
        try:
            self._bodies.take(due)
        except Problem:
            self._scope["state"][TURNED_AWAY] = True
            raise
        self._held |= due

    async def _rest(self) -> bytes:
        if self._problem is not None:
            raise self._problem
        while not self._is_whole:
            await self._next_part()
        return b"".join(self._parts)

    async def _next_part(self) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        self._parts.append(part)
        self._length += len(part)
        self._is_whole = not message.get("more_body", False)
