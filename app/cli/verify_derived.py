"""What `onrecord verify` checks of the rows that are made of others: how claims stand, texts, and their index."""

from collections.abc import Mapping, Sequence

from sqlmodel import Session

from app.canonical import queries as canonical
from app.canonical.derived import derived_of, placed, ranges_of_standing, ranges_of_text
from app.canonical.quantities import Range, quantity_range, unit_key
from app.canonical.queries import ClaimRows
from app.changes.record import Contents
from app.fulltext.index import unlike_index
from app.kit.urls import site_of
from app.listing.queries import entries_stored
from app.models import ClaimStanding, SearchText


def in_derived(session: Session, contents: Mapping[str, Contents]) -> dict[str, list[str]]:
    """What differs between the rows stored to find each claim by, and those that its contents give."""
    made = derived_of(session, contents)
    standings, texts = canonical.standings_of(session, contents), canonical.texts_of(session, contents)
    entries = entries_stored(session, contents)
    found: dict[str, list[str]] = {}
    for claim_id, of_claim in made.items():
        due = [
            ClaimStanding(claim_id=claim_id, first_audience=first, last_audience=last, **standing)
            for first, last, standing in ranges_of_standing(of_claim)
        ]
        same = [row.model_dump() for row in due] == [row.model_dump() for row in standings[claim_id]]
        found[claim_id] = [] if same else ["how the claim stands is not what its records give"]
        if entries[claim_id] != placed(of_claim):
            found[claim_id].append("what the claim is listed by is not what it says")
        found[claim_id] += in_texts(session, texts[claim_id], ranges_of_text(of_claim))
    return found


def in_keys(rows: ClaimRows) -> list[str]:
    """What differs between the columns that quantities and reviews are filtered by, and what their others give."""
    found = []
    for quantity in rows.quantities:
        stored = (quantity.unit_key, Range(quantity.low_key, quantity.high_key, quantity.is_bounded))
        if stored != (unit_key(quantity.currency or quantity.unit), quantity_range(quantity)):
            found.append("what a quantity is compared by is not what it says")
    for row in rows.assessments:
        if row.review_site != (None if row.review_url is None else site_of(row.review_url)):
            found.append("the site of a review is not that of its address")
    return found


def in_texts(session: Session, stored: Sequence[SearchText], due: Sequence[tuple[int, int, str]]) -> list[str]:
    """What differs between the texts that a resource is found by and those that are due, or what the index holds."""
    found = []
    if [(row.first_audience, row.last_audience, row.tokens) for row in stored] != list(due):
        found.append("the text that it is found by is not that of its records")
    if unlike_index(session, [(row.first_audience, row.number, row.tokens) for row in stored]):
        found.append("the index does not hold the text that it is found by")
    return found
