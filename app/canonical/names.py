"""The words that sources are found by: their names as they are written, and beside that in Latin letters."""

import re
import unicodedata
from typing import Final

from anyascii import anyascii

from app.fulltext.index import Clause, Run, Term, TextQuery
from app.kit.problems import invalid_parameter
from app.kit.words import FLOAT_AND_MORE, LONGEST_WORD, is_prefix, tokens, variants

LATIN_WORD: Final = re.compile("[a-z0-9]+")
HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""A character of a Chinese name, which is a word of its own in Latin letters: 王毅 is Wang Yi."""
APOSTROPHES: Final = "'\u2019\u02bc"
MOST_WORDS: Final = 32
SHORTEST_BEGINNING: Final = 3
"""Letters from which on the last word is taken for a beginning: with fewer, most names would be found."""
ANY_LANGUAGE: Final = "und"
"""Names are in no language that we know; their words are cut alike where they are kept and where they are sought."""


def name_tokens(name: str) -> list[str]:
    """What a name is found by."""
    return [
        *tokens(name, ANY_LANGUAGE),
        *_latin(name),
        *(_latin(HAN.sub(r" \g<0> ", name)) if HAN.search(name) else []),
    ]


def _latin(text: str) -> list[str]:
    """The words in Latin letters, whatever script they are in; whole, so that each is found by its beginning."""
    words = (word[:LONGEST_WORD] for word in LATIN_WORD.findall(in_latin_letters(text).lower()))
    return [f"x{word}" if FLOAT_AND_MORE.match(word) else word for word in words]


def in_latin_letters(text: str) -> str:
    """The text in Latin letters, capitals kept; what is neither letter nor digit is a space, or nothing in a word."""
    return "".join(map(_spelt, unicodedata.normalize("NFKC", text)))


def _spelt(character: str) -> str:
    """A letter, a digit or an accent in Latin letters; what else there is stands between words, an apostrophe apart."""
    if character.isalnum() or unicodedata.category(character)[0] == "M":
        return anyascii(character).replace("'", "")
    return "" if character in APOSTROPHES else " "


def name_query(text: str, *, parameter: str) -> TextQuery:
    """Asks for names with all the words, of which the last may be a beginning.

    Raises Invalid, naming the parameter, for no word and for too many.
    """
    words = [term for word in text.split() if (term := _term(word)) is not None]
    if not words:
        raise invalid_parameter(parameter, "nothing_to_search", "Must have a letter or a digit.")
    if len(words) > MOST_WORDS:
        raise invalid_parameter(parameter, "too_many_terms", f"Must have at most {MOST_WORDS} words.")
    *whole, last = words
    return TextQuery(tuple(Clause((term,)) for term in dict.fromkeys([*whole, _beginning(last)])))


def _term(word: str) -> Term | None:
    runs = [Run(tuple(run), goes_on=is_prefix(run[-1])) for run in variants(word, ANY_LANGUAGE)]
    if latin := _latin(word):
        runs.append(Run(tuple(latin)))
    return Term(tuple(dict.fromkeys(runs))) if runs else None


def _beginning(term: Term) -> Term:
    """The term, found too where its Latin letters go on."""
    *others, latin = term.runs
    if len(latin.tokens[-1]) < SHORTEST_BEGINNING:
        return term
    return Term((*others, Run(latin.tokens, goes_on=True)))
