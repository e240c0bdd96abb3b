"""The table of what has to follow writes that are committed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table

VEILED: Any = sa.literal_column("veiled_below IS NOT NULL")


class FollowUpKind(StrEnum):
    """What has to be done; of what to do for each kind, see `app.background.kinds`."""

    SOURCE_SHOWN = "source_shown"
    """What names the source is recorded anew, since it is hidden from others than before."""
    SOURCE_RELEASED = "source_released"
    """What names the source, claims apart, is recorded anew, since its embargo is another."""
    SOURCE_COUNTED = "source_counted"
    """The claims are counted anew that the source, or what stands for it, is counted in."""
    SOURCE_CLAIMS = "source_claims"
    """The claims that show the source are counted anew, and found by its words."""
    DOCUMENT_SHOWN = "document_shown"
    """The claims that name the document are recorded anew, since it is hidden from others than before."""
    DOCUMENT_CLAIMS = "document_claims"
    """The claims that name the document are counted anew, and found by its words."""
    DOCUMENT_RELEASED = "document_released"
    """The document is joined with what the public reads at its address, once its embargo is over."""
    DOCUMENT_JOINED = "document_joined"
    """The claims that name the document name what it was joined with."""
    SOURCE_IDENTIFIED = "source_identified"
    """Relations are withdrawn that would say who a source is, since this one is identified otherwise."""
    CLAIM_SHOWN = "claim_shown"
    """The claim's relations are recorded anew, since it is hidden from others than before."""
    CONTRADICTIONS = "contradictions"
    """The claim's numbers are compared with those of others."""


class FollowUp(Table, table=True):
    """Something that follows a committed write, in portions. Written with the write; gone once it is done.

    One of a kind and subject stands once, however often it is asked for: what is asked for while it is being done is
    done once more afterwards.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        sa.CheckConstraint("0 <= veiled_from AND veiled_from < veiled_below AND veiled_below <= 2", name="veil"),
        sa.CheckConstraint("(veiled_from IS NULL) = (veiled_below IS NULL)", name="veil_whole"),
        sa.Index(None, "kind", "due_at"),
        sa.Index("ix_follow_up_veils", "veiled_below", sqlite_where=VEILED, postgresql_where=VEILED),
    )

    kind: FollowUpKind = columns.choice(FollowUpKind, "kind", key=True)
    subject_id: str = columns.text(36, key=True)
    """The source, document or claim that was written."""
    asked: int = columns.whole_number()
    """How often it was asked for, from 1."""
    begun: int = columns.whole_number()
    """How often it had been asked for when the round under way began; 0 before the first."""
    cursor: str | None = columns.text(nullable=True)
    """What of the round is done; null before the round has begun."""
    attempts: int = columns.whole_number()
    """How often in a row it has failed."""
    veiled_from: int | None = columns.whole_number(nullable=True)
    """Until it is done, audiences from this one on read nothing that names the subject: `app.access.visibility`."""
    veiled_below: int | None = columns.whole_number(nullable=True)
    """Up to which audience, this one not among them."""
    actor_id: str = columns.text(36)
    """Who wrote."""
    due_at: datetime = columns.instant()
    leased_by: str | None = columns.text(36, nullable=True)
    """The worker that is at it, until then; another takes it over after that. Without one, what has failed waits."""
    leased_until: datetime | None = columns.instant(nullable=True)
