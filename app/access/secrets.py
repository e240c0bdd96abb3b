"""Secrets of the service: the pepper, and the keys that are checked against an HMAC made with it.

A key is 256 random bits, so a fast keyed hash is enough: there is no password to guess (RFC 2104; argon2 took 491 ms
a check where this takes microseconds).
"""

import hashlib
import hmac
import re
import secrets
from itertools import pairwise
from pathlib import Path
from typing import Final

from app.kit.private import Unusable, read_secret, write_once
from app.kit.refusals import Refusal
from app.settings import MIN_PEPPER_CHARACTERS

KEY_PREFIX: Final = "onr_"
"""Lets secret scanners find a key that got into a repository."""
KEY_BYTES: Final = 32
MIN_DIFFERENT_CHARACTERS: Final = 8
"""Of 32 random hexadecimal digits fewer are different once in ten million times."""
PLACEHOLDERS: Final = (
    "changeme",
    "secret",
    "password",
    "passwort",
    "pepper",
    "example",
    "replace",
    "default",
    "onrecord",
)
"""Words that stand where a secret is to be put."""
FIRST_KEY: Final = re.compile(r"(onr_[A-Za-z0-9_-]{43})\r?\n?")
"""A key as `new_key` makes it, on a line of its own."""
PEPPER: Final = re.compile(r"([!-~](?:[ -~]{0,1022}[!-~])?)\r?\n?")
"""A line of visible ASCII: what we make, what `openssl rand -hex 32` prints, or what somebody thought up."""


class WeakPepper(Refusal):
    """The pepper can be guessed."""

    def __init__(self) -> None:
        """Says what to do."""
        super().__init__(
            "The pepper can be guessed: set ONRECORD_PEPPER, or the file `pepper` in the data directory, to what "
            "`openssl rand -hex 32` prints. Where the database has keys already, put back the pepper that they were "
            "made with from the backup, or take a new one by `onrecord keys new-pepper`, which revokes them all."
        )


class NotOfItsForm(Refusal):
    """A file of a secret holds something else than that secret."""

    def __init__(self, path: Path) -> None:
        """Takes the file's path."""
        super().__init__(
            f"{path} is not as Onrecord writes it, one line with the secret alone: put back what was there, or take it "
            "away where nothing was."
        )


class Pepper:
    """The secret that what is stored is hashed with. Each use names its purpose, so that digests never cross over."""

    def __init__(self, secret: bytes) -> None:
        """Takes the secret's bytes."""
        self._secret = secret

    def digest(self, purpose: str, *parts: bytes) -> str:
        """HMAC-SHA-256, in hexadecimal, of `parts` for `purpose`."""
        mac = hmac.new(self._secret, purpose.encode() + b"\0", hashlib.sha256)
        for part in parts:
            mac.update(len(part).to_bytes(8, "big") + part)
        return mac.hexdigest()

    def key_digest(self, key: str) -> str:
        """What is stored of an API key, and what one that is presented is looked up by."""
        return self.digest("api-key", key.encode())


def check_pepper(secret: str) -> None:
    """Does nothing for what looks random; raises WeakPepper for what somebody made up.

    That is a secret of fewer than 32 characters, or of fewer than 8 different ones; one that is a shorter text
    repeated; one of which two thirds go up, go down or stay the same from character to character, as `abcd` and
    `8765` do; and one with a word in it that stands for a secret, as `changeme` does.
    """
    steps = [ord(other) - ord(one) for one, other in pairwise(secret)]
    letters = "".join(character for character in secret.casefold() if character.isalnum())
    if (
        len(secret) < MIN_PEPPER_CHARACTERS
        or len(set(secret)) < MIN_DIFFERENT_CHARACTERS
        or any(secret[period:] == secret[:-period] for period in range(1, len(secret) // 2 + 1))
        or 3 * sum(abs(step) <= 1 for step in steps) > 2 * len(steps)
        or any(word in letters for word in PLACEHOLDERS)
    ):
        raise WeakPepper


def new_key() -> str:
    """A new API key: a prefix and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def first_key(path: Path) -> str:
    """The key in the file, made and written there if there is no file; raises NotOfItsForm, and what files raise."""
    return _kept(path, FIRST_KEY)


def read_first_key(path: Path) -> str | None:
    """The key in the file; None where there is no file. Raises NotOfItsForm, and what files raise."""
    return _read(path, FIRST_KEY)


def read_pepper(path: Path) -> str | None:
    """The pepper in the file; None where there is no file. Raises as `read_first_key` does."""
    return _read(path, PEPPER)


def kept_pepper(path: Path) -> str:
    """The pepper in the file, made and written there if there is no file; raises as `first_key` does."""
    return _kept(path, PEPPER)


def _kept(path: Path, form: re.Pattern[str]) -> str:
    """What is in the file, of that form, or what was put into it. Two processes that start at once have the same."""
    found = _read(path, form)
    if found is None:
        write_once(path, f"{new_key()}\n".encode())
        found = _read(path, form)
    if found is None:
        raise Unusable(path, "it was made and is gone")
    return found


def _read(path: Path, form: re.Pattern[str]) -> str | None:
    content = read_secret(path)
    if content is None:
        return None
    found = form.fullmatch(content.decode("latin-1"))
    if found is None:
        raise NotOfItsForm(path)
    return found[1]
