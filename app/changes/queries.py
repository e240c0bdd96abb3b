"""The SQL of the history: what each audience reads now, and what it read before."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import visible
from app.models import Change, Rendition
from app.models.vocabulary import ResourceKind


def renditions(session: Session, resource_id: str) -> list[Rendition]:
    """Every rendition of the resource, the widest audience first. For recording a write, never for an answer."""
    rows = select(Rendition).where(Rendition.resource_id == resource_id).order_by(col(Rendition.first_audience))
    return list(session.exec(rows))


def last_version(session: Session, resource_id: str, audience: Audience) -> tuple[int, datetime] | None:
    """Number and instant of the newest version in the audience's own line; None if it has none."""
    newest = (
        select(Change.version, Change.recorded_at)
        .where(Change.resource_id == resource_id, Change.audience == audience)
        .order_by(col(Change.version).desc())
        .limit(1)
    )
    found = session.exec(newest).first()
    return None if found is None else (found[0], found[1])


def readable(unit: Unit, kind: ResourceKind, resource_id: str) -> Rendition | None:
    """What the caller reads of the resource now; None if it does not exist for them."""
    row = select(Rendition).where(
        Rendition.resource_id == resource_id,
        Rendition.kind == kind,
        visible(unit.principal.audience, unit.now),
    )
    return unit.session.exec(row).one_or_none()


def readable_ids(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> set[str]:
    """Those of the ids that name a resource of the kind which the caller may read."""
    return set(unit.session.exec(_visible(unit, select(Rendition.resource_id), kind, ids)))


def documents_of(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> dict[str, str]:
    """The documents of those of the resources that the caller may read, by id."""
    rows = _visible(unit, select(Rendition.resource_id, Rendition.document), kind, ids)
    return dict(unit.session.exec(rows).all())


def _visible(unit: Unit, rows: Any, kind: ResourceKind, ids: Iterable[str]) -> Any:
    return rows.where(
        Rendition.kind == kind,
        col(Rendition.resource_id).in_(sorted(ids)),
        visible(unit.principal.audience, unit.now),
    )


def versions(unit: Unit, resource_id: str, *, before: int | None, limit: int) -> list[Change]:
    """The resource's versions as the caller's audience saw them, newest first, those below `before` only."""
    rows = select(Change).where(Change.resource_id == resource_id, _in_line(unit, resource_id))
    if before is not None:
        rows = rows.where(Change.version < before)
    return list(unit.session.exec(rows.order_by(col(Change.version).desc()).limit(limit)))


def count_versions(unit: Unit, resource_id: str) -> int:
    """How many versions the caller's audience saw."""
    counted = select(func.count()).select_from(Change)
    return unit.session.exec(counted.where(Change.resource_id == resource_id, _in_line(unit, resource_id))).one()


def version_at(unit: Unit, resource_id: str, instant: datetime) -> Change | None:
    """The version that the caller's audience would have read at that instant; None if it had none yet."""
    rows = select(Change).where(
        Change.resource_id == resource_id, Change.recorded_at <= instant, _in_line(unit, resource_id)
    )
    return unit.session.exec(rows.order_by(col(Change.version).desc()).limit(1)).first()


def _in_line(unit: Unit, resource_id: str) -> ColumnElement[bool]:
    """The changes that make up the audience's line: its own, and those of wider audiences before it forked off."""
    first = (
        select(Change.audience, func.min(Change.version))
        .where(Change.resource_id == resource_id, Change.audience <= unit.principal.audience)
        .group_by(col(Change.audience))
        .order_by(col(Change.audience).desc())
    )
    parts: list[ColumnElement[bool]] = []
    forked_at: int | None = None
    for audience, version in unit.session.exec(first):
        own = col(Change.audience) == audience
        parts.append(own if forked_at is None else and_(own, col(Change.version) < forked_at))
        forked_at = version if forked_at is None else min(version, forked_at)
    return or_(*parts)
