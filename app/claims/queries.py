"""The SQL of claims: one, lists of them, and those of a source."""

from typing import Any, Final

from sqlmodel import Session, and_, col, select

from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.canonical.claim_schemas import ClaimListed
from app.canonical.replies import Listing, many, one, readable
from app.canonical.standing import claim_texts, corroborations
from app.claims.schemas import ClaimFilter, SourceClaimFilter
from app.kit.paging import Key, Order
from app.models import Attribution, Claim, ClaimTopic, Hop, Quantity, Rendition
from app.models.vocabulary import ResourceKind

ORIGIN: Final = 0
"""The position of a chain's origin."""


def get_claim(unit: Unit, claim_id: str, fields: frozenset[str] | None) -> Reply:
    """The claim, and what its ids stand for; raises NotFound."""
    found = readable(unit, ResourceKind.CLAIM, claim_id)
    asked_for = fields is None or "corroboration" in fields
    extra = {"corroboration": corroborations(unit, [claim_id])[claim_id]} if asked_for else {}
    return one(unit, found, extra=extra, with_included=True, fields=fields)


def list_claims(unit: Unit, wanted: ClaimFilter) -> Reply:
    """Claims by when they were recorded."""
    return _listed(unit, wanted, "claims", _readable_claims(unit))


def list_claims_of_source(unit: Unit, source_id: str, wanted: SourceClaimFilter) -> Reply:
    """Claims that the source made, or that came through it, by when they were recorded; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    said = (
        select(Hop.claim_id)
        .join(Attribution, and_(col(Attribution.claim_id) == Hop.claim_id, col(Attribution.id) == Hop.attribution_id))
        .where(Hop.source_id == source_id, Attribution.audience <= unit.principal.audience)
    )
    if wanted.source_role == "originator":
        said = said.where(Hop.position == ORIGIN)
    matching = _readable_claims(unit).where(col(Claim.id).in_(said))
    return _listed(unit, wanted, f"claims|{source_id}", matching)


def _readable_claims(unit: Unit) -> Any:
    return (
        select(col(Claim.id), col(Claim.id))
        .join(Rendition, col(Rendition.resource_id) == Claim.id)
        .where(visible(unit.principal.audience, unit.now))
    )


def _listed(unit: Unit, wanted: ClaimFilter, name: str, matching: Any) -> Reply:
    order = Order((Key(col(Claim.id)),), wanted.sort.startswith("-"))
    listing = Listing(ClaimListed, order, f"{name}|{wanted.filter_text}", with_included=True, texts=claim_texts)
    return many(unit, listing, wanted, matching)


def has_attribution(unit: Unit, claim_id: str) -> bool:
    """Whether the claim has an attribution that the caller may see."""
    shown = select(Attribution.id).where(
        Attribution.claim_id == claim_id, Attribution.audience <= unit.principal.audience
    )
    return unit.session.exec(shown.limit(1)).first() is not None


def attribution_audiences(session: Session, claim_id: str) -> dict[str, int]:
    """From which audience on each of the claim's attributions may be seen, by its id."""
    rows = select(Attribution.id, Attribution.audience).where(Attribution.claim_id == claim_id)
    return dict(session.exec(rows).all())


def lists_of(session: Session, claim_id: str) -> list[ClaimTopic | Quantity]:
    """The claim's topics and quantities."""
    topics = session.exec(select(ClaimTopic).where(ClaimTopic.claim_id == claim_id))
    quantities = session.exec(select(Quantity).where(Quantity.claim_id == claim_id))
    return [*topics, *quantities]
