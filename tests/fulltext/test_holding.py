"""Which texts hold words, for an audience: the same on both engines."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlmodel import Session

from app.fulltext.holding import counts_up_to, first_holding
from app.fulltext.index import add_rows
from app.models import SearchText

TEXTS = (
    ("a", 0, 2, " one  two "),
    ("b", 0, 0, " one "),
    ("b", 1, 2, " one  three "),
    ("c", 2, 2, " one  and "),
)


def everything(rows: Any, _resource_id: Any) -> Any:
    return rows


def greatest_first(rows: Any, resource_id: Any) -> Any:
    return rows.order_by(resource_id.desc())


def not_the_first(rows: Any, resource_id: Any) -> Any:
    return rows.where(resource_id != "a")


@pytest.fixture
def session(connection: Connection) -> Session:
    """A session with the texts."""
    opened = Session(connection, autoflush=False, join_transaction_mode="create_savepoint")
    for number, (resource_id, first, last, words) in enumerate(TEXTS, start=1):
        opened.add(
            SearchText(resource_id=resource_id, first_audience=first, last_audience=last, number=number, tokens=words)
        )
    opened.flush()
    add_rows(opened, [(first, number, words) for number, (_, first, _, words) in enumerate(TEXTS, start=1)])
    return opened


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        (0, {"one": 2, "two": 1, "three": 0, "and": 0, "four": 0}),
        (1, {"one": 2, "two": 1, "three": 1, "and": 0, "four": 0}),
        (2, {"one": 3, "two": 1, "three": 1, "and": 1, "four": 0}),
    ],
)
def test_words_are_counted_as_the_audience_reads_the_texts(
    session: Session, audience: int, expected: dict[str, int]
) -> None:
    assert counts_up_to(session, expected, audience, everything, most=10) == expected


def test_counts_end_where_they_are_to_and_leave_out_what_may_not_be_read(session: Session) -> None:
    assert counts_up_to(session, ["one", "two"], 2, everything, most=2) == {"one": 2, "two": 1}
    assert counts_up_to(session, ["one", "two"], 2, not_the_first, most=10) == {"one": 2, "two": 0}
    assert counts_up_to(session, [], 2, everything, most=10) == {}


def test_texts_that_hold_one_of_the_words_come_in_the_order_that_is_given(session: Session) -> None:
    assert first_holding(session, ["two", "three"], 0, greatest_first, most=10) == [("a", " one  two ")]
    assert first_holding(session, ["two", "three"], 1, greatest_first, most=10) == [
        ("b", " one  three "),
        ("a", " one  two "),
    ]
    assert first_holding(session, ["one"], 2, greatest_first, most=1) == [("c", " one  and ")]
    assert first_holding(session, ["two"], 2, not_the_first, most=10) == []
    assert first_holding(session, [], 2, greatest_first, most=10) == []
