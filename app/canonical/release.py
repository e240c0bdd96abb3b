"""When what came along with a claim comes out: with the first public claim that names it.

A source or document that is recorded in one call with a draft, or with a claim under embargo, is the public's only once
a published public claim names it whose embargo is over. Otherwise it would tell the public of the claim beforehand.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from app.access.units import Unit
from app.access.visibility import is_over
from app.canonical import queries
from app.canonical.documents import record_document
from app.canonical.reach.naming import release_source
from app.canonical.sources import record_source
from app.follow_ups.queries import ask
from app.models import Claim, Document, FollowUpKind, Source
from app.models.vocabulary import ChangeAction, ClaimStatus, Visibility

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The embargo of what came along with a claim that nobody has published."""


def release_of(claim: Claim, now: datetime) -> datetime | None:
    """Until when the public is not to know of the claim; None if it may know now."""
    if claim.status is ClaimStatus.DRAFT or claim.visibility is not Visibility.PUBLIC:
        return NEVER
    return None if is_over(claim.embargo_until, now) else claim.embargo_until


def let_out(unit: Unit, source_ids: Iterable[str], document_ids: Iterable[str]) -> None:
    """Gives those of the sources and documents that came along with a claim the embargo that they have by now.

    Must run once the claims that name them are written. Does nothing to those that are out.
    """
    session, now = unit.session, unit.now
    if sources := queries.held_back(session, Source, source_ids):
        releases = queries.releases_naming_sources(session, [source.id for source in sources], now)
        for source in sources:
            until = _until(source, releases.get(source.id, NEVER), now)
            if until != source.embargo_until:
                source.embargo_until = until
                record_source(unit, source, ChangeAction.UPDATED)
                release_source(unit, source.id)
    if documents := queries.held_back(session, Document, document_ids):
        releases = queries.releases_naming_documents(session, [document.id for document in documents], now)
        for document in documents:
            until = _until(document, releases.get(document.id, NEVER), now)
            if until is None and _is_taken(unit, document):
                until = min(document.embargo_until or now, now)  # it is not read before it is joined, which comes next
            if until != document.embargo_until:
                document.embargo_until = until
                record_document(unit, document, ChangeAction.UPDATED)
            join_at_release(unit, document)


def join_at_release(unit: Unit, document: Document) -> None:
    """Has the document joined, at the end of its embargo, with what the public reads at its address by then."""
    until = document.embargo_until
    if document.canonical_url is not None and until is not None and until < NEVER:
        ask(unit, FollowUpKind.DOCUMENT_RELEASED, [document.id], due_at=until)


def _is_taken(unit: Unit, document: Document) -> bool:
    """Whether the document is for the public, who read another record at its address."""
    url = document.canonical_url if document.visibility is Visibility.PUBLIC else None
    return url is not None and queries.public_at(unit.session, url) not in {None, document.id}


def _until(held: Source | Document, release: datetime, now: datetime) -> datetime | None:
    return None if is_over(held.embargo_until, now) or release <= now else release
