"""The site of an address: its host as it is compared."""

import pytest

from app.kit.urls import SITE_LENGTH, site_of


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.Example.org/check/1", "example.org"),
        ("http://example.org:8080?x=1", "example.org"),
        ("HTTPS://EXAMPLE.ORG.", "example.org"),
        ("https://sub.example.org/", "sub.example.org"),
        ("https://www.com/", "www.com"),
        ("https://wwwexample.org/", "wwwexample.org"),
        ("https://MÜNCHEN.de/", "xn--mnchen-3ya.de"),
        ("https://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de"),
        ("https://192.0.2.1/", "192.0.2.1"),
        ("https://[2001:db8::1]/", "2001:db8::1"),
        ("https://example.org/?u=https://other.example/", "example.org"),
    ],
)
def test_the_site_of_an_address_is_its_host_in_one_spelling(url: str, site: str) -> None:
    assert site_of(url) == site


@pytest.mark.parametrize(
    "url", ["https://not a site/", "https://", "https://[", "https://..", f"https://{'a' * SITE_LENGTH}.org/"]
)
def test_what_has_no_host_that_can_be_written_has_no_site(url: str) -> None:
    assert site_of(url) is None
