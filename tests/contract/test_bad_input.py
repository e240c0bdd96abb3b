"""Whatever is sent, the answer is a problem that names what is wrong and repeats none of it; alike on both engines."""

import re
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import pytest
import structlog
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.access.context import Context
from app.access.units import MAX_KEY_LENGTH
from app.kit.requests import MAX_HEADERS_BYTES, MAX_TARGET_BYTES
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
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


@pytest.fixture
def call(app: FastAPI, context: Context, portal: BlockingPortal) -> Bytes:
    """A caller with every scope that sends bytes as they are."""
    return Bytes(app, portal, make_key(context))


def claim_with(**fields: Any) -> dict[str, Any]:
    return claim_body(**fields)


def quantity(**fields: Any) -> dict[str, Any]:
    return claim_body(quantities=[{"verbatim": "nine"} | fields])


# Bodies


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("/v1/sources", source_body(colour="red"), "/colour", "unknown_field"),
        ("/v1/claims", claim_body(attributions=[attribution_body(hegde="likely")]), "/attributions/0/hegde", "unknown_field"),
        ("/v1/claims", claim_body(place={"name": "a", "zip": 1}), "/place/zip", "unknown_field"),
        ("/v1/claims", claim_body(statement=5), "/statement", "wrong_type"),
        ("/v1/claims", claim_body(statement=None), "/statement", "wrong_type"),
        ("/v1/claims", claim_body(statement=["a"]), "/statement", "wrong_type"),
        ("/v1/claims", claim_body(statement=""), "/statement", "too_short"),
        ("/v1/claims", claim_body(statement=" \n"), "/statement", "wrong_form"),
        ("/v1/claims", claim_body(statement="a" * 10_001), "/statement", "too_long"),
        ("/v1/claims", claim_body(topics="a"), "/topics", "wrong_type"),
        ("/v1/claims", claim_body(topics={"a": 1}), "/topics", "wrong_type"),
        ("/v1/claims", claim_body(topics=["a"] * 51), "/topics", "too_long"),
        ("/v1/claims", claim_body(kind="Event"), "/kind", "not_a_term"),
        ("/v1/claims", claim_body(kind=None), "/kind", "not_a_term"),
        ("/v1/claims", claim_body(visibility=None), "/visibility", "not_a_term"),
        ("/v1/claims", claim_body(status="retracted"), "/status", "not_a_term"),
        ("/v1/claims", claim_body(language="not a language"), "/language", "wrong_form"),
        ("/v1/claims", claim_body(place={"country": "XX"}), "/place/country", "not_a_code"),
        ("/v1/claims", claim_body(place={"latitude": 91, "longitude": 0}), "/place/latitude", "out_of_range"),
        ("/v1/claims", claim_body(place={"latitude": "1", "longitude": 0}), "/place/latitude", "wrong_type"),
        ("/v1/claims", claim_body(place={"latitude": True, "longitude": 0}), "/place/latitude", "wrong_type"),
        ("/v1/claims", claim_body(place={"latitude": 1}), "/place/latitude", "incomplete"),
        ("/v1/claims", claim_body(place={}), "/place", "required"),
        ("/v1/claims", claim_body(occurred={"edtf": "2022-02-30"}), "/occurred/edtf", "not_edtf"),
        ("/v1/claims", claim_body(occurred={"edtf": "2023/2022"}), "/occurred/edtf", "not_edtf"),
        ("/v1/claims", claim_body(occurred={"edtf": 2022}), "/occurred/edtf", "wrong_type"),
        ("/v1/claims", claim_body(occurred={"edtf": "2022", "anchor_on": "2023-02-29"}), "/occurred/anchor_on", "wrong_form"),
        ("/v1/claims", claim_body(embargo_until="2026-12-01"), "/embargo_until", "wrong_form"),
        ("/v1/claims", claim_body(embargo_until="2026-12-01T06:00:00"), "/embargo_until", "wrong_form"),
        ("/v1/claims", claim_body(embargo_until=1_700_000_000), "/embargo_until", "wrong_type"),
        ("/v1/claims", claim_body(embargo_until="9999-12-31T23:59:59-01:00"), "/embargo_until", "out_of_range"),
        ("/v1/claims", quantity(best=True), "/quantities/0/best", "wrong_type"),
        ("/v1/claims", quantity(best="1e5"), "/quantities/0/best", "wrong_form"),
        ("/v1/claims", quantity(best=10**39), "/quantities/0/best", "out_of_range"),
        ("/v1/claims", quantity(unit_kind="currency", currency="XXY"), "/quantities/0/currency", "not_a_code"),
        ("/v1/claims", claim_body(attributions=[]), "/attributions", "required"),
        ("/v1/claims", claim_body(attributions=[attribution_body(chain=[])]), "/attributions/0/chain", "too_short"),
        ("/v1/claims", claim_body(attributions=["a"]), "/attributions/0", "wrong_type"),
        ("/v1/claims", claim_body(attributions=[attribution_body(document=None)]), "/attributions/0/document_id", "one_of"),
        ("/v1/claims", claim_body(assessment=assessment_body(confidence=True)), "/assessment/confidence", "wrong_type"),
        ("/v1/claims", claim_body(assessment=assessment_body(confidence=101)), "/assessment/confidence", "out_of_range"),
        ("/v1/claims", claim_body(assessment=assessment_body(credibility=0)), "/assessment/credibility", "out_of_range"),
        ("/v1/claims", claim_body(assessment=assessment_body(credibility="3")), "/assessment/credibility", "wrong_type"),
        ("/v1/sources", source_body(kind="group", member_count_min=0), "/member_count_min", "out_of_range"),
        ("/v1/sources", source_body(kind="group", member_count_min="2"), "/member_count_min", "wrong_type"),
        ("/v1/sources", source_body(kind="group", member_count_min=10**60), "/member_count_min", "out_of_range"),
        ("/v1/sources", source_body(kind="group", member_count_min=3, member_count_max=2), "/member_count_max", "out_of_range"),
        ("/v1/sources", source_body(name="Deep Throat"), "/name", "name_not_allowed"),
        ("/v1/sources", source_body(organization_id="7B0C7F8E-6D0A-4B57-9A3E-5C1E0F6F2A11"), "/organization_id", "wrong_form"),
        ("/v1/sources", source_body(organization_id=UNKNOWN_ID), "/organization_id", "unknown_reference"),
        ("/v1/documents", {"title": "a", "url": "ftp://example.org/"}, "/url", "wrong_form"),
        ("/v1/documents", {"title": "a", "text_sha256": "A" * 64}, "/text_sha256", "wrong_form"),
        ("/v1/documents", {}, "/url", "required"),
        ("/v1/keys", {"name": "a", "scopes": []}, "/scopes", "too_short"),
        ("/v1/keys", {"name": "a", "scopes": ["root"]}, "/scopes/0", "not_a_term"),
        ("/v1/keys", {"name": "a", "scopes": ["claims:read"], "expires_at": "2001-01-01T00:00:00Z"}, "/expires_at", "out_of_range"),
        ("/v1/sources", [], "", "wrong_type"),
        ("/v1/sources", "text", "", "wrong_type"),
    ],
)  # fmt: skip
def test_a_body_that_breaks_a_rule_is_refused(call: Bytes, path: str, body: Any, pointer: str, code: str) -> None:
    assert call("POST", path, body).problem(422, "invalid") == [(pointer, code)]


NUMERIC: dict[str, str] = {
    "/place/latitude": '{"place": {"latitude": %s, "longitude": 0}}',
    "/place/longitude": '{"place": {"latitude": 0, "longitude": %s}}',
    "/quantities/0/best": '{"quantities": [{"best": %s}]}',
    "/quantities/0/low": '{"quantities": [{"low": %s}]}',
    "/quantities/0/high": '{"quantities": [{"high": %s}]}',
    "/attributions/0/quote/start": '{"attributions": [{"quote": {"exact": "a", "start": %s, "end": 1}}]}',
    "/attributions/0/quote/end": '{"attributions": [{"quote": {"exact": "a", "start": 1, "end": %s}}]}',
    "/attributions/0/chain/0/source/member_count_min": '{"attributions": [{"chain": [{"source": {"member_count_min": %s}}]}]}',
    "/attributions/0/chain/0/source/member_count_max": '{"attributions": [{"chain": [{"source": {"member_count_max": %s}}]}]}',
    "/assessment/credibility": '{"assessment": {"credibility": %s}}',
    "/assessment/confidence": '{"assessment": {"confidence": %s}}',
    "/assessment/confidence/value": '{"assessment": {"confidence": {"scale": "percent", "value": %s}}}',
}  # fmt: skip
BOUNDLESS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "1e99999999999999999999", "1" + "0" * 400]


@pytest.mark.parametrize("pointer", NUMERIC)
def test_no_number_field_takes_a_number_without_bounds(call: Bytes, pointer: str) -> None:
    for literal in BOUNDLESS:
        (error,) = call("POST", "/v1/claims", raw=(NUMERIC[pointer] % literal).encode()).problem(422, "invalid")
        assert error[0] == pointer, literal
        assert error[1] in {"not_finite", "number_too_large", "number_too_long"}
    for literal in ("9" * 60, "-" + "9" * 60, "1e100", "true", '"x"', "[1]"):
        errors = call("POST", "/v1/claims", raw=(NUMERIC[pointer] % literal).encode()).problem(422, "invalid")
        assert pointer in [where for where, _ in errors], literal


def test_a_relation_takes_no_score_without_bounds(call: Bytes, api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}/relations"
    for literal in [*BOUNDLESS, "1.01", "true", '"1"']:
        raw = b'{"other_claim_id": "%s", "kind": "refines", "score": %s}' % (UNKNOWN_ID.encode(), literal.encode())
        (error,) = call("POST", path, raw=raw).problem(422, "invalid")
        assert error[0] == "/score"


@pytest.mark.parametrize("text", ["\\u0000", "\\ud800", "a\\udfffb"])
def test_characters_that_cannot_be_stored_are_refused(call: Bytes, api: Api, text: str) -> None:
    for raw in (f'{{"statement": "{text}"}}', f'{{"statement": ["{text}"]}}'):
        (error,) = call("POST", "/v1/claims", raw=raw.encode()).problem(422, "invalid")
        assert error[1] == "unstorable_character"
        assert error[0].startswith("/statement")
    in_key = call("POST", "/v1/claims", raw=f'{{"place": {{"{text}": 1}}}}'.encode())
    assert in_key.problem(422, "invalid") == [("/place", "unstorable_character")]
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    patched = call("PATCH", path, raw=f'{{"statement": "{text}"}}'.encode(), headers=[PATCH_TYPE, ("if-match", "*")])
    assert patched.problem(422, "invalid") == [("/statement", "unstorable_character")]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b"5", 422, "invalid"),
        (b"[" * 10_000, 422, "invalid"),
        (b'{"a":' * 10_000, 422, "invalid"),
        (b'{"kind": "person", "kind": "group"}', 422, "invalid"),
        (b"{", 400, "bad_request"),
        (b"{}{}", 400, "bad_request"),
        (b'{"statement": "\xff"}', 400, "bad_request"),
        (b'{"statement": "\xed\xa0\x80"}', 400, "bad_request"),
        (b'{"statement": "a\x00b"}', 400, "bad_request"),
        ("{}".encode("utf-16"), 400, "bad_request"),
        (b"\xef\xbb\xbf{}", 400, "bad_request"),
        (b"kind=person", 400, "bad_request"),
    ],
)
def test_a_body_that_is_no_json_object_of_utf_8_is_refused(call: Bytes, raw: bytes, status: int, code: str) -> None:
    call("POST", "/v1/sources", raw=raw).problem(status, code)


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "json"]
    + ["application/merge-patch+json", "application/json; charset=latin-1", "application/json; charset=utf-16", ""]
    + ["application/jsonx", "APPLICATION/JSON5", "application/json, text/plain", b"application/\xff"],
)
def test_a_body_of_another_media_type_is_refused(call: Bytes, media_type: str | bytes) -> None:
    answer = call("POST", "/v1/sources", raw=b"{}", headers=[("content-type", media_type)])
    answer.problem(415, "unsupported_media_type")
    assert answer.headers["accept-post"] == "application/json"


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=UTF-8", 'application/json;charset="utf-8"', "Application/JSON", "application/json; v=1"]
)  # fmt: skip
def test_spellings_of_the_right_media_type_are_read(call: Bytes, media_type: str) -> None:
    assert call("POST", "/v1/sources", source_body(), headers=[("content-type", media_type)]).status == 201


def test_a_coded_body_is_refused(call: Bytes) -> None:
    answer = call("POST", "/v1/sources", source_body(), headers=[("content-encoding", "gzip")])
    answer.problem(415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"


# Length


def test_a_body_declared_too_long_is_refused_before_it_is_read(call: Bytes) -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError("The body must not be read.")
        yield b""

    answer = call("POST", "/v1/sources", raw=never(), headers=[("content-length", str(300 * 2**20))])
    answer.problem(413, "content_too_large")
    assert answer.headers["connection"] == "close"


def test_a_body_that_turns_out_too_long_is_read_no_further(call: Bytes, context: Context) -> None:
    part, taken = b" " * 65_536, []

    def endless() -> Iterator[bytes]:
        while len(taken) < 10_000:
            taken.append(1)
            yield part

    call("POST", "/v1/sources", raw=endless()).problem(413, "content_too_large")
    assert len(taken) * len(part) <= context.settings.max_body_bytes + len(part)


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "1e3", " "])
def test_a_garbled_length_does_not_unbound_the_body(call: Bytes, context: Context, length: str) -> None:
    raw = [b" " * 65_536] * (context.settings.max_body_bytes // 65_536 + 1)
    call("POST", "/v1/sources", raw=raw, headers=[("content-length", length)]).problem(413, "content_too_large")


# Paths, queries and methods


def test_an_unknown_path_is_a_problem(call: Bytes) -> None:
    for path in ("/v1", "/v2/claims", "/v1/claims/", "/v1//claims", "/%00", "/%ff", "/%zz", "/..%2f..%2fetc%2fpasswd"):
        answer = call("GET", path)
        answer.problem(404, "not_found")
        assert "location" not in answer.headers
    for path in ("/docs/assets/%00", "/docs/assets/" + "a" * 4000, "/docs/assets/../__init__.pyx", "/docs/assets/"):
        call("GET", path).problem(404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/sources", "GET, HEAD, POST"),
        ("DELETE", "/v1/claims", "GET, HEAD, POST"),
        ("OPTIONS", "/v1/claims", "GET, HEAD, POST"),
        ("TRACE", f"/v1/sources/{UNKNOWN_ID}", "GET, HEAD, PATCH"),
        ("POST", f"/v1/claims/{UNKNOWN_ID}", "GET, HEAD, PATCH"),
        ("GET", f"/v1/claims/{UNKNOWN_ID}/retract", "POST"),
        ("HEAD", f"/v1/claims/{UNKNOWN_ID}/retract", "POST"),
        ("BREW", "/v1/vocabulary", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("PUT", "/docs/assets/swagger-ui.css", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_has_not_is_refused_with_those_it_has(
    call: Bytes, method: str, path: str, allowed: str
) -> None:
    answer = call(method, path)
    answer.problem(405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


def test_head_has_the_headers_of_get(call: Bytes, api: Api) -> None:
    for path in (f"/v1/sources/{recorded_source(api)}", "/v1/vocabulary", "/healthz", "/docs", "/openapi.json"):
        head, get = call("HEAD", path), call("GET", path)
        assert head.status == get.status == 200
        assert {name for name, _ in head.headers.items()} == {name for name, _ in get.headers.items()}
        assert head.headers.get("etag") == get.headers.get("etag")
    assert call("HEAD", f"/v1/sources/{UNKNOWN_ID}").status == 404


@pytest.mark.parametrize(
    "own_id",
    ["x", UNKNOWN_ID.upper().replace("4", "A"), UNKNOWN_ID + "0", "%00", "%ff%fe", "%zz", "1%20OR%201=1", "a" * 5000]
    + [f"%7B{UNKNOWN_ID}%7D", "%F0%9F%98%80", "%ED%A0%80", "null", "-1", f"{UNKNOWN_ID}%0A"],
)
def test_a_malformed_id_is_refused(call: Bytes, own_id: str) -> None:
    for path, name in (("/v1/claims/{}", "claim_id"), ("/v1/sources/{}/claims", "source_id"), ("/v1/documents/{}", "document_id")):  # fmt: skip
        errors = call("GET", path.format(own_id)).problem(422, "invalid")
        assert {where for where, _ in errors} == {name}
    headers = [PATCH_TYPE, ("if-match", "*")]
    assert call("PATCH", f"/v1/sources/{own_id}", {}, headers=headers).problem(422, "invalid")[0][0] == "source_id"


def test_an_unknown_id_is_not_found(call: Bytes, api: Api) -> None:
    claim_id = recorded_claim(api)["id"]
    reads = [
        f"/v1/{kind}/{UNKNOWN_ID}{rest}"
        for kind, rests in {
            "sources": ("", "/claims", "/ratings", "/relations", f"/relations/{UNKNOWN_ID}"),
            "documents": ("",),
            "claims": ("", "/history", "/attributions", "/assessments", "/relations", f"/relations/{UNKNOWN_ID}"),
        }.items()
        for rest in rests
    ]
    reads += [f"/v1/claims/{claim_id}/{part}/{UNKNOWN_ID}" for part in ("attributions", "assessments", "relations")]
    for path in reads:
        call("GET", path).problem(404, "not_found")
    headers = [PATCH_TYPE, ("if-match", "*")]
    for path in ("sources", "documents", "claims", f"claims/{claim_id}/relations", f"claims/{claim_id}/attributions"):
        call("PATCH", f"/v1/{path}/{UNKNOWN_ID}", {}, headers=headers).problem(404, "not_found")
    for path in (f"sources/{UNKNOWN_ID}/relations", f"claims/{claim_id}/attributions", "keys"):
        call("DELETE", f"/v1/{path}/{UNKNOWN_ID}", headers=[("if-match", "*")]).problem(404, "not_found")
    for path, body in (
        (f"claims/{UNKNOWN_ID}/retract", {"reason": "a"}),
        (f"claims/{UNKNOWN_ID}/attributions", attribution_body()),
        (f"claims/{UNKNOWN_ID}/assessments", assessment_body()),
        (f"claims/{UNKNOWN_ID}/relations", {"other_claim_id": claim_id, "kind": "refines"}),
        (f"sources/{UNKNOWN_ID}/ratings", {"reliability": "B"}),
        (f"sources/{UNKNOWN_ID}/relations", {"other_id": UNKNOWN_ID, "kind": "same_as"}),
        (f"documents/{UNKNOWN_ID}/verify", {}),
    ):
        call("POST", f"/v1/{path}", body).problem(404, "not_found")
    named = {"other_claim_id": UNKNOWN_ID, "kind": "refines"}
    assert call("POST", f"/v1/claims/{claim_id}/relations", named).problem(422, "invalid") == [
        ("/other_claim_id", "unknown_reference")
    ]


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("limti=5", "limti", "unknown_parameter"),
        ("Deep%20Throat=1", "query", "unknown_parameter"),
        ("%00=1", "query", "unknown_parameter"),
        ("\xff\xfe=1", "query", "unknown_parameter"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=201", "limit", "out_of_range"),
        ("limit=" + "9" * 400, "limit", "wrong_type"),
        ("limit=5.0", "limit", "wrong_type"),
        ("limit=1e2", "limit", "wrong_type"),
        ("limit=NaN", "limit", "wrong_type"),
        ("limit=true", "limit", "wrong_type"),
        ("limit=", "limit", "wrong_type"),
        ("limit", "limit", "wrong_type"),
        ("limit=%d9%a5", "limit", "wrong_type"),
        ("limit=5&limit=6", "limit", "repeated"),
        ("include_total=yes", "include_total", "wrong_type"),
        ("include_total=1", "include_total", "wrong_type"),
        ("kind=nobody", "kind", "not_a_term"),
        ("kind=", "kind", "not_a_term"),
        ("kind=person&kind=%00", "kind", "unstorable_character"),
        ("sort=name", "sort", "not_a_term"),
        ("sort=recorded_on&sort=recorded_on", "sort", "repeated"),
        ("cursor=garbage", "cursor", "wrong_cursor"),
        ("cursor=", "cursor", "wrong_cursor"),
        ("cursor=%ff%fe", "cursor", "wrong_cursor"),
        ("cursor=" + "A" * 1001, "cursor", "too_long"),
        ("fields=nmae", "fields", "unknown_field"),
        ("fields=", "fields", "unknown_field"),
    ],
)
def test_a_query_that_breaks_a_rule_is_refused(call: Bytes, query: str, parameter: str, code: str) -> None:
    assert (parameter, code) in call("GET", f"/v1/sources?{query}").problem(422, "invalid")


def test_other_parameters_are_held_to_their_rules(call: Bytes, api: Api) -> None:
    claim_id = recorded_claim(api)["id"]
    for target, parameter, code in (
        (f"/v1/claims/{claim_id}?as_of=2026-11-23", "as_of", "wrong_form"),
        (f"/v1/claims/{claim_id}?as_of=1700000000", "as_of", "wrong_form"),
        (f"/v1/claims/{claim_id}?as_of=2026-11-23T09:30:00+00:00", "as_of", "wrong_form"),
        (f"/v1/claims/{claim_id}?as_of=2026-02-30T00:00:00Z", "as_of", "wrong_form"),
        ("/v1/documents?url=ftp://example.org", "url", "wrong_form"),
        ("/v1/documents?outlet_id=x", "outlet_id", "wrong_form"),
        ("/healthz?limit=1", "limit", "unknown_parameter"),
        ("/v1/vocabulary?kind=x", "kind", "unknown_parameter"),
    ):
        assert call("GET", target).problem(422, "invalid") == [(parameter, code)]
    assert call("POST", "/v1/sources?dry_run=true", source_body()).problem(422, "invalid") == [
        ("dry_run", "unknown_parameter")
    ]


def test_a_cursor_of_another_list_or_filter_is_refused(call: Bytes, api: Api) -> None:
    for _ in range(2):
        recorded_claim(api)
    cursor = call("GET", "/v1/sources?limit=1").json()["next_cursor"]
    assert call("GET", f"/v1/sources?limit=1&cursor={cursor}").status == 200
    claim_id = recorded_claim(api)["id"]
    lists = ("/v1/claims", "/v1/documents", "/v1/keys", f"/v1/claims/{claim_id}/history", f"/v1/claims/{claim_id}/attributions")  # fmt: skip
    for target in (*lists, "/v1/sources?kind=person", "/v1/sources?sort=recorded_on"):
        joined = f"{target}{'&' if '?' in target else '?'}cursor={cursor}"
        assert call("GET", joined).problem(422, "invalid") == [("cursor", "wrong_cursor")]


def test_long_requests_are_refused(call: Bytes) -> None:
    call("GET", "/v1/sources?cursor=" + "a" * MAX_TARGET_BYTES).problem(431, "headers_too_large")
    call("GET", "/v1/sources?" + "&".join(["kind=person"] * 1000)).problem(431, "headers_too_large")
    call("GET", "/v1/claims/" + "a" * MAX_TARGET_BYTES).problem(431, "headers_too_large")
    call("GET", "/healthz", headers=[("x-note", "a" * MAX_HEADERS_BYTES)]).problem(431, "headers_too_large")
    call("GET", "/healthz", headers=[("x-note", "a" * 1000)] * 100).problem(431, "headers_too_large")


def test_a_thousand_repeated_parameters_are_answered(call: Bytes) -> None:
    assert call("GET", "/v1/sources?" + "&".join(["kind=group"] * 700)).status == 200
    errors = call("GET", "/v1/sources?" + "&".join(["limit=1"] * 1000)).problem(422, "invalid")
    assert errors == [("limit", "repeated")]
    errors = call("GET", "/v1/sources?" + "&".join(f"a{letter}" for letter in "bcdefgh" * 200)).problem(422, "invalid")
    assert len(errors) == 7


# Headers


def test_a_change_without_its_version_is_refused(call: Bytes, api: Api) -> None:
    claim = recorded_claim(api)
    attribution = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    for path in (f"/v1/sources/{recorded_source(api)}", f"/v1/claims/{claim['id']}", attribution, f"/v1/documents/{recorded_document(api)}"):  # fmt: skip
        call("PATCH", path, {}, headers=[PATCH_TYPE]).problem(428, "precondition_required")
    call("DELETE", attribution).problem(428, "precondition_required")


@pytest.mark.parametrize(
    "etag",
    ['"0000000000000000-0000000000000000"', "W/{}", "garbage", '"', '""', "", "{},", b"\xff\xfe", "a" * 5000]
    + ["W/*", '"*"', "{0}{0}", "-", ",,,"],
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
        [("host", "[")],
        [("host", "a b/c?d#e")],
        [("host", b"\xff")],
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


def test_a_request_id_that_is_not_one_is_replaced(call: Bytes) -> None:
    for sent in ("", "a b", "a" * 65, "\xe9", "<script>"):
        assert call("GET", "/healthz", headers=[("x-request-id", sent)]).headers["x-request-id"] != sent
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
    ]
    + ["Digest username=x", "onr_abc", "Bearer a b", "Bearer\tx"],
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
        ("GET", "/metrics", "internal:read"),
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


# Nothing that was sent comes back, or into the log


CANARY = "Canary zqx: Mark Felt"
MISSPELT = "misspelt"


def test_no_answer_and_no_log_line_has_what_was_sent(
    call: Bytes, api: Api, app: FastAPI, context: Context, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    tried = refused = 0
    ids = _recorded_ids(api)
    caplog.set_level("DEBUG")
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        for method, target, body, headers in _requests_with(CANARY, app.openapi(), ids):
            answer = call(method, target, body, headers=headers)
            assert answer.status < 500, (method, target, body)
            tried += 1
            if answer.status < 400:
                continue
            refused += 1
            said = str(answer.headers.raw) + answer.body.decode()
            for part in CANARY.split():
                assert part not in said, (method, target, body, answer.body)
    captured = capsys.readouterr()
    logged = f"{lines}{caplog.text}{captured.out}{captured.err}"
    assert len(lines) == tried
    assert not re.search("Canary|zqx|Felt", logged)
    assert refused >= 500
    open("/tmp/canary.txt","a").write(f"{tried} {refused}\n")


def _recorded_ids(api: Api) -> dict[str, str]:
    claim, other = recorded_claim(api), recorded_claim(api)
    path = f"/v1/claims/{claim['id']}"
    source_id = recorded_source(api)
    relation = {"other_id": recorded_source(api), "kind": "distinct_from"}
    return {
        "claim_id": claim["id"],
        "source_id": source_id,
        "document_id": recorded_document(api),
        "attribution_id": claim["attributions"][0]["id"],
        "assessment_id": api.create(f"{path}/assessments", assessment_body())["id"],
        "claims relation_id": api.create(f"{path}/relations", {"other_claim_id": other["id"], "kind": "refines"})["id"],
        "sources relation_id": api.create(f"/v1/sources/{source_id}/relations", relation)["id"],
        "key_id": UNKNOWN_ID,
    }


Sent = tuple[str, str, Any, list[Header]]


def _requests_with(mark: str, document: dict[str, Any], ids: dict[str, str]) -> Iterator[Sent]:
    """Requests to every operation with the mark in each place in turn: ids, parameters, headers, fields and names."""
    for path, operations in document["paths"].items():
        real = re.sub(r"{(\w+)}", lambda found: ids.get(found[1]) or ids[f"{path.split('/')[2]} {found[1]}"], path)  # noqa: B023  # called at once
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            media_type = next(iter(content), None)
            schema = _resolved(document, content[media_type]["schema"]) if media_type else None
            sound = schema["examples"][0] if schema else None
            own: list[Header] = [("content-type", media_type)] if media_type else []
            matching = [*own, ("if-match", "*")]
            for parameter in operation.get("parameters", []):
                yield from _with_parameter(mark, method.upper(), path, real, parameter, sound, own)
            for misspelt in (mark, f"a={mark}"):
                yield method.upper(), f"{real}?{misspelt}", sound, matching
            for media_or_key in (("content-type", mark), ("authorization", f"Bearer {mark}"), ("authorization", mark)):
                yield method.upper(), real, sound, [media_or_key]
            # A batch is made of what the route of one claim takes.
            if schema is not None and not path.endswith("/batch"):
                for body in _bodies(mark, document, schema, sound):
                    yield method.upper(), real, body, matching


def _with_parameter(
    mark: str, method: str, path: str, real: str, parameter: dict[str, Any], sound: Any, own: list[Header]
) -> Iterator[Sent]:
    name = parameter["name"]
    match parameter["in"]:
        case "path":
            steps = zip(path.split("/"), real.split("/"), strict=True)
            yield method, "/".join(mark if step == f"{{{name}}}" else given for step, given in steps), sound, own
        case "query":
            for query in (f"{name}={mark}", f"{name}={mark}&{name}={mark}", f"{name}=%00{mark}"):
                yield method, f"{real}?{query}", sound, own
        case "header":
            for value in (mark, f'"{mark}"', f"W/{mark}", mark * 20):
                yield method, real, sound, [*own, (name.lower(), value)]


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def _bodies(mark: str, document: dict[str, Any], schema: dict[str, Any], sound: Any) -> Iterator[Any]:
    yield from ([mark], mark, {mark: mark}, {**sound, mark: 1}, {**sound, MISSPELT: mark})
    for place in _places(document, schema, ()):
        for value in (mark, [mark], {mark: mark}, mark * 600):
            yield _placed(sound, place, value)
        # Refused for another reason: the field may take any text.
        yield {**_placed(sound, place, mark), MISSPELT: 1}


def _places(document: dict[str, Any], schema: dict[str, Any], above: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:  # fmt: skip
    """Ways to every field, and into the first item of every array."""
    schema = _resolved(document, schema)
    for branch in schema.get("anyOf", ()):
        yield from _places(document, branch, above)
    for name, field in schema.get("properties", {}).items():
        yield (*above, name)
        yield from _places(document, field, (*above, name))
    if "items" in schema:
        yield (*above, 0)
        yield from _places(document, schema["items"], (*above, 0))


def _placed(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """The body with the value at the place; what is on the way there is made where it is missing."""
    if not place:
        return value
    step, *rest = place
    if isinstance(step, int):
        items = body if isinstance(body, list) and body else [{}]
        return [_placed(items[0], tuple(rest), value), *items[1:]]
    fields = body if isinstance(body, dict) else {}
    return {**fields, step: _placed(fields.get(step), tuple(rest), value)}
