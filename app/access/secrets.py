"""Secrets of the service: the pepper, and the keys that are checked against an HMAC made with it.

A key is 256 random bits, so a fast keyed hash is enough: there is no password to guess (RFC 2104; argon2 took 491 ms
a check where this takes microseconds).
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

KEY_PREFIX: Final = "onr_"
"""Lets secret scanners find a key that got into a repository."""
KEY_BYTES: Final = 32
OWNER_ONLY: Final = 0o600


class WorldReadableSecret(Exception):
    """A secret's file can be read by others than its owner."""

    def __init__(self, path: Path) -> None:
        """Takes the file's path."""
        super().__init__(f"{path} can be read by others than its owner: run `chmod 600 {path}`.")
        self.path = path


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


def new_key() -> str:
    """A new API key: a prefix and 256 random bits."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def secret_file(path: Path, make: str) -> str:
    """The secret in the file at `path`, which only its owner can read; `make` is written there if there is none.

    Two processes that start at once read the same secret. Raises WorldReadableSecret for a file open to others.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(make + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise WorldReadableSecret(path)
    return path.read_text().strip()
