"""Routes of attributions: who asserted a claim."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, ClaimWrites, guarded_router
from app.attributions import queries, service
from app.attributions.schemas import AttributionCreate, AttributionPage, AttributionPatch
from app.canonical.claim_schemas import ATTRIBUTION_ID, AttributionReply
from app.canonical.schemas import CLAIM_ID
from app.kit.paging import PageParameters
from app.kit.schemas import Id

router = guarded_router("/claims/{claim_id}/attributions", "Attributions")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]
AttributionId = Annotated[Id, Path(description="Id of the attribution.", examples=[ATTRIBUTION_ID])]


@router.get("", response_model=AttributionPage)
def list_attributions(read: ClaimReads, claim_id: ClaimId, page: Annotated[PageParameters, Query()]) -> Response:
    """List who asserted a claim, in the order in which that came out for you, each with its chain."""
    return read(lambda unit: queries.list_attributions(unit, claim_id, page))


@router.post("", status_code=201, response_model=AttributionReply)
def create_attribution(write: ClaimWrites, claim_id: ClaimId, body: AttributionCreate) -> Response:
    """Record that someone asserted the claim, in which document and words, and through whom it reached us.

    The chain begins with the origin. An outlet that speaks in its own voice is the origin itself, with the role
    `outlet`. A quote that is not in the document's recorded text is refused, with `nearest` to say where to look.
    New sources and documents need no call of their own; a new source needs the scope `sources:write`.
    """
    return write(lambda unit: service.create_attribution(unit, claim_id, body))


@router.get("/{attribution_id}", response_model=AttributionReply)
def get_attribution(read: ClaimReads, claim_id: ClaimId, attribution_id: AttributionId) -> Response:
    """Read one attribution. Its ETag is that of the claim's version."""
    return read(lambda unit: queries.get_attribution(unit, claim_id, attribution_id))


@router.patch("/{attribution_id}", response_model=AttributionReply)
def patch_attribution(
    write: ClaimWrites, claim_id: ClaimId, attribution_id: AttributionId, body: AttributionPatch
) -> Response:
    """Change an attribution with a JSON Merge Patch; If-Match takes the claim's ETag."""
    return write(lambda unit: service.patch_attribution(unit, claim_id, attribution_id, body))


@router.delete("/{attribution_id}", status_code=204)
def remove_attribution(write: ClaimWrites, claim_id: ClaimId, attribution_id: AttributionId) -> Response:
    """Remove an attribution and what was assessed of it; If-Match takes the claim's ETag. The history keeps both.

    The last attribution of a published claim stays: retract the claim instead.
    """
    return write(lambda unit: service.remove_attribution(unit, claim_id, attribution_id))
