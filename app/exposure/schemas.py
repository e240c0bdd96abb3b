"""What is read of a source's exposure."""

from pydantic import Field

from app.canonical.schemas import CLAIM_ID, SOURCE_ID
from app.exposure.counting import MOST_FITTING
from app.exposure.details import ExposedField
from app.kit.schemas import Id, Reading

OR_MORE = (
    f"Whether `fits` has come to {MOST_FITTING}, where counting stops: so many or more fit it. What is said of several "
    "details together is counted to the end."
)


class ExposedDetail(Reading):
    """One detail of the source that stands in the open."""

    field: ExposedField = Field(
        description="What it tells. Of the source's record: `name` (a pseudonym), `kind`, `role`, `organization`, "
        "`country`, `language`, `members` (`2/..` is two or more), `description` and each `description_word` of that "
        "and of the role. Of relations: `member_of`, `owned_by`, `possibly_same`. Of claims: `place`, `place_country`, "
        "`coordinates`, `said_on`, `occurred_on`, `topic`, `terms`, `cue`, `anonymity_reason`, `quote_language`, and "
        "`through`, another source in its chain: whom it told, or who passed it on. Of the documents these were read "
        "in: `document`, `outlet`, `byline` (a reporter in touch with it), `published_on`. Times count to within a "
        "month.",
        examples=["byline"],
    )
    value: str = Field(description="The detail: words, a code, an id, or days in EDTF.", examples=["Michael Lee"])
    label: str | None = Field(
        description="What to print for a value that is an id; null for others.", examples=["Korea JoongAng Daily"]
    )


class CountedDetail(ExposedDetail):
    """A detail, where it comes from, and how many fit it."""

    claims: int = Field(
        description="How many claims give it; 0 where the record or a relation does.", examples=[3], ge=0
    )
    claim_ids: list[Id] = Field(description="Those claims, the newest first, ten at most.", examples=[[CLAIM_ID]])
    fits: int | None = Field(
        description="How many of the stored sources it is compared with fit it, itself among them; null where it is "
        f"not compared. Counted are {MOST_FITTING} at most.",
        examples=[4],
        le=MOST_FITTING,
    )
    fits_or_more: bool = Field(description=OR_MORE, examples=[False])
    fits_without: int | None = Field(
        description="How many would fit all that is compared if this one detail were not public.", examples=[2]
    )


class NarrowingDetail(ExposedDetail):
    """One of the details that narrow most."""

    fits: int = Field(
        description=f"How many fit it; counted are {MOST_FITTING} at most.", examples=[1], ge=1, le=MOST_FITTING
    )
    fits_or_more: bool = Field(description=OR_MORE, examples=[False])
    fits_without: int = Field(description="How many would fit all the others.", examples=[2], ge=1)


class Step(ExposedDetail):
    """One detail of a combination."""

    fits_with_those_before: int = Field(description="How many fit it and the details before it.", examples=[1], ge=1)


class Exposure(Reading):
    """What the public can put together about a source that is not named, and how few stored sources it leaves."""

    source_id: Id = Field(description="The source asked for.", examples=[SOURCE_ID])
    public: bool = Field(
        description="Whether the public may read the source at all. Where it may not, nothing is public of it here, "
        "and all lists are empty.",
        examples=[True],
    )
    source_ids: list[Id] = Field(
        description="The records taken together: the source and all that the public reads to be the same.",
        examples=[[SOURCE_ID]],
    )
    claims: int = Field(description="In how many claims the public can read it.", examples=[6], ge=0)
    documents: int = Field(description="In how many documents those were read.", examples=[1], ge=0)
    stored_sources: int | None = Field(
        description="How many stored sources it is compared with, itself among them; null where it is not public.",
        examples=[24],
    )
    fits_all: int | None = Field(
        description="How many of them fit every detail that is compared; null where it is not public.", examples=[1]
    )
    details: list[CountedDetail] = Field(
        description="What can be read, by field and value. Where there are more than a hundred, those that the fewest "
        "fit."
    )
    narrowing: list[NarrowingDetail] = Field(
        description="The details that narrow most first: what would leave most sources if it were gone, then what "
        "fewest fit by itself. Ten at most."
    )
    combination: list[Step] = Field(
        description="A few details that leave as few sources as all of them do: a mosaic. Each is the one that leaves "
        "fewest of those before; there may be a shorter combination. What claims give and "
        f"{MOST_FITTING} or more fit comes last. Ten at most."
    )
    truncated: bool = Field(
        description="Whether there is more than is listed and compared here: more than a hundred details, twenty of a "
        "field or 3,000 attributions.",
        examples=[False],
    )
    summary: str = Field(description="The same in plain words.", examples=["The public can read 23 details ..."])
    method: str = Field(description="How it is worked out, and what it does not tell.", examples=["Gathered is ..."])
