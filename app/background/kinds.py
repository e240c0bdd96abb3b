"""What follows each kind of write, and how much of it is taken up at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.access.units import Unit
from app.canonical.reach.parts import PARTS
from app.canonical.reach.portions import carry_out, looking
from app.models import FollowUpKind
from app.relations.suggestions import look_for_contradictions, suggest
from app.sources.removal import WITHDRAWN

SMALL_AT_ONCE: Final = 10
"""Follow-ups that are taken up together: one that touches a few claims is done before its time is over."""
IsSpent = Callable[[], bool]
"""Whether a portion has taken as long as it may."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind is done: what to do next is looked up over a snapshot, where it keeps nobody waiting, then done.

    `look` gets the unit, the subject and the cursor. `carry_out` gets what was found too, and whether its time is over;
    it does one thing at the least and answers with the cursor from which to go on, with None where all is done, or with
    the instant at which to begin again. Both may be run again from the same cursor: what is done already must stay as
    it is.
    """

    look: Callable[[Unit, str, str | None], Any]
    carry_out: Callable[[Unit, str, str | None, Any, IsSpent], str | datetime | None]
    at_once: int = 1
    """Follow-ups of the kind that one portion takes up."""
    is_dated_back: bool = False
    """Whether it is done as of the instant that it was due at: else how long it took would say how much is hidden."""


KINDS: Final[Mapping[FollowUpKind, Kind]] = {
    **{kind: Kind(looking(parts), carry_out, at_once=SMALL_AT_ONCE) for kind, parts in PARTS.items()},
    FollowUpKind.SOURCE_IDENTIFIED: Kind(looking(WITHDRAWN), carry_out, at_once=SMALL_AT_ONCE),
    FollowUpKind.CONTRADICTIONS: Kind(look_for_contradictions, suggest, at_once=SMALL_AT_ONCE, is_dated_back=True),
}
