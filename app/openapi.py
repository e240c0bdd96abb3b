"""The API's description: what FastAPI makes of the routes, with every problem declared and the keys explained."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import Field

from app.access.routing import MERGE_PATCH, Guard, WritesWith, guard_of
from app.access.units import MAX_KEY_LENGTH
from app.canonical.schemas import CLAIM_ID
from app.kit.problems import (
    MEDIA_TYPE,
    PROBLEMS,
    TYPE_PREFIX,
    Invalid,
    PreconditionRequired,
    Problem,
    Stale,
    Unavailable,
)
from app.kit.schemas import Reading
from app.models.vocabulary import Scope

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
* Callers have a number of requests a minute: `RateLimit` tells what is left of it, 429 that nothing is. 429 and 503 say
  in `Retry-After` when to try again.
* `GET /v1/vocabulary` explains every term.
""".strip()

VERSIONED: Final = ("/v1/", "/v1alpha1/")
"""What the paths of routes begin with whose answers bear an ETag."""
ALWAYS: Final = (400, 408, 422, 431)
"""Problems of every route: two hosts, what comes too late, an unknown parameter, a query that is too long."""
OF_ADMISSION: Final = (429, 503)
"""Of every route but those that tell of the service's health."""
OF_SCOPE: Final = (401, 403)
OF_BODY: Final = (413, 415)
OF_PATH: Final = (404,)
OF_WRITE: Final = {"POST": (409,), "PUT": (409,), "PATCH": (409,), "DELETE": (409,)}
ETAG_EXAMPLE: Final = '"9f86d081884c7d65-2c26b46b68ffc68f"'
HEADERS: Final = {
    "ETag": ("Names this answer (RFC 9110 §8.8.3).", ETAG_EXAMPLE),
    "Link": ('The next page, with `rel="next"` (RFC 8288); absent on the last.', '</v1/claims?cursor=W10>; rel="next"'),
    "Location": ("Path of what was created.", f"/v1/claims/{CLAIM_ID}"),
    "Idempotency-Replayed": ("`true` where this is the first answer again, to a repeated Idempotency-Key.", "true"),
    "RateLimit": ("How you stand: the requests left, and the seconds until you have all again.", '"key";r=11999;t=60'),
    "RateLimit-Policy": ("Your limit: so many requests in so many seconds.", '"key";q=12000;w=60'),
    "Retry-After": ("Seconds after which to try again.", "1"),
    "WWW-Authenticate": ("How to authenticate (RFC 9110 §11.6.1).", 'Bearer realm="onrecord"'),
    "X-Request-Id": ("Names this request in the log: yours, if you sent one.", "5d0f6e0c"),
}
"""Headers of answers: what they say, and an example."""
RATE_LIMIT: Final = ("RateLimit-Policy", "RateLimit")
DESCRIPTIONS: Final = {"200": "As asked for.", "201": "Recorded, as it is read from now on.", "204": "Done."}


INSTANCE: Final = "urn:uuid:1d0c8f0e-2f4b-4c1e-9a57-6b1f0d3c2a99"


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
    instance: str = Field(description="Names this occurrence alone, here and in the log (§3.1.5).", examples=[INSTANCE])
    request_id: str = Field(description="Names the request, as `X-Request-Id` does.", examples=["5d0f6e0c"])
    errors: list[FieldErrorRead] = Field(description="What is wrong, field by field.", examples=[[]])


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the app."""
    document = get_openapi(
        title=app.title, version=app.version, openapi_version=app.openapi_version, summary=app.summary,
        description=DESCRIPTION, routes=app.routes, tags=TAGS, license_info=app.license_info,
    )  # fmt: skip
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or not route.include_in_schema:
            continue
        for method in sorted(route.methods or ()):
            operation = document["paths"][str(context.path)][method.lower()]
            _complete(operation, _Kind(str(context.path), method, guard_of(route.dependant)))
    _link(document["paths"])
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["FieldError"] = _schema(FieldErrorRead)
    schemas["Problem"] = _schema(ProblemRead) | {"additionalProperties": True}
    components["responses"] = {_first(status).__name__: _problem_response(status) for status in _STATUSES}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in HEADERS.items()
    }
    components["securitySchemes"] = {
        "apiKey": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, `onr_...`; or a token of your single sign-on, where the service trusts one.",
        }
    }
    _drop_titles(document["paths"])
    _drop_titles(schemas)
    return document


TAGS: Final = [
    {"name": "Claims", "description": "The statements, with everyone who made them."},
    {"name": "Attributions", "description": "Who asserted a claim, in which document, through whom."},
    {"name": "Assessments", "description": "What we and others think of a claim. Added, never changed."},
    {"name": "Said before", "description": "Which stored claims say what a text, or a claim, says."},
    {"name": "Sourcing", "description": "What to mind before a claim is printed, and how to attribute it."},
    {"name": "Relations", "description": "How claims stand to one another."},
    {"name": "Sources", "description": "Who speaks, how reliable they are, how they stand to one another."},
    {"name": "Documents", "description": "Where claims are read."},
    {
        "name": "Sealed identities",
        "description": "Who an anonymous source is, kept so that the service cannot read it.",
    },
    {"name": "Custodians", "description": "To whose keys identities are sealed."},
    {"name": "Fact checks", "description": "Published reviews, as clients of Google's Fact Check Tools read them."},
    {"name": "Vocabulary", "description": "What every term means."},
    {"name": "Keys", "description": "Who may do what."},
    {"name": "Audit", "description": "What was done with keys, custodians and sealed identities, by whom and why."},
    {"name": "Service", "description": "Whether the service is well."},
]


READINESS: Final = "/readyz"
ALWAYS_ADMITTED: Final = ("/healthz", READINESS)
"""Paths of the routes that are answered however much else there is to do."""
_STATUSES: Final = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 428, 429, 431, 503)
EXAMPLE_ERRORS: Final = [
    {"pointer": "/occurred/edtf", "code": "not_edtf", "detail": "Must be a date in EDTF (ISO 8601-2 Annex A)."}
]
NO_SCHEMAS: Final = frozenset({"example", "examples", "default", "enum", "const"})
"""Members with values in them, where `title` would be a field."""


def _schema(model: type[Reading]) -> dict[str, Any]:
    made = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    made.pop("$defs", None)
    made.pop("additionalProperties", None)
    if "errors" in made["properties"]:
        made["properties"]["errors"]["items"] = {"$ref": "#/components/schemas/FieldError"}
    return made


@dataclass(frozen=True, slots=True)
class _Kind:
    """What decides an operation's headers and problems."""

    path: str
    method: str
    guard: Guard | None

    @property
    def scope(self) -> Scope | None:
        return self.guard.scope if self.guard is not None else None

    @property
    def writes(self) -> bool:
        return isinstance(self.guard, WritesWith)

    @property
    def admitted(self) -> bool:
        """Whether its callers are counted, and turned away where there are too many."""
        return self.path not in ALWAYS_ADMITTED

    @property
    def cached(self) -> bool:
        """Whether what is read bears an ETag and may be answered with 304."""
        return self.method == "GET" and self.path.startswith(VERSIONED) and not self.writes

    @property
    def names_version(self) -> bool:
        """Whether an If-Match is looked at."""
        return isinstance(self.guard, WritesWith) and self.guard.versioned and "{" in self.path

    @property
    def needs_version(self) -> bool:
        return self.names_version and self.method != "POST"


def _complete(operation: dict[str, Any], kind: _Kind) -> None:
    """Adds to an operation what holds for every one of its kind: its scope, its headers, its problems."""
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"] = _not_null(parameter["schema"])
        if "default" in schema:
            schema.setdefault("examples", [schema["default"]])
    responses = operation["responses"]
    responses.pop("422", None)
    own = {int(status) for status in responses if status not in DESCRIPTIONS}
    for status, response in responses.items():
        if int(status) in own:
            continue
        response["description"] = DESCRIPTIONS[status]
        response["headers"] = _headers(_answer_headers(operation, kind, status))
    if kind.cached:
        responses["304"] = {
            "description": "If-None-Match names the current ETag.",
            "headers": _headers(("ETag", *RATE_LIMIT, "X-Request-Id")),
        }
    for status in sorted(own | _problem_statuses(operation, kind)):
        responses[str(status)] = {"$ref": f"#/components/responses/{_first(status).__name__}"}
    operation["security"] = [{"apiKey": []}] if kind.scope is not None else []
    if kind.scope is not None:
        operation["description"] = f"{operation['description']}\n\nScope: `{kind.scope}`."
    operation.setdefault("parameters", []).extend(_header_parameters(kind))
    if not operation["parameters"]:
        del operation["parameters"]
    if kind.method == "PATCH":
        content = operation["requestBody"]["content"]
        operation["requestBody"]["content"] = {MERGE_PATCH: content["application/json"], **content}


_FOLLOWING: Final = ("get", "put", "patch", "delete")
"""Methods by which a record is asked for, changed and removed once it has been answered with."""


def _link(paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Says of each answer with a record what can be asked for, or done to it, next, and with which parameters."""
    for path, operations in paths.items():
        record = next((other for other in paths if other.startswith(f"{path}/{{") and other.endswith("}")), None)
        for method, operation in operations.items():
            for status in sorted({"200", "201"} & operation["responses"].keys()):
                response = operation["responses"][status]
                if method == "post" and status == "201" and record is not None:
                    for part in (other for other in paths if other == record or _is_part(other, record)):
                        _add_links(response, paths[part].values(), new=record, versioned=part == record)
                elif method in _FOLLOWING and method != "delete":
                    others = [operations[each] for each in _FOLLOWING if each in operations and each != "get"]
                    again = [operations["get"]] if method != "get" else []
                    _add_links(response, [*again, *others], new=None, versioned=True)


def _is_part(path: str, of: str) -> bool:
    """Whether the path leads to a part of the record, with no further parameter."""
    return path.startswith(f"{of}/") and "{" not in path.removeprefix(of)


def _add_links(
    response: dict[str, Any], operations: Iterable[Mapping[str, Any]], *, new: str | None, versioned: bool
) -> None:
    """Adds a link to each operation, by its name. The parameters of its path are the request's, the last of `new` not.

    `versioned` says that it is the answer's ETag which the operation asks for.
    """
    own = new.rpartition("/")[2].strip("{}") if new is not None else None
    for operation in operations:
        parameters = {}
        for name, where in ((each["name"], each["in"]) for each in operation.get("parameters", ())):
            if where == "path":
                parameters[name] = "$response.body#/id" if name == own else f"$request.path.{name}"
            elif name == "If-Match" and versioned:
                parameters[f"header.{name}"] = "$response.header.ETag"
        named = operation["operationId"]
        response.setdefault("links", {})[named] = {"operationId": named, "parameters": parameters}


def _answer_headers(operation: dict[str, Any], kind: _Kind, status: str) -> Iterator[str]:
    if kind.path.startswith(VERSIONED) and status != "204":
        yield "ETag"
    if any(parameter["name"] == "cursor" for parameter in operation.get("parameters", [])):
        yield "Link"
    if status == "201":
        yield "Location"
    if kind.writes and kind.method == "POST":
        yield "Idempotency-Replayed"
    if kind.admitted:
        yield from RATE_LIMIT
    yield "X-Request-Id"


def _headers(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_statuses(operation: dict[str, Any], kind: _Kind) -> set[int]:
    statuses = {*ALWAYS}
    if kind.scope is not None:
        statuses |= {*OF_SCOPE}
    if kind.admitted:
        statuses |= {*OF_ADMISSION}
    if kind.path == READINESS:
        statuses |= {Unavailable.status}
    if "requestBody" in operation:
        statuses |= {*OF_BODY}
    if "{" in kind.path:
        statuses |= {*OF_PATH}
    if kind.writes:
        statuses |= {*OF_WRITE.get(kind.method, ())}
    if kind.names_version:
        statuses |= {Stale.status}
    if kind.needs_version:
        statuses |= {PreconditionRequired.status}
    return statuses


def _first(status: int) -> type[Problem]:
    """The most general problem of that status."""
    return next(problem for problem in PROBLEMS if problem.status == status)


def _problem_response(status: int) -> dict[str, Any]:
    codes = [problem for problem in PROBLEMS if problem.status == status]
    kind = codes[0]
    example = {
        "type": f"{TYPE_PREFIX}{kind.code}",
        "title": kind.title,
        "status": status,
        "detail": kind.title,
        "instance": INSTANCE,
        "code": kind.code,
        "request_id": "5d0f6e0c",
        "errors": EXAMPLE_ERRORS if kind is Invalid else [],
    }
    names = {
        401: ("WWW-Authenticate",),
        409: ("Retry-After",),
        429: ("Retry-After", *RATE_LIMIT),
        503: ("Retry-After",),
    }.get(status, ())
    return {
        "description": " ".join(f"`{problem.code}`: {problem.title}" for problem in codes),
        "headers": _headers((*names, "X-Request-Id")),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }


def _header_parameters(kind: _Kind) -> Iterator[dict[str, Any]]:
    if kind.cached:
        yield _header("If-None-Match", "Answer 304 if this ETag is still current.", ETAG_EXAMPLE)
    if kind.writes and kind.method == "POST":
        text = f"Any string of at most {MAX_KEY_LENGTH} characters, new for each request."
        yield _header("Idempotency-Key", text, "7d1f0b7e-claim-1", minLength=1, maxLength=MAX_KEY_LENGTH)
    if kind.needs_version and kind.method == "PUT":
        yield _header("If-Match", "The ETag of what is to be replaced: 412 if it is no longer current.", ETAG_EXAMPLE)
        yield _header("If-None-Match", "Or `*`, to store the first: 412 if there is one. 428 without either.", "*")
    elif kind.needs_version:
        text = "The ETag of what you read: 428 without it, 412 if it is no longer current."
        yield _header("If-Match", text, ETAG_EXAMPLE) | {"required": True}
    elif kind.names_version:
        yield _header("If-Match", "The ETag of the resource in the path: 412 if it is no longer current.", ETAG_EXAMPLE)


def _header(name: str, description: str, example: str, **schema: int) -> dict[str, Any]:
    typed = {"type": "string", **schema}
    return {"name": name, "in": "header", "description": description, "schema": typed, "example": example}


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without its null: there is no null in a query, only absence."""
    match schema.pop("anyOf", None):
        case [kind, {"type": "null"}]:
            return {**kind, **schema}
        case None:
            return schema
        case kinds:
            return {"anyOf": [kind for kind in kinds if kind != {"type": "null"}], **schema}


def _drop_titles(node: Any) -> None:
    """Takes away the titles that are made of names alone; a field of the name `title` stays."""
    if isinstance(node, list):
        for item in node:
            _drop_titles(item)
    elif isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        for name, value in node.items():
            if name not in NO_SCHEMAS:
                _drop_titles(value)
