"""The SQL of access: keys by their digest, and the replies kept for idempotency."""

import re
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, or_, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from app.access.principals import Audience
from app.access.visibility import visible
from app.kit.columns import NOW
from app.models import ApiKey, Attribution, Rendition, StoredReply
from app.models.vocabulary import ResourceKind

ANY_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
IDS_AT_ONCE: Final = 10_000
"""Ids in one query; SQLite takes at most 32,766 values."""

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


def reserve_reply(session: Session, reply: StoredReply) -> bool:
    """Whether this is the first request with its Idempotency-Key: then the reply, yet to be filled, takes its place.

    Waits for a transaction that has reserved it and is not over, in this process or another.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    reserving = insert(StoredReply).values(reply.model_dump()).on_conflict_do_nothing()
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


def names_hidden(session: Session, text: str, audience: Audience, now: datetime) -> bool:
    """Whether an id stands in the text of anything that there is and that the audience may not see at `now`."""
    ids = sorted(set(ANY_ID.findall(text)))
    for some in (ids[begin : begin + IDS_AT_ONCE] for begin in range(0, len(ids), IDS_AT_ONCE)):
        rows: Any = select(Rendition.resource_id).where(
            col(Rendition.resource_id).in_(some), Rendition.kind != ResourceKind.KEY
        )
        if set(session.exec(rows)) - set(session.exec(rows.where(visible(audience, now)))):
            return True
        attributions = select(Attribution.id).where(col(Attribution.id).in_(some), Attribution.audience > audience)
        if session.exec(attributions.limit(1)).first() is not None:
            return True
    return False


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
