"""The promise of sealing: stock age opens it for each custodian, its length tells nothing, each read is recorded."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from app import startup
from app.access.context import Context
from app.cli.commands import app as command_line
from app.identities.age_file import MAX_LENGTH, parse
from app.identities.envelope import wrap
from app.kit import db
from app.kit.db import Database
from app.settings import Settings
from tests.factories import recorded_source, source_body
from tests.fixtures.api import Api, make_key
from tests.fixtures.asgi import Bytes
from tests.fixtures.proofs import Prove, share
from tests.fixtures.sealing import REASON, StockAge, custodians, fetched, sealed_for, sealed_identity
from tests.fixtures.server import running_server

WORDS = (
    "Jane Roe",
    "Ким Чхоль",
    "金哲",
    "김철",
    "جين رو",
    "जेन रो",
    "\N{WAVING BLACK FLAG} J.",
    'O\'Neil "Kay" \\ Zoë',
    "line one\nline two",
)
LONGEST = 3950
"""Bytes of the longest identity here as JSON has it; its frame has the rest of the room."""


def identities(count: int) -> Iterator[str]:
    """As many identities, all different: in many scripts, the lengths spread from the shortest to the longest."""
    for number in range(count):
        room = LONGEST * number // max(1, count - 1)
        identity, longer = str(number), f"{number} {WORDS[number % len(WORDS)]}"
        while len(json.dumps(longer, ensure_ascii=False).encode()) <= room:
            identity, longer = longer, f"{longer} {WORDS[number % len(WORDS)]}"
        yield identity


class Newsroom:
    """A running service with an editor and custodians, one with a key of ours and one with stock age's."""

    def __init__(self, url: str, key: str, folder: Path, stock_age: StockAge) -> None:
        self.folder, self._environment = folder, {"ONRECORD_URL": url, "ONRECORD_KEY": key}
        ours, theirs = folder / "ours.key", folder / "theirs.key"
        public = [self.run("custodian", "keygen", "--output", str(ours)).strip(), stock_age.keygen(theirs)]
        self.key_files = [ours, theirs]
        self.recipients = folder / "recipients"
        self.recipients.write_text("\n".join(public))
        for number, each in enumerate(public):
            self.run("custodian", "register", f"custodian {number}", each)

    def run(self, *arguments: str, given: str = "") -> str:
        """What a command that succeeds writes to standard output."""
        result = CliRunner().invoke(command_line, arguments, input=given.encode(), env=self._environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    def seal(self, source_id: str, identity: str) -> None:
        """Seals the identity by the command."""
        self.run("seal", source_id, "--recipients", str(self.recipients), given=identity)


def count_recorded(database: Database) -> int:
    """How many reads of identities the audit has."""
    with database.reading() as session:
        found = session.connection().scalar(text("SELECT count(*) FROM audit_entry WHERE action = 'identity_read'"))
    return int(found or 0)


def test_identities_of_every_length_and_script_open_with_stock_age_and_look_alike(
    engine_name: str,
    migrated_database: Database,
    tmp_path: Path,
    stock_age: StockAge,
    prove: Prove,
) -> None:
    url = migrated_database.url.render_as_string(hide_password=False)
    context = startup.open_context(Settings(data_dir=tmp_path / "data", database_url=url))
    key = make_key(context)
    context.database.dispose()
    opened, lengths, given = 0, set(), list(identities(share(100)))
    assert len(set(given)) == len(given)
    with (
        running_server(tmp_path / "data", url) as server,
        httpx.Client(base_url=server.base_url, headers={"Authorization": f"Bearer {key}"}) as client,
    ):
        newsroom = Newsroom(server.base_url, key, tmp_path, stock_age)
        for identity in given:
            source_id = client.post("/v1/sources", json=source_body()).raise_for_status().json()["id"]
            newsroom.seal(source_id, identity)
            answer = client.get(f"/v1/sources/{source_id}/identity", headers=REASON).raise_for_status()
            sealed = answer.json()["sealed"]
            seen = parse(sealed)
            lengths.add(seen.length - seen.grease_bytes)
            opened += all(stock_age.decrypt(sealed, path) == wrap(source_id, identity) for path in newsroom.key_files)
    prove(
        "sealing",
        engine_name,
        {"identities": len(given), "opened by stock age": opened, "lengths, random stanza apart": len(lengths)},
    )


Failure = Callable[[Database], Any]


@contextmanager
def no_table(database: Database) -> Iterator[None]:
    """The audit is not there."""
    with database.engine().begin() as connection:
        connection.execute(text("ALTER TABLE audit_entry RENAME TO audit_entry_away"))
    yield
    with database.engine().begin() as connection:
        connection.execute(text("ALTER TABLE audit_entry_away RENAME TO audit_entry"))


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Nothing can be written at all."""
    _set_read_only(database, "ON")
    yield
    _set_read_only(database, "OFF")


def _set_read_only(database: Database, value: str) -> None:
    if database.is_sqlite:
        raw = database.engine().raw_connection()
        raw.cursor().execute(f"PRAGMA query_only={value}")
        raw.close()
        return
    with database.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(
            text(f'ALTER DATABASE "{database.url.database}" SET default_transaction_read_only = {value}')
        )
    database.dispose()


@contextmanager
def refusing_rows(database: Database) -> Iterator[None]:
    """The audit's table takes no more rows."""
    with database.engine().begin() as connection:
        if database.is_sqlite:
            connection.execute(
                text("CREATE TRIGGER full_up BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'full'); END")
            )
        else:
            connection.execute(text("ALTER TABLE audit_entry ADD CONSTRAINT full_up CHECK (id = '') NOT VALID"))
    yield
    with database.engine().begin() as connection:
        undo = "DROP TRIGGER full_up" if database.is_sqlite else "ALTER TABLE audit_entry DROP CONSTRAINT full_up"
        connection.execute(text(undo))


@contextmanager
def failing_commit(database: Database) -> Iterator[None]:
    """All is written, and cannot be committed."""

    def fail(_connection: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    event.listen(database.engine(), "commit", fail)
    yield
    event.remove(database.engine(), "commit", fail)


def ciphertext_of(sealed: str) -> tuple[bytes, bytes]:
    """Something of the sealed identity that stands in nothing else: in its armor, and as bytes."""
    line = sealed.split("\n")[40]
    return line.encode(), base64.b64decode(line)


def test_no_read_is_answered_that_is_not_recorded(
    engine_name: str,
    committing_api: Api,
    app_of_session: FastAPI,
    portal: BlockingPortal,
    own_context: Context,
    own_database: Database,
    prove: Prove,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(db, "ATTEMPTS", 1)
    call = Bytes(app_of_session, portal, make_key(own_context))
    some, source_id = custodians(committing_api), recorded_source(committing_api)
    sealed = sealed_for(source_id, some)
    sealed_identity(committing_api, source_id, some, sealed=sealed)
    assert len(sealed) < MAX_LENGTH
    answered, tried = 0, share(100)
    pieces = ciphertext_of(sealed)
    for _ in range(tried):
        response = fetched(committing_api, source_id)
        answered += response.status_code == 200 and pieces[0] in response.content
    assert answered == tried
    for failure in (no_table, read_only, refusing_rows, failing_commit):
        with failure(own_database):
            for _ in range(max(2, tried // 10)):
                answer = call("GET", f"/v1/sources/{source_id}/identity", headers=list(REASON.items()))
                assert answer.status >= 400, failure
                shown = answer.body + str(answer.headers).encode()
                answered += any(piece in shown for piece in pieces)
        assert fetched(committing_api, source_id).status_code == 200, failure
        answered += 1
    prove("sealing", engine_name, {"unrecorded reads": answered - count_recorded(own_database)})
