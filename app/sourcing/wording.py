"""English for attribution lines: articles, capitals, dates and lists."""

import re
from collections.abc import Sequence
from typing import Final

TAKES_ARTICLE: Final = re.compile(
    r"(?!The )(?:.* )?(?:Agency|Assembly|Chronicle|Commission|Committee|Council|Department|Economist|Embassy|Gazette"
    r"|Globe|Government|Guardian|Herald|Ilbo|Independent|Institute|Journal|Kremlin|Ministry|Mirror|Nations|Observer|Office"
    r"|Parliament|Post|Press|Sun|Telegraph|Times|Tribune|Union)(?: (?:of|for) .*)?",
)
"""Names that English puts an article before: the Washington Post, the Ministry of Defence, but Reuters."""
DETERMINER: Final = re.compile(
    r"(?:an?|the|one|two|three|four|five|six|seven|eight|nine|ten|\d+|another|other|several|some|many|few|multiple|various"
    r"|numerous|both|all|most|his|her|its|their|our|no|this|these|those|at|more|dozens"
    r"|\S+['\u2019]s|\S+s['\u2019])(?= |$)",
    re.IGNORECASE,
)
"""First words with which a description takes no article: a number, a pronoun, "Russia's"."""
SENTENCE_STARTS: Final = re.compile(r"(?:sources?|officials?|because|on|for|local|senior|people)\b", re.IGNORECASE)
AFTER_HEAD: Final = re.compile(
    r" (?:who|whom|whose|that|which|familiar|close|briefed|with|within|in|inside|at|of|from|to|on|for|near|by|and) "
)
PLURAL: Final = re.compile(r".*(?:(?<![sui])s|people|men|women)")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Fixed, since the standard library's names follow the locale of the machine."""
PLAIN_DATE: Final = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])(?:-(\d\d))?)?([?~%])?")
QUALIFIED: Final = {"?": "perhaps ", "~": "about ", "%": "perhaps about "}
"""EDTF's marks (ISO 8601-2 §8): uncertain, approximate, both."""


def articled_name(name: str) -> str:
    """The name with "the" before it, where English has it."""
    return f"the {name}" if TAKES_ARTICLE.fullmatch(name) else name


def with_article(description: str) -> str:
    """A singular with an article, "a senior official"; a plural, and what has a determiner, stays as it is."""
    head = AFTER_HEAD.split(f"{description} ", maxsplit=1)[0].split()[-1].casefold()
    if DETERMINER.match(description) or PLURAL.fullmatch(head):
        return description
    return f"{'an' if description[0].casefold() in 'aeiou' else 'a'} {description}"


def lower_first(text: str) -> str:
    """The text to go on with in a sentence: a capital that only began one goes, that of a name stays."""
    first, space, rest = text.partition(" ")
    is_possessive = first.endswith(("'s", "\u2019s", "s'", "s\u2019"))
    begins = SENTENCE_STARTS.match(text) or (DETERMINER.match(text) and not is_possessive)
    return f"{first.lower()}{space}{rest}" if begins else text


def when(edtf: str | None, earliest: str | None, latest: str | None) -> str:
    """When, in words: "on July 19, 2022", "in July 2022", "between January and March 2023"; nothing if unknown."""
    if edtf is None:
        return ""
    if plain := PLAIN_DATE.fullmatch(edtf):
        at = "on" if plain[3] else "in"
        return f"{QUALIFIED.get(plain[4] or '', '')}{at} {_date(plain)}"
    ends = [PLAIN_DATE.fullmatch(end) for end in edtf.split("/")]
    if len(ends) == 2 and ends[0] and ends[1] and not (ends[0][4] or ends[1][4]):
        return _between(ends[0], ends[1])
    first, last = (PLAIN_DATE.fullmatch(day) if day else None for day in (earliest, latest))
    if first and last:
        return _between(first, last)
    if first:
        return f"on or after {_date(first)}"
    return f"on or before {_date(last)}" if last else ""


def _between(first: re.Match[str], last: re.Match[str]) -> str:
    if first[0] == last[0]:
        return f"{'on' if first[3] else 'in'} {_date(first)}"
    months_of_one_year = first[1] == last[1] and first[2] and last[2] and not first[3]
    begins = MONTHS[int(first[2]) - 1] if months_of_one_year else _date(first)
    return f"between {begins}{',' if first[3] else ''} and {_date(last)}"  # AP: a comma after the year of a full date


def _date(plain: re.Match[str]) -> str:
    year, month, day = plain[1], plain[2], plain[3]
    if month is None:
        return year
    name = MONTHS[int(month) - 1]
    return f"{name} {year}" if day is None else f"{name} {int(day)}, {year}"


def listed(parts: Sequence[str]) -> str:
    """One phrase of several: "a and b", "a, b and c"; where they have commas of their own, "a; b; and c"."""
    if len(parts) < 2:
        return "".join(parts)
    has_commas = any("," in part for part in parts[:-1])
    if len(parts) == 2:
        return f"{parts[0]}{',' if has_commas else ''} and {parts[1]}"
    return f"{'; '.join(parts[:-1])}; and {parts[-1]}" if has_commas else f"{', '.join(parts[:-1])} and {parts[-1]}"
