"""Does what else a write changes: with the write where that is little, and in portions after it where it is much."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import Veil
from app.canonical.reach.queries import Page
from app.follow_ups.queries import ask
from app.models import FollowUpKind

FEW: Final = 20
"""So many of each sort are done with the write; a claim takes 5 to 10 ms."""
IN_A_PAGE: Final = 100
"""Ids that are looked up at once, for several portions."""

Pages = Callable[[Session, str, str, int], Page]
"""What names a subject, from a place on, so many at the most: of `app.canonical.reach.queries`."""
Records = Callable[[Unit, list[str]], None]


def few_of(pages: Pages) -> Callable[[Session, str], list[str] | None]:
    """All ids of the pages, where they are few."""

    def all_of_it(session: Session, subject_id: str) -> list[str] | None:
        found = pages(session, subject_id, "", FEW + 1)
        return None if len(found) > FEW else [each for _, each in found]

    return all_of_it


@dataclass(frozen=True, slots=True)
class Part:
    """One sort of what a write changes, and how that is recorded."""

    name: str
    pages: Pages
    record: Records
    few: Callable[[Session, str], list[str] | None]
    """All that is to be recorded with the write; None where it is much."""
    record_few: Records | None = None
    """How that is recorded, where it is not as in portions."""
    at_once: int = 10
    """Ids that are recorded, and locked, together."""


Parts = Sequence[Part]


def follow(unit: Unit, kind: FollowUpKind, subject_id: str, parts: Parts, *, veil: Veil | None = None) -> None:
    """Records anew what the parts say, at once where it is little, else after the commit.

    Then the audiences of the veil read nothing that names the subject until all is done. For whoever does not read
    everything it is always done after the commit: how long a write takes must not tell how much is hidden.
    """
    unit.session.flush()
    if unit.principal.audience is not Audience.RESTRICTED:
        ask(unit, kind, [subject_id], veil=veil)
        return
    few: list[tuple[Records, list[str]]] = []
    for part in parts:
        ids = part.few(unit.session, subject_id)
        if ids is None:
            ask(unit, kind, [subject_id], veil=veil)
            return
        few.append((part.record_few or part.record, ids))
    for record, ids in few:
        if ids:
            record(unit, ids)


@dataclass(frozen=True, slots=True)
class Found:
    """The next page of a part, and whether nothing comes after it."""

    part: Part
    page: Page
    is_last: bool


def looking(parts: Parts) -> Callable[[Unit, str, str | None], Found | None]:
    """What looks up the next page of the parts; None at the end."""

    def look(unit: Unit, subject_id: str, cursor: str | None) -> Found | None:
        name, _, place = (cursor or "").partition(" ")
        names = [part.name for part in parts]
        for part in parts[names.index(name) if name in names else 0 :]:
            page = part.pages(unit.session, subject_id, place if part.name == name else "", IN_A_PAGE)
            if page:
                return Found(part, page, is_last=part is parts[-1] and len(page) < IN_A_PAGE)
        return None

    return look


def carry_out(
    unit: Unit, _subject_id: str, cursor: str | None, found: Found | None, is_spent: Callable[[], bool]
) -> str | None:
    """Records some of the page, and answers with the cursor to go on from; None where all is done."""
    if found is None:
        return None
    part, page = found.part, found.page
    for begin in range(0, len(page), part.at_once):
        some = page[begin : begin + part.at_once]
        part.record(unit, sorted({each for _, each in some}))
        unit.session.flush()
        place, own_id = some[-1]
        cursor = f"{part.name} {place}"
        # What does not come in the order of its ids is locked in one go, or two writers could wait for each other.
        if is_spent() or place != own_id:
            break
    return None if found.is_last and place == page[-1][0] else cursor
