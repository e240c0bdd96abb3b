"""Whether two claims' numbers exclude each other: the quick way gives what holding each against each gives."""

from decimal import Decimal
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.canonical.quantities import quantity_range
from app.models import Quantity
from app.models.vocabulary import Approximation, UnitKind
from app.relations.contradictions import FACTOR, Number, excluding, measured

SMALL = st.integers(-4, 12).map(lambda number: Decimal(number) / 2)
UNITS = st.sampled_from(["worker", None])


@st.composite
def numbers(draw: st.DrawFn) -> Number:
    """A quantity as it is compared: with a number and what the words make of it, or with bounds."""
    low, best, high = draw(st.tuples(*[st.one_of(st.none(), SMALL)] * 3))
    texts: dict[str, Any] = {
        name: None if each is None else str(each) for name, each in (("low", low), ("best", best), ("high", high))
    }
    approximation, unit = draw(st.sampled_from(Approximation)), draw(UNITS)
    found = quantity_range(Quantity(claim_id="", position=0, approximation=approximation, **texts))
    return Number(
        verbatim=None,
        unit=unit,
        unit_kind=UnitKind.COUNT,
        currency=None,
        per=None,
        approximation=approximation,
        part_of=None,
        unit_key=unit,
        low_key=found.low_key,
        high_key=found.high_key,
        is_bounded=found.is_bounded,
        **texts,
    )


def given_in(number: Number) -> list[Decimal]:
    return [Decimal(text) for text in (number.low, number.best, number.high) if text is not None]


def exclude(one: Number, other: Number) -> bool:
    """Whether two numbers exclude each other, by what docs/decisions/contradictions.md says."""
    lower, upper = (one, other) if is_below(one, other) else (other, one)
    if not is_below(lower, upper):
        return False
    if one.is_bounded and other.is_bounded:
        return True
    most, least = max(given_in(lower)), min(given_in(upper))
    return least > FACTOR * most if most > 0 else least >= 0 or most < FACTOR * least


def is_below(one: Number, other: Number) -> bool:
    return one.high_key is not None and other.low_key is not None and one.high_key < other.low_key


@given(st.lists(numbers(), max_size=4), st.lists(numbers(), max_size=4))
def test_all_exclude_each_other_if_each_two_do(one: list[Number], other: list[Number]) -> None:
    expected = False
    for unit in ("worker", None):
        ours, theirs = (
            [each for each in side if each.unit == unit and each.is_bounded is not None] for side in (one, other)
        )
        pairs = list(product(ours, theirs))
        expected = expected or (bool(pairs) and all(exclude(*pair) for pair in pairs))
    assert (excluding(measured(one), measured(other)) is not None) == expected
    assert (excluding(measured(other), measured(one)) is not None) == expected
