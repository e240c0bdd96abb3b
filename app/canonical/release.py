"""When what came along with a claim comes out: with the first public claim that names it.

A source or document that is recorded in one call with a draft, or with a claim under embargo, is the public's only once
a published public claim names it whose embargo is over. Otherwise it would tell the public of the claim beforehand.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from app.access.units import Unit
from app.canonical import queries
from app.canonical.derived import derive_what_shows
from app.canonical.documents import record_document
from app.canonical.sources import record_source, record_source_relation
from app.models import Claim, Document, Source
from app.models.vocabulary import ChangeAction, ClaimStatus, Visibility

NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""The embargo of what came along with a claim that nobody has published."""


def release_of(claim: Claim, now: datetime) -> datetime | None:
    """Until when the public is not to know of the claim; None if it may know now."""
    if claim.status is ClaimStatus.DRAFT or claim.visibility is not Visibility.PUBLIC:
        return NEVER
    return claim.embargo_until if claim.embargo_until is not None and claim.embargo_until > now else None


def let_out(unit: Unit, source_ids: Iterable[str], document_ids: Iterable[str]) -> None:
    """Gives those of the sources and documents that came along with a claim the embargo that they have by now.

    Must run once the claims that name them are written. Does nothing to those that are out.
    """
    for source in queries.held_back(unit.session, Source, source_ids):
        until = _until(source, queries.public_claims_naming_source(unit.session, source.id), unit.now)
        if until != source.embargo_until:
            source.embargo_until = until
            record_source(unit, source, ChangeAction.UPDATED)
            record_what_shows_source(unit, source.id)
            derive_what_shows(unit.session, [source.id])
    for document in queries.held_back(unit.session, Document, document_ids):
        until = _until(document, queries.public_claims_naming_document(unit.session, document.id), unit.now)
        if until != document.embargo_until:
            document.embargo_until = until
            record_document(unit, document, ChangeAction.UPDATED)


def _until(held: Source | Document, named_by: Iterable[Claim], now: datetime) -> datetime | None:
    if held.embargo_until is not None and held.embargo_until <= now:
        return None
    releases = [release_of(claim, now) for claim in named_by]
    return None if None in releases else min((each for each in releases if each is not None), default=NEVER)


def record_what_shows_source(unit: Unit, source_id: str) -> None:
    """Records anew the sources, documents and relations that name the source."""
    for member in queries.sources_of_organization(unit.session, source_id):
        record_source(unit, member, ChangeAction.UPDATED)
    for document in queries.documents_of_outlet(unit.session, source_id):
        record_document(unit, document, ChangeAction.UPDATED)
    for relation in queries.relations_of_source(unit.session, source_id):
        record_source_relation(unit, relation, ChangeAction.UPDATED)
