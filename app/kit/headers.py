"""Headers that every answer bears, so that a browser does with it what was meant and nothing else; and CORS.

What browsers do with them: Fetch, CSP Level 3, RFC 6797 (HSTS), RFC 9111 (caching).
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
"""For answers that are data: a browser that shows one loads and runs nothing."""
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Keeps other sites from loading an answer into their page; scripts of listed origins are let in by CORS all the
    # same, which Fetch §3.7 asks for instead.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOT_STORED: Final = {"Cache-Control": "private, no-store"}
"""For whatever does not say otherwise."""
HSTS: Final = {"Strict-Transport-Security": "max-age=31536000"}
"""A year; of its subdomains a host's operator decides, not one service on it."""

METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
SENT_HEADERS: Final = (
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, Access-Reason, X-Request-Id, traceparent"
)
READ_HEADERS: Final = (
    "ETag, Link, Location, Idempotency-Replayed, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
)
PREFLIGHT_SECONDS: Final = 600

_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class AnswerHeaders:
    """Wraps the app: adds the headers above where an answer has none of that name, and answers preflights.

    CORS (Fetch §3.2) is closed to every origin that is not listed: its preflight meets the route, which has no OPTIONS.
    Credentials are never allowed, as no cookie is ever read; a key is sent by the script itself.
    """

    def __init__(self, app: ASGIApp, *, behind_tls: bool, origins: Sequence[str] = ()) -> None:
        """Takes the app, whether what is in front of it speaks TLS, and the origins whose pages may call it."""
        self.app = app
        self._headers = {**SECURITY_HEADERS, **NOT_STORED, **(HSTS if behind_tls else {})}
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origin = asked.get("origin")
        listed = origin if origin in self._origins else None

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                self._share(headers, listed)
            await send(message)

        if listed is not None and scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            await _allow(send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def _share(self, headers: MutableHeaders, listed: str | None) -> None:
        if self._origins:
            headers.add_vary_header("Origin")
        if listed is not None:
            headers["Access-Control-Allow-Origin"] = listed
            headers["Access-Control-Expose-Headers"] = READ_HEADERS


async def _allow(send: Send) -> None:
    """Answers a preflight: what may be sent is the same for every route."""
    headers = {
        b"access-control-allow-methods": METHODS.encode(),
        b"access-control-allow-headers": SENT_HEADERS.encode(),
        b"access-control-max-age": str(PREFLIGHT_SECONDS).encode(),
    }
    await send({"type": "http.response.start", "status": 204, "headers": list(headers.items())})
    await send({"type": "http.response.body", "body": b""})


def page_policy(html: str) -> str:
    """The Content-Security-Policy of a page of ours: files from here, and of scripts in it just those it has now.

    Images may be data: URLs, which Swagger UI's style sheet has.
    """
    digests = [hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(html)]
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {scripts}".strip(),
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
