"""Records claims with all that hangs on them, and how claims stand to one another."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import orjson
from sqlmodel import Session

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import Veil, is_over, sees, veil
from app.canonical import queries
from app.canonical.claim_contents import attribution_audience, claim_contents, date_parts, rests_on, rests_on_unnamed
from app.canonical.coming_out import DECISION, came_out, note_coming_out
from app.canonical.derived import derive
from app.canonical.joining import follow_joined, name_public
from app.canonical.queries import ClaimRows
from app.canonical.reach import queries as reach
from app.canonical.reach.portions import Part, Parts, few_of, follow
from app.canonical.release import NEVER, let_out
from app.canonical.replies import NAMES_OF_DOCUMENTS, NAMES_OF_SOURCES, ids_in, locked_readable
from app.canonical.told import told_instant
from app.changes import queries as changes
from app.changes.record import Content, Contents, Out, Written, opening, record_change
from app.follow_ups.queries import ask
from app.kit.problems import Conflict
from app.models import Claim, FollowUpKind, Relation, Rendition
from app.models.vocabulary import ChangeAction, ClaimStatus, ResourceKind, Scope


def locked_claim(unit: Unit, claim_id: str) -> Claim:
    """The claim, locked until the transaction ends; raises NotFound if it does not exist for the caller, and Stale."""
    claim, found = locked_readable(unit, ResourceKind.CLAIM, Claim, claim_id)
    unit.precondition.check(found.document)
    return claim


def unretracted_claim(unit: Unit, claim_id: str) -> Claim:
    """The claim, locked; raises Conflict for one that was retracted, and as `locked_claim` does."""
    claim = locked_claim(unit, claim_id)
    if claim.status is ClaimStatus.RETRACTED:
        raise Conflict("The claim is retracted: it can be assessed and related, but no longer changed.")
    return claim


def record_claim(unit: Unit, claim: Claim, action: ChangeAction) -> None:
    """Records a write of the claim or of anything that hangs on it; the claim's row must be locked."""
    unit.session.flush()
    record_claim_rows(unit, queries.claim_rows(unit.session, claim), action)


def record_new_claims(unit: Unit, claims: Sequence[ClaimRows]) -> None:
    """Records new claims with all their rows, none of which are written yet."""
    joined = name_public(unit, claims)
    contents = _store(unit, claims, ChangeAction.CREATED)
    for claim in (rows.claim for rows in claims):
        seen_by = [audience for audience in Audience if contents[claim.id][audience] is not None]
        _check_may_publish(unit, None, (seen_by[0], claim.embargo_until) if seen_by else None)
    named = [name for rows in claims for name in _named(rows)]
    let_out(unit, ids_in(named, NAMES_OF_SOURCES), ids_in(named, NAMES_OF_DOCUMENTS))
    follow_joined(unit, joined)


def record_claim_rows(unit: Unit, rows: ClaimRows, action: ChangeAction) -> None:
    """Records a write of the claim with these rows, new ones among them; its own must be locked."""
    before = changes.renditions(unit.session, rows.claim.id)
    seen_before, named = _exposure(before), [*_named(rows), *(orjson.loads(row.document) for row in before[-1:])]
    in_days = _is_in_days(before)
    joined = name_public(unit, [rows])
    _store(unit, [rows], action)
    let_out(unit, ids_in(named, NAMES_OF_SOURCES), ids_in(named, NAMES_OF_DOCUMENTS))
    follow_joined(unit, joined)
    after = changes.renditions(unit.session, rows.claim.id)
    seen_now = _exposure(after)
    if (seen_before, in_days) == (seen_now, _is_in_days(after)):
        return
    _check_may_publish(unit, seen_before, seen_now)
    follow(
        unit,
        FollowUpKind.CLAIM_SHOWN,
        rows.claim.id,
        RELATIONS_OF_CLAIM,
        veil=_veil(seen_before, seen_now, unit.now),
    )
    if _veil(seen_now, seen_before, unit.now) is not None:
        ask(unit, FollowUpKind.CONTRADICTIONS, [rows.claim.id])  # some read it now who did not


def _store(unit: Unit, claims: Sequence[ClaimRows], action: ChangeAction) -> dict[str, Contents]:
    """Writes the claims' new rows, what each audience reads of them from now on, and what they are found by.

    Answers with what each audience reads, by claim.
    """
    for rows in claims:
        for attribution in rows.attributions:
            attribution.audience = attribution_audience(rows, attribution)
        date_parts(rows, _instant(unit, rows, action), unit.now)
    queries.store(unit.session, claims)
    contents = {rows.claim.id: _record(unit, rows, action) for rows in claims}
    unit.session.flush()
    derive(unit.session, contents, new=action is ChangeAction.CREATED)
    return contents


def _record(unit: Unit, rows: ClaimRows, action: ChangeAction) -> Contents:
    """Records the write of one claim, and gives what each audience reads of it."""
    written = Written(
        ResourceKind.CLAIM,
        rows.claim.id,
        action,
        partial(claim_contents, rows),
        embargo_until=rows.claim.embargo_until,
        public_in_days=rests_on_unnamed(rows, Audience.PUBLIC),
        rests_on=rests_on,
        at=_instant(unit, rows, action),
    )
    return record_change(unit, written)


def _instant(unit: Unit, rows: ClaimRows, action: ChangeAction) -> datetime:
    """The instant that the write bears: the claims of a batch have some that tell them apart."""
    return rows.claim.recorded_at if action is ChangeAction.CREATED else unit.now


Exposure = tuple[int, datetime | None]
"""The widest audience that reads a claim, and the embargo on it."""


def _veil(before: Exposure | None, now: Exposure | None, at: datetime) -> Veil | None:
    """The veil over the claim's relations, where some read the claim no longer that read it before."""
    first_before, first = (Audience.RESTRICTED if each is None else Audience(each[0]) for each in (before, now))
    if _public_from(now, at) > _public_from(before, at):
        return veil(Audience.PUBLIC, max(first, Audience.INTERNAL))
    return veil(first_before, first)


def _check_may_publish(unit: Unit, before: Exposure | None, now: Exposure | None) -> None:
    """Raises Forbidden where a write brings the claim out to the public, or out sooner, without the scope for that.

    It stands where every write of a claim ends, since a claim also comes out by what it names: with a source or a
    document that is shown, or an attribution that is put on the record.
    """
    if _public_from(now, unit.now) < _public_from(before, unit.now):
        unit.principal.require(Scope.CLAIMS_PUBLISH)


def _public_from(exposure: Exposure | None, now: datetime) -> datetime:
    """From when on the public may read the claim."""
    if exposure is None or not sees(Audience.PUBLIC, exposure[0]):
        return NEVER
    return max(exposure[1] or now, now)


def _exposure(renditions: Sequence[Rendition]) -> Exposure | None:
    """The widest audience that reads the claim and the embargo on it, which its relations share; None if none does."""
    return next(((row.first_audience, row.embargo_until) for row in renditions), None)


def _is_in_days(renditions: Sequence[Rendition]) -> bool:
    """Whether the public is told days alone, which a claim's relations then tell it too."""
    return any(row.in_days == 1 for row in renditions if row.first_audience == Audience.PUBLIC)


def _named(rows: ClaimRows) -> list[dict[str, str | None]]:
    """What the rows of the claim name."""
    hops = [{"source_id": hop.source_id, "document_id": hop.document_id} for each in rows.hops.values() for hop in each]
    pieces = [{"document_id": piece.document_id} for each in rows.evidence.values() for piece in each]
    where: list[dict[str, str | None]] = [{"document_id": row.document_id} for row in rows.attributions]
    return [*hops, *pieces, *where]


def record_relation(unit: Unit, relation: Relation, action: ChangeAction) -> None:
    """Records a write of the relation, which exists for those who may see both claims."""
    unit.session.flush()
    if relation.suggested_from is not None:
        ends = queries.locked_claims(unit.session, [relation.claim_id, relation.other_claim_id])
        both_read = all_read_from(unit, {claim_id: claim.embargo_until for claim_id, claim in ends.items()})
        relation.suggested_from = max(relation.suggested_from, both_read)
        unit.session.flush()
    record_change(unit, relation_written(unit.session, relation, action, at=unit.now))


def all_read_from(unit: Unit, embargoes: Mapping[str, datetime | None]) -> Audience:
    """The widest audience that reads all of the claims now, whose embargoes these are."""
    seen_from = queries.first_audiences(unit.session, embargoes)
    widest = max(seen_from.get(claim_id, Audience.RESTRICTED) for claim_id in embargoes)
    is_out = all(is_over(embargo, unit.now) for embargo in embargoes.values())
    return widest if is_out else max(widest, Audience.INTERNAL)


def relation_written(
    session: Session, relation: Relation, action: ChangeAction, *, at: datetime | None = None
) -> Written:
    """What a write of the relation at that instant is recorded as; locks its claims.

    Without an instant it is what is told anew, and nothing comes out by it. What the service suggests comes from what
    the claims are by now, whenever it was to be compared: so it comes out no sooner than that did.
    """
    ends = queries.locked_claims(session, [relation.claim_id, relation.other_claim_id])
    seen_from = queries.first_audiences(session, ends)
    embargo_until = latest_embargo(end.embargo_until for end in ends.values())
    if at is not None:
        opens_at = opening(at, embargo_until) if relation.decided_at is not None else {}
        shown = {each: opens_at[each] for each in opens_at if _relation_exists_for(relation, seen_from, each)}
        note_coming_out(relation, DECISION, shown, at)
    return Written(
        ResourceKind.RELATION,
        relation.id,
        action,
        lambda out: relation_contents(relation, seen_from, out),
        embargo_until=embargo_until,
        public_in_days=queries.any_in_days(session, ends),
        not_before={} if relation.suggested_from is None else queries.last_changed(session, ends),
    )


def _record_relations(unit: Unit, relation_ids: list[str]) -> None:
    """Records the relations anew, whose claims are all locked beforehand in the order of their ids."""
    relations = queries.relations(unit.session, relation_ids)
    queries.locked_claims(unit.session, [end for each in relations for end in (each.claim_id, each.other_claim_id)])
    for relation in queries.relations(unit.session, relation_ids):
        record_relation(unit, relation, ChangeAction.UPDATED)


RELATIONS_OF_CLAIM: Final[Parts] = (
    Part("relations", reach.relations_of_claim, _record_relations, few_of(reach.relations_of_claim)),
)
"""What is recorded anew when a claim is read by others than before."""


def relation_contents(
    relation: Relation, seen_from: Mapping[str, Audience], out: Sequence[Out]
) -> list[Content | None]:
    """What each audience reads of the relation, given from which audience on each claim that any may see is seen."""
    return [
        relation_content(relation, seen_by, out[seen_by])
        if _relation_exists_for(relation, seen_from, seen_by)
        else None
        for seen_by in Audience
    ]


def _relation_exists_for(relation: Relation, seen_from: Mapping[str, Audience], seen_by: Audience) -> bool:
    """Whether the audience sees both claims, and has what the service suggests suggested to it.

    A claim that nobody can see has no rendition, and is not in `seen_from`.
    """
    ends = [seen_from.get(claim_id) for claim_id in (relation.claim_id, relation.other_claim_id)]
    limits = [*ends, relation.suggested_from or Audience.PUBLIC]
    return all(limit is not None and sees(seen_by, limit) for limit in limits)


def latest_embargo(embargoes: Iterable[datetime | None]) -> datetime | None:
    """Until when the public is not to know of what those hold back together; None without an embargo."""
    return max((each for each in embargoes if each is not None), default=None)


def relation_content(relation: Relation, seen_by: Audience, out: Out) -> Content:
    """What an audience reads of a relation between claims, version and time of change apart."""
    decided_at = came_out(relation, DECISION, seen_by) or relation.decided_at
    return {
        "id": relation.id,
        "claim_id": relation.claim_id,
        "other_claim_id": relation.other_claim_id,
        "kind": relation.kind,
        "status": relation.status,
        "score": relation.score,
        "note": relation.note,
        "decided_by": relation.decided_by,
        "decided_at": told_instant(decided_at, out),
        "recorded_at": out.at,
    }
