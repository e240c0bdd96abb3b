"""What a caller asks for and reads before print: the warnings of a claim's sourcing, and its lines of attribution."""

from pydantic import Field

from app.canonical.claim_schemas import ATTRIBUTION_ID, Corroboration, Included
from app.canonical.schemas import CLAIM_ID
from app.kit.schemas import Id, Payload, Reading
from app.models.vocabulary import LineStyle, SourcingWarning, Terms, Withheld


class WarningRead(Reading):
    """One thing to mind before the claim is printed."""

    code: SourcingWarning = Field(description="What is to be minded.", examples=["anonymity_reason_missing"])
    title: str = Field(description="The same in a few words.", examples=["No reason given for anonymity"])
    detail: str = Field(
        description="What was found here. It names nobody.",
        examples=["No reason is recorded why this source is not named."],
    )
    attribution_id: Id | None = Field(
        description="The attribution that it is about; null where it is about the claim as a whole.",
        examples=[ATTRIBUTION_ID],
    )
    rule: str = Field(
        description="The rule that asks for it, and whose rule that is.",
        examples=[
            "AP News Values and Principles, Anonymous sources: the story explains why the source asked for anonymity."
        ],
    )


class SourcingReply(Reading):
    """What an editor should mind about who says so."""

    claim_id: Id = Field(description="The claim.", examples=[CLAIM_ID])
    corroboration: Corroboration = Field(description="Who else says so, as in the claim.")
    origins_may_coincide: bool = Field(
        description="Whether two origins that count as two may be the same people: one of them is not named, and no "
        "relation of sources says that they are distinct.",
        examples=[True],
    )
    warnings: list[WarningRead] = Field(
        description="What was found, that about the whole of the sourcing first; of one code in the order of the "
        "attributions. Empty where nothing was found, which is no approval."
    )
    passed: list[SourcingWarning] = Field(
        description="What was asked too, and found nothing. `narrows_unnamed_source` is asked for holders of the scope "
        "`internal:read` alone, and else stands in neither list.",
        examples=[["opinion", "circular_reporting", "denied"]],
    )
    included: Included = Field(description="The sources and documents that the claim names.")


class LineParameters(Payload):
    """How lines are to be worded."""

    style: LineStyle = Field(
        LineStyle.SHORT,
        description="`short` has the origin, who was told and who published it. `full` has every step, the date, the "
        "terms, the reason for anonymity, the source's hedge and the document.",
        examples=["full"],
    )


class LineRead(Reading):
    """The words for one attribution."""

    attribution_id: Id = Field(description="The attribution.", examples=[ATTRIBUTION_ID])
    line: str | None = Field(
        description="English words that attribute the claim, without a capital or a full stop, to go into a sentence. "
        "They keep to the terms: on background the source's description and never its name, on deep background no "
        "source at all. Null where nothing may be printed.",
        examples=["according to one source who spoke to the JoongAng Ilbo, as reported by Korea JoongAng Daily"],
    )
    withheld: Withheld | None = Field(description="Why there is no line; null where there is one.", examples=[None])
    terms: Terms = Field(description="On what terms the source spoke.", examples=["background"])


class LinesReply(Reading):
    """The words that attribute a claim in print."""

    claim_id: Id = Field(description="The claim.", examples=[CLAIM_ID])
    style: LineStyle = Field(description="How much the lines tell.", examples=["short"])
    items: list[LineRead] = Field(description="A line for each attribution, in the order of the claim.")
    combined: str | None = Field(
        description="One line for all who say so and all who deny it, each origin once: sources recorded as the same, "
        "and what republishes another, are one. Who only hints, speculates or declines to comment is left out. Null "
        "where no such line would be right: where nobody asserts or denies it; where two of the origins are recorded "
        "as possibly the same and not as distinct, so that it is open how many there are; where an assertion or a "
        "denial is on deep background or off the record, or someone hints or speculates and nobody asserts it, so "
        "that only one side would be heard; and where one who both asserts and denies it would seem to be two. It has "
        "no more than `short` tells.",
        examples=["according to a source familiar with the situation and Izvestia; denied by the ministry"],
    )
