"""What is sealed: one length, its source inside, and nothing else opens as it."""

import json

import pytest

from app.identities.age_file import PADDED_BYTES
from app.identities.envelope import NotAnIdentity, NotOfThisSource, NotSealable, unwrap, wrap

SOURCE = "7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"
OTHER = "7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a12"
FRAME = len(wrap(SOURCE, "x").rstrip()) - 1


@pytest.mark.parametrize(
    "identity", ["x", "Ким Чхоль", "金哲\n+850 2 000 0000", '"\\\u0007 ', "  Jane  \n\n", "é" * 1990]
)
def test_what_is_wrapped_is_unwrapped_as_it_was_and_has_one_length(identity: str) -> None:
    content = wrap(SOURCE, identity)
    assert len(content) == PADDED_BYTES
    assert unwrap(content, SOURCE) == identity
    assert json.loads(content)["identity"] == identity


def test_as_much_fits_as_is_said() -> None:
    longest = "x" * (PADDED_BYTES - FRAME)
    assert unwrap(wrap(SOURCE, longest), SOURCE) == longest
    with pytest.raises(NotSealable, match="too long by 1 bytes"):
        wrap(SOURCE, longest + "x")


@pytest.mark.parametrize("identity", ["", " \n\t", "\ud800"])
def test_what_is_no_text_is_not_sealed(identity: str) -> None:
    with pytest.raises(NotSealable):
        wrap(SOURCE, identity)


def test_the_identity_of_another_source_is_not_given() -> None:
    with pytest.raises(NotOfThisSource) as refused:
        unwrap(wrap(OTHER, "Jane Roe"), SOURCE)
    assert "Jane" not in repr(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Jane Roe",
        b"\xff\xfe",
        b"[" * PADDED_BYTES,
        b"null".ljust(PADDED_BYTES),
        b'{"onrecord":1}'.ljust(PADDED_BYTES),
        wrap(SOURCE, "Jane Roe")[:-1],
        wrap(SOURCE, "Jane Roe") + b" ",
        wrap(SOURCE, "Jane Roe").replace(b'"onrecord":1', b'"onrecord":2'),
        wrap(SOURCE, "12345678").replace(b'"12345678"', b"1234567890"),
        wrap(SOURCE, "Jane Roe").replace(b'"onrecord":1,', b'"onrecord":1,"a":2,').rstrip().ljust(PADDED_BYTES),
    ],
)
def test_what_was_not_wrapped_is_not_unwrapped(content: bytes) -> None:
    with pytest.raises(NotAnIdentity):
        unwrap(content, SOURCE)
