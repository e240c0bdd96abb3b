"""What never reaches the app: requests that cannot be parsed, over a real connection."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app import startup
from app.kit.db import Database
from tests.fixtures.server import running_server

MANY = "&".join(["topic=marked"] * 10_000)
LONG = f"q={'marked' * 17_000}"


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'onrecord.sqlite3'}"
    database = Database(url)
    startup.migrate(database)
    database.dispose()
    return url


@pytest.mark.parametrize("query", [MANY, LONG], ids=["10,000 parameters", "100 kB"])
def test_an_address_that_is_too_long_is_answered_with_a_problem(tmp_path: Path, database_url: str, query: str) -> None:
    with running_server(tmp_path, database_url) as server:
        host, port = urlsplit(server.base_url).hostname, urlsplit(server.base_url).port
        with socket.create_connection((str(host), port or 0), timeout=30) as connection:
            connection.sendall(f"GET /v1/claims?{query} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b"content-type: application/problem+json" in head
        assert b'"code":"bad_request"' in body
        assert b"marked" not in received
        assert httpx.get(f"{server.base_url}/healthz").status_code == 200


def test_what_is_no_http_is_answered_with_a_problem(tmp_path: Path, database_url: str) -> None:
    with running_server(tmp_path, database_url) as server:
        address = (str(urlsplit(server.base_url).hostname), urlsplit(server.base_url).port or 0)
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall(b"marked\r\n\r\n")
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert b"application/problem+json" in received
        assert b"marked" not in received
