"""Which SQLite the project uses: pysqlite3 where it is installed, else the standard library's; and what it wipes."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text
from sqlmodel import Session

from app import startup
from app.fulltext import index as fulltext
from app.kit import sqlite
from app.kit.db import Database
from tests.contract.test_structure import ROOT

WORD: Final = "zanzibar"
WITHOUT_PYSQLITE3: Final = "import sys; sys.modules['pysqlite3'] = None\n"

new_library = pytest.mark.skipif(not sqlite.wipes_deleted_words(), reason="the standard library's SQLite is too old")


def run(code: str, *arguments: str, first: str = WITHOUT_PYSQLITE3) -> list[str]:
    """What the code prints in a process of its own, by default one in which pysqlite3 cannot be imported."""
    command = [sys.executable, "-W", "error", "-c", first + code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_pysqlite3_is_used_where_it_is_installed() -> None:
    pysqlite3 = pytest.importorskip("pysqlite3")
    assert sqlite.driver.connect is pysqlite3.connect
    assert (sqlite.has_wal_reset_bug(), sqlite.wipes_deleted_words()) == (False, True)


def test_every_connection_is_of_the_one_library(own_database: Database) -> None:
    with own_database.reading() as session:
        if own_database.is_sqlite:
            assert session.connection().execute(text("SELECT sqlite_version()")).scalar_one() == sqlite.VERSION


def test_the_standard_librarys_sqlite_is_used_where_pysqlite3_cannot_be_imported(tmp_path: Path) -> None:
    code = """
import sqlite3
from sqlalchemy import text
from app import startup
from app.kit import sqlite
from app.kit.db import Database
database = Database(sys.argv[1])
startup.migrate(database)
with database.reading() as session:
    print(session.connection().execute(text("SELECT sqlite_version()")).scalar_one() == sqlite3.sqlite_version)
print(sqlite.VERSION == sqlite3.sqlite_version, startup.is_current(database))
database.dispose()
"""
    assert run(code, f"sqlite:///{tmp_path / 'old.sqlite3'}") == ["True", "True True"]


WARNS: Final = """
from structlog.testing import capture_logs
from app import startup
from app.kit import sqlite
from app.kit.db import Database
from app.settings import Settings
settings = Settings(data_dir=sys.argv[1], workers=2)
with capture_logs() as logged:
    startup.warn_of_sqlite(Database(settings.url))
try:
    startup.open_context(settings).database.dispose()
    refused = False
except startup.TooManyWorkers:
    refused = True
print(sqlite.driver.sqlite_version_info < (3, 51, 3), bool(logged), refused)
"""


def test_warnings_and_refusals_speak_of_the_library_in_use_alone(tmp_path: Path) -> None:
    (old,) = run(WARNS, str(tmp_path / "old"))
    assert len(set(old.split())) == 1
    if not sqlite.has_wal_reset_bug():
        (new,) = run(WARNS, str(tmp_path / "new"), first="import sys\n")
        assert new == "False False False"


def store(session: Session, row: tuple[int, str]) -> None:
    number, tokens = row
    values = {"id": f"resource {number}", "number": number, "tokens": tokens}
    session.execute(text("INSERT INTO search_text VALUES (:id, 0, 2, :number, :tokens)"), values)
    fulltext.add_rows(session, [(0, number, tokens)])


def forget(session: Session, row: tuple[int, str]) -> None:
    number, tokens = row
    fulltext.remove_rows(session, [(0, number, tokens)])
    session.execute(text("DELETE FROM search_text WHERE number = :number"), {"number": number})


def holds_word(database: Database) -> bool:
    """Whether the word stands in the database's file, once what is in the write-ahead log has been moved into it."""
    assert database.forget_deleted("search_text")
    path = Path(str(database.url.database))
    return any(WORD.encode() in file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


@new_library
def test_deleted_words_are_gone_from_the_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    startup.migrate(database)
    rows = [(number, f" {WORD}  other{number} ") for number in range(100)]
    for row in rows:
        database.write(partial(store, row=row))
    assert holds_word(database)
    for row in rows:
        database.write(partial(forget, row=row))
    assert not holds_word(database)
    database.dispose()


@new_library
def test_words_that_were_deleted_before_are_gone_after_the_next_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'existing.sqlite3'}")
    with monkeypatch.context() as old:
        old.setattr(sqlite, "wipes_deleted_words", lambda: False)
        startup.migrate(database)
    database.write(partial(store, row=(1, f" {WORD} ")))
    database.write(partial(forget, row=(1, f" {WORD} ")))
    assert holds_word(database)
    startup.migrate(database)
    assert not holds_word(database)
    database.dispose()
