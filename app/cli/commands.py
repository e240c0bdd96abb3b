"""The commands of `onrecord`; each reads the same settings as the service."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final

import structlog
import typer
import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from starlette.types import Lifespan
from uvicorn.supervisors import Multiprocess

from app import startup
from app.cli import custodian, keys, sealing, verify
from app.cli import demo as demo_claims
from app.cli.address import check_address, listen
from app.cli.remote import KeyFile, api_key, failures_in_words
from app.cli.variables import check_names
from app.follow_ups import queries as follow_ups
from app.keys.service import ensure_first_key, record_outdated
from app.kit import logs
from app.kit.database_errors import may_pass, sqlstate
from app.kit.problems import field_errors
from app.kit.protocol import SERVING, ProblemProtocol, entrances
from app.kit.refusals import Refusal
from app.main import create_app
from app.settings import Settings

logger = structlog.get_logger(__name__)

WORKER_SILENCE_S: Final = 60
"""After which one of several processes that says nothing is ended and another begun. It says nothing while it imports
the app, which took longer than uvicorn's 5 s on a busy machine, so that none ever came up."""
DAMAGED: Final = frozenset({"SQLITE_NOTADB", "SQLITE_CORRUPT"})
console = Console(highlight=False)
app = typer.Typer(
    name="onrecord",
    help="Onrecord keeps source-attributed claims: who said what, through whom, in what words, and how sure we are.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="keys")
app.add_typer(custodian.app, name="custodian")
app.command()(sealing.seal)
app.command()(sealing.unseal)

Migrate = Annotated[bool, typer.Option("--migrate", help="Bring the database's tables to this version first.")]
BehindProxy = Annotated[
    bool,
    typer.Option("--behind-proxy", help="A proxy that speaks TLS stands in front: any address may be listened on."),
]
Demo = Annotated[bool, typer.Option("--demo", help="Record the demo claims first, if the database has no claims.")]


@app.command()
def serve(*, migrate: Migrate = False, demo: Demo = False, behind_proxy: BehindProxy = False) -> None:
    """Serve the API. Address, database and the rest come from ONRECORD_* environment variables."""
    if behind_proxy:
        os.environ["ONRECORD_BEHIND_PROXY"] = "true"  # for the processes that serve, which read their own settings
    settings = Settings()
    startup.configure_logging(settings.log_level)
    check_address(settings)
    if migrate:
        _migrate(settings)
    if demo:
        demo_claims.load_if_empty(settings, console)
    _check(settings)
    config = uvicorn.Config(
        "app.cli.commands:served_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=ProblemProtocol,
        log_level="warning",
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=WORKER_SILENCE_S,
        **SERVING,
    )
    listening = listen(settings)
    _greet(settings, listening.getsockname()[1])
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):  # uvicorn ends cleanly on Ctrl-C and then raises it again
        if settings.workers == 1:
            server.run(sockets=entrances(listening))
        else:
            Multiprocess(config, sockets=entrances(listening)).run()


def _check(settings: Settings) -> None:
    """Raises what would keep the service from starting, before a server says it in a traceback."""
    context = startup.open_context(settings, make=False)
    try:
        startup.check_database(context)
        startup.warn_of_sqlite(context.database)
        startup.warn_of_superuser(context.database)
        startup.warn_of_first_key(settings)
    finally:
        context.database.dispose()


def served_app() -> FastAPI:
    """The app as each serving process makes it."""
    settings = Settings()
    startup.configure_logging(settings.log_level)
    logs.mute_hooks()
    served = create_app(settings)
    served.router.lifespan_context = failures_logged(served.router.lifespan_context)
    return served


def failures_logged(begin: Lifespan[Any]) -> Lifespan[Any]:
    """Logs what ends the start, a Refusal by its words and anything else without; uvicorn leaves out what it was."""

    @asynccontextmanager
    async def begin_and_tell(app: Any) -> AsyncIterator[Any]:
        async with AsyncExitStack() as until_it_ends:
            try:
                state = await until_it_ends.enter_async_context(begin(app))
            except Refusal as refusal:
                logger.error("refused", why=str(refusal))
                raise
            except Exception as error:
                logger.error("not_started", **logs.described(error))
                raise
            yield state

    return begin_and_tell


def _migrate(settings: Settings) -> None:
    context = startup.open_context(settings)
    try:
        startup.migrate(context.database)
        startup.check_database(context)
        record_outdated(context)
        ensure_first_key(context)
    finally:
        context.database.dispose()


def _greet(settings: Settings, port: int) -> None:
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104  # compared, not bound
    host = f"[{host}]" if ":" in host else host  # RFC 3986 §3.2.2
    base, key = f"http://{host}:{port}", settings.data_dir / "first.key"
    console.print(f"\n[bold]Onrecord[/bold] answers on {base}  (stop it with Ctrl-C)")
    console.print(f"  API, to read and to try:  {base}/docs")
    if key.exists():
        console.print(f"  first key, every scope:   {key}\n")
        console.print("Paste this into another terminal, in this folder, to ask what is on record:")
        bearer = f"$(cat {key})"
    else:
        console.print("  a key:                    yours, or what `onrecord keys create` prints\n")
        console.print("Put your key into ONRECORD_KEY, and ask what is on record:")
        bearer = "$ONRECORD_KEY"
    console.print(f'  curl -H "Authorization: Bearer {bearer}" "{base}/v1/claims?limit=3"\n', soft_wrap=True)


@app.command()
def migrate() -> None:
    """Bring the database's tables to this version."""
    settings = Settings()
    startup.configure_logging(settings.log_level)
    _migrate(settings)
    console.print("The tables are of this version.")
    context = startup.open_context(settings)
    try:
        with context.database.reading() as session:
            waiting = follow_ups.waiting(session, context.clock())
    finally:
        context.database.dispose()
    if waiting:
        console.print(f"{waiting} follow-ups of earlier writes wait for the service, which carries them out.")


@app.command()
def demo(
    *,
    url: Annotated[str | None, typer.Option(help="A running service to record them in, through its API.")] = None,
    key_file: KeyFile = None,
) -> None:
    """Record the demo: the 22 claims of one article, through the public API."""
    settings = Settings()
    startup.configure_logging(settings.log_level)
    with failures_in_words():
        key = api_key(key_file)
    if url is not None:
        is_there = demo_claims.load_over_http(url, key, console)
    else:
        is_there = demo_claims.load_if_empty(settings, console, quiet=False, key=key)
    if not is_there:
        raise typer.Exit(1)


@app.command()
def openapi() -> None:
    """Print the API's description, OpenAPI 3.1, as JSON."""
    typer.echo(json.dumps(create_app(Settings()).openapi(), indent=2, ensure_ascii=False))


@app.command("verify")
def verify_command() -> None:
    """Check that every stored document is what its rows give; exit with 1 where one is not."""
    settings = Settings()
    startup.configure_logging(settings.log_level)
    if not verify.run(settings, console):
        raise typer.Exit(1)


def main() -> None:
    """Runs the command line; what the operator can mend is said in a line, not in a traceback."""
    try:
        check_names(os.environ)
        app()
    except Refusal as refusal:
        Console(stderr=True).print(str(refusal), style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
    except (ArgumentError, DBAPIError) as error:
        # Not the error's own words: a database's address can hold its password.
        text = "The database does not answer, or its address is wrong: see ONRECORD_DATABASE_URL."
        if sqlstate(error) in DAMAGED:
            file = Path(make_url(Settings().url).database or "").absolute()
            text = f"{file} is no SQLite database, or damaged: restore it from a backup."
        elif isinstance(error, DBAPIError) and not may_pass(error):
            text = "The database refused what Onrecord asked of it."
        named = " ".join(filter(None, [type(error).__name__, sqlstate(error)]))
        Console(stderr=True).print(f"{text} ({named})", style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
    except ValidationError as error:
        if error.title != Settings.__name__:
            raise
        for fault in error.errors(include_input=False, include_url=False):
            name = f"ONRECORD_{fault['loc'][0]}".upper()
            line = f"{name}: {_in_words(fault)}"
            Console(stderr=True).print(line, style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None


def _in_words(fault: ErrorDetails) -> str:
    """What a setting must be, in our words: pydantic's say how long a secret is, and speak of items and inputs."""
    broken = fault.get("ctx", {}).get("error")
    if isinstance(broken, ValueError):
        return str(broken)
    return field_errors([{**fault, "loc": ("body",)}])[0].detail
