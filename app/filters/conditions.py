"""What a question comes down to: conditions on claims, each of which can also be the way in to the claims."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing asked of a claim: it has to be among the ids that one of `arms` selects.

    Each arm selects one column, the ids of claims, and stands for itself: it refers to no statement around it.
    """

    arms: tuple[Any, ...]
    streams: bool = False
    """Whether one index gives the ids in their order, so that a page is read without finding all that match."""
    repeats: bool = True
    """Whether an id can come more than once."""
    exact: bool = True
    """Whether all ids of the arms meet the condition; if not, `test` is put to them too."""
    negated: bool = False
    """Whether a claim has to be among none of the ids. Nothing leads in to what is not there."""
    test: Callable[[Any], ColumnElement[bool]] | None = None
    """How a claim is tested by the column of its id; None to look it up."""
    looked_up_in: tuple[Any, ...] = ()
    """Selects of the same ids, fewer than the arms, in which a claim is looked up; none to look it up in the arms."""
    counted: tuple[Any, ...] = ()
    """Selects of these ids and some more, which an index counts by itself; none where it counts the arms."""

    def entry(self, *, most: int | None = None) -> Any:
        """The ids, or so many of them, as something to select from, with a column `claim_id`.

        With a limit an engine finds them by themselves, whatever is asked of them outside.
        """
        found = _together(self.arms)
        return (found if most is None else found.limit(most)).subquery()

    def some(self, most: int) -> Any:
        """So many of the ids, or of a few more than meet the condition, as something to be counted."""
        return _together(self.counted or self.arms).limit(most).subquery()

    def holds(self, claim_id: Any) -> ColumnElement[bool]:
        """The condition on the claim of that column, in a statement whose tables have other names than the arms'."""
        if self.test is not None:
            return self.test(claim_id)
        found = or_(*(_finds(each, claim_id) for each in self.looked_up_in or self.arms))
        return ~found if self.negated else found


def _together(arms: tuple[Any, ...]) -> Any:
    first, *others = (arm.with_only_columns(_only_column(arm).label("claim_id")) for arm in arms)
    return first.union_all(*others) if others else first


def _only_column(arm: Any) -> Any:
    return arm.selected_columns[0]


def _finds(arm: Any, claim_id: Any) -> ColumnElement[bool]:
    """Whether the arm has the id; looked up there by the id alone, and not by going through the arm."""
    found: ColumnElement[bool] = (
        arm.where(_only_column(arm) == claim_id).with_only_columns(literal(1)).correlate(claim_id.table).exists()
    )
    return found


@dataclass(frozen=True, slots=True)
class Overlap:
    """That a span of days, known by the first and the last that it may have, can have a day between two others.

    A span or a window that is open at an end has no day there, and goes on. `dated` tells spans that are open at both
    ends from those that nothing is known of.
    """

    first: Any
    last: Any
    dated: ColumnElement[bool]
    since: int | None
    until: int | None

    def whole(self) -> ColumnElement[bool]:
        """The condition as one."""
        return and_(self.dated, *self._ends())

    def arms(self) -> list[ColumnElement[bool]]:
        """The condition in parts that exclude one another, to each of which an index leads."""
        return [and_(*each) for each in self._parts()]

    def _ends(self) -> list[ColumnElement[bool]]:
        ends = [] if self.until is None else [or_(self.first <= self.until, self.first.is_(None))]
        return ends if self.since is None else [*ends, or_(self.last >= self.since, self.last.is_(None))]

    def _parts(self) -> list[list[ColumnElement[bool]]]:
        open_at_both = [self.first.is_(None), self.last.is_(None), self.dated]
        begins = self.first.is_not(None) if self.until is None else self.first <= self.until
        if self.since is None:
            return [[begins], [self.first.is_(None), self.last.is_not(None)], open_at_both]
        ends = [] if self.until is None else [or_(self.first <= self.until, self.first.is_(None))]
        return [[self.last >= self.since, *ends], [self.last.is_(None), begins], open_at_both]
