"""Header fields as RFC 9110 and RFC 9112 have them: which must be there, which may be there once, which are lists."""

import re
from collections import Counter
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from app.kit.problems import BadRequest, FieldError, HeadersTooLarge

MAX_TARGET_BYTES: Final = 8192
"""Longest path, and longest query; the longest list of filters that makes sense is a tenth of it."""
MAX_HEADERS_BYTES: Final = 65_536
"""All header fields of a request together; browsers and proxies stay below a quarter of it."""
MAX_FIELDS: Final = 128
"""Most header fields of a request: HAProxy takes 101, browsers send a quarter of that."""

HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?")
"""RFC 9110 §7.2; an http address has a host (§4.2.1), so it is not empty."""
SINGLE: Final = {
    name.lower().encode(): name
    for name in (
        "Host",
        "Authorization",
        "Content-Type",
        "Content-Length",
        "Idempotency-Key",
        "Access-Reason",
        "Origin",
        "Access-Control-Request-Method",
    )
}
"""Fields that are read here and are no lists (RFC 9110 §5.3), by their name on the wire."""


def check_fields(scope: Scope) -> None:
    """Raises HeadersTooLarge for too much of a header, and BadRequest where a field is missing, repeated or no host.

    A request by HTTP/1.0 may come without Host, as RFC 9112 §3.2 lets it: HAProxy's own question after health does.
    """
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    if len(scope.get("raw_path") or b"") > MAX_TARGET_BYTES:
        raise HeadersTooLarge(f"The path is longer than {MAX_TARGET_BYTES} bytes.")
    if len(scope["query_string"]) > MAX_TARGET_BYTES:
        raise HeadersTooLarge(f"The query is longer than {MAX_TARGET_BYTES} bytes.")
    if len(headers) > MAX_FIELDS:
        raise HeadersTooLarge(f"There are more than {MAX_FIELDS} header fields.")
    if sum(len(name) + len(value) for name, value in headers) > MAX_HEADERS_BYTES:
        raise HeadersTooLarge(f"The header fields are longer than {MAX_HEADERS_BYTES} bytes.")
    times = Counter(name for name, _ in headers if name in SINGLE)
    if repeated := [SINGLE[name] for name, given in times.items() if given > 1]:
        detail = "This header can be given once: of two, either would be a guess."
        raise BadRequest(errors=[FieldError("repeated", detail, parameter=name) for name in repeated])
    host = next((value for name, value in headers if name == b"host"), None)
    if host is None and scope.get("http_version") != "1.0":
        raise BadRequest(errors=[FieldError("required", "A request names its host.", parameter="Host")])
    if host is not None and not HOST.fullmatch(host.decode("latin-1")):
        raise BadRequest(errors=[FieldError("wrong_form", "Must be a host, and a port if any.", parameter="Host")])


def joined(headers: Headers, name: str) -> str | None:
    """The value of a field that is a list: its lines are one list, in their order (RFC 9110 §5.3); None without any."""
    lines = headers.getlist(name)
    return ", ".join(lines) if lines else None
