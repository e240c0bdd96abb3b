"""Whose address a caller is taken to have: the connection's, or behind a proxy the one that the proxy tells of."""

from pathlib import Path

import httpx
import pytest

from tests.fixtures.commands import run_command, serving

FIRST, SECOND = "192.0.2.1", "2001:db8::1"
ASKED = "/v1/vocabulary"


def left(base_url: str, *addresses: str) -> list[str]:
    """How much of the rate limit of its address each request leaves, of requests that say they come from these."""
    with httpx.Client(base_url=base_url) as client:
        answers = [client.get(ASKED, headers={"X-Forwarded-For": address}) for address in addresses]
    return [str(answer.headers["ratelimit"].split("r=")[1].split(";")[0]) for answer in answers]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    return {
        "ONRECORD_DATA_DIR": str(folder / "data"),
        "ONRECORD_RATE_PER_ADDRESS": "100",
        **{f"ONRECORD_{name}": value for name, value in settings.items()},
    }


def test_without_a_proxy_nobody_is_believed(tmp_path: Path) -> None:
    with serving(tmp_path, environment(tmp_path)) as base_url:
        first, second, third = map(int, left(base_url, FIRST, SECOND, FIRST))
        assert first - 1 == second == third + 1
        assert "strict-transport-security" not in httpx.get(f"{base_url}{ASKED}").headers


def test_a_proxy_is_believed_about_the_last_address_that_is_not_a_proxys(tmp_path: Path) -> None:
    with serving(tmp_path, environment(tmp_path, BEHIND_PROXY="true")) as base_url:
        first, second, third, forged = map(int, left(base_url, FIRST, SECOND, FIRST, f"{SECOND}, {FIRST}, 127.0.0.1"))
        assert (first, second, third, forged) == (99, 99, 98, 97)
        assert "strict-transport-security" in httpx.get(f"{base_url}{ASKED}").headers
        no_http = httpx.request("NONSENSE", base_url)
        assert (no_http.status_code, "strict-transport-security" in no_http.headers) == (400, True)
        assert "date" in no_http.headers


def test_another_proxy_is_not_believed(tmp_path: Path) -> None:
    settings = environment(tmp_path, BEHIND_PROXY="true", TRUSTED_PROXIES="198.51.100.0/24")
    with serving(tmp_path, settings) as base_url:
        first, second = map(int, left(base_url, FIRST, SECOND))
        assert first - 1 == second


@pytest.mark.parametrize("arguments", [["serve", "--migrate", "--behind-proxy"]])
def test_the_option_lets_any_address_be_listened_on(tmp_path: Path, arguments: list[str]) -> None:
    settings = environment(tmp_path, HOST="0.0.0.0", PORT="0")
    ended = run_command(tmp_path, arguments, settings, until_bound=True)
    assert (ended.code, ended.bound) == (0, True), ended.said
