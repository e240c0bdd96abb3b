"""Records a write: the resource's new document for each audience, and one change for each line of versions it moves.

Each audience has its own line of versions. As long as the document is the same for all, they share the line of the
widest audience; once it differs, the narrower audience's line forks off and goes on by itself, numbered on from where
it left. A write that an audience cannot see leaves its line alone.

Under an embargo the public's line is apart. It holds one version at the most that is not out yet, dated to the end of
the embargo: the next write takes its place, so that the public never learns what was changed before.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson

from app.access.principals import Audience
from app.access.units import Unit
from app.changes import queries
from app.models import Change, Rendition
from app.models.vocabulary import ChangeAction, ResourceKind

Content = Mapping[str, Any]
"""A document without its version and its time of change, in the order in which it is written."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write is to be recorded as."""

    kind: ResourceKind
    resource_id: str
    action: ChangeAction
    contents: Sequence[Content | None]
    """For each audience in turn, what it is to read; None where the resource does not exist for it."""
    embargo_until: datetime | None = None
    dated: bool = False
    """Whether the document shows the date of its last change only, as a source's does."""


def record_change(unit: Unit, written: Written) -> None:
    """Makes each audience's document the one that the write gives it, and appends the changes.

    Must run in the transaction of the write, with the resource's row locked. Appends nothing for an audience whose
    document stays as it is. A deletion leaves each line that ends with a last version that says so.
    """
    before: dict[int, Rendition] = {}
    if written.action is not ChangeAction.CREATED:
        before = _read_before(unit, written.resource_id)
    digests = [None if content is None else content_digest(content) for content in written.contents]
    line_before = _lines_before(unit, written, before)
    for row in before.values():
        unit.session.delete(row)
    if before:
        unit.session.flush()
    opens_at = [_opens_at(unit, written, seen_by) for seen_by in Audience]
    for (first_before, digest, opens), group in groupby(
        Audience, key=lambda seen_by: (line_before[seen_by], digests[seen_by], opens_at[seen_by])
    ):
        audiences = list(group)
        line = _Line(
            first=audiences[0],
            last=audiences[-1],
            content=written.contents[audiences[0]],
            digest=digest,
            previous=before.get(first_before) if first_before is not None else None,
            ended=first_before if first_before not in before else None,
            opens_at=opens,
        )
        _continue_line(unit, written, line)


def _read_before(unit: Unit, resource_id: str) -> dict[int, Rendition]:
    """What each audience read before the write, by where its range begins.

    What an embargo has kept from the public until now is deleted with its version: it was never read.
    """
    rows = {row.first_audience: row for row in queries.renditions(unit.session, resource_id)}
    public = rows.get(Audience.PUBLIC)
    if public is None or public.embargo_until is None or public.embargo_until <= unit.now:
        return rows
    version = queries.version(unit.session, resource_id, Audience.PUBLIC, public.version)
    if version is not None and version.recorded_at == public.embargo_until:
        unit.session.delete(version)
        unit.session.delete(rows.pop(Audience.PUBLIC))
        unit.session.flush()
    return rows


def _opens_at(unit: Unit, written: Written, seen_by: Audience) -> datetime:
    """From when on the audience may read what is written: for the public from the end of an embargo, else from now."""
    if seen_by > Audience.PUBLIC or written.embargo_until is None:
        return unit.now
    return max(unit.now, written.embargo_until)


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
    opens_at: datetime

    @property
    def stays(self) -> bool:
        """Whether the write leaves the line as it was."""
        previous = self.previous
        return previous is not None and (previous.first_audience, previous.content_digest) == (self.first, self.digest)


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
        max((line for line in known if line <= audience), default=None) if first is None else first
        for audience, first in zip(Audience, covering, strict=True)
    ]


def _covering(rows: Mapping[int, Rendition], audience: Audience) -> int | None:
    """Where the row begins that the audience reads."""
    return next((first for first, row in rows.items() if first <= audience <= row.last_audience), None)


def _continue_line(unit: Unit, written: Written, line: _Line) -> None:
    if line.content is None or line.digest is None:
        if written.action is ChangeAction.DELETED and line.previous is not None:
            _append(unit, written, line, {"id": written.resource_id, "deleted": True})
        return
    if line.stays and line.previous is not None:
        version, document, updated_at = line.previous.version, line.previous.document, line.previous.updated_at
    else:
        version, document, updated_at = _append(unit, written, line, line.content)
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
            updated_at=updated_at,
        )
    )


def _append(unit: Unit, written: Written, line: _Line, content: Content) -> tuple[int, str, datetime]:
    """Adds the line's next version and gives its number, document and instant.

    The number follows on the line's own last, or on that of the line it forks off.
    """
    own_version, own_at = 0, unit.now
    if written.action is not ChangeAction.CREATED:
        found = queries.last_version(unit.session, written.resource_id, line.first)
        own_version, own_at = found or (own_version, own_at)
    forked_off = line.previous.version if line.previous is not None else 0
    if line.ended is not None and line.ended != line.first:
        forked_off, _ = queries.last_version(unit.session, written.resource_id, line.ended) or (0, unit.now)
    version = 1 + max(own_version, forked_off)
    # A unit that waited for a lock bears an instant before its predecessor's; versions and instants go up together.
    recorded_at = max(line.opens_at, own_at)
    document = document_text(content, version, recorded_at, dated=written.dated)
    unit.session.add(
        Change(
            resource_id=written.resource_id,
            audience=line.first,
            version=version,
            kind=written.kind,
            action=ChangeAction.CREATED if version == 1 else written.action,
            actor_id=unit.actor_id,
            recorded_at=recorded_at,
            document=document,
        )
    )
    return version, document, recorded_at


def content_digest(content: Content) -> str:
    """SHA-256 of the content as it is written, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_UTC_Z)).hexdigest()


def document_text(content: Content, version: int, at: datetime, *, dated: bool) -> str:
    """The canonical document: the content with its version and when that was recorded."""
    changed: dict[str, Any] = {"updated_on": at.date()} if dated else {"updated_at": at}
    return orjson.dumps({**content, "version": version, **changed}, option=orjson.OPT_UTC_Z).decode()
