"""The SQL behind the checks of a claim's sourcing."""

from sqlmodel import col, or_, select

from app.access.units import Unit
from app.access.visibility import visible
from app.canonical.schemas import RelationRead
from app.models import Relation, Rendition


def relations_read(unit: Unit, claim_id: str) -> list[RelationRead]:
    """How the claim stands to others, as far as the caller may read it, from either side, the oldest first."""
    rows = (
        select(Rendition.document)
        .join(Relation, col(Relation.id) == Rendition.resource_id)
        .where(
            or_(col(Relation.claim_id) == claim_id, col(Relation.other_claim_id) == claim_id),
            visible(unit.principal.audience, unit.now),
        )
        .order_by(Relation.id)
    )
    return [RelationRead.model_validate_json(document) for document in unit.session.exec(rows)]
