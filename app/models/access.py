"""Tables of access: API keys, the fingerprint of the pepper, the audit, and the replies kept for a day."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table
from app.models.vocabulary import AuditAction

DIGEST_LENGTH = 64
"""SHA-256 in hexadecimal."""


class ApiKey(Table, table=True):
    """A key to the API. Its secret is not kept, only an HMAC of it."""

    __tablename__ = "api_key"
    __table_args__ = (sa.UniqueConstraint("secret_digest"), sa.UniqueConstraint("replaces_id"))

    id: str = columns.id_key()
    name: str = columns.text(200)
    scopes: list[str] = columns.json_value()
    secret_digest: str = columns.text(DIGEST_LENGTH)
    networks: list[str] = columns.json_list()
    """Where its holder may call from, as CIDR blocks; from anywhere where there are none."""
    created_by: str | None = columns.text(36, nullable=True)
    replaces_id: str | None = columns.reference("api_key.id", nullable=True)
    """The key in whose place it was made. A key has one successor at most, so that two are alive at once, not more."""
    created_at: datetime = columns.instant()
    expires_at: datetime | None = columns.instant(nullable=True)
    revoked_at: datetime | None = columns.instant(nullable=True)
    last_used_on: date | None = None


class Fingerprint(Table, table=True):
    """A digest made with a secret of the service, by which another secret in its place is noticed."""

    __tablename__ = "fingerprint"

    secret: str = columns.text(32, key=True)
    """The secret's name."""
    digest: str = columns.text(DIGEST_LENGTH)


class AuditEntry(Table, table=True):
    """One thing done with what is most secret, and who did it. Rows are added, never changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.CheckConstraint("audience BETWEEN 0 AND 2", name="audience"),
        sa.Index(None, "subject_id", "id"),
    )

    id: str = columns.id_key()
    action: AuditAction = columns.choice(AuditAction, "action")
    subject_id: str = columns.text(36)
    """The source, document, custodian or key that it was done with."""
    audience: int | None = columns.whole_number(nullable=True)
    """The widest audience that could read of it when it was done; null where the subject is no record."""
    actor_id: str | None = columns.text(36, nullable=True)
    """The caller; null for whoever runs the server."""
    reason: str | None = columns.text(500, nullable=True)
    recorded_at: datetime = columns.instant()


class StoredReply(Table, table=True):
    """The first answer to a POST that carried an Idempotency-Key, kept for a day."""

    __tablename__ = "stored_reply"
    __table_args__ = (sa.Index(None, "created_at"),)

    caller_id: str = columns.text(36, key=True)
    """The key, or the person signed on, who asked."""
    key_digest: str = columns.text(DIGEST_LENGTH, key=True)
    request_digest: str = columns.text(DIGEST_LENGTH)
    status: int = columns.whole_number()
    headers: dict[str, Any] = columns.json_value()
    body: str = columns.text()
    created_at: datetime = columns.instant()
