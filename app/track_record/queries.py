"""The SQL of track records: whose words they are, and what became of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlmodel import and_, col, select

from app.access.units import Unit
from app.access.visibility import covers, may_know, visible
from app.canonical.coming_out import in_place
from app.canonical.walks import queries as walks
from app.kit.deadline import check
from app.models import (
    Attribution,
    Claim,
    ClaimStanding,
    Document,
    Hop,
    Rendition,
    SourceRating,
)
from app.models.vocabulary import ClaimStatus, Reliability, Stance, Verdict
from app.sources.queries import rated_on

ORIGIN: Final = 0
"""The position of a chain's origin."""
AT_ONCE: Final = 1_000
"""Rows that are held at once."""


@dataclass(frozen=True, slots=True)
class Said:
    """One attribution of a claim to the source, and how the claim stands for the caller."""

    claim_id: str
    status: ClaimStatus
    came_at: datetime
    """When it came out for the caller, as it is told."""
    stance: Stance
    said_earliest_day: int | None
    said_latest_day: int | None
    published_earliest_day: int | None
    published_latest_day: int | None
    verdict: Verdict | None
    confidence: int | None
    origins_min: int


@dataclass(frozen=True, slots=True)
class Rating:
    """How reliable the source was rated, and the day from which that holds, as it is told."""

    reliability: Reliability
    rated_on: date


COLUMNS: Final[tuple[Any, ...]] = (
    Claim.id,
    Claim.status,
    Rendition.came_at,
    Attribution.stance,
    Attribution.said_earliest_day,
    Attribution.said_latest_day,
    Document.published_earliest_day,
    Document.published_latest_day,
    ClaimStanding.verdict,
    ClaimStanding.confidence,
    ClaimStanding.origins_min,
)
"""What `Said` is made of, in its order."""


def same_sources(unit: Unit, source_id: str) -> list[str]:
    """The source and all that are recorded as the same, as far as the caller may read that, in order of their ids."""
    joined = walks.same_sources(unit.session, [source_id], unit.principal.audience, unit.now)
    return sorted(joined[source_id])


def said_by(unit: Unit, source_ids: Iterable[str]) -> Iterator[Said]:
    """What originates with one of the sources and the caller may read, drafts apart, in order of claim and place.

    Some at a time, since one source may have said very much.
    """
    audience = unit.principal.audience
    rows = (
        select(*COLUMNS)
        .select_from(Hop)
        .join(
            Attribution,
            and_(col(Attribution.claim_id) == Hop.claim_id, col(Attribution.id) == Hop.attribution_id),
        )
        .join(Claim, col(Claim.id) == Hop.claim_id)
        .join(Document, col(Document.id) == Attribution.document_id)
        .join(Rendition, col(Rendition.resource_id) == Claim.id)
        .join(ClaimStanding, col(ClaimStanding.claim_id) == Claim.id)
        .where(
            col(Hop.source_id).in_(list(source_ids)),
            Hop.position == ORIGIN,
            may_know(audience),
            col(Claim.status) != ClaimStatus.DRAFT,
            visible(audience, unit.now),
            covers(audience, ClaimStanding),
        )
        .order_by(Claim.id, *in_place(audience))
    )
    for row in unit.session.exec(rows.execution_options(yield_per=AT_ONCE)):
        check()
        yield Said(*row)


def ratings_of(unit: Unit, source_id: str) -> list[Rating]:
    """The source's ratings, in the order in which they came to hold, as the caller is told."""
    told = rated_on(unit.principal.audience)
    rows: Any = select(SourceRating.reliability, told).where(SourceRating.source_id == source_id)
    return [Rating(*row) for row in unit.session.exec(rows.order_by(told, col(SourceRating.position)))]
