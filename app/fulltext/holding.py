"""Which texts hold single words, asked for many words in one statement: beside `app.fulltext.index`, on its indexes.

And what follows of that for a query: which forms of its words there are, and what each of them weighs.

The statements are built once for each engine and audience, since building one takes longer than running it.
"""

from collections.abc import Iterable
from functools import cache
from math import log2
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

from app.access.visibility import covers
from app.fulltext.index import INDEXES, SEARCH_TEXT, Among, Clause, Run, Term, TextQuery, count_up_to

MOST_COUNTED: Final = 1_000
"""A word that stands in so many texts weighs as little as one that stands in all: more are not counted."""
LIGHTEST: Final = 64
"""The weight of such a word; one that stands in a single text has ten times that."""
MOST_WEIGHED: Final = 48
"""Forms of words that are counted in each text: their weights fit in a cursor, and no question needs more."""

QUOTES: Final = {"sqlite": '"', "postgresql": "'"}
"""What FTS5 and tsquery write a word in."""
ASKED: Final = "asked"
"""The name of the list of words in a statement."""
ANY_OF: Final = {"sqlite": " OR ", "postgresql": " | "}


def narrowed(session: Session, query: TextQuery, audience: int) -> TextQuery:
    """The query without the forms of its words that no text has which the audience may search: it finds the same.

    Nobody says in which language a query is, so a word has a form for each stemmer, of which few texts have any.
    """
    words = {token for run in query.every_run for token in _whole_tokens(run)}
    if len(words) < 2:
        return query
    there = {word for word, count in counts_up_to(session, words, audience, _all, most=1).items() if count}

    def narrow(term: Term) -> Term:
        return Term(tuple(run for run in term.runs if there.issuperset(_whole_tokens(run))) or term.runs[:1])

    return TextQuery(
        tuple(
            dict.fromkeys(
                Clause(tuple(map(narrow, clause.wanted)), tuple(map(narrow, clause.unwanted)))
                for clause in query.clauses
            )
        )
    )


def _all(rows: Any, _resource_id: ColumnElement[str]) -> Any:
    return rows


def _whole_tokens(run: Run) -> tuple[str, ...]:
    """The tokens of a run, but for one that may go on."""
    return run.tokens[:-1] if run.goes_on else run.tokens


def weigh(session: Session, query: TextQuery, audience: int, among: Among, **parameters: Any) -> tuple[int, ...]:
    """What each of the query's runs weighs in the order of relevance, by how few of the texts `among` leaves have it.

    A word weighs the more the fewer texts have it in any form; forms that none has weigh nothing, and of a great many
    those that the most have. `parameters` are those of `among`.
    """
    there = narrowed(session, query, audience).runs
    words = [run.tokens[0] for run in there if len(run.tokens) == 1 and not run.goes_on]
    counts = counts_up_to(session, words, audience, among, most=MOST_COUNTED, **parameters)
    found = {run: counts.get(run.tokens[0], 0) for run in query.runs}
    for run in there:
        if len(run.tokens) > 1 or run.goes_on:
            one = TextQuery((Clause((Term((run,)),)),))
            found[run] = count_up_to(session, one, audience, among, most=MOST_COUNTED, **parameters)
    weights: dict[Run, int] = {}
    for term in query.terms:
        texts = min(sum(found[run] for run in term.runs), MOST_COUNTED)
        for run in term.runs:
            weights.setdefault(run, round(LIGHTEST * log2(1 + MOST_COUNTED / texts)) if found[run] else 0)
    heaviest = sorted(weights, key=lambda run: -weights[run])[:MOST_WEIGHED]
    return tuple(weights[run] if run in heaviest else 0 for run in query.runs)


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


def first_holding(
    session: Session, words: Iterable[str], audience: int, among: Among, *, most: int, **parameters: Any
) -> list[tuple[str, str]]:
    """Ids and tokens of the texts that hold one of the words, of those that `among` leaves, in its order."""
    engine = _engine(session)
    asked = ANY_OF[engine].join(_quoted(word, engine) for word in words)
    if not asked:
        return []
    rows = session.execute(_first(engine, audience, among, most), {"words": asked, **parameters})
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
def _first(engine: str, audience: int, among: Among, most: int) -> Any:
    found = _texts(engine, audience, bindparam("words", type_=String()))
    return among(select(found.c.resource_id, found.c.tokens), found.c.resource_id).limit(most)


def _texts(engine: str, audience: int, asked: ColumnElement[str]) -> Any:
    """The texts, as the audience reads them, that match what an engine is asked; each once."""
    return union_all(*(_in_index(engine, index, audience, asked) for index in range(audience + 1))).subquery()


def _in_index(engine: str, index: int, audience: int, asked: ColumnElement[str]) -> Any:
    table = SEARCH_TEXT.c
    # A literal: PostgreSQL's index is a partial one, and a parameter might be anything when the plan is made.
    kept = literal_column(f"search_text.first_audience = {index}", Boolean())
    found = select(table.resource_id, table.tokens).where(kept, covers(audience, table))
    if engine == "sqlite":
        fts5 = sa_table(INDEXES[index], column("rowid", BigInteger()))
        matched = literal_column(INDEXES[index]).op("MATCH")(asked)
        return found.select_from(fts5.join(SEARCH_TEXT, table.number == fts5.c.rowid)).where(matched)
    vector: ColumnElement[Any] = literal_column("to_tsvector('simple', search_text.tokens)")
    return found.where(vector.op("@@")(cast(asked, TSQUERY)))
