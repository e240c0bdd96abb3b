"""The table of documents: where a claim was read."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table
from app.models.access import DIGEST_LENGTH
from app.models.vocabulary import PublishedBasis, Visibility

URL_LENGTH = 2048

STANDS_FOR_ADDRESS: Any = sa.literal_column("embargo_until IS NULL AND joined_id IS NULL")
"""What is out, and has not been joined with another record of its address."""
HELD_BACK: Any = sa.literal_column("embargo_until IS NOT NULL")


class Document(Table, table=True):
    """Something published that claims are read in.

    One canonical URL stands once for each visibility among what is out, not once in all: if what is hidden took a URL
    away from the public, whoever tried to record it would learn that it is there.
    """

    __tablename__ = "document"
    __table_args__ = (
        sa.Index(
            "uq_document_canonical_url_visibility",
            "canonical_url",
            "visibility",
            unique=True,
            sqlite_where=STANDS_FOR_ADDRESS,
            postgresql_where=STANDS_FOR_ADDRESS,
        ),
        sa.Index(None, "canonical_url"),
        sa.Index(None, "embargo_until", sqlite_where=HELD_BACK, postgresql_where=HELD_BACK),
        sa.Index(None, "joined_id"),
        sa.Index(None, "outlet_id", "id"),
        sa.Index(None, "url", postgresql_using="hash"),  # a B-tree of PostgreSQL holds no text that long
    )

    id: str = columns.id_key()
    url: str | None = columns.text(URL_LENGTH, nullable=True)
    canonical_url: str | None = columns.text(URL_LENGTH, nullable=True)
    archive_url: str | None = columns.text(URL_LENGTH, nullable=True)
    title: str | None = columns.text(1000, nullable=True)
    byline: str | None = columns.text(500, nullable=True)
    outlet_id: str | None = columns.reference("source.id", nullable=True)
    published: str | None = columns.text(200, nullable=True)
    published_earliest_day: int | None = columns.day_number()
    published_latest_day: int | None = columns.day_number()
    published_basis: PublishedBasis = columns.choice(PublishedBasis, "published_basis")
    language: str | None = columns.text(35, nullable=True)
    accessed_at: datetime | None = columns.instant(nullable=True)
    text: str | None = columns.text(nullable=True)
    text_sha256: str | None = columns.text(DIGEST_LENGTH, nullable=True)
    visibility: Visibility = columns.choice(Visibility, "visibility")
    embargo_until: datetime | None = columns.instant(nullable=True)
    """Until when the public is not to know of it, because it came along with a claim that is not out. Never read."""
    joined_id: str | None = columns.reference("document.id", nullable=True)
    """The public's record of the same address, which stands for this one to the public as soon as this one is out."""
    recorded_at: datetime = columns.instant()
