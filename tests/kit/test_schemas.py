"""Types of the wire: what each accepts, word for word, and how a patch is made of a whole."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from app.kit.problems import Invalid, validated
from app.kit.schemas import (
    INTEGER_TEXT,
    Day,
    DecimalIn,
    Flag,
    Id,
    Instant,
    Integer,
    Line,
    Number,
    Payload,
    Url,
    decimal_text,
    example,
    merge_patch,
    partial,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=12,
)


def accepts(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23t09:30:00z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00.5+09:00", datetime(2026, 11, 23, 0, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-23T09:30:00.123456789Z", datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_rfc_3339_with_an_offset(text: str, instant: datetime) -> None:
    assert TypeAdapter(Instant).validate_python(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23",
        "2026-11-23T09:30:00",
        "2026-11-23 09:30:00Z",
        "2026-11-23T09:30Z",
        "1700000000",
        "1700000000.5",
        "2026-02-30T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T09:30:00+24:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "\u0662\u0660\u0662\u0666-11-23T09:30:00Z",
        "",
        "now",
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    assert not accepts(Instant, text)


@pytest.mark.parametrize("value", [1_700_000_000, 1.5, True, None, [], Decimal(1)])
def test_numbers_are_no_instants_and_no_days(value: Any) -> None:
    assert not accepts(Instant, value)
    assert not accepts(Day, value)


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026-13-01", "2026-1-1", "20260101", "2026-01-01T00:00:00", "1700000000", "0000-01-01"]
)
def test_a_day_is_one_that_the_calendar_has(text: str) -> None:
    assert not accepts(Day, text)
    assert TypeAdapter(Day).validate_python("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("500000000", "500000000"),
        ("0.10", "0.10"),
        ("-3", "-3"),
        (5, "5"),
        (Decimal("1E+2"), "100"),
        ("007", "7"),
        (Decimal("1E-37"), "0." + "0" * 36 + "1"),
        ("9" * 38, "9" * 38),
    ],
)
def test_a_decimal_keeps_its_digits(sent: Any, kept: str) -> None:
    assert decimal_text(TypeAdapter(DecimalIn).validate_python(sent)) == kept


@pytest.mark.parametrize(
    "sent",
    [
        True,
        1.5,
        None,
        "",
        "1e5",
        "1,5",
        ".5",
        "5.",
        "+5",
        " 5",
        "5\n",
        "NaN",
        "Infinity",
        "\u0665",
        "9" * 39,
        10**38,
        "0x1",
        Decimal("1E+38"),
        [],
        {},
    ],
)
def test_what_is_no_decimal_is_refused(sent: Any) -> None:
    assert not accepts(DecimalIn, sent)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20))
def test_a_decimal_read_back_is_the_decimal_sent(number: Decimal) -> None:
    text = decimal_text(TypeAdapter(DecimalIn).validate_python(str(format(number, "f"))))
    assert Decimal(text) == number
    assert decimal_text(TypeAdapter(DecimalIn).validate_python(text)) == text


def test_types_of_json_are_not_converted_into_one_another() -> None:
    assert [accepts(Integer, value) for value in (5, True, "5", 5.0, Decimal(5), None)] == [True] + [False] * 5
    assert [accepts(Number, value) for value in (5, 5.5, Decimal("5.5"), True, "5")] == [True] * 3 + [False] * 2
    assert [accepts(Line, value) for value in ("a", 5, True, None, "", " ", "\n", "a" * 501)] == [True] + [False] * 7


def test_a_query_has_numbers_and_flags_in_one_spelling() -> None:
    texts = ("5", "05", "5.0", " 5", "+5", "5_0", "\u0665", "")
    assert [accepts(Annotated[int, INTEGER_TEXT], text) for text in texts] == [True] * 2 + [False] * 6
    assert [accepts(Flag, text) for text in ("true", "false", "True", "1", "yes", "on", "")] == [True] * 2 + [False] * 5


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "example.org",
        "http://",
        "https://user:secret@example.org/",
        "javascript:alert(1)",
        "http://exa mple.org/",
        "https://example.org/\n",
        "//example.org",
    ],
)
def test_an_address_is_of_the_web_and_has_no_credentials(url: str) -> None:
    assert not accepts(Url, url)
    assert accepts(Url, "https://example.org/a?b=c#d")


def test_an_id_is_a_uuid_in_its_canonical_form() -> None:
    own = "7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"
    assert accepts(Id, own)
    assert not any(accepts(Id, each) for each in (own.upper(), own.replace("-", ""), f"{{{own}}}", own + "\n", ""))


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_as_rfc_7396_appendix_a_shows(target: Any, patch: Any, result: Any) -> None:
    before = json.dumps(target)
    assert merge_patch(target, patch) == result
    assert json.dumps(target) == before, "the target must stay as it is"


@given(JSON, JSON)
def test_a_merge_patch_has_its_effect_once(target: Any, patch: Any) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


class Inner(Payload):
    """A value with a default."""

    kind: str = Field("plain", description="Its kind.", examples=["plain"])
    note: str | None = Field(None, description="A note.", examples=["n"])


class Whole(Payload):
    """A whole with every sort of field."""

    name: Line = Field(description="Its name.", examples=["a"])
    visibility: str = Field("public", description="For whom.", examples=["public"])
    own_id: Id = Field(description="Its id.", examples=["7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"])
    note: Line | None = Field(None, description="A note.", examples=["n"])
    inner: Inner | None = Field(None, description="A value.")
    tags: Annotated[list[str], Field(max_length=2)] = Field(default=[], description="Tags.", examples=[["t"]])


@partial(Whole)
class Patch(Payload):
    """A patch of it."""

    model_config = example(name="b")


def faults(patch: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(Invalid) as raised:
        validated(Patch, patch)
    return [(error.pointer, error.code) for error in raised.value.errors]


def test_a_patch_may_leave_out_every_field() -> None:
    assert validated(Patch, {}).model_dump(exclude_unset=True) == {}
    assert validated(Patch, {"inner": {"note": None}}).model_dump(exclude_unset=True) == {"inner": {"note": None}}


def test_a_patch_removes_only_what_the_whole_may_be_without() -> None:
    assert validated(Patch, {"note": None, "inner": None}).model_fields_set == {"note", "inner"}
    for name in ("name", "visibility", "own_id", "tags"):
        assert faults({name: None}) == [(f"/{name}", "wrong_type")]
    assert faults({"inner": {"kind": None}}) == [("/inner/kind", "wrong_type")]


def test_a_patch_keeps_the_rules_of_each_field_and_refuses_unknown_ones() -> None:
    assert faults({"name": "", "own_id": "x", "tags": ["a", "b", "c"], "nmae": 1}) == [
        ("/name", "too_short"),
        ("/own_id", "wrong_form"),
        ("/tags", "too_long"),
        ("/nmae", "unknown_field"),
    ]
    assert faults({"inner": {"colour": 1}}) == [("/inner/colour", "unknown_field")]
    assert faults({"id": "7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"}) == [("/id", "fixed")]


def test_the_schema_of_a_patch_describes_its_fields_as_the_whole_does() -> None:
    whole, patch = Whole.model_json_schema()["properties"], Patch.model_json_schema()["properties"]
    assert patch["own_id"] == whole["own_id"]
    assert not any("default" in field for field in patch.values())
    assert Patch.model_json_schema().get("required") is None
    assert Patch.model_json_schema()["description"] == "A patch of it."
