"""The API's description: what FastAPI makes of the routes, with every problem declared and the keys explained."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import Field

from app.access.routing import MERGE_PATCH, Guard, WritesWith, guard_of
from app.kit.problems import MEDIA_TYPE, PROBLEMS
from app.kit.schemas import Reading

DESCRIPTION: Final = """
A ledger of **source-attributed claims**: who said what, through whom it reached us, in what words, and how sure we are.

A **claim** is one statement. It has **attributions**: a source asserted it in a document, with a chain of hops from the
origin to what we read. **Assessments** say what we think of it. Sources may be anonymous: no name is kept of them.

* Send your key as `Authorization: Bearer <key>`. What a key may not see is answered as absent.
* Every resource has an `ETag`: send it back in `If-None-Match` to read only what is new, and in `If-Match` to change
  only what you have read. A `PATCH` is a JSON Merge Patch (RFC 7396).
* Send an `Idempotency-Key` with a `POST`, and repeating it within a day has one effect and gives the same answer.
* Lists come in pages: follow `next_cursor`, or the `Link` header, with the same parameters.
* Errors are problem details (RFC 9457): `code` and `errors` name what is wrong, and never repeat what was sent.
* `GET /v1/vocabulary` explains every term.
""".strip()

ALWAYS: Final = (400, 401, 403, 422, 431, 503)
"""Problems of every route with a guard."""
OF_BODY: Final = (413, 415)
OF_PATH: Final = (404,)
OF_METHOD: Final = {"POST": (409,), "PATCH": (409, 412, 428), "DELETE": (409, 412, 428)}
ETAG_HEADER: Final = {
    "ETag": {"description": "Names this answer (RFC 9110 §8.8.3).", "schema": {"type": "string"}},
    "X-Request-Id": {"description": "Names this request in the log.", "schema": {"type": "string"}},
}


class FieldErrorRead(Reading):
    """One thing that is wrong with the request."""

    pointer: str | None = Field(None, description="JSON Pointer to the field (RFC 6901).", examples=["/occurred/edtf"])
    parameter: str | None = Field(None, description="Or the name of the parameter.", examples=["limit"])
    code: str = Field(description="The rule that is broken.", examples=["not_edtf"])
    detail: str = Field(description="The rule in words; never the value.", examples=["Must be a date in EDTF."])


class ProblemRead(Reading):
    """Problem details (RFC 9457). Some codes add members: `existing_id`, `nearest`, `scope`."""

    type: str = Field(description="Leads to the words about the code.", examples=["/v1/vocabulary#problem-invalid"])
    title: str = Field(description="The code in words.", examples=["The request breaks a rule."])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(description="What is wrong this time.", examples=["The request breaks a rule."])
    code: str = Field(description="What to branch on.", examples=["invalid"])
    request_id: str | None = Field(description="Names the request in the log.", examples=["5d0f6e0c"])
    errors: list[FieldErrorRead] = Field(description="What is wrong, field by field.", examples=[[]])


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the app."""
    document = get_openapi(
        title=app.title, version=app.version, openapi_version=app.openapi_version, summary=app.summary,
        description=DESCRIPTION, routes=app.routes, tags=TAGS, license_info=app.license_info,
    )  # fmt: skip
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["FieldError"] = _schema(FieldErrorRead)
    schemas["Problem"] = _schema(ProblemRead) | {"additionalProperties": True}
    components["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `onr_...`."}
    }
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in sorted(route.methods or ()):
            operation = document["paths"][str(context.path)][method.lower()]
            _complete(operation, method, guard_of(route.dependant))
    return document


TAGS: Final = [
    {"name": "Claims", "description": "The statements, with everyone who made them."},
    {"name": "Attributions", "description": "Who asserted a claim, in which document, through whom."},
    {"name": "Assessments", "description": "What we and others think of a claim. Added, never changed."},
    {"name": "Relations", "description": "How claims stand to one another."},
    {"name": "Sources", "description": "Who speaks, how reliable they are, how they stand to one another."},
    {"name": "Documents", "description": "Where claims are read."},
    {"name": "Vocabulary", "description": "What every term means."},
    {"name": "Keys", "description": "Who may do what."},
    {"name": "Service", "description": "Whether the service is well."},
]


def _schema(model: type[Reading]) -> dict[str, Any]:
    made = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    made.pop("$defs", None)
    made.pop("additionalProperties", None)
    if "errors" in made["properties"]:
        made["properties"]["errors"]["items"] = {"$ref": "#/components/schemas/FieldError"}
    return made


def _complete(operation: dict[str, Any], method: str, guard: Guard | None) -> None:
    """Adds to an operation what holds for every one of its kind: its scope, its headers, its problems."""
    responses = operation["responses"]
    responses.pop("422", None)
    for status, response in responses.items():
        if status != "204":
            response["headers"] = dict(ETAG_HEADER)
    parameters = operation.setdefault("parameters", [])
    statuses = set(_problem_statuses(operation, method, guard))
    for status in sorted(statuses):
        responses[str(status)] = _problem_response(status)
    if guard is None or guard.scope is None:
        operation["security"] = []
        if not operation["parameters"]:
            del operation["parameters"]
        return
    operation["security"] = [{"apiKey": []}]
    operation["description"] = f"{operation['description']}\n\nScope: `{guard.scope}`."
    parameters.extend(_headers(method, versioned=isinstance(guard, WritesWith) and guard.versioned))
    if method == "GET":
        responses["304"] = {"description": "If-None-Match names the current ETag.", "headers": dict(ETAG_HEADER)}
    if method == "PATCH":
        content = operation["requestBody"]["content"]
        operation["requestBody"]["content"] = {MERGE_PATCH: content["application/json"], **content}


def _problem_statuses(operation: dict[str, Any], method: str, guard: Guard | None) -> Iterator[int]:
    if guard is None:
        return
    yield from (400, 422, 431) if guard.scope is None else ALWAYS
    if guard.scope is None:
        return
    if "requestBody" in operation:
        yield from OF_BODY
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", [])):
        yield from OF_PATH
    yield from OF_METHOD.get(method, ())


def _problem_response(status: int) -> dict[str, Any]:
    codes = [problem for problem in PROBLEMS if problem.status == status]
    return {
        "description": " ".join(f"`{problem.code}`: {problem.title}" for problem in codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _headers(method: str, *, versioned: bool) -> Iterator[dict[str, Any]]:
    if method == "GET":
        yield _header(
            "If-None-Match", "Answer 304 if this ETag is still current.", '"9f86d081884c7d65-2c26b46b68ffc68f"'
        )
    elif method == "POST":
        yield _header(
            "Idempotency-Key", "Any string of at most 255 characters, new for each request.", "7d1f0b7e-claim-1"
        )
    elif versioned:
        text = "The ETag of what you read: 428 without it, 412 if it is no longer current."
        yield _header("If-Match", text, '"9f86d081884c7d65-2c26b46b68ffc68f"') | {"required": True}


def _header(name: str, description: str, example: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    return {"name": name, "in": "header", "description": description, "schema": schema, "example": example}
