"""What is told to an engine of how to go about a statement, where its guesses could cost any amount."""

from typing import Any


def found_once(rows: Any) -> Any:
    """The rows of a select, to be found once however often they are gone through.

    Until it has statistics PostgreSQL takes a table for nearly empty, and finds such rows anew for each row of another:
    the total of ninety claims by a name took it minutes. It finds them as they are asked for, so a limit still ends it.
    """
    return rows.cte().prefix_with("MATERIALIZED", dialect="postgresql")
