"""The SQL of relations between claims."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Boolean, Enum, String, bindparam, false, type_coerce, union_all
from sqlmodel import Session, and_, col, or_, select

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.access.visibility import is_out, visible
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import RelationRead
from app.kit.columns import NOW
from app.kit.paging import Key, Order
from app.kit.problems import NotFound
from app.listing.fields import EntryField
from app.listing.queries import listed
from app.models import Claim, ClaimTopic, Quantity, Relation, Rendition
from app.models.vocabulary import ClaimStatus, ResourceKind
from app.relations.contradictions import ClaimFacts, Measured, Number, Stated, measured
from app.relations.schemas import RelationFilter

NEWEST_OF_A_TOPIC: Final = 200
"""Claims of one topic that are looked at, the newest: a write must not get slower with every claim of its topic."""
MOST_TOPICS: Final = 5
"""Topics of a claim that are looked into, the first."""
NEAR_DEGREES: Final = 0.1
"""Of latitude, between points that can be one place: more than `app.relations.contradictions.NEAR_KM`."""
BEFORE_ALL_DAYS: Final = -(1 << 62)
AFTER_ALL_DAYS: Final = 1 << 62
"""Stand for the days of a time that is open or not known."""
CLAIM_FACTS: Final = [getattr(Claim, name) for name in ClaimFacts._fields]
NUMBERS: Final = [
    type_coerce(column, String) if isinstance(column.type, Enum) else column
    for column in (getattr(Quantity, name) for name in Number._fields)
]
"""Terms of a vocabulary as the text they are: there can be ten thousand of them."""


def list_relations(unit: Unit, claim_id: str, wanted: RelationFilter) -> Reply:
    """The claim's relations from either side, the newest first; raises NotFound."""
    readable(unit, ResourceKind.CLAIM, claim_id)
    order = Order((Key(col(Rendition.came_at), datetime.fromisoformat), Key(col(Relation.id))), descending=True)
    matching = _readable_relations(unit, claim_id, select(col(Relation.id), col(Rendition.came_at), col(Relation.id)))
    if wanted.kind:
        matching = matching.where(col(Relation.kind).in_(wanted.kind))
    if wanted.status:
        matching = matching.where(col(Relation.status).in_(wanted.status))
    bound_to = f"relations|{claim_id}|{wanted.filter_text}"
    listing = Listing(RelationRead, order, bound_to, kind=ResourceKind.RELATION)
    return many(unit, listing, wanted, matching)


def get_relation(unit: Unit, claim_id: str, relation_id: str) -> Reply:
    """One relation of the claim; raises NotFound."""
    return one(unit, readable_relation(unit, claim_id, relation_id))


def readable_relation(unit: Unit, claim_id: str, relation_id: str) -> Rendition:
    """The relation, if it is one of the claim's and the caller may read it; raises NotFound otherwise."""
    matching = _readable_relations(unit, claim_id, select(Rendition)).where(Relation.id == relation_id)
    found: Rendition | None = unit.session.exec(matching).one_or_none()
    if found is None:
        raise NotFound
    return found


def _readable_relations(unit: Unit, claim_id: str, columns: Any) -> Any:
    return (
        columns.select_from(Relation)
        .join(Rendition, and_(col(Rendition.resource_id) == Relation.id))
        .where(
            or_(col(Relation.claim_id) == claim_id, col(Relation.other_claim_id) == claim_id),
            visible(unit.principal.audience, unit.now),
        )
    )


def ends(session: Session, relation_id: str) -> list[str]:
    """Ids of the two claims that the relation is between, hidden or not: for writes, never for an answer."""
    found = session.exec(select(Relation.claim_id, Relation.other_claim_id).where(Relation.id == relation_id))
    return [end for pair in found for end in pair]


def relations_between(unit: Unit, first_id: str, second_id: str) -> list[Relation]:
    """Every relation between the two claims that the caller may read, either way round."""
    found = _readable_relations(unit, first_id, select(Relation))
    either = or_(col(Relation.claim_id) == second_id, col(Relation.other_claim_id) == second_id)
    return list(unit.session.exec(found.where(either)))


def all_relations_between(session: Session, claim_id: str, other_ids: Iterable[str]) -> list[Relation]:
    """Every relation between the claim and any of the others, either way round: for writes, never for an answer."""
    ids, row = sorted(set(other_ids)), Relation
    if not ids:
        return []
    from_it = and_(col(row.claim_id) == claim_id, col(row.other_claim_id).in_(ids))
    to_it = and_(col(row.other_claim_id) == claim_id, col(row.claim_id).in_(ids))
    rows = select(row).where(or_(from_it, to_it)).order_by(row.id)
    return list(session.exec(rows.execution_options(populate_existing=True)))


def is_suggested_to_contradict(session: Session, claim_id: str) -> bool:
    """Whether the service suggests that the claim contradicts another: for writes, never for an answer."""
    return bool(suggestions_after(session, claim_id, "", limit=1))


def suggestions_after(session: Session, claim_id: str, relation_id: str, *, limit: int) -> list[tuple[str, str]]:
    """The service's suggestions, from either side, of what the claim contradicts: their ids and those, in their order.

    For writes, never for an answer.
    """
    found: list[tuple[str, str]] = []
    for own, other in ((Relation.claim_id, Relation.other_claim_id), (Relation.other_claim_id, Relation.claim_id)):
        rows = select(Relation.id, other).where(
            own == claim_id,
            col(Relation.suggested_from).is_not(None),
            Relation.id > relation_id,
        )
        found += [(str(one), str(two)) for one, two in session.exec(rows.order_by(Relation.id).limit(limit))]
    return sorted(found)[:limit]


def embargo_of(session: Session, claim_id: str) -> datetime | None:
    """Until when the public reads nothing of the claim: for writes, never for an answer."""
    return session.exec(select(Claim.embargo_until).where(Claim.id == claim_id)).first()


def stated(session: Session, claim_ids: Iterable[str], *, lock: bool = False) -> dict[str, Stated]:
    """The claims with their topics and numbers as they are now, or locked, in the order of their ids."""
    ids = sorted(set(claim_ids))
    if not ids:
        return {}
    rows: Any = select(*CLAIM_FACTS).where(col(Claim.id).in_(ids)).order_by(Claim.id)
    claims = [ClaimFacts(*row) for row in session.exec(rows.with_for_update() if lock else rows)]
    topics: dict[str, list[str]] = defaultdict(list)
    filed = select(ClaimTopic.claim_id, ClaimTopic.topic).where(col(ClaimTopic.claim_id).in_(ids))
    for claim_id, topic in session.exec(filed.order_by(col(ClaimTopic.position))):
        topics[claim_id].append(topic)
    numbers = numbers_of(session, ids)
    return {claim.id: Stated(claim, topics[claim.id], numbers[claim.id]) for claim in claims}


def numbers_of(session: Session, claim_ids: Collection[str], units: Iterable[str | None] = ()) -> dict[str, Measured]:
    """The numbers of each of the claims, in their order; those of some units alone, where any are given."""
    rows: Any = select(Quantity.claim_id, *NUMBERS).where(col(Quantity.claim_id).in_(sorted(claim_ids)))
    if wanted := set(units):
        key = col(Quantity.unit_key)
        rows = rows.where(or_(key.in_(wanted - {None}), key.is_(None) if None in wanted else false()))
    found: dict[str, list[Number]] = defaultdict(list)
    in_order = rows.order_by(Quantity.claim_id, col(Quantity.position))
    for claim_id, *number in session.connection().execute(in_order).all():
        found[claim_id].append(Number(*number))
    return {claim_id: measured(found[claim_id]) for claim_id in claim_ids}


def to_compare(session: Session, stated: Stated, now: datetime) -> dict[Audience, list[str]]:
    """For each audience the ids of published claims with numbers of the same units, the newest first.

    They share a topic and may be of the claim's time and place. Taken from the newest of each topic that the audience
    may read, so that what is hidden from it takes no place from what is not. For writes, never for an answer.
    """
    claim, spellings = stated.claim, _spellings(stated.topics)
    topics = {f"topic_{at}": topic for at, topic in enumerate(spellings)}
    # Two statements: of one, an engine that does not know how few these are may look for them again for each claim.
    newest = session.exec(_newest(len(spellings)), params={"id": claim.id, "now": now, **topics}).all()
    units = {measure[0] for measure in stated.numbers}
    parameters = {
        "ids": list({claim_id for _, claim_id in newest}),
        "kind": claim.kind,
        "country": claim.place_country,
        "units": list(units - {None}),
        "unnamed": None in units,
        "first_day": _or(claim.occurred_earliest_day, BEFORE_ALL_DAYS),
        "last_day": _or(claim.occurred_latest_day, AFTER_ALL_DAYS),
        "south": -90.0 if claim.place_latitude is None else claim.place_latitude - NEAR_DEGREES,
        "north": 90.0 if claim.place_latitude is None else claim.place_latitude + NEAR_DEGREES,
    }
    comparable = set(session.exec(_comparable(), params=parameters))
    found: dict[Audience, dict[str, None]] = {audience: {} for audience in Audience}
    for audience, claim_id in newest:
        if claim_id in comparable:
            found[Audience(audience)][claim_id] = None
    return {audience: list(ids) for audience, ids in found.items()}


def _or(day: int | None, otherwise: int) -> int:
    return otherwise if day is None else day


def _spellings(topics: Sequence[str]) -> list[str]:
    """The first topics as they are written, and small: the index knows nothing of case."""
    return list(dict.fromkeys(way for topic in topics[:MOST_TOPICS] for way in (topic, topic.lower())))


@cache
def _newest(topics: int) -> Any:
    """A select of audiences and claims, the newest first; built once: that takes longer than running it."""
    newest = union_all(*(_newest_of(at, audience) for at in range(topics) for audience in Audience)).subquery()
    return select(newest.c.audience, newest.c.claim_id).order_by(newest.c.place.desc(), newest.c.claim_id.desc())


def _newest_of(at: int, audience: Audience) -> Any:
    """The newest claims of one topic that the audience may read, straight off their index."""
    row, which = listed(audience, EntryField.TOPIC, (bindparam(f"topic_{at}", type_=String()),))
    rows = select(row.c.audience, row.c.claim_id, row.c.place).where(*which, row.c.claim_id != bindparam("id"))
    if audience == Audience.PUBLIC:
        embargo = select(Claim.embargo_until).where(Claim.id == row.c.claim_id).scalar_subquery()
        rows = rows.where(is_out(embargo, NOW))
    newest = rows.order_by(row.c.place.desc(), row.c.claim_id.desc()).limit(NEWEST_OF_A_TOPIC).subquery()
    return select(newest)


@cache
def _comparable() -> Any:
    """Those of the claims that are of the kind, and may be of the place and time, with a number of one of the units."""
    country = bindparam("country", type_=String())
    latitude, earliest, latest = (
        col(Claim.place_latitude),
        col(Claim.occurred_earliest_day),
        col(Claim.occurred_latest_day),
    )
    unit = col(Quantity.unit_key)
    of_a_unit = or_(
        unit.in_(bindparam("units", expanding=True)), and_(unit.is_(None), bindparam("unnamed", type_=Boolean()))
    )
    has_number = or_(col(Quantity.low_key).is_not(None), col(Quantity.high_key).is_not(None))
    number = select(Quantity.position).where(col(Quantity.claim_id) == Claim.id, of_a_unit, has_number)
    return select(Claim.id).where(
        col(Claim.id).in_(bindparam("ids", expanding=True)),
        col(Claim.status) == ClaimStatus.PUBLISHED,
        col(Claim.kind) == bindparam("kind"),
        or_(col(Claim.place_country).is_(None), country.is_(None), col(Claim.place_country) == country),
        or_(latitude.is_(None), latitude.between(bindparam("south"), bindparam("north"))),
        or_(latest.is_(None), latest >= bindparam("first_day")),
        or_(earliest.is_(None), earliest <= bindparam("last_day")),
        number.exists(),
    )
