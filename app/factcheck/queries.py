"""The SQL of published reviews: which claims have one, and the documents that the reviews are."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select

from app.access.units import Unit
from app.access.visibility import visible
from app.canonical.print_rule import NOT_TO_BE_PRINTED
from app.factcheck.schemas import FactCheckQuestion
from app.filters.queries import Matching, matching_claims
from app.filters.schemas import ClaimQuestion
from app.kit.ids import EPOCH
from app.kit.paging import Key, Order
from app.models import Assessment, Attribution, Claim, Document, Rendition
from app.models.vocabulary import ClaimStatus, Stance

SAYING: Final = (Stance.ASSERTS, Stance.HINTS, Stance.SPECULATES)
"""What makes whoever is attributed the claim's own voice."""


def reviewed_claims(unit: Unit, wanted: FactCheckQuestion) -> Matching:
    """The published claims that the caller may read, that have a published review, and that meet what is asked.

    The newest recorded come first: an order that no write moves, so that pages neither lose nor repeat a claim.
    """
    if wanted.query is None:
        return _of_site(unit, wanted)
    question = ClaimQuestion(q=wanted.query, status=[ClaimStatus.PUBLISHED])
    matching = matching_claims(unit, question)
    claim_id = matching.order.keys[0].column
    statement = matching.statement.where(_reviewed(claim_id, wanted), *_tests(unit, wanted, claim_id))
    return Matching(statement, matching.order)


def _of_site(unit: Unit, wanted: FactCheckQuestion) -> Matching:
    """The claims as the index of sites has them, in their order: a page is read without finding all that match."""
    row: Any = aliased(Assessment)
    claim_id = col(row.claim_id)
    is_published = select(Claim.id).where(col(Claim.id) == claim_id, Claim.status == ClaimStatus.PUBLISHED).exists()
    statement = (
        select(claim_id, claim_id)
        .join(Rendition, col(Rendition.resource_id) == claim_id)
        .where(*_is_review(row, wanted), visible(unit.principal.audience, unit.now), is_published)
        .where(*_tests(unit, wanted, claim_id))
        .distinct()
    )
    return Matching(statement, Order((Key(claim_id),), descending=True))


def _reviewed(claim_id: Any, wanted: FactCheckQuestion, since: datetime | None = None) -> ColumnElement[bool]:
    """The condition that the claim with that id has a published review, of that instant or later."""
    row: Any = aliased(Assessment)
    reviews = select(row.id).where(row.claim_id == claim_id, *_is_review(row, wanted))
    return (reviews if since is None else reviews.where(row.assessed_at >= since)).exists()


def _is_review(row: Any, wanted: FactCheckQuestion) -> list[ColumnElement[bool]]:
    """The conditions that an assessment is a published review: of the claim itself, and with an address and a verdict.

    Only an assessment of the same thing supersedes another, so whoever reads the one reads the other.
    """
    later: Any = aliased(Assessment)
    superseding = select(later.id).where(later.claim_id == row.claim_id, later.supersedes_id == row.id)
    conditions = [
        col(row.attribution_id).is_(None),
        col(row.review_url).is_not(None),
        or_(col(row.verdict).is_not(None), col(row.rating_label).is_not(None)),
        ~superseding.exists(),
    ]
    if wanted.review_publisher_site_filter is not None:
        conditions.append(col(row.review_site) == wanted.review_publisher_site_filter)
    return conditions


def _tests(unit: Unit, wanted: FactCheckQuestion, claim_id: Any) -> list[ColumnElement[bool]]:
    """What else is asked of the claim with that id: first that it was said on terms on which it may be printed."""
    printed = select(Attribution.id).where(
        col(Attribution.claim_id) == claim_id,
        col(Attribution.audience) <= unit.principal.audience,
        col(Attribution.terms).not_in(NOT_TO_BE_PRINTED),
    )
    tests: list[ColumnElement[bool]] = [printed.exists()]
    if wanted.language_code is not None:
        language = func.lower(col(Claim.language))
        primary = wanted.language_code.partition("-")[0].lower()
        is_so = or_(language == primary, language.startswith(f"{primary}-"))
        tests.append(select(Claim.id).where(col(Claim.id) == claim_id, is_so).exists())
    if wanted.max_age_days is not None:
        since = unit.now - timedelta(days=min(wanted.max_age_days, (unit.now - EPOCH).days))
        tests.append(
            or_(_reviewed(claim_id, wanted, since), _said_since(unit, (since - EPOCH).days, claim_id).exists())
        )
    return tests


def _said_since(unit: Unit, first_day: int, claim_id: Any) -> Any:
    """The attributions that the caller sees which may have been made on that day or later."""
    published = and_(col(Attribution.said).is_(None), col(Document.published_latest_day) >= first_day)
    return (
        select(Attribution.id)
        .join(Document, col(Document.id) == Attribution.document_id)
        .where(
            col(Attribution.claim_id) == claim_id,
            col(Attribution.audience) <= unit.principal.audience,
            col(Attribution.stance).in_(SAYING),
            or_(col(Attribution.said_latest_day) >= first_day, published),
        )
    )


def documents_at(unit: Unit, addresses: Iterable[str]) -> dict[str, Any]:
    """The documents that the caller may read at those canonical addresses, by address; of several the most public."""
    rows = (
        select(col(Document.canonical_url), col(Rendition.document))
        .join(Rendition, col(Rendition.resource_id) == Document.id)
        .where(col(Document.canonical_url).in_(sorted(addresses)), visible(unit.principal.audience, unit.now))
        .order_by(col(Rendition.first_audience).desc(), col(Document.id))
    )
    return {str(address): orjson.loads(document) for address, document in unit.session.exec(rows)}
