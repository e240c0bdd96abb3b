"""How many follow-ups wait is told to whoever runs the service."""

from pathlib import Path

import pytest
from rich.console import Console

from app import startup
from app.access.context import Context
from app.cli import commands, verify
from app.follow_ups.queries import ask
from app.keys.service import at_the_server
from app.models import FollowUpKind
from app.settings import Settings
from tests.fixtures.api import Api

SUBJECTS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]


def leave_waiting(context: Context) -> None:
    context.database.write(lambda session: ask(at_the_server(context, session), FollowUpKind.CONTRADICTIONS, SUBJECTS))


def test_metrics_tell_how_many_wait(api: Api, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    assert "onrecord_follow_ups_waiting 0.0" in api.get("/metrics").text
    leave_waiting(context)
    assert "onrecord_follow_ups_waiting 3.0" in api.get("/metrics").text


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
