"""Routes of assessments: what we and others think of a claim."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import AssessmentWrites, ClaimReads, guarded_router
from app.assessments import queries, service
from app.assessments.schemas import AssessmentCreate, AssessmentPage
from app.canonical.claim_schemas import ASSESSMENT_ID, AssessmentReply
from app.canonical.schemas import CLAIM_ID
from app.kit.paging import PageParameters
from app.kit.schemas import Id

router = guarded_router("/claims/{claim_id}/assessments", "Assessments")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]
AssessmentId = Annotated[Id, Path(description="Id of the assessment.", examples=[ASSESSMENT_ID])]


@router.get("", response_model=AssessmentPage)
def list_assessments(read: ClaimReads, claim_id: ClaimId, page: Annotated[PageParameters, Query()]) -> Response:
    """List what every assessor thinks of a claim, the newest first."""
    return read(lambda unit: queries.list_assessments(unit, claim_id, page))


@router.post("", status_code=201, response_model=AssessmentReply)
def create_assessment(write: AssessmentWrites, claim_id: ClaimId, body: AssessmentCreate) -> Response:
    """Add an assessment of a claim, or of one of its attributions.

    Assessments are never changed: a later one may supersede an earlier one. Confidence is a number from 0 to 100 or a
    value on a scale of STIX 2.1 Appendix A; what cannot be judged (Admiralty credibility 6) has a null confidence,
    never 0. Likelihood says how probable the claim is, confidence how sure the assessor is: the two are not mixed.
    """
    return write(lambda unit: service.create_assessment(unit, claim_id, body))


@router.get("/{assessment_id}", response_model=AssessmentReply)
def get_assessment(read: ClaimReads, claim_id: ClaimId, assessment_id: AssessmentId) -> Response:
    """Read one assessment. Its ETag is that of the claim's version."""
    return read(lambda unit: queries.get_assessment(unit, claim_id, assessment_id))
