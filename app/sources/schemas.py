"""What a caller sends of sources, their ratings and their relations."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.canonical.replies import Page
from app.canonical.schemas import OTHER_SOURCE_ID, RatingRead, SourceFields, SourceRead, SourceRelationRead
from app.kit.codes import Country
from app.kit.paging import PageParameters
from app.kit.problems import RuleBroken
from app.kit.schemas import Day, Id, Line, Paragraph, Payload, Signature, example, partial
from app.models.vocabulary import Anonymity, Reliability, SourceKind, SourceRelationKind

WITH_NAME = frozenset({Anonymity.NAMED, Anonymity.PSEUDONYMOUS})


class SourceContent(SourceFields):
    """Everything about a source that a caller decides, with the rules that hold for the whole."""

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.anonymity in WITH_NAME and self.name is None:
            raise RuleBroken("required", "A named or pseudonymous source has a name.", "name")
        if self.anonymity not in WITH_NAME and self.name is not None:
            raise RuleBroken(
                "name_not_allowed", "No name is kept of a source that the reporting does not name.", "name"
            )
        if self.anonymity not in WITH_NAME and self.aliases:
            raise RuleBroken(
                "name_not_allowed", "No name is kept of a source that the reporting does not name.", "aliases"
            )
        if self.anonymity not in WITH_NAME and self.same_as:
            raise RuleBroken(
                "identity_not_allowed", "Addresses would identify a source that the reporting does not name.", "same_as"
            )
        if self.anonymity is Anonymity.ANONYMOUS and self.description is None:
            raise RuleBroken("required", "An anonymous source has the reporting's description of it.", "description")
        self._check_member_counts()
        return self

    def _check_member_counts(self) -> None:
        fewest, most = self.member_count_min, self.member_count_max
        if self.kind is SourceKind.GROUP and fewest is None:
            raise RuleBroken(
                "required", "A group has a count, or a minimum: 2 for a plural of unknown size.", "member_count_min"
            )
        if self.kind is not SourceKind.GROUP and (fewest is not None or most is not None):
            raise RuleBroken("contradictory", "Only a group has a number of members.", "member_count_min")
        if fewest is not None and most is not None and fewest > most:
            raise RuleBroken("out_of_range", "The fewest members cannot be more than the most.", "member_count_max")


class SourceCreate(SourceContent):
    """A new source."""

    model_config = example(
        kind="person",
        anonymity="anonymous",
        description="a source familiar with the situation",
        role="construction manager",
        country="RU",
        reliability="C",
    )

    reliability: Reliability = Field(
        Reliability.F,
        description="Admiralty reliability from today on; later ratings go to `/v1/sources/{id}/ratings`.",
        examples=["F"],
    )


@partial(SourceContent)
class SourcePatch(Payload):
    """A JSON Merge Patch (RFC 7396) of a source. Reliability is not patched but rated."""

    model_config = example(description="a Russian construction manager", language=None)


class RatingCreate(Payload):
    """A rating of a source's reliability, from a day on."""

    model_config = example(
        reliability="B",
        rated_on="2026-11-23",
        assessor="standards desk",
        rationale="Four of its five reports were confirmed.",
    )

    reliability: Reliability = Field(description="Admiralty reliability.", examples=["B"])
    rated_on: Day | None = Field(
        None, description="The day from which it holds; today if left out.", examples=["2026-11-23"]
    )
    assessor: Signature | None = Field(None, description="Who rates it.", examples=["standards desk"])
    rationale: Paragraph | None = Field(None, description="Why.", examples=["Four of its five reports were confirmed."])


class SourceRelationCreate(Payload):
    """How the source of the path stands to another."""

    model_config = example(other_id=OTHER_SOURCE_ID, kind="distinct_from", note="The article calls it another source.")

    other_id: Annotated[Id, Field(description="The other source.", examples=[OTHER_SOURCE_ID])]
    kind: SourceRelationKind = Field(description="How it stands to it.", examples=["distinct_from"])
    note: Paragraph | None = Field(
        None, description="What that rests on.", examples=["The article calls it another source."]
    )


class SourceFilter(PageParameters):
    """Which sources, and in which order."""

    kind: Annotated[list[SourceKind], Field(max_length=50)] = Field(
        default=[], description="Only sources of these kinds.", examples=[["group"]]
    )
    anonymity: Annotated[list[Anonymity], Field(max_length=50)] = Field(
        default=[], description="Only sources that are identified so far.", examples=[["anonymous"]]
    )
    name: Line | None = Field(
        None,
        description="Words of a name: all have to be in the source's name or aliases, in any order, the last from its "
        "beginning on, as it is typed. Accents and capitals do not count, and a name in any script is found in Latin "
        "letters too: Мацегора by Matsegora.",
        examples=["Matsegora"],
    )
    country: Annotated[list[Country], Field(max_length=50)] = Field(
        default=[], description="Only sources of these countries, ISO 3166-1 alpha-2.", examples=[["RU"]]
    )
    organization_id: Annotated[list[Id], Field(max_length=50)] = Field(
        default=[], description="Only sources that belong to these.", examples=[[OTHER_SOURCE_ID]]
    )
    reliability: Annotated[list[Reliability], Field(max_length=50)] = Field(
        default=[], description="Only sources that are rated so now.", examples=[["A", "B"]]
    )
    sort: Literal["recorded_on", "-recorded_on"] = Field(
        "-recorded_on", description="By the day recorded; those of one day in random order, which stays the same."
    )


class SourcePage(Page):
    """One page of sources."""

    items: list[SourceRead] = Field(description="The sources, in the order asked for.")


class RatingPage(Page):
    """One page of a source's ratings."""

    items: list[RatingRead] = Field(description="The ratings, the one that holds now first.")


class SourceRelationPage(Page):
    """One page of a source's relations."""

    items: list[SourceRelationRead] = Field(description="Its relations from either side, the newest day first.")
