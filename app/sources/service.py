"""Records sources, ratings of their reliability, and how they stand to one another."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Reply, Unit
from app.canonical import queries as rows
from app.canonical.derived import derive_source
from app.canonical.named import Named
from app.canonical.reach.naming import count_relation, count_source, locked_to_be_counted
from app.canonical.reach.parts import retell_source, reword_source, show_source
from app.canonical.replies import check_may_hide, check_references, locked_readable, one, readable, without_unseen
from app.canonical.sources import record_source, record_source_relation, source_content
from app.kit.columns import size_bytes
from app.kit.ids import random_id
from app.kit.instants import day_of
from app.kit.problems import AlreadyExists, Conflict, NotFound, invalid, validated
from app.kit.schemas import merge_patch
from app.models import Source, SourceRating, SourceRelation
from app.models.vocabulary import (
    Anonymity,
    ChangeAction,
    Reliability,
    ResourceKind,
    SourceKind,
    SourceRelationKind,
)
from app.sources import queries
from app.sources.removal import remove, withdraw_identifying
from app.sources.schemas import WITH_NAME, RatingCreate, SourceContent, SourceCreate, SourcePatch, SourceRelationCreate

SYMMETRIC: Final = frozenset(
    {SourceRelationKind.SAME_AS, SourceRelationKind.POSSIBLY_SAME, SourceRelationKind.DISTINCT_FROM}
)
"""Kinds that hold from either side alike."""
SAME: Final = frozenset({SourceRelationKind.SAME_AS, SourceRelationKind.POSSIBLY_SAME})
"""Kinds that tell who a source is, or may be."""
IDENTIFIES: Final = "That would say who a source is whom the reporting does not name: no identity is kept in the open."
COUNTED_IN_CLAIMS: Final = ("kind", "member_count_min", "member_count_max")
"""What claims that the source is an origin of are counted by."""
WORDS: Final = ("name", "description", "role")
SHOWN_IN_CLAIMS: Final = (*WORDS, *COUNTED_IN_CLAIMS, "anonymity", "language")
"""What claims that name the source are counted and found by."""
BODIES: Final = frozenset({SourceKind.ORGANIZATION, SourceKind.OUTLET, SourceKind.GROUP})
"""What a source can belong to."""
MOST_LISTED_BYTES: Final = 16_384
"""Aliases and addresses of a source together: each stands in every reply that names it. Fifty of each have a third."""
MOST_RELATIONS: Final = 100
"""Relations that are recorded of one source, all of which are read for every claim that names it. Who republishes it or
belongs to it is recorded of the other one, and may be any number."""
MOST_THE_SAME: Final = 100
"""Sources that are recorded as the same: they are read together too."""
IDENTITY: Final = frozenset({SourceRelationKind.SAME_AS, SourceRelationKind.DISTINCT_FROM})
"""Kinds of which two sources can have one at the most."""


def create_source(unit: Unit, sent: SourceCreate) -> Reply:
    """Records a source and answers with it. Raises Invalid and Forbidden as `add_source` does."""
    named = Named(unit, [sent.organization_id])
    source = add_source(unit, named, sent)
    named.record()
    return _created(unit, source)


def add_source(
    unit: Unit, named: Named, sent: SourceCreate, *, embargo_until: datetime | None = None, pointer: str = ""
) -> Source:
    """A new source, to be recorded with all that the request brings along, and kept from the public until then.

    `named` holds its organization, and `pointer` leads to it in the request. Raises Invalid for an organization that
    the caller cannot read or that is none, and Forbidden for a visibility that they cannot.
    """
    check_may_hide(unit, sent.visibility)
    where, organization_id = f"{pointer}/organization_id", sent.organization_id
    named.check(ResourceKind.SOURCE, {where: organization_id})
    _check_has_members(named.kind_of(organization_id or ""), organization_id, where)
    _check_listed(sent, pointer)
    recorded_on = day_of(unit.now)
    columns = {**_columns(sent), "embargo_until": embargo_until}
    source = Source(id=random_id(), reliability=sent.reliability, recorded_on=recorded_on, **columns)
    named.add_source(source)
    if sent.reliability is not Reliability.F:
        unit.session.add(source)
        unit.session.flush()
        _add_rating(unit, source, RatingCreate(reliability=sent.reliability))
    return source


def _check_has_members(kind: SourceKind | None, organization_id: str | None, pointer: str) -> None:
    if organization_id is not None and kind not in BODIES:
        raise invalid(pointer, "not_an_organization", "A source belongs to an organization, an outlet or a group.")


def _check_listed(content: SourceContent, pointer: str = "") -> None:
    if sum(map(size_bytes, (*content.aliases, *content.same_as))) > MOST_LISTED_BYTES:
        detail = f"Aliases and addresses must have at most {MOST_LISTED_BYTES:,} bytes together."
        raise invalid(f"{pointer}/aliases", "too_long", detail)


def _columns(content: SourceContent) -> Mapping[str, Any]:
    return {name: getattr(content, name) for name in SourceContent.model_fields}


def _created(unit: Unit, source: Source) -> Reply:
    unit.session.flush()
    reply = one(unit, readable(unit, ResourceKind.SOURCE, source.id))
    return reply.created(f"/v1/sources/{source.id}")


def patch_source(unit: Unit, source_id: str, patch: SourcePatch) -> Reply:
    """Merges the patch into the source and answers with it.

    A relation that the caller may not know of, and that would say who an anonymous source is, is withdrawn. Raises
    NotFound, Stale, Invalid for what the merged source breaks, Conflict where it would say who an anonymous source is,
    and Forbidden for a visibility beyond the caller.
    """
    source = _locked(unit, source_id)
    sent = without_unseen(unit, patch.model_dump(exclude_unset=True), "organization_id", source.organization_id)
    content = validated(SourceContent, merge_patch(_current(source), sent))
    _check_change(unit, source, content, sent)
    before, seen_before = _current(source), AUDIENCE_OF[source.visibility]
    if content.visibility is not source.visibility:
        source.embargo_until = None
    for name, value in _columns(content).items():
        setattr(source, name, value)
    record_source(unit, source, ChangeAction.UPDATED)
    derive_source(unit.session, source)
    if _is_named(source) != _is_named(SourceContent.model_validate(before)):
        withdraw_identifying(unit, source.id)
    _record_what_shows(unit, source, SourceContent.model_validate(before), seen_before)
    unit.session.flush()
    return one(unit, readable(unit, ResourceKind.SOURCE, source_id))


def _current(source: Source) -> dict[str, Any]:
    """What the source holds."""
    content = source_content(source, source.recorded_on)
    return {name: value for name, value in content.items() if name in SourceContent.model_fields}


def _check_change(unit: Unit, source: Source, content: SourceContent, sent: Mapping[str, Any]) -> None:
    """Raises Invalid, Conflict and Forbidden for what the source may not come to say. Raises as `patch_source`."""
    if content.organization_id == source.id:
        raise invalid("/organization_id", "self_reference", "A source does not belong to itself.")
    organization_id, where = sent.get("organization_id"), "/organization_id"
    check_references(unit, ResourceKind.SOURCE, {where: organization_id})
    _check_has_members(rows.source_kind(unit.session, organization_id or ""), organization_id, where)
    if sent.keys() & {"aliases", "same_as"}:
        _check_listed(content)
    if _is_named(content) != _is_named(source):
        _check_nobody_is_identified(unit, source.id, content.anonymity)
    if content.visibility is not source.visibility:
        check_may_hide(unit, content.visibility)


def _is_named(source: Source | SourceContent) -> bool:
    """Whether a name is published for it, be that its own or not."""
    return source.anonymity in WITH_NAME


def _check_nobody_is_identified(unit: Unit, source_id: str, anonymity: Anonymity) -> None:
    """Raises Conflict where the source, so identified, would be the same as one of the other sort.

    A named source that may be the same as an anonymous one says who that is. Relations that the caller may not read
    must not explain an answer: they are withdrawn instead.
    """
    existing = queries.readable_identifying(unit, source_id, named=anonymity in WITH_NAME)
    if existing is not None:
        raise Conflict(IDENTIFIES, members={"existing_id": existing})


def _record_what_shows(unit: Unit, source: Source, before: SourceContent, seen_before: Audience) -> None:
    """Records anew what shows the source otherwise than before, when others named it from that audience on."""
    changed = {name for name in SHOWN_IN_CLAIMS if getattr(before, name) != getattr(source, name)}
    hides_words = _hides_words(before, source)
    is_unnamed, was_unnamed = (each.anonymity is not Anonymity.NAMED for each in (source, before))
    if source.visibility is not before.visibility:
        show_source(unit, source, seen_before)
    elif is_unnamed != was_unnamed:
        retell_source(unit, source, in_days=is_unnamed)
    elif changed & set(COUNTED_IN_CLAIMS):
        count_source(unit, source.id)
    elif changed and not hides_words:
        reword_source(unit, source, veiled=False)
    if hides_words:
        reword_source(unit, source, veiled=True)


def _hides_words(before: SourceContent, source: Source) -> bool:
    """Whether words are taken away that may say who a source is whom the reporting does not name, or no longer."""
    if source.anonymity is before.anonymity is Anonymity.NAMED:
        return False
    return any(getattr(before, name) not in {None, getattr(source, name)} for name in WORDS)


def _locked(unit: Unit, source_id: str) -> Source:
    """The source, locked; raises NotFound if it does not exist for the caller, and Stale."""
    source, found = locked_readable(unit, ResourceKind.SOURCE, Source, source_id)
    unit.precondition.check(found.document)
    return source


def rate_source(unit: Unit, source_id: str, sent: RatingCreate) -> Reply:
    """Adds a rating and answers with it; the source bears the reliability of its newest rating from then on."""
    source = _locked(unit, source_id)
    rating = _add_rating(unit, source, sent)
    record_source(unit, source, ChangeAction.UPDATED)
    return Reply(body=queries.rating_json(rating, unit.principal.audience).encode(), status=201)


def _add_rating(unit: Unit, source: Source, sent: RatingCreate) -> SourceRating:
    on = day_of(unit.now)
    if sent.rated_on is not None and sent.rated_on > on:
        raise invalid("/rated_on", "out_of_range", "A rating cannot hold from a day to come.")
    rating = SourceRating(
        source_id=source.id,
        position=queries.count_ratings(unit.session, source.id),
        id=random_id(),
        reliability=sent.reliability,
        rated_on=sent.rated_on,
        assessor=sent.assessor,
        rationale=sent.rationale,
        recorded_on=on,
    )
    unit.session.add(rating)
    unit.session.flush()
    return rating


def relate_source(unit: Unit, source_id: str, sent: SourceRelationCreate) -> Reply:
    """Records how the source stands to another and answers with that.

    Raises NotFound; Invalid for a source related to itself or to one that the caller cannot read, and where it would
    say who an anonymous source is; Stale; AlreadyExists for a relation that is recorded; Conflict for two sources
    called the same and distinct.
    """
    readable(unit, ResourceKind.SOURCE, source_id)
    if sent.other_id == source_id:
        raise invalid("/other_id", "self_reference", "A source is not related to itself.")
    check_references(unit, ResourceKind.SOURCE, {"/other_id": sent.other_id})
    locked = locked_to_be_counted(unit, [source_id, sent.other_id])
    unit.precondition.check(readable(unit, ResourceKind.SOURCE, source_id).document)
    named = {locked[each].anonymity in WITH_NAME for each in (source_id, sent.other_id)}
    if sent.kind in SAME and len(named) > 1:
        raise invalid("/other_id", "identity_not_allowed", IDENTIFIES)
    for relation in queries.relations_between(unit, source_id, sent.other_id):
        same_way = relation.source_id == source_id or sent.kind in SYMMETRIC
        if relation.kind is sent.kind and same_way:
            raise AlreadyExists("This relation is recorded already.", members={"existing_id": relation.id})
        if {relation.kind, sent.kind} == IDENTITY:
            detail = "These two sources are recorded as the opposite: remove that relation first."
            raise Conflict(detail, members={"existing_id": relation.id})
    _check_room(unit, source_id, sent)
    relation = SourceRelation(id=random_id(), source_id=source_id, recorded_on=day_of(unit.now), **dict(sent))
    unit.session.add(relation)
    record_source_relation(unit, relation, ChangeAction.CREATED)
    unit.session.flush()
    count_relation(unit, relation)
    reply = one(unit, readable(unit, ResourceKind.SOURCE_RELATION, relation.id))
    return reply.created(f"/v1/sources/{source_id}/relations/{relation.id}")


def _check_room(unit: Unit, source_id: str, sent: SourceRelationCreate) -> None:
    """Raises Conflict for more relations than a claim can be counted by, as far as the caller may read them."""
    if queries.count_said_of(unit, source_id, MOST_RELATIONS) == MOST_RELATIONS:
        raise Conflict(
            f"Of one source at most {MOST_RELATIONS} relations are recorded; those of others to it are free."
        )
    if sent.kind is SourceRelationKind.SAME_AS and (
        len(queries.same_group(unit, [source_id, sent.other_id], MOST_THE_SAME)) > MOST_THE_SAME
    ):
        raise Conflict(f"At most {MOST_THE_SAME} sources are recorded as the same one.")


def remove_relation(unit: Unit, source_id: str, relation_id: str) -> Reply:
    """Removes a relation of the source; the history keeps it. Raises NotFound and Stale."""
    if queries.readable_relation(unit, source_id, relation_id) is None:
        raise NotFound
    relation = rows.locked(unit.session, SourceRelation, relation_id)
    found = queries.readable_relation(unit, source_id, relation_id)
    if relation is None or found is None:
        raise NotFound
    unit.precondition.check(found.document)
    remove(unit, relation)
    return Reply(body=b"", status=204)
