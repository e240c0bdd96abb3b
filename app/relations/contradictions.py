"""Whether two claims give numbers for one thing that cannot both be right: worked out of the claims alone.

No session and no clock. What counts as one thing, and why, stands in docs/decisions/contradictions.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import asin, cos, radians, sin, sqrt
from typing import Final

from rapidfuzz import fuzz

from app.canonical.quantities import unit_key
from app.kit.codes import CURRENCIES
from app.kit.edtf import day_text
from app.kit.words import tokens
from app.models import Claim, Quantity
from app.models.vocabulary import Approximation, ClaimKind, UnitKind

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


@dataclass(frozen=True, slots=True)
class Stated:
    """A claim with what is compared of it. Its topics are as they were written."""

    claim: Claim
    topics: Sequence[str]
    quantities: Sequence[Quantity]

    @property
    def numbers(self) -> list[Quantity]:
        """Its quantities that a number stands in."""
        return [each for each in self.quantities if each.low_key is not None or each.high_key is not None]


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
    pair: tuple[Quantity, Quantity]
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
    if one.claim.kind != other.claim.kind:
        return None
    time = _time(one.claim, other.claim)
    place = time and _place(one.claim, other.claim)
    pair = _excluding(one.numbers, other.numbers) if place else None
    if pair is None:
        return None
    alike = _likeness(_words(one.claim, pair[0]), _words(other.claim, pair[1]))
    return None if alike < LIKE_ENOUGH else _Compared(pair, alike, round(alike * place * time, 2))


def _likeness(words: frozenset[str], others: frozenset[str]) -> float:
    """How much two sets of words are alike, from 0 to 1; 0 where they have none in common."""
    if not words & others:
        return 0.0
    return fuzz.token_set_ratio(" ".join(sorted(words)), " ".join(sorted(others))) / 100


def _words(claim: Claim, quantity: Quantity) -> frozenset[str]:
    """What the statement says, beside what is compared by itself: its number with the unit, and the place."""
    compared = " ".join(filter(None, (quantity.unit, quantity.per, claim.place_name)))
    said = frozenset(tokens(claim.statement, claim.language)) - SMALL_WORDS - {*tokens(compared, claim.language)}
    return frozenset(word for word in said if not word[0].isdigit())


def _shared_topics(one: Iterable[str], other: Iterable[str]) -> list[str]:
    others = {folded(topic) for topic in other}
    return [topic for topic in one if folded(topic) in others]


def _excluding(one: Sequence[Quantity], other: Sequence[Quantity]) -> tuple[Quantity, Quantity] | None:
    """The first two quantities of one measure that exclude each other.

    None where any two of that measure go together: a claim that the number rose from ten to twenty does not contradict
    that it was ten.
    """
    for measure in dict.fromkeys(_measure(each) for each in one):
        pairs = list(
            product(
                [each for each in one if _measure(each) == measure],
                [each for each in other if _measure(each) == measure],
            )
        )
        if pairs and all(_exclude(*pair) for pair in pairs):
            return pairs[0]
    return None


def _measure(quantity: Quantity) -> tuple[str | None, ...]:
    """What is measured: two quantities that differ in it are not compared.

    A currency's code is money also where it was given as a unit of another kind.
    """
    is_money = quantity.unit in CURRENCIES
    kind = UnitKind.CURRENCY if is_money else quantity.unit_kind
    return (quantity.unit_key, kind, quantity.per, unit_key(quantity.part_of))


def _exclude(one: Quantity, other: Quantity) -> bool:
    """Whether no number lies within both, and, where either is only hedged, they lie more than a factor apart."""
    if _is_below(other, one):
        one, other = other, one
    if not _is_below(one, other):
        return False
    if one.is_bounded and other.is_bounded:
        return True
    return _beyond_a_factor(_most(one), _least(other))


def _is_below(one: Quantity, other: Quantity) -> bool:
    return one.high_key is not None and other.low_key is not None and one.high_key < other.low_key


def _beyond_a_factor(lower: Decimal, upper: Decimal) -> bool:
    """Whether two numbers, the lower first, are further apart than hedging allows. Nothing is a multiple of zero."""
    if lower > 0:
        return upper > FACTOR * lower
    return upper >= 0 or lower < FACTOR * upper


def _given(quantity: Quantity) -> list[Decimal]:
    return [Decimal(text) for text in (quantity.low, quantity.best, quantity.high) if text is not None]


def _least(quantity: Quantity) -> Decimal:
    return min(_given(quantity))


def _most(quantity: Quantity) -> Decimal:
    return max(_given(quantity))


def _place(one: Claim, other: Claim) -> float:
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


def _distance_km(one: Claim, other: Claim) -> float:
    """By the haversine formula, on a sphere."""
    latitudes = [radians(each.place_latitude or 0.0) for each in (one, other)]
    longitudes = [radians(each.place_longitude or 0.0) for each in (one, other)]
    square = (
        sin((latitudes[1] - latitudes[0]) / 2) ** 2
        + cos(latitudes[0]) * cos(latitudes[1]) * sin((longitudes[1] - longitudes[0]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, square)))


def _time(one: Claim, other: Claim) -> float:
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


def _reason(one: Claim, other: Claim, compared: _Compared, topics: Sequence[str]) -> str:
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


def _in_words(quantity: Quantity) -> str:
    """The number as it was recorded, with its unit, and the words that it was given in."""
    unit = quantity.currency or quantity.unit or quantity.unit_kind
    rate = "" if quantity.per is None else f" per {quantity.per}"
    whole = "" if quantity.part_of is None else f" of {quantity.part_of}"
    words = "" if quantity.verbatim is None else f' ("{quantity.verbatim}")'
    return f"{_number_in_words(quantity)} {unit}{rate}{whole}{words}"


def _number_in_words(quantity: Quantity) -> str:
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


def _time_in_words(claim: Claim) -> str:
    earliest, latest = day_text(claim.occurred_earliest_day), day_text(claim.occurred_latest_day)
    if earliest is None and latest is None:
        return "unknown"
    return str(earliest) if earliest == latest else f"{earliest or 'open'} to {latest or 'open'}"


def _place_in_words(claim: Claim) -> str:
    parts = [part for part in (claim.place_name, claim.place_country) if part]
    if claim.place_latitude is not None:
        parts.append(f"{claim.place_latitude:.2f} {claim.place_longitude:.2f}")
    return ", ".join(parts) or "unknown"


def _both(one: str, other: str) -> str:
    return one if one == other else " and ".join(sorted((one, other)))
