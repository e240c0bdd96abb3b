"""What libraries log goes into the service's log without a value of theirs."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from app.kit import logs, sqlite

CANARY = "Mark Felt"


class Log:
    """What was logged since this was asked last."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def getvalue(self) -> str:
        return self._captured.readouterr().err


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    """The log at its most talkative, with everything put back at the end."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("debug")
    logs.mute_hooks()
    yield Log(capsys)
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_words_are_logged_before_a_value_is_put_into_them(logged: Log) -> None:
    logging.getLogger("psycopg").warning("error ignored in %s", CANARY)
    logging.getLogger("asyncio").error(f"Exception in callback {CANARY}")  # noqa: G004  # as asyncio does
    said = logged.getvalue()
    assert CANARY not in said
    assert '"words": "error ignored in %s"' in said
    assert said.count('"library": ') == 2
    assert said.count(__file__) == 2


def test_of_an_exception_its_kind_is_logged_and_where_it_came_from(logged: Log) -> None:
    try:
        raise LookupError(CANARY)
    except LookupError as error:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")
        logging.getLogger("uvicorn.error").error(error)
    said = logged.getvalue()
    assert CANARY not in said
    assert said.count('"kind": "LookupError"') == 2
    assert "Traceback" not in said


def test_libraries_are_not_more_talkative_at_debug(logged: Log) -> None:
    logging.getLogger("psycopg").info("%s", CANARY)
    assert logged.getvalue() == ""


def test_statements_are_logged_without_parameters(logged: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sqlalchemy.engine", "sqlalchemy.pool"):
        monkeypatch.setattr(logging.getLogger(name), "level", logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").manager._clear_cache()  # type: ignore[attr-defined]  # what setLevel does
    with create_engine("sqlite://", module=sqlite.driver).begin() as connection:
        connection.execute(text("CREATE TABLE name (it TEXT UNIQUE)"))
        connection.execute(text("INSERT INTO name VALUES (:it)"), {"it": CANARY})
        assert connection.execute(text("SELECT it FROM name")).scalar_one() == CANARY
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO name VALUES (:it)"), {"it": CANARY})
    said = logged.getvalue()
    assert "sqlalchemy.engine" in said
    assert CANARY not in said


def test_a_thread_that_fails_is_logged(logged: Log) -> None:
    def fail() -> None:
        raise LookupError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    said = logged.getvalue()
    assert '"event": "thread_failed"' in said
    assert CANARY not in said


def test_what_fails_where_nobody_can_catch_it_is_logged(logged: Log) -> None:
    class Failing:
        def __del__(self) -> None:
            raise LookupError(CANARY)

    Failing()
    said = logged.getvalue()
    assert '"event": "cleaning_up_failed"' in said
    assert CANARY not in said


def test_a_warning_is_logged_without_its_words(logged: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(CANARY, stacklevel=1)
    said = logged.getvalue()
    assert '"library": "py.warnings"' in said
    assert CANARY not in said
