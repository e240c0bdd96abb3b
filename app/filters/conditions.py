"""What a question comes down to: conditions on claims, and the ways in to the claims that meet them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Claims as an index gives them, in the order of the list: its rows, with `claim_id` and `place`, and which."""

    rows: Any
    which: tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way in to the claims that meet a condition: they are all among the ids that its arms select.

    Each arm selects one column, the ids of claims, and stands for itself: it refers to no statement around it.
    """

    arms: tuple[Any, ...]
    is_exact: bool = True
    """Whether all ids of the arms meet the condition; if not, each is tested for it too."""
    in_order: Listed | None = None
    """The same ids in the order of the list, each once, where an index has them so."""

    def together(self) -> Any:
        """A select of all the ids of the arms, with a column `claim_id`; one may come more than once."""
        first, *others = (arm.with_only_columns(_only_column(arm).label("claim_id")) for arm in self.arms)
        return first.union_all(*others) if others else first


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """One thing asked of a claim."""

    holds: Callable[[Any], ColumnElement[bool]]
    """The condition on the claim of a column of ids, in a statement whose tables have other names."""
    ways: tuple[Way, ...] = ()
    """The ways in; none to what is not there."""

    def is_met_on(self, way: Way) -> bool:
        """Whether every claim to which that way leads meets it."""
        return way.is_exact and way in self.ways


def looked_up(*arms: Any) -> Callable[[Any], ColumnElement[bool]]:
    """The condition that one of the arms has the id; looked up there by the id alone, and not by going through it."""

    def holds(claim_id: Any) -> ColumnElement[bool]:
        return or_(*(_has(arm, claim_id) for arm in arms))

    return holds


def _has(arm: Any, claim_id: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool] = (
        arm.where(_only_column(arm) == claim_id).with_only_columns(literal(1)).correlate(claim_id.table).exists()
    )
    return found


def _only_column(arm: Any) -> Any:
    return arm.selected_columns[0]


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
