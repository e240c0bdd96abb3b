"""Cursors hold for the list they were given for, and for nothing else."""

import hashlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import column

from app.kit.paging import MAX_LIMIT, Cursors, Key, KeyValue, Order, PageParameters, chosen_fields, next_link
from app.kit.problems import Invalid

ORDER = Order(
    (Key(column("at"), datetime.fromisoformat), Key(column("on"), date.fromisoformat), Key(column("id"))), True
)
VALUES: list[KeyValue] = [datetime(2026, 11, 23, 9, 30, tzinfo=UTC), date(2026, 11, 23), "7b0c7f8e"]


def cursors(bound_to: str = "sources|{}", secret: bytes = b"pepper") -> Cursors:
    return Cursors(sign=lambda payload: hashlib.sha256(secret + payload).hexdigest(), bound_to=bound_to)


def refusal(cursor: str, of: Cursors | None = None) -> tuple[str | None, str]:
    with pytest.raises(Invalid) as raised:
        (of or cursors()).read(cursor, ORDER)
    (error,) = raised.value.errors
    return error.parameter, error.code


def test_a_cursor_reads_back_as_it_was_written() -> None:
    assert cursors().read(cursors().write(VALUES), ORDER) == VALUES


@given(st.text(max_size=60))
def test_no_text_is_a_cursor(text: str) -> None:
    assert refusal(text) == ("cursor", "wrong_cursor")


def test_a_cursor_of_another_list_filter_or_service_is_refused() -> None:
    written = cursors().write(VALUES)
    assert refusal(written, cursors("claims|{}")) == ("cursor", "wrong_cursor")
    assert refusal(written, cursors('sources|{"kind":["person"]}')) == ("cursor", "wrong_cursor")
    assert refusal(written, cursors(secret=b"another")) == ("cursor", "wrong_cursor")


@given(st.integers(0, 200), st.sampled_from("Aa0_-=+/ \0é"))
def test_a_cursor_that_was_tampered_with_is_refused(place: int, character: str) -> None:
    written = cursors().write(VALUES)
    at = place % len(written)
    if written[at] != character:
        assert refusal(written[:at] + character + written[at + 1 :]) == ("cursor", "wrong_cursor")
    assert refusal(written[:at]) == ("cursor", "wrong_cursor")


def test_what_trims_a_page_is_no_part_of_its_filter() -> None:
    plain = PageParameters().filter_text
    assert PageParameters(limit=3, cursor="x", include_total=True, fields="id").filter_text == plain


@pytest.mark.parametrize("limit", ["0", "-1", str(MAX_LIMIT + 1), "1e2", "ten", "9" * 30, "", "1.0"])
def test_a_limit_is_a_whole_number_within_bounds(limit: str) -> None:
    with pytest.raises(ValidationError):
        PageParameters.model_validate({"limit": limit})


def test_fields_are_those_of_the_item() -> None:
    assert chosen_fields(None, ["id", "name"]) is None
    assert chosen_fields("name, name", ["id", "name"]) == frozenset({"id", "name"})
    assert chosen_fields("name", ["version", "name"], always="version") == frozenset({"version", "name"})
    for text in ("nmae", "", ",", "name,", "*"):
        with pytest.raises(Invalid) as raised:
            chosen_fields(text, ["id", "name"])
        assert raised.value.errors[0].detail == "The fields are id, name."


def test_the_next_link_keeps_every_parameter_but_the_cursor() -> None:
    link = next_link("/v1/sources", "kind=group&kind=person&cursor=old&limit=", "new+1")
    assert link == '</v1/sources?kind=group&kind=person&limit=&cursor=new%2B1>; rel="next"'
