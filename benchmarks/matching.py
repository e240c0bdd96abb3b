"""How often "Said before?" finds the right claim, and how long it takes: `python -m benchmarks.matching`.

The tweets and verified claims of CheckThat! 2022, read from where ONRECORD_TEST_DATA says (see tests/fixtures/data.py).
"""

import argparse
import gzip
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from app.kit.words import indexed, tokens
from app.search.matching import (
    MOST_CANDIDATES,
    MOST_COUNTED,
    Candidate,
    Matcher,
    query_words,
    retrieval_words,
)

DATA = Path(os.environ.get("ONRECORD_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
CLAIMS = "checkthat22_vclaims"
TWEETS = "checkthat22_train_dev"
SPLITS = ("train", "dev")
LANGUAGE = "en"
ASKED = 5

Find = Callable[[str], list[str]]
"""The ids of the claims that say what a text says, best first."""


@dataclass(frozen=True)
class Question:
    split: str
    text: str
    right: frozenset[str]


@dataclass
class Figures:
    """What a split of the questions came to."""

    questions: int = 0
    first: int = 0
    among_five: int = 0
    reciprocal: float = 0.0
    times_ms: list[float] = field(default_factory=list)

    def add(self, question: Question, found: Sequence[str], *, took_ms: float) -> None:
        self.questions += 1
        self.times_ms.append(took_ms)
        place = next((place for place, key in enumerate(found[:ASKED], 1) if key in question.right), None)
        if place:
            self.first += place == 1
            self.among_five += 1
            self.reciprocal += 1 / place

    @property
    def success_at_1(self) -> float:
        return self.first / self.questions

    @property
    def success_at_5(self) -> float:
        return self.among_five / self.questions

    @property
    def mrr_at_5(self) -> float:
        return self.reciprocal / self.questions

    def __str__(self) -> str:
        p50, p95 = statistics.median(self.times_ms), statistics.quantiles(self.times_ms, n=20)[-1]
        return (
            f"{self.questions:5} questions  success@1 {self.success_at_1:.3f}  success@5 {self.success_at_5:.3f}  "
            f"MRR@5 {self.mrr_at_5:.3f}  p50 {p50:.1f} ms  p95 {p95:.1f} ms"
        )


class InMemory:
    """Does in memory what the service does in SQL: counts capped, claims that hold a chosen word, so many at most."""

    def __init__(self, claims: Sequence[dict[str, Any]]) -> None:
        self._claims = {
            line["id"]: Candidate(
                key=line["id"], statement=line["claim"], titles=(line["document"] or "",), language=LANGUAGE
            )
            for line in claims
        }
        self._tokens: dict[str, str] = {}
        self._holding: dict[str, list[str]] = defaultdict(list)
        for key, claim in self._claims.items():
            words = tokens(f"{claim.statement} {claim.titles[0]}", LANGUAGE)
            self._tokens[key] = indexed(words)
            for word in dict.fromkeys(words):
                self._holding[word].append(key)

    def find(self, text: str) -> list[str]:
        """The ids of the claims that say what the text says, best first."""
        frequencies = {
            word: min(MOST_COUNTED, len(self._holding.get(word, ()))) for word in query_words(text, LANGUAGE)
        }
        matcher = Matcher(text, LANGUAGE, frequencies)
        holding = dict.fromkeys(key for word in retrieval_words(frequencies) for key in self._holding[word])
        candidates = [(key, self._tokens[key]) for key in islice(holding, MOST_CANDIDATES)]
        return [match.key for match in matcher.ranked(self._claims[key] for key in matcher.shortlist(candidates))]


def measure(find: Find, questions: Sequence[Question]) -> dict[str, Figures]:
    """The figures of each split, its questions put one after the other."""
    figures = {split: Figures() for split in dict.fromkeys(question.split for question in questions)}
    for question in questions:
        begun = time.perf_counter()
        found = find(question.text)
        figures[question.split].add(question, found, took_ms=(time.perf_counter() - begun) * 1000)
    return figures


def questions_of(tweets: Sequence[dict[str, Any]]) -> list[Question]:
    """The tweets as questions, with the ids of the claims that they repeat."""
    return [Question(line["split"], line["claim"], frozenset(line["extra"]["same_claim_as"])) for line in tweets]


def _lines(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.ndjson.gz", "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def main() -> int:
    """Print the figures of each split."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if not (DATA / f"{CLAIMS}.ndjson.gz").is_file():
        print(f"no data in {DATA}", file=sys.stderr)
        return 1
    found_by = InMemory(list(_lines(CLAIMS)))
    for split, figures in measure(found_by.find, questions_of(list(_lines(TWEETS)))).items():
        print(f"{split:6}{figures}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
