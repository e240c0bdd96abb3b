"""Carries out follow-ups: one worker in each process that serves, in a thread of its own.

It takes a portion of each kind in turn, each a short transaction, and rests after that for as long as it took, so that
callers' writes come in between. What a worker has taken up and not finished is another's once its lease is over.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event, Thread
from typing import Any, Final

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from app.access.context import Context
from app.access.principals import EVERY_SCOPE, Principal
from app.access.units import Precondition, Unit
from app.background.kinds import KINDS
from app.follow_ups import queries
from app.follow_ups.queries import Taken
from app.kit.database_errors import sqlstate
from app.kit.db import is_retryable
from app.kit.ids import random_id
from app.kit.problems import Problem
from app.models import FollowUpKind

logger = structlog.get_logger(__name__)

PORTION_S: Final = 0.05
"""How long a portion goes on for before it is committed: a caller's write waits for it no longer than for another's."""
POLL_S: Final = 10.0
"""How often a worker looks for what others have left. What is due at an instant, as an embargo's end, it looks for
then."""
LEAST_PAUSE_S: Final = 0.05
STOP_S: Final = 5.0
"""How long the end of the service waits for the portion under way."""


class Worker:
    """Carries out what is due, in portions. Several may work on one database at once, in any number of processes."""

    def __init__(self, context: Context, *, portion_s: float = PORTION_S) -> None:
        """Takes the context to work in, and how long a portion may be."""
        self._context, self._portion_s = context, portion_s
        self._id, self._held = random_id(), dict[FollowUpKind, list[_Held]]()
        self._next_due: datetime | None = None
        self._wanted, self._over = Event(), Event()
        self._thread = Thread(target=self._run, name="follow-ups", daemon=True)

    def start(self) -> None:
        """Begins to work, in a thread of its own, and has the database wake it after writes."""
        self._context.database.after_write = self.wake
        self._thread.start()

    def wake(self) -> None:
        """Has it look for what is due."""
        self._wanted.set()

    def stop(self) -> None:
        """Ends the work after the portion under way; the rest is for the next process."""
        self._over.set()
        self._wanted.set()
        self._thread.join(STOP_S)
        if not self._thread.is_alive():  # what it is still at stays with it, until the lease is over
            self._give_back()

    def _give_back(self) -> None:
        held = [each.taken for of_kind in self._held.values() for each in of_kind]
        with suppress(DBAPIError, PoolTimeout, Problem):  # a lease that is not given back is over soon
            self._context.database.write(lambda session: queries.give_back(session, held, self._id))

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._work_off()
            except Exception as error:  # noqa: BLE001  # whatever it is, what hides behind a veil waits for this thread
                # The database is away, or too busy: what is asked for stays, and is looked for again.
                logger.warning("follow_ups_wait", error=type(error).__name__, sqlstate=sqlstate(error))
            self._wanted.wait(self._pause())
            self._wanted.clear()

    def _pause(self) -> float:
        """Seconds until there may be something to do that nobody wakes it for."""
        next_due = self._next_due
        until = POLL_S if next_due is None else (next_due - self._context.clock()).total_seconds()
        return min(max(until, LEAST_PAUSE_S), POLL_S)

    def _work_off(self) -> None:
        begun = time.monotonic()
        while not self._over.is_set() and self.carry_out_some():
            self._over.wait(time.monotonic() - begun)
            begun = time.monotonic()

    def carry_out_some(self) -> bool:
        """Carries out a portion of each kind that is due; whether there was any."""
        kinds = self._kinds_due()
        found = [self._portion(kind) for kind in KINDS if kind in kinds or self._held.get(kind)]
        return any(found)

    def _kinds_due(self) -> set[FollowUpKind]:
        """The kinds of which something is due that nobody is at. Notes when something will be that is not due yet."""
        now = self._context.clock()
        with self._context.database.reading() as session:
            self._next_due = queries.next_due(session, now)
            return queries.kinds_due(session, now)

    def _portion(self, kind: FollowUpKind) -> bool:
        held = self._held.pop(kind, []) or self._take(kind)
        if not held:
            return False
        ends_at = time.monotonic() + self._portion_s
        looked: list[_Held] = []
        while held and (not looked or time.monotonic() < ends_at):
            looked.append(self._looked_up(held.pop(0)))
        left = self._context.database.write(lambda session: self._carry_out(session, looked))
        self._held[kind] = [*left, *held]
        return True

    def _take(self, kind: FollowUpKind) -> "list[_Held]":
        database, now = self._context.database, self._context.clock()
        with database.reading() as session:
            due = queries.due(session, now, kind, KINDS[kind].at_once)
        if not due:
            return []
        return [_Held(each) for each in database.write(lambda session: queries.take(session, now, kind, due, self._id))]

    def _looked_up(self, held: "_Held") -> "_Held":
        """The same with what to do next for it, or why that cannot be found out."""
        if held.found is not None:
            return held
        try:
            with self._context.database.reading() as session:
                unit = self._unit(session, held.taken)
                return _Held(held.taken, (KINDS[held.taken.kind].look(unit, held.taken.subject_id, held.taken.cursor),))
        except Exception as error:  # noqa: BLE001  # one that fails must not keep others waiting
            return _Held(held.taken, error)

    def _carry_out(self, session: Session, looked: "Sequence[_Held]") -> "list[_Held]":
        """What is left of the follow-ups, of which as much is done as time allows: of the first something in any case.

        What has failed is put off, and rolled back alone.
        """
        ends_at, left = time.monotonic() + self._portion_s, list[_Held]()
        for at, each in enumerate(looked):
            if at and time.monotonic() >= ends_at:
                return [*left, *looked[at:]]
            try:
                with session.begin_nested():
                    left += self._step(session, each, lambda: time.monotonic() >= ends_at)
            except LeaseLost:
                continue
            except Exception as error:  # one that fails must not keep others waiting
                if isinstance(error, DBAPIError) and is_retryable(error):
                    raise
                self._put_off(session, each.taken, error)
        return left

    def _step(self, session: Session, held: "_Held", is_spent: Callable[[], bool]) -> "list[_Held]":
        """The follow-up as it stands after one step of it; none where it is done."""
        if isinstance(held.found, Exception):
            raise held.found
        taken, (found,) = held.taken, held.found or (None,)
        unit = self._unit(session, taken)
        cursor = KINDS[taken.kind].carry_out(unit, taken.subject_id, taken.cursor, found, is_spent)
        session.flush()
        if not isinstance(cursor, str):
            if not queries.finish(session, taken, self._id, again_at=cursor):
                raise LeaseLost
            return []
        if not queries.advance(session, taken, cursor, self._id, self._context.clock()):
            raise LeaseLost
        return [_Held(replace(taken, cursor=cursor))]

    def _put_off(self, session: Session, taken: Taken, error: Exception) -> None:
        """Has it wait. The error's words are not logged: they can repeat what is recorded."""
        logger.warning("follow_up_failed", kind=taken.kind, error=type(error).__name__, sqlstate=sqlstate(error))
        queries.put_off(session, taken, self._id, self._context.clock())

    def _unit(self, session: Session, taken: Taken) -> Unit:
        """A unit of work of the service, under the name of whoever wrote what it follows."""
        context = self._context
        now = taken.due_at if KINDS[taken.kind].is_dated_back else context.clock()
        return Unit(session, Principal(taken.actor_id, EVERY_SCOPE), now, context, Precondition(None))


@dataclass(frozen=True, slots=True)
class _Held:
    """A follow-up that this worker has a lease on, and once that is looked up what to do next, or what failed then."""

    taken: Taken
    found: tuple[Any] | Exception | None = None


class LeaseLost(Exception):
    """Another worker has taken over what this one was at."""


def carry_out_all(context: Context) -> None:
    """Carries out all that is due, in this thread and without a rest."""
    worker = Worker(context)
    while worker.carry_out_some():
        pass
