"""The SQL of documents."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, case, type_coerce
from sqlmodel import Session, and_, col, select

from app.access.units import Reply, Unit
from app.access.visibility import is_held_back, may_know, visible
from app.canonical.queries import bodies_shown, text_of
from app.canonical.replies import Listing, many, one, readable
from app.canonical.schemas import DocumentRead
from app.documents.schemas import DocumentFilter
from app.kit.paging import Key, KeyValue, Order, PageParameters, page_of
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
    """Documents by when they came out for the caller, as it is told."""
    order = Order(
        (Key(col(Rendition.came_at), datetime.fromisoformat), Key(col(Rendition.resource_id))),
        wanted.sort.startswith("-"),
    )
    matching = (
        select(col(Rendition.resource_id), col(Rendition.came_at), col(Rendition.resource_id))
        .join(Document, col(Document.id) == Rendition.resource_id)
        .where(Rendition.kind == ResourceKind.DOCUMENT, visible(unit.principal.audience, unit.now))
    )
    if wanted.url is not None:
        spellings = {wanted.url, canonical_url(wanted.url)} - {None}
        matching = matching.where(col(Document.canonical_url).in_(spellings))
    if wanted.outlet_id:
        # By those that the documents show: an id must not find what a hidden outlet published.
        shown = bodies_shown(unit.session, wanted.outlet_id, unit.principal.audience)
        matching = matching.where(col(Document.outlet_id).in_(shown))
    listing = Listing(DocumentRead, order, f"documents|{wanted.filter_text}", kind=ResourceKind.DOCUMENT)
    return many(unit, listing, wanted, matching)


def documents_at(session: Session, url: str, visibility: Visibility) -> list[str]:
    """Ids of the documents of that visibility that stand for that canonical address, whoever may read them.

    What is not held back comes first.
    """
    held_back = case((is_held_back(Document), 1), else_=0)
    at = select(Document.id).where(_stands_at(url, visibility), col(Document.joined_id).is_(None))
    return list(session.exec(at.order_by(held_back, Document.id)))


def _stands_at(url: str, visibility: Visibility) -> ColumnElement[bool]:
    return and_(col(Document.canonical_url) == url, col(Document.visibility) == visibility)


QUOTE_ORDER: Final = Order((Key(col(Attribution.claim_id)), Key(col(Attribution.id))), descending=False)
"""By ids, which are random: positions count hidden attributions too, and a cursor can be read."""


def quotes_from(
    unit: Unit, document_id: str, *, most: int, after: Sequence[KeyValue] | None
) -> tuple[list[tuple[str, str, dict[str, Any]]], Sequence[KeyValue] | None]:
    """Claim, attribution and quote of each attribution in the document that the caller may read, by their ids.

    Of so many of them, and the last one's place where there are more.
    """
    quoted = (
        select(
            col(Attribution.quote),
            *(key.column for key in QUOTE_ORDER.keys),
        )
        .join(Rendition, col(Rendition.resource_id) == Attribution.claim_id)
        .where(
            Attribution.document_id == document_id,
            type_coerce(col(Attribution.quote), Text) != "null",
            may_know(unit.principal.audience),
            visible(unit.principal.audience, unit.now),
        )
    )
    found = page_of(unit.session, quoted, QUOTE_ORDER, PageParameters(limit=most), after)
    quotes = [(claim_id, own_id, dict(quote)) for quote, claim_id, own_id in found.rows]
    return quotes, found.rows[-1][1:] if found.more else None
