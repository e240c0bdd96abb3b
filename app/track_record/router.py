"""The route of track records: what became of what a source said."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, guarded_router
from app.canonical.schemas import SOURCE_ID
from app.kit.schemas import Id
from app.track_record import service
from app.track_record.schemas import TrackRecord, TrackRecordParameters

router = guarded_router("/sources/{source_id}/track-record", "Sources")

SourceId = Annotated[Id, Path(description="Id of the source.", examples=[SOURCE_ID])]


@router.get("", response_model=TrackRecord)
def get_track_record(
    read: ClaimReads, source_id: SourceId, wanted: Annotated[TrackRecordParameters, Query()]
) -> Response:
    """What became of what this source said? Count its claims by verdict, over time, and by how reliable it was held.

    Counted is what originates with the source and you may see. Every proportion comes with its numbers and a 95 percent
    interval (Wilson 1927): two of two found true is no proof of a source that never errs, and the interval shows it.
    The reply says in `method` how everything is worked out.
    """
    return read(lambda unit: service.track_record(unit, source_id, wanted.per))
