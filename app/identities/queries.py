"""The SQL of custodians and sealed identities."""

from datetime import datetime
from typing import Any

import orjson
from sqlmodel import Session, col, func, select

from app.access.units import Reply, Unit, json_reply
from app.canonical.replies import Listing, many
from app.identities.schemas import CustodianFilter, CustodianRead
from app.kit.paging import Key, Order
from app.kit.problems import NotFound
from app.models import AuditEntry, Custodian, SealedIdentity
from app.models.vocabulary import AuditAction


def list_custodians(unit: Unit, wanted: CustodianFilter) -> Reply:
    """Custodians by when they were registered, retired ones included."""
    created_at, own_id = col(Custodian.created_at), col(Custodian.id)
    order = Order((Key(created_at, datetime.fromisoformat), Key(own_id)), wanted.sort.startswith("-"))
    listing = Listing(
        CustodianRead,
        order,
        f"custodians|{wanted.filter_text}",
        texts=lambda _unit, rows: [custodian_reply(row).body.decode() for row in rows],
    )
    return many(unit, listing, wanted, select(Custodian, created_at, own_id))


def get_custodian(unit: Unit, custodian_id: str) -> Reply:
    """One custodian; raises NotFound."""
    row = unit.session.get(Custodian, custodian_id)
    if row is None:
        raise NotFound
    return custodian_reply(row)


def custodian_reply(row: Custodian) -> Reply:
    """A reply with one custodian."""
    return json_reply({name: getattr(row, name) for name in CustodianRead.model_fields})


def locked_custodian(session: Session, custodian_id: str) -> Custodian | None:
    """The custodian with this id, locked until the transaction ends."""
    return session.exec(select(Custodian).where(Custodian.id == custodian_id).with_for_update()).one_or_none()


def id_of_recipient(session: Session, recipient: str) -> str | None:
    """The id of the custodian with this key, retired or not."""
    return session.exec(select(Custodian.id).where(Custodian.recipient == recipient)).one_or_none()


def active_custodian_ids(session: Session) -> list[str]:
    """The ids of the custodians that are not retired, in the order in which they were registered."""
    rows = select(Custodian.id).where(col(Custodian.retired_at).is_(None))
    return list(session.exec(rows.order_by(col(Custodian.created_at), col(Custodian.id))))


def locked_identity(session: Session, source_id: str) -> SealedIdentity | None:
    """The sealed identity of the source, locked until the transaction ends."""
    rows: Any = select(SealedIdentity).where(SealedIdentity.source_id == source_id)
    found: SealedIdentity | None = session.exec(rows.with_for_update()).one_or_none()
    return found


def first_sealed_at(session: Session, source_id: str) -> datetime | None:
    """When an identity of the source was stored for the first time, those included that are erased since."""
    rows = select(func.min(AuditEntry.recorded_at)).where(
        AuditEntry.subject_id == source_id, AuditEntry.action == AuditAction.IDENTITY_SEALED
    )
    return session.exec(rows).one()


def document_of(unit: Unit, row: SealedIdentity) -> str:
    """What the ETag of a sealed identity names; with the pepper, so that nobody works out when that was sealed."""
    document = orjson.dumps([row.source_id, row.version, row.ciphertext, row.sealed_at])
    return unit.context.pepper.digest("sealed-identity", document)
