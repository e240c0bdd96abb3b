"""Routes of documents: where claims are read."""

from typing import Annotated, Final

from fastapi import Path, Query, Response

from app.access.routing import ClaimReads, ClaimWrites, guarded_router
from app.canonical.schemas import DOCUMENT_ID
from app.documents import queries, service
from app.documents.schemas import (
    DocumentCreate,
    DocumentFilter,
    DocumentPage,
    DocumentPatch,
    DocumentWithText,
    Verification,
    VerifyRequest,
)
from app.kit.schemas import Id

router = guarded_router("/documents", "Documents")

AS_RECORDED: Final = VerifyRequest()
DocumentId = Annotated[Id, Path(description="Id of the document.", examples=[DOCUMENT_ID])]


@router.get("", response_model=DocumentPage)
def list_documents(read: ClaimReads, wanted: Annotated[DocumentFilter, Query()]) -> Response:
    """List documents, the newest first, without their texts.

    `url` finds the document at an address, whatever tracking parameters the address bears.
    """
    return read(lambda unit: queries.list_documents(unit, wanted))


@router.post("", status_code=201, response_model=DocumentWithText)
def create_document(write: ClaimWrites, body: DocumentCreate) -> Response:
    """Record a document.

    Its canonical address stands once: recording it again is answered with 409 and the `existing_id`.
    """
    return write(lambda unit: service.create_document(unit, body))


@router.get("/{document_id}", response_model=DocumentWithText)
def get_document(read: ClaimReads, document_id: DocumentId) -> Response:
    """Read one document with its text."""
    return read(lambda unit: queries.get_document(unit, document_id))


@router.patch("/{document_id}", response_model=DocumentWithText)
def patch_document(write: ClaimWrites, document_id: DocumentId, body: DocumentPatch) -> Response:
    """Change a document with a JSON Merge Patch.

    A new text does not move the quotes from it: `POST /v1/documents/{document_id}/verify` tells which no longer stand.
    """
    return write(lambda unit: service.patch_document(unit, document_id, body))


@router.post("/{document_id}/verify", response_model=Verification)
def verify_document(read: ClaimReads, document_id: DocumentId, body: VerifyRequest = AS_RECORDED) -> Response:
    """Check whether a document's text is still the one recorded, and whether every quote still stands in it.

    Send the text as it stands now to find a silent edit, or no body to check the recorded text. Nothing is changed.
    """
    return read(lambda unit: service.verify_document(unit, document_id, body))
