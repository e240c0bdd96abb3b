"""Errors of the database by their names, as far as no real one can be made for them."""

import pytest
from sqlalchemy.exc import IntegrityError

from app.kit.database_errors import MAY_PASS, constraint_name


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (
            "UNIQUE constraint failed: document.canonical_url, document.visibility",
            "uq_document_canonical_url_visibility",
        ),
        ("CHECK constraint failed: ck_source_no_name_when_anonymous", "ck_source_no_name_when_anonymous"),
        ("NOT NULL constraint failed: custodian.name", "custodian.name"),
        ("FOREIGN KEY constraint failed", None),
        ("CHECK constraint failed: name <> 'Jane Doe'", None),
    ],
)
def test_a_constraint_is_known_by_name_on_sqlite(message: str, name: str | None) -> None:
    assert constraint_name(IntegrityError(None, None, Exception(message))) == name


@pytest.mark.parametrize(
    ("state", "passes"),
    [
        ("SQLITE_BUSY", True),
        ("SQLITE_BUSY_SNAPSHOT", True),  # the standard library's driver tells extended codes, pysqlite3 primary ones
        ("SQLITE_IOERR_WRITE", True),
        ("SQLITE_LOCKED_SHAREDCACHE", True),
        ("SQLITE_FULL", True),
        ("SQLITE_CANTOPEN", True),
        ("SQLITE_ERROR", False),
        ("SQLITE_CONSTRAINT_CHECK", False),
        ("SQLITE_CORRUPT", False),
        ("SQLITE_CORRUPT_INDEX", False),
        ("SQLITE_MISUSE", False),
        ("SQLITE_MISMATCH", False),
        ("SQLITE_NOTADB", False),
        ("SQLITE_READONLY", False),
    ],
)
def test_sqlites_codes_that_may_pass_are_known(state: str, passes: bool) -> None:
    assert (MAY_PASS.fullmatch(state) is not None) == passes
