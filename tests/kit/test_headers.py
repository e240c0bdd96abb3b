"""Headers that every answer bears, what may be kept of it, and whose pages may call."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI

from app.access.context import Context
from app.kit.headers import SECURITY_HEADERS, page_policy
from app.main import create_app
from app.models.vocabulary import Scope
from app.settings import Settings
from tests.factories import claim_body, recorded_claim
from tests.fixtures.api import Api, make_key
from tests.fixtures.asgi import Bytes

LISTED = "https://cms.example"
STORED_NOWHERE = "private, no-store"
MAY_BE_KEPT = "private, no-cache"

Served = Callable[..., Bytes]


@pytest.fixture
def served(context: Context, portal: BlockingPortal) -> Served:
    """A caller of an app with settings of the test's own."""

    def serve(**settings: Any) -> Bytes:
        chosen = replace(context, settings=Settings(data_dir=context.settings.data_dir, **settings))
        app: FastAPI = create_app(context=chosen)
        app.state.context = chosen
        return Bytes(app, portal, make_key(context))

    return serve


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v1/claims"),
        ("GET", "/v1/claims/absent"),
        ("PUT", "/v1/claims"),
        ("GET", "/healthz"),
        ("GET", "/docs"),
        ("GET", "/docs/assets/swagger-ui.css"),
        ("GET", "/docs/assets/absent.css"),
        ("GET", "/openapi.json"),
        ("GET", "/"),
        ("GET", "/absent"),
        ("GET", "/v1/claims?" + "q" * 9000),
        ("OPTIONS", "/v1/claims"),
        ("GET", "/metrics"),
    ],
)
def test_every_answer_bears_the_headers_once(call: Bytes, method: str, target: str) -> None:
    answer = call(method, target)
    for name, value in SECURITY_HEADERS.items():
        found = answer.headers.getlist(name)
        assert len(found) == 1, (name, found)
        assert found[0] == value or (name == "Content-Security-Policy" and target == "/docs"), (name, found)
    assert len(answer.headers.getlist("cache-control")) == 1
    assert "server" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_the_page_runs_its_own_scripts_alone(call: Bytes) -> None:
    answer = call("GET", "/docs")
    policy = answer.headers["content-security-policy"]
    assert policy == page_policy(answer.body.decode())
    assert "'sha256-" in policy
    assert "unsafe" not in policy
    assert page_policy(answer.body.decode().replace("const ui", "let ui")) != policy


def test_only_behind_tls_browsers_are_told_to_stay_with_it(served: Served) -> None:
    assert "strict-transport-security" not in served()("GET", "/healthz").headers
    assert served(behind_proxy=True)("GET", "/absent").headers["strict-transport-security"] == "max-age=31536000"


def test_only_what_the_public_may_read_may_be_kept(api: Api) -> None:
    claim = recorded_claim(api)
    path = f"/v1/claims/{claim['id']}"
    reader, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    keys = api.with_scopes(Scope.KEYS_MANAGE)
    answers = {
        "claim to a reader": reader.get(path),
        "list to a reader": reader.get("/v1/claims"),
        "words to anyone": api.without_key().get("/v1/vocabulary"),
        "claim to an insider": insider.get(path),
        "claim to a restricted reader": api.get(path),
        "keys to their manager": keys.get("/v1/keys"),
        "what was recorded": api.post("/v1/claims", claim_body()),
        "a problem": reader.get("/v1/claims/absent"),
        "metrics": api.get("/metrics"),
    }
    kept = {name for name, answer in answers.items() if answer.headers["cache-control"] == MAY_BE_KEPT}
    assert kept == {"claim to a reader", "list to a reader", "words to anyone"}
    assert {answer.headers["cache-control"] for answer in answers.values()} == {MAY_BE_KEPT, STORED_NOWHERE}


@pytest.mark.parametrize("scopes", [(Scope.CLAIMS_READ,), (Scope.CLAIMS_READ, Scope.RESTRICTED_READ)])
def test_what_has_not_changed_is_told_whether_or_not_it_may_be_kept(api: Api, scopes: tuple[Scope, ...]) -> None:
    path, reader = f"/v1/claims/{recorded_claim(api)['id']}", api.with_scopes(*scopes)
    first = reader.get(path)
    again = reader.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]


def test_an_answer_repeated_for_its_idempotency_key_is_not_kept_either(api: Api) -> None:
    sent = {"headers": {"Idempotency-Key": "one"}}
    first, again = (api.post("/v1/claims", claim_body(), **sent) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["cache-control"] == again.headers["cache-control"] == STORED_NOWHERE


def preflight(call: Bytes, origin: str) -> Any:
    asked = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "if-match"),
    ]
    return call("OPTIONS", "/v1/claims/absent", headers=asked)


def test_pages_of_a_listed_origin_may_call(served: Served) -> None:
    call = served(cors_origins=f"https://other.example, {LISTED}")
    allowed = preflight(call, LISTED)
    assert (allowed.status, allowed.body) == (204, b"")
    assert allowed.headers["access-control-allow-origin"] == LISTED
    assert "PATCH" in allowed.headers["access-control-allow-methods"]
    for name in ("Authorization", "If-Match", "Idempotency-Key", "Access-Reason"):
        assert name in allowed.headers["access-control-allow-headers"].split(", ")
    assert "access-control-allow-credentials" not in allowed.headers
    for target in ("/v1/claims", "/v1/claims/absent"):
        answer = call("GET", target, headers=[("origin", LISTED)])
        assert answer.headers["access-control-allow-origin"] == LISTED
        for name in ("ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-Id", "Idempotency-Replayed"):
            assert name in answer.headers["access-control-expose-headers"].split(", ")
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://cms.example.evil.example", "http://cms.example", "null", "https://CMS.example", ""]
)
def test_pages_of_no_other_origin_may(served: Served, origin: str) -> None:
    call = served(cors_origins=LISTED)
    refused = preflight(call, origin)
    refused.problem(405, "method_not_allowed")
    answer = call("GET", "/v1/claims", headers=[("origin", origin)])
    assert answer.status == 200
    for headers in (refused.headers, answer.headers):
        assert not [name for name in headers if name.startswith("access-control")]
        assert "Origin" in headers["vary"]


def test_no_origin_is_listed_by_default(served: Served) -> None:
    preflight(served(), LISTED).problem(405, "method_not_allowed")


@pytest.mark.parametrize("origins", ["*", "https://*.example", "https://cms.example/", "cms.example", "null"])
def test_an_origin_is_listed_exactly(origins: str) -> None:
    with pytest.raises(ValueError, match="no wildcard"):
        Settings(cors_origins=origins)  # type: ignore[arg-type]  # as an environment variable gives it
