"""Routes of "Said before?": which claims say what a text says, and which say what a claim says."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, guarded_router
from app.canonical.schemas import CLAIM_ID
from app.kit.schemas import Id
from app.search import service
from app.search.schemas import Matches, MatchRequest, SimilarClaims, SimilarParameters

router = guarded_router("", "Said before")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]


@router.post("/match", response_model=Matches)
def match_text(read: ClaimReads, body: MatchRequest) -> Response:
    """Was this said before? Find the claims that say what a text says, the best first.

    Send a post, a sentence or a whole claim; addresses in it do not count, and hashtags and handles are read as the
    words in them. It compares words, of the statements, and of the title of a document where it is about one claim
    alone, as that of a fact-check is. A text of nothing but function words ("the", "is it") finds nothing. Drafts and
    what is embargoed are found by those who may read them. Nothing is recorded.
    """
    return read(lambda unit: service.match(unit, body))


@router.get("/claims/{claim_id}/similar", response_model=SimilarClaims)
def list_similar_claims(read: ClaimReads, claim_id: ClaimId, wanted: Annotated[SimilarParameters, Query()]) -> Response:
    """Find the claims that say what a claim says, the best first, and how each is recorded to stand to it.

    What is alike and has no relation yet may be a duplicate, a correction or a contradiction: that is for an editor to
    say, with `POST /v1/claims/{claim_id}/relations`.
    """
    return read(lambda unit: service.similar(unit, claim_id, wanted))
