"""Headers that are stale, garbled, repeated or from a stranger are answered with a problem; alike on both engines."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.access.context import Context
from app.access.units import MAX_KEY_LENGTH
from app.kit.fields import MAX_FIELDS
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_source,
    source_body,
)
from tests.fixtures.api import Api, make_key
from tests.fixtures.asgi import Bytes, Header

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
PATCH_TYPE: Header = ("content-type", "application/merge-patch+json")


def test_a_change_without_its_version_is_refused(call: Bytes, api: Api) -> None:
    claim = recorded_claim(api)
    attribution = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    for path in (
        f"/v1/sources/{recorded_source(api)}",
        f"/v1/claims/{claim['id']}",
        attribution,
        f"/v1/documents/{recorded_document(api)}",
    ):
        call("PATCH", path, {}, headers=[PATCH_TYPE]).problem(428, "precondition_required")
    call("DELETE", attribution).problem(428, "precondition_required")


@pytest.mark.parametrize(
    "etag",
    [
        '"0000000000000000-0000000000000000"',
        "W/{}",
        "garbage",
        '"',
        '""',
        "",
        "{},",
        b"\xff\xfe",
        "a" * 5000,
        "W/*",
        '"*"',
        "{0}{0}",
        "-",
        ",,,",
    ],
)
def test_a_stale_weak_or_garbled_version_is_refused(call: Bytes, api: Api, etag: str | bytes) -> None:
    path = f"/v1/sources/{recorded_source(api)}"
    current = api.etag(path)
    api.change(path, {"role": "clerk"})
    sent = etag.format(current) if isinstance(etag, str) else etag
    answer = call("PATCH", path, {"role": "judge"}, headers=[PATCH_TYPE, ("if-match", sent)])
    answer.problem(412, "stale_version")
    assert api.read(path)["role"] == "clerk"


def test_a_weak_version_is_refused_though_it_is_current(call: Bytes, api: Api) -> None:
    path = f"/v1/sources/{recorded_source(api)}"
    for sent in (f"W/{api.etag(path)}", api.etag(path).strip('"')):
        call("PATCH", path, {}, headers=[PATCH_TYPE, ("if-match", sent)]).problem(412, "stale_version")
    assert call("PATCH", path, {}, headers=[PATCH_TYPE, ("if-match", f'"x", {api.etag(path)}')]).status == 200


def test_a_post_below_a_resource_may_name_its_version(call: Bytes, api: Api) -> None:
    source, claim = recorded_source(api), recorded_claim(api)["id"]
    stale: list[Header] = [("if-match", '"0000000000000000-0000000000000000"')]
    for path, body in (
        (f"/v1/sources/{source}/ratings", {"reliability": "B"}),
        (f"/v1/sources/{source}/relations", {"other_id": recorded_source(api), "kind": "same_as"}),
        (f"/v1/claims/{claim}/attributions", attribution_body()),
        (f"/v1/claims/{claim}/assessments", assessment_body()),
        (f"/v1/claims/{claim}/relations", {"other_claim_id": recorded_claim(api)["id"], "kind": "refines"}),
        (f"/v1/claims/{claim}/retract", {"reason": "a"}),
    ):
        call("POST", path, body, headers=stale).problem(412, "stale_version")


@pytest.mark.parametrize("key", ["", "a" * (MAX_KEY_LENGTH + 1)])
def test_an_idempotency_key_has_a_length(call: Bytes, key: str) -> None:
    errors = call("POST", "/v1/sources", source_body(), headers=[("idempotency-key", key)]).problem(422, "invalid")
    assert errors == [("Idempotency-Key", "wrong_form")]


def test_an_idempotency_key_is_for_one_request(call: Bytes) -> None:
    for key in ("key-1", b"\xe9\xff", "a" * MAX_KEY_LENGTH):
        headers: list[Header] = [("idempotency-key", key)]
        first = call("POST", "/v1/sources", source_body(), headers=headers)
        again = call("POST", "/v1/sources", source_body(), headers=headers)
        assert (first.status, first.body) == (again.status, again.body) == (201, first.body)
        for path, body in (("/v1/sources", source_body(role="clerk")), ("/v1/documents", document_body())):
            call("POST", path, body, headers=headers).problem(422, "idempotency_key_reused")


def test_a_request_in_flight_is_not_begun_again(
    call: Bytes, api: Api, app: FastAPI, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("GET", "/v1/sources")  # so that the day of the key's use, a write of its own, is noted before
    begun, go_on, write = Event(), Event(), context.database.write

    def held(work: Callable[..., Any]) -> Any:
        begun.set()
        go_on.wait(20)
        return write(work)

    monkeypatch.setattr(context.database, "write", held)
    headers: list[Header] = [("idempotency-key", "key-1")]
    answers: list[int] = []
    first = Thread(target=lambda: answers.append(call("POST", "/v1/sources", source_body(), headers=headers).status))
    first.start()
    try:
        assert begun.wait(20)
        answer = call("POST", "/v1/sources", source_body(), headers=headers)
    finally:
        go_on.set()
        first.join(20)
    answer.problem(409, "idempotency_in_flight")
    assert answer.headers["retry-after"] == "1"
    assert answers == [201]


@pytest.mark.parametrize(
    "headers",
    [
        [("host", "news.example:8000")],
        [("host", "[2001:db8::1]:80")],
        [("host", "onrecord_api")],
        [("accept", b"\xff\xfe"), ("user-agent", b"\xe9"), ("cookie", b"\xff=\x80; =; a")],
        [("x-request-id", b"\xe9" * 10), ("traceparent", b"\xff")],
        [("if-none-match", b"\xff\xfe"), ("if-none-match", '"')],
        [("x-forwarded-for", "x" * 1000), ("x-forwarded-proto", "gopher"), ("forwarded", "for=\x7f")],
        [("content-length", "-5")],
        [("range", "bytes=9-1"), ("accept-encoding", b"\xff"), ("te", "x"), ("expect", "100-continue")],
    ],
)
def test_strange_headers_do_no_harm(call: Bytes, api: Api, headers: list[Header]) -> None:
    for _ in range(2):
        recorded_source(api)
    for target in ("/v1/sources?limit=1", "/healthz", "/openapi.json", "/docs", "/docs/assets/swagger-ui.css"):
        assert call("GET", target, headers=headers).status == 200
    key: Header = ("idempotency-key", "key-1")
    assert call("POST", "/v1/sources", source_body(), headers=[*headers, key]).status == 201


@pytest.mark.parametrize(
    "host", ["", "[", "a b/c?d#e", "news.example/", "a@b", "news.example:x", "a:1:2", "a, b", "%zz", b"\xff", " "]
)
def test_what_is_no_host_is_refused(call: Bytes, host: str | bytes) -> None:
    for target in ("/v1/sources", "/healthz", "/docs", "/none"):
        assert call("GET", target, headers=[("host", host)]).problem(400, "bad_request") == [("Host", "wrong_form")]


@pytest.mark.parametrize(
    "name", ["Host", "Authorization", "Content-Type", "Content-Length", "Idempotency-Key", "Access-Reason", "Origin"]
)
def test_a_header_of_which_two_would_be_a_guess_is_refused(call: Bytes, name: str) -> None:
    twice: list[Header] = [(name.lower(), "0"), (name.lower(), "0")]
    answer = call("POST", "/v1/sources", source_body(), headers=twice)
    assert answer.problem(400, "bad_request") == [(name, "repeated")]


def test_a_list_may_come_in_several_lines(call: Bytes, api: Api) -> None:
    path = f"/v1/sources/{recorded_source(api)}"
    lines: list[Header] = [("if-match", '"x", "y"'), ("if-match", api.etag(path))]
    assert call("PATCH", path, {}, headers=[PATCH_TYPE, *lines]).status == 200
    lines = [("if-none-match", '"x"'), ("if-none-match", api.etag(path))]
    assert call("GET", path, headers=lines).status == 304
    coded: list[Header] = [("content-encoding", "identity"), ("content-encoding", "gzip")]
    call("POST", "/v1/sources", source_body(), headers=coded).problem(415, "unsupported_media_type")


def test_there_are_so_many_headers_and_no_more(call: Bytes) -> None:
    many: list[Header] = [("x-note", "a")] * (MAX_FIELDS + 1)
    call("GET", "/healthz", headers=many).problem(431, "headers_too_large")


def test_a_request_id_that_is_not_one_is_replaced(call: Bytes) -> None:
    for sent in ("", "a b", "a" * 65, "\xe9", "<script>"):
        assert call("GET", "/healthz", headers=[("x-request-id", sent)]).headers["x-request-id"] != sent
    twice: list[Header] = [("x-request-id", "try-1"), ("x-request-id", "try-2")]
    assert "try" not in call("GET", "/healthz", headers=twice).headers["x-request-id"]
    assert call("GET", "/healthz", headers=[("x-request-id", "try-1.a_B")]).headers["x-request-id"] == "try-1.a_B"


def test_tries_with_one_request_id_are_two_occurrences(call: Bytes) -> None:
    tries = [call("GET", "/v1/none", headers=[("x-request-id", "try-1")]).json() for _ in range(2)]
    assert [each["request_id"] for each in tries] == ["try-1", "try-1"]
    assert tries[0]["instance"] != tries[1]["instance"]


# Who calls comes first


GARBAGE = b'{"statement": NaN, "\\ud800": [[['


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic eDp5",
        "bearer onr_x",
        b"Bearer \xff\xfe",
        "Bearer " + "a" * 5000,
        "Digest username=x",
        "onr_abc",
        "Bearer a b",
        "Bearer\tx",
    ],
)
def test_without_a_valid_key_nothing_else_is_looked_at(
    app: FastAPI, context: Context, portal: BlockingPortal, header: str | bytes | None
) -> None:
    stranger = Bytes(app, portal, None)
    headers: list[Header] = [] if header is None else [("authorization", header)]
    for method, target in (
        ("POST", "/v1/claims?unknown=1"),
        ("PATCH", "/v1/claims/not-an-id"),
        ("GET", "/v1/sources?limit=x&cursor=%00"),
        ("DELETE", "/v1/keys/x"),
        ("GET", "/metrics"),
    ):
        answer = stranger(method, target, raw=GARBAGE if method in {"POST", "PATCH"} else b"", headers=headers)
        assert answer.problem(401, "unauthenticated") == []
        assert answer.headers["www-authenticate"] == 'Bearer realm="onrecord"'


def test_without_the_scope_nothing_else_is_looked_at(app: FastAPI, context: Context, portal: BlockingPortal) -> None:
    reader = Bytes(app, portal, make_key(context, Scope.CLAIMS_READ))
    for method, target, scope in (
        ("POST", "/v1/claims?unknown=1", "claims:write"),
        ("POST", "/v1/sources", "sources:write"),
        ("PATCH", "/v1/sources/not-an-id", "sources:write"),
        ("POST", "/v1/claims/not-an-id/assessments", "claims:assess"),
        ("GET", "/v1/keys?limit=x", "keys:manage"),
        ("GET", "/metrics", "restricted:read"),
    ):
        answer = reader(method, target, raw=GARBAGE if method in {"POST", "PATCH"} else b"")
        assert answer.problem(403, "forbidden") == []
        assert answer.json()["scope"] == scope


def test_a_key_that_is_revoked_or_expired_opens_nothing(
    app: FastAPI, context: Context, portal: BlockingPortal, api: Api, clock: Any
) -> None:
    made = [
        api.create("/v1/keys", {"name": "a", "scopes": ["claims:read"]} | more)
        for more in ({}, {"expires_at": "2026-11-24T00:00:00Z"})
    ]
    callers = [Bytes(app, portal, each["key"]) for each in made]
    assert [caller("GET", "/v1/claims").status for caller in callers] == [200, 200]
    api.delete(f"/v1/keys/{made[0]['id']}")
    clock.now = clock.now.replace(day=25)
    for caller in callers:
        caller("GET", "/v1/claims").problem(401, "unauthenticated")
