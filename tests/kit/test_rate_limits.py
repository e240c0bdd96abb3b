"""Limits by caller: counted apart, told to their caller alone, ended with their window, and bounded in memory."""

import pytest
from limits.storage import Storage

from app.kit.problems import RateLimited
from app.kit.rate_limits import RateLimits, Windows, network_of

KEY = "Bearer onr_1"


class Seconds:
    """A timer that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def headers(limits: RateLimits, *, address: str | None = "192.0.2.1", credential: str | None = None) -> dict[str, str]:
    """What the caller is told after one more request."""
    sent = [(b"authorization", credential.encode("latin-1"))] if credential is not None else []
    client = (address, 1) if address is not None else None
    return limits.count({"type": "http", "client": client, "headers": sent})


def is_let_in(limits: RateLimits, *, address: str | None = "192.0.2.1", credential: str | None = None) -> bool:
    try:
        headers(limits, address=address, credential=credential)
    except RateLimited:
        return False
    return True


def test_a_key_has_its_quota_and_no_more(seconds: Seconds) -> None:
    limits = RateLimits(per_address=0, per_key=2, timer=seconds)
    assert [is_let_in(limits, credential=KEY) for _ in range(3)] == [True, True, False]
    assert is_let_in(limits, credential="Bearer onr_2")
    assert is_let_in(limits)


def test_an_address_has_its_quota_whatever_keys_it_sends(seconds: Seconds) -> None:
    limits = RateLimits(per_address=2, per_key=100, timer=seconds)
    assert [is_let_in(limits, credential=f"Bearer onr_{number}") for number in range(3)] == [True, True, False]
    assert is_let_in(limits, address="192.0.2.2", credential=KEY)


def test_how_a_credential_is_written_makes_no_other_caller_of_it(seconds: Seconds) -> None:
    limits = RateLimits(per_address=0, per_key=4, timer=seconds)
    written = ["Bearer onr_1", "bearer onr_1", "BEARER  onr_1 ", "Bearer onr_1"]
    assert [headers(limits, credential=each)["RateLimit"] for each in written] == [
        f'"key";r={left};t=60' for left in (3, 2, 1, 0)
    ]
    for garbled in ("", "onr_2", "\xff\xfe", "Bearer \xe9"):
        assert is_let_in(limits, credential=garbled)


def test_a_window_ends_a_minute_after_it_began(seconds: Seconds) -> None:
    limits = RateLimits(per_address=0, per_key=1, timer=seconds)
    assert headers(limits, credential=KEY) == {"RateLimit-Policy": '"key";q=1;w=60', "RateLimit": '"key";r=0;t=60'}
    seconds.now = 45.5
    with pytest.raises(RateLimited) as refused:
        headers(limits, credential=KEY)
    assert refused.value.headers == {
        "Retry-After": "15",
        "RateLimit-Policy": '"key";q=1;w=60',
        "RateLimit": '"key";r=0;t=15',
    }
    seconds.now = 60
    assert headers(limits, credential=KEY)["RateLimit"] == '"key";r=0;t=60'


def test_who_sends_a_key_is_told_nothing_of_its_address(seconds: Seconds) -> None:
    limits = RateLimits(per_address=10, per_key=5, timer=seconds)
    headers(limits)
    assert headers(limits, credential=KEY) == {"RateLimit-Policy": '"key";q=5;w=60', "RateLimit": '"key";r=4;t=60'}
    assert headers(limits)["RateLimit"] == '"address";r=7;t=60'


def test_nothing_is_counted_or_told_where_nothing_is_limited(seconds: Seconds) -> None:
    limits = RateLimits(per_address=0, per_key=0, timer=seconds)
    assert [headers(limits, credential=KEY) for _ in range(3)] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_of_one_ipv6_network_are_one_caller(address: str, network: str) -> None:
    assert network_of((address, 1)) == network


def test_a_socket_without_addresses_is_one_caller(seconds: Seconds) -> None:
    limits = RateLimits(per_address=1, per_key=0, timer=seconds)
    assert [is_let_in(limits, address=None), is_let_in(limits, address=None)] == [True, False]


def test_no_more_callers_are_counted_than_may_be(seconds: Seconds) -> None:
    windows = Windows(timer=seconds, most=1000)
    for number in range(100_000):
        windows.incr(str(number), 60)
    assert len(windows) == 1000
    assert (windows.get("99999"), windows.get("0")) == (1, 0)


def test_windows_that_ended_are_forgotten(seconds: Seconds) -> None:
    windows = Windows(timer=seconds, most=1000)
    for number in range(500):
        windows.incr(str(number), 60)
    seconds.now = 30
    windows.incr("499", 60)
    windows.incr("500", 60)
    seconds.now = 60
    assert windows.get("499") == 0
    assert len(windows) == 1
    assert windows.get_expiry("500") == 90
    assert windows.get_expiry("0") == 60


def test_windows_are_a_storage_of_the_library(seconds: Seconds) -> None:
    windows: Storage = Windows(timer=seconds)
    assert windows.check()
    assert [windows.incr("a", 60), windows.incr("a", 60, 2), windows.incr("b", 60)] == [1, 3, 1]
    windows.clear("a")
    assert (windows.get("a"), windows.reset(), windows.get("b")) == (0, 1, 0)


def test_neither_keys_nor_addresses_are_kept(seconds: Seconds) -> None:
    limits = RateLimits(per_address=10, per_key=10, timer=seconds)
    headers(limits, credential=KEY)
    kept = f"{vars(limits)}{[vars(vars(each)['_limiter'].storage) for each in (limits._by_address, limits._by_key)]}"
    assert "OrderedDict({" in kept.replace("OrderedDict([", "OrderedDict({")
    assert "onr_1" not in kept
    assert "192.0.2.1" not in kept
