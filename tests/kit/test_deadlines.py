"""Deadlines of a connection, over a clock that the test sets: what is cut, and what is left alone."""

import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.kit import protocol
from app.kit.headers import HSTS, NOT_STORED, SECURITY_HEADERS
from app.kit.places import TURNED_AWAY
from app.kit.protocol import (
    BEHIND_TLS,
    CONTENT_SECONDS,
    HEADER_SECONDS,
    MAX_FRAMING_BYTES,
    MAX_PARTS,
    MAX_UNTAKEN_BYTES,
    PART_BYTES,
    PAUSE_SECONDS,
    PROXIES,
    TAKING_SECONDS,
    UNREAD_BYTES,
    ProblemProtocol,
)
from app.settings import MOST_BODY_BYTES
from tests.fixtures.unwritable import UNWRITABLE, unwritable_log

LINE: Final = b"GET /claims HTTP/1.1\r\n"
WHOLE: Final = LINE + b"Host: a\r\n\r\n"
WITH_BODY: Final = b"POST /claims HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n"
EXPECTING: Final = WITH_BODY.replace(b"Host: a", b"Expect: 100-continue")
KEEP_ALIVE_SECONDS: Final = 5
SMALL_PACKET_BYTES: Final = 536
"""What a packet brings where nothing is known of the way (RFC 9293 §3.7.1)."""


async def answers(scope: Any, _receive: Any, send: Any) -> None:
    if b"away" in scope["query_string"]:
        scope["state"][TURNED_AWAY] = True
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Timer:
    """What will happen at a time, unless it is cancelled."""

    def __init__(self, at: float, happen: Callable[[], object]) -> None:
        self.at, self.happen, self.cancelled = at, happen, False

    def cancel(self) -> None:
        self.cancelled = True

    def when(self) -> float:
        return self.at


class Task:
    """A request that the app has been given and has not begun to answer."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self.work = work

    def add_done_callback(self, _callback: Any) -> None:
        """Nobody waits for it."""


class Loop:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now, self.timers, self.tasks = 0.0, list[Timer](), list[Task]()

    def call_later(self, delay: float, happen: Callable[[], object]) -> Timer:
        self.timers.append(Timer(self.now + delay, happen))
        return self.timers[-1]

    def create_task(self, work: Coroutine[Any, Any, None]) -> Task:
        self.tasks.append(Task(work))
        return self.tasks[-1]

    def pass_to(self, now: float) -> None:
        """Has happen what is due by then, in its order."""
        while due := [timer for timer in self.timers if not timer.cancelled and timer.at <= now]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.happen()
        self.now = now


class Wire:
    """The connection below the protocol: what was written, and how it ended."""

    def __init__(self, address: str | None = None) -> None:
        self.address = address
        self.written, self.untaken = b"", 0
        self.closed = self.aborted = False
        self.is_read = True

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.untaken

    def get_extra_info(self, name: str) -> Any:
        return (self.address, 1) if name == "peername" and self.address is not None else None

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True


class Client:
    """One who sends bytes over a connection of its own."""

    def __init__(
        self,
        state: ServerState,
        address: str | None = None,
        *,
        proxies: tuple[str, ...] = (),
        behind_tls: bool = False,
    ) -> None:
        self.loop, self.wire = Loop(), Wire(address)
        config = uvicorn.Config(answers, http=ProblemProtocol, ws="none", log_config=None, proxy_headers=False)
        self.protocol = ProblemProtocol(config, state, {PROXIES: proxies, BEHIND_TLS: behind_tls}, self.loop)
        self.protocol.connection_made(self.wire)  # type: ignore[arg-type]  # as much of a transport as is used

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def trickle(self, data: bytes, *, until: float) -> None:
        """Sends a byte a second, the last ones of the data again and again, until the connection is cut."""
        while self.loop.now < until and not self.wire.closed:
            self.send(data[:1])
            data = data[1:] or data
            self.loop.pass_to(self.loop.now + 1)

    def be_answered(self) -> None:
        """Has the app answer the first request that it has not answered yet."""
        with pytest.raises(StopIteration):
            self.loop.tasks.pop(0).work.send(None)

    def leave_unanswered(self) -> None:
        while self.loop.tasks:
            self.loop.tasks.pop().work.close()

    @property
    def cut_at(self) -> float | None:
        return self.loop.now if self.wire.closed else None

    @property
    def statuses(self) -> list[int]:
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", self.wire.written)]


@pytest.fixture
def state() -> ServerState:
    return ServerState()


@pytest.fixture
def client(state: ServerState) -> Client:
    return Client(state)


def test_a_connection_over_which_nothing_comes_is_closed_without_a_word(client: Client) -> None:
    client.loop.pass_to(HEADER_SECONDS - 0.1)
    assert not client.wire.closed
    client.loop.pass_to(HEADER_SECONDS)
    assert (client.wire.closed, client.wire.written) == (True, b"")


def test_a_header_that_trickles_is_answered_with_408_and_cut(client: Client) -> None:
    client.trickle(LINE, until=100)
    assert client.cut_at == HEADER_SECONDS
    assert client.statuses == [408]
    assert b"connection: close" in client.wire.written
    assert b"x-content-type-options: nosniff" in client.wire.written
    assert b'"code":"request_timeout"' in client.wire.written


def test_a_body_that_trickles_is_cut_where_the_app_does_not_do_so(client: Client) -> None:
    client.loop.pass_to(3)
    client.send(WITH_BODY)
    client.trickle(b"x", until=100)
    client.leave_unanswered()
    assert client.cut_at == 3 + CONTENT_SECONDS
    assert client.cut_at < 15


def test_a_body_that_trickles_on_behind_an_early_answer_is_cut(client: Client) -> None:
    client.send(WITH_BODY)
    client.be_answered()
    client.trickle(b"x", until=CONTENT_SECONDS)
    assert client.cut_at is not None
    assert client.statuses == [200]


def test_a_connection_does_not_stay_open_behind_an_early_answer(client: Client) -> None:
    client.send(WITH_BODY)
    client.be_answered()
    client.send(b"x" * 90)
    client.loop.pass_to(HEADER_SECONDS)
    assert client.wire.closed


def test_who_waits_to_be_told_to_go_on_is_not_cut(client: Client) -> None:
    client.send(EXPECTING)
    client.loop.pass_to(CONTENT_SECONDS * 3)
    client.leave_unanswered()
    assert not client.wire.closed


@pytest.mark.parametrize(("version", "is_told"), [(b"1.1", True), (b"1.0", False)])
def test_who_speaks_http_1_0_is_not_told_to_go_on(client: Client, version: bytes, is_told: bool) -> None:
    client.send(EXPECTING.replace(b"HTTP/1.1", b"HTTP/" + version))
    assert client.protocol._in_work is not None
    client.send(b"x" * 90)
    with pytest.raises(StopIteration):
        client.protocol._in_work.receive().send(None)
    client.be_answered()
    assert client.wire.written.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") == is_told


def test_who_is_not_read_from_is_not_cut(client: Client) -> None:
    client.send(WITH_BODY.replace(b": 90", b": 900000") + b"x" * 100_000)
    client.loop.pass_to(CONTENT_SECONDS * 3)
    client.leave_unanswered()
    assert not client.wire.closed


def test_the_next_request_has_its_own_time(client: Client) -> None:
    client.send(WHOLE)
    client.be_answered()
    client.loop.pass_to(4.5)
    client.trickle(LINE, until=100)
    assert client.cut_at == 4.5 + HEADER_SECONDS
    assert client.statuses == [200, 408]


def test_an_idle_connection_is_closed_as_uvicorn_does(client: Client) -> None:
    client.send(WHOLE)
    client.be_answered()
    client.loop.pass_to(KEEP_ALIVE_SECONDS)
    assert (client.wire.closed, client.statuses) == (True, [200])


def test_empty_lines_keep_no_connection_open(client: Client) -> None:
    client.send(WHOLE)
    client.be_answered()
    client.trickle(b"\r\n" * 100, until=100)
    assert client.cut_at == HEADER_SECONDS
    assert client.statuses == [200]


def test_a_request_begun_behind_another_waits_for_its_answer(client: Client) -> None:
    client.send(WHOLE + LINE)
    client.loop.pass_to(HEADER_SECONDS * 3)
    assert not client.wire.closed
    client.be_answered()
    client.loop.pass_to(HEADER_SECONDS * 4)
    assert (client.wire.closed, client.statuses) == (True, [200, 408])


def test_a_content_behind_another_request_has_its_time_from_its_turn_on(client: Client) -> None:
    turn = CONTENT_SECONDS + 2
    client.send(WHOLE + WITH_BODY)
    client.loop.pass_to(turn)
    client.be_answered()
    client.trickle(b"x", until=100)
    client.leave_unanswered()
    assert (client.statuses, client.cut_at) == ([200], turn + CONTENT_SECONDS)


def test_an_answer_gives_no_content_more_time(client: Client) -> None:
    client.send(WHOLE + WITH_BODY)
    client.be_answered()
    client.loop.pass_to(CONTENT_SECONDS - 1)
    client.be_answered()
    client.loop.pass_to(CONTENT_SECONDS)
    assert (client.statuses, client.wire.closed) == ([200, 200], True)


def test_requests_sent_together_are_all_answered(client: Client) -> None:
    client.send(WHOLE * 2)
    client.loop.pass_to(CONTENT_SECONDS * 2)
    client.be_answered()
    client.be_answered()
    assert (client.wire.closed, client.statuses) == (False, [200, 200])


SHORT: Final = b"GET / HTTP/1.1\r\n\r\n"
READ_BYTES: Final = 2**18
"""What uvloop reads at once."""


def test_of_requests_without_end_few_are_kept(client: Client) -> None:
    waiting, unread = [], []
    for _ in range(500):
        if client.wire.is_read:
            client.send((SHORT * (READ_BYTES // len(SHORT) + 1))[:READ_BYTES])
        waiting.append(len(client.protocol.pipeline))
        unread.append(len(client.protocol._unread))
        client.be_answered()
    client.leave_unanswered()
    assert max(waiting) <= PART_BYTES // len(SHORT) + 1
    assert max(unread) <= UNREAD_BYTES + READ_BYTES
    assert client.statuses == [200] * 500


def test_many_requests_sent_together_are_answered_in_their_order(client: Client) -> None:
    numbers = list(range(1000))
    client.send(b"".join(WHOLE.replace(b"/claims", b"/%d" % number) for number in numbers))
    answered = []
    while client.loop.tasks:
        assert client.protocol._in_work is not None
        answered.append(int(client.protocol._in_work.scope["path"][1:]))
        client.be_answered()
    assert answered == numbers
    assert (client.wire.is_read, client.wire.closed, client.statuses) == (True, False, [200] * len(numbers))


def test_a_content_behind_other_requests_is_taken_whole(client: Client) -> None:
    content = b"x" * 90_000
    client.send(WHOLE * 100 + WITH_BODY.replace(b": 90", b": 90000") + content + WHOLE)
    for _ in range(100):
        client.be_answered()
    assert client.protocol._in_work is not None
    assert bytes(client.protocol._in_work.body) == content
    client.be_answered()
    client.be_answered()
    assert (client.wire.is_read, client.wire.closed, client.statuses) == (True, False, [200] * 102)


def test_an_answer_that_is_not_taken_ends_the_connection(client: Client) -> None:
    client.wire.untaken = 100_000
    client.protocol.pause_writing()
    client.send(WHOLE)
    client.loop.pass_to(TAKING_SECONDS - 0.1)
    assert not client.wire.aborted
    client.loop.pass_to(TAKING_SECONDS)
    client.leave_unanswered()
    assert client.wire.aborted


def test_an_answer_that_is_taken_in_time_ends_nothing(client: Client) -> None:
    client.wire.untaken = 100_000
    client.protocol.pause_writing()
    client.send(WHOLE)
    client.loop.pass_to(TAKING_SECONDS - 0.1)
    client.protocol.resume_writing()
    client.loop.pass_to(TAKING_SECONDS * 2)
    client.leave_unanswered()
    assert not client.wire.closed


@pytest.mark.parametrize("request_", [WHOLE, WHOLE.replace(b"Host: a", b"Connection: close")])
def test_the_rest_of_an_answer_holds_no_connection_for_ever(client: Client, request_: bytes) -> None:
    client.send(request_)
    client.wire.untaken = 1
    client.be_answered()
    client.loop.pass_to(KEEP_ALIVE_SECONDS)
    assert (client.wire.closed, client.wire.aborted) == (True, False)
    client.loop.pass_to(KEEP_ALIVE_SECONDS + TAKING_SECONDS)
    assert client.wire.aborted


@pytest.mark.parametrize("close", [ProblemProtocol.eof_received, ProblemProtocol.shutdown], ids=["client", "server"])
def test_a_request_begun_holds_no_closed_connection_for_ever(
    client: Client, close: Callable[[ProblemProtocol], None]
) -> None:
    client.send(WHOLE)
    client.wire.untaken = 1
    client.be_answered()
    client.send(LINE[:1])
    close(client.protocol)
    client.wire.close()  # as uvloop does where the client has ended its side
    client.loop.pass_to(HEADER_SECONDS + TAKING_SECONDS)
    assert client.wire.aborted


def test_a_content_that_breaks_off_behind_its_answer_holds_no_connection_for_ever(client: Client) -> None:
    client.send(CHUNKS)
    client.wire.untaken = 1
    client.be_answered()
    client.send(b"nonsense\r\n")
    client.loop.pass_to(TAKING_SECONDS)
    assert (client.statuses, client.wire.aborted) == ([200], True)


def test_who_has_not_taken_an_answer_is_given_no_other(client: Client) -> None:
    client.wire.untaken = 100_000
    client.protocol.pause_writing()
    client.send(WHOLE)
    assert (client.loop.tasks, client.wire.is_read) == ([], False)
    client.protocol.resume_writing()
    client.be_answered()
    assert client.statuses == [200]


def test_who_goes_away_without_an_answer_is_given_no_other(client: Client) -> None:
    client.protocol.pause_writing()
    client.send(WHOLE)
    client.wire.close()
    client.protocol.resume_writing()
    assert client.loop.tasks == []


def test_who_goes_away_is_written_no_answer_that_others_wait_behind(client: Client) -> None:
    client.send(WHOLE * 3)
    client.wire.close()
    client.protocol.connection_lost(None)
    client.be_answered()
    assert (client.wire.written, client.loop.tasks) == (b"", [])


def test_of_too_much_that_is_not_taken_the_oldest_is_cut(state: ServerState) -> None:
    clients = [Client(state) for _ in range(4)]
    for second, each in enumerate(clients):
        each.loop.pass_to(second)
        each.wire.untaken = MAX_UNTAKEN_BYTES // 3
        each.protocol.pause_writing()
    assert [each.wire.aborted for each in clients] == [True, False, False, False]


def test_a_connection_that_ended_leaves_nothing_to_happen(client: Client) -> None:
    client.send(LINE)
    client.wire.untaken = 100_000
    client.protocol.pause_writing()
    client.protocol.connection_lost(None)
    assert all(timer.cancelled for timer in client.loop.timers)


def test_who_is_turned_away_is_asked_nothing_of_for_as_long_as_it_is_to_wait(client: Client) -> None:
    client.send(WHOLE.replace(b"/claims", b"/claims?away"))
    client.be_answered()
    client.send(WHOLE)
    begun = []
    for seconds in (PAUSE_SECONDS - 0.1, PAUSE_SECONDS * 2):
        client.loop.pass_to(seconds)
        begun.append(len(client.loop.tasks))
    assert begun == [0, 1]
    client.be_answered()
    assert (client.wire.is_read, client.wire.closed, client.statuses) == (True, False, [200, 200])


def test_of_who_was_turned_away_little_is_kept_until_then(client: Client) -> None:
    client.send(WHOLE.replace(b"/claims", b"/claims?away"))
    client.be_answered()
    is_read = []
    for sent in (b"\r\n", b"\r\n" * UNREAD_BYTES):
        client.send(sent)
        is_read.append(client.wire.is_read)
    client.loop.pass_to(PAUSE_SECONDS * 2)
    assert [*is_read, client.wire.is_read] == [True, False, True]


def test_of_who_was_turned_away_no_more_is_kept_for_a_request_behind(client: Client) -> None:
    client.send(WHOLE.replace(b"/claims", b"/claims?away") + WHOLE * 2)
    client.be_answered()
    client.send(b"\r\n" * UNREAD_BYTES)
    client.be_answered()
    assert not client.wire.is_read
    client.be_answered()
    client.loop.pass_to(PAUSE_SECONDS * 2)
    assert client.wire.is_read


def test_a_connection_too_many_is_turned_away(state: ServerState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_CONNECTIONS", 2)
    first, second, third = (Client(state) for _ in range(3))
    assert [each.statuses for each in (first, second, third)] == [[], [], [503]]
    assert [each.wire.closed for each in (first, second, third)] == [False, False, True]
    assert b'"code":"overloaded"' in third.wire.written
    assert b"retry-after: 1" in third.wire.written
    third.protocol.connection_lost(None)
    second.protocol.connection_lost(None)
    assert Client(state).statuses == []


def test_one_address_has_a_part_of_the_connections(state: ServerState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_OF_ADDRESS", 2)
    addresses = ("2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1")
    clients = [Client(state, address) for address in addresses]
    assert [each.statuses for each in clients] == [[], [], [503], []]
    for each in clients:
        each.protocol.connection_lost(None)
    assert [Client(state, address).statuses for address in addresses[:2]] == [[], []]


def test_a_proxy_has_as_many_connections_as_there_are(state: ServerState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MAX_OF_ADDRESS", 1)
    clients = [Client(state, "192.0.2.1", proxies=("192.0.2.0/24",)) for _ in range(3)]
    assert [each.statuses for each in clients] == [[], [], []]


# What is not taken in


CHUNKS: Final = b"POST /claims HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def refused(client: Client) -> list[bytes]:
    client.leave_unanswered()
    assert client.wire.closed
    return re.findall(rb'"code":"(\w+)"', client.wire.written)


@pytest.mark.parametrize(
    "sent",
    [
        (LINE, b"X: ", b"a" * 300_000),
        (LINE, *[b"X: %b\r\n" % (b"a" * 1000)] * 200),
        (CHUNKS, b"0\r\nX: ", b"a" * 300_000),
        (CHUNKS, b"0\r\n", *[b"X: %b\r\n" % (b"a" * 1000)] * 200),
        (CHUNKS, b"1;a=", b"b" * 300_000),
        (CHUNKS + b"1;a=" + b"b" * 200_000 + b"\r\n{\r\n0\r\n\r\n",),
    ],
    ids=[
        "one long field",
        "many fields",
        "one long field behind",
        "many fields behind",
        "a chunk's extension",
        "all that at once",
    ],
)
def test_what_is_no_content_has_an_end(client: Client, sent: tuple[bytes, ...]) -> None:
    for part in sent:
        client.send(part)
    assert refused(client) == [b"headers_too_large"]


def test_a_trailer_is_dropped(client: Client) -> None:
    client.send(CHUNKS + b"1\r\n{\r\n0\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n")
    assert client.protocol.scope["headers"] == [(b"host", b"a"), (b"transfer-encoding", b"chunked")]
    client.be_answered()
    client.send(WHOLE)
    assert client.protocol.scope["headers"] == [(b"host", b"a")]
    client.be_answered()
    assert client.statuses == [200, 200]


def test_a_content_in_crumbs_is_refused(client: Client) -> None:
    client.send(CHUNKS + b"1\r\n \r\n" * MAX_PARTS)
    assert not client.wire.closed
    client.send(b"1\r\n \r\n")
    assert refused(client) == [b"bad_request"]


def test_the_longest_content_that_may_be_set_is_taken_in_small_packets(client: Client) -> None:
    client.send(b"POST /claims HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % MOST_BODY_BYTES)
    for start in range(0, MOST_BODY_BYTES, SMALL_PACKET_BYTES):
        client.send(b" " * min(SMALL_PACKET_BYTES, MOST_BODY_BYTES - start))
    client.be_answered()
    assert client.statuses == [200]


@pytest.mark.parametrize("before", [1, 2, 3])
def test_what_cannot_be_read_is_refused_behind_the_answers_before_it(client: Client, before: int) -> None:
    client.send(WHOLE * before + b"nonsense\r\n\r\n")
    for answered in range(before):
        assert (client.statuses, client.wire.closed) == ([200] * answered, False)
        client.be_answered()
    assert (client.statuses, client.wire.closed) == ([200] * before + [400], True)


def test_a_content_that_breaks_off_is_refused_in_its_answers_place(client: Client) -> None:
    client.send(WHOLE * 2 + CHUNKS + b"nonsense\r\n")
    client.be_answered()
    assert (client.statuses, client.wire.closed) == ([200], False)
    client.be_answered()
    client.leave_unanswered()
    assert (client.statuses, client.wire.closed) == ([200, 200, 400], True)


def test_empty_lines_without_end_cost_the_request_before_them_no_answer(client: Client) -> None:
    client.send(CHUNKS + b"0\r\n\r\n")
    client.send(b"\r\n" * MAX_FRAMING_BYTES)
    assert (client.statuses, client.wire.closed) == ([], False)
    client.be_answered()
    assert (client.statuses, client.wire.closed) == ([200], True)


@pytest.mark.parametrize("behind_tls", [False, True])
def test_a_refusal_bears_what_every_answer_does(state: ServerState, behind_tls: bool) -> None:
    state.default_headers = [(b"date", b"Sun, 29 Nov 2026 07:46:05 GMT")]
    client = Client(state, behind_tls=behind_tls)
    client.send(b"nonsense\r\n\r\n")
    names = re.findall(rb"\r\n([\w-]+):", client.wire.written.lower())
    expected = {*SECURITY_HEADERS, *NOT_STORED, *(HSTS if behind_tls else ()), "Date", "X-Request-Id"}
    assert {name.lower().encode() for name in expected} < set(names)
    assert (b"strict-transport-security" in names) == behind_tls
    assert len(names) == len(set(names))


@pytest.mark.parametrize("how", UNWRITABLE)
def test_what_cannot_be_read_is_refused_where_nothing_can_be_logged(client: Client, how: str, tmp_path: Path) -> None:
    with unwritable_log(how, tmp_path):
        client.send(b"nonsense\r\n\r\n")
    assert refused(client) == [b"bad_request"]


def test_a_content_that_breaks_off_behind_its_answer_is_not_answered_again(client: Client) -> None:
    client.send(CHUNKS)
    client.be_answered()
    client.send(b"nonsense\r\n")
    assert (client.statuses, client.wire.closed) == ([200], True)
