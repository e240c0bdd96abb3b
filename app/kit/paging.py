"""Pages of a list: keyset, never offset, with a cursor that holds only for the list it was given for."""

import base64
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from pydantic import Field
from sqlalchemy import ColumnElement, not_, tuple_
from sqlmodel import Session, func, select

from app.kit.problems import invalid_parameter
from app.kit.schemas import INTEGER_TEXT, Flag, Payload

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
PAGE_BYTES: Final = 1_048_576
"""Most bytes of a page, as of a request's body: what is read for its items, with what their ids stand for. An item that
is longer is a page by itself. A page of 200 of the longest claims would have 200 MiB."""
MAC_LENGTH: Final = 22
"""Characters of a cursor's authenticator: 88 bits, so that nobody makes one up."""

Sign = Callable[[bytes], str]
KeyValue = str | int | float | date | datetime | None


class PageParameters(Payload):
    """Which page of a list."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), INTEGER_TEXT] = Field(
        DEFAULT_LIMIT,
        description="Most items on the page. It has fewer where more would be longer than 1 MiB: follow `next_cursor`.",
        examples=[50],
    )
    cursor: str | None = Field(
        None,
        max_length=1000,
        description="Where the page begins: `next_cursor` of the page before, with the same filter and sort.",
        examples=["WyIyMDI2LTExLTIzIl0K0tD5p1nJ0yYc7Q2mZ4hXw"],
    )
    include_total: Flag = Field(
        False, description="Whether to count all items of the list, which takes time.", examples=[False]
    )
    fields: str | None = Field(
        None,
        max_length=1000,
        description="Names of the fields to give of each item, separated by commas; `id` always is. The items then "
        "have these alone, and not all that their schema requires.",
        examples=["statement,occurred"],
    )

    @property
    def filter_text(self) -> str:
        """The filter and the sort, as text that a cursor is bound to."""
        return self.model_dump_json(exclude={"limit", "cursor", "include_total", "fields"})


@dataclass(frozen=True, slots=True)
class Key:
    """A column that a list is sorted by, and how its values are read back from a cursor."""

    column: Any
    read: Callable[[Any], KeyValue] = str


@dataclass(frozen=True, slots=True)
class Order:
    """A list's order: columns that together are unique, all ascending or all descending.

    The first column may be null: the rows where it is come last, in either direction, in the order of the others.
    `known` is the condition that it is not, where another column tells that, of which there is an index.
    """

    keys: tuple[Key, ...]
    descending: bool
    nullable: bool = False
    known: ColumnElement[bool] | None = None

    @property
    def without_first(self) -> "Order":
        """The order among the rows where the first column is null."""
        return Order(self.keys[1:], self.descending)

    def clauses(self) -> list[ColumnElement[Any]]:
        """What to order by."""
        return [key.column.desc() if self.descending else key.column.asc() for key in self.keys]

    def beyond(self, values: Sequence[KeyValue]) -> ColumnElement[bool]:
        """The condition that a row comes after the one with these values."""
        row, at = tuple_(*(key.column for key in self.keys)), tuple_(*values)
        return row < at if self.descending else row > at


@dataclass(frozen=True, slots=True)
class Cursors:
    """Writes and reads the cursors of one list, which `bound_to` tells from every other."""

    sign: Sign
    bound_to: str
    parameter: str = "cursor"
    """What the parameter is called in which a cursor comes back."""

    def write(self, values: Sequence[KeyValue]) -> str:
        """An opaque cursor for the row with these values."""
        payload = orjson.dumps([value.isoformat() if isinstance(value, date) else value for value in values])
        return base64.urlsafe_b64encode(payload).decode().rstrip("=") + self._mac(payload)

    def read(self, cursor: str, order: Order) -> list[KeyValue]:
        """The values of the order's keys in the cursor; raises Invalid for one that was not given for this list."""
        values = zip(order.keys, self.opened(cursor)[: len(order.keys)], strict=True)
        return [None if value is None else key.read(value) for key, value in values]

    def opened(self, cursor: str) -> list[Any]:
        """All values in the cursor, as JSON has them; raises Invalid for one that was not given for this list."""
        refused = invalid_parameter(self.parameter, "wrong_cursor", "This cursor was not given for this list.")
        encoded, mac = cursor[:-MAC_LENGTH], cursor[-MAC_LENGTH:]
        try:
            payload = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise refused from None
        if not hmac.compare_digest(mac.encode(), self._mac(payload).encode()):
            raise refused
        opened: list[Any] = orjson.loads(payload)
        return opened

    def _mac(self, payload: bytes) -> str:
        digest = bytes.fromhex(self.sign(self.bound_to.encode() + b"\0" + payload))
        return base64.urlsafe_b64encode(digest).decode()[:MAC_LENGTH]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of rows, and whether more come after it. Each row ends with the values of the order's keys."""

    rows: list[Any]
    more: bool
    total: int | None


def count_within(sizes: Iterable[int], most: int) -> int:
    """How many of the first items, of so many bytes each, have no more than that together; one at the least."""
    return max(1, sum(size <= most for size in accumulate(sizes)))


def page_of(
    session: Session, matching: Any, order: Order, page: PageParameters, after: Sequence[KeyValue] | None
) -> Found:
    """The page of what a select matches that comes after the row with those values; the first page for None."""
    found = _rows_beyond(session, matching, order, page.limit + 1, after)
    total = None
    if page.include_total:
        total = session.exec(select(func.count()).select_from(matching.order_by(None).subquery())).one()
    return Found(found[: page.limit], len(found) > page.limit, total)


def _rows_beyond(
    session: Session, matching: Any, order: Order, most: int, after: Sequence[KeyValue] | None
) -> list[Any]:
    """The next rows. Those with a null come from a statement of their own, so that an index gives either part in order.

    `NULLS LAST` would be simpler, but PostgreSQL reads no index of plain columns backwards for it.
    """
    if not order.nullable:
        rows = matching if after is None else matching.where(order.beyond(after))
        return list(session.exec(rows.order_by(*order.clauses()).limit(most)))
    first, rest = order.keys[0].column, order.without_first
    is_known = first.is_not(None) if order.known is None else order.known
    found: list[Any] = []
    if after is None or after[0] is not None:
        known = Order(order.keys, order.descending)
        found = _rows_beyond(session, matching.where(is_known), known, most, after)
        after = None
    if len(found) < most:
        beyond = None if after is None else after[1:]
        found += _rows_beyond(session, matching.where(not_(is_known)), rest, most - len(found), beyond)
    return found


def chosen_fields(fields: str | None, known: Sequence[str], *, always: str = "id") -> frozenset[str] | None:
    """The names in a `fields` parameter and the one always given; None for all. Raises Invalid for an unknown name."""
    if fields is None:
        return None
    names = frozenset(name.strip() for name in fields.split(","))
    if not names <= frozenset(known):
        raise invalid_parameter("fields", "unknown_field", f"The fields are {', '.join(known)}.")
    return names | {always}


def next_link(path: str, query: str, cursor: str) -> str:
    """A Link header (RFC 8288) to the next page: the same path and query with another cursor."""
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "cursor"]
    return f'<{path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'
