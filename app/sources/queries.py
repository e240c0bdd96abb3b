"""The SQL of sources, their ratings and their relations."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, literal
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select, union_all

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.canonical.names import name_query
from app.canonical.queries import bodies_shown
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import RatingRead, SourceRead, SourceRelationRead
from app.canonical.sources import CAME_OUT, rating_recorded_on, reliability_for
from app.fulltext.index import matching as matching_texts
from app.kit.paging import Key, Order, PageParameters
from app.kit.plans import found_once
from app.kit.problems import NotFound
from app.models import Rendition, Source, SourceRating, SourceRelation
from app.models.vocabulary import ResourceKind, SourceRelationKind
from app.sources.schemas import WITH_NAME, SourceFilter


def get_source(unit: Unit, source_id: str) -> Reply:
    """The source; raises NotFound."""
    return one(unit, readable(unit, ResourceKind.SOURCE, source_id))


def list_sources(unit: Unit, wanted: SourceFilter) -> Reply:
    """Sources by the day they were recorded, then by id, which says nothing of when."""
    descending = wanted.sort.startswith("-")
    order = Order((Key(col(Rendition.came_at), datetime.fromisoformat), Key(col(Rendition.resource_id))), descending)
    matching = (
        select(col(Rendition.resource_id), col(Rendition.came_at), col(Rendition.resource_id))
        .join(Source, col(Source.id) == Rendition.resource_id)
        .where(Rendition.kind == ResourceKind.SOURCE, visible(unit.principal.audience, unit.now))
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
        matching = matching.where(reliability_for(unit.principal.audience).in_(wanted.reliability))
    if wanted.organization_id:
        # By those that the documents show: an id must not find who belongs to a hidden organization.
        shown = bodies_shown(unit.session, wanted.organization_id, unit.principal.audience)
        matching = matching.where(col(Source.organization_id).in_(shown))
    return many(
        unit, Listing(SourceRead, order, f"sources|{wanted.filter_text}", kind=ResourceKind.SOURCE), wanted, matching
    )


def sources_named(unit: Unit, words: str, *, parameter: str = "source_name") -> Any:
    """A select of the ids of the sources that the caller may read with all the words in their names and aliases.

    In any script, as `app.canonical.names` has it. Raises Invalid, naming the parameter, where no word is in it.
    """
    query = name_query(words, parameter=parameter)
    found = found_once(union_all(*matching_texts(unit.session, query, unit.principal.audience)))
    readable = (
        select(found.c.resource_id)
        .join(Rendition, col(Rendition.resource_id) == found.c.resource_id)
        .where(Rendition.kind == ResourceKind.SOURCE, visible(unit.principal.audience, unit.now))
    )
    return select(found_once(readable).c.resource_id)


def list_ratings(unit: Unit, source_id: str, page: PageParameters) -> Reply:
    """The source's ratings, the one that holds now first; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    audience = unit.principal.audience
    told, position = rated_on(audience), col(SourceRating.position)
    order = Order((Key(told, date.fromisoformat), Key(position, int)), descending=True)

    def texts(_unit: Unit, ratings: list[SourceRating]) -> list[str]:
        return [rating_json(rating, audience) for rating in ratings]

    listing = Listing(RatingRead, order, f"ratings|{source_id}", texts=texts)
    matching = select(SourceRating, told, position).where(SourceRating.source_id == source_id)
    return many(unit, listing, page, matching)


def rated_on(audience: Audience) -> ColumnElement[date]:
    """The day from which a rating holds, as the audience is told: that which was given, else that of its record."""
    recorded_on = col(SourceRating.recorded_on)
    came_out = col(getattr(SourceRating, CAME_OUT.get(audience, "recorded_on")))
    return func.coalesce(col(SourceRating.rated_on), came_out, recorded_on)


def rating_json(rating: SourceRating, audience: Audience) -> str:
    """What the audience reads of a rating: that it was recorded on the day on which it came out for it."""
    recorded_on = rating_recorded_on(rating, audience)
    read = {name: getattr(rating, name) for name in RatingRead.model_fields}
    read |= {"rated_on": rating.rated_on or recorded_on, "recorded_on": recorded_on}
    return orjson.dumps(read).decode()


def count_ratings(session: Session, source_id: str) -> int:
    """How many ratings the source has had."""
    counted = select(func.count()).select_from(SourceRating).where(SourceRating.source_id == source_id)
    return session.exec(counted).one()


def list_relations(unit: Unit, source_id: str, page: PageParameters) -> Reply:
    """The source's relations from either side, the newest day first; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    order = Order((Key(col(Rendition.came_at), datetime.fromisoformat), Key(col(SourceRelation.id))), descending=True)
    matching = _readable_relations(
        unit, source_id, select(col(SourceRelation.id), col(Rendition.came_at), col(SourceRelation.id))
    )
    bound_to = f"source-relations|{source_id}"
    listing = Listing(SourceRelationRead, order, bound_to, kind=ResourceKind.SOURCE_RELATION)
    return many(unit, listing, page, matching)


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


def readable_identifying(unit: Unit, source_id: str, *, named: bool) -> str | None:
    """A relation that the caller may read and that would say who somebody is, were this source named, or were it not.

    It is to one that is named where this one is not, and the other way round.
    """
    other: Any = aliased(Source)
    found = _readable_relations(unit, source_id, select(SourceRelation.id)).join(other, _is_other_end(other, source_id))
    wanted = found.where(_is_same(), other.anonymity.in_(WITH_NAME) != literal(named))
    first: str | None = unit.session.exec(wanted.order_by(SourceRelation.id).limit(1)).first()
    return first


def identifying(session: Session, source_id: str, after: str, limit: int) -> list[tuple[str, str]]:
    """The relations, hidden or not, that say who somebody is by the source as it is now: pages as of reach."""
    own: Any = aliased(Source)
    other: Any = aliased(Source)
    rows = (
        select(SourceRelation.id)
        .join(own, own.id == source_id)
        .join(other, _is_other_end(other, source_id))
        .where(or_(col(SourceRelation.source_id) == source_id, col(SourceRelation.other_id) == source_id))
        .where(_is_same(), other.anonymity.in_(WITH_NAME) != own.anonymity.in_(WITH_NAME))
        .where(col(SourceRelation.id) > after)
        .order_by(SourceRelation.id)
        .limit(limit)
    )
    return [(each, each) for each in session.exec(rows)]


def is_identifying(session: Session, relation_id: str) -> bool:
    """Whether the relation, hidden or not, says who somebody is: of its two sources one is named."""
    source: Any = aliased(Source)
    other: Any = aliased(Source)
    rows = (
        select(SourceRelation.id)
        .join(source, source.id == SourceRelation.source_id)
        .join(other, other.id == SourceRelation.other_id)
        .where(SourceRelation.id == relation_id)
        .where(_is_same(), source.anonymity.in_(WITH_NAME) != other.anonymity.in_(WITH_NAME))
    )
    return session.exec(rows).first() is not None


def _is_same() -> ColumnElement[bool]:
    """The condition that a relation says that two sources are the same, or may be."""
    return col(SourceRelation.kind).in_([SourceRelationKind.SAME_AS, SourceRelationKind.POSSIBLY_SAME])


def _is_other_end(other: Any, source_id: str) -> ColumnElement[bool]:
    ends = or_(col(SourceRelation.source_id) == other.id, col(SourceRelation.other_id) == other.id)
    return and_(ends, other.id != source_id)


def relations_between(unit: Unit, first_id: str, second_id: str) -> list[SourceRelation]:
    """Every relation between the two sources that the caller may read, either way round."""
    found = _readable_relations(unit, first_id, select(SourceRelation))
    either = or_(col(SourceRelation.source_id) == second_id, col(SourceRelation.other_id) == second_id)
    return list(unit.session.exec(found.where(either)))
