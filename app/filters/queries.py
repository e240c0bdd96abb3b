"""The SQL that finds the ids of the claims that a question asks for, and the order in which they are read.

A statement goes in by one condition, whose ids an index gives, and tests every claim it finds there for the others by
the claim's id. Which condition leads in is chosen here and not by the engine: only a page is wanted, in order, and an
engine that knows no more than averages goes through all that match, and sorts it, where an index has it sorted.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, literal
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select

from app.access.units import Unit
from app.access.visibility import visible
from app.canonical.quantities import unit_key
from app.canonical.queries import is_contradiction, stands_for
from app.changes.queries import readable_ids
from app.filters.conditions import Condition, Overlap
from app.filters.relevance import text_condition
from app.filters.schemas import ClaimQuestion, asks_of_a_source
from app.filters.text import parse_text_query
from app.kit.decimals import sort_key
from app.kit.edtf import parse_edtf
from app.kit.fulltext import Ranking
from app.kit.ids import first_id
from app.kit.paging import Key, Order
from app.kit.urls import canonical_url
from app.models import (
    Attribution,
    Claim,
    ClaimStanding,
    ClaimTopic,
    Document,
    Hop,
    Quantity,
    Relation,
    Rendition,
    Source,
)
from app.models.vocabulary import HopRole, ResourceKind
from app.sources.queries import sources_named

ORIGIN: Final = 0
"""The position of a chain's origin."""
PUBLISHING: Final = (HopRole.OUTLET, HopRole.INTERVIEWER, HopRole.REPUBLISHER)
"""What an outlet does in a chain when it brings a statement to its readers."""
FEW: Final = 2_000
"""Ids that are rather all found and sorted than looked for along the order of the list: some hundredths of a second."""
MOMENT: Final = timedelta(microseconds=1)
LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Matching:
    """The claims that a question asks for: a select of their ids, followed by the keys of the order."""

    statement: Any
    order: Order


def matching_claims(
    unit: Unit,
    wanted: ClaimQuestion,
    *,
    source_ids: Sequence[str] = (),
    sort: str = "-recorded_at",
    ranking: Ranking | None = None,
) -> Matching:
    """The claims that the caller may read and that meet every filter, once each, in the order of `sort`.

    `source_ids` are the sources that the filters of a source are about, where there are any; `ranking` is the order
    of relevance instead of `sort`, whose sign still tells which end comes first.
    """
    conditions = _conditions(unit, wanted, source_ids)
    sort_rows = _sort_rows(unit, sort.lstrip("-")) if ranking is None else ranking.rows(unit.principal.audience)
    is_cut = ranking is not None and ranking.is_cut
    chosen, most = _way_in(unit, conditions, in_order_of_id=sort_rows is None or is_cut)
    if chosen is None and ranking is not None and not is_cut:
        chosen = _of_text(unit, wanted)
    entry = _all_claims(sort_rows if ranking is None else None) if chosen is None else chosen.entry(most=most)
    claim_id, joined = entry.c.claim_id, entry
    keys: tuple[Key, ...] = (Key(claim_id),)
    if sort_rows is not None:
        if entry is not sort_rows:
            joined = joined.join(sort_rows, sort_rows.c.claim_id == claim_id)
        keys = (Key(sort_rows.c.sort_key, int), *keys)
    # Of an expression no engine concludes that it might as well begin with the renditions, and sort what comes of it.
    own_id = claim_id.concat("")
    statement = (
        select(claim_id, *(key.column for key in keys))
        .select_from(joined.join(Rendition, col(Rendition.resource_id) == own_id))
        .where(Rendition.kind == ResourceKind.CLAIM, visible(unit.principal.audience, unit.now))
        .where(*(each.holds(claim_id) for each in conditions if each is not chosen or not each.exact))
    )
    if chosen is not None and chosen.repeats:
        statement = statement.distinct()
    if ranking is None:
        return Matching(statement, Order(keys, sort.startswith("-"), nullable=len(keys) > 1))
    known = claim_id >= ranking.oldest if is_cut else None
    return Matching(statement, Order(keys, descending=not sort.startswith("-"), nullable=is_cut, known=known))


def _all_claims(sort_rows: Any) -> Any:
    """Every claim, by what it is sorted by or else by its id."""
    return sort_rows if sort_rows is not None else select(col(Claim.id).label("claim_id")).subquery()


def newest_of(unit: Unit, wanted: ClaimQuestion, place: int, *, source_ids: Sequence[str]) -> str | None:
    """The id of the claim in that place, from 1, among those that match, the newest first; None if they are fewer."""
    matching = matching_claims(unit, wanted, source_ids=source_ids)
    rows = matching.statement.order_by(*matching.order.clauses()).offset(place - 1).limit(1)
    found = unit.session.exec(rows).first()
    return None if found is None else str(found[0])


def _sort_rows(unit: Unit, sort: str) -> Any:
    """The ids with what they are sorted by before them; None where the order is that of the ids."""
    if sort == "occurred":
        day: Any = col(Claim.occurred_earliest_day).label("sort_key")
        return select(col(Claim.id).label("claim_id"), day).subquery()
    if sort == "confidence":
        confidence: Any = col(ClaimStanding.confidence).label("sort_key")
        standing: Any = select(col(ClaimStanding.claim_id).label("claim_id"), confidence)
        return standing.where(stands_for(unit.principal.audience)).subquery()
    return None


def _way_in(
    unit: Unit, conditions: Sequence[Condition], *, in_order_of_id: bool
) -> tuple[Condition | None, int | None]:
    """The condition to begin with, and how many ids it gives at the most, where these are found before all else.

    That which few claims meet, if there is one; else one that gives the claims in the order of the list. None to go
    through all claims in that order.
    """
    ways = [each for each in conditions if not each.negated]
    streaming = [each for each in ways if each.streams and in_order_of_id]
    if not ways or (len(ways) == 1 and streaming):
        return next(iter(streaming), None), None
    found = [select(func.count()).select_from(each.some(FEW + 1)) for each in ways]
    counts: list[Any] = [each.scalar_subquery() for each in found]
    numbers = unit.session.exec(select(literal(0), *counts)).one()[1:]
    least, fewest = min(zip(numbers, ways, strict=True), key=lambda each: each[0])
    if least <= FEW:
        return fewest, FEW + 1
    return next(iter(streaming), None), None


def _conditions(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> list[Condition]:
    """Everything that is asked, in the order in which it had better lead in where nothing tells them apart."""
    found = [
        _of_text(unit, wanted),
        _of_attribution(unit, wanted, source_ids),
        _of_topics(wanted),
        _of_standing(unit, wanted),
        _of_quantity(wanted),
        _of_claim(wanted),
        _of_occurrence(wanted),
        _of_recording(wanted),
        _of_change(wanted),
        _of_contradiction(unit, wanted),
    ]
    return [each for each in found if each is not None]


def _of_text(unit: Unit, wanted: ClaimQuestion) -> Condition | None:
    return None if wanted.q is None else text_condition(unit, parse_text_query(wanted.q))


def _of_topics(wanted: ClaimQuestion) -> Condition | None:
    if not wanted.topic:
        return None
    topics = set(wanted.topic)
    return Condition((select(ClaimTopic.claim_id).where(col(ClaimTopic.topic).in_(topics)),), streams=len(topics) == 1)


def _of_claim(wanted: ClaimQuestion) -> Condition | None:
    asked: list[tuple[Any, set[Any]]] = [
        (col(Claim.status), set(wanted.status)),
        (col(Claim.kind), set(wanted.kind)),
        (col(Claim.place_country), set(wanted.country)),
    ]
    given = [(column, values) for column, values in asked if values]
    if not given:
        return None
    rows = select(Claim.id).where(*(column.in_(values) for column, values in given))
    return Condition((rows,), streams=any(len(values) == 1 for _, values in given), repeats=False)


def _of_standing(unit: Unit, wanted: ClaimQuestion) -> Condition | None:
    row, verdicts = ClaimStanding, set(wanted.verdict)
    asked: list[tuple[Any, Callable[[Any], ColumnElement[bool]], bool]] = [
        (verdicts or None, col(row.verdict).in_, len(verdicts) == 1),
        (wanted.confidence_min, col(row.confidence).__ge__, False),
        (wanted.confidence_max, col(row.confidence).__le__, False),
        (wanted.credibility_max, col(row.credibility).__le__, False),
        (wanted.circular, lambda circular: col(row.circular) == int(circular), True),
        (wanted.single_source, _has_one_origin, wanted.single_source is True),
        (wanted.independent_origins_min, col(row.origins_min).__ge__, False),
    ]
    given = [(condition(value), streams) for value, condition, streams in asked if value is not None]
    if not given:
        return None
    rows = select(row.claim_id).where(stands_for(unit.principal.audience), *(holds for holds, _ in given))
    return Condition((rows,), streams=any(streams for _, streams in given), repeats=False)


def _has_one_origin(single: bool) -> ColumnElement[bool]:  # noqa: FBT001  # the value of a filter
    most = col(ClaimStanding.origins_max)
    return most == 1 if single else most.is_distinct_from(1)


def _of_quantity(wanted: ClaimQuestion) -> Condition | None:
    """One quantity of the claim, of one of the units and in the range."""
    least, most = (None if each is None else sort_key(each) for each in (wanted.quantity_min, wanted.quantity_max))
    units = [col(Quantity.unit_key).in_({unit_key(unit) for unit in wanted.unit})] if wanted.unit else []
    if least is None and most is None:
        return Condition((select(Quantity.claim_id).where(*units),)) if units else None
    low, high, bounded = col(Quantity.low_key), col(Quantity.high_key), col(Quantity.is_bounded)
    if wanted.quantity_match == "certainly":
        within = [low >= least] if least is not None else []
        within += [high <= most] if most is not None else []
        return Condition((select(Quantity.claim_id).where(*units, *within, bounded == 1),))
    ends = [(high, high >= least)] if least is not None else []
    ends += [(low, low <= most)] if most is not None else []
    rows: Any = select(Quantity.claim_id).where(*units, bounded.is_not(None))
    whole = rows.where(*(or_(reaches, end.is_(None)) for end, reaches in ends))
    end, reaches = ends[0]
    # An index leads to the units; without them to numbers that reach so far, and to such as have no end.
    arms = (whole,) if units else (whole.where(reaches), whole.where(end.is_(None)))
    return Condition(arms, looked_up_in=(whole,))


def _of_occurrence(wanted: ClaimQuestion) -> Condition | None:
    """When it happened. A claim whose time is not worked out has neither a first nor a last day, and no EDTF."""
    if wanted.occurred is None:
        return None
    asked = parse_edtf(wanted.occurred)
    first, last, dated = Claim.occurred_earliest_day, Claim.occurred_latest_day, col(Claim.occurred_edtf).is_not(None)
    if wanted.occurred_match == "certainly":
        since, until = asked.earliest_day, asked.latest_day
        ends: list[ColumnElement[bool]] = [] if since is None else [col(first) >= since]
        ends += [] if until is None else [col(last) <= until]
        if since is not None and until is not None:
            # No last day comes before the first: said of both, an index finds what lies between.
            ends = [col(each).between(since, until) for each in (first, last)]
        return Condition((select(Claim.id).where(*(ends or [dated])),), repeats=False)
    overlap = Overlap(col(first), col(last), dated, asked.earliest_day, asked.latest_day)
    return Condition(
        tuple(select(Claim.id).where(arm) for arm in overlap.arms()),
        repeats=False,
        looked_up_in=(select(Claim.id).where(overlap.whole()),),
    )


def _of_recording(wanted: ClaimQuestion) -> Condition | None:
    """When it was recorded, which its id tells."""
    since = None if wanted.recorded_from is None else first_id(wanted.recorded_from)
    until = wanted.recorded_to
    before = None if until is None or until >= LAST_MOMENT else first_id(until + MOMENT)
    if since is None and before is None:
        return None

    def within(claim_id: Any) -> ColumnElement[bool]:
        ends = [claim_id >= since] if since is not None else []
        return and_(*ends, *([claim_id < before] if before is not None else []))

    return Condition((select(Claim.id).where(within(col(Claim.id))),), streams=True, repeats=False, test=within)


def _of_change(wanted: ClaimQuestion) -> Condition | None:
    """When the caller came to read what it reads. Any rendition leads in; that of the caller decides."""
    since = wanted.changed_since
    if since is None:
        return None
    any_of: Any = aliased(Rendition)
    changed = select(any_of.resource_id).where(any_of.kind == ResourceKind.CLAIM, any_of.updated_at > since)

    def since_then(_claim_id: Any) -> ColumnElement[bool]:
        # An expression has no index: whoever goes through the claims in their order is not to be led away from it.
        own = col(Rendition.updated_at)
        return func.coalesce(own, own) > since

    return Condition((changed,), exact=False, test=since_then)


def _of_contradiction(unit: Unit, wanted: ClaimQuestion) -> Condition | None:
    """Whether a relation that the caller may read, or an attribution that the caller sees, speaks against it."""
    if wanted.contradicted is None:
        return None
    audience = unit.principal.audience
    readable = (
        select(Relation.claim_id)
        .join(Rendition, col(Rendition.resource_id) == Relation.id)
        .where(is_contradiction(), visible(audience, unit.now))
    )
    denied = select(ClaimStanding.claim_id).where(stands_for(audience), col(ClaimStanding.denials) > 0)
    from_either_side = readable, readable.with_only_columns(col(Relation.other_claim_id))
    return Condition((*from_either_side, denied), negated=not wanted.contradicted)


def _of_attribution(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> Condition | None:
    """Everything that one attribution which the caller may see has to meet, and one hop of its chain."""
    rows, asked, streams = _attributions_through(unit, wanted, source_ids)
    rows = rows.where(col(Attribution.audience) <= unit.principal.audience)
    if wanted.stance:
        asked, rows = True, rows.where(col(Attribution.stance).in_(set(wanted.stance)))
    if wanted.terms:
        asked, streams = True, streams or len(set(wanted.terms)) == 1
        rows = rows.where(col(Attribution.terms).in_(set(wanted.terms)))
    if wanted.document_id:
        asked, streams = True, streams or len(set(wanted.document_id)) == 1
        rows = rows.where(col(Attribution.document_id).in_(set(wanted.document_id)))
    if wanted.document_url:
        asked, documents = True, _documents_at(unit, wanted.document_url)
        rows, streams = rows.where(col(Attribution.document_id).in_(documents)), streams or len(documents) == 1
    said = _said(wanted)
    wholes = [rows if said is None else rows.where(said.whole())]
    arms = [rows] if said is None else [rows.where(arm) for arm in said.arms()]
    if wanted.outlet_id:
        outlets = readable_ids(unit, ResourceKind.SOURCE, wanted.outlet_id)
        wholes = [each for whole in wholes for each in _published_by(whole, outlets)]
        arms = wholes if streams else [each for arm in arms for each in _published_by(arm, outlets)]
    if not asked and said is None and not wanted.outlet_id:
        return None
    counted = _hops(unit, wanted, source_ids) or _publications(unit, wanted)
    return Condition(tuple(arms), streams and len(arms) == 1, looked_up_in=tuple(wholes), counted=counted)


def _hops(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> tuple[Any, ...]:
    """The claims with such a source in a chain, whoever may know of that: only to choose the way in by."""
    if not source_ids and not asks_of_a_source(wanted):
        return ()
    return (_of_source(unit, wanted, source_ids, select(Hop.claim_id)),)


def _publications(unit: Unit, wanted: ClaimQuestion) -> tuple[Any, ...]:
    """The claims that such an outlet has to do with, in the same way."""
    if not wanted.outlet_id:
        return ()
    outlets = readable_ids(unit, ResourceKind.SOURCE, wanted.outlet_id)
    in_document = select(Attribution.claim_id).join(Document, col(Document.id) == Attribution.document_id)
    in_chain = select(Hop.claim_id).where(col(Hop.source_id).in_(outlets))
    return in_document.where(col(Document.outlet_id).in_(outlets)), in_chain


def _attributions_through(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> tuple[Any, bool, bool]:
    """Attributions with a hop as asked for; whether anything was, and whether an index gives them in order."""
    if not source_ids and not asks_of_a_source(wanted):
        return select(Attribution.claim_id), False, False
    same = and_(col(Attribution.claim_id) == Hop.claim_id, col(Attribution.id) == Hop.attribution_id)
    rows: Any = select(Hop.claim_id).join(Attribution, same)
    if wanted.source_role == "originator":
        rows = rows.where(Hop.position == ORIGIN)
    return _of_source(unit, wanted, source_ids, rows), True, len(set(source_ids)) == 1


def _of_source(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str], rows: Any) -> Any:
    """Those of the hops whose source is as asked for."""
    if source_ids:
        rows = rows.where(col(Hop.source_id).in_(set(source_ids)))
    if wanted.source_name is not None:
        rows = rows.where(col(Hop.source_id).in_(sources_named(unit, wanted.source_name)))
    if wanted.anonymity or wanted.reliability:
        rows = rows.join(Source, col(Source.id) == Hop.source_id)
    if wanted.anonymity:
        rows = rows.where(col(Source.anonymity).in_(set(wanted.anonymity)))
    if wanted.reliability:
        rows = rows.where(col(Source.reliability).in_(set(wanted.reliability)))
    return rows


def _said(wanted: ClaimQuestion) -> Overlap | None:
    """That some day on which it can have been said lies between the two; an attribution without a date is left out."""
    if wanted.said_from is None and wanted.said_to is None:
        return None
    since, until = (None if day is None else _first_day(day.isoformat()) for day in (wanted.said_from, wanted.said_to))
    row = Attribution
    return Overlap(col(row.said_earliest_day), col(row.said_latest_day), col(row.said).is_not(None), since, until)


def _first_day(edtf: str) -> int | None:
    return parse_edtf(edtf).earliest_day


def _documents_at(unit: Unit, urls: Sequence[str]) -> list[str]:
    """Ids of the documents of those addresses, hidden ones too: who may not see one sees no attribution to it."""
    spellings = {spelling for url in urls for spelling in (url, canonical_url(url)) if spelling is not None}
    at = or_(col(Document.canonical_url).in_(spellings), col(Document.url).in_(spellings))
    return list(unit.session.exec(select(Document.id).where(at).order_by(Document.id)))


def _published_by(rows: Any, outlets: Collection[str]) -> tuple[Any, Any]:
    """Those of the attributions that one of the outlets published: as the document's, or in the chain.

    The outlets are such as the caller may read: what a document names may be hidden from who sees the document.
    """
    publisher: Any = aliased(Hop)
    of_document = rows.join(Document, col(Document.id) == Attribution.document_id)
    same = and_(publisher.claim_id == col(Attribution.claim_id), publisher.attribution_id == col(Attribution.id))
    in_chain = rows.join(publisher, same).where(publisher.role.in_(PUBLISHING))
    return of_document.where(col(Document.outlet_id).in_(outlets)), in_chain.where(publisher.source_id.in_(outlets))
