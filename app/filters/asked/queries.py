"""The conditions that a question puts to claims, each with the ways in to the claims that meet it.

What the order of the list leads to stands in entries, made of what each audience reads (`app.listing`); what it does
not is found in the records, and tested there, for those attributions that the caller may know of.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, not_, or_, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import covers, may_know, visible
from app.canonical.quantities import unit_key
from app.canonical.queries import bodies_shown, is_contradiction
from app.canonical.sources import reliability_for
from app.filters.conditions import Condition, Listed, Overlap, Way, looked_up
from app.filters.relevance import text_condition
from app.filters.schemas import ClaimQuestion
from app.filters.text import parse_text_query
from app.kit.decimals import sort_key
from app.kit.edtf import parse_edtf
from app.kit.instants import start_of_day
from app.kit.plans import found_once
from app.kit.urls import canonical_url
from app.listing.fields import PUBLISHING, EntryField
from app.listing.queries import Values, has_entry, listed
from app.models import Attribution, Claim, ClaimStanding, Document, Hop, Quantity, Relation, Rendition, Source
from app.models.vocabulary import ResourceKind
from app.sources.queries import sources_named

ORIGIN: Final = 0
"""The position of a chain's origin."""
MOMENT: Final = timedelta(microseconds=1)
LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


def conditions_of(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> list[Condition]:
    """Everything that is asked, in the order in which it had better lead in where nothing tells the ways apart.

    That of the words of `q` comes first. `source_ids` are the sources that the filters of a source are about.
    """
    audience = unit.principal.audience
    found = [
        None if wanted.q is None else text_condition(unit, parse_text_query(wanted.q)),
        _of_attribution(unit, wanted, source_ids),
        *_of_entries(audience, wanted),
        _of_standing(audience, wanted),
        _of_quantity(wanted),
        _of_occurrence(wanted),
        _of_recording(audience, wanted),
        _of_change(wanted),
        _of_contradiction(unit, wanted),
    ]
    return [each for each in found if each is not None]


def _way(audience: Audience, field: EntryField, values: Values, *, is_exact: bool = True) -> Way:
    """The way in by the entries of a field: in the order of the list, where a single value is asked for."""
    row, which = listed(audience, field, values)
    is_one = not hasattr(values, "selected_columns") and len(values) == 1
    in_order = Listed(row, tuple(which)) if is_one else None
    return Way((select(row.c.claim_id).where(*which),), is_exact, in_order)


def _of_entries(audience: Audience, wanted: ClaimQuestion) -> Iterator[Condition]:
    """What is asked of a claim by itself and listed."""
    asked: dict[EntryField, Sequence[str]] = {
        EntryField.TOPIC: wanted.topic,
        EntryField.STATUS: wanted.status,
        EntryField.KIND: wanted.kind,
        EntryField.COUNTRY: wanted.country,
        EntryField.VERDICT: wanted.verdict,
    }
    for field, values in asked.items():
        if values:
            yield by_entry(audience, field, sorted(set(map(str, values))))
    for field, flag in ((EntryField.CIRCULAR, wanted.circular), (EntryField.SINGLE_SOURCE, wanted.single_source)):
        if flag is not None:
            has = by_entry(audience, field, [""])
            yield has if flag else Condition(_not(has.holds))


def by_entry(audience: Audience, field: EntryField, values: Values) -> Condition:
    """The condition that the audience lists a claim under one of the values."""
    return Condition(lambda claim_id: has_entry(claim_id, audience, field, values), (_way(audience, field, values),))


def _not(holds: Callable[[Any], ColumnElement[bool]]) -> Callable[[Any], ColumnElement[bool]]:
    return lambda claim_id: not_(holds(claim_id))


def _found_in(*arms: Any) -> Condition:
    """The condition that a claim is among the ids of the arms, which are also the way in."""
    return Condition(looked_up(*arms), (Way(arms),))


def _of_standing(audience: Audience, wanted: ClaimQuestion) -> Condition | None:
    row = ClaimStanding
    asked: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (wanted.confidence_min, col(row.confidence).__ge__),
        (wanted.confidence_max, col(row.confidence).__le__),
        (wanted.credibility_max, col(row.credibility).__le__),
        (wanted.independent_origins_min, col(row.origins_min).__ge__),
    ]
    given = [condition(value) for value, condition in asked if value is not None]
    return _found_in(select(row.claim_id).where(covers(audience, row), *given)) if given else None


def _of_quantity(wanted: ClaimQuestion) -> Condition | None:
    """One quantity of the claim, of one of the units and in the range."""
    least, most = (None if each is None else sort_key(each) for each in (wanted.quantity_min, wanted.quantity_max))
    units = [col(Quantity.unit_key).in_({unit_key(unit) for unit in wanted.unit})] if wanted.unit else []
    if least is None and most is None:
        return _found_in(select(Quantity.claim_id).where(*units)) if units else None
    low, high, bounded = col(Quantity.low_key), col(Quantity.high_key), col(Quantity.is_bounded)
    if wanted.quantity_match == "certainly":
        within = [low >= least] if least is not None else []
        within += [high <= most] if most is not None else []
        return _found_in(select(Quantity.claim_id).where(*units, *within, bounded == 1))
    ends = [(high, high >= least)] if least is not None else []
    ends += [(low, low <= most)] if most is not None else []
    rows: Any = select(Quantity.claim_id).where(*units, bounded.is_not(None))
    whole = rows.where(*(or_(reaches, end.is_(None)) for end, reaches in ends))
    end, reaches = ends[0]
    # An index leads to the units; without them to numbers that reach so far, and to such as have no end.
    arms = (whole,) if units else (whole.where(reaches), whole.where(end.is_(None)))
    return Condition(looked_up(whole), (Way(arms),))


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
        return _found_in(select(Claim.id).where(*(ends or [dated])))
    overlap = Overlap(col(first), col(last), dated, asked.earliest_day, asked.latest_day)
    whole = select(Claim.id).where(overlap.whole())
    return Condition(looked_up(whole), (Way(tuple(select(Claim.id).where(arm) for arm in overlap.arms())),))


def _of_recording(audience: Audience, wanted: ClaimQuestion) -> Condition | None:
    """When it came out for the caller, as it is told, which is its place in the list."""
    since, until = wanted.recorded_from, wanted.recorded_to
    if since is None and until is None:
        return None

    def within(place: Any) -> list[ColumnElement[bool]]:
        return [*([place >= since] if since is not None else []), *([place <= until] if until is not None else [])]

    def holds(claim_id: Any) -> ColumnElement[bool]:
        row, which = listed(audience, EntryField.ALL)
        mine = select(row.c.claim_id).where(row.c.claim_id == claim_id, *which, *within(row.c.place))
        condition: ColumnElement[bool] = mine.correlate(claim_id.table).exists()
        return condition

    row, which = listed(audience, EntryField.ALL)
    found = Listed(row, (*which, *within(row.c.place)))
    return Condition(holds, (Way((select(row.c.claim_id).where(*found.which),), in_order=found),))


def _of_change(wanted: ClaimQuestion) -> Condition | None:
    """When the caller came to read what it reads. Any rendition leads in; that of the caller decides.

    Who is told days alone finds whatever changed on that day: an hour would tell when it did.
    """
    since = wanted.changed_since
    if since is None:
        return None
    any_of: Any = aliased(Rendition)
    day = start_of_day(since)
    changed = select(any_of.resource_id).where(any_of.kind == ResourceKind.CLAIM, any_of.updated_at >= day)

    def since_then(_claim_id: Any) -> ColumnElement[bool]:
        # An expression has no index: whoever goes through the claims in their order is not to be led away from it.
        own = func.coalesce(col(Rendition.updated_at), col(Rendition.updated_at))
        return or_(own > since, and_(col(Rendition.in_days) == 1, own >= day))

    return Condition(since_then, (Way((changed,), is_exact=False),))


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
    denied = select(ClaimStanding.claim_id).where(covers(audience, ClaimStanding), col(ClaimStanding.denials) > 0)
    is_so = _found_in(readable, readable.with_only_columns(col(Relation.other_claim_id)), denied)
    return is_so if wanted.contradicted else Condition(_not(is_so.holds))


def _of_attribution(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> Condition | None:
    """Everything that one attribution which the caller may know of has to meet, and one hop of its chain."""
    audience = unit.principal.audience
    listed_by = list(_attribution_entries(unit, wanted, source_ids))
    said = _said(wanted)
    if not listed_by and said is None:
        return None
    rows = _attributions(unit, wanted, source_ids)
    wholes = [rows if said is None else rows.where(said.whole())]
    if wanted.outlet_id:
        wholes = list(_published_by(unit, wholes[0], wanted.outlet_id))
    is_exact = len(listed_by) == 1 and said is None
    ways = [_way(audience, field, values, is_exact=is_exact) for field, values in listed_by]
    if said is not None:
        known: Any = select(Attribution.claim_id).where(may_know(audience))
        ways.append(Way(tuple(known.where(arm) for arm in said.arms()), is_exact=not listed_by))
    if is_exact:
        field, values = listed_by[0]
        return Condition(lambda claim_id: has_entry(claim_id, audience, field, values), tuple(ways))
    return Condition(looked_up(*wholes), tuple(ways))


def _attribution_entries(
    unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]
) -> Iterator[tuple[EntryField, Values]]:
    """What is asked of an attribution and listed: each by itself, which two of them may meet by different ones."""
    hop = EntryField.ORIGIN if wanted.source_role == "originator" else EntryField.SOURCE
    if source_ids:
        yield hop, sorted(set(source_ids))
    if wanted.source_name is not None:
        yield hop, sources_named(unit, wanted.source_name)
    if wanted.anonymity:
        yield hop, select(Source.id).where(col(Source.anonymity).in_(set(wanted.anonymity)))
    if wanted.reliability:
        yield hop, select(Source.id).where(reliability_for(unit.principal.audience).in_(set(wanted.reliability)))
    if wanted.outlet_id:
        yield EntryField.OUTLET, sorted(set(wanted.outlet_id))
    if wanted.document_id:
        yield EntryField.DOCUMENT, sorted(set(wanted.document_id))
    if wanted.document_url:
        yield EntryField.DOCUMENT, _documents_at(wanted.document_url)
    if wanted.terms:
        yield EntryField.TERMS, sorted(set(map(str, wanted.terms)))
    if wanted.stance:
        yield EntryField.STANCE, sorted(set(map(str, wanted.stance)))


def _attributions(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> Any:
    """The attributions that meet all that is asked of them, their outlet and their days apart."""
    rows: Any = select(Attribution.claim_id).where(may_know(unit.principal.audience))
    if wanted.stance:
        rows = rows.where(col(Attribution.stance).in_(set(wanted.stance)))
    if wanted.terms:
        rows = rows.where(col(Attribution.terms).in_(set(wanted.terms)))
    if wanted.document_id:
        rows = rows.where(col(Attribution.document_id).in_(set(wanted.document_id)))
    if wanted.document_url:
        rows = rows.where(col(Attribution.document_id).in_(_documents_at(wanted.document_url)))
    asks_of_a_source = source_ids or wanted.source_name is not None or wanted.anonymity or wanted.reliability
    return rows.where(_hop(unit, wanted, source_ids).exists()) if asks_of_a_source else rows


def _hop(unit: Unit, wanted: ClaimQuestion, source_ids: Sequence[str]) -> Any:
    """The hops of an attribution whose source is as asked for."""
    own = and_(col(Hop.claim_id) == Attribution.claim_id, col(Hop.attribution_id) == Attribution.id)
    rows: Any = select(Hop.position).where(own).correlate(Attribution)
    if wanted.source_role == "originator":
        rows = rows.where(Hop.position == ORIGIN)
    if source_ids:
        rows = rows.where(col(Hop.source_id).in_(set(source_ids)))
    if wanted.source_name is not None:
        rows = rows.where(col(Hop.source_id).in_(sources_named(unit, wanted.source_name)))
    if wanted.anonymity or wanted.reliability:
        rows = rows.join(Source, col(Source.id) == Hop.source_id)
    if wanted.anonymity:
        rows = rows.where(col(Source.anonymity).in_(set(wanted.anonymity)))
    if wanted.reliability:
        rows = rows.where(reliability_for(unit.principal.audience).in_(set(wanted.reliability)))
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


def _documents_at(urls: Sequence[str]) -> Any:
    """The ids of the documents of those addresses, hidden ones too: who may not see one knows no attribution to it."""
    spellings = {spelling for url in urls for spelling in (url, canonical_url(url)) if spelling is not None}
    at = select(Document.id).where(or_(col(Document.canonical_url).in_(spellings), col(Document.url).in_(spellings)))
    return select(found_once(at).c.id)


def _published_by(unit: Unit, rows: Any, outlet_ids: Sequence[str]) -> Iterator[Any]:
    """Those of the attributions that one of the outlets published: as the document's, or in the chain.

    Of a document the caller may know an outlet that it names, and no other.
    """
    outlets = bodies_shown(unit.session, outlet_ids, unit.principal.audience)
    of_document = rows.join(Document, col(Document.id) == Attribution.document_id)
    yield of_document.where(col(Document.outlet_id).in_(outlets))
    publisher: Any = aliased(Hop)
    own = and_(publisher.claim_id == col(Attribution.claim_id), publisher.attribution_id == col(Attribution.id))
    in_chain = rows.join(publisher, own).where(publisher.role.in_(PUBLISHING))
    yield in_chain.where(publisher.source_id.in_(set(outlet_ids)))
