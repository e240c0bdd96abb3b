"""Single sign-on: the bearer tokens of one OpenID Connect issuer, and what their holders may do.

Off unless an issuer is set. What a token says is believed only once its signature is that of a key of the issuer, by
an algorithm that we chose for that key (RFC 8725 §3.1); how the keys are had is in `app.access.issuer_keys`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jwt

from app.access.issuer_keys import ALGORITHMS, IssuerKeys, fetcher
from app.kit.refusals import Refusal
from app.models.vocabulary import Scope
from app.settings import Settings

MAX_TOKEN_LENGTH: Final = 16_384
LEEWAY: Final = timedelta(seconds=60)
"""How far the issuer's clock may be off (RFC 7519 §4.1.4)."""
REQUIRED: Final = ("iss", "aud", "sub", "exp", "iat")
ACCEPTED: Final = frozenset(algorithm for of_kind in ALGORITHMS.values() for algorithm in of_kind)
LAST_SECOND: Final = 253_402_300_799
"""9999-12-31T23:59:59Z, the last second that a datetime holds."""


class UnknownScope(Refusal):
    """The setting of the groups' scopes names a scope that there is not."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(f"ONRECORD_OIDC_SCOPES: the scopes are {', '.join(Scope)}.")


@dataclass(frozen=True, slots=True)
class Person:
    """Whose token it is: the issuer's name for them, which is never stored, what they may do, and until when."""

    subject: str
    scopes: frozenset[Scope]
    expires_at: datetime


class Issuer:
    """The issuer whose tokens are accepted."""

    def __init__(self, settings: Settings, keys: IssuerKeys | None = None) -> None:
        """Takes settings with an issuer; raises UnknownScope. Asks the issuer for nothing yet."""
        self.name = settings.oidc_issuer or ""
        self._audience, self._groups_claim = settings.oidc_audience, settings.oidc_groups_claim
        self._keys = keys or IssuerKeys(fetcher(settings))
        try:
            self._scopes = {group: frozenset(map(Scope, names)) for group, names in settings.oidc_scopes.items()}
        except ValueError:
            raise UnknownScope from None

    def person(self, token: str, now: datetime) -> Person | None:
        """Whose token it is; None for one that does not hold at `now`, whatever is wrong with it."""
        claims = self._claims(token)
        if claims is None or not claims["sub"] or not _holds(claims, now):
            return None
        groups = claims.get(self._groups_claim)
        named = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
        scopes = frozenset[Scope]().union(*(self._scopes.get(group, frozenset()) for group in named))
        return Person(claims["sub"], scopes, datetime.fromtimestamp(claims["exp"], UTC))

    def _claims(self, token: str) -> dict[str, Any] | None:
        """What the token says, its times not looked at yet; None where it is not for us to believe."""
        if len(token) > MAX_TOKEN_LENGTH:
            return None
        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header.get("kid"), header.get("alg"))
            if key is None:
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self.name,
                options={
                    "require": list(REQUIRED),
                    "enforce_minimum_key_length": True,
                    # Looked at here, by the clock of the request.
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            # Whatever a caller sends is at most a token that does not hold.
            return None
        return claims

    def _key(self, key_id: object, algorithm: object) -> jwt.PyJWK | None:
        """The issuer's key of that id for that algorithm; nothing is fetched for one that can be none."""
        if not isinstance(key_id, str) or not isinstance(algorithm, str) or algorithm not in ACCEPTED:
            return None
        return self._keys.key((key_id, algorithm))


def _holds(claims: Mapping[str, Any], now: datetime) -> bool:
    """Whether the token is issued already, begun and not over (RFC 7519 §4.1.4 to §4.1.6)."""
    times = [claims["exp"], claims["iat"], claims.get("nbf", claims["iat"])]
    if not all(map(_is_instant, times)):
        return False
    expires, issued, begins = times
    early, late = (now - LEEWAY).timestamp(), (now + LEEWAY).timestamp()
    return bool(expires > early and issued <= late and begins <= late)


def _is_instant(at: object) -> bool:
    """Whether it is a NumericDate (RFC 7519 §2) that a datetime holds."""
    return isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= LAST_SECOND
