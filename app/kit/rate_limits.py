"""How many requests a caller may send: counted by address and by credential, each in windows of a minute.

Counted with the library `limits`, in the memory of this process. Neither addresses nor keys are kept: a caller is known
by a hash whose secret ends with the process. A credential is counted before anybody knows whether it is good.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers
from starlette.types import Scope

from app.kit.problems import RateLimited

MAX_CALLERS: Final = 50_000
"""Callers counted at once under one policy, about 15 MB; whoever comes beyond them displaces the oldest window."""
IPV6_NETWORK_BITS: Final = 64
"""The least that one IPv6 customer is given (RFC 6177 §2): a caller has all of its addresses at will."""

Timer = Callable[[], float]


class Windows(Storage):
    """Counters of `limits` whose windows are all of one length, so that the oldest are the first to end.

    The library's own storage in memory looks at all of its counters a hundred times a second, in a thread of its own,
    and has no bound. For one thread, as an event loop is.
    """

    STORAGE_SCHEME = None

    def __init__(self, *, timer: Timer, most: int = MAX_CALLERS) -> None:
        """Takes a timer in seconds, and the most windows to keep."""
        super().__init__()
        self._timer, self._most = timer, most
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """When each window ends and what it has counted, in the order in which they began."""

    def __len__(self) -> int:
        return len(self._windows)

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """None: nothing can go wrong in memory."""
        return ()

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """What the key's window has counted, with this; a window of `expiry` seconds begins where there is none."""
        self._forget_ended()
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= self._most:
                self._windows.popitem(last=False)
            window = (self._timer() + expiry, 0)
        self._windows[key] = (window[0], window[1] + amount)
        return window[1] + amount

    def get(self, key: str) -> int:
        """What the key's window has counted; 0 where there is none."""
        self._forget_ended()
        return self._windows.get(key, (0, 0))[1]

    def get_expiry(self, key: str) -> float:
        """When the key's window ends, by the timer; now where there is none."""
        self._forget_ended()
        now = self._timer()
        return self._windows.get(key, (now, 0))[0]

    def check(self) -> bool:
        """Whether the storage is well: always."""
        return True

    def reset(self) -> int | None:
        """Forgets every window; how many there were."""
        windows = len(self._windows)
        self._windows.clear()
        return windows

    def clear(self, key: str) -> None:
        """Forgets the key's window."""
        self._windows.pop(key, None)

    def _forget_ended(self) -> None:
        now = self._timer()
        while self._windows and next(iter(self._windows.values()))[0] <= now:
            self._windows.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a policy: its name and quota, what is left of it, and when the window ends."""

    policy: str
    quota: int
    window_seconds: int
    left: int
    ends_in_seconds: int
    exceeded: bool


class Policy:
    """One limit: so many requests a minute for each caller of one sort."""

    def __init__(self, name: str, per_minute: int, *, timer: Timer, most_callers: int) -> None:
        """Takes the policy's name in headers, its quota, and what `Windows` takes."""
        self._name, self._timer = name, timer
        self._item: RateLimitItem = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(Windows(timer=timer, most=most_callers))

    def count(self, caller: str) -> Standing:
        """Counts a request of the caller; how it stands then."""
        within = self._limiter.hit(self._item, caller)
        ends_at, left = self._limiter.get_window_stats(self._item, caller)
        return Standing(
            policy=self._name,
            quota=self._item.amount,
            window_seconds=self._item.get_expiry(),
            left=left,
            ends_in_seconds=max(1, math.ceil(ends_at - self._timer())),
            exceeded=not within,
        )


class RateLimits:
    """The limits of one process: one by address, one by the credential in the Authorization header."""

    def __init__(
        self,
        *,
        per_address: int,
        per_key: int,
        timer: Timer = time.monotonic,
        most_callers: int = MAX_CALLERS,
    ) -> None:
        """Takes the quotas, in requests a minute, of which 0 is none; a timer; and the most callers to count."""
        self._secret = secrets.token_bytes(32)
        self._by_address = (
            Policy("address", per_address, timer=timer, most_callers=most_callers) if per_address else None
        )
        self._by_key = Policy("key", per_key, timer=timer, most_callers=most_callers) if per_key else None

    def count(self, scope: Scope) -> dict[str, str]:
        """Counts a request; the headers that tell its caller how it stands, none where nothing is limited.

        Who sends a credential is told of that alone, since others may share the address. Raises RateLimited, with the
        same headers, where a quota is exceeded.
        """
        standings = list(self._standings(scope))
        exceeded = [standing for standing in standings if standing.exceeded]
        if exceeded:
            retry_after = max(standing.ends_in_seconds for standing in exceeded)
            raise RateLimited(headers={"Retry-After": str(retry_after), **_headers(exceeded)})
        return _headers(standings[-1:])

    def _standings(self, scope: Scope) -> Iterator[Standing]:
        """How the caller stands by address and, where it sent a credential, by that; the narrowest last."""
        credential = credential_of(scope)
        if self._by_address is not None:
            yield self._by_address.count(self._hashed(network_of(scope.get("client"))))
        if self._by_key is not None and credential is not None:
            yield self._by_key.count(self._hashed(credential))

    def _hashed(self, caller: str) -> str:
        return hashlib.blake2b(caller.encode("utf-8", "surrogateescape"), key=self._secret, digest_size=16).hexdigest()


def caller_of(scope: Scope) -> str:
    """Who sends a request, before anybody knows whether its credential is good: whoever has that, else an address."""
    credential = credential_of(scope)
    return f"key {credential}" if credential is not None else f"address {network_of(scope.get('client'))}"


def credential_of(scope: Scope) -> str | None:
    """What stands in the Authorization header; None without one.

    The scheme's case and the space behind it would otherwise make several callers of one.
    """
    given = Headers(scope=scope).get("authorization")
    return given and (given.partition(" ")[2].strip() or given)


def network_of(client: tuple[str, int] | None) -> str:
    """What a client's address is counted as: an IPv4 address itself, of an IPv6 one its /64; "" without an address."""
    if client is None:
        return ""
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return client[0]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), IPV6_NETWORK_BITS), strict=False))


def _headers(standings: list[Standing]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`, as in draft-ietf-httpapi-ratelimit-headers-10 §3 and §4."""
    if not standings:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{each.policy}";q={each.quota};w={each.window_seconds}' for each in standings),
        "RateLimit": ", ".join(f'"{each.policy}";r={each.left};t={each.ends_in_seconds}' for each in standings),
    }
