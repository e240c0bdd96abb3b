"""The service as commands on an editor's machine reach it: over HTTP, with a key that never stands in an argument.

The service may have been taken, so an answer is believed to be nothing but what its type here says, and whatever is
printed of one goes through `shown`.
"""

import ipaddress
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import httpx
import typer
from pydantic import BaseModel, ConfigDict, ValidationError
from rich.console import Console

from app.kit.private import OPEN_TO_OTHERS, OpenToOthers
from app.kit.visible import plain

KEY_VARIABLE: Final = "ONRECORD_KEY"
KEY_FORM: Final = re.compile(r"[!-~]+")
"""What can stand in an Authorization header: visible ASCII."""
ID_FORM: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMEOUT_S: Final = 60.0
"""For one request. An erasure may wait for the readers of the database."""
CUSTODIANS: Final = "/v1/custodians"
PAGE_LIMIT: Final = 200
MAX_FILE_BYTES: Final = 1_048_576
"""Longest file of keys, or age file, that is read: a hundred times any that makes sense."""
NOT_ONRECORD: Final = "What answers at this address is not Onrecord."

Url = Annotated[str, typer.Option("--url", envvar="ONRECORD_URL", help="Address of the service.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key-file", help=f"File with your API key. Without it the key is taken from {KEY_VARIABLE}."),
]
DEFAULT_URL: Final = "http://127.0.0.1:8000"


class Answer(BaseModel):
    """What the service answers with, as far as a command looks at it; the rest of it is left aside."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Registered(Answer):
    """A custodian, as the service lists it."""

    id: str
    name: str
    recipient: str
    retired_at: str | None


class RegisteredPage(Answer):
    """One page of custodians."""

    items: list[Registered]
    next_cursor: str | None


class Fault(Answer):
    """One thing wrong with a request."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Explained(Answer):
    """Problem details (RFC 9457), as the service writes them."""

    code: str
    detail: str
    errors: list[Fault]

    @property
    def faults(self) -> list[str]:
        """What is wrong where, as it may be printed."""
        return [shown(f"{fault.pointer or fault.parameter}: {fault.detail}") for fault in self.errors]


A = TypeVar("A", bound=Answer)


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


def shown(text: str, *, keep: str = "") -> str:
    """The text as it may be printed: what could make a terminal show something else is replaced by U+FFFD.

    Everything that comes from a service goes through here first. Characters to `keep` are left as they are.
    """
    return plain(text, keep=keep)


def read_answer(answer: type[A], content: bytes) -> A | None:
    """The JSON as that answer; None for what is none, of whatever shape it is."""
    try:
        return answer.model_validate_json(content)
    except ValidationError:
        return None


class Service:
    """A running service, and one caller of it."""

    def __init__(self, url: str, key: str, *, transport: httpx.BaseTransport | None = None) -> None:
        """Takes the address and the key. Raises CommandFailed for an address that would carry the key in the clear."""
        if not KEY_FORM.fullmatch(key):
            raise CommandFailed(
                f"It takes an API key of the service: put it in {KEY_VARIABLE}, or name its file with --key-file."
            )
        self._base, self._key, self._transport = checked_address(url), key, transport

    def ask(
        self,
        method: str,
        path: str,
        *,
        answer: type[A],
        body: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> A:
        """The answer to a request that succeeds; raises Refused, or CommandFailed for an answer of another shape."""
        try:
            with self._client() as client:
                response = client.request(method, path, json=body, params=query, headers=headers)
        except httpx.TimeoutException:
            raise CommandFailed("The service did not answer in time.") from None
        except httpx.HTTPError:
            raise CommandFailed(f"No service answers at {self._base}.") from None
        if not response.is_success:
            raise _refusal(response)
        content = b"{}" if response.status_code == httpx.codes.NO_CONTENT else response.content
        found = read_answer(answer, content)
        if found is None:
            raise CommandFailed(NOT_ONRECORD)
        return found

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self._key}", "Cache-Control": "no-store"}
        return httpx.Client(base_url=self._base, headers=headers, timeout=TIMEOUT_S, transport=self._transport)

    def custodians(self) -> list[Registered]:
        """Every custodian that is registered, retired ones included, the first registered first."""
        query = {"limit": str(PAGE_LIMIT)}
        page = self.ask("GET", CUSTODIANS, answer=RegisteredPage, query=query)
        items = list(page.items)
        while page.next_cursor is not None:
            page = self.ask("GET", CUSTODIANS, answer=RegisteredPage, query={**query, "cursor": page.next_cursor})
            items += page.items
        return items


def service(url: str, key_file: Path | None) -> Service:
    """The service at the address, with the key of the file or of the environment; raises CommandFailed."""
    return Service(url, api_key(key_file))


def api_key(key_file: Path | None) -> str:
    """The key in the file, or else in the environment, empty where there is none; raises CommandFailed."""
    if key_file is None:
        return os.environ.get(KEY_VARIABLE, "").strip()
    try:
        return file_bytes(key_file, secret=True).decode("ascii").strip()
    except UnicodeError:
        raise CommandFailed(f"{key_file} cannot be read.") from None


def file_bytes(path: Path, *, secret: bool = False) -> bytes:
    """What is in the file, or comes out of the pipe; raises CommandFailed for what cannot be read, or is too long.

    Also for a `secret` one that others than its owner may read: what was opened is looked at, not what had its name.
    """
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if secret and stat.S_ISREG(found.st_mode) and found.st_mode & OPEN_TO_OTHERS:
                raise CommandFailed(str(OpenToOthers([path])))
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_FILE_BYTES:
        raise CommandFailed(f"{path} is too long.")
    return content


def checked_id(value: str) -> str:
    """The id; raises CommandFailed for what is none."""
    if not ID_FORM.fullmatch(value):
        raise CommandFailed("This is no id: one has 36 characters, like 7b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11.")
    return value


def checked_address(url: str) -> httpx.URL:
    """The address of a service; raises CommandFailed for what is none, or would carry a key in the clear."""
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        raise CommandFailed("This is no address of a service.") from None
    if base.scheme not in {"http", "https"} or not base.host:
        raise CommandFailed("The address of a service begins with http:// or https://.")
    if base.userinfo:
        raise CommandFailed("The address has a password in it: leave it out, the service does not ask for one.")
    if base.scheme == "http" and not _is_this_machine(base.host):
        raise CommandFailed(
            "Over http:// whoever is on the way reads the key: use https://, or a tunnel that ends on this machine."
        )
    return base


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(response: httpx.Response) -> CommandFailed:
    """Why a request was refused, in the service's own words where it has any."""
    problem = read_answer(Explained, response.content)
    if problem is None:
        return CommandFailed(NOT_ONRECORD)
    why = f"The service refused it: {'; '.join(problem.faults) or shown(problem.detail)}"
    return Refused(why, response.status_code)
