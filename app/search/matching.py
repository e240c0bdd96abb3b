"""Said before: which words of a text to look for, and how well stored claims match it. No SQL; nothing is read here.

It goes in three steps. The caller counts in how many of the claims that its reader may see each of the `telling` words
of `query_words` is, fetches those that hold one of `retrieval_words`, and has a `Matcher` choose the best of them by
their indexed tokens alone (`shortlist`) and score those few by their texts (`ranked`).

Nothing here knows how many claims there are or what the rest of them say: a score is made of the text, the claim and
the counts handed in, so what a reader may not see cannot move it.

The figures beside the parts are from the tweets and verified claims of CheckThat! 2022 (task 2A, English): the share of
its 997 training tweets that have a right claim among the first five. It is .878 with all parts (benchmarks/matching).
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Generic, TypeVar

from rapidfuzz import fuzz

from app.kit.words import tokens

Key = TypeVar("Key")

MOST_COUNTED: Final = 1_000
"""Claims beyond which a word is only common: counts are capped here, and so are weights. With true counts: .873."""

MOST_CANDIDATES: Final = 1_000
"""Claims to fetch. 2,000 give the same figures; 600 find one right claim in 200 less among the first five."""

SHORTLISTED: Final = 30
"""Claims whose texts are compared, which costs 0.1 ms each. 50 give the same figures."""

MOST_WORDS: Final = 100
"""Words of a text that count: more than two tweets of the longest kind, and a bound on the time it takes."""

MOST_CHARACTERS: Final = 2_000
"""Characters of a text that are read, for the same reason."""

ADDRESS: Final = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/)\S+")
"""A shortened address has no words in it. Left in: .874."""

TAG: Final = re.compile(r"[#@](\w+)")
"""Hashtags and handles are names run together. Left as they are: .849. Without handles: .851."""

INNER_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\D)(?=\d)|(?<=\d)(?=\D)")
# BM25 as Robertson and Zaragoza have it in The Probabilistic Relevance Framework (2009, 3.4), with its usual constants.
SATURATION: Final = 1.2
LENGTH_MATTERS: Final = 0.75
USUAL_LENGTH: Final = 30
"""Tokens of a claim with its title. A constant, since the average of a store would tell of claims that are hidden."""

EVIDENCE: Final = 8.0
"""BM25 that counts as much as the same order of words: a rare word or two."""

FUNCTION_WORDS: Final = {
    "en": "a about after all also an and any are as at be because been but by can could did do does for from had has"
    " have he her him his how i if in into is it its just me more my no not now of on or our out over said say she"
    " should so some than that the their them then there these they this those to up us was we were what when where"
    " which who why will with would you your s t re ve ll",
    "pt": "a o as os um uma de do da dos das em no na nos nas por para com que e ou se foi sao ser mais como ele ela",
    "es": "el la los las un una de del en por para con que y o se fue es son ser mas como su al lo no",
    "fr": "le la les un une de du des en par pour avec que qui et ou se est sont plus comme il elle au aux ce ne pas",
    "de": "der die das den dem ein eine und oder in im von zu mit fur auf ist sind war als auch er sie es nicht dass",
}
"""Words that say nothing of what a text is about; counts cannot tell them where there are few claims. Without: .869."""
UNNAMED_LANGUAGE: Final = "en"
"""Whose function words they are where no language is given, as its stemmer is the one of Latin letters."""


@dataclass(frozen=True, kw_only=True)
class Candidate(Generic[Key]):
    """A claim to compare with the text: its statement, the titles that stand for it, and its language if known."""

    key: Key
    statement: str
    titles: Sequence[str] = ()
    language: str | None = None


@dataclass(frozen=True, kw_only=True)
class Match(Generic[Key]):
    """How well a claim says what the text says."""

    key: Key
    score: float
    """0 to 1, where 1 is the same words in the same order (see `Matcher`).

    Of the tweets whose best claim scores 0.3 or more it is a right one for 90 %, from 0.4 on 96 %, from 0.5 on 98 %.
    """


def query_words(text: str, language: str | None = None) -> list[str]:
    """The distinct tokens of a text that claims can be found by, in its order: what to count. At most `MOST_WORDS`."""
    return list(dict.fromkeys(_words_of(text, language)))


def telling(words: Iterable[str]) -> list[str]:
    """Those of the words that are no function words: only their counts move a score."""
    return [word for word in words if word not in _function_words()]


def says_nothing(words: Iterable[str], language: str | None = None) -> bool:
    """Whether all the words are function words of their language, or of English where none is given.

    Those of other languages are left to be looked for, since "war" and "die" are German ones. A language without a list
    has none.
    """
    return all(word in _function_words_of((language or UNNAMED_LANGUAGE).split("-")[0].lower()) for word in words)


def retrieval_words(frequencies: Mapping[str, int], *, most: int = MOST_CANDIDATES) -> list[str]:
    """The words to fetch claims by, rarest first: as many as bring about `most` claims, and one at least.

    Words in no claim are left out, and so are common ones (a count of `MOST_COUNTED`, or function words) unless there
    are no others: then only the rarest of them is taken.
    """
    found = sorted((word for word in frequencies if frequencies[word]), key=lambda word: (frequencies[word], word))
    uncommon = [word for word in telling(found) if frequencies[word] < MOST_COUNTED]
    chosen: list[str] = []
    claims = 0
    for word in uncommon or found[:1]:
        claims += frequencies[word]
        if chosen and claims > most:
            break
        chosen.append(word)
    return chosen


class Matcher:
    """A text to find claims for, with the counts of its words among the claims that its reader may see.

    A claim's score is what it gets out of what the text's own words would get, of two things:

    - evidence: BM25 of the words in common, of the statement, of a title, or of all together, whichever is the most;
    - order: RapidFuzz's partial ratio of the tokens, of the statement or of a title. Without it: .874.

    The longer the text, the more the evidence counts. A claim that says a part of a long text has that part's share.
    Cosine of the words, names, numbers, pairs of words and likeness of letters gained nothing beside these.
    """

    def __init__(self, text: str, language: str | None, frequencies: Mapping[str, int]) -> None:
        self._words = _words_of(text, language)
        self._frequencies = frequencies

    def shortlist(self, candidates: Iterable[tuple[Key, str]], *, most: int = SHORTLISTED) -> list[Key]:
        """The best `most` of the claims by BM25, best first; each comes with its indexed tokens, spaces between.

        Of claims that are as good, the one that comes first in `candidates` is first.
        """
        scored = [(self._evidence(indexed.split()), key) for key, indexed in candidates]
        scored.sort(key=lambda entry: entry[0], reverse=True)
        return [key for _, key in scored[:most]]

    def ranked(self, candidates: Iterable[Candidate[Key]]) -> list[Match[Key]]:
        """Each claim with its score, best first; of claims that are as good, the one that comes first is first."""
        matches = [Match(key=candidate.key, score=self._score(candidate)) for candidate in candidates]
        return sorted(matches, key=lambda match: match.score, reverse=True)

    def _score(self, candidate: Candidate[Key]) -> float:
        texts = [_words_of(text, candidate.language) for text in (candidate.statement, *candidate.titles)]
        together = [word for text in texts for word in text]
        evidence = max(self._evidence(words) for words in (together, *texts))
        if not evidence:
            return 0.0
        order = max(fuzz.partial_ratio(self._in_order, " ".join(text)) for text in texts) / 100
        return min(1.0, (evidence / EVIDENCE + order) / (self._evidence(self._words) / EVIDENCE + 1))

    @cached_property
    def _weights(self) -> dict[str, float]:
        return {word: _weight(word, self._frequencies.get(word, 0)) for word in self._words}

    @cached_property
    def _in_order(self) -> str:
        return " ".join(self._words)

    def _evidence(self, words: Sequence[str]) -> float:
        """BM25 of a claim's tokens."""
        weights = self._weights
        found = [word for word in words if word in weights]
        damping = SATURATION * (1 - LENGTH_MATTERS + LENGTH_MATTERS * len(words) / USUAL_LENGTH)
        times = ((word, found.count(word)) for word in dict.fromkeys(found))  # a Counter takes three times as long
        return sum(weights[word] * count * (SATURATION + 1) / (count + damping) for word, count in times)


def _words_of(text: str, language: str | None) -> list[str]:
    """The tokens of a text without addresses, hashtags and handles also taken apart, as many as count."""
    return tokens(TAG.sub(_taken_apart, ADDRESS.sub(" ", text[:MOST_CHARACTERS])), language)[:MOST_WORDS]


def _taken_apart(tag: re.Match[str]) -> str:
    """`#AustralianFires` as it is and as `Australian Fires`."""
    apart = INNER_WORD.sub(" ", tag[1])
    return f" {tag[1]} {apart} " if " " in apart else f" {tag[1]} "


def _weight(word: str, count: int) -> float:
    """How much a word tells: the rarer the more, as inverse document frequency; the commonest still tell a little."""
    known = MOST_COUNTED if word in _function_words() else min(count, MOST_COUNTED)
    return math.log((2 * MOST_COUNTED + 1) / (known + 0.5))


@lru_cache(maxsize=1)
def _function_words() -> frozenset[str]:
    return frozenset[str]().union(*map(_function_words_of, FUNCTION_WORDS))


@lru_cache(maxsize=64)
def _function_words_of(language: str) -> frozenset[str]:
    return frozenset(tokens(FUNCTION_WORDS.get(language, ""), language))
