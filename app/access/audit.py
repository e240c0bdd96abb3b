"""The audit of what is done with what is most secret: the one place that adds to it. `app.audit` reads it."""

from typing import Final

from app.access.principals import Audience
from app.access.queries import read_from
from app.access.units import Unit
from app.kit.ids import ordered_id
from app.models import AuditEntry
from app.models.vocabulary import AuditAction

OF_RECORDS: Final = frozenset(
    {
        AuditAction.IDENTITY_SEALED,
        AuditAction.IDENTITY_READ,
        AuditAction.IDENTITY_ERASED,
        AuditAction.RELATION_WITHDRAWN,
        AuditAction.DOCUMENT_JOINED,
    }
)
"""What is done with a source or a document; the rest is done with what whoever reads the audit may know of."""


def record(
    unit: Unit,
    action: AuditAction,
    subject_id: str,
    reason: str | None = None,
    *,
    audience: Audience | None = None,
    place: int = 0,
) -> AuditEntry:
    """The new entry: that the unit's caller did `action` with the source, custodian or key `subject_id`, and why.

    It is committed with the unit of work or not at all, so that nothing is done that the audit does not say. What is
    done with a record is for those who can read it now, or from the `audience` on that could read what was done. Of
    several entries of one unit, `place` gives the order in which they are read.
    """
    if action in OF_RECORDS and audience is None:
        audience = read_from(unit.session, subject_id, unit.now)
    entry = AuditEntry(
        id=ordered_id(unit.now, place),
        action=action,
        subject_id=subject_id,
        audience=audience,
        actor_id=unit.principal.caller_id,
        reason=reason,
        recorded_at=unit.now,
    )
    unit.session.add(entry)
    return entry
