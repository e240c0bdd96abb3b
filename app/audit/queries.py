"""The SQL of the audit, as auditors read it."""

from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select

from app.access.units import Reply, Unit
from app.access.visibility import visible
from app.audit.schemas import AuditFilter, AuditRead
from app.canonical.replies import Listing, many
from app.kit.ids import first_id
from app.kit.paging import Key, Order
from app.models import AuditEntry, Rendition
from app.models.vocabulary import AuditAction, ResourceKind

OF_SOURCES: Final = (AuditAction.IDENTITY_SEALED, AuditAction.IDENTITY_READ, AuditAction.IDENTITY_ERASED)
"""What is done with a source; the rest is done with what whoever reads the audit may know of."""


def list_entries(unit: Unit, wanted: AuditFilter) -> Reply:
    """Entries by when they were recorded, those about a source only where the caller may read the source."""
    own_id = col(AuditEntry.id)
    order = Order((Key(own_id),), wanted.sort.startswith("-"))
    listing = Listing(AuditRead, order, f"audit|{wanted.filter_text}", texts=lambda _unit, rows: list(map(_text, rows)))
    return many(unit, listing, wanted, select(AuditEntry, own_id).where(_is_there(unit), *_filters(wanted)))


def _is_there(unit: Unit) -> ColumnElement[bool]:
    """The condition that the entry is about nothing that is hidden from the caller."""
    source = select(Rendition.resource_id).where(
        Rendition.kind == ResourceKind.SOURCE,
        Rendition.resource_id == AuditEntry.subject_id,
        visible(unit.principal.audience, unit.now),
    )
    return or_(col(AuditEntry.action).not_in(OF_SOURCES), source.exists())


def _filters(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.action:
        found.append(col(AuditEntry.action).in_(wanted.action))
    if wanted.subject_id is not None:
        found.append(col(AuditEntry.subject_id) == wanted.subject_id)
    if wanted.actor_id is not None:
        found.append(col(AuditEntry.actor_id) == wanted.actor_id)
    if wanted.recorded_from is not None:
        # Ids sort by the instant, so that the primary key finds where the entries begin.
        found.append(col(AuditEntry.id) >= first_id(wanted.recorded_from))
    if wanted.recorded_to is not None:
        found.append(col(AuditEntry.recorded_at) <= wanted.recorded_to)
    return found


def _text(row: AuditEntry) -> str:
    document: dict[str, Any] = {name: getattr(row, name) for name in AuditRead.model_fields}
    return orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()
