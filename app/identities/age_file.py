"""Reads as much of an age file as whoever cannot open it can: which stanzas it has, and how long its content is.

After the age file format, version 1 (C2SP, https://c2sp.org/age). What is recorded here must be readable for decades by
any implementation, so what the specification leaves to the reader is read in the strictest way.
"""

import base64
import re
from dataclasses import dataclass
from typing import Final

from app.kit.problems import RuleBroken

MAX_LENGTH: Final = 16_384
"""Longest armored file, in characters: room for fifty custodians."""
PADDED_BYTES: Final = 4096
"""Length of what is sealed. There is one alone, so that it tells nothing; a page of text fits."""
NONCE_BYTES: Final = 16
TAG_BYTES: Final = 16
"""Of the one chunk that content of up to 64 KiB is sealed in."""
PAYLOAD_BYTES: Final = NONCE_BYTES + PADDED_BYTES + TAG_BYTES
FIRST_ARMOR_LINE: Final = "-----BEGIN AGE ENCRYPTED FILE-----"
LAST_ARMOR_LINE: Final = "-----END AGE ENCRYPTED FILE-----"
MIN_ARMOR_LINES: Final = 3
ARMOR_COLUMNS: Final = 64
"""RFC 7468 §2: every line of the text has so many characters, the last one excepted."""
VERSION_LINE: Final = b"age-encryption.org/v1"
STANZA_COLUMNS: Final = 64
"""A stanza's body goes on as long as its lines are full."""
STANZA_LINE: Final = re.compile(rb"->((?: [\x21-\x7e]+)+)")
MAC_LINE: Final = re.compile(rb"--- ([A-Za-z0-9+/]{43})")
KEY_BYTES: Final = 32
"""Length of the ephemeral share of an X25519 stanza, of the file key that it wraps with its tag, and of a MAC."""
X25519: Final = b"X25519"
GREASE: Final = b"-grease"
"""How the type of a stanza ends that means nothing and is there so that every reader learns to skip what is new."""
GREASE_WORD: Final = re.compile(rb"[\x21-\x7e]{1,8}")
"""What stands before that in pyrage, and what each of the arguments is: characters drawn at random."""
MOST_GREASE_ARGUMENTS: Final = 4
MOST_GREASE_BYTES: Final = 99
"""Arguments and bytes of pyrage's (age-core, `grease_the_joint`)."""
FEWEST_READABLE: Final = 16
"""Bytes of a body from which on it is told whether they are text: of so many at random, two in a million times."""


@dataclass(frozen=True, slots=True)
class AgeFile:
    """What can be told of an age file from outside."""

    recipients: int
    """How many keys it opens for; whose they are does not stand in it."""
    grease_bytes: int
    """Length of the stanzas that mean nothing. It is random."""
    length: int
    """Length of the whole, without its armor."""


@dataclass(frozen=True, slots=True)
class Stanza:
    """One stanza of the header: its type and arguments, its body, and how long it is as it stands there."""

    arguments: tuple[bytes, ...]
    body: bytes
    length: int


def parse(armored: str) -> AgeFile:
    """What can be told of the armored file.

    Raises RuleBroken for what is not an age file of version 1 to X25519 keys alone, or whose content has not the length
    that everything sealed has. Whether it opens, for whom, and what it says cannot be told.
    """
    data = _unarmored(armored)
    stanzas, payload = _header(data)
    if len(payload) != PAYLOAD_BYTES:
        raise RuleBroken("wrong_size", f"What is sealed must be padded to {PADDED_BYTES} bytes.")
    keys = stanzas[:-1] if stanzas and stanzas[-1].arguments[0].endswith(GREASE) else stanzas
    for stanza in keys:
        _check_x25519(stanza)
    for stanza in stanzas[len(keys) :]:
        _check_grease(stanza)
    if len({stanza.arguments for stanza in keys}) != len(keys):
        raise _malformed()
    return AgeFile(
        recipients=len(keys),
        grease_bytes=sum(stanza.length for stanza in stanzas) - sum(stanza.length for stanza in keys),
        length=len(data),
    )


def _malformed() -> RuleBroken:
    return RuleBroken("not_an_age_file", "Must be an armored age file (https://c2sp.org/age, version 1).")


def _unarmored(armored: str) -> bytes:
    """The bytes in the armor; one line end may follow it."""
    lines = armored.removesuffix("\n").split("\n")
    if (lines[0], lines[-1]) != (FIRST_ARMOR_LINE, LAST_ARMOR_LINE) or len(lines) < MIN_ARMOR_LINES:
        raise _malformed()
    lines = lines[1:-1]
    if any(len(line) != ARMOR_COLUMNS for line in lines[:-1]) or not 0 < len(lines[-1]) <= ARMOR_COLUMNS:
        raise _malformed()
    return _decoded("".join(lines).encode("utf-8", "surrogatepass"), padded=True)


def _decoded(text: bytes, *, padded: bool) -> bytes:
    """The bytes that Base64 stands for (RFC 4648 §4), in its one canonical form."""
    if not padded and b"=" in text:
        raise _malformed()
    whole = text if padded else text + b"=" * (-len(text) % 4)
    try:
        data = base64.b64decode(whole, validate=True)
    except ValueError:
        raise _malformed() from None
    if base64.b64encode(data) != whole:
        raise _malformed()
    return data


def _header(data: bytes) -> tuple[list[Stanza], bytes]:
    """The stanzas, and what follows the header."""
    line, rest = _line(data)
    if line != VERSION_LINE:
        raise _malformed()
    stanzas = []
    line, rest = _line(rest)
    while (found := STANZA_LINE.fullmatch(line)) is not None:
        body, after = _body(rest)
        length = len(line) + 1 + len(rest) - len(after)
        stanzas.append(Stanza(tuple(found[1].split()), body, length))
        line, rest = _line(after)
    mac = MAC_LINE.fullmatch(line)
    if mac is None or len(_decoded(mac[1], padded=False)) != KEY_BYTES:
        raise _malformed()
    return stanzas, rest


def _line(data: bytes) -> tuple[bytes, bytes]:
    line, end, rest = data.partition(b"\n")
    if not end:
        raise _malformed()
    return line, rest


def _body(data: bytes) -> tuple[bytes, bytes]:
    """A stanza's body, which ends with its first line that is not full, and what follows."""
    lines: list[bytes] = []
    rest = data
    while not lines or len(lines[-1]) == STANZA_COLUMNS:
        line, rest = _line(rest)
        if len(line) > STANZA_COLUMNS:
            raise _malformed()
        lines.append(line)
    return _decoded(b"".join(lines), padded=False), rest


def _check_x25519(stanza: Stanza) -> None:
    """Raises RuleBroken for a stanza to anything but an X25519 key."""
    kind, *arguments = stanza.arguments
    if kind != X25519:
        raise RuleBroken("wrong_recipients", "Must be sealed to X25519 keys (age1...) alone, with no passphrase.")
    if len(arguments) != 1 or len(stanza.body) != KEY_BYTES or len(_decoded(arguments[0], padded=False)) != KEY_BYTES:
        raise _malformed()


def _check_grease(stanza: Stanza) -> None:
    """Raises RuleBroken for a stanza that means nothing and is not of pyrage's form: clear text could stand in it."""
    kind, *arguments = stanza.arguments
    if (
        not all(GREASE_WORD.fullmatch(word) for word in (kind.removesuffix(GREASE), *arguments))
        or len(arguments) > MOST_GREASE_ARGUMENTS
        or len(stanza.body) > MOST_GREASE_BYTES
        or _is_text(stanza.body)
    ):
        raise _malformed()


def _is_text(body: bytes) -> bool:
    """Whether the bytes are too many to be readable by chance, and are."""
    try:
        return len(body) >= FEWEST_READABLE and body.decode().isprintable()
    except UnicodeDecodeError:
        return False
