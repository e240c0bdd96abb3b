"""The SQL of the audit, as auditors read it."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from app.access.audit import OF_RECORDS
from app.access.units import Reply, Unit
from app.access.visibility import may_know, visible
from app.audit.schemas import AuditFilter, AuditRead
from app.canonical.replies import Listing, many
from app.kit.ids import first_id
from app.kit.paging import Key, Order
from app.models import ApiKey, AuditEntry, Rendition


def list_entries(unit: Unit, wanted: AuditFilter) -> Reply:
    """Entries by when they were recorded, those about a source or a document only where the caller may know of it."""
    own_id = col(AuditEntry.id)
    order = Order((Key(own_id),), wanted.sort.startswith("-"))
    listing = Listing(AuditRead, order, f"audit|{wanted.filter_text}", texts=_texts)
    return many(unit, listing, wanted, select(AuditEntry, own_id).where(_is_there(unit), *_filters(wanted)))


def _is_there(unit: Unit) -> ColumnElement[bool]:
    """The condition that the entry is about no record, or one that the caller could read then and may read now.

    What was done with a source while it was hidden is not told when it is shown: the entry bears its instant.
    """
    audience = unit.principal.audience
    subject = select(Rendition.resource_id).where(
        Rendition.resource_id == AuditEntry.subject_id, visible(audience, unit.now)
    )
    could_read = and_(may_know(audience, AuditEntry), subject.exists())
    return or_(col(AuditEntry.action).not_in(OF_RECORDS), could_read)


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


def _texts(unit: Unit, rows: Sequence[AuditEntry]) -> list[str]:
    names = _names_of_keys(unit.session, {row.actor_id for row in rows if row.actor_id is not None})
    return [_text(row, names.get(row.actor_id or "")) for row in rows]


def _names_of_keys(session: Session, ids: set[str]) -> dict[str, str]:
    """The names of those of the ids that are keys', by id."""
    return dict(session.exec(select(ApiKey.id, ApiKey.name).where(col(ApiKey.id).in_(ids))).all())


def _text(row: AuditEntry, actor_name: str | None) -> str:
    document: dict[str, Any] = {
        name: actor_name if name == "actor_name" else getattr(row, name) for name in AuditRead.model_fields
    }
    return orjson.dumps(document, option=orjson.OPT_UTC_Z).decode()
