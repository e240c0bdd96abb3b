"""Tables of sealed identities: who an anonymous source is, as ciphertext that the service cannot open, and for whom."""

from datetime import datetime

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table

MAX_RECIPIENT_LENGTH = 100
"""An age X25519 recipient has 62 characters (age specification, recipient types)."""


class Custodian(Table, table=True):
    """Someone whose private key, kept elsewhere, opens the identities that were sealed while they were registered."""

    __tablename__ = "custodian"
    __table_args__ = (sa.UniqueConstraint("recipient"),)

    id: str = columns.id_key()
    name: str = columns.text(200)
    recipient: str = columns.text(MAX_RECIPIENT_LENGTH)
    created_by: str | None = columns.text(36, nullable=True)
    created_at: datetime = columns.instant()
    retired_at: datetime | None = columns.instant(nullable=True)


class SealedIdentity(Table, table=True):
    """Who a source is, encrypted on an editor's machine to the custodians. The row is deleted when it is erased."""

    __tablename__ = "sealed_identity"

    source_id: str = columns.reference("source.id", key=True)
    version: int = columns.whole_number()
    ciphertext: str = columns.text()
    """An age file, armored."""
    custodian_ids: list[str] = columns.json_value()
    sealed_by: str | None = columns.text(36, nullable=True)
    sealed_at: datetime = columns.instant()
