"""Tables of claims and all that hangs on them. Every row carries its claim's id, so that a claim lives on one shard."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table
from app.kit.urls import SITE_LENGTH
from app.models.documents import URL_LENGTH
from app.models.vocabulary import (
    Approximation,
    BoundsBasis,
    ClaimKind,
    ClaimRelationKind,
    ClaimStatus,
    EvidenceRelation,
    HopRole,
    Likelihood,
    OccurredMode,
    Per,
    Quantifier,
    RelationStatus,
    Resolution,
    Speech,
    Stance,
    Terms,
    UnitKind,
    Verdict,
    Visibility,
)

DECIMAL_LENGTH = 80
"""38 digits on either side of the point, the point and the sign."""

OPEN_TIME: Any = sa.literal_column(
    "occurred_earliest_day IS NULL AND occurred_latest_day IS NULL AND occurred_edtf IS NOT NULL"
)
OPEN_DAYS: Any = sa.literal_column("said_earliest_day IS NULL AND said_latest_day IS NULL AND said IS NOT NULL")
"""Dates that are open at both ends: few, and else lost among the rows that have no date."""


class Claim(Table, table=True):
    """One statement, in our normalised sentence."""

    __tablename__ = "claim"
    __table_args__ = (
        sa.CheckConstraint("(status = 'retracted') = (retracted_at IS NOT NULL)", name="retracted_with_reason"),
        sa.Index(None, "place_country", "id"),
        sa.Index(None, "occurred_earliest_day", "id"),
        sa.Index(None, "occurred_latest_day", "occurred_earliest_day", "id"),
        sa.Index("ix_claim_occurred_open", "id", sqlite_where=OPEN_TIME, postgresql_where=OPEN_TIME),
    )

    id: str = columns.id_key()
    """Random: it tells neither when the claim was recorded nor whether before another."""
    statement: str = columns.text(10_000)
    language: str | None = columns.text(35, nullable=True)
    kind: ClaimKind = columns.choice(ClaimKind, "kind")
    place_name: str | None = columns.text(500, nullable=True)
    place_country: str | None = columns.text(2, nullable=True)
    place_latitude: float | None = None
    place_longitude: float | None = None
    occurred_verbatim: str | None = columns.text(500, nullable=True)
    occurred_edtf: str | None = columns.text(200, nullable=True)
    occurred_earliest_day: int | None = columns.day_number()
    occurred_latest_day: int | None = columns.day_number()
    occurred_mode: OccurredMode | None = columns.choice(OccurredMode, "occurred_mode", nullable=True)
    occurred_anchor_on: date | None = None
    occurred_resolution: Resolution | None = columns.choice(Resolution, "occurred_resolution", nullable=True)
    visibility: Visibility = columns.choice(Visibility, "visibility")
    embargo_until: datetime | None = columns.instant(nullable=True)
    status: ClaimStatus = columns.choice(ClaimStatus, "status")
    retraction_reason: str | None = columns.text(10_000, nullable=True)
    retracted_at: datetime | None = columns.instant(nullable=True)
    retraction_internal_at: datetime | None = columns.instant(nullable=True)
    """When the retraction came out for internal readers, or comes out; null where it has not."""
    retraction_public_at: datetime | None = columns.instant(nullable=True)
    """The same for the public."""
    recorded_at: datetime = columns.instant()


class ClaimTopic(Table, table=True):
    """A subject that the claim is filed under."""

    __tablename__ = "claim_topic"
    __table_args__ = (sa.Index(None, "topic", "claim_id"),)

    claim_id: str = columns.reference("claim.id", key=True)
    position: int = columns.whole_number(key=True)
    topic: str = columns.text(200)


class Quantity(Table, table=True):
    """How much or how many, in the words and in numbers. Decimals are kept as text, digit for digit.

    The last four columns are made of the others, to be filtered on: see `app.canonical.quantities`.
    """

    __tablename__ = "quantity"
    __table_args__ = (
        sa.Index(None, "unit_key", "low_key", "high_key", "claim_id"),
        sa.Index(None, "low_key", "claim_id"),
        sa.Index(None, "high_key", "claim_id"),
    )

    claim_id: str = columns.reference("claim.id", key=True)
    position: int = columns.whole_number(key=True)
    verbatim: str | None = columns.text(500, nullable=True)
    best: str | None = columns.text(DECIMAL_LENGTH, nullable=True)
    low: str | None = columns.text(DECIMAL_LENGTH, nullable=True)
    high: str | None = columns.text(DECIMAL_LENGTH, nullable=True)
    unit: str | None = columns.text(200, nullable=True)
    unit_kind: UnitKind = columns.choice(UnitKind, "unit_kind")
    currency: str | None = columns.text(3, nullable=True)
    per: Per | None = columns.choice(Per, "per", nullable=True)
    approximation: Approximation = columns.choice(Approximation, "approximation")
    quantifier: Quantifier | None = columns.choice(Quantifier, "quantifier", nullable=True)
    part_of: str | None = columns.text(500, nullable=True)
    bounds_basis: BoundsBasis | None = columns.choice(BoundsBasis, "bounds_basis", nullable=True)
    unit_key: str | None = columns.text(200, nullable=True)
    """The unit or the currency, case and spelling folded."""
    low_key: str | None = columns.sort_key()
    """The least that it may be, as text that sorts as the numbers do; null where open or unknown."""
    high_key: str | None = columns.sort_key()
    is_bounded: int | None = columns.whole_number(nullable=True)
    """1 where it certainly lies within the two, 0 where they are only where its number stands; null without one."""


class Attribution(Table, table=True):
    """One assertion of one claim in one document."""

    __tablename__ = "attribution"
    __table_args__ = (
        sa.Index(None, "document_id", "claim_id"),
        sa.Index(None, "said_latest_day", "said_earliest_day", "claim_id"),
        sa.Index("ix_attribution_said_open", "claim_id", sqlite_where=OPEN_DAYS, postgresql_where=OPEN_DAYS),
    )

    claim_id: str = columns.reference("claim.id", key=True)
    id: str = columns.id_key()
    position: int = columns.whole_number()
    document_id: str = columns.reference("document.id")
    stance: Stance = columns.choice(Stance, "stance")
    speech: Speech = columns.choice(Speech, "speech")
    cue: str | None = columns.text(500, nullable=True)
    hedge: str | None = columns.text(500, nullable=True)
    terms: Terms = columns.choice(Terms, "terms")
    anonymity_reason: str | None = columns.text(10_000, nullable=True)
    quote: dict[str, Any] | None = columns.json_value()
    said: str | None = columns.text(200, nullable=True)
    said_earliest_day: int | None = columns.day_number()
    said_latest_day: int | None = columns.day_number()
    audience: int = columns.whole_number()
    """The least audience that may know of it: the widest that everything it names is visible to."""
    internal_at: datetime | None = columns.instant(nullable=True)
    """When it came out for internal readers, or comes out; null where it has not."""
    public_at: datetime | None = columns.instant(nullable=True)
    """The same for the public."""


class RemovedAttribution(Table, table=True):
    """That an attribution was removed, and who might know of it when it was: whoever could not must not learn of it."""

    __tablename__ = "removed_attribution"
    __table_args__ = (sa.CheckConstraint("audience BETWEEN 0 AND 2", name="audience"),)

    claim_id: str = columns.reference("claim.id", key=True)
    id: str = columns.id_key()
    audience: int = columns.whole_number()


class Hop(Table, table=True):
    """One step of an attribution's chain; position 0 is the origin."""

    __tablename__ = "hop"
    __table_args__ = (
        sa.ForeignKeyConstraint(["claim_id", "attribution_id"], ["attribution.claim_id", "attribution.id"]),
        sa.Index(None, "source_id", "claim_id"),
        sa.Index(None, "document_id", "claim_id"),
    )

    claim_id: str = columns.text(36, key=True)
    attribution_id: str = columns.text(36, key=True)
    position: int = columns.whole_number(key=True)
    role: HopRole = columns.choice(HopRole, "role")
    source_id: str = columns.reference("source.id")
    document_id: str | None = columns.reference("document.id", nullable=True)


class Assessment(Table, table=True):
    """What one assessor thinks of a claim or of one of its attributions. Added, never changed."""

    __tablename__ = "assessment"
    __table_args__ = (
        sa.UniqueConstraint("claim_id", "supersedes_id"),
        sa.CheckConstraint("credibility BETWEEN 1 AND 6", name="credibility"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 100", name="confidence"),
    )

    claim_id: str = columns.reference("claim.id", key=True)
    id: str = columns.id_key()
    position: int = columns.whole_number()
    attribution_id: str | None = columns.text(36, nullable=True)
    assessor: str = columns.text(500)
    credibility: int | None = columns.whole_number(nullable=True)
    confidence: int | None = columns.whole_number(nullable=True)
    confidence_given: dict[str, Any] | None = columns.json_value()
    likelihood: Likelihood | None = columns.choice(Likelihood, "likelihood", nullable=True)
    verdict: Verdict | None = columns.choice(Verdict, "verdict", nullable=True)
    rating_label: str | None = columns.text(500, nullable=True)
    rationale: str | None = columns.text(10_000, nullable=True)
    review_url: str | None = columns.text(URL_LENGTH, nullable=True)
    review_site: str | None = columns.text(SITE_LENGTH, nullable=True)
    """The host of `review_url`, to be filtered by."""
    assessed_at: datetime = columns.instant()
    """When it was made; the same as `recorded_at` where nobody said when."""
    supersedes_id: str | None = columns.text(36, nullable=True)
    recorded_at: datetime = columns.instant()
    internal_at: datetime | None = columns.instant(nullable=True)
    """When it came out for internal readers, or comes out; null where it has not."""
    public_at: datetime | None = columns.instant(nullable=True)
    """The same for the public."""


class Evidence(Table, table=True):
    """A document or an address that an assessment rests on."""

    __tablename__ = "evidence"
    __table_args__ = (
        sa.ForeignKeyConstraint(["claim_id", "assessment_id"], ["assessment.claim_id", "assessment.id"]),
        sa.CheckConstraint("(document_id IS NULL) <> (url IS NULL)", name="document_or_url"),
        sa.Index(None, "document_id", "claim_id"),
    )

    claim_id: str = columns.text(36, key=True)
    assessment_id: str = columns.text(36, key=True)
    position: int = columns.whole_number(key=True)
    relation: EvidenceRelation = columns.choice(EvidenceRelation, "relation")
    document_id: str | None = columns.reference("document.id", nullable=True)
    url: str | None = columns.text(URL_LENGTH, nullable=True)
    note: str | None = columns.text(10_000, nullable=True)


class Relation(Table, table=True):
    """How the claim stands to the other one, and who decided so."""

    __tablename__ = "relation"
    __table_args__ = (
        sa.UniqueConstraint("claim_id", "other_claim_id", "kind"),
        sa.CheckConstraint("claim_id <> other_claim_id", name="two_claims"),
        sa.CheckConstraint("suggested_from BETWEEN 0 AND 2", name="suggested_from"),
        sa.Index(None, "id", unique=True),
        sa.Index(None, "other_claim_id", "id"),
        sa.Index(None, "kind", "claim_id"),
    )

    claim_id: str = columns.reference("claim.id", key=True)
    id: str = columns.id_key()
    other_claim_id: str = columns.reference("claim.id")
    kind: ClaimRelationKind = columns.choice(ClaimRelationKind, "kind")
    status: RelationStatus = columns.choice(RelationStatus, "status")
    score: float | None = None
    note: str | None = columns.text(10_000, nullable=True)
    decided_by: str | None = columns.text(500, nullable=True)
    decided_at: datetime | None = columns.instant(nullable=True)
    decision_internal_at: datetime | None = columns.instant(nullable=True)
    """When the decision came out for internal readers, or comes out; null where it has not."""
    decision_public_at: datetime | None = columns.instant(nullable=True)
    """The same for the public."""
    recorded_at: datetime = columns.instant()
    suggested_from: int | None = columns.whole_number(nullable=True)
    """The widest audience that the service suggests it to; null once somebody has recorded or decided it."""


class ClaimStanding(Table, table=True):
    """How a claim stands for a range of audiences: its headline assessment, and how many say so. Made of other rows.

    Kept by every write that changes it (`app.canonical.standing`). Contradictions are not here: an embargo ends without
    a write, so they are counted when they are asked for.
    """

    __tablename__ = "claim_standing"
    __table_args__ = (
        sa.CheckConstraint(
            "0 <= first_audience AND first_audience <= last_audience AND last_audience <= 2", name="audiences"
        ),
        sa.CheckConstraint("circular IN (0, 1)", name="circular"),
        sa.Index(None, "confidence", "claim_id"),
        sa.Index(None, "credibility", "claim_id"),
        sa.Index(None, "origins_min", "claim_id"),
        sa.Index(None, "origins_max", "claim_id"),
        sa.Index(None, "denials", "claim_id"),
    )

    claim_id: str = columns.reference("claim.id", key=True)
    first_audience: int = columns.whole_number(key=True)
    last_audience: int = columns.whole_number()
    credibility: int | None = columns.whole_number(nullable=True)
    confidence: int | None = columns.whole_number(nullable=True)
    verdict: Verdict | None = columns.choice(Verdict, "verdict", nullable=True)
    attributions: int = columns.whole_number()
    denials: int = columns.whole_number()
    documents: int = columns.whole_number()
    outlets: int = columns.whole_number()
    origins_min: int = columns.whole_number()
    origins_max: int | None = columns.whole_number(nullable=True)
    """Null where nobody knows how many: a group of unknown size."""
    circular: int = columns.whole_number()


class ClaimEntry(Table, table=True):
    """One value that an audience lists a claim by, and the claim's place in the order of the list. Made of other rows.

    Kept by every write that changes it (`app.canonical.derived`), and made of what the audience reads alone: so what is
    hidden takes no place in a list, and a page is read off the index in its order. The place is when the claim came
    out for the audience, as it is told.
    """

    __tablename__ = "claim_entry"
    __table_args__ = (
        sa.CheckConstraint("audience BETWEEN 0 AND 2", name="audience"),
        sa.Index(None, "audience", "field", "value", "place", "claim_id"),
        {"sqlite_with_rowid": False},
    )

    claim_id: str = columns.reference("claim.id", key=True)
    audience: int = columns.whole_number(key=True)
    field: str = columns.text(16, key=True)
    value: str = columns.text(SITE_LENGTH, key=True)
    place: datetime = columns.instant()
