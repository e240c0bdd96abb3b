"""CIDR blocks in one spelling, and what lies in them."""

import pytest
from pydantic import TypeAdapter, ValidationError

from app.kit.networks import Network, is_address_within, is_block_within

ANY_BLOCK: TypeAdapter[str] = TypeAdapter(Network)


@pytest.mark.parametrize("block", ["192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0", "::1/128"])
def test_a_block_in_its_shortest_form_is_taken_as_it_is(block: str) -> None:
    assert ANY_BLOCK.validate_python(block) == block


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2.0/255.255.255.0",
        "192.0.2.0/024",
        "192.0.02.0/24",
        "2001:DB8::/32",
        "2001:db8:0::/32",
        "2001:db8::/129",
        "fe80::%eth0/64",
        "::ffff:0:0/96",
        "::ffff:c000:200/120",
        " 192.0.2.0/24",
        "192.0.2.0/24\n",
        "١٩٢.0.2.0/24",
        "localhost",
        "/",
        "",
        "1" * 50,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ANY_BLOCK.validate_python(text)


@pytest.mark.parametrize(
    ("host", "networks", "within"),
    [
        ("192.0.2.7", ["198.51.100.0/24", "192.0.2.0/24"], True),
        ("192.0.3.7", ["192.0.2.0/24"], False),
        ("::ffff:192.0.2.7", ["192.0.2.0/24"], True),
        ("2001:db8::1", ["2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32"], False),
        ("::1", ["0.0.0.0/0"], False),
        ("127.0.0.1", ["::/0"], False),
        ("testclient", ["0.0.0.0/0", "::/0"], False),
        ("", ["0.0.0.0/0"], False),
        (None, ["0.0.0.0/0", "::/0"], False),
        ("192.0.2.7", [], False),
    ],
)
def test_an_address_lies_in_the_blocks_or_not(host: str | None, networks: list[str], within: bool) -> None:
    assert is_address_within(host, networks) is within


@pytest.mark.parametrize(
    ("block", "networks", "within"),
    [
        ("192.0.2.0/25", ["192.0.2.0/24"], True),
        ("192.0.2.0/24", ["192.0.2.0/24"], True),
        ("192.0.2.0/23", ["192.0.2.0/24"], False),
        ("192.0.2.0/24", ["192.0.2.0/25", "192.0.2.128/25"], False),
        ("2001:db8:1::/48", ["192.0.2.0/24", "2001:db8::/32"], True),
        ("0.0.0.0/0", ["::/0"], False),
        ("::/0", ["0.0.0.0/0"], False),
    ],
)
def test_a_block_lies_in_others_or_not(block: str, networks: list[str], within: bool) -> None:
    assert is_block_within(block, networks) is within
