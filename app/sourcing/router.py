"""Routes for the editor, before print: what to mind about a claim's sourcing, and in what words to attribute it."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, guarded_router
from app.canonical.schemas import CLAIM_ID
from app.kit.schemas import Id
from app.sourcing import service
from app.sourcing.schemas import LineParameters, LinesReply, SourcingReply

router = guarded_router("/claims/{claim_id}", "Sourcing")

ClaimId = Annotated[Id, Path(description="Id of the claim.", examples=[CLAIM_ID])]


@router.get("/sourcing", response_model=SourcingReply)
def check_sourcing(read: ClaimReads, claim_id: ClaimId) -> Response:
    """What should an editor mind before this claim is printed? Check who says so, and on what terms.

    Asks what the Associated Press asks of anonymous sources (Statement of News Values and Principles), and whether what
    is recorded holds together: a single source that is not named, no second independent origin, no reason for the
    anonymity, an opinion from somebody unnamed, a description that is no more than "a source", terms that nobody
    recorded, reporting that goes round in a circle, a denial; and, for holders of `internal:read`, whether it tells the
    public more of a source that is not named than is public already. Nothing is refused for it. It speaks of what is
    recorded and of what the caller may read; it does not replace an editor's judgement.
    """
    return read(lambda unit: service.check_sourcing(unit, claim_id))


@router.get("/attribution-line", response_model=LinesReply)
def word_attributions(read: ClaimReads, claim_id: ClaimId, wanted: Annotated[LineParameters, Query()]) -> Response:
    """How is this claim attributed in print? Get a line for each attribution, and one for all of them.

    For example "according to one source who spoke to the JoongAng Ilbo, as reported by Korea JoongAng Daily". A line
    keeps to the terms on which the source spoke; off the record there is none, and `withheld` says so. The lines are
    English, put together from what is recorded, in the words in which it was recorded: read each before it is printed.
    A claim that was retracted has lines too, so look at its `status` first.
    """
    return read(lambda unit: service.word_attributions(unit, claim_id, wanted.style))
