"""The SQL of sources, their ratings and their relations."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import orjson
from sqlmodel import Session, and_, col, func, or_, select, union_all

from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.canonical.names import name_query
from app.canonical.queries import shown_from
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import RatingRead, SourceRead, SourceRelationRead
from app.kit.fulltext import matching as matching_texts
from app.kit.paging import Key, Order, PageParameters
from app.kit.problems import NotFound
from app.models import Rendition, Source, SourceRating, SourceRelation
from app.models.vocabulary import ResourceKind, SourceRelationKind
from app.sources.schemas import SourceFilter


def get_source(unit: Unit, source_id: str) -> Reply:
    """The source; raises NotFound."""
    return one(unit, readable(unit, ResourceKind.SOURCE, source_id))


def list_sources(unit: Unit, wanted: SourceFilter) -> Reply:
    """Sources by the day they were recorded, then by id, which says nothing of when."""
    descending = wanted.sort.startswith("-")
    order = Order((Key(col(Source.recorded_on), date.fromisoformat), Key(col(Source.id))), descending)
    matching = (
        select(col(Rendition.document), col(Source.recorded_on), col(Source.id))
        .join(Rendition, col(Rendition.resource_id) == Source.id)
        .where(visible(unit.principal.audience, unit.now))
    )
    if wanted.kind:
        matching = matching.where(col(Source.kind).in_(wanted.kind))
    if wanted.anonymity:
        matching = matching.where(col(Source.anonymity).in_(wanted.anonymity))
    if wanted.name is not None:
        matching = matching.where(col(Source.id).in_(sources_named(unit, wanted.name, parameter="name")))
    if wanted.country:
        matching = matching.where(col(Source.country).in_(wanted.country))
    if wanted.reliability:
        matching = matching.where(col(Source.reliability).in_(wanted.reliability))
    if wanted.organization_id:
        # By those that the documents show: an id must not find who belongs to a hidden organization.
        seen_from = shown_from(unit.session, wanted.organization_id)
        shown = [each for each, audience in seen_from.items() if audience <= unit.principal.audience]
        matching = matching.where(col(Source.organization_id).in_(shown))
    return many(unit, Listing(SourceRead, order, f"sources|{wanted.filter_text}"), wanted, matching)


def sources_named(unit: Unit, words: str, *, parameter: str = "source_name") -> Any:
    """A select of the ids of the sources that the caller may read with all the words in their names and aliases.

    In any script, as `app.canonical.names` has it. Raises Invalid, naming the parameter, where no word is in it.
    """
    query = name_query(words, parameter=parameter)
    found = union_all(*matching_texts(unit.session, query, unit.principal.audience)).subquery()
    return (
        select(found.c.resource_id)
        .join(Rendition, col(Rendition.resource_id) == found.c.resource_id)
        .where(Rendition.kind == ResourceKind.SOURCE, visible(unit.principal.audience, unit.now))
    )


def list_ratings(unit: Unit, source_id: str, page: PageParameters) -> Reply:
    """The source's ratings, the one that holds now first; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    rated_on, position = col(SourceRating.rated_on), col(SourceRating.position)
    order = Order((Key(rated_on, date.fromisoformat), Key(position, int)), descending=True)
    listing = Listing(RatingRead, order, f"ratings|{source_id}", texts=lambda _unit, rows: list(map(rating_json, rows)))
    matching = select(SourceRating, rated_on, position).where(SourceRating.source_id == source_id)
    return many(unit, listing, page, matching)


def rating_json(rating: SourceRating) -> str:
    """What is read of a rating."""
    names = RatingRead.model_fields
    return orjson.dumps({name: getattr(rating, name) for name in names}).decode()


def newest_rating(session: Session, source_id: str) -> SourceRating | None:
    """The rating that holds now: of the latest day, and of several on one day the one recorded last."""
    ratings = select(SourceRating).where(SourceRating.source_id == source_id)
    newest_first = ratings.order_by(col(SourceRating.rated_on).desc(), col(SourceRating.position).desc())
    return session.exec(newest_first.limit(1)).first()


def count_ratings(session: Session, source_id: str) -> int:
    """How many ratings the source has had."""
    counted = select(func.count()).select_from(SourceRating).where(SourceRating.source_id == source_id)
    return session.exec(counted).one()


def list_relations(unit: Unit, source_id: str, page: PageParameters) -> Reply:
    """The source's relations from either side, the newest day first; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    order = Order(
        (Key(col(SourceRelation.recorded_on), date.fromisoformat), Key(col(SourceRelation.id))), descending=True
    )
    matching = _readable_relations(
        unit, source_id, select(col(Rendition.document), col(SourceRelation.recorded_on), col(SourceRelation.id))
    )
    return many(unit, Listing(SourceRelationRead, order, f"source-relations|{source_id}"), page, matching)


def get_relation(unit: Unit, source_id: str, relation_id: str) -> Reply:
    """One relation of the source; raises NotFound."""
    found = readable_relation(unit, source_id, relation_id)
    if found is None:
        raise NotFound
    return one(unit, found)


def readable_relation(unit: Unit, source_id: str, relation_id: str) -> Rendition | None:
    """The relation, if it is one of the source's and the caller may read it."""
    matching = _readable_relations(unit, source_id, select(Rendition)).where(SourceRelation.id == relation_id)
    found: Rendition | None = unit.session.exec(matching).one_or_none()
    return found


def _readable_relations(unit: Unit, source_id: str, columns: Any) -> Any:
    return (
        columns.select_from(SourceRelation)
        .join(Rendition, and_(col(Rendition.resource_id) == SourceRelation.id))
        .where(
            or_(col(SourceRelation.source_id) == source_id, col(SourceRelation.other_id) == source_id),
            visible(unit.principal.audience, unit.now),
        )
    )


def count_said_of(unit: Unit, source_id: str, most: int) -> int:
    """How many relations are recorded of the source that the caller may read, at the `most`."""
    some = _readable_relations(unit, source_id, select(SourceRelation.id)).where(SourceRelation.source_id == source_id)
    return int(unit.session.exec(select(func.count()).select_from(some.limit(most).subquery())).one())


def same_group(unit: Unit, source_ids: Iterable[str], most: int) -> set[str]:
    """The sources and all that are recorded as the same, as far as the caller may read it; not on beyond the `most`."""
    row = SourceRelation
    reached, frontier = set(source_ids), set(source_ids)
    while frontier and len(reached) <= most:
        rows = (
            select(row.source_id, row.other_id)
            .join(Rendition, col(Rendition.resource_id) == row.id)
            .where(or_(col(row.source_id).in_(frontier), col(row.other_id).in_(frontier)))
            .where(row.kind == SourceRelationKind.SAME_AS, visible(unit.principal.audience, unit.now))
        )
        frontier = {end for ends in unit.session.exec(rows.limit(most + 1)) for end in ends} - reached
        reached |= frontier
    return reached


def same_sources(session: Session, source_id: str) -> list[tuple[SourceRelation, Source]]:
    """The relations that say the source is or may be another, each with that other: for writes, never an answer."""
    same = col(SourceRelation.kind).in_([SourceRelationKind.SAME_AS, SourceRelationKind.POSSIBLY_SAME])
    either = or_(col(SourceRelation.source_id) == source_id, col(SourceRelation.other_id) == source_id)
    ends = or_(col(SourceRelation.source_id) == Source.id, col(SourceRelation.other_id) == Source.id)
    found = select(SourceRelation, Source).join(Source, ends).where(same, either, Source.id != source_id)
    return [(relation, other) for relation, other in session.exec(found)]


def relations_between(session: Session, first_id: str, second_id: str) -> list[SourceRelation]:
    """Every relation between the two sources, either way round, hidden or not: for writes, never for an answer."""
    pair = [first_id, second_id]
    either = and_(col(SourceRelation.source_id).in_(pair), col(SourceRelation.other_id).in_(pair))
    return list(session.exec(select(SourceRelation).where(either)))
