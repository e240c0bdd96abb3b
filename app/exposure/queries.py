"""The SQL of exposure: what a reader finds of a source, and which sources the same is recorded of.

Every function reads as the caller of its unit: with the public's unit it gives what the public reads.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, String, type_coerce
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, or_, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import visible
from app.exposure.details import DAYS, Appearance, Days, ExposedField, Read, Record
from app.models import Attribution, Claim, ClaimTopic, Document, Hop, Rendition, Source, SourceRelation
from app.models.vocabulary import SourceRelationKind, Visibility

MOST_APPEARANCES: Final = 5_000
"""Attributions of one source that are gathered from, the newest claims first."""
AT_ONCE: Final = 5_000
"""Ids in one query; SQLite takes at most 32,766 values."""
OF_APPEARANCE: Final[tuple[Any, ...]] = (
    Hop.source_id,
    Attribution.claim_id,
    Attribution.id,
    Attribution.document_id,
    type_coerce(col(Attribution.terms), String),
    Attribution.cue,
    Attribution.anonymity_reason,
    Attribution.quote,
    Attribution.said_earliest_day,
    Attribution.said_latest_day,
    Claim.place_name,
    Claim.place_country,
    Claim.place_latitude,
    Claim.place_longitude,
    Claim.occurred_earliest_day,
    Claim.occurred_latest_day,
)
OF_RECORD: Final[tuple[Any, ...]] = (
    Source.id,
    type_coerce(col(Source.kind), String),
    Source.role,
    Source.organization_id,
    Source.country,
    Source.language,
    Source.member_count_min,
    Source.member_count_max,
    Source.description,
)

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


def records(unit: Unit) -> dict[str, Record]:
    """What is recorded of every source that the caller may read, by id."""
    rows: Any = (
        select(*OF_RECORD)
        .join(Rendition, col(Rendition.resource_id) == Source.id)
        .where(visible(unit.principal.audience, unit.now))
    )
    return {source_id: Record(*record) for source_id, *record in unit.session.exec(rows)}


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
            col(Attribution.audience) == Audience.PUBLIC,
            visible(unit.principal.audience, unit.now),
        )
        .order_by(col(Claim.id).desc(), col(Attribution.position), col(Hop.position))
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
    outlet = and_(col(Source.id) == Document.outlet_id, col(Source.visibility) == Visibility.PUBLIC)
    if not with_unreleased:
        outlet = and_(outlet, col(Source.embargo_until).is_(None))
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


def holders(unit: Unit, name: ExposedField, values: Collection[str], days: Mapping[str, Days]) -> list[tuple[str, str]]:
    """Each of the values with each source of which the caller may read it in the field, in no order.

    `days` are the first and the last day of values that stand for a time. Of fields that claims and relations give:
    what is recorded of sources themselves is compared without a query.
    """
    if name in RELATIONS:
        return [(value, source_id) for value, source_id in unit.session.exec(_related(unit, name, values))]
    columns = GIVEN_BY[name]
    wanted = {days[value]: value for value in values} if name in DAYS else {(value,): value for value in values}
    # Times are looked for by their last day, which is what the indexes begin with.
    given = columns[-1].in_({key[-1] for key in wanted})
    found = (
        (wanted.get(tuple(key)), source_id) for source_id, *key in unit.session.exec(_holding(unit, columns, given))
    )
    return [(value, source_id) for value, source_id in found if value is not None]


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
ATTRIBUTED: Final = (*GIVEN_BY, *RELATIONS)
"""The fields that `holders` knows."""
KEYS: Final[Mapping[Any, tuple[Any, ...]]] = {
    Attribution: (Attribution.claim_id, Attribution.id),
    Claim: (Claim.id,),
    ClaimTopic: (ClaimTopic.claim_id,),
    Document: (Document.id,),
    BESIDE: (BESIDE.claim_id, BESIDE.attribution_id, BESIDE.source_id),
}


def _holding(unit: Unit, columns: tuple[Any, ...], given: ColumnElement[bool]) -> Any:
    """Each source of a chain with the values of the columns that hold of it, as far as the caller may read.

    What holds the values is chosen first, by itself: SQLite knows nothing of how rare they are where no index holds
    them, and would go through all attributions instead.
    """
    table = columns[0].class_ if columns[0].class_ is not Hop else BESIDE
    audience = unit.principal.audience
    few = select(*KEYS[table], *columns).where(given).cte().prefix_with("MATERIALIZED", dialect="sqlite")
    key, values = list(few.c)[: len(KEYS[table])], list(few.c)[-len(columns) :]
    on = col(Attribution.document_id) == key[0] if table is Document else col(Attribution.claim_id) == key[0]
    if table in {Attribution, BESIDE}:
        on = and_(on, col(Attribution.id) == key[1])
    rows: Any = (
        select(*OF_HOP, *values)
        .distinct()
        .select_from(few)
        .join(Attribution, on)
        .join(Hop, _of_hop())
        .join(Rendition, col(Rendition.resource_id) == Attribution.claim_id)
        .where(col(Attribution.audience) <= audience, visible(audience, unit.now))
    )
    return rows.where(Hop.source_id != key[2]) if table is BESIDE else rows


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
