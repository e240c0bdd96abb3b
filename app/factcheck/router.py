"""The route that clients of Google's Fact Check Tools ask, at the path and in the words of that API."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.routing import ClaimReads
from app.factcheck import service
from app.factcheck.problems import GoogleRoute
from app.factcheck.schemas import FactCheckPage, FactCheckQuestion

router = APIRouter(prefix="/v1alpha1", tags=["Fact checks"], route_class=GoogleRoute)


@router.get("/claims:search", response_model=FactCheckPage)
def search_fact_checks(read: ClaimReads, wanted: Annotated[FactCheckQuestion, Query()]) -> Response:
    """Search published claims that have a published review, in the form of Google's Fact Check Tools API (v1alpha1).

    A review is an assessment of the claim itself with a `review_url` and a `verdict` or a `rating_label` that nothing
    supersedes; a claim has those of every assessor, and is left out where all of it was said off the record. The
    newest recorded claims come first, and following `nextPageToken` visits each once, whatever is recorded meanwhile.

    Clients of that API work once they are pointed here and send an API key as a bearer token; a `key` in the address
    lets nobody in. Problems have the member `error` that they look for. `claims:imageSearch` is not offered.
    """
    return read(lambda unit: service.search(unit, wanted))
