"""The SQL of follow-ups: asking for them in a write, and handing them to workers.

Whoever works on one holds a lease on it, which is a compare-and-swap on its row; when the lease is over another takes
it up where it stands. Rows are taken in the order of their keys, and as late in a transaction as can be: of two that
wait for each other all the same one is run again.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import case, delete, or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from app.access.units import Unit
from app.access.visibility import Veil
from app.kit.db import ask_to_be_woken
from app.models import FollowUp, FollowUpKind

LEASE: Final = timedelta(seconds=30)
"""How long a worker may be at one portion: hundreds of times what one takes."""
NO_AUDIENCE: Final = 3
"""In place of where a veil begins, where there is none."""
FIRST_DELAY: Final = timedelta(seconds=1)
LONGEST_DELAY: Final = timedelta(minutes=5)
"""How long what has failed waits before it is tried again: twice as long each time, up to this."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A follow-up that a worker has a lease on."""

    kind: FollowUpKind
    subject_id: str
    cursor: str | None
    """What of the round is done; None at its beginning."""
    begun: int
    attempts: int
    actor_id: str
    due_at: datetime
    """When the write was that asked for it, or from when on it was to be done."""


def ask(
    unit: Unit,
    kind: FollowUpKind,
    subject_ids: Iterable[str],
    *,
    veil: Veil | None = None,
    due_at: datetime | None = None,
) -> None:
    """Has what the kind says done for each of the subjects after the commit, or from `due_at` on.

    Comes as late in the transaction as can be. Until it is done, the audiences of the veil read nothing that names the
    subject. What is asked for already is done once more after that, and from the new `due_at` on, behind both
    veils; what has failed no longer waits for its next try.
    """
    rows = [_row(unit, kind, each, veil, due_at or unit.now) for each in sorted(set(subject_ids))]
    if not rows:
        return
    insert: Any = sqlite.insert if unit.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    asking = insert(FollowUp)
    new, old = asking.excluded, FollowUp
    wider = func.coalesce(new.veiled_from, NO_AUDIENCE) < func.coalesce(old.veiled_from, NO_AUDIENCE)
    narrower = func.coalesce(old.veiled_below, 0) < func.coalesce(new.veiled_below, 0)
    again = asking.on_conflict_do_update(
        index_elements=[col(old.kind), col(old.subject_id)],
        set_={
            "asked": col(old.asked) + 1,
            "due_at": new.due_at,
            "leased_until": case((col(old.leased_by).is_not(None), col(old.leased_until))),
            "veiled_from": case((wider, new.veiled_from), else_=col(old.veiled_from)),
            "veiled_below": case((narrower, new.veiled_below), else_=col(old.veiled_below)),
            "actor_id": new.actor_id,
        },
    )
    unit.session.connection().execute(again, rows)
    ask_to_be_woken(unit.session)


def _row(unit: Unit, kind: FollowUpKind, subject_id: str, veil: Veil | None, due_at: datetime) -> dict[str, Any]:
    return {
        "kind": kind,
        "subject_id": subject_id,
        "asked": 1,
        "begun": 0,
        "cursor": None,
        "attempts": 0,
        "veiled_from": None if veil is None else veil.first,
        "veiled_below": None if veil is None else veil.below,
        "actor_id": unit.actor_id,
        "due_at": due_at,
    }


def waiting(session: Session, now: datetime) -> int:
    """How many follow-ups are due and not done, with those that have failed and wait for another try.

    What is due at the end of an embargo waits for nothing before.
    """
    is_due = or_(col(FollowUp.due_at) <= now, col(FollowUp.attempts) > 0)
    return session.exec(select(func.count()).select_from(FollowUp).where(is_due)).one()


def kinds_due(session: Session, now: datetime) -> set[FollowUpKind]:
    """The kinds of which something is due that nobody is at."""
    rows = select(FollowUp.kind).where(col(FollowUp.due_at) <= now, _is_free(now)).distinct()
    return {FollowUpKind(each) for each in session.exec(rows)}


def next_due(session: Session, now: datetime) -> datetime | None:
    """When the first will be due, or free again, of those that are not yet; None where all are."""
    first = (func.min(case((at > now, at))) for at in (col(FollowUp.due_at), col(FollowUp.leased_until)))
    due_at, free_at = session.exec(select(*first)).one()
    return min((each for each in (due_at, free_at) if each is not None), default=None)


def due(session: Session, now: datetime, kind: FollowUpKind, limit: int) -> list[str]:
    """The subjects of follow-ups of the kind that are due and that nobody is at, the longest due first."""
    rows = select(FollowUp.subject_id).where(FollowUp.kind == kind, col(FollowUp.due_at) <= now, _is_free(now))
    return list(session.exec(rows.order_by(col(FollowUp.due_at), col(FollowUp.subject_id)).limit(limit)))


def take(
    session: Session, now: datetime, kind: FollowUpKind, subject_ids: Collection[str], worker_id: str
) -> list[Taken]:
    """Those of the follow-ups that nobody else is at, leased to the worker; in the order of their subjects."""
    row = FollowUp
    begins = col(row.cursor).is_(None)
    taking = (row.subject_id, row.cursor, row.begun, row.attempts, row.actor_id, row.due_at)
    leasing: Any = (
        update(row)
        .where(col(row.kind) == kind, col(row.subject_id).in_(sorted(subject_ids)), _is_free(now))
        .values(
            leased_by=worker_id,
            leased_until=now + LEASE,
            begun=case((begins, col(row.asked)), else_=col(row.begun)),
        )
        .returning(*map(col, taking))
    )
    found = session.connection().execute(leasing).all()
    return sorted((Taken(kind, *each) for each in found), key=lambda taken: taken.subject_id)


def _is_free(now: datetime) -> Any:
    until = col(FollowUp.leased_until)
    return or_(until.is_(None), until <= now)


def advance(session: Session, taken: Taken, cursor: str, worker_id: str, now: datetime) -> bool:
    """Notes how far the worker has come, and gives it more time; whether it still held its lease."""
    values = {"cursor": cursor, "attempts": 0, "leased_until": now + LEASE}
    return _changed(session, update(FollowUp).where(*_held(taken, worker_id)).values(**values))


def finish(session: Session, taken: Taken, worker_id: str, *, again_at: datetime | None = None) -> bool:
    """Notes that the round is done, until `again_at` if that is given; whether the worker still held its lease.

    What has been asked for since it began is done once more, from the beginning.
    """
    held, anew = _held(taken, worker_id), {"cursor": None, "attempts": 0, **FREE}
    since = update(FollowUp).where(*held, col(FollowUp.asked) > taken.begun).values(**anew)
    later = update(FollowUp).where(*held).values(due_at=again_at, **anew)
    return _changed(session, since) or _changed(session, delete(FollowUp).where(*held) if again_at is None else later)


def put_off(session: Session, taken: Taken, worker_id: str, now: datetime) -> None:
    """Has what has failed wait for a while, where it stands, as if somebody were at it: it stays due when it was."""
    delay = min(FIRST_DELAY * 2 ** min(taken.attempts, 20), LONGEST_DELAY)
    values = {"attempts": taken.attempts + 1, "leased_by": None, "leased_until": now + delay}
    _changed(session, update(FollowUp).where(*_held(taken, worker_id)).values(**values))


def give_back(session: Session, taken: Iterable[Taken], worker_id: str) -> None:
    """Ends the worker's leases on what it has not come to."""
    for each in taken:
        _changed(session, update(FollowUp).where(*_held(each, worker_id)).values(**FREE))


FREE: Final[dict[str, Any]] = {"leased_by": None, "leased_until": None}


def _held(taken: Taken, worker_id: str) -> tuple[Any, ...]:
    row = FollowUp
    return col(row.kind) == taken.kind, col(row.subject_id) == taken.subject_id, col(row.leased_by) == worker_id


def _changed(session: Session, statement: Any) -> bool:
    return bool(session.connection().execute(statement).rowcount)
