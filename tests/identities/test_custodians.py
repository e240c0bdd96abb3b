"""Custodians: public keys that are registered once, listed, and retired for good."""

import pytest

from app.identities.age import new_private_key
from app.identities.schemas import MAX_CUSTODIANS
from tests.fixtures.api import Api, codes
from tests.fixtures.sealing import custodians


def body(**fields: object) -> dict[str, object]:
    """A custodian with a new key."""
    return {"name": "standards editor", "recipient": new_private_key().public} | fields


def test_a_custodian_is_registered_read_and_listed(api: Api) -> None:
    sent = body()
    made = api.create("/v1/custodians", sent)
    assert {name: made[name] for name in sent} == sent
    assert made["retired_at"] is None
    assert api.read(f"/v1/custodians/{made['id']}") == made
    assert api.read("/v1/custodians")["items"] == [made]


def test_custodians_are_listed_in_the_order_in_which_they_were_registered_page_by_page(api: Api) -> None:
    made = [custodian.id for custodian in custodians(api, 3)]
    first = api.read("/v1/custodians?limit=2&include_total=true")
    assert first["total"] == 3
    second = api.read(f"/v1/custodians?limit=2&cursor={first['next_cursor']}")
    assert [item["id"] for item in first["items"] + second["items"]] == made
    assert [item["id"] for item in api.read("/v1/custodians?sort=-created_at")["items"]] == made[::-1]


def test_a_key_is_registered_once_whatever_its_spelling_and_though_it_is_retired(api: Api) -> None:
    sent = body()
    made = api.create("/v1/custodians", sent)
    for recipient in (sent["recipient"], str(sent["recipient"]).upper()):
        again = api.post("/v1/custodians", {"name": "another", "recipient": recipient})
        assert (again.status_code, again.json()["code"], again.json()["existing_id"]) == (
            409,
            "already_exists",
            made["id"],
        )
    api.delete(f"/v1/custodians/{made['id']}")
    assert api.post("/v1/custodians", sent).status_code == 409


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("", "too_short"),
        ("age1", "not_a_recipient"),
        ("age1zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", "not_a_recipient"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJDUwlMQ", "not_a_recipient"),
        ("age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt", "not_a_recipient"),
        ("x" * 101, "too_long"),
    ],
)
def test_what_is_no_x25519_key_is_refused(api: Api, recipient: str, expected: str) -> None:
    assert codes(api.post("/v1/custodians", body(recipient=recipient))) == [("/recipient", expected)]


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\nb", "\x7f", "a\u2029b", "\u202e", "a\u2069", " "])
def test_a_name_that_shows_something_else_than_it_says_is_refused(api: Api, name: str) -> None:
    assert codes(api.post("/v1/custodians", body(name=name))) == [("/name", "wrong_form")]


def test_a_private_key_is_refused_and_not_repeated(api: Api) -> None:
    secret = new_private_key().text
    refused = api.post("/v1/custodians", body(recipient=secret))
    assert codes(refused) == [("/recipient", "not_a_recipient")]
    assert secret not in refused.text


def test_a_custodian_is_retired_for_good_and_may_be_twice(api: Api) -> None:
    custodian = custodians(api, 1)[0]
    path = f"/v1/custodians/{custodian.id}"
    assert [api.delete(path).status_code for _ in range(2)] == [204, 204]
    assert api.read(path)["retired_at"] is not None
    assert api.delete("/v1/custodians/00000000-0000-4000-8000-000000000000").status_code == 404


def test_there_are_no_more_custodians_than_an_age_file_has_room_for(api: Api) -> None:
    first = custodians(api, MAX_CUSTODIANS)[0]
    assert api.post("/v1/custodians", body()).status_code == 409
    api.delete(f"/v1/custodians/{first.id}")
    assert api.post("/v1/custodians", body()).status_code == 201
