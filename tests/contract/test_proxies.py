"""What a caller says of itself, sent through real proxies byte for byte: only what they add is believed."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.factories import source_body
from tests.fixtures.commands import serving
from tests.fixtures.proxies import CALLER, Address, Ask, exchanged, statuses

INSIDE: Final = "10.9.9.9"
"""An address of the network that a key is bound to; the caller has none of it."""
TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, a key for use from anywhere, and one for use from INSIDE alone."""

    base_url: str
    key: str
    key_inside: str

    def count(self, path: str) -> int:
        """How many there are, as a caller on the machine itself is told."""
        answer = httpx.get(f"{self.base_url}{path}?include_total=true", headers={"Authorization": f"Bearer {self.key}"})
        return int(answer.raise_for_status().json()["total"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    environment = {
        "ONRECORD_DATA_DIR": str(folder / "data"),
        "ONRECORD_BEHIND_PROXY": "true",
        "ONRECORD_RATE_PER_ADDRESS": "0",
        "ONRECORD_RATE_PER_KEY": "0",
    }
    with serving(folder, environment) as base_url:
        key = (folder / "data" / "first.key").read_text().strip()
        body = {"name": "inside", "scopes": ["keys:manage"], "networks": ["10.9.9.0/24"]}
        made = httpx.post(f"{base_url}/v1/keys", json=body, headers={"Authorization": f"Bearer {key}"})
        yield Service(base_url, key, made.raise_for_status().json()["key"])


@pytest.fixture
def ask(in_front_of: Callable[[str], Address], service: Service) -> Ask:
    """Sends bytes to the service, through a proxy or straight; gives the bytes that came back."""
    address = in_front_of(service.base_url)
    return lambda sent, **more: exchanged(address, sent, **more)


def request_bytes(
    line: str,
    key: str | None = None,
    *fields: str,
    host: str = "Host: onrecord.test",
    body: Any = None,
    trailer: str = "",
) -> bytes:
    """A request, with its body in one chunk and the trailer behind it if it has a body."""
    content = json.dumps(body).encode() if body is not None else b""
    lines = [f"{line} HTTP/1.1", *([host] if host else []), *fields]
    lines += [f"Authorization: Bearer {key}"] if key is not None else []
    lines += ["Content-Type: application/json", "Transfer-Encoding: chunked"] if body is not None else []
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if body is None:
        return head
    return head + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(content), content, trailer.encode())


def test_a_trailer_brings_nobody_into_a_network(ask: Ask, service: Service) -> None:
    body = {"name": "minted", "scopes": ["keys:manage"], "networks": ["10.9.9.0/24"]}
    forged = request_bytes(
        "POST /v1/keys", service.key_inside, body=body, trailer=f"X-Forwarded-For: {INSIDE}\r\nX-Real-IP: {INSIDE}\r\n"
    )
    assert [statuses(ask(forged)) for _ in range(TRIES)] == [[401]] * TRIES


@pytest.mark.parametrize("trailer", ["Authorization: Bearer {}\r\n", "Content-Type: text/plain\r\nHost: a\r\n"])
def test_a_trailer_is_no_header(ask: Ask, service: Service, trailer: str) -> None:
    key = None if "{}" in trailer else service.key
    sent = request_bytes("POST /v1/sources", key, body=source_body(), trailer=trailer.format(service.key))
    assert statuses(ask(sent)) == ([201] if key else [401])


@pytest.mark.parametrize(
    "fields",
    [
        (f"X-Forwarded-For: {INSIDE}",),
        (f"X-Forwarded-For: {INSIDE}, 127.0.0.1", "X-Forwarded-For: ::1"),
        (f"X-Forwarded-For: {INSIDE},",),
        (f"Forwarded: for={INSIDE}", f"X-Real-IP: {INSIDE}", f"X_Forwarded_For: {INSIDE}"),
    ],
)
def test_a_caller_names_no_address_of_its_own(ask: Ask, service: Service, fields: tuple[str, ...]) -> None:
    assert statuses(ask(request_bytes("GET /v1/keys", service.key_inside, *fields))) == [401]


def test_a_proxy_names_its_caller(in_front_of: Callable[[str], Address], service: Service) -> None:
    body = {"name": "here", "scopes": ["keys:manage"], "networks": [f"{CALLER}/32"]}
    made = httpx.post(f"{service.base_url}/v1/keys", json=body, headers={"Authorization": f"Bearer {service.key}"})
    sent = request_bytes("GET /v1/keys", made.json()["key"], f"X-Forwarded-For: {INSIDE}")
    assert statuses(exchanged(in_front_of(service.base_url), sent)) == [200]


@pytest.mark.parametrize("host", ["", "Host: a\r\nHost: b", "Host: a b", "Host: a/b", "Host: a@b"])
def test_a_request_names_one_host(ask: Ask, service: Service, host: str) -> None:
    sent = request_bytes("GET /v1/sources", service.key, "Connection: close", host=host)
    assert statuses(ask(sent)) == [400]


SMUGGLED: Final = [
    "Content-Length: {length}\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: {length}",
    "Content-Length: {length}\r\nContent-Length: 5",
    "Content-Length: 5\r\nContent-Length: {length}",
    "Content-Length: 5, {length}",
    "Content-Length: +{length}",
    "Content-Length: {length}\r\nTransfer-Encoding: xchunked",
    "Content-Length: {length}\r\nTransfer-Encoding : chunked",
    "Content-Length: {length}\r\nTransfer-Encoding:\r\n chunked",
    "Content-Length: {length}\r\nX: y\r\n Transfer-Encoding: chunked",
    "Content-Length: {length}\r\nTransfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: identity\r\nContent-Length: {length}",
    "Content-Length: 0\r\nContent-Length: {length}",
    "Content-Length: {length}\r\nConnection: upgrade\r\nUpgrade: h2c",
    "Content-Length: {length}\r\nConnection: upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA",
    "Content-Length: {length}\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AA",
    "Content-Length: {length}\r\nConnection: Content-Length",
    "Content-Length: {length}\r\nExpect: 100-continue",
]
"""Headers whose content some servers see the end of too early. What stands behind that end would be a request."""


@pytest.mark.parametrize("fields", SMUGGLED)
def test_no_request_is_smuggled_in_in_anothers_content(ask: Ask, service: Service, fields: str) -> None:
    before = service.count("/v1/sources")
    inner = request_bytes("POST /v1/sources", service.key, body=source_body())
    content = (b"0\r\n\r\n" if "chunked" in fields.lower() else b"") + inner
    head = request_bytes("POST /v1/match", service.key, "Content-Type: application/json", *fields.split("\r\n"))
    head = head.replace(b"{length}", b"%d" % len(content))
    received = ask(head, then=content)
    assert 201 not in statuses(received)
    assert service.count("/v1/sources") == before


def test_what_asks_for_another_protocol_is_answered_in_this_one(ask: Ask, service: Service) -> None:
    sent = request_bytes("GET /v1/sources", service.key, "Connection: upgrade", "Upgrade: h2c")
    assert statuses(ask(sent)) == [200]


def test_a_proxy_that_asks_after_health_by_http_1_0_needs_no_host(service: Service) -> None:
    address = (str(urlsplit(service.base_url).hostname), urlsplit(service.base_url).port or 0)
    assert statuses(exchanged(address, b"GET /healthz HTTP/1.0\r\n\r\n")) == [200]
    for line in (b"GET /healthz\r\n\r\n", b"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n"):
        assert statuses(exchanged(address, line)) == [400]
    chunked = b"POST /v1/match HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert statuses(exchanged(address, chunked)) == [400]
