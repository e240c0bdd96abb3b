"""Settings of the service: environment variables named `ONRECORD_*`, each with a default that works."""

import json
import re
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL

PREFIX: Final = "ONRECORD_"
A_DAY_S = 86_400
"""The longest time that may be set: an endless one is 0, and PostgreSQL counts 24 days of milliseconds."""
MOST_BODY_BYTES: Final = 4 * 2**20
"""The longest body that may be let in. A document's million characters of four bytes each fit in; and in the shortest
packets that are usual, of 536 bytes, it comes in 7,826 parts, of which `app.kit.protocol` takes 10,000."""
MIN_PEPPER_CHARACTERS = 32
"""A pepper shorter than this is refused: `openssl rand -hex 32` gives 64 characters."""


def is_loopback(host: str) -> bool:
    """Whether the host is this machine itself, reached over no network."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_safe_url(url: str) -> bool:
    """Whether it is an https URL, or an http one of this machine, with no credentials in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))


def _safe_url(value: str) -> str:
    if not is_safe_url(value):
        raise ValueError("Must be an https URL without credentials.")
    return value


def _json_object(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("Must be a JSON object.") from None


SafeUrl = Annotated[str, AfterValidator(_safe_url)]
"""An https URL, or an http one of this machine."""


ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""An origin as browsers send it (RFC 6454 §6.2)."""


def _lower(given: Any) -> Any:
    return given.strip().lower() if isinstance(given, str) else given


def _listed(given: Any) -> Any:
    return tuple(given.replace(",", " ").split()) if isinstance(given, str) else given


IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")
GLOBAL_IPV6 = IPv6Network("2000::/3")
"""Where all callers of the Internet's have their IPv6 addresses (RFC 4291 §2.4, IANA's registry)."""
MOST_TRUSTED_IPV4 = 1 / 32
"""Part of all IPv4 addresses that may be proxies: the private networks together are less."""
MOST_TRUSTED_IPV6 = 2.0**-13
"""Part of those IPv6 addresses that may be proxies: a /16, more than any one network has. What the registries have been
given is a sixty-fourth."""


def _proxies(given: tuple[str, ...]) -> tuple[str, ...]:
    networks: list[IPv4Network | IPv6Network] = []
    for each in given:
        try:
            network = ip_network(each)
        except ValueError:
            raise ValueError("Name each proxy by its address or its network, as 10.0.0.0/8.") from None
        networks.append(_as_ipv4(network))
    ipv4 = collapse_addresses(each for each in networks if isinstance(each, IPv4Network))
    ipv6 = collapse_addresses(each for each in networks if isinstance(each, IPv6Network))
    trusted_ipv4 = sum(2.0**-each.prefixlen for each in ipv4)
    trusted_ipv6 = sum(_part_of_global(each) for each in ipv6)
    if trusted_ipv4 > MOST_TRUSTED_IPV4 or trusted_ipv6 > MOST_TRUSTED_IPV6:
        raise ValueError("Nearly every caller would be trusted to name its own address: name the proxies alone.")
    return given


def _part_of_global(network: IPv6Network) -> float:
    """The part that the network has of the addresses of the Internet's callers."""
    if not network.overlaps(GLOBAL_IPV6):
        return 0.0
    return 2.0 ** (min(GLOBAL_IPV6.prefixlen - network.prefixlen, 0))


def _as_ipv4(network: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    """The network, or the IPv4 one that it shows as an IPv6 one (RFC 4291 §2.5.5.2); all of IPv4 where it has that."""
    if isinstance(network, IPv4Network) or not network.overlaps(IPV4_IN_IPV6):
        return network
    beyond = max(network.prefixlen - IPV4_IN_IPV6.prefixlen, 0)
    return IPv4Network((int(network.network_address) & 0xFFFFFFFF, beyond))


def _origins(given: tuple[str, ...]) -> tuple[str, ...]:
    if not all(ORIGIN.fullmatch(each) for each in given):
        raise ValueError("List each origin exactly, as https://cms.example, without a path; there is no wildcard.")
    return given


def _pepper(given: SecretStr) -> SecretStr:
    if len(given) < MIN_PEPPER_CHARACTERS:
        raise ValueError(f"Must have at least {MIN_PEPPER_CHARACTERS} characters: `openssl rand -hex 32` makes one.")
    return given


def _named(given: Any) -> Any:
    if given == "":
        raise ValueError("Must name a folder: leave it out for `var`.")
    return given


class Settings(BaseSettings):
    """What the operator may choose; read once at start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True)

    data_dir: Annotated[Path, BeforeValidator(_named)] = Field(
        Path("var"), description="Where the SQLite file, the first key and the pepper are kept; made if absent."
    )
    database_url: str | None = Field(
        None,
        description="SQLAlchemy URL, `postgresql+psycopg://...` in production; a SQLite file in the data directory.",
    )
    host: str = Field(
        "127.0.0.1", description="Address that the server listens on; one that is not loopback needs `behind_proxy`."
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port that the server listens on; 0 takes a free one.")
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes that serve; more than one needs PostgreSQL, or SQLite 3.51.3 as pysqlite3 brings it.",
    )
    behind_proxy: bool = Field(
        False, description="Whether a proxy that speaks TLS stands in front, so that any address may be listened on."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_proxies)] = Field(
        ("127.0.0.1", "::1"),
        description="Addresses and networks of the proxies in front, with commas between them: what they say in "
        "X-Forwarded-For is believed to be the caller's address. Without `behind_proxy` nobody is believed.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_origins)] = Field(
        (), description="Origins whose pages may call the API, as `https://cms.example`, with commas between them."
    )
    public_read: bool = Field(False, description="Whether what is public may be read without a key.")
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = Field(
        "info", description="Least severe level logged, in either case."
    )
    max_body_bytes: int = Field(
        1_048_576,
        ge=1024,
        le=MOST_BODY_BYTES,
        description="Longest request body accepted, in bytes; 4 MiB at the most.",
    )
    max_in_flight: int = Field(
        64, ge=1, description="Requests that one process answers at once; it turns the rest away with 503."
    )
    rate_per_address: int = Field(
        24_000,
        ge=0,
        description="Requests a minute from one address, an IPv6 one with all of its /64; 0 for any number.",
    )
    rate_per_key: int = Field(12_000, ge=0, description="Requests a minute with one key; 0 for any number.")
    query_seconds: float = Field(
        10,
        ge=0,
        le=A_DAY_S,
        description="Longest that one read takes, all in all; 0 for any time, of the processor too.",
    )
    query_processor_seconds: float = Field(
        2,
        ge=0,
        le=A_DAY_S,
        description="Most that one read takes of the processor, in seconds; 0 for as much as it takes.",
    )
    write_seconds: float = Field(
        10,
        ge=0,
        le=A_DAY_S,
        description="Longest that one write takes, with the time it waits for others; 0 for any time, of the "
        "processor too.",
    )
    write_processor_seconds: float = Field(
        2,
        ge=0,
        le=A_DAY_S,
        description="Most that one write takes of the processor, in seconds; 0 for as much as it takes.",
    )
    pepper: Annotated[SecretStr, AfterValidator(_pepper)] | None = Field(
        None,
        description="Secret that keys and cursors are hashed with; made in the data directory if absent. Hosts that "
        "share a database must share it.",
    )
    oidc_issuer: SafeUrl | None = Field(
        None,
        description="OpenID Connect issuer whose bearer tokens are accepted beside API keys, exactly as its tokens "
        "name it; no token is if absent.",
    )
    oidc_audience: str | None = Field(
        None,
        min_length=1,
        validate_default=True,
        description="What a token must be meant for (`aud`); needed with an issuer.",
    )
    oidc_jwks_url: SafeUrl | None = Field(
        None, description="Where the issuer publishes its keys; asked of the issuer itself if absent."
    )
    oidc_groups_claim: str = Field(
        "groups", min_length=1, description="Claim of a token that lists its holder's groups."
    )
    oidc_scopes: Annotated[dict[str, list[str]], NoDecode, BeforeValidator(_json_object)] = Field(
        default={},
        description='Scopes of each group, a JSON object: {"verification desk": ["claims:read", "claims:assess"]}.',
    )

    @field_validator("oidc_audience")
    @classmethod
    def _is_set_with_an_issuer(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("oidc_issuer") is not None:
            raise ValueError("Must be set with an issuer, or tokens meant for anyone would be accepted.")
        return value

    @field_validator("oidc_audience", "oidc_jwks_url", "oidc_groups_claim", "oidc_scopes")
    @classmethod
    def _goes_with_an_issuer(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].default
        if value != default and info.data.get("oidc_issuer", "") is None:
            raise ValueError("Goes with an issuer: set ONRECORD_OIDC_ISSUER too.")
        return value

    @property
    def url(self) -> str:
        """The database's URL: the one set, or a SQLite file in the data directory."""
        file = URL.create("sqlite", database=str(self.data_dir / "onrecord.sqlite3"))
        return self.database_url or file.render_as_string()
