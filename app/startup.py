"""What happens before the first request: logging, the secrets, the database and the version of its tables."""

import os
from functools import cache
from ipaddress import ip_address
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
from app.access.oidc import Issuer
from app.access.secrets import Pepper, check_pepper, new_key, secret_file
from app.canonical.derived import derive_missing
from app.kit import logs, sqlite
from app.kit.db import Database
from app.kit.fulltext import forget_deleted_words, is_of_the_engine
from app.kit.refusals import Refusal, check_private, private_folder
from app.settings import Settings

logger = structlog.get_logger(__name__)

FIXED_SQLITE: Final = ".".join(map(str, sqlite.WAL_RESET_FIXED))
SCRIPTS: Final = str(Path(migrations.__file__).parent)
SECRET_FILES: Final = ("pepper", "first.key")
TLS_MODES: Final = frozenset({"require", "verify-ca", "verify-full"})
"""libpq's modes that give no password and no row away to who listens; its default, prefer, goes on without TLS."""


class SchemaNotCurrent(Refusal):
    """The database's tables are not those of this version of the service."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("The database has no tables, or those of another version: run `onrecord migrate`.")


def configure_logging(level: str) -> None:
    """Sends the service's log, and what libraries log, to standard error."""
    logs.configure(level)


class TooManyWorkers(Refusal):
    """Several processes are to write one file, with a SQLite that can then lose writes."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            f"SQLite {sqlite.VERSION} can lose writes when several processes write one file: leave "
            f"ONRECORD_WORKERS at 1, use PostgreSQL, or a Python for which there is a wheel of pysqlite3."
        )


class DatabaseInTheClear(Refusal):
    """What is recorded, and the password, would go to a PostgreSQL on another machine without TLS."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "ONRECORD_DATABASE_URL names a PostgreSQL on another machine: add ?sslmode=verify-full to it, and "
            "sslrootcert if need be, or sslmode=disable where the network between is yours alone."
        )


def open_context(settings: Settings) -> Context:
    """The settings with their secrets and their database, not yet connected to. Makes the data directory if absent.

    Raises a Refusal for what must not be served: secrets, database files and a data directory that others may get at, a
    pepper that can be guessed, a PostgreSQL elsewhere without TLS, several workers on a SQLite that loses writes.
    """
    database = Database(settings.url, query_seconds=settings.query_seconds)
    if database.is_sqlite and settings.workers > 1 and sqlite.has_wal_reset_bug():
        raise TooManyWorkers
    check_transport(database)
    private_folder(settings.data_dir)
    check_private(*(settings.data_dir / name for name in SECRET_FILES), *_files(database))
    pepper = (
        settings.pepper.get_secret_value() if settings.pepper else secret_file(settings.data_dir / "pepper", new_key())
    )
    check_pepper(pepper)
    issuer = Issuer(settings) if settings.oidc_issuer is not None else None
    return Context(settings=settings, database=database, pepper=Pepper(pepper.encode()), issuer=issuer)


def _files(database: Database) -> list[Path]:
    """The file of a SQLite database, and those that SQLite keeps beside it."""
    name = database.url.database
    if not database.is_sqlite or not name or name == ":memory:" or name.startswith("file:"):
        return []
    return [Path(name + suffix) for suffix in ("", "-wal", "-shm", "-journal")]


def check_transport(database: Database) -> None:
    """Does nothing for a database on this machine, or one that is reached with TLS; warns where TLS is switched off.

    What the URL leaves open libpq takes from PGHOST and PGSSLMODE. Raises DatabaseInTheClear for one elsewhere whose
    sslmode is not stated, or lets the server choose.
    """
    if database.is_sqlite:
        return
    query = database.url.query
    hosts = query.get("host") or database.url.host or os.environ.get("PGHOST") or ""
    named = ",".join([hosts] if isinstance(hosts, str) else hosts).split(",")
    if all(_is_here(host) for host in named):
        return
    mode = query.get("sslmode") or os.environ.get("PGSSLMODE")
    if mode == "disable":
        logger.warning(
            "database_in_the_clear", advice="Whoever is on the way to PostgreSQL reads and alters all of it."
        )
    elif mode not in TLS_MODES:
        raise DatabaseInTheClear


def _is_here(host: str) -> bool:
    """Whether a PostgreSQL's host is this machine: none, a folder with its socket, or a loopback address.

    A name that is not `localhost` is elsewhere, whatever it stands for today.
    """
    if host.startswith(("/", "@")) or host in {"", "localhost"}:
        return True
    try:
        return ip_address(host.split(":")[0] if host.count(":") == 1 else host).is_loopback
    except ValueError:
        return False


def warn_of_sqlite(database: Database) -> None:
    """Says in the log that this SQLite is not safe for several writing processes, where it is not."""
    if database.is_sqlite and sqlite.has_wal_reset_bug():
        logger.warning(
            "sqlite_wal_reset_bug",
            advice="While the service runs, let no other process write to its file, `onrecord keys` included (use "
            f"/v1/keys): SQLite before {FIXED_SQLITE} can then lose writes.",
        )


def warn_of_first_key(settings: Settings) -> None:
    """Says in the log that the first key still lies in the data directory, where others than this machine call."""
    if settings.behind_proxy and (settings.data_dir / "first.key").exists():
        logger.warning(
            "first_key_kept",
            advice="It opens everything: take it to a password store, make keys of fewer scopes, delete the file.",
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
    """Whether the tables are those of this version; waits for no other read."""
    with database.reading_in_reserve() as session:
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
