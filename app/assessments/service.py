"""Records what an assessor thinks of a claim. Assessments are added, never changed."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, Final

from app.access.principals import AUDIENCE_OF, VISIBILITY_OF
from app.access.units import Reply, Unit
from app.assessments import queries
from app.assessments.schemas import AssessmentCreate, ConfidenceOnScale, EvidenceCreate, FirstAssessment
from app.canonical import queries as rows
from app.canonical.bounds import check_claim_size
from app.canonical.claim_contents import known_to
from app.canonical.claim_schemas import AssessmentFields
from app.canonical.claims import locked_claim, record_claim_rows
from app.canonical.named import Named
from app.canonical.queries import ClaimRows
from app.canonical.release import release_of
from app.canonical.replies import part, readable
from app.documents.service import add_document
from app.kit.ids import random_id
from app.kit.problems import AlreadyExists, invalid
from app.kit.urls import site_of
from app.models import Assessment, Evidence
from app.models.vocabulary import ChangeAction, ConfidenceScale, ResourceKind, Scope

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far a client's clock may be ahead of ours. An assessment of next year would be the headline until then."""


def create_assessment(unit: Unit, claim_id: str, sent: AssessmentCreate) -> Reply:
    """Records an assessment of the claim and answers with it.

    Raises NotFound, Stale, AlreadyExists where the superseded assessment has a successor, and Invalid for an
    attribution or assessment that the caller cannot read in the claim.
    """
    named = Named(unit, outlets_named([sent]), evidence_named([sent]))
    claim_rows = rows.claim_rows(unit.session, locked_claim(unit, claim_id))
    _check_names(unit, claim_id, sent)
    assessment = add_assessment(unit, named, claim_rows, sent)
    named.record()
    record_claim_rows(unit, claim_rows, ChangeAction.UPDATED)
    check_claim_size(unit, claim_id)
    reply = part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "assessments", assessment.id)
    return reply.created(f"/v1/claims/{claim_id}/assessments/{assessment.id}")


def _check_names(unit: Unit, claim_id: str, sent: AssessmentCreate) -> None:
    shown = queries.parts_of(unit, claim_id)
    if sent.attribution_id is not None and sent.attribution_id not in shown.attributions:
        raise invalid("/attribution_id", "unknown_reference", "The claim has no such attribution.")
    if sent.supersedes_id is None:
        return
    if sent.supersedes_id not in shown.assessed:
        raise invalid("/supersedes_id", "unknown_reference", "The claim has no such assessment.")
    if shown.assessed[sent.supersedes_id] != sent.attribution_id:
        raise invalid("/supersedes_id", "wrong_subject", "An assessment supersedes one of the same thing.")
    if sent.supersedes_id in shown.superseded:
        raise AlreadyExists("That assessment has been superseded already; supersede its successor.")


def evidence_named(assessments: Iterable[FirstAssessment]) -> Iterator[str | None]:
    """Ids of the documents that new assessments rest on."""
    return (piece.document_id for assessment in assessments for piece in assessment.evidence)


def outlets_named(assessments: Iterable[FirstAssessment]) -> Iterator[str | None]:
    """Ids of the outlets of documents that come along with new assessments."""
    evidence = (piece for assessment in assessments for piece in assessment.evidence)
    return (piece.document.outlet_id for piece in evidence if piece.document is not None)


def add_assessment(
    unit: Unit, named: Named, claim_rows: ClaimRows, sent: FirstAssessment, *, pointer: str = ""
) -> Assessment:
    """The assessment, added to the claim's rows, which have yet to be recorded.

    `named` holds what it names, and `pointer` leads to it in the request.

    Raises Invalid for evidence that the caller cannot read, and Forbidden for new documents of a key that may not
    record any.
    """
    if sent.assessed_at is not None and sent.assessed_at > unit.now + CLOCK_SKEW:
        raise invalid(f"{pointer}/assessed_at", "out_of_range", "An assessment cannot be made at a time to come.")
    # The claims of a batch are recorded some microseconds later one than the other.
    recorded_at = max(unit.now, claim_rows.claim.recorded_at)
    assessment = Assessment(
        claim_id=claim_rows.claim.id,
        id=random_id(),
        position=1 + max((each.position for each in claim_rows.assessments), default=-1),
        attribution_id=getattr(sent, "attribution_id", None),
        supersedes_id=getattr(sent, "supersedes_id", None),
        assessed_at=sent.assessed_at or recorded_at,
        recorded_at=recorded_at,
        review_site=None if sent.review_url is None else site_of(sent.review_url),
        **_confidence(sent),
        **{name: getattr(sent, name) for name in AssessmentFields.model_fields},
    )
    claim_rows.evidence[assessment.id] = _evidence(unit, named, claim_rows, assessment, sent, pointer)
    claim_rows.assessments.append(assessment)
    return assessment


def _confidence(sent: FirstAssessment) -> dict[str, Any]:
    given = sent.confidence
    if given is None:
        return {"confidence": None, "confidence_given": None}
    if isinstance(given, ConfidenceOnScale):
        return {"confidence": given.number, "confidence_given": {"scale": given.scale, "value": given.value}}
    return {"confidence": given, "confidence_given": {"scale": ConfidenceScale.PERCENT, "value": given}}


def _evidence(
    unit: Unit, named: Named, claim_rows: ClaimRows, assessment: Assessment, sent: FirstAssessment, pointer: str
) -> list[Evidence]:
    ids = {f"{pointer}/evidence/{at}/document_id": piece.document_id for at, piece in enumerate(sent.evidence)}
    named.check(ResourceKind.DOCUMENT, ids)
    recorded = {each: named.document_audience[each] for each in ids.values() if each is not None}
    claim_rows.document_audience.update(recorded)
    return [
        Evidence(
            claim_id=assessment.claim_id,
            assessment_id=assessment.id,
            position=position,
            relation=piece.relation,
            document_id=_document_id(
                unit, named, claim_rows, assessment.attribution_id, piece, f"{pointer}/evidence/{position}/document"
            ),
            url=piece.url,
            note=piece.note,
        )
        for position, piece in enumerate(sent.evidence)
    ]


def _document_id(
    unit: Unit, named: Named, claim_rows: ClaimRows, attribution_id: str | None, piece: EvidenceCreate, pointer: str
) -> str | None:
    """The document that the piece names, if it names one; a new one is recorded, as visible as what is assessed."""
    if piece.document is None:
        return piece.document_id
    unit.principal.require(Scope.CLAIMS_WRITE)
    new, embargo = piece.document, None
    if "visibility" not in new.model_fields_set:
        new = new.model_copy(update={"visibility": VISIBILITY_OF[known_to(claim_rows, attribution_id)]})
        embargo = release_of(claim_rows.claim, unit.now)
    document = add_document(unit, named, new, embargo_until=embargo, pointer=pointer)
    claim_rows.document_audience[document.id] = AUDIENCE_OF[document.visibility]
    return document.id
