"""One full-text index behind two engines: FTS5 on SQLite, GIN over tsvector on PostgreSQL.

Both index the same tokens (`app.kit.words`), so that they find the same. There is one index for each audience, so that
words which only some may read are in no index that others ask. Ranking is worked out of the tokens themselves: the
engines' own differ. Nothing of the domain is known here.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import count
from operator import add
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, and_, bindparam, cast, func, literal_column, not_, or_, select, text, union_all
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session

from app.access.visibility import covers
from app.kit import sqlite

INDEXES: Final = ("search_public", "search_internal", "search_restricted")
"""FTS5's tables by audience; PostgreSQL's indexes are named `ix_search_text_...` after them."""
READ_BY_EVERY_FTS5: Final = 4
"""Format of an index that has wiped nothing yet. With the first word that it wipes it takes the next, which a SQLite
without `secure-delete` does not read (https://sqlite.org/fts5.html §6.11)."""

SEARCH_TEXT: Final = sa.table(
    "search_text",
    sa.column("resource_id", sa.String),
    sa.column("first_audience", sa.Integer),
    sa.column("last_audience", sa.Integer),
    sa.column("number", sa.BigInteger),
    sa.column("tokens", sa.Text),
)

BM25_SCALE: Final = 220_000
"""k1 + 1, in hundred-thousandths: the highest weight times this is below 2^31, where PostgreSQL's integers end."""
TYPICAL_LENGTH: Final = 1_000
"""Characters of the tokens of a text of usual length: a mean over the texts would move with every write."""

SECURE_DELETE: Final = "INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1)"
OPTIMIZE: Final = "INSERT INTO {index} ({index}) VALUES ('optimize')"
SETTING: Final = "SELECT v FROM {index}_config WHERE k = :name"
HELD_BY_FTS5: Final = "SELECT 1 FROM {index} WHERE {index} MATCH :words AND rowid = :number"
EMPTY_IN_FTS5: Final = "SELECT 1 FROM {index}_docsize WHERE id = :number"

Numbered = Iterable[tuple[int, int, str]]
"""Rows to index: audience, number, tokens."""
Among = Callable[[Any, ColumnElement[str]], Any]
"""Leaves of a select those resources, by the column of their ids, that a caller may read."""

_following = count(time.time_ns())


@dataclass(frozen=True, slots=True)
class Run:
    """Tokens that follow one another; where the run goes on, the last may be the beginning of a longer one."""

    tokens: tuple[str, ...]
    goes_on: bool = False

    @property
    def stored(self) -> str:
        """What the `tokens` of a text have in them where the run stands."""
        return f" {'  '.join(self.tokens)}{'' if self.goes_on else ' '}"


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase: the distinct runs under which it may be indexed, of which any is enough."""

    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """Holds for a text that has one of the wanted terms, or has not one of the unwanted."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Every clause has to hold. At least one of them has wanted terms alone, so that an index can be asked."""

    clauses: tuple[Clause, ...]

    @property
    def runs(self) -> tuple[Run, ...]:
        """The runs that are looked for, each once, in the order of the query."""
        return tuple(dict.fromkeys(run for term in self.terms for run in term.runs))

    @property
    def every_run(self) -> tuple[Run, ...]:
        """The runs that are looked for and those that must not be there."""
        return tuple(run for clause in self.clauses for term in (*clause.wanted, *clause.unwanted) for run in term.runs)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that are looked for, each once, in the order of the query."""
        return tuple(dict.fromkeys(term for clause in self.clauses for term in clause.wanted))


@dataclass(frozen=True, slots=True)
class Ranking:
    """An order of relevance, as it was made for the first page of a list: later pages are of the same order."""

    query: TextQuery
    weights: tuple[int, ...]
    """What each of the query's runs weighs."""
    oldest: tuple[datetime, str] | None = None
    """The place and the id of the last that has a score, where those after it are too many to be ranked."""

    @property
    def is_cut(self) -> bool:
        """Whether some that match have no score."""
        return self.oldest is not None

    @property
    def carried(self) -> tuple[str, str | None, str | None]:
        """The ranking in the values of a cursor: the places of what weighs anything, and the weights; and the last."""
        weights = ".".join(f"{place}:{weight}" for place, weight in enumerate(self.weights) if weight)
        at, resource_id = (None, None) if self.oldest is None else self.oldest
        return weights, None if at is None else at.isoformat(), resource_id

    def rows(self, audience: int) -> Any:
        """Rows of an id, named `claim_id`, and its score as the audience reads its text, named `sort_key`."""
        row = SEARCH_TEXT.alias().c
        scored: Any = score(row.tokens, self.query, self.weights)
        rows = select(row.resource_id.label("claim_id"), scored.label("sort_key"))
        return rows.where(covers(audience, row)).subquery()


def carried_ranking(query: TextQuery, carried: Sequence[Any]) -> Ranking:
    """The ranking that the values of a cursor hold."""
    given, at, resource_id = carried
    weights = [0] * len(query.runs)
    for place, _, weight in (each.partition(":") for each in given.split(".") if each):
        weights[int(place)] = int(weight)
    return Ranking(query, tuple(weights), None if at is None else (datetime.fromisoformat(at), str(resource_id)))


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
    if not _is_sqlite(session):
        return
    by_index: dict[str, list[dict[str, Any]]] = {}
    for audience, number, tokens in rows:
        by_index.setdefault(INDEXES[audience], []).append({"number": number, "tokens": tokens})
    for index, parameters in by_index.items():
        session.connection().execute(text(statement.format(index=index)), parameters)


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def forget_deleted_words(session: Session) -> None:
    """Has FTS5 wipe deleted words from the file, those of before as well, where this SQLite can.

    Does nothing where it does so already. Elsewhere they stay until FTS5 merges what they stand in.
    """
    if not _is_sqlite(session) or not sqlite.wipes_deleted_words():
        return
    for index in INDEXES:
        if _setting(session, index, "secure-delete") != 1:
            for statement in (SECURE_DELETE, OPTIMIZE):  # the second merges all into one, without what was deleted
                session.connection().execute(text(statement.format(index=index)))


def is_readable(session: Session) -> bool:
    """Whether this SQLite can read the indexes, if there are any: one before 3.42 reads none with words wiped."""
    if not _is_sqlite(session) or sqlite.wipes_deleted_words():
        return True
    there = [index for index in INDEXES if sa.inspect(session.connection()).has_table(f"{index}_config")]
    return all(_setting(session, index, "version") == READ_BY_EVERY_FTS5 for index in there)


def _setting(session: Session, index: str, name: str) -> int | None:
    """What FTS5 has set for the index under that name; None where it has nothing."""
    found = session.connection().execute(text(SETTING.format(index=index)), {"name": name}).scalar()
    return None if found is None else int(found)


def is_of_the_engine(name: str) -> bool:
    """Whether a table or an index is one that full text brings along, which no model describes."""
    return name.startswith(INDEXES) or name in {f"ix_search_text_{index.removeprefix('search_')}" for index in INDEXES}


def matching(session: Session, query: TextQuery, audience: int) -> tuple[Any, ...]:
    """Selects of the `resource_id` of the texts, as the audience reads them, that the query matches; each id once.

    One select for each index that the audience may ask. None tells whether a resource may be read now.
    """
    return tuple(_in_index(session, query, index, audience) for index in range(audience + 1))


def _in_index(session: Session, query: TextQuery, index: int, audience: int) -> Any:
    table = SEARCH_TEXT.c
    # A literal: PostgreSQL's index is a partial one, and a parameter might be anything when the plan is made.
    kept = literal_column(f"search_text.first_audience = {index}", sa.Boolean())
    found = select(table.resource_id).where(kept, covers(audience, table))
    if _is_sqlite(session):
        fts5 = sa.table(INDEXES[index], sa.column("rowid", sa.BigInteger()))
        asked = literal_column(INDEXES[index]).op("MATCH")(bindparam(None, fts5_text(query), sa.Text()))
        return found.select_from(fts5.join(SEARCH_TEXT, table.number == fts5.c.rowid)).where(asked)
    vector: ColumnElement[Any] = literal_column("to_tsvector('simple', search_text.tokens)")
    found = found.where(vector.op("@@")(cast(bindparam(None, tsquery_text(query), sa.Text()), TSQUERY)))
    return found.where(stands_in(session, table.tokens, query)) if _has_phrase(query) else found


def found_in(session: Session, resource_id: Any, query: TextQuery, audience: int) -> ColumnElement[bool]:
    """The condition that the query matches the resource's text, which is read by the resource's id and not searched."""
    row = SEARCH_TEXT.alias()
    found: Any = select(literal_column("1")).where(row.c.resource_id == resource_id, covers(audience, row.c))
    # As one value, of which PostgreSQL guesses that it holds for half: it would multiply guesses for each word, take
    # next to nothing to be left, and then read and sort everything for one page.
    holds = func.coalesce(stands_in(session, row.c.tokens, query), sa.false())
    exists: ColumnElement[bool] = found.where(holds).correlate_except(row).exists()
    return exists


def fts5_text(query: TextQuery) -> str:
    """The query as FTS5 reads it: what has to be there, and then all that must not (sqlite.org/fts5.html §3)."""
    required = [clause for clause in query.clauses if not clause.unwanted]
    refused = [clause for clause in query.clauses if clause.unwanted]
    found = " AND ".join(f"({_any_in_fts5(clause.wanted)})" for clause in required)
    if not refused:
        return found
    # FTS5 knows NOT between two expressions alone: "a or not b" fails for the texts that have b, and not a.
    failing = [
        f"({' AND '.join(f'({_any_in_fts5([term])})' for term in clause.unwanted)})"
        + (f" NOT ({_any_in_fts5(clause.wanted)})" if clause.wanted else "")
        for clause in refused
    ]
    return f"({found}) NOT ({' OR '.join(f'({each})' for each in failing)})"


def _any_in_fts5(terms: Sequence[Term]) -> str:
    return " OR ".join(f'"{" ".join(run.tokens)}"{" *" if run.goes_on else ""}' for term in terms for run in term.runs)


def tsquery_text(query: TextQuery) -> str:
    """The query as PostgreSQL's type reads it, for the index: the words of its phrases in any order.

    With a phrase in it, it finds too much: positions end at 256 of one word in a text, so `<->` would find too little.
    """
    loose = _has_phrase(query)
    clauses = [clause for clause in query.clauses if not (loose and clause.unwanted)]
    return " & ".join(f"({' | '.join(_in_tsquery(clause))})" for clause in clauses)


def _in_tsquery(clause: Clause) -> list[str]:
    return [*map(_any_in_tsquery, clause.wanted), *(f"!{_any_in_tsquery(term)}" for term in clause.unwanted)]


def _any_in_tsquery(term: Term) -> str:
    runs = [
        " & ".join([*(f"'{token}'" for token in run.tokens[:-1]), f"'{run.tokens[-1]}'{':*' if run.goes_on else ''}"])
        for run in term.runs
    ]
    return f"({' | '.join(f'({run})' for run in runs)})"


def _has_phrase(query: TextQuery) -> bool:
    terms = [term for clause in query.clauses for term in (*clause.wanted, *clause.unwanted)]
    return any(len(run.tokens) > 1 for term in terms for run in term.runs)


def stands_in(session: Session, tokens: ColumnElement[str], query: TextQuery) -> ColumnElement[bool]:
    """The condition that tokens match the query, as the indexes would have it."""
    place = func.instr if _is_sqlite(session) else func.strpos

    def any_of(term: Term) -> ColumnElement[bool]:
        return or_(*(place(tokens, run.stored) > 0 for run in term.runs))

    return and_(
        *(
            or_(*map(any_of, clause.wanted), *(not_(any_of(term)) for term in clause.unwanted))
            for clause in query.clauses
        )
    )


def count_up_to(
    session: Session, query: TextQuery, audience: int, among: Among, *, most: int, **parameters: Any
) -> int:
    """How many of the texts that `among` leaves the query matches; `most` if they are more.

    `parameters` are those of `among`.
    """
    found = union_all(*matching(session, query, audience)).subquery()
    some = among(select(found.c.resource_id), found.c.resource_id).limit(most).subquery()
    return int(session.execute(select(func.count()).select_from(some), parameters).scalar_one())


def score(tokens: ColumnElement[str], query: TextQuery, weights: Sequence[int]) -> ColumnElement[int]:
    """How relevant a text is by its tokens: a whole number, the same on both engines, as long as the text stays.

    Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009, §3.4),
    in whole numbers, with characters for words and a fixed mean length.
    """
    length = cast(func.length(tokens), sa.BigInteger())
    parts: list[ColumnElement[int]] = [literal_column("0", sa.BigInteger())]
    for run, weight in zip(query.runs, weights, strict=True):
        if weight:
            without = cast(func.length(func.replace(tokens, run.stored, "")), sa.BigInteger())
            times = (length - without) // len(run.stored)
            parts.append(weight * BM25_SCALE * times // (10_000 * times + 3_000 + 9_000 * length // TYPICAL_LENGTH))
    return reduce(add, parts)


def scores(session: Session, ranking: Ranking, ids: Sequence[str], audience: int) -> dict[str, int]:
    """The score of each of the resources by its id, were it ranked."""
    rows = ranking.rows(audience)
    found = session.execute(select(rows.c.claim_id, rows.c.sort_key).where(rows.c.claim_id.in_(ids)))
    return {row.claim_id: row.sort_key for row in found}


def unlike_index(session: Session, rows: Numbered) -> set[int]:
    """The numbers of those of the rows that FTS5 does not hold as they are; none on PostgreSQL."""
    if not _is_sqlite(session):
        return set()
    return {number for audience, number, tokens in rows if not _is_indexed(session, INDEXES[audience], number, tokens)}


def _is_indexed(session: Session, index: str, number: int, tokens: str) -> bool:
    words = tokens.split()
    held = HELD_BY_FTS5 if words else EMPTY_IN_FTS5
    asked = {"number": number, "words": f'^ "{" ".join(words)}"'} if words else {"number": number}
    return session.execute(text(held.format(index=index)), asked).first() is not None


def left_in_index(session: Session) -> list[str]:
    """The FTS5 tables that hold more texts, or fewer, than there are; none on PostgreSQL."""
    if not _is_sqlite(session):
        return []
    counts = "SELECT (SELECT count(*) FROM {0}_docsize), (SELECT count(*) FROM search_text WHERE first_audience = {1})"
    rows = [session.execute(text(counts.format(index, audience))).one() for audience, index in enumerate(INDEXES)]
    return [index for index, (indexed, there) in zip(INDEXES, rows, strict=True) if indexed != there]
