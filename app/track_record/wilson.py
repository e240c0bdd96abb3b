"""The interval in which a proportion lies, as far as a sample tells."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

Z: Final = 1.959963984540054
"""The 97.5th percentile of the normal distribution: 95 of 100 such intervals hold what they estimate."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of an interval, both in 0 to 1."""

    low: float
    high: float


def wilson_interval(n: int, of: int) -> Interval:
    """The 95 percent score interval of the proportion `n` of `of`, without a correction for continuity.

    Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22 (1927) 209-212;
    method 3 of Newcombe, Two-sided confidence intervals for the single proportion, Stat. Med. 17 (1998) 857-872. It
    holds for small samples and for none or all of them; of nothing at all, it is everything from 0 to 1.
    """
    middle = 2 * n + Z**2
    reach = Z * sqrt(Z**2 + 4 * n * (of - n) / of) if of else Z**2
    whole = 2 * (of + Z**2)
    low = 0.0 if n == 0 else (middle - reach) / whole
    high = 1.0 if n == of else (middle + reach) / whole
    return Interval(max(0.0, low), min(1.0, high))
