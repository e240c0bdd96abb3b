"""The keys that an OpenID Connect issuer publishes: fetched within bounds, and kept so that nobody has us hammer it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeVar

import httpx
import jwt
import orjson
import structlog

from app.kit.problems import RETRY_AFTER_SECONDS, Unavailable
from app.settings import Settings, is_safe_url

T = TypeVar("T")

logger = structlog.get_logger(__name__)

ALGORITHMS: Final = {
    ("RSA", None): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""What a key of each kind may have signed with (RFC 7518 §3.1, RFC 8037): public keys alone, and never what a token
says (RFC 8725 §3.1)."""
FRESH_S: Final = 300.0
"""After so long the keys are fetched anew, so that one that the issuer withdrew stops holding."""
RETRY_S: Final = 60.0
"""Least time between two fetches, whatever tokens name: an unknown key, or an issuer that does not answer."""
KEPT_S: Final = 3600.0
"""How long keys hold while the issuer does not answer."""
FETCH_TIMEOUT_S: Final = 3.0
"""For all of it: names, connections, TLS, the issuer's description and its keys."""
FETCH_PROCESSOR_S: Final = 0.5
"""Of the processor for all of it, which takes a twentieth of a second: an issuer may send headers without end."""
LOOK_S: Final = 0.05
"""How often the processor's clock is looked at meanwhile."""
BEING_FETCHED: Final = "The keys of the issuer of tokens are being fetched."
MAX_BYTES: Final = 262_144
"""Longest answer of an issuer that is read; a set of ten keys with their certificates has 20 kB."""

KeyName = tuple[str, str]
"""A key's id and the algorithm that it verifies."""
Keys = Mapping[KeyName, jwt.PyJWK]


@dataclass(frozen=True, slots=True)
class _Held:
    keys: Keys
    fetched_at: float


class IssuerKeys:
    """The issuer's keys as last fetched, by id and algorithm. Threads of one process share them."""

    def __init__(self, fetch: Callable[[], Keys], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes what fetches the keys, and a clock in seconds. Fetches nothing yet."""
        self._fetch, self._clock = fetch, clock
        self._held = _Held({}, float("-inf"))
        self._tried_at = float("-inf")
        self._fetching = Lock()

    def key(self, name: KeyName) -> jwt.PyJWK | None:
        """The key of that name, fetched if it is time to; None where the issuer has none.

        While another thread fetches, what is held is used, and nobody waits: Unavailable is raised for a key that is
        not held.
        """
        if self._is_due(name):
            if self._fetching.acquire(blocking=False):
                try:
                    if self._is_due(name):
                        self._refresh()
                finally:
                    self._fetching.release()
            elif name not in self._held.keys:
                raise Unavailable(BEING_FETCHED, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
        held = self._held
        return held.keys.get(name) if self._clock() - held.fetched_at <= KEPT_S else None

    def _is_due(self, name: KeyName) -> bool:
        now, held = self._clock(), self._held
        return now - self._tried_at >= RETRY_S and (now - held.fetched_at >= FRESH_S or name not in held.keys)

    def _refresh(self) -> None:
        try:
            self._held = _Held(self._fetch(), self._clock())
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
            # Not the error's own words: they can hold what the issuer sent.
            logger.warning("issuer_keys_not_fetched", kind=type(error).__name__)
        finally:
            self._tried_at = self._clock()


def fetcher(settings: Settings) -> Callable[[], Keys]:
    """What fetches the keys of the issuer in the settings, from the address set or the one that the issuer names.

    It raises httpx.HTTPError, TimeoutError or ValueError where it cannot have them: no answer in time, from the look-up
    of the issuer's name to the last byte of its keys, a redirect, too long an answer, one of another issuer (OpenID
    Connect Discovery 1.0 §4.3), or an address that is not https.
    """
    return lambda: _verifying_keys(_in_time(_key_set(settings)))


def _in_time(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns; raises TimeoutError where it takes too long, whatever it waits for or does.

    A timeout of httpx is one for each of its waits, which begins anew with each byte that trickles in. A loop of its
    own ends them all at once, and waits for no thread that still resolves a name, as asyncio.run would.
    """
    loop = asyncio.SelectorEventLoop()
    try:
        return loop.run_until_complete(_watched(work))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _watched(work: Coroutine[Any, Any, T]) -> T:
    until, processor_until = time.monotonic() + FETCH_TIMEOUT_S, time.thread_time() + FETCH_PROCESSOR_S
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if time.monotonic() > until or time.thread_time() > processor_until:
                raise TimeoutError
            await asyncio.wait([task], timeout=LOOK_S)
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _key_set(settings: Settings) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=None, follow_redirects=False) as client:  # noqa: S113  # see _in_time
        url: Any = settings.oidc_jwks_url
        if url is None:
            issuer = settings.oidc_issuer or ""
            found = await _fetched(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            url = found.get("jwks_uri")
            if found.get("issuer") != issuer or not isinstance(url, str) or not is_safe_url(url):
                raise ValueError("The issuer describes another one, or names no safe address of its keys.")
        return await _fetched(client, url)


async def _fetched(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """The JSON object at the address."""
    body = bytearray()
    accepted = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=accepted) as response:
        if response.status_code != httpx.codes.OK:
            raise ValueError("The issuer does not answer with 200.")
        async for part in response.aiter_raw():
            body += part
            if len(body) > MAX_BYTES:
                raise ValueError("The issuer's answer is too long.")
    value = orjson.loads(body)
    if not isinstance(value, dict):
        raise ValueError("The issuer's answer is no object.")
    return value


def _verifying_keys(key_set: Mapping[str, Any]) -> Keys:
    """Those of a JWK set (RFC 7517 §5) that verify signatures and have an id; others are passed over, as it says."""
    listed = key_set.get("keys")
    if not isinstance(listed, list):
        raise ValueError("The issuer's answer is no set of keys.")
    keys: dict[KeyName, jwt.PyJWK] = {}
    for found in listed:
        if not isinstance(found, dict) or not isinstance(found.get("kid"), str) or found.get("use", "sig") != "sig":
            continue
        for algorithm in _algorithms(found):
            try:
                keys[found["kid"], algorithm] = jwt.PyJWK(found, algorithm)
            except (jwt.PyJWTError, ValueError, TypeError):
                continue
    return keys


def _algorithms(found: Mapping[str, Any]) -> list[str]:
    """What the key may verify; nothing for a secret one, which an issuer has no reason to publish."""
    kind, curve, own = found.get("kty"), found.get("crv"), found.get("alg")
    if "d" in found or not isinstance(kind, str):
        return []
    of_kind = ALGORITHMS.get((kind, curve if isinstance(curve, str) else None), ())
    return [algorithm for algorithm in of_kind if own is None or own == algorithm]
