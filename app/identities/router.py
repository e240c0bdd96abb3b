"""Routes of custodians and sealed identities."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from app.access.routing import CustodianReads, IdentityWrites, KeyWrites, RecordedReads, guarded_router
from app.canonical.schemas import SOURCE_ID
from app.identities import queries, service
from app.identities.schemas import (
    CUSTODIAN_ID,
    CustodianCreate,
    CustodianFilter,
    CustodianPage,
    CustodianRead,
    ErasureRead,
    IdentityRead,
    IdentitySeal,
    IdentitySealed,
)
from app.kit.schemas import Id

router: APIRouter = guarded_router("/sources/{source_id}/identity", "Sealed identities")
custodian_router: APIRouter = guarded_router("/custodians", "Custodians")

SourceId = Annotated[Id, Path(description="Id of the source.", examples=[SOURCE_ID])]
CustodianId = Annotated[Id, Path(description="Id of the custodian.", examples=[CUSTODIAN_ID])]


def _reason(
    request: Request,
    _declared: Annotated[
        str,
        Header(
            alias=service.REASON,
            description="Why you need it, 3 to 500 characters on one line: it is recorded with the read. What is not "
            "ASCII is sent as UTF-8, percent-encoded. Do not write the identity here.",
            examples=["Called back about the correction of 23 November"],
        ),
    ],
) -> str:
    """The stated reason, decoded."""
    return service.stated_reason(request.headers.getlist(service.REASON))


@router.put("", status_code=200, response_model=IdentitySealed, responses={201: {"model": IdentitySealed}})
def seal_identity(write: IdentityWrites, source_id: SourceId, body: IdentitySeal) -> Response:
    """Store who a source is, sealed on your machine by `onrecord seal`. The service never has the identity itself.

    Only of a source that is anonymous or pseudonymous, and only sealed to all custodians. Send `If-None-Match: *` to
    store the first, `If-Match` to replace one; what was there before is erased.
    """
    return write.and_then(lambda unit: service.seal_identity(unit, source_id, body), service.told_sealed)


@router.get("", response_model=IdentityRead)
def get_identity(read: RecordedReads, source_id: SourceId, reason: Annotated[str, Depends(_reason)]) -> Response:
    """Fetch the sealed identity of a source, for a reason that you state: `onrecord unseal` does it, and opens it.

    That you fetch it, when and why, is recorded before you are answered. Without the record there is no answer.
    """
    return read(lambda unit: service.read_identity(unit, source_id, reason))


@router.delete("", response_model=ErasureRead)
def erase_identity(write: IdentityWrites, source_id: SourceId) -> Response:
    """Erase the sealed identity of a source, and learn where copies of it may be left, backups above all.

    `If-Match: *` erases whatever there is.
    """
    return write.and_then(lambda unit: service.erase_identity(unit, source_id), service.told_erased)


@custodian_router.get("", response_model=CustodianPage)
def list_custodians(read: CustodianReads, wanted: Annotated[CustodianFilter, Query()]) -> Response:
    """List custodians, retired ones included. Compare their keys with those that you have from themselves."""
    return read(lambda unit: queries.list_custodians(unit, wanted))


@custodian_router.post("", status_code=201, response_model=CustodianRead)
def register_custodian(write: KeyWrites, body: CustodianCreate) -> Response:
    """Register a custodian: identities are sealed to their key as well from then on."""
    return write(lambda unit: service.register_custodian(unit, body))


@custodian_router.get("/{custodian_id}", response_model=CustodianRead)
def get_custodian(read: CustodianReads, custodian_id: CustodianId) -> Response:
    """Read one custodian."""
    return read(lambda unit: queries.get_custodian(unit, custodian_id))


@custodian_router.delete("/{custodian_id}", status_code=204)
def retire_custodian(write: KeyWrites, custodian_id: CustodianId) -> Response:
    """Retire a custodian, for good. Takes no version: retiring must not wait for anything.

    What was sealed to their key stays open to it: seal those identities anew where that must not be.
    """
    return write(lambda unit: service.retire_custodian(unit, custodian_id))
