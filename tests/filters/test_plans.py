"""The plans of common questions, by statistics that tell of a million claims: an index leads to each page."""

import os
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from sqlalchemy import text

from app.filters.schemas import ClaimFilter
from app.kit.db import Database
from app.startup import migrate
from benchmarks.ledger import analyze, fill
from benchmarks.plans import plans
from benchmarks.questions import STREAMED, common_questions
from tests.fixtures.postgres import drop_database, fresh_database

CLAIMS: Final = 6_000
TOLD: Final = 1_000_000
FEW: Final = 12
"""As few of these claims as two thousand are of a million."""
LARGE: Final = "claim|claim_topic|claim_standing|quantity|attribution|hop|rendition|search_text|document|relation"


@pytest.fixture(scope="module")
def ledger(
    engine_name: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A small ledger whose statistics say that it is large."""
    name = f"onrecord_plans_{os.getpid()}"
    if engine_name == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'ledger.sqlite3'}"
    else:
        url = fresh_database(request.getfixturevalue("postgres_dsn"), name)
    made = Database(url)
    migrate(made)
    fill(made, CLAIMS)
    analyze(made)
    with made.engine().begin() as connection:
        if made.is_sqlite:
            for table, index, numbers in connection.execute(text("SELECT tbl, idx, stat FROM sqlite_stat1")).all():
                told = {"stat": _scaled(numbers), "tbl": table, "idx": index}
                connection.execute(text("UPDATE sqlite_stat1 SET stat = :stat WHERE tbl = :tbl AND idx IS :idx"), told)
        else:
            factor = TOLD // CLAIMS
            connection.execute(text(f"UPDATE pg_class SET reltuples = reltuples * {factor} WHERE reltuples > 0"))
    made.dispose()  # SQLite reads its statistics as it opens the file
    yield made
    made.dispose()
    if engine_name != "sqlite":
        drop_database(request.getfixturevalue("postgres_dsn"), name)


def _scaled(numbers: str) -> str:
    """The rows of a table, and how many of them one value has, as there would be of a million claims."""
    factor = TOLD // CLAIMS
    return re.sub(r"\d+", lambda number: str(int(number[0]) * factor) if number[0] != "1" else "1", numbers)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.filters.queries.FEW", FEW)


def question(ledger: Database, name: str) -> ClaimFilter:
    with ledger.reading() as session:
        return ClaimFilter.model_validate(common_questions(session)[name])


def lines(ledger: Database, name: str) -> list[str]:
    found = plans(ledger, question(ledger, name))
    assert found
    return [line for plan in found for line in plan]


def test_no_common_question_goes_through_a_whole_table(ledger: Database) -> None:
    with ledger.reading() as session:
        names = list(common_questions(session))
    for name in names:
        whole = [line for line in lines(ledger, name) if _reads_a_whole_table(line)]
        assert not whole, (name, whole)


def _reads_a_whole_table(line: str) -> bool:
    # An index in order is what a page without a filter is read by: it ends with the page.
    return bool(re.search(rf"SCAN ({LARGE})(_\d)?( AS \w+)?$|Seq Scan on ({LARGE})\b", line))


@pytest.mark.parametrize("name", STREAMED)
def test_a_page_that_an_index_gives_in_order_is_not_sorted(ledger: Database, name: str) -> None:
    found = lines(ledger, name)
    assert not [line for line in found if "FOR ORDER BY" in line or re.search(r"\bSort\b", line)], found


def test_the_sign_of_a_plan_that_is_too_long_is_known(ledger: Database) -> None:
    statement: Any = text("SELECT id FROM claim WHERE statement = 'x' ORDER BY language")
    explain = "EXPLAIN QUERY PLAN " if ledger.is_sqlite else "EXPLAIN "
    with ledger.reading() as session:
        rows = session.connection().exec_driver_sql(explain + statement.text).all()
    found = [str(row[-1]).strip() for row in rows]
    assert any(_reads_a_whole_table(line) for line in found)
    assert any("FOR ORDER BY" in line or "Sort" in line for line in found)
