"""The service as commands on an editor's machine reach it: over HTTP, with a key that never stands in an argument."""

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console

KEY_VARIABLE: Final = "ONRECORD_KEY"
KEY_FORM: Final = re.compile(r"[!-~]+")
"""What can stand in an Authorization header: visible ASCII."""
ID_FORM: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMEOUT_S: Final = 60.0
"""For one request. An erasure may wait for the readers of the database."""
PAGE_LIMIT: Final = 200
NOT_ONRECORD: Final = "What answers at this address is not Onrecord."

Url = Annotated[str, typer.Option("--url", envvar="ONRECORD_URL", help="Address of the service.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help=f"File with your API key. Without it the key is taken from {KEY_VARIABLE}."),
]
DEFAULT_URL: Final = "http://127.0.0.1:8000"


class CommandFailed(Exception):
    """A command could not be carried out; the message tells why, and nothing that is secret."""


class Refused(CommandFailed):
    """The service refused a request; `status` is the answer's."""

    def __init__(self, why: str, status: int) -> None:
        """Takes what to say, and the status."""
        super().__init__(why)
        self.status = status


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Ends the command with a line in place of a traceback where CommandFailed is raised inside."""
    try:
        yield
    except CommandFailed as failure:
        say(str(failure), style="red")
        raise typer.Exit(1) from None


def say(line: str, *, style: str | None = None) -> None:
    """Prints a line for people, apart from the command's output."""
    Console(stderr=True, highlight=False).print(line, style=style, markup=False, soft_wrap=True)


class Service:
    """A running service, and one caller of it."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Takes the address and the key. Raises CommandFailed for an address that would carry the key in the clear."""
        if not KEY_FORM.fullmatch(key):
            raise CommandFailed(f"It takes an API key of the service: put it in {KEY_VARIABLE}, or name its file.")
        try:
            base = httpx.URL(url)
        except httpx.InvalidURL:
            raise CommandFailed("This is no address of a service.") from None
        _check_address(base)
        self._base, self._key, self._transport = base, key, transport

    def ask(
        self, method: str, path: str, *, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON of a request that succeeds, empty where there is none; raises Refused or CommandFailed."""
        try:
            with self._client() as client:
                response = client.request(method, path, json=body, headers=headers)
        except httpx.TimeoutException:
            raise CommandFailed("The service did not answer in time.") from None
        except httpx.HTTPError:
            raise CommandFailed(f"No service answers at {self._base}.") from None
        if response.status_code == httpx.codes.NO_CONTENT:
            return {}
        try:
            answer = response.json()
        except ValueError:
            raise CommandFailed(NOT_ONRECORD) from None
        if not isinstance(answer, dict):
            raise CommandFailed(NOT_ONRECORD)
        if not response.is_success:
            raise Refused(_explained(answer), response.status_code)
        return answer

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._key}", "Cache-Control": "no-store"}
        return httpx.Client(base_url=self._base, headers=headers, timeout=TIMEOUT_S, transport=self._transport)

    def custodians(self) -> list[dict[str, Any]]:
        """Every custodian that is registered, retired ones included, the first registered first."""
        items: list[dict[str, Any]] = []
        path = f"/v1/custodians?limit={PAGE_LIMIT}"
        page = self.ask("GET", path)
        while True:
            try:
                items += [
                    {name: item[name] for name in ("id", "name", "recipient", "retired_at")} for item in page["items"]
                ]
                cursor = page["next_cursor"]
            except (KeyError, TypeError):
                raise CommandFailed(NOT_ONRECORD) from None
            if cursor is None:
                return items
            page = self.ask("GET", f"{path}&cursor={cursor}")


def service(url: str, key_file: Path | None) -> Service:
    """The service at the address, with the key of the file or of the environment; raises CommandFailed."""
    if key_file is None:
        return Service(url, os.environ.get(KEY_VARIABLE, "").strip())
    try:
        return Service(url, key_file.read_text("ascii").strip())
    except (OSError, UnicodeError):
        raise CommandFailed(f"{key_file} cannot be read.") from None


def checked_id(value: str) -> str:
    """The id; raises CommandFailed for what is none."""
    if not ID_FORM.fullmatch(value):
        raise CommandFailed("This is no id: one has 36 characters, like 7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11.")
    return value


def _check_address(base: httpx.URL) -> None:
    if base.scheme not in {"http", "https"} or not base.host:
        raise CommandFailed("The address of a service begins with http:// or https://.")
    if base.userinfo:
        raise CommandFailed("The address has a password in it: leave it out, the service does not ask for one.")
    if base.scheme == "http" and not _is_this_machine(base.host):
        raise CommandFailed(
            "Over http:// whoever is on the way reads the key: use https://, or a tunnel that ends on this machine."
        )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _explained(problem: dict[str, Any]) -> str:
    """Why a request was refused, in the service's own words where it has any."""
    if not {"code", "detail", "errors"} <= problem.keys():
        return NOT_ONRECORD
    faults = [f"{error.get('pointer') or error.get('parameter')}: {error['detail']}" for error in problem["errors"]]
    return f"The service refused it: {'; '.join(faults) or problem['detail']}"
