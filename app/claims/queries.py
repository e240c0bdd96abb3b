"""The SQL of claims: one, lists of them, and those of a source."""

from sqlmodel import Session, select

from app.access.units import Reply, Unit
from app.access.visibility import may_know
from app.canonical.replies import one, readable
from app.canonical.standing import corroborations
from app.filters.lists import list_matching
from app.filters.schemas import ClaimFilter, SourceClaimFilter
from app.models import Attribution, ClaimTopic, Quantity, RemovedAttribution
from app.models.vocabulary import ResourceKind


def get_claim(unit: Unit, claim_id: str, fields: frozenset[str] | None) -> Reply:
    """The claim, and what its ids stand for; raises NotFound."""
    found = readable(unit, ResourceKind.CLAIM, claim_id)
    asked_for = fields is None or "corroboration" in fields
    extra = {"corroboration": corroborations(unit, [claim_id])[claim_id]} if asked_for else {}
    return one(unit, found, extra=extra, with_included=True, fields=fields)


def list_claims(unit: Unit, wanted: ClaimFilter) -> Reply:
    """The claims that meet every filter, in the order asked for."""
    return list_matching(unit, wanted, "claims", source_ids=wanted.source_id)


def list_claims_of_source(unit: Unit, source_id: str, wanted: SourceClaimFilter) -> Reply:
    """Claims that the source made, or that came through it, and that meet every filter; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    return list_matching(unit, wanted, f"claims|{source_id}", source_ids=[source_id])


def has_attribution(unit: Unit, claim_id: str) -> bool:
    """Whether the claim has an attribution that the caller may see."""
    shown = select(Attribution.id).where(Attribution.claim_id == claim_id, may_know(unit.principal.audience))
    return unit.session.exec(shown.limit(1)).first() is not None


def known_attributions(unit: Unit, claim_id: str) -> set[str]:
    """Ids of the claim's attributions that the caller may know of; of removed ones, that it might when they were."""
    audience = unit.principal.audience
    present = select(Attribution.id).where(Attribution.claim_id == claim_id, may_know(audience))
    removed = select(RemovedAttribution.id).where(
        RemovedAttribution.claim_id == claim_id, may_know(audience, RemovedAttribution)
    )
    return {*unit.session.exec(present), *unit.session.exec(removed)}


def lists_of(session: Session, claim_id: str) -> list[ClaimTopic | Quantity]:
    """The claim's topics and quantities."""
    topics = session.exec(select(ClaimTopic).where(ClaimTopic.claim_id == claim_id))
    quantities = session.exec(select(Quantity).where(Quantity.claim_id == claim_id))
    return [*topics, *quantities]
