"""New identifiers, made by the app on both engines (RFC 9562)."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4, uuid5

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_MILLISECOND: Final = (1 << 48) - 1
MOST_PLACES: Final = 1 << 8
"""Ids of one instant that are told apart by their place; those of a later place come in random order."""
RANDOM_BITS: Final = 54
DERIVED: Final = UUID("6f1d3c52-0d0b-4c57-9a0e-3f1f6a4f5b8e")
"""The namespace of ids that are derived (RFC 9562 §5.5)."""


def ordered_id(at: datetime, place: int = 0) -> str:
    """A UUIDv7 that sorts by the instant to the microsecond, and within it by the place; and that tells the instant.

    For keys, and what stands in the audit. Not for sources or anything that is said of them (RFC 9562 §6.2, method 3:
    the bits after the milliseconds are used for more time).
    """
    low = min(place, MOST_PLACES - 1) << RANDOM_BITS | uuid4().int & ((1 << RANDOM_BITS) - 1)
    return str(UUID(int=_time_bits(at) | 0b10 << 62 | low))


def first_id(at: datetime) -> str:
    """The least of all ids of that instant: what was recorded at it or later has an id that is not below."""
    return str(UUID(int=_time_bits(at) | 0b10 << 62))


def _time_bits(at: datetime) -> int:
    milliseconds, rest = divmod(at - EPOCH, timedelta(milliseconds=1))
    microseconds = rest // timedelta(microseconds=1)
    return min(max(milliseconds, 0), LAST_MILLISECOND) << 80 | 0x7 << 76 | microseconds << 66


def random_id() -> str:
    """A UUIDv4: it tells nothing."""
    return str(uuid4())


def derived_id(*parts: str) -> str:
    """A UUIDv5 of the parts, the same each time: it tells nothing to whoever does not know them."""
    return str(uuid5(DERIVED, " ".join(parts)))
