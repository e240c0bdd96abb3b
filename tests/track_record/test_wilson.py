"""The Wilson score interval: against published values, and what holds for every proportion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.track_record.wilson import wilson_interval

WIDEST = 10**9


@pytest.mark.parametrize(
    ("n", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_it_gives_the_values_that_newcombe_published(n: int, of: int, low: float, high: float) -> None:
    """Newcombe 1998, table I, method 3."""
    interval = wilson_interval(n, of)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(0, WIDEST).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_it_lies_within_0_and_1_and_holds_the_estimate(sample: tuple[int, int]) -> None:
    n, of = sample
    interval = wilson_interval(n, of)
    assert 0 <= interval.low < interval.high <= 1
    if of:
        assert interval.low <= n / of <= interval.high


@given(st.integers(0, 10_000), st.integers(1, 10_000), st.integers(2, 1000))
def test_it_gets_narrower_with_the_size_of_the_sample(n: int, rest: int, times: int) -> None:
    of = n + rest
    one, more = wilson_interval(n, of), wilson_interval(n * times, of * times)
    assert more.high - more.low < one.high - one.low


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_what_is_true_and_what_is_not_mirror_each_other(n: int, rest: int) -> None:
    one, other = wilson_interval(n, n + rest), wilson_interval(rest, n + rest)
    assert one.low == pytest.approx(1 - other.high, abs=1e-12)


def test_of_nothing_it_is_everything() -> None:
    interval = wilson_interval(0, 0)
    assert (interval.low, interval.high) == (0, 1)
