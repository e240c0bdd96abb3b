"""What a caller sends of claims, and the lists and the history they are read in."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from app.assessments.schemas import FirstAssessment
from app.attributions.schemas import AttributionCreate
from app.canonical.claim_schemas import ClaimFields, ClaimListed, ClaimRead, Included
from app.canonical.replies import Page
from app.canonical.schemas import OTHER_SOURCE_ID
from app.canonical.values import Occurred, Quantity
from app.claims.sizes import LIMITS, Size
from app.kit.problems import RuleBroken
from app.kit.schemas import Instant, Paragraph, Payload, Reading, example, partial
from app.models.vocabulary import ChangeAction, ClaimStatus

MAX_ATTRIBUTIONS = 100
"""Most attributions that come along with a new claim; more can follow."""

MAX_BATCH = 100
"""Most claims of one batch: a transaction that others wait for stays short."""


class ClaimContent(ClaimFields):
    """Everything about a claim that a caller decides, its attributions and assessments apart."""

    status: Literal[ClaimStatus.DRAFT, ClaimStatus.PUBLISHED] = Field(
        ClaimStatus.PUBLISHED,
        description="A published claim has at least one attribution; a draft may have none, and is internal.",
        examples=["published"],
    )
    occurred: Occurred | None = Field(None, description="When it happened.")
    quantities: Annotated[list[Quantity], Field(max_length=50)] = Field(default=[], description="How much or how many.")


DEFECTION: Final[dict[str, Any]] = {
    "statement": "Nine North Korean workers sent to Russia defected to South Korea in November or December 2022.",
    "language": "en",
    "kind": "event",
    "topics": ["defection", "labour export"],
    "place": {"name": "Vladivostok", "country": "RU", "latitude": 43.1155, "longitude": 131.8855},
    "occurred": {
        "verbatim": "sometime between November and December last year",
        "edtf": "2022-11/2022-12",
        "mode": "point_within",
        "anchor_on": "2023-01-31",
        "resolution": "inferred",
    },
    "quantities": [{"verbatim": "nine", "best": "9", "unit": "worker", "approximation": "exact"}],
    "attributions": [
        {
            "speech": "indirect",
            "cue": "according to",
            "terms": "background",
            "document": {
                "url": "https://example.org/news/2",
                "title": "9 North Koreans in Russia defect to South Korea",
                "published": "2023-01-31",
                "language": "en",
            },
            "chain": [
                {
                    "role": "originator",
                    "source": {
                        "kind": "person",
                        "anonymity": "anonymous",
                        "description": "a source familiar with the situation",
                    },
                },
                {"role": "outlet", "source_id": OTHER_SOURCE_ID},
            ],
        }
    ],
    "assessment": {
        "assessor": "verification desk",
        "credibility": 3,
        "confidence": 60,
        "rationale": "One anonymous source; the ministry neither confirms nor denies.",
    },
}
"""A whole claim as it is sent."""


class ClaimCreate(ClaimContent):
    """A new claim, with who said it and what is thought of it."""

    model_config = example(**DEFECTION)

    attributions: Annotated[list[AttributionCreate], Field(max_length=MAX_ATTRIBUTIONS)] = Field(
        default=[], description=f"Who says so, in which document, through whom. One request records {LIMITS}."
    )
    assessment: FirstAssessment | None = Field(None, description="What we think of it.")

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.status is ClaimStatus.PUBLISHED and not self.attributions:
            raise RuleBroken("required", "A published claim has at least one attribution.", "attributions")
        size = Size()
        self.add_to(size)
        size.check("attributions")
        return self

    def add_to(self, size: Size) -> None:
        """Counts the claim into the size of its request."""
        lists = len(self.topics) + len(self.quantities)
        size.add(self.statement, lists=lists, attributions=self.attributions, assessment=self.assessment)


class ClaimBatch(Payload):
    """Several new claims, recorded all or none."""

    model_config = example(claims=[DEFECTION])

    claims: Annotated[list[ClaimCreate], Field(min_length=1, max_length=MAX_BATCH)] = Field(
        description=f"The claims, recorded in this order. One request records {LIMITS}."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        size = Size()
        for claim in self.claims:
            claim.add_to(size)
        size.check("claims")
        return self


class ClaimsCreated(Reading):
    """The claims that were recorded, and what their ids stand for."""

    items: list[ClaimListed] = Field(description="The claims, in the order sent.")
    included: Included = Field(description="The sources and documents that the claims name, each once.")


@partial(ClaimContent)
class ClaimPatch(Payload):
    """A JSON Merge Patch (RFC 7396) of a claim. Topics and quantities, being arrays, are replaced whole."""

    model_config = example(topics=["defection"], occurred={"edtf": "2022-11"}, language=None)


class RetractRequest(Payload):
    """Why the claim is withdrawn."""

    model_config = example(reason="The outlet corrected the figure.")

    reason: Paragraph = Field(description="Why.", examples=["The outlet corrected the figure."])


class ClaimPage(Page):
    """One page of claims, and what their ids stand for."""

    items: list[ClaimListed] = Field(description="The claims, in the order asked for.")
    included: Included = Field(description="The sources and documents that the claims name, each once.")


class ClaimParameters(Payload):
    """How to read a claim."""

    as_of: Instant | None = Field(
        None, description="Read it as it stood at that instant.", examples=["2026-11-23T09:30:00Z"]
    )
    fields: str | None = Field(
        None,
        max_length=1000,
        description="Names of the fields to give, separated by commas; `id` always is. The reply then has these alone, "
        "and not all that its schema requires.",
        examples=["statement,occurred"],
    )


class VersionRead(Reading):
    """One version of a claim."""

    version: int = Field(description="Its number, from 1.", examples=[1])
    action: ChangeAction = Field(description="What was done.", examples=["created"])
    recorded_at: Instant = Field(description="When.", examples=["2026-11-23T09:30:00.000000Z"])
    actor_id: str | None = Field(
        description="Id of the key that did it; null for readers without internal:read.", examples=[None]
    )
    document: ClaimRead = Field(description="The claim as it stood from then on.")


class HistoryPage(Page):
    """One page of a claim's history."""

    items: list[VersionRead] = Field(description="The versions, the newest first.")
