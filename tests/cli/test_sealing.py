"""Sealing and opening identities as editors and custodians do, with a real service; and what leaves their machines."""

import json
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app import startup
from app.cli import sealing
from app.cli.commands import app
from app.cli.remote import CommandFailed, Service
from app.identities import age, envelope
from app.identities.age import PrivateKey, encrypted, new_private_key
from app.identities.age_file import PADDED_BYTES
from app.keys.service import ensure_first_key
from app.kit.db import Database
from app.models.vocabulary import Scope
from app.settings import Settings
from tests.fixtures.api import make_key
from tests.fixtures.desk import Desk, forms, typed
from tests.fixtures.sealing import StockAge
from tests.fixtures.server import running_server

IDENTITY = 'Ким Чхоль "Кондор", +7 900 000-00-00'
REASON = "a correction"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Database, str]]:
    """A running service on SQLite; what is stored by whom does not depend on the engine."""
    folder = tmp_path_factory.mktemp("service")
    folder.chmod(0o700)
    context = startup.open_context(Settings(data_dir=folder, database_url=None, pepper=None))
    startup.migrate(context.database)
    ensure_first_key(context)
    key = make_key(context)
    with running_server(folder, context.settings.url) as server:
        yield server.base_url, context.database, key
    context.database.dispose()


@pytest.fixture
def desk(service: tuple[str, Database, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A user's machine, on which nobody has used the service before; custodians of other tests are retired."""
    monkeypatch.chdir(tmp_path)
    desk = Desk(*service, tmp_path)
    for custodian in desk.client.get("/v1/custodians?limit=200").raise_for_status().json()["items"]:
        if custodian["retired_at"] is not None:
            continue
        desk.client.delete(f"/v1/custodians/{custodian['id']}").raise_for_status()
    yield desk
    desk.client.close()


@pytest.fixture
def keys(desk: Desk) -> list[PrivateKey]:
    """The private keys of two custodians, who are registered; the editor has `recipients`."""
    made = [new_private_key() for _ in range(2)]
    for number, key in enumerate(made):
        desk.done("custodian", "register", f"custodian {number}", key.public)
    desk.file("recipients", "# from the custodians themselves\n\n" + "".join(f"{key.public}\n" for key in made))
    return made


def test_what_an_editor_seals_each_custodian_opens(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    said = desk.run("seal", source_id, "--recipients", "recipients", given=IDENTITY + "\n")
    assert (said.exit_code, said.stdout) == (0, "")
    assert "custodian 0, custodian 1" in said.stderr
    for key in keys:
        opened = desk.done("unseal", source_id, "--identity", desk.key_file(key), "--reason", REASON)
        assert opened == IDENTITY + "\n"


def test_an_identity_that_is_not_kept_is_said_to_be_none(desk: Desk, keys: list[PrivateKey]) -> None:
    private = desk.key_file(keys[0])
    nobody = "0b0c7f8e-6d0a-4b57-9a3e-5c1e0f6f2a11"
    for source_id in (desk.source(), nobody):
        refused = desk.run("unseal", source_id, "--identity", private, "--reason", REASON)
        said = "No identity is kept of this source, or there is no such source.\n"
        assert (refused.exit_code, refused.stderr) == (1, said)
    refused = desk.run("seal", nobody, "--recipients", "recipients", given=IDENTITY)
    assert (refused.exit_code, refused.stderr) == (1, "Nothing was stored. There is no such source.\n")


def test_each_fetch_is_recorded_with_its_reason_and_none_is_made_without(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    desk.done("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    private = desk.key_file(keys[0])
    desk.done("unseal", source_id, "--identity", private, "--reason", "Überprüfung, 100 %")
    refused = desk.run("unseal", source_id, "--identity", private)
    assert (refused.exit_code, "--reason" in refused.stderr, refused.stdout) == (1, True, "")
    short = desk.run("unseal", source_id, "--identity", private, "--reason", "x")
    assert (short.exit_code, "Access-Reason" in short.stderr, short.stdout) == (1, True, "")
    with desk.database.reading() as session:
        found = text("SELECT reason FROM audit_entry WHERE subject_id = :id AND action = 'identity_read'")
        assert session.connection().execute(found, {"id": source_id}).scalars().all() == ["Überprüfung, 100 %"]


def test_stock_age_opens_what_was_sealed_and_the_command_what_stock_age_sealed(desk: Desk, stock_age: StockAge) -> None:
    public = stock_age.keygen(desk.folder / "stock")
    desk.done("custodian", "register", "with stock age", public)
    desk.file("recipients", public)
    source_id, other = desk.source(), desk.source()
    desk.done("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    content = stock_age.decrypt(desk.stored(source_id), desk.folder / "stock")
    assert len(content) == PADDED_BYTES
    assert json.loads(content) == {"onrecord": 1, "source_id": source_id, "identity": IDENTITY}
    custodian = desk.done("custodian", "list").split()
    ids = [custodian[custodian.index(public) - 1]]
    body = {"sealed": stock_age.encrypt(envelope.wrap(other, IDENTITY), [public]), "custodian_ids": ids}
    desk.client.put(f"/v1/sources/{other}/identity", json=body, headers={"If-None-Match": "*"}).raise_for_status()
    assert desk.done("unseal", other, "--identity", "stock", "--reason", REASON) == IDENTITY + "\n"


def test_a_key_that_the_command_made_is_one_of_stock_ages(desk: Desk, stock_age: StockAge) -> None:
    public = desk.done("custodian", "keygen", "--output", "made").strip()
    path = desk.folder / "made"
    assert re.fullmatch(
        rf"# created: \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n# public key: {public}\nAGE-SECRET-KEY-1[A-Z0-9]{{58}}\n",
        path.read_text(),
    )
    assert path.stat().st_mode & 0o777 == 0o600
    assert stock_age.decrypt(stock_age.encrypt(b"x", [public]), path) == b"x"


def test_a_key_is_never_overwritten_and_never_printed(desk: Desk) -> None:
    made = desk.run("custodian", "keygen", "--output", "made")
    before = (desk.folder / "made").read_text()
    again = desk.run("custodian", "keygen", "--output", "made")
    assert (again.exit_code, again.stdout) == (1, "")
    assert (desk.folder / "made").read_text() == before
    assert "AGE-SECRET-KEY" not in made.output
    absent = desk.run("custodian", "keygen", "--output", "absent/made")
    assert (absent.exit_code, absent.stdout) == (1, "")


def test_a_key_with_a_passphrase_opens_with_it_alone(desk: Desk) -> None:
    made = desk.run("custodian", "keygen", "--output", "made", "--passphrase", given="correct horse\ncorrect horse\n")
    public = made.stdout.strip()
    assert "AGE-SECRET-KEY" not in (desk.folder / "made").read_text()
    desk.done("custodian", "register", "with a passphrase", public)
    desk.file("recipients", public)
    source_id = desk.source()
    desk.done("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    unseal = ("unseal", source_id, "--identity", "made", "--reason", REASON)
    assert desk.done(*unseal, given="correct horse\n").endswith(IDENTITY + "\n")
    wrong = desk.run(*unseal, given="wrong\n")
    assert (wrong.exit_code, wrong.stdout.strip()) == (1, "")


def test_custodians_are_listed_whole_and_retired(desk: Desk, keys: list[PrivateKey]) -> None:
    lines = desk.done("custodian", "list").splitlines()
    active = [line.split("  ") for line in lines if "retired" not in line]
    assert [line[1:] for line in active] == [[key.public, f"custodian {number}"] for number, key in enumerate(keys)]
    desk.done("custodian", "retire", active[0][0])
    assert [line.split("  ")[1] for line in desk.done("custodian", "list").splitlines() if "retired" not in line] == [
        keys[1].public
    ]
    assert desk.run("custodian", "retire", "../keys").exit_code == 1


def test_a_private_key_is_not_registered(desk: Desk) -> None:
    secret = new_private_key().text
    refused = desk.run("custodian", "register", "me", secret)
    assert refused.exit_code == 1
    assert secret not in refused.output


def test_nothing_is_sealed_where_the_service_lists_someone_whom_the_editor_does_not_know(
    desk: Desk, keys: list[PrivateKey], sent: list[bytes]
) -> None:
    intruder = new_private_key().public
    desk.done("custodian", "register", "intruder", intruder)
    source_id = desk.source()
    sent.clear()
    refused = desk.run("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    assert refused.exit_code == 1
    assert f"only registered there: {intruder} (intruder)" in refused.stderr
    assert not any(request.startswith(b"PUT") for request in sent)


def test_nothing_is_sealed_where_the_editor_knows_someone_whom_the_service_does_not_list(
    desk: Desk, keys: list[PrivateKey]
) -> None:
    third = new_private_key().public
    desk.file("recipients", "\n".join([*(key.public for key in keys), third]))
    refused = desk.run("seal", desk.source(), "--recipients", "recipients", given=IDENTITY)
    assert (refused.exit_code, f"only in your file: {third}" in refused.stderr) == (1, True)


def test_a_custodian_in_the_place_of_another_is_noticed(desk: Desk, keys: list[PrivateKey]) -> None:
    """The service keeps the name and puts another key to it: as many keys as before."""
    forged = new_private_key().public
    with desk.database.engine().begin() as connection:
        connection.execute(
            text("UPDATE custodian SET recipient = :forged WHERE recipient = :true"),
            {"forged": forged, "true": keys[0].public},
        )
    refused = desk.run("seal", desk.source(), "--recipients", "recipients", given=IDENTITY)
    assert refused.exit_code == 1
    assert forged in refused.stderr
    assert keys[0].public in refused.stderr


def test_one_custodian_alone_is_advised_against(desk: Desk) -> None:
    key = new_private_key()
    desk.done("custodian", "register", "alone", key.public)
    desk.file("recipients", key.public)
    said = desk.run("seal", desk.source(), "--recipients", "recipients", given=IDENTITY)
    assert (said.exit_code, "Two or more" in said.stderr) == (0, True)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no public key"),
        ("# nothing\n\n", "no public key"),
        ("age1zzz\n", "line 1"),
        ("# x\nssh-ed25519 AAAA\n", "line 2"),
        ("{secret}\n", "line 1"),
        ("\x00\x01", "line 1"),
    ],
)
def test_a_file_of_recipients_that_is_none_is_refused_without_its_lines(
    desk: Desk, keys: list[PrivateKey], content: str, words: str
) -> None:
    secret = new_private_key().text
    desk.file("recipients", content.format(secret=secret))
    refused = desk.run("seal", desk.source(), "--recipients", "recipients", given=IDENTITY)
    assert (refused.exit_code, words in refused.stderr) == (1, True)
    assert secret not in refused.output


@pytest.mark.parametrize("given", [b"", b"\n", b"  \n", b"\xff\xfe\xfd", b"x" * PADDED_BYTES])
def test_what_cannot_be_sealed_is_refused(desk: Desk, keys: list[PrivateKey], given: bytes) -> None:
    source_id = desk.source()
    refused = desk.run("seal", source_id, "--recipients", "recipients", given=given)
    assert (refused.exit_code, "Nothing was sealed" in refused.stderr) == (1, True)
    assert desk.run("seal", source_id, "--recipients", "recipients", given=IDENTITY).exit_code == 0


def test_an_identity_is_taken_from_a_file_too(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    said = desk.run(
        "seal", source_id, "--recipients", "recipients", "--file", desk.file("who", f"{IDENTITY}\nline 2\n")
    )
    assert (said.exit_code, "in the clear" in said.stderr) == (0, True)
    opened = desk.done("unseal", source_id, "--identity", desk.key_file(keys[0]), "--reason", REASON)
    assert opened == f"{IDENTITY}\nline 2\n"


def test_an_identity_is_never_taken_from_an_argument(desk: Desk, keys: list[PrivateKey]) -> None:
    assert desk.run("seal", desk.source(), IDENTITY, "--recipients", "recipients").exit_code == 2


def test_the_first_is_stored_and_another_only_in_its_place(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    seal = ("seal", source_id, "--recipients", "recipients")
    early = desk.run(*seal, "--replace", given="first")
    assert (early.exit_code, "none to replace" in early.stderr) == (1, True)
    desk.done(*seal, given="first")
    again = desk.run(*seal, given="second")
    assert (again.exit_code, "--replace" in again.stderr) == (1, True)
    unseal = ("unseal", source_id, "--identity", desk.key_file(keys[0]), "--reason", REASON)
    assert desk.done(*unseal) == "first\n"
    desk.done(*seal, "--replace", given="second")
    assert desk.done(*unseal) == "second\n"


def test_what_the_service_refuses_is_said_in_its_words(desk: Desk, keys: list[PrivateKey]) -> None:
    named = desk.source(anonymity="named", name="Jane Roe")
    refused = desk.run("seal", named, "--recipients", "recipients", given=IDENTITY)
    assert (refused.exit_code, "anonymous or pseudonymous" in refused.stderr) == (1, True)


def exchanged(desk: Desk, one: str, other: str) -> None:
    """Puts the stored identity of one source in the place of the other's, as whoever has taken the database can."""
    with desk.database.engine().begin() as connection:
        connection.execute(
            text(
                "UPDATE sealed_identity SET ciphertext = "
                "(SELECT ciphertext FROM sealed_identity WHERE source_id = :one) WHERE source_id = :other"
            ),
            {"one": one, "other": other},
        )


def test_an_identity_that_was_exchanged_for_another_is_refused_loudly_and_not_shown(
    desk: Desk, keys: list[PrivateKey]
) -> None:
    one, other = desk.source(), desk.source()
    desk.done("seal", one, "--recipients", "recipients", given="Jane Roe")
    desk.done("seal", other, "--recipients", "recipients", given="John Doe")
    exchanged(desk, one, other)
    refused = desk.run("unseal", other, "--identity", desk.key_file(keys[0]), "--reason", REASON)
    assert refused.exit_code == 1
    assert "ANOTHER SOURCE" in refused.stderr
    assert "Jane" not in refused.output


def test_a_file_from_a_backup_is_opened_without_the_service_and_checked(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    desk.done("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    backup, private = desk.file("backup.age", desk.stored(source_id)), desk.key_file(keys[1])
    nowhere = "http://127.0.0.1:9"
    opened = desk.run("unseal", source_id, "--identity", private, "--input", backup, url=nowhere)
    assert (opened.exit_code, opened.stdout) == (0, IDENTITY + "\n")
    other = desk.run("unseal", desk.source(), "--identity", private, "--input", backup, url=nowhere)
    assert (other.exit_code, other.stdout) == (1, "")
    both = desk.run("unseal", source_id, "--identity", private, "--input", backup, "--reason", REASON)
    assert (both.exit_code, both.stdout) == (1, "")


@pytest.mark.parametrize(
    ("private", "words"),
    [
        ("", "no private key"),
        ("AGE-SECRET-KEY-1NONSENSE", "line 1"),
        ("{public}", "line 1"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nAAAA", "passphrase"),
    ],
)
def test_a_file_with_no_private_key_is_refused_before_anything_is_fetched(
    desk: Desk, keys: list[PrivateKey], private: str, words: str
) -> None:
    path = desk.file("private", private.format(public=keys[0].public))
    refused = desk.run("unseal", desk.source(), "--identity", path, "--reason", REASON, given="x\n")
    assert (refused.exit_code, words in refused.stderr) == (1, True)


def test_who_is_no_custodian_opens_nothing(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    desk.done("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    stranger = desk.key_file(new_private_key())
    refused = desk.run("unseal", source_id, "--identity", stranger, "--reason", REASON)
    assert (refused.exit_code, refused.stdout) == (1, "")


@pytest.mark.parametrize("content", [b"x" * PADDED_BYTES, envelope.wrap("x", IDENTITY)[:-1], b"{}"])
def test_what_someone_else_sealed_in_no_form_of_ours_is_not_shown(
    desk: Desk, keys: list[PrivateKey], content: bytes
) -> None:
    path = desk.file("forged.age", encrypted(content, [keys[0].public]))
    refused = desk.run("unseal", desk.source(), "--identity", desk.key_file(keys[0]), "--input", path)
    assert (refused.exit_code, refused.stdout) == (1, "")


def test_a_terminal_is_told_nothing_by_what_it_shows(
    desk: Desk, keys: list[PrivateKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    source_id = desk.source()
    forged = desk.file("forged.age", encrypted(envelope.wrap(source_id, "Jane\x1b[2J\tRoe"), [keys[0].public]))
    unseal = ("unseal", source_id, "--identity", desk.key_file(keys[0]), "--input", forged)
    assert desk.done(*unseal) == "Jane\x1b[2J\tRoe\n"
    monkeypatch.setattr(sealing, "_to_terminal", lambda: True)
    assert desk.done(*unseal) == "Jane\ufffd[2J\tRoe\n"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every byte that requests of this process are made of: method, address, headers, body."""
    seen: list[bytes] = []
    handle = httpx.HTTPTransport.handle_request

    def noted(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        head = b"".join(name + b": " + value + b"\n" for name, value in request.headers.raw)
        seen.append(b"%b %b\n%b\n%b" % (request.method.encode(), str(request.url).encode(), head, request.read()))
        return handle(transport, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", noted)
    return seen


def test_what_leaves_the_machine_has_the_identity_in_no_form(
    desk: Desk, keys: list[PrivateKey], sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = desk.folder / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    files = set(desk.folder.iterdir())
    source_id, private = desk.source(), desk.key_file(keys[0])
    sent.clear()
    said = desk.run("seal", source_id, "--recipients", "recipients", given=IDENTITY)
    opened = desk.run("unseal", source_id, "--identity", private, "--reason", REASON)
    assert (said.exit_code, opened.stdout) == (0, IDENTITY + "\n")
    assert [request.split()[0] for request in sent] == [b"GET", b"PUT", b"GET"]
    traffic = b"\n".join(sent)
    assert b"BEGIN AGE ENCRYPTED FILE" in traffic
    assert REASON.replace(" ", "%20").encode() in traffic
    for plain in (IDENTITY, "Чхоль", "Кондор", "900 000-00-00", keys[0].text):
        for form in forms(plain):
            assert form not in traffic
    assert IDENTITY not in said.output
    assert IDENTITY not in opened.stderr
    assert set(desk.folder.iterdir()) - files == {Path(private)}
    assert list(temporary.iterdir()) == []


def test_a_fault_of_the_command_shows_nothing_of_what_it_had(
    desk: Desk, keys: list[PrivateKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(_content: bytes, _keys: list[str]) -> str:
        raise RuntimeError("a fault")

    monkeypatch.setattr(age, "encrypted", fault)
    failed = desk.run("seal", desk.source(), "--recipients", "recipients", given=IDENTITY)
    assert isinstance(failed.exception, RuntimeError)
    assert "Чхоль" not in failed.output
    assert app.pretty_exceptions_enable is False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://newsroom.example", "https://"),
        ("http://10.0.0.1:8000", "https://"),
        ("https://user:secret@newsroom.example", "password"),
        ("ftp://127.0.0.1", "begins with"),
        ("127.0.0.1:8000", "begins with"),
        ("http://127.0.0.1:port", "no address"),
        ("http://127.0.0.1:9", "No service"),
    ],
)
def test_an_address_that_would_not_do_is_refused_in_words(desk: Desk, url: str, words: str) -> None:
    refused = desk.run("custodian", "list", url=url)
    assert (refused.exit_code, words in refused.stderr) == (1, True), refused.stderr
    assert "secret" not in refused.stderr


def test_a_key_stands_in_the_environment_or_in_a_file_and_in_no_argument(desk: Desk) -> None:
    path = desk.file("api.key", desk.key + "\n")
    assert desk.run("custodian", "list", "--key-file", path, key="onr_wrong").exit_code == 0
    assert desk.run("custodian", "list", "--key-file", "absent").exit_code == 1
    wrong = desk.run("custodian", "list", key="onr_wrong")
    assert (wrong.exit_code, "onr_wrong" in wrong.output) == (1, False)
    assert desk.run("custodian", "list", "--key", desk.key).exit_code == 2
    with pytest.raises(CommandFailed):
        Service(desk.url, "two\nlines")


def test_an_editor_who_may_only_write_cannot_fetch(desk: Desk, keys: list[PrivateKey]) -> None:
    body = {"name": "editor", "scopes": [Scope.IDENTITY_WRITE, Scope.CLAIMS_READ]}
    editor = desk.client.post("/v1/keys", json=body).raise_for_status().json()["key"]
    source_id = desk.source()
    assert desk.run("seal", source_id, "--recipients", "recipients", given=IDENTITY, key=editor).exit_code == 0
    refused = desk.run("unseal", source_id, "--identity", desk.key_file(keys[0]), "--reason", REASON, key=editor)
    assert (refused.exit_code, "identity:read" in refused.stderr) == (1, True)


def test_who_types_an_identity_at_a_terminal_does_not_see_it(desk: Desk, keys: list[PrivateKey]) -> None:
    source_id = desk.source()
    environment = {**os.environ, "ONRECORD_URL": desk.url, "ONRECORD_KEY": desk.key}
    arguments = [
        sys.executable,
        "-c",
        "from app.cli import main; main()",
        "seal",
        source_id,
        "--recipients",
        str(desk.folder / "recipients"),
    ]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(Path(__file__).parents[2])
        os.execve(sys.executable, arguments, environment)
    shown = typed(terminal, [f"{IDENTITY}\n".encode()] * 2)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0, shown
    assert b"Who the source is" in shown
    assert "Чхоль".encode() not in shown
    opened = desk.done("unseal", source_id, "--identity", desk.key_file(keys[0]), "--reason", REASON)
    assert opened == IDENTITY + "\n"


@pytest.mark.parametrize(
    "command",
    [("seal",), ("unseal",), ("custodian",), *(("custodian", name) for name in ("keygen", "register", "list"))],
)
def test_every_command_explains_itself(command: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert (shown.exit_code, "Usage" in shown.stdout) == (0, True)
