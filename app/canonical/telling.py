"""Whether a text tells a name: whole or in part, inflected, in other letters, run together or abbreviated.

It errs on the safe side: a text that only seems to tell the name is taken to tell it. See docs/decisions/printing.md.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from rapidfuzz import fuzz, process

from app.canonical.names import in_latin_letters

LONG: Final = 5
"""Letters from which on the stem of a name tells it wherever it stands, inside other words too."""
NEAR: Final = 6
"""Letters from which on a name is told by a word that is nearly the same: Mazegora is Matsegora."""
NEARLY_SAME: Final = 70
"""RapidFuzz's ratio from which on two words are nearly the same. Of 2,500 pairs of a name and a word of these docs one
reaches it, as Stevens and events do; at 75 it is one in 10,000, and Gorbatschow is no longer Gorbachev."""
LONGEST_ENDING: Final = 3
"""Letters that a small word may go on with after a short name: Kims, Dudowi; "January" tells nothing of Jan."""
SHORTEST_STEM: Final = 3
ENDING: Final = re.compile("[aeiouy]+$")
"""What languages that inflect names change first: Matsegora, Matsegory; Zelenskyi, Zelenskogo."""
APOSTROPHE: Final = re.compile("[\u2019\u02bc]")
"""Stands between words here, where the plain one does too: what is printed of Ma is told by Ma's."""
WORD: Final = re.compile("[A-Za-z0-9]+")
INNER_WORD: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
"""The words in a run of letters: in Latin letters, each character of Han and Hangul is one and has a capital."""
MOST_INITIALS: Final = 6
"""Letters of an abbreviation: what is longer and in capitals is a word."""
NO_NAMES: Final = frozenset(
    re.findall(
        r"\w+",
        "a and as at but by for from has have if is it of or than that the their them these they this those to us was "
        "were which who whom with",
    )
)
"""Words that tell nothing however they are written: "The source" says nothing of The Guardian."""
SMALL_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "al an ap be ben bin can d da das de del della den der des di do dos du e el et he her him his how i ibn in "
        "into l la las le les lo los may me my no not o och on our out own she so then til und up van von we what will "
        "would y you your zu zum zur",
    )
)
"""Words that names have too: written small they tell nothing, "an official" no more of Mr An than of anybody."""
WORDS_IN_CAPITALS: Final = frozenset("ai")
"""Letters that are words by themselves, in English: a capital that begins a sentence."""


@dataclass(frozen=True, slots=True)
class _Word:
    """A word in Latin letters, all of them small; `is_small` if it was written so, in a script that has capitals."""

    letters: str
    is_small: bool


@dataclass(frozen=True)
class _Text:
    """A text in Latin letters; `runs` are its letters and digits with nothing between them, as they are written."""

    runs: list[str]

    @classmethod
    def of(cls, text: str) -> Self:
        if text.isascii():
            return cls(WORD.findall(text))
        seen = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
        return cls(WORD.findall(in_latin_letters(APOSTROPHE.sub(" ", seen))))

    @cached_property
    def words(self) -> list[_Word]:
        """Each run, and the words in those that are several."""
        inner = [part for run in self.runs for part in INNER_WORD.findall(run) if part != run]
        return [_Word(word.lower(), word.islower()) for word in (*self.runs, *inner)]

    @cached_property
    def squeezed(self) -> str:
        """All of it in one, so that nothing between letters keeps a name apart."""
        return "".join(self.runs).lower()

    @cached_property
    def initials(self) -> set[str]:
        """What may abbreviate a name, in small letters: JR, DoD, J. R., and each capital alone."""
        in_a_row = "".join(run if len(run) == 1 and run.isupper() else " " for run in self.runs).split()
        short = [run for run in self.runs if len(run) <= MOST_INITIALS and sum(map(str.isupper, run)) > 1]
        alone = {letter.lower() for letters in in_a_row for letter in letters} - WORDS_IN_CAPITALS
        return {each.lower() for each in (*in_a_row, *short) if len(each) > 1} | alone


class Names:
    """Names that a text must not tell."""

    def __init__(self, names: Iterable[str], *, known: Iterable[str] = ()) -> None:
        """Takes whole names, and `known` ones whose words may be told, as those of a published pseudonym may."""
        read = {name: _Text.of(name) for name in names}
        self._signs = {name for name, text in read.items() if not text.runs}
        texts = list(read.values())
        open_words = {word.letters for name in known for word in _Text.of(name).words}
        words = {word.letters for text in texts for word in text.words} - open_words - NO_NAMES
        self._parts = {word for word in words if len(word) > 1}
        wholes = {text.squeezed for text in texts} - open_words
        self._stems = {_stem(part) for part in (self._parts | wholes) - SMALL_WORDS}
        self._initials = {each for text in texts for each in _initials_of(text)} - {word[0] for word in open_words}

    def are_told_by(self, text: str | None) -> bool:
        """Whether one of the names stands in the text, or a part of one."""
        if not text or not (self._parts or self._initials or self._signs):
            return False
        read = _Text.of(text)
        return (
            any(name in text for name in self._signs)
            or any(stem in read.squeezed for stem in self._stems if len(stem) >= LONG)
            or any(map(self._are_begun_by, read.words))
            or not read.initials.isdisjoint(self._initials)
            or self._are_nearly_told_by(read)
        )

    def _are_begun_by(self, word: _Word) -> bool:
        """Whether the word is a part of a name, or begins as one and goes on with an ending."""
        if word.letters in NO_NAMES or (word.is_small and word.letters in SMALL_WORDS):
            return False
        longest = LONGEST_ENDING if word.is_small else len(word.letters)
        ends = range(max(SHORTEST_STEM, len(word.letters) - longest), len(word.letters) + 1)
        is_whole = not self._parts.isdisjoint({word.letters, word.letters.removesuffix("s")})
        return is_whole or any(word.letters[:end] in self._stems for end in ends)

    def _are_nearly_told_by(self, text: _Text) -> bool:
        words = {word.letters for word in text.words if len(word.letters) >= LONG}
        return any(
            process.extractOne(part, words, scorer=fuzz.ratio, score_cutoff=NEARLY_SAME) is not None
            for part in self._parts
            if len(part) >= NEAR
        )


def _stem(part: str) -> str:
    stem = ENDING.sub("", part)
    return stem if len(stem) >= SHORTEST_STEM else part


def _initials_of(name: _Text) -> Iterator[str]:
    """The first letter of each word that begins with a capital, and those of all words together, with and without."""
    words = [run for run in name.runs if not run.isdigit()]
    capitals = [run for run in words if not run.islower()]
    yield from (run[0].lower() for run in capitals)
    for some in (words, capitals):
        if len(some) > 1:
            yield "".join(run[0] for run in some).lower()
