"""What happens before the first request: logging, the secrets, the database and the version of its tables."""

import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

import migrations
from app.access.context import Context
from app.access.secrets import Pepper, new_key, secret_file
from app.canonical.derived import derive_missing
from app.kit.db import WAL_RESET_FIXED, Database, has_wal_reset_bug
from app.kit.fulltext import forget_deleted_words, is_of_the_engine
from app.settings import Settings

logger = structlog.get_logger(__name__)

SCRIPTS: Final = str(Path(migrations.__file__).parent)
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class SchemaNotCurrent(Exception):
    """The database's tables are not those of this version of the service."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("The database has no tables, or those of another version: run `onrecord migrate`.")


def configure_logging(level: str) -> None:
    """Sends the service's log to standard error: for people on a terminal, as JSON lines anywhere else."""
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(LEVELS[level], LEVELS["warning"]), stream=sys.stderr)


class TooManyWorkers(Exception):
    """Several processes are to write one SQLite file."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("SQLite is served by one process: leave ONRECORD_WORKERS at 1, or use PostgreSQL.")


def open_context(settings: Settings) -> Context:
    """The settings with their secrets and their database, not yet connected to. Makes the data directory if absent."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    pepper = (
        settings.pepper.get_secret_value() if settings.pepper else secret_file(settings.data_dir / "pepper", new_key())
    )
    database = Database(settings.url)
    if database.is_sqlite and settings.workers > 1:
        raise TooManyWorkers
    return Context(settings=settings, database=database, pepper=Pepper(pepper.encode()))


def warn_of_sqlite(database: Database) -> None:
    """Says in the log that this SQLite is not safe for several writing processes, where it is not."""
    if database.is_sqlite and has_wal_reset_bug():
        logger.warning(
            "sqlite_wal_reset_bug",
            advice="While the service runs, let no other process write to its file, `onrecord keys` included (use "
            f"/v1/keys): SQLite before {'.'.join(map(str, WAL_RESET_FIXED))} can then lose writes.",
        )


def migrate(database: Database) -> None:
    """Brings the tables to this version. Does nothing to tables that are."""
    with database.engine().begin() as connection:
        command.upgrade(alembic_config(connection), "head")
    database.write(forget_deleted_words)
    database.write(derive_missing)


def is_described(_object: Any, name: str | None, *_more: Any) -> bool:
    """Whether a table or an index of the database is for the models to describe, as Alembic asks of each."""
    return name is None or not is_of_the_engine(name)


def is_current(database: Database) -> bool:
    """Whether the tables are those of this version."""
    with database.reading() as session:
        return set(MigrationContext.configure(session.connection()).get_current_heads()) == _heads()


@cache
def _heads() -> set[str]:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return set(ScriptDirectory.from_config(config).get_heads())


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need to run the revisions over the connection, in its transaction."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config
