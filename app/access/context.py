"""What one process of the service holds while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock

from fastapi import Request

from app.access.secrets import Pepper
from app.kit.db import Database
from app.settings import Settings


@dataclass(frozen=True)
class Context:
    """The settings, the database, the pepper and the clock; and which idempotent requests are being answered."""

    settings: Settings
    database: Database
    pepper: Pepper
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    in_flight: set[tuple[str, str]] = field(default_factory=set)
    in_flight_lock: Lock = field(default_factory=Lock)


def context_of(request: Request) -> Context:
    """The context that the running app was started with."""
    context: Context = request.app.state.context
    return context
