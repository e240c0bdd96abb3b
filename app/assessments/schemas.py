"""What a caller sends of assessments: confidence on any scale, verdicts, and what they rest on."""

from typing import Annotated, Self

from pydantic import Discriminator, Field, StrictStr, StringConstraints, Tag, model_validator

from app.assessments.scales import UnknownScaleValue, to_confidence
from app.canonical.claim_schemas import ASSESSMENT_ID, ATTRIBUTION_ID, AssessmentFields, AssessmentRead, Included
from app.canonical.replies import Page
from app.canonical.schemas import DOCUMENT_ID
from app.documents.schemas import DocumentCreate
from app.kit.problems import RuleBroken
from app.kit.schemas import Id, Instant, Integer, Paragraph, Payload, Url, example
from app.models.vocabulary import ConfidenceScale, EvidenceRelation

MAX_EVIDENCE = 100
"""Most pieces of evidence of one assessment."""


class ConfidenceOnScale(Payload):
    """A confidence on one of the scales of STIX 2.1 Appendix A, or in percent."""

    scale: ConfidenceScale = Field(description="The scale.", examples=["wep"])
    value: Annotated[StrictStr, StringConstraints(max_length=50)] | Integer = Field(
        description="A value of that scale, spelt as in its table; `GET /v1/vocabulary` lists them.",
        examples=["Likely/Probable"],
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        try:
            to_confidence(self.scale, self.value)
        except UnknownScaleValue as error:
            raise RuleBroken("not_on_scale", str(error), "value") from None
        return self

    @property
    def number(self) -> int | None:
        """The confidence from 0 to 100; None where the scale says that it cannot be judged."""
        return to_confidence(self.scale, self.value)


Confidence = Annotated[
    Annotated[Integer, Field(ge=0, le=100), Tag("Number")] | Annotated[ConfidenceOnScale, Tag("OnScale")],
    Discriminator(lambda given: "OnScale" if isinstance(given, dict | ConfidenceOnScale) else "Number"),
]
"""Told apart by their JSON type, so that a number that breaks a rule is not told to be an object."""


class EvidenceCreate(Payload):
    """What an assessment rests on: a recorded document, a new one, or an address."""

    relation: EvidenceRelation = Field(description="Which way it speaks.", examples=["supports"])
    document_id: Id | None = Field(
        None, description="A recorded document; give exactly one of this, `document` and `url`.", examples=[DOCUMENT_ID]
    )
    document: DocumentCreate | None = Field(None, description="A new document.")
    url: Url | None = Field(None, description="An address.", examples=["https://example.org/resolution"])
    note: Paragraph | None = Field(None, description="What it shows.", examples=["It sets the deadline."])

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if sum(given is not None for given in (self.document_id, self.document, self.url)) != 1:
            raise RuleBroken("one_of", "Give exactly one of document_id, document and url.", "document_id")
        return self


class FirstAssessment(AssessmentFields):
    """An assessment that comes along with a new claim."""

    confidence: Confidence | None = Field(
        None,
        description="Confidence as a number from 0 to 100, or on a scale. Not how likely the "
        "claim is, but how sure the assessor is.",
        examples=[70, {"scale": "wep", "value": "Likely/Probable"}],
    )
    evidence: Annotated[list[EvidenceCreate], Field(max_length=MAX_EVIDENCE)] = Field(
        default=[], description="What it rests on."
    )
    assessed_at: Instant | None = Field(
        None, description="When it was made; now if left out.", examples=["2026-11-23T09:30:00Z"]
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        finding = ("credibility", "confidence", "likelihood", "verdict", "rating_label", "rationale")
        if all(getattr(self, name) is None for name in finding):
            raise RuleBroken("required", f"An assessment needs one of: {', '.join(finding)}.")
        return self


class AssessmentCreate(FirstAssessment):
    """A new assessment of a claim or of one of its attributions."""

    model_config = example(
        assessor="verification desk",
        credibility=3,
        confidence={"scale": "wep", "value": "Likely/Probable"},
        likelihood="likely",
        verdict="mostly_true",
        rationale="Two ministries gave the same number.",
        evidence=[{"relation": "supports", "url": "https://example.org/resolution", "note": "It sets the deadline."}],
        assessed_at="2026-11-23T09:30:00Z",
    )

    attribution_id: Id | None = Field(
        None, description="The attribution assessed; left out, the claim itself.", examples=[ATTRIBUTION_ID]
    )
    supersedes_id: Id | None = Field(
        None,
        description="An earlier assessment of the same thing that this one takes the place of.",
        examples=[ASSESSMENT_ID],
    )


class AssessmentPage(Page):
    """One page of a claim's assessments."""

    items: list[AssessmentRead] = Field(description="Every assessor's, the newest first.")
    included: Included = Field(description="The documents that they name.")
