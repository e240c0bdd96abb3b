"""The SQL of relations between claims."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, and_, col, or_, select

from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import RelationRead
from app.kit.paging import Key, Order
from app.kit.problems import NotFound
from app.models import Relation, Rendition
from app.models.vocabulary import ResourceKind
from app.relations.schemas import RelationFilter


def list_relations(unit: Unit, claim_id: str, wanted: RelationFilter) -> Reply:
    """The claim's relations from either side, the newest first; raises NotFound."""
    readable(unit, ResourceKind.CLAIM, claim_id)
    order = Order((Key(col(Relation.recorded_at), datetime.fromisoformat), Key(col(Relation.id))), descending=True)
    matching = _readable_relations(
        unit, claim_id, select(col(Rendition.document), col(Relation.recorded_at), col(Relation.id))
    )
    if wanted.kind:
        matching = matching.where(col(Relation.kind).in_(wanted.kind))
    if wanted.status:
        matching = matching.where(col(Relation.status).in_(wanted.status))
    listing = Listing(RelationRead, order, f"relations|{claim_id}|{wanted.filter_text}")
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


def relations_between(session: Session, first_id: str, second_id: str) -> list[Relation]:
    """Every relation between the two claims, either way round: for writes, never for an answer."""
    pair = [first_id, second_id]
    either = and_(col(Relation.claim_id).in_(pair), col(Relation.other_claim_id).in_(pair))
    return list(session.exec(select(Relation).where(either)))
