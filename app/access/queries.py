"""The SQL of access: keys by their digest, and the replies kept for idempotency."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, or_
from sqlmodel import Session, col, func, select

from app.models import ApiKey, StoredReply


def holds(now: datetime) -> ColumnElement[bool]:
    """The condition under which a key lets its holder in at the instant `now`."""
    return and_(
        col(ApiKey.revoked_at).is_(None),
        or_(col(ApiKey.expires_at).is_(None), col(ApiKey.expires_at) > now),
    )


def key_by_digest(session: Session, digest: str, now: datetime) -> ApiKey | None:
    """The key with this digest, if it holds at `now`."""
    return session.exec(select(ApiKey).where(ApiKey.secret_digest == digest, holds(now))).one_or_none()


def count_keys(session: Session) -> int:
    """How many keys there are, revoked ones included."""
    return session.exec(select(func.count()).select_from(ApiKey)).one()


def stored_reply(session: Session, key_id: str, key_digest: str) -> StoredReply | None:
    """The reply kept for this key holder's Idempotency-Key."""
    return session.get(StoredReply, (key_id, key_digest))


def forget_replies(session: Session, before: datetime) -> None:
    """Deletes the replies kept before that instant."""
    session.exec(delete(StoredReply).where(col(StoredReply.created_at) < before))
