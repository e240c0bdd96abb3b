"""The one tokenizer: what is indexed, what is searched and what is highlighted are the same words on every engine.

A text is folded (NFKC, casefold, no accents), split at all that is neither letter nor digit, and stemmed by Snowball.
Scripts written without spaces, and Hangul, whose particles hang on the word, become overlapping pairs of characters.
What comes out is ASCII, so that FTS5 (`tokenize='ascii'`) and PostgreSQL (`to_tsvector('simple', ...)`) add nothing of
their own.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby, pairwise
from threading import Lock
from typing import Final, NamedTuple

import snowballstemmer  # type: ignore[import-untyped]  # it has no stubs

LONGEST_WORD: Final = 64
"""Characters of a word that count: what is longer is no word, and PostgreSQL takes lexemes of 2,046 bytes."""

MOST_INDEXED: Final = 16_383
"""Words of one text that are indexed: the positions of a tsvector end there."""

MOST_INDEXED_CHARACTERS: Final = 800_000
"""Characters of one text's tokens: a tsvector ends at 1 MB, and the positions take their part of it."""

LATIN: Final = {
    "en": "english",
    "pt": "portuguese",
    "es": "spanish",
    "fr": "french",
    "de": "german",
    "it": "italian",
    "nl": "dutch",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "eo": "esperanto",
    "et": "estonian",
    "eu": "basque",
    "fi": "finnish",
    "ga": "irish",
    "hu": "hungarian",
    "id": "indonesian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "ro": "romanian",
    "sr": "serbian",
    "st": "sesotho",
    "sv": "swedish",
    "tr": "turkish",
}

STEMMERS: Final[dict[str, dict[str, str]]] = {
    "LATIN": LATIN,
    "CYRILLIC": {"ru": "russian", "sr": "serbian"},
    "GREEK": {"el": "greek"},
    "ARABIC": {"ar": "arabic", "fa": "persian"},
    "ARMENIAN": {"hy": "armenian"},
    "DEVANAGARI": {"hi": "hindi", "ne": "nepali"},
    "TAMIL": {"ta": "tamil"},
    "HEBREW": {"yi": "yiddish"},
}
"""The Snowball stemmers of each script by BCP 47 primary subtag; the first serves a language that has none."""

UNSTEMMED: Final = frozenset({"HEBREW"})
"""Scripts whose languages are not stemmed unless named: Hebrew is not Yiddish."""

PAIRED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # Hangul
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # kana, Han
)

OWN_FORMS: Final = str.maketrans(
    {"\u0131": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ŧ": "t"}
)
"""Latin letters that Unicode does not take apart into a letter and its accent."""

CLUSTER: Final = re.compile("(?s).[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f\u3099\u309a\u1160-\u11ff]{0,9}")
"""A character and what is written on it, which a text may hold apart or as one."""

PRINTERS_MARKS: Final = str.maketrans(dict.fromkeys("\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u00a0", " "))
"""The quotes and dashes that alone keep most English text from being ASCII, which is read three times as fast."""

ASCII_WORD: Final = re.compile("[a-z0-9]+")
FLOAT_AND_MORE: Final = re.compile("[0-9]+e[0-9]+[a-z]")
"""PostgreSQL would read `1e5km` as the number 1e5 and the word km."""

BASE_36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
ENCODED_LENGTH: Final = 5
ABOVE: Final = 200
"""Canonical combining classes from here on are marks beside, above or below a letter: accents (UAX #44, 5.7.4)."""


class Span(NamedTuple):
    """A token and the code points of the original text that it stands for: `text[start:end]`."""

    start: int
    end: int
    token: str


class _Word(NamedTuple):
    letters: str
    """Folded, of any length."""
    places: list[tuple[int, int]]
    """The start and end of each letter in the text; of the whole word where it is plain ASCII."""
    is_paired: bool


def tokens(text: str, language: str | None = None) -> list[str]:
    """The tokens of a text in its order, each `[a-z0-9]+`. The language is a BCP 47 tag, or None if it is not known."""
    return [span.token for span in spans(text, language)]


def spans(text: str, language: str | None = None) -> list[Span]:
    """The same tokens with where they stand in the text as it was given.

    In order of `start`. Pairs of characters overlap, and a character such as a fraction may give two tokens.
    """
    return [span for word in _words(text) for span in _spans_of(word, language)]


def variants(text: str, language: str | None = None) -> list[list[str]]:
    """The distinct runs of tokens under which a word or a phrase may be indexed; none if there is no word in it.

    One run if the language is given, otherwise one for each stemmer of the scripts in the text, English first. A run
    that ends in a single character of a script without spaces is meant as a beginning: see `is_prefix`.
    """
    words = list(_words(text))
    runs = (_query(words, choice) for choice in ([language] if language else _languages(words)))
    return [list(run) for run in dict.fromkeys(runs) if run]


def is_prefix(token: str) -> bool:
    """Whether a query's token is one character of a script without spaces, to be searched as a beginning of tokens."""
    return len(token) == ENCODED_LENGTH and token[0] == "z" and PAIRED.match(_decoded(token)) is not None


def indexed(words: Iterable[str]) -> str:
    """The text of the `tokens` column: each token with a space of its own at both sides, as far as both engines go."""
    kept: list[str] = []
    length = 0
    for word in words:
        length += len(word) + 2
        if len(kept) == MOST_INDEXED or length > MOST_INDEXED_CHARACTERS:
            break
        kept.append(f" {word} ")
    return "".join(kept)


def _words(text: str) -> Iterator[_Word]:
    text = text.translate(PRINTERS_MARKS)
    if text.isascii():
        for word in ASCII_WORD.finditer(text.lower()):
            yield _Word(word[0], [word.span()], is_paired=False)
        return
    for kind, letters in groupby(_folded(text), key=lambda letter: _kind(letter[0])):
        if kind:
            characters, places = zip(*letters, strict=True)
            yield _Word("".join(characters), list(places), is_paired=kind == "pair")


def _folded(text: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each character in its one form, with the start and end of what it was."""
    for cluster in CLUSTER.finditer(text):
        for character in _fold(cluster[0]):
            yield character, cluster.span()


@lru_cache(maxsize=8192)
def _fold(cluster: str) -> str:
    """A character in its one form: compatible, small, without accents; nothing for what is not printed."""
    letters: list[str] = []
    for character in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", cluster).casefold()):
        if not _dropped(character, after=letters[-1] if letters else ""):
            letters.append(str(unicodedata.decimal(character)) if character.isdecimal() else character)
    return unicodedata.normalize("NFC", "".join(letters)).translate(OWN_FORMS)


def _dropped(character: str, *, after: str) -> bool:
    if character == "\u0306" and after == "и":  # й is a letter of its own to the stemmers
        return False
    is_point = 10 <= unicodedata.combining(character) <= 36  # Hebrew and Arabic vowels, left out by most writers
    is_accent = unicodedata.combining(character) >= ABOVE
    return is_point or is_accent or unicodedata.category(character) == "Cf"


@lru_cache(maxsize=8192)
def _kind(character: str) -> str:
    """`pair`, `word`, or nothing for what stands between words."""
    if not (character.isalnum() or unicodedata.category(character)[0] == "M"):
        return ""
    return "pair" if PAIRED.match(character) else "word"


def _spans_of(word: _Word, language: str | None) -> Iterator[Span]:
    if word.is_paired:
        yield from _pairs(word)
        return
    letters = word.letters[:LONGEST_WORD]
    yield Span(word.places[0][0], word.places[-1][1], _stem(letters, _stemmer_of(letters, language)))


def _pairs(word: _Word) -> Iterator[Span]:
    """Overlapping pairs, then the last character by itself, so that every character begins a token."""
    for (first, (start, _)), (second, (_, end)) in pairwise(zip(word.letters, word.places, strict=True)):
        yield Span(start, end, _encoded(first + second))
    yield Span(*word.places[-1], _encoded(word.letters[-1]))


def _query(words: list[_Word], language: str | None) -> tuple[str, ...]:
    """The tokens to look for: as they are indexed, but a run of pairs may go on where the query ends."""
    run = [span.token for word in words for span in _spans_of(word, language)]
    goes_on = words[-1:] and words[-1].is_paired and len(words[-1].letters) > 1
    return tuple(run[:-1] if goes_on else run)


def _languages(words: list[_Word]) -> list[str]:
    """The languages whose stemmers may have been used: English first, then all of the scripts of the words."""
    scripts = dict.fromkeys(_script(word.letters[0]) for word in words if not word.is_paired)
    return list(dict.fromkeys(["en", *(language for script in scripts for language in STEMMERS.get(script, {}))]))


def _stemmer_of(letters: str, language: str | None) -> str | None:
    """The Snowball stemmer of a folded word, None for numbers and for scripts that have none."""
    if not letters.isalpha() and any(letter.isdigit() for letter in letters):
        return None
    script = _script(letters[0])
    stemmers = STEMMERS.get(script, {})
    named = stemmers.get((language or "").split("-")[0].lower())
    return named or (None if script in UNSTEMMED else next(iter(stemmers.values()), None))


@lru_cache(maxsize=8192)
def _script(character: str) -> str:
    """The first word of the character's name, which is its script."""
    return unicodedata.name(character, "").split(" ")[0]


_STEMMING = Lock()
"""Snowball's stemmers keep the word that they are at."""

_stemmer = lru_cache(maxsize=None)(snowballstemmer.stemmer)


@lru_cache(maxsize=131_072)
def _stem(letters: str, stemmer: str | None) -> str:
    if stemmer is None:
        return _encoded(letters)
    if stemmer == "portuguese" and letters.endswith("oes"):
        letters = letters[:-3] + "ao"  # eleições, eleição: Snowball keeps this plural apart
    with _STEMMING:
        return _encoded(_stemmer(stemmer).stemWord(letters) or letters)


def _encoded(letters: str) -> str:
    """ASCII letters and digits as they are, any other character as `z` and four digits of base 36."""
    token = letters if letters.isascii() else "".join(map(_encoded_character, letters))
    return f"x{token}" if FLOAT_AND_MORE.match(token) else token


@lru_cache(maxsize=8192)
def _encoded_character(character: str) -> str:
    if character.isascii():
        return character
    number, digits = ord(character), ""
    for _ in range(ENCODED_LENGTH - 1):
        number, digit = divmod(number, 36)
        digits = BASE_36[digit] + digits
    return f"z{digits}"


def _decoded(token: str) -> str:
    number = int(token[1:], 36)
    return chr(number) if number < 0x110000 else ""
