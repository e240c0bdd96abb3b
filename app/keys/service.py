"""Makes and revokes API keys. Each is a change that only restricted readers' lines hold, without the secret."""

from datetime import datetime

from sqlmodel import Session

from app.access.context import Context
from app.access.principals import EVERY_SCOPE, Principal
from app.access.queries import count_keys
from app.access.secrets import new_key, secret_file
from app.access.units import Precondition, Reply, Unit, json_reply
from app.changes.record import Written, record_change
from app.keys import queries
from app.keys.schemas import KeyCreate
from app.kit.ids import ordered_id
from app.kit.problems import Forbidden, NotFound, invalid
from app.models import ApiKey
from app.models.vocabulary import ChangeAction, ResourceKind, Scope

FIRST_KEY_ID = "00000000-0000-7000-8000-000000000001"
"""Fixed, so that of two hosts that start at once on an empty database only one makes the first key."""


def create_key(unit: Unit, sent: KeyCreate) -> Reply:
    """Makes a key and answers with it; its secret is in this one reply and kept nowhere.

    Raises Forbidden for scopes that the maker lacks, and Invalid for an expiry in the past.
    """
    beyond = sorted(set(sent.scopes) - unit.principal.scopes)
    if beyond:
        raise Forbidden(f"A key cannot make a broader one; yours lacks {', '.join(beyond)}.")
    if sent.expires_at is not None and sent.expires_at <= unit.now:
        raise invalid("/expires_at", "out_of_range", "A key must expire in the future.")
    row, secret = add_key(unit, sent.name, sent.scopes, sent.expires_at)
    document = queries.key_document(row)
    shown_once = json_reply({**document, "key": None})
    return json_reply({**document, "key": secret}, kept=shown_once).created(f"/v1/keys/{row.id}")


def add_key(
    unit: Unit,
    name: str,
    scopes: list[Scope],
    expires_at: datetime | None,
    *,
    key_id: str | None = None,
    secret: str | None = None,
) -> tuple[ApiKey, str]:
    """The key, recorded, and its secret; an id and a secret are made unless they are given."""
    secret = secret or new_key()
    row = ApiKey(
        id=key_id or ordered_id(unit.now),
        name=name,
        scopes=[scope.value for scope in Scope if scope in scopes],
        secret_digest=unit.context.pepper.key_digest(secret),
        created_by=unit.principal.caller_id,
        created_at=unit.now,
        expires_at=expires_at,
    )
    unit.session.add(row)
    _record(unit, row, ChangeAction.CREATED)
    return row, secret


def _record(unit: Unit, row: ApiKey, action: ChangeAction) -> None:
    unit.session.flush()
    content = queries.key_document(row)
    record_change(unit, Written(ResourceKind.KEY, row.id, action, [None, None, content]))


def revoke_key(unit: Unit, key_id: str) -> Reply:
    """Revokes a key for good; nothing happens to one that is revoked already.

    Raises NotFound, and Forbidden for one that allows more than the caller's.
    """
    row = queries.key(unit.session, key_id)
    if row is None:
        raise NotFound
    beyond = sorted(set(row.scopes) - unit.principal.scopes)
    if beyond:
        raise Forbidden(f"A key cannot revoke a broader one; yours lacks {', '.join(beyond)}.")
    if row.revoked_at is None:
        row.revoked_at = unit.now
        _record(unit, row, ChangeAction.DELETED)
    return Reply(body=b"", status=204)


def at_the_server(context: Context, session: Session) -> Unit:
    """A unit of work of whoever runs the server: every scope, and no key."""
    return Unit(session, Principal(None, EVERY_SCOPE), context.clock(), context, Precondition(None))


def ensure_first_key(context: Context) -> None:
    """Makes a key with every scope where there is none, and leaves it in `first.key` in the data directory.

    The file comes first and is kept if it is there: a crash between the two loses nothing.
    """

    def work(session: Session) -> None:
        if count_keys(session) == 0:
            secret = secret_file(context.settings.data_dir / "first.key", new_key())
            unit = at_the_server(context, session)
            add_key(unit, "first key", list(Scope), None, key_id=FIRST_KEY_ID, secret=secret)

    context.database.write(work)
