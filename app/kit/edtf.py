"""The Extended Date/Time Format in, strict calendar bounds out.

Reads levels 0, 1 and 2 of the Library of Congress EDTF specification (4 February 2019; ISO 8601-2:2019 Annex A) and
answers one question: between which two days does the text put the date? Qualifiers (`?`, `~`, `%`) and significant
digits never widen the answer, and an end that the text leaves open or unknown is None: bounds are never invented.
Section names in this file are those of https://www.loc.gov/standards/datetime/; what it leaves to us is in
docs/decisions/edtf.md.
"""

import re
from calendar import isleap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

# Long enough for every example in the specification many times over, short enough that no caller can make parsing slow.
_MAX_CODE_POINTS = 200
_PLAIN_LENGTH = len("YYYY-MM-DD")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_A_LEAP_YEAR = 2000
_GREGORIAN_CYCLE_YEARS = 400
_GREGORIAN_CYCLE_DAYS = 146_097
_MAX_DAY_NUMBER = 2**63 - 1
# A year of 10**17 is past any 64-bit day number, so a larger exponent need not be worked out.
_MAX_EXPONENT = 17
# Level 1 Letter-prefixed calendar year: Y stands before a year of more than four digits, and only there.
_FOUR_DIGITS = 4

# Level 1 Seasons and Level 2 Sub-year groupings, as first and last month. A season that runs into the next year stops
# with the year that is written, as in python-edtf: the text names no other year.
_SEASONS = {
    **{"21": (3, 5), "22": (6, 8), "23": (9, 11), "24": (12, 12)},  # seasons, read as northern
    **{"25": (3, 5), "26": (6, 8), "27": (9, 11), "28": (12, 12)},  # northern seasons
    **{"29": (9, 11), "30": (12, 12), "31": (3, 5), "32": (6, 8)},  # southern seasons
    **{"33": (1, 3), "34": (4, 6), "35": (7, 9), "36": (10, 12)},  # quarters
    **{"37": (1, 4), "38": (5, 8), "39": (9, 12)},  # quadrimesters
    **{"40": (1, 6), "41": (7, 12)},  # semestrals
}
_SET_CLOSERS = {"[": "]", "{": "}"}
_OPEN = ".."


def _component(name: str, body: str) -> str:
    """Pattern for one part of a date with a qualifier on its left or its right, not both (Level 2 Qualification)."""
    return rf"(?![?~%]{body}[?~%])[?~%]?(?P<{name}>{body})[?~%]?"


# No pattern has a repeat inside a repeat or two ways to match one text, so each takes time linear in its input.
_DATE = re.compile(
    _component("year", "-?[0-9X]{4}")
    + rf"(?:-{_component('month', '[0-9X]{2}')}(?:-{_component('day', '[0-9X]{2}')})?)?"
)
_LONE_YEAR = re.compile(
    r"(?:Y(?P<long>-?[1-9][0-9]*)(?:E(?P<exponent>[1-9][0-9]*))?|(?P<short>-?[0-9]{4}))"
    r"(?:S(?P<significant>[1-9][0-9]*))?"
)
# Level 0 Date and Time. 24:00:00 ends the day, there is no leap second, and ISO 8601-1 has no shift of minus zero.
_TIME = re.compile(
    r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]|24:00:00)"
    r"(?:Z|(?!-00(?::00)?$)[+-](?:(?:0[0-9]|1[0-3])(?::[0-5][0-9])?|14(?::00)?))?"
)
_COMPLETE_DATE = re.compile(r"-?[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FOREIGN = re.compile(r"[^0-9XYEST?~%/.,:Z{}\[\] +-]")

_TOO_FAR = "The year is too far away for its days to be counted in 64 bits."
_NO_MINUS_ZERO = "The year zero has no minus sign."

_Day = tuple[int, int, int]  # year, month, day; the order of the tuples is the order of the days


@dataclass(frozen=True, slots=True)
class EdtfBounds:
    """The first and last day a text can mean, written and as numbers; None where its start or end is open or unknown.

    A written day is YYYY-MM-DD, and -YYYY-MM-DD before the year 0000. A year of more than four digits carries EDTF's Y,
    as in Y170000002-01-01 and Y-170000002-01-01. Written days are for reading; sort and filter by the numbers, which
    count days of the proleptic Gregorian calendar from 1970-01-01, which is 0, and fit a signed 64-bit integer.
    """

    earliest: str | None
    latest: str | None
    earliest_day: int | None
    latest_day: int | None


class InvalidEdtf(ValueError):
    """A text is not EDTF.

    `reason` is fixed wording that repeats no part of the text; `position` is where the mistake is, in code points.
    """

    def __init__(self, reason: str, *, position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class _Span:
    """The days one date can mean; `last_start` is the first day of its last reading, 1999-01-01 for 199X."""

    first: _Day
    last: _Day
    last_start: _Day
    precision: str


def parse_edtf(text: str) -> EdtfBounds:
    """Strict bounds of an EDTF text of at most 200 code points; earliest is never after latest.

    Takes dates, date-times (bound to their calendar date as written, whatever the time shift), seasons, intervals,
    sets, and years with unspecified digits, more than four digits, an exponent or significant digits. A plain
    YYYY-MM-DD costs one or two microseconds, anything else some tens.

    Raises InvalidEdtf when the text is not EDTF, names no day of the calendar, is an interval that ends before it
    starts, or names a year too far away for 64 bits.
    """
    if len(text) == _PLAIN_LENGTH and text[4] == "-" and text[7] == "-":
        # What fails here is 0000-01-01, 156X-12-25 or a mistake: the full parser says which. It runs outside this
        # handler, so that no exception of ours carries the one of fromisoformat, which repeats the text.
        try:
            day = date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL
        except ValueError:
            day = None
        if day is not None:
            return EdtfBounds(text, text, day, day)
    first, last = _read(text)
    return EdtfBounds(
        earliest=None if first is None else _written(first),
        latest=None if last is None else _written(last),
        earliest_day=None if first is None else _day_number(first),
        latest_day=None if last is None else _day_number(last),
    )


def _read(text: str) -> tuple[_Day | None, _Day | None]:
    """First and last day of any EDTF text."""
    _check_characters(text)
    if text[0] in _SET_CLOSERS:
        return _read_set(text)
    if "/" in text:
        return _read_interval(text)
    if "T" in text:
        span = _read_date_time(text)
    elif text[0] == "Y" or "S" in text:
        span = _read_lone_year(text)
    else:
        span = _read_date(text, 0)
    return span.first, span.last


def _check_characters(text: str) -> None:
    """Refuse what no reading can mend: nothing, too much, blanks around it, characters the format does not have."""
    if not text:
        raise InvalidEdtf("An EDTF date is empty.", position=0)
    if len(text) > _MAX_CODE_POINTS:
        raise InvalidEdtf("An EDTF date has at most 200 characters.", position=_MAX_CODE_POINTS)
    if text[0].isspace():
        raise InvalidEdtf("An EDTF date has no blank before it.", position=0)
    if text[-1].isspace():
        raise InvalidEdtf("An EDTF date has no blank after it.", position=len(text) - 1)
    foreign = _FOREIGN.search(text)
    if foreign:
        raise InvalidEdtf("This character has no place in an EDTF date.", position=foreign.start())


def _read_interval(text: str) -> tuple[_Day | None, _Day | None]:
    """First day of the start and last day of the end (Level 0 Time Interval, Level 1 Extended Interval).

    Whether it ends before it starts is decided on first days, so 2004-06-11/2004-06 does. An end with unspecified
    digits counts by its last reading, so 1984-11-12/1984-11-XX does not.
    """
    start, _, end = text.partition("/")
    end_at = len(start) + 1
    if "/" in end:
        raise InvalidEdtf("An interval has one slash, between its start and its end.", position=end_at + end.index("/"))
    if not start and not end:
        raise InvalidEdtf("An interval states its start, its end, or that one of them is open (..).", position=0)
    opening = None if start in ("", _OPEN) else _read_date(start, 0)
    closing = None if end in ("", _OPEN) else _read_date(end, end_at)
    if opening and closing and opening.first > closing.last_start:
        raise InvalidEdtf("An interval's end, counted from its first day, cannot be before its start.", position=end_at)
    return _first_day(opening), _last_day(closing)


def _read_set(text: str) -> tuple[_Day | None, _Day | None]:
    """First and last day over the members of a set, in either kind of brackets (Level 2 Set representation).

    One space after a comma is let through, which the specification forbids: its draft of 2012 and python-edtf write it.
    """
    if text[-1] != _SET_CLOSERS[text[0]]:
        raise InvalidEdtf("A set ends with the bracket that matches its first.", position=len(text) - 1)
    members = text[1:-1].split(",")
    if len(members) == 1 and _OPEN not in members[0]:
        raise InvalidEdtf("A set has two members or more, or a range.", position=1)
    firsts: list[_Day | None] = []
    lasts: list[_Day | None] = []
    at = 1
    for index, member in enumerate(members):
        blank = 1 if index and member.startswith(" ") else 0
        first, last = _read_member(member[blank:], at + blank)
        if first is None and index > 0:
            raise InvalidEdtf("Only the first member of a set has an open start.", position=at + blank)
        if last is None and index < len(members) - 1:
            raise InvalidEdtf("Only the last member of a set has an open end.", position=at + blank)
        firsts.append(first)
        lasts.append(last)
        at += len(member) + 1
    earliest = None if None in firsts else min(day for day in firsts if day)
    latest = None if None in lasts else max(day for day in lasts if day)
    return earliest, latest


def _read_member(member: str, at: int) -> tuple[_Day | None, _Day | None]:
    """First and last day of one member of a set: a date, a range, or all dates up to or from one."""
    start, dots, end = member.partition(_OPEN)
    end_at = at + len(start) + len(dots)
    if not dots:
        span = _read_date(member, at)
        return span.first, span.last
    if not start and not end:
        raise InvalidEdtf("A range in a set names the date on at least one side of its dots.", position=at)
    opening = _read_date(start, at) if start else None
    closing = _read_date(end, end_at) if end else None
    if opening and closing:
        if opening.precision != closing.precision:
            raise InvalidEdtf("Both dates of a range in a set are years, or months, or days.", position=end_at)
        if opening.first > closing.last_start:
            raise InvalidEdtf("A range in a set does not end before it starts.", position=end_at)
    return _first_day(opening), _last_day(closing)


def _first_day(span: _Span | None) -> _Day | None:
    """Where a span begins, None where there is no span."""
    return None if span is None else span.first


def _last_day(span: _Span | None) -> _Day | None:
    """Where a span ends, None where there is no span."""
    return None if span is None else span.last


def _read_date_time(text: str) -> _Span:
    """The calendar date of a date-time, as written: its time shift moves nothing (Level 0 Date and Time)."""
    day, _, time = text.partition("T")
    if not _COMPLETE_DATE.fullmatch(day):
        raise InvalidEdtf("Before a time of day stands a complete date, YYYY-MM-DD, without qualifiers.", position=0)
    if not _TIME.fullmatch(time):
        raise InvalidEdtf(
            "A time of day is hh:mm:ss, alone or with Z, +hh, -hh, +hh:mm or -hh:mm.", position=len(day) + 1
        )
    return _read_date(day, 0)


def _read_lone_year(text: str) -> _Span:
    """The one year of Y170000002, Y17E7 and 1950S2, which are dates of their own and stand in no interval or set.

    Level 1 Letter-prefixed calendar year, Level 2 Exponential year and Significant digits. Digits that are not
    significant say how good the year is and do not widen its bounds.
    """
    match = _LONE_YEAR.fullmatch(text)
    if not match:
        raise InvalidEdtf(
            "A year on its own is YYYY, Y<integer> or Y<integer>E<exponent>, then S<count> if wanted.", position=0
        )
    written = match["long"] or match["short"]
    year, digits = int(written), len(written.removeprefix("-"))
    if match["exponent"]:
        exponent = int(match["exponent"])
        if exponent > _MAX_EXPONENT:
            raise InvalidEdtf(_TOO_FAR, position=match.start("exponent"))
        year *= 10**exponent
        digits += exponent
    elif match["long"] and digits <= _FOUR_DIGITS:
        raise InvalidEdtf("Y stands before a year of more than four digits, without leading zeros.", position=0)
    if match["short"] == "-0000":
        raise InvalidEdtf(_NO_MINUS_ZERO, position=0)
    if match["significant"] and int(match["significant"]) > digits:
        raise InvalidEdtf("A year has no more significant digits than digits.", position=match.start("significant"))
    return _Span((year, 1, 1), (year, 12, 31), (year, 1, 1), "year")


def _read_date(part: str, at: int) -> _Span:
    """The days of a date with any qualifiers and unspecified digits, or of a season; `at` is its place in the text."""
    match = _DATE.fullmatch(part)
    if not match:
        raise InvalidEdtf("A date is YYYY, YYYY-MM or YYYY-MM-DD, with X for an unspecified digit.", position=at)
    year, month, day = match["year"], match["month"], match["day"]
    low, high = next(_years(year, latest_first=False), None), next(_years(year, latest_first=True), None)
    if low is None or high is None:
        raise InvalidEdtf(_NO_MINUS_ZERO, position=at + match.start("year"))
    if month is None:
        return _Span((low, 1, 1), (high, 12, 31), (high, 1, 1), "year")
    if month in _SEASONS:
        if day is not None:
            raise InvalidEdtf("A season has no days.", position=at + match.start("day"))
        opening, closing = _SEASONS[month]
        return _Span((low, opening, 1), _month_end(high, closing), (high, opening, 1), "season")
    months = _fitting(month, 12)
    if not months:
        raise InvalidEdtf("A month is 01 to 12, a season 21 to 41.", position=at + match.start("month"))
    if day is None:
        return _Span((low, months[0], 1), _month_end(high, months[-1]), (high, months[-1], 1), "month")
    first, last = _first_and_last_day(year, months, _fitting(day, 31))
    if first is None or last is None:
        raise InvalidEdtf("The month has no such day.", position=at + match.start("day"))
    return _Span(first, last, last, "day")


def _first_and_last_day(year: str, months: Sequence[int], days: Sequence[int]) -> tuple[_Day | None, _Day | None]:
    """First and last real day among the readings of a date with unspecified digits, None when none is real."""
    slots = [(month, day) for month in months for day in days if day <= _month_length(_A_LEAP_YEAR, month)]
    return (
        _first_real(_years(year, latest_first=False), slots),
        _first_real(_years(year, latest_first=True), slots[::-1]),
    )


def _first_real(years: Iterable[int], slots: Sequence[tuple[int, int]]) -> _Day | None:
    """The first day, in the order given, that the calendar has; only 29 February looks past the first year."""
    if not slots:
        return None
    return next(
        ((year, month, day) for year in years for month, day in slots if day <= _month_length(year, month)),
        None,
    )


def _years(pattern: str, *, latest_first: bool) -> Iterator[int]:
    """Every year that fits -YYYY or YYYY with X for unspecified digits, in order, worked out as they are asked for."""
    negative = pattern.startswith("-")
    choices = "9876543210" if latest_first != negative else "0123456789"
    for digits in product(*(choices if digit == "X" else digit for digit in pattern.removeprefix("-"))):
        year = int("".join(digits))
        if not negative:
            yield year
        elif year:
            yield -year


def _fitting(pattern: str, largest: int) -> list[int]:
    """Numbers from 1 to `largest` that fit two digits, of which any may be X."""
    if "X" not in pattern:
        return [int(pattern)] if 1 <= int(pattern) <= largest else []
    return [
        number
        for number in range(1, largest + 1)
        if all(given in ("X", digit) for given, digit in zip(pattern, f"{number:02d}", strict=True))
    ]


def _month_length(year: int, month: int) -> int:
    """Days of a month in the proleptic Gregorian calendar, for any year."""
    if month == 2:
        return 29 if isleap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def _month_end(year: int, month: int) -> _Day:
    """The last day of a month."""
    return year, month, _month_length(year, month)


def _day_number(day: _Day) -> int:
    """Days since 1970-01-01, by way of the year of 2000 to 2399 that has the same calendar.

    Raises InvalidEdtf when the number does not fit a signed 64-bit integer.
    """
    year, month, day_of_month = day
    cycles, year_in_cycle = divmod(year - _A_LEAP_YEAR, _GREGORIAN_CYCLE_YEARS)
    twin = date(_A_LEAP_YEAR + year_in_cycle, month, day_of_month)
    number = twin.toordinal() - _EPOCH_ORDINAL + cycles * _GREGORIAN_CYCLE_DAYS
    if not -_MAX_DAY_NUMBER - 1 <= number <= _MAX_DAY_NUMBER:
        raise InvalidEdtf(_TOO_FAR, position=0)
    return number


def _written(day: _Day) -> str:
    """YYYY-MM-DD, with a minus sign before negative years and EDTF's Y before years of more than four digits."""
    year, month, day_of_month = day
    prefix = "Y" if len(str(abs(year))) > _FOUR_DIGITS else ""
    sign = "-" if year < 0 else ""
    return f"{prefix}{sign}{abs(year):04d}-{month:02d}-{day_of_month:02d}"


def day_text(number: int | None) -> str | None:
    """The day with that number, as in `EdtfBounds.earliest`; None for None."""
    if number is None:
        return None
    cycles, day_in_cycle = divmod(number - _day_number((_A_LEAP_YEAR, 1, 1)), _GREGORIAN_CYCLE_DAYS)
    twin = date.fromordinal(date(_A_LEAP_YEAR, 1, 1).toordinal() + day_in_cycle)
    return _written((twin.year + cycles * _GREGORIAN_CYCLE_YEARS, twin.month, twin.day))
