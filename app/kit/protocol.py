"""HTTP as uvicorn reads it, but refusals are problem documents, nobody dawdles, and no framing is guessed.

A request's header and its content each have a deadline that no trickle puts off, and so has the taking of an answer.
The content's deadline here is the last resort: `app.kit.requests` has a shorter one, and answers. What stands behind
the content is no header (RFC 9110 §6.5.1), and what another server could take for a second request is refused.
"""

import random
import resource
import socket
from asyncio import Transport
from asyncio.events import TimerHandle
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from fastapi import Request
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.kit.fields import MAX_HEADERS_BYTES
from app.kit.headers import HSTS
from app.kit.ids import random_id
from app.kit.networks import is_address_within
from app.kit.places import TURNED_AWAY
from app.kit.problems import (
    RETRY_AFTER_SECONDS,
    BadRequest,
    HeadersTooLarge,
    Overloaded,
    Problem,
    RequestTimeout,
    problem_response,
)
from app.kit.rate_limits import network_of
from app.kit.requests import BODY_SECONDS

UNREADABLE: Final = "It is not HTTP, or its address is longer than 65,535 bytes."
HEADER_SECONDS: Final = 4.0
"""From a connection's first byte, or from its beginning where none comes, to the end of the request's header. A header
fits in a few packets: a second lost twice over is within it."""
CONTENT_SECONDS: Final = BODY_SECONDS + 1
"""From the end of the header, or the turn of a request behind others, to the end of the content, whether or not the app
asks for it."""
TAKING_SECONDS: Final = 30.0
"""For a client to take what was sent to it, so that one that never reads holds nothing for ever."""
MAX_UNTAKEN_BYTES: Final = 64 * 2**20
"""Of answers that wait for their clients, in one process; beyond it whoever has waited longest is cut."""
MAX_FRAMING_BYTES: Final = 2 * MAX_HEADERS_BYTES
"""Of a request's line and header together, and of what stands around and behind its content: sizes of chunks, their
extensions, the trailer. The last packet's part is not counted."""
PART_BYTES: Final = 1024
"""What came in is looked at in parts of so many: uvloop reads a quarter of a mebibyte at once. In one part 56 requests
have room, and the next one is not looked at before those are begun."""
UNREAD_BYTES: Final = 16_384
"""Of what came in and is not looked at yet: once there is as much, nothing more is taken off the connection."""
MAX_PARTS: Final = 10_000
"""In which a content comes, its chunks mostly. Each takes a microsecond of the loop: a mebibyte in chunks of one byte
took a second."""
PAUSE_SECONDS: Final = float(RETRY_AFTER_SECONDS)
"""For which nothing on a connection is looked at once a request on it was turned away. Who does not wait as it was told
to would otherwise take the time of those who were let in: of their answers four fifths were missing."""
OWN_FILES: Final = 100
"""Open files that are no connections: the database's, and those of the process itself."""
CLOSING: Final = {"Connection": "close"}
MAX_CONNECTIONS: Final = min(2000, max(100, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - OWN_FILES))
"""Open at once in one process, idle ones included, which cost 20 kB or so each."""
MAX_OF_ADDRESS: Final = MAX_CONNECTIONS // 2
"""Of these one address has so many; a proxy, behind which there are many callers, all that it can have."""
PROXIES: Final = "proxies"
"""The networks of the proxies in front, in the state with which the app is started."""
BEHIND_TLS: Final = "behind_tls"
"""Whether what is in front speaks TLS, in the same state."""

SERVING: Final[Mapping[str, Any]] = {
    "ws": "none",
    "log_config": None,  # its own would print what it is given; see app/kit/logs.py
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # see app/kit/proxies.py
}
"""What uvicorn is told wherever it serves, `ProblemProtocol` apart."""

ENTRANCES: Final = 4
"""By which connections are taken in. libuv accepts one connection of a socket each turn of the loop (since
https://github.com/libuv/libuv/pull/3696), and a turn takes some milliseconds while threads work: of 300 callers who
come at once the last waited for three seconds before anybody knew of it."""


def entrances(listening: socket.socket) -> list[socket.socket]:
    """The socket and further handles of it, for the server to listen on each; it closes them all."""
    return [listening, *(listening.dup() for _ in range(ENTRANCES - 1))]


CHUNKED: Final = b"chunked"


def _pause() -> float:
    """Up to twice as long, so that those who were turned away together do not come again together."""
    return random.uniform(PAUSE_SECONDS, 2 * PAUSE_SECONDS)  # noqa: S311  # jitter, no secret


class _Flow(FlowControl):
    """Reads no further, whatever is answered meanwhile, as long as enough is there that is not looked at."""

    def __init__(self, transport: Transport, has_enough: Callable[[], bool]) -> None:
        super().__init__(transport)
        self._has_enough = has_enough

    def resume_reading(self) -> None:
        if not self._has_enough():
            super().resume_reading()


class ProblemProtocol(HttpToolsProtocol):
    """One connection. A request that cannot be parsed, or comes too late, never reaches the app."""

    _of_address: ClassVar[Counter[str]] = Counter()
    """How many are open, by address, an IPv6 one with all of its /64."""

    def __init__(self, *of_uvicorn: Any, **named: Any) -> None:
        """Takes what uvicorn gives."""
        super().__init__(*of_uvicorn, **named)
        self._arriving: TimerHandle | None = None
        """When the request that is coming in must have come further; None between requests."""
        self._in_content = False
        self._taking: TimerHandle | None = None
        """When what was sent must have been taken; None where nothing waits."""
        self._reading: TimerHandle | None = None
        """When what comes in is looked at again after a request was turned away; None where none was."""
        self._unread = b""
        """What came in and is not looked at yet: before that, or while requests wait behind the one in work."""
        self._silent, self._has_asked = True, False
        self._framing_bytes, self._parts = 0, 0
        """Of the request that is coming in: what is no content of it, and in how many parts its content has come."""
        self._fault: Problem | None = None
        """Why what comes in is not taken; it is answered once the requests before it are."""
        self._in_work: RequestResponseCycle | None = None
        """The request that is being answered, behind which others may have come in."""
        self._held: tuple[RequestResponseCycle, Any] | None = None
        """A request that is begun once the answer before it is taken."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begins; a connection beyond the most that may be open is answered and closed at once."""
        super().connection_made(transport)
        self.flow = _Flow(transport, lambda: len(self._unread) >= UNREAD_BYTES)
        self._of_address[self._address] += 1
        if len(self.connections) > MAX_CONNECTIONS or self._has_more_than_its_share():
            self._refuse(Overloaded(headers=CLOSING))
        else:
            self._expect(HEADER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends."""
        self._expect(None)
        self._await_taking(wait=False)
        if self._reading is not None:
            self._reading.cancel()
        self._of_address[self._address] -= 1
        if not self._of_address[self._address]:
            del self._of_address[self._address]
        if self._in_work is not None and not self._in_work.response_complete:
            # uvicorn tells the request that came last alone, and uvloop raises where another writes its answer.
            self._in_work.disconnected = True
            self._in_work.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what came in. Bytes that begin no request run out of time like a header that never ends."""
        self._unread += data
        self._read_on()

    def _read_on(self) -> None:
        """Looks at what came in, as far as it is this connection's turn.

        The rest was taken off the connection all the same, or nobody would notice that the client is gone.
        """
        unread, self._unread = self._unread, b""
        self.flow.resume_reading()
        for start in range(0, len(unread), PART_BYTES):
            if self.pipeline or self._reading is not None:
                self._unread = unread[start:]
                break
            self._part_received(unread[start : start + PART_BYTES])
        if len(self._unread) >= UNREAD_BYTES:
            self.flow.pause_reading()

    def _part_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._fault is not None:
            return
        self._silent = False
        if self._arriving is None:
            self._expect(HEADER_SECONDS)
        self._framing_bytes += len(data)
        super().data_received(data)
        if self._framing_bytes > MAX_FRAMING_BYTES and self._arriving is not None and self._fault is None:
            self._refuse_in_turn(HeadersTooLarge("There is too much in it that is no content."))

    def on_message_begin(self) -> None:
        """A request begins: with the connection's first bytes, or behind another one (RFC 9112 §9.3.2)."""
        if self._arriving is None:
            self._expect(HEADER_SECONDS)
        self._framing_bytes, self._parts = 0, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the header; one of the trailer, which is dropped (RFC 9110 §6.5.1)."""
        if not self._in_content:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The header is whole."""
        self._check_framing()
        self._in_content, self._framing_bytes = True, 0
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False  # its clients know of no 100 (RFC 9110 §10.1.1)
        super().on_headers_complete()
        self._has_asked = True
        if self.parser.should_upgrade():
            # RFC 9110 §7.8 lets a server go on as if nothing had been asked. The parser, though, takes what follows for
            # another protocol.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """A part of the content."""
        self._framing_bytes -= len(body)
        self._parts += 1
        if self._parts > MAX_PARTS:
            self._fault = BadRequest(f"The body comes in more than {MAX_PARTS:,} parts.", headers=CLOSING)
            raise self._fault
        super().on_body(body)

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
        was_turned_away = self._in_work is not None and self._in_work.scope["state"].get(TURNED_AWAY, False)
        super().on_response_complete()
        if self.transport.is_closing():
            self._await_taking()
        elif self._fault is not None:
            self._refuse_in_turn(self._fault)
        else:
            if was_turned_away and self._reading is None:
                self._reading = self.loop.call_later(_pause(), self._end_pause)
            self._read_on()

    def _end_pause(self) -> None:
        self._reading = None
        self._read_on()

    def eof_received(self) -> None:
        """The client has ended its side, whereupon uvloop closes the connection once all is taken."""
        self._await_taking()

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
        if self._held is not None and not self.transport.is_closing():
            held, self._held = self._held, None
            self._start_asgi_task(*held)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Has the request answered, once the answer before it is taken: who takes none asks for no more.

        Its content has its time from here on: behind other requests it may not have been read before.
        """
        if self._in_content and cycle.scope is self.scope:
            self._expect(CONTENT_SECONDS)
        if self.flow.write_paused:
            self._held = cycle, app
            self.flow.pause_reading()
        else:
            self._in_work = cycle
            super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answers what cannot be parsed, and closes the connection; uvicorn's own words are left out."""
        self._refuse_in_turn(self._fault or BadRequest(UNREADABLE, headers=CLOSING))

    def _unsupported_upgrade_warning(self) -> None:
        """Says nothing: that a client would rather speak another protocol is no fault."""

    def _check_framing(self) -> None:
        """Raises for a request whose end another server could see elsewhere (RFC 9112 §6.1, §11.2), or by no HTTP/1."""
        version = self.parser.get_http_version()
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        has_content = codings or any(name == b"content-length" and value != b"0" for name, value in self.headers)
        if version not in {"1.0", "1.1"}:
            self._fault = BadRequest("Send it by HTTP/1.1.", headers=CLOSING)
        elif codings and (codings != [CHUNKED] or version == "1.0"):
            self._fault = BadRequest("No transfer coding but `chunked` is read, and that by HTTP/1.1.", headers=CLOSING)
        elif has_content and self.parser.should_upgrade():
            self._fault = BadRequest(
                "No other protocol is spoken: send what has a body without Upgrade.", headers=CLOSING
            )
        if self._fault is not None:
            raise self._fault

    @property
    def _address(self) -> str:
        return network_of(self.client)

    def _has_more_than_its_share(self) -> bool:
        return (
            self.client is not None
            and self._of_address[self._address] > MAX_OF_ADDRESS
            and not is_address_within(self.client[0], self.app_state.get(PROXIES, ()))
        )

    def _expect(self, seconds: float | None) -> None:
        """Gives what is coming in so many seconds, or any time with None."""
        if self._arriving is not None:
            self._arriving.cancel()
        self._arriving = self.loop.call_later(seconds, self._came_too_late) if seconds is not None else None

    def _came_too_late(self) -> None:
        self._arriving = None
        if self.transport.is_closing():
            self._await_taking()
        elif self._waits_for_us():
            self._expect(1)
        elif self._in_content or self._silent or self._none_begun():
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

    def _none_begun(self) -> bool:
        """Whether no request has begun behind the last one whose header is whole."""
        return self._has_asked and self.cycle.scope is self.scope

    def _await_taking(self, *, wait: bool = True) -> None:
        """Cuts the connection unless what was written to it is taken in time; with `wait` false, leaves it alone."""
        if self._taking is not None and not wait:
            self._taking.cancel()
            self._taking = None
        elif wait and self._taking is None and self.transport.get_write_buffer_size() > 0:
            self._taking = self.loop.call_later(TAKING_SECONDS, self.transport.abort)
            self._make_room()

    def _make_room(self) -> None:
        """Cuts those who have waited longest with what they take, until no more waits than may."""
        waiting = [each for each in self.connections if isinstance(each, ProblemProtocol) and each._taking is not None]
        untaken = sum(each.transport.get_write_buffer_size() for each in waiting)
        for each in sorted(waiting, key=lambda each: each._taking.when() if each._taking is not None else 0):
            if untaken <= MAX_UNTAKEN_BYTES:
                return
            untaken -= each.transport.get_write_buffer_size()
            each.transport.abort()

    def _refuse_in_turn(self, problem: Problem) -> None:
        """Takes nothing more, and answers with the problem once the requests before what it is of are answered.

        It is of the content that is coming in, or of what stands behind all requests so far. Where that is no request,
        or one that is answered already, the connection is closed without a word.
        """
        self._fault = problem
        self._expect(None)
        is_of_content = self._in_content and self._none_begun()
        waits = bool(self.pipeline) if is_of_content else self._has_asked and not self.cycle.response_complete
        if waits:
            self.flow.pause_reading()
        elif self._none_begun() and self.cycle.response_started:
            self.transport.close()
            self._await_taking()
        else:
            self._refuse(problem)

    def _refuse(self, problem: Problem) -> None:
        """Answers with the problem, and closes the connection."""
        own_id = random_id()
        state = {"request_id": own_id, "instance": f"urn:uuid:{own_id}"}
        request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "state": state})
        response = problem_response(request, problem)
        response.headers.update({"X-Request-Id": own_id, **(HSTS if self.app_state.get(BEHIND_TLS) else {})})
        headers = [*self.server_state.default_headers, *response.raw_headers]
        lines = [STATUS_LINE[problem.status], *(b"%b: %b\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join(lines) + bytes(response.body))
        self.transport.close()
        self._await_taking()
