"""A key that is revoked while a request waits, for its body or its turn, lets nothing in."""

import pytest

from app.access import routing
from app.access.context import Context
from app.kit import bodies
from tests.factories import source_body
from tests.fixtures.api import Api
from tests.fixtures.keys import With

REVOKE = "UPDATE api_key SET revoked_at = created_at WHERE name = 'CMS'"


def test_a_key_is_looked_at_again_once_a_slow_body_is_there(
    api: Api, context: Context, caller_with: With, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = caller_with(api.create("/v1/keys", {"name": "CMS", "scopes": ["sources:write"]}))
    take_in = bodies.Body._rest

    async def take_in_and_revoke(body: bodies.Body) -> bytes:
        content = await take_in(body)
        context.database.write(lambda session: session.connection().exec_driver_sql(REVOKE))
        return content

    monkeypatch.setattr(bodies.Body, "_rest", take_in_and_revoke)
    monkeypatch.setattr(bodies, "LARGE_BYTES", 0)
    assert caller.post("/v1/sources", source_body()).status_code == 201, "a body that was there at once"
    context.database.write(lambda session: session.connection().exec_driver_sql(REVOKE.replace("created_at", "NULL")))
    monkeypatch.setattr(routing, "SLOW_BODY_S", -1)
    assert caller.post("/v1/sources", source_body()).status_code == 401
    assert len(api.read("/v1/sources")["items"]) == 1


def test_a_key_is_looked_at_again_once_a_turn_has_come(
    api: Api, context: Context, caller_with: With, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = caller_with(api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]}))

    async def wait_and_revoke(_body: bodies.Body) -> None:
        context.database.write(lambda session: session.connection().exec_driver_sql(REVOKE))

    monkeypatch.setattr(bodies.Body, "pass_over", wait_and_revoke)
    monkeypatch.setattr(routing, "SLOW_BODY_S", -1)
    assert caller.get("/v1/claims").status_code == 401
