"""The SQL of attributions and their chains."""

from sqlmodel import Session, col, select

from app.access.units import Reply, Unit
from app.access.visibility import may_know
from app.canonical.claim_schemas import AttributionRead
from app.canonical.replies import part, parts, readable
from app.kit.paging import PageParameters
from app.models import Assessment, Attribution, Evidence, Hop
from app.models.vocabulary import ResourceKind


def list_attributions(unit: Unit, claim_id: str, page: PageParameters) -> Reply:
    """The claim's attributions, in the order in which they came out for the caller; raises NotFound."""
    return parts(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", AttributionRead, page)


def get_attribution(unit: Unit, claim_id: str, attribution_id: str) -> Reply:
    """One attribution of the claim; raises NotFound."""
    return part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", attribution_id)


def attribution(unit: Unit, claim_id: str, attribution_id: str) -> Attribution | None:
    """The attribution's row, if the caller may see it; a hidden one is not read, which would take longer than none."""
    rows = select(Attribution).where(
        Attribution.claim_id == claim_id,
        Attribution.id == attribution_id,
        may_know(unit.principal.audience),
    )
    return unit.session.exec(rows).one_or_none()


def hops(session: Session, claim_id: str, attribution_id: str) -> list[Hop]:
    """The hops of one attribution, the origin first."""
    chain = select(Hop).where(Hop.claim_id == claim_id, Hop.attribution_id == attribution_id)
    return list(session.exec(chain.order_by(col(Hop.position))))


def what_hangs_on(session: Session, claim_id: str, attribution_id: str) -> list[Hop | Evidence | Assessment]:
    """The attribution's hops, and what was assessed of it with its evidence, in an order fit for deletion."""
    assessments = session.exec(
        select(Assessment).where(Assessment.claim_id == claim_id, Assessment.attribution_id == attribution_id)
    ).all()
    ids = [row.id for row in assessments]
    evidence = select(Evidence).where(Evidence.claim_id == claim_id, col(Evidence.assessment_id).in_(ids))
    return [*hops(session, claim_id, attribution_id), *session.exec(evidence), *assessments]
