"""Reading an age file from outside: what is one is taken, and nothing else."""

import base64
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identities.age import encrypted, encrypted_with_passphrase, new_private_key
from app.identities.age_file import MAX_LENGTH, PADDED_BYTES, PAYLOAD_BYTES, parse
from app.identities.schemas import MAX_CUSTODIANS
from app.identities.schemas import SEALED as SHOWN
from app.kit.problems import RuleBroken
from tests.fixtures.sealing import StockAge

KEYS = [new_private_key().public for _ in range(2)]
CONTENT = b" " * PADDED_BYTES
SEALED = encrypted(CONTENT, KEYS)


def raw(armored: str) -> bytes:
    """The bytes in the armor."""
    return base64.b64decode("".join(armored.split("\n")[1:-2]))


def armored(data: bytes) -> str:
    """The bytes in armor."""
    text = base64.b64encode(data).decode()
    lines = [text[begin : begin + 64] for begin in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN AGE ENCRYPTED FILE-----", *lines, "-----END AGE ENCRYPTED FILE-----", ""])


def code(sealed: str) -> str:
    """The code of the rule that it breaks."""
    with pytest.raises(RuleBroken) as broken:
        parse(sealed)
    return broken.value.code


def test_what_pyrage_seals_is_read_with_its_recipients_counted() -> None:
    found = parse(SEALED)
    assert (found.recipients, found.length) == (2, len(raw(SEALED)))


def test_what_stock_age_seals_is_read_too(stock_age: StockAge) -> None:
    found = parse(stock_age.encrypt(CONTENT, KEYS))
    assert (found.recipients, found.grease_bytes) == (2, 0)


def test_armor_without_a_line_end_behind_it_is_read() -> None:
    assert parse(SEALED.removesuffix("\n")) == parse(SEALED)


def test_files_of_the_same_recipients_differ_in_length_by_their_random_stanza_alone() -> None:
    found = [parse(encrypted(CONTENT, KEYS)) for _ in range(50)]
    assert len({each.length - each.grease_bytes for each in found}) == 1
    assert len({each.length for each in found}) > 1


def test_a_file_for_as_many_custodians_as_there_can_be_is_not_too_long() -> None:
    keys = [new_private_key().public for _ in range(MAX_CUSTODIANS)]
    sealed = encrypted(CONTENT, keys)
    assert parse(sealed).recipients == MAX_CUSTODIANS
    assert len(sealed) < MAX_LENGTH - 1024


@pytest.mark.parametrize("length", [0, 1, PADDED_BYTES - 1, PADDED_BYTES + 1, 2 * PADDED_BYTES, 65_536, 65_537])
def test_content_of_any_other_length_is_refused(length: int) -> None:
    assert code(encrypted(b" " * length, KEYS)) == "wrong_size"


def test_a_passphrase_is_refused() -> None:
    assert code(encrypted_with_passphrase(CONTENT, "a passphrase").decode()) == "wrong_recipients"


def test_an_ssh_key_is_refused(stock_age: StockAge) -> None:
    key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert code(stock_age.encrypt(CONTENT, [*KEYS, key.decode()])) == "wrong_recipients"


def stanza(line: bytes, body: bytes = b"") -> Callable[[bytes], bytes]:
    """Adds a stanza to the beginning of the header."""
    return lambda data: data.replace(b"/v1\n", b"/v1\n" + line + b"\n" + body + b"\n", 1)


SHARE = base64.b64encode(bytes(range(32))).rstrip(b"=")
WRAPPED = base64.b64encode(bytes(32)).rstrip(b"=")


def test_a_stanza_that_is_well_formed_counts() -> None:
    assert parse(armored(stanza(b"-> X25519 " + SHARE, WRAPPED)(raw(SEALED)))).recipients == 3


GREASE_STANZA = re.compile(rb"-> \S+-grease.*\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{0,63}\n(?=--- )")


def with_grease(line: bytes, content: bytes = b"") -> str:
    """The file with this stanza in place of the one that means nothing."""
    text = base64.b64encode(content).rstrip(b"=")
    lines = b"".join(text[begin : begin + 64] + b"\n" for begin in range(0, len(text) + 1, 64))
    return armored(GREASE_STANZA.sub(lambda _found: line + b"\n" + lines, raw(SEALED)))


@pytest.mark.parametrize("line", [b"-> x-grease", b"-> q'#\\~{}8-grease", b"-> x-grease a b c ~!@#$%^&"])
@pytest.mark.parametrize("length", [0, 15, 48, 99])
def test_a_stanza_that_means_nothing_is_skipped(line: bytes, length: int) -> None:
    assert parse(with_grease(line, bytes(length))).recipients == 2


NAME = b"Jane Doe, of the ministry"


@pytest.mark.parametrize(
    "sealed",
    [
        with_grease(b"-> JaneDoe12-grease"),
        with_grease(b"-> -grease"),
        with_grease(b"-> x-grease Jane Doe of the ministry"),
        with_grease(b"-> x-grease JaneOfThe Ministry"),
        with_grease(b"-> x-grease", bytes(100)),
        with_grease(b"-> x-grease", NAME),
        with_grease(b"-> x-grease", "Александр Мацегора".encode()),
        armored(stanza(b"-> x-grease")(raw(SEALED))),
    ],
    ids=["long kind", "no kind", "five arguments", "long argument", "long body", "text", "Cyrillic", "two"],
)
def test_one_in_which_clear_text_could_stand_is_refused(sealed: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        parse(sealed)
    assert "Jane" not in broken.value.detail


def test_what_pyrage_adds_is_always_of_that_form() -> None:
    for _ in range(500):
        assert parse(encrypted(CONTENT, KEYS[:1])).recipients == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda data: data.replace(b"org/v1", b"org/v2", 1), "not_an_age_file", id="version"),
        pytest.param(lambda data: data.replace(b"\n", b"\r\n", 1), "not_an_age_file", id="CRLF in the header"),
        pytest.param(lambda data: data[1:], "not_an_age_file", id="first byte lost"),
        pytest.param(lambda data: data[:-1], "wrong_size", id="last byte lost"),
        pytest.param(lambda data: data + b"\0", "wrong_size", id="one byte more"),
        pytest.param(lambda data: data[: data.index(b"\n--- ")], "not_an_age_file", id="no MAC"),
        pytest.param(lambda data: data.replace(b"\n--- ", b"\n---  ", 1), "not_an_age_file", id="space before the MAC"),
        pytest.param(lambda data: re.sub(rb"--- .", b"--- ", data, count=1), "not_an_age_file", id="short MAC"),
        pytest.param(lambda data: data[: -PAYLOAD_BYTES - 2] + b"B" + data[-PAYLOAD_BYTES - 1 :], "not_an_age_file",
                     id="MAC not canonical"),
        pytest.param(stanza(b"-> scrypt " + SHARE + b" 18", WRAPPED), "wrong_recipients", id="scrypt"),
        pytest.param(stanza(b"-> ssh-ed25519 AAAA " + SHARE, WRAPPED), "wrong_recipients", id="ssh"),
        pytest.param(stanza(b"-> piv-p256 AAAA " + SHARE, WRAPPED), "wrong_recipients", id="plugin"),
        pytest.param(stanza(b"-> x25519 " + SHARE, WRAPPED), "wrong_recipients", id="type in small letters"),
        pytest.param(stanza(b"-> X25519", WRAPPED), "not_an_age_file", id="no share"),
        pytest.param(stanza(b"-> X25519 " + SHARE + b" " + SHARE, WRAPPED), "not_an_age_file", id="two shares"),
        pytest.param(stanza(b"-> X25519 " + SHARE[1:], WRAPPED), "not_an_age_file", id="short share"),
        pytest.param(stanza(b"-> X25519 " + SHARE + b"=", WRAPPED), "not_an_age_file", id="padded share"),
        pytest.param(stanza(b"-> X25519 " + SHARE), "not_an_age_file", id="no body"),
        pytest.param(stanza(b"-> X25519 " + SHARE, WRAPPED + b"="), "not_an_age_file", id="padded body"),
        pytest.param(stanza(b"-> X25519 " + SHARE, WRAPPED + b"AAAA"), "not_an_age_file", id="long body"),
        pytest.param(stanza(b"-> X25519 " + SHARE, WRAPPED[:-1] + b"B"), "not_an_age_file", id="body not canonical"),
        pytest.param(stanza(b"-> X25519  " + SHARE, WRAPPED), "not_an_age_file", id="two spaces"),
        pytest.param(stanza(b"->X25519 " + SHARE, WRAPPED), "not_an_age_file", id="no space"),
        pytest.param(stanza(b"-> x-grease " + "ä".encode(), b""), "not_an_age_file", id="argument not ASCII"),
        pytest.param(stanza(b"-> x-grease", b"A" * 65), "not_an_age_file", id="line too long"),
        pytest.param(stanza(b"-> x-grease", b"A" * 64), "not_an_age_file", id="body without its short line"),
        pytest.param(stanza(b"-> x-grease", b"Jane Roe"), "not_an_age_file", id="body that is no Base64"),
        pytest.param(
            lambda data: stanza(b"-> X25519 " + SHARE, WRAPPED)(stanza(b"-> X25519 " + SHARE, WRAPPED)(data)),
            "not_an_age_file",
            id="the same share twice",
        ),
    ],
)  # fmt: skip
def test_a_header_that_is_not_in_the_form_is_refused(change: Callable[[bytes], bytes], expected: str) -> None:
    changed = change(raw(SEALED))
    assert changed != raw(SEALED)
    assert code(armored(changed)) == expected


LINES = SEALED.split("\n")


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param("", id="nothing"),
        pytest.param("\n", id="a line end"),
        pytest.param("Jane Roe, +44 20 7946 0000", id="the identity itself"),
        pytest.param("Jane Roe\n+44 20 7946 0000\n", id="the identity in two lines"),
        pytest.param('{"onrecord":1,"identity":"Jane Roe"}', id="the identity in its frame"),
        pytest.param(KEYS[0], id="a public key"),
        pytest.param(new_private_key().text, id="a private key"),
        pytest.param(raw(SEALED).decode("latin-1"), id="without armor"),
        pytest.param(base64.b64encode(raw(SEALED)).decode(), id="Base64 alone"),
        pytest.param(SEALED.replace("AGE ENCRYPTED FILE", "PGP MESSAGE"), id="another label"),
        pytest.param(SEALED.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\n" + SEALED, id="a line before"),
        pytest.param(" " + SEALED, id="a space before"),
        pytest.param(SEALED + "\n", id="a line behind"),
        pytest.param(SEALED + "Jane Roe\n", id="something behind"),
        pytest.param(SEALED + SEALED, id="twice"),
        pytest.param("\n".join(LINES[:-2]), id="no end"),
        pytest.param("\n".join([LINES[0], *LINES[-2:]]), id="nothing inside"),
        pytest.param("\n".join([LINES[0], "", *LINES[1:]]), id="an empty line inside"),
        pytest.param("\n".join([LINES[0], LINES[1] + LINES[2], *LINES[3:]]), id="a long line"),
        pytest.param("\n".join([LINES[0], LINES[1][:60], LINES[1][60:] + LINES[2][:60], *LINES[3:]]), id="short lines"),
        pytest.param(SEALED.replace(LINES[2], " " + LINES[2][1:]), id="a space inside"),
        pytest.param(SEALED.replace(LINES[2], "ä" + LINES[2][1:]), id="not ASCII"),
        pytest.param(SEALED.replace(LINES[2], "-" + LINES[2][1:]), id="the other alphabet"),
        pytest.param(SEALED.replace(LINES[2], LINES[2][:-1] + "="), id="padding inside"),
    ],
)
def test_armor_that_is_not_in_the_form_is_refused_without_a_word_of_it(sealed: str) -> None:
    with pytest.raises(RuleBroken) as broken:
        parse(sealed)
    assert broken.value.code == "not_an_age_file"
    assert "Jane" not in str(broken.value)
    assert broken.value.__cause__ is None


@given(position=st.integers(0, len(SEALED) - 1), instead=st.characters(codec="utf-8"))
@settings(max_examples=300, deadline=None)
def test_no_change_of_a_character_does_more_than_break_a_rule(position: int, instead: str) -> None:
    with suppress(RuleBroken):
        assert parse(SEALED[:position] + instead + SEALED[position + 1 :]).recipients == len(KEYS)


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_no_bytes_in_armor_do_more_than_break_a_rule(data: bytes) -> None:
    for header in (b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 "):
        with pytest.raises(RuleBroken):
            parse(armored(header + data))


def test_the_example_of_the_description_is_one() -> None:
    assert parse(SHOWN).recipients == 2
