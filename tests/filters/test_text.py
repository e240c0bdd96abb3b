"""The query language of `q`: what is asked for, and that whatever is typed is a query or is refused."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.filters.text import MOST_CHARACTERS, MOST_TERMS, parse_text_query
from app.fulltext.index import TextQuery, fts5_text, tsquery_text
from app.kit.problems import Invalid
from app.kit.words import tokens


def shown(query: TextQuery) -> list[str]:
    """The clauses, each with the first form of its terms: `a|b` for alternatives, `!` before what must not be there."""
    return [
        "|".join(
            sign + "+".join(term.runs[0].tokens) + ("*" if term.runs[0].goes_on else "")
            for sign, terms in (("", clause.wanted), ("!", clause.unwanted))
            for term in terms
        )
        for clause in query.clauses
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("nine exits", ["nine", "exit"]),
        ('"nine exits"', ["nine+exit"]),
        ("\u201cnine exits\u201d", ["nine+exit"]),
        ('he said "nine exits', ["he", "said", "nine+exit"]),
        ('exits"nine times"more', ["exit", "nine+time", "more"]),
        ("nine -exits", ["nine", "!exit"]),
        ('nine -"an exit"', ["nine", "!an+exit"]),
        ("nine - exits", ["nine", "exit"]),
        ("nine OR ten exits", ["nine|ten", "exit"]),
        ("nine OR ten OR two", ["nine|ten|two"]),
        ("nine or ten", ["nine", "or", "ten"]),
        ('nine "OR" ten', ["nine", "or", "ten"]),
        ("nine OR -ten two", ["nine|!ten", "two"]),
        ("OR nine", ["or", "nine"]),
        ("nine OR", ["nine", "or"]),
        ("OR", ["or"]),
        ("nine OR OR ten", ["nine|or", "ten"]),
        ("nine AND NOT ten", ["nine", "and", "not", "ten"]),
        ("nine NEAR(ten, 2)", ["nine", "near+ten", "2"]),
        ("tokens:nine ^nine nine*", ["token+nine", "nine"]),
        ("(nine | ten) & two:* <-> !one", ["nine", "ten", "two", "one"]),
        ("self-defense", ["self+defens"]),
        ("nine nine", ["nine"]),
        ("nine 🙂 -🙂 ''", ["nine"]),
        ("핵", [f"{tokens('핵')[0]}*"]),
        ("북한", [tokens("북한")[0]]),
    ],
)
def test_a_query_asks_for(typed: str, expected: list[str]) -> None:
    assert shown(parse_text_query(typed)) == expected


@pytest.mark.parametrize(
    "typed", ["", " ", "-", '"', '""', '" "', "🙂", "-nine", '-"nine exits" -ten', "() & | :*", "a OR -b"]
)
def test_a_query_with_nothing_to_look_for_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_text_query(typed)
    assert [(error.parameter, error.code) for error in refused.value.errors] == [("q", "nothing_to_search")]


@pytest.mark.parametrize(
    ("typed", "code"), [("a" * (MOST_CHARACTERS + 1), "too_long"), ("b " * (MOST_TERMS + 1), "too_many_terms")]
)
def test_a_query_that_is_too_long_is_refused(typed: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_text_query(typed)
    assert [error.code for error in refused.value.errors] == [code]


def test_alternatives_do_not_count_as_words() -> None:
    assert len(parse_text_query(" OR ".join(f"w{number}" for number in range(MOST_TERMS))).clauses) == 1


def test_every_form_of_a_word_is_looked_for() -> None:
    (term,) = parse_text_query("рабочих").terms
    assert set(tokens("рабочие", "ru")) <= {run.tokens[0] for run in term.runs}


@given(st.text(max_size=MOST_CHARACTERS) | st.text(alphabet="ab OR-\"()*:^&|!<>'\\\u201c북한\0", max_size=60))
@example('"' * MOST_CHARACTERS)
@example("-" * MOST_CHARACTERS)
def test_whatever_is_typed_is_a_query_or_refused(typed: str) -> None:
    query = refused = None
    try:
        query = parse_text_query(typed)
    except Invalid as problem:
        refused = {error.code for error in problem.errors}
    if query is None:
        assert refused in ({"nothing_to_search"}, {"too_many_terms"})
        return
    assert query.runs
    for text in (fts5_text(query), tsquery_text(query)):
        assert text.isascii()
        assert text.count("(") == text.count(")")
