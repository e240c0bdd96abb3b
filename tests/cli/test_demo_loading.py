"""Recording the demo: once, into what is empty, to its end, and with a clear word where it cannot be."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from rich.console import Console

from app import startup
from app.access.context import Context
from app.cli.demo import CLAIMS, DemoLoader, Step, demo_steps, load_if_empty, load_over_http
from app.keys.service import FIRST_KEY_ID, at_the_server, ensure_first_key, revoke_key
from app.kit.db import Database
from app.main import create_app
from app.models.vocabulary import Scope
from app.settings import Settings
from tests.fixtures.api import make_key

SERVICE = "http://localhost"
STEPS = demo_steps()
WHOLE = {
    "source": 11,
    "source_relation": 4,
    "document": 3,
    "claim": 22,
    "attribution": 22,
    "assessment": 8,
    "relation": 6,
}
"""How many rows of each kind the demo is."""


class Said(Console):
    """A console that is no terminal and keeps what it is told."""

    def __init__(self) -> None:
        self.told = StringIO()
        super().__init__(file=self.told)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a SQLite file of their own, which is made by `context`."""
    return Settings(data_dir=tmp_path / "var", database_url=None, pepper=None)


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    """A migrated database of these settings, with its first key."""
    context = startup.open_context(settings)
    startup.migrate(context.database)
    ensure_first_key(context)
    yield context
    context.database.dispose()


@pytest.fixture
def app(context: Context) -> FastAPI:
    app = create_app(context.settings)
    app.state.context = context
    return app


def counts(database: Database) -> dict[str, int]:
    """How many rows of each kind there are."""
    with database.reading() as session:
        connection = session.connection()
        return {name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one() for name in WHOLE}


def call(app: FastAPI, work: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> Any:
    """The JSON of a request that succeeds, with a key of every scope."""
    headers = {"Authorization": f"Bearer {make_key(app.state.context)}"}

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SERVICE, headers=headers) as client:
            return await work(client)

    response = asyncio.run(run())
    assert response.is_success, response.text
    return response.json()


def record_draft(app: FastAPI) -> None:
    """Records a claim that is not the demo's."""
    body = {"statement": "Somebody said something.", "kind": "event", "status": "draft"}
    call(app, lambda client: client.post(CLAIMS, json=body))


def reword_newest(app: FastAPI) -> None:
    """Changes the statement of the newest claim."""

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        path = f"{CLAIMS}/{(await client.get(CLAIMS)).json()['items'][0]['id']}"
        etag = (await client.get(path)).headers["etag"]
        return await client.patch(path, json={"statement": "Reworded."}, headers={"If-Match": etag})

    call(app, work)


def stop_after(records: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the loader stop, as Ctrl-C does, when it has sent so many records."""
    send, sent = DemoLoader._send, 0

    async def stopping(self: DemoLoader, step: Step) -> Any:
        nonlocal sent
        if sent == records:
            raise KeyboardInterrupt
        sent += 1
        return await send(self, step)

    monkeypatch.setattr(DemoLoader, "_send", stopping)


def forget_replies(database: Database) -> None:
    """Makes it the day after: no Idempotency-Key is known any more."""
    database.write(lambda session: session.connection().exec_driver_sql("DELETE FROM stored_reply"))


def test_empty_database_gets_the_whole_demo(settings: Settings, context: Context) -> None:
    console = Said()
    assert load_if_empty(settings, console)
    assert console.told.getvalue() == "The demo is recorded: 22 claims of one article.\n"
    assert counts(context.database) == WHOLE


def test_second_run_records_and_says_nothing(settings: Settings, context: Context) -> None:
    load_if_empty(settings, Said())
    forget_replies(context.database)
    console = Said()
    assert load_if_empty(settings, console)
    assert console.told.getvalue() == ""
    assert counts(context.database) == WHOLE


@pytest.mark.parametrize("records", [5, 13, 18, len(STEPS) // 2, len(STEPS) - 1])
def test_interrupted_demo_is_finished_even_days_later(
    settings: Settings, context: Context, monkeypatch: pytest.MonkeyPatch, records: int
) -> None:
    with monkeypatch.context() as patched:
        stop_after(records, patched)
        with pytest.raises(KeyboardInterrupt):
            load_if_empty(settings, Said())
    assert sum(counts(context.database).values()) < sum(WHOLE.values())
    forget_replies(context.database)
    assert load_if_empty(settings, Said())
    assert counts(context.database) == WHOLE


def test_database_with_other_claims_is_left_alone(settings: Settings, context: Context, app: FastAPI) -> None:
    record_draft(app)
    quiet, told = Said(), Said()
    assert not load_if_empty(settings, quiet)
    assert not load_if_empty(settings, told, quiet=False)
    assert quiet.told.getvalue() == ""
    assert told.told.getvalue() == "Other claims are recorded here, so the demo was left out.\n"
    assert counts(context.database) == dict.fromkeys(WHOLE, 0) | {"claim": 1}


def test_demo_that_others_work_with_is_not_touched(settings: Settings, context: Context, app: FastAPI) -> None:
    load_if_empty(settings, Said())
    reword_newest(app)
    load_if_empty(settings, Said())
    assert counts(context.database) == WHOLE
    record_draft(app)
    load_if_empty(settings, Said())
    assert counts(context.database) == WHOLE | {"claim": 23}


def test_relation_that_someone_removed_stays_removed(settings: Settings, context: Context, app: FastAPI) -> None:
    load_if_empty(settings, Said())

    async def remove(client: httpx.AsyncClient) -> httpx.Response:
        for source in (await client.get("/v1/sources")).json()["items"]:
            path = f"/v1/sources/{source['id']}/relations"
            for relation in (await client.get(path)).json()["items"]:
                etag = (await client.get(f"{path}/{relation['id']}")).headers["etag"]
                await client.delete(f"{path}/{relation['id']}", headers={"If-Match": etag})
        return await client.get("/v1/sources")

    call(app, remove)
    assert load_if_empty(settings, Said())
    assert counts(context.database) == WHOLE | {"source_relation": 0}


def test_absent_first_key_is_said_in_a_line(settings: Settings, context: Context) -> None:
    path = settings.data_dir / "first.key"
    path.unlink()
    console = Said()
    assert not load_if_empty(settings, console)
    told = console.told.getvalue()
    assert told.startswith(f"The demo was not recorded. There is no key to do it with: {path} is absent. Put one in ")
    assert "--key-file" in told
    assert load_if_empty(settings, console, key=make_key(context))


def test_revoked_first_key_is_said_in_a_line(settings: Settings, context: Context) -> None:
    context.database.write(lambda session: revoke_key(at_the_server(context, session), FIRST_KEY_ID))
    console = Said()
    assert not load_if_empty(settings, console)
    where = settings.data_dir / "first.key"
    assert f"does not accept the key in {where}: it is none of its own, or revoked" in console.told.getvalue()
    assert console.told.getvalue().count("\n") == 1


def test_the_key_given_is_taken_before_the_first_one(settings: Settings, context: Context) -> None:
    console = Said()
    assert not load_if_empty(settings, console, key="onr_another")
    assert "does not accept the key given" in console.told.getvalue()


def test_where_there_is_no_database_none_is_made(settings: Settings) -> None:
    with pytest.raises(startup.NoDatabase):
        load_if_empty(settings, Said())


def test_running_service_gets_the_demo_once(context: Context, app: FastAPI) -> None:
    key, console = make_key(context), Said()
    for _ in range(2):
        assert load_over_http(SERVICE, key, console, transport=httpx.ASGITransport(app))
    assert console.told.getvalue().splitlines() == [
        "The demo is recorded: 22 claims of one article.",
        "The demo is recorded here already.",
    ]
    assert counts(context.database) == WHOLE


def test_key_without_a_scope_is_told_which_and_another_goes_on(context: Context, app: FastAPI) -> None:
    narrow = make_key(context, Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.CLAIMS_PUBLISH, Scope.SOURCES_WRITE)
    console = Said()
    assert not load_over_http(SERVICE, narrow, console, transport=httpx.ASGITransport(app))
    assert "The service refused it (403): This needs the scope claims:assess." in console.told.getvalue()
    assert load_over_http(SERVICE, make_key(context), Said(), transport=httpx.ASGITransport(app))
    assert counts(context.database) == WHOLE


@pytest.mark.parametrize(
    ("url", "key", "words"),
    [
        (SERVICE, "", "put it in ONRECORD_KEY, or name its file with --key-file"),
        (SERVICE, "no\nkey", "It takes an API key of the service, which the key given is not"),
        (SERVICE, "onr_wrong", "The service does not accept the key given"),
        ("http://[::1", "onr_wrong", "This is no address of a service"),
        ("http://newsroom.example", "onr_wrong", "Over http:// whoever is on the way reads the key"),
    ],
)
def test_wrong_key_or_address_is_said_clearly(app: FastAPI, url: str, key: str, words: str) -> None:
    console = Said()
    assert not load_over_http(url, key, console, transport=httpx.ASGITransport(app))
    assert words in console.told.getvalue()


def no_answer(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def late_answer(_request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late")


def refusal(**fields: object) -> httpx.Response:
    return httpx.Response(409, json={"code": "conflict", "detail": "No.", "errors": []} | fields)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (no_answer, "No service answers at http://localhost."),
        (late_answer, "The service did not answer in time."),
        (lambda _: httpx.Response(404, text="<h1>Not found</h1>"), "What answers at this address is not Onrecord."),
        (lambda _: httpx.Response(200, json=[]), "What answers at this address is not Onrecord."),
        (lambda _: httpx.Response(200, json={"hello": "world"}), "What answers at this address is not Onrecord."),
        (lambda _: httpx.Response(401, json={"error": "login"}), "What answers at this address is not Onrecord."),
        (lambda _: refusal(errors=[{}]), "What answers at this address is not Onrecord."),
        (lambda _: refusal(errors=5), "What answers at this address is not Onrecord."),
        (lambda _: refusal(detail="a\x1b[2J"), "The service refused it (409): a\ufffd[2J\n"),
        (lambda _: refusal(errors=[{"pointer": "\x1b", "detail": "\u202e"}]), "(409): No. \ufffd: \ufffd\n"),
        (lambda _: httpx.Response(200, content=b"[" * 100_000), "What answers at this address is not Onrecord."),
    ],
)
def test_no_service_is_said_clearly(answer: Callable[[httpx.Request], httpx.Response], words: str) -> None:
    console = Said()
    assert not load_over_http(SERVICE, "onr_key", console, transport=httpx.MockTransport(answer))
    assert words in console.told.getvalue()


def test_terminal_shows_a_bar_and_keeps_one_line(settings: Settings, context: Context) -> None:
    told = StringIO()
    load_if_empty(settings, Console(file=told, force_terminal=True, color_system=None))
    assert "Recording the demo" in told.getvalue()
    assert told.getvalue().endswith("The demo is recorded: 22 claims of one article.\n")
