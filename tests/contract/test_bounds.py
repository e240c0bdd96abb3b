"""Whatever may be sent has a longest form: every string, every list, every page."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.kit.paging import MAX_LIMIT
from app.main import create_app
from app.settings import Settings
from tests.contract.test_openapi import operations, resolved
from tests.fixtures.api import Api

BOUNDED_STRINGS: Final = frozenset({"maxLength", "enum", "const"})
BOUNDED_FORMATS: Final = frozenset({"date", "date-time", "uuid"})
"""What stands in these is parsed, and no longer than what they stand for."""
ENDLESS: Final = re.compile(r"[*+]|\{\d+,\}")
"""A pattern without any of these matches nothing long."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings()).openapi()


def unbounded(document: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    """Where the schema, or one below it, allows something of any length."""
    schema = resolved(document, schema)
    if schema.get("type") == "string" and not _is_bounded(schema):
        yield where
    if schema.get("type") == "array":
        if "maxItems" not in schema:
            yield where
        yield from unbounded(document, schema["items"], f"{where}[]")
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        yield where
    for name, described in schema.get("properties", {}).items():
        yield from unbounded(document, described, f"{where}.{name}")
    for branch in ("anyOf", "oneOf"):
        for each in schema.get(branch, ()):
            yield from unbounded(document, each, where)


def _is_bounded(schema: dict[str, Any]) -> bool:
    if schema.keys() & BOUNDED_STRINGS or schema.get("format") in BOUNDED_FORMATS:
        return True
    return "pattern" in schema and not ENDLESS.search(schema["pattern"])


def test_every_body_has_a_longest_form(document: dict[str, Any]) -> None:
    bodies = [
        (f"{method} {path}", media["schema"])
        for path, method, operation in operations(document)
        for media in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert len(bodies) > 10
    assert [where for name, schema in bodies for where in unbounded(document, schema, name)] == []


def test_every_parameter_has_a_longest_form(document: dict[str, Any]) -> None:
    # Headers are bounded together: see MAX_HEADERS_BYTES.
    parameters = [
        (f"{method} {path} {parameter['name']}", parameter["schema"])
        for path, method, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["in"] != "header"
    ]
    assert len(parameters) > 50
    assert [where for name, schema in parameters for where in unbounded(document, schema, name)] == []


def test_what_has_no_longest_form_is_found() -> None:
    endless = {
        "type": "object",
        "properties": {
            "a": {"type": "string"},
            "b": {"anyOf": [{"type": "array", "items": {"type": "string", "pattern": "^a+$"}}, {"type": "null"}]},
        },
    }
    assert list(unbounded({}, endless, "x")) == ["x", "x.a", "x.b", "x.b[]"]


def test_no_page_is_longer_than_the_longest(api: Api, document: dict[str, Any]) -> None:
    paged = [
        (path, parameter["schema"])
        for path, _, operation in operations(document)
        for parameter in operation.get("parameters", [])
        if parameter["name"] == "limit"
    ]
    assert len(paged) >= 3
    assert all(schema["maximum"] <= MAX_LIMIT for _, schema in paged)
    for path in ("/v1/claims", "/v1/sources", "/v1/documents"):
        assert api.get(path, params={"limit": MAX_LIMIT}).status_code == 200
        assert api.get(path, params={"limit": MAX_LIMIT + 1}).status_code == 422
