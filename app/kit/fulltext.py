"""One full-text index behind two engines: FTS5 on SQLite, GIN over tsvector on PostgreSQL.

Both index the same tokens (`app.kit.words`), so that they find the same. There is one index for each audience, so that
words which only some may read are in no index that others ask. Nothing of the domain is known here.
"""

import sqlite3
import time
from collections.abc import Iterable
from itertools import count
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import Session

INDEXES: Final = ("search_public", "search_internal", "search_restricted")
"""FTS5's tables by audience; PostgreSQL's indexes are named `ix_search_text_...` after them."""
KNOWS_SECURE_DELETE: Final = (3, 42)
"""The SQLite from which on FTS5 can remove deleted words from the file at once."""

Numbered = Iterable[tuple[int, int, str]]
"""Rows to index: audience, number, tokens."""

_following = count(time.time_ns())


def next_number() -> int:
    """A number that no row has had. FTS5 writes its index in one go as long as the numbers of new rows go up."""
    return max(next(_following), time.time_ns())


def add_rows(session: Session, rows: Numbered) -> None:
    """Puts rows of search_text that have been written into their indexes; PostgreSQL has done so by itself."""
    _tell_fts5(session, "INSERT INTO {index} (rowid, tokens) VALUES (:number, :tokens)", rows)


def remove_rows(session: Session, rows: Numbered) -> None:
    """Takes rows of search_text out of their indexes, with the tokens that they were put in with."""
    _tell_fts5(session, "INSERT INTO {index} ({index}, rowid, tokens) VALUES ('delete', :number, :tokens)", rows)


def _tell_fts5(session: Session, statement: str, rows: Numbered) -> None:
    if session.get_bind().dialect.name != "sqlite":
        return
    by_index: dict[str, list[dict[str, Any]]] = {}
    for audience, number, tokens in rows:
        by_index.setdefault(INDEXES[audience], []).append({"number": number, "tokens": tokens})
    for index, parameters in by_index.items():
        session.connection().execute(text(statement.format(index=index)), parameters)


def forget_deleted_words(session: Session) -> None:
    """Has FTS5 wipe deleted words from the file from now on, where this SQLite can; else they stay until it merges."""
    if session.get_bind().dialect.name == "sqlite" and sqlite3.sqlite_version_info >= KNOWS_SECURE_DELETE:
        for index in INDEXES:
            session.connection().execute(text(f"INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1)"))


def is_of_the_engine(name: str) -> bool:
    """Whether a table or an index is one that full text brings along, which no model describes."""
    return name.startswith(INDEXES) or name in {f"ix_search_text_{index.removeprefix('search_')}" for index in INDEXES}
