"""What is said of an erasure: where copies of what was erased may be left that the service cannot reach."""

from collections.abc import Iterator
from datetime import datetime


def may_remain(since: datetime, until: datetime, *, sqlite: bool, overwritten: bool) -> list[dict[str, str]]:
    """Each place with what may be left there: `{where, detail}`, those first that hold it most surely.

    `since` and `until` bound the time in which it was stored; `overwritten` is whether the live database's own files
    are rid of it.
    """
    return [
        {"where": where, "detail": detail}
        for where, detail in _places(since, until, sqlite=sqlite, overwritten=overwritten)
    ]


def _places(since: datetime, until: datetime, *, sqlite: bool, overwritten: bool) -> Iterator[tuple[str, str]]:
    between = f"from {_text(since)} to {_text(until)}"
    yield (
        "backups",
        f"Every backup, export of the database and snapshot of its disk that was made {between} may hold it: delete "
        "those that you can, and let the others expire.",
    )
    if not overwritten:
        yield (
            "database_files",
            "The row is gone and its bytes may still lie in the database's files, since someone was reading or the "
            "service may not rewrite the table: "
            + (
                "`PRAGMA wal_checkpoint(TRUNCATE)` removes them once nobody reads."
                if sqlite
                else "`VACUUM FULL sealed_identity`, run by the table's owner once no older snapshot is open, removes "
                "them."
            ),
        )
    if not sqlite:
        yield (
            "write_ahead_log",
            "PostgreSQL's write-ahead log holds it until its segments are used anew, and an archive of the log for as "
            "long as that is kept.",
        )
        yield "replicas", "A replica holds it until it has replayed the erasure; one that is cut off holds it for good."
    yield (
        "storage",
        "Blocks that the file system or the drive has set free keep it until they are used anew; an encrypted disk "
        "makes them unreadable to whoever has not its key.",
    )
    yield "readers", "Whoever fetched it before may have kept it: the audit names them."


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds").replace("+00:00", "Z")
