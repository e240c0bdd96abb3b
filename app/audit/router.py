"""The route of the audit."""

from typing import Annotated

from fastapi import Query, Response

from app.access.routing import AuditReads, guarded_router
from app.audit import queries
from app.audit.schemas import AuditFilter, AuditPage

router = guarded_router("/audit", "Audit")


@router.get("", response_model=AuditPage)
def list_audit_entries(read: AuditReads, wanted: Annotated[AuditFilter, Query()]) -> Response:
    """List what was done with keys, custodians and sealed identities: by whom, when and why, the last first.

    What was done with a source is there for whoever may read the source, and could when it was done; to audit
    everything, a key needs the scope `restricted:read` as well.
    """
    return read(lambda unit: queries.list_entries(unit, wanted))
