"""Whatever is sent, the answer is a problem that names what is wrong and repeats none of it; alike on both engines."""

from itertools import count
from typing import Any

import pytest

from app.access.context import Context
from app.kit.fields import MAX_HEADERS_BYTES, MAX_TARGET_BYTES
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
    recorded_claim,
    recorded_source,
    source_body,
)
from tests.fixtures.api import Api
from tests.fixtures.asgi import Bytes, Header

UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
PATCH_TYPE: Header = ("content-type", "application/merge-patch+json")


def quantity(**fields: Any) -> dict[str, Any]:
    return claim_body(quantities=[{"verbatim": "nine"} | fields])


# Bodies


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("/v1/sources", source_body(colour="red"), "/colour", "unknown_field"),
        (
            "/v1/claims",
            claim_body(attributions=[attribution_body(hegde="likely")]),
            "/attributions/0/hegde",
            "unknown_field",
        ),
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
        ("/v1/claims", claim_body(language="not a language"), "/language", "not_a_code"),
        ("/v1/claims", claim_body(place={"country": "XX"}), "/place/country", "not_a_code"),
        ("/v1/claims", claim_body(place={"country": "Russia"}), "/place/country", "not_a_code"),
        ("/v1/claims", claim_body(place={"latitude": 91, "longitude": 0}), "/place/latitude", "out_of_range"),
        ("/v1/claims", claim_body(place={"latitude": "1", "longitude": 0}), "/place/latitude", "wrong_type"),
        ("/v1/claims", claim_body(place={"latitude": True, "longitude": 0}), "/place/latitude", "wrong_type"),
        ("/v1/claims", claim_body(place={"latitude": 1}), "/place/latitude", "incomplete"),
        ("/v1/claims", claim_body(place={}), "/place", "required"),
        ("/v1/claims", claim_body(occurred={"edtf": "2022-02-30"}), "/occurred/edtf", "not_edtf"),
        ("/v1/claims", claim_body(occurred={"edtf": "2023/2022"}), "/occurred/edtf", "not_edtf"),
        ("/v1/claims", claim_body(occurred={"edtf": 2022}), "/occurred/edtf", "wrong_type"),
        (
            "/v1/claims",
            claim_body(occurred={"edtf": "2022", "anchor_on": "2023-02-29"}),
            "/occurred/anchor_on",
            "wrong_form",
        ),
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
        (
            "/v1/claims",
            claim_body(attributions=[attribution_body(document=None)]),
            "/attributions/0/document_id",
            "one_of",
        ),
        ("/v1/claims", claim_body(assessment=assessment_body(confidence=True)), "/assessment/confidence", "wrong_type"),
        (
            "/v1/claims",
            claim_body(assessment=assessment_body(confidence=101)),
            "/assessment/confidence",
            "out_of_range",
        ),
        (
            "/v1/claims",
            claim_body(assessment=assessment_body(credibility=0)),
            "/assessment/credibility",
            "out_of_range",
        ),
        (
            "/v1/claims",
            claim_body(assessment=assessment_body(credibility="3")),
            "/assessment/credibility",
            "wrong_type",
        ),
        ("/v1/sources", source_body(kind="group", member_count_min=0), "/member_count_min", "out_of_range"),
        ("/v1/sources", source_body(kind="group", member_count_min="2"), "/member_count_min", "wrong_type"),
        ("/v1/sources", source_body(kind="group", member_count_min=10**60), "/member_count_min", "out_of_range"),
        (
            "/v1/sources",
            source_body(kind="group", member_count_min=3, member_count_max=2),
            "/member_count_max",
            "out_of_range",
        ),
        ("/v1/sources", source_body(name="Deep Throat"), "/name", "name_not_allowed"),
        (
            "/v1/sources",
            source_body(organization_id="7B0C7F8E-6D0A-4B57-9A3E-5C1E0F6F2A11"),
            "/organization_id",
            "wrong_form",
        ),
        ("/v1/sources", source_body(organization_id=UNKNOWN_ID), "/organization_id", "unknown_reference"),
        ("/v1/documents", {"title": "a", "url": "ftp://example.org/"}, "/url", "wrong_form"),
        ("/v1/documents", {"title": "a", "text_sha256": "A" * 64}, "/text_sha256", "wrong_form"),
        ("/v1/documents", {}, "/url", "required"),
        ("/v1/keys", {"name": "a", "scopes": []}, "/scopes", "too_short"),
        ("/v1/keys", {"name": "a", "scopes": ["root"]}, "/scopes/0", "not_a_term"),
        (
            "/v1/keys",
            {"name": "a", "scopes": ["claims:read"], "expires_at": "2001-01-01T00:00:00Z"},
            "/expires_at",
            "out_of_range",
        ),
        ("/v1/sources", [], "", "wrong_type"),
        ("/v1/sources", "text", "", "wrong_type"),
    ],
)
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
    "/attributions/0/chain/0/source/member_count_min": (
        '{"attributions": [{"chain": [{"source": {"member_count_min": %s}}]}]}'
    ),
    "/attributions/0/chain/0/source/member_count_max": (
        '{"attributions": [{"chain": [{"source": {"member_count_max": %s}}]}]}'
    ),
    "/assessment/credibility": '{"assessment": {"credibility": %s}}',
    "/assessment/confidence": '{"assessment": {"confidence": %s}}',
    "/assessment/confidence/value": '{"assessment": {"confidence": {"scale": "percent", "value": %s}}}',
}
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
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "application/merge-patch+json",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "",
        "application/jsonx",
        "APPLICATION/JSON5",
        "application/json, text/plain",
        b"application/\xff",
    ],
)
def test_a_body_of_another_media_type_is_refused(call: Bytes, media_type: str | bytes) -> None:
    answer = call("POST", "/v1/sources", raw=b"{}", headers=[("content-type", media_type)])
    answer.problem(415, "unsupported_media_type")
    assert answer.headers["accept-post"] == "application/json"


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=UTF-8",
        'application/json;charset="utf-8"',
        "Application/JSON",
        "application/json; v=1",
    ],
)
def test_spellings_of_the_right_media_type_are_read(call: Bytes, media_type: str) -> None:
    assert call("POST", "/v1/sources", source_body(), headers=[("content-type", media_type)]).status == 201


def test_a_coded_body_is_refused(call: Bytes) -> None:
    answer = call("POST", "/v1/sources", source_body(), headers=[("content-encoding", "gzip")])
    answer.problem(415, "unsupported_media_type")
    assert answer.headers["accept-encoding"] == "identity"


# Length


@pytest.mark.parametrize("length", [str(300 * 2**20), str(2**64 - 1), "9" * 5_000])
def test_a_body_declared_too_long_is_refused_before_it_is_read(call: Bytes, length: str) -> None:
    taken = count()
    body = (b"{}" for _ in taken)
    answer = call("POST", "/v1/sources", raw=body, headers=[("content-length", length)])
    assert next(taken) == 0
    answer.problem(413, "content_too_large")
    assert answer.headers["connection"] == "close"


def test_a_body_that_turns_out_too_long_is_read_no_further(call: Bytes, context: Context) -> None:
    part, taken = b" " * 65_536, count()
    endless = (part for _ in taken)
    call("POST", "/v1/sources", raw=endless).problem(413, "content_too_large")
    assert next(taken) * len(part) <= context.settings.max_body_bytes + len(part)


@pytest.mark.parametrize("length", ["-1", "x", "0" * 5_000, "1e3", " "])
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
    [
        "x",
        UNKNOWN_ID.upper().replace("4", "A"),
        UNKNOWN_ID + "0",
        "%00",
        "%ff%fe",
        "%zz",
        "1%20OR%201=1",
        "a" * 5000,
        f"%7B{UNKNOWN_ID}%7D",
        "%F0%9F%98%80",
        "%ED%A0%80",
        "null",
        "-1",
        f"{UNKNOWN_ID}%0A",
    ],
)
def test_a_malformed_id_is_refused(call: Bytes, own_id: str) -> None:
    for path, name in (
        ("/v1/claims/{}", "claim_id"),
        ("/v1/sources/{}/claims", "source_id"),
        ("/v1/documents/{}", "document_id"),
    ):
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
    lists = (
        "/v1/claims",
        "/v1/documents",
        "/v1/keys",
        f"/v1/claims/{claim_id}/history",
        f"/v1/claims/{claim_id}/attributions",
    )
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
    assert call("GET", "/v1/sources?" + "&".join(["kind=group"] * 50)).status == 200
    assert call("GET", "/v1/sources?" + "&".join(["kind=group"] * 700)).problem(422, "invalid") == [
        ("kind", "too_long")
    ]
    errors = call("GET", "/v1/sources?" + "&".join(["limit=1"] * 1000)).problem(422, "invalid")
    assert errors == [("limit", "repeated")]
    errors = call("GET", "/v1/sources?" + "&".join(f"a{letter}" for letter in "bcdefgh" * 200)).problem(422, "invalid")
    assert len(errors) == 7
