"""age, through pyrage: the one place that calls it. The service checks public keys here; the rest is for editors."""

from collections.abc import Sequence
from typing import Any, Final

import pyrage  # type: ignore[import-untyped]  # it has neither types nor stubs
from pyrage import passphrase, x25519

SECRET_KEY_PREFIX: Final = "AGE-SECRET-KEY-"  # noqa: S105  # how every private key begins, and no key


class NoSuchKey(Exception):
    """A text is no key of the sort that was asked for. It is not repeated."""


class CannotOpen(Exception):
    """Something does not open with what was given, or is nothing that could be opened."""


class PrivateKey:
    """A custodian's private key. It shows itself only in `text`."""

    def __init__(self, text: str) -> None:
        """Takes it as it stands in its file, `AGE-SECRET-KEY-1...`; raises NoSuchKey."""
        try:
            self._identity: Any = x25519.Identity.from_str(text)
        except pyrage.IdentityError:
            raise NoSuchKey from None

    @property
    def text(self) -> str:
        """It, as it stands in its file."""
        return str(self._identity)

    @property
    def public(self) -> str:
        """The public key that belongs to it."""
        return str(self._identity.to_public())

    def opened(self, ciphertext: bytes) -> bytes | None:
        """What was encrypted to it, armored or not; None where it does not open it."""
        try:
            content: bytes = pyrage.decrypt(ciphertext, [self._identity])
        except pyrage.DecryptError:
            return None
        return content


def new_private_key() -> PrivateKey:
    """A new private key, from the operating system's randomness."""
    return PrivateKey(str(x25519.Identity.generate()))


def public_key(text: str) -> str:
    """An X25519 public key in its one spelling; raises NoSuchKey for any other text."""
    return str(_recipient(text))


def _recipient(text: str) -> Any:
    try:
        return x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        raise NoSuchKey from None


def encrypted(content: bytes, public_keys: Sequence[str]) -> str:
    """The content as an armored age file that each of the keys opens; raises NoSuchKey."""
    armored: bytes = pyrage.encrypt(content, [_recipient(key) for key in public_keys], armored=True)
    return armored.decode("ascii")


def decrypted(ciphertext: bytes, keys: Sequence[PrivateKey]) -> bytes:
    """What the first of the keys that opens the age file finds in it; raises CannotOpen where none does."""
    for key in keys:
        content = key.opened(ciphertext)
        if content is not None:
            return content
    raise CannotOpen


def encrypted_with_passphrase(content: bytes, given: str) -> bytes:
    """The content as an armored age file that the passphrase opens."""
    made: bytes = passphrase.encrypt(content, given, armored=True)
    return made


def decrypted_with_passphrase(ciphertext: bytes, given: str) -> bytes:
    """What the passphrase opens; raises CannotOpen."""
    try:
        content: bytes = passphrase.decrypt(ciphertext, given)
    except pyrage.DecryptError:
        raise CannotOpen from None
    return content
