"""Networks that a caller may come from: CIDR blocks (RFC 4632, RFC 4291 §2.3), and what lies in them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from app.kit.problems import RuleBroken

LONGEST: Final = 49
"""Characters of the longest block: an IPv6 address with an IPv4 one in it, a slash and three digits."""
FORM: Final = re.compile(r"[0-9a-f.:]+/[0-9]{1,3}")
IPV4_IN_IPV6: Final = IPv6Network("::ffff:0:0/96")

Block = IPv4Network | IPv6Network


def _block(text: str) -> str:
    try:
        block = ip_network(text) if FORM.fullmatch(text) else None
    except ValueError:
        block = None
    if block is None or str(block) != text:
        raise RuleBroken(
            "wrong_form",
            "Must be a CIDR block in its shortest form, no bit set beyond the prefix: 192.0.2.0/24, 2001:db8::/32.",
        )
    if isinstance(block, IPv6Network) and block.subnet_of(IPV4_IN_IPV6):
        raise RuleBroken("wrong_form", "Must be given as the IPv4 block that it stands for.")
    return text


Network = Annotated[
    str, StringConstraints(max_length=LONGEST), AfterValidator(_block), Field(examples=["192.0.2.0/24"])
]
"""A CIDR block, written as `ipaddress` writes it."""


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Block:
    return ip_network(text)


def is_address_within(host: str | None, networks: Iterable[str]) -> bool:
    """Whether the address lies in one of the blocks; no address lies in none, and what is not an address in none.

    An IPv4 address that a server for both kinds shows as IPv6 counts as the IPv4 address that it is.
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in _parsed(network) for network in networks)


def is_block_within(network: str, networks: Iterable[str]) -> bool:
    """Whether the block lies wholly in one of the blocks."""
    return any(_is_within(_parsed(network), _parsed(other)) for other in networks)


def _is_within(block: Block, other: Block) -> bool:
    if isinstance(block, IPv4Network):
        return isinstance(other, IPv4Network) and block.subnet_of(other)
    return isinstance(other, IPv6Network) and block.subnet_of(other)
