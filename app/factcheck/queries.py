"""The SQL of published reviews: which claims have one, and the documents that the reviews are."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, case
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select

from app.access.principals import AUDIENCE_OF
from app.access.units import Unit
from app.access.visibility import may_know, visible
from app.canonical.coming_out import PART
from app.canonical.print_rule import NOT_TO_BE_PRINTED
from app.factcheck.schemas import FactCheckQuestion
from app.filters.asked.queries import by_entry
from app.filters.conditions import Condition
from app.filters.queries import Matching, matching_claims
from app.filters.schemas import ClaimQuestion
from app.kit.ids import EPOCH
from app.kit.instants import start_of_day
from app.listing.fields import EntryField
from app.models import Assessment, Attribution, Claim, Document, Rendition
from app.models.vocabulary import Stance, Terms, Visibility

SAYING: Final = (Stance.ASSERTS, Stance.HINTS, Stance.SPECULATES)
"""What makes whoever is attributed the claim's own voice."""


def reviewed_claims(unit: Unit, wanted: FactCheckQuestion) -> Matching:
    """The published claims that the caller may read, that have a published review, and that meet what is asked.

    Each was said on terms on which it may be printed.
    The newest come first: an order that no write moves, so that pages neither lose nor repeat a claim.
    """
    site = wanted.review_publisher_site_filter
    reviewed = (EntryField.REVIEWED, "") if site is None else (EntryField.SITE, site)
    audience = unit.principal.audience
    printed = by_entry(audience, EntryField.TERMS, sorted(set(Terms) - NOT_TO_BE_PRINTED))
    also = [by_entry(audience, reviewed[0], [reviewed[1]]), Condition(printed.holds)]
    if wanted.language_code is not None:
        also.append(Condition(partial(_is_in, wanted.language_code)))
    if wanted.max_age_days is not None:
        also.append(Condition(partial(_is_recent, unit, wanted)))
    return matching_claims(unit, ClaimQuestion(q=wanted.query), also=also)


def _is_in(language_code: str, claim_id: Any) -> ColumnElement[bool]:
    """The condition that the claim with that id is in the language, of whatever region."""
    language = func.lower(col(Claim.language))
    primary = language_code.partition("-")[0].lower()
    is_so = or_(language == primary, language.startswith(f"{primary}-"))
    found: ColumnElement[bool] = select(Claim.id).where(col(Claim.id) == claim_id, is_so).exists()
    return found


def _is_recent(unit: Unit, wanted: FactCheckQuestion, claim_id: Any) -> ColumnElement[bool]:
    """The condition that the claim with that id was said or reviewed within the days asked for, the first one whole."""
    since = start_of_day(unit.now - timedelta(days=min(wanted.max_age_days or 0, (unit.now - EPOCH).days)))
    return or_(
        _reviewed_since(unit, wanted, since, claim_id).exists(),
        _said_since(unit, (since - EPOCH).days, claim_id).exists(),
    )


def _reviewed_since(unit: Unit, wanted: FactCheckQuestion, since: datetime, claim_id: Any) -> Any:
    """The published reviews of the claim that were made on that day or later, as the caller is told."""
    row: Any = aliased(Assessment)
    came_out = col(getattr(row, PART.get(unit.principal.audience, "recorded_at")))
    assessed_at = case((row.assessed_at == row.recorded_at, came_out), else_=row.assessed_at)
    return select(row.id).where(row.claim_id == claim_id, assessed_at >= since, *_is_review(row, wanted))


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


def _said_since(unit: Unit, first_day: int, claim_id: Any) -> Any:
    """The attributions that the caller sees which may have been made on that day or later."""
    published = and_(col(Attribution.said).is_(None), col(Document.published_latest_day) >= first_day)
    return (
        select(Attribution.id)
        .join(Document, col(Document.id) == Attribution.document_id)
        .where(
            col(Attribution.claim_id) == claim_id,
            may_know(unit.principal.audience),
            col(Attribution.stance).in_(SAYING),
            or_(col(Attribution.said_latest_day) >= first_day, published),
        )
    )


def documents_at(unit: Unit, addresses: Iterable[str]) -> dict[str, Any]:
    """The documents that the caller may read at those canonical addresses, by address; of several the most public."""
    rows = (
        select(Rendition.document)
        .join(Document, col(Document.id) == Rendition.resource_id)
        .where(col(Document.canonical_url).in_(sorted(addresses)), visible(unit.principal.audience, unit.now))
        .order_by(Document.id)
    )
    documents = [orjson.loads(document) for document in unit.session.exec(rows)]
    documents.sort(key=lambda each: AUDIENCE_OF[Visibility(each["visibility"])], reverse=True)
    return {each["canonical_url"]: each for each in documents}
