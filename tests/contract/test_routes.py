"""What holds for every route: it declares a scope, and a write leaves one change in each line that it moves."""

from collections import Counter
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import Response
from sqlalchemy import Connection, text

from app.access.routing import Guard, UnguardedRoute, guard_of, require_guards
from app.identities.age import new_private_key
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    source_body,
)
from tests.fixtures.api import Api
from tests.fixtures.sealing import custodians, sealed_identity

Route = tuple[str, str]

READ, WRITE, SOURCES = Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.SOURCES_WRITE
SCOPES: dict[Route, Scope | None] = {
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("GET", "/metrics"): Scope.RESTRICTED_READ,
    ("GET", "/v1/vocabulary"): None,
    ("GET", "/v1/claims"): READ,
    ("POST", "/v1/claims"): WRITE,
    ("POST", "/v1/claims/batch"): WRITE,
    ("GET", "/v1/claims/facets"): READ,
    ("GET", "/v1/claims/{claim_id}"): READ,
    ("PATCH", "/v1/claims/{claim_id}"): WRITE,
    ("GET", "/v1/claims/{claim_id}/assessments"): READ,
    ("POST", "/v1/claims/{claim_id}/assessments"): Scope.CLAIMS_ASSESS,
    ("GET", "/v1/claims/{claim_id}/assessments/{assessment_id}"): READ,
    ("GET", "/v1/claims/{claim_id}/attributions"): READ,
    ("POST", "/v1/claims/{claim_id}/attributions"): WRITE,
    ("GET", "/v1/claims/{claim_id}/attributions/{attribution_id}"): READ,
    ("PATCH", "/v1/claims/{claim_id}/attributions/{attribution_id}"): WRITE,
    ("DELETE", "/v1/claims/{claim_id}/attributions/{attribution_id}"): WRITE,
    ("GET", "/v1/claims/{claim_id}/attribution-line"): READ,
    ("GET", "/v1/claims/{claim_id}/history"): READ,
    ("GET", "/v1/claims/{claim_id}/relations"): READ,
    ("POST", "/v1/claims/{claim_id}/relations"): WRITE,
    ("GET", "/v1/claims/{claim_id}/relations/{relation_id}"): READ,
    ("PATCH", "/v1/claims/{claim_id}/relations/{relation_id}"): WRITE,
    ("POST", "/v1/claims/{claim_id}/retract"): WRITE,
    ("GET", "/v1/claims/{claim_id}/similar"): READ,
    ("GET", "/v1/claims/{claim_id}/sourcing"): READ,
    ("GET", "/v1/documents"): READ,
    ("GET", "/v1alpha1/claims:search"): READ,
    ("POST", "/v1/documents"): WRITE,
    ("GET", "/v1/documents/{document_id}"): READ,
    ("PATCH", "/v1/documents/{document_id}"): WRITE,
    ("POST", "/v1/documents/{document_id}/verify"): READ,
    ("POST", "/v1/match"): READ,
    ("GET", "/v1/keys"): Scope.KEYS_MANAGE,
    ("POST", "/v1/keys"): Scope.KEYS_MANAGE,
    ("GET", "/v1/keys/{key_id}"): Scope.KEYS_MANAGE,
    ("DELETE", "/v1/keys/{key_id}"): Scope.KEYS_MANAGE,
    ("POST", "/v1/keys/{key_id}/rotate"): Scope.KEYS_MANAGE,
    ("GET", "/v1/audit"): Scope.AUDIT_READ,
    ("GET", "/v1/sources"): READ,
    ("POST", "/v1/sources"): SOURCES,
    ("GET", "/v1/sources/{source_id}"): READ,
    ("PATCH", "/v1/sources/{source_id}"): SOURCES,
    ("GET", "/v1/sources/{source_id}/claims"): READ,
    ("GET", "/v1/sources/{source_id}/exposure"): Scope.INTERNAL_READ,
    ("GET", "/v1/sources/{source_id}/identity"): Scope.IDENTITY_READ,
    ("PUT", "/v1/sources/{source_id}/identity"): Scope.IDENTITY_WRITE,
    ("DELETE", "/v1/sources/{source_id}/identity"): Scope.IDENTITY_WRITE,
    ("GET", "/v1/custodians"): Scope.IDENTITY_WRITE,
    ("POST", "/v1/custodians"): Scope.KEYS_MANAGE,
    ("GET", "/v1/custodians/{custodian_id}"): Scope.IDENTITY_WRITE,
    ("DELETE", "/v1/custodians/{custodian_id}"): Scope.KEYS_MANAGE,
    ("GET", "/v1/sources/{source_id}/ratings"): READ,
    ("POST", "/v1/sources/{source_id}/ratings"): SOURCES,
    ("GET", "/v1/sources/{source_id}/relations"): READ,
    ("POST", "/v1/sources/{source_id}/relations"): SOURCES,
    ("GET", "/v1/sources/{source_id}/relations/{relation_id}"): READ,
    ("DELETE", "/v1/sources/{source_id}/relations/{relation_id}"): SOURCES,
    ("GET", "/v1/sources/{source_id}/track-record"): READ,
}


def guards(app: FastAPI) -> dict[Route, Guard | None]:
    """Every route of the API and what it asks of its caller."""
    return {
        (method, str(context.path)): guard_of(context.original_route.dependant)
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.original_route.methods or ()
    }


def test_every_route_declares_its_scope(app_of_session: FastAPI) -> None:
    declared = guards(app_of_session)
    assert None not in declared.values()
    assert {route: guard.scope for route, guard in declared.items() if guard is not None} == SCOPES


def test_an_app_with_an_unguarded_route_does_not_start() -> None:
    app = FastAPI()
    app.get("/v1/open")(lambda: None)
    with pytest.raises(UnguardedRoute, match="/v1/open"):
        require_guards(app)


@pytest.mark.parametrize("route", sorted(SCOPES), ids=" ".join)
def test_a_route_lets_nobody_in_without_its_scope(api: Api, route: Route) -> None:
    method, path = route
    address = "/".join(
        "00000000-0000-4000-8000-000000000000" if step.startswith("{") else step for step in path.split("/")
    )
    scope = SCOPES[route]
    keyless = api.without_key().request(method, address)
    if scope is None:
        assert keyless.status_code in {200, 503}
        return
    assert keyless.status_code == 401
    assert keyless.headers["www-authenticate"].startswith("Bearer")
    others = [each for each in Scope if each is not scope]
    refused = api.with_scopes(*others).request(method, address)
    assert refused.status_code == 403
    assert refused.json()["scope"] == scope
    allowed = api.with_scopes(scope).request(method, address)
    assert allowed.status_code not in {401, 403}


Write = Callable[[Api], tuple[Response, str]]
"""Makes one write of records that are public, and gives the answer and the id of what it changed."""


def _create(path: str, body: Callable[[], object]) -> Write:
    def write(api: Api) -> tuple[Response, str]:
        response = api.post(path, body())
        return response, response.json()["id"]

    return write


def _create_batch(api: Api) -> tuple[Response, str]:
    response = api.post("/v1/claims/batch", {"claims": [claim_body(), claim_body()]})
    return response, response.json()["items"][1]["id"]


def _patch_claim(api: Api) -> tuple[Response, str]:
    claim_id = recorded_claim(api)["id"]
    return api.patch(f"/v1/claims/{claim_id}", {"statement": "Ten."}, etag="*"), claim_id


def _retract(api: Api) -> tuple[Response, str]:
    claim_id = recorded_claim(api)["id"]
    return api.post(f"/v1/claims/{claim_id}/retract", {"reason": "corrected"}), claim_id


def _assess(api: Api) -> tuple[Response, str]:
    claim_id = recorded_claim(api)["id"]
    return api.post(f"/v1/claims/{claim_id}/assessments", assessment_body()), claim_id


def _attribute(api: Api) -> tuple[Response, str]:
    claim_id = recorded_claim(api)["id"]
    return api.post(f"/v1/claims/{claim_id}/attributions", attribution_body()), claim_id


def _patch_attribution(api: Api) -> tuple[Response, str]:
    claim = recorded_claim(api)
    path = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    return api.patch(path, {"cue": "said"}, etag="*"), claim["id"]


def _remove_attribution(api: Api) -> tuple[Response, str]:
    claim = recorded_claim(api, attributions=[attribution_body(), attribution_body()])
    path = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    return api.delete(path, etag="*"), claim["id"]


def _relate_claims(api: Api) -> tuple[Response, str]:
    one, other = recorded_claim(api)["id"], recorded_claim(api)["id"]
    response = api.post(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "refines"})
    return response, response.json()["id"]


def _patch_relation(api: Api) -> tuple[Response, str]:
    relation = _relate_claims(api)[0].json()
    path = f"/v1/claims/{relation['claim_id']}/relations/{relation['id']}"
    return api.patch(path, {"status": "rejected"}, etag="*"), relation["id"]


def _patch_document(api: Api) -> tuple[Response, str]:
    document_id = recorded_document(api)
    return api.patch(f"/v1/documents/{document_id}", {"byline": "A. Writer"}, etag="*"), document_id


def _patch_source(api: Api) -> tuple[Response, str]:
    source_id = recorded_source(api)
    return api.patch(f"/v1/sources/{source_id}", {"role": "engineer"}, etag="*"), source_id


def _rate(api: Api) -> tuple[Response, str]:
    source_id = recorded_source(api)
    return api.post(f"/v1/sources/{source_id}/ratings", {"reliability": "B"}), source_id


def _relate_sources(api: Api) -> tuple[Response, str]:
    one, other = recorded_source(api), recorded_outlet(api)
    response = api.post(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "member_of"})
    return response, response.json()["id"]


def _unrelate_sources(api: Api) -> tuple[Response, str]:
    relation = _relate_sources(api)[0].json()
    return api.delete(f"/v1/sources/{relation['source_id']}/relations/{relation['id']}", etag="*"), relation["id"]


def _revoke(api: Api) -> tuple[Response, str]:
    key_id = api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})["id"]
    return api.delete(f"/v1/keys/{key_id}"), key_id


def _rotate(api: Api) -> tuple[Response, str]:
    key_id = api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})["id"]
    response = api.post(f"/v1/keys/{key_id}/rotate", {})
    return response, response.json()["id"]


WRITES: dict[Route, Write] = {
    ("POST", "/v1/claims"): _create("/v1/claims", claim_body),
    ("POST", "/v1/claims/batch"): _create_batch,
    ("PATCH", "/v1/claims/{claim_id}"): _patch_claim,
    ("POST", "/v1/claims/{claim_id}/retract"): _retract,
    ("POST", "/v1/claims/{claim_id}/assessments"): _assess,
    ("POST", "/v1/claims/{claim_id}/attributions"): _attribute,
    ("PATCH", "/v1/claims/{claim_id}/attributions/{attribution_id}"): _patch_attribution,
    ("DELETE", "/v1/claims/{claim_id}/attributions/{attribution_id}"): _remove_attribution,
    ("POST", "/v1/claims/{claim_id}/relations"): _relate_claims,
    ("PATCH", "/v1/claims/{claim_id}/relations/{relation_id}"): _patch_relation,
    ("POST", "/v1/documents"): _create("/v1/documents", document_body),
    ("PATCH", "/v1/documents/{document_id}"): _patch_document,
    ("POST", "/v1/keys"): _create("/v1/keys", lambda: {"name": "CMS", "scopes": ["claims:read"]}),
    ("DELETE", "/v1/keys/{key_id}"): _revoke,
    ("POST", "/v1/keys/{key_id}/rotate"): _rotate,
    ("POST", "/v1/sources"): _create("/v1/sources", source_body),
    ("PATCH", "/v1/sources/{source_id}"): _patch_source,
    ("POST", "/v1/sources/{source_id}/ratings"): _rate,
    ("POST", "/v1/sources/{source_id}/relations"): _relate_sources,
    ("DELETE", "/v1/sources/{source_id}/relations/{relation_id}"): _unrelate_sources,
}


def _register(api: Api) -> tuple[Response, str]:
    response = api.post("/v1/custodians", {"name": "editor", "recipient": new_private_key().public})
    return response, response.json()["id"]


def _retire(api: Api) -> tuple[Response, str]:
    custodian_id = _register(api)[1]
    return api.delete(f"/v1/custodians/{custodian_id}"), custodian_id


def _seal(api: Api) -> tuple[Response, str]:
    source_id = recorded_source(api)
    return sealed_identity(api, source_id, custodians(api)), source_id


def _read_identity(api: Api) -> tuple[Response, str]:
    source_id = _seal(api)[1]
    return api.get(f"/v1/sources/{source_id}/identity", headers={"Access-Reason": "a correction"}), source_id


def _erase(api: Api) -> tuple[Response, str]:
    source_id = _seal(api)[1]
    return api.delete(f"/v1/sources/{source_id}/identity", etag="*"), source_id


AUDITED: dict[Route, Write] = {
    ("POST", "/v1/custodians"): _register,
    ("DELETE", "/v1/custodians/{custodian_id}"): _retire,
    ("PUT", "/v1/sources/{source_id}/identity"): _seal,
    ("GET", "/v1/sources/{source_id}/identity"): _read_identity,
    ("DELETE", "/v1/sources/{source_id}/identity"): _erase,
}
"""Routes that leave an entry in the audit and nothing in the history, which more people read."""
ONLY_READ = {("POST", "/v1/documents/{document_id}/verify"), ("POST", "/v1/match")}
"""Routes that are posted to and change nothing."""


def changes(connection: Connection) -> Counter[tuple[str, str]]:
    """How many changes each request has made in each line of versions."""
    rows = connection.execute(text("SELECT resource_id, audience, version FROM change"))
    return Counter((resource_id, audience) for resource_id, audience, _version in rows)


def test_every_route_that_writes_is_in_the_table(app_of_session: FastAPI) -> None:
    written = {route for route in guards(app_of_session) if route[0] not in {"GET", "HEAD"}}
    assert written == {route for route in {*WRITES, *AUDITED} if route[0] != "GET"} | ONLY_READ


@pytest.mark.parametrize("route", sorted(WRITES), ids=" ".join)
def test_a_write_leaves_exactly_one_change_in_each_line_that_it_moves(
    api: Api, connection: Connection, route: Route
) -> None:
    before: Counter[tuple[str, str]] = Counter()
    request = api.request

    def counted(method: str, path: str, **more: object) -> Response:
        nonlocal before
        before = changes(connection)
        return request(method, path, **more)  # type: ignore[arg-type]  # passed on as it came

    api.request = counted  # type: ignore[method-assign]  # counts before each request: the last one is the write's
    response, resource_id = WRITES[route](api)
    assert response.is_success, response.text
    new = changes(connection) - before
    assert set(new.values()) == {1}
    assert resource_id in {changed for changed, _audience in new}


def entries(connection: Connection) -> Counter[str]:
    """How many entries of the audit there are about each source, custodian or key."""
    return Counter(connection.execute(text("SELECT subject_id FROM audit_entry")).scalars())


@pytest.mark.parametrize("route", sorted(AUDITED), ids=" ".join)
def test_what_is_most_secret_leaves_exactly_one_entry_in_the_audit_and_no_change(
    api: Api, connection: Connection, route: Route
) -> None:
    before: tuple[Counter[str], Counter[tuple[str, str]]] = (Counter(), Counter())
    request = api.request

    def counted(method: str, path: str, **more: object) -> Response:
        nonlocal before
        before = entries(connection), changes(connection)
        return request(method, path, **more)  # type: ignore[arg-type]  # passed on as it came

    api.request = counted  # type: ignore[method-assign]  # counts before each request: the last one is what is asked
    response, subject_id = AUDITED[route](api)
    assert response.is_success, response.text
    assert entries(connection) - before[0] == {subject_id: 1}
    assert changes(connection) == before[1]


def test_checking_a_document_leaves_no_change(api: Api, connection: Connection) -> None:
    document_id = recorded_document(api, text="Nine workers.")
    before = changes(connection)
    assert api.post(f"/v1/documents/{document_id}/verify", {}).status_code == 200
    assert changes(connection) == before


def test_asking_what_was_said_before_leaves_no_change(api: Api, connection: Connection) -> None:
    claim = recorded_claim(api)
    before = changes(connection)
    assert api.post("/v1/match", {"text": claim["statement"]}).json()["items"] != []
    assert changes(connection) == before
