"""What a caller sends of attributions and their chains."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.canonical.claim_schemas import AttributionFields, AttributionRead, Included
from app.canonical.replies import Page
from app.canonical.schemas import DOCUMENT_ID, SOURCE_ID
from app.canonical.values import Quote
from app.documents.schemas import DocumentCreate
from app.kit.problems import RuleBroken
from app.kit.schemas import Id, Payload, example, partial
from app.models.vocabulary import HopRole, Speech
from app.sources.schemas import SourceCreate

MAX_HOPS = 20
"""Longest chain; the longest in the reporting we have read has three hops."""


class HopFields(Payload):
    """One step of the way on which the statement reached us."""

    role: HopRole = Field(description="What the source did at this step.", examples=["originator"])
    source_id: Id | None = Field(
        None, description="A recorded source; give exactly one of this and `source`.", examples=[SOURCE_ID]
    )
    document_id: Id | None = Field(None, description="The recorded document where it did so.", examples=[DOCUMENT_ID])


class HopContent(HopFields):
    """One step, with what it names recorded already."""

    source_id: Id = Field(description="Who.", examples=[SOURCE_ID])


class HopCreate(HopFields):
    """One step; what it names may be recorded along with it."""

    source: SourceCreate | None = Field(None, description="A new source, in place of `source_id`.")
    document: DocumentCreate | None = Field(None, description="A new document, in place of `document_id`.")

    @model_validator(mode="after")
    def _rules(self) -> Self:
        check_one_of(self, "source_id", "source")
        if self.document_id is not None and self.document is not None:
            raise RuleBroken("contradictory", "Give a recorded document or a new one, not both.", "document")
        return self


class AttributionContent(AttributionFields):
    """Everything about an attribution that a caller decides, with what it names recorded already."""

    document_id: Id = Field(description="Where we read it.", examples=[DOCUMENT_ID])
    quote: Quote | None = Field(None, description="The words, if they are quoted.")
    chain: Annotated[list[HopContent], Field(min_length=1, max_length=MAX_HOPS)] = Field(
        description="The hops in order, the origin first."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        check_chain(self.speech, self.chain)
        return self


class AttributionCreate(AttributionFields):
    """A new attribution; the document and the sources that it names may be recorded along with it."""

    model_config = example(
        stance="asserts",
        speech="indirect",
        cue="according to",
        hedge="likely",
        terms="background",
        anonymity_reason="on condition of anonymity",
        said="2022-07-19",
        document_id=DOCUMENT_ID,
        quote={
            "exact": "an asset in the serious task",
            "prefix": "Builders will be ",
            "suffix": " of restoring",
            "language": "en",
        },
        chain=[
            {"role": "originator", "source": {"kind": "person", "anonymity": "named", "name": "Alexander Matsegora"}},
            {"role": "interviewer", "source_id": SOURCE_ID},
        ],
    )

    document_id: Id | None = Field(
        None,
        description="The recorded document where we read it; give exactly one of this and `document`.",
        examples=[DOCUMENT_ID],
    )
    document: DocumentCreate | None = Field(None, description="A new document, in place of `document_id`.")
    quote: Quote | None = Field(None, description="The words, if they are quoted.")
    chain: Annotated[list[HopCreate], Field(min_length=1, max_length=MAX_HOPS)] = Field(
        description="The hops in order, the origin first; whose words we read comes last. The first has the role "
        "originator, or outlet if `speech` is outlet_voice; no other is the originator."
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        check_one_of(self, "document_id", "document")
        check_chain(self.speech, self.chain)
        return self


@partial(AttributionContent)
class AttributionPatch(Payload):
    """A JSON Merge Patch (RFC 7396) of an attribution. The chain, being an array, is replaced whole."""

    model_config = example(hedge="probably", anonymity_reason=None)


class AttributionPage(Page):
    """One page of a claim's attributions."""

    items: list[AttributionRead] = Field(description="The attributions, in the order in which they came out for you.")
    included: Included = Field(description="The sources and documents that they name.")


def check_one_of(payload: Payload, recorded: str, new: str) -> None:
    """Raises RuleBroken unless exactly one of the two fields is given."""
    if (getattr(payload, recorded) is None) == (getattr(payload, new) is None):
        raise RuleBroken("one_of", f"Give exactly one of {recorded} and {new}.", recorded)


def check_chain(speech: Speech, chain: Sequence[HopFields]) -> None:
    """Raises RuleBroken for a chain that does not begin, or not only begins, with its origin."""
    origin = HopRole.OUTLET if speech is Speech.OUTLET_VOICE else HopRole.ORIGINATOR
    if chain[0].role is not origin:
        raise RuleBroken(
            "wrong_origin", f"With this speech the chain begins with the role {origin}.", "chain", 0, "role"
        )
    for position, hop in enumerate(chain[1:], start=1):
        if hop.role is HopRole.ORIGINATOR:
            raise RuleBroken("second_origin", "Only the first hop is the originator.", "chain", position, "role")
