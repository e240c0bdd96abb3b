"""The SQL of the history: what each audience reads now, and what it read before."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, case, or_
from sqlmodel import Session, col, func, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import built_once, may_know, visible
from app.kit.columns import NOW, octets, size_bytes
from app.kit.paging import count_within
from app.models import Change, Rendition
from app.models.vocabulary import ResourceKind

NAMED: Final = (ResourceKind.SOURCE, ResourceKind.DOCUMENT)
"""The kinds that a claim names."""
SHORT_BYTES: Final = 16_384
"""Documents that are not longer are read together, 3 MiB for the longest page; of longer ones, one at a time."""


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


def newest(session: Session, resource_id: str, audience: int) -> Change | None:
    """The newest version in the audience's own line. For recording a write, never for an answer."""
    rows = select(Change).where(Change.resource_id == resource_id, Change.audience == audience)
    return session.exec(rows.order_by(col(Change.version).desc()).limit(1)).first()


def first_instant(session: Session, resource_id: str, audience: int) -> datetime | None:
    """The instant of the first version that the audience read. For recording a write, never for an answer."""
    rows = select(Change.recorded_at).where(Change.resource_id == resource_id, may_know(audience, Change))
    return session.exec(rows.order_by(col(Change.version), col(Change.audience).desc()).limit(1)).first()


def lines(session: Session, resource_id: str) -> Iterator[Change]:
    """Every version in every audience's line, each line from its first on. For upgrading, never for an answer."""
    rows = select(Change).where(Change.resource_id == resource_id).order_by(col(Change.audience), col(Change.version))
    yield from session.exec(rows.execution_options(yield_per=50))


def told_before(session: Session, kind: ResourceKind, after: str, limit: int) -> list[str]:
    """Ids of resources, in order from `after` on, that are told as a version of the service before this one did."""
    rows = select(Rendition.resource_id).where(
        Rendition.kind == kind, col(Rendition.in_days).is_(None), Rendition.resource_id > after
    )
    return list(session.exec(rows.distinct().order_by(Rendition.resource_id).limit(limit)))


def version(session: Session, resource_id: str, audience: int, number: int) -> Change | None:
    """One version in the audience's own line. For recording a write, never for an answer."""
    return session.get(Change, (resource_id, audience, number))


def readable(unit: Unit, kind: ResourceKind, resource_id: str) -> Rendition | None:
    """What the caller reads of the resource now; None if it does not exist for them.

    Read anew each time: what was read before the resource was locked may be out of date.
    """
    found: Rendition | None = _readable_among(unit, [kind], [resource_id], Rendition).one_or_none()
    return found


def readable_ids(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> set[str]:
    """Those of the ids that name a resource of the kind which the caller may read."""
    return set(_readable_among(unit, [kind], ids, col(Rendition.resource_id)))


def readable_named(unit: Unit, ids: Iterable[str]) -> set[str]:
    """Those of the ids that name a source or a document which the caller may read."""
    return set(_readable_among(unit, NAMED, ids, col(Rendition.resource_id)))


def documents_of(unit: Unit, kind: ResourceKind, ids: Iterable[str]) -> dict[str, str]:
    """The documents of those of the resources that the caller may read, by id."""
    return dict(_readable_among(unit, [kind], ids, col(Rendition.resource_id), col(Rendition.document)).all())


def documents_within(
    unit: Unit, kind: ResourceKind, ids: Sequence[str], *, most: float
) -> tuple[dict[str, str], Sequence[str]]:
    """Documents by id, in the order given, and the ids that are left: those after the first `most` bytes.

    Of the resources that the caller may read; one at the least, however long.
    """
    short = dict(_readable_among(unit, [kind], ids, col(Rendition.resource_id), _SHORT_DOCUMENT).all())
    found: dict[str, str] = {}
    size = 0
    for place, resource_id in enumerate(ids):
        if resource_id not in short:
            continue
        text = short[resource_id] or documents_of(unit, kind, [resource_id])[resource_id]
        size += size_bytes(text)
        if found and size > most:
            return found, ids[place:]
        found[resource_id] = text
    return found, ()


_SHORT_DOCUMENT: Final[Any] = case((octets(col(Rendition.document)) <= SHORT_BYTES, col(Rendition.document)))
"""A document, or null for a long one."""


def _readable_among(unit: Unit, kinds: Sequence[ResourceKind], ids: Iterable[str], *columns: Any) -> Any:
    parameters = {"kinds": kinds, "ids": sorted(ids), "now": unit.now}
    return unit.session.exec(_readable(unit.principal.audience, *columns), params=parameters)


@built_once
def _readable(audience: Audience, *columns: Any) -> Any:
    """A select of those resources of `kinds` among `ids` that the audience may read at `now`.

    Built once for each audience: every request runs several of them, and building one takes longer than running it.
    """
    named = col(Rendition.resource_id).in_(bindparam("ids", expanding=True))
    of_kind = col(Rendition.kind).in_(bindparam("kinds", expanding=True))
    rows = select(*columns).where(of_kind, named, visible(audience, NOW))
    return rows.execution_options(populate_existing=True)


def line_of(unit: Unit, resource_id: str) -> ColumnElement[bool]:
    """Chooses the versions that the caller's audience saw of the resource.

    They are those of its own line, and those of wider audiences' before it forked off.
    """
    audience = unit.principal.audience
    first = (
        select(Change.audience, func.min(Change.version))
        .where(Change.resource_id == resource_id, may_know(audience, Change))
        .group_by(col(Change.audience))
        .order_by(col(Change.audience).desc())
    )
    parts: list[ColumnElement[bool]] = []
    forked_at: int | None = None
    for line, version in unit.session.exec(first):
        own = col(Change.audience) == line
        parts.append(own if forked_at is None else and_(own, col(Change.version) < forked_at))
        forked_at = version if forked_at is None else min(version, forked_at)
    return and_(col(Change.resource_id) == resource_id, or_(*parts))


def versions_before(
    session: Session, line: ColumnElement[bool], before: int | None, limit: int
) -> list[tuple[int, str | None]]:
    """Number and `rests_on` of the line's versions below `before`, the newest first."""
    rows = select(Change.version, Change.rests_on).where(line)
    if before is not None:
        rows = rows.where(Change.version < before)
    return list(session.exec(rows.order_by(col(Change.version).desc()).limit(limit)))


def versions_within(session: Session, line: ColumnElement[bool], numbers: Sequence[int], *, most: int) -> list[Change]:
    """The line's versions of those numbers, which descend.

    No more of them than have `most` bytes together, and one at the least.
    """
    lengths = select(octets(col(Change.document))).where(line, col(Change.version).in_(numbers))
    count = count_within(session.exec(lengths.order_by(col(Change.version).desc())), most)
    rows = select(Change).where(line, col(Change.version).in_(numbers[:count]))
    return list(session.exec(rows.order_by(col(Change.version).desc())))


def version_at(session: Session, line: ColumnElement[bool], instant: datetime) -> Change | None:
    """The line's version that was read at that instant; None if there was none yet."""
    rows = select(Change).where(line, Change.recorded_at <= instant)
    return session.exec(rows.order_by(col(Change.version).desc()).limit(1)).first()
