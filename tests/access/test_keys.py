"""Who is let in: keys that hold, keys that do not, and readers without one."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi import FastAPI

from app.access.context import Context
from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import claim_body, recorded_claim, recorded_source
from tests.fixtures.api import Api
from tests.fixtures.asgi import Bytes


@pytest.fixture
def public(api: Api, app_of_session: FastAPI, context: Context) -> Iterator[Api]:
    """A reader without a key, where the operator lets the public read."""
    open_settings = context.settings.model_copy(update={"public_read": True})
    app_of_session.state.context = replace(context, settings=open_settings)
    yield api.without_key()
    app_of_session.state.context = context


def status(caller: Api, authorization: str | None = None) -> int:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return caller.get("/v1/claims", headers=headers).status_code


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer onr_wrong", "Basic b25yOng=", "onr_wrong", "Bearer onr_wrong onr_other"],
)
def test_a_header_without_a_key_that_holds_lets_nobody_in(api: Api, authorization: str) -> None:
    response = api.without_key().get("/v1/claims", headers={"Authorization": authorization})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="onrecord"'
    assert "onr_" not in response.text


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    secret = api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})["key"]
    keyless = api.without_key()
    assert [status(keyless, f"{scheme} {secret}") for scheme in ("Bearer", "bearer", "BEARER")] == [200] * 3


def test_a_key_is_no_longer_let_in_once_it_expires(api: Api, clock: Clock) -> None:
    made = api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"], "expires_at": "2026-11-24T00:00:00Z"})
    keyless = api.without_key()
    assert status(keyless, f"Bearer {made['key']}") == 200
    clock.now = clock.now.replace(day=24, hour=0, minute=0, second=0, microsecond=0)
    assert status(keyless, f"Bearer {made['key']}") == 401


def test_a_key_is_no_longer_let_in_once_it_is_revoked(api: Api) -> None:
    made = api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})
    keyless = api.without_key()
    assert status(keyless, f"Bearer {made['key']}") == 200
    assert api.delete(f"/v1/keys/{made['id']}").status_code == 204
    assert status(keyless, f"Bearer {made['key']}") == 401


def test_a_scope_allows_what_it_says_and_nothing_else(api: Api) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    assert reader.get("/v1/claims").status_code == 200
    refused = reader.post("/v1/claims", claim_body())
    assert (refused.status_code, refused.json()["scope"]) == (403, "claims:write")
    writer = api.with_scopes(Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH)
    assert writer.get("/v1/claims").status_code == 403


def test_what_comes_along_with_a_claim_needs_its_own_scope(api: Api) -> None:
    writer = api.with_scopes(Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH)
    refused = writer.post("/v1/claims", claim_body())
    assert (refused.status_code, refused.json()["scope"]) == (403, "sources:write")
    with_sources = api.with_scopes(Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)
    refused = with_sources.post("/v1/claims", claim_body(assessment={"assessor": "desk", "verdict": "true"}))
    assert (refused.status_code, refused.json()["scope"]) == (403, "claims:assess")
    assert with_sources.post("/v1/claims", claim_body()).status_code == 201
    path = f"/v1/claims/{recorded_claim(api)['id']}/assessments"
    evidence = [{"relation": "context", "document": {"title": "t"}}]
    assessor = api.with_scopes(Scope.CLAIMS_ASSESS)
    refused = assessor.post(path, {"assessor": "desk", "verdict": "true", "evidence": evidence})
    assert (refused.status_code, refused.json()["scope"]) == (403, "claims:write")
    assert assessor.post(path, {"assessor": "desk", "verdict": "true"}).status_code == 201


def test_the_public_reads_what_is_public_where_the_operator_lets_it(api: Api, public: Api) -> None:
    shown, hidden = recorded_source(api), recorded_source(api, visibility="internal")
    assert [item["id"] for item in public.read("/v1/sources")["items"]] == [shown]
    assert public.get(f"/v1/sources/{hidden}").status_code == 404


def test_the_public_writes_nothing_and_manages_nothing(public: Api) -> None:
    assert public.post("/v1/claims", claim_body()).status_code == 401
    assert public.get("/v1/keys").status_code == 401


def test_a_key_that_does_not_hold_is_not_read_as_the_public(public: Api) -> None:
    assert status(public, "Bearer onr_wrong") == 401


def test_the_public_is_not_let_in_by_default(api: Api) -> None:
    assert status(api.without_key()) == 401


def test_two_credentials_are_not_chosen_between(call: Bytes) -> None:
    assert call("GET", "/v1/claims").status == 200
    assert call("GET", "/v1/claims", headers=[("authorization", "Bearer nonsense")]).status == 400
