"""Within which numbers a quantity may lie: what quantity filters compare.

Nothing is made up for it. "Approximately 100,000" has no bounds until someone sets them: it may be 100,000, and it
certainly lies within nothing.
"""

import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.kit.decimals import Edge, sort_key
from app.models import Quantity
from app.models.vocabulary import Approximation

UNIT_LENGTH: Final = 200
BOUNDED: Final = frozenset(
    {
        Approximation.EXACT,
        Approximation.AT_LEAST,
        Approximation.AT_MOST,
        Approximation.MORE_THAN,
        Approximation.LESS_THAN,
    }
)
"""What the words must say of a number that stands alone, for it to bound the quantity."""
UP_FROM: Final = {Approximation.AT_LEAST: Edge.AT, Approximation.MORE_THAN: Edge.ABOVE}
DOWN_FROM: Final = {Approximation.AT_MOST: Edge.AT, Approximation.LESS_THAN: Edge.BELOW}


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the most that a quantity may be, as sort keys; None where open. Both open where no number is."""

    low_key: str | None
    high_key: str | None
    is_bounded: int | None
    """1 where the quantity certainly lies within; 0 where the number is all that is known; None without a number."""


def quantity_range(quantity: Quantity) -> Range:
    """What the numbers and the words about them allow.

    Bounds that were given hold, in whatever order they and the best number stand: what others publish may break it. A
    bound that was not given is open if the other was. A number alone is a bound if the words make it one.
    """
    low, best, high = (None if text is None else Decimal(text) for text in (quantity.low, quantity.best, quantity.high))
    given = [number for number in (low, best, high) if number is not None]
    if not given:
        return Range(None, None, None)
    least, most = min(given), max(given)
    if low is not None or high is not None:
        return Range(sort_key(least) if low is not None else None, sort_key(most) if high is not None else None, 1)
    if quantity.approximation in UP_FROM:
        return Range(sort_key(least, UP_FROM[quantity.approximation]), None, 1)
    if quantity.approximation in DOWN_FROM:
        return Range(None, sort_key(most, DOWN_FROM[quantity.approximation]), 1)
    return Range(sort_key(least), sort_key(most), int(quantity.approximation in BOUNDED))


def unit_key(unit: str | None) -> str | None:
    """A unit or a currency as it is compared: in one case and one spelling of each character."""
    return None if unit is None else unicodedata.normalize("NFKC", unit).casefold().strip()[:UNIT_LENGTH] or None


def fill_keys(quantity: Quantity) -> None:
    """Sets the columns that the quantity is filtered by from the others. The unit of money is its currency."""
    found = quantity_range(quantity)
    quantity.low_key, quantity.high_key, quantity.is_bounded = found.low_key, found.high_key, found.is_bounded
    quantity.unit_key = unit_key(quantity.currency or quantity.unit)
