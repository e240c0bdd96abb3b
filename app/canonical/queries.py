"""The SQL behind the canonical documents: the rows to render, the rows to lock, and what hangs on what."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session, SQLModel, col, func, or_, select, union

from app.access.principals import AUDIENCE_OF, Audience
from app.models import (
    Assessment,
    Attribution,
    Claim,
    ClaimTopic,
    Document,
    Evidence,
    Hop,
    Quantity,
    Relation,
    Rendition,
    Source,
    SourceRelation,
)
from app.models.vocabulary import Visibility

R = TypeVar("R", bound=SQLModel)


def locked(session: Session, table: type[R], resource_id: str) -> R | None:
    """The row with this id, locked against other writers until the transaction ends."""
    row: Any = table
    return session.exec(select(table).where(row.id == resource_id).with_for_update()).one_or_none()


def locked_claims(session: Session, ids: Iterable[str]) -> dict[str, Claim]:
    """The claims, locked in the order of their ids, so that two writers cannot wait for each other."""
    rows = select(Claim).where(col(Claim.id).in_(set(ids))).order_by(Claim.id).with_for_update()
    return {row.id: row for row in session.exec(rows)}


def held(session: Session, table: type[R], ids: Iterable[str]) -> dict[str, R]:
    """The rows by id, held so that their visibility cannot change before the transaction ends."""
    row: Any = table
    wanted = select(table).where(row.id.in_(set(ids))).order_by(row.id).with_for_update(read=True, key_share=True)
    return {found.id: found for found in session.exec(wanted)}  # type: ignore[attr-defined]  # every table here has it


@dataclass(frozen=True, slots=True)
class ClaimRows:
    """Everything that a claim's document is rendered from, each list in its order."""

    claim: Claim
    topics: Sequence[ClaimTopic]
    quantities: Sequence[Quantity]
    attributions: Sequence[Attribution]
    hops: dict[str, list[Hop]]
    assessments: Sequence[Assessment]
    evidence: dict[str, list[Evidence]]
    source_audience: dict[str, Audience]
    document_audience: dict[str, Audience]


def claim_rows(session: Session, claim: Claim) -> ClaimRows:
    """The rows of one claim, and from which audience on the sources and documents they name may be seen."""
    attributions = _of_claim(session, Attribution, claim.id)
    hops: dict[str, list[Hop]] = defaultdict(list)
    for hop in _of_claim(session, Hop, claim.id):
        hops[hop.attribution_id].append(hop)
    evidence: dict[str, list[Evidence]] = defaultdict(list)
    for piece in _of_claim(session, Evidence, claim.id):
        evidence[piece.assessment_id].append(piece)
    all_hops = [hop for chain in hops.values() for hop in chain]
    pieces = [piece for given in evidence.values() for piece in given]
    naming: list[Attribution | Hop | Evidence] = [*attributions, *all_hops, *pieces]
    documents = {row.document_id for row in naming if row.document_id is not None}
    return ClaimRows(
        claim=claim,
        topics=_of_claim(session, ClaimTopic, claim.id),
        quantities=_of_claim(session, Quantity, claim.id),
        attributions=attributions,
        hops=hops,
        assessments=_of_claim(session, Assessment, claim.id),
        evidence=evidence,
        source_audience=audiences(session, Source, {hop.source_id for hop in all_hops}),
        document_audience=audiences(session, Document, documents),
    )


def _of_claim(session: Session, table: type[R], claim_id: str) -> list[R]:
    row: Any = table
    return list(session.exec(select(table).where(row.claim_id == claim_id).order_by(row.position)))


def audiences(session: Session, table: type[Source] | type[Document], ids: Iterable[str]) -> dict[str, Audience]:
    """From which audience on each of the rows may be seen."""
    found = session.exec(select(col(table.id), col(table.visibility)).where(col(table.id).in_(set(ids))))
    return {row_id: AUDIENCE_OF[Visibility(visibility)] for row_id, visibility in found}


def first_audiences(session: Session, ids: Iterable[str]) -> dict[str, Audience]:
    """The widest audience for which each resource exists now, embargoes apart; those that none may see are left out."""
    rows = (
        select(Rendition.resource_id, func.min(Rendition.first_audience))
        .where(col(Rendition.resource_id).in_(set(ids)))
        .group_by(col(Rendition.resource_id))
    )
    return {resource_id: Audience(first) for resource_id, first in session.exec(rows)}


def claims_naming_source(session: Session, source_id: str) -> list[str]:
    """Ids of the claims with the source in a chain, in order."""
    return list(session.exec(select(Hop.claim_id).where(Hop.source_id == source_id).distinct().order_by(Hop.claim_id)))


def claims_naming_document(session: Session, document_id: str) -> list[str]:
    """Ids of the claims that name the document, in order."""
    naming: tuple[Any, ...] = (Attribution, Hop, Evidence)
    named = [select(table.claim_id).where(table.document_id == document_id) for table in naming]
    return sorted(session.exec(select(union(*named).subquery().c.claim_id)))


def relations_of_claim(session: Session, claim_id: str) -> list[Relation]:
    """Every relation of the claim, from either side."""
    rows = select(Relation).where(or_(col(Relation.claim_id) == claim_id, col(Relation.other_claim_id) == claim_id))
    return list(session.exec(rows.order_by(Relation.id)))


def relations_of_source(session: Session, source_id: str) -> list[SourceRelation]:
    """Every relation of the source, from either side."""
    either = or_(col(SourceRelation.source_id) == source_id, col(SourceRelation.other_id) == source_id)
    return list(session.exec(select(SourceRelation).where(either).order_by(SourceRelation.id)))


def sources_of_organization(session: Session, source_id: str) -> list[Source]:
    """The sources that belong to this one."""
    return list(session.exec(select(Source).where(Source.organization_id == source_id).order_by(Source.id)))


def documents_of_outlet(session: Session, source_id: str) -> list[Document]:
    """The documents that the source published."""
    return list(session.exec(select(Document).where(Document.outlet_id == source_id).order_by(Document.id)))
