"""What happens before the first request: logging, the secrets, the database and the version of its tables."""

import os
import time
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import Session

import migrations
from app.access.context import Context
from app.access.fingerprint import PepperMissing, check_fingerprint, has_keys
from app.access.oidc import Issuer
from app.access.queries import signs_on_as_superuser
from app.access.secrets import Pepper, check_pepper, kept_pepper, read_pepper
from app.canonical.upgrade import upgrade
from app.fulltext.index import forget_deleted_words, is_of_the_engine, is_readable
from app.kit import logs, sqlite
from app.kit.db import Database
from app.kit.private import DATA_DIR, check_files, check_writable, private_folder
from app.kit.refusals import Refusal
from app.settings import Settings

logger = structlog.get_logger(__name__)

FIXED_SQLITE: Final = ".".join(map(str, sqlite.WAL_RESET_FIXED))
SCRIPTS: Final = str(Path(migrations.__file__).parent)
SECRET_FILES: Final = ("pepper", "first.key")
MAKING_S: Final = 0.5
"""Within which a SQLite file has its first page once it is there: it takes milliseconds."""
TLS_MODES: Final = frozenset({"require", "verify-ca", "verify-full"})
"""libpq's modes that give no password and no row away to who listens; its default, prefer, goes on without TLS."""


class SchemaNotCurrent(Refusal):
    """The database has no tables, or those of an earlier version of the service."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__("The database has no tables, or those of an earlier version: run `onrecord migrate`.")


class SchemaNewer(Refusal):
    """The database's tables are those of a later version of the service, which this one does not know."""

    def __init__(self, revisions: Iterable[str]) -> None:
        """Takes the revisions that are not known here."""
        super().__init__(
            f"The database's tables are of a later version of Onrecord (revision {', '.join(sorted(revisions))}) than "
            f"this one ({version('onrecord')}, revision {', '.join(sorted(_heads()))}): run the later version, or "
            "restore a backup made before it ran `onrecord migrate`."
        )


class NoDatabase(Refusal):
    """There is no SQLite file, or an empty one, and the command at hand makes none."""

    def __init__(self, file: Path) -> None:
        """Takes where it is looked for."""
        super().__init__(
            f"There is no database at {file.absolute()}: name the right one in ONRECORD_DATA_DIR or "
            "ONRECORD_DATABASE_URL; `onrecord migrate` makes a new one."
        )


class EmptyDatabase(Refusal):
    """The SQLite file is empty, and what lies in the data directory was made for one that was not."""

    def __init__(self, file: Path, secret: Path) -> None:
        """Takes the file, and the secret that shows that there was a database."""
        super().__init__(
            f"{file.absolute()} is empty, and {secret} is of a database that was not: restore it from a backup, or "
            "take the empty file away to begin anew."
        )


class IndexNewer(Refusal):
    """The full-text index was written by a SQLite that wipes deleted words, and this one cannot read it."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            f"The database was written by a later SQLite, and {sqlite.VERSION} cannot read its full-text index: run it "
            "with SQLite 3.42 or later, as the wheel of pysqlite3 brings."
        )


def configure_logging(level: str) -> None:
    """Sends the service's log, and what libraries log, to standard error."""
    logs.configure(level)


class TooManyWorkers(Refusal):
    """Several processes are to write one file, with a SQLite that can then lose writes."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            f"SQLite {sqlite.VERSION} can lose writes when several processes write one file: leave ONRECORD_WORKERS at "
            f"1, use PostgreSQL, or SQLite {FIXED_SQLITE} or later, as the wheel of pysqlite3 brings."
        )


class DatabaseInTheClear(Refusal):
    """What is recorded, and the password, would go to a PostgreSQL on another machine without TLS."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "ONRECORD_DATABASE_URL names a PostgreSQL on another machine: add ?sslmode=verify-full to it, and "
            "sslrootcert if need be, or sslmode=disable where the network between is yours alone."
        )


def open_context(settings: Settings, *, pepper_is_lost: bool = False, make: bool = True) -> Context:
    """The settings with their secrets and their database.

    With `make`, what is absent is made: the data directory, the pepper, and the SQLite file at the first connection.
    Without it, a database has to be there: NoDatabase, or SchemaNotCurrent, is raised before anything is made.
    The database is connected to only where there is no pepper, to look for keys that it would have to fit; not even
    then if `pepper_is_lost`. Raises a Refusal for what must not be served: secrets, database files and folders that
    others may get at, a pepper that is missing or can be guessed, an empty database beside secrets, a PostgreSQL
    elsewhere without TLS, several workers on a SQLite that loses writes.
    """
    database = Database(
        settings.url,
        query_seconds=settings.query_seconds,
        processor_seconds=settings.query_processor_seconds,
        write_seconds=settings.write_seconds,
        write_processor_seconds=settings.write_processor_seconds,
    )
    if database.is_sqlite and settings.workers > 1 and sqlite.has_wal_reset_bug():
        raise TooManyWorkers
    check_transport(database)
    if not make and database.file is not None and _is_absent(database.file):
        raise NoDatabase(database.file)
    if make or settings.data_dir.exists():
        private_folder(settings.data_dir)
    secret_files = [settings.data_dir / name for name in SECRET_FILES]
    check_files(*secret_files)
    if database.file is not None:
        _check_database_files(database.file, setting="ONRECORD_DATABASE_URL" if settings.database_url else DATA_DIR)
        kept = next((path for path in secret_files if path.exists()), None)
        if kept is not None and _stays_empty(database.file):
            raise EmptyDatabase(database.file, kept)
    try:
        pepper = _pepper(settings, database, is_lost=pepper_is_lost, make=make)
    except Refusal:
        database.dispose()
        raise
    issuer = Issuer(settings) if settings.oidc_issuer is not None else None
    return Context(settings=settings, database=database, pepper=Pepper(pepper.encode()), issuer=issuer)


def _is_absent(file: Path) -> bool:
    """Whether there is no database in the file: none at all, or one without a byte."""
    try:
        return file.stat().st_size == 0
    except FileNotFoundError:
        return True


def _stays_empty(file: Path) -> bool:
    """Whether the file is there and empty, and not because another process makes a database of it at this moment."""
    if file.exists() and _is_absent(file):
        time.sleep(MAKING_S)
    return file.exists() and _is_absent(file)


def _check_database_files(file: Path, *, setting: str) -> None:
    """Raises a Refusal for a SQLite file, or one that SQLite keeps beside it, that others may get at, or we may not."""
    private_folder(file.parent, make=False, setting=setting)
    beside = [file.with_name(file.name + suffix) for suffix in ("-wal", "-shm", "-journal")]
    check_files(file, *beside)
    check_writable(file.parent, file, *beside, setting=setting)


def _pepper(settings: Settings, database: Database, *, is_lost: bool, make: bool) -> str:
    """The pepper set, or the one in the data directory, made if there is none and no key needs the one there was."""
    path = settings.data_dir / "pepper"
    if settings.pepper is not None:
        pepper = settings.pepper.get_secret_value()
    else:
        if read_pepper(path) is None and not is_lost and has_keys(database):
            raise PepperMissing(path)
        if not make:
            check_tables(database)
        pepper = kept_pepper(path)
    check_pepper(pepper)
    return pepper


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


def warn_of_superuser(database: Database) -> None:
    """Says in the log that the service signs on to PostgreSQL as a superuser, where it does."""
    with database.reading() as session:
        if signs_on_as_superuser(session):
            logger.warning(
                "database_superuser",
                advice="Sign on as a role that owns its schema and no more, as deploy/roles.sh makes one: otherwise "
                "whoever takes the service has all of the server.",
            )


def warn_of_first_key(settings: Settings) -> None:
    """Says in the log that the first key still lies in the data directory, where others than this machine call."""
    if settings.behind_proxy and (settings.data_dir / "first.key").exists():
        logger.warning(
            "first_key_kept",
            advice="It opens everything: take it to a password store, make keys of fewer scopes, delete the file.",
        )


def migrate(database: Database) -> None:
    """Brings the tables and what is in them to this version, or leaves all as it was. Does nothing where they are.

    Raises SchemaNewer and IndexNewer for what this version, or this SQLite, cannot read.
    """
    _check_not_newer(database)
    with database.altering() as connection:
        command.upgrade(alembic_config(connection), "head")
        # In the same transaction: what is not told anew yet would tell what is hidden now, and nothing looks for it.
        with Session(connection, autoflush=False) as session:
            forget_deleted_words(session)
            upgrade(session)
            session.flush()


def is_described(_object: Any, name: str | None, *_more: Any) -> bool:
    """Whether a table or an index of the database is for the models to describe, as Alembic asks of each."""
    return name is None or not is_of_the_engine(name)


def check_database(context: Context) -> None:
    """Does nothing for a database that can be served; raises a Refusal for every other.

    Those are SchemaNotCurrent, SchemaNewer, IndexNewer, and OtherPepper where its keys were made with another.
    """
    check_tables(context.database)
    check_fingerprint(context.database, context.pepper)


def check_tables(database: Database) -> None:
    """Does nothing for tables of this version; raises SchemaNotCurrent, SchemaNewer or IndexNewer for others."""
    if _check_not_newer(database) != _heads():
        raise SchemaNotCurrent


def _check_not_newer(database: Database) -> set[str]:
    """The revisions that the tables are of, none for an empty database; raises SchemaNewer or IndexNewer."""
    with database.reading() as session:
        current = set(MigrationContext.configure(session.connection()).get_current_heads())
        readable = is_readable(session)
    unknown = current - _known()
    if unknown:
        raise SchemaNewer(unknown)
    if not readable:
        raise IndexNewer
    return current


def is_current(database: Database) -> bool:
    """Whether the tables are those of this version; waits for no other read."""
    with database.reading_in_reserve() as session:
        return set(MigrationContext.configure(session.connection()).get_current_heads()) == _heads()


@cache
def _heads() -> set[str]:
    """The newest revisions of this version."""
    return set(_scripts().get_heads())


@cache
def _known() -> set[str]:
    """Every revision of this version."""
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    return ScriptDirectory.from_config(config)


def alembic_config(connection: Connection) -> Config:
    """What Alembic's commands need to run the revisions over the connection, in its transaction."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    return config
