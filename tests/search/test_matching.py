"""Which claims say what a text says: the words to look for, the score, and the figures on real tweets."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.words import indexed, tokens
from app.search.matching import (
    MOST_CANDIDATES,
    MOST_COUNTED,
    MOST_WORDS,
    SHORTLISTED,
    Candidate,
    Matcher,
    query_words,
    retrieval_words,
    says_nothing,
    telling,
)
from benchmarks.matching import CLAIMS, LANGUAGE, TWEETS, measure, questions_of
from tests.fixtures.data import data_lines

STATEMENT = "North Korea sent 500 workers to Russia to build houses in Kursk."
FEW = 3


def score(text: str, statement: str, *titles: str, language: str | None = "en", count: int = FEW) -> float:
    """The score of one claim, where each word of the text stands in `count` claims."""
    counts = dict.fromkeys(query_words(text, language), count)
    candidate = Candidate(key=0, statement=statement, titles=titles, language=language)
    [match] = Matcher(text, language, counts).ranked([candidate])
    return match.score


@pytest.mark.parametrize("title", [(), ("Did North Korea send workers abroad?",), ("",)])
def test_the_same_words_score_1(title: Sequence[str]) -> None:
    assert score(STATEMENT, STATEMENT, *title) == 1


def test_the_title_alone_may_be_what_was_said() -> None:
    assert score(STATEMENT, "Pyongyang's labour abroad earns it money.", STATEMENT) == 1


@given(st.text(), st.text(), st.integers(0, MOST_COUNTED))
def test_scores_lie_between_0_and_1_and_a_text_with_words_is_like_itself(text: str, other: str, count: int) -> None:
    assert 0 <= score(text, other, count=count) <= 1
    assert score(text, text, count=count) == (1 if query_words(text, "en") else 0)


def test_what_has_only_function_words_in_common_is_unlike() -> None:
    assert score(STATEMENT, "The mayor is to speak in the park on the first day of spring.") < 0.2
    assert score(STATEMENT, "Cats purr.") == 0


@pytest.mark.parametrize(
    "less_alike",
    [
        "North Korea sent 50 workers to Russia to build houses in Kursk.",  # another number
        "North Korea sent 500 workers to Russia to build houses in Omsk.",  # another name
        "South Africa sent 500 workers to Russia to build houses in Kursk.",
        "Russia sent 500 workers to North Korea to build houses in Kursk.",  # another order
    ],
)
def test_what_differs_in_a_number_a_name_or_the_order_is_less_alike(less_alike: str) -> None:
    assert 0.5 < score(STATEMENT, less_alike) < 0.99


def test_rare_words_tell_more_than_common_ones() -> None:
    counts = dict.fromkeys(query_words("president of Kiribati"), MOST_COUNTED) | {tokens("Kiribati")[0]: 1}
    matcher = Matcher("president of Kiribati", None, counts)
    candidates = [Candidate(key="common", statement="A president"), Candidate(key="rare", statement="A Kiribati")]
    assert [match.key for match in matcher.ranked(candidates)] == ["rare", "common"]


def test_other_claims_do_not_move_a_score() -> None:
    counts = dict.fromkeys(query_words(STATEMENT, "en"), FEW)
    one, other = Candidate(key=1, statement="Workers in Kursk"), Candidate(key=2, statement=STATEMENT)
    matcher = Matcher(STATEMENT, "en", counts)
    assert matcher.ranked([one])[0] == matcher.ranked([other, one])[1]


def test_claims_that_are_as_good_stay_in_their_order() -> None:
    matcher = Matcher("Kursk", "en", {"kursk": FEW})
    assert [match.key for match in matcher.ranked(Candidate(key=key, statement="Kursk") for key in (3, 1, 2))] == [
        3,
        1,
        2,
    ]
    assert matcher.shortlist((key, " kursk ") for key in (3, 1, 2)) == [3, 1, 2]


def test_the_shortlist_is_the_best_by_their_indexed_tokens() -> None:
    matcher = Matcher(STATEMENT, "en", dict.fromkeys(query_words(STATEMENT, "en"), FEW))
    others = [(number, " kursk  2023 ") for number in range(2 * SHORTLISTED)]
    shortlist = matcher.shortlist([*others, (-1, indexed(tokens(STATEMENT, "en")))])
    assert shortlist[:2] == [-1, 0]
    assert len(shortlist) == SHORTLISTED
    assert len(matcher.shortlist(others, most=SHORTLISTED + 10)) == SHORTLISTED + 10


def test_the_counts_of_function_words_move_no_score() -> None:
    words = query_words(STATEMENT, "en")
    counts = dict.fromkeys(words, FEW)
    uncounted = dict.fromkeys(telling(words), FEW)
    assert uncounted.keys() < counts.keys()
    claims = [Candidate(key=1, statement="The North Korean workers are to build houses in the park.", language="en")]
    assert Matcher(STATEMENT, "en", counts).ranked(claims) == Matcher(STATEMENT, "en", uncounted).ranked(claims)


@pytest.mark.parametrize(
    ("text", "language", "is_empty"),
    [
        ("The of and", "en", True),
        ("The of and", None, True),
        ("Elle est partie", "fr-CA", False),
        ("Elle est avec les", "fr-CA", True),
        ("War die", "en", False),
        ("war die", "de", True),
        ("war die", None, False),
        ("the", "ja", False),
        ("?!", "en", True),
    ],
)
def test_a_text_of_the_function_words_of_its_language_says_nothing(
    text: str, language: str | None, is_empty: bool
) -> None:
    assert says_nothing(query_words(text, language), language) is is_empty


def test_inflected_words_are_the_same_in_the_language_of_both() -> None:
    assert score("o trabalhador brasileiro", "Os trabalhadores brasileiros", language="pt") > 0.5
    assert score("рабочие Курска", "Рабочих Курска", language="ru") == 1


def test_tags_and_handles_are_read_as_the_words_in_them() -> None:
    found = query_words("@realDonaldTrump on #AustralianFires2020 and #NATO", "en")
    assert {"real", "donald", "trump", "australian", "fire", "2020", "nato", "realdonaldtrump"} <= set(found)


def test_addresses_and_emoji_are_no_words() -> None:
    assert query_words("Fire 🔥 https://t.co/ab12 www.example.org/x saidpic.twitter.com/9xY 😮", "en") == [
        "fire",
        "said",
    ]


def test_words_to_count_are_distinct_and_bounded() -> None:
    assert query_words("fire fires FIRE") == ["fire"]
    assert len(query_words(" ".join(f"w{number}" for number in range(1000)))) == MOST_WORDS
    assert query_words("?! https://t.co/x") == []


def test_claims_are_fetched_by_the_rarest_words_until_there_are_enough() -> None:
    counts = {"rare": 2, "other": 90, "absent": 0, "known": 500, "usual": 900, "common": MOST_COUNTED, "the": 40}
    assert retrieval_words(counts) == ["rare", "other", "known"]
    assert retrieval_words(counts, most=1500) == ["rare", "other", "known", "usual"]
    assert retrieval_words(counts, most=1) == ["rare"]


def test_where_all_words_are_common_the_rarest_is_used() -> None:
    assert retrieval_words({"common": MOST_COUNTED, "the": 40}) == ["the"]
    assert retrieval_words({"absent": 0}) == []
    assert retrieval_words({}) == []


class InMemory:
    """Does in memory what the service does in SQL: counts capped, claims that hold a chosen word, so many at most."""

    def __init__(self, claims: Sequence[dict[str, Any]]) -> None:
        self._claims = {
            line["id"]: Candidate(
                key=line["id"], statement=line["claim"], titles=(line["document"],), language=LANGUAGE
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
        words = telling(query_words(text, LANGUAGE))
        frequencies = {word: min(MOST_COUNTED, len(self._holding.get(word, ()))) for word in words}
        matcher = Matcher(text, LANGUAGE, frequencies)
        holding = dict.fromkeys(key for word in retrieval_words(frequencies) for key in self._holding[word])
        candidates = [(key, self._tokens[key]) for key in islice(holding, MOST_CANDIDATES)]
        return [match.key for match in matcher.ranked(self._claims[key] for key in matcher.shortlist(candidates))]


def test_real_tweets_find_the_claims_that_they_repeat() -> None:
    claims, tweets = data_lines(CLAIMS), data_lines(TWEETS)
    dev = [question for question in questions_of(tweets) if question.split == "dev"]
    figures = measure(InMemory(claims).find, dev)["dev"]
    assert figures.questions == 199
    assert figures.success_at_1 >= 0.86
    assert figures.success_at_5 >= 0.94
