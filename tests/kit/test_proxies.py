"""Whose address a caller is taken to have, whatever stands in X-Forwarded-For."""

from typing import Any

import anyio
import pytest
from anyio.from_thread import BlockingPortal
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from app.kit.metrics import registry
from app.kit.proxies import CallersAddress, address_of
from app.main import create_app
from app.settings import Settings
from tests.fixtures.asgi import Bytes

PROXIES = ("127.0.0.1", "::1", "10.0.0.0/8")


def callers(lines: list[str], client: str | None = "127.0.0.1") -> str | None:
    """The address that a request with these lines of X-Forwarded-For is taken to come from."""
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"])

    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]
    scope: Any = {"type": "http", "client": (client, 1) if client is not None else None, "headers": headers}
    channel: Any = None
    anyio.run(CallersAddress(app, trusted=PROXIES), scope, channel, channel)
    return seen[0][0] if seen[0] is not None else None


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        ([], "127.0.0.1"),
        (["192.0.2.1"], "192.0.2.1"),
        (["198.51.100.9, 192.0.2.1"], "192.0.2.1"),
        (["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
        (["198.51.100.9", "192.0.2.1, 10.1.1.1", "::1"], "192.0.2.1"),
        (["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
        (["192.0.2.1:8080"], "192.0.2.1"),
        (["[2001:DB8::1]:8080"], "2001:db8::1"),
        (["[2001:db8::1]"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["198.51.100.9, [::1]:1, 127.0.0.1:99"], "198.51.100.9"),
        (["192.0.2.1,,", "", " , "], "192.0.2.1"),
        (["198.51.100.9, ::ffff:10.1.1.1"], "198.51.100.9"),
        (["198.51.100.9, unknown"], None),
        (["198.51.100.9, _hidden"], None),
        (["198.51.100.9, 10.1.1.1:999999"], None),
        (["198.51.100.9, [::1"], None),
        (["198.51.100.9, 127.0.0.1.example"], None),
        (["198.51.100.9, \xb2.0.0.1"], None),
        (["198.51.100.9, " + "1" * 5000], None),
    ],
)
def test_the_address_is_the_last_that_no_trusted_proxy_has(lines: list[str], address: str | None) -> None:
    assert callers(lines) == address


@pytest.mark.parametrize("client", ["192.0.2.7", "::2", "not an address", None])
def test_nobody_else_is_believed(client: str | None) -> None:
    assert callers(["198.51.100.9"], client) == client


def test_a_proxy_is_known_by_its_ipv4_address_in_ipv6() -> None:
    assert callers(["198.51.100.9"], "::ffff:10.1.1.1") == "198.51.100.9"


def test_a_request_behind_a_proxy_is_logged_and_counted_by_its_route(portal: BlockingPortal) -> None:
    def counted() -> float:
        labels = {"method": "GET", "route": "/healthz", "status": "200"}
        return registry.get_sample_value("onrecord_http_requests_total", labels) or 0

    before = counted()
    app = create_app(Settings(behind_proxy=True, trusted_proxies=("192.0.2.1",)))
    with capture_logs() as logged:
        assert Bytes(app, portal, None)("GET", "/healthz", headers=[("x-forwarded-for", "198.51.100.9")]).status == 200
    assert [line["route"] for line in logged if line["event"] == "answered"] == ["/healthz"]
    assert counted() == before + 1


@given(st.text(st.characters(codec="latin-1"), max_size=60), st.ip_addresses().map(str))
def test_what_stands_further_left_changes_nothing(forged: str, address: str) -> None:
    for forged_lines in ([f"{forged}, {address}"], [forged, address]):
        assert (
            callers(forged_lines) == callers([address])
            or callers([address]) in {"127.0.0.1", "::1"}
            or address.startswith("10.")
        )


@given(st.text(max_size=40))
def test_whatever_it_says_names_an_address_or_none(entry: str) -> None:
    address = address_of(entry)
    assert address is None or address_of(address) == address
