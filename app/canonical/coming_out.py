"""When what is part of a record came out for each audience: attributions and assessments, a retraction, a decision.

The hour at which something was written down while it was hidden is not told, nor does the order of a list tell it. So
the rows note when it came out for internal readers and for the public; restricted readers read it as it is written.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import col

from app.access.principals import Audience
from app.kit.ids import EPOCH
from app.kit.tables import Table
from app.models import Attribution

Columns = Mapping[Audience, str]
"""For each audience of which it is noted, the column that has when something came out for it."""
PART: Final[Columns] = {Audience.PUBLIC: "public_at", Audience.INTERNAL: "internal_at"}
"""Of an attribution or an assessment."""
RETRACTION: Final[Columns] = {Audience.PUBLIC: "retraction_public_at", Audience.INTERNAL: "retraction_internal_at"}
"""Of a claim's retraction."""
DECISION: Final[Columns] = {Audience.PUBLIC: "decision_public_at", Audience.INTERNAL: "decision_internal_at"}
"""Of what was decided last about a relation between claims."""


def note_coming_out(row: Table, columns: Columns, at: Mapping[Audience, datetime], now: datetime) -> None:
    """Notes when it came out for each audience; `at` has the instant for those that may know of it by now, or will.

    What came out keeps its instant, whatever is hidden and shown later; what an embargo still holds back has none yet.
    """
    for seen_by, column in columns.items():
        was = getattr(row, column)
        if was is None or was > now:
            setattr(row, column, at.get(seen_by))


def came_out(row: Table, columns: Columns, seen_by: Audience) -> datetime | None:
    """When it came out for the audience, or comes out; None for restricted readers, and where it has not."""
    at: datetime | None = getattr(row, columns[seen_by]) if seen_by in columns else None
    return at


def place_of(attribution: Attribution, seen_by: Audience) -> tuple[datetime, int]:
    """What the audience's list of a claim's attributions is sorted by.

    Those that came out at one instant stand as the newsroom has them.
    """
    return came_out(attribution, PART, seen_by) or EPOCH, attribution.position


def in_place(seen_by: Audience) -> tuple[Any, ...]:
    """`place_of` as columns to order by."""
    noted = (col(getattr(Attribution, PART[seen_by])).nulls_first(),) if seen_by in PART else ()
    return *noted, col(Attribution.position)
