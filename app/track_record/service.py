"""Works out what became of what a source said: counts with their uncertainty, over time and by reliability."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from statistics import fmean, median
from typing import Any, Final, Literal

import orjson

from app.access.units import Reply, Unit
from app.canonical.replies import readable
from app.kit.edtf import day_text
from app.models.vocabulary import ClaimStatus, ResourceKind, Stance, Verdict
from app.track_record import queries
from app.track_record.queries import Rating, Said
from app.track_record.wilson import wilson_interval

Per = Literal["year", "month"]

FOUND_TRUE: Final = frozenset({Verdict.TRUE, Verdict.MOSTLY_TRUE})
SETTLED: Final = FOUND_TRUE | {Verdict.MIXED, Verdict.MOSTLY_FALSE, Verdict.FALSE}
"""Verdicts that say how far a claim is true; the others say why that is not said."""
INDEPENDENT: Final = 2
"""Origins that a corroborated claim has at least."""
DIGITS: Final = 4
EPOCH: Final = date(1970, 1, 1)
PARTS_OF_A_DAY: Final = {"year": 2, "month": 1}
"""How many parts of a date are left off for the period that it is in."""
METHOD: Final = (
    "Counted are the published claims that the reader may see and that originate with the source, or with a source "
    "recorded as the same: not what it passed on or published. Each claim counts once, with the verdict and the "
    "confidence of the assessment that heads it. What the source only denies, and what has been retracted, is counted "
    "apart; where it only declined to comment, it said nothing. A claim belongs to the first day on which it may have "
    "been said, else to the first on which the document it was read in may have been published, else to the day it was "
    "recorded. Intervals are Wilson's of 1927, for 95 percent. They take the claims that were checked for a sample "
    "drawn by chance: if doubtful claims are checked rather than others, the proportions tell of the choice as well."
)


@dataclass(frozen=True, slots=True)
class _Claim:
    """A claim that the source makes."""

    said: Said
    day: int
    dated_by: str


def track_record(unit: Unit, source_id: str, per: Per) -> Reply:
    """What became of what the source said, as `schemas.TrackRecord`; raises NotFound."""
    readable(unit, ResourceKind.SOURCE, source_id)
    source_ids = queries.same_sources(unit, source_id)
    attributed = (row for row in queries.said_by(unit, source_ids) if row.stance != Stance.DECLINES_TO_COMMENT)
    made, denied, retracted = _sorted_out(attributed)
    ratings = queries.ratings_of(unit, source_id)
    body = {
        "source_id": source_id,
        "source_ids": source_ids,
        "overall": _outcome(made),
        "denied": {"claims": len(denied), **_verdicts(denied)},
        "retracted": retracted,
        "dated_by": {name: sum(claim.dated_by == name for claim in made) for name in ("said", "published", "recorded")},
        "periods": _periods(made, ratings, per),
        "ratings": _ratings(made, ratings),
        "method": METHOD,
    }
    return Reply(body=orjson.dumps(body))


def _sorted_out(attributed: Iterable[Said]) -> tuple[list[_Claim], list[Said], int]:
    """The claims that the source makes, those that it only denies, and how many were retracted."""
    made: list[_Claim] = []
    denied: list[Said] = []
    retracted = 0
    for _, group in groupby(attributed, key=lambda row: row.claim_id):
        rows = list(group)
        saying = [row for row in rows if row.stance != Stance.DENIES]
        if rows[0].status == ClaimStatus.RETRACTED:
            retracted += 1
        elif saying:
            made.append(min((_dated(row) for row in saying), key=lambda claim: (_RANK[claim.dated_by], claim.day)))
        else:
            denied.append(rows[0])
    return made, denied, retracted


_RANK: Final = {"said": 0, "published": 1, "recorded": 2}
"""Of several attributions, the day of one that tells when it was said."""


def _dated(row: Said) -> _Claim:
    for name, earliest, latest in (
        ("said", row.said_earliest_day, row.said_latest_day),
        ("published", row.published_earliest_day, row.published_latest_day),
    ):
        day = latest if earliest is None else earliest
        if day is not None:
            return _Claim(row, day, name)
    return _Claim(row, _day_number(row.came_at.date()), "recorded")


def _day_number(day: date) -> int:
    return (day - EPOCH).days


def _outcome(claims: Sequence[_Claim]) -> dict[str, Any]:
    rows = [claim.said for claim in claims]
    settled = [row for row in rows if row.verdict in SETTLED]
    return {
        "claims": len(rows),
        **_verdicts(rows),
        "found_true": _proportion(sum(row.verdict in FOUND_TRUE for row in settled), len(settled)),
        "corroborated": _proportion(sum(row.origins_min >= INDEPENDENT for row in rows), len(rows)),
        "confidence": _summary([row.confidence for row in rows if row.confidence is not None]),
    }


def _verdicts(rows: Sequence[Said]) -> dict[str, Any]:
    counted = Counter(row.verdict for row in rows)
    return {
        "verdicts": {str(verdict): counted[verdict] for verdict in Verdict if counted[verdict]},
        "without_verdict": counted[None],
    }


def _proportion(n: int, of: int) -> dict[str, Any]:
    interval = wilson_interval(n, of)
    return {
        "n": n,
        "of": of,
        "estimate": round(n / of, DIGITS) if of else None,
        "low": round(interval.low, DIGITS),
        "high": round(interval.high, DIGITS),
    }


def _summary(confidences: Sequence[int]) -> dict[str, Any]:
    def of(measure: Callable[[Sequence[int]], float]) -> float | None:
        return round(measure(confidences), DIGITS) if confidences else None

    return {"n": len(confidences), "mean": of(fmean), "median": of(median), "min": of(min), "max": of(max)}


def _periods(claims: Sequence[_Claim], ratings: Sequence[Rating], per: Per) -> list[dict[str, Any]]:
    in_order = sorted(claims, key=lambda claim: claim.day)
    return [
        {"period": period, "reliability": _held_within(ratings, period), **_outcome(list(group))}
        for period, group in groupby(in_order, key=lambda claim: _period(claim.day, per))
    ]


def _period(day: int, per: Per) -> str:
    return str(day_text(day)).rsplit("-", PARTS_OF_A_DAY[per])[0]


def _held_within(ratings: Sequence[Rating], period: str) -> list[str]:
    """The reliability at the period's beginning, and each that it changed to within."""
    days = [(rating.reliability, rating.rated_on.isoformat()) for rating in ratings]
    before = [reliability for reliability, day in days if day[: len(period)] < period][-1:]
    within = [reliability for reliability, day in days if day[: len(period)] == period]
    return [reliability for reliability, _ in groupby([*before, *within])]


def _ratings(claims: Sequence[_Claim], ratings: Sequence[Rating]) -> list[dict[str, Any]]:
    """What was said before the first rating, if anything was, and while each held."""
    held = [list(group)[-1] for _, group in groupby(ratings, key=lambda rating: rating.rated_on)]
    ends = [*(rating.rated_on for rating in held[1:]), None]
    first = held[0].rated_on if held else None
    spans = [(None, None, first), *((each, each.rated_on, end) for each, end in zip(held, ends, strict=False))]
    return [
        {
            "reliability": None if rating is None else rating.reliability,
            "first_on": begin,
            "until": end,
            **_outcome(within),
        }
        for rating, begin, end in spans
        if (within := [claim for claim in claims if _lies_within(claim.day, begin, end)]) or rating is not None
    ]


def _lies_within(day: int, begin: date | None, end: date | None) -> bool:
    return (begin is None or _day_number(begin) <= day) and (end is None or day < _day_number(end))
