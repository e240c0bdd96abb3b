"""Counts which stored sources fit details, one by one and together. Pure sets: the same on every engine.

The number of records that share what is told of one is the k of k-anonymity (Sweeney, "k-anonymity: a model for
protecting privacy", 2002); details that narrow only together are the mosaic.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.exposure.details import UNCOUNTED, Detail, ExposedField, Known

MOST_OF_A_FIELD: Final = 20
"""Values of one field that are looked at."""
MOST_DETAILS: Final = 100
MOST_STEPS: Final = 10
"""Details of a combination, or of an order, that are told: nobody reads more."""


MOST_FITTING: Final = 100
"""Sources that are counted for one detail: who shares it with so many is not found by it, and more would take long."""


def are_many(source_ids: Collection[str]) -> bool:
    """Whether so many sources fit a detail that no more are counted."""
    return len(source_ids) >= MOST_FITTING


@dataclass(frozen=True, slots=True)
class Counted:
    """Details and the sources that fit them: `fitting` has every detail that is compared, the source itself in each.

    Of those that are `common`, it has `MOST_FITTING` or more sources, whichever they are; once `with_tested`, those of
    the candidates that fit.
    """

    details: Sequence[Detail]
    itself: frozenset[str]
    everyone: frozenset[str]
    fitting: Mapping[Detail, frozenset[str]]
    common: frozenset[Detail]

    @property
    def compared(self) -> list[Detail]:
        """The details that are counted, in their order."""
        return [each for each in self.details if each in self.fitting]

    @property
    def whole(self) -> list[Detail]:
        """Those of them of which all sources that fit are known, in their order."""
        return [each for each in self.compared if each not in self.common]

    @property
    def fit_all(self) -> frozenset[str]:
        """The sources that fit every detail that is compared."""
        return together(self.everyone, (self.fitting[each] for each in self.compared))

    def are_many(self, detail: Detail) -> bool:
        """Whether `MOST_FITTING` sources fit the detail, or more."""
        return detail in self.common or are_many(self.fitting[detail])

    def fits(self, detail: Detail) -> int:
        """How many sources fit the detail, `MOST_FITTING` for so many or more."""
        return MOST_FITTING if self.are_many(detail) else len(self.fitting[detail])

    def with_tested(self, tested: Mapping[Detail, Collection[str]]) -> "Counted":
        """The same, of details that are common with those of the tested sources that fit them."""
        fitting = {each: self.itself | self.everyone.intersection(tested[each]) for each in self.common}
        return replace(self, fitting={**self.fitting, **fitting})


def chosen(known: Known) -> list[Detail]:
    """The details to look at, by field and value: of a field those of the fewest claims, where there are too many."""
    by_field: dict[str, list[Detail]] = {}
    for detail in sorted(known.claims_of, key=lambda each: (len(known.claims_of[each]), each.rank)):
        of_field = by_field.setdefault(detail.field, [])
        if len(of_field) < MOST_OF_A_FIELD:
            of_field.append(detail)
    return sorted((each for some in by_field.values() for each in some), key=lambda each: each.rank)


def shown(numbers: Counted) -> Counted:
    """The same with the details to list, by field and value: where there are too many, those that the fewest fit.

    What is not compared comes after what is.
    """
    order = [*sorted(numbers.compared, key=lambda each: (numbers.fits(each), each.rank))]
    order += sorted((each for each in numbers.details if each.field in UNCOUNTED), key=lambda each: each.rank)
    details = sorted(order[:MOST_DETAILS], key=lambda each: each.rank)
    fitting = {each: ids for each, ids in numbers.fitting.items() if each in set(details)}
    return replace(numbers, details=details, fitting=fitting, common=numbers.common & set(details))


def candidates(numbers: Counted) -> frozenset[str]:
    """All sources that fit each of the whole details, one apart at most: who may fit all details, or all but one."""
    sets = sorted((numbers.fitting[each] for each in numbers.whole), key=len)
    if len(sets) < 2:
        return numbers.everyone
    return frozenset(each for each in sets[0] | sets[1] if sum(each not in ids for ids in sets) <= 1)


def together(everyone: frozenset[str], some: Iterable[frozenset[str]]) -> frozenset[str]:
    """Those of everyone that are in each of the sets; the smallest first, so that it stays cheap."""
    left = everyone
    for each in sorted(some, key=len):
        left &= each
    return left


def fits_without(numbers: Counted) -> dict[Detail, int]:
    """For each detail that is compared, how many sources would fit all the others."""
    order = sorted(numbers.compared, key=lambda each: len(numbers.fitting[each]))
    after = [numbers.everyone]
    for each in reversed(order):
        after.append(after[-1] & numbers.fitting[each])
    after.reverse()
    found, before = {}, numbers.everyone
    for place, each in enumerate(order):
        found[each] = len(before & after[place + 1])
        before &= numbers.fitting[each]
    return found


def narrowing(numbers: Counted, without: Mapping[Detail, int]) -> list[Detail]:
    """The details that narrow most first: what would leave most if it were gone, then what fewest fit by itself.

    Details that everyone fits are left out, and common ones that narrow nothing beside the others.
    """
    last = len(numbers.fit_all)
    telling = [
        each
        for each in numbers.compared
        if without[each] > last or (each not in numbers.common and len(numbers.fitting[each]) < len(numbers.everyone))
    ]
    return sorted(telling, key=lambda each: (-without[each], numbers.fits(each), each.rank))[:MOST_STEPS]


def combination(numbers: Counted) -> list[tuple[Detail, int]]:
    """Few details that leave as few as all do, and how many each leaves: at every step the one that leaves fewest.

    Common details come once the others leave no fewer. A greedy choice: there may be a shorter one. It ends after
    `MOST_STEPS`.
    """
    steps: list[tuple[Detail, int]] = []
    left = numbers.everyone
    for some in (numbers.whole, [each for each in numbers.compared if each in numbers.common]):
        last = len(together(left, (numbers.fitting[each] for each in some)))
        while len(left) > last and len(steps) < MOST_STEPS:
            sizes = {each: len(left & numbers.fitting[each]) for each in some}
            best = min(some, key=lambda each: (sizes[each], each.rank))
            left &= numbers.fitting[best]
            steps.append((best, len(left)))
    return steps


@dataclass(frozen=True, slots=True)
class Beside:
    """What is public of a source beside a claim, what the claim tells of it, and who fits both."""

    numbers: Counted
    before: Sequence[Detail]
    here: Sequence[Detail]

    @property
    def candidates(self) -> frozenset[str]:
        """The sources to test for common details: who may fit all that is known before, or that and what is new."""
        known = self._known
        left = self._left([each for each in known if each not in self.numbers.common])
        if not self.numbers.common.isdisjoint(known):
            return left
        return together(left, (self.numbers.fitting[each] for each in self._rare(left)))

    def telling(self) -> tuple[tuple[ExposedField, ...], int, int] | None:
        """What of the claim narrows beside all that is known, and how many fit without it and with it.

        A common detail narrows if it does so beside what else the claim tells.
        """
        left = self._left(self._known)
        rare = self._rare(left)
        after = together(left, (self.numbers.fitting[each] for each in rare))
        common = [each for each in self._new if each in self.numbers.common and not after <= self.numbers.fitting[each]]
        telling = [each for each in self._new if each in {*rare, *common}]
        if not telling:
            return None
        after = together(after, (self.numbers.fitting[each] for each in common))
        return tuple(dict.fromkeys(each.field for each in telling)), len(left), len(after)

    @property
    def _known(self) -> list[Detail]:
        return [each for each in self.before if each in self.numbers.fitting]

    @property
    def _new(self) -> list[Detail]:
        return [each for each in self.here if each in self.numbers.fitting and each not in self.before]

    def _left(self, details: Iterable[Detail]) -> frozenset[str]:
        return together(self.numbers.everyone, (self.numbers.fitting[each] for each in details))

    def _rare(self, left: frozenset[str]) -> list[Detail]:
        """New details, common ones apart, that fewer of those left fit; or no other at all, if none is left already.

        If it were silent there, it would be silent for the sources that are exposed most.
        """
        alone, everyone = len(left) == 1, len(self.numbers.everyone)
        sizes = {each: self.numbers.fitting[each] for each in self._new if each not in self.numbers.common}
        return [each for each, fit in sizes.items() if not left <= fit or (alone and len(fit) == 1 and everyone > 1)]
