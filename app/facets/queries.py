"""The SQL that counts claims by the values of a field."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, String, collate, type_coerce
from sqlmodel import col, func, select

from app.access.units import Reply, Unit
from app.canonical.replies import included_within
from app.canonical.sources import reliability_for
from app.facets.schemas import FacetFilter
from app.filters.queries import matching_claims
from app.kit.plans import found_once
from app.listing.fields import EntryField
from app.listing.queries import values_of
from app.models import Quantity, Source

IN_CODE_POINTS: Final = {"sqlite": "BINARY", "postgresql": "C"}
"""The collation in which texts sort by their characters' numbers, by engine: the same order on both."""
LISTED_BY: Final = {
    "topic": EntryField.TOPIC,
    "kind": EntryField.KIND,
    "status": EntryField.STATUS,
    "country": EntryField.COUNTRY,
    "verdict": EntryField.VERDICT,
    "terms": EntryField.TERMS,
    "document_id": EntryField.DOCUMENT,
    "source_id": EntryField.ORIGIN,
    "outlet_id": EntryField.OUTLET,
}
"""Fields whose values are what claims are listed by."""


def count_claims(unit: Unit, wanted: FacetFilter) -> Reply:
    """The claims that the caller may read and that meet every filter, counted by each field, as `schemas.Facets`."""
    matched = found_once(matching_claims(unit, wanted, source_ids=wanted.source_id).statement.order_by(None))
    facets = [_facet(unit, field, matched, wanted.limit) for field in dict.fromkeys(wanted.field)]
    body: dict[str, Any] = {"facets": facets}
    if wanted.include_total:
        body["total"] = unit.session.exec(select(func.count()).select_from(matched)).one()
    body["included"] = _included(unit, facets)
    return Reply(body=orjson.dumps(body))


def _included(unit: Unit, facets: Sequence[dict[str, Any]]) -> Mapping[str, Any]:
    """What values stand for that are ids. Of a facet whose values stand for more than a page holds the rest is cut."""
    counted = [(facet["field"], each) for facet in facets for each in facet["values"]]
    named = [{field: each["value"]} for field, each in counted]
    count, shown = included_within(unit, named, [len(orjson.dumps(each)) for _, each in counted])
    for facet in facets:
        values = facet["values"]
        facet["values"], count = values[:count], count - len(values[:count])
        facet["truncated"] = facet["truncated"] or len(facet["values"]) < len(values)
    return shown


def _facet(unit: Unit, field: str, matched: Any, limit: int) -> dict[str, Any]:
    rows = _values(unit, field)
    claim_id, *_ = matched.c
    claims: ColumnElement[int] = func.count(claim_id.distinct())
    code_points = collate(rows.c.value, IN_CODE_POINTS[unit.session.get_bind().dialect.name])
    counted: Any = (
        select(rows.c.value, claims)
        .select_from(matched.join(rows, rows.c.claim_id == claim_id))
        .where(rows.c.value.is_not(None))
        .group_by(rows.c.value)
        .order_by(claims.desc(), code_points)
    )
    found = unit.session.exec(counted.limit(limit + 1)).all()
    has_value = select(rows.c.value).where(rows.c.claim_id == claim_id, rows.c.value.is_not(None)).exists()
    missing = unit.session.exec(select(func.count()).select_from(matched).where(~has_value)).one()
    return {
        "field": field,
        "values": [{"value": value, "claims": number} for value, number in found[:limit]],
        "truncated": len(found) > limit,
        "missing": missing,
    }


def _values(unit: Unit, field: str) -> Any:
    """Every claim with a value of the field, as far as the caller may know: `claim_id` and `value`."""
    audience = unit.principal.audience
    if field == "unit":
        return select(col(Quantity.claim_id).label("claim_id"), col(Quantity.unit_key).label("value")).subquery()
    listed_by = values_of(audience, LISTED_BY.get(field, EntryField.ORIGIN))
    if field in LISTED_BY:
        return listed_by
    column: Any = Source.anonymity if field == "anonymity" else reliability_for(audience)
    of_origin = type_coerce(column, String).label("value")
    return select(listed_by.c.claim_id, of_origin).join(Source, col(Source.id) == listed_by.c.value).subquery()
