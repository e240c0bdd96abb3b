"""Keys changed from two sides at once: two rotations make one successor, and a revoked key comes out with no other."""

import pytest

from app.access.context import Context
from app.models.vocabulary import Scope
from tests.fixtures.api import Api, make_key
from tests.fixtures.committing import Callers, held_up

on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
"""SQLite lets one writer in at a time."""
BODY = {"name": "CMS", "scopes": ["claims:read", "keys:manage"]}


@pytest.fixture
def managers(first_process: Callers, second_process: Callers, own_context: Context) -> tuple[Api, Api]:
    """Two managers with keys of their own, each of another process; both keys have been used today."""
    callers = first_process(make_key(own_context)), second_process(make_key(own_context))
    for caller in callers:
        caller.read("/v1/keys")
    return callers


@on_postgresql
def test_of_two_rotations_at_once_one_makes_a_key(managers: tuple[Api, Api], own_context: Context) -> None:
    one, other = managers
    key_id = one.create("/v1/keys", BODY)["id"]
    path = f"/v1/keys/{key_id}/rotate"
    first, second = held_up(own_context.database, lambda: one.post(path, {}), lambda: other.post(path, {}))
    assert (first.status_code, second.status_code) == (201, 409)
    successors = [item["id"] for item in one.read("/v1/keys")["items"] if item["replaces_id"] == key_id]
    assert successors == [first.json()["id"]]


@on_postgresql
def test_a_key_that_is_being_rotated_waits_and_is_not_rotated_once_revoked(
    managers: tuple[Api, Api], own_context: Context
) -> None:
    one, other = managers
    key_id = one.create("/v1/keys", BODY)["id"]
    revoked, rotated = held_up(
        own_context.database,
        lambda: one.delete(f"/v1/keys/{key_id}"),
        lambda: other.post(f"/v1/keys/{key_id}/rotate", {}),
    )
    assert (revoked.status_code, rotated.status_code) == (204, 409)


@on_postgresql
def test_a_key_that_is_being_revoked_makes_no_other(
    first_process: Callers, second_process: Callers, own_context: Context
) -> None:
    manager = first_process(make_key(own_context))
    made = manager.create("/v1/keys", BODY)
    thief = second_process(made["key"])
    assert thief.get("/v1/claims").status_code == 200
    revoked, minted = held_up(
        own_context.database,
        lambda: manager.delete(f"/v1/keys/{made['id']}"),
        lambda: thief.post("/v1/keys", BODY),
    )
    assert (revoked.status_code, minted.status_code) == (204, 401)
    assert [item for item in manager.read("/v1/keys")["items"] if item["created_by"] == made["id"]] == []


@on_postgresql
def test_noting_a_use_loses_no_revocation(
    first_process: Callers, second_process: Callers, own_context: Context
) -> None:
    manager = first_process(make_key(own_context, Scope.KEYS_MANAGE, Scope.CLAIMS_READ, Scope.RESTRICTED_READ))
    made = manager.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})
    holder = second_process(made["key"])
    revoked, used = held_up(
        own_context.database, lambda: manager.delete(f"/v1/keys/{made['id']}"), lambda: holder.get("/v1/claims")
    )
    assert (revoked.status_code, used.status_code) == (204, 200)
    read = manager.read(f"/v1/keys/{made['id']}")
    assert (read["revoked_at"] is not None, read["last_used_on"] is not None) == (True, True)
    assert holder.get("/v1/claims").status_code == 401
