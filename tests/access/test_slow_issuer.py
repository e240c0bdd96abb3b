"""However an issuer dawdles, fetching its keys takes one time and no longer."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

import pytest

from app.access import issuer_keys
from app.access.issuer_keys import IssuerKeys, Keys
from app.kit.problems import Unavailable
from app.settings import Settings
from tests.fixtures.issuer import AUDIENCE, DISCOVERY, KEYS, LocalIssuer

Serve = Callable[[socket.socket, Event], None]
HEADER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
LONGEST_S = 0.3
DETOUR_S = 1.0
"""What a machine that does other things as well may add."""


@pytest.fixture
def settings() -> Settings:
    return Settings(oidc_issuer="https://issuer.example", oidc_audience=AUDIENCE)


def trickling(answer: bytes, *, after: float = 0.0) -> Serve:
    """Answers one byte after another, each long before any timeout for a single one, from that second on."""

    def serve(connection: socket.socket, over: Event) -> None:
        with connection, suppress(OSError):
            over.wait(after)
            for byte in answer:
                connection.sendall(bytes([byte]))
                over.wait(LONGEST_S / 10)

    return serve


@contextmanager
def slow_issuer(serve: Serve) -> Iterator[str]:
    """Where an issuer listens that answers each connection so."""
    over, threads = Event(), []

    def accept(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threads.append(Thread(target=serve, args=(connection, over)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        accepting = Thread(target=accept, args=(listening,))
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)
    for thread in (accepting, *threads):
        thread.join()


@pytest.mark.parametrize(
    "serve",
    [
        trickling(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 4000),
        trickling(HEADER + b"{" + b" " * 98),
        trickling(b"", after=60),
    ],
    ids=["its header", "its body", "nothing"],
)
@pytest.mark.parametrize("found_first", [True, False], ids=["its keys", "its description"])
def test_an_issuer_that_trickles_is_given_up_after_one_time_for_all(
    settings: Settings,
    local_issuer: LocalIssuer,
    monkeypatch: pytest.MonkeyPatch,
    serve: Serve,
    found_first: bool,
) -> None:
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT_S", LONGEST_S)
    with slow_issuer(serve) as slow:
        local_issuer.serve(DISCOVERY, {"issuer": local_issuer.url, "jwks_uri": slow + KEYS})
        issuer = local_issuer.url if found_first else slow
        fetch = issuer_keys.fetcher(settings.model_copy(update={"oidc_issuer": issuer}))
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            fetch()
        assert time.monotonic() - began < LONGEST_S + DETOUR_S


def flooding(connection: socket.socket, over: Event) -> None:
    """Says that an answer is to come, and says it for ever."""
    with connection, suppress(OSError):
        while not over.is_set():
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500)


def test_an_issuer_that_sends_without_end_takes_little_of_the_processor(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "FETCH_PROCESSOR_S", 0.1)
    with slow_issuer(flooding) as slow:
        fetch = issuer_keys.fetcher(settings.model_copy(update={"oidc_jwks_url": slow + KEYS}))
        began = time.thread_time()
        with pytest.raises(TimeoutError):
            fetch()
        assert time.thread_time() - began < 0.4


def test_nobody_but_one_caller_waits_for_the_issuer() -> None:
    fetching, answered, found = Event(), Event(), list[object]()

    def fetch() -> Keys:
        fetching.set()
        answered.wait(60)
        return {}

    keys = IssuerKeys(fetch)
    first = Thread(target=lambda: found.append(keys.key(("one", "RS256"))))
    first.start()
    assert fetching.wait(60)
    began = time.monotonic()
    try:
        with pytest.raises(Unavailable) as refused:
            keys.key(("two", "RS256"))
        assert time.monotonic() - began < DETOUR_S
        assert refused.value.headers["Retry-After"] == "1"
    finally:
        answered.set()
        first.join()
    assert (found, keys.key(("two", "RS256"))) == ([None], None)


def test_a_name_that_takes_long_to_look_up_takes_of_the_same_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuer_keys, "FETCH_TIMEOUT_S", LONGEST_S)
    over = Event()

    def never_found(*_arguments: Any, **_named: Any) -> Any:
        over.wait(60)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", never_found)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        issuer_keys.fetcher(settings.model_copy(update={"oidc_issuer": "https://issuer.example"}))()
    over.set()
    assert time.monotonic() - began < LONGEST_S + DETOUR_S
