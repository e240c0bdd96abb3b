"""The shapes of the canonical documents: what a read of a source, a document or a relation gives.

Claims are in `app.canonical.claim_schemas`. Fields that are also sent are declared once, in the `...Fields` classes.
"""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from app.kit.codes import Country, Language
from app.kit.schemas import Day, Edtf, Id, Instant, Integer, Line, Paragraph, Payload, Reading, Signature, Url, may_lack
from app.models.vocabulary import (
    Anonymity,
    ClaimRelationKind,
    PublishedBasis,
    RelationStatus,
    Reliability,
    SourceKind,
    SourceRelationKind,
    Visibility,
)

SOURCE_ID = "7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"
DOCUMENT_ID = "5c80d3a1-7f0e-4d3a-8f2b-3e9d4c5b6a70"
CLAIM_ID = "6d41e029-9f0e-4e02-b1a4-9c8d7e6f5a41"
OTHER_CLAIM_ID = "6d41e029-9f0e-4e02-b1a4-9c8d7e6f5a42"
OTHER_SOURCE_ID = "c2d9a1b4-3f5e-4a6b-8c7d-0e1f2a3b4c5d"

Version = Annotated[
    int, Field(description="Counts the changes that this audience can see, from 1.", examples=[1], ge=1)
]
UpdatedAt = Annotated[
    Instant, Field(description="When what you read of it last changed.", examples=["2026-11-23T09:30:00.000000Z"])
]
RecordedAt = Annotated[
    Instant,
    Field(
        description="When it came out for you: when it was recorded, or when what was a draft, hidden or under embargo "
        "became yours to read. Where a claim rests on a source that is not named, the public reads the day alone, as "
        "its first instant, here and in every other instant of the claim.",
        examples=["2026-11-23T09:30:00.000000Z"],
    ),
]
Count = Annotated[Integer, Field(ge=1, le=1_000_000_000)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SourceFields(Payload):
    """What a source is recorded with and read with."""

    kind: SourceKind = Field(description="What sort of thing speaks.", examples=["person"])
    anonymity: Anonymity = Field(description="How far the reporting identifies it.", examples=["anonymous"])
    name: Line | None = Field(
        None,
        description="Its name; only for named and pseudonymous sources. A real name on any other is refused.",
        examples=[None],
    )
    aliases: Annotated[list[Line], Field(max_length=50)] = Field(
        default=[],
        description="Other names that it is found by: in other scripts, former, short. Only for named and pseudonymous "
        "sources. Left out of what is read where there are none.",
        examples=[["Alexander Matsegora"]],
    )
    description: Line | None = Field(
        None, description="How the reporting describes it.", examples=["a source familiar with the situation"]
    )
    role: Line | None = Field(None, description="Its office or function.", examples=["construction manager"])
    organization_id: Id | None = Field(
        None, description="The source that it belongs to or speaks for.", examples=[OTHER_SOURCE_ID]
    )
    country: Country | None = Field(None, description="ISO 3166-1 alpha-2 code.", examples=["RU"])
    language: Language | None = Field(None, description="Language it speaks in, BCP 47.", examples=["ko"])
    same_as: Annotated[list[Url], Field(max_length=50)] = Field(
        default=[],
        description="Addresses that identify it elsewhere; not for anonymous sources, whom they would identify.",
        examples=[[]],
    )
    member_count_min: Count | None = Field(
        None, description="For a group: the fewest people that the words allow. 'Multiple sources' are 2.", examples=[2]
    )
    member_count_max: Count | None = Field(
        None, description="For a group: the most people; null where unknown.", examples=[None]
    )
    visibility: Visibility = Field(Visibility.PUBLIC, description="For whom it exists.", examples=["public"])


class SourceRead(SourceFields):
    """Who speaks. Dates only: an instant would tell when an anonymous person spoke."""

    # Sources recorded before there were aliases are read as they were recorded, and never changed for it.
    model_config = may_lack("aliases")

    id: Id = Field(description="Random; it tells nothing.", examples=[SOURCE_ID])
    label: str = Field(
        description="What to call it in a list: its name, or else its description, or what it is. What may be printed "
        "of it depends on the terms of each attribution: see the attribution lines.",
        examples=["a source familiar with the situation"],
    )
    reliability: Reliability = Field(description="Admiralty reliability that holds now.", examples=["F"])
    recorded_on: Day = Field(description="The day it was recorded.", examples=["2026-11-23"])
    version: Version
    updated_on: Day = Field(description="The day it last changed.", examples=["2026-11-23"])


class RatingRead(Reading):
    """One entry of a source's dated reliability."""

    id: Id = Field(description="Id of the entry.", examples=[OTHER_SOURCE_ID])
    source_id: Id = Field(description="The source rated.", examples=[SOURCE_ID])
    reliability: Reliability = Field(description="Admiralty reliability.", examples=["B"])
    rated_on: Day = Field(description="The day from which it holds.", examples=["2026-11-23"])
    assessor: str | None = Field(description="Who rated it.", examples=["standards desk"])
    rationale: str | None = Field(description="Why.", examples=["Four of its five reports were confirmed."])
    recorded_on: Day = Field(description="The day the entry was recorded.", examples=["2026-11-23"])


class SourceRelationRead(Reading):
    """How one source stands to another."""

    id: Id = Field(description="Id of the relation.", examples=["0f5a7a7e-94f5-4a59-9a51-3c8f1f0e9b10"])
    source_id: Id = Field(description="The source it is said of.", examples=[SOURCE_ID])
    other_id: Id = Field(description="The source that it stands to.", examples=[OTHER_SOURCE_ID])
    kind: SourceRelationKind = Field(description="How it stands to it.", examples=["distinct_from"])
    note: str | None = Field(description="What that rests on.", examples=["The article calls it another source."])
    recorded_on: Day = Field(description="The day it was recorded.", examples=["2026-11-23"])
    version: Version
    updated_on: Day = Field(description="The day it last changed.", examples=["2026-11-23"])


class DocumentFields(Payload):
    """What a document is recorded with and read with, its text apart."""

    url: Url | None = Field(
        None, description="Where it was read.", examples=["https://example.org/news/1?utm_source=x"]
    )
    canonical_url: Url | None = Field(
        None,
        description="The address that stands for it, once. Left out, it is `url` without fragment and tracking.",
        examples=["https://example.org/news/1"],
    )
    archive_url: Url | None = Field(
        None, description="An archived copy.", examples=["https://archive.example.org/2023/https://example.org/news/1"]
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")] | None = Field(
        None, description="Its title.", examples=["9 North Koreans in Russia defect to South Korea"]
    )
    byline: Line | None = Field(None, description="Its authors, as printed.", examples=["Michael Lee"])
    outlet_id: Id | None = Field(None, description="The source that published it.", examples=[OTHER_SOURCE_ID])
    published: Edtf | None = Field(None, description="When, in EDTF.", examples=["2023-01/2023-02"])
    published_basis: PublishedBasis | None = Field(
        None, description="What that rests on. Left out, stated with a date and unknown without.", examples=["inferred"]
    )
    language: Language | None = Field(None, description="Its language, BCP 47.", examples=["en"])
    accessed_at: Instant | None = Field(None, description="When we read it.", examples=["2026-11-23T09:30:00Z"])
    text_sha256: Sha256 | None = Field(
        None,
        description="SHA-256 of its text in UTF-8, in hexadecimal. Made of `text` where that is given.",
        examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    )
    visibility: Visibility = Field(Visibility.PUBLIC, description="For whom it exists.", examples=["public"])


class DocumentRead(DocumentFields):
    """Where claims are read. Its text comes with `GET /v1/documents/{id}` alone.

    The public is told days of it alone: its instants are the first of their day.
    """

    model_config = may_lack("joined_id")

    id: Id = Field(description="Id of the document.", examples=[DOCUMENT_ID])
    published_basis: PublishedBasis = Field(description="What the date rests on.", examples=["inferred"])
    published_earliest: str | None = Field(description="First possible day of publication.", examples=["2023-01-01"])
    published_latest: str | None = Field(description="Last possible day of publication.", examples=["2023-02-28"])
    joined_id: Id | None = Field(
        None,
        description="The public's record of the same address, made by someone who could not know of this one. Since "
        "this one came out, that one stands in its place. Left out where there is none, and once this one is given "
        "another address or visibility.",
        examples=[DOCUMENT_ID],
    )
    recorded_at: RecordedAt
    version: Version
    updated_at: UpdatedAt


class RelationFields(Payload):
    """What a relation between claims is recorded with and read with."""

    other_claim_id: Id = Field(description="The claim that it stands to.", examples=[OTHER_CLAIM_ID])
    kind: ClaimRelationKind = Field(description="How the claim of the path stands to it.", examples=["context_for"])
    status: RelationStatus = Field(
        RelationStatus.CONFIRMED, description="Whether that is decided.", examples=["confirmed"]
    )
    score: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="How sure whoever suggested it is, 0 to 1.", examples=[0.8]
    )
    note: Paragraph | None = Field(None, description="Why.", examples=["One counts arrivals, the other residents."])
    decided_by: Signature | None = Field(None, description="Who decided.", examples=["verification desk"])


class RelationRead(RelationFields):
    """How one claim stands to another. A rejection is kept, so that it is not suggested again."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: Id = Field(description="Id of the relation.", examples=["7c11a30b-9f0e-4a30-9d55-1b2c3d4e5f60"])
    claim_id: Id = Field(description="The claim it is said of.", examples=[CLAIM_ID])
    decided_at: Instant | None = Field(
        description="When it was confirmed or rejected, or when that came out for you.",
        examples=["2026-11-23T09:30:00.000000Z"],
    )
    recorded_at: RecordedAt
    version: Version
    updated_at: UpdatedAt
