"""Suggests which claims contradict each other when one is recorded or changed, and takes back what no longer holds.

How two claims are compared is in `app.relations.contradictions`; what is suggested and why, in
docs/decisions/contradictions.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from app.access.principals import Audience
from app.access.units import Unit
from app.canonical import queries as rows
from app.canonical.claims import latest_embargo, record_relation
from app.canonical.queries import ClaimRows
from app.canonical.replies import readable
from app.changes.record import NOBODY, Written, record_change
from app.kit.ids import random_id
from app.models import Relation
from app.models.vocabulary import ChangeAction, ClaimRelationKind, ClaimStatus, RelationStatus, ResourceKind
from app.relations import queries
from app.relations.contradictions import Contradiction, Stated, contradiction, likely

Pair = frozenset[str]

OPENING: Final = "Suggested by the service: "
"""How the note of every suggestion of the service begins. One that nobody has decided, and whose note nobody has
written anew, is the service's to change and to take back; every other is somebody's."""
MOST_SUGGESTED: Final = 20
"""Contradictions suggested for one claim at one write, the likeliest: more would not be looked through."""
EXPLAINED: Final = frozenset(
    {
        ClaimRelationKind.SUPERSEDES,
        ClaimRelationKind.REFINES,
        ClaimRelationKind.GENERALIZES,
        ClaimRelationKind.PART_OF,
        ClaimRelationKind.DUPLICATES,
    }
)
"""Relations that say why two claims give different numbers."""


def suggest_for_new(unit: Unit, claims: Sequence[ClaimRows]) -> None:
    """Records what new claims contradict, one another among them, as suggestions. Their standing must be made."""
    written = {
        each.claim.id: Stated(each.claim, [row.topic for row in each.topics], each.quantities) for each in claims
    }
    _suggest(unit, written, [])


def lock_for_review(unit: Unit, claim_id: str) -> None:
    """Locks a claim, before anything else does, with those that it is suggested to contradict: in one order for all.

    Raises NotFound, and locks nothing, if the claim does not exist for the caller.
    """
    readable(unit, ResourceKind.CLAIM, claim_id)
    rows.locked_claims(unit.session, queries.contradicting_ids(unit.session, claim_id))


def review_suggestions(unit: Unit, claim_id: str) -> None:
    """Records what a changed claim contradicts by now, and removes the service's own suggestions that no longer hold.

    The claim must be locked, and its standing made. What anybody has decided, written or rejected stays as it is.
    """
    unit.session.flush()
    known = queries.relations_of_claims(unit.session, [claim_id])
    _suggest(unit, queries.stated_and_locked(unit.session, [claim_id]), known)


def _suggest(unit: Unit, written: Mapping[str, Stated], known: Sequence[Relation]) -> None:
    found = _found(unit, written.values())
    waiting = [relation for relation in known if _is_own(relation)]
    if not found and not waiting:
        return
    ends = {end for pair in (*found, *map(_pair, waiting)) for end in pair}
    stated = queries.stated_and_locked(unit.session, ends)
    # Somebody may have decided while the claims were not locked yet.
    relations = _by_pair(queries.relations_of_claims(unit.session, written))
    for pair in {**dict.fromkeys(map(_pair, waiting)), **found}:
        _settle(unit, [stated[each] for each in found.get(pair, sorted(pair))], relations.get(pair, []))


def _found(unit: Unit, written: Iterable[Stated]) -> dict[Pair, tuple[str, str]]:
    """The pairs of claims that seem to contradict each other, each as the claim written and the other one."""
    able = [each for each in written if each.claim.status is ClaimStatus.PUBLISHED and each.numbers and each.topics]
    seen_from = rows.first_audiences(unit.session, [each.claim.id for each in able]) if able else {}
    found: dict[Pair, tuple[str, str]] = {}
    for stated in able:
        own = stated.claim.id
        for other in _likeliest(
            stated, queries.to_compare(unit.session, stated, unit.now), seen_from.get(own, Audience.RESTRICTED)
        ):
            found.setdefault(frozenset({own, other}), (own, other))
    return found


def _likeliest(stated: Stated, others: Iterable[tuple[Stated, Audience]], seen_from: Audience) -> dict[str, None]:
    """The ids of the claims that contradict it most surely, of equals the newest: so many for each audience.

    Chosen among what an audience may read: among all, hidden claims would take the places of others, and that would
    tell of them.
    """
    scored = [
        (score, other.claim.id, audience) for other, audience in others if (score := likely(stated, other)) is not None
    ]
    scored.sort(reverse=True)
    chosen: dict[str, None] = {}
    for reader in range(seen_from, len(Audience)):
        read = [claim_id for _, claim_id, audience in scored if audience <= reader]
        chosen |= dict.fromkeys(read[:MOST_SUGGESTED])
    return chosen


def _pair(relation: Relation) -> Pair:
    return frozenset({relation.claim_id, relation.other_claim_id})


def _by_pair(relations: Iterable[Relation]) -> dict[Pair, list[Relation]]:
    found: dict[Pair, list[Relation]] = {}
    for relation in relations:
        found.setdefault(_pair(relation), []).append(relation)
    return found


def _is_own(relation: Relation) -> bool:
    """Whether the service suggested it, and nobody has taken it up."""
    return (
        relation.kind is ClaimRelationKind.CONTRADICTS
        and relation.status is RelationStatus.SUGGESTED
        and relation.decided_by is None
        and (relation.note or "").startswith(OPENING)
    )


def _settle(unit: Unit, ends: Sequence[Stated], relations: Collection[Relation]) -> None:
    """Suggests that two claims, which are locked, contradict each other, or no longer suggests it, or does nothing."""
    own = [relation for relation in relations if _is_own(relation)]
    others = [relation for relation in relations if relation.kind is ClaimRelationKind.CONTRADICTS]
    if others and not own:
        return
    holds = None if _is_explained(relations) else _contradiction(ends)
    if holds is None:
        for relation in own:
            _take_back(unit, relation, ends)
    elif own:
        own[0].score, own[0].note = holds.score, OPENING + holds.reason
        record_relation(unit, own[0], ChangeAction.UPDATED)
    else:
        _add(unit, ends, holds)


def _is_explained(relations: Collection[Relation]) -> bool:
    return any(each.kind in EXPLAINED and each.status is not RelationStatus.REJECTED for each in relations)


def _contradiction(ends: Sequence[Stated]) -> Contradiction | None:
    one, other = ends
    if any(each.claim.status is not ClaimStatus.PUBLISHED for each in ends):
        return None
    return contradiction(one, other)


def _add(unit: Unit, ends: Sequence[Stated], holds: Contradiction) -> None:
    one, other = ends
    relation = Relation(
        claim_id=one.claim.id,
        id=random_id(),
        other_claim_id=other.claim.id,
        kind=ClaimRelationKind.CONTRADICTS,
        status=RelationStatus.SUGGESTED,
        score=holds.score,
        note=OPENING + holds.reason,
        recorded_at=unit.now,
    )
    unit.session.add(relation)
    record_relation(unit, relation, ChangeAction.CREATED)


def _take_back(unit: Unit, relation: Relation, ends: Sequence[Stated]) -> None:
    """Removes the suggestion: a rejection would be remembered, and nobody has rejected it. The history keeps it."""
    embargo = latest_embargo(end.claim for end in ends)
    deleted = ChangeAction.DELETED
    record_change(
        unit, Written(ResourceKind.RELATION, relation.id, deleted, lambda _out: NOBODY, embargo_until=embargo)
    )
    unit.session.delete(relation)
    unit.session.flush()
