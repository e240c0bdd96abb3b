"""The SQL of access: keys by their digest, the pepper's fingerprint, and the replies kept for idempotency."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, delete, inspect, not_, or_, text, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from app.access.principals import Audience
from app.access.visibility import may_know, sees, visible
from app.kit.columns import NOW
from app.models import ApiKey, Attribution, Change, Fingerprint, RemovedAttribution, Rendition, StoredReply
from app.models.vocabulary import ChangeAction, ResourceKind

NAMES_OF_IDS: Final = re.compile(r"(?:.*_)?ids?")
"""Members of a reply that hold an id, or several: every other text in it may be the caller's own."""
IDS_AT_ONCE: Final = 10_000
"""Ids in one query; SQLite takes at most 32,766 values."""
PEPPER: Final = "pepper"
"""The secret whose fingerprint is held."""

FORGOTTEN_AT_ONCE: Final = 20
"""Old replies that one request deletes: it keeps one at the most, so they become fewer; each can have a megabyte."""


def holds(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition under which a key lets its holder in at the instant `now`."""
    return and_(
        col(ApiKey.revoked_at).is_(None),
        or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
    )


# Built once: it runs before every request, and building it takes longer than running it.
_KEY_BY_DIGEST: Final = select(ApiKey).where(ApiKey.secret_digest == bindparam("digest"), holds(NOW))


def key_by_digest(session: Session, digest: str, now: datetime) -> ApiKey | None:
    """The key with this digest, if it holds at `now`."""
    return session.exec(_KEY_BY_DIGEST, params={"digest": digest, "now": now}).one_or_none()


def note_use(session: Session, key_id: str, day: date) -> None:
    """Makes the day that of the key's last use, where that is not as late already."""
    last = col(ApiKey.last_used_on)
    session.exec(
        update(ApiKey).where(col(ApiKey.id) == key_id, or_(last.is_(None), last < day)).values(last_used_on=day)
    )


def count_keys(session: Session) -> int:
    """How many keys there are, revoked ones included."""
    return session.exec(select(func.count()).select_from(ApiKey)).one()


def has_keys(session: Session) -> bool:
    """Whether there are keys, in a database that need not have been migrated."""
    return inspect(session.connection()).has_table(ApiKey.__tablename__) and count_keys(session) > 0


def signs_on_as_superuser(session: Session) -> bool:
    """Whether this is PostgreSQL, and the role signed on with may do anything there."""
    if session.get_bind().dialect.name != "postgresql":
        return False
    may = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    return bool(session.connection().execute(may).scalar())


def held_fingerprint(session: Session) -> str | None:
    """The pepper's fingerprint; None where none is held yet."""
    return session.exec(select(Fingerprint.digest).where(Fingerprint.secret == PEPPER)).first()


def keep_fingerprint(session: Session, digest: str) -> str:
    """The pepper's fingerprint, which is this one where none was held."""
    adding = _insert(session, Fingerprint).values(secret=PEPPER, digest=digest).on_conflict_do_nothing()
    session.exec(adding)
    return session.exec(select(Fingerprint.digest).where(Fingerprint.secret == PEPPER)).one()


def replace_fingerprint(session: Session, digest: str) -> None:
    """Holds this fingerprint of the pepper in place of the one that was held."""
    keep_fingerprint(session, digest)
    session.exec(update(Fingerprint).where(col(Fingerprint.secret) == PEPPER).values(digest=digest))


def _insert(session: Session, table: type[Any]) -> Any:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(table)


def reserve_reply(session: Session, reply: StoredReply) -> bool:
    """Whether this is the first request with its Idempotency-Key: then the reply, yet to be filled, takes its place.

    Waits for a transaction that has reserved it and is not over, in this process or another.
    """
    reserving = _insert(session, StoredReply).values(reply.model_dump()).on_conflict_do_nothing()
    return session.exec(reserving.returning(col(StoredReply.key_digest))).first() is not None


def fill_reply(session: Session, reply: StoredReply) -> None:
    """Keeps the reply in the place that was reserved for it."""
    place = update(StoredReply).where(
        col(StoredReply.caller_id) == reply.caller_id, col(StoredReply.key_digest) == reply.key_digest
    )
    session.exec(place.values(status=reply.status, headers=reply.headers, body=reply.body))


def stored_reply(session: Session, caller_id: str, key_digest: str) -> StoredReply:
    """The reply kept for this key holder's Idempotency-Key, which has been reserved before."""
    return session.get_one(StoredReply, (caller_id, key_digest))


def names_hidden(session: Session, body: str, audience: Audience, now: datetime) -> bool:
    """Whether a reply names anything that the audience may not see at `now`, or might not when it ended.

    What was removed keeps the audience that it had. An id that the caller wrote in words names nothing: whether it is
    anybody's must not be told.
    """
    ids = sorted(set(_ids_in(orjson.loads(body))))
    portions = (ids[begin : begin + IDS_AT_ONCE] for begin in range(0, len(ids), IDS_AT_ONCE))
    return any(
        _hidden_resources(session, some, audience, now)
        or _hidden_attributions(session, some, audience)
        or _removed_unseen(session, some, audience)
        for some in portions
    )


def _ids_in(body: Any) -> Iterator[str]:
    """The ids that stand anywhere in a reply, under the names of members that hold such."""
    waiting = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
            for name, item in value.items():
                if NAMES_OF_IDS.fullmatch(name) is not None:
                    yield from (each for each in (item if isinstance(item, list) else [item]) if isinstance(each, str))
        elif isinstance(value, list):
            waiting.extend(value)


def _hidden_resources(session: Session, ids: list[str], audience: Audience, now: datetime) -> set[str]:
    rows: Any = select(Rendition.resource_id).where(
        col(Rendition.resource_id).in_(ids), Rendition.kind != ResourceKind.KEY
    )
    return set(session.exec(rows)) - set(session.exec(rows.where(visible(audience, now))))


def _hidden_attributions(session: Session, ids: list[str], audience: Audience) -> set[str]:
    found: set[str] = set()
    for table in (Attribution, RemovedAttribution):
        hidden = select(table.id).where(col(table.id).in_(ids), not_(may_know(audience, table)))
        found.update(session.exec(hidden))
    return found


def _removed_unseen(session: Session, ids: list[str], audience: Audience) -> set[str]:
    """Those that are gone, and that did not end for the audience: its line has no version that says so."""
    is_there = select(Rendition.resource_id).where(col(Rendition.resource_id) == Change.resource_id).exists()
    gone = select(Change.resource_id, Change.audience, Change.action).where(
        col(Change.resource_id).in_(ids), Change.kind != ResourceKind.KEY, ~is_there
    )
    ended: dict[str, bool] = {}
    for resource_id, line, action in session.exec(gone.order_by(col(Change.audience), col(Change.version))):
        ended.setdefault(resource_id, False)
        if sees(audience, line):
            ended[resource_id] = action is ChangeAction.DELETED
    return {resource_id for resource_id, is_told in ended.items() if not is_told}


def read_from(session: Session, resource_id: str, now: datetime) -> Audience:
    """The widest audience that may read the resource at `now`; the narrowest of what there is not."""
    row = Rendition.resource_id
    rows: Any = select(*(select(row).where(row == resource_id, visible(each, now)).exists() for each in Audience))
    is_read = dict(zip(Audience, session.exec(rows).one(), strict=True))
    return next((each for each in Audience if is_read[each]), Audience.RESTRICTED)


def forget_replies(session: Session, before: datetime, key: tuple[str, str]) -> None:
    """Deletes the reply to this caller's key, where it was kept before that instant, and some of the oldest others.

    As many as have come in a busy hour of yesterday would keep everybody else's writes waiting; those that another
    transaction is deleting are left out.
    """
    columns = (col(StoredReply.caller_id), col(StoredReply.key_digest))
    is_old = col(StoredReply.created_at) < before
    session.exec(delete(StoredReply).where(is_old, columns[0] == key[0], columns[1] == key[1]))
    oldest = select(*columns).where(is_old).order_by(col(StoredReply.created_at)).limit(FORGOTTEN_AT_ONCE)
    session.exec(delete(StoredReply).where(tuple_(*columns).in_(oldest.with_for_update(skip_locked=True))))
