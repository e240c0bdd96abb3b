"""What a caller sends of relations between claims."""

from typing import Annotated

from pydantic import Field

from app.canonical.replies import Page
from app.canonical.schemas import OTHER_CLAIM_ID, RelationFields, RelationRead
from app.kit.paging import PageParameters
from app.kit.schemas import JSON_NUMBER, Paragraph, Payload, Signature, example, partial
from app.models.vocabulary import ClaimRelationKind, RelationStatus

Score = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), JSON_NUMBER]


class RelationCreate(RelationFields):
    """How the claim of the path stands to another."""

    model_config = example(
        other_claim_id=OTHER_CLAIM_ID,
        kind="contradicts",
        status="suggested",
        score=0.8,
        note="One counts arrivals, the other residents.",
    )

    score: Score | None = Field(None, description="How sure whoever suggests it is, 0 to 1.", examples=[0.8])


class RelationContent(Payload):
    """What may change of a relation: whether it is decided, and why. What it relates stays."""

    status: RelationStatus = Field(description="Whether that is decided.", examples=["rejected"])
    score: Score | None = Field(None, description="How sure whoever suggested it is, 0 to 1.", examples=[0.8])
    note: Paragraph | None = Field(None, description="Why.", examples=["One counts arrivals, the other residents."])
    decided_by: Signature | None = Field(None, description="Who decided.", examples=["verification desk"])


@partial(RelationContent)
class RelationPatch(Payload):
    """A JSON Merge Patch (RFC 7396) of a relation. What it relates, and how, stays: reject it and record another."""

    model_config = example(status="rejected", decided_by="verification desk", note="They count different people.")


class RelationFilter(PageParameters):
    """Which relations of a claim."""

    kind: Annotated[list[ClaimRelationKind], Field(max_length=50)] = Field(
        default=[], description="Only these kinds.", examples=[["contradicts"]]
    )
    status: Annotated[list[RelationStatus], Field(max_length=50)] = Field(
        default=[], description="Only these.", examples=[["confirmed"]]
    )


class RelationPage(Page):
    """One page of a claim's relations."""

    items: list[RelationRead] = Field(description="Its relations from either side, the newest first.")
