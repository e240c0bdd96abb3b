"""What the indexes of both engines find, in which order, and that they hold what is there and no more."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, literal, select, text
from sqlmodel import Session

from app.fulltext import index as fulltext
from app.fulltext.holding import weigh
from app.fulltext.index import Clause, Ranking, Run, Term, TextQuery, matching
from app.kit.words import indexed

WORDS = ["a", "b", "ab", "0", "z0165x", "z0165xz0166x"]
RUNS = st.builds(Run, st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(tuple), st.booleans())
TERMS = st.lists(RUNS, min_size=1, max_size=2, unique=True).map(lambda runs: Term(tuple(runs)))
SOME = st.lists(TERMS, min_size=1, max_size=2).map(tuple)
CLAUSES = st.builds(Clause, SOME) | st.builds(Clause, st.just(()) | SOME, SOME)
QUERIES = st.tuples(st.builds(Clause, SOME), st.lists(CLAUSES, max_size=3)).map(
    lambda parts: TextQuery((parts[0], *parts[1]))
)
TEXTS = st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=8), st.integers(0, 2)), min_size=1, max_size=6)
_ids = count()


def word(token: str, *, goes_on: bool = False) -> Term:
    return Term((Run((token,), goes_on),))


def everything(rows: Any, _resource_id: Any) -> Any:
    return rows


@pytest.fixture
def session(connection: Connection) -> Session:
    return Session(connection, join_transaction_mode="create_savepoint")


def store(session: Session, tokens: Sequence[str], audience: int = 0) -> str:
    """The id of a resource whose text has these tokens, for the audience and the narrower ones."""
    resource_id, number, stored = f"resource {next(_ids):09}", fulltext.next_number(), indexed(tokens)
    row = {"id": resource_id, "first": audience, "number": number, "tokens": stored}
    session.execute(text("INSERT INTO search_text VALUES (:id, :first, 2, :number, :tokens)"), row)
    fulltext.add_rows(session, [(audience, number, stored)])
    return resource_id


def found_by(session: Session, query: TextQuery, audience: int) -> list[str]:
    return sorted(each for arm in matching(session, query, audience) for each in session.execute(arm).scalars())


def has(tokens: Sequence[str], run: Run) -> bool:
    """The model: whether the run's tokens stand there one after another."""
    *whole, last = run.tokens
    for start in range(len(tokens) - len(whole)):
        end = tokens[start + len(whole)]
        if list(tokens[start : start + len(whole)]) == whole and (end.startswith(last) if run.goes_on else end == last):
            return True
    return False


def holds(tokens: Sequence[str], query: TextQuery) -> bool:
    def any_of(term: Term) -> bool:
        return any(has(tokens, run) for run in term.runs)

    return all(any(map(any_of, clause.wanted)) or not all(map(any_of, clause.unwanted)) for clause in query.clauses)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
@given(texts=TEXTS, query=QUERIES, audience=st.integers(0, 2))
@example(texts=[(["a", "a", "b"], 0)], query=TextQuery((Clause((Term((Run(("a", "b")),)),)),)), audience=1)
def test_engines_find_what_the_query_says_and_nothing_else(
    session: Session, texts: list[tuple[list[str], int]], query: TextQuery, audience: int
) -> None:
    ids = [store(session, tokens, seen_from) for tokens, seen_from in texts]
    expected = [
        resource_id
        for resource_id, (tokens, seen_from) in zip(ids, texts, strict=True)
        if seen_from <= audience and holds(tokens, query)
    ]
    found = [each for each in found_by(session, query, audience) if each in ids]
    tested = [
        each
        for each in ids
        if session.execute(select(fulltext.found_in(session, literal(each), query, audience))).scalar()
    ]
    assert found == tested == expected


@pytest.mark.parametrize("audience", [0, 1, 2])
def test_each_audience_asks_the_indexes_that_it_may(session: Session, audience: int) -> None:
    ids = [store(session, ["secret"], seen_from) for seen_from in (0, 1, 2)]
    assert found_by(session, TextQuery((Clause((word("secret"),)),)), audience) == ids[: audience + 1]


def test_a_phrase_is_found_where_its_words_stand_often_before(session: Session) -> None:
    resource_id = store(session, ["a", "x", "b", "x"] * 300 + ["a", "b"])
    assert found_by(session, TextQuery((Clause((Term((Run(("a", "b")),)),)),)), 0) == [resource_id]


def test_a_query_of_any_size_is_read_by_the_engine(session: Session) -> None:
    runs = tuple(Run(tuple(f"t{number}x{place}" for place in range(16))) for number in range(12))
    many = TextQuery(tuple(Clause((Term(runs),), (Term(runs[1:]),) if number else ()) for number in range(32)))
    assert found_by(session, many, 2) == []


@pytest.mark.parametrize("audience", [0, 2])
def test_the_search_goes_in_by_the_index(session: Session, engine_name: str, audience: int) -> None:
    asked = TextQuery((Clause((word("x"),), ()), Clause((Term((Run(("a", "b")),)),))))
    for seen_from in (0, 1, 2):
        for _ in range(200):
            store(session, ["y"], seen_from)
    if engine_name == "postgresql":  # what it would do with very many
        session.execute(text("ANALYZE search_text"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
    explain = "EXPLAIN " if engine_name == "postgresql" else "EXPLAIN QUERY PLAN "
    for index, arm in zip(fulltext.INDEXES, matching(session, asked, audience), strict=False):
        compiled = arm.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = str(session.connection().exec_driver_sql(explain + str(compiled).replace("%", "%%")).all())
        name = f"ix_search_text_{index.removeprefix('search_')}" if engine_name == "postgresql" else f"SCAN {index} V"
        assert name in plan, plan
        assert "SCAN search_text" not in plan
        assert "Seq Scan" not in plan


def ranked(session: Session, ranking: Ranking, ids: Sequence[str]) -> list[str]:
    """The ids, the highest score first."""
    found = fulltext.scores(session, ranking, ids, 0)
    return sorted(ids, key=lambda each: (found[each] or 0, each), reverse=True)


def ranking_of(session: Session, *tokens: str) -> Ranking:
    query = TextQuery(tuple(Clause((word(token),)) for token in tokens))
    return Ranking(query, weigh(session, query, 0, everything))


def test_what_says_it_more_often_or_in_fewer_words_comes_first(session: Session) -> None:
    once_long = store(session, ["x", *["y"] * 200])
    once = store(session, ["x", "y"])
    twice = store(session, ["x", "x", "y"])
    ranking = ranking_of(session, "x")
    assert ranked(session, ranking, [once_long, once, twice]) == [twice, once, once_long]


def test_a_rare_word_weighs_more(session: Session) -> None:
    common = [store(session, ["common", "y"]) for _ in range(50)]
    rare = store(session, ["rare", "y"])
    ranking = ranking_of(session, "common", "rare", "absent")
    assert ranking.weights[1] > ranking.weights[0] > ranking.weights[2] == 0
    assert ranked(session, ranking, [*common, rare])[0] == rare


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [(["x"], 10774), (["x"] * 16_383, 13997), (["y"], 0), (["x", "y"], 10752), (["y"] * 9, 0)],
)
def test_scores_are_the_same_whole_numbers_on_both_engines(session: Session, tokens: list[str], expected: int) -> None:
    resource_id = store(session, tokens)
    ranking = Ranking(TextQuery((Clause((word("x"),)),)), (638,))
    assert fulltext.scores(session, ranking, [resource_id], 0) == {resource_id: expected}


def test_a_ranking_is_the_same_after_it_was_carried(session: Session) -> None:
    ranking = Ranking(
        ranking_of(session, "x", "y").query, (64, 0), oldest=(datetime(2026, 1, 2, tzinfo=UTC), "some id")
    )
    assert fulltext.carried_ranking(ranking.query, list(ranking.carried)) == ranking


@pytest.mark.parametrize("engine_name", ["sqlite"], indirect=True)
def test_fts5_is_whole_after_texts_were_put_in_and_taken_out(session: Session) -> None:
    stored = [["a", "b", "a"], [], ["z0165x"] * 50]
    ids = [store(session, tokens) for tokens in stored]
    rows = session.execute(text("SELECT number, tokens FROM search_text WHERE resource_id = :id"), {"id": ids[0]}).one()
    fulltext.remove_rows(session, [(0, rows.number, rows.tokens)])
    session.execute(text("DELETE FROM search_text WHERE resource_id = :id"), {"id": ids[0]})
    session.execute(text("INSERT INTO search_public (search_public, rank) VALUES ('integrity-check', 1)"))
    assert fulltext.left_in_index(session) == []
    assert fulltext.unlike_index(session, [(0, rows.number, rows.tokens)]) == {rows.number}
    assert found_by(session, TextQuery((Clause((word("b"),)),)), 0) == []
