"""The SQL of the history: what each audience reads now, and what it read before."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlmodel import Session, col, func, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import built_once, visible
from app.kit.columns import NOW
from app.models import Change, Rendition
from app.models.vocabulary import ResourceKind


def renditions(session: Session, resource_id: str) -> list[Rendition]:
    """Every rendition of the resource, the widest audience first. For recording a write, never for an answer."""
    rows = select(Rendition).where(Rendition.resource_id == resource_id).order_by(col(Rendition.first_audience))
    return list(session.exec(rows))


def last_version(session: Session, resource_id: str, audience: int) -> tuple[int, datetime] | None:
    """Number and instant of the newest version in the audience's own line; None if it has none."""
    newest = (
        select(Change.version, Change.recorded_at)
        .where(Change.resource_id == resource_id, Change.audience == audience)
        .order_by(col(Change.version).desc())
        .limit(1)
    )
    found = session.exec(newest).first()
    return None if found is None else (found[0], found[1])


def audiences_with_lines(session: Session, resource_id: str) -> set[int]:
    """The audiences that have versions of the resource in lines of their own."""
    return set(session.exec(select(Change.audience).where(Change.resource_id == resource_id).distinct()))


def version(session: Session, resource_id: str, audience: int, number: int) -> Change | None:
    """One version in the audience's own line. For recording a write, never for an answer."""
    return session.get(Change, (resource_id, audience, number))


def readable(unit: Unit, kind: ResourceKind, resource_id: str) -> Rendition | None:
    """What the caller reads of the resource now; None if it does not exist for them.

    Read anew each time: what was read before the resource was locked may be out of date.
    """
    found: Rendition | None = _readable_among(unit, kind, [resource_id], Rendition).one_or_none()
    return found


def readable_ids(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> set[str]:
    """Those of the ids that name a resource of the kind which the caller may read."""
    return set(_readable_among(unit, kind, ids, col(Rendition.resource_id)))


def documents_of(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> dict[str, str]:
    """The documents of those of the resources that the caller may read, by id."""
    return dict(_readable_among(unit, kind, ids, col(Rendition.resource_id), col(Rendition.document)).all())


def _readable_among(unit: Unit, kind: ResourceKind, ids: Iterable[str], *columns: Any) -> Any:
    parameters = {"kind": kind, "ids": sorted(ids), "now": unit.now}
    return unit.session.exec(_readable(unit.principal.audience, *columns), params=parameters)


@built_once
def _readable(audience: Audience, *columns: Any) -> Any:
    """A select of those resources of `kind` among `ids` that the audience may read at `now`.

    Built once for each audience: every request runs several of them, and building one takes longer than running it.
    """
    named = col(Rendition.resource_id).in_(bindparam("ids", expanding=True))
    rows = select(*columns).where(Rendition.kind == bindparam("kind"), named, visible(audience, NOW))
    return rows.execution_options(populate_existing=True)


def versions(unit: Unit, resource_id: str, *, audience: Audience, before: int | None, limit: int) -> list[Change]:
    """The resource's versions as the audience saw them, newest first, those below `before` only."""
    rows = select(Change).where(Change.resource_id == resource_id, _in_line(unit, resource_id, audience))
    if before is not None:
        rows = rows.where(Change.version < before)
    return list(unit.session.exec(rows.order_by(col(Change.version).desc()).limit(limit)))


def version_at(unit: Unit, resource_id: str, instant: datetime) -> Change | None:
    """The version that the caller's audience would have read at that instant; None if it had none yet."""
    rows = select(Change).where(
        Change.resource_id == resource_id,
        Change.recorded_at <= instant,
        _in_line(unit, resource_id, unit.principal.audience),
    )
    return unit.session.exec(rows.order_by(col(Change.version).desc()).limit(1)).first()


def _in_line(unit: Unit, resource_id: str, audience: Audience) -> ColumnElement[bool]:
    """The changes that make up the audience's line: its own, and those of wider audiences before it forked off."""
    first = (
        select(Change.audience, func.min(Change.version))
        .where(Change.resource_id == resource_id, Change.audience <= audience)
        .group_by(col(Change.audience))
        .order_by(col(Change.audience).desc())
    )
    parts: list[ColumnElement[bool]] = []
    forked_at: int | None = None
    for line, version in unit.session.exec(first):
        own = col(Change.audience) == line
        parts.append(own if forked_at is None else and_(own, col(Change.version) < forked_at))
        forked_at = version if forked_at is None else min(version, forked_at)
    return or_(*parts)
