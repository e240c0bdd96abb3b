"""Instants, and the days that they lie in: all in UTC."""

from datetime import UTC, date, datetime, timedelta


def day_of(at: datetime) -> date:
    """The UTC date of an instant."""
    return at.astimezone(UTC).date()


def start_of_day(at: datetime) -> datetime:
    """The first instant of the day that an instant lies in: what stands for a day where an instant is expected."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def end_of_day(at: datetime) -> datetime:
    """The last instant, to the microsecond, of the day that an instant lies in."""
    return start_of_day(at) + timedelta(days=1, microseconds=-1)
