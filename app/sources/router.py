"""Routes of sources: who speaks, how reliable they are, and how they stand to one another."""

from typing import Annotated

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, SourceWrites, guarded_router
from app.canonical.schemas import SOURCE_ID, RatingRead, SourceRead, SourceRelationRead
from app.kit.paging import PageParameters
from app.kit.schemas import Id
from app.sources import queries, service
from app.sources.schemas import (
    RatingCreate,
    RatingPage,
    SourceCreate,
    SourceFilter,
    SourcePage,
    SourcePatch,
    SourceRelationCreate,
    SourceRelationPage,
)

router = guarded_router("/sources", "Sources")

SourceId = Annotated[Id, Path(description="Id of the source.", examples=[SOURCE_ID])]
RelationId = Annotated[Id, Path(description="Id of the relation.", examples=["0f5a7a7e-94f5-4a59-9a51-3c8f1f0e9b10"])]
Paging = Annotated[PageParameters, Query()]


@router.get("", response_model=SourcePage)
def list_sources(read: ClaimReads, wanted: Annotated[SourceFilter, Query()]) -> Response:
    """List sources, the newest day first, or find them by name, in any script.

    Within a day the order is that of the random ids: it does not tell who was recorded before whom.
    """
    return read(lambda unit: queries.list_sources(unit, wanted))


@router.post("", status_code=201, response_model=SourceRead)
def create_source(write: SourceWrites, body: SourceCreate) -> Response:
    """Record a source: a person, a group, an outlet, a document that speaks.

    A source that the reporting does not name has a description and never a name: a name on it is refused, and so is
    an address that would identify it.
    """
    return write(lambda unit: service.create_source(unit, body))


@router.get("/{source_id}", response_model=SourceRead)
def get_source(read: ClaimReads, source_id: SourceId) -> Response:
    """Read one source."""
    return read(lambda unit: queries.get_source(unit, source_id))


@router.patch("/{source_id}", response_model=SourceRead)
def patch_source(write: SourceWrites, source_id: SourceId, body: SourcePatch) -> Response:
    """Change a source with a JSON Merge Patch.

    A narrower `visibility` takes effect at once: every attribution that names the source vanishes, in the same
    transaction, from what wider audiences read, and so does a claim that no one else has made.
    """
    return write(lambda unit: service.patch_source(unit, source_id, body))


@router.get("/{source_id}/ratings", response_model=RatingPage)
def list_ratings(read: ClaimReads, source_id: SourceId, page: Paging) -> Response:
    """List a source's reliability ratings (Admiralty, A to F), the one that holds now first."""
    return read(lambda unit: queries.list_ratings(unit, source_id, page))


@router.post("/{source_id}/ratings", status_code=201, response_model=RatingRead)
def rate_source(write: SourceWrites, source_id: SourceId, body: RatingCreate) -> Response:
    """Rate a source's reliability from a day on; ratings are added, never changed.

    The source bears the rating of the latest day; of several on one day, the one recorded last.
    """
    return write(lambda unit: service.rate_source(unit, source_id, body))


@router.get("/{source_id}/relations", response_model=SourceRelationPage)
def list_source_relations(read: ClaimReads, source_id: SourceId, page: Paging) -> Response:
    """List how a source stands to others, recorded from either side."""
    return read(lambda unit: queries.list_relations(unit, source_id, page))


@router.post("/{source_id}/relations", status_code=201, response_model=SourceRelationRead)
def relate_source(write: SourceWrites, source_id: SourceId, body: SourceRelationCreate) -> Response:
    """Record how a source stands to another: that "another source" is distinct from "one source", for instance.

    Two sources cannot be both the same and distinct: the second of the two is refused.
    """
    return write(lambda unit: service.relate_source(unit, source_id, body))


@router.get("/{source_id}/relations/{relation_id}", response_model=SourceRelationRead)
def get_source_relation(read: ClaimReads, source_id: SourceId, relation_id: RelationId) -> Response:
    """Read one relation of a source."""
    return read(lambda unit: queries.get_relation(unit, source_id, relation_id))


@router.delete("/{source_id}/relations/{relation_id}", status_code=204)
def remove_source_relation(write: SourceWrites, source_id: SourceId, relation_id: RelationId) -> Response:
    """Remove a relation of a source. The history keeps that it was there."""
    return write(lambda unit: service.remove_relation(unit, source_id, relation_id))
