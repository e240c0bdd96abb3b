"""Makes, rotates and revokes API keys. Each is a change that only restricted readers' lines hold, and an audit entry.

No key reaches further than whoever makes it: not in what it allows, not in where it may be used from, and not in time.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from app.access import audit
from app.access.authentication import REFUSED
from app.access.context import Context
from app.access.fingerprint import fingerprint
from app.access.principals import EVERY_SCOPE, Principal
from app.access.queries import count_keys, held_fingerprint, replace_fingerprint
from app.access.secrets import first_key, new_key
from app.access.units import Precondition, Reply, Unit, json_reply
from app.changes.record import Written, content_digest, record_change
from app.keys import queries
from app.keys.schemas import KeyCreate, KeyRotate
from app.kit.ids import ordered_id
from app.kit.networks import is_block_within
from app.kit.problems import Conflict, Forbidden, NotFound, Unauthenticated, invalid
from app.models import ApiKey
from app.models.vocabulary import AuditAction, ChangeAction, ResourceKind, Scope

FIRST_KEY_ID = "00000000-0000-7000-8000-000000000001"
"""Fixed, so that of two hosts that start at once on an empty database only one makes the first key."""
OVERLAP: Final = timedelta(hours=24)
"""How long a rotated key holds beside its successor unless something else is asked for,"""
MOST_OVERLAP: Final = timedelta(days=30)
"""and at most."""


def create_key(unit: Unit, sent: KeyCreate) -> Reply:
    """Makes a key and answers with it; its secret is in this one reply and kept nowhere.

    Raises Forbidden for one that reaches further than its maker, and Invalid for an expiry in the past.
    """
    _check_maker(unit)
    _check_within(unit.principal, "make", sent.scopes, sent.networks)
    _check_end(unit, "make", sent.expires_at)
    row, secret = add_key(unit, sent.name, sent.scopes, sent.expires_at, networks=sent.networks)
    return _shown_once(row, secret)


def rotate_key(unit: Unit, key_id: str, sent: KeyRotate) -> Reply:
    """Makes a key in the place of another and answers with it, as `create_key` does.

    Raises NotFound, Conflict for a key that holds no more, that has been rotated, or whose predecessor still holds,
    Forbidden where the new one would reach further than its maker, and Invalid for times that cannot be.
    """
    _check_maker(unit)
    row = queries.key(unit.session, key_id)
    if row is None:
        raise NotFound
    _check_within(unit.principal, "rotate", map(Scope, row.scopes), row.networks)
    _check_rotates(unit, row)
    end = row.expires_at if sent.expires_at is None else sent.expires_at
    _check_end(unit, "rotate", end)
    row.expires_at = _end_of_old(unit, row, sent.old_expires_at)
    _record(unit, row, ChangeAction.UPDATED)
    audit.record(unit, AuditAction.KEY_ROTATED, row.id)
    made, secret = add_key(unit, row.name, list(map(Scope, row.scopes)), end, networks=row.networks, replaces_id=row.id)
    return _shown_once(made, secret)


def _check_maker(unit: Unit) -> None:
    """Raises Unauthenticated where the caller's own key has stopped holding since the request came in.

    Whoever has a key that is being revoked must not come out of it with another.
    """
    own_id = unit.principal.caller_id
    own = None if own_id is None else queries.key(unit.session, own_id)
    if own is not None and not _holds(own, unit.now):
        raise Unauthenticated(REFUSED)


def _holds(row: ApiKey, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now)


def _check_within(principal: Principal, verb: str, scopes: Iterable[Scope], networks: Sequence[str]) -> None:
    """Raises Forbidden for scopes that the caller lacks, and for networks that the caller may not come from."""
    beyond = sorted(set(scopes) - principal.scopes)
    if beyond:
        raise Forbidden(f"A key cannot {verb} a broader one; yours lacks {', '.join(beyond)}.")
    if not principal.networks:
        return
    if not networks or not all(is_block_within(network, principal.networks) for network in networks):
        raise Forbidden(f"A key cannot {verb} a broader one; yours is for fewer networks.")


def _check_end(unit: Unit, verb: str, expires_at: datetime | None) -> None:
    """Raises Forbidden for an end after the caller's own, and Invalid for one that is past."""
    if expires_at is not None and expires_at <= unit.now:
        raise invalid("/expires_at", "out_of_range", "A key must expire in the future.")
    own_end = unit.principal.expires_at
    if own_end is not None and (expires_at is None or expires_at > own_end):
        raise Forbidden(f"A key cannot {verb} a broader one; yours expires earlier than the new one would.")


def _check_rotates(unit: Unit, row: ApiKey) -> None:
    """Raises Conflict where the key holds no more, or where three would hold at once."""
    if not _holds(row, unit.now):
        raise Conflict("This key holds no more: make another.")
    if queries.has_successor(unit.session, row.id):
        raise Conflict("This key has been rotated already: rotate its successor.")
    before = None if row.replaces_id is None else queries.key(unit.session, row.replaces_id)
    if before is not None and _holds(before, unit.now):
        raise Conflict("The key that this one replaced still holds: revoke it, or wait until it expires.")


def _end_of_old(unit: Unit, row: ApiKey, asked: datetime | None) -> datetime:
    """Until when a key holds beside its successor; raises Invalid for an end that is past or too late."""
    latest = unit.now + MOST_OVERLAP if row.expires_at is None else min(row.expires_at, unit.now + MOST_OVERLAP)
    if asked is not None and not unit.now < asked <= latest:
        detail = "Must be in the future, within 30 days, and no later than when the key expires."
        raise invalid("/old_expires_at", "out_of_range", detail)
    return min(unit.now + OVERLAP, latest) if asked is None else asked


def add_key(
    unit: Unit,
    name: str,
    scopes: Sequence[Scope],
    expires_at: datetime | None,
    *,
    networks: Sequence[str] = (),
    replaces_id: str | None = None,
    key_id: str | None = None,
    secret: str | None = None,
) -> tuple[ApiKey, str]:
    """The key, recorded, and its secret; an id and a secret are made unless they are given."""
    secret = secret or new_key()
    row = ApiKey(
        id=key_id or ordered_id(unit.now),
        name=name,
        scopes=[scope.value for scope in Scope if scope in scopes],
        networks=list(dict.fromkeys(networks)),
        secret_digest=unit.context.pepper.key_digest(secret),
        created_by=unit.principal.caller_id,
        replaces_id=replaces_id,
        created_at=unit.now,
        expires_at=expires_at,
    )
    unit.session.add(row)
    _record(unit, row, ChangeAction.CREATED)
    audit.record(unit, AuditAction.KEY_CREATED, row.id, place=0 if replaces_id is None else 1)
    return row, secret


def _shown_once(row: ApiKey, secret: str) -> Reply:
    document = queries.key_document(row)
    kept = json_reply({**document, "key": None})
    return json_reply({**document, "key": secret}, kept=kept).created(f"/v1/keys/{row.id}")


def _record(unit: Unit, row: ApiKey, action: ChangeAction) -> None:
    unit.session.flush()
    content = queries.key_content(row)
    record_change(unit, Written(ResourceKind.KEY, row.id, action, lambda _out: [None, None, content]))


def revoke_key(unit: Unit, key_id: str) -> Reply:
    """Revokes a key for good; nothing happens to one that is revoked already.

    Raises NotFound, and Forbidden for one that allows more than the caller's.
    """
    row = queries.key(unit.session, key_id)
    if row is None:
        raise NotFound
    beyond = sorted(set(row.scopes) - unit.principal.scopes)
    if beyond:
        raise Forbidden(f"A key cannot revoke a broader one; yours lacks {', '.join(beyond)}.")
    if row.revoked_at is None:
        row.revoked_at = unit.now
        _record(unit, row, ChangeAction.DELETED)
        audit.record(unit, AuditAction.KEY_REVOKED, row.id)
    return Reply(body=b"", status=204)


def go_on_with_pepper(unit: Unit) -> bool:
    """Revokes every key and takes the pepper that there is for the one that is lost; False where it is not lost."""
    known = fingerprint(unit.context.pepper)
    if held_fingerprint(unit.session) == known:
        return False
    replace_fingerprint(unit.session, known)
    for row in queries.all_keys(unit.session):
        revoke_key(unit, row.id)
    return True


def at_the_server(context: Context, session: Session) -> Unit:
    """A unit of work of whoever runs the server: every scope, and no key."""
    return Unit(session, Principal(None, EVERY_SCOPE), context.clock(), context, Precondition(None))


def ensure_first_key(context: Context) -> None:
    """Makes a key with every scope where there is none, and leaves it in `first.key` in the data directory.

    The file comes first and is kept if it is there: a crash between the two loses nothing.
    """

    def work(session: Session) -> None:
        if count_keys(session) == 0:
            secret = first_key(context.settings.data_dir / "first.key")
            unit = at_the_server(context, session)
            add_key(unit, "first key", list(Scope), None, key_id=FIRST_KEY_ID, secret=secret)

    context.database.write(work)


def record_outdated(context: Context) -> None:
    """Records anew the keys of which a version before this one recorded less, or of which a migration changed more.

    Does nothing where every key is recorded as it is.
    """

    def work(session: Session) -> None:
        unit, recorded = at_the_server(context, session), queries.digests_of_documents(session)
        for row in queries.all_keys(session):
            if recorded.get(row.id) != content_digest(queries.key_content(row)):
                _record(unit, row, ChangeAction.UPDATED if row.revoked_at is None else ChangeAction.DELETED)

    context.database.write(work)
