"""The SQL of exposure: what a reader finds of a source, and which sources the same is recorded of.

Every function reads as the caller of its unit: with the public's unit it gives what the public reads.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, String, literal, literal_column, type_coerce
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select, union_all

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import is_named_to_public, may_know, visible
from app.canonical.coming_out import in_place
from app.exposure.details import DAYS, Appearance, Days, ExposedField, Read
from app.kit.columns import member
from app.models import Attribution, Claim, ClaimTopic, Document, Hop, Rendition, Source, SourceRelation
from app.models.vocabulary import SourceRelationKind

MOST_APPEARANCES: Final = 3_000
"""Attributions of one source that are gathered from, the newest claims first."""
LONGEST_VALUE: Final = 500
"""Characters of a reason for anonymity that are told: thousands of them are gathered."""
AT_ONCE: Final = 5_000
"""Ids in one query; SQLite takes at most 32,766 values."""
VALUES_AT_ONCE: Final = 100
"""Values in one query that looks at some claims of each; SQLite takes at most 500 parts of a union."""
MOST_OF_A_VALUE: Final = 200
"""Claims or attributions of one value that are gone through at first, to see whether many sources hold it."""
OF_APPEARANCE: Final[tuple[Any, ...]] = (
    Hop.source_id,
    Attribution.claim_id,
    Attribution.id,
    Attribution.document_id,
    type_coerce(col(Attribution.terms), String),
    Attribution.cue,
    func.substr(col(Attribution.anonymity_reason), 1, LONGEST_VALUE),
    member(col(Attribution.quote), literal_column("'language'")),
    Attribution.said_earliest_day,
    Attribution.said_latest_day,
    Claim.place_name,
    Claim.place_country,
    Claim.place_latitude,
    Claim.place_longitude,
    Claim.occurred_earliest_day,
    Claim.occurred_latest_day,
)
RECORD: Final[Mapping[str, Any]] = {
    "id": Source.id,
    "kind": type_coerce(col(Source.kind), String),
    "role": Source.role,
    "organization_id": Source.organization_id,
    "country": Source.country,
    "language": Source.language,
    "member_count_min": Source.member_count_min,
    "member_count_max": Source.member_count_max,
    "description": Source.description,
}
OF_DOCUMENT: Final[tuple[Any, ...]] = (
    Document.id,
    Document.title,
    Document.url,
    Source.id,
    Document.byline,
    Document.published_earliest_day,
    Document.published_latest_day,
)

OF_HOP: Final[tuple[Any, ...]] = (Hop.source_id,)


def same_pairs(unit: Unit) -> list[tuple[str, str]]:
    """The ids of every two sources that are recorded as the same, as far as the caller may read it."""
    rows = (
        select(SourceRelation.source_id, SourceRelation.other_id)
        .join(Rendition, col(Rendition.resource_id) == SourceRelation.id)
        .where(SourceRelation.kind == SourceRelationKind.SAME_AS, visible(unit.principal.audience, unit.now))
    )
    return [(one, other) for one, other in unit.session.exec(rows)]


def relations_of(unit: Unit, source_ids: Collection[str], kinds: Collection[SourceRelationKind]) -> list[Any]:
    """The relations of those kinds from or to the sources, as far as the caller may read them: from, kind, to."""
    ids = list(source_ids)
    rows: Any = (
        select(SourceRelation.source_id, type_coerce(col(SourceRelation.kind), String), SourceRelation.other_id)
        .join(Rendition, col(Rendition.resource_id) == SourceRelation.id)
        .where(
            or_(col(SourceRelation.source_id).in_(ids), col(SourceRelation.other_id).in_(ids)),
            col(SourceRelation.kind).in_(list(kinds)),
            visible(unit.principal.audience, unit.now),
        )
    )
    return list(unit.session.exec(rows))


def records(unit: Unit) -> dict[str, Sequence[Any]]:
    """What is recorded of the sources that the caller may read: by column, each in the same order, with their ids."""
    rows: Any = (
        select(*RECORD.values())
        .join(Rendition, col(Rendition.resource_id) == Source.id)
        .where(visible(unit.principal.audience, unit.now))
    )
    found = list(zip(*unit.session.exec(rows), strict=True)) or [()] * len(RECORD)
    return dict(zip(RECORD, found, strict=True))


def appearances(unit: Unit, source_ids: Collection[str], *, claim_id: str | None = None) -> list[Appearance]:
    """Where the sources stand in a chain that the public may know of, in claims that the caller may read.

    The newest claims first, at most one more than `MOST_APPEARANCES`; of one claim alone, where it is given.
    """
    rows: Any = (
        select(*OF_APPEARANCE)
        .select_from(Hop)
        .join(Attribution, _of_hop())
        .join(Claim, col(Claim.id) == Hop.claim_id)
        .join(Rendition, col(Rendition.resource_id) == Claim.id)
        .where(
            col(Hop.source_id).in_(list(source_ids)),
            may_know(Audience.PUBLIC),
            visible(unit.principal.audience, unit.now),
        )
        .order_by(col(Rendition.came_at).desc(), Claim.id, *in_place(unit.principal.audience), col(Hop.position))
        .limit(MOST_APPEARANCES + 1)
    )
    if claim_id is not None:
        rows = rows.where(Claim.id == claim_id)
    return [_appearance(*row) for row in unit.session.exec(rows)]


def _appearance(*row: Any) -> Appearance:
    values: list[Any] = [*row[:8], row[8:10], *row[10:14], row[14:16]]
    return Appearance(*values)


def documents_read(unit: Unit, document_ids: Iterable[str], *, with_unreleased: bool = False) -> dict[str, Read]:
    """Those of the documents that the caller may read, by id, with their outlets as far as the public may know.

    An outlet that came along with a claim is not named to the public by others: see `app.canonical.queries.shown_from`.
    """
    outlet = and_(col(Source.id) == Document.outlet_id, is_named_to_public(with_unreleased=with_unreleased))
    found: dict[str, Read] = {}
    for some in _portions(document_ids):
        rows: Any = (
            select(*OF_DOCUMENT)
            .select_from(Document)
            .join(Rendition, col(Rendition.resource_id) == Document.id)
            .outerjoin(Source, outlet)
            .where(col(Document.id).in_(some), visible(unit.principal.audience, unit.now))
        )
        for document_id, title, url, outlet_id, byline, first, last in unit.session.exec(rows):
            found[document_id] = Read(title or url or "a document", outlet_id, byline, (first, last))
    return found


def topics_of(unit: Unit, claim_ids: Iterable[str]) -> dict[str, list[str]]:
    """The topics of claims that the caller may read, by claim, in their order."""
    found: dict[str, list[str]] = defaultdict(list)
    for some in _portions(claim_ids):
        rows = select(ClaimTopic.claim_id, ClaimTopic.topic).where(col(ClaimTopic.claim_id).in_(some))
        for claim_id, topic in unit.session.exec(rows.order_by(ClaimTopic.claim_id, col(ClaimTopic.position))):
            found[claim_id].append(topic)
    return found


def chains_of(unit: Unit, claim_ids: Iterable[str]) -> dict[str, list[str]]:
    """The sources in the chains of claims that the caller may read, by attribution, the origin first.

    Whoever may not know of an attribution has to leave it out.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for some in _portions(claim_ids):
        rows = select(Hop.attribution_id, Hop.source_id).where(col(Hop.claim_id).in_(some))
        for attribution_id, source_id in unit.session.exec(rows.order_by(Hop.attribution_id, col(Hop.position))):
            found[attribution_id].append(source_id)
    return found


def _portions(ids: Iterable[str]) -> Iterable[list[str]]:
    wanted = sorted(set(ids))
    return (wanted[begin : begin + AT_ONCE] for begin in range(0, len(wanted), AT_ONCE))


BESIDE: Final[Any] = aliased(Hop)
"""Another hop of the same chain."""
GIVEN_BY: Final[Mapping[ExposedField, tuple[Any, ...]]] = {
    ExposedField.SAID_ON: (Attribution.said_earliest_day, Attribution.said_latest_day),
    ExposedField.OCCURRED_ON: (Claim.occurred_earliest_day, Claim.occurred_latest_day),
    ExposedField.PUBLISHED_ON: (Document.published_earliest_day, Document.published_latest_day),
    ExposedField.PLACE: (Claim.place_name,),
    ExposedField.PLACE_COUNTRY: (Claim.place_country,),
    ExposedField.OUTLET: (Document.outlet_id,),
    ExposedField.BYLINE: (Document.byline,),
    ExposedField.THROUGH: (BESIDE.source_id,),
    ExposedField.TOPIC: (ClaimTopic.topic,),
}
"""The columns that a field of claims stands in."""
RELATIONS: Final = {
    ExposedField.MEMBER_OF: SourceRelationKind.MEMBER_OF,
    ExposedField.OWNED_BY: SourceRelationKind.OWNED_BY,
}
INDEXED: Final = frozenset(GIVEN_BY) - {ExposedField.PUBLISHED_ON, ExposedField.PLACE, ExposedField.BYLINE}
"""Fields of claims whose rows are found by their value; of the others the table is gone through, once."""
KEYS: Final[Mapping[Any, tuple[Any, ...]]] = {
    Attribution: (Attribution.claim_id, Attribution.id),
    Claim: (Claim.id,),
    ClaimTopic: (ClaimTopic.claim_id,),
    Document: (Document.id,),
    BESIDE: (BESIDE.claim_id, BESIDE.attribution_id, BESIDE.source_id),
}


def related(unit: Unit, name: ExposedField, values: Collection[str]) -> list[tuple[str, str]]:
    """Each of the values with each source that a relation gives it, as far as the caller may read; in no order."""
    return [(value, source_id) for value, source_id in unit.session.exec(_related(unit, name, values))]


def some_holders(
    unit: Unit, name: ExposedField, values: Sequence[str], days: Mapping[str, Days]
) -> tuple[list[tuple[str, str]], set[str]]:
    """Each of the values with sources of which the caller may read it in claims; and the values with more of them.

    Of a value that stands in more than `MOST_OF_A_VALUE` claims or attributions, those many are looked at, any of
    them: which they are differs with the engine. `days` are the first and the last day of values that stand for a time.
    """
    found: list[tuple[str, str, int]] = []
    for begin in range(0, len(values), VALUES_AT_ONCE):
        some = values[begin : begin + VALUES_AT_ONCE]
        few = _few_of_each(name, [_key(name, value, days) for value in some])
        rows = unit.session.exec(_holding(unit, name, few))
        found += [(some[nth], source_id, size) for source_id, nth, size in rows]
    whole = {value for value, _, size in found if size <= MOST_OF_A_VALUE}
    return [(value, source_id) for value, source_id, _ in found], set(values) - whole


def holders(
    unit: Unit, name: ExposedField, values: Collection[str], days: Mapping[str, Days], among: Collection[str] | None
) -> list[tuple[str, str]]:
    """Each of the values with each source of which the caller may read it in claims, or each of some; in no order.

    Without `among` it takes a walk through all claims that give the values.
    """
    wanted = {_key(name, value, days): value for value in values}
    if among is None:
        rows = [*unit.session.exec(_holding(unit, name, _all_of(name, wanted)))]
    else:
        rows = [row for some in _portions(among) for row in unit.session.exec(_held_by(unit, name, wanted, some))]
    found = ((wanted.get(tuple(key)), source_id) for source_id, *key in rows)
    return [(value, source_id) for value, source_id in found if value is not None]


def _key(name: ExposedField, value: str, days: Mapping[str, Days]) -> tuple[Any, ...]:
    return days[value] if name in DAYS else (value,)


def _table(name: ExposedField) -> Any:
    table = GIVEN_BY[name][0].class_
    return BESIDE if table is Hop else table


def _given(name: ExposedField, keys: Iterable[tuple[Any, ...]]) -> ColumnElement[bool]:
    """Times are looked for by their last day, which is what the indexes begin with."""
    given: ColumnElement[bool] = GIVEN_BY[name][-1].in_({key[-1] for key in keys})
    return given


def _all_of(name: ExposedField, keys: Iterable[tuple[Any, ...]]) -> Any:
    """What holds the values, chosen first and by itself: its keys and the columns of the field.

    SQLite knows nothing of how rare they are where no index holds them, and would go through all attributions instead.
    """
    rows = select(*KEYS[_table(name)], *GIVEN_BY[name]).where(_given(name, keys))
    return rows.cte().prefix_with("MATERIALIZED", dialect="sqlite")


def _few_of_each(name: ExposedField, keys: Sequence[tuple[Any, ...]]) -> Any:
    """The same, cut short for each value: its place among the keys, how many it holds, and the keys of those.

    Of documents, their attributions.
    """
    table, columns = _table(name), GIVEN_BY[name]
    own: Sequence[Any] = KEYS[table]
    if name not in INDEXED:
        found = list(_all_of(name, keys).c)
        own, columns = found[: len(own)], tuple(found[len(own) :])
    cut = []
    for nth, key in enumerate(keys):
        place: Any = literal(nth).label("nth")
        rows: Any = select(place, *own)
        if table is Document:
            rows = select(place, Attribution.claim_id, Attribution.id).where(col(Attribution.document_id) == own[0])
        rows = rows.where(*(column == part for column, part in zip(columns, key, strict=True)))
        cut.append(select(rows.limit(MOST_OF_A_VALUE + 1).subquery()))
    few = union_all(*cut).subquery()
    size = func.count().over(partition_by=few.c.nth).label("size")
    return select(few.c.nth, size, *list(few.c)[1:]).cte().prefix_with("MATERIALIZED", dialect="sqlite")


def _holding(unit: Unit, name: ExposedField, few: Any) -> Any:
    """Each source of a chain with the value that what was chosen holds of it, as far as the caller may read."""
    table, audience = _table(name), unit.principal.audience
    is_cut = few.c[0].name == "nth"
    own = list(few.c)[2:] if is_cut else list(few.c)[: len(KEYS[table])]
    values = [few.c.nth, few.c.size] if is_cut else list(few.c)[len(own) :]
    of_document = table is Document and not is_cut
    on = col(Attribution.document_id) == own[0] if of_document else col(Attribution.claim_id) == own[0]
    if len(own) > 1:
        on = and_(on, col(Attribution.id) == own[1])
    rows: Any = (
        select(*OF_HOP, *values)
        .distinct()
        .select_from(few)
        .join(Attribution, on)
        .join(Hop, _of_hop())
        .join(Rendition, col(Rendition.resource_id) == Attribution.claim_id)
        .where(may_know(audience), visible(audience, unit.now))
    )
    return rows.where(Hop.source_id != own[2]) if table is BESIDE else rows


def _held_by(unit: Unit, name: ExposedField, keys: Iterable[tuple[Any, ...]], source_ids: list[str]) -> Any:
    """Each of the sources with what stands in the columns of the field, as far as the caller may read."""
    table, audience = _table(name), unit.principal.audience
    rows: Any = select(*OF_HOP, *GIVEN_BY[name]).distinct().select_from(Hop).join(Attribution, _of_hop())
    if table is BESIDE:
        beside = and_(BESIDE.claim_id == Hop.claim_id, BESIDE.attribution_id == Hop.attribution_id)
        rows = rows.join(BESIDE, beside).where(BESIDE.source_id != Hop.source_id)
    elif table is Document:
        rows = rows.join(Document, col(Document.id) == Attribution.document_id)
    elif table is not Attribution:
        rows = rows.join(table, KEYS[table][0] == Hop.claim_id)
    return rows.join(Rendition, col(Rendition.resource_id) == Hop.claim_id).where(
        col(Hop.source_id).in_(source_ids),
        _given(name, keys),
        may_know(audience),
        visible(audience, unit.now),
    )


def _related(unit: Unit, name: ExposedField, values: Collection[str]) -> Any:
    return (
        select(SourceRelation.other_id, SourceRelation.source_id)
        .join(Rendition, col(Rendition.resource_id) == SourceRelation.id)
        .where(
            col(SourceRelation.other_id).in_(list(values)),
            SourceRelation.kind == RELATIONS[name],
            visible(unit.principal.audience, unit.now),
        )
    )


def _of_hop() -> ColumnElement[bool]:
    return and_(col(Attribution.claim_id) == Hop.claim_id, col(Attribution.id) == Hop.attribution_id)
