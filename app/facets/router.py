"""The route that counts claims."""

from typing import Annotated

from fastapi import Query, Response

from app.access.routing import ClaimReads, guarded_router
from app.facets import queries
from app.facets.schemas import FacetFilter, Facets

router = guarded_router("/claims", "Claims")


@router.get("/facets", response_model=Facets)
def count_claims(read: ClaimReads, wanted: Annotated[FacetFilter, Query()]) -> Response:
    """Count the claims that meet every filter, by topic, verdict, source or whatever else is asked for.

    The filters are those of the list of claims; each value that is counted can be sent as one of them. Whoever asks
    gets counts of what they may read.
    """
    return read(lambda unit: queries.count_claims(unit, wanted))
