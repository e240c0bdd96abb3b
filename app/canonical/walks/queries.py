"""The SQL of walks from source to source, level by level, in plain rows: a claim is counted from hundreds of them.

A claim is counted from what its sources are the same as and what they republish, and from how all those stand to one
another. Who republishes its sources is none of its business, and may be thousands.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import bindparam
from sqlmodel import Session, col, or_, select, union_all

from app.access.principals import Audience
from app.access.visibility import built_once, visible
from app.kit.columns import NOW
from app.models import Document, Rendition, Source, SourceRelation
from app.models.vocabulary import Anonymity, SourceKind, SourceRelationKind, Visibility

Row = TypeVar("Row")

MOST_STEPS: Final = 20
"""Steps that a walk goes from a claim's sources: reporting that we have read takes three."""
AT_ONCE: Final = 5_000
"""Ids in one statement; SQLite takes at most 32,766 values."""
SAME_AS, REPUBLISHES = SourceRelationKind.SAME_AS, SourceRelationKind.REPUBLISHES


class SourceRow(NamedTuple):
    """Of a source what claims are counted and found by."""

    id: str
    kind: SourceKind
    anonymity: Anonymity
    name: str | None
    description: str | None
    role: str | None
    language: str | None
    member_count_min: int | None
    member_count_max: int | None
    visibility: Visibility
    embargo_until: datetime | None


class DocumentRow(NamedTuple):
    """Of a document what claims are counted and found by."""

    id: str
    title: str | None
    language: str | None
    outlet_id: str | None


class RelationRow(NamedTuple):
    """How one source stands to another."""

    source_id: str
    other_id: str
    kind: SourceRelationKind


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What claims name and what that is related to, hidden or not: who asks decides what is seen of it."""

    sources: dict[str, SourceRow]
    """Those in the chains and the outlets of the documents, and what they stand for."""
    documents: dict[str, DocumentRow]
    relations_of: dict[str, list[RelationRow]]
    """The relations of each source: all that are said of it, and from the other side who is the same."""


def surroundings(session: Session, attributions: Iterable[Any]) -> Surroundings:
    """The sources and documents that attributions name, as they are read, and how the sources stand to one another."""
    named = list(attributions)
    documents = {row.id: row for row in _rows(session, DocumentRow, Document, {each["document_id"] for each in named})}
    source_ids = {hop["source_id"] for each in named for hop in each["chain"]}
    source_ids |= {row.outlet_id for row in documents.values() if row.outlet_id is not None}
    reached, relations = _standing_for(session, source_ids)
    relations_of: dict[str, list[RelationRow]] = defaultdict(list)
    for row in relations:
        relations_of[row.source_id].append(row)
        relations_of[row.other_id].append(row)
    return Surroundings({row.id: row for row in _rows(session, SourceRow, Source, reached)}, documents, relations_of)


def steps_on(source_id: str, relation: RelationRow) -> str | None:
    """To which source the walk of a claim's sources goes on by the relation; None where it does not."""
    if relation.kind is SAME_AS:
        return relation.other_id if relation.source_id == source_id else relation.source_id
    return relation.other_id if relation.kind is REPUBLISHES and relation.source_id == source_id else None


def _standing_for(session: Session, source_ids: set[str]) -> tuple[set[str], set[RelationRow]]:
    """The sources and all that they are the same as or republish, and the relations met on the way and at its ends."""
    reached, frontier, met = set(source_ids), set(source_ids), set[RelationRow]()
    for _ in range(MOST_STEPS + 1):
        if not frontier:
            break
        found = {row for some in portions(frontier) for row in _relations_met(session, some)}
        ends = ((end, row) for row in found for end in (row.source_id, row.other_id) if end in frontier)
        frontier = {nearer for end, row in ends if (nearer := steps_on(end, row)) is not None} - reached
        reached, met = reached | frontier, met | found
    return reached, met


def _relations_met(session: Session, source_ids: list[str]) -> list[RelationRow]:
    """All that is said of the sources, and who is said to be the same as one of them."""
    columns: Any = (SourceRelation.source_id, SourceRelation.other_id, SourceRelation.kind)
    said_of = select(*columns).where(col(SourceRelation.source_id).in_(source_ids))
    same = select(*columns).where(col(SourceRelation.other_id).in_(source_ids), SourceRelation.kind == SAME_AS)
    return [RelationRow(*row) for row in session.connection().execute(union_all(said_of, same)).all()]


def represented_by(session: Session, source_ids: Iterable[str], *, most: int | None = None) -> set[str]:
    """The sources, what is the same, and what republishes them: all whose claims a relation of one is counted for.

    With `most` the walk ends as soon as there are more.
    """
    reached, frontier = set(source_ids), set(source_ids)
    while frontier and (most is None or len(reached) <= most):
        nearer = {each for some in portions(frontier) for each in _nearer(session, some, most)}
        frontier = nearer - reached
        reached |= frontier
    return reached


def _nearer(session: Session, source_ids: list[str], most: int | None) -> list[str]:
    row: Any = SourceRelation
    representing = select(row.source_id).where(row.other_id.in_(source_ids), row.kind.in_((SAME_AS, REPUBLISHES)))
    same = select(row.other_id).where(row.source_id.in_(source_ids), row.kind == SAME_AS)
    found = union_all(representing, same)
    limited = found if most is None else found.limit(most + len(source_ids) + 1)
    return list(session.connection().execute(limited).scalars())


def _rows(session: Session, of: Any, table: Any, ids: Iterable[str]) -> Iterator[Any]:
    """The rows of the table with these ids, in the columns of a named tuple."""
    columns = [getattr(table, name) for name in of._fields]
    for some in portions(ids):
        yield from map(of._make, session.connection().execute(select(*columns).where(table.id.in_(some))).all())


def portions(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids in order, as many at a time as a statement takes."""
    wanted = sorted(set(ids))
    return (wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE))


def same_sources(session: Session, source_ids: Iterable[str], audience: Audience, now: datetime) -> dict[str, set[str]]:
    """Each of the sources with all that are recorded as the same, itself among them, as far as `audience` may read."""
    joined = {each: {each} for each in source_ids}
    frontier = set(joined)
    while frontier:
        known = set(joined)
        for one, other in session.exec(_same_pairs(audience), params={"ids": list(frontier), "now": now}):
            whole = joined.setdefault(one, {one}) | joined.setdefault(other, {other})
            joined.update(dict.fromkeys(whole, whole))
        frontier = set(joined) - known
    return joined


@built_once
def _same_pairs(audience: Audience) -> Any:
    """A select of the pairs with one of `ids` that the audience reads to be the same at `now`, built once."""
    ids: Any = bindparam("ids", expanding=True)
    return (
        select(SourceRelation.source_id, SourceRelation.other_id)
        .join(Rendition, col(Rendition.resource_id) == SourceRelation.id)
        .where(
            or_(col(SourceRelation.source_id).in_(ids), col(SourceRelation.other_id).in_(ids)),
            SourceRelation.kind == SAME_AS,
            visible(audience, NOW),
        )
    )
