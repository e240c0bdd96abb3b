"""New identifiers, made by the app on both engines (RFC 9562)."""

from uuid import uuid4

from uuid6 import uuid7


def ordered_id() -> str:
    """A UUIDv7: it sorts by when it was made, and tells so. Not for sources or what they said."""
    return str(uuid7())


def random_id() -> str:
    """A UUIDv4: it tells nothing."""
    return str(uuid4())
