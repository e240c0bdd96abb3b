"""No key reaches further than whoever makes it: in where it may be used from, and in time."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from app.access.context import Context
from app.access.principals import Principal
from app.access.units import Precondition, Unit
from app.cli.verify import differences
from app.keys import service
from app.keys.schemas import KeyCreate
from app.kit.problems import Unauthenticated
from app.models.vocabulary import Scope
from tests.access.conftest import instant
from tests.conftest import START, Clock
from tests.fixtures.api import Api, codes
from tests.fixtures.keys import With

BODY = {"name": "newsroom CMS", "scopes": ["claims:read", "keys:manage"]}
HERE, ELSEWHERE = ["127.0.0.0/8"], ["192.0.2.0/24", "2001:db8::/32"]
"""Where the tests call from, and where they do not."""


def own(response: Any) -> Any:
    """What an answer says, without what names the request."""
    headers = {name: value for name, value in response.headers.items() if name != "x-request-id"}
    body = {name: value for name, value in response.json().items() if name not in {"request_id", "instance"}}
    return response.status_code, headers, body


def test_a_key_is_let_in_from_its_networks_alone(api: Api, caller_with: With) -> None:
    keys = [api.create("/v1/keys", BODY | {"networks": networks}) for networks in ([], HERE, ELSEWHERE + HERE)]
    assert [key["networks"] for key in keys] == [[], HERE, ELSEWHERE + HERE]
    assert [caller_with(key).get("/v1/claims").status_code for key in keys] == [200, 200, 200]


def test_a_key_from_elsewhere_is_answered_as_one_that_there_is_not(api: Api, caller_with: With, clock: Clock) -> None:
    elsewhere = api.create("/v1/keys", BODY | {"networks": ELSEWHERE})
    revoked = api.create("/v1/keys", BODY)
    api.delete(f"/v1/keys/{revoked['id']}")
    callers = [caller_with(each) for each in (elsewhere, revoked, "onr_" + "A" * 43, "no.to.ken", "x")]
    answers = [own(caller.get("/v1/claims")) for caller in callers]
    assert answers[0][0] == 401
    assert all(answer == answers[0] for answer in answers)
    assert own(callers[0].post("/v1/claims", {})) == answers[0], "nor does it learn what it lacks"


@pytest.mark.parametrize(
    ("networks", "pointer", "code"),
    [
        (["192.0.2.1/24"], "/networks/0", "wrong_form"),
        (["192.0.2.0/24", "here"], "/networks/1", "wrong_form"),
        (["::ffff:0:0/96"], "/networks/0", "wrong_form"),
        (["x" * 50], "/networks/0", "too_long"),
        ([f"192.0.2.{number}/32" for number in range(21)], "/networks", "too_long"),
        ("192.0.2.0/24", "/networks", "wrong_type"),
        ([7], "/networks/0", "wrong_type"),
    ],
)
def test_what_is_no_network_is_refused(api: Api, networks: Any, pointer: str, code: str) -> None:
    assert codes(api.post("/v1/keys", BODY | {"networks": networks})) == [(pointer, code)]


@pytest.fixture
def bound(api: Api, caller_with: With) -> Api:
    """A manager of keys whose own is bound to networks and expires."""
    body = BODY | {"networks": HERE + ELSEWHERE, "expires_at": instant(START + timedelta(days=7))}
    return caller_with(api.create("/v1/keys", body))


@pytest.mark.parametrize(
    ("networks", "days", "status"),
    [
        (HERE + ELSEWHERE, 7, 201),
        (["127.0.0.1/32"], 1, 201),
        (["2001:db8:1::/48"], 7, 201),
        ([], 7, 403),
        (["0.0.0.0/0"], 7, 403),
        (["::/0"], 7, 403),
        ([*HERE, "192.0.2.0/23"], 7, 403),
        (HERE, 8, 403),
        (HERE, None, 403),
    ],
)
def test_a_key_makes_none_that_reaches_further(bound: Api, networks: list[str], days: int | None, status: int) -> None:
    ends = None if days is None else instant(START + timedelta(days=days))
    response = bound.post("/v1/keys", {**BODY, "networks": networks, "expires_at": ends})
    assert response.status_code == status
    if status == 403:
        assert not any(network in response.text for network in networks)


def test_whoever_makes_keys_at_the_server_is_bound_by_nothing(context: Context) -> None:
    def make(session: Any) -> bytes:
        sent = KeyCreate(name="CMS", scopes=list(Scope), networks=[], expires_at=None)
        return service.create_key(service.at_the_server(context, session), sent).body

    assert b'"created_by":null' in context.database.write(make)


def test_a_key_that_is_revoked_while_it_is_used_comes_out_with_no_other(api: Api, context: Context) -> None:
    made = api.create("/v1/keys", BODY)
    caller = Principal(made["id"], frozenset({Scope.CLAIMS_READ, Scope.KEYS_MANAGE}))
    api.delete(f"/v1/keys/{made['id']}")

    def make(session: Any) -> None:
        unit = Unit(session, caller, context.clock(), context, Precondition(None))
        service.create_key(unit, KeyCreate(name="CMS", scopes=[Scope.CLAIMS_READ], networks=[], expires_at=None))

    before = len(api.read("/v1/keys")["items"])
    with pytest.raises(Unauthenticated):
        context.database.write(make)
    assert len(api.read("/v1/keys")["items"]) == before


def test_keys_of_every_kind_agree_with_what_is_recorded_of_them(api: Api, context: Context, caller_with: With) -> None:
    used = api.create("/v1/keys", BODY | {"networks": HERE})
    assert caller_with(used).get("/v1/claims").status_code == 200
    assert api.read(f"/v1/keys/{used['id']}")["last_used_on"] is not None
    api.create(f"/v1/keys/{used['id']}/rotate", {})
    api.delete(f"/v1/keys/{used['id']}")
    with context.database.reading() as session:
        assert list(differences(session)) == []


def test_keys_that_an_earlier_version_recorded_are_recorded_anew(
    api: Api, context: Context, connection: Connection
) -> None:
    api.create("/v1/keys", BODY)
    connection.exec_driver_sql("UPDATE api_key SET scopes = '[\"claims:read\"]'")
    with context.database.reading() as session:
        assert list(differences(session)) != []
    for _ in range(2):
        service.record_outdated(context)
    with context.database.reading() as session:
        assert list(differences(session)) == []
    changed = connection.exec_driver_sql("SELECT max(version) FROM change WHERE kind = 'key'").scalar_one()
    assert changed == 2
