"""What one process of the service holds while it runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from fastapi import Request

from app.access.oidc import Issuer
from app.access.secrets import Pepper
from app.kit.db import Database
from app.settings import Settings

WRITES_AT_ONCE: Final = 4
"""Half of the threads: a write that waits for another must not keep reads out, so the rest wait without a thread."""


@dataclass(frozen=True)
class Context:
    """The settings, the database, the pepper, the clock and the issuer of tokens, if one is trusted.

    And what the requests that are being answered must know of one another: which idempotent ones there are, whether
    the use of a key is being noted, and whether one more may write.
    """

    settings: Settings
    database: Database
    pepper: Pepper
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    issuer: Issuer | None = None
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    in_flight_lock: Lock = field(default_factory=Lock)
    noting_use: Lock = field(default_factory=Lock)
    writing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(WRITES_AT_ONCE))


def context_of(request: Request) -> Context:
    """The context that the running app was started with."""
    context: Context = request.app.state.context
    return context
