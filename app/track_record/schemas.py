"""What a caller asks of a source's track record, and what is read of it."""

from typing import Literal

from pydantic import Field

from app.canonical.schemas import SOURCE_ID
from app.kit.schemas import Day, Id, Payload, Reading
from app.models.vocabulary import Reliability

COUNTS = {"true": 3, "mostly_true": 1, "false": 1, "unproven": 1}


class TrackRecordParameters(Payload):
    """How a track record is cut up."""

    per: Literal["year", "month"] = Field("year", description="How long a period is.", examples=["year"])


class Proportion(Reading):
    """So many of so many, and how much that tells: never a percentage alone."""

    n: int = Field(description="How many.", examples=[4], ge=0)
    of: int = Field(description="Of how many.", examples=[5], ge=0)
    estimate: float | None = Field(description="The one by the other, 0 to 1; null of none.", examples=[0.8])
    low: float = Field(
        description="Lower end of the 95 percent interval (Wilson 1927): what is counted is a sample of what the "
        "source says. Of few claims it is wide, and of none it is everything.",
        examples=[0.3755],
        ge=0,
        le=1,
    )
    high: float = Field(description="Its upper end.", examples=[0.9638], ge=0, le=1)


class ConfidenceSummary(Reading):
    """The confidences in some claims, of those that have one: 0 to 100."""

    n: int = Field(description="Claims that have a confidence.", examples=[5], ge=0)
    mean: float | None = Field(description="Their mean; null of none.", examples=[62.0])
    median: float | None = Field(description="Their median.", examples=[70.0])
    min: int | None = Field(description="The least.", examples=[20])
    max: int | None = Field(description="The greatest.", examples=[90])


class Outcome(Reading):
    """What became of some claims."""

    claims: int = Field(description="How many there are.", examples=[8], ge=0)
    verdicts: dict[str, int] = Field(
        description="How many have each verdict, by the assessment that heads each claim; those that none has are "
        "left out.",
        examples=[COUNTS],
    )
    without_verdict: int = Field(description="How many have none.", examples=[2], ge=0)
    found_true: Proportion = Field(
        description="Those found true or mostly true, of those found true, mostly_true, mixed, mostly_false or false. "
        "Claims that are unproven, out of context, satire or not checkable are in neither number."
    )
    corroborated: Proportion = Field(
        description="Those with at least two independent origins, of all. A group of people is several by itself."
    )
    confidence: ConfidenceSummary = Field(description="How sure we are of them, by the assessments that head them.")


class Period(Outcome):
    """What became of what was said within a period."""

    period: str = Field(description="The year, or the year and month.", examples=["2023"])
    reliability: list[Reliability] = Field(
        description="The reliability of the source at the period's beginning, if it had been rated, and all that it "
        "was rated within it, in order. Empty before it was first rated.",
        examples=[["C", "B"]],
    )


class Rated(Outcome):
    """What became of what was said while a rating of the source held."""

    reliability: Reliability | None = Field(
        description="Admiralty reliability; null for what was said before the source was first rated.", examples=["B"]
    )
    first_on: Day | None = Field(
        description="The day from which it held; null before the first rating.", examples=["2023-01-31"]
    )
    until: Day | None = Field(
        description="The day from which the next one held; null for the one that holds.", examples=[None]
    )


class Denied(Reading):
    """Claims that the source does not make but denies."""

    claims: int = Field(description="How many there are.", examples=[1], ge=0)
    verdicts: dict[str, int] = Field(
        description="Their verdicts: here false speaks for the source.", examples=[{"false": 1}]
    )
    without_verdict: int = Field(description="How many have none.", examples=[0], ge=0)


class Dating(Reading):
    """By what the claims were put into periods."""

    said: int = Field(description="By the day it was said.", examples=[5], ge=0)
    published: int = Field(
        description="By the day its document was published, where nobody recorded when it was said.", examples=[2], ge=0
    )
    recorded: int = Field(description="By the day the claim was recorded, where neither is known.", examples=[1], ge=0)


class TrackRecord(Reading):
    """What became of what a source said."""

    source_id: Id = Field(description="The source asked for.", examples=[SOURCE_ID])
    source_ids: list[Id] = Field(
        description="Whose words are counted: the source and all that are recorded as the same.", examples=[[SOURCE_ID]]
    )
    overall: Outcome = Field(description="All that it said.")
    denied: Denied = Field(description="What it denied, which is counted nowhere else.")
    retracted: int = Field(
        description="Claims that it made and that were withdrawn here: counted nowhere else.", examples=[0], ge=0
    )
    dated_by: Dating = Field(description="How the claims got into their periods.")
    periods: list[Period] = Field(description="What it said within each period, the oldest first; none without claims.")
    ratings: list[Rated] = Field(
        description="What it said while each of its ratings held, the oldest first. A rating that was replaced on its "
        "own day held never."
    )
    method: str = Field(description="How it is worked out, in words.", examples=["Counted are published claims ..."])
