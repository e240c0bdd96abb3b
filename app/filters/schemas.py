"""The questions that can be put to the claims: every filter of a list of claims, and the orders it can be read in."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from app.canonical.schemas import DOCUMENT_ID, OTHER_SOURCE_ID, SOURCE_ID
from app.kit.codes import Country
from app.kit.paging import PageParameters
from app.kit.problems import RuleBroken
from app.kit.schemas import INTEGER_TEXT, Day, DecimalIn, Edtf, Flag, Id, Instant, Line, Payload, Url
from app.models.vocabulary import Anonymity, ClaimKind, ClaimStatus, Reliability, Stance, Terms, Verdict

MAX_VALUES: Final = 50
"""Most values of one filter: each of them is looked for."""

AtMostFifty: Final = Field(max_length=MAX_VALUES)
"""Comes last in the annotation of a filter that may be repeated."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"\S")]
ShortLine = Annotated[Line, StringConstraints(max_length=200)]
Percent = Annotated[int, Field(ge=0, le=100), INTEGER_TEXT]
Match = Literal["possibly", "certainly"]

RANGES: Final = (
    ("confidence_min", "confidence_max"),
    ("said_from", "said_to"),
    ("quantity_min", "quantity_max"),
    ("recorded_from", "recorded_to"),
)
"""Filters that are the two ends of one range."""
OF_A_SOURCE: Final = ("source_id", "source_name", "anonymity", "reliability")
"""Filters that ask something of one source in a chain."""


class ClaimQuestion(Payload):
    """Which claims: those that meet every filter that is given. Of several values of one filter, one is enough.

    What is asked of who said it, where, when and on what terms has to hold for one and the same attribution.
    """

    q: Words | None = Field(
        None,
        description="Words in the statement, its quotes, the names, descriptions and roles of its sources, or the "
        "titles of its documents. All have to be there, with or without accents, and inflected as they may be in most "
        "languages; a Korean, Chinese or Japanese word is found where one begins with it or goes on, so leave its "
        "particles out. Quotation marks hold a phrase together, OR in capitals stands between two alternatives and "
        "binds them first, and - before what must not be there; nothing else is special, and `and`, `or` and brackets "
        "are words and gaps. At most 32 words and phrases.",
        examples=['workers "Vladivostok" -visa'],
    )
    source_role: Literal["originator", "any"] = Field(
        "originator",
        description="Whom the filters of a source are about. originator: whoever said it. any: also whoever passed it "
        "on or published it.",
    )
    source_name: Words | None = Field(
        None, description="Words in a name of a source: all of them, in one of its names.", examples=["Izvestia"]
    )
    anonymity: Annotated[list[Anonymity], AtMostFifty] = Field(
        default=[], description="How far the reporting identifies a source.", examples=[["anonymous"]]
    )
    reliability: Annotated[list[Reliability], AtMostFifty] = Field(
        default=[], description="How a source is rated now, A to F.", examples=[["A", "B"]]
    )
    stance: Annotated[list[Stance], AtMostFifty] = Field(
        default=[],
        description="What the source does with the claim: without it, what a source denies is listed beside what it "
        "asserts.",
        examples=[["asserts"]],
    )
    terms: Annotated[list[Terms], AtMostFifty] = Field(
        default=[], description="What was agreed about use and naming.", examples=[["background"]]
    )
    outlet_id: Annotated[list[Id], AtMostFifty] = Field(
        default=[],
        description="The outlet of the document where it was read, or one in the chain that published it.",
        examples=[[OTHER_SOURCE_ID]],
    )
    document_id: Annotated[list[Id], AtMostFifty] = Field(
        default=[], description="The document where it was read.", examples=[[DOCUMENT_ID]]
    )
    document_url: Annotated[list[Url], AtMostFifty] = Field(
        default=[],
        description="The address of the document where it was read; fragments, tracking parameters and the order of "
        "others make no difference.",
        examples=[["https://example.org/news/2"]],
    )
    said_from: Day | None = Field(
        None, description="Said on that day or later, as far as its date tells.", examples=["2022-11-01"]
    )
    said_to: Day | None = Field(
        None, description="Said on that day or earlier, as far as its date tells.", examples=["2023-01-31"]
    )
    verdict: Annotated[list[Verdict], AtMostFifty] = Field(
        default=[], description="The verdict of the headline assessment.", examples=[["unproven"]]
    )
    confidence_min: Percent | None = Field(
        None, description="The headline assessment's confidence is at least so much.", examples=[50]
    )
    confidence_max: Percent | None = Field(
        None, description="The headline assessment's confidence is at most so much.", examples=[90]
    )
    credibility_max: Annotated[int, Field(ge=1, le=6), INTEGER_TEXT] | None = Field(
        None,
        description="The headline assessment's credibility is this number or less: 1 confirmed, 6 not to be judged.",
        examples=[3],
    )
    status: Annotated[list[ClaimStatus], AtMostFifty] = Field(
        default=[], description="Where the claim's record stands.", examples=[["published"]]
    )
    kind: Annotated[list[ClaimKind], AtMostFifty] = Field(
        default=[], description="What sort of statement it is.", examples=[["quantity"]]
    )
    topic: Annotated[list[ShortLine], AtMostFifty] = Field(
        default=[], description="A topic that it is filed under, spelt the same.", examples=[["defection"]]
    )
    country: Annotated[list[Country], AtMostFifty] = Field(
        default=[], description="The country where it happened, ISO 3166-1 alpha-2.", examples=[["RU"]]
    )
    occurred: Edtf | None = Field(
        None,
        description="The time in which it happened, in EDTF (ISO 8601-2 Annex A). Claims without a date are left out.",
        examples=["2022-11/2022-12"],
    )
    occurred_match: Match = Field(
        "possibly",
        description="possibly: some day that the claim's date allows lies in that time. certainly: all of them do.",
    )
    unit: Annotated[list[ShortLine], AtMostFifty] = Field(
        default=[],
        description="The unit of a quantity, or its currency; in capitals or not.",
        examples=[["worker"]],
    )
    quantity_min: DecimalIn | None = Field(
        None, description="A quantity, of that unit if one is given, is at least so much.", examples=["10000"]
    )
    quantity_max: DecimalIn | None = Field(
        None, description="The same quantity is at most so much.", examples=["100000"]
    )
    quantity_match: Match = Field(
        "possibly",
        description="possibly: some number that the quantity's bounds allow lies there; a number without bounds stands "
        "for itself. certainly: all of them do, by bounds that were given or by a number said without hedging.",
    )
    contradicted: Flag | None = Field(
        None,
        description="Whether an attribution denies it, or it is recorded as contradicting another claim, and that is "
        "not rejected.",
        examples=[True],
    )
    circular: Flag | None = Field(None, description="Whether the reporting of it goes round.", examples=[False])
    single_source: Flag | None = Field(
        None, description="Whether it comes from one origin and certainly no more.", examples=[True]
    )
    independent_origins_min: Annotated[int, Field(ge=0, le=1_000_000), INTEGER_TEXT] | None = Field(
        None, description="It comes from at least so many independent origins.", examples=[2]
    )
    recorded_from: Instant | None = Field(
        None,
        description="Its `recorded_at`, as you read it, is that instant or later.",
        examples=["2026-11-01T00:00:00Z"],
    )
    recorded_to: Instant | None = Field(
        None,
        description="Its `recorded_at`, as you read it, is that instant or earlier.",
        examples=["2026-11-30T23:59:59Z"],
    )
    changed_since: Instant | None = Field(
        None, description="Recorded or changed, as you read it, after that instant.", examples=["2026-11-23T09:30:00Z"]
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        for least, most in RANGES:
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                raise RuleBroken("reversed_range", f"Must not be above {most}.", least)
        given = self.model_fields_set
        if "occurred_match" in given and self.occurred is None:
            raise RuleBroken("incomplete", "Goes with `occurred`.", "occurred_match")
        if "quantity_match" in given and self.quantity_min is None and self.quantity_max is None:
            raise RuleBroken("incomplete", "Goes with `quantity_min` or `quantity_max`.", "quantity_match")
        return self


class SourcedQuestion(ClaimQuestion):
    """Which claims, of any sources or of those named."""

    source_id: Annotated[list[Id], AtMostFifty] = Field(
        default=[], description="Who said it; with `source_role=any` also who passed it on.", examples=[[SOURCE_ID]]
    )

    @model_validator(mode="after")
    def _asks_of_a_source(self) -> Self:
        if "source_role" in self.model_fields_set and not asks_of_a_source(self):
            raise RuleBroken("incomplete", "Goes with a filter of a source.", "source_role")
        return self


Sort = Literal[
    "recorded_at", "-recorded_at", "occurred", "-occurred", "confidence", "-confidence", "relevance", "-relevance"
]


class OrderedPage(PageParameters):
    """Which page of claims, and in which order."""

    sort: Sort = Field(
        "-recorded_at",
        description="recorded_at: by that, as you read it; those that came out at one instant, or of which you read "
        "one day, stand in an order that tells nothing. occurred: by the first day on which it can have happened. "
        "confidence: by that of the headline assessment. relevance: the best match of `q` first; this is the order "
        "wherever `q` is given and no other is. Of more than 10,000 matches the newest 500 are ranked, and the others "
        "follow, the newest first; with `-` the worst match is first. Of the others, with `-` the last or the most "
        "comes first; claims without such a day or confidence come at the end either way.",
    )

    @property
    def order(self) -> Sort:
        """The order that the claims are read in: the one asked for, or that which suits what is asked."""
        suits = "sort" not in self.model_fields_set and getattr(self, "q", None) is not None
        return "relevance" if suits else self.sort

    @model_validator(mode="after")
    def _sorts_by_what_is_asked(self) -> Self:
        if self.sort.endswith("relevance") and getattr(self, "q", None) is None:
            raise RuleBroken("incomplete", "Sorting by relevance goes with `q`.", "sort")
        return self


class ClaimFilter(SourcedQuestion, OrderedPage):
    """Which claims, and in which order."""


class SourceClaimFilter(ClaimQuestion, OrderedPage):
    """Which of a source's claims, and in which order. The filters of a source are about that one."""


def asks_of_a_source(wanted: Any) -> bool:
    """Whether the question asks something of a source in the chain."""
    return any(getattr(wanted, name, None) for name in OF_A_SOURCE)
