"""The SQL of documents."""

from datetime import datetime
from typing import Any

from sqlmodel import Session, and_, col, select

from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.canonical.queries import text_of
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import DocumentRead
from app.changes.queries import readable_ids
from app.documents.schemas import DocumentFilter
from app.kit.paging import Key, Order
from app.kit.urls import canonical_url
from app.models import Attribution, Document, Rendition
from app.models.vocabulary import ResourceKind, Visibility


def get_document(unit: Unit, document_id: str) -> Reply:
    """The document with its text; raises NotFound."""
    found = readable(unit, ResourceKind.DOCUMENT, document_id)
    return one(unit, found, extra={"text": text_of(unit.session, document_id)})


def digest_of(session: Session, document_id: str) -> str | None:
    """The SHA-256 of the document's text, if it was recorded."""
    return session.exec(select(Document.text_sha256).where(Document.id == document_id)).one_or_none()


def list_documents(unit: Unit, wanted: DocumentFilter) -> Reply:
    """Documents by when they were recorded."""
    order = Order(
        (Key(col(Document.recorded_at), datetime.fromisoformat), Key(col(Document.id))), wanted.sort.startswith("-")
    )
    matching = (
        select(col(Rendition.document), col(Document.recorded_at), col(Document.id))
        .join(Rendition, col(Rendition.resource_id) == Document.id)
        .where(visible(unit.principal.audience, unit.now))
    )
    if wanted.url is not None:
        spellings = {wanted.url, canonical_url(wanted.url)} - {None}
        matching = matching.where(col(Document.canonical_url).in_(spellings))
    if wanted.outlet_id:
        # By the outlets that the caller can see: an id must not find what a hidden outlet published.
        outlets = readable_ids(unit, ResourceKind.SOURCE, wanted.outlet_id)
        matching = matching.where(col(Document.outlet_id).in_(outlets))
    return many(unit, Listing(DocumentRead, order, f"documents|{wanted.filter_text}"), wanted, matching)


def document_at(session: Session, url: str, visibility: Visibility) -> str | None:
    """The id of the document of that visibility with that canonical address."""
    at = and_(col(Document.canonical_url) == url, col(Document.visibility) == visibility)
    return session.exec(select(Document.id).where(at)).one_or_none()


def quotes_from(unit: Unit, document_id: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Claim, attribution and quote of each attribution in the document that the caller may read, by claim id."""
    quoted = (
        select(Attribution.claim_id, Attribution.id, Attribution.quote)
        .join(Rendition, col(Rendition.resource_id) == Attribution.claim_id)
        .where(
            Attribution.document_id == document_id,
            Attribution.audience <= unit.principal.audience,
            visible(unit.principal.audience, unit.now),
        )
        .order_by(Attribution.claim_id, col(Attribution.position))
    )
    return [
        (claim_id, own_id, dict(quote)) for claim_id, own_id, quote in unit.session.exec(quoted) if quote is not None
    ]
