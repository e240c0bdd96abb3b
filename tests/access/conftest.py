"""Callers of each audience, and what tests of visibility do again and again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from app.models.vocabulary import Scope
from tests.factories import recorded_source, said_by
from tests.fixtures.api import Api

ABSENT = "00000000-0000-4000-8000-000000000000"
WRITES = (Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_ASSESS, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)


@dataclass(frozen=True)
class Callers:
    """One of each audience who may also write, and one who may only read what is public."""

    reader: Api
    public: Api
    internal: Api
    restricted: Api


@pytest.fixture
def callers(api: Api) -> Callers:
    return Callers(
        reader=api.with_scopes(Scope.CLAIMS_READ),
        public=api.with_scopes(*WRITES),
        internal=api.with_scopes(*WRITES, Scope.INTERNAL_READ),
        restricted=api,
    )


def instant(at: datetime) -> str:
    """The instant as it is sent."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def hide(api: Api, path: str, visibility: str = "restricted") -> None:
    """Gives what stands at the path another visibility."""
    api.change(path, {"visibility": visibility})


def add_hidden(api: Api, claim_id: str, **fields: Any) -> dict[str, Any]:
    """A new attribution of the claim to a new hidden source."""
    hidden = recorded_source(api, visibility="restricted", **fields)
    return dict(api.create(f"/v1/claims/{claim_id}/attributions", said_by(hidden)))


def listed(caller: Api) -> tuple[int, int]:
    """How many sources and documents the caller can list."""
    return tuple(len(caller.read(f"/v1/{kind}")["items"]) for kind in ("sources", "documents"))  # type: ignore[return-value]  # two of them
