"""The shape of a claim's canonical document: the claim, its attributions with their chains, and its assessments."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from app.canonical.schemas import (
    CLAIM_ID,
    DOCUMENT_ID,
    SOURCE_ID,
    DocumentRead,
    RecordedAt,
    SourceRead,
    UpdatedAt,
    Version,
)
from app.canonical.values import OccurredRead, Place, QuantityRead, QuoteRead
from app.kit.codes import Language
from app.kit.schemas import Edtf, Id, Instant, Integer, Line, Paragraph, Payload, Reading, Signature, Url, may_lack
from app.models.vocabulary import (
    ClaimKind,
    ClaimStatus,
    ConfidenceScale,
    EvidenceRelation,
    HopRole,
    Likelihood,
    Speech,
    Stance,
    Terms,
    Verdict,
    Visibility,
)

ATTRIBUTION_ID = "3c1d7f64-2b0f-4d7e-8a52-6f1e0c9b8a77"
ASSESSMENT_ID = "8e22b41c-9f0e-4b41-a066-2c3d4e5f6071"


class HopRead(Reading):
    """One step of the way on which the statement reached us."""

    position: int = Field(description="0 is the origin; the last is who published what we read.", examples=[0], ge=0)
    role: HopRole = Field(description="What the source did at this step.", examples=["originator"])
    source_id: Id = Field(description="Who.", examples=[SOURCE_ID])
    document_id: Id | None = Field(description="Where it did so, if known.", examples=[None])


class AttributionFields(Payload):
    """What an attribution is recorded with and read with, its quote, chain and document apart."""

    stance: Stance = Field(Stance.ASSERTS, description="What the source does with the claim.", examples=["asserts"])
    speech: Speech = Field(description="Whose words they are.", examples=["indirect"])
    cue: Line | None = Field(None, description="The outlet's words that attribute.", examples=["according to"])
    hedge: Line | None = Field(None, description="The source's own hedge, in its words.", examples=["likely"])
    terms: Terms = Field(Terms.UNSPECIFIED, description="On what terms the source spoke.", examples=["background"])
    anonymity_reason: Paragraph | None = Field(
        None, description="Why it is not named, as far as told.", examples=["on condition of anonymity"]
    )
    said: Edtf | None = Field(None, description="When it was said, in EDTF.", examples=["2022-07-19"])


class AttributionRead(AttributionFields):
    """One assertion of the claim in one document, and the chain from the origin to that document."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: Id = Field(description="Random; it tells nothing.", examples=[ATTRIBUTION_ID])
    document_id: Id = Field(description="Where we read it.", examples=[DOCUMENT_ID])
    said_earliest: str | None = Field(description="First possible day of saying.", examples=["2022-07-19"])
    said_latest: str | None = Field(description="Last possible day of saying.", examples=["2022-07-19"])
    quote: QuoteRead | None = Field(description="The words, if they are quoted.", examples=[None])
    chain: list[HopRead] = Field(description="The hops in order, the origin first.")


class ConfidenceGiven(Reading):
    """A confidence as the assessor gave it, before it was converted."""

    scale: ConfidenceScale = Field(description="The scale it was given in.", examples=["wep"])
    value: str | int = Field(description="The value on that scale.", examples=["Likely/Probable"])


class LikelihoodRange(Reading):
    """The range of probability that a term of ICD 203 stands for, in percent."""

    low: int = Field(description="Lower end.", examples=[55])
    high: int = Field(description="Upper end.", examples=[80])


class EvidenceRead(Reading):
    """What an assessment rests on: a document of ours or an address."""

    relation: EvidenceRelation = Field(description="Which way it speaks.", examples=["supports"])
    document_id: Id | None = Field(description="A document of ours.", examples=[DOCUMENT_ID])
    url: str | None = Field(description="An address.", examples=[None])
    note: str | None = Field(description="What it shows.", examples=["The resolution sets the deadline."])


class AssessmentFields(Payload):
    """What an assessment is recorded with and read with, its confidence and evidence apart."""

    assessor: Signature = Field(
        description="Who assesses: a person, a desk or an organisation.", examples=["verification desk"]
    )
    credibility: Annotated[Integer, Field(ge=1, le=6)] | None = Field(
        None, description="Admiralty credibility, 1 confirmed to 6 cannot be judged.", examples=[3]
    )
    likelihood: Likelihood | None = Field(
        None, description="How likely it is, as a term of ICD 203. Not a confidence.", examples=["likely"]
    )
    verdict: Verdict | None = Field(None, description="The finding of a fact-check.", examples=["mostly_true"])
    rating_label: Line | None = Field(
        None, description="The finding in the checker's own words.", examples=["Half True"]
    )
    rationale: Paragraph | None = Field(None, description="Why.", examples=["Two ministries gave the same number."])
    review_url: Url | None = Field(None, description="The published review.", examples=["https://example.org/check/1"])


class AssessmentRead(AssessmentFields):
    """What one assessor thinks of the claim or of one attribution. Never changed; a later one may supersede it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: Id = Field(description="Id of the assessment.", examples=[ASSESSMENT_ID])
    attribution_id: Id | None = Field(
        description="The attribution assessed; null for the claim itself.", examples=[None]
    )
    confidence: int | None = Field(
        description="Confidence, 0 to 100 (STIX 2.1 §3.2); null where it was not given or cannot be judged.",
        examples=[70],
    )
    confidence_given: ConfidenceGiven | None = Field(description="The confidence as it was given.")
    likelihood_range: LikelihoodRange | None = Field(description="What the likelihood stands for, in percent.")
    evidence: list[EvidenceRead] = Field(description="What it rests on.")
    assessed_at: Instant = Field(description="When it was made.", examples=["2026-11-23T09:30:00.000000Z"])
    supersedes_id: Id | None = Field(description="The assessment that it takes the place of.", examples=[None])
    recorded_at: RecordedAt


class Retraction(Reading):
    """That we withdrew the claim, and why."""

    reason: str = Field(description="Why.", examples=["The outlet corrected the figure."])
    retracted_at: Instant = Field(
        description="When, or when that came out for you.", examples=["2026-11-23T09:30:00.000000Z"]
    )


Topic = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]


class ClaimFields(Payload):
    """What a claim is recorded with and read with, its time, quantities and attributions apart."""

    statement: Paragraph = Field(
        description="The claim in one normalised sentence of ours.",
        examples=["Nine North Korean workers sent to Russia defected to South Korea in November or December 2022."],
    )
    language: Language | None = Field(None, description="Language of the statement, BCP 47.", examples=["en"])
    kind: ClaimKind = Field(description="What sort of statement it is.", examples=["event"])
    topics: Annotated[list[Topic], Field(max_length=50)] = Field(
        default=[], description="Subjects it is filed under.", examples=[["defection", "labour export"]]
    )
    place: Place | None = Field(None, description="Where it happened.")
    visibility: Visibility = Field(Visibility.PUBLIC, description="For whom it exists.", examples=["public"])
    embargo_until: Instant | None = Field(
        None, description="Until when the public is not to know of it.", examples=["2026-12-01T06:00:00Z"]
    )
    status: ClaimStatus = Field(
        ClaimStatus.PUBLISHED, description="A published claim has at least one attribution.", examples=["published"]
    )


class ClaimRead(ClaimFields):
    """One statement with everyone who made it, how it reached us, and what we think of it."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    id: Id = Field(description="Id of the claim.", examples=[CLAIM_ID])
    visible_to: Visibility = Field(
        description="The widest audience that it exists for, apart from an embargo: narrower than `visibility` for a "
        "draft, and where everything that says so is hidden.",
        examples=["public"],
    )
    occurred: OccurredRead | None = Field(description="When it happened.")
    quantities: list[QuantityRead] = Field(description="How much or how many.")
    retraction: Retraction | None = Field(description="Why it was retracted, if it was.")
    attributions: list[AttributionRead] = Field(description="Who says so, in the order in which that came out for you.")
    headline_assessment_id: Id | None = Field(
        description="The newest assessment of the claim itself that none supersedes.", examples=[ASSESSMENT_ID]
    )
    assessments: list[AssessmentRead] = Field(description="Every assessor's, the newest first.")
    recorded_at: RecordedAt
    version: Version
    updated_at: UpdatedAt


class OriginCount(Reading):
    """How many independent origins there are: at least `min`, at most `max`."""

    min: int = Field(description="The fewest that the records allow.", examples=[1], ge=0)
    max: int | None = Field(
        description="The most that they allow; null where nobody knows, as for a group of unknown size.", examples=[1]
    )


class Corroboration(Reading):
    """Who else says so, as far as the reader may see it. Worked out of the records, and no part of a version."""

    attributions: int = Field(description="Attributions that say so: those apart that deny or decline.", examples=[2])
    documents: int = Field(description="Documents in which it was read.", examples=[2])
    outlets: int = Field(description="Outlets that published it.", examples=[2])
    independent_origins: OriginCount = Field(
        description="Where it comes from: whoever stands at the origin of a chain, each once, after same_as is "
        "followed. Nine outlets that carry one wire report are one origin; a group counts from its fewest members to "
        "its most; what may be the same counts once in `min`; what an outlet says in its own voice is the outlet's."
    )
    circular: bool = Field(
        description="Whether the reporting goes round: somebody passes on what came from themselves.", examples=[False]
    )
    denials: int = Field(description="Attributions that deny it.", examples=[0])
    corroborating_claims: int = Field(
        description="Claims of their own that are recorded as duplicating or corroborating it, suggested or confirmed, "
        "not rejected. Their origins are not counted here: ask for them.",
        examples=[0],
    )
    contradictions: int = Field(
        description="Claims recorded as contradicting it, suggested or confirmed, not rejected.", examples=[0]
    )


class Snippet(Reading):
    """A passage of a claim with words of the query in it."""

    place: Literal["statement", "quote", "source", "document_title"] = Field(
        alias="in", description="Where it stands.", examples=["statement"]
    )
    text: str = Field(
        description="The text, plain; of a long one the part around the first match, with an ellipsis where it is cut.",
        examples=["Nine North Korean workers sent to Russia defected to South Korea."],
    )
    highlights: list[Annotated[list[int], Field(min_length=2, max_length=2)]] = Field(
        description="Where the words stand in `text`: start and end of each, counted in code points from 0.",
        examples=[[[18, 25]]],
    )


class Found(Reading):
    """Why the claim was found by `q`."""

    score: int | None = Field(
        description="How well it matches, to compare with others of the same list; null in another order than that of "
        "relevance, and for claims that are too many to be ranked.",
        examples=[1270],
        ge=0,
    )
    snippets: list[Snippet] = Field(
        description="The first five passages with words of the query in them: the statement, then quotes, then names "
        "of sources, then titles of documents."
    )


class ClaimListed(ClaimRead):
    """A claim, and who else says so."""

    model_config = may_lack("found")

    corroboration: Corroboration | None = Field(
        description="Who else says so, today; null in a reading of the past.",
    )
    found: Found | None = Field(None, description="Why it was found; in lists asked for with `q` alone.")


class Included(Reading):
    """What the ids in the reply stand for, each once."""

    sources: dict[str, SourceRead] = Field(description="Sources by id.", examples=[{}])
    documents: dict[str, DocumentRead] = Field(description="Documents by id, without their texts.", examples=[{}])


class ClaimReply(ClaimListed):
    """A claim, and what its ids stand for."""

    included: Included = Field(description="The sources and documents that the claim names.")


class AttributionReply(AttributionRead):
    """An attribution, and what its ids stand for."""

    claim_id: Id = Field(description="The claim attributed.", examples=[CLAIM_ID])
    included: Included = Field(description="The sources and documents that the attribution names.")


class AssessmentReply(AssessmentRead):
    """An assessment, and what its ids stand for."""

    claim_id: Id = Field(description="The claim assessed.", examples=[CLAIM_ID])
    included: Included = Field(description="The documents that the assessment names.")
