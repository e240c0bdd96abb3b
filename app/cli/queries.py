"""The SQL of `onrecord verify`: rows in batches, and what is stored as their documents and their history."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlmodel import Session, SQLModel, and_, col, func, select

from app.access.principals import Audience
from app.models import (
    ApiKey,
    Change,
    Claim,
    ClaimEntry,
    ClaimStanding,
    Document,
    Relation,
    Rendition,
    SearchText,
    Source,
    SourceRating,
    SourceRelation,
)
from app.models.vocabulary import ChangeAction, ResourceKind
from app.sources.queries import rated_on

R = TypeVar("R", bound=SQLModel)

BATCH_SIZE: Final = 200
"""Rows held in memory at once; the longest texts of documents make this 200 MB."""
TABLES: Final[dict[ResourceKind, Any]] = {
    ResourceKind.SOURCE: Source,
    ResourceKind.SOURCE_RELATION: SourceRelation,
    ResourceKind.DOCUMENT: Document,
    ResourceKind.CLAIM: Claim,
    ResourceKind.RELATION: Relation,
    ResourceKind.KEY: ApiKey,
}
"""Where the rows of each kind of resource are."""


@dataclass(frozen=True, slots=True)
class Line:
    """The versions in one audience's own line of a resource: the first, how many there are, and the newest whole."""

    audience: int
    first_version: int
    count: int
    newest: Change


def count_rows(session: Session) -> int:
    """How many resources there are, of all kinds."""
    return sum(session.exec(select(func.count()).select_from(table)).one() for table in TABLES.values())


def batches(session: Session, table: type[R]) -> Iterator[list[R]]:
    """Every row of the table in the order of the ids, some at a time; each batch is forgotten with the next."""
    row: Any = table
    rows = select(table).order_by(row.id).limit(BATCH_SIZE)
    batch = list(session.exec(rows))
    while batch:
        last_id = batch[-1].id  # type: ignore[attr-defined]  # every table here has it
        yield batch
        session.expunge_all()
        batch = list(session.exec(rows.where(row.id > last_id)))


def renditions_of(session: Session, ids: Sequence[str]) -> dict[str, list[Rendition]]:
    """The renditions of each resource, the widest audience first."""
    found: dict[str, list[Rendition]] = defaultdict(list)
    rows = select(Rendition).where(col(Rendition.resource_id).in_(ids)).order_by(col(Rendition.first_audience))
    for row in session.exec(rows):
        found[row.resource_id].append(row)
    return found


def lines_of(session: Session, ids: Sequence[str]) -> dict[str, list[Line]]:
    """The lines of versions of each resource, the widest audience first."""
    row: Any = Change
    key: Any = (row.resource_id, row.audience)
    span: Any = (
        func.min(row.version).label("first"),
        func.max(row.version).label("last"),
        func.count().label("versions"),
    )
    spans = select(*key, *span).where(row.resource_id.in_(ids)).group_by(*key).subquery()
    newest = and_(row.resource_id == spans.c.resource_id, row.audience == spans.c.audience, row.version == spans.c.last)
    rows = select(row, spans.c.first, spans.c.versions).join(spans, newest).order_by(row.audience)
    found: dict[str, list[Line]] = defaultdict(list)
    for change, first, versions in session.exec(rows):
        found[change.resource_id].append(Line(change.audience, first, versions, change))
    return found


def newest_ratings(session: Session, source_ids: Sequence[str]) -> dict[str, SourceRating]:
    """The rating that holds now of each source that has one."""
    rows = select(SourceRating).where(col(SourceRating.source_id).in_(source_ids))
    in_order = rows.order_by(rated_on(Audience.RESTRICTED), col(SourceRating.position))
    return {row.source_id: row for row in session.exec(in_order)}


def claims_of(session: Session, relations: Sequence[Relation]) -> dict[str, Claim]:
    """The claims that the relations relate, by id."""
    ids = {claim_id for row in relations for claim_id in (row.claim_id, row.other_claim_id)}
    return {row.id: row for row in session.exec(select(Claim).where(col(Claim.id).in_(ids)))}


def derived_left_behind(session: Session) -> Iterator[str]:
    """Ids of the standings and texts of what is neither a claim nor, for texts, a source."""
    claims, sources = select(Claim.id), select(Source.id)
    of_none = col(SearchText.resource_id).not_in(claims) & col(SearchText.resource_id).not_in(sources)
    yield from session.exec(select(SearchText.resource_id).where(of_none).distinct().order_by(SearchText.resource_id))
    listed = select(ClaimEntry.claim_id).where(col(ClaimEntry.claim_id).not_in(claims))
    yield from session.exec(listed.distinct().order_by(ClaimEntry.claim_id))
    without = select(ClaimStanding.claim_id).where(col(ClaimStanding.claim_id).not_in(claims))
    yield from session.exec(without.distinct().order_by(ClaimStanding.claim_id))


def left_behind(session: Session, kind: ResourceKind) -> Iterator[str]:
    """Ids of the renditions whose resource has no row."""
    table = TABLES[kind]
    rows = select(Rendition.resource_id).where(Rendition.kind == kind)
    without = rows.where(~select(table.id).where(table.id == Rendition.resource_id).exists())
    yield from session.exec(without.distinct().order_by(Rendition.resource_id))


def vanished(session: Session, kind: ResourceKind) -> Iterator[str]:
    """Ids of the resources in the history that have no row, and of which it does not say that they were deleted."""
    table, end = TABLES[kind], Change.__table__.alias()  # type: ignore[attr-defined]  # what makes a table model one
    ended = select(end.c.version).where(end.c.resource_id == Change.resource_id, end.c.action == ChangeAction.DELETED)
    rows = select(Change.resource_id).where(
        Change.kind == kind,
        ~select(table.id).where(table.id == Change.resource_id).exists(),
        ~ended.exists(),
    )
    yield from session.exec(rows.distinct().order_by(Change.resource_id))
