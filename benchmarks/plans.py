"""How long the ids of a page take for common questions, and by which plan, on a ledger of `benchmarks.ledger`.

    python -m benchmarks.plans sqlite:////tmp/ledger.sqlite3

Times are the least of several runs, since what else the machine does only adds to them; SQLite's are the processor's,
as it runs in this process. Beside them stands how many times one claim's look-up by its id that is, in the same run:
only these ratios can be compared between machines. A deep page begins after 30,000 claims, or in the middle of fewer.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import event
from sqlmodel import Session, col, func, select

from app.access.principals import PUBLIC_READER
from app.access.units import Precondition, Unit
from app.access.visibility import looking_for_veils
from app.changes.queries import readable
from app.filters.queries import matching_claims
from app.filters.schemas import ClaimFilter
from app.kit.db import Database
from app.kit.paging import page_of
from app.models import Claim
from app.models.vocabulary import ResourceKind
from benchmarks.questions import common_questions

DEEP: Final = 30_000
RUNS: Final = 7
LONG_AFTER: Final = datetime(2030, 1, 1, tzinfo=UTC)


def unit_of(session: Session) -> Unit:
    """A unit of work of a public reader, without the context that only cursors need."""
    return Unit(session, PUBLIC_READER, LONG_AFTER, None, Precondition(None))  # type: ignore[arg-type]  # see above


def run_page(session: Session, wanted: ClaimFilter, after: list[Any] | None = None) -> list[Any]:
    """The rows of one page, found as the list of claims finds them."""
    matching = matching_claims(unit_of(session), wanted, source_ids=wanted.source_id, sort=wanted.order)
    return page_of(session, matching.statement, matching.order, wanted, after).rows


def plans(database: Database, wanted: ClaimFilter) -> list[list[str]]:
    """The plan of each statement that finds the page's ids, line by line, the counting before it left out."""
    with database.reading() as session, looking_for_veils(session, LONG_AFTER), _statements(session) as sent:
        matching = matching_claims(unit_of(session), wanted, source_ids=wanted.source_id, sort=wanted.order)
        sent.clear()
        page_of(session, matching.statement, matching.order, wanted, None)
        pages = [each for each in sent if each[0].lstrip().startswith(("SELECT", "WITH"))]
        return [_plan(session, database, *each) for each in pages]


def _plan(session: Session, database: Database, statement: str, parameters: Any) -> list[str]:
    explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
    rows = session.connection().exec_driver_sql(explain + statement, parameters)
    return [str(row[-1]).strip() for row in rows]


@contextmanager
def _statements(session: Session) -> Iterator[list[tuple[str, Any]]]:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        sent.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _least_ms(database: Database, work: Callable[[Session], Any]) -> float:
    clock = time.process_time if database.is_sqlite else time.perf_counter
    times = []
    for _ in range(RUNS):
        with database.reading() as session, looking_for_veils(session, LONG_AFTER):
            started = clock()
            work(session)
            times.append((clock() - started) * 1000)
    return min(times)


def _deep(session: Session, wanted: ClaimFilter) -> list[Any] | None:
    """The keys of the row after which a deep page begins; None where there is no such row."""
    matching = matching_claims(unit_of(session), wanted, source_ids=wanted.source_id, sort=wanted.order)
    statement, order = matching.statement, matching.order
    if order.nullable:
        statement = statement.where(order.keys[0].column.is_not(None))
    some = statement.order_by(None).limit(2 * DEEP).subquery()
    count = session.exec(select(func.count()).select_from(some)).one()
    row = session.exec(statement.order_by(*order.clauses()).offset(min(DEEP, count // 2)).limit(1)).first()
    return None if row is None else list(row[1:])


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="a database with a ledger in it")
    parser.add_argument("--plans", action="store_true", help="print the plans too")
    given = parser.parse_args()
    database = Database(given.url)
    with database.reading() as session:
        questions = common_questions(session)
        some_id = session.exec(select(Claim.id).order_by(col(Claim.id)).offset(1000).limit(1)).one()
    base = _least_ms(database, lambda session: readable(unit_of(session), ResourceKind.CLAIM, some_id))
    print(f"{'one claim by its id':34} {base:9.2f} ms")
    for name, parameters in questions.items():
        wanted = ClaimFilter.model_validate(parameters)
        first = _least_ms(database, lambda session, wanted=wanted: run_page(session, wanted))  # type: ignore[misc]
        with database.reading() as session:
            after = _deep(session, wanted)
        deep = _least_ms(database, lambda session, wanted=wanted, after=after: run_page(session, wanted, after))  # type: ignore[misc]
        print(f"{name:34} {first:9.2f} ms {first / base:7.1f}   deep {deep:9.2f} ms {deep / base:7.1f}", flush=True)
        if given.plans:
            for plan in plans(database, wanted):
                print("".join(f"      {line}\n" for line in plan), end="")
    database.dispose()


if __name__ == "__main__":
    main()
