"""The SQL that counts claims by the values of a field."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, String, collate, type_coerce
from sqlmodel import and_, col, func, select

from app.access.units import Reply, Unit
from app.access.visibility import covers, may_know, visible
from app.canonical.replies import included_within
from app.facets.schemas import FacetFilter
from app.filters.asked.queries import ORIGIN
from app.filters.queries import matching_claims
from app.listing.fields import PUBLISHING
from app.models import Attribution, Claim, ClaimStanding, ClaimTopic, Document, Hop, Quantity, Rendition, Source

IN_CODE_POINTS: Final = {"sqlite": "BINARY", "postgresql": "C"}
"""The collation in which texts sort by their characters' numbers, by engine: the same order on both."""


def count_claims(unit: Unit, wanted: FacetFilter) -> Reply:
    """The claims that the caller may read and that meet every filter, counted by each field, as `schemas.Facets`."""
    matched = matching_claims(unit, wanted, source_ids=wanted.source_id).statement.order_by(None).subquery()
    facets = [_facet(unit, field, matched, wanted.limit) for field in dict.fromkeys(wanted.field)]
    body: dict[str, Any] = {"facets": facets}
    if wanted.include_total:
        body["total"] = unit.session.exec(select(func.count()).select_from(matched)).one()
    body["included"] = _included(unit, facets)
    return Reply(body=orjson.dumps(body))


def _included(unit: Unit, facets: Sequence[dict[str, Any]]) -> Mapping[str, Any]:
    """What values stand for that are ids. Of a facet whose values stand for more than a page holds the rest is cut."""
    named = [{facet["field"]: each["value"]} for facet in facets for each in facet["values"]]
    count, shown = included_within(unit, named, [len(each) for each in named])
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
    hop = and_(col(Hop.claim_id) == Attribution.claim_id, col(Hop.attribution_id) == Attribution.id)
    if field == "outlet_id":
        return _outlets(unit, hop)
    columns: Mapping[str, tuple[Any, Any]] = {
        "topic": (ClaimTopic.claim_id, ClaimTopic.topic),
        "kind": (Claim.id, Claim.kind),
        "status": (Claim.id, Claim.status),
        "country": (Claim.id, Claim.place_country),
        "unit": (Quantity.claim_id, Quantity.unit_key),
        "verdict": (ClaimStanding.claim_id, ClaimStanding.verdict),
        "terms": (Attribution.claim_id, Attribution.terms),
        "document_id": (Attribution.claim_id, Attribution.document_id),
        "source_id": (Attribution.claim_id, Hop.source_id),
        "anonymity": (Attribution.claim_id, Source.anonymity),
        "reliability": (Attribution.claim_id, Source.reliability),
    }
    claim_id, value = columns[field]
    rows: Any = select(col(claim_id).label("claim_id"), type_coerce(value, String).label("value"))
    if field == "verdict":
        rows = rows.where(covers(audience, ClaimStanding))
    if field in {"terms", "document_id", "source_id", "anonymity", "reliability"}:
        rows = rows.where(may_know(audience))
    if field in {"source_id", "anonymity", "reliability"}:
        rows = rows.select_from(Attribution).join(Hop, hop).where(Hop.position == ORIGIN)
    if field in {"anonymity", "reliability"}:
        rows = rows.join(Source, col(Source.id) == Hop.source_id)
    return rows.subquery()


def _outlets(unit: Unit, hop: ColumnElement[bool]) -> Any:
    """The outlets that published: those in chains, and of those that documents name what the caller may read."""
    audience = unit.principal.audience
    seen = may_know(audience)
    of_document: Any = (
        select(col(Attribution.claim_id).label("claim_id"), col(Document.outlet_id).label("value"))
        .join(Document, col(Document.id) == Attribution.document_id)
        .join(Rendition, col(Rendition.resource_id) == Document.outlet_id)
        .where(seen, visible(audience, unit.now))
    )
    in_chain: Any = (
        select(col(Attribution.claim_id), col(Hop.source_id)).join(Hop, hop).where(seen, col(Hop.role).in_(PUBLISHING))
    )
    return of_document.union_all(in_chain).subquery()
