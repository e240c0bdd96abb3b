"""Records the demo, the claims of one article, through the public API: in this process, or in a running service.

What is recorded stands in `demo_claims.json`. Before each record is sent the loader looks for it, so a run that was
interrupted is taken up where it stopped, at any later time; a service that holds anything else is left alone.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

import httpx
import structlog
from rich.console import Console
from rich.progress import Progress

from app.access.secrets import read_first_key
from app.cli.remote import (
    KEY_FORM,
    KEY_VARIABLE,
    NOT_ONRECORD,
    CommandFailed,
    Explained,
    checked_address,
    read_answer,
    shown,
)
from app.kit.logs import LEVELS
from app.main import create_app
from app.settings import Settings

REFERENCE: Final = re.compile(r"\$(source|document|claim|attribution):\S+")
TIMEOUT_S: Final = 30.0
"""For one request over the network; a loaded service answers in a fraction of it."""
PAGE_LIMIT: Final = 200
CLAIMS: Final = "/v1/claims"
IN_PROCESS: Final = "http://onrecord.internal"
"""The base address of requests that never leave the process."""


class DemoNotRecorded(Exception):
    """The demo could not be recorded, or not to its end; the message tells the operator why."""


class Found(StrEnum):
    """What there is of the demo in a service."""

    NOTHING_ELSE = "nothing else"
    ALL = "all"
    OTHER_CLAIMS = "other claims"


@dataclass(frozen=True, slots=True)
class Step:
    """One record of the demo. Name, path and body may hold references to records of earlier steps."""

    name: str
    path: str
    body: dict[str, Any]
    known_by: tuple[str, ...]
    """The fields by which it is found among what is recorded at its path."""


def demo_steps() -> list[Step]:
    """The demo's records in the order in which they are sent, each after all that it refers to.

    The last one can be neither removed nor reworded in a service, so that where it stands the demo is complete.
    """
    demo = json.loads((files("app.cli") / "demo_claims.json").read_text(encoding="utf-8"))
    sources = [
        Step(f"$source:{name}", "/v1/sources", body, ("kind", "name", "description"))
        for name, body in demo["sources"].items()
    ]
    documents = [
        Step(f"$document:{name}", "/v1/documents", body, ("url" if "url" in body else "title",))
        for name, body in demo["documents"].items()
    ]
    claims = [Step(f"$claim:{name}", CLAIMS, body, ("statement",)) for name, body in demo["claims"].items()]
    return [
        *sources,
        *(_below("source", "relations", body, ("kind", "other_id")) for body in demo["source_relations"]),
        *documents,
        *claims,
        *(_below("claim", "assessments", body, ("assessor", "attribution_id")) for body in demo["assessments"]),
        *(_below("claim", "relations", body, ("kind", "other_claim_id")) for body in demo["relations"]),
    ]


def _below(parent: str, member: str, entry: dict[str, Any], known_by: tuple[str, ...]) -> Step:
    """A record that hangs on another, which the entry names under `parent`."""
    body = {name: value for name, value in entry.items() if name != parent}
    what = " ".join([entry[parent], member, *(str(body.get(name)) for name in known_by)])
    return Step(what, f"/v1/{parent}s/{entry[parent]}/{member}", body, known_by)


@dataclass
class DemoLoader:
    """Records the demo through one client of the API, which bears the key."""

    client: httpx.AsyncClient
    key_words: str = "the key"
    """What to call the key when it is not accepted."""
    ids: dict[str, str] = field(default_factory=dict)
    """The ids of what is recorded, by reference."""
    _recorded: dict[str, list[Any]] = field(default_factory=dict)

    async def find(self) -> Found:
        """What there is of the demo, told by the oldest claims: it goes into a service that has none.

        Its own beginning is nothing else, since an interrupted run leaves that; and the rest of it is not missed once
        other claims came after it.
        """
        steps = demo_steps()
        statements = [step.body["statement"] for step in steps if step.path == CLAIMS]
        query = {"sort": "recorded_at", "limit": str(len(statements) + 1), "fields": "statement"}
        oldest = [claim["statement"] for claim in (await self._page(CLAIMS, query))["items"]]
        if oldest[: len(statements)] != statements[: len(oldest)]:
            return Found.OTHER_CLAIMS
        if len(oldest) < len(statements):
            return Found.NOTHING_ELSE
        if len(oldest) > len(statements):
            return Found.ALL
        for step in steps:
            if step.path == CLAIMS:
                await self._look_up(step)
        return Found.NOTHING_ELSE if await self._look_up(steps[-1]) is None else Found.ALL

    async def record(self, advance: Callable[[], None]) -> None:
        """Records what is missing of the demo; calls `advance` after each of its steps."""
        for step in demo_steps():
            if await self._look_up(step) is None:
                self._note(step, await self._send(step))
            advance()

    async def _look_up(self, step: Step) -> Any:
        """The record, if the service has it."""
        known_by = {name: self._resolved(step.body.get(name)) for name in step.known_by}
        for item in await self._all(self._resolved_path(step.path)):
            if known_by.items() <= item.items():
                self._note(step, item)
                return item
        return None

    async def _all(self, path: str) -> list[Any]:
        """Everything recorded at a path when the run began."""
        if path not in self._recorded:
            query = {"limit": str(PAGE_LIMIT)}
            page = await self._page(path, query)
            items = list(page["items"])
            while page["next_cursor"] is not None:
                page = await self._page(path, query | {"cursor": page["next_cursor"]})
                items += page["items"]
            self._recorded[path] = items
        return self._recorded[path]

    async def _page(self, path: str, query: dict[str, str]) -> Any:
        """One page of a list."""
        page = await self._ask("GET", path, params=query)
        if "items" not in page:
            raise DemoNotRecorded(NOT_ONRECORD)
        return page

    async def _send(self, step: Step) -> Any:
        """The record, made. Its Idempotency-Key keeps two runs at once from making it twice."""
        content = json.dumps(self._resolved(step.body), ensure_ascii=False).encode()
        path = self._resolved_path(step.path)
        digest = hashlib.sha256(path.encode() + b"\0" + content).hexdigest()
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"demo-{digest}"}
        return await self._ask("POST", path, content=content, headers=headers)

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of a request that succeeds; raises DemoNotRecorded for any other."""
        try:
            response = await self.client.request(method, path, **more)
        except httpx.TimeoutException:
            raise DemoNotRecorded("The service did not answer in time. Run it again to go on.") from None
        except httpx.HTTPError:
            raise DemoNotRecorded(f"No service answers at {self.client.base_url}.") from None
        if not response.is_success:
            raise DemoNotRecorded(self._explained(response))
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise DemoNotRecorded(NOT_ONRECORD)
        return answer

    def _explained(self, response: httpx.Response) -> str:
        """Why a request was refused, in the service's own words where it has any."""
        problem = read_answer(Explained, response.content)
        if problem is None:
            return NOT_ONRECORD
        if response.status_code == httpx.codes.UNAUTHORIZED:
            return f"The service does not accept {self.key_words}: it is none of its own, or revoked, or expired."
        refused = f"The service refused it ({response.status_code}):"
        return " ".join([refused, shown(problem.detail), *problem.faults])

    def _note(self, step: Step, item: Any) -> None:
        self.ids[step.name] = item["id"]
        for position, attribution in enumerate(item.get("attributions", [])):
            name = step.name.replace("$claim:", "$attribution:")
            self.ids[f"{name}/{position}"] = attribution["id"]

    def _resolved(self, value: Any) -> Any:
        """The value with every reference replaced by an id."""
        if isinstance(value, dict):
            return {name: self._resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        return self.ids[value] if isinstance(value, str) and REFERENCE.fullmatch(value) else value

    def _resolved_path(self, path: str) -> str:
        return "/".join(self._resolved(part) for part in path.split("/"))


def load_if_empty(settings: Settings, console: Console, *, quiet: bool = True, key: str = "") -> bool:
    """Records the demo in the settings' database if that has no claims; finishes one that was interrupted.

    Goes through the whole application, in this process, with the key given, or else the one in `first.key`. Says in a
    line what was done or what went wrong; that there was nothing to do, only if not `quiet`. Answers whether the demo
    is there. Raises NoDatabase where there is none, and SchemaNotCurrent for one that is not migrated.
    """
    return asyncio.run(_load_in_process(settings, key, Teller(console, quiet=quiet)))


def load_over_http(url: str, key: str, console: Console, *, transport: httpx.AsyncBaseTransport | None = None) -> bool:
    """Records the demo in the running service at `url` if that has no claims; finishes one that was interrupted.

    Says in a line what was done, or why nothing was. Answers whether the demo is there.
    """
    teller = Teller(console, quiet=False)
    if not key:
        return teller.failed(
            f"It takes an API key of the service: put it in {KEY_VARIABLE}, or name its file with --key-file."
        )
    try:
        address = checked_address(url)
    except CommandFailed as failure:
        return teller.failed(str(failure))
    return asyncio.run(_load(transport, str(address), key, teller))


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells the operator how it went."""

    console: Console
    quiet: bool
    """Whether to say nothing where there was nothing to do."""

    def say(self, line: str, *, style: str | None = None) -> None:
        """Prints a line, as it is."""
        self.console.print(line, style=style, markup=False, soft_wrap=True)

    def failed(self, why: str) -> bool:
        """Says why the demo is not recorded, and answers that it is not there."""
        self.say(f"The demo was not recorded. {why}", style="red")
        return False

    def nothing_to_do(self, why: str) -> None:
        """Says why nothing was done."""
        if not self.quiet:
            self.say(why)


async def _load_in_process(settings: Settings, key: str, teller: Teller) -> bool:
    app = create_app(settings)
    path = settings.data_dir / "first.key"
    with _no_access_log(settings):
        async with app.router.lifespan_context(app):
            key_words = "the key given" if key else f"the key in {path}"
            used = key or read_first_key(path)
            if used is None:
                return teller.failed(
                    f"There is no key to do it with: {path} is absent. Put one in {KEY_VARIABLE}, or name its file "
                    "with --key-file."
                )
            return await _load(httpx.ASGITransport(app), IN_PROCESS, used, teller, key_words=key_words)


@contextmanager
def _no_access_log(settings: Settings) -> Iterator[None]:
    """Logs warnings and errors alone for a while: what is loaded here is nobody's request."""
    before = structlog.get_config()["wrapper_class"]
    level = max(LEVELS[settings.log_level], LEVELS["warning"])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


async def _load(
    transport: httpx.AsyncBaseTransport | None, url: str, key: str, teller: Teller, *, key_words: str = "the key given"
) -> bool:
    if not KEY_FORM.fullmatch(key):
        return teller.failed(f"It takes an API key of the service, which {key_words} is not.")
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        try:
            return await _record(DemoLoader(client, key_words), teller)
        except DemoNotRecorded as fault:
            return teller.failed(str(fault))


async def _record(loader: DemoLoader, teller: Teller) -> bool:
    found = await loader.find()
    if found is Found.OTHER_CLAIMS:
        teller.nothing_to_do("Other claims are recorded here, so the demo was left out.")
        return False
    if found is Found.ALL:
        teller.nothing_to_do("The demo is recorded here already.")
        return True
    steps = demo_steps()
    with Progress(console=teller.console, transient=True, disable=not teller.console.is_terminal) as progress:
        task = progress.add_task("Recording the demo", total=len(steps))
        await loader.record(lambda: progress.advance(task))
    claims = sum(step.path == CLAIMS for step in steps)
    teller.say(f"The demo is recorded: {claims} claims of one article.")
    return True
