"""Sealed identities over the API: who may store, fetch and erase them, and that each is recorded before it is told."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, text

from app.identities import envelope
from app.identities.age import encrypted, new_private_key
from app.kit.db import Database
from app.models.vocabulary import Scope
from tests.factories import recorded_source
from tests.fixtures.api import Api, codes
from tests.fixtures.asgi import Bytes
from tests.fixtures.committing import held_up
from tests.fixtures.sealing import (
    IDENTITY,
    REASON,
    Custodian,
    StockAge,
    custodians,
    fetched,
    sealed_for,
    sealed_identity,
)

on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
"""SQLite has one writer at a time."""
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def two(api: Api) -> list[Custodian]:
    return custodians(api)


@pytest.fixture
def source_id(api: Api) -> str:
    return recorded_source(api)


def path_of(source_id: str) -> str:
    return f"/v1/sources/{source_id}/identity"


def recorded(connection: Connection, action: str = "identity_read") -> list[tuple[str, str | None]]:
    """Of each entry of the audit with that action, the subject and the reason, in order."""
    rows = text("SELECT subject_id, reason FROM audit_entry WHERE action = :action ORDER BY id")
    return [(row[0], row[1]) for row in connection.execute(rows, {"action": action})]


def test_what_is_stored_is_handed_out_as_it_came_and_opens_for_each_custodian(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    sealed = sealed_for(source_id, two)
    stored = sealed_identity(api, source_id, two, sealed=sealed)
    assert stored.status_code == 201
    assert stored.headers["location"] == path_of(source_id)
    assert (stored.json()["replaced"], "sealed" in stored.json()) == (None, False)
    answer = fetched(api, source_id)
    assert answer.json() | {"sealed": sealed} == answer.json()
    assert answer.json()["custodian_ids"] == [custodian.id for custodian in two]
    for custodian in two:
        content = custodian.key.opened(sealed.encode())
        assert content is not None
        assert envelope.unwrap(content, source_id) == IDENTITY


def test_what_stock_age_sealed_is_taken(api: Api, two: list[Custodian], source_id: str, stock_age: StockAge) -> None:
    sealed = stock_age.encrypt(envelope.wrap(source_id, IDENTITY), [custodian.key.public for custodian in two])
    assert sealed_identity(api, source_id, two, sealed=sealed).status_code == 201


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("a correction", "a correction"),
        ("  a correction ", "a correction"),
        (quote("Überprüfung, 金哲"), "Überprüfung, 金哲"),
        ("100% sure", "100% sure"),
        (quote("100%25"), "100%25"),
        ("abc", "abc"),
        (quote("é" * 500), "é" * 500),
    ],
)
def test_a_read_is_recorded_with_its_reason(
    api: Api, connection: Connection, two: list[Custodian], source_id: str, header: str, reason: str
) -> None:
    sealed_identity(api, source_id, two)
    assert api.get(path_of(source_id), headers={"Access-Reason": header}).status_code == 200
    assert recorded(connection) == [(source_id, reason)]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "required"),
        ("", "too_short"),
        ("ab", "too_short"),
        ("  a  ", "too_short"),
        ("%20%20%20%20", "too_short"),
        ("x" * 501, "too_long"),
        (quote("é" * 501), "too_long"),
        ("%ff%fe%fd", "wrong_form"),
        ("%ed%a0%80 a surrogate", "wrong_form"),
        ("a%0Ab c", "wrong_form"),
        ("a%00b c", "wrong_form"),
        ("a%C2%85b c", "wrong_form"),
        ("a%E2%80%A8b c", "wrong_form"),
    ],
)
def test_without_a_reason_there_is_no_answer_and_the_reason_is_not_repeated(
    api: Api, connection: Connection, two: list[Custodian], source_id: str, header: str | None, code: str
) -> None:
    sealed_identity(api, source_id, two)
    refused = api.get(path_of(source_id), headers={"Access-Reason": header} if header is not None else {})
    assert refused.status_code == 422
    assert [(each["parameter"], each["code"]) for each in refused.json()["errors"]] == [("Access-Reason", code)]
    assert recorded(connection) == []


def test_a_reason_is_given_once_in_ascii_and_not_in_the_query(
    call: Bytes, api: Api, two: list[Custodian], source_id: str
) -> None:
    sealed_identity(api, source_id, two)
    twice = call("GET", path_of(source_id), headers=[("access-reason", "one reason"), ("access-reason", "another")])
    assert twice.problem(400, "bad_request") == [("Access-Reason", "repeated")]
    raw = call("GET", path_of(source_id), headers=[("access-reason", "Überprüfung".encode())])
    assert raw.problem(422, "invalid") == [("Access-Reason", "wrong_form")]
    query = call("GET", f"{path_of(source_id)}?reason=why", headers=[("access-reason", "a correction")])
    assert query.problem(422, "invalid") == [("reason", "unknown_parameter")]


def test_no_shortcut_leads_around_the_record(
    api: Api, connection: Connection, two: list[Custodian], source_id: str
) -> None:
    etag = sealed_identity(api, source_id, two).headers["etag"]
    for number, headers in enumerate(
        ({}, {"If-None-Match": etag}, {"If-None-Match": "*"}, {"Idempotency-Key": "k"}, {"Idempotency-Key": "k"})
    ):
        answer = api.get(path_of(source_id), headers={**REASON, **headers})
        assert answer.status_code == 200
        assert "sealed" in answer.json()
        assert answer.headers["cache-control"] == "private, no-store"
        assert len(recorded(connection)) == number + 1


def test_head_is_recorded_as_get_is(
    call: Bytes, api: Api, connection: Connection, two: list[Custodian], source_id: str
) -> None:
    sealed_identity(api, source_id, two)
    assert call("HEAD", path_of(source_id), headers=[("access-reason", "a correction")]).status == 200
    assert len(recorded(connection)) == 1
    call("HEAD", path_of(source_id)).problem(422, "invalid")


def test_nothing_is_kept_for_a_repeated_request(
    api: Api, connection: Connection, two: list[Custodian], source_id: str
) -> None:
    body = {"sealed": sealed_for(source_id, two), "custodian_ids": [custodian.id for custodian in two]}
    headers = {"If-None-Match": "*", "Idempotency-Key": "k"}
    assert api.request("PUT", path_of(source_id), json=body, headers=headers).status_code == 201
    assert connection.scalar(text("SELECT count(*) FROM stored_reply")) == 0


def test_the_first_is_stored_with_if_none_match_and_the_next_with_if_match(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    body = {"sealed": sealed_for(source_id, two), "custodian_ids": [custodian.id for custodian in two]}

    def put(**headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.request("PUT", path_of(source_id), json=body, headers=sent).status_code

    without = api.request("PUT", path_of(source_id), json=body)
    assert without.status_code == 428
    assert all(named in without.json()["detail"] for named in ("`If-None-Match: *`", "If-Match with"))
    assert put(If_None_Match='"0000000000000000-0000000000000000"') == 428
    assert put(If_Match="*") == 412
    assert put(If_Match="*", If_None_Match="*") == 412
    assert put(If_None_Match="*") == 201
    assert put(If_None_Match="*") == 412
    assert put(If_Match="*", If_None_Match="*") == 412
    first = fetched(api, source_id).headers["etag"]
    assert put(If_Match=first) == 200
    assert put(If_Match=first) == 412
    assert put(If_Match="*") == 200


def test_the_etag_of_the_answer_to_a_put_is_good_for_the_next(api: Api, two: list[Custodian], source_id: str) -> None:
    etag = sealed_identity(api, source_id, two).headers["etag"]
    replaced = sealed_identity(api, source_id, two, etag=etag)
    assert replaced.status_code == 200
    assert replaced.json()["replaced"]["source_id"] == source_id
    assert sealed_identity(api, source_id, two, etag=etag).status_code == 412
    assert api.delete(path_of(source_id), etag=etag).status_code == 412
    assert api.delete(path_of(source_id), etag=replaced.headers["etag"]).status_code == 200


def test_an_etag_is_not_good_for_what_is_stored_after_an_erasure(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    sealed = sealed_for(source_id, two)
    etag = sealed_identity(api, source_id, two, sealed=sealed).headers["etag"]
    api.delete(path_of(source_id), etag="*")
    sealed_identity(api, source_id, two, sealed=sealed)
    assert api.delete(path_of(source_id), etag=etag).status_code == 412


def test_what_is_erased_is_gone_and_the_answer_says_what_may_be_left(
    api: Api, connection: Connection, two: list[Custodian], source_id: str, engine_name: str
) -> None:
    first = sealed_identity(api, source_id, two).json()["sealed_at"]
    sealed_identity(api, source_id, two, etag="*")
    assert api.delete(path_of(source_id)).status_code == 428
    told = api.delete(path_of(source_id), etag="*").json()
    assert (told["source_id"], told["first_sealed_at"]) == (source_id, first)
    assert told["erased_at"] > first
    places = [each["where"] for each in told["may_remain"]]
    assert places[0] == "backups"
    assert ("write_ahead_log" in places, "replicas" in places) == (engine_name == "postgresql",) * 2
    assert first[:19] in told["may_remain"][0]["detail"]
    assert fetched(api, source_id).status_code == 404
    assert api.delete(path_of(source_id), etag="*").status_code == 404
    assert connection.scalar(text("SELECT count(*) FROM sealed_identity")) == 0


def test_of_an_identity_stored_again_backups_since_the_first_may_hold_one(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    first = sealed_identity(api, source_id, two).json()["sealed_at"]
    api.delete(path_of(source_id), etag="*")
    sealed_identity(api, source_id, two)
    assert api.delete(path_of(source_id), etag="*").json()["first_sealed_at"] == first


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 201),
        ({"anonymity": "pseudonymous", "name": "Deep Throat"}, 201),
        ({"anonymity": "named", "name": "Jane Roe"}, 409),
        ({"anonymity": "unattributed"}, 409),
    ],
)
def test_only_of_a_source_that_the_reporting_does_not_name_is_an_identity_kept(
    api: Api, two: list[Custodian], fields: dict[str, Any], status: int
) -> None:
    source_id = recorded_source(api, **fields)
    assert sealed_identity(api, source_id, two).status_code == status
    assert fetched(api, source_id).status_code == (200 if status == 201 else 404)


def test_an_identity_of_a_source_that_is_named_by_now_can_be_erased(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    sealed_identity(api, source_id, two)
    api.change(f"/v1/sources/{source_id}", {"anonymity": "named", "name": "Jane Roe"})
    assert sealed_identity(api, source_id, two, etag="*").status_code == 409
    assert fetched(api, source_id).status_code == 200
    assert api.delete(path_of(source_id), etag="*").status_code == 200


def test_a_source_that_the_caller_may_not_see_has_no_identity(
    api: Api, connection: Connection, two: list[Custodian]
) -> None:
    hidden = recorded_source(api, visibility="restricted")
    sealed_identity(api, hidden, two)
    outside = api.with_scopes(Scope.IDENTITY_READ, Scope.IDENTITY_WRITE, Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    without: list[Callable[[str], Any]] = [
        lambda source: fetched(outside, source),
        lambda source: outside.delete(path_of(source), etag="*"),
        lambda source: sealed_identity(outside, source, two),
        lambda source: sealed_identity(outside, source, two, etag="*"),
    ]
    for ask in without:
        refused, absent = ask(hidden), ask(ABSENT)
        assert refused.status_code == absent.status_code == 404
        assert {**refused.json(), "instance": 0, "request_id": 0} == {**absent.json(), "instance": 0, "request_id": 0}
    assert recorded(connection) == []
    inside = api.with_scopes(Scope.IDENTITY_READ, Scope.RESTRICTED_READ)
    assert fetched(inside, hidden).status_code == 200


def test_nothing_else_tells_whether_an_identity_is_stored(
    api: Api, connection: Connection, two: list[Custodian], source_id: str
) -> None:
    def seen() -> list[Any]:
        paths = [f"/v1/sources/{source_id}", "/v1/sources", f"/v1/sources/{source_id}/claims"]
        answers = [api.get(path) for path in paths]
        stored = connection.execute(text("SELECT * FROM rendition ORDER BY 1, 2")).all()
        changes = connection.execute(text("SELECT * FROM change ORDER BY 1, 2, 3")).all()
        return [[(answer.text, answer.headers["etag"]) for answer in answers], stored, changes]

    before = seen()
    sealed_identity(api, source_id, two)
    assert seen() == before
    api.delete(path_of(source_id), etag="*")
    assert seen() == before


@pytest.mark.parametrize(
    ("sealed", "code"),
    [
        (IDENTITY, "not_an_age_file"),
        (json.dumps({"onrecord": 1, "identity": IDENTITY}), "not_an_age_file"),
        ("", "too_short"),
        ("x" * 16_385, "too_long"),
    ],
)
def test_what_is_no_age_file_is_refused_and_kept_nowhere(
    api: Api, connection: Connection, two: list[Custodian], source_id: str, sealed: str, code: str
) -> None:
    refused = sealed_identity(api, source_id, two, sealed=sealed) if sealed else _empty(api, source_id, two)
    assert codes(refused) == [("/sealed", code)]
    assert "Jane" not in refused.text
    for table in ("sealed_identity", "audit_entry", "stored_reply"):
        stored = str(connection.execute(text(f"SELECT * FROM {table}")).all())
        assert source_id not in stored
        assert "Jane" not in stored


def _empty(api: Api, source_id: str, some: list[Custodian]) -> Any:
    body = {"sealed": "", "custodian_ids": [custodian.id for custodian in some]}
    return api.request("PUT", path_of(source_id), json=body, headers={"If-None-Match": "*"})


@pytest.mark.parametrize("field", ["identity", "name", "plaintext"])
def test_there_is_no_field_for_the_identity_itself(api: Api, two: list[Custodian], source_id: str, field: str) -> None:
    body = {"sealed": sealed_for(source_id, two), "custodian_ids": [each.id for each in two], field: IDENTITY}
    refused = api.request("PUT", path_of(source_id), json=body, headers={"If-None-Match": "*"})
    assert codes(refused) == [(f"/{field}", "unknown_field")]
    assert "Jane" not in refused.text


def test_it_is_sealed_to_as_many_keys_as_there_are_custodians(api: Api, two: list[Custodian], source_id: str) -> None:
    for some in ([two[0]], [*two, Custodian("", new_private_key())]):
        refused = sealed_identity(api, source_id, two, sealed=sealed_for(source_id, some))
        assert codes(refused) == [("/sealed", "wrong_recipients")]


def test_all_custodians_are_named_and_nobody_else(api: Api, two: list[Custodian], source_id: str) -> None:
    third = custodians(api, 1)[0]
    stranger = Custodian(ABSENT, new_private_key())
    for some in (two, [*two, stranger], [two[0], two[0], two[1]], [*two, third, stranger]):
        assert codes(sealed_identity(api, source_id, some)) == [("/custodian_ids", "not_the_custodians")]
    assert sealed_identity(api, source_id, [third, *two]).status_code == 201
    api.delete(f"/v1/custodians/{third.id}")
    assert codes(sealed_identity(api, source_id, [*two, third], etag="*")) == [("/custodian_ids", "not_the_custodians")]
    assert sealed_identity(api, source_id, two, etag="*").status_code == 200


def test_without_custodians_nothing_is_sealed(api: Api, source_id: str) -> None:
    stranger = [Custodian(ABSENT, new_private_key())]
    assert codes(sealed_identity(api, source_id, stranger)) == [("/custodian_ids", "not_the_custodians")]
    body = {"sealed": sealed_for(source_id, stranger), "custodian_ids": []}
    refused = api.request("PUT", path_of(source_id), json=body, headers={"If-None-Match": "*"})
    assert ("/custodian_ids", "too_short") in codes(refused)


def test_the_service_cannot_tell_whose_keys_it_was_sealed_to(api: Api, two: list[Custodian], source_id: str) -> None:
    """Said in docs/decisions/sealed-identities.md: the command checks what the service cannot."""
    strangers = [Custodian(each.id, new_private_key()) for each in two]
    assert sealed_identity(api, source_id, strangers).status_code == 201


def test_the_routes_take_json_alone(api: Api, source_id: str) -> None:
    refused = api.request("PUT", path_of(source_id), content=b"x", headers={"Content-Type": "text/plain"})
    assert (refused.status_code, refused.headers["accept"]) == (415, "application/json")


def test_there_is_no_route_that_takes_an_identity_in_the_clear(api: Api) -> None:
    document = api.read("/openapi.json")
    about = {path: item for path, item in document["paths"].items() if "identity" in path}
    assert list(about) == ["/v1/sources/{source_id}/identity"]
    methods = about["/v1/sources/{source_id}/identity"]
    assert set(methods) == {"put", "get", "delete"}
    assert [name for name, operation in methods.items() if "requestBody" in operation] == ["put"]
    assert {each["name"] for each in methods["put"]["parameters"]} == {"source_id", "If-Match", "If-None-Match"}
    sent = document["components"]["schemas"]["IdentitySeal"]
    assert (set(sent["properties"]), sent["additionalProperties"]) == ({"sealed", "custodian_ids"}, False)


def test_content_that_opens_to_nothing_is_no_business_of_the_service(
    api: Api, two: list[Custodian], source_id: str
) -> None:
    sealed = encrypted(b"x" * 4096, [custodian.key.public for custodian in two])
    assert sealed_identity(api, source_id, two, sealed=sealed).status_code == 201


@on_postgresql
def test_of_two_who_store_the_first_at_once_one_is_told_that_there_is_one(
    committing_api: Api, own_database: Database
) -> None:
    some, source_id = custodians(committing_api), recorded_source(committing_api)
    one, other = held_up(
        own_database,
        lambda: sealed_identity(committing_api, source_id, some),
        lambda: sealed_identity(committing_api, source_id, some),
    )
    assert (one.status_code, other.status_code) == (201, 412)


@on_postgresql
def test_of_two_who_replace_one_at_once_one_is_told_that_it_is_another(
    committing_api: Api, own_database: Database
) -> None:
    some, source_id = custodians(committing_api), recorded_source(committing_api)
    etag = sealed_identity(committing_api, source_id, some).headers["etag"]
    one, other = held_up(
        own_database,
        lambda: sealed_identity(committing_api, source_id, some, etag=etag),
        lambda: sealed_identity(committing_api, source_id, some, etag=etag),
    )
    assert (one.status_code, other.status_code) == (200, 412)


@on_postgresql
def test_a_key_that_is_registered_twice_at_once_is_registered_once(committing_api: Api, own_database: Database) -> None:
    body = {"name": "editor", "recipient": new_private_key().public}
    one, other = held_up(
        own_database,
        lambda: committing_api.post("/v1/custodians", body),
        lambda: committing_api.post("/v1/custodians", body),
    )
    assert (one.status_code, other.status_code, other.json()["code"]) == (201, 409, "already_exists")
