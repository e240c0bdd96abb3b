"""A quotation is found where it stands or refused with the nearest place; it is never moved and never repeated."""

import random
from collections.abc import Callable
from time import perf_counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.canonical.quotes import QuoteAmbiguous, QuoteFault, QuoteNotFound, QuoteSpan, locate_quote

TEXT = (
    "According to multiple sources, nine workers left the site. One source said that nine workers left the site "
    "\u201cbecause nobody paid them,\u201d and that the others stayed."
)
NINE = "nine workers left the site"
FIRST, SECOND = TEXT.find(NINE), TEXT.rfind(NINE)
EMOJI = "\U0001f600"

# Few letters, one of them beyond the Basic Multilingual Plane, so that overlaps and repetitions are common.
words = st.text(alphabet=f"ab {EMOJI}\u2019", max_size=30)


def locate(
    text: str,
    exact: str,
    *,
    prefix: str | None = None,
    suffix: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> QuoteSpan:
    return locate_quote(text, exact, prefix=prefix, suffix=suffix, start=start, end=end)


def refusal(
    text: str,
    exact: str,
    *,
    prefix: str | None = None,
    suffix: str | None = None,
    start: int | None = None,
    end: int | None = None,
) -> QuoteNotFound:
    with pytest.raises(QuoteNotFound) as refused:
        locate(text, exact, prefix=prefix, suffix=suffix, start=start, end=end)
    return refused.value


def nearest(refused: QuoteNotFound) -> tuple[int | None, int | None]:
    return refused.nearest_start, refused.nearest_end


def prose(length: int, *, seed: int = 1) -> str:
    rng = random.Random(seed)
    vocabulary = ["".join(rng.choices("abcdefghijklmnoprstuvw", k=rng.randint(2, 9))) for _ in range(2000)]
    return " ".join(rng.choices(vocabulary, k=length // 2))[:length]


def test_words_that_stand_once_are_found_without_surroundings() -> None:
    start = TEXT.index("multiple sources")

    assert locate(TEXT, "multiple sources") == QuoteSpan(start, start + 16)


def test_offsets_count_code_points_beyond_the_basic_multilingual_plane() -> None:
    assert locate(f"{EMOJI}{EMOJI} nine {EMOJI}", "nine") == QuoteSpan(3, 7)
    assert locate(f"{EMOJI}{EMOJI} nine", f"{EMOJI} nine", start=1, end=7) == QuoteSpan(1, 7)


def test_offsets_in_utf_16_units_are_refused_with_the_offsets_in_code_points() -> None:
    refused = refusal(f"{EMOJI}{EMOJI} nine", "nine", start=5, end=9)

    assert refused.fault is QuoteFault.ELSEWHERE
    assert nearest(refused) == (3, 7)


def test_empty_quotation_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one character"):
        locate(TEXT, "")


def test_words_that_stand_twice_are_ambiguous_and_both_offsets_named() -> None:
    with pytest.raises(QuoteAmbiguous) as refused:
        locate(TEXT, NINE)

    assert refused.value.offsets == (FIRST, SECOND)
    assert not refused.value.more
    assert f"{FIRST}, {SECOND}" in str(refused.value)
    assert "nine" not in str(refused.value)


def test_overlapping_places_are_ambiguous() -> None:
    with pytest.raises(QuoteAmbiguous) as refused:
        locate("aaa", "aa")

    assert refused.value.offsets == (0, 1)


def test_only_the_first_ten_of_many_places_are_named() -> None:
    with pytest.raises(QuoteAmbiguous) as refused:
        locate("a" * 1000, "a")

    assert refused.value.offsets == tuple(range(10))
    assert refused.value.more


def test_exactly_ten_places_are_all_there_are() -> None:
    with pytest.raises(QuoteAmbiguous) as refused:
        locate("a" * 10, "a")

    assert refused.value.offsets == tuple(range(10))
    assert not refused.value.more


@pytest.mark.parametrize(
    ("prefix", "suffix", "start"),
    [
        ("multiple sources, ", None, FIRST),
        ("source said that ", None, SECOND),
        (None, ". One", FIRST),
        (None, " \u201cbecause", SECOND),
        (", ", ".", FIRST),
    ],
)
def test_surroundings_tell_one_place_from_another(prefix: str | None, suffix: str | None, start: int) -> None:
    assert locate(TEXT, NINE, prefix=prefix, suffix=suffix) == QuoteSpan(start, start + len(NINE))


def test_surroundings_that_both_places_share_leave_it_ambiguous() -> None:
    with pytest.raises(QuoteAmbiguous) as refused:
        locate(TEXT, NINE, prefix=" ")

    assert refused.value.offsets == (FIRST, SECOND)


def test_offsets_tell_one_place_from_another() -> None:
    assert locate(TEXT, NINE, start=SECOND, end=SECOND + len(NINE)) == QuoteSpan(SECOND, SECOND + len(NINE))


def test_one_offset_gives_the_other() -> None:
    span = QuoteSpan(SECOND, SECOND + len(NINE))

    assert locate(TEXT, NINE, start=span.start) == span
    assert locate(TEXT, NINE, end=span.end) == span


def test_prefix_that_differs_is_refused_though_the_words_stand_once() -> None:
    refused = refusal(TEXT, "multiple sources", prefix="according to ")

    start = TEXT.index("multiple sources")
    assert refused.fault is QuoteFault.CONTEXT
    assert nearest(refused) == (start, start + 16)
    assert refused.similarity == 1.0


def test_right_offsets_do_not_excuse_a_wrong_suffix() -> None:
    refused = refusal(TEXT, NINE, suffix="?", start=FIRST, end=FIRST + len(NINE))

    assert refused.fault is QuoteFault.CONTEXT
    assert nearest(refused) == (FIRST, FIRST + len(NINE))


def test_prefix_longer_than_the_text_before_is_refused() -> None:
    assert refusal("nine left", "nine", prefix="x", start=0, end=4).fault is QuoteFault.CONTEXT


@pytest.mark.parametrize(
    ("start", "end"),
    [(FIRST + 1, FIRST + 1 + len(NINE)), (FIRST, FIRST + 3), (0, len(NINE)), (FIRST, FIRST)],
)
def test_wrong_offsets_are_refused_with_the_closest_place_of_the_words(start: int, end: int) -> None:
    refused = refusal(TEXT, NINE, start=start, end=end)

    assert refused.fault is QuoteFault.ELSEWHERE
    assert nearest(refused) == (FIRST, FIRST + len(NINE))
    assert refused.similarity == 1.0


@pytest.mark.parametrize("start", [SECOND - 1, SECOND + 1, SECOND + 40, 10**9])
def test_closest_place_may_be_the_later_one(start: int) -> None:
    assert nearest(refusal(TEXT, NINE, start=start)) == (SECOND, SECOND + len(NINE))


def test_closest_place_with_the_right_surroundings_goes_before_a_closer_one_without() -> None:
    refused = refusal(TEXT, NINE, prefix="multiple sources, ", start=SECOND + 1)

    assert nearest(refused) == (FIRST, FIRST + len(NINE))


@pytest.mark.parametrize("start", [-1, -len(NINE), -len(TEXT)])
def test_negative_offset_never_counts_from_the_end(start: int) -> None:
    assert nearest(refusal(TEXT, NINE, start=start)) == (FIRST, FIRST + len(NINE))
    assert refusal(NINE, NINE, start=-len(NINE), end=0).fault is QuoteFault.ELSEWHERE


def test_typographic_differences_are_refused_with_the_place_they_are_at() -> None:
    refused = refusal(TEXT, '"because nobody paid them,"')

    start = TEXT.index("\u201cbecause")
    assert refused.fault is QuoteFault.ABSENT
    assert nearest(refused) == (start, start + 27)
    assert 0.9 < refused.similarity < 1.0


def test_white_space_differences_are_refused_with_the_place_they_are_at() -> None:
    refused = refusal("They were\u00a0not\npaid at all.", "were not paid")

    assert refused.fault is QuoteFault.ABSENT
    assert nearest(refused) == (5, 18)


def test_misquoted_word_is_refused_with_the_nearest_passage() -> None:
    refused = refusal(TEXT, "because nobody payed them")

    assert refused.fault is QuoteFault.ABSENT
    assert refused.nearest_start is not None
    assert abs(refused.nearest_start - TEXT.index("because")) <= 1
    assert refused.similarity > 0.9


def test_nothing_alike_leaves_no_nearest_passage() -> None:
    refused = refusal(TEXT, "0123456789" * 2)

    assert refused.fault is QuoteFault.ABSENT
    assert nearest(refused) == (None, None)
    assert refused.similarity == 0.0


def test_nothing_alike_in_an_empty_text() -> None:
    assert nearest(refusal("", "nine")) == (None, None)
    assert nearest(refusal("", "nine" * 100, start=3)) == (None, None)


def test_quotation_longer_than_the_text_is_refused() -> None:
    assert nearest(refusal("nine workers left", "nine workers left early")) == (0, 17)


@pytest.mark.parametrize("length", [66, 100, 500, 10_000])
def test_long_misquotation_is_placed_despite_words_left_out_put_in_and_changed(length: int) -> None:
    text = prose(200_000)
    original = text[120_000 : 120_000 + length]
    third = length // 3
    misquoted = original[:third] + original[third + 5 : 2 * third] + " so to speak " + original[2 * third :]

    refused = refusal(text, misquoted)

    assert refused.fault is QuoteFault.ABSENT
    assert nearest(refused) == (120_000, 120_000 + length)
    assert refused.similarity > 0.8


def test_one_short_piece_in_common_is_no_resemblance() -> None:
    shared = "nine workers left"
    refused = refusal(prose(10_000) + shared + prose(10_000, seed=2), shared + "0123456789" * 20)

    assert nearest(refused) == (None, None)
    assert refused.similarity == 0.0


@pytest.mark.parametrize("text", [prose(400)[30:], prose(400)[:370]], ids=["cut at the start", "cut at the end"])
def test_nearest_passage_stays_inside_a_text_shorter_than_the_quotation(text: str) -> None:
    assert nearest(refusal(text, prose(400))) == (0, 370)


def test_passage_that_differs_in_one_letter_of_many_is_not_called_the_same() -> None:
    quotation = prose(10_000)
    refused = refusal(quotation.replace(quotation[5000:5010], "Z" * 10), quotation)

    assert 0.99 < refused.similarity < 1.0
    assert "0.99 alike" in str(refused)


def test_message_holds_neither_text_nor_quotation() -> None:
    secret = "Matsegora told Izvestia"
    text = f"In July {secret}, twice."
    refusals = [
        refusal(text, "Matsegora told Isvestia"),
        refusal(text, secret, start=0),
        refusal(text, secret, prefix="In May "),
        refusal("", secret),
    ]

    for refused in refusals:
        shown = f"{refused} {refused!r} {refused.args} {vars(refused)}"
        assert not any(word in shown for word in ("Matsegora", "told", "Izvestia", "Isvestia", "July", "May"))


def overlapping_places(text: str, exact: str) -> list[int]:
    return [place for place in range(len(text)) if text[place : place + len(exact)] == exact]


@given(before=words, exact=words.filter(bool), after=words)
def test_quotation_cut_from_a_text_is_found_at_its_offsets(before: str, exact: str, after: str) -> None:
    span = QuoteSpan(len(before), len(before) + len(exact))

    assert locate(before + exact + after, exact, start=span.start, end=span.end) == span
    assert locate(before + exact + after, exact, prefix=before, suffix=after, start=span.start, end=span.end) == span


@given(text=words, exact=words.filter(bool))
def test_answer_without_offsets_agrees_with_counting_every_place(text: str, exact: str) -> None:
    places = overlapping_places(text, exact)
    if len(places) == 1:
        assert locate(text, exact) == QuoteSpan(places[0], places[0] + len(exact))
    elif places:
        with pytest.raises(QuoteAmbiguous) as refused:
            locate(text, exact)
        assert refused.value.offsets == tuple(places[:10])
        assert refused.value.more == (len(places) > 10)
    else:
        assert refusal(text, exact).fault is QuoteFault.ABSENT


@given(text=words, exact=words.filter(bool), start=st.integers(-40, 80))
def test_wrong_start_is_answered_with_the_closest_place_and_never_accepted(text: str, exact: str, start: int) -> None:
    places = overlapping_places(text, exact)
    assume(start not in places)

    refused = refusal(text, exact, start=start)

    if places:
        near = min(max(start, 0), len(text))
        assert refused.nearest_start == min(places, key=lambda place: abs(place - near))
        assert refused.fault is QuoteFault.ELSEWHERE
    else:
        assert refused.fault is QuoteFault.ABSENT


def outcome(text: str, exact: str, *, start: int | None) -> QuoteSpan | QuoteAmbiguous | QuoteNotFound:
    try:
        return locate(text, exact, start=start)
    except (QuoteAmbiguous, QuoteNotFound) as refused:
        return refused


@given(text=st.text(max_size=300), exact=st.text(min_size=1, max_size=120), start=st.none() | st.integers(-5, 400))
def test_any_answer_is_the_exact_words_or_a_place_inside_the_text(text: str, exact: str, start: int | None) -> None:
    answer = outcome(text, exact, start=start)

    if isinstance(answer, QuoteSpan):
        assert text[answer.start : answer.end] == exact
    elif isinstance(answer, QuoteAmbiguous):
        assert all(text.startswith(exact, offset) for offset in answer.offsets)
    else:
        assert 0.0 <= answer.similarity <= 1.0
        if answer.nearest_start is not None and answer.nearest_end is not None:
            assert 0 <= answer.nearest_start < answer.nearest_end <= len(text)


MILLION = 1_000_000
TEN_THOUSAND = 10_000
# Quadratic search would take minutes on these, so the bound can be wide enough for any machine.
BOUND_S = 5.0
HARD_TEXTS = {
    "one letter": "a" * MILLION,
    "one emoji": EMOJI * MILLION,
    "five letters": "abcza" * (MILLION // 5),
    "quotation marks": "\u201cx\u2019 " * (MILLION // 4),
    "prose": prose(MILLION),
}
HARD_QUOTES: dict[str, Callable[[str, int], str]] = {
    "odd one in the middle": lambda text, size: text[: size // 2] + "Q" + text[: size - size // 2 - 1],
    "odd one at the end": lambda text, size: text[: size - 1] + "Q",
    "odd one at the start": lambda text, size: "Q" + text[: size - 1],
    "every tenth odd": lambda text, size: "".join(
        "Q" if place % 10 == 9 else letter for place, letter in enumerate(text[:size])
    ),
    "nothing alike": lambda text, size: ("0123456789" * size)[:size],
}


@pytest.mark.parametrize("size", [10, 64, 65, TEN_THOUSAND])
@pytest.mark.parametrize("quote", HARD_QUOTES)
@pytest.mark.parametrize("text", HARD_TEXTS)
def test_refusal_in_the_largest_text_is_bounded_in_time(text: str, quote: str, size: int) -> None:
    exact = HARD_QUOTES[quote](HARD_TEXTS[text], size)

    began = perf_counter()
    refused = refusal(HARD_TEXTS[text], exact, start=MILLION // 2)

    assert perf_counter() - began < BOUND_S
    assert refused.fault is QuoteFault.ABSENT


@pytest.mark.parametrize("text", HARD_TEXTS)
def test_finding_in_the_largest_text_is_bounded_in_time(text: str) -> None:
    changed = HARD_TEXTS[text][: -TEN_THOUSAND - 1] + "Q" + HARD_TEXTS[text][-TEN_THOUSAND:]
    exact = changed[-TEN_THOUSAND:]

    began = perf_counter()
    span = locate(changed, exact, prefix="Q")

    assert perf_counter() - began < BOUND_S
    assert span == QuoteSpan(len(changed) - TEN_THOUSAND, len(changed))


def test_listing_places_in_the_largest_text_is_bounded_in_time() -> None:
    began = perf_counter()
    with pytest.raises(QuoteAmbiguous):
        locate("a" * MILLION, "a" * TEN_THOUSAND, prefix="a" * TEN_THOUSAND, suffix="a" * TEN_THOUSAND)

    assert perf_counter() - began < BOUND_S
