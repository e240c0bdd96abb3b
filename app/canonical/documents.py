"""Renders and records documents, their texts apart.

The public is told days of a document, and no instants: it stands beside the claims that were read in it, and an instant
would tell when somebody spoke whom they do not name.
"""

from collections.abc import Sequence

from sqlmodel import Session

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.access.visibility import sees
from app.canonical import queries
from app.canonical.told import told_edtf, told_instant
from app.changes.record import Content, Out, Written, record_change
from app.kit.edtf import day_text
from app.models import Document
from app.models.vocabulary import ChangeAction, ResourceKind


def record_document(unit: Unit, document: Document, action: ChangeAction) -> None:
    """Records a write of the document; the outlet stays out of sight of those who may not see it."""
    unit.session.flush()
    record_change(unit, document_written(unit.session, document, action))


def document_written(session: Session, document: Document, action: ChangeAction) -> Written:
    """What a write of the document is recorded as."""
    outlet = Audience.PUBLIC
    if document.outlet_id is not None:
        outlet = queries.shown_from(session, [document.outlet_id])[document.outlet_id]
    return _written(document, outlet, action)


def _written(document: Document, outlet: Audience, action: ChangeAction) -> Written:
    return Written(
        ResourceKind.DOCUMENT,
        document.id,
        action,
        lambda out: document_contents(document, outlet, out),
        embargo_until=document.embargo_until,
        public_in_days=True,
    )


def record_new_documents(unit: Unit, documents: Sequence[Document]) -> None:
    """Writes and records new documents; their outlets stay out of sight as in `record_document`."""
    unit.session.add_all(documents)
    unit.session.flush()
    seen_from = queries.shown_from(unit.session, {each.outlet_id for each in documents if each.outlet_id is not None})
    for document in documents:
        outlet = Audience.PUBLIC if document.outlet_id is None else seen_from[document.outlet_id]
        record_change(unit, _written(document, outlet, ChangeAction.CREATED))


def document_contents(document: Document, outlet: Audience, out: Sequence[Out]) -> list[Content | None]:
    """What each audience reads of the document, whose outlet is seen from that audience on."""
    own = AUDIENCE_OF[document.visibility]
    return [
        document_content(document, out[seen_by], show_outlet=sees(seen_by, outlet)) if sees(seen_by, own) else None
        for seen_by in Audience
    ]


def document_content(document: Document, out: Out, *, show_outlet: bool = True) -> Content:
    """What is read of a document, version, time of change and text apart."""
    return {
        "id": document.id,
        "url": document.url,
        "canonical_url": document.canonical_url,
        "archive_url": document.archive_url,
        "title": document.title,
        "byline": document.byline,
        "outlet_id": document.outlet_id if show_outlet else None,
        "published": told_edtf(document.published, out),
        "published_earliest": day_text(document.published_earliest_day),
        "published_latest": day_text(document.published_latest_day),
        "published_basis": document.published_basis,
        "language": document.language,
        "accessed_at": told_instant(document.accessed_at, out),
        "text_sha256": document.text_sha256,
        "visibility": document.visibility,
        **({"joined_id": document.joined_id} if document.joined_id is not None else {}),
        "recorded_at": out.at,
    }
