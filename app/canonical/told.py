"""How times that were recorded are told to an audience: to the instant, or by the day alone.

Where a claim rests on a source that is not named, the public is told days: an hour could say when somebody spoke.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.changes.record import Out

TIME_OF_DAY: Final = re.compile(r"(?<=T)\d\d:\d\d:\d\d(?:\.\d+)?(?=Z$)")
"""That of an instant as documents have it."""
MIDNIGHT: Final = "00:00:00"


def told_instant(at: datetime | None, out: Out) -> datetime | None:
    """An instant that a record has, or the first of its day."""
    return None if at is None else out.told(at)


def told_edtf(text: str | None, out: Out) -> str | None:
    """An EDTF text, or of a date with a time of day the date: EDTF has a T there and nowhere else."""
    return text if text is None or not out.in_days else text.partition("T")[0]


def as_recorded(at: datetime) -> Out:
    """Everything to the instant, of what was recorded at that one: what whoever changes the record goes on from."""
    return Out(at, in_days=False, opens_at=at)


def in_days(claim: Mapping[str, Any]) -> dict[str, Any]:
    """A claim's document that may tell instants, with days alone; as `claim_content` has it for who is told days."""
    told = {name: _day(value) if name in INSTANTS else value for name, value in claim.items()}
    if claim["retraction"] is not None:
        told["retraction"] = {**claim["retraction"], "retracted_at": _day(claim["retraction"]["retracted_at"])}
    if claim["occurred"] is not None:
        told["occurred"] = {**claim["occurred"], "edtf": _date(claim["occurred"]["edtf"])}
    told["attributions"] = [{**each, "said": _date(each["said"])} for each in claim["attributions"]]
    told["assessments"] = [
        {name: _day(value) if name in INSTANTS else value for name, value in each.items()}
        for each in claim["assessments"]
    ]
    return told


INSTANTS: Final = frozenset({"recorded_at", "updated_at", "assessed_at", "embargo_until"})
"""Members of a claim's document, and of its assessments, that are instants."""


def _day(instant: str | None) -> str | None:
    return instant and TIME_OF_DAY.sub(MIDNIGHT, instant)


def _date(edtf: str | None) -> str | None:
    return edtf and edtf.partition("T")[0]
