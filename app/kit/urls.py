"""The one address that stands for many spellings of it."""

from typing import Final
from urllib.parse import parse_qsl, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

TRACKING: Final = ("fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid", "ref_src")
"""Query parameters that say how a reader came, and not what was read; and any that begin with `utm_`."""

DEFAULT_PORTS: Final = {"http": 80, "https": 443}


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
