"""What else a change of visibility changes: every document that names what was hidden or shown.

A source or document that becomes hidden must vanish at once from all that names it, so the write that hides it records
those anew, in its own transaction.
"""

from app.access.units import Unit
from app.canonical import queries
from app.canonical.claims import record_claim
from app.canonical.derived import derive_what_shows
from app.canonical.release import record_what_shows_source
from app.models import Claim
from app.models.vocabulary import ChangeAction


def record_what_names_source(unit: Unit, source_id: str) -> None:
    """Records anew the sources, documents, relations and claims that name the source."""
    record_what_shows_source(unit, source_id)
    _record_claims(unit, queries.claims_naming_source(unit.session, source_id))
    derive_what_shows(unit.session, [source_id])


def record_what_names_document(unit: Unit, document_id: str) -> None:
    """Records anew the claims that name the document."""
    _record_claims(unit, queries.claims_naming_document(unit.session, document_id))


def _record_claims(unit: Unit, claim_ids: list[str]) -> None:
    for claim_id in claim_ids:
        claim = queries.locked(unit.session, Claim, claim_id)
        if claim is not None:
            record_claim(unit, claim, ChangeAction.UPDATED)
