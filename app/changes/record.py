"""Records a write: the resource's new document for each audience, and one change for each line of versions it moves.

Each audience has its own line of versions. As long as the document is the same for all, they share the line of the
widest audience; once it differs, the narrower audience's line forks off and goes on by itself, numbered on from where
it left. A write that an audience cannot see leaves its line alone.
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
    before = {row.first_audience: row for row in queries.renditions(unit.session, written.resource_id)}
    digests = [None if content is None else _digest(content) for content in written.contents]
    line_before = [_covering(before, audience) for audience in Audience]
    for row in before.values():
        unit.session.delete(row)
    unit.session.flush()
    for (first_before, digest), group in groupby(
        Audience, key=lambda seen_by: (line_before[seen_by], digests[seen_by])
    ):
        audiences = list(group)
        line = _Line(
            first=audiences[0],
            last=audiences[-1],
            content=written.contents[audiences[0]],
            digest=digest,
            previous=before[first_before] if first_before is not None else None,
        )
        _continue_line(unit, written, line)


@dataclass(frozen=True, slots=True)
class _Line:
    """A range of audiences that read the same before the write and the same after it."""

    first: Audience
    last: Audience
    content: Content | None
    digest: str | None
    previous: Rendition | None

    @property
    def stays(self) -> bool:
        """Whether the write leaves the line as it was."""
        previous = self.previous
        return previous is not None and (previous.first_audience, previous.content_digest) == (self.first, self.digest)


def _covering(rows: Mapping[int, Rendition], audience: Audience) -> int | None:
    """Where the row begins that the audience reads."""
    return next((first for first, row in rows.items() if first <= audience <= row.last_audience), None)


def _continue_line(unit: Unit, written: Written, line: _Line) -> None:
    if line.content is None or line.digest is None:
        if written.action is ChangeAction.DELETED and line.previous is not None:
            _append(unit, written, line, {"id": written.resource_id, "deleted": True})
        return
    if line.stays and line.previous is not None:
        version, document = line.previous.version, line.previous.document
    else:
        version, document = _append(unit, written, line, line.content)
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
        )
    )


def _append(unit: Unit, written: Written, line: _Line, content: Content) -> tuple[int, str]:
    """Adds the line's next version: its number follows on the line's own last, or on that of the line it forks off."""
    own_version, own_at = queries.last_version(unit.session, written.resource_id, line.first) or (0, unit.now)
    version = 1 + max(own_version, line.previous.version if line.previous is not None else 0)
    # A unit that waited for a lock bears an instant before its predecessor's; versions and instants go up together.
    recorded_at = max(unit.now, own_at)
    document = _document(content, version, recorded_at, dated=written.dated)
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
    return version, document


def _digest(content: Content) -> str:
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_UTC_Z)).hexdigest()


def _document(content: Content, version: int, at: datetime, *, dated: bool) -> str:
    changed: dict[str, Any] = {"updated_on": at.date()} if dated else {"updated_at": at}
    return orjson.dumps({**content, "version": version, **changed}, option=orjson.OPT_UTC_Z).decode()
