"""The SQL of keys, as their managers see them."""

from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, select

from app.access.units import Reply, Unit, json_reply
from app.canonical.replies import Listing, many
from app.keys.schemas import KeyFilter, KeyRead
from app.kit.paging import Key, Order
from app.kit.problems import NotFound
from app.models import ApiKey, Rendition
from app.models.vocabulary import ResourceKind


def list_keys(unit: Unit, wanted: KeyFilter) -> Reply:
    """Keys by when they were made, revoked ones included."""
    created_at, own_id = col(ApiKey.created_at), col(ApiKey.id)
    order = Order((Key(created_at, datetime.fromisoformat), Key(own_id)), wanted.sort.startswith("-"))
    listing = Listing(KeyRead, order, f"keys|{wanted.filter_text}", texts=lambda _unit, rows: list(map(key_json, rows)))
    return many(unit, listing, wanted, select(ApiKey, created_at, own_id))


def get_key(unit: Unit, key_id: str) -> Reply:
    """One key; raises NotFound."""
    row = unit.session.get(ApiKey, key_id)
    if row is None:
        raise NotFound
    return json_reply(key_document(row))


def all_keys(session: Session) -> list[ApiKey]:
    """Every key, the newest first."""
    return list(session.exec(select(ApiKey).order_by(col(ApiKey.created_at).desc(), col(ApiKey.id).desc())))


def key(session: Session, key_id: str) -> ApiKey | None:
    """The key with this id, locked until the transaction ends."""
    return session.exec(select(ApiKey).where(ApiKey.id == key_id).with_for_update()).one_or_none()


def has_successor(session: Session, key_id: str) -> bool:
    """Whether a key was made in the place of this one."""
    return session.exec(select(ApiKey.id).where(ApiKey.replaces_id == key_id)).first() is not None


def digests_of_documents(session: Session) -> dict[str, str]:
    """The digest of each key's recorded content, by the key's id."""
    rows = select(Rendition.resource_id, Rendition.content_digest).where(Rendition.kind == ResourceKind.KEY)
    return dict(session.exec(rows).all())


def key_json(row: ApiKey) -> str:
    """What is read of a key."""
    return orjson.dumps(key_document(row), option=orjson.OPT_UTC_Z).decode()


def key_document(row: ApiKey) -> dict[str, Any]:
    """What is read of a key, by name."""
    return {name: getattr(row, name) for name in KeyRead.model_fields}


def key_content(row: ApiKey) -> dict[str, Any]:
    """What is recorded of a key as a change: all that is read of it except its use, which is none."""
    return {name: value for name, value in key_document(row).items() if name != "last_used_on"}
