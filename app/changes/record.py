"""Records a write: the resource's new document for each audience, and one change for each line of versions it moves.

Each audience has its own line of versions. As long as the document is the same for all, they share the line of the
widest audience; once it differs, the narrower audience's line forks off and goes on by itself, numbered on from where
it left. A write that an audience cannot see leaves its line alone, and so does one after which it reads what it read
last: a resource that is hidden and shown again is at the version that it was at.

Under an embargo the public's line is apart. It holds one version at the most that is not out yet, dated to the end of
the embargo: the next write takes its place, so that the public never learns what was changed before.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import orjson
from sqlmodel import Session

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import is_over, reads, sees
from app.changes import queries
from app.kit.ids import EPOCH
from app.kit.instants import day_of, start_of_day
from app.models import Change, Rendition
from app.models.vocabulary import ChangeAction, ResourceKind

Content = Mapping[str, Any]
"""A document without its version and its time of change, in the order in which it is written."""
Contents = Sequence[Content | None]
"""For each audience in turn, what it reads; None where the resource does not exist for it."""
NOBODY: Final[Contents] = tuple(None for _ in Audience)
"""The contents of what exists for nobody any more."""
DATED: Final = frozenset({ResourceKind.SOURCE, ResourceKind.SOURCE_RELATION})
"""Kinds whose documents have days in place of instants, for every audience."""


@dataclass(frozen=True, slots=True)
class Out:
    """When a resource came out for an audience, or comes out when an embargo ends; and what that is told as."""

    at: datetime
    """As it is told: the first instant of the day, where days are told."""
    in_days: bool
    opens_at: datetime
    """From when on the audience may read what is written now."""

    def told(self, at: datetime) -> datetime:
        """An instant as it is told: itself, or the first of its day."""
        return start_of_day(at) if self.in_days else at


def opening(at: datetime, embargo_until: datetime | None) -> dict[Audience, datetime]:
    """From when on each audience may read what is written at that instant, if it may: an embargo is the public's."""
    public_at = at if embargo_until is None else max(at, embargo_until)
    return {seen_by: public_at if seen_by is Audience.PUBLIC else at for seen_by in Audience}


@dataclass(frozen=True, slots=True)
class Written:
    """What a write is to be recorded as."""

    kind: ResourceKind
    resource_id: str
    action: ChangeAction
    render: Callable[[Sequence[Out]], Contents]
    """Makes the contents, told when the resource came out for each audience, or would have."""
    embargo_until: datetime | None = None
    public_in_days: bool = False
    """Whether the public is told days alone. It stays so: what was once told in days never is to the instant."""
    at: datetime | None = None
    """The instant that the write bears; that of the unit of work if left out."""
    rests_on: Callable[[Content], str | None] = lambda _content: None
    """Makes of a content what is kept as its version's `rests_on`."""
    not_before: Mapping[Audience, datetime] = field(default_factory=dict)
    """For an audience the instant before which nothing of it comes out, where there is one."""

    def is_in_days(self, seen_by: Audience) -> bool:
        """Whether the audience is told days alone."""
        return self.kind in DATED or (self.public_in_days and seen_by is Audience.PUBLIC)


def record_change(unit: Unit, written: Written) -> Contents:
    """Makes each audience's document the one that the write gives it, appends the changes, and gives the contents.

    Must run in the transaction of the write, with the resource's row locked. Appends nothing for an audience whose
    document stays as it is, or becomes again what it read last. A deletion leaves each line that ends with a last
    version that says so.
    """
    before: dict[int, Rendition] = {}
    if written.action is not ChangeAction.CREATED:
        before = _read_before(unit, written.resource_id)
    line_before = _lines_before(unit, written, before)
    out = [_out(unit, written, before, line_before[seen_by], seen_by) for seen_by in Audience]
    contents = written.render(out)
    digests = [None if content is None else content_digest(content) for content in contents]
    for row in before.values():
        unit.session.delete(row)
    if before:
        unit.session.flush()
    for (first_before, digest, opened), group in groupby(
        Audience, key=lambda seen_by: (line_before[seen_by], digests[seen_by], out[seen_by])
    ):
        audiences = list(group)
        line = _Line(
            first=audiences[0],
            last=audiences[-1],
            content=contents[audiences[0]],
            digest=digest,
            previous=before.get(first_before) if first_before is not None else None,
            ended=first_before if first_before not in before else None,
            out=opened,
        )
        _continue_line(unit, written, line)
    return contents


def retell(session: Session, written: Written) -> Contents:
    """Tells anew what was told in another way: each document that is read now, under the version that it has.

    Gives the contents. Where audiences that read the same are now told times of it differently, the narrower line forks
    off at that version.
    """
    rows = queries.renditions(session, written.resource_id)
    out = [_out_again(written, rows, seen_by) for seen_by in Audience]
    contents = written.render(out)
    for row in rows:
        session.delete(row)
    session.flush()
    for row in rows:
        _retell_line(session, written, row, list(zip(contents, out, strict=True)))
    session.flush()
    return contents


def _out_again(written: Written, rows: Sequence[Rendition], seen_by: Audience) -> Out:
    came_at = next((row.came_at for row in rows if reads(seen_by, row)), EPOCH)
    in_days = written.is_in_days(seen_by)
    return Out(start_of_day(came_at) if in_days else came_at, in_days, opens_at=came_at)


def _retell_line(
    session: Session, written: Written, row: Rendition, told: Sequence[tuple[Content | None, Out]]
) -> None:
    last = queries.version(session, row.resource_id, row.first_audience, row.version)
    for (content, out), group in groupby(range(row.first_audience, row.last_audience + 1), key=lambda each: told[each]):
        first, *others = group
        if content is None:
            continue
        document = document_text(written.kind, content, row.version, out.told(row.updated_at))
        new = {
            "first_audience": first,
            "last_audience": max(others, default=first),
            "content_digest": content_digest(content),
            "document": document,
            "came_at": out.at,
            "in_days": int(out.in_days),
        }
        session.add(Rendition(**row.model_dump() | new))
        if last is not None:
            session.merge(Change(**last.model_dump() | {"audience": first, "document": document}))


def _read_before(unit: Unit, resource_id: str) -> dict[int, Rendition]:
    """What each audience read before the write, by where its range begins.

    What an embargo has kept from the public until now is deleted with its version: it was never read.
    """
    rows = {row.first_audience: row for row in queries.renditions(unit.session, resource_id)}
    public = rows.get(Audience.PUBLIC)
    if public is None or is_over(public.embargo_until, unit.now):
        return rows
    version = queries.version(unit.session, resource_id, Audience.PUBLIC, public.version)
    if version is not None and version.recorded_at == public.embargo_until:
        unit.session.delete(version)
        unit.session.delete(rows.pop(Audience.PUBLIC))
        unit.session.flush()
    return rows


def _out(
    unit: Unit, written: Written, before: Mapping[int, Rendition], line_before: int | None, seen_by: Audience
) -> Out:
    """When the resource came out for the audience: with the first version in its line, or with what is written now."""
    in_days = written.is_in_days(seen_by) or _was_in_days(unit, written, before, line_before, seen_by)
    opens_at = opening(written.at or unit.now, written.embargo_until)[seen_by]
    came_at = opens_at = max(opens_at, written.not_before.get(seen_by, opens_at))
    if line_before is not None and line_before in before:
        came_at = before[line_before].came_at
    elif line_before is not None:
        came_at = queries.first_instant(unit.session, written.resource_id, seen_by) or opens_at
    return Out(start_of_day(came_at) if in_days else came_at, in_days, opens_at)


def _was_in_days(
    unit: Unit, written: Written, before: Mapping[int, Rendition], line_before: int | None, seen_by: Audience
) -> bool:
    """Whether the public was told days alone: the instants of what it read then must not be told to it later.

    Of what is hidden, the last version that it read tells. One whose instant is the first of a day counts as told in
    days, which is the safe side.
    """
    if line_before is None or seen_by is not Audience.PUBLIC:
        return False
    if line_before in before:
        return before[line_before].in_days == 1
    last = queries.newest(unit.session, written.resource_id, line_before)
    told = None if last is None else orjson.loads(last.document).get("updated_at")
    return told is not None and (at := datetime.fromisoformat(told)) == start_of_day(at)


@dataclass(frozen=True, slots=True)
class _Line:
    """A range of audiences that read the same before the write and the same after it."""

    first: Audience
    last: Audience
    content: Content | None
    digest: str | None
    previous: Rendition | None
    ended: int | None
    """Whose line it takes up again, where the resource existed for these audiences before and then did not."""
    out: Out


def _lines_before(unit: Unit, written: Written, before: Mapping[int, Rendition]) -> list[int | None]:
    """For each audience, whose line it reads or last read; None if the resource never existed for it.

    Two audiences whose lines parted stay apart for good, also where the resource vanished for both in between: in one
    line, the versions of the narrower one would be lost.
    """
    covering = [_covering(before, audience) for audience in Audience]
    if written.action is ChangeAction.CREATED or None not in covering:
        return covering
    known = queries.audiences_with_lines(unit.session, written.resource_id)
    return [
        max((line for line in known if sees(audience, line)), default=None) if first is None else first
        for audience, first in zip(Audience, covering, strict=True)
    ]


def _covering(rows: Mapping[int, Rendition], audience: Audience) -> int | None:
    """Where the row begins that the audience reads."""
    return next((first for first, row in rows.items() if reads(audience, row)), None)


def _continue_line(unit: Unit, written: Written, line: _Line) -> None:
    if line.content is None or line.digest is None:
        if written.action is ChangeAction.DELETED and line.previous is not None:
            _append(unit, written, line, {"id": written.resource_id, "deleted": True})
        return
    version, document, updated_at = _as_last_read(unit, written, line) or _append(unit, written, line, line.content)
    unit.session.add(
        Rendition(
            resource_id=written.resource_id,
            first_audience=line.first,
            last_audience=line.last,
            kind=written.kind,
            version=version,
            content_digest=line.digest,
            document=document,
            embargo_until=written.embargo_until,
            came_at=line.out.at,
            updated_at=updated_at,
            in_days=int(line.out.in_days),
        )
    )


Numbered = tuple[int, str, datetime]
"""A version's number, its document, and its instant."""


def _as_last_read(unit: Unit, written: Written, line: _Line) -> Numbered | None:
    """The version that these audiences read last, if it is what they are to read now; else None.

    A line that forks off takes that version along, so that it begins with it.
    """
    previous, content = line.previous, line.content
    if previous is not None and (previous.content_digest, previous.in_days) != (line.digest, int(line.out.in_days)):
        return None
    if previous is not None and previous.first_audience == line.first:
        return previous.version, previous.document, previous.updated_at
    last = _last_read(unit, written, line)
    if content is None or last is None:
        return None
    document = document_text(written.kind, content, last.version, line.out.told(last.recorded_at))
    if document != last.document:
        return None
    if last.audience != line.first:
        unit.session.add(Change(**{**last.model_dump(), "audience": line.first}))
    return last.version, document, last.recorded_at


def _last_read(unit: Unit, written: Written, line: _Line) -> Change | None:
    if line.previous is not None:
        of = line.previous
        return queries.version(unit.session, written.resource_id, of.first_audience, of.version)
    return None if line.ended is None else queries.newest(unit.session, written.resource_id, line.ended)


def _append(unit: Unit, written: Written, line: _Line, content: Content) -> Numbered:
    """Adds the line's next version.

    The number follows on the line's own last, or on that of the line it forks off.
    """
    own_version, own_at = 0, line.out.opens_at
    if written.action is not ChangeAction.CREATED:
        found = queries.last_version(unit.session, written.resource_id, line.first)
        own_version, own_at = found or (own_version, own_at)
    forked_off = line.previous.version if line.previous is not None else 0
    if line.ended is not None and line.ended != line.first:
        forked_off, _ = queries.last_version(unit.session, written.resource_id, line.ended) or (0, unit.now)
    version = 1 + max(own_version, forked_off)
    # A unit that waited for a lock bears an instant before its predecessor's; versions and instants go up together.
    recorded_at = max(line.out.opens_at, own_at)
    document = document_text(written.kind, content, version, line.out.told(recorded_at))
    unit.session.add(
        Change(
            resource_id=written.resource_id,
            audience=line.first,
            version=version,
            kind=written.kind,
            action=ChangeAction.CREATED if version == 1 else written.action,
            actor_id=unit.actor_id,
            recorded_at=recorded_at,
            rests_on=written.rests_on(content),
            document=document,
        )
    )
    return version, document, recorded_at


def content_digest(content: Content) -> str:
    """SHA-256 of the content as it is written, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_UTC_Z)).hexdigest()


def document_text(kind: ResourceKind, content: Content, version: int, at: datetime) -> str:
    """The canonical document: the content with its version and when that was recorded, as it is told."""
    changed: dict[str, Any] = {"updated_on": day_of(at)} if kind in DATED else {"updated_at": at}
    return orjson.dumps({**content, "version": version, **changed}, option=orjson.OPT_UTC_Z).decode()
