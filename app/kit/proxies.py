"""Whose address a caller has behind proxies: what those that are trusted say of whoever spoke to them.

uvicorn has this too. It takes an entry that is no address for one, does not know a proxy whose IPv4 address a server
for both kinds shows as IPv6, and believes X-Forwarded-Proto, which nothing here depends on.
"""

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.kit.fields import joined
from app.kit.networks import is_address_within

ENTRY: Final = re.compile(r"(?P<ipv4>[0-9.]+)(?::[0-9]{1,5})?|\[(?P<bracketed>[0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
"""An address with or without a port, as Azure's and IIS's proxies write it; RFC 7239 §6 puts IPv6 in brackets."""


class CallersAddress:
    """Wraps the app: the `client` of a request that a trusted proxy hands on is the caller that it speaks for.

    Each proxy adds whom it was asked by to the right end of X-Forwarded-For. So the list is read from there, for as
    long as what is found is a trusted proxy itself; what stands left of the first other address is that caller's own
    word. Where a trusted proxy names no address (`unknown`, say), the caller has none, and no key that is bound to a
    network lets it in. A proxy that names nobody speaks for itself.
    """

    def __init__(self, app: ASGIApp, *, trusted: Iterable[str]) -> None:
        """Takes the app, and the addresses and networks of the proxies to believe."""
        self.app, self._trusted = app, tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        client = scope.get("client")
        if client is not None and is_address_within(client[0], self._trusted):
            chain = joined(Headers(scope=scope), "x-forwarded-for") or ""
            # An empty element is none (RFC 9110 §5.6.1).
            entries = [entry for each in chain.split(",") if (entry := each.strip(" \t"))]
            if entries:
                address = self._callers(entries)
                # In place: the log line takes the route from this scope, and the router would put it into a copy.
                scope["client"] = (address, 0) if address is not None else None
        await self.app(scope, receive, send)

    def _callers(self, entries: Sequence[str]) -> str | None:
        address = None
        for entry in reversed(entries):
            address = address_of(entry)
            if not is_address_within(address, self._trusted):
                break
        return address


def address_of(entry: str) -> str | None:
    """The address that an entry of X-Forwarded-For names, in its shortest form; None where it names none."""
    named = ENTRY.fullmatch(entry)
    try:
        return str(ip_address((named["ipv4"] or named["bracketed"]) if named is not None else entry))
    except ValueError:
        return None
