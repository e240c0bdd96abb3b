"""Registers and retires custodians, and stores, hands out and erases sealed identities; each leaves an audit entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from app.access.audit import record
from app.access.context import Context
from app.access.units import Reply, Unit, json_reply
from app.canonical.replies import locked_readable, readable
from app.identities import queries
from app.identities.remains import may_remain
from app.identities.schemas import MAX_CUSTODIANS, CustodianCreate, IdentitySeal
from app.kit.headers import NOT_STORED
from app.kit.ids import ordered_id
from app.kit.problems import AlreadyExists, Conflict, NotFound, invalid, invalid_parameter
from app.kit.schemas import NOT_PLAIN
from app.kit.visible import is_plain
from app.models import Custodian, Rendition, SealedIdentity, Source
from app.models.vocabulary import Anonymity, AuditAction, ResourceKind

NOT_NAMED: Final = frozenset({Anonymity.ANONYMOUS, Anonymity.PSEUDONYMOUS})
REASON: Final = "Access-Reason"
MIN_REASON: Final = 3
MAX_REASON: Final = 500
TABLE: Final = "sealed_identity"


@dataclass(frozen=True, slots=True)
class Erased:
    """A sealed identity that has been erased, and since when there were any of this source."""

    source_id: str
    first_sealed_at: datetime
    erased_at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed identity that has been stored, and the one whose place it took."""

    reply: Reply
    members: Mapping[str, object]
    replaced: Erased | None


def register_custodian(unit: Unit, sent: CustodianCreate) -> Reply:
    """Registers a custodian and answers with it.

    Raises AlreadyExists for a key that is registered, or was, and Conflict where there are `MAX_CUSTODIANS`.
    """
    existing_id = queries.id_of_recipient(unit.session, sent.recipient)
    if existing_id is not None:
        raise AlreadyExists("This key is registered already, or was.", members={"existing_id": existing_id})
    if len(queries.active_custodian_ids(unit.session)) >= MAX_CUSTODIANS:
        raise Conflict(f"There are {MAX_CUSTODIANS} custodians: retire one first.")
    row = Custodian(
        id=ordered_id(unit.now),
        name=sent.name,
        recipient=sent.recipient,
        created_by=unit.principal.caller_id,
        created_at=unit.now,
    )
    unit.session.add(row)
    record(unit, AuditAction.CUSTODIAN_ADDED, row.id)
    unit.session.flush()
    return queries.custodian_reply(row).created(f"/v1/custodians/{row.id}")


def retire_custodian(unit: Unit, custodian_id: str) -> Reply:
    """Retires a custodian for good; nothing happens to one that is retired already. Raises NotFound."""
    row = queries.locked_custodian(unit.session, custodian_id)
    if row is None:
        raise NotFound
    if row.retired_at is None:
        row.retired_at = unit.now
        record(unit, AuditAction.CUSTODIAN_RETIRED, row.id)
    return Reply(body=b"", status=204)


def seal_identity(unit: Unit, source_id: str, sent: IdentitySeal) -> Sealed:
    """Stores the sealed identity of a source that the reporting does not name, in place of the one there was.

    Raises NotFound for a source that does not exist for the caller, Conflict for one that is named or that nobody
    speaks for, Stale, and Invalid where the custodians are not all those that are registered.
    """
    source, found = locked_readable(unit, ResourceKind.SOURCE, Source, source_id)
    there = queries.locked_identity(unit.session, source_id)
    unit.precondition.check_put(queries.document_of(unit, there) if there is not None else None)
    if source.anonymity not in NOT_NAMED:
        raise Conflict("Only of a source that is anonymous or pseudonymous is an identity kept.")
    active = queries.active_custodian_ids(unit.session)
    if sorted(sent.custodian_ids) != sorted(active):
        detail = "Must be the ids of all custodians that are not retired, each once."
        raise invalid("/custodian_ids", "not_the_custodians", detail)
    replaced = _erased(unit, there) if there is not None else None
    row = there or SealedIdentity(source_id=source_id, version=0)
    row.version += 1
    row.ciphertext = sent.sealed
    row.custodian_ids = active
    row.sealed_by = unit.principal.caller_id
    row.sealed_at = unit.now
    unit.session.add(row)
    record(unit, AuditAction.IDENTITY_SEALED, source_id)
    return _sealed(unit, found, row, replaced)


def _sealed(unit: Unit, source: Rendition, row: SealedIdentity, replaced: Erased | None = None) -> Sealed:
    """What is told of a sealed identity: that it was sealed no earlier than the source came out for the caller."""
    members = {
        "source_id": row.source_id,
        "custodian_ids": row.custodian_ids,
        "sealed_by": row.sealed_by,
        "sealed_at": max(row.sealed_at, source.came_at),
    }
    reply = Reply(b"", queries.document_of(unit, row), status=200 if replaced else 201, headers=NOT_STORED)
    return Sealed(reply, members, replaced)


def _erased(unit: Unit, row: SealedIdentity) -> Erased:
    since = queries.first_sealed_at(unit.session, row.source_id) or row.sealed_at
    return Erased(row.source_id, min(since, row.sealed_at), unit.now)


def read_identity(unit: Unit, source_id: str, reason: str) -> Reply:
    """Records that the caller fetches the sealed identity, and why, and answers with it.

    The reply leaves the service once the unit of work is committed, and so never without the record. Raises NotFound
    for a source that does not exist for the caller, or has no sealed identity.
    """
    source = readable(unit, ResourceKind.SOURCE, source_id)
    row = queries.locked_identity(unit.session, source_id)
    if row is None:
        raise NotFound
    record(unit, AuditAction.IDENTITY_READ, source_id, reason)
    unit.session.flush()
    members = {**_sealed(unit, source, row).members, "sealed": row.ciphertext}
    return Reply(json_reply(members).body, queries.document_of(unit, row), headers=NOT_STORED)


def erase_identity(unit: Unit, source_id: str) -> Erased:
    """Deletes the sealed identity. Raises Stale, and NotFound where there is none, or no source for the caller."""
    readable(unit, ResourceKind.SOURCE, source_id)
    row = queries.locked_identity(unit.session, source_id)
    if row is None:
        raise NotFound
    unit.precondition.check(queries.document_of(unit, row))
    erased = _erased(unit, row)
    unit.session.delete(row)
    record(unit, AuditAction.IDENTITY_ERASED, source_id)
    return erased


def told_sealed(context: Context, sealed: Sealed) -> Reply:
    """The reply to a sealed identity that was stored, once the one before it is gone from the database's files."""
    replaced = _told(context, sealed.replaced) if sealed.replaced is not None else None
    body = json_reply({**sealed.members, "replaced": replaced}).body
    reply = Reply(body, sealed.reply.document, sealed.reply.status, headers=sealed.reply.headers)
    return reply if sealed.replaced else reply.created(f"/v1/sources/{sealed.members['source_id']}/identity")


def told_erased(context: Context, erased: Erased) -> Reply:
    """The reply to an erasure, once the database's own files are rid of what was erased: what is left, and where."""
    return Reply(json_reply(_told(context, erased)).body, headers=NOT_STORED)


def _told(context: Context, erased: Erased) -> dict[str, object]:
    overwritten = context.database.forget_deleted(TABLE)
    return {
        "source_id": erased.source_id,
        "first_sealed_at": erased.first_sealed_at,
        "erased_at": erased.erased_at,
        "overwritten": overwritten,
        "may_remain": may_remain(
            erased.first_sealed_at,
            erased.erased_at,
            sqlite=context.database.is_sqlite,
            overwritten=overwritten,
        ),
    }


def stated_reason(values: list[str]) -> str:
    """The reason in an Access-Reason header, whose UTF-8 may be percent-encoded; raises Invalid for none that says it.

    The header alone carries it: addresses stand in the logs of whatever lies between.
    """
    if len(values) != 1:
        raise invalid_parameter(REASON, "repeated", "This header is given once.")
    try:
        text = unquote(values[0].encode("latin-1").decode("ascii"), errors="strict").strip()
    except UnicodeError:
        detail = "Must be ASCII, anything else in UTF-8 and percent-encoded; and a percent sign as %25."
        raise invalid_parameter(REASON, "wrong_form", detail) from None
    if not is_plain(text):
        raise invalid_parameter(REASON, "wrong_form", NOT_PLAIN)
    if len(text) < MIN_REASON:
        raise invalid_parameter(REASON, "too_short", f"Must have at least {MIN_REASON} characters.")
    if len(text) > MAX_REASON:
        raise invalid_parameter(REASON, "too_long", f"Must have at most {MAX_REASON} characters.")
    return text
