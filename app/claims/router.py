"""Routes of claims: the statements, their history, and what a source has said."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, ClaimWrites, guarded_router
from app.access.units import Reply, Unit
from app.canonical.claim_schemas import ClaimListed, ClaimReply
from app.canonical.schemas import CLAIM_ID, SOURCE_ID
from app.claims import history, queries, service
from app.claims.schemas import (
    ClaimBatch,
    ClaimCreate,
    ClaimPage,
    ClaimParameters,
    ClaimPatch,
    ClaimsCreated,
    HistoryPage,
    RetractRequest,
)
from app.filters.schemas import ClaimFilter, SourceClaimFilter
from app.kit.paging import PageParameters, chosen_fields
from app.kit.schemas import Id

router = guarded_router("/claims", "Claims")
source_router = guarded_router("/sources/{source_id}/claims", "Claims")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]
SourceId = Annotated[Id, Path(description="Id of the source.", examples=[SOURCE_ID])]


@source_router.get("", response_model=ClaimPage)
def list_claims_of_source(
    read: ClaimReads, source_id: SourceId, wanted: Annotated[SourceClaimFilter, Query()]
) -> Response:
    """What has this source said? List its claims, the newest first, with everything they name.

    By default the claims that originate with the source; with `source_role=any` also those that it passed on or
    published.
    """
    return read(lambda unit: queries.list_claims_of_source(unit, source_id, wanted))


@router.get("", response_model=ClaimPage)
def list_claims(read: ClaimReads, wanted: Annotated[ClaimFilter, Query()]) -> Response:
    """List claims, the newest first, with everything they name."""
    return read(lambda unit: queries.list_claims(unit, wanted))


@router.post("", status_code=201, response_model=ClaimReply)
def create_claim(write: ClaimWrites, body: ClaimCreate) -> Response:
    """Record a claim with who said it, where we read it, through whom it reached us, and what we think of it.

    One call records new sources and documents along with it, all or nothing. Unless they say otherwise they are as
    visible as the attribution that names them, and come out with the claim: not before it is published and its embargo
    is over. Numbers and dates are kept as given: bounds that nobody gave are not made up. A claim that the public is
    to read, now or after its embargo, needs the scope `claims:publish` as well.
    """
    return write(lambda unit: service.create_claim(unit, body))


@router.post("/batch", status_code=201, response_model=ClaimsCreated)
def create_claims(write: ClaimWrites, body: ClaimBatch) -> Response:
    """Record up to 100 claims in one transaction: all of them, or none and a problem that points to what is wrong."""
    return write(lambda unit: service.create_claims(unit, body))


@router.get("/{claim_id}", response_model=ClaimReply)
def get_claim(read: ClaimReads, claim_id: ClaimId, wanted: Annotated[ClaimParameters, Query()]) -> Response:
    """Read one claim with its attributions, their chains, its assessments, and everything they name.

    `as_of` reads it as it stood at an instant, without what is hidden from the reader today.
    """

    def work(unit: Unit) -> Reply:
        fields = chosen_fields(wanted.fields, list(ClaimListed.model_fields))
        if wanted.as_of is not None:
            return history.claim_as_of(unit, claim_id, wanted.as_of, fields)
        return queries.get_claim(unit, claim_id, fields)

    return read(work)


@router.patch("/{claim_id}", response_model=ClaimReply)
def patch_claim(write: ClaimWrites, claim_id: ClaimId, body: ClaimPatch) -> Response:
    """Change a claim with a JSON Merge Patch; a draft is published by its `status`.

    What lets the public read it, or read it sooner, needs the scope `claims:publish` as well.
    """
    return write(lambda unit: service.patch_claim(unit, claim_id, body))


@router.post("/{claim_id}/retract", response_model=ClaimReply)
def retract_claim(write: ClaimWrites, claim_id: ClaimId, body: RetractRequest) -> Response:
    """Withdraw a published claim for a reason. It is never deleted: it stays readable, with the reason."""
    return write(lambda unit: service.retract_claim(unit, claim_id, body))


@router.get("/{claim_id}/history", response_model=HistoryPage)
def list_versions(read: ClaimReads, claim_id: ClaimId, page: Annotated[PageParameters, Query()]) -> Response:
    """List the versions of a claim, the newest first, each with the claim as it stood from then on.

    What is hidden from the reader today is hidden in the past too.
    """
    return read(lambda unit: history.list_versions(unit, claim_id, page))
