"""The route of exposure: what the public can put together about a source that is not named."""

from typing import Annotated

from fastapi import Path, Response

from app.access.routing import InternalReads, guarded_router
from app.canonical.schemas import SOURCE_ID
from app.exposure import service
from app.exposure.schemas import Exposure
from app.kit.schemas import Id

router = guarded_router("/sources/{source_id}/exposure", "Sources")

SourceId = Annotated[Id, Path(description="Id of the source.", examples=[SOURCE_ID])]


@router.get("", response_model=Exposure, responses={409: {}})
def get_exposure(read: InternalReads, source_id: SourceId) -> Response:
    """What can a hostile reader put together about this source? Gather all that is public of it, and how few it fits.

    Each detail alone may be harmless; together they can leave one person. For a source that the reporting does not name
    this lists every detail that the public can read of it, over all claims, documents, days and places, how many of the
    stored sources fit each and all, and which narrow most. A named source is refused with 409: there is nothing to
    protect. What is hidden, embargoed or a draft is not public and not listed. The reply says in `method` what
    the numbers mean, and what they do not.
    """
    return read(lambda unit: service.exposure(unit, source_id))
