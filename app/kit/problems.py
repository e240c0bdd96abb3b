"""Problem details (RFC 9457): every error the service answers with, and the one place that writes them.

A problem names the field that is wrong and the rule it broke; it never repeats what was sent, since that may be
the very thing a newsroom must not print. Its `instance` (§3.1.5) is therefore no path, in which an id can stand, but a
URN made for the occurrence; the log line of the request has it too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeVar

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.kit.headers import NOT_STORED, SECURITY_HEADERS

M = TypeVar("M", bound=BaseModel)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "/v1/vocabulary#problem-"
"""RFC 9457 §3.1.1: the type is a reference; this one leads to the words that explain the code."""
RETRY_AFTER_SECONDS: Final = 1
"""For a client to wait when there is too much to do: by then the requests that were in its way are answered."""
MAX_ERRORS: Final = 20
"""Most errors that one problem lists."""
METHODS: Final = ("DELETE", "GET", "PATCH", "POST", "PUT")
"""What a 405 may offer instead; HEAD comes with GET."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request: where (a JSON Pointer, RFC 6901, or a parameter's name), which rule, and how."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def document(self) -> dict[str, str]:
        """The error as it stands in a problem's `errors`."""
        where = {"pointer": self.pointer} if self.pointer is not None else {"parameter": self.parameter or ""}
        return {**where, "code": self.code, "detail": self.detail}


class Problem(Exception):
    """An answer that is not a success. Subclasses fix the status, the code and the title; instances say the detail."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "The service failed."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
        members: dict[str, Any] | None = None,
    ) -> None:
        """Takes the detail, the fields at fault, headers to add, and extension members (RFC 9457 §3.2)."""
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.headers = headers or {}
        self.members = members or {}


class BadRequest(Problem):
    """The request cannot be read at all."""

    status, code, title = 400, "bad_request", "The request could not be read."


class Unauthenticated(Problem):
    """No key, or none that holds."""

    status, code, title = 401, "unauthenticated", "A valid API key or token is needed."

    def __init__(self, detail: str | None = None) -> None:
        """Adds the challenge that RFC 9110 §11.6.1 asks for."""
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="onrecord"'})


class Forbidden(Problem):
    """The key holds, and does not allow this."""

    status, code, title = 403, "forbidden", "This key or token does not allow that."


class NotFound(Problem):
    """There is no such resource, or none that the caller may see: the two are not told apart."""

    status, code, title = 404, "not_found", "There is no such resource."


class MethodNotAllowed(Problem):
    """The resource has no such method."""

    status, code, title = 405, "method_not_allowed", "This resource does not have that method."


class RequestTimeout(Problem):
    """The request did not come in whole within the time that it is given (RFC 9110 §15.5.9)."""

    status, code, title = 408, "request_timeout", "The request did not arrive in time."

    def __init__(self, detail: str | None = None) -> None:
        """Has the connection closed, since what else comes over it would be the rest of this request."""
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(Problem):
    """The request is well formed and the state of the resource forbids it."""

    status, code, title = 409, "conflict", "The state of the resource does not allow that."


class AlreadyExists(Conflict):
    """The same thing is recorded already."""

    code, title = "already_exists", "This is recorded already."


class InFlight(Conflict):
    """The first request with this Idempotency-Key has not been answered yet."""

    code, title = "idempotency_in_flight", "The first request with this Idempotency-Key is still being answered."

    def __init__(self) -> None:
        """Tells the client when to try again."""
        super().__init__(headers={"Retry-After": "1"})


class Stale(Problem):
    """If-Match names a version that is no longer the current one."""

    status, code, title = 412, "stale_version", "If-Match does not name the resource's current ETag."


class ContentTooLarge(Problem):
    """The body is longer than the service accepts."""

    status, code, title = 413, "content_too_large", "The request body is too long."


class UnsupportedMediaType(Problem):
    """The body is not of a media type that the route reads."""

    status, code, title = 415, "unsupported_media_type", "The request body is not of a media type that is read here."


class Invalid(Problem):
    """Something in the request breaks a rule; `errors` says what and where."""

    status, code, title = 422, "invalid", "The request breaks a rule."


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key was used for another request."""

    status, code, title = 422, "idempotency_key_reused", "This Idempotency-Key was used for another request."


class PreconditionRequired(Problem):
    """A change must say, in If-Match, which version it changes (RFC 6585 §3)."""

    status, code, title = 428, "precondition_required", "This change needs an If-Match header with the current ETag."


class RateLimited(Problem):
    """The caller has sent more requests than it may in a minute (RFC 6585 §4)."""

    status, code, title = 429, "rate_limited", "Too many requests; wait for as long as Retry-After says."


class HeadersTooLarge(Problem):
    """A header or the query is longer than the service accepts."""

    status, code, title = 431, "headers_too_large", "The request's headers or query are too long."


class InternalError(Problem):
    """A fault of the service's own; the log has it under the request's id."""


class Unavailable(Problem):
    """The service cannot answer now."""

    status, code, title = 503, "unavailable", "The service cannot answer now; try again."


class Overloaded(Unavailable):
    """More requests are being answered than the service can take at once; this one was not begun."""

    code, title = "overloaded", "The service has more to do than it can; try again a little later."

    def __init__(self, *, headers: dict[str, str] | None = None) -> None:
        """Tells the client when to try again; takes headers to add."""
        super().__init__(headers={"Retry-After": str(RETRY_AFTER_SECONDS), **(headers or {})})


class QueryTooCostly(Unavailable):
    """What was asked for takes longer than one question may."""

    code, title = "query_too_costly", "This question takes too long; narrow it by more filters."


class WriteTooCostly(Unavailable):
    """What was sent takes longer to record than one write may; it was rolled back whole."""

    code, title = "write_too_costly", "This write takes too long, and nothing of it was kept; send less at once."


class OutcomeUnknown(Unavailable):
    """The connection to the database dropped while the write was committed."""

    code, title = "outcome_unknown", "It is not known whether the write took effect; repeat it with an Idempotency-Key."


PROBLEMS: Final[tuple[type[Problem], ...]] = (
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    AlreadyExists,
    InFlight,
    Stale,
    ContentTooLarge,
    UnsupportedMediaType,
    Invalid,
    IdempotencyKeyReused,
    PreconditionRequired,
    RateLimited,
    HeadersTooLarge,
    InternalError,
    Unavailable,
    Overloaded,
    QueryTooCostly,
    WriteTooCostly,
    OutcomeUnknown,
)
"""Every problem that can be answered, for the vocabulary and the API description."""


def invalid(pointer: str, code: str, detail: str) -> Invalid:
    """A problem with one field of the body at fault."""
    return Invalid(detail, errors=[FieldError(code=code, detail=detail, pointer=pointer)])


def invalid_parameter(parameter: str, code: str, detail: str) -> Invalid:
    """A problem with one query, path or header parameter at fault."""
    return Invalid(detail, errors=[FieldError(code=code, detail=detail, parameter=parameter)])


class RuleBroken(ValueError):
    """Raised in a wire type's validator: a rule's code, its words, and where below the type it is broken."""

    def __init__(self, code: str, detail: str, *path: str | int) -> None:
        """Takes the code, the words (never the value), and the path of field names and positions."""
        super().__init__(detail)
        self.code, self.detail, self.path = code, detail, path


PYDANTIC_RULES: Final[dict[str, tuple[str, str]]] = {
    "missing": ("required", "This field is required."),
    "extra_forbidden": ("unknown_field", "There is no field of this name here."),
    "enum": ("not_a_term", "Must be one of the terms: {expected}."),
    "literal_error": ("not_a_term", "Must be one of: {expected}."),
    "string_type": ("wrong_type", "Must be a string."),
    "int_type": ("wrong_type", "Must be a whole number."),
    "int_parsing": ("wrong_type", "Must be a whole number."),
    "int_from_float": ("wrong_type", "Must be a whole number."),
    "float_type": ("wrong_type", "Must be a number."),
    "float_parsing": ("wrong_type", "Must be a number."),
    "finite_number": ("wrong_type", "Must be a finite number."),
    "bool_type": ("wrong_type", "Must be true or false."),
    "bool_parsing": ("wrong_type", "Must be true or false."),
    "list_type": ("wrong_type", "Must be an array."),
    "dict_type": ("wrong_type", "Must be an object."),
    "model_type": ("wrong_type", "Must be an object."),
    "model_attributes_type": ("wrong_type", "Must be an object."),
    "string_too_short": ("too_short", "Must have at least {min_length} characters."),
    "string_too_long": ("too_long", "Must have at most {max_length} characters."),
    "string_pattern_mismatch": ("wrong_form", "Must match the pattern {pattern}."),
    "too_short": ("too_short", "Must have at least {min_length} items."),
    "too_long": ("too_long", "Must have at most {max_length} items."),
    "greater_than_equal": ("out_of_range", "Must be at least {ge}."),
    "less_than_equal": ("out_of_range", "Must be at most {le}."),
    "greater_than": ("out_of_range", "Must be more than {gt}."),
    "less_than": ("out_of_range", "Must be less than {lt}."),
    "date_parsing": ("wrong_form", "Must be a day that there is, YYYY-MM-DD."),
    "date_from_datetime_parsing": ("wrong_form", "Must be a day that there is, YYYY-MM-DD."),
    "datetime_parsing": ("wrong_form", "Must be an instant that there is, RFC 3339 with an offset."),
    "datetime_from_date_parsing": ("wrong_form", "Must be an instant that there is, RFC 3339 with an offset."),
}
"""Pydantic's error types in our words. Its own messages are never passed on: some repeat the input."""

FIELD_NAME: Final = re.compile(r"[a-z][a-z_]{0,39}[0-9]{0,3}")
"""What a misspelt field looks like. Any other unknown name is content, and is not repeated."""
UNION_BRANCHES: Final = frozenset({"str", "int", "float", "bool", "none"})
"""Steps that pydantic puts into a path for the branch of a union that it tried; no field of ours has such a name."""


def field_errors(errors: Sequence[Any], *, keep: int = MAX_ERRORS) -> list[FieldError]:
    """Pydantic's errors as ours, the first `keep` of them, in the order found."""
    return [_field_error(error) for error in errors[:keep]]


def validated(model: type[M], value: Any) -> M:
    """The value as that wire type; raises Invalid, with pointers from the value's root, where it breaks a rule."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)[:MAX_ERRORS]
        raise Invalid(errors=field_errors([{**each, "loc": ("body", *each["loc"])} for each in found])) from None


def _field_error(error: Any) -> FieldError:
    source, *path = error["loc"] or ("body",)
    broken = (error.get("ctx") or {}).get("error")
    if isinstance(broken, RuleBroken):
        code, detail = broken.code, broken.detail
        path = [*path, *broken.path]
    else:
        code, words = PYDANTIC_RULES.get(error["type"], ("invalid", "This is not valid."))
        detail = _in_words(words, error.get("ctx") or {})
        if code == "required" and not path:
            detail = "Send a JSON body."
    if code == "unknown_field" and not FIELD_NAME.fullmatch(str(path[-1])):
        path = path[:-1]
    if source == "body":
        return FieldError(code=code, detail=detail, pointer=_pointer(path))
    name = str(path[0]) if path else str(source)
    return FieldError(
        code=code.replace("field", "parameter"), detail=detail.replace("field", "parameter"), parameter=name
    )


PATTERNS: Final = {
    r"\S": "Must have a visible character.",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": "Must be a UUID in lower case.",
}
"""Patterns that say little to a person."""
ONE: Final = re.compile(r"(?<= 1 )(character|item)s")
"""What is counted, where it is one."""
MEMBER: Final = re.compile(r"<\w+\.\w+: ('[^']*')>")
"""How Python shows an enumeration's member."""


def _in_words(words: str, context: dict[str, Any]) -> str:
    if context.get("pattern") in PATTERNS:
        return PATTERNS[context["pattern"]]
    return ONE.sub(r"\1", MEMBER.sub(r"\1", words.format(**context)))


def _pointer(path: Sequence[str | int]) -> str:
    """A JSON Pointer; steps that pydantic adds for the branches of a union are left out."""
    named = (step for step in path if isinstance(step, int) or FIELD_NAME.fullmatch(step))
    return "".join(f"/{step}" for step in named if step not in UNION_BRANCHES)


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as `application/problem+json`."""
    document = {
        "type": f"{TYPE_PREFIX}{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": getattr(request.state, "instance", None),
        "code": problem.code,
        "request_id": getattr(request.state, "request_id", None),
        "errors": [error.document() for error in problem.errors],
        **problem.members,
    }
    return Response(
        orjson.dumps(document),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**problem.headers, **SECURITY_HEADERS, **NOT_STORED},
    )


HTTP_PROBLEMS: Final[dict[int, type[Problem]]] = {
    400: BadRequest,
    404: NotFound,
    405: MethodNotAllowed,
    413: ContentTooLarge,
    415: UnsupportedMediaType,
}


def _allowed_methods(request: Request) -> list[str]:
    """Every method that the path has (RFC 9110 §10.2.1); Starlette names those of the first route that fits alone."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    allowed = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    ]
    return sorted([*allowed, "HEAD"]) if "GET" in allowed else allowed


def install(app: FastAPI) -> None:
    """Makes `app` answer every exception with problem details."""

    @app.exception_handler(Problem)
    async def of_problem(request: Request, problem: Problem) -> Response:
        return problem_response(request, problem)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> Response:
        return problem_response(request, Invalid(errors=field_errors(error.errors())))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        kind = HTTP_PROBLEMS.get(error.status_code, BadRequest if error.status_code < 500 else InternalError)
        headers = dict(error.headers or {})
        if kind is MethodNotAllowed:
            headers["Allow"] = ", ".join(_allowed_methods(request)) or headers.get("Allow", "")
        return problem_response(request, kind(headers=headers))
