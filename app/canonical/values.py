"""Values that claims are made of, with their rules: places, times, quantities and quotes, as sent and as read."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.kit.codes import Country, Currency, Language
from app.kit.problems import RuleBroken
from app.kit.schemas import (
    JSON_NUMBER,
    Day,
    DecimalIn,
    DecimalOut,
    Edtf,
    Integer,
    Line,
    Payload,
    Reading,
)
from app.models.vocabulary import (
    Approximation,
    BoundsBasis,
    OccurredMode,
    Per,
    Quantifier,
    Resolution,
    UnitKind,
)

Exact = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
Context = Annotated[str, StringConstraints(max_length=500)]
Offset = Annotated[Integer, Field(ge=0, le=100_000_000)]


class Place(Payload):
    """Where it happened. At least one field; latitude and longitude go together."""

    name: Line | None = Field(None, description="The place in words.", examples=["Vladivostok"])
    country: Country | None = Field(None, description="ISO 3166-1 alpha-2 code.", examples=["RU"])
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), JSON_NUMBER] | None = Field(
        None, description="Degrees north, WGS 84.", examples=[43.1155]
    )
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), JSON_NUMBER] | None = Field(
        None, description="Degrees east, WGS 84.", examples=[131.8855]
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise RuleBroken("incomplete", "Latitude and longitude go together.", "latitude")
        if self == Place.model_construct():
            raise RuleBroken("required", "A place needs a name, a country or coordinates.")
        return self


class Occurred(Payload):
    """When it happened: the words, what we read them as, and what that reading rests on."""

    verbatim: Line | None = Field(
        None,
        description="The time in the document's words.",
        examples=["sometime between November and December last year"],
    )
    edtf: Edtf | None = Field(
        None, description="Our reading in EDTF (ISO 8601-2 Annex A, levels 0 to 2).", examples=["2022-11/2022-12"]
    )
    mode: OccurredMode = Field(
        OccurredMode.POINT_WITHIN, description="How the claim lies in that time.", examples=["point_within"]
    )
    anchor_on: Day | None = Field(None, description="The date that relative words count from.", examples=["2023-01-31"])
    resolution: Resolution | None = Field(
        None,
        description="How the reading was reached. Left out, it is explicit with an EDTF date, else unresolved.",
        examples=["inferred"],
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if self.verbatim is None and self.edtf is None:
            raise RuleBroken("required", "A time needs its words or an EDTF date.")
        if self.edtf is None and self.resolution in {Resolution.EXPLICIT, Resolution.INFERRED}:
            raise RuleBroken("contradictory", "A time that is resolved needs an EDTF date.", "resolution")
        return self


class OccurredRead(Reading):
    """When it happened, with the first and the last day that the reading allows."""

    verbatim: str | None = Field(description="The time in the document's words.", examples=["before 2017"])
    edtf: str | None = Field(description="Our reading in EDTF.", examples=["2017"])
    earliest: str | None = Field(
        description="First possible day; null where the time is open or unknown. Years beyond four digits as in EDTF.",
        examples=[None],
    )
    latest: str | None = Field(description="Last possible day; null where open or unknown.", examples=["2016-12-31"])
    mode: OccurredMode = Field(description="How the claim lies in that time.", examples=["before"])
    anchor_on: Day | None = Field(description="The date that relative words count from.", examples=["2023-01-31"])
    resolution: Resolution = Field(description="How the reading was reached.", examples=["explicit"])


class Quantity(Payload):
    """How much or how many: the words, the numbers that were given, and no others."""

    verbatim: Line | None = Field(None, description="The quantity in words.", examples=["around $500 million"])
    best: DecimalIn | None = Field(None, description="The number given.", examples=["500000000"])
    low: DecimalIn | None = Field(None, description="Lower bound, only if one was given.", examples=["450000000"])
    high: DecimalIn | None = Field(None, description="Upper bound, only if one was given.", examples=["550000000"])
    unit: Annotated[Line, StringConstraints(max_length=200)] | None = Field(
        None, description="What is counted or measured, in the singular.", examples=["worker"]
    )
    unit_kind: UnitKind = Field(UnitKind.COUNT, description="What kind of unit that is.", examples=["currency"])
    currency: Currency | None = Field(None, description="ISO 4217 code, for money.", examples=["USD"])
    per: Per | None = Field(None, description="The period of a rate.", examples=["year"])
    approximation: Approximation = Field(
        Approximation.UNKNOWN, description="How the words hedge the number.", examples=["approximate"]
    )
    quantifier: Quantifier | None = Field(None, description="A quantity given in a word alone.", examples=["most"])
    part_of: Line | None = Field(
        None, description="The whole that it is part of, in words.", examples=["the nine workers who defected"]
    )
    bounds_basis: BoundsBasis | None = Field(
        None, description="Where low and high come from. Left out, stated if either is given.", examples=["stated"]
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if not any((self.verbatim, self.quantifier)) and self.best is self.low is self.high is None:
            raise RuleBroken("required", "A quantity needs words, a quantifier or a number.")
        if self.unit_kind is UnitKind.CURRENCY and self.currency is None:
            raise RuleBroken("contradictory", "An amount of money has a currency: name it.", "currency")
        if self.unit_kind is not UnitKind.CURRENCY and self.currency is not None:
            raise RuleBroken(
                "contradictory", "With a currency it has to be `currency`, which is not assumed.", "unit_kind"
            )
        if self.bounds_basis is not None and self.low is None and self.high is None:
            raise RuleBroken("contradictory", "Bounds that are not given have no basis.", "bounds_basis")
        return self


def are_in_order(low: Decimal | None, best: Decimal | None, high: Decimal | None) -> bool:
    """Whether low <= best <= high, of those given. What others publish may break it, and is kept all the same."""
    given = [number for number in (low, best, high) if number is not None]
    return given == sorted(given)


class QuantityRead(Reading):
    """How much or how many, as recorded."""

    verbatim: str | None = Field(description="The quantity in words.", examples=["approximately 100,000 workers"])
    best: DecimalOut | None = Field(description="The number given, digit for digit.", examples=["100000"])
    low: DecimalOut | None = Field(description="Lower bound; null unless one was given.", examples=[None])
    high: DecimalOut | None = Field(description="Upper bound; null unless one was given.", examples=[None])
    unit: str | None = Field(description="What is counted or measured.", examples=["worker"])
    unit_kind: UnitKind = Field(description="What kind of unit that is.", examples=["count"])
    currency: str | None = Field(description="ISO 4217 code, for money.", examples=[None])
    per: Per | None = Field(description="The period of a rate.", examples=[None])
    approximation: Approximation = Field(description="How the words hedge the number.", examples=["approximate"])
    quantifier: Quantifier | None = Field(description="A quantity given in a word alone.", examples=[None])
    part_of: str | None = Field(description="The whole that it is part of, in words.", examples=[None])
    bounds_basis: BoundsBasis | None = Field(description="Where low and high come from.", examples=[None])
    bounds_consistent: bool = Field(
        description="False where low <= best <= high does not hold: kept as published, and marked.", examples=[True]
    )


class Quote(Payload):
    """The words themselves, as a W3C TextQuoteSelector and TextPositionSelector.

    Checked against the document's text where that is recorded: a quote that is not there is refused, never moved.
    """

    exact: Exact = Field(
        description="The quoted words, exactly as in the document.", examples=["an asset in the serious task"]
    )
    prefix: Context | None = Field(None, description="Words right before them.", examples=["builders will be "])
    suffix: Context | None = Field(None, description="Words right after them.", examples=[" of restoring"])
    start: Offset | None = Field(
        None,
        description="Where they begin in the document's text, in Unicode code points from 0. Found, if the document "
        "has a text and this is left out.",
        examples=[4105],
    )
    end: Offset | None = Field(None, description="Where they end: the offset after the last.", examples=[4133])
    language: Language | None = Field(None, description="Language of the words as quoted, BCP 47.", examples=["en"])
    original: Exact | None = Field(
        None, description="The words in the language they were spoken in.", examples=["ценным подспорьем"]
    )

    @model_validator(mode="after")
    def _rules(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise RuleBroken("incomplete", "Start and end go together.", "start")
        if self.start is not None and self.end is not None and self.end - self.start != len(self.exact):
            raise RuleBroken("contradictory", "End minus start must be the length of exact, in code points.", "end")
        return self


class QuoteRead(Reading):
    """The words themselves, and where they stand."""

    exact: str = Field(description="The quoted words, exactly as in the document.", examples=["an asset"])
    prefix: str | None = Field(description="Words right before them.", examples=["builders will be "])
    suffix: str | None = Field(description="Words right after them.", examples=[" in the serious task"])
    start: int | None = Field(
        description="Where they begin in the document's text, in code points from 0; null where that is not known.",
        examples=[4105],
    )
    end: int | None = Field(description="The offset after the last.", examples=[4113])
    language: str | None = Field(description="Language of the words as quoted.", examples=["en"])
    original: str | None = Field(description="The words as spoken.", examples=[None])
