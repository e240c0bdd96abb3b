"""What a JSON body may be, and that everything else is refused by a problem that repeats none of it."""

import contextlib
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.json_body import MAX_DEPTH, MAX_MEMBERS, MAX_NUMBER_LENGTH, MAX_VALUES, parse
from app.kit.problems import MAX_ERRORS, BadRequest, Invalid

SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**60), 10**60) | st.text(st.characters(codec="utf-8"), max_size=20)
)
WITHOUT_NUL = SCALARS.filter(lambda value: not (isinstance(value, str) and "\0" in value))
VALUES = st.recursive(
    WITHOUT_NUL,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc_", max_size=6), inner),
    max_leaves=20,
)


def refused(body: bytes) -> list[tuple[str | None, str]]:
    """Pointer and code of each fault that is found in the body."""
    with pytest.raises(Invalid) as raised:
        parse(body)
    return [(error.pointer, error.code) for error in raised.value.errors]


@given(VALUES)
def test_any_json_comes_through_unchanged(value: Any) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed_or_refused_as_a_problem(body: bytes) -> None:
    with contextlib.suppress(BadRequest, Invalid):
        parse(body)


def test_numbers_with_a_fraction_or_an_exponent_keep_their_digits() -> None:
    assert parse(b"[0.10, 1e2, -0, 5]") == [Decimal("0.10"), Decimal("1E+2"), 0, 5]
    assert str(parse(b"0.10")) == "0.10"


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_refused(literal: str) -> None:
    assert refused(f'{{"best": [1, {literal}]}}'.encode()) == [("/best/1", "not_finite")]


@pytest.mark.parametrize(
    "literal",
    ["1e999", "1E+999", "1e-999", "0e999", "-1e101", "1e9999999999999999999", "1e-9999999999999999999", "1.5e100000"],
)
def test_numbers_that_are_scaled_out_of_reason_are_refused(literal: str) -> None:
    assert refused(f'{{"best": {literal}}}'.encode()) == [("/best", "number_too_large")]


@pytest.mark.parametrize("literal", ["1" + "0" * 400, "-" + "9" * 5000, "0." + "1" * 5000, "1e" + "0" * 5000])
def test_long_number_literals_are_refused(literal: str) -> None:
    assert refused(f'{{"best": {literal}}}'.encode()) == [("/best", "number_too_long")]


def test_the_longest_number_is_read() -> None:
    digits = "9" * MAX_NUMBER_LENGTH
    assert parse(digits.encode()) == int(digits)


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud800", "\\udc00", "\\udfff\\ud800"])
def test_nul_and_lone_surrogates_are_refused(text: str) -> None:
    assert refused(f'{{"a": {{"b": ["{text}"]}}}}'.encode()) == [("/a/b/0", "unstorable_character")]
    assert refused(f'{{"a": {{"{text}": 1}}}}'.encode()) == [("/a", "unstorable_character")]


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


def test_raw_control_characters_are_not_json() -> None:
    with pytest.raises(BadRequest):
        parse(b'"a\x00b"')


def test_an_object_with_a_name_twice_is_refused() -> None:
    assert refused(b'{"a": {"b": 1, "b": 1}}') == [("/a", "duplicate_name")]
    assert refused(b'{"b": 1, "\\u0062": 2}') == [("", "duplicate_name")]


def test_a_name_that_no_field_could_have_is_not_repeated() -> None:
    assert refused(b'{"a": {"Deep Throat is a man": "\\u0000"}}') == [("/a", "unstorable_character")]


def test_the_first_faults_are_all_told() -> None:
    assert len(refused(b"[" + b"NaN," * 500 + b"1]")) == MAX_ERRORS


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_is_bounded(opening: str) -> None:
    closing = "]" if opening == "[" else "}"
    for depth, accepted in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        body = (opening * depth + "1" + closing * depth).encode()
        if accepted:
            parse(body)
        else:
            assert refused(body) == [("", "too_deep")]


@pytest.mark.parametrize("bomb", [b"[" * 10_000, b'{"a":' * 10_000, b"[" * 1_000_000])
def test_a_depth_bomb_is_refused(bomb: bytes) -> None:
    assert refused(bomb) == [("", "too_deep")]


def test_the_members_of_an_object_are_bounded() -> None:
    def members(count: int) -> bytes:
        return json.dumps({"a": [{f"b{number}": 1 for number in range(count)}]}).encode()

    parse(members(MAX_MEMBERS))
    assert refused(members(MAX_MEMBERS + 1)) == [("/a/0", "too_many_members")]


@pytest.mark.parametrize("unit", ["1", "[]", "{}", '"a,b[{"', '{"a": 1}', "NaN"])
def test_the_values_of_a_body_are_bounded(unit: str) -> None:
    each = 2 if unit[0] in "[{" else 1
    parse(f"[{','.join([unit] * (MAX_VALUES // 2 - 1))}]".encode()) if unit != "NaN" else None
    assert refused(f"[{','.join([unit] * (MAX_VALUES // each + 1))}]".encode()) == [("", "too_many_values")]


def test_commas_and_brackets_in_a_text_are_no_values() -> None:
    parse(json.dumps({"text": 'a, "b", [c], {d} \\ ' * 10_000}).encode())


def test_brackets_in_strings_are_not_depth() -> None:
    assert parse(b'"' + b"[" * 1000 + b'"') == "[" * 1000
    assert parse(rb'"\\\"' + b"{" * 1000 + b'"') == '\\"' + "{" * 1000


@pytest.mark.parametrize("body", [b'"' + rb"\"" * 400_000, b'"\\' * 400_000, b'"' * 800_001, b"[" + b'"\\"' * 300_000])
def test_no_text_of_a_mebibyte_takes_long(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(BadRequest):
        parse(body)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "body",
    [b"\xff", b'"\xed\xa0\x80"', "\ufeff{}".encode(), b"{", b"{}{}", b"{'a': 1}", b"[1,]", b"01", b"+1", b"tru", b" "],
)
def test_what_is_no_json_in_utf_8_cannot_be_read(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse(body)
