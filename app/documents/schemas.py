"""What a caller sends of documents, and what checking one against its claims gives."""

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.canonical.claim_schemas import ATTRIBUTION_ID
from app.canonical.replies import Page
from app.canonical.schemas import CLAIM_ID, OTHER_SOURCE_ID, DocumentFields, DocumentRead, Sha256
from app.kit.paging import MAX_LIMIT, PageParameters
from app.kit.problems import RuleBroken
from app.kit.schemas import Id, Integer, Payload, Reading, Url, example, partial

Text = Annotated[str, StringConstraints(min_length=1, max_length=1_000_000)]


class DocumentContent(DocumentFields):
    """Everything about a document that a caller decides, with the rules that hold for the whole."""

    text: Text | None = Field(
        None,
        description="Its text, as read: quotes are checked against it, and it comes back in no list.",
        examples=["Builders will be an asset in the serious task of restoring."],
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.url is None and self.title is None:
            raise RuleBroken("required", "A document has an address or a title.", "url")
        if self.text is not None and self.text_sha256 not in {None, text_digest(self.text)}:
            raise RuleBroken("contradictory", "This is not the SHA-256 of the text that was sent.", "text_sha256")
        if self.published is None and self.published_basis not in {None, "unknown"}:
            raise RuleBroken("contradictory", "A date that is not given rests on nothing.", "published_basis")
        return self


class DocumentCreate(DocumentContent):
    """A new document."""

    model_config = example(
        url="https://example.org/news/1?utm_source=newsletter",
        title="9 North Koreans in Russia defect to South Korea",
        byline="Michael Lee",
        outlet_id=OTHER_SOURCE_ID,
        published="2023-01-31",
        language="en",
        accessed_at="2026-11-23T09:30:00Z",
        text="Builders will be an asset in the serious task of restoring.",
    )


@partial(DocumentContent)
class DocumentPatch(Payload):
    """A JSON Merge Patch (RFC 7396) of a document."""

    model_config = example(archive_url="https://archive.example.org/2023/https://example.org/news/1", byline=None)


class DocumentWithText(DocumentRead):
    """A document with its text."""

    text: str | None = Field(description="Its text, if it was recorded.", examples=[None])


class DocumentFilter(PageParameters):
    """Which documents, and in which order."""

    url: Url | None = Field(
        None,
        description="Only the document with this address, in whatever spelling.",
        examples=["https://example.org/1"],
    )
    outlet_id: Annotated[list[Id], Field(max_length=50)] = Field(
        default=[], description="Only documents that these sources published.", examples=[[OTHER_SOURCE_ID]]
    )
    sort: Literal["recorded_at", "-recorded_at"] = Field("-recorded_at", description="By when they were recorded.")


class DocumentPage(Page):
    """One page of documents."""

    items: list[DocumentRead] = Field(description="The documents, without their texts.")


class VerifyRequest(Payload):
    """The text to check with; the recorded text if it is left out."""

    model_config = example(text="Builders will be an asset in the serious task of restoring.")

    text: Text | None = Field(
        None, description="The document's text as it stands now.", examples=["Builders will be an asset."]
    )
    limit: Annotated[Integer, Field(ge=1, le=MAX_LIMIT)] = Field(
        MAX_LIMIT,
        description="Most quotes to check. In a text of more than 50,000 characters fewer are: follow `next_cursor`.",
        examples=[200],
    )
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None,
        description="Where to go on: `next_cursor` of the reply before.",
        examples=["WyIwMTlhOWYwZSJd0K0tD5p1nJ0yYc7Q2mZ4hXw"],
    )


class QuoteStatus(StrEnum):
    """Where a quote stands in the text that was checked."""

    IN_PLACE = "in_place"
    MOVED = "moved"
    MISSING = "missing"


class QuoteCheck(Reading):
    """Whether one quote from the document still stands in its text."""

    claim_id: Id = Field(description="The claim that quotes.", examples=[CLAIM_ID])
    attribution_id: Id = Field(description="The attribution that quotes.", examples=[ATTRIBUTION_ID])
    status: QuoteStatus = Field(
        description="in_place: at its offsets. moved: word for word, elsewhere. missing: not in the text.",
        examples=["in_place"],
    )
    start: int | None = Field(description="Where the quote, or what is nearest to it, begins.", examples=[4105])
    end: int | None = Field(description="Where that ends.", examples=[4133])
    similarity: float | None = Field(description="How alike that is, 0 to 1.", examples=[1.0])


class Verification(Reading):
    """Whether a text is the one recorded, and whether quotes from the document stand in it."""

    document_id: Id = Field(description="The document checked.", examples=["5c80d3a1-7f0e-4d3a-8f2b-3e9d4c5b6a70"])
    text_sha256: Sha256 = Field(
        description="SHA-256 of the text checked.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    matches_recorded: bool | None = Field(
        description="Whether that is the recorded text's; null if none is recorded.", examples=[True]
    )
    quotes: list[QuoteCheck] = Field(description="Quotes that the caller may read, in the order of the claims' ids.")
    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next quotes; null on the last.", examples=[None]
    )


def text_digest(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
