"""Records of one address: the public's, and one that came along with a claim which was not out yet.

Whoever records the first must not be told of the second, so both stand until the claim comes out. Then the first takes
the place of the second wherever that is named, and what the public does not read of it it takes over; the second stays
with the newsroom, says with which record it is joined, and the audit has it too.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlmodel import Session

from app.access import audit
from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import is_over, veil
from app.canonical import queries
from app.canonical.claim_contents import attribution_audience
from app.canonical.documents import record_document
from app.canonical.queries import ClaimRows
from app.canonical.quotes import only_place
from app.canonical.release import release_of
from app.follow_ups.queries import ask
from app.models import Document, FollowUpKind, Source
from app.models.vocabulary import AuditAction, ChangeAction, Visibility

TAKEN_OVER: Final = (
    ("archive_url",),
    ("title",),
    ("byline",),
    ("published", "published_earliest_day", "published_latest_day", "published_basis"),
    ("language",),
    ("accessed_at",),
)
"""What a record takes over where it lacks the first of the columns; outlet and text have rules of their own."""


def name_public(unit: Unit, claims: Iterable[ClaimRows]) -> list[str]:
    """Has claims that are out name the public's records where they name others of the same address, held back.

    Answers with those others, which are joined now. Must run before the claims are recorded.
    """
    out = [rows for rows in claims if release_of(rows.claim, unit.now) is None]
    pairs = _pairs(unit, {each for rows in out for each in _shown(rows)})
    for held, stands in pairs:
        _join(unit, held, stands)
    for rows in out if pairs else []:
        name_joined(unit.session, rows)
    return [held.id for held, _ in pairs]


def name_joined(session: Session, rows: ClaimRows) -> None:
    """Has the claim name what the documents that it names were joined with, its quotes placed in the text of that."""
    joined = queries.joined(session, rows.document_ids)
    _place_quotes(session, rows, joined)
    rows.rename_documents(joined)
    rows.document_audience.update(queries.audiences(session, Document, joined.values()))


def _place_quotes(session: Session, rows: ClaimRows, joined: Mapping[str, str]) -> None:
    """Places each quote in the text of the other document, if that is another text: null where it is no one place."""
    digests = queries.text_digests(session, {*joined, *joined.values()})
    texts = {other: queries.text_of(session, other) for own, other in joined.items() if digests[own] != digests[other]}
    for row in rows.attributions:
        other = joined.get(row.document_id)
        if row.quote is None or other not in texts or digests[row.document_id] == digests[other]:
            continue
        text, quote = texts[other] or "", row.quote
        span = only_place(text, quote["exact"], prefix=quote["prefix"], suffix=quote["suffix"])
        row.quote = quote | {"start": span and span.start, "end": span and span.end}


def _shown(rows: ClaimRows) -> set[str]:
    """The documents that a claim which is out names to the public."""
    shown = {row.id for row in rows.attributions if attribution_audience(rows, row) is Audience.PUBLIC}
    assessed = {row.id for row in rows.assessments if row.attribution_id is None or row.attribution_id in shown}
    naming: Iterable[Any] = (
        *(row for row in rows.attributions if row.id in shown),
        *(hop for each in shown for hop in rows.hops[each]),
        *(piece for each in assessed for piece in rows.evidence[each]),
    )
    return {row.document_id for row in naming if row.document_id is not None}


def join_released(unit: Unit, document_ids: Iterable[str]) -> None:
    """Of documents whose embargo is over, joins each with what the public reads at its address.

    Where that is nothing, it is itself what the public reads there from now on, and later ones are joined with it.
    """
    joined = []
    for each in sorted(document_ids):
        for held in queries.held_back(unit.session, Document, [each]):
            if not is_over(held.embargo_until, unit.now):
                continue
            stands = _at_its_address(unit, held)
            if stands is not None:
                _join(unit, held, stands)
                joined.append(held.id)
            else:
                held.embargo_until = None
                record_document(unit, held, ChangeAction.UPDATED)
                unit.session.flush()
    follow_joined(unit, joined)


def follow_joined(unit: Unit, document_ids: Sequence[str]) -> None:
    """Has whatever names documents that were joined name what they were joined with; comes as late as can be.

    The public reads nothing that names one of them until then.
    """
    ask(unit, FollowUpKind.DOCUMENT_JOINED, document_ids, veil=veil(Audience.PUBLIC, Audience.INTERNAL))


def _pairs(unit: Unit, document_ids: Iterable[str]) -> list[tuple[Document, Document]]:
    """Those of the documents that are held back, each with what the public reads at its address, locked."""
    held = queries.held_back(unit.session, Document, document_ids)
    return [(each, stands) for each in held if (stands := _at_its_address(unit, each)) is not None]


def _at_its_address(unit: Unit, held: Document) -> Document | None:
    """What the public reads at the address of a document that is held back, locked; None for nothing.

    And None for a document that is not for the public once it is out: it keeps what it says to itself.
    """
    if held.canonical_url is None or held.visibility is not Visibility.PUBLIC:
        return None
    at = queries.public_at(unit.session, held.canonical_url)
    return None if at is None else queries.locked(unit.session, Document, at)


def _join(unit: Unit, held: Document, stands: Document) -> None:
    held.visibility, held.embargo_until, held.joined_id = Visibility.INTERNAL, None, stands.id
    for columns in TAKEN_OVER:
        if getattr(stands, columns[0]) is None:
            for name in columns:
                setattr(stands, name, getattr(held, name))
    if stands.text is None and stands.text_sha256 in {None, held.text_sha256}:
        stands.text, stands.text_sha256 = held.text, held.text_sha256
    if _takes_outlet(unit.session, held.outlet_id, stands.outlet_id):
        stands.outlet_id = held.outlet_id
    record_document(unit, held, ChangeAction.UPDATED)
    record_document(unit, stands, ChangeAction.UPDATED)
    audit.record(unit, AuditAction.DOCUMENT_JOINED, held.id)


def _takes_outlet(session: Session, new: str | None, old: str | None) -> bool:
    """Whether a record takes over an outlet: one that is public, in place of none that the public reads."""
    if new is None or queries.audiences(session, Source, [new])[new] is not Audience.PUBLIC:
        return False
    return old is None or not queries.bodies_shown(session, [old], Audience.PUBLIC)
