"""The SQL of relations between claims."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import String, bindparam, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.access.visibility import covers, is_out, visible
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import RelationRead
from app.kit.columns import NOW
from app.kit.paging import Key, Order
from app.kit.problems import NotFound
from app.models import Claim, ClaimStanding, ClaimTopic, Quantity, Relation, Rendition
from app.models.vocabulary import ClaimRelationKind, ClaimStatus, RelationStatus, ResourceKind
from app.relations.contradictions import Stated
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


def relations_of_claims(session: Session, claim_ids: Iterable[str]) -> list[Relation]:
    """Every relation of the claims, from either side: for writes, never for an answer."""
    ids = set(claim_ids)
    either = or_(col(Relation.claim_id).in_(ids), col(Relation.other_claim_id).in_(ids))
    rows = select(Relation).where(either).order_by(Relation.id).execution_options(populate_existing=True)
    return list(session.exec(rows))


def contradicting_ids(session: Session, claim_id: str) -> set[str]:
    """Ids of the claim and of all that it is suggested to contradict: for writes, never for an answer."""
    rows = select(Relation.claim_id, Relation.other_claim_id).where(
        or_(col(Relation.claim_id) == claim_id, col(Relation.other_claim_id) == claim_id),
        Relation.kind == ClaimRelationKind.CONTRADICTS,
        Relation.status == RelationStatus.SUGGESTED,
    )
    return {claim_id, *(end for ends in session.exec(rows) for end in ends)}


def stated_and_locked(session: Session, claim_ids: Iterable[str]) -> dict[str, Stated]:
    """The claims with their topics and numbers as they are now, locked in the order of their ids."""
    ids = set(claim_ids)
    rows = select(Claim).where(col(Claim.id).in_(ids)).order_by(Claim.id).with_for_update()
    claims = list(session.exec(rows.execution_options(populate_existing=True)))
    quantities: dict[str, list[Quantity]] = defaultdict(list)
    numbers = select(Quantity).where(col(Quantity.claim_id).in_(ids)).order_by(col(Quantity.position))
    for row in session.exec(numbers.execution_options(populate_existing=True)):
        quantities[row.claim_id].append(row)
    topics: dict[str, list[str]] = defaultdict(list)
    filed = select(ClaimTopic.claim_id, ClaimTopic.topic).where(col(ClaimTopic.claim_id).in_(ids))
    for claim_id, topic in session.exec(filed.order_by(col(ClaimTopic.position))):
        topics[claim_id].append(topic)
    return {claim.id: Stated(claim, topics[claim.id], quantities[claim.id]) for claim in claims}


def to_compare(session: Session, stated: Stated, now: datetime) -> list[tuple[Stated, Audience]]:
    """Published claims with numbers of the same units, and from which audience on each is read at that instant.

    They share a topic and may be of the claim's time and place; the newest come first, and without their topics. Taken
    from the newest of each topic that each audience may read, so that what is hidden from an audience takes no place
    from what is not. For writes, never for an answer.
    """
    claim, spellings = stated.claim, _spellings(stated.topics)
    parameters = {
        "id": claim.id,
        "kind": claim.kind,
        "country": claim.place_country,
        "units": [each.unit_key for each in stated.numbers if each.unit_key is not None],
        "first_day": _or(claim.occurred_earliest_day, BEFORE_ALL_DAYS),
        "last_day": _or(claim.occurred_latest_day, AFTER_ALL_DAYS),
        "south": -90.0 if claim.place_latitude is None else claim.place_latitude - NEAR_DEGREES,
        "north": 90.0 if claim.place_latitude is None else claim.place_latitude + NEAR_DEGREES,
        "now": now,
        **{f"topic_{at}": topic for at, topic in enumerate(spellings)},
    }
    seen_from: dict[str, Audience] = {}
    claims: dict[str, Claim] = {}
    quantities: dict[str, list[Quantity]] = defaultdict(list)
    for other, quantity, first in session.exec(_comparable(len(spellings)), params=parameters):
        is_out = other.embargo_until is None or other.embargo_until <= now
        seen_from[other.id] = max(Audience(first), Audience.PUBLIC if is_out else Audience.INTERNAL)
        claims[other.id] = other
        quantities[other.id].append(quantity)
    return [(Stated(claims[each], [], quantities[each]), seen_from[each]) for each in claims]


def _or(day: int | None, otherwise: int) -> int:
    return otherwise if day is None else day


def _spellings(topics: Sequence[str]) -> list[str]:
    """The first topics as they are written, and small: the index knows nothing of case."""
    return list(dict.fromkeys(way for topic in topics[:MOST_TOPICS] for way in (topic, topic.lower())))


@cache
def _comparable(topics: int) -> Any:
    """A select of claims, their quantities and who reads them, built once: that takes longer than running it."""
    newest = union_all(*(_newest(at, audience) for at in range(topics) for audience in Audience)).subquery()
    country = bindparam("country", type_=String())
    latitude, earliest, latest = (
        col(Claim.place_latitude),
        col(Claim.occurred_earliest_day),
        col(Claim.occurred_latest_day),
    )
    return (
        select(Claim, Quantity, col(ClaimStanding.first_audience))
        .join(Quantity, col(Quantity.claim_id) == Claim.id)
        .join(ClaimStanding, and_(col(ClaimStanding.claim_id) == Claim.id, _is_widest()))
        .where(
            col(Claim.id).in_(select(newest.c.claim_id)),
            col(Claim.status) == ClaimStatus.PUBLISHED,
            col(Claim.kind) == bindparam("kind"),
            or_(col(Claim.place_country).is_(None), country.is_(None), col(Claim.place_country) == country),
            or_(latitude.is_(None), latitude.between(bindparam("south"), bindparam("north"))),
            or_(latest.is_(None), latest >= bindparam("first_day")),
            or_(earliest.is_(None), earliest <= bindparam("last_day")),
            or_(col(Quantity.unit_key).is_(None), col(Quantity.unit_key).in_(bindparam("units", expanding=True))),
        )
        .order_by(col(Claim.id).desc(), col(Quantity.position))
    )


def _is_widest() -> Any:
    """The condition that no wider audience reads the claim than the first of the row."""
    wider = aliased(ClaimStanding)
    return ~(
        select(wider.claim_id)
        .where(
            col(wider.claim_id) == ClaimStanding.claim_id,
            col(wider.first_audience) < col(ClaimStanding.first_audience),
        )
        .exists()
    )


def _newest(at: int, audience: Audience) -> Any:
    """The newest claims of one topic that the audience may read; of all there are, for whoever may read all."""
    filed = (ClaimTopic.topic == bindparam(f"topic_{at}"), col(ClaimTopic.claim_id) != bindparam("id"))
    rows = select(col(ClaimTopic.claim_id)).where(*filed)
    if audience < Audience.RESTRICTED:
        standing = and_(col(ClaimStanding.claim_id) == ClaimTopic.claim_id, covers(audience, ClaimStanding))
        rows = rows.join(ClaimStanding, standing)
    if audience == Audience.PUBLIC:
        rows = rows.join(Claim, col(Claim.id) == ClaimTopic.claim_id).where(is_out(col(Claim.embargo_until), NOW))
    newest = rows.order_by(col(ClaimTopic.claim_id).desc()).limit(NEWEST_OF_A_TOPIC).subquery()
    return select(newest.c.claim_id)
