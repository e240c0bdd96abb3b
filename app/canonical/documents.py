"""Renders and records documents, their texts apart."""

from collections.abc import Sequence

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.canonical import queries
from app.changes.record import Content, Written, record_change
from app.kit.edtf import day_text
from app.models import Document
from app.models.vocabulary import ChangeAction, ResourceKind


def record_document(unit: Unit, document: Document, action: ChangeAction) -> None:
    """Records a write of the document; the outlet stays out of sight of those who may not see it."""
    unit.session.flush()
    outlet = Audience.PUBLIC
    if document.outlet_id is not None:
        outlet = queries.shown_from(unit.session, [document.outlet_id])[document.outlet_id]
    contents, embargo = document_contents(document, outlet), document.embargo_until
    record_change(unit, Written(ResourceKind.DOCUMENT, document.id, action, contents, embargo_until=embargo))


def record_new_documents(unit: Unit, documents: Sequence[Document]) -> None:
    """Writes and records new documents; their outlets stay out of sight as in `record_document`."""
    unit.session.add_all(documents)
    unit.session.flush()
    seen_from = queries.shown_from(unit.session, {each.outlet_id for each in documents if each.outlet_id is not None})
    for document in documents:
        outlet = Audience.PUBLIC if document.outlet_id is None else seen_from[document.outlet_id]
        contents = document_contents(document, outlet)
        written = Written(ResourceKind.DOCUMENT, document.id, ChangeAction.CREATED, contents, document.embargo_until)
        record_change(unit, written)


def document_contents(document: Document, outlet: Audience) -> list[Content | None]:
    """What each audience reads of the document, whose outlet is seen from that audience on."""
    own = AUDIENCE_OF[document.visibility]
    return [
        document_content(document, show_outlet=seen_by >= outlet) if seen_by >= own else None for seen_by in Audience
    ]


def document_content(document: Document, *, show_outlet: bool = True) -> Content:
    """What is read of a document, version, time of change and text apart."""
    return {
        "id": document.id,
        "url": document.url,
        "canonical_url": document.canonical_url,
        "archive_url": document.archive_url,
        "title": document.title,
        "byline": document.byline,
        "outlet_id": document.outlet_id if show_outlet else None,
        "published": document.published,
        "published_earliest": day_text(document.published_earliest_day),
        "published_latest": day_text(document.published_latest_day),
        "published_basis": document.published_basis,
        "language": document.language,
        "accessed_at": document.accessed_at,
        "text_sha256": document.text_sha256,
        "visibility": document.visibility,
        "recorded_at": document.recorded_at,
    }
