"""Who calls: the holder of an API key or, where single sign-on is set up, of a token of its issuer.

A key is looked up for every request and kept in no memory, so that one which is revoked lets nobody in any more,
whichever process is asked.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import structlog
from fastapi import Request

from app.access import queries
from app.access.context import Context, context_of
from app.access.principals import PUBLIC_READER, Principal
from app.access.secrets import KEY_PREFIX
from app.kit import deadline
from app.kit.instants import day_of
from app.kit.networks import is_address_within
from app.kit.problems import Unauthenticated, WriteTooCostly
from app.models.vocabulary import Scope

logger = structlog.get_logger(__name__)

REFUSED: Final = "This key or token is unknown, expired, revoked, or not for use from here."
"""All that is said of any that lets nobody in: why it does not would be of use to a thief alone."""


@dataclass(frozen=True, slots=True)
class Use:
    """That a key was used on a day for the first time."""

    key_id: str
    day: date


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and the use of the key that is to be noted, if one is."""

    principal: Principal
    use: Use | None = None


def authenticate(request: Request, scope: Scope) -> Caller:
    """Whoever presents a key or a token that holds now; the public, where it may read, for a route with that scope.

    Whether the caller has the scope is not looked at. Raises Unauthenticated.
    """
    context = context_of(request)
    given = request.headers.get("authorization")
    if given is None:
        if context.settings.public_read and scope in PUBLIC_READER.scopes:
            return Caller(PUBLIC_READER)
        raise Unauthenticated("Send an API key: `Authorization: Bearer <key>`.")
    scheme, _, credential = given.partition(" ")
    if scheme.lower() != "bearer" or not credential:
        raise Unauthenticated("The Authorization header must be `Bearer <key>`.")
    credential, now = credential.strip(), context.clock()
    if credential.startswith(KEY_PREFIX):
        caller = _holder(request, credential, now)
    else:
        caller = _person(context, credential, now)
    if caller is None:
        raise Unauthenticated(REFUSED)
    return caller


def _holder(request: Request, key: str, now: datetime) -> Caller | None:
    """Whoever holds the key; None for one that does not hold now, or not where the request comes from."""
    context = context_of(request)
    with context.database.reading() as session:
        found = queries.key_by_digest(session, context.pepper.key_digest(key), now)
        if found is None:
            return None
        principal = Principal(
            found.id, frozenset(map(Scope, found.scopes)), networks=tuple(found.networks), expires_at=found.expires_at
        )
        is_noted = found.last_used_on is not None and found.last_used_on >= day_of(now)
        use = None if is_noted else Use(found.id, day_of(now))
    if principal.networks and not is_address_within(request.client and request.client.host, principal.networks):
        return None
    return Caller(principal, use)


def _person(context: Context, token: str, now: datetime) -> Caller | None:
    """Whoever the token was issued to; None for one that does not hold now, and where there is no issuer."""
    person = None if context.issuer is None else context.issuer.person(token, now)
    if context.issuer is None or person is None:
        return None
    caller_id = person_id(context, context.issuer.name, person.subject)
    return Caller(Principal(caller_id, person.scopes, expires_at=person.expires_at))


def person_id(context: Context, issuer: str, subject: str) -> str:
    """The id of a person: a UUIDv8 (RFC 9562 §5.8) that cannot be turned back into who they are for the issuer."""
    digest = context.pepper.digest("oidc-subject", issuer.encode(), subject.encode("utf-8", "surrogatepass"))
    bits = int(digest[:32], 16) & ~(0xF << 76 | 0b11 << 62)
    return str(UUID(int=bits | 0x8 << 76 | 0b10 << 62))


def note_use(context: Context, use: Use) -> None:
    """Notes the day of a key's last use; comes after the answer, so that nobody waits for it.

    A process notes one use at a time, and none while another is noted: the next request of that key is as good. Where
    it cannot be noted, or not in the time of a write, nothing fails, for the same reason.
    """
    if not context.noting_use.acquire(blocking=False):
        return
    try:
        with deadline.within(context.database.write_seconds, WriteTooCostly):
            context.database.write(lambda session: queries.note_use(session, use.key_id, use.day))
    except Exception as error:  # noqa: BLE001  # the answer is out, and no failure of this is worth more than a line
        logger.warning("use_not_noted", kind=type(error).__name__)
    finally:
        context.noting_use.release()
