"""Which texts hold single words, asked for many words in one statement: beside `app.kit.fulltext`, on its indexes.

The statements are built once for each engine and audience, since building one takes longer than running it.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Final

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    select,
    union_all,
)
from sqlalchemy import table as sa_table
from sqlalchemy.dialects.postgresql import JSONB, TSQUERY
from sqlmodel import Session

from app.kit.fulltext import INDEXES, SEARCH_TEXT

Among = Callable[[Any, ColumnElement[str]], Any]
"""Leaves of a select those resources, by the column of their ids, that a caller may read: a function of a module."""

QUOTES: Final = {"sqlite": '"', "postgresql": "'"}
"""What FTS5 and tsquery write a word in."""
ASKED: Final = "asked"
"""The name of the list of words in a statement."""
ANY_OF: Final = {"sqlite": " OR ", "postgresql": " | "}


def counts_up_to(
    session: Session, words: Iterable[str], audience: int, among: Among, *, most: int, **parameters: Any
) -> dict[str, int]:
    """In how many texts, as the audience reads them and of those that `among` leaves, each word stands; at the `most`.

    The words are tokens of `app.kit.words`; `parameters` are those of `among`.
    """
    engine = _engine(session)
    asked = {_quoted(word, engine): word for word in words}
    statement = _counts(engine, audience, among, most)
    rows = session.execute(statement, {"words": orjson.dumps(list(asked)).decode(), **parameters})
    return {asked[word]: count for word, count in rows}


def newest_holding(
    session: Session, words: Iterable[str], audience: int, among: Among, *, most: int, **parameters: Any
) -> list[tuple[str, str]]:
    """Ids and tokens of the texts that hold one of the words, of those that `among` leaves; the greatest ids first."""
    engine = _engine(session)
    asked = ANY_OF[engine].join(_quoted(word, engine) for word in words)
    if not asked:
        return []
    rows = session.execute(_newest(engine, audience, among, most), {"words": asked, **parameters})
    return [(resource_id, tokens) for resource_id, tokens in rows]


def _engine(session: Session) -> str:
    return session.get_bind().dialect.name


def _quoted(word: str, engine: str) -> str:
    return f"{QUOTES[engine]}{word}{QUOTES[engine]}"


@cache
def _counts(engine: str, audience: int, among: Among, most: int) -> Any:
    sent = bindparam("words", type_=String())
    if engine == "sqlite":
        asked = func.json_each(sent).table_valued("value", name=ASKED)
    else:
        asked = func.jsonb_array_elements_text(cast(sent, JSONB)).table_valued("value").render_derived(name=ASKED)
    found = _texts(engine, audience, literal_column(f"{ASKED}.value", String()))
    some = among(select(found.c.resource_id), found.c.resource_id).limit(most).subquery()
    return select(asked.c.value, select(func.count()).select_from(some).scalar_subquery())


@cache
def _newest(engine: str, audience: int, among: Among, most: int) -> Any:
    found = _texts(engine, audience, bindparam("words", type_=String()))
    rows = among(select(found.c.resource_id, found.c.tokens), found.c.resource_id)
    return rows.order_by(found.c.resource_id.desc()).limit(most)


def _texts(engine: str, audience: int, asked: ColumnElement[str]) -> Any:
    """The texts, as the audience reads them, that match what an engine is asked; each once."""
    return union_all(*(_in_index(engine, index, audience, asked) for index in range(audience + 1))).subquery()


def _in_index(engine: str, index: int, audience: int, asked: ColumnElement[str]) -> Any:
    table = SEARCH_TEXT.c
    # A literal: PostgreSQL's index is a partial one, and a parameter might be anything when the plan is made.
    kept = literal_column(f"search_text.first_audience = {index}", Boolean())
    found = select(table.resource_id, table.tokens).where(kept, table.last_audience >= audience)
    if engine == "sqlite":
        fts5 = sa_table(INDEXES[index], column("rowid", BigInteger()))
        matched = literal_column(INDEXES[index]).op("MATCH")(asked)
        return found.select_from(fts5.join(SEARCH_TEXT, table.number == fts5.c.rowid)).where(matched)
    vector: ColumnElement[Any] = literal_column("to_tsvector('simple', search_text.tokens)")
    return found.where(vector.op("@@")(cast(asked, TSQUERY)))
