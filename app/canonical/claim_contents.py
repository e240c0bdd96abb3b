"""Renders claims: what each audience reads of a claim with all that hangs on it.

Whoever may not see a source, or anything else that an attribution names, does not see the attribution, nor what was
assessed of it; and a published claim that nobody the reader may see has made does not exist for that reader.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import orjson

from app.access.principals import AUDIENCE_OF, VISIBILITY_OF, Audience
from app.access.visibility import sees
from app.canonical.coming_out import PART, RETRACTION, came_out, note_coming_out, place_of
from app.canonical.queries import ClaimRows
from app.canonical.replies import NAMES, ids_in
from app.canonical.told import told_edtf, told_instant
from app.canonical.values import are_in_order
from app.changes.record import Content, Out, opening
from app.kit.edtf import day_text
from app.models import Assessment, Attribution, Claim, Evidence, Quantity
from app.models.vocabulary import ClaimStatus, Terms, Visibility


def claim_contents(rows: ClaimRows, out: Sequence[Out]) -> list[Content | None]:
    """What each audience reads of the claim; None where it does not exist for it."""
    return [claim_content(rows, seen_by, out[seen_by]) if _exists_for(rows, seen_by) else None for seen_by in Audience]


def rests_on_unnamed(rows: ClaimRows, seen_by: Audience) -> bool:
    """Whether a source that the reporting does not name stands in a chain that the audience may know of."""
    return any(
        hop.source_id in rows.unnamed_sources
        for attribution in rows.attributions
        if sees(seen_by, attribution.audience)
        for hop in rows.hops[attribution.id]
    )


def rests_on(claim: Content) -> str | None:
    """`Change.rests_on` of a version of the claim."""
    if claim["status"] == ClaimStatus.DRAFT:
        return None
    gone_by = {each["id"]: sorted(ids_in([each], NAMES)) for each in claim["attributions"]}
    return orjson.dumps(gone_by, option=orjson.OPT_SORT_KEYS).decode()


def date_parts(rows: ClaimRows, at: datetime, now: datetime) -> None:
    """Notes of all that hangs on the claim, written at that instant, when it came out for each audience.

    The audiences of the attributions must be known.
    """
    opens_at = opening(at, rows.claim.embargo_until)
    exists = {seen_by: opens_at[seen_by] for seen_by in Audience if _exists_for(rows, seen_by)}
    note_coming_out(rows.claim, RETRACTION, exists if rows.claim.status is ClaimStatus.RETRACTED else {}, now)
    shown: dict[str | None, dict[Audience, datetime]] = {None: exists}
    for attribution in rows.attributions:
        shown[attribution.id] = {each: exists[each] for each in exists if sees(each, attribution.audience)}
        note_coming_out(attribution, PART, shown[attribution.id], now)
    for assessment in rows.assessments:
        note_coming_out(assessment, PART, shown[assessment.attribution_id], now)


def _exists_for(rows: ClaimRows, seen_by: Audience) -> bool:
    claim = rows.claim
    if not sees(seen_by, AUDIENCE_OF[claim.visibility]):
        return False
    if claim.status is ClaimStatus.DRAFT:
        return sees(seen_by, Audience.INTERNAL)
    return any(sees(seen_by, attribution.audience) for attribution in rows.attributions)


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


def claim_content(rows: ClaimRows, seen_by: Audience, out: Out) -> Content:
    """What an audience reads of the claim, version and time of change apart."""
    claim = rows.claim
    attributions = sorted(
        (row for row in rows.attributions if sees(seen_by, row.audience)), key=lambda row: place_of(row, seen_by)
    )
    shown = {attribution.id for attribution in attributions}
    assessments = sorted(
        (row for row in rows.assessments if row.attribution_id is None or row.attribution_id in shown),
        key=lambda row: (_assessed_at(row, seen_by), row.position),
        reverse=True,
    )
    return {
        "id": claim.id,
        "statement": claim.statement,
        "language": claim.language,
        "kind": claim.kind,
        "topics": [row.topic for row in rows.topics],
        "place": _place(claim),
        "occurred": _occurred(claim, out),
        "quantities": [quantity_content(row) for row in rows.quantities],
        "visibility": claim.visibility,
        "visible_to": _visible_to(rows),
        "embargo_until": told_instant(claim.embargo_until, out),
        "status": claim.status,
        "retraction": _retraction(claim, seen_by, out),
        "attributions": [_attribution(rows, row, out) for row in attributions],
        "headline_assessment_id": _headline_id(assessments),
        "assessments": [_assessment(rows, row, assessments, seen_by, out) for row in assessments],
        "recorded_at": out.at,
    }


def _retraction(claim: Claim, seen_by: Audience, out: Out) -> Content | None:
    if claim.retracted_at is None:
        return None
    at = came_out(claim, RETRACTION, seen_by) or claim.retracted_at
    return {"reason": claim.retraction_reason, "retracted_at": out.told(at)}


def _place(claim: Claim) -> Content | None:
    place = {
        "name": claim.place_name,
        "country": claim.place_country,
        "latitude": claim.place_latitude,
        "longitude": claim.place_longitude,
    }
    return place if any(value is not None for value in place.values()) else None


def _occurred(claim: Claim, out: Out) -> Content | None:
    if claim.occurred_mode is None:
        return None
    return {
        "verbatim": claim.occurred_verbatim,
        "edtf": told_edtf(claim.occurred_edtf, out),
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
        "bounds_consistent": are_in_order(low, best, high),
    }


def _attribution(rows: ClaimRows, row: Attribution, out: Out) -> Content:
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
        "said": told_edtf(row.said, out),
        "said_earliest": day_text(row.said_earliest_day),
        "said_latest": day_text(row.said_latest_day),
        "chain": [
            {
                "position": hop.position,
                "role": hop.role,
                "source_id": hop.source_id,
                "document_id": hop.document_id,
            }
            for hop in rows.hops[row.id]
        ],
    }


def _headline_id(assessments: Sequence[Assessment]) -> str | None:
    """The newest assessment of the claim itself that none of the others supersedes."""
    superseded = {row.supersedes_id for row in assessments}
    return next((row.id for row in assessments if row.attribution_id is None and row.id not in superseded), None)


def _came_out(row: Assessment, seen_by: Audience) -> datetime:
    """When the assessment came out for the audience, or comes out."""
    return came_out(row, PART, seen_by) or row.recorded_at


def _assessed_at(row: Assessment, seen_by: Audience) -> datetime:
    """When it was made, if that was recorded; else when it came out for the audience."""
    return _came_out(row, seen_by) if row.assessed_at == row.recorded_at else row.assessed_at


def _assessment(rows: ClaimRows, row: Assessment, shown: Sequence[Assessment], seen_by: Audience, out: Out) -> Content:
    evidence = [piece for piece in rows.evidence[row.id] if sees(seen_by, _evidence_audience(rows, piece))]
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
            {
                "relation": piece.relation,
                "document_id": piece.document_id,
                "url": piece.url,
                "note": piece.note,
            }
            for piece in evidence
        ],
        "review_url": row.review_url,
        "assessed_at": out.told(_assessed_at(row, seen_by)),
        "supersedes_id": row.supersedes_id if row.supersedes_id in {other.id for other in shown} else None,
        "recorded_at": out.told(_came_out(row, seen_by)),
    }


def _evidence_audience(rows: ClaimRows, piece: Evidence) -> Audience:
    return Audience.PUBLIC if piece.document_id is None else rows.document_audience[piece.document_id]
