"""Decimal numbers as text that sorts as the numbers do, digit for digit, on engines that have no such number.

SQLite compares numbers as binary fractions, in which 38 digits do not fit; text it compares byte by byte, and so does
PostgreSQL in the collation "C".
"""

from decimal import Decimal
from enum import IntEnum
from typing import Final

KEY_LENGTH: Final = 48
"""One character of sign, two of exponent, at most 38 digits, one of edge, and some to spare."""
BIAS: Final = 50
"""Added to the exponent, which lies within -38 and 37, so that it is two digits and never negative."""
POSITIVE_EDGES: Final = "!+/"
"""All below "0": a number comes before every other whose digits begin with its own and go on."""
NEGATIVE_EDGES: Final = ":<>"
"""All above "9": among negative numbers, whose digits are turned round, it comes after them."""
TURNED_ROUND: Final = str.maketrans("0123456789", "9876543210")


class Edge(IntEnum):
    """Which side of a number a bound lies on: an excluded bound is just beside it."""

    BELOW = 0
    AT = 1
    ABOVE = 2


def sort_key(number: Decimal, edge: Edge = Edge.AT) -> str:
    """Text that sorts as the number does, by code points; `edge` puts it just below or just above the number."""
    if number == 0:
        return f"1{POSITIVE_EDGES[edge]}"
    digits = "".join(map(str, number.as_tuple().digits)).lstrip("0").rstrip("0")
    exponent = f"{number.adjusted() + BIAS:02d}"
    if number > 0:
        return f"2{exponent}{digits}{POSITIVE_EDGES[edge]}"
    return f"0{(exponent + digits).translate(TURNED_ROUND)}{NEGATIVE_EDGES[edge]}"
