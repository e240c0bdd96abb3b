"""Problem details: what each says, and that none repeats what was sent."""

from typing import Annotated, Any, Literal

import orjson
import pytest
from fastapi import Request
from pydantic import BaseModel, Field, StrictStr

from app.kit.problems import (
    MEDIA_TYPE,
    PROBLEMS,
    PYDANTIC_RULES,
    AlreadyExists,
    FieldError,
    Invalid,
    Problem,
    Unauthenticated,
    invalid,
    invalid_parameter,
    problem_response,
    validated,
)
from app.kit.schemas import Integer, Payload
from app.models.vocabulary import Visibility

INSTANCE = "urn:uuid:1d0c8f0e-2f4b-4c1e-9a57-6b1f0d3c2a99"


class Inner(Payload):
    """A value inside."""

    text_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    value: StrictStr | Integer = 0


class Body(Payload):
    """A body with every kind of rule."""

    count: Annotated[Integer, Field(ge=1, le=9)] = 1
    name: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-z]+$")] = "ab"
    items: Annotated[list[Inner], Field(min_length=1, max_length=2)] = Field(default=[Inner()])
    kind: Literal["a", "b"] = "a"
    visibility: Visibility = Visibility.PUBLIC
    either: Integer | Inner | None = None
    flag: bool = False


def errors_of(body: Any, model: type[BaseModel] = Body) -> list[tuple[str | None, str, str]]:
    with pytest.raises(Invalid) as raised:
        validated(model, body)
    return [(error.pointer, error.code, error.detail) for error in raised.value.errors]


def document_of(problem: Problem) -> dict[str, Any]:
    state = {"request_id": "the-request", "instance": INSTANCE}
    response = problem_response(Request({"type": "http", "state": state}), problem)
    assert response.media_type == MEDIA_TYPE
    assert response.status_code == problem.status
    assert response.headers["cache-control"] == "private, no-store"
    document: dict[str, Any] = orjson.loads(response.body)
    return document


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_problem_has_the_members_of_rfc_9457_and_ours(kind: type[Problem]) -> None:
    assert document_of(kind()) == {
        "type": f"/v1/vocabulary#problem-{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.title,
        "instance": INSTANCE,
        "code": kind.code,
        "request_id": "the-request",
        "errors": [],
    }


def test_codes_are_unique_and_titles_are_sentences() -> None:
    assert len({kind.code for kind in PROBLEMS}) == len(PROBLEMS)
    assert all(kind.title.endswith(".") for kind in PROBLEMS)


def test_a_problem_has_its_errors_its_members_and_its_headers() -> None:
    document = document_of(invalid("/a/0", "wrong_form", "Must be so."))
    assert document["errors"] == [{"pointer": "/a/0", "code": "wrong_form", "detail": "Must be so."}]
    document = document_of(invalid_parameter("limit", "out_of_range", "Must be less."))
    assert document["errors"] == [{"parameter": "limit", "code": "out_of_range", "detail": "Must be less."}]
    assert document_of(AlreadyExists(members={"existing_id": "x"}))["existing_id"] == "x"
    assert FieldError("c", "d", pointer="").document()["pointer"] == ""
    assert Unauthenticated().headers == {"WWW-Authenticate": 'Bearer realm="onrecord"'}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"count": "5"}, "/count", "wrong_type"),
        ({"count": True}, "/count", "wrong_type"),
        ({"count": None}, "/count", "wrong_type"),
        ({"count": 0}, "/count", "out_of_range"),
        ({"count": 10**60}, "/count", "out_of_range"),
        ({"name": 5}, "/name", "wrong_type"),
        ({"name": "a"}, "/name", "too_short"),
        ({"name": "abcd"}, "/name", "too_long"),
        ({"name": "AB"}, "/name", "wrong_form"),
        ({"items": "ab"}, "/items", "wrong_type"),
        ({"items": []}, "/items", "too_short"),
        ({"items": [{}, {}, {}]}, "/items", "too_long"),
        ({"items": [5]}, "/items/0", "wrong_type"),
        ({"items": [{}, {"text_sha256": "x"}]}, "/items/1/text_sha256", "wrong_form"),
        ({"items": [{"colour": 1}]}, "/items/0/colour", "unknown_field"),
        ({"items": [{"value": 1.5}]}, "/items/0/value", "wrong_type"),
        ({"kind": "c"}, "/kind", "not_a_term"),
        ({"visibility": "c"}, "/visibility", "not_a_term"),
        ({"either": "c"}, "/either", "wrong_type"),
        ({"flag": []}, "/flag", "wrong_type"),
        ({"colour": 1}, "/colour", "unknown_field"),
        ([], "", "wrong_type"),
        ("text", "", "wrong_type"),
    ],
)
def test_a_broken_rule_is_named_with_the_field_that_breaks_it(body: Any, pointer: str, code: str) -> None:
    found = errors_of(body)
    assert {(where, which) for where, which, _ in found} == {(pointer, code)}
    assert all(detail.endswith(".") for _, _, detail in found)
    assert not any(
        placeholder in detail for _, _, detail in found for placeholder in ("{ge}", "{pattern}", "{expected}")
    )


def test_a_missing_field_is_named() -> None:
    class Needy(Payload):
        """A body that needs something."""

        needed: str

    assert errors_of({}, Needy) == [("/needed", "required", "This field is required.")]


def test_one_item_is_said_as_one() -> None:
    class Several(Payload):
        """A body with lists."""

        some: Annotated[list[str], Field(min_length=1)]
        most: Annotated[list[str], Field(max_length=2)]
        line: Annotated[str, Field(min_length=1)]

    found = errors_of({"some": [], "most": ["a", "b", "c"], "line": ""}, Several)
    said = ["Must have at least 1 item.", "Must have at most 2 items.", "Must have at least 1 character."]
    assert [detail for _, _, detail in found] == said


@pytest.mark.parametrize("name", ["Deep Throat", "mark felt", "~1", "a/b", "", "ABC", "a" * 60, "agent_0070"])
def test_an_unknown_name_that_is_no_misspelt_field_is_not_repeated(name: str) -> None:
    assert [pointer for pointer, _, _ in errors_of({"items": [{name: 1}]})] == ["/items/0"]


def test_no_more_than_twenty_errors_are_listed() -> None:
    assert len(errors_of({f"field_{letter}{other}": 1 for letter in "abcdef" for other in "abcdef"})) == 20


def test_words_of_rules_hold_no_value() -> None:
    assert not any("{input" in words for _, words in PYDANTIC_RULES.values())
