"""Records of one address: the public's, and one that came along with a claim which was not out yet.

Whoever records the first must not be told of the second, so both stand until the claim comes out. Then the first takes
the place of the second wherever that is named, and what it does not say it takes over; the second stays with the
newsroom, says with which record it is joined, and the audit has it too.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.access import audit
from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import is_over, veil
from app.canonical import queries
from app.canonical.claim_contents import attribution_audience
from app.canonical.documents import record_document
from app.canonical.queries import ClaimRows
from app.canonical.release import release_of
from app.follow_ups.queries import ask
from app.models import Document, FollowUpKind
from app.models.vocabulary import AuditAction, ChangeAction, Visibility

TAKEN_OVER: Final = (
    ("archive_url",),
    ("title",),
    ("byline",),
    ("outlet_id",),
    ("published", "published_earliest_day", "published_latest_day", "published_basis"),
    ("language",),
    ("accessed_at",),
    ("text_sha256", "text"),
)
"""What a record takes over where it lacks the first of the columns."""


def name_public(unit: Unit, claims: Iterable[ClaimRows]) -> list[str]:
    """Has claims that are out name the public's records where they name others of the same address, held back.

    Answers with those others, which are joined now. Must run before the claims are recorded.
    """
    out = [rows for rows in claims if release_of(rows.claim, unit.now) is None]
    joined: dict[str, str] = {}
    for held, stands in _pairs(unit, {each for rows in out for each in _shown(rows)}):
        _join(unit, held, stands)
        joined[held.id] = stands.id
    for rows in out if joined else []:
        rows.rename_documents(joined)
        rows.document_audience.update(dict.fromkeys(joined.values(), Audience.PUBLIC))
    return list(joined)


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
    """What the public reads at the address of a document that is held back, locked; None for nothing."""
    at = None if held.canonical_url is None else queries.public_at(unit.session, held.canonical_url)
    return None if at is None else queries.locked(unit.session, Document, at)


def _join(unit: Unit, held: Document, stands: Document) -> None:
    held.visibility, held.embargo_until, held.joined_id = Visibility.INTERNAL, None, stands.id
    for columns in TAKEN_OVER:
        if getattr(stands, columns[0]) is None:
            for name in columns:
                setattr(stands, name, getattr(held, name))
    record_document(unit, held, ChangeAction.UPDATED)
    record_document(unit, stands, ChangeAction.UPDATED)
    audit.record(unit, AuditAction.DOCUMENT_JOINED, held.id)
