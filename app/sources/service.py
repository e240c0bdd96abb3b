"""Records sources, ratings of their reliability, and how they stand to one another."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from app.access.units import Reply, Unit
from app.canonical import queries as rows
from app.canonical.reach import record_what_names_source
from app.canonical.replies import check_may_hide, check_references, one, readable, without_unseen
from app.canonical.sources import record_source, record_source_relation, source_content
from app.kit.columns import today
from app.kit.ids import random_id
from app.kit.problems import AlreadyExists, Conflict, NotFound, invalid, validated
from app.kit.schemas import merge_patch
from app.models import Source, SourceRating, SourceRelation
from app.models.vocabulary import ChangeAction, Reliability, ResourceKind, SourceRelationKind
from app.sources import queries
from app.sources.schemas import RatingCreate, SourceContent, SourceCreate, SourcePatch, SourceRelationCreate

SYMMETRIC: Final = frozenset(
    {SourceRelationKind.SAME_AS, SourceRelationKind.POSSIBLY_SAME, SourceRelationKind.DISTINCT_FROM}
)
"""Kinds that hold from either side alike."""
IDENTITY: Final = frozenset({SourceRelationKind.SAME_AS, SourceRelationKind.DISTINCT_FROM})
"""Kinds of which two sources can have one at the most."""


def create_source(unit: Unit, sent: SourceCreate) -> Reply:
    """Records a source and answers with it. Raises Invalid and Forbidden as `add_source` does."""
    return _created(unit, add_source(unit, sent))


def add_source(unit: Unit, sent: SourceCreate, *, embargo_until: datetime | None = None, pointer: str = "") -> Source:
    """The source, recorded, and kept from the public until then. `pointer` leads to it in the request.

    Raises Invalid for an organization that the caller cannot read, Forbidden for a visibility that they cannot.
    """
    check_may_hide(unit, sent.visibility)
    check_references(unit, ResourceKind.SOURCE, {f"{pointer}/organization_id": sent.organization_id})
    recorded_on = today(unit.now)
    columns = {**_columns(sent), "embargo_until": embargo_until}
    source = Source(id=random_id(), reliability=sent.reliability, recorded_on=recorded_on, **columns)
    unit.session.add(source)
    if sent.reliability is not Reliability.F:
        unit.session.flush()
        _add_rating(unit, source, RatingCreate(reliability=sent.reliability, rated_on=recorded_on))
    record_source(unit, source, ChangeAction.CREATED)
    return source


def _columns(content: SourceContent) -> Mapping[str, Any]:
    return {name: getattr(content, name) for name in SourceContent.model_fields}


def _created(unit: Unit, source: Source) -> Reply:
    unit.session.flush()
    reply = one(unit, readable(unit, ResourceKind.SOURCE, source.id))
    return reply.created(f"/v1/sources/{source.id}")


def patch_source(unit: Unit, source_id: str, patch: SourcePatch) -> Reply:
    """Merges the patch into the source and answers with it.

    Raises NotFound, Stale, Invalid for what the merged source breaks, and Forbidden for a visibility beyond the caller.
    """
    source = _locked(unit, source_id)
    sent = without_unseen(unit, patch.model_dump(exclude_unset=True), "organization_id", source.organization_id)
    current = {name: value for name, value in source_content(source).items() if name in SourceContent.model_fields}
    content = validated(SourceContent, merge_patch(current, sent))
    check_references(unit, ResourceKind.SOURCE, {"/organization_id": sent.get("organization_id")})
    if content.organization_id == source.id:
        raise invalid("/organization_id", "self_reference", "A source does not belong to itself.")
    reaches = content.visibility is not source.visibility
    if reaches:
        check_may_hide(unit, content.visibility)
        source.embargo_until = None
    for name, value in _columns(content).items():
        setattr(source, name, value)
    record_source(unit, source, ChangeAction.UPDATED)
    if reaches:
        record_what_names_source(unit, source.id)
    unit.session.flush()
    return one(unit, readable(unit, ResourceKind.SOURCE, source_id))


def _locked(unit: Unit, source_id: str) -> Source:
    """The source, locked; raises NotFound if it does not exist for the caller, and Stale."""
    source = rows.locked(unit.session, Source, source_id)
    if source is None:
        raise NotFound
    unit.precondition.check(readable(unit, ResourceKind.SOURCE, source_id).document)
    return source


def rate_source(unit: Unit, source_id: str, sent: RatingCreate) -> Reply:
    """Adds a rating and answers with it; the source bears the reliability of its newest rating from then on."""
    source = _locked(unit, source_id)
    rating = _add_rating(unit, source, sent)
    newest = queries.newest_rating(unit.session, source_id)
    source.reliability = newest.reliability if newest is not None else rating.reliability
    record_source(unit, source, ChangeAction.UPDATED)
    return Reply(body=queries.rating_json(rating).encode(), status=201)


def _add_rating(unit: Unit, source: Source, sent: RatingCreate) -> SourceRating:
    on = today(unit.now)
    rated_on: date = sent.rated_on or on
    if rated_on > on:
        raise invalid("/rated_on", "out_of_range", "A rating cannot hold from a day to come.")
    rating = SourceRating(
        source_id=source.id,
        position=queries.count_ratings(unit.session, source.id),
        id=random_id(),
        reliability=sent.reliability,
        rated_on=rated_on,
        assessor=sent.assessor,
        rationale=sent.rationale,
        recorded_on=on,
    )
    unit.session.add(rating)
    unit.session.flush()
    return rating


def relate_source(unit: Unit, source_id: str, sent: SourceRelationCreate) -> Reply:
    """Records how the source stands to another and answers with that.

    Raises Invalid for a source related to itself or to one that the caller cannot read, AlreadyExists for a relation
    that is recorded, and Conflict for two sources called the same and distinct.
    """
    unit.precondition.check(readable(unit, ResourceKind.SOURCE, source_id).document)
    if sent.other_id == source_id:
        raise invalid("/other_id", "self_reference", "A source is not related to itself.")
    check_references(unit, ResourceKind.SOURCE, {"/other_id": sent.other_id})
    for each in sorted((source_id, sent.other_id)):
        rows.locked(unit.session, Source, each)
    for relation in queries.relations_between(unit.session, source_id, sent.other_id):
        same_way = relation.source_id == source_id or sent.kind in SYMMETRIC
        if relation.kind is sent.kind and same_way:
            raise AlreadyExists("This relation is recorded already.", members={"existing_id": relation.id})
        if {relation.kind, sent.kind} == IDENTITY:
            raise Conflict("These two sources are recorded as the opposite: remove that relation first.")
    relation = SourceRelation(id=random_id(), source_id=source_id, recorded_on=today(unit.now), **dict(sent))
    unit.session.add(relation)
    record_source_relation(unit, relation, ChangeAction.CREATED)
    unit.session.flush()
    reply = one(unit, readable(unit, ResourceKind.SOURCE_RELATION, relation.id))
    return reply.created(f"/v1/sources/{source_id}/relations/{relation.id}")


def remove_relation(unit: Unit, source_id: str, relation_id: str) -> Reply:
    """Removes a relation of the source; the history keeps it. Raises NotFound and Stale."""
    relation = rows.locked(unit.session, SourceRelation, relation_id)
    found = queries.readable_relation(unit, source_id, relation_id)
    if relation is None or found is None:
        raise NotFound
    unit.precondition.check(found.document)
    record_source_relation(unit, relation, ChangeAction.DELETED)
    unit.session.delete(relation)
    return Reply(body=b"", status=204)
