"""The tokenizer: what comes out, where it stands in the text, and that both engines index exactly that."""

import re
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from app.kit.words import LONGEST_WORD, MOST_INDEXED, indexed, is_prefix, spans, tokens, variants

LANGUAGES = [None, "en", "pt-BR", "ko", "ru", "sr-Latn", "ja", "hi", "he", "vi", "x"]
SOME_TEXT = st.text() | st.text(alphabet="abez019 _-'\u2019ßİ\u0131éÉйё북한은日本ば½ﬁ٣\u0301\u00ad\u200dक\u093f")
ALIKE = [
    ("북한", "북한은", "ko"),
    ("рабочих", "рабочие", "ru"),
    ("рабочих", "рабочие", None),
    ("ещё", "еще", "ru"),
    ("trabalhadores", "trabalhador", "pt"),
    ("eleições", "eleição", "pt"),
    ("São", "sao", None),
    ("São", "SAO", "pt-BR"),
    ("caf\u00e9", "cafe\u0301", "fr"),
    ("İstanbul", "istanbul", "tr"),
    ("Ærø", "aero", "da"),
    ("\uff11\uff12", "12", None),
    ("٣", "3", "ar"),
    ("ﬁne", "fine", None),
    ("co\u00adoperate", "cooperate", None),
    ("\u1112\u1161\u11ab국", "한국", "ko"),
    ("か\u3099", "が", "ja"),
]


@pytest.mark.parametrize(("one", "other", "language"), ALIKE)
def test_what_readers_take_for_the_same_word_is_the_same_token(one: str, other: str, language: str | None) -> None:
    assert tokens(one, language)[0] == tokens(other, language)[0]


@pytest.mark.parametrize(("one", "other"), [("が", "か"), ("йод", "иод"), ("दिन", "दुन"), ("2020", "2021")])
def test_what_readers_take_for_other_words_are_other_tokens(one: str, other: str) -> None:
    assert tokens(one, "x") != tokens(other, "x")


@given(SOME_TEXT, st.sampled_from(LANGUAGES))
@example("ΐ½ \u0345", None)
@example("ﷺ", "ar")
def test_spans_lie_in_the_text_in_order_and_tokens_are_ascii(text: str, language: str | None) -> None:
    found = spans(text, language)
    assert [span.token for span in found] == tokens(text, language)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert [span.start for span in found] == sorted(span.start for span in found)
    assert all(re.fullmatch("[a-z0-9]+", span.token) for span in found)
    assert all(len(span.token) <= 5 * LONGEST_WORD + 1 for span in found)


def test_a_span_is_the_word_as_it_was_written() -> None:
    written = "Ça ½ co\u00adop e\u0301te\u0301 북한은 end"
    expected = ["Ça", "½", "½", "co\u00adop", "e\u0301te\u0301", "북한", "한은", "은", "end"]
    assert [written[span.start : span.end] for span in spans(written, "fr")] == expected


@given(st.lists(st.sampled_from(["workers", "Não", "рабочих", "2020", "북한은", "東京"]), min_size=1, max_size=4))
def test_every_text_is_found_under_one_of_the_variants_of_its_words(words: list[str]) -> None:
    for language in ("en", "pt", "ru", "sr", "de", "ko"):
        run = f" {' '.join(tokens(' '.join(words), language))} "
        assert any(f" {' '.join(variant)} " in run for variant in variants(" ".join(words)))


def test_variants_begin_with_english_and_are_distinct() -> None:
    found = variants("running workers")
    assert found[0] == ["run", "worker"]
    assert len(found) == len({tuple(run) for run in found})
    assert variants("running workers", "en") == [["run", "worker"]]
    assert variants("?!") == []


def test_a_run_of_characters_may_go_on_where_the_query_ends() -> None:
    indexed_run = tokens("북한은 핵실험", "ko")
    assert variants("북한") == [indexed_run[:1]]
    assert variants("북한은 핵실") == [indexed_run[:4]]


def test_a_single_character_is_searched_as_a_beginning() -> None:
    [[token]] = variants("핵")
    assert is_prefix(token)
    assert any(word.startswith(token) for word in tokens("핵실험"))
    assert [is_prefix(word) for word in ("zebra", "zzzzz", "핵", tokens("북한")[0], tokens("я")[0])] == [False] * 5


def test_indexed_tokens_have_spaces_of_their_own_and_end_where_positions_end() -> None:
    assert indexed(["a", "b"]) == " a  b "
    assert len(indexed(["a"] * (MOST_INDEXED + 9)).split()) == MOST_INDEXED
    assert len(indexed(["a" * 321] * MOST_INDEXED)) < 1_000_000


def test_a_word_of_any_length_is_cut() -> None:
    assert tokens("1" * 100_000) == ["1" * LONGEST_WORD]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written=SOME_TEXT)
@example(written="1e5km 1e5 0e0 1e5я 00 1_000 a.b@c.de http://x.y/z -1.5e-3 &amp; <b>")
def test_engines_index_exactly_the_tokens(connection: Connection, engine_name: str, written: str) -> None:
    run = tokens(written)
    assert _indexed_by(connection, engine_name, indexed(run)) == run


def test_engines_index_what_looks_like_numbers_as_one_word(connection: Connection, engine_name: str) -> None:
    run = [
        token for length in range(1, 7) for word in product("ae01", repeat=length) for token in tokens("".join(word))
    ]
    assert _indexed_by(connection, engine_name, indexed(run)) == run


def test_engines_index_the_largest_text(connection: Connection, engine_name: str) -> None:
    run = [f"{number:05}" + "a" * 40 for number in range(MOST_INDEXED + 9)]
    assert _indexed_by(connection, engine_name, indexed(run)) == run[:MOST_INDEXED]


def _indexed_by(connection: Connection, engine_name: str, stored: str) -> list[str]:
    """The words that the engine's index holds of a stored text, by their positions."""
    if engine_name == "postgresql":
        lexemes = text("SELECT lexeme FROM unnest(to_tsvector('simple', :stored)), unnest(positions) at ORDER BY at")
        return list(connection.execute(lexemes, {"stored": stored}).scalars())
    with connection.begin_nested() as indexing:
        connection.execute(text("CREATE VIRTUAL TABLE temp.stored USING fts5(words, tokenize='ascii')"))
        connection.execute(text("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(temp, stored, instance)"))
        connection.execute(text("INSERT INTO temp.stored VALUES (:stored)"), {"stored": stored})
        found = list(connection.execute(text('SELECT term FROM temp.terms ORDER BY "offset"')).scalars())
        indexing.rollback()
    return found
