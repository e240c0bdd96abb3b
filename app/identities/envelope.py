"""What is sealed: an identity and the source that it is the identity of, in one length, for the editor's machine alone.

The service never calls this; it stands here beside what the service demands of the result (`age_file`). After
decryption by any tool it is JSON with spaces behind it, which is JSON too (RFC 8259 §2).
"""

import json
from typing import Final

from app.identities.age_file import PADDED_BYTES

FORMAT: Final = 1
"""Number of this form, so that a later one can be told from it."""


class NotSealable(Exception):
    """The identity is empty, too long or no text; the message says which, and nothing of it."""


class NotOfThisSource(Exception):
    """What was sealed is the identity of another source."""


class NotAnIdentity(Exception):
    """What was sealed is not in the form that `wrap` gives."""


def wrap(source_id: str, identity: str) -> bytes:
    """The identity with its source's id, padded: always `PADDED_BYTES` long. Raises NotSealable."""
    if not identity.strip():
        raise NotSealable("There is nothing to seal: it is empty.")
    content = {"onrecord": FORMAT, "source_id": source_id, "identity": identity}
    try:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise NotSealable("It is no text in UTF-8.") from None
    if len(text) > PADDED_BYTES:
        over = len(text) - PADDED_BYTES
        raise NotSealable(f"It is too long by {over} bytes: everything sealed is {PADDED_BYTES} bytes, with its frame.")
    return text.ljust(PADDED_BYTES)


def unwrap(content: bytes, source_id: str) -> str:
    """The identity in what `wrap` made for that source; raises NotOfThisSource and NotAnIdentity for anything else."""
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotAnIdentity from None
    if not isinstance(value, dict) or value.keys() != {"onrecord", "source_id", "identity"}:
        raise NotAnIdentity
    if value["onrecord"] != FORMAT or not isinstance(value["identity"], str) or len(content) != PADDED_BYTES:
        raise NotAnIdentity
    if value["source_id"] != source_id:
        raise NotOfThisSource
    return value["identity"]
