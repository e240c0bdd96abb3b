"""HTTP as uvicorn reads it, with two differences: what it refuses by itself is a problem document, and nobody dawdles.

A request's header and its content each have a deadline that no trickle puts off, and so has the taking of an answer.
The content's deadline here is the last resort: `app.kit.requests` has a shorter one, and answers.
"""

import random
import resource
import socket
from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Any, Final

from fastapi import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.kit.admission import TURNED_AWAY
from app.kit.headers import SECURITY_HEADERS
from app.kit.ids import random_id
from app.kit.problems import RETRY_AFTER_SECONDS, BadRequest, Overloaded, Problem, RequestTimeout, problem_response
from app.kit.requests import BODY_SECONDS

UNREADABLE: Final = "It is not HTTP, or its address is longer than 65,535 bytes."
HEADER_SECONDS: Final = 4.0
"""From a connection's first byte, or from its beginning where none comes, to the end of the request's header. A header
fits in a few packets: a second lost twice over is within it."""
CONTENT_SECONDS: Final = BODY_SECONDS + 1
"""From the end of the header to the end of the content, whether or not the app asks for it."""
TAKING_SECONDS: Final = 30.0
"""For a client to take what was sent to it, so that one that never reads holds nothing for ever."""
PAUSE_SECONDS: Final = float(RETRY_AFTER_SECONDS)
"""For which a connection is not read from once a request on it was turned away. Who does not wait as it was told to
would otherwise take the time of those who were let in: of their answers four fifths were missing."""
OWN_FILES: Final = 100
"""Open files that are no connections: the database's, and those of the process itself."""
MAX_CONNECTIONS: Final = min(2000, max(100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OWN_FILES))
"""Open at once in one process, idle ones included, which cost 20 kB or so each."""

ENTRANCES: Final = 4
"""By which connections are taken in. libuv accepts one connection of a socket each turn of the loop (since
https://github.com/libuv/libuv/pull/3696), and a turn takes some milliseconds while threads work: of 300 callers who
come at once the last waited for three seconds before anybody knew of it."""


def entrances(listening: socket.socket) -> list[socket.socket]:
    """The socket and further handles of it, for the server to listen on each; it closes them all."""
    return [listening, *(listening.dup() for _ in range(ENTRANCES - 1))]


def _pause() -> float:
    """Up to twice as long, so that those who were turned away together do not come again together."""
    return random.uniform(PAUSE_SECONDS, 2 * PAUSE_SECONDS)  # noqa: S311  # jitter, no secret


class ProblemProtocol(HttpToolsProtocol):
    """One connection. A request that cannot be parsed, or comes too late, never reaches the app."""

    def __init__(self, *of_uvicorn: Any, **named: Any) -> None:
        """Takes what uvicorn gives."""
        super().__init__(*of_uvicorn, **named)
        self._arriving: TimerHandle | None = None
        """When the request that is coming in must have come further; None between requests."""
        self._in_content = False
        self._taking: TimerHandle | None = None
        """When what was sent must have been taken; None where nothing waits."""
        self._reading: TimerHandle | None = None
        """When the connection is read from again; None while it is."""
        self._silent, self._has_asked = True, False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begins; a connection beyond the most that may be open is answered and closed at once."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(Overloaded(headers={"Connection": "close"}))
        else:
            self._expect(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self._expect(None)
        self._await_taking(wait=False)
        if self._reading is not None:
            self._reading.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came in. Bytes that begin no request run out of time like a header that never ends."""
        if self.transport.is_closing():
            return
        self._silent = False
        if self._arriving is None:
            self._expect(HEADER_SECONDS)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins: with the connection's first bytes, or behind another one (RFC 9112 §9.3.2)."""
        if self._arriving is None:
            self._expect(HEADER_SECONDS)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The header is whole."""
        self._in_content = True
        self._expect(CONTENT_SECONDS)
        super().on_headers_complete()
        self._has_asked = True

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_content = False
        self._expect(None)
        super().on_message_complete()
        # uvicorn waits for the next request from the answer on; where that was sent before the content had come, the
        # content has ended that wait.
        if self.cycle.response_complete and self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._expect(HEADER_SECONDS)

    def on_response_complete(self) -> None:
        """An answer is written, if not yet taken."""
        was_turned_away = self.cycle.scope["state"].get(TURNED_AWAY, False)
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_taking()
        elif was_turned_away:
            self.flow.pause_reading()
            self._reading = self.loop.call_later(_pause(), self.flow.resume_reading)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came after an answer: closes the connection."""
        super().timeout_keep_alive_handler()
        self._await_taking()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        self._await_taking(wait=self.transport.is_closing())

    def send_400_response(self, msg: str) -> None:
        """Answers what cannot be parsed, and closes the connection; uvicorn's own words are left out."""
        self._refuse(BadRequest(UNREADABLE, headers={"Connection": "close"}))

    def _expect(self, seconds: float | None) -> None:
        """Gives what is coming in so many seconds, or any time with None."""
        if self._arriving is not None:
            self._arriving.cancel()
        self._arriving = self.loop.call_later(seconds, self._came_too_late) if seconds is not None else None

    def _came_too_late(self) -> None:
        self._arriving = None
        if self.transport.is_closing():
            return
        if self._waits_for_us():
            self._expect(1)
        elif self._in_content or self._silent or self._between_requests():
            self.transport.close()
            self._await_taking()
        else:
            self._refuse(RequestTimeout())

    def _waits_for_us(self) -> bool:
        """Whether the client waits: for us to read, for word to go on, or for the answer to an earlier request."""
        if not self._has_asked or self.cycle.response_complete:
            return False
        return (
            self.flow.read_paused or bool(self.pipeline) or not self._in_content or self.cycle.waiting_for_100_continue
        )

    def _between_requests(self) -> bool:
        return self._has_asked and self.cycle.scope is self.scope

    def _await_taking(self, *, wait: bool = True) -> None:
        """Cuts the connection unless what was written to it is taken in time; with `wait` false, leaves it alone."""
        if self._taking is not None and not wait:
            self._taking.cancel()
            self._taking = None
        elif wait and self._taking is None and self.transport.get_write_buffer_size() > 0:
            self._taking = self.loop.call_later(TAKING_SECONDS, self.transport.abort)

    def _refuse(self, problem: Problem) -> None:
        """Answers with the problem, and closes the connection."""
        own_id = random_id()
        state = {"request_id": own_id, "instance": f"urn:uuid:{own_id}"}
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "state": state})
        response = problem_response(request, problem)
        response.headers.update({"X-Request-Id": own_id, **SECURITY_HEADERS})
        headers = response.raw_headers
        lines = [STATUS_LINE[problem.status], *(b"%b: %b\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join(lines) + bytes(response.body))
        self.transport.close()
        self._await_taking()
