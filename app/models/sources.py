"""Tables of sources: who speaks, how reliable they were when, and how they stand to one another."""

from datetime import date, datetime

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table
from app.models.vocabulary import Anonymity, Reliability, SourceKind, SourceRelationKind, Visibility


class Source(Table, table=True):
    """Who speaks. Dates only, no instants: an instant would tell when an anonymous person spoke."""

    __tablename__ = "source"
    __table_args__ = (
        # Other names are guarded where they are read in (`app.sources.schemas`): a CHECK here would copy the table.
        sa.CheckConstraint("name IS NULL OR anonymity IN ('named', 'pseudonymous')", name="no_name_when_anonymous"),
        sa.Index(None, "organization_id", "id"),
    )

    id: str = columns.id_key()
    kind: SourceKind = columns.choice(SourceKind, "kind")
    anonymity: Anonymity = columns.choice(Anonymity, "anonymity")
    name: str | None = columns.text(500, nullable=True)
    aliases: list[str] = columns.json_list()
    description: str | None = columns.text(500, nullable=True)
    role: str | None = columns.text(500, nullable=True)
    organization_id: str | None = columns.reference("source.id", nullable=True)
    country: str | None = columns.text(2, nullable=True)
    language: str | None = columns.text(35, nullable=True)
    same_as: list[str] = columns.json_value()
    member_count_min: int | None = columns.whole_number(nullable=True)
    member_count_max: int | None = columns.whole_number(nullable=True)
    reliability: Reliability = columns.choice(Reliability, "reliability")
    internal_reliability: Reliability | None = columns.choice(Reliability, "internal_reliability", nullable=True)
    """That by the days that internal readers are told, where it is another one."""
    public_reliability: Reliability | None = columns.choice(Reliability, "public_reliability", nullable=True)
    """The same for the public."""
    visibility: Visibility = columns.choice(Visibility, "visibility")
    embargo_until: datetime | None = columns.instant(nullable=True)
    """Until when the public is not to know of it, because it came along with a claim that is not out. Never read."""
    recorded_on: date


class SourceRating(Table, table=True):
    """One entry of a source's dated reliability. Entries are added, never changed."""

    __tablename__ = "source_rating"

    source_id: str = columns.reference("source.id", key=True)
    position: int = columns.whole_number(key=True)
    id: str = columns.text(36)
    reliability: Reliability = columns.choice(Reliability, "reliability")
    rated_on: date | None = None
    """The day from which it is said to hold; null where it holds from when it was recorded on."""
    assessor: str | None = columns.text(500, nullable=True)
    rationale: str | None = columns.text(10_000, nullable=True)
    recorded_on: date
    internal_on: date | None = None
    """The day on which it came out for internal readers, or comes out; null where it has not."""
    public_on: date | None = None
    """The same for the public."""


class SourceRelation(Table, table=True):
    """How the source stands to the other one."""

    __tablename__ = "source_relation"
    __table_args__ = (
        sa.UniqueConstraint("source_id", "other_id", "kind"),
        sa.CheckConstraint("source_id <> other_id", name="two_sources"),
        sa.Index(None, "other_id", "kind", "source_id"),
    )

    id: str = columns.id_key()
    source_id: str = columns.reference("source.id")
    other_id: str = columns.reference("source.id")
    kind: SourceRelationKind = columns.choice(SourceRelationKind, "kind")
    note: str | None = columns.text(10_000, nullable=True)
    recorded_on: date
