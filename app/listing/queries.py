"""The SQL of what claims are listed by: keeping it, and selecting claims by it in the order of the lists."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, delete, insert
from sqlmodel import Session, and_, col, select

from app.access.principals import Audience
from app.listing.fields import EntryField
from app.models import ClaimEntry

Placed = Mapping[tuple[int, EntryField, str], datetime]
"""What a claim is listed by: of each audience, field and value, its place in the order."""
Values = Collection[str | ColumnElement[str]] | Select[Any]
"""Values of a field, or a select of them."""
ENTRIES: Final[Any] = ClaimEntry.__table__  # type: ignore[attr-defined]  # what makes a table model one
Row = tuple[str, int, str, str, datetime]
KEY: Final = ("claim_id", "audience", "field", "value")


def replace(session: Session, entries: Mapping[str, Placed], *, new: bool = False) -> None:
    """Lists the claims by these entries and by no others; of `new` ones there are none yet."""
    stored = set[Row]() if new else set(_rows(entries_stored(session, entries)))
    due = set(_rows(entries))
    for row in stored - due:
        key = zip(KEY, row, strict=False)
        session.exec(delete(ClaimEntry).where(*(col(getattr(ClaimEntry, name)) == part for name, part in key)))
    come = [dict(zip((*KEY, "place"), row, strict=True)) for row in sorted(due - stored)]
    if come:
        session.connection().execute(insert(ClaimEntry), come)


def _rows(entries: Mapping[str, Placed]) -> Iterable[Row]:
    for claim_id, placed in entries.items():
        for (audience, field, value), place in placed.items():
            yield claim_id, audience, field.value, value, place


def entries_stored(session: Session, claim_ids: Iterable[str]) -> dict[str, Placed]:
    """What each of the claims is listed by, by its id."""
    columns = [col(getattr(ClaimEntry, name)) for name in (*KEY, "place")]
    found: dict[str, dict[tuple[int, EntryField, str], datetime]] = {each: {} for each in claim_ids}
    for claim_id, audience, field, value, place in session.exec(select(*columns).where(columns[0].in_(found))):
        found[claim_id][audience, EntryField(field), value] = place
    return dict(found)


def listed(audience: Audience, field: EntryField, values: Values = ("",)) -> tuple[Any, list[ColumnElement[bool]]]:
    """The entries by which an audience lists claims under one of the values, and the conditions that they are those.

    The rows have `claim_id` and `place`; under a single value each claim has one, and an index gives them in the order
    of their places. None tells whether the claim may be read now.
    """
    row = ENTRIES.alias()
    return row, [row.c.audience == audience, row.c.field == field, _is_one(row.c.value, values)]


def values_of(audience: Audience, field: EntryField) -> Any:
    """Each claim with each of its values of the field, as the audience lists it: `claim_id` and `value`, once each."""
    rows = select(ENTRIES.c.claim_id, ENTRIES.c.value)
    return rows.where(ENTRIES.c.audience == audience, ENTRIES.c.field == field).subquery()


def has_entry(claim_id: Any, audience: Audience, field: EntryField, values: Values) -> ColumnElement[bool]:
    """The condition that the audience lists the claim of that column under one of the values."""
    row, which = listed(audience, field, values)
    found: ColumnElement[bool] = (
        select(row.c.claim_id).where(row.c.claim_id == claim_id, *which).correlate(claim_id.table).exists()
    )
    return found


def place_of(claim_id: Any, audience: Audience) -> tuple[Any, ColumnElement[bool]]:
    """The entry that holds the place of the claim of that column in the list of all, and the condition that it does.

    It is found by the claim: of an expression no engine concludes that it might begin with all that the audience reads.
    """
    row = ENTRIES.alias()
    audience_there, field_there = row.c.audience + 0, row.c.field.concat("")
    return row, and_(row.c.claim_id == claim_id, audience_there == int(audience), field_there == EntryField.ALL.value)


def places(session: Session, audience: Audience, claim_ids: Iterable[str]) -> dict[str, datetime]:
    """The place of each of the claims that the audience lists."""
    rows = select(ClaimEntry.claim_id, ClaimEntry.place).where(
        col(ClaimEntry.claim_id).in_(set(claim_ids)),
        ClaimEntry.audience == audience,
        ClaimEntry.field == EntryField.ALL,
    )
    return dict(session.exec(rows).all())


def _is_one(value: Any, values: Values) -> ColumnElement[bool]:
    if isinstance(values, Collection) and len(values) == 1:
        is_it: ColumnElement[bool] = value == next(iter(values))
        return is_it
    among: ColumnElement[bool] = value.in_(values)
    return among
