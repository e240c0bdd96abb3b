"""The commands `onrecord seal` and `onrecord unseal`: who a source is, encrypted and decrypted on this machine alone.

No identity is taken from an argument, written to a file or sent; of what is encrypted here only ciphertext leaves.
"""

import sys
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer

from app.cli.remote import (
    DEFAULT_URL,
    MAX_FILE_BYTES,
    Answer,
    CommandFailed,
    KeyFile,
    Refused,
    Registered,
    Service,
    Url,
    checked_id,
    failures_in_words,
    file_bytes,
    say,
    service,
    shown,
)
from app.identities import age, envelope
from app.identities.age_file import PADDED_BYTES, parse

FEW: Final = 2
"""Custodians below which one lost key loses the identity."""
ABSENT: Final = 404
STALE: Final = 412
ENCRYPTED: Final = (b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----")

SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="Id of the source.")]


class Fetched(Answer):
    """A sealed identity, as the service hands it out."""

    sealed: str


def seal(
    source: SourceId,
    *,
    recipients: Annotated[
        Path,
        typer.Option(
            help="File with the custodians' public keys, one age1... a line: from themselves, not from the service."
        ),
    ],
    file: Annotated[Path | None, typer.Option(help="Take the identity from this file.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Erase the one that is stored, and store this.")] = False,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
) -> None:
    """Seal who a source is to the custodians, on this machine, and store that. Needs the scope identity:write.

    The identity is taken from standard input, from --file, or asked for without being shown.
    """
    with failures_in_words():
        source_id, keys = checked_id(source), recipients_in(recipients)
        reached = service(url, key_file)
        custodians = agreed_custodians(reached, keys)
        armored = sealed(source_id, _identity(file), keys)
        _store(reached, source_id, armored, custodians, replace=replace)
    names = ", ".join(shown(custodian.name) for custodian in custodians)
    say(f"Sealed to {names}, and stored. The service cannot open it.")
    if len(keys) < FEW:
        say("There is one custodian alone: if that key is lost, so is the identity. Two or more are better.")
    if file is not None:
        say(f"The identity still stands in {file}, in the clear.")


def recipients_in(path: Path) -> list[str]:
    """The public keys in a file as age's --recipients-file reads it, in order, each once; raises CommandFailed."""
    keys = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if age.SECRET_KEY_PREFIX in line.upper():
            raise CommandFailed(f"{path} has a private key in line {number}: only public ones belong there.")
        try:
            keys.append(age.public_key(line.strip()))
        except age.NoSuchKey:
            raise CommandFailed(f"{path}: line {number} is no X25519 public key of age, age1...") from None
    if not keys:
        raise CommandFailed(f"There is no public key in {path}.")
    return list(dict.fromkeys(keys))


def agreed_custodians(reached: Service, keys: list[str]) -> list[Registered]:
    """The custodians that are registered, whose keys must be just these.

    Raises CommandFailed where they differ: whoever has taken the service could have registered a key of theirs.
    """
    active = [custodian for custodian in reached.custodians() if custodian.retired_at is None]
    registered = {custodian.recipient: custodian.name for custodian in active}
    here = [f"  only in your file: {key}" for key in keys if key not in registered]
    there = [shown(f"  only registered there: {key} ({name})") for key, name in registered.items() if key not in keys]
    if here or there:
        raise CommandFailed(
            "\n".join(
                [
                    "Nothing was sealed: the custodians in your file are not those that the service has.",
                    *here,
                    *there,
                    "A key that is registered there and that you do not know may be an intruder's. Ask the custodians "
                    "themselves, not over the service.",
                ]
            )
        )
    return active


def sealed(source_id: str, identity: str, keys: list[str]) -> str:
    """The identity, padded and encrypted to the keys: an armored age file. Raises CommandFailed."""
    try:
        content = envelope.wrap(source_id, identity)
    except envelope.NotSealable as fault:
        raise CommandFailed(f"Nothing was sealed. {fault}") from None
    armored = age.encrypted(content, keys)
    parse(armored)
    return armored


def _identity(file: Path | None) -> str:
    """The identity as it was given, without the line end behind it."""
    if file is not None:
        return _text(file).removesuffix("\n")
    if sys.stdin.isatty():
        return str(typer.prompt("Who the source is", hide_input=True, confirmation_prompt=True, err=True))
    try:
        return sys.stdin.buffer.read(MAX_FILE_BYTES).decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise CommandFailed("Nothing was sealed. It is no text in UTF-8.") from None


def _store(reached: Service, source_id: str, armored: str, custodians: list[Registered], *, replace: bool) -> None:
    body = {"sealed": armored, "custodian_ids": [custodian.id for custodian in custodians]}
    headers = {"If-Match": "*"} if replace else {"If-None-Match": "*"}
    try:
        reached.ask("PUT", f"/v1/sources/{source_id}/identity", answer=Answer, body=body, headers=headers)
    except Refused as refusal:
        if refusal.status == ABSENT:
            raise CommandFailed("Nothing was stored. There is no such source.") from None
        if refusal.status != STALE:
            raise
        why = "There is none to replace: leave out --replace." if replace else "There is one already: see --replace."
        raise CommandFailed(f"Nothing was stored. {why}") from None


def unseal(
    source: SourceId,
    *,
    identity: Annotated[Path, typer.Option(help="Your private key's file, from `onrecord custodian keygen`.")],
    reason: Annotated[str | None, typer.Option(help="Why you need it; it is recorded with your key's id.")] = None,
    stored: Annotated[
        Path | None, typer.Option("--input", help="Open this age file, out of a backup say, and ask no service.")
    ] = None,
    url: Url = DEFAULT_URL,
    key_file: KeyFile = None,
) -> None:
    """Fetch who a source is, sealed, and open it on this machine with a custodian's key. Needs identity:read.

    That it was fetched, and why, is recorded by the service before it answers.
    """
    with failures_in_words():
        source_id = checked_id(source)
        if (reason is None) == (stored is None):
            raise CommandFailed("Say why with --reason, or name a file with --input.")
        keys = private_keys_in(identity)
        ciphertext = file_bytes(stored) if stored else _fetched(service(url, key_file), source_id, reason or "")
        opened = unsealed(source_id, ciphertext, keys)
    # A terminal may be told things by what it shows, and whoever knows the public keys can have sealed this.
    printed = shown(opened, keep="\t\n") if _to_terminal() else opened
    sys.stdout.buffer.write(printed.encode() + (b"" if printed.endswith("\n") else b"\n"))
    sys.stdout.flush()


def _to_terminal() -> bool:
    return sys.stdout.isatty()


def private_keys_in(path: Path) -> list[age.PrivateKey]:
    """The private keys in a file as age's --identity reads it; asks for its passphrase where it has one.

    Raises CommandFailed for a file that others may read, as for one without a key.
    """
    content = file_bytes(path, secret=True)
    if content.lstrip().startswith(ENCRYPTED):
        given = typer.prompt(f"Passphrase of {path}", hide_input=True, err=True)
        try:
            content = age.decrypted_with_passphrase(content, given)
        except age.CannotOpen:
            raise CommandFailed(f"{path} does not open with this passphrase.") from None
    keys = []
    for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            try:
                keys.append(age.PrivateKey(line.strip()))
            except age.NoSuchKey:
                raise CommandFailed(f"{path}: line {number} is no X25519 private key of age.") from None
    if not keys:
        raise CommandFailed(f"There is no private key in {path}.")
    return keys


def unsealed(source_id: str, ciphertext: bytes, keys: list[age.PrivateKey]) -> str:
    """The identity in what was sealed for the source; raises CommandFailed for whatever is not that."""
    try:
        content = age.decrypted(ciphertext, keys)
    except age.CannotOpen:
        raise CommandFailed(
            "Your key does not open it: it was sealed to other custodians, or it is no age file, or it was altered."
        ) from None
    try:
        return envelope.unwrap(content, source_id)
    except envelope.NotOfThisSource:
        raise CommandFailed(
            "THIS IS THE IDENTITY OF ANOTHER SOURCE, so it is not shown. Someone has exchanged what was stored, or "
            "the file is of another source: find out who had access to the service or the backup."
        ) from None
    except envelope.NotAnIdentity:
        raise CommandFailed(
            "It opens, and is no identity that `onrecord seal` made, so it is not shown. Whoever knows the custodians' "
            f"public keys can make such a file. `age --decrypt` shows it; one of ours has {PADDED_BYTES} bytes."
        ) from None


def _fetched(reached: Service, source_id: str, reason: str) -> bytes:
    headers = {"Access-Reason": quote(reason, safe="")}
    try:
        return reached.ask("GET", f"/v1/sources/{source_id}/identity", answer=Fetched, headers=headers).sealed.encode()
    except Refused as refusal:
        if refusal.status != ABSENT:
            raise
        raise CommandFailed("No identity is kept of this source, or there is no such source.") from None


def _text(path: Path) -> str:
    try:
        return file_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is no text in UTF-8.") from None
