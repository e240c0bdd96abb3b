"""Whether the database answers, asked so that the asking waits behind nothing else."""

import asyncio
from typing import Final

from starlette.datastructures import State

from app import startup
from app.kit.db import Database
from app.kit.problems import Unavailable

PATIENCE_SECONDS: Final = 1.5
"""For the database's answer; what watches over a service seldom waits longer itself."""


async def database_is_current(state: State, database: Database) -> bool:
    """Whether the tables are those of this version. Raises Unavailable where the database does not say so in time.

    It is asked once at a time, by a thread and a connection of their own; who asks meanwhile gets the same answer, so
    that a database that hangs holds up one thread and not more. `state` is the app's, and remembers the asking.
    """
    asking: asyncio.Future[bool] | None = getattr(state, "asking_database", None)
    if asking is None or asking.done():
        # The loop's own threads, not those that requests wait for.
        asking = asyncio.get_running_loop().run_in_executor(None, startup.is_current, database)
        state.asking_database = asking
    try:
        return await asyncio.wait_for(asyncio.shield(asking), PATIENCE_SECONDS)
    except TimeoutError:
        raise Unavailable("The database does not answer in time.") from None
