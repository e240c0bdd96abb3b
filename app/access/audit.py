"""The audit of what is done with what is most secret: the one place that adds to it. `app.audit` reads it."""

from app.access.units import Unit
from app.kit.ids import ordered_id
from app.models import AuditEntry
from app.models.vocabulary import AuditAction


def record(
    unit: Unit, action: AuditAction, subject_id: str, reason: str | None = None, *, place: int = 0
) -> AuditEntry:
    """The new entry: that the unit's caller did `action` with the source, custodian or key `subject_id`, and why.

    It is committed with the unit of work or not at all, so that nothing is done that the audit does not say. Of several
    entries of one unit, `place` gives the order in which they are read.
    """
    entry = AuditEntry(
        id=ordered_id(unit.now, place),
        action=action,
        subject_id=subject_id,
        actor_id=unit.principal.caller_id,
        reason=reason,
        recorded_at=unit.now,
    )
    unit.session.add(entry)
    return entry
