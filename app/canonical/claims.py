"""Renders and records claims with all that hangs on them, and how claims stand to one another.

Whoever may not see a source, or anything else that an attribution names, does not see the attribution, nor what was
assessed of it; and a published claim that nobody the reader may see has made does not exist for that reader.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from app.access.principals import AUDIENCE_OF, VISIBILITY_OF, Audience
from app.access.units import Unit
from app.canonical import queries
from app.canonical.queries import ClaimRows
from app.canonical.release import let_out
from app.canonical.replies import NAMES_OF_DOCUMENTS, NAMES_OF_SOURCES, ids_in, readable
from app.canonical.values import Quantity as QuantityValue
from app.changes import queries as changes
from app.changes.record import Content, Written, record_change
from app.kit.edtf import day_text
from app.kit.problems import Conflict, NotFound
from app.models import Assessment, Attribution, Claim, Evidence, Hop, Quantity, Relation, Rendition
from app.models.vocabulary import ChangeAction, ClaimStatus, ResourceKind, Terms, Visibility


def locked_claim(unit: Unit, claim_id: str) -> Claim:
    """The claim, locked until the transaction ends; raises NotFound if it does not exist for the caller, and Stale."""
    claim = queries.locked(unit.session, Claim, claim_id)
    if claim is None:
        raise NotFound
    unit.precondition.check(readable(unit, ResourceKind.CLAIM, claim_id).document)
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
    _store(unit, claims, ChangeAction.CREATED)
    named = [name for rows in claims for name in _named(rows)]
    let_out(unit, ids_in(named, NAMES_OF_SOURCES), ids_in(named, NAMES_OF_DOCUMENTS))


def record_claim_rows(unit: Unit, rows: ClaimRows, action: ChangeAction) -> None:
    """Records a write of the claim with these rows, new ones among them; its own must be locked."""
    before = changes.renditions(unit.session, rows.claim.id)
    seen_before, named = _exposure(before), [*_named(rows), *(orjson.loads(row.document) for row in before[-1:])]
    _store(unit, [rows], action)
    let_out(unit, ids_in(named, NAMES_OF_SOURCES), ids_in(named, NAMES_OF_DOCUMENTS))
    if seen_before == _exposure(changes.renditions(unit.session, rows.claim.id)):
        return
    for relation in queries.relations_of_claim(unit.session, rows.claim.id):
        record_relation(unit, relation, ChangeAction.UPDATED)


def _store(unit: Unit, claims: Sequence[ClaimRows], action: ChangeAction) -> None:
    for rows in claims:
        for attribution in rows.attributions:
            attribution.audience = attribution_audience(rows, attribution)
    queries.store(unit.session, claims)
    for rows in claims:
        record_change(unit, _written(rows, action))
    unit.session.flush()


def _exposure(renditions: Sequence[Rendition]) -> tuple[int, datetime | None] | None:
    """The widest audience that reads the claim and the embargo on it, which its relations share; None if none does."""
    return next(((row.first_audience, row.embargo_until) for row in renditions), None)


def _named(rows: ClaimRows) -> list[dict[str, str | None]]:
    """What the rows of the claim name."""
    hops = [{"source_id": hop.source_id, "document_id": hop.document_id} for each in rows.hops.values() for hop in each]
    pieces = [{"document_id": piece.document_id} for each in rows.evidence.values() for piece in each]
    where: list[dict[str, str | None]] = [{"document_id": row.document_id} for row in rows.attributions]
    return [*hops, *pieces, *where]


def _written(rows: ClaimRows, action: ChangeAction) -> Written:
    embargo = rows.claim.embargo_until
    return Written(ResourceKind.CLAIM, rows.claim.id, action, claim_contents(rows), embargo_until=embargo)


def claim_contents(rows: ClaimRows) -> list[Content | None]:
    """What each audience reads of the claim; None where it does not exist for it."""
    return [claim_content(rows, seen_by) if _exists_for(rows, seen_by) else None for seen_by in Audience]


def _exists_for(rows: ClaimRows, seen_by: Audience) -> bool:
    claim = rows.claim
    if seen_by < AUDIENCE_OF[claim.visibility]:
        return False
    if claim.status is ClaimStatus.DRAFT:
        return seen_by >= Audience.INTERNAL
    return any(attribution.audience <= seen_by for attribution in rows.attributions)


def _visible_to(rows: ClaimRows) -> Visibility:
    """The widest audience that the claim exists for, embargoes apart; the same to all of them that it exists for."""
    return VISIBILITY_OF[next((seen_by for seen_by in Audience if _exists_for(rows, seen_by)), Audience.RESTRICTED)]


def attribution_audience(rows: ClaimRows, attribution: Attribution) -> Audience:
    """The widest audience that may see everything the attribution names."""
    parts = [rows.document_audience[attribution.document_id]]
    if attribution.terms is Terms.OFF_THE_RECORD:
        parts.append(Audience.RESTRICTED)
    for hop in rows.hops[attribution.id]:
        parts.append(rows.source_audience[hop.source_id])
        if hop.document_id is not None:
            parts.append(rows.document_audience[hop.document_id])
    return max(parts)


def known_to(rows: ClaimRows, attribution_id: str | None) -> Audience:
    """The widest audience that may know of the claim, or of one of its attributions, once the claim is out."""
    seen_from = {row.id: attribution_audience(rows, row) for row in rows.attributions}
    widest = min(seen_from.values(), default=Audience.PUBLIC) if attribution_id is None else seen_from[attribution_id]
    return max(widest, AUDIENCE_OF[rows.claim.visibility])


def claim_content(rows: ClaimRows, seen_by: Audience) -> Content:
    """What an audience reads of the claim, version and time of change apart."""
    claim = rows.claim
    attributions = [attribution for attribution in rows.attributions if attribution.audience <= seen_by]
    shown = {attribution.id for attribution in attributions}
    assessments = sorted(
        (row for row in rows.assessments if row.attribution_id is None or row.attribution_id in shown),
        key=lambda row: (row.assessed_at, row.position),
        reverse=True,
    )
    return {
        "id": claim.id,
        "statement": claim.statement,
        "language": claim.language,
        "kind": claim.kind,
        "topics": [row.topic for row in rows.topics],
        "place": _place(claim),
        "occurred": _occurred(claim),
        "quantities": [quantity_content(row) for row in rows.quantities],
        "visibility": claim.visibility,
        "visible_to": _visible_to(rows),
        "embargo_until": claim.embargo_until,
        "status": claim.status,
        "retraction": None
        if claim.retracted_at is None
        else {"reason": claim.retraction_reason, "retracted_at": claim.retracted_at},
        "attributions": [_attribution(row, rows.hops[row.id]) for row in attributions],
        "headline_assessment_id": _headline_id(assessments),
        "assessments": [_assessment(rows, row, assessments, seen_by) for row in assessments],
        "recorded_at": claim.recorded_at,
    }


def _place(claim: Claim) -> Content | None:
    place = {
        "name": claim.place_name,
        "country": claim.place_country,
        "latitude": claim.place_latitude,
        "longitude": claim.place_longitude,
    }
    return place if any(value is not None for value in place.values()) else None


def _occurred(claim: Claim) -> Content | None:
    if claim.occurred_mode is None:
        return None
    return {
        "verbatim": claim.occurred_verbatim,
        "edtf": claim.occurred_edtf,
        "earliest": day_text(claim.occurred_earliest_day),
        "latest": day_text(claim.occurred_latest_day),
        "mode": claim.occurred_mode,
        "anchor_on": claim.occurred_anchor_on,
        "resolution": claim.occurred_resolution,
    }


def quantity_content(row: Quantity) -> Content:
    """What is read of a quantity; whether its bounds hold is worked out of the numbers."""
    low, best, high = (None if given is None else Decimal(given) for given in (row.low, row.best, row.high))
    return {
        "verbatim": row.verbatim,
        "best": row.best,
        "low": row.low,
        "high": row.high,
        "unit": row.unit,
        "unit_kind": row.unit_kind,
        "currency": row.currency,
        "per": row.per,
        "approximation": row.approximation,
        "quantifier": row.quantifier,
        "part_of": row.part_of,
        "bounds_basis": row.bounds_basis,
        "bounds_consistent": QuantityValue.model_construct(low=low, best=best, high=high).bounds_consistent,
    }


def _attribution(row: Attribution, hops: Sequence[Hop]) -> Content:
    return {
        "id": row.id,
        "document_id": row.document_id,
        "stance": row.stance,
        "speech": row.speech,
        "cue": row.cue,
        "hedge": row.hedge,
        "terms": row.terms,
        "anonymity_reason": row.anonymity_reason,
        "quote": row.quote,
        "said": row.said,
        "said_earliest": day_text(row.said_earliest_day),
        "said_latest": day_text(row.said_latest_day),
        "chain": [
            {
                "position": hop.position,
                "role": hop.role,
                "source_id": hop.source_id,
                "document_id": hop.document_id,
            }
            for hop in hops
        ],
    }


def _headline_id(assessments: Sequence[Assessment]) -> str | None:
    """The newest assessment of the claim itself that none of the others supersedes."""
    superseded = {row.supersedes_id for row in assessments}
    return next((row.id for row in assessments if row.attribution_id is None and row.id not in superseded), None)


def _assessment(rows: ClaimRows, row: Assessment, shown: Sequence[Assessment], seen_by: Audience) -> Content:
    evidence = [piece for piece in rows.evidence[row.id] if _evidence_audience(rows, piece) <= seen_by]
    return {
        "id": row.id,
        "attribution_id": row.attribution_id,
        "assessor": row.assessor,
        "credibility": row.credibility,
        "confidence": row.confidence,
        "confidence_given": row.confidence_given,
        "likelihood": row.likelihood,
        "likelihood_range": None
        if row.likelihood is None
        else {"low": row.likelihood.low_percent, "high": row.likelihood.high_percent},
        "verdict": row.verdict,
        "rating_label": row.rating_label,
        "rationale": row.rationale,
        "evidence": [
            {"relation": piece.relation, "document_id": piece.document_id, "url": piece.url, "note": piece.note}
            for piece in evidence
        ],
        "review_url": row.review_url,
        "assessed_at": row.assessed_at,
        "supersedes_id": row.supersedes_id if row.supersedes_id in {other.id for other in shown} else None,
        "recorded_at": row.recorded_at,
    }


def _evidence_audience(rows: ClaimRows, piece: Evidence) -> Audience:
    return Audience.PUBLIC if piece.document_id is None else rows.document_audience[piece.document_id]


def record_relation(unit: Unit, relation: Relation, action: ChangeAction) -> None:
    """Records a write of the relation, which exists for those who may see both claims."""
    unit.session.flush()
    ends = queries.locked_claims(unit.session, [relation.claim_id, relation.other_claim_id])
    seen_from = queries.first_audiences(unit.session, ends)
    contents = relation_contents(relation, seen_from)
    embargo = latest_embargo(ends.values())
    record_change(unit, Written(ResourceKind.RELATION, relation.id, action, contents, embargo_until=embargo))


def relation_contents(relation: Relation, seen_from: Mapping[str, Audience]) -> list[Content | None]:
    """What each audience reads of the relation, given from which audience on each claim that any may see is seen.

    A claim that nobody can see has no rendition; then nobody sees the relation either.
    """
    ends = [seen_from.get(claim_id) for claim_id in (relation.claim_id, relation.other_claim_id)]
    return [
        relation_content(relation) if all(end is not None and seen_by >= end for end in ends) else None
        for seen_by in Audience
    ]


def latest_embargo(claims: Iterable[Claim]) -> datetime | None:
    """Until when the public is not to know of all of the claims; None without an embargo."""
    return max((claim.embargo_until for claim in claims if claim.embargo_until is not None), default=None)


def relation_content(relation: Relation) -> Mapping[str, Any]:
    """What is read of a relation between claims, version and time of change apart."""
    return {
        "id": relation.id,
        "claim_id": relation.claim_id,
        "other_claim_id": relation.other_claim_id,
        "kind": relation.kind,
        "status": relation.status,
        "score": relation.score,
        "note": relation.note,
        "decided_by": relation.decided_by,
        "decided_at": relation.decided_at,
        "recorded_at": relation.recorded_at,
    }
