"""Uncertain times and numbers: what possibly and what certainly lies in a window, against a model of plain Python."""

import random
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.factories import attribution_body, claim_body, recorded_document, recorded_source
from tests.fixtures.api import Api

RECORDED_ONCE = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""The claims are recorded before the first example, and each example only asks for them."""
MATCHES = ("possibly", "certainly")


@dataclass(frozen=True)
class Time:
    """An EDTF text, and the days that it allows; None where it is open."""

    edtf: str
    first: date | None
    last: date | None


@st.composite
def whole_times(draw: DrawFn) -> Time:
    """A year, a decade, a month or a day."""
    year, month = draw(st.integers(1996, 2004)), draw(st.integers(1, 12))
    day = draw(st.integers(1, monthrange(year, month)[1]))
    qualifier = draw(st.sampled_from(["", "", "~", "?"]))
    return draw(
        st.sampled_from(
            [
                Time(f"{year}{qualifier}", date(year, 1, 1), date(year, 12, 31)),
                Time(f"{year // 10}X", date(year // 10 * 10, 1, 1), date(year // 10 * 10 + 9, 12, 31)),
                Time(f"{year}-{month:02}", date(year, month, 1), date(year, month, monthrange(year, month)[1])),
                Time(f"{year}-{month:02}-{day:02}{qualifier}", date(year, month, day), date(year, month, day)),
            ]
        )
    )


@st.composite
def times(draw: DrawFn) -> Time:
    """Any time: one that is whole, or an interval, which may be open."""
    one = draw(whole_times())
    if draw(st.booleans()):
        return one
    other = draw(whole_times())
    begin, end = (one, other) if one.first is not None and one.first <= other.first else (other, one)  # type: ignore[operator]  # whole times have days
    longest = Time(f"{begin.edtf}/{end.edtf}", begin.first, end.last)
    if "X" in longest.edtf or end.last < begin.last:  # type: ignore[operator]  # as above
        longest = begin
    return draw(
        st.sampled_from(
            [longest, Time(f"{begin.edtf}/..", begin.first, None), Time(f"../{end.edtf}", None, end.last), OPEN]
        )
    )


OPEN = Time("../..", None, None)


def overlaps(time: Time, window: Time) -> bool:
    """Whether some day is in both."""
    return (time.first is None or window.last is None or time.first <= window.last) and (
        time.last is None or window.first is None or window.first <= time.last
    )


def lies_within(time: Time, window: Time) -> bool:
    """Whether every day of the time is in the window."""
    return (window.first is None or (time.first is not None and window.first <= time.first)) and (
        window.last is None or (time.last is not None and time.last <= window.last)
    )


def draws(strategy: SearchStrategy[Any], count: int) -> list[Any]:
    """So many values of the strategy, the same each time."""
    found: list[Any] = []

    @settings(max_examples=count, database=None, derandomize=True, deadline=None)
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found[:count]


def record(api: Api, fields: list[dict[str, Any]]) -> None:
    """Records a claim with each of the fields, its number as the statement."""
    document, source = recorded_document(api), recorded_source(api)
    attribution = attribution_body(document_id=document, chain=[{"role": "originator", "source_id": source}])
    del attribution["document"]
    claims = [
        claim_body(**{"statement": str(number), "attributions": [attribution]} | each)
        for number, each in enumerate(fields)
    ]
    for begin in range(0, len(claims), 100):
        api.create("/v1/claims/batch", {"claims": claims[begin : begin + 100]})


def found(api: Api, **wanted: Any) -> set[int]:
    """The numbers of the claims that a question finds."""
    params = {"limit": 200, "fields": "statement", **wanted}
    return {int(claim["statement"]) for claim in api.read("/v1/claims", params=params)["items"]}


def shifted(time: Time, mode: str) -> Time:
    """The days of what happened before or after the time."""
    if mode == "before":
        return Time(time.edtf, None, time.first - timedelta(days=1) if time.first else time.last)
    return Time(time.edtf, time.last + timedelta(days=1) if time.last else time.first, None)


def test_times_that_are_uncertain_overlap_and_lie_within_as_their_days_do(api: Api) -> None:
    recorded = [*draws(times(), 120), OPEN]
    modes = ["point_within"] * len(recorded)
    for number in range(0, 60, 6):
        modes[number] = "before" if number % 4 else "after"
    fields: list[dict[str, Any]] = [
        {"occurred": {"edtf": each.edtf, "mode": mode}} for each, mode in zip(recorded, modes, strict=True)
    ]
    record(api, [*fields, {"occurred": {"verbatim": "a while ago"}}, {}])
    meant = [
        each if mode == "point_within" else shifted(each, mode) for each, mode in zip(recorded, modes, strict=True)
    ]

    @RECORDED_ONCE
    @given(times(), st.sampled_from(MATCHES))
    def check(window: Time, match: str) -> None:
        holds = overlaps if match == "possibly" else lies_within
        expected = {number for number, each in enumerate(meant) if holds(each, window)}
        assert found(api, occurred=window.edtf, occurred_match=match) == expected

    check()


@st.composite
def days(draw: DrawFn) -> date | None:
    return draw(st.one_of(st.none(), st.dates(date(1994, 1, 1), date(2010, 1, 1))))


def test_what_was_said_between_two_days_is_what_can_have_been(api: Api) -> None:
    recorded = [*draws(times(), 60), OPEN]
    document, source = recorded_document(api), recorded_source(api)
    attribution = {"speech": "indirect", "document_id": document}
    chain = [{"role": "originator", "source_id": source}]
    saying = [{**attribution, "chain": chain, "said": each.edtf} for each in recorded]
    record(api, [{"attributions": [each]} for each in saying] + [{}])

    @RECORDED_ONCE
    @given(days(), days())
    def check(since: date | None, until: date | None) -> None:
        if (since is None and until is None) or (since and until and since > until):
            return
        wanted = {"said_from": since and since.isoformat(), "said_to": until and until.isoformat()}
        expected = {number for number, each in enumerate(recorded) if overlaps(each, Time("", since, until))}
        assert found(api, **{name: value for name, value in wanted.items() if value}) == expected

    check()


@dataclass(frozen=True)
class Numbers:
    """The numbers from one to another, None where there is no end, each end in or out; and whether that is certain."""

    low: Decimal | None
    low_is_in: bool
    high: Decimal | None
    high_is_in: bool
    is_certain: bool

    def meets(self, least: Decimal | None, most: Decimal | None) -> bool:
        if least is not None and self.high is not None and (self.high, self.high_is_in) < (least, True):
            return False
        return most is None or self.low is None or (self.low < most if not self.low_is_in else self.low <= most)

    def lies_in(self, least: Decimal | None, most: Decimal | None) -> bool:
        if not self.is_certain:
            return False
        return (least is None or (self.low is not None and self.low >= least)) and (
            most is None or (self.high is not None and self.high <= most)
        )


NUMBERS = st.one_of(
    st.integers(-30, 30).map(Decimal),
    st.decimals(-30, 30, places=1),
    st.sampled_from([Decimal(text) for text in ("0", "-0.001", "9.99", "10", "10.000", "1e37", "-1e37", "1e-37")]),
)
BY_WORDS = {
    "exact": (True, True, True),
    "at_least": (True, True, False),
    "at_most": (True, False, True),
    "more_than": (False, True, False),
    "less_than": (False, False, True),
}
"""Of a number that stands alone: whether it is in, and at which ends it is a bound."""
APPROXIMATIONS = (*BY_WORDS, "approximate", "unknown", "between")


@st.composite
def quantities(draw: DrawFn) -> tuple[dict[str, Any], Numbers | None]:
    """A quantity as it is sent, and the numbers that it can be; None without a number."""
    best, low, high = (draw(st.one_of(st.none(), NUMBERS)) for _ in range(3))
    approximation = draw(st.sampled_from(APPROXIMATIONS))
    sent = {"best": best, "low": low, "high": high}
    body = {name: format(value, "f") for name, value in sent.items() if value is not None}
    given_numbers = [value for value in sent.values() if value is not None]
    body |= {"approximation": approximation} | ({} if given_numbers else {"verbatim": "hundreds"})
    if not given_numbers:
        return body, None
    least, most = min(given_numbers), max(given_numbers)
    if low is not None or high is not None:
        return body, Numbers(least if low is not None else None, True, most if high is not None else None, True, True)
    is_in, from_here, to_here = BY_WORDS.get(approximation, (True, True, True))
    certain = approximation in BY_WORDS
    return body, Numbers(least if from_here else None, is_in, most if to_here else None, is_in, certain)


def test_numbers_that_are_uncertain_meet_and_lie_in_a_range_as_their_bounds_do(api: Api) -> None:
    recorded = draws(quantities(), 150)
    record(api, [{"quantities": [body]} for body, _ in recorded])

    @RECORDED_ONCE
    @given(st.one_of(st.none(), NUMBERS), st.one_of(st.none(), NUMBERS), st.sampled_from(MATCHES))
    def check(least: Decimal | None, most: Decimal | None, match: str) -> None:
        if (least is None and most is None) or (least is not None and most is not None and least > most):
            return
        expected = {
            number
            for number, (_, numbers) in enumerate(recorded)
            if numbers is not None and (numbers.meets if match == "possibly" else numbers.lies_in)(least, most)
        }
        wanted = {"quantity_min": least, "quantity_max": most}
        params = {name: format(value, "f") for name, value in wanted.items() if value is not None}
        assert found(api, quantity_match=match, **params) == expected

    check()


@pytest.mark.parametrize(("count", "page"), [(40, 3)])
def test_a_claim_with_several_quantities_is_found_once(api: Api, count: int, page: int) -> None:
    draw = random.Random(7)
    record(api, [{"quantities": [{"best": str(draw.randrange(9))} for _ in range(4)]} for _ in range(count)])
    params = {"quantity_min": "0", "limit": page, "include_total": True}
    reply = api.read("/v1/claims", params=params)
    seen = [claim["id"] for claim in reply["items"]]
    while reply["next_cursor"]:
        reply = api.read("/v1/claims", params={**params, "cursor": reply["next_cursor"]})
        seen += [claim["id"] for claim in reply["items"]]
    assert len(seen) == len(set(seen)) == count == reply["total"]
