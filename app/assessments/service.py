"""Records what an assessor thinks of a claim. Assessments are added, never changed."""

from typing import Any

from app.access.units import Reply, Unit
from app.assessments import queries
from app.assessments.schemas import AssessmentCreate, ConfidenceOnScale, FirstAssessment
from app.canonical import queries as rows
from app.canonical.claim_schemas import AssessmentFields
from app.canonical.claims import locked_claim, record_claim
from app.canonical.replies import check_references, part, readable
from app.documents.service import add_document
from app.kit.ids import ordered_id
from app.kit.problems import AlreadyExists, invalid
from app.models import Assessment, Claim, Document, Evidence
from app.models.vocabulary import ChangeAction, ConfidenceScale, ResourceKind, Scope


def create_assessment(unit: Unit, claim_id: str, sent: AssessmentCreate) -> Reply:
    """Records an assessment of the claim and answers with it.

    Raises NotFound, Stale, AlreadyExists where the superseded assessment has a successor, and Invalid for an
    attribution or assessment that the caller cannot read in the claim.
    """
    claim = locked_claim(unit, claim_id)
    _check_names(unit, claim_id, sent)
    assessment = add_assessment(unit, claim, sent)
    record_claim(unit, claim, ChangeAction.UPDATED)
    unit.session.flush()
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


def add_assessment(unit: Unit, claim: Claim, sent: FirstAssessment, *, pointer: str = "") -> Assessment:
    """The assessment, added to the claim, which the caller has yet to record. `pointer` leads to it in the request.

    Raises Invalid for evidence that the caller cannot read, and Forbidden for new documents of a key that may not
    record any.
    """
    assessment = Assessment(
        claim_id=claim.id,
        id=ordered_id(),
        position=queries.next_position(unit.session, claim.id),
        attribution_id=getattr(sent, "attribution_id", None),
        supersedes_id=getattr(sent, "supersedes_id", None),
        assessed_at=sent.assessed_at or unit.now,
        recorded_at=unit.now,
        **_confidence(sent),
        **{name: getattr(sent, name) for name in AssessmentFields.model_fields},
    )
    unit.session.add(assessment)
    unit.session.flush()
    _add_evidence(unit, claim, assessment, sent, pointer)
    return assessment


def _confidence(sent: FirstAssessment) -> dict[str, Any]:
    given = sent.confidence
    if given is None:
        return {"confidence": None, "confidence_given": None}
    if isinstance(given, ConfidenceOnScale):
        return {"confidence": given.number, "confidence_given": {"scale": given.scale, "value": given.value}}
    return {"confidence": given, "confidence_given": {"scale": ConfidenceScale.PERCENT, "value": given}}


def _add_evidence(unit: Unit, claim: Claim, assessment: Assessment, sent: FirstAssessment, pointer: str) -> None:
    named = {f"{pointer}/evidence/{at}/document_id": piece.document_id for at, piece in enumerate(sent.evidence)}
    check_references(unit, ResourceKind.DOCUMENT, named)
    rows.held(unit.session, Document, [each for each in named.values() if each is not None])
    for position, piece in enumerate(sent.evidence):
        document_id = piece.document_id
        if piece.document is not None:
            unit.principal.require(Scope.CLAIMS_WRITE)
            given = "visibility" in piece.document.model_fields_set
            new = piece.document if given else piece.document.model_copy(update={"visibility": claim.visibility})
            document_id = add_document(unit, new, pointer=f"{pointer}/evidence/{position}/document").id
        unit.session.add(
            Evidence(
                claim_id=claim.id,
                assessment_id=assessment.id,
                position=position,
                relation=piece.relation,
                document_id=document_id,
                url=piece.url,
                note=piece.note,
            )
        )
