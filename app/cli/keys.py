"""The commands `onrecord keys create|list|revoke`, for whoever runs the server."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from app import startup
from app.access.units import Unit
from app.keys import queries, service
from app.kit.problems import NotFound
from app.models.vocabulary import Scope
from app.settings import Settings

T = TypeVar("T")
console = Console(highlight=False)
app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


def _write(work: Callable[[Unit], T]) -> T:
    settings = Settings()
    startup.configure_logging(settings.log_level)
    context = startup.open_context(settings)
    try:
        if not startup.is_current(context.database):
            raise startup.SchemaNotCurrent

        def in_session(session: Session) -> T:
            return work(service.at_the_server(context, session))

        return context.database.write(in_session)
    finally:
        context.database.dispose()


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose key it is, or what for.")],
    *,
    scope: Annotated[list[Scope], typer.Option(help="What it allows; repeat it for more.")],
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; for ever if left out.")] = None,
) -> None:
    """Make a key. It is printed once; what is stored cannot be turned back into it."""
    if not name.strip():
        raise typer.BadParameter("A key needs a name.")
    expires_at = None if days is None else datetime.now(UTC) + timedelta(days=days)

    def make(unit: Unit) -> tuple[str, str]:
        row, secret = service.add_key(unit, name, scope, expires_at)
        return row.id, secret

    key_id, secret = _write(make)
    console.print(f"key {key_id}, shown this once:", style="dim")
    typer.echo(secret)


@app.command("list")
def list_keys() -> None:
    """List the keys, without their secrets."""
    table = Table("id", "name", "scopes", "made", "expires", "revoked")
    for row in _write(lambda unit: [queries.key_document(key) for key in queries.all_keys(unit.session)]):
        days = [
            row[name].date().isoformat() if row[name] else "" for name in ("created_at", "expires_at", "revoked_at")
        ]
        table.add_row(row["id"], row["name"], " ".join(row["scopes"]), *days)
    console.print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Id of the key, from `onrecord keys list`.")]) -> None:
    """Revoke a key, for good and at once."""
    try:
        _write(lambda unit: service.revoke_key(unit, key_id))
    except NotFound:
        console.print("There is no key with this id.", style="red")
        raise typer.Exit(1) from None
    console.print("The key is revoked.")
