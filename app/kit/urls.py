"""The one address that stands for many spellings of it."""

import re
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

TRACKING: Final = ("fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid", "ref_src")
"""Query parameters that say how a reader came, and not what was read; and any that begin with `utm_`."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
HOST: Final = re.compile("[a-z0-9._:-]+")
"""A host's name or number, in ASCII."""
SITE_LENGTH: Final = 253
"""Most characters of a host name (RFC 1035 §2.3.4, less what only the wire has)."""


def canonical_url(url: str) -> str | None:
    """The address without fragment and tracking parameters, its query sorted, its host in lower case; all ASCII.

    None for what cannot be read as an address, or whose host has no ASCII form (RFC 5891 §4.4).
    """
    try:
        address = _canonical(url)
    except ValueError:
        return None
    return address if address.isascii() and urlsplit(address).hostname else None


def _canonical(url: str) -> str:
    names = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
    tracking = [name for name in names if name.startswith("utm_") or name in TRACKING]
    cleaned = url_query_cleaner(url, tracking, remove=True) if tracking else url
    parts = urlsplit(canonicalize_url(cleaned))
    if parts.port == DEFAULT_PORTS.get(parts.scheme):
        parts = parts._replace(netloc=parts.netloc.rpartition(":")[0])
    return parts.geturl()


def site_of(url: str) -> str | None:
    """The host of the address in ASCII and lower case, without "www."; None where there is none."""
    canonical = canonical_url(url)
    if canonical is None:
        return None
    host = (urlsplit(canonical).hostname or "").rstrip(".")
    without = host.removeprefix("www.")
    site = without if "." in without else host
    return site if len(site) <= SITE_LENGTH and HOST.fullmatch(site) else None
