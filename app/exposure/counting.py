"""Counts which stored sources fit details, one by one and together. Pure sets: the same on every engine.

The number of records that share what is told of one is the k of k-anonymity (Sweeney, "k-anonymity: a model for
protecting privacy", 2002); details that narrow only together are the mosaic.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.exposure.details import UNCOUNTED, Detail, Known

MOST_OF_A_FIELD: Final = 20
"""Values of one field that are looked at."""
MOST_DETAILS: Final = 100
MOST_STEPS: Final = 10
"""Details of a combination, or of an order, that are told: nobody reads more."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Details and the sources that fit them: `fitting` has every detail that is compared, the source itself in each."""

    details: Sequence[Detail]
    everyone: frozenset[str]
    fitting: Mapping[Detail, frozenset[str]]

    @property
    def compared(self) -> list[Detail]:
        """The details that are counted, in their order."""
        return [each for each in self.details if each in self.fitting]

    @property
    def fit_all(self) -> frozenset[str]:
        """The sources that fit every detail that is compared."""
        return together(self.everyone, (self.fitting[each] for each in self.compared))


def chosen(known: Known) -> list[Detail]:
    """The details to look at, by field and value: of a field those of the fewest claims, where there are too many."""
    by_field: dict[str, list[Detail]] = {}
    for detail in sorted(known.claims_of, key=lambda each: (len(known.claims_of[each]), each.rank)):
        of_field = by_field.setdefault(detail.field, [])
        if len(of_field) < MOST_OF_A_FIELD:
            of_field.append(detail)
    return sorted((each for some in by_field.values() for each in some), key=lambda each: each.rank)


def shown(details: Iterable[Detail], fitting: Mapping[Detail, Collection[str]]) -> list[Detail]:
    """The details to list, by field and value: where there are too many, those that the fewest sources fit.

    What is not compared comes after what is.
    """
    first = sorted(details, key=lambda each: (each.field in UNCOUNTED, len(fitting.get(each, ())), each.rank))
    return sorted(first[:MOST_DETAILS], key=lambda each: each.rank)


def together(everyone: frozenset[str], some: Iterable[frozenset[str]]) -> frozenset[str]:
    """Those of everyone that are in each of the sets; the smallest first, so that it stays cheap."""
    left = everyone
    for each in sorted(some, key=len):
        left &= each
    return left


def fits_without(counted: Counted) -> dict[Detail, int]:
    """For each detail that is compared, how many sources would fit all the others."""
    order = sorted(counted.compared, key=lambda each: len(counted.fitting[each]))
    after = [counted.everyone]
    for each in reversed(order):
        after.append(after[-1] & counted.fitting[each])
    after.reverse()
    found, before = {}, counted.everyone
    for place, each in enumerate(order):
        found[each] = len(before & after[place + 1])
        before &= counted.fitting[each]
    return found


def narrowing(counted: Counted, without: Mapping[Detail, int]) -> list[Detail]:
    """The details that narrow most first: what would leave most if it were gone, then what fewest fit by itself.

    Details that everyone fits are left out.
    """
    telling = [each for each in counted.compared if len(counted.fitting[each]) < len(counted.everyone)]
    order = sorted(telling, key=lambda each: (-without[each], len(counted.fitting[each]), each.rank))
    return order[:MOST_STEPS]


def combination(counted: Counted) -> list[tuple[Detail, int]]:
    """Few details that leave as few as all do, and how many each leaves: at every step the one that leaves fewest.

    A greedy choice: there may be a shorter one. It ends after `MOST_STEPS`.
    """
    steps: list[tuple[Detail, int]] = []
    left, last = counted.everyone, len(counted.fit_all)
    while len(left) > last and len(steps) < MOST_STEPS:
        best = min(counted.compared, key=lambda each: (len(left & counted.fitting[each]), each.rank))
        left &= counted.fitting[best]
        steps.append((best, len(left)))
    return steps
