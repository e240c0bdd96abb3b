"""The days that a time in words and EDTF allows, once it is said how the claim lies in it."""

from app.canonical.values import Occurred
from app.kit.edtf import parse_edtf
from app.models.vocabulary import OccurredMode

FIRST_DAY, LAST_DAY = -(2**63), 2**63 - 1
"""The day numbers that a 64-bit integer holds."""


def occurred_days(occurred: Occurred) -> tuple[int | None, int | None]:
    """The first and the last day, in days since 1970-01-01; None where open or unknown.

    "Before 2017" ends on 2016-12-31: a claim that lies before or after a time excludes it. A time that is itself open
    on that side, as `../2016` is, says so already and is taken as it stands.
    """
    if occurred.edtf is None:
        return None, None
    bounds = parse_edtf(occurred.edtf)
    if occurred.mode is OccurredMode.BEFORE and bounds.earliest_day is not None:
        return None, max(bounds.earliest_day - 1, FIRST_DAY)
    if occurred.mode is OccurredMode.AFTER and bounds.latest_day is not None:
        return min(bounds.latest_day + 1, LAST_DAY), None
    return bounds.earliest_day, bounds.latest_day
