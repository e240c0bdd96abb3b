"""Records how claims stand to one another, and what was decided about it."""

from datetime import datetime
from typing import Final

from app.access.units import Reply, Unit
from app.canonical import queries as rows
from app.canonical.claims import record_relation
from app.canonical.replies import check_references, one, readable
from app.kit.ids import random_id
from app.kit.problems import AlreadyExists, NotFound, invalid, validated
from app.kit.schemas import merge_patch
from app.models import Relation
from app.models.vocabulary import ChangeAction, ClaimRelationKind, RelationStatus, ResourceKind
from app.relations import queries
from app.relations.schemas import RelationContent, RelationCreate, RelationPatch
from app.relations.suggestions import EXPLAINED, ask_for_contradictions, take_back_between

SYMMETRIC: Final = frozenset(
    {ClaimRelationKind.CORROBORATES, ClaimRelationKind.CONTRADICTS, ClaimRelationKind.DUPLICATES}
)
"""Kinds that hold from either side alike."""


def create_relation(unit: Unit, claim_id: str, sent: RelationCreate) -> Reply:
    """Records how the claim stands to another and answers with that.

    Raises NotFound, Invalid for a claim related to itself or to one that the caller cannot read, Stale, and
    AlreadyExists for a relation that is recorded, a rejected one among them.
    """
    readable(unit, ResourceKind.CLAIM, claim_id)
    if sent.other_claim_id == claim_id:
        raise invalid("/other_claim_id", "self_reference", "A claim is not related to itself.")
    check_references(unit, ResourceKind.CLAIM, {"/other_claim_id": sent.other_claim_id})
    rows.locked_claims(unit.session, [claim_id, sent.other_claim_id])
    unit.precondition.check(readable(unit, ResourceKind.CLAIM, claim_id).document)
    for relation in queries.relations_between(unit, claim_id, sent.other_claim_id):
        same_way = relation.claim_id == claim_id or sent.kind in SYMMETRIC
        if relation.kind is sent.kind and same_way:
            detail = f"This relation is recorded already, as {relation.status}."
            raise AlreadyExists(detail, members={"existing_id": relation.id})
    if sent.kind is ClaimRelationKind.CONTRADICTS:
        take_back_between(unit, claim_id, sent.other_claim_id)
    relation = Relation(
        claim_id=claim_id,
        id=random_id(),
        decided_at=_decided_at(unit, sent.status),
        recorded_at=unit.now,
        **dict(sent),
    )
    unit.session.add(relation)
    record_relation(unit, relation, ChangeAction.CREATED)
    _compare_anew(unit, relation)
    unit.session.flush()
    reply = one(unit, readable(unit, ResourceKind.RELATION, relation.id))
    return reply.created(f"/v1/claims/{claim_id}/relations/{relation.id}")


def _decided_at(unit: Unit, status: RelationStatus) -> datetime | None:
    return None if status is RelationStatus.SUGGESTED else unit.now


def _compare_anew(unit: Unit, relation: Relation) -> None:
    """Has the claims compared anew where the relation says why their numbers differ, or no longer does."""
    if relation.kind in EXPLAINED:
        ask_for_contradictions(unit, [relation.claim_id, relation.other_claim_id])


def patch_relation(unit: Unit, claim_id: str, relation_id: str, patch: RelationPatch) -> Reply:
    """Merges the patch into the relation and answers with it. Raises NotFound, Stale and Invalid."""
    queries.readable_relation(unit, claim_id, relation_id)
    # The claims first, as whoever changes one does: a change of theirs can change what is read of the relation.
    rows.locked_claims(unit.session, queries.ends(unit.session, relation_id))
    relation = rows.locked(unit.session, Relation, relation_id)
    if relation is None:
        raise NotFound
    unit.precondition.check(queries.readable_relation(unit, claim_id, relation_id).document)
    current = {name: getattr(relation, name) for name in RelationContent.model_fields}
    content = validated(RelationContent, merge_patch(current, patch.model_dump(exclude_unset=True)))
    if content.status is not relation.status:
        relation.decided_at = _decided_at(unit, content.status)
        relation.decision_internal_at = relation.decision_public_at = None
    if dict(content) != current:
        relation.suggested_from = None
    for name in RelationContent.model_fields:
        setattr(relation, name, getattr(content, name))
    record_relation(unit, relation, ChangeAction.UPDATED)
    _compare_anew(unit, relation)
    unit.session.flush()
    return one(unit, readable(unit, ResourceKind.RELATION, relation_id))
