"""The SQL behind the checks of a claim's sourcing."""

from typing import Any

from sqlalchemy import case
from sqlmodel import col, func, or_, select

from app.access.units import Unit
from app.access.visibility import visible
from app.models import Relation, Rendition
from app.models.vocabulary import ClaimRelationKind, RelationStatus


def claims_both_ways(unit: Unit, claim_id: str, *, most: int) -> list[str]:
    """Ids of so many claims that are recorded to contradict the claim and to corroborate it, in order.

    As far as the caller may read it, from either side, and rejected neither way.
    """
    other: Any = case((col(Relation.claim_id) == claim_id, Relation.other_claim_id), else_=col(Relation.claim_id))
    rows = (
        select(other)
        .join(Rendition, col(Rendition.resource_id) == Relation.id)
        .where(
            or_(col(Relation.claim_id) == claim_id, col(Relation.other_claim_id) == claim_id),
            col(Relation.kind).in_([ClaimRelationKind.CONTRADICTS, ClaimRelationKind.CORROBORATES]),
            col(Relation.status) != RelationStatus.REJECTED,
            visible(unit.principal.audience, unit.now),
        )
        .group_by(other)
        .having(func.count(col(Relation.kind).distinct()) == 2)
        .order_by(other)
        .limit(most)
    )
    return list(unit.session.exec(rows))
