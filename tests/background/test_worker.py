"""The worker beside the requests: what it takes up, in what portions, beside whom, and what becomes of what fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from app.access.context import Context
from app.access.units import Unit
from app.background import worker as background
from app.background.kinds import KINDS, Kind
from app.background.worker import Worker
from app.follow_ups import queries
from app.keys.service import at_the_server
from app.kit.db import Database
from app.kit.problems import OutcomeUnknown
from app.models import FollowUp, FollowUpKind
from tests.conftest import Clock
from tests.fixtures.committing import eventually
from tests.fixtures.unwritable import UNWRITABLE, unwritable_log

KIND, OTHER = FollowUpKind.CONTRADICTIONS, FollowUpKind.SOURCE_CLAIMS
SUBJECTS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]


class Fault(Exception):
    """What goes wrong on purpose; its words must not be logged."""


@pytest.fixture
def context(migrated_database: Database, own_context: Context, clock: Clock) -> Context:
    """A context whose writes are committed, by a clock that the test sets."""
    return replace(own_context, clock=clock)


@pytest.fixture
def done() -> list[tuple[str, str | None]]:
    """The subjects and cursors of what has been carried out, in order."""
    return []


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch, done: list[tuple[str, str | None]]) -> dict[FollowUpKind, Kind]:
    """Two kinds in place of all, each done in two portions."""

    def carry_out(unit: Unit, subject_id: str, cursor: str | None, found: Any, is_spent: Any) -> str | None:
        done.append((subject_id, cursor))
        return "half" if cursor is None else None

    made = {each: Kind(lambda *_: None, carry_out) for each in (KIND, OTHER)}
    monkeypatch.setattr(background, "KINDS", made)
    return made


def ask(context: Context, *subject_ids: str, kind: FollowUpKind = KIND, **more: Any) -> None:
    context.database.write(lambda session: queries.ask(at_the_server(context, session), kind, subject_ids, **more))


def rows(context: Context) -> list[FollowUp]:
    with context.database.reading() as session:
        return list(session.exec(select(FollowUp).order_by(FollowUp.kind, FollowUp.subject_id)))


@contextmanager
def running(context: Context) -> Iterator[Worker]:
    worker = Worker(context)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def test_what_is_asked_for_in_a_write_is_done_after_it_in_portions(context: Context, done: list[Any]) -> None:
    with running(context):
        ask(context, SUBJECTS[0])
        assert eventually(lambda: rows(context) == [])
    assert done == [(SUBJECTS[0], None), (SUBJECTS[0], "half")]


def test_what_a_write_that_fails_has_asked_for_is_not_done(context: Context) -> None:
    def work(session: Session) -> None:
        queries.ask(at_the_server(context, session), KIND, SUBJECTS)
        raise Fault

    with pytest.raises(Fault):
        context.database.write(work)
    assert rows(context) == []


def test_what_is_asked_for_twice_is_done_once_and_again_if_it_had_begun(context: Context, done: list[Any]) -> None:
    worker = Worker(context)
    for _ in range(3):
        ask(context, SUBJECTS[0])
    worker.carry_out_some()
    assert [(row.asked, row.cursor) for row in rows(context)] == [(3, "half")]
    ask(context, SUBJECTS[0])
    while worker.carry_out_some():
        pass
    assert done == [(SUBJECTS[0], cursor) for cursor in (None, "half", None, "half")]
    assert rows(context) == []


def test_what_is_due_later_waits(context: Context, clock: Clock, done: list[Any]) -> None:
    ask(context, SUBJECTS[0], due_at=clock.now + timedelta(hours=1))
    assert not Worker(context).carry_out_some()
    ask(context, SUBJECTS[0], due_at=clock.now + timedelta(hours=2))
    clock.now += timedelta(hours=1)
    assert not Worker(context).carry_out_some()
    clock.now += timedelta(hours=1)
    assert Worker(context).carry_out_some()
    assert done == [(SUBJECTS[0], None)]


def test_another_worker_goes_on_where_one_was_lost_once_its_lease_is_over(
    context: Context, clock: Clock, done: list[Any]
) -> None:
    ask(context, SUBJECTS[0])
    lost = context.database.write(
        lambda session: queries.take(session, clock(), KIND, SUBJECTS[:1], "the one that is lost")
    )
    assert len(lost) == 1
    other = Worker(context)
    assert not other.carry_out_some()
    clock.now += queries.LEASE
    assert other.carry_out_some()
    assert done == [(SUBJECTS[0], None)]


def test_who_has_lost_the_lease_does_nothing(
    context: Context, clock: Clock, kinds: dict[FollowUpKind, Kind], done: list[Any]
) -> None:
    ask(context, SUBJECTS[0])
    first, second = Worker(context), Worker(context)

    def be_slow(unit: Unit, subject_id: str, cursor: str | None) -> None:
        clock.now += queries.LEASE
        kinds[KIND] = replace(kinds[KIND], look=lambda *_: None)
        assert second.carry_out_some()

    kinds[KIND] = replace(kinds[KIND], look=be_slow)
    with structlog.testing.capture_logs():
        first.carry_out_some()
    assert [(row.cursor, row.attempts) for row in rows(context)] == [("half", 0)]
    assert not first.carry_out_some()
    assert second.carry_out_some()
    assert rows(context) == []


@pytest.mark.parametrize("where", ["look", "carry_out"])
def test_one_that_fails_is_put_off_longer_each_time_and_keeps_no_other_waiting(
    context: Context, clock: Clock, kinds: dict[FollowUpKind, Kind], done: list[Any], where: str
) -> None:
    plain = kinds[KIND]

    def fail(unit: Unit, subject_id: str, *more: Any) -> Any:
        if subject_id == SUBJECTS[0]:
            raise Fault("a name")
        return getattr(plain, where)(unit, subject_id, *more)

    failing: dict[str, Any] = {where: fail}
    kinds[KIND] = replace(plain, at_once=2, **failing)
    ask(context, *SUBJECTS[:2])
    ask(context, SUBJECTS[2], kind=OTHER)
    worker = Worker(context)
    with structlog.testing.capture_logs() as logged:
        while worker.carry_out_some():
            pass
    assert {subject for subject, _ in done} == set(SUBJECTS[1:])
    assert [(row.subject_id, row.attempts) for row in rows(context)] == [(SUBJECTS[0], 1)]
    assert logged == [
        {"event": "follow_up_failed", "log_level": "warning", "kind": KIND, "error": "Fault", "sqlstate": None}
    ]
    waited, due_at = [], rows(context)[0].due_at
    for _ in range(12):
        assert not worker.carry_out_some()
        with context.database.reading() as session:
            next_due = queries.next_due(session, clock.now)
        assert next_due is not None
        waited.append((next_due - clock.now).total_seconds())
        clock.now = next_due
        with structlog.testing.capture_logs():
            assert worker.carry_out_some()
    assert waited == sorted(waited)
    assert waited[0] < 2
    assert round(waited[-1]) == queries.LONGEST_DELAY.total_seconds()
    assert rows(context)[0].due_at == due_at
    ask(context, SUBJECTS[0])
    with structlog.testing.capture_logs():
        assert worker.carry_out_some()


def test_a_portion_that_has_taken_its_time_leaves_the_rest_to_the_next(
    context: Context, kinds: dict[FollowUpKind, Kind], done: list[Any]
) -> None:
    kinds[KIND] = replace(kinds[KIND], at_once=3)
    ask(context, *SUBJECTS)
    assert Worker(context, portion_s=0).carry_out_some()
    assert done == [(SUBJECTS[0], None)]
    assert [row.cursor for row in rows(context)] == ["half", None, None]


def test_a_worker_that_ends_gives_back_what_it_has_not_done(
    context: Context, kinds: dict[FollowUpKind, Kind], done: list[Any]
) -> None:
    kinds[KIND] = replace(kinds[KIND], at_once=3)
    ask(context, *SUBJECTS)
    worker = Worker(context, portion_s=0)
    worker.carry_out_some()
    assert not Worker(context).carry_out_some()
    worker.start()
    worker.stop()
    assert {row.leased_by for row in rows(context)} <= {None}


def test_a_worker_that_does_not_end_in_time_gives_nothing_back(
    context: Context, kinds: dict[FollowUpKind, Kind], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "STOP_S", 0.01)
    begun, go_on = Event(), Event()

    def dawdle(*_: Any) -> None:
        begun.set()
        go_on.wait(60)

    kinds[KIND], kinds[OTHER] = replace(kinds[KIND], look=dawdle), replace(kinds[OTHER], at_once=3)
    ask(context, *SUBJECTS, kind=OTHER)
    worker = Worker(context, portion_s=0)
    worker.carry_out_some()
    ask(context, SUBJECTS[0])
    worker.start()
    assert begun.wait(60)
    worker.stop()
    assert {row.leased_by for row in rows(context)} == {worker._id}
    go_on.set()
    worker._thread.join(60)


def test_a_worker_ends_where_it_cannot_give_back(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def fail(_self: Database, _work: Any) -> None:
        tries.append(1)
        raise OutcomeUnknown

    worker = Worker(context)
    worker.start()
    monkeypatch.setattr(Database, "write", fail)
    worker.stop()
    assert (len(tries), worker._thread.is_alive()) == (1, False)


def test_each_kind_has_its_turn(context: Context, done: list[Any]) -> None:
    ask(context, *SUBJECTS[:2])
    ask(context, SUBJECTS[2], kind=OTHER)
    Worker(context).carry_out_some()
    assert {subject for subject, _ in done} == {SUBJECTS[0], SUBJECTS[2]}


def test_a_worker_outlives_a_database_that_does_not_answer(
    context: Context, monkeypatch: pytest.MonkeyPatch, done: list[Any]
) -> None:
    failed = Event()

    def fail(_self: Worker) -> bool:
        failed.set()
        raise OperationalError("select", {}, Exception("a name"))

    with monkeypatch.context() as broken, structlog.testing.capture_logs() as logged:
        broken.setattr(Worker, "carry_out_some", fail)
        with running(context) as worker:
            assert failed.wait(60)
            broken.undo()
            ask(context, SUBJECTS[0])
            worker.wake()
            assert eventually(lambda: rows(context) == [])
    known = {"error": "OperationalError", "sqlstate": None}
    assert logged[0] == {"event": "follow_ups_wait", "log_level": "warning", **known}


@pytest.mark.parametrize("how", UNWRITABLE)
def test_a_worker_outlives_a_log_that_cannot_be_written(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, done: list[Any], how: str
) -> None:
    failed = Event()

    def fail(_self: Worker) -> bool:
        failed.set()
        raise Fault

    with monkeypatch.context() as broken, unwritable_log(how, tmp_path):
        broken.setattr(Worker, "carry_out_some", fail)
        with running(context) as worker:
            assert failed.wait(60)
            broken.undo()
            ask(context, SUBJECTS[0])
            worker.wake()
            assert eventually(lambda: rows(context) == [])
    assert done == [(SUBJECTS[0], None), (SUBJECTS[0], "half")]


def test_every_kind_that_can_be_asked_for_is_carried_out() -> None:
    assert set(KINDS) == set(FollowUpKind)
