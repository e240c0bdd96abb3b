"""The SQLite of the whole project: pysqlite3 brings a new one where it is installed, else it is the one of this Python.

Nothing else imports either. Two SQLites in one process may not open one file: when one closes it, the operating system
drops the locks of the other (https://sqlite.org/howtocorrupt.html §2.2.1).
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3 as driver
else:
    try:
        from pysqlite3 import dbapi2 as driver
    except ImportError:
        import sqlite3 as driver

VERSION: Final = driver.sqlite_version
WAL_RESET_FIXED: Final = (3, 51, 3)
"""SQLite before this can lose committed pages when several connections write or checkpoint one WAL file."""
KNOWS_SECURE_DELETE: Final = (3, 42)
"""The SQLite from which on FTS5 can remove deleted words from the file at once."""

__all__ = ["KNOWS_SECURE_DELETE", "VERSION", "WAL_RESET_FIXED", "driver", "has_wal_reset_bug", "wipes_deleted_words"]


def has_wal_reset_bug() -> bool:
    """Whether this SQLite has the bug that makes a second writing process unsafe."""
    return driver.sqlite_version_info < WAL_RESET_FIXED


def wipes_deleted_words() -> bool:
    """Whether FTS5 in this SQLite can wipe what is deleted from its index; also, whether it reads one that did."""
    return driver.sqlite_version_info >= KNOWS_SECURE_DELETE
