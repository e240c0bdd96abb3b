"""Whether two claims give numbers for one thing that cannot both be right: worked out of the claims alone.

No session and no clock. What counts as one thing, and why, stands in docs/decisions/contradictions.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from operator import itemgetter
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from app.canonical.quantities import unit_key
from app.kit.codes import CURRENCIES
from app.kit.edtf import day_text
from app.kit.words import tokens
from app.models.vocabulary import Approximation, ClaimKind, ClaimStatus, Per, UnitKind

FACTOR: Final = 2
"""How far apart two numbers may lie that somebody hedged. "Approximately 100,000" is said of 80,000 and of 120,000; no
reader takes it for 50,000 or for 200,000. It is used to compare, and is never kept as a bound."""
LIKE_ENOUGH: Final = 0.7
"""The least likeness of two statements, their numbers left out, for them to speak of one thing."""
NEAR_KM: Final = 5.0
"""How far apart two points may lie that are one place: the width of a town. Their names must not tell them apart."""
SAME_PERIOD: Final = 0.5
"""The share of their days that two times must have in common to be called the same."""
OTHER_PERIOD: Final = 0.85
UNKNOWN_PLACE: Final = 0.95
"""What the likeness is multiplied by where the times are unknown or overlap in part; where a place is unknown."""
EARTH_RADIUS_KM: Final = 6371.0
MOST_TOPICS_NAMED: Final = 5
MOST_COMPARED: Final = 500
"""Characters of a statement whose words are compared, more than a sentence has: finding their stems takes 2 us each."""
STATEMENTS_KEPT: Final = 2_000
"""Statements whose words are kept at hand: the newest claims of a topic are compared again and again."""

SMALL_WORDS: Final = frozenset(
    tokens(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand "
        "thousands million millions billion billions trillion trillions dozen dozens "
        "about around approximately roughly nearly almost some exactly over under up more less fewer than least most "
        "between estimated only "
        "a an and are as at be been by for from had has have in into is it its of on or that the their them they this "
        "those to was were which who will with would",
        "en",
    )
)
"""Words of numbers, and words that say nothing of what is counted."""


class ClaimFacts(NamedTuple):
    """What is compared of a claim, its topics and numbers apart."""

    id: str
    kind: ClaimKind
    status: ClaimStatus
    statement: str
    language: str | None
    place_name: str | None
    place_country: str | None
    place_latitude: float | None
    place_longitude: float | None
    occurred_earliest_day: int | None
    occurred_latest_day: int | None
    embargo_until: datetime | None


class Number(NamedTuple):
    """What is compared of a quantity, which may have no number in it."""

    verbatim: str | None
    best: str | None
    low: str | None
    high: str | None
    unit: str | None
    unit_kind: UnitKind
    currency: str | None
    per: Per | None
    approximation: Approximation
    part_of: str | None
    unit_key: str | None
    low_key: str | None
    high_key: str | None
    is_bounded: int | None


Measure = tuple[str | None, ...]
Measured = Mapping[Measure, Sequence[Number]]
"""A claim's numbers by what they measure, in the order in which they stand."""


def measured(quantities: Iterable[Number]) -> Measured:
    """Those of the quantities that a number stands in, by what they measure."""
    found: dict[Measure, list[Number]] = {}
    for each in quantities:
        if each.low_key is not None or each.high_key is not None:
            found.setdefault(_measure(each), []).append(each)
    return found


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim with what is compared of it. Its topics are as they were written."""

    claim: ClaimFacts
    topics: Sequence[str]
    numbers: Measured


@dataclass(frozen=True, slots=True)
class Contradiction:
    """That two claims cannot both be right, as far as can be told: how sure that is, from 0 to 1, and why, in words."""

    score: float
    reason: str


def folded(topic: str) -> str:
    """A topic as it is compared: without case."""
    return unit_key(topic) or ""


@dataclass(frozen=True, slots=True)
class _Compared:
    pair: tuple[Number, Number]
    alike: float
    score: float


def contradiction(one: Stated, other: Stated) -> Contradiction | None:
    """Whether the claims give numbers for one thing that exclude each other, and why; the same from either side."""
    topics, compared = _shared_topics(one.topics, other.topics), _compare(one, other)
    if not topics or compared is None:
        return None
    return Contradiction(compared.score, _reason(one.claim, other.claim, compared, topics))


def likely(one: Stated, other: Stated) -> float | None:
    """How sure it is that claims of one topic contradict each other, from 0 to 1; None where they do not."""
    compared = _compare(one, other)
    return None if compared is None else compared.score


def _compare(one: Stated, other: Stated) -> _Compared | None:
    one, other = sorted((one, other), key=lambda stated: stated.claim.id)
    if one.claim.kind != other.claim.kind:
        return None
    time = _time(one.claim, other.claim)
    place = time and _place(one.claim, other.claim)
    pair = excluding(one.numbers, other.numbers) if place else None
    if pair is None:
        return None
    alike = _likeness(_words(one.claim, pair[0]), _words(other.claim, pair[1]))
    return None if alike < LIKE_ENOUGH else _Compared(pair, alike, round(alike * place * time, 2))


def _likeness(words: frozenset[str], others: frozenset[str]) -> float:
    """How much two sets of words are alike, from 0 to 1; 0 where they have none in common."""
    if not words & others:
        return 0.0
    return fuzz.token_set_ratio(" ".join(sorted(words)), " ".join(sorted(others))) / 100


def _words(claim: ClaimFacts, quantity: Number) -> frozenset[str]:
    """What the statement says, beside what is compared by itself: its number with the unit, and the place."""
    compared = " ".join(filter(None, (quantity.unit, quantity.per, claim.place_name)))
    return _said(claim.statement[:MOST_COMPARED], claim.language) - {*tokens(compared, claim.language)}


@lru_cache(maxsize=STATEMENTS_KEPT)
def _said(statement: str, language: str | None) -> frozenset[str]:
    """The words of a statement, numbers and small words left out."""
    return frozenset(word for word in tokens(statement, language) if not word[0].isdigit()) - SMALL_WORDS


def _shared_topics(one: Iterable[str], other: Iterable[str]) -> list[str]:
    others = {folded(topic) for topic in other}
    return [topic for topic in one if folded(topic) in others]


def excluding(one: Measured, other: Measured) -> tuple[Number, Number] | None:
    """The first numbers that two claims give of a measure of which all their numbers exclude each other.

    None where any two of each measure go together: a claim that the number rose from ten to twenty does not contradict
    that it was ten.
    """
    for measure, numbers in one.items():
        others = other.get(measure)
        if others is not None and _all_exclude(numbers, others):
            return numbers[0], others[0]
    return None


def _all_exclude(one: Sequence[Number], other: Sequence[Number]) -> bool:
    """Whether each number of one claim excludes each of the other's.

    No number lies within both, and where either is only hedged they lie more than a factor apart: in the order in which
    they begin, each lies above all of the other claim's that began before it.
    """
    weighs_hedges = not all(number.is_bounded for numbers in (one, other) for number in numbers)
    below = (_Below(), _Below())
    sides = [(number.low_key or "", side, number) for side, numbers in enumerate((one, other)) for number in numbers]
    for _, side, number in sorted(sides, key=_LOW_KEY):
        others = below[1 - side]
        if not others.ends_before(number) or (weighs_hedges and not others.is_beyond_a_factor(number)):
            return False
        below[side].add(number, weighs_hedges=weighs_hedges)
    return True


_LOW_KEY: Final = itemgetter(0)


@dataclass(slots=True)
class _Below:
    """How far up the numbers of one claim reach, and those of them that are only hedged."""

    high_key: str | None = ""
    """The highest of their ends; None where one of them is open, and empty before there are any."""
    most: Decimal | None = None
    most_hedged: Decimal | None = None

    def add(self, number: Number, *, weighs_hedges: bool) -> None:
        """Reckons with one more, which begins no lower than those before it."""
        if self.high_key is not None:
            self.high_key = None if number.high_key is None else max(self.high_key, number.high_key)
        if weighs_hedges:
            most = max(_given(number))
            self.most = most if self.most is None else max(self.most, most)
            if not number.is_bounded:
                self.most_hedged = most if self.most_hedged is None else max(self.most_hedged, most)

    def ends_before(self, number: Number) -> bool:
        """Whether all of them end before the number begins, which begins no lower than any."""
        if self.high_key is None or number.low_key is None:
            return self.high_key == ""
        return self.high_key < number.low_key

    def is_beyond_a_factor(self, number: Number) -> bool:
        """Whether those with which hedging counts are more than a factor below the number."""
        lower = self.most_hedged if number.is_bounded else self.most
        return lower is None or _beyond_a_factor(lower, min(_given(number)))


def _measure(quantity: Number) -> Measure:
    """What is measured: two quantities that differ in it are not compared.

    A currency's code is money also where it was given as a unit of another kind.
    """
    is_money = quantity.unit in CURRENCIES
    kind = UnitKind.CURRENCY if is_money else quantity.unit_kind
    return (quantity.unit_key, kind, quantity.per, unit_key(quantity.part_of))


def _beyond_a_factor(lower: Decimal, upper: Decimal) -> bool:
    """Whether two numbers, the lower first, are further apart than hedging allows. Nothing is a multiple of zero."""
    if lower > 0:
        return upper > FACTOR * lower
    return upper >= 0 or lower < FACTOR * upper


def _given(quantity: Number) -> list[Decimal]:
    return [Decimal(text) for text in (quantity.low, quantity.best, quantity.high) if text is not None]


def _place(one: ClaimFacts, other: ClaimFacts) -> float:
    """0 where the claims are of two places, 1 where they are of one, between where that is not known."""
    if one.place_country and other.place_country and one.place_country != other.place_country:
        return 0.0
    names, others = (frozenset(tokens(each.place_name or "")) for each in (one, other))
    if names and others and not (names <= others or others <= names):
        return 0.0
    if one.place_latitude is not None and other.place_latitude is not None:
        return 1.0 if _distance_km(one, other) <= NEAR_KM else 0.0
    both = (names and others) or (one.place_country and other.place_country)
    return 1.0 if both else UNKNOWN_PLACE


def _distance_km(one: ClaimFacts, other: ClaimFacts) -> float:
    """By the haversine formula, on a sphere."""
    latitudes = [radians(each.place_latitude or 0.0) for each in (one, other)]
    longitudes = [radians(each.place_longitude or 0.0) for each in (one, other)]
    square = (
        sin((latitudes[1] - latitudes[0]) / 2) ** 2
        + cos(latitudes[0]) * cos(latitudes[1]) * sin((longitudes[1] - longitudes[0]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, square)))


def _time(one: ClaimFacts, other: ClaimFacts) -> float:
    """0 where the claims are of two times, 1 where they are of one, between where that is not known or in part."""
    begins = [day for day in (one.occurred_earliest_day, other.occurred_earliest_day) if day is not None]
    ends = [day for day in (one.occurred_latest_day, other.occurred_latest_day) if day is not None]
    if begins and ends and max(begins) > min(ends):
        return 0.0
    if len(begins) < 2 or len(ends) < 2:
        return OTHER_PERIOD
    in_common, in_all = min(ends) - max(begins) + 1, max(ends) - min(begins) + 1
    if in_common / in_all >= SAME_PERIOD:
        return 1.0
    # An event of a day may be that of some month; what was counted over the day is not what was over the month.
    return 0.0 if one.kind == ClaimKind.QUANTITY else OTHER_PERIOD


def _reason(one: ClaimFacts, other: ClaimFacts, compared: _Compared, topics: Sequence[str]) -> str:
    pair, alike = compared.pair, compared.alike
    numbers = " and ".join(sorted(map(_in_words, pair)))
    reading = (
        ""
        if all(each.is_bounded for each in pair)
        else f"; one is no exact number, and they are more than a factor of {FACTOR} apart"
    )
    named = ", ".join(sorted({folded(topic) for topic in topics})[:MOST_TOPICS_NAMED])
    return (
        f"{numbers} cannot both be right{reading}. Both are of kind {one.kind} and filed under {named}. "
        f"Time: {_both(_time_in_words(one), _time_in_words(other))}. "
        f"Place: {_both(_place_in_words(one), _place_in_words(other))}. "
        f"Their numbers left out, the statements are alike by {round(alike * 100)} of 100."
    )


def _in_words(quantity: Number) -> str:
    """The number as it was recorded, with its unit, and the words that it was given in."""
    unit = quantity.currency or quantity.unit or quantity.unit_kind
    rate = "" if quantity.per is None else f" per {quantity.per}"
    whole = "" if quantity.part_of is None else f" of {quantity.part_of}"
    words = "" if quantity.verbatim is None else f' ("{quantity.verbatim}")'
    return f"{_number_in_words(quantity)} {unit}{rate}{whole}{words}"


def _number_in_words(quantity: Number) -> str:
    if quantity.low is not None and quantity.high is not None:
        return quantity.low if quantity.low == quantity.high else f"{quantity.low} to {quantity.high}"
    if quantity.low is not None:
        return f"at least {quantity.low}"
    if quantity.high is not None:
        return f"at most {quantity.high}"
    said = {Approximation.EXACT: "", Approximation.UNKNOWN: ""}.get(
        quantity.approximation, f"{quantity.approximation.replace('_', ' ')} "
    )
    return f"{said}{quantity.best}"


def _time_in_words(claim: ClaimFacts) -> str:
    earliest, latest = day_text(claim.occurred_earliest_day), day_text(claim.occurred_latest_day)
    if earliest is None and latest is None:
        return "unknown"
    return str(earliest) if earliest == latest else f"{earliest or 'open'} to {latest or 'open'}"


def _place_in_words(claim: ClaimFacts) -> str:
    parts = [part for part in (claim.place_name, claim.place_country) if part]
    if claim.place_latitude is not None:
        parts.append(f"{claim.place_latitude:.2f} {claim.place_longitude:.2f}")
    return ", ".join(parts) or "unknown"


def _both(one: str, other: str) -> str:
    return one if one == other else " and ".join(sorted((one, other)))
