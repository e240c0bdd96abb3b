"""Notices a pepper other than the one that keys were made with, which would accept none of them ever again."""

from pathlib import Path

from app.access import queries
from app.access.secrets import Pepper
from app.kit.db import Database
from app.kit.refusals import Refusal


class PepperMissing(Refusal):
    """The database has keys, and there is no pepper that they could have been made with."""

    def __init__(self, path: Path) -> None:
        """Takes where the pepper is looked for."""
        super().__init__(
            f"The database has keys, and the pepper that they were made with is missing: put {path} back from the "
            "backup, or set ONRECORD_PEPPER to it. If it is lost, `onrecord keys new-pepper` makes another and revokes "
            "every key."
        )


class OtherPepper(Refusal):
    """The pepper is not the one that the database's keys were made with."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "The pepper is not the one that the database's keys were made with: put the file `pepper` of the data "
            "directory back from the same backup as the database, or set ONRECORD_PEPPER to it. If it is lost, "
            "`onrecord keys new-pepper` revokes every key and goes on with this one."
        )


def fingerprint(pepper: Pepper) -> str:
    """What the database keeps of the pepper, which cannot be turned back into it."""
    return pepper.digest("fingerprint")


def has_keys(database: Database) -> bool:
    """Whether the database holds keys, revoked ones included. Makes no file of a SQLite database that has none."""
    if database.file is not None and not database.file.exists():
        return False
    with database.reading() as session:
        return queries.has_keys(session)


def check_fingerprint(database: Database, pepper: Pepper) -> None:
    """Does nothing where the database holds the pepper's fingerprint, or takes it for the first; raises OtherPepper."""
    offered = fingerprint(pepper)
    with database.reading() as session:
        held = queries.held_fingerprint(session)
    if held is None:
        held = database.write(lambda session: queries.keep_fingerprint(session, offered))
    if held != offered:
        raise OtherPepper
