"""EDTF bounds: our own cases, properties, and the lists of two other implementations where their data is at hand.

Tests of the lists are skipped where those are absent.
"""

import ast
import inspect
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from timeit import repeat
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.kit import edtf
from app.kit.edtf import EdtfBounds, InvalidEdtf, parse_edtf
from tests.fixtures.data import data_file

EDTF_CHARACTERS = "0123456789XYEST?~%/.,:Z{}[] +-"
EPOCH_ORDINAL = 719_163

# python-edtf ends an interval of unknown end ten years on. We never invent a bound: the one way in which we differ.
PADDED_BY_PYTHON_EDTF = {
    "/2006": (None, "2006-12-31"),
    "2004-06-01/": ("2004-06-01", None),
    "1984-06-02?/": ("1984-06-02", None),
}

EITHER_END = "Level 1 lets either end be unknown or open"
COMPONENT = "Level 2 qualifies any component, on its left alone or on its right with all before it"
X_MONTH = "Level 2 has unspecified digits in the dates of an interval"
NO_BLANKS = "a date has no blanks"
DRAFT_BLANK = "the specification has no blanks in sets; we let one through after a comma, as its 2012 draft wrote it"
BACKWARDS = "an interval does not end before it starts"
COARSE_END = (
    "the specification is silent; an end counts from its first day, as both validators refuse 2004-06-11%/2004-%06"
)

# What python-edtf and the labels of edtf-validate do not agree on: is it EDTF, and why.
DISAGREEMENTS = {
    "/..": (True, EITHER_END),
    "../": (True, EITHER_END),
    "1984?-06/2004-08?": (True, COMPONENT),
    "-1984-?06-02/2004-08-08~": (True, COMPONENT),
    "1984-?06-02/2004-06-11%": (True, COMPONENT),
    "2003-06-11%/2004-%06": (True, COMPONENT),
    "2004-06~/2004-06-%11": (True, COMPONENT),
    "1984?/2004~-06": (True, COMPONENT),
    "?2004-06~-10/2004-06-%11": (True, COMPONENT),
    "1984-06-?02/2004-06-11%": (True, COMPONENT),
    "2000-XX/2012": (True, X_MONTH),
    " 1863-03-29": (False, NO_BLANKS),
    "1863-03-29 ": (False, NO_BLANKS),
    "[1667,1668, 1670..1672]": (True, DRAFT_BLANK),
    "{-1667,1668, 1670..1672}": (True, DRAFT_BLANK),
    "2012-24/2012-21": (False, BACKWARDS),
    "2012-23/2012-22": (False, BACKWARDS),
    "0800/-0999": (False, BACKWARDS),
    "-1000/-2000": (False, BACKWARDS),
    "1000/-2000": (False, BACKWARDS),
    "0001/0000": (False, BACKWARDS),
    "0000/-0001": (False, BACKWARDS),
    "0000-01-03/0000-01": (False, COARSE_END),
    "0000-02/0000": (False, COARSE_END),
    "2004-06-11%/2004-06~": (False, COARSE_END),
}


def oracle(name: str) -> Any:
    return json.loads(data_file(f"oracles/{name}").read_text(encoding="utf-8"))


def written(text: str) -> tuple[str | None, str | None]:
    bounds = parse_edtf(text)
    return bounds.earliest, bounds.latest


def is_valid(text: str) -> bool:
    try:
        parse_edtf(text)
    except InvalidEdtf:
        return False
    return True


def strict_bounds(entry: list[str]) -> tuple[str | None, str | None]:
    """python-edtf's entry as we write it: one or three values are one day, infinity is open, long years have a Y."""
    pair = (entry[0], entry[0]) if len(entry) in (1, 3) else (entry[0], entry[1])
    first, last = (None if day in ("-inf", "inf") else re.sub(r"^(-?[0-9]{5,})", r"Y\1", day) for day in pair)
    return first, last


def test_bounds_equal_those_of_python_edtf_but_for_unknown_ends() -> None:
    examples = oracle("python_edtf_examples.json")
    expected = {text: PADDED_BY_PYTHON_EDTF.get(text, strict_bounds(entry)) for text, entry in examples}

    assert {text: written(text) for text in expected} == expected
    assert set(expected) >= set(PADDED_BY_PYTHON_EDTF)


def test_what_python_edtf_calls_bad_is_refused() -> None:
    bad = [text for text in oracle("python_edtf_bad_examples.json") if text is not None]

    assert [text for text in bad if is_valid(text)] == []


def test_validity_equals_the_lists_that_both_validators_agree_on() -> None:
    labels = {
        text: not name.startswith("invalid")
        for name, texts in oracle("edtf_validate_lists.json").items()
        for text in texts
        if text not in DISAGREEMENTS
    }

    assert {text: is_valid(text) for text in labels} == labels


def test_every_disagreement_stands_in_the_lists() -> None:
    lists = oracle("edtf_validate_lists.json")

    assert set(DISAGREEMENTS) <= {text for texts in lists.values() for text in texts}


@pytest.mark.parametrize("text", DISAGREEMENTS)
def test_disagreements_go_the_way_we_chose(text: str) -> None:
    valid, why = DISAGREEMENTS[text]

    assert is_valid(text) is valid, why


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2017", "2017-01-01", "2017-12-31"),
        ("2017-02", "2017-02-01", "2017-02-28"),
        ("2016-02", "2016-02-01", "2016-02-29"),
        ("2016-02-29", "2016-02-29", "2016-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("0000-02-29", "0000-02-29", "0000-02-29"),
        ("-0004-02", "-0004-02-01", "-0004-02-29"),
        ("2017-11/2017-12", "2017-11-01", "2017-12-31"),
        ("2017/2017-06", "2017-01-01", "2017-06-30"),
        ("../2016-12-31", None, "2016-12-31"),
        ("../2016", None, "2016-12-31"),
        ("/2016", None, "2016-12-31"),
        ("2017-03-05/..", "2017-03-05", None),
        ("2017-03-05/", "2017-03-05", None),
        ("../..", None, None),
    ],
)
def test_dates_and_intervals(text: str, earliest: str | None, latest: str | None) -> None:
    assert written(text) == (earliest, latest)


def test_before_2017_ends_with_2016() -> None:
    before = EdtfBounds(earliest=None, latest="2016-12-31", earliest_day=None, latest_day=17_166)

    assert parse_edtf("../2016-12-31") == parse_edtf("../2016") == before


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2022-11-0X", "2022-11-01", "2022-11-09"),
        ("2022-11-3X", "2022-11-30", "2022-11-30"),
        ("2022-11-X9", "2022-11-09", "2022-11-29"),
        ("2022-02-XX", "2022-02-01", "2022-02-28"),
        ("2022-1X", "2022-10-01", "2022-12-31"),
        ("2022-XX-31", "2022-01-31", "2022-12-31"),
        ("2022-0X-31", "2022-01-31", "2022-08-31"),
        ("20X2", "2002-01-01", "2092-12-31"),
        ("XXXX-12-24", "0000-12-24", "9999-12-24"),
        ("19XX-02-29", "1904-02-29", "1996-02-29"),
        ("XX00-02-29", "0000-02-29", "9600-02-29"),
        ("-000X", "-0009-01-01", "-0001-12-31"),
        ("-XXXX-XX-XX", "-9999-01-01", "-0001-12-31"),
        ("201X-24", "2010-12-01", "2019-12-31"),
    ],
)
def test_unspecified_digits_take_only_values_the_calendar_has(text: str, earliest: str, latest: str) -> None:
    assert written(text) == (earliest, latest)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2018-21", "2018-03-01", "2018-05-31"),
        ("2018-24", "2018-12-01", "2018-12-31"),
        ("2018-26", "2018-06-01", "2018-08-31"),
        ("2018-30", "2018-12-01", "2018-12-31"),
        ("2018-32", "2018-06-01", "2018-08-31"),
        ("2018-33", "2018-01-01", "2018-03-31"),
        ("2018-38", "2018-05-01", "2018-08-31"),
        ("2018-41", "2018-07-01", "2018-12-31"),
        ("2018-23~", "2018-09-01", "2018-11-30"),
        ("2018-21/2018-22", "2018-03-01", "2018-08-31"),
    ],
)
def test_seasons_and_other_parts_of_a_year(text: str, earliest: str, latest: str) -> None:
    assert written(text) == (earliest, latest)


@pytest.mark.parametrize("text", ["2019-05?", "2019~-05", "?2019-~05", "%2019-05", "2019-%05", "2019?-05~"])
def test_qualifiers_do_not_widen_bounds(text: str) -> None:
    assert written(text) == ("2019-05-01", "2019-05-31")


@pytest.mark.parametrize("text", ["2019??", "~2019?", "2019-~05?", "2019-?", "?", "?/2019", "..~/2019"])
def test_a_component_has_one_qualifier_at_most(text: str) -> None:
    assert not is_valid(text)


@pytest.mark.parametrize("shift", ["", "Z", "+14:00", "-11", "-11:30", "+00:00"])
def test_a_date_time_is_bound_to_its_date_as_written(shift: str) -> None:
    assert written(f"2020-12-31T23:59:59{shift}") == written(f"2020-12-31T24:00:00{shift}") == ("2020-12-31",) * 2


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2020-12-31T23:59",
            "2020-12-31T24:00:01",
            "2020-12-31T23:59:60",
            "2020-12-31T10:00:00.5",
            "2020-12T10:00:00",
        ),
        *("2020-12-31T10:00:00-00:00", "2020-12-31T10:00:00+14:30", "2020-12-31T10:00:00+0200", "2020-12-3XT10:00:00"),
        *("2020-02-30T10:00:00Z", "2020-12-31T10:00:00/2021", "[2020-12-31T10:00:00,2021]"),
    ],
)
def test_a_time_of_day_is_whole_and_stands_after_a_whole_date(text: str) -> None:
    assert not is_valid(text)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("[2011,2013]", "2011-01-01", "2013-12-31"),
        ("[2013,2011-06]", "2011-06-01", "2013-12-31"),
        ("{2011-06, 2012..2014}", "2011-06-01", "2014-12-31"),
        ("{2011-06-05..2011-06-07}", "2011-06-05", "2011-06-07"),
        ("[..2011-06]", None, "2011-06-30"),
        ("{2009,2011-06..}", "2009-01-01", None),
        ("[..2009,2011..]", None, None),
    ],
)
def test_sets_are_bound_by_their_first_and_last_member(text: str, earliest: str | None, latest: str | None) -> None:
    assert written(text) == (earliest, latest)


@pytest.mark.parametrize(
    "text",
    [
        *("[", "[]", "[2011]", "[..]", "[2011,]", "[,2011]", "[2011,2012}", "[2011,2012", "[2011,  2012]"),
        *("[2011 ,2012]", "[2012..2011]", "[2011..2012-05]", "[2011..,2013]", "[2011,..2013]"),
        *("[2011..2012..2013]", "[[2011,2012],2013]"),
    ],
)
def test_malformed_sets_are_refused(text: str) -> None:
    assert not is_valid(text)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("Y12345", "Y12345-01-01", "Y12345-12-31"),
        ("Y-12345", "Y-12345-01-01", "Y-12345-12-31"),
        ("Y13E3", "Y13000-01-01", "Y13000-12-31"),
        ("Y2E3", "2000-01-01", "2000-12-31"),
        ("-1066S2", "-1066-01-01", "-1066-12-31"),
        ("Y-13E3S2", "Y-13000-01-01", "Y-13000-12-31"),
    ],
)
def test_years_on_their_own(text: str, earliest: str, latest: str) -> None:
    assert written(text) == (earliest, latest)


@pytest.mark.parametrize(
    "text",
    [
        *("Y", "Y2019", "Y02019", "Y012345", "YX2345", "Y12345-01", "Y12345?", "Y13E", "Y13E0", "Y0E5", "12345"),
        *("1950S", "1950S0", "1950S5", "S2", "-0000S1", "Y12345/Y12346", "[Y12345,Y12346]", "1950S2/1960"),
    ],
)
def test_malformed_long_years_are_refused(text: str) -> None:
    assert not is_valid(text)


def test_a_long_year_fits_64_bits_or_is_refused() -> None:
    last_year = 25_252_734_927_768_523
    last_day = parse_edtf(f"Y{last_year}").latest_day

    assert last_day is not None
    assert 2**63 - 366 <= last_day < 2**63
    for text in (f"Y{last_year + 1}", f"Y-{last_year}", "Y9E17", "Y1E999999999", "Y" + "9" * 199):
        with pytest.raises(InvalidEdtf, match="64 bits"):
            parse_edtf(text)


def test_day_numbers_count_from_1970() -> None:
    # A cycle of 400 years has 146,097 days, so the same day a million cycles on is that much further.
    assert parse_edtf("1970-01-01").earliest_day == 0
    assert parse_edtf("1969-12-31").earliest_day == -1
    assert parse_edtf("0000-12-31").earliest_day == -EPOCH_ORDINAL
    assert parse_edtf("Y400001970").earliest_day == 146_097 * 1_000_000
    assert parse_edtf("Y-399998030").earliest_day == -146_097 * 1_000_000


MISTAKES_BY_POSITION = {
    0: ["", "/", " 2019", "-0000", "-0000-01-01", "2019T", "٢٠١٩-01-01"],
    3: ["198u"],
    4: ["2019\n"],
    5: ["2019-13", "2019-00", "2019-20", "2019-42", "2019-2X", "2019-o1", "2019/2018"],
    7: ["[2019..2018]"],
    8: ["2019-02-29", "2019-04-31", "2019-04-00", "2019-02-3X", "2XX1-02-29", "2019-21-05"],
    9: ["2019/2020/2021"],
    11: ["2019-06-15/2019", "[2019,2020-13]", "2019-01-01T9"],
    12: ["[2019, 2020-13]"],
    13: ["2019/2020-02-30"],
    200: ["2019" * 51],
}


@pytest.mark.parametrize(
    ("text", "position"), [(text, position) for position, texts in MISTAKES_BY_POSITION.items() for text in texts]
)
def test_refusals_say_where(text: str, position: int) -> None:
    with pytest.raises(InvalidEdtf) as refusal:
        parse_edtf(text)

    assert refusal.value.position == position


@pytest.mark.parametrize(
    "text", ["approximately 100,000 workers", "2019-99-77", "2019-77-99T18:34:56", "[8765,4321..1234]"]
)
def test_a_refusal_carries_no_part_of_the_text(text: str) -> None:
    with pytest.raises(InvalidEdtf) as refusal:
        parse_edtf(text)

    seen = f"{refusal.value!s} {refusal.value!r} {refusal.value.args}"
    assert not [word for word in re.findall(r"[A-Za-z]{4,}|[0-9]{2,}", text) if word in seen]
    assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_every_reason_is_fixed_wording() -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(edtf)))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == InvalidEdtf.__name__
    ]

    assert calls
    for call in calls:
        reason = call.args[0]
        assert isinstance(reason, ast.Constant) or (isinstance(reason, ast.Name) and reason.id.isupper())


@given(st.dates())
def test_every_iso_date_is_its_own_bounds(day: date) -> None:
    number = day.toordinal() - EPOCH_ORDINAL

    assert parse_edtf(day.isoformat()) == EdtfBounds(day.isoformat(), day.isoformat(), number, number)


@given(st.dates(), st.dates())
def test_an_interval_of_days_is_valid_when_it_does_not_run_backwards(first: date, last: date) -> None:
    assert is_valid(f"{first}/{last}") is (first <= last)


@given(st.dates(), st.lists(st.sampled_from([0, 1, 2, 3, 5, 6, 8, 9]), max_size=3))
def test_unspecified_digits_are_bound_by_the_days_that_fit(day: date, unspecified: list[int]) -> None:
    pattern = "".join("X" if index in unspecified else digit for index, digit in enumerate(day.isoformat()))
    readings = ("".join(choice) for choice in product(*("0123456789" if char == "X" else char for char in pattern)))
    # The year 0000 is no date of Python's, which is what says here which days there are.
    assume(not re.fullmatch("[0X]{4}", pattern[:4]))
    days = [reading for reading in readings if is_calendar_day(reading)]

    assert written(pattern) == (min(days), max(days))


def is_calendar_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@given(st.integers(min_value=-9999, max_value=9999), st.sampled_from(range(1, 13)))
def test_the_day_after_a_month_is_the_first_of_the_next(year: int, month: int) -> None:
    sign = "-" if year < 0 else ""
    this = parse_edtf(f"{sign}{abs(year):04d}-{month:02d}")
    first_day, last_day = this.earliest_day, this.latest_day

    assert first_day is not None
    assert last_day is not None
    twin = date(2000 + year % 400, month, 1)
    following = (twin + timedelta(days=31)).replace(day=1)
    assert last_day - first_day + 1 == (following - twin).days


components = st.text("0123456789X?~%", min_size=2, max_size=5)
near_dates = st.one_of(
    st.dates().map(str),
    st.builds("{}-{}-{}".format, components, components, components),
    st.builds("{}{}-{}".format, st.sampled_from(["", "-"]), components, components),
    components,
    st.sampled_from(
        ["", "..", "199X", "20XX-1X", "2001-21", "1984~", "-0500", "Y17E7", "1950S2", "2001-01-01T00:00:00Z"]
    ),
)
near_edtf = st.one_of(
    near_dates,
    st.builds("{}/{}".format, near_dates, near_dates),
    st.builds("[{},{}..{}]".format, near_dates, near_dates, near_dates),
    st.builds("{{{}, {}}}".format, near_dates, near_dates),
    st.builds("Y{}E{}S{}".format, st.integers(), st.integers(), st.integers()),
    st.text(EDTF_CHARACTERS, max_size=30),
    st.text(max_size=250),
)


@given(near_edtf)
def test_any_text_has_ordered_bounds_or_is_refused(text: str) -> None:
    bounds = bounds_or_refusal(text)
    if isinstance(bounds, InvalidEdtf):
        assert bounds.position is not None
        assert 0 <= bounds.position <= len(text)
        return
    assert (bounds.earliest is None) is (bounds.earliest_day is None)
    assert (bounds.latest is None) is (bounds.latest_day is None)
    if bounds.earliest_day is not None and bounds.latest_day is not None:
        assert -(2**63) <= bounds.earliest_day <= bounds.latest_day < 2**63


def bounds_or_refusal(text: str) -> EdtfBounds | InvalidEdtf:
    try:
        return parse_edtf(text)
    except InvalidEdtf as refusal:
        return refusal


def microseconds(call: Callable[[str], object], text: str, *, loops: int) -> float:
    """The quickest of many short runs, which other work on the machine disturbs least."""
    return min(repeat("call(text)", globals={"call": call, "text": text}, number=loops, repeat=30)) / loops * 1e6


def test_a_plain_date_takes_the_fast_path() -> None:
    # Measured: 10 to 25 times what date.fromisoformat takes, most of it to make the result; the full parser takes 350.
    ours = microseconds(parse_edtf, "2017-03-05", loops=1000)
    python = microseconds(date.fromisoformat, "2017-03-05", loops=1000)

    print(f"plain date {ours:.2f} µs, date.fromisoformat {python:.3f} µs, ratio {ours / python:.0f}")  # noqa: T201 asked for
    assert ours < 80 * python


@pytest.mark.parametrize("piece", [*EDTF_CHARACTERS, "XX04-02-29,", "~2004-06", "1984?-", "1670..1672,", "2004/"])
def test_time_grows_with_the_length_of_the_text_alone(piece: str) -> None:
    short, long = "{" + piece * 2 + "2004}", "{" + piece * (190 // len(piece)) + "2004}"

    spent = microseconds(bounds_or_refusal, short, loops=3)
    assert microseconds(bounds_or_refusal, long, loops=3) < 3 * len(long) / len(short) * spent + 50
