"""The SQL that finds the ids of the claims that a question asks for, and the order in which they are read.

A statement goes in by one condition, and tests every claim it finds there for the others by the claim's id. Which one
leads in is chosen here and not by the engine: only a page is wanted, in order, and an engine that knows no more than
averages goes through all that match, and sorts it, where an index has it sorted. What leads in is found whole, so the
choice makes an answer faster or slower and never another one. The conditions themselves are in `app.filters.asked`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, case, literal, tuple_
from sqlmodel import col, func, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import covers, visible
from app.filters.asked.queries import conditions_of
from app.filters.conditions import Condition, Listed, Way
from app.filters.schemas import ClaimQuestion
from app.fulltext.index import Ranking
from app.kit.paging import Key, Order
from app.kit.plans import found_once
from app.listing.fields import EntryField
from app.listing.queries import listed, place_of
from app.models import Claim, ClaimStanding, Rendition
from app.models.vocabulary import ResourceKind

FEW: Final = 2_000
"""Claims that are rather all found and sorted than looked for along the order of the list: some hundredths of a second.
It decides how an answer is found, and nothing of what it is."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The claims that a question asks for: a select of their ids, followed by the keys of the order."""

    statement: Any
    order: Order


@dataclass(frozen=True, slots=True)
class _Base:
    """What a statement goes in by: where it selects from, the ids there, their places if it has them, and which."""

    source: Any
    claim_id: Any
    place: Any = None
    which: tuple[ColumnElement[bool], ...] = ()


def matching_claims(
    unit: Unit,
    wanted: ClaimQuestion,
    *,
    source_ids: Sequence[str] = (),
    sort: str = "-recorded_at",
    ranking: Ranking | None = None,
    also: Sequence[Condition] = (),
) -> Matching:
    """The claims that the caller may read and that meet every filter, once each, in the order of `sort`.

    `source_ids` are the sources that the filters of a source are about, where there are any; `ranking` is the order
    of relevance instead of `sort`, whose sign still tells which end comes first; `also` is what else is asked.
    """
    conditions = [*conditions_of(unit, wanted, source_ids), *also]
    sort_rows = _sort_rows(unit, sort.lstrip("-")) if ranking is None else ranking.rows(unit.principal.audience)
    by_place = sort_rows is None or (ranking is not None and ranking.is_cut)
    way, is_few = _way_in(unit, conditions, by_place=by_place)
    if way is None and not by_place and ranking is not None:
        # Only what has one of the words has a score.
        way, is_few = conditions[0].ways[0], True
    # Of what matches as well, the newest comes first. Other orders an index gives, and equals as it has them.
    base = _base(unit, way, is_few=is_few, placed=by_place or ranking is not None, sort_rows=sort_rows)
    source, order = _sorted(base, sort_rows, ranking, descending=sort.startswith("-"))
    # Of an expression no engine concludes that it might as well begin with the renditions, and sort what comes of it.
    own_id = base.claim_id.concat("")
    statement = (
        select(base.claim_id, *(key.column for key in order.keys))
        .select_from(source.join(Rendition, col(Rendition.resource_id) == own_id))
        .where(Rendition.kind == ResourceKind.CLAIM, visible(unit.principal.audience, unit.now), *base.which)
        .where(*(each.holds(base.claim_id) for each in conditions if way is None or not each.is_met_on(way)))
    )
    return Matching(statement, order)


def _sorted(base: _Base, sort_rows: Any, ranking: Ranking | None, *, descending: bool) -> tuple[Any, Order]:
    """What the claims are selected from, with what they are sorted by, and their order."""
    keys: tuple[Key, ...] = (Key(base.claim_id),)
    if base.place is not None:
        keys = (Key(base.place, datetime.fromisoformat), *keys)
    if sort_rows is None:
        return base.source, Order(keys, descending)
    source, sort_key = base.source, sort_rows.c.sort_key
    if source is not sort_rows:
        source = source.join(sort_rows, sort_rows.c.claim_id == base.claim_id)
    if ranking is None:
        return source, Order((Key(sort_key, int), *keys), descending, nullable=True)
    if ranking.oldest is None:
        return source, Order((Key(sort_key, int), *keys), not descending)
    known = tuple_(base.place, base.claim_id) >= tuple_(*ranking.oldest)
    return source, Order((Key(case((known, sort_key)), int), *keys), not descending, nullable=True, known=known)


def _base(unit: Unit, way: Way | None, *, is_few: bool, placed: bool, sort_rows: Any) -> _Base:
    """What the statement goes in by: all claims in the order asked for, or those that a way leads to."""
    if way is None and not placed:
        return _Base(sort_rows, sort_rows.c.claim_id)
    if way is None or not is_few:
        row = way.in_order if way is not None else None
        entries = row or Listed(*_all_claims(unit.principal.audience))
        return _Base(entries.rows, entries.rows.c.claim_id, entries.rows.c.place, entries.which)
    # What is distinct is found by itself, and whole, whatever is asked of it outside.
    ids = way.together().subquery()
    found = found_once(select(ids.c.claim_id).distinct())
    if not placed:
        return _Base(found, found.c.claim_id)
    entry, mine = place_of(found.c.claim_id, unit.principal.audience)
    return _Base(found.join(entry, mine), found.c.claim_id, entry.c.place)


def _all_claims(audience: Audience) -> tuple[Any, tuple[ColumnElement[bool], ...]]:
    rows, which = listed(audience, EntryField.ALL)
    return rows, tuple(which)


def newest_of(
    unit: Unit, wanted: ClaimQuestion, number: int, *, source_ids: Sequence[str]
) -> tuple[datetime, str] | None:
    """The place and the id of the claim of that number, from 1, among those that match, the newest first.

    None if they are fewer.
    """
    matching = matching_claims(unit, wanted, source_ids=source_ids)
    rows = matching.statement.order_by(*matching.order.clauses()).offset(number - 1).limit(1)
    found = unit.session.exec(rows).first()
    return None if found is None else (found[1], found[2])


def _sort_rows(unit: Unit, sort: str) -> Any:
    """The ids with what they are sorted by before them; None where the order is that of their places."""
    if sort == "occurred":
        day: Any = col(Claim.occurred_earliest_day).label("sort_key")
        return select(col(Claim.id).label("claim_id"), day).subquery()
    if sort == "confidence":
        confidence: Any = col(ClaimStanding.confidence).label("sort_key")
        standing: Any = select(col(ClaimStanding.claim_id).label("claim_id"), confidence)
        return standing.where(covers(unit.principal.audience, ClaimStanding)).subquery()
    return None


def _way_in(unit: Unit, conditions: Sequence[Condition], *, by_place: bool) -> tuple[Way | None, bool]:
    """The way to begin with, and whether so few claims are there that all are found before anything else.

    That to the fewest claims, if they are few; else one that gives the claims in the order of the list. None to go
    through all claims in that order.
    """
    ways = [way for each in conditions for way in each.ways]
    in_order = [way for way in ways if way.in_order is not None and by_place]
    if not ways or (len(ways) == 1 and in_order):
        return next(iter(in_order), None), False
    counts = [_up_to(unit, way, FEW + 1).scalar_subquery() for way in ways]
    numbers = unit.session.exec(select(literal(0), *counts)).one()[1:]
    least, fewest = min(zip(numbers, ways, strict=True), key=lambda each: each[0])
    if least <= FEW:
        return fewest, True
    return next(iter(in_order), None), False


def _up_to(unit: Unit, way: Way, most: int) -> Any:
    """A select of how many claims the caller lists on that way, at the most so many; one may count more than once."""
    if way.in_order is not None:
        rows = way.in_order.rows.c
        some = select(rows.claim_id).where(*way.in_order.which, rows.place <= unit.now)
    else:
        found = found_once(way.together())
        entry, mine = place_of(found.c.claim_id, unit.principal.audience)
        some = select(found.c.claim_id).join(entry, mine).where(entry.c.place <= unit.now)
    return select(func.count()).select_from(some.limit(most).subquery())
