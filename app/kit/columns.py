"""Column types that behave alike on SQLite and PostgreSQL, each declared once.

They are functions, not values, since a SQLAlchemy column belongs to one table.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field

from app.kit.decimals import KEY_LENGTH

ID_LENGTH: Final = 36
"""A UUID in its canonical text form, RFC 9562 §4."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """An instant with microseconds, always aware and in UTC, whatever the engine keeps."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The instant in UTC; naive on SQLite, whose text form then sorts as the instants do."""
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored instant, aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


NOW: Final[sa.BindParameter[datetime]] = sa.bindparam("now", type_=UtcDateTime())
"""The instant of a unit of work, in statements that are built once and run with it."""


class JsonText(sa.TypeDecorator[Any]):
    """A small JSON value kept as text: the same bytes on both engines, and never edited in place."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The value as JSON text."""
        return orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value read from its JSON text."""
        return None if value is None else orjson.loads(value)


class JsonList(JsonText):
    """A list kept as JSON text; null stands for the empty one, so that the column can be added to rows there are."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The list as JSON text."""
        return super().process_bind_param(value, dialect) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The list read from its JSON text."""
        return super().process_result_value(value, dialect) or []


class octets(sa.FunctionElement[int]):  # noqa: N801  # reads as the SQL function that it is
    """How many bytes a text has in UTF-8."""

    inherit_cache = True
    type = sa.Integer()


@compiles(octets)
def _octets(element: octets, compiler: Any, **more: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **more)})"


@compiles(octets, "sqlite")
def _octets_of_sqlite(element: octets, compiler: Any, **more: Any) -> str:
    # octet_length came with SQLite 3.43.
    return f"length(CAST({compiler.process(element.clauses, **more)} AS BLOB))"


class member(sa.FunctionElement[str]):  # noqa: N801  # reads as the SQL function that it is
    """A string in a JSON object that is kept as text, by its name; null where there is none, or no object."""

    inherit_cache = True
    type = sa.String()


@compiles(member)
def _member(element: member, compiler: Any, **more: Any) -> str:
    text, name = (compiler.process(each, **more) for each in element.clauses)
    return f"(CAST({text} AS JSON) ->> {name})"


@compiles(member, "sqlite")
def _member_of_sqlite(element: member, compiler: Any, **more: Any) -> str:
    text, name = (compiler.process(each, **more) for each in element.clauses)
    return f"json_extract({text}, '$.' || {name})"


def size_bytes(text: str) -> int:
    """How many bytes the text has in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def id_key() -> Any:
    """A UUID that is the primary key, or part of it."""
    return Field(sa_column=sa.Column(sa.String(ID_LENGTH), primary_key=True))


def reference(target: str, *, key: bool = False, nullable: bool = False) -> Any:
    """A UUID that names a row of `target` ("table.column"); `key` puts it in the primary key."""
    column: sa.Column[str] = sa.Column(sa.String(ID_LENGTH), sa.ForeignKey(target), primary_key=key, nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def text(length: int | None = None, *, nullable: bool = False, key: bool = False) -> Any:
    """A string of at most `length` code points, or of any length; `key` puts it in the primary key."""
    column: sa.Column[str] = sa.Column(
        sa.Text() if length is None else sa.String(length), nullable=nullable, primary_key=key
    )
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def choice(vocabulary: type[StrEnum], name: str, *, nullable: bool = False, key: bool = False) -> Any:
    """A term of a vocabulary, kept as its wire value in a VARCHAR with a CHECK named for the column.

    `key` puts it in the primary key.
    """
    kind = sa.Enum(
        vocabulary,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda terms: [term.value for term in terms],
    )
    column: sa.Column[Any] = sa.Column(kind, nullable=nullable, primary_key=key)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def instant(*, nullable: bool = False) -> Any:
    """An instant in UTC."""
    column: sa.Column[Any] = sa.Column(UtcDateTime(), nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def whole_number(*, nullable: bool = False, key: bool = False) -> Any:
    """A whole number; `key` puts it in the primary key, where the caller gives it and the engine counts nothing."""
    column = sa.Column(sa.Integer(), nullable=nullable, primary_key=key, autoincrement=False)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def day_number() -> Any:
    """A bound in days since 1970-01-01 in the proleptic Gregorian calendar; null where the bound is open."""
    return Field(default=None, sa_column=sa.Column(sa.BigInteger(), nullable=True))


def sort_key() -> Any:
    """A decimal number as text that sorts as the numbers do (`app.kit.decimals`); null where a bound is open."""
    kind = sa.String(KEY_LENGTH).with_variant(sa.String(KEY_LENGTH, collation="C"), "postgresql")
    return Field(default=None, sa_column=sa.Column(kind, nullable=True))


def row_number() -> Any:
    """A whole number of 63 bits that one row alone has."""
    return Field(sa_column=sa.Column(sa.BigInteger(), nullable=False, unique=True))


def json_value() -> Any:
    """A JSON value that is read whole and never filtered on."""
    return Field(sa_column=sa.Column(JsonText(), nullable=False))


def json_list() -> Any:
    """A list that is read whole and never filtered on."""
    return Field(default=[], sa_column=sa.Column(JsonList(), nullable=True))
