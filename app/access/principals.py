"""The caller of a request: which key, which scopes, and so which audience it belongs to."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from app.kit.problems import Forbidden
from app.models.vocabulary import Scope, Visibility


class Audience(IntEnum):
    """Who may read a document. Each audience also reads what the ones below it read."""

    PUBLIC = 0
    INTERNAL = 1
    RESTRICTED = 2


AUDIENCE_OF: Final = {
    Visibility.PUBLIC: Audience.PUBLIC,
    Visibility.INTERNAL: Audience.INTERNAL,
    Visibility.RESTRICTED: Audience.RESTRICTED,
}
VISIBILITY_OF: Final = {audience: visibility for visibility, audience in AUDIENCE_OF.items()}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls.

    `caller_id` is the id of the key or, for a person signed on elsewhere, one that is made of who they are; None for a
    caller who is nobody in particular. The rest says how far the caller reaches, which is as far as the keys that it
    makes may.
    """

    caller_id: str | None
    scopes: frozenset[Scope]
    networks: tuple[str, ...] = ()
    """The CIDR blocks that the caller may call from; from anywhere where there are none."""
    expires_at: datetime | None = None
    """When the caller's key or token ends, if it does."""

    @property
    def audience(self) -> Audience:
        """The widest audience whose documents the caller may read."""
        if Scope.RESTRICTED_READ in self.scopes:
            return Audience.RESTRICTED
        return Audience.INTERNAL if Scope.INTERNAL_READ in self.scopes else Audience.PUBLIC

    def require(self, scope: Scope) -> None:
        """Does nothing for a holder of `scope`; raises Forbidden, naming it, for others."""
        if scope not in self.scopes:
            raise Forbidden(f"This needs the scope {scope.value}.", members={"scope": scope.value})


PUBLIC_READER: Final = Principal(caller_id=None, scopes=frozenset({Scope.CLAIMS_READ}))
"""A caller without a key, where the operator lets the public read."""
EVERY_SCOPE: Final = frozenset(Scope)
