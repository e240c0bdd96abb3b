"""The commands `onrecord keys create|list|rotate|revoke|new-pepper|person`, for whoever runs the server."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, TypeVar

import orjson
import typer
from rich.console import Console
from sqlmodel import Session

from app import startup
from app.access.authentication import person_id
from app.access.units import Reply, Unit
from app.cli.remote import shown
from app.keys import queries, service
from app.keys.schemas import KeyCreate, KeyRotate
from app.kit.problems import Conflict, Invalid, NotFound, validated
from app.models.vocabulary import Scope
from app.settings import Settings

T = TypeVar("T")
M = TypeVar("M", KeyCreate, KeyRotate)

MOST_DAYS: Final = 36_500
DAYS: Final = {"created_at": "made", "expires_at": "expires", "revoked_at": "revoked", "last_used_on": "last used"}
"""The days that are listed of a key, and what they are called."""
OPTIONS: Final = {
    "name": "name",
    "scopes": "--scope",
    "networks": "--network",
    "expires_at": "--days",
    "old_expires_at": "--hours",
}
"""What gives each field of what is sent."""
KeyId = Annotated[str, typer.Argument(help="Id of the key, from `onrecord keys list`.")]
console = Console(highlight=False)
app = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)


def _write(work: Callable[[Unit], T], *, pepper_is_lost: bool = False) -> T:
    settings = Settings()
    startup.configure_logging(settings.log_level)
    context = startup.open_context(settings, pepper_is_lost=pepper_is_lost, make=False)
    try:
        if pepper_is_lost:
            startup.check_tables(context.database)
        else:
            startup.check_database(context)

        def in_session(session: Session) -> T:
            return work(service.at_the_server(context, session))

        return context.database.write(in_session)
    except NotFound:
        console.print("There is no key with this id.", style="red")
        raise typer.Exit(1) from None
    except (Conflict, Invalid) as refused:
        console.print(refused.detail, style="red")
        raise typer.Exit(1) from None
    finally:
        context.database.dispose()


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.")],
    *,
    scope: Annotated[list[str], typer.Option(help=f"What it allows, of {', '.join(Scope)}; repeat it for more.")],
    network: Annotated[
        list[str] | None,
        typer.Option(help="CIDR block it may be used from, 192.0.2.0/24; repeat it for more, anywhere if left out."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=MOST_DAYS, help="Days until it expires; else never.")] = None,
) -> None:
    """Make a key. It is printed once; what is stored cannot be turned back into it."""
    sent = _sent(KeyCreate, {"name": name, "scopes": scope, "networks": network or [], "expires_at": _after(days)})
    _show(_write(lambda unit: service.create_key(unit, sent)))


@app.command()
def rotate(
    key_id: KeyId,
    *,
    days: Annotated[
        int | None, typer.Option(min=1, max=MOST_DAYS, help="Days until the new key expires; else as the old one.")
    ] = None,
    hours: Annotated[
        int | None, typer.Option(min=1, max=30 * 24, help="Hours until the old key expires; 24 if left out.")
    ] = None,
) -> None:
    """Make a key in the place of another, which holds for a while beside it. It is printed once."""
    ends = {"expires_at": _after(days), "old_expires_at": None if hours is None else _after(hours / 24)}
    sent = _sent(KeyRotate, ends)
    _show(_write(lambda unit: service.rotate_key(unit, key_id, sent)))


def _after(days: float | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _sent(model: type[M], fields: Mapping[str, object]) -> M:
    """The fields as they would be sent to the API; raises BadParameter, by the option's name, for what it refuses."""
    try:
        return validated(model, fields)
    except Invalid as refused:
        fault = refused.errors[0]
        field = (fault.pointer or "").split("/")[1]
        raise typer.BadParameter(fault.detail, param_hint=f"'{OPTIONS[field]}'") from None


def _show(reply: Reply) -> None:
    made = orjson.loads(reply.body)
    console.print(f"key {made['id']}, shown this once:", style="dim")
    typer.echo(made["key"])


@app.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    # No table: what does not fit the terminal would be cut, and ids are there to be copied.
    for row in _write(lambda unit: [queries.key_document(key) for key in queries.all_keys(unit.session)]):
        days = ", ".join(f"{called} {row[name].isoformat()[:10]}" for name, called in DAYS.items() if row[name])
        reach = " ".join([*row["scopes"], *row["networks"]])
        typer.echo(shown(f"{row['id']}  {row['name']}  ({days})  {reach}"))


@app.command()
def revoke(key_id: KeyId) -> None:
    """Revoke a key, for good and at once."""
    _write(lambda unit: service.revoke_key(unit, key_id))
    console.print("The key is revoked.")


@app.command("new-pepper")
def new_pepper(*, yes: Annotated[bool, typer.Option("--yes", help="Revoke every key without asking.")] = False) -> None:
    """Go on where the pepper is lost: with the one that is set, or a new one. Every key is revoked.

    None of them would open any more: what is kept of a key was made with the pepper. The file of the first key is
    deleted. Stop the service first.
    """
    if not yes:
        typer.confirm("Revoke every key?", abort=True)
    if _write(service.go_on_with_pepper, pepper_is_lost=True):
        first = Settings().data_dir / "first.key"
        deleted = f", and {first}, which opens nothing any more, is deleted" if first.exists() else ""
        first.unlink(missing_ok=True)
        console.print(f"Every key is revoked{deleted}. `onrecord keys create` makes new ones.")
    else:
        console.print("The pepper is the one that the keys were made with: nothing was done.")


@app.command()
def person(
    subject: Annotated[str, typer.Argument(help="What the issuer calls them, `sub` in their tokens.")],
) -> None:
    """Print the id under which the audit has someone who signs on with the issuer that is set."""
    issuer = Settings().oidc_issuer
    if issuer is None:
        console.print("No issuer is set: see ONRECORD_OIDC_ISSUER.", style="red")
        raise typer.Exit(1)
    typer.echo(_write(lambda unit: person_id(unit.context, issuer, subject)))
