"""The service's log: one line an event, to standard error, and of what libraries log nothing that could be a value.

Our own events have values that were chosen one by one. A library's message may hold anything: PostgreSQL's errors
repeat rows, asyncio's the arguments of a callback, a traceback whatever the exception says. So of theirs a line tells
which statement of which library logged, the words before any value is put into them, and where an exception came from.
"""

import io
import logging
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

import structlog

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}

_logger = structlog.get_logger("app.libraries")


class _StandardError(io.TextIOBase):
    """Standard error, whatever it is when a line is written.

    A line that cannot be written, to a full disk or a closed pipe, is lost: nothing that is done fails for its log.
    """

    def write(self, text: str) -> int:
        with suppress(*_UNWRITABLE):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(*_UNWRITABLE):
            sys.stderr.flush()


_UNWRITABLE: Final = (OSError, ValueError, AttributeError)
"""What is raised where there is no room, or nobody who reads; where the file is closed; where there is none."""
_standard_error: Final = _StandardError()


def configure(level: str) -> None:
    """Sends the log to standard error: for people on a terminal, as JSON lines anywhere else.

    Libraries log from `warning` on, whatever the level is.
    """
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_names: structlog.PrintLogger(_standard_error),  # type: ignore[arg-type]  # as much of a file as is used
    )
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, MuteHandler)]:
        root.removeHandler(handler)
    root.addHandler(MuteHandler())
    root.setLevel(max(LEVELS[level], LEVELS["warning"]))


def mute_hooks() -> None:
    """Sends what Python itself would print, warnings and exceptions that nobody catches, the same way."""
    logging.captureWarnings(capture=True)
    threading.excepthook = _of_thread
    sys.unraisablehook = _of_destructor


class MuteHandler(logging.Handler):
    """Passes libraries' records on to the service's log, without their values."""

    def emit(self, record: logging.LogRecord) -> None:
        """Logs what `mute` leaves of the record."""
        _logger.log(record.levelno, "library_event", **mute(record))


def mute(record: logging.LogRecord) -> dict[str, Any]:
    """The record's logger, the statement that logged it, its words if values stand apart from them, its exception."""
    known: dict[str, Any] = {"library": record.name, "where": f"{record.pathname}:{record.lineno}"}
    # Words without arguments may have been put together with values before they were handed over.
    if record.args and isinstance(record.msg, str):
        known["words"] = record.msg
    error = record.exc_info[1] if record.exc_info else None
    if error is None and isinstance(record.msg, BaseException):
        error = record.msg
    if error is not None:
        known |= described(error)
    return known


def described(error: BaseException) -> dict[str, Any]:
    """An exception's class, its SQLSTATE if it has one, and file and line of its innermost frame; never its words."""
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    known = {"kind": type(error).__name__, "raised": where(error.__traceback__)}
    return {**known, "sqlstate": state} if state else known


def where(frame: TracebackType | None) -> str:
    """File and line of the innermost frame."""
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else "unknown"


def _of_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        _logger.error("thread_failed", **described(failed.exc_value))


def _of_destructor(failed: Any) -> None:
    if failed.exc_value is not None:
        _logger.error("cleaning_up_failed", **described(failed.exc_value))
