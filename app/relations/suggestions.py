"""Suggests which claims contradict each other once one is recorded or changed, and takes back what no longer holds.

How two claims are compared is in `app.relations.contradictions`; what is suggested and why, in
docs/decisions/contradictions.md. All of it follows the write, in portions (`app.background`): first what had been
suggested of the claim, then what it is found to contradict by now.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import is_over, sees
from app.canonical.claims import all_read_from, record_relation, relation_written
from app.changes.record import NOBODY, record_change
from app.follow_ups.queries import ask
from app.kit.ids import derived_id
from app.models import FollowUpKind, Relation
from app.models.vocabulary import ChangeAction, ClaimRelationKind, ClaimStatus, RelationStatus
from app.relations import queries
from app.relations.contradictions import Contradiction, Stated, contradiction, excluding, likely

OPENING: Final = "Suggested by the service: "
"""How the note of every suggestion of the service begins."""
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
class Pair:
    """The other claim of a pair to decide."""

    other: str
    found_for: Audience | None
    """The widest audience for which it is among those that contradict the claim most surely; None where the pair was
    suggested before."""
    cursor: str | None
    """The cursor once the pair is decided; None at the end."""


def look_for_contradictions(unit: Unit, claim_id: str, cursor: str | None) -> list[Pair]:
    """The next pairs of the claim to decide: what was suggested of it, and then what it seems to contradict by now."""
    if cursor is not None and cursor.startswith(FOUND):
        return _decided_in_turn(cursor.removeprefix(FOUND).split())
    if suggested := queries.suggestions_after(unit.session, claim_id, cursor or "", limit=LOCKED_AT_ONCE):
        return [Pair(other, None, relation_id) for relation_id, other in suggested]
    found = _found(unit, claim_id)
    relations = _by_other(claim_id, queries.all_relations_between(unit.session, claim_id, found))
    return _decided_in_turn(
        [f"{reader:d}{other}" for other, reader in found.items() if not _is_settled(reader, relations.get(other, []))]
    )


def _is_settled(reader: Audience, relations: Collection[Relation]) -> bool:
    """Whether nothing is to be suggested to the audience of two claims: it is explained, or a contradiction is read."""
    contradictions = [relation for relation in relations if relation.kind is ClaimRelationKind.CONTRADICTS]
    return _is_explained(relations) or any(_is_read_by(reader, relation) for relation in contradictions)


def _is_read_by(reader: Audience, relation: Relation) -> bool:
    """Whether an audience that reads both claims reads the relation."""
    return relation.suggested_from is None or sees(reader, relation.suggested_from)


def _decided_in_turn(found: Sequence[str]) -> list[Pair]:
    """The pairs that were found, each given as the number of its audience and the other claim."""
    rest = [" ".join(found[at:]) for at in range(1, len(found) + 1)]
    return [
        Pair(each[1:], Audience(int(each[0])), FOUND + left if left else None)
        for each, left in zip(found, rest, strict=True)
    ]


def suggest(
    unit: Unit, claim_id: str, cursor: str | None, found: Sequence[Pair], is_spent: Callable[[], bool]
) -> str | datetime | None:
    """Suggests or takes back what was looked up, as the claims are by now. What anybody has decided stays as it is.

    Answers with the cursor to go on from; where all is done with the end of the claim's embargo, since it is compared
    anew when the public reads it, or with None.
    """
    pairs = found[:LOCKED_AT_ONCE]
    stated = queries.stated(unit.session, [claim_id, *(pair.other for pair in pairs)], lock=True) if pairs else {}
    # Somebody may have decided while the claims were not locked yet.
    relations = _by_other(
        claim_id, queries.all_relations_between(unit.session, claim_id, [pair.other for pair in pairs])
    )
    for pair in pairs:
        _settle(unit, [stated[claim_id], stated[pair.other]], relations.get(pair.other, []), pair.found_for)
        cursor = pair.cursor
        if is_spent():
            break
    if pairs and cursor is not None:
        return cursor
    embargo = queries.embargo_of(unit.session, claim_id)
    return None if is_over(embargo, unit.now) else embargo


def _found(unit: Unit, claim_id: str) -> dict[str, Audience]:
    """The ids of the claims that it seems to contradict, each with the widest audience that it is suggested to."""
    stated = queries.stated(unit.session, [claim_id]).get(claim_id)
    if stated is None or stated.claim.status is not ClaimStatus.PUBLISHED or not stated.numbers or not stated.topics:
        return {}
    readers = list(Audience)[all_read_from(unit, {claim_id: stated.claim.embargo_until}) :]
    near = queries.to_compare(unit.session, stated, unit.now)
    # Chosen among what each audience reads: among all, hidden claims would take the places of others, and so be told.
    newest = {reader: near[reader][:MOST_LOOKED_AT] for reader in readers}
    ids = dict.fromkeys(each for of_reader in newest.values() for each in of_reader)
    numbers = queries.numbers_of(unit.session, ids, {measure[0] for measure in stated.numbers})
    others = queries.stated(unit.session, [each for each in ids if excluding(stated.numbers, numbers[each])])
    scores = {each: likely(stated, other) for each, other in others.items()}
    return _likeliest({each: score for each, score in scores.items() if score is not None}, newest)


def _likeliest(scores: Mapping[str, float], newest: Mapping[Audience, Sequence[str]]) -> dict[str, Audience]:
    """The ids of those that contradict it most surely, of equals the newest, each with the widest such audience."""
    chosen: dict[str, Audience] = {}
    for reader, ids in newest.items():
        likeliest = sorted((each for each in ids if each in scores), key=lambda each: scores[each], reverse=True)
        for each in likeliest[:MOST_SUGGESTED]:
            chosen.setdefault(each, reader)
    return chosen


def _by_other(claim_id: str, relations: Iterable[Relation]) -> dict[str, list[Relation]]:
    found: dict[str, list[Relation]] = {}
    for relation in relations:
        other = relation.other_claim_id if relation.claim_id == claim_id else relation.claim_id
        found.setdefault(other, []).append(relation)
    return found


def _settle(unit: Unit, ends: Sequence[Stated], relations: Collection[Relation], found_for: Audience | None) -> None:
    """Suggests that two claims, which are locked, contradict each other, or no longer suggests it, or does nothing."""
    own = [relation for relation in relations if relation.suggested_from is not None]
    others = [relation for relation in relations if relation.kind is ClaimRelationKind.CONTRADICTS]
    if others and not own:
        return
    holds = None if _is_explained(relations) else _contradiction(ends)
    if holds is None:
        for relation in own:
            _take_back(unit, relation)
    elif own or found_for is not None:
        relation = own[0] if own else _new_suggestion(unit, ends)
        relation.score, relation.note = holds.score, OPENING + holds.reason
        relation.suggested_from = min(each for each in (relation.suggested_from, found_for) if each is not None)
        # A new one too: it takes up its line of versions where it was suggested before.
        record_relation(unit, relation, ChangeAction.UPDATED)


def _is_explained(relations: Collection[Relation]) -> bool:
    return any(each.kind in EXPLAINED and each.status is not RelationStatus.REJECTED for each in relations)


def _contradiction(ends: Sequence[Stated]) -> Contradiction | None:
    one, other = ends
    if any(each.claim.status is not ClaimStatus.PUBLISHED for each in ends):
        return None
    return contradiction(one, other)


def _new_suggestion(unit: Unit, ends: Sequence[Stated]) -> Relation:
    """A suggestion to be filled. Its id and its direction tell nothing: they are the same each time it is made."""
    one, other = sorted(end.claim.id for end in ends)
    relation = Relation(
        claim_id=one,
        id=derived_id(ClaimRelationKind.CONTRADICTS, one, other),
        other_claim_id=other,
        kind=ClaimRelationKind.CONTRADICTS,
        status=RelationStatus.SUGGESTED,
        recorded_at=unit.now,
    )
    unit.session.add(relation)
    return relation


def take_back_between(unit: Unit, claim_id: str, other_id: str) -> None:
    """Takes back what the service suggests of two claims, which are locked, for somebody to record it."""
    for relation in queries.all_relations_between(unit.session, claim_id, [other_id]):
        if relation.suggested_from is not None:
            _take_back(unit, relation)


def _take_back(unit: Unit, relation: Relation) -> None:
    """Removes the suggestion: a rejection would be remembered, and nobody has rejected it. The history keeps it."""
    # From those first who do not read it by now, if that is yet to be recorded: they are not told that it was removed.
    record_relation(unit, relation, ChangeAction.UPDATED)
    unit.session.flush()
    removed = replace(relation_written(unit.session, relation, ChangeAction.DELETED), render=lambda _out: NOBODY)
    record_change(unit, removed)
    unit.session.delete(relation)
    unit.session.flush()
