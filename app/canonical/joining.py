"""Records of one address: the public's, and one that came along with a claim which is not out yet.

Whoever records the first cannot be told of the second, so both stand. To the public the first stands for the second as
soon as that is out, and the newsroom is told: the second says with which record it is joined, and the audit who
recorded that.
"""

from app.access import audit
from app.access.units import Unit
from app.canonical import queries
from app.canonical.documents import record_document
from app.canonical.reach import record_what_names_document
from app.models import Document
from app.models.vocabulary import AuditAction, ChangeAction, Visibility


def join_held_back(unit: Unit, document: Document) -> None:
    """Joins with the document what is held back at its address. Does nothing for one that the public does not read."""
    is_read = document.visibility is Visibility.PUBLIC and document.embargo_until is None and document.joined_id is None
    if document.canonical_url is None or not is_read:
        return
    for held in queries.held_back_at(unit.session, document.canonical_url):
        held.joined_id = document.id
        record_document(unit, held, ChangeAction.UPDATED)
        record_what_names_document(unit, held.id)
        audit.record(unit, AuditAction.DOCUMENT_JOINED, held.id)


def part_from(unit: Unit, document: Document) -> None:
    """Lets what is joined with the document stand for itself again: the public no longer reads it at that address."""
    for held in queries.joined_with(unit.session, document.id):
        held.joined_id = None
        record_document(unit, held, ChangeAction.UPDATED)
        record_what_names_document(unit, held.id)
