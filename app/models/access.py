"""Tables of access: API keys, and the replies kept so that a repeated request has one effect."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table

DIGEST_LENGTH = 64
"""SHA-256 in hexadecimal."""


class ApiKey(Table, table=True):
    """A key to the API. Its secret is not kept, only an HMAC of it."""

    __tablename__ = "api_key"
    __table_args__ = (sa.UniqueConstraint("secret_digest"),)

    id: str = columns.id_key()
    name: str = columns.text(200)
    scopes: list[str] = columns.json_value()
    secret_digest: str = columns.text(DIGEST_LENGTH)
    created_by: str | None = columns.text(36, nullable=True)
    created_at: datetime = columns.instant()
    expires_at: datetime | None = columns.instant(nullable=True)
    revoked_at: datetime | None = columns.instant(nullable=True)


class StoredReply(Table, table=True):
    """The first answer to a POST that carried an Idempotency-Key, kept for a day."""

    __tablename__ = "stored_reply"
    __table_args__ = (sa.Index(None, "created_at"),)

    key_id: str = columns.reference("api_key.id", key=True)
    key_digest: str = columns.text(DIGEST_LENGTH, key=True)
    request_digest: str = columns.text(DIGEST_LENGTH)
    status: int = columns.whole_number()
    headers: dict[str, Any] = columns.json_value()
    body: str = columns.text()
    created_at: datetime = columns.instant()
