"""Routes of relations between claims."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, ClaimWrites, guarded_router
from app.canonical.schemas import CLAIM_ID, RelationRead
from app.kit.schemas import Id
from app.relations import queries, service
from app.relations.schemas import RelationCreate, RelationFilter, RelationPage, RelationPatch

router = guarded_router("/claims/{claim_id}/relations", "Relations")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]
RelationId = Annotated[Id, Path(description="Id of the relation.", examples=["7c11a30b-9f0e-4a30-9d55-1b2c3d4e5f60"])]


@router.get("", response_model=RelationPage)
def list_relations(read: ClaimReads, claim_id: ClaimId, wanted: Annotated[RelationFilter, Query()]) -> Response:
    """List how a claim stands to others, recorded from either side, the newest first.

    Among them are contradictions that the service suggests when a claim is recorded, changed or shown: numbers that
    cannot both be right, of one unit and period, in claims that share a topic, a time and a place and say much the same
    in much the same words. The note gives the reason and the score how sure that is. Confirm or
    reject them; as long as nobody has, they follow the claims' numbers and go when they no longer hold.
    """
    return read(lambda unit: queries.list_relations(unit, claim_id, wanted))


@router.post("", status_code=201, response_model=RelationRead)
def create_relation(write: ClaimWrites, claim_id: ClaimId, body: RelationCreate) -> Response:
    """Record how a claim stands to another: that it contradicts it, refines it, or is context for it.

    Corroborates, contradicts and duplicates hold from either side and are recorded once. A relation that was rejected
    stays recorded, so that suggesting it again is answered with 409.
    """
    return write(lambda unit: service.create_relation(unit, claim_id, body))


@router.get("/{relation_id}", response_model=RelationRead)
def get_relation(read: ClaimReads, claim_id: ClaimId, relation_id: RelationId) -> Response:
    """Read one relation of a claim."""
    return read(lambda unit: queries.get_relation(unit, claim_id, relation_id))


@router.patch("/{relation_id}", response_model=RelationRead)
def patch_relation(write: ClaimWrites, claim_id: ClaimId, relation_id: RelationId, body: RelationPatch) -> Response:
    """Confirm or reject a relation, or change its note, with a JSON Merge Patch.

    A contradiction that is rejected is not suggested again.
    """
    return write(lambda unit: service.patch_relation(unit, claim_id, relation_id, body))
