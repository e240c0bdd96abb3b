"""The commands `onrecord custodian keygen|register|list|retire`: keys are made here, and only public ones leave."""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.remote import (
    CUSTODIANS,
    DEFAULT_URL,
    Answer,
    CommandFailed,
    KeyFile,
    Registered,
    Url,
    checked_id,
    failures_in_words,
    say,
    service,
    shown,
)
from app.identities.age import SECRET_KEY_PREFIX, encrypted_with_passphrase, new_private_key
from app.kit.private import OWNER_ONLY

app = typer.Typer(help="Make a custodian's key, and register custodians with a service.", no_args_is_help=True)


@app.command()
def keygen(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="New file for the private key.")],
    protect: Annotated[bool, typer.Option("--passphrase", help="Encrypt the file with a passphrase.")] = False,
) -> None:
    """Make a custodian's key. The file is one of age's, and never leaves this machine; the public key is printed."""
    with failures_in_words():
        key = new_private_key()
        made = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        # The form in which age-keygen writes it.
        content = f"# created: {made}\n# public key: {key.public}\n{key.text}\n".encode()
        if protect:
            chosen = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
            content = encrypted_with_passphrase(content, chosen)
        _write_new(output, content)
    say(f"The private key is in {output}. Keep a copy of it where only you can get at it: nobody can replace it.")
    say("The public key, to be registered and to be put into the editors' file of recipients:")
    typer.echo(key.public)


def _write_new(path: Path, content: bytes) -> None:
    """Writes the file, which only its owner may read; raises CommandFailed where there is one already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    except FileExistsError:
        raise CommandFailed(f"There is a file {path} already; a key is never overwritten.") from None
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.") from None


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="Who it is.")],
    recipient: Annotated[str, typer.Argument(help="Their public key, age1...")],
    *,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
) -> None:
    """Register a custodian with the service. Needs the scope keys:manage."""
    if recipient.upper().startswith(SECRET_KEY_PREFIX):
        say("This is a private key. It is in your shell's history now: make another, and register its public key.")
        raise typer.Exit(1)
    with failures_in_words():
        body = {"name": name, "recipient": recipient}
        made = service(url, key_file).ask("POST", CUSTODIANS, answer=Registered, body=body)
    say(f"{shown(made.name)} is a custodian from now on. What was sealed before does not open for them.")
    typer.echo(shown(made.id))


@app.command("list")
def list_custodians(*, url: Url = DEFAULT_URL, key_file: KeyFile = None) -> None:
    """List the custodians. Needs the scope identity:write."""
    with failures_in_words():
        rows = service(url, key_file).custodians()
    # No table: what does not fit the terminal would be cut, and keys and ids are there to be compared and copied.
    for row in rows:
        retired = f"  (retired on {row.retired_at[:10]})" if row.retired_at else ""
        typer.echo(shown(f"{row.id}  {row.recipient}  {row.name}{retired}"))
    if not rows:
        say("There are no custodians.")


@app.command()
def retire(
    custodian_id: Annotated[str, typer.Argument(help="Id of the custodian, from `onrecord custodian list`.")],
    *,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
) -> None:
    """Retire a custodian, for good. What was sealed to them stays open to them. Needs the scope keys:manage."""
    with failures_in_words():
        service(url, key_file).ask("DELETE", f"{CUSTODIANS}/{checked_id(custodian_id)}", answer=Answer)
    say("The custodian is retired. Seal anew what they are to be kept out of.")
