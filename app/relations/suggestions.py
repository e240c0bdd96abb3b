"""Suggests which claims contradict each other once one is recorded or changed, and takes back what no longer holds.

How two claims are compared is in `app.relations.contradictions`; what is suggested and why, in
docs/decisions/contradictions.md. All of it follows the write, in portions (`app.background`): first what had been
suggested of the claim, then what it is found to contradict by now.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.access.principals import Audience
from app.access.units import Unit
from app.canonical import queries as rows
from app.canonical.claims import latest_embargo, record_relation
from app.changes import queries as changes
from app.changes.record import NOBODY, Written, record_change
from app.follow_ups.queries import ask
from app.kit.ids import random_id
from app.models import FollowUpKind, Relation
from app.models.vocabulary import ChangeAction, ClaimRelationKind, ClaimStatus, RelationStatus, ResourceKind
from app.relations import queries
from app.relations.contradictions import Contradiction, Stated, contradiction, excluding, likely

OPENING: Final = "Suggested by the service: "
"""How the note of every suggestion of the service begins. One that nobody has decided, and whose note nobody has
written anew, is the service's to change and to take back; every other is somebody's."""
MOST_SUGGESTED: Final = 20
"""Contradictions suggested for one claim and each audience, the likeliest: more would not be looked through."""
MOST_LOOKED_AT: Final = 200
"""Claims of all its topics, the newest for each audience, whose numbers are compared with those of one claim."""
LOCKED_AT_ONCE: Final = 10
"""Pairs that are decided in one portion, all of which are locked at its beginning."""
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
FOUND: Final = "found:"
"""How a cursor begins in the second part of a round, before the claims yet to decide; in the first part it is the last
relation that was looked at."""


def ask_for_contradictions(unit: Unit, claim_ids: Iterable[str]) -> None:
    """Has the claims compared with others, after the commit. Comes as late in the transaction as can be."""
    ask(unit, FollowUpKind.CONTRADICTIONS, claim_ids)


@dataclass(frozen=True, slots=True)
class Next:
    """What to decide next: the other claims of some pairs, each with the cursor once it is decided; None at the end."""

    pairs: Sequence[tuple[str, str | None]]


def look_for_contradictions(unit: Unit, claim_id: str, cursor: str | None) -> Next:
    """The next pairs of the claim to decide: what was suggested of it, and then what it seems to contradict by now."""
    if cursor is not None and cursor.startswith(FOUND):
        return _decided_in_turn(cursor.removeprefix(FOUND).split())
    is_new = cursor is None and all(row.version == 1 for row in changes.renditions(unit.session, claim_id))
    # Nothing that was suggested of a claim that has never changed can have become wrong by it.
    suggested = [] if is_new else queries.suggestions_after(unit.session, claim_id, cursor or "", limit=LOCKED_AT_ONCE)
    if suggested:
        return Next([(other, relation_id) for relation_id, other in suggested])
    found = _found(unit, claim_id)
    related = {end for each in queries.relations_among(unit.session, claim_id, found) for end in _ends(each)}
    return _decided_in_turn([each for each in found if each not in related])


def _decided_in_turn(others: Sequence[str]) -> Next:
    rest = [others[at:] for at in range(1, len(others) + 1)]
    return Next([(each, FOUND + " ".join(left) if left else None) for each, left in zip(others, rest, strict=True)])


def suggest(unit: Unit, claim_id: str, cursor: str | None, found: Next, is_spent: Callable[[], bool]) -> str | None:
    """Suggests or takes back what was looked up, as the claims are by now. What anybody has decided stays as it is.

    Answers with the cursor to go on from; None where all is done.
    """
    pairs = found.pairs[:LOCKED_AT_ONCE]
    if not pairs:
        return None
    others = [other for other, _ in pairs]
    stated = queries.stated(unit.session, [claim_id, *others], lock=True)
    # Somebody may have decided while the claims were not locked yet.
    relations = _by_other(claim_id, queries.relations_among(unit.session, claim_id, others))
    for other, reached in pairs:
        _settle(unit, [stated[claim_id], stated[other]], relations.get(other, []))
        cursor = reached
        if is_spent():
            break
    return cursor


def _found(unit: Unit, claim_id: str) -> list[str]:
    """The ids of the claims that it seems to contradict."""
    stated = queries.stated(unit.session, [claim_id]).get(claim_id)
    if stated is None or stated.claim.status is not ClaimStatus.PUBLISHED or not stated.numbers or not stated.topics:
        return []
    seen_from = rows.first_audiences(unit.session, [claim_id]).get(claim_id, Audience.RESTRICTED)
    near = queries.to_compare(unit.session, stated, unit.now)
    ids = _newest(near, seen_from)
    numbers = queries.numbers_of(unit.session, ids, {measure[0] for measure in stated.numbers})
    others = queries.stated(unit.session, [each for each in ids if excluding(stated.numbers, numbers[each])])
    scores = {each: likely(stated, other) for each, other in others.items()}
    return _likeliest({each: score for each, score in scores.items() if score is not None}, near, seen_from)


def _newest(near: Mapping[Audience, Sequence[str]], seen_from: Audience) -> dict[str, None]:
    """So many of the newest for each audience that reads the claim.

    Chosen among what an audience may read: among all, hidden claims would take the places of others, and that would
    tell of them.
    """
    return dict.fromkeys(each for reader in list(Audience)[seen_from:] for each in near[reader][:MOST_LOOKED_AT])


def _likeliest(scores: Mapping[str, float], near: Mapping[Audience, Sequence[str]], seen_from: Audience) -> list[str]:
    """The ids of those that contradict it most surely, of equals the newest: chosen for each audience, as above."""
    chosen: dict[str, None] = {}
    for reader in list(Audience)[seen_from:]:
        read = [each for each in near[reader] if each in scores]
        chosen |= dict.fromkeys(sorted(read, key=lambda each: scores[each], reverse=True)[:MOST_SUGGESTED])
    return list(chosen)


def _ends(relation: Relation) -> tuple[str, str]:
    return relation.claim_id, relation.other_claim_id


def _by_other(claim_id: str, relations: Iterable[Relation]) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for relation in relations:
        other = relation.other_claim_id if relation.claim_id == claim_id else relation.claim_id
        found.setdefault(other, []).append(relation)
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
    embargo = latest_embargo(end.claim.embargo_until for end in ends)
    deleted = ChangeAction.DELETED
    record_change(
        unit, Written(ResourceKind.RELATION, relation.id, deleted, lambda _out: NOBODY, embargo_until=embargo)
    )
    unit.session.delete(relation)
    unit.session.flush()
