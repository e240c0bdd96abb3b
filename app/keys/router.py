"""Routes of API keys."""

from typing import Annotated, Final

from fastapi import Path, Query, Response

from app.access.routing import KeyReads, KeyWrites, guarded_router
from app.keys import queries, service
from app.keys.schemas import KEY_ID, KeyCreate, KeyCreated, KeyFilter, KeyPage, KeyRead, KeyRotate
from app.kit.schemas import Id

router = guarded_router("/keys", "Keys")

NO_TERMS: Final = KeyRotate()
KeyId = Annotated[Id, Path(description="Id of the key.", examples=[KEY_ID])]


@router.get("", response_model=KeyPage)
def list_keys(read: KeyReads, wanted: Annotated[KeyFilter, Query()]) -> Response:
    """List API keys, revoked ones included, without their secrets."""
    return read(lambda unit: queries.list_keys(unit, wanted))


@router.post("", status_code=201, response_model=KeyCreated)
def create_key(write: KeyWrites, body: KeyCreate) -> Response:
    """Make an API key. Its secret is in this reply, once; what is stored cannot be turned back into it."""
    return write(lambda unit: service.create_key(unit, body))


@router.get("/{key_id}", response_model=KeyRead)
def get_key(read: KeyReads, key_id: KeyId) -> Response:
    """Read one API key, without its secret."""
    return read(lambda unit: queries.get_key(unit, key_id))


@router.post("/{key_id}/rotate", status_code=201, response_model=KeyCreated)
def rotate_key(write: KeyWrites, key_id: KeyId, body: KeyRotate = NO_TERMS) -> Response:
    """Make a key in the place of another: of the same name, with the same scopes and networks, and a new secret.

    The old one holds for a while beside it, so that the secret can be put in its place meanwhile. No more than two
    hold at once: a key is rotated once, and its successor not while the old one holds. A key may rotate itself, and
    none that allows more than itself.
    """
    return write(lambda unit: service.rotate_key(unit, key_id, body))


@router.delete("/{key_id}", status_code=204)
def revoke_key(write: KeyWrites, key_id: KeyId) -> Response:
    """Revoke an API key, for good and at once. Takes no version: revoking must not wait for anything.

    A key cannot revoke one that allows more than itself.
    """
    return write(lambda unit: service.revoke_key(unit, key_id))
