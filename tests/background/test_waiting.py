"""How many follow-ups wait is told to whoever runs the service."""

from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import update
from sqlmodel import Session, col

from app import startup
from app.access.context import Context
from app.cli import commands, verify
from app.follow_ups.queries import ask, waiting
from app.keys.service import at_the_server
from app.models import FollowUp, FollowUpKind
from app.settings import Settings
from tests.conftest import Clock
from tests.fixtures.api import Api

SUBJECTS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]


def leave_waiting(context: Context) -> None:
    context.database.write(lambda session: ask(at_the_server(context, session), FollowUpKind.CONTRADICTIONS, SUBJECTS))


def test_metrics_tell_how_many_wait(api: Api, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    assert "onrecord_follow_ups_waiting 0.0" in api.get("/metrics").text
    leave_waiting(context)
    assert "onrecord_follow_ups_waiting 3.0" in api.get("/metrics").text


def test_what_waits_for_an_embargo_to_end_is_not_counted_and_what_failed_is(
    context: Context, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    later = clock.now + timedelta(days=1)

    def ask_for_later(session: Session) -> None:
        ask(at_the_server(context, session), FollowUpKind.CONTRADICTIONS, SUBJECTS, due_at=later)

    context.database.write(ask_for_later)
    with context.database.reading() as session:
        assert (waiting(session, clock.now), waiting(session, later)) == (0, 3)
        session.connection().execute(update(FollowUp).where(col(FollowUp.subject_id) == SUBJECTS[0]).values(attempts=1))
        assert waiting(session, clock.now) == 1


def test_verify_and_migrate_tell_how_many_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONRECORD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(commands, "console", Console(width=200))
    commands.migrate()
    assert "wait" not in capsys.readouterr().out
    context = startup.open_context(Settings())
    leave_waiting(context)
    context.database.dispose()
    commands.migrate()
    assert "3 follow-ups of earlier writes wait" in capsys.readouterr().out
    verify.run(Settings(), Console(width=200))
    assert "3 follow-ups wait for the service" in capsys.readouterr().out
