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
from app.kit.words import PRINTERS_MARKS

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
MODIFIER_APOSTROPHE: Final = "\u02bc"
"""Stands between words here, as every apostrophe does: Ma's tells of Ma."""
WORD: Final = re.compile("[A-Za-z0-9]+")
INNER_WORD: Final = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
"""The words in a run of letters: in Latin letters, each character of Han and Hangul is one and has a capital."""
MOST_PARTS: Final = 1_000
"""Words of names that are looked for: a claim that keeps more of them out of print has no text printed."""
MOST_COMPARED: Final = 20_000
"""Pairs of words that are compared for being nearly the same, in half a millisecond; of more only equals tell."""
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

    @property
    def tells(self) -> bool:
        """Whether it may be a part of a name, as it is written."""
        return self.letters not in NO_NAMES and not (self.is_small and self.letters in SMALL_WORDS)

    @property
    def beginnings(self) -> Iterator[str]:
        """What it may be with an ending; one with a capital may also be run together with another word: Kimgate."""
        shortest = len(self.letters) - LONGEST_ENDING if self.is_small else 0
        return (self.letters[:end] for end in range(max(SHORTEST_STEM, shortest), len(self.letters) + 1))


@dataclass(frozen=True)
class Text:
    """A text in Latin letters; `runs` are its letters and digits with nothing between them, as they are written.

    It is read once, however many names are looked for in it.
    """

    runs: list[str]

    @classmethod
    def of(cls, text: str) -> Self:
        """The text, read."""
        plain = text.translate(PRINTERS_MARKS)
        if not plain.isascii():
            seen = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
            plain = in_latin_letters(seen.replace(MODIFIER_APOSTROPHE, " "))
        return cls(WORD.findall(plain))

    @cached_property
    def words(self) -> list[_Word]:
        """Each run, and the words in those that are several."""
        inner = [part for run in self.runs for part in INNER_WORD.findall(run) if part != run]
        return [_Word(word.lower(), word.islower()) for word in (*self.runs, *inner)]

    @cached_property
    def wholes(self) -> set[str]:
        """The words that may be parts of a name, as they are and without the s of a genitive or plural."""
        letters = [word.letters for word in self.words if word.tells]
        return {*letters, *(each.removesuffix("s") for each in letters)}

    @cached_property
    def beginnings(self) -> set[str]:
        """What the words may be with an ending."""
        return {each for word in self.words if word.tells for each in word.beginnings}

    @cached_property
    def long_words(self) -> set[str]:
        """The words that may be nearly the same as a name."""
        return {word.letters for word in self.words if len(word.letters) >= LONG}

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
        read = {name: Text.of(name) for name in names}
        self._signs = {name for name, text in read.items() if not text.runs}
        texts = list(read.values())
        open_words = {word.letters for name in known for word in Text.of(name).words}
        words = {word.letters for text in texts for word in text.words} - open_words - NO_NAMES
        self._parts = {word for word in words if len(word) > 1}
        endless = (self._parts | {text.squeezed for text in texts} - open_words) - SMALL_WORDS
        self._stems = {_stem(part) for part in endless}
        self._inner = {_stem(part, shortest=LONG) for part in endless if len(part) >= LONG}
        self._long_parts = [part for part in self._parts if len(part) >= NEAR]
        self._initials = {each for text in texts for each in _initials_of(text)} - {word[0] for word in open_words}

    def __bool__(self) -> bool:
        return bool(self._parts or self._initials or self._signs)

    def are_told_by(self, text: str) -> bool:
        """Whether one of the names stands in the text, or a part of one."""
        return bool(self) and (any(name in text for name in self._signs) or self.are_read_in(Text.of(text)))

    def are_read_in(self, text: Text) -> bool:
        """The same of a text that is read, signs that are no letters apart; of more than `MOST_PARTS`, any text."""
        return bool(self) and (
            len(self._parts) > MOST_PARTS
            or not self._parts.isdisjoint(text.wholes)
            or not self._stems.isdisjoint(text.beginnings)
            or not self._initials.isdisjoint(text.initials)
            or any(stem in text.squeezed for stem in self._inner)
            or self._are_nearly_read_in(text)
        )

    def _are_nearly_read_in(self, text: Text) -> bool:
        few, many = sorted((self._long_parts, list(text.long_words)), key=len)
        if len(few) * len(many) > MOST_COMPARED:
            return False
        return any(process.extractOne(word, many, scorer=fuzz.ratio, score_cutoff=NEARLY_SAME) for word in few)


def _stem(part: str, *, shortest: int = SHORTEST_STEM) -> str:
    """The part without its ending, or as it is where that would leave too little."""
    stem = ENDING.sub("", part)
    return stem if len(stem) >= shortest else part


def _initials_of(name: Text) -> Iterator[str]:
    """The first letter of each word that begins with a capital, and those of all words together, with and without."""
    words = [run for run in name.runs if not run.isdigit()]
    capitals = [run for run in words if not run.islower()]
    yield from (run[0].lower() for run in capitals)
    for some in (words, capitals):
        if len(some) > 1:
            yield "".join(run[0] for run in some).lower()
