"""Tables of the canonical documents: the one each audience reads now, and every one there ever was."""

from datetime import datetime

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table
from app.models.access import DIGEST_LENGTH
from app.models.vocabulary import ChangeAction, ResourceKind


class Rendition(Table, table=True):
    """The canonical document of a resource as a range of audiences reads it now.

    Audiences are 0 public, 1 internal, 2 restricted. A resource whose document is the same for all has one row, for 0
    to 2; one that differs for some has several rows, each with a line of versions of its own. An audience that no row
    covers cannot tell that the resource exists. Whether a row may be read is decided by
    `app.access.visibility.visible`, and nowhere else.
    """

    __tablename__ = "rendition"
    __table_args__ = (
        sa.CheckConstraint(
            "0 <= first_audience AND first_audience <= last_audience AND last_audience <= 2", name="audiences"
        ),
        sa.Index(None, "updated_at", "resource_id"),
        sa.Index(None, "kind", "came_at", "resource_id"),
        # All that decides who may read it, so that whoever looks for ids passes over the documents.
        sa.Index("ix_rendition_readers", "resource_id", "first_audience", "last_audience", "embargo_until", "kind"),
    )

    resource_id: str = columns.text(36, key=True)
    first_audience: int = columns.whole_number(key=True)
    last_audience: int = columns.whole_number()
    kind: ResourceKind = columns.choice(ResourceKind, "kind")
    version: int = columns.whole_number()
    content_digest: str = columns.text(DIGEST_LENGTH)
    """SHA-256 of the document without its version and times: whether a write changed it."""
    document: str = columns.text()
    embargo_until: datetime | None = columns.instant(nullable=True)
    came_at: datetime = columns.instant()
    """When the resource came out for these audiences, as they are told: of a day, its first instant."""
    updated_at: datetime = columns.instant()
    """When the audiences came to read this version; never told where they are told days alone."""
    in_days: int | None = columns.whole_number(nullable=True)
    """1 where the audiences are told the days of it alone; null in a row of a version that told instants."""


class Change(Table, table=True):
    """One version of a resource's document in one audience's line, and who made it.

    Rows are added. One is taken back only while an embargo has kept it from everybody whose line it is, and changed
    only by an upgrade of the database.
    """

    __tablename__ = "change"
    __table_args__ = (sa.CheckConstraint("audience BETWEEN 0 AND 2", name="audience"),)

    resource_id: str = columns.text(36, key=True)
    audience: int = columns.whole_number(key=True)
    version: int = columns.whole_number(key=True)
    kind: ResourceKind = columns.choice(ResourceKind, "kind")
    action: ChangeAction = columns.choice(ChangeAction, "action")
    actor_id: str = columns.text(36)
    recorded_at: datetime = columns.instant()
    rests_on: str | None = columns.text(nullable=True)
    """Of a claim, the sources and documents that each attribution goes by: an object of lists of ids by the id of the
    attribution. Null where the version is shown whatever they are, as a draft is. It stands before the document, which
    may have a megabyte: SQLite reads a row from its beginning."""
    document: str = columns.text()
