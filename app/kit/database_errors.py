"""What an error of the database is to a caller: a conflict known by its constraint, what may pass, or our own fault.

One table decides, by SQLSTATE (PostgreSQL, Appendix A) or by the name of SQLite's result code. The error's own words
are never looked at for more than a constraint's name, nor logged: PostgreSQL's repeat values.
"""

import re
from typing import Final

import psycopg
import structlog
from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kit.problems import RETRY_AFTER_SECONDS, AlreadyExists, InternalError, Problem, Unavailable, problem_response

logger = structlog.get_logger(__name__)

CONSTRAINTS: Final[dict[str, tuple[type[Problem], str]]] = {
    "uq_document_canonical_url_visibility": (AlreadyExists, "A document with this address is recorded already."),
    "uq_custodian_recipient": (AlreadyExists, "This key is registered already, or was."),
    "uq_source_relation_source_id_other_id_kind": (AlreadyExists, "This relation is recorded already."),
    "uq_relation_claim_id_other_claim_id_kind": (AlreadyExists, "This relation is recorded already."),
    "uq_assessment_claim_id_supersedes_id": (
        AlreadyExists,
        "That assessment has been superseded already; supersede its successor.",
    ),
}
"""What a broken constraint means to a caller, by its name: two writers at once can both find that it holds. That any
other is broken is a fault of ours."""
MAY_PASS: Final = re.compile(
    "08...|40...|53...|57...|"  # connection, transaction rolled back, resources, operator intervention
    "25006|25P03|25P04|"  # a server that only reads, as after a failover; time for a transaction that is over
    "55006|55P03|58030|"  # in use, lock not available; input and output
    "SQLITE_(?:BUSY|CANTOPEN|FULL|INTERRUPT|IOERR|LOCKED|NOMEM|PROTOCOL|SCHEMA)(?:_.*)?"
)
"""What another try, a little later, may find gone: on PostgreSQL by class or condition, on SQLite by primary code."""
CONSTRAINT_NAME: Final = re.compile(r"[a-z][a-z0-9_.]*")


def install(app: FastAPI) -> None:
    """Makes `app` answer the database's errors with problem details."""

    @app.exception_handler(PoolTimeout)
    @app.exception_handler(DBAPIError)
    async def of_database(request: Request, error: DBAPIError | PoolTimeout) -> Response:
        return problem_response(request, problem_of(error))


def sqlstate(error: BaseException) -> str | None:
    """The five-character SQLSTATE of a driver's error, or SQLite's symbolic error name; None where it has neither."""
    original = getattr(error, "orig", None)
    return getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)


def may_pass(error: DBAPIError) -> bool:
    """Whether the same may succeed a little later, without anybody having mended anything of ours."""
    state = sqlstate(error)
    if error.connection_invalidated or (state is not None and MAY_PASS.fullmatch(state) is not None):
        return True
    # Without a state psycopg could not connect, as while the server that was there a moment ago starts again.
    return state is None and isinstance(error.orig, psycopg.OperationalError)


def problem_of(error: DBAPIError | PoolTimeout) -> Problem:
    """The answer to a request that ended in this error; logs it, unless it is a conflict between two writers.

    By its SQLSTATE, its constraint's name and the driver's class: nothing of these is a value.
    """
    if isinstance(error, PoolTimeout):
        return Unavailable(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    constraint = constraint_name(error) if isinstance(error, IntegrityError) else None
    if constraint in CONSTRAINTS:
        kind, detail = CONSTRAINTS[constraint]
        return kind(detail)
    known = {"sqlstate": sqlstate(error), "constraint": constraint, "kind": type(error.orig).__name__}
    if may_pass(error):
        logger.warning("database_unavailable", **known)
        return Unavailable(headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    logger.error("database_fault", **known)
    return InternalError()


def constraint_name(error: IntegrityError) -> str | None:
    """The name of the constraint that was broken, on either engine; None where SQLite does not tell."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return None if diagnosis.constraint_name is None else str(diagnosis.constraint_name)
    # SQLite names a CHECK, but only the columns of a UNIQUE: "UNIQUE constraint failed: t.a, t.b".
    kind, _, what = str(error.orig).partition(" constraint failed: ")
    if kind == "UNIQUE" and what:
        table, columns = what.split(".")[0], [part.split(".")[1] for part in what.split(", ")]
        what = f"uq_{table}_{'_'.join(columns)}"
    return what if CONSTRAINT_NAME.fullmatch(what) else None
