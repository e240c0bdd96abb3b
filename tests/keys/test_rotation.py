"""Rotation: a new secret on the old terms, two keys alive and never three, and nothing gained by it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.access.conftest import ABSENT, instant
from tests.conftest import START, Clock
from tests.fixtures.api import Api, codes
from tests.fixtures.keys import With

BODY = {
    "name": "newsroom CMS",
    "scopes": ["claims:read", "keys:manage"],
    "networks": ["127.0.0.0/8"],
    "expires_at": instant(START + timedelta(days=90)),
}
ONE_DAY = timedelta(days=1)


def lets_in(caller: Api) -> bool:
    status = caller.get("/v1/claims").status_code
    assert status in {200, 401}
    return status == 200


def rotate(api: Api, key: Any, **body: Any) -> Any:
    return api.create(f"/v1/keys/{key['id']}/rotate", body)


def test_a_rotated_key_has_the_terms_of_the_old_one_and_another_secret(api: Api) -> None:
    old = api.create("/v1/keys", BODY)
    new = rotate(api, old)
    assert {name: new[name] for name in BODY} == {name: old[name] for name in BODY}
    assert (new["replaces_id"], old["replaces_id"]) == (old["id"], None)
    assert new["key"] not in {None, old["key"]}
    assert new["created_by"] == old["created_by"]
    listed = {item["id"]: item for item in api.read("/v1/keys")["items"]}
    assert listed[new["id"]] == {name: value for name, value in new.items() if name != "key"}


def test_a_key_is_rotated_without_a_body(api: Api) -> None:
    old = api.create("/v1/keys", BODY)
    new = api.request("POST", f"/v1/keys/{old['id']}/rotate").json()
    assert (new["replaces_id"], new["expires_at"]) == (old["id"], old["expires_at"])


def test_both_keys_hold_until_the_old_one_ends(api: Api, clock: Clock, caller_with: With) -> None:
    old = api.create("/v1/keys", BODY)
    new = rotate(api, old)
    assert [lets_in(caller_with(key)) for key in (old, new)] == [True, True]
    clock.now = START + ONE_DAY - timedelta(minutes=1)
    assert [lets_in(caller_with(key)) for key in (old, new)] == [True, True]
    clock.now = START + ONE_DAY + timedelta(minutes=1)
    assert [lets_in(caller_with(key)) for key in (old, new)] == [False, True]


def test_the_old_key_ends_when_asked_and_never_later_than_it_would_have(api: Api) -> None:
    asked = instant(START + timedelta(hours=2))
    old = api.create("/v1/keys", BODY)
    rotate(api, old, old_expires_at=asked)
    assert api.read(f"/v1/keys/{old['id']}")["expires_at"] == asked
    short = api.create("/v1/keys", BODY | {"expires_at": asked})
    rotate(api, short, expires_at=BODY["expires_at"])
    assert api.read(f"/v1/keys/{short['id']}")["expires_at"] == asked


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"expires_at": instant(START)}, "/expires_at", "out_of_range"),
        ({"old_expires_at": instant(START)}, "/old_expires_at", "out_of_range"),
        ({"old_expires_at": instant(START + timedelta(days=31))}, "/old_expires_at", "out_of_range"),
        ({"old_expires_at": "tomorrow"}, "/old_expires_at", "wrong_form"),
        ({"scopes": ["claims:write"]}, "/scopes", "unknown_field"),
        ({"networks": []}, "/networks", "unknown_field"),
    ],
)
def test_a_rotation_that_breaks_a_rule_is_refused_and_leaves_the_key(
    api: Api, fields: dict[str, Any], pointer: str, code: str
) -> None:
    old = api.create("/v1/keys", BODY)
    assert codes(api.post(f"/v1/keys/{old['id']}/rotate", fields)) == [(pointer, code)]
    assert api.read(f"/v1/keys/{old['id']}")["expires_at"] == BODY["expires_at"]
    assert api.create(f"/v1/keys/{old['id']}/rotate", {})["replaces_id"] == old["id"]


def test_the_old_key_cannot_be_made_to_last_longer(api: Api) -> None:
    old = api.create("/v1/keys", BODY | {"expires_at": instant(START + ONE_DAY)})
    later = {"old_expires_at": instant(START + 2 * ONE_DAY)}
    assert codes(api.post(f"/v1/keys/{old['id']}/rotate", later)) == [("/old_expires_at", "out_of_range")]


def test_three_keys_are_never_alive_at_once(api: Api, clock: Clock) -> None:
    old = api.create("/v1/keys", BODY)
    new = rotate(api, old)
    again = [api.post(f"/v1/keys/{key['id']}/rotate", {}) for key in (old, new)]
    assert [answer.status_code for answer in again] == [409, 409]
    clock.now = START + ONE_DAY + timedelta(minutes=1)
    assert rotate(api, new)["replaces_id"] == new["id"]
    assert api.post(f"/v1/keys/{old['id']}/rotate", {}).status_code == 409


def test_a_successor_is_rotated_once_the_old_key_is_revoked(api: Api) -> None:
    old = api.create("/v1/keys", BODY)
    new = rotate(api, old)
    assert api.delete(f"/v1/keys/{old['id']}").status_code == 204
    assert rotate(api, new)["replaces_id"] == new["id"]


def test_a_key_that_holds_no_more_is_not_brought_back(api: Api, clock: Clock) -> None:
    revoked, expired = (api.create("/v1/keys", BODY) for _ in range(2))
    api.delete(f"/v1/keys/{revoked['id']}")
    assert api.post(f"/v1/keys/{revoked['id']}/rotate", {}).status_code == 409
    clock.now = START + timedelta(days=91)
    assert api.post(f"/v1/keys/{expired['id']}/rotate", {}).status_code == 409
    assert api.post(f"/v1/keys/{ABSENT}/rotate", {}).status_code == 404


def test_a_key_rotates_itself_and_gains_nothing(api: Api, caller_with: With) -> None:
    old = api.create("/v1/keys", BODY)
    caller = caller_with(old)
    longer = {"expires_at": instant(START + timedelta(days=91))}
    assert caller.post(f"/v1/keys/{old['id']}/rotate", longer).status_code == 403
    new = rotate(caller, old)
    assert (new["created_by"], new["expires_at"], new["networks"]) == (old["id"], old["expires_at"], old["networks"])


def test_a_key_needs_its_scope_to_rotate_itself(api: Api, caller_with: With) -> None:
    old = api.create("/v1/keys", BODY | {"scopes": ["claims:read"]})
    assert caller_with(old).post(f"/v1/keys/{old['id']}/rotate", {}).status_code == 403


@pytest.mark.parametrize(
    "broader",
    [
        {"scopes": ["claims:read", "restricted:read"]},
        {"networks": []},
        {"networks": ["126.0.0.0/7"]},
        {"networks": ["127.0.0.0/8", "192.0.2.0/24"]},
        {"expires_at": None},
        {"expires_at": instant(START + timedelta(days=91))},
    ],
)
def test_a_key_does_not_rotate_a_broader_one(api: Api, caller_with: With, broader: dict[str, Any]) -> None:
    manager, other = caller_with(api.create("/v1/keys", BODY)), api.create("/v1/keys", BODY | broader)
    refused = manager.post(f"/v1/keys/{other['id']}/rotate", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert api.read(f"/v1/keys/{other['id']}")["expires_at"] == other["expires_at"]


def test_a_repeated_rotation_makes_one_key_and_does_not_show_it_again(api: Api) -> None:
    old, once = api.create("/v1/keys", BODY), {"Idempotency-Key": "k"}
    first, again = (api.post(f"/v1/keys/{old['id']}/rotate", {}, headers=once) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "key": None}


def test_both_keys_are_recorded_as_they_are(api: Api) -> None:
    old = api.create("/v1/keys", BODY)
    new = rotate(api, old)
    entries = api.read("/v1/audit", params={"sort": "recorded_at"})["items"]
    assert [(entry["action"], entry["subject_id"]) for entry in entries][-3:] == [
        ("key_created", old["id"]),
        ("key_rotated", old["id"]),
        ("key_created", new["id"]),
    ]
