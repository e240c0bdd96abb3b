"""The API's description: current, whole, without noise, and true: its examples are accepted as they stand."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import APIRouter, FastAPI

from app.access.context import Context
from app.access.routing import GuardedRoute, UnguardedRoute, require_guards
from app.identities.age import new_private_key
from app.main import create_app
from app.models.vocabulary import VOCABULARIES
from app.settings import Settings
from tests.factories import recorded_claim, recorded_document, recorded_outlet, recorded_source
from tests.fixtures.api import Api, make_key
from tests.fixtures.asgi import Bytes

ROOT: Final = Path(__file__).parents[2]
METHODS: Final = ("get", "post", "put", "patch", "delete")
KEYWORDS: Final = frozenset(
    """$ref additionalProperties anyOf const default description enum examples exclusiveMaximum exclusiveMinimum
    format items maximum maxItems maxLength minimum minItems minLength oneOf pattern properties required type""".split()  # noqa: SIM905  # one line reads better than thirty
)
"""Keywords of JSON Schema 2020-12 that ours are made of; any other is a slip."""

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """The node, or the component that it refers to."""
    while "$ref" in node:
        kind, name = node["$ref"].removeprefix("#/components/").split("/")
        node = document["components"][kind][name]
    return node


def schemas_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema below this one, itself included."""
    yield node
    for branch in ("anyOf", "oneOf"):
        for each in node.get(branch, ()):
            yield from schemas_in(each)
    for each in node.get("properties", {}).values():
        yield from schemas_in(each)
    for part in ("items", "additionalProperties"):
        if isinstance(node.get(part), dict):
            yield from schemas_in(node[part])


def test_the_committed_description_is_what_the_code_gives(document: dict[str, Any]) -> None:
    committed = json.loads((ROOT / "openapi" / "openapi.json").read_text())
    assert committed == document, "Run `make openapi`."


def test_the_description_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"].keys() >= {"title", "version", "summary", "description", "license"}
    assert set(document) == {"openapi", "info", "paths", "components", "tags"}
    assert all(set(item) <= set(METHODS) for item in document["paths"].values())
    assert set(document["components"]) == {"schemas", "responses", "headers", "securitySchemes"}
    tags = {tag["name"] for tag in document["tags"]}
    assert tags == {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_every_reference_leads_somewhere_and_every_component_is_used(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    used = set(re.findall(r'"#/components/([^"]+)"', text))
    made = {f"{kind}/{name}" for kind in ("schemas", "responses", "headers") for name in document["components"][kind]}
    assert used == made


def test_names_are_clean(document: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"[A-Z][A-Za-z0-9]+", name) for name in document["components"]["schemas"])
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", own_id) for own_id in ids)
    assert {"create_claim", "list_claims_of_source", "patch_source", "revoke_key"} <= set(ids)
    titles = [schema for each in document["components"]["schemas"].values() for schema in schemas_in(each)]
    assert not any("title" in schema for schema in titles)


def test_schemas_are_made_of_keywords_that_there_are(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for each in schemas_in(schema):
            assert set(each) <= KEYWORDS, name
            assert set(each.get("required", ())) <= set(each.get("properties", ())), name


def test_every_schema_and_field_is_described_and_exemplified(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema["description"].endswith("."), name
        for field, described in schema.get("properties", {}).items():
            assert described["description"][-1] in ".`", (name, field)
            assert "examples" in described or _is_of_schemas(described), (name, field)


def _is_of_schemas(described: dict[str, Any]) -> bool:
    """Whether the field's examples are those of the schemas that it refers to."""
    return any("$ref" in schema for schema in schemas_in(described))


def test_examples_of_fields_are_of_their_schemas(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for field, described in [("", schema), *schema.get("properties", {}).items()]:
            validator = jsonschema_rs.validator_for({**described, "components": document["components"]})
            for example in described.get("examples", ()):
                assert validator.is_valid(example), (name, field, example)


def test_every_operation_is_described_with_all_it_answers(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert len(operation["description"]) > 20, path
        assert operation["security"] == ([{"apiKey": []}] if "\n\nScope: `" in operation["description"] else [])
        for status, response in operation["responses"].items():
            described = resolved(document, response)
            assert described["description"], (path, method, status)
            assert "X-Request-Id" in described["headers"], (path, method, status)
            if int(status) >= 400:
                media = described["content"]["application/problem+json"]
                assert media["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert media["example"]["status"] == int(status)
        expected = {"408", "422", "431"} | ({"401", "403"} if operation["security"] else set())
        expected |= {"429", "503"} if path not in {"/healthz", "/readyz"} else set()
        expected |= {"404"} if "{" in path else set()
        expected |= {"400", "413", "415"} if "requestBody" in operation else set()
        expected |= {"412", "428"} if method == "patch" else set()
        expected |= {"304"} if method == "get" and path.startswith("/v1/") and not _is_recorded(operation) else set()
        assert expected <= set(operation["responses"]), (path, method)


def _is_recorded(operation: dict[str, Any]) -> bool:
    """Whether each answer is recorded first, and so none is spared."""
    return any(parameter["name"] == "Access-Reason" for parameter in operation.get("parameters", ()))


def test_every_parameter_is_described_and_exemplified(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        parameters = operation.get("parameters", [])
        for parameter in parameters:
            assert parameter["description"].endswith("."), (path, parameter["name"])
            assert "example" in parameter or "examples" in parameter["schema"], (path, parameter["name"])
            assert {"type": "null"} not in parameter["schema"].get("anyOf", [])
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_problems_and_terms_are_all_explained(document: dict[str, Any], api: Api) -> None:
    named = {vocabulary["name"] for vocabulary in api.read("/v1/vocabulary")["items"]}
    assert {vocabulary.wire_name for vocabulary in VOCABULARIES} <= named
    problems = next(each for each in api.read("/v1/vocabulary")["items"] if each["name"] == "problem")
    responses = document["components"]["responses"].values()
    shown = {code for response in responses for code in re.findall("`([a-z_]+)`", response["description"])}
    assert shown <= {term["value"] for term in problems["terms"]}


def test_an_app_with_an_unguarded_route_does_not_start() -> None:
    app, router = FastAPI(), APIRouter(route_class=GuardedRoute)
    router.add_api_route("/v1/leak", lambda: None)
    app.include_router(router)
    with pytest.raises(UnguardedRoute, match="/v1/leak"):
        require_guards(app)


VERSIONS = {"patch": [("if-match", "*")], "put": [("if-none-match", "*")]}


def _bodies(document: dict[str, Any]) -> list[tuple[str, str, Any]]:
    found = []
    for path, method, operation in operations(document):
        if "requestBody" in operation:
            media = next(iter(operation["requestBody"]["content"].values()))
            found += [(path, method, example) for example in resolved(document, media["schema"])["examples"]]
    return found


def test_every_body_has_an_example_that_is_accepted(
    document: dict[str, Any], api: Api, app: FastAPI, context: Context, portal: BlockingPortal
) -> None:
    call = Bytes(app, portal, make_key(context))
    bodies = _bodies(document)
    with_bodies = [path for path, _, operation in operations(document) if "requestBody" in operation]
    assert {path for path, _, _ in bodies} == set(with_bodies)
    for number, (path, method, example) in enumerate(bodies):
        ids = _real_ids(api)
        body = json.loads(_made_real(json.dumps(example), ids, number))
        target = re.sub(r"{(\w+)}", lambda found: ids[f"{path.split('/')[2]} {found[1]}"], path)  # noqa: B023  # called at once
        media_type = "application/merge-patch+json" if method == "patch" else "application/json"
        headers = [("content-type", media_type), *VERSIONS.get(method, [])]
        answer = call(method.upper(), target, body, headers=headers)
        assert answer.status in {200, 201}, (path, method, answer.body)


def _real_ids(api: Api) -> dict[str, str]:
    claim, other = recorded_claim(api), recorded_claim(api)
    relation = {"other_claim_id": other["id"], "kind": "refines"}
    return {
        "claims claim_id": claim["id"],
        "claims attribution_id": claim["attributions"][0]["id"],
        "claims relation_id": api.create(f"/v1/claims/{claim['id']}/relations", relation)["id"],
        "documents document_id": recorded_document(api),
        "sources source_id": recorded_source(api),
        "keys key_id": api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})["id"],
        "a source": recorded_source(api),
        "an outlet": recorded_outlet(api),
        "a document": recorded_document(api),
        "a claim": recorded_claim(api)["id"],
        "custodians": json.dumps(_two_custodians(api)),
    }


def _two_custodians(api: Api) -> list[str]:
    """The ids of two new custodians; whoever is one is retired."""
    for custodian in api.read("/v1/custodians")["items"]:
        api.delete(f"/v1/custodians/{custodian['id']}")
    keys = [new_private_key().public for _ in range(2)]
    return [api.create("/v1/custodians", {"name": "editor", "recipient": key})["id"] for key in keys]


def _made_real(text: str, ids: dict[str, str], number: int) -> str:
    """The example with recorded ids in place of its own, and with addresses that no other example has."""
    names = {
        "a source": "source_id|other_id",
        "an outlet": "outlet_id|organization_id",
        "a document": "document_id",
        "a claim": "other_claim_id",
    }
    for kind, named in names.items():
        text = re.sub(rf'("(?:{named})": )"[^"]+"', rf'\1"{ids[kind]}"', text)
    text = re.sub(r'("custodian_ids": )\[[^]]+\]', rf"\1{ids['custodians']}", text)
    return text.replace("//example.org/", f"//example.org/{number}/")


def test_the_page_to_read_it_on_needs_no_other_host(api: Api) -> None:
    page = api.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert not re.search(r"(https?:)?//\w", page.text)
    local = re.findall(r"(?:src|href|url)\s*[=:]\s*[\"'](/[^\"']+)", page.text)
    assert "/openapi.json" in local
    assert len(local) >= 4
    for path in local:
        answer = api.get(path)
        assert answer.status_code == 200, path
        assert len(answer.content) > 100
    assert api.get("/").headers["location"] == "/docs"
    assert api.get("/openapi.json").json() == create_app(Settings()).openapi()
