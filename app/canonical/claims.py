"""Renders and records claims with all that hangs on them, and how claims stand to one another.

Whoever may not see a source, or anything else that an attribution names, does not see the attribution, nor what was
assessed of it; and a published claim that nobody the reader may see has made does not exist for that reader.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.canonical import queries
from app.canonical.queries import ClaimRows
from app.canonical.replies import readable
from app.canonical.values import Quantity as QuantityValue
from app.changes.record import Content, Written, record_change
from app.kit.edtf import day_text
from app.kit.problems import Conflict, NotFound
from app.models import Assessment, Attribution, Claim, Evidence, Hop, Quantity, Relation
from app.models.vocabulary import ChangeAction, ClaimStatus, ResourceKind, Terms


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
    rows = queries.claim_rows(unit.session, claim)
    for attribution in rows.attributions:
        attribution.audience = _attribution_audience(rows, attribution)
    seen_before = queries.first_audiences(unit.session, [claim.id]).get(claim.id)
    contents = claim_contents(rows)
    record_change(unit, Written(ResourceKind.CLAIM, claim.id, action, contents, embargo_until=claim.embargo_until))
    unit.session.flush()
    if action is ChangeAction.CREATED:
        return
    if (
        seen_before != queries.first_audiences(unit.session, [claim.id]).get(claim.id)
        or claim.embargo_until is not None
    ):
        for relation in queries.relations_of_claim(unit.session, claim.id):
            record_relation(unit, relation, ChangeAction.UPDATED)


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


def _attribution_audience(rows: ClaimRows, attribution: Attribution) -> Audience:
    """The widest audience that may see everything the attribution names."""
    parts = [rows.document_audience[attribution.document_id]]
    if attribution.terms is Terms.OFF_THE_RECORD:
        parts.append(Audience.RESTRICTED)
    for hop in rows.hops[attribution.id]:
        parts.append(rows.source_audience[hop.source_id])
        if hop.document_id is not None:
            parts.append(rows.document_audience[hop.document_id])
    return max(parts)


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
    # A claim that nobody can see has no rendition; then nobody sees the relation either.
    hidden = len(seen_from) < len(ends)
    contents = [
        relation_content(relation) if not hidden and seen_by >= max(seen_from.values()) else None
        for seen_by in Audience
    ]
    embargoes = [claim.embargo_until for claim in ends.values() if claim.embargo_until is not None]
    written = Written(
        ResourceKind.RELATION, relation.id, action, contents, embargo_until=max(embargoes) if embargoes else None
    )
    record_change(unit, written)


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
