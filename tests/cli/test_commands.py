"""The command line, as an operator uses it."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from socket import socket

import pytest
import uvicorn
from pydantic import ValidationError
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app import startup
from app.access.authentication import person_id
from app.access.fingerprint import PepperMissing
from app.cli import commands, keys
from app.cli.commands import app
from app.cli.variables import check_names
from app.kit.db import Database
from app.settings import Settings
from app.startup import NoDatabase

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command over a data directory of the test's own."""
    monkeypatch.setenv("ONRECORD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "400")
    for console in (commands.console, keys.console):
        monkeypatch.setattr(console, "_width", 400)
    monkeypatch.setattr(startup, "configure_logging", lambda _level: None)

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, catch_exceptions=True)

    return invoke


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'data' / 'onrecord.sqlite3'}")


def said_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """The one line with which the command ends."""
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["onrecord", *command])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    error = capsys.readouterr().err
    assert (ended.value.code, error.count("\n")) == (1, 1), error
    return error


@pytest.mark.parametrize("command", [(), ("serve",), ("migrate",), ("demo",), ("openapi",), ("verify",), ("keys",)])
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_migrate_makes_the_tables_and_the_first_key_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    assert [run("migrate").exit_code for _ in range(2)] == [0, 0]
    path = tmp_path / "data" / "first.key"
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_are_made_listed_and_revoked(run: Run) -> None:
    run("migrate")
    made = run("keys", "create", "newsroom CMS", "--scope", "claims:read", "--scope", "claims:write", "--days", "30")
    assert made.exit_code == 0
    secret = made.stdout.strip().splitlines()[-1]
    assert secret.startswith("onr_")
    key_id = made.stdout.split()[1].rstrip(",")
    listed = run("keys", "list").stdout
    assert key_id in listed
    assert "newsroom CMS" in listed
    assert secret not in listed
    assert run("keys", "revoke", key_id).exit_code == 0
    assert f"revoked {datetime.now(UTC).date()}" in run("keys", "list").stdout
    assert run("keys", "revoke", "nothing").exit_code == 1


def test_keys_are_listed_whole_however_narrow_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("migrate")
    name = "the content management system of the newsroom in the capital, for what it publishes at night"
    made = run("keys", "create", name, "--scope", "claims:read", "--network", "2001:db8::/32").stdout.split()[1]
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(keys.console, "_width", 40)
    lines = run("keys", "list").stdout.splitlines()
    assert len(lines) == 2
    assert lines[0] == f"{made.rstrip(',')}  {name}  (made {datetime.now(UTC).date()})  claims:read 2001:db8::/32"


def test_a_name_in_the_database_does_not_reach_the_terminal_as_it_is(run: Run, database: Database) -> None:
    run("migrate")
    with database.engine().begin() as connection:
        connection.execute(text("UPDATE api_key SET name = :name"), {"name": "a\x1b[2J\u202e\nb"})
    database.dispose()
    assert "  a\ufffd[2J\ufffd\ufffdb  " in run("keys", "list").stdout


def test_a_person_of_the_issuer_is_found_in_the_audit(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("migrate")
    without = run("keys", "person", "jane")
    assert (without.exit_code, "ONRECORD_OIDC_ISSUER" in without.stdout) == (1, True)
    monkeypatch.setenv("ONRECORD_OIDC_ISSUER", "https://issuer.example")
    monkeypatch.setenv("ONRECORD_OIDC_AUDIENCE", "onrecord")
    context = startup.open_context(Settings(data_dir=tmp_path / "data"))
    expected = person_id(context, "https://issuer.example", "jane")
    context.database.dispose()
    assert run("keys", "person", "jane").stdout == f"{expected}\n"


def test_keys_are_rotated_and_bound_to_networks(run: Run) -> None:
    run("migrate")
    body = ("--scope", "claims:read", "--network", "192.0.2.0/24", "--network", "2001:db8::/32", "--days", "30")
    old_id = run("keys", "create", "newsroom CMS", *body).stdout.split()[1].rstrip(",")
    rotated = run("keys", "rotate", old_id, "--hours", "2")
    assert rotated.exit_code == 0, rotated.output
    new_id, secret = rotated.stdout.split()[1].rstrip(","), rotated.stdout.strip().splitlines()[-1]
    assert secret.startswith("onr_")
    lines = [line for line in run("keys", "list").stdout.splitlines() if "newsroom CMS" in line]
    assert {key_id for key_id in (old_id, new_id) for line in lines if key_id in line} == {old_id, new_id}
    assert all("192.0.2.0/24 2001:db8::/32" in line for line in lines)
    again = run("keys", "rotate", old_id)
    assert (again.exit_code, "rotated already" in again.stdout) == (1, True)
    assert run("keys", "rotate", "nothing").exit_code == 1
    assert run("verify").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("create", "x", "--scope", "claims:read", "--network", "192.0.2.1/24"), "'--network': Must be a CIDR block"),
        (("create", "x", "--scope", "everything"), "'--scope': Must be one of the terms: 'claims:read', "),
        (("create", " ", "--scope", "claims:read"), "'name': Must have a visible character"),
        (("create", "a\x1b[2J", "--scope", "claims:read"), "'name'"),
        (("create", "x", "--scope", "claims:read", "--days", "0"), "'--days'"),
        (("create", "x", "--scope", "claims:read", "--days", "999999999"), "'--days'"),
        (("rotate", "00000000-0000-7000-8000-000000000001", "--hours", "721"), "'--hours'"),
    ],
)
def test_what_the_api_would_refuse_is_refused_in_words(run: Run, arguments: tuple[str, ...], says: str) -> None:
    run("migrate")
    result = run("keys", *arguments)
    assert (result.exit_code, says in result.output) == (2, True), result.output
    assert isinstance(result.exception, SystemExit)


def test_a_key_needs_a_scope_and_a_known_one(run: Run) -> None:
    run("migrate")
    assert run("keys", "create", "x").exit_code == 2
    assert run("keys", "create", "x", "--scope", "everything").exit_code == 2


def test_openapi_prints_the_description(run: Run) -> None:
    described = json.loads(run("openapi").stdout)
    assert described["openapi"].startswith("3.1")
    assert "/v1/claims" in described["paths"]


def test_verify_exits_with_1_where_something_does_not_agree(run: Run, database: Database) -> None:
    run("migrate")
    assert run("verify").exit_code == 0
    with database.engine().begin() as connection:
        connection.execute(text("UPDATE api_key SET name = 'SECRETWORD'"))
    database.dispose()
    result = run("verify")
    assert result.exit_code == 1
    assert "key 00000000-0000-7000-8000-000000000001: " in result.stdout
    assert "SECRETWORD" not in result.stdout


@pytest.mark.parametrize("command", [("verify",), ("keys", "list")])
def test_tables_of_another_version_are_said_in_one_line(
    run: Run,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    run("migrate")
    with database.engine().begin() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    database.dispose()
    error = said_by(monkeypatch, capsys, *command)
    assert "an earlier version: run `onrecord migrate`" in error


@pytest.mark.parametrize("is_empty", [False, True])
@pytest.mark.parametrize(
    "command", [("verify",), ("keys", "list"), ("keys", "new-pepper", "--yes"), ("serve",), ("demo",)]
)
def test_what_only_reads_makes_no_database(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
    is_empty: bool,
) -> None:
    folder = tmp_path / "data"
    if is_empty:
        folder.mkdir(mode=0o700)
        (folder / "onrecord.sqlite3").touch(mode=0o600)
    error = said_by(monkeypatch, capsys, *command)
    assert error.startswith(f"There is no database at {folder}/onrecord.sqlite3: ")
    assert [path.name for path in folder.glob("*")] == ["onrecord.sqlite3"] * is_empty


@pytest.mark.parametrize("command", [("verify",), ("keys", "list"), ("migrate",), ("serve", "--migrate")])
def test_a_damaged_database_is_named(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:
    run("migrate")
    file = tmp_path / "data" / "onrecord.sqlite3"
    file.write_bytes(Random(0).randbytes(8192))
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    error = said_by(monkeypatch, capsys, *command)
    assert f"{file} is no SQLite database, or damaged: restore it from a backup." in error


def test_a_variable_that_is_no_setting_is_refused_with_the_nearest(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONRECORD_DATABSE_URL", "postgresql+psycopg://swordfish@localhost/x")
    error = said_by(monkeypatch, capsys, "migrate")
    assert error == "There is no setting ONRECORD_DATABSE_URL: did you mean ONRECORD_DATABASE_URL?\n"
    assert not (tmp_path / "data").exists()


def test_variables_of_commands_and_tests_and_of_others_are_let_be() -> None:
    check_names(["ONRECORD_URL", "ONRECORD_KEY", "ONRECORD_PROOFS", "onrecord_port", "PATH", "ONRECORDED"])


def test_every_variable_that_is_read_is_known() -> None:
    root = Path(__file__).parents[2]
    texts = [
        path.read_text()
        for folder in ("app", "tests", "benchmarks", "deploy")
        for path in (root / folder).rglob("*")
        if path.suffix in {".py", ".sh"} and path != Path(__file__)
    ]
    texts += [(root / name).read_text() for name in ("README.md", "Makefile", "Dockerfile", "compose.yaml")]
    check_names(name for each in texts for name in re.findall(r"ONRECORD_[A-Z][A-Z_]*[A-Z]", each))


def test_a_secret_that_others_can_read_is_said_in_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("migrate")
    (tmp_path / "data" / "pepper").chmod(0o644)
    monkeypatch.setattr("sys.argv", ["onrecord", "verify"])
    with pytest.raises(SystemExit):
        commands.main()
    assert "chmod 600" in "".join(capsys.readouterr().err.split("\n")).replace("  ", " ")


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("PEPPER", "swordfish", "Must have at least 32 characters: `openssl rand -hex 32` makes one."),
        ("LOG_LEVEL", "swordfish", "Must be one of: 'debug', 'info', 'warning' or 'error'."),
        ("BEHIND_PROXY", "swordfish", "Must be true or false."),
        ("PORT", "swordfish", "Must be a whole number."),
        ("PORT", "70000", "Must be at most 65535."),
        ("CORS_ORIGINS", "swordfish", "List each origin exactly, as https://cms.example, without a path; there is no"),
        ("TRUSTED_PROXIES", "swordfish", "Name each proxy by its address or its network, as 10.0.0.0/8."),
        ("OIDC_ISSUER", "http://swordfish", "Must be an https URL without credentials."),
        ("OIDC_SCOPES", "swordfish", "Must be a JSON object."),
        ("OIDC_SCOPES", '{"swordfish": 5}', "Must be an array."),
        ("OIDC_SCOPES", '{"swordfish": ["claims:read"]}', "Goes with an issuer: set ONRECORD_OIDC_ISSUER too."),
        ("OIDC_AUDIENCE", "swordfish", "Goes with an issuer: set ONRECORD_OIDC_ISSUER too."),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_not_repeated(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, given: str, says: str
) -> None:
    monkeypatch.setenv(f"ONRECORD_{name}", given)
    monkeypatch.setattr("sys.argv", ["onrecord", "migrate"])
    with pytest.raises(SystemExit):
        commands.main()
    error = capsys.readouterr().err
    assert error.startswith(f"ONRECORD_{name}: {says}")
    assert len(error.splitlines()) == 1
    assert given not in error
    assert "swordfish" not in error.lower()


@pytest.mark.parametrize(
    ("host", "shown"), [("::1", "[::1]"), ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1")]
)
def test_the_address_that_is_greeted_with_can_be_pasted(
    capsys: pytest.CaptureFixture[str], host: str, shown: str
) -> None:
    commands._greet(Settings(host=host), 8000)
    assert f"answers on http://{shown}:8000 " in capsys.readouterr().out


def test_the_first_key_is_named_only_where_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_dir=tmp_path)
    commands._greet(settings, 8000)
    without = capsys.readouterr().out
    assert ("first" in without, "$ONRECORD_KEY" in without, "keys create" in without) == (False, True, True)
    (tmp_path / "first.key").touch()
    commands._greet(settings, 8000)
    assert "first.key" in capsys.readouterr().out


@pytest.mark.parametrize("level", ["debug", "DEBUG", "Warning", " info "])
def test_a_level_of_the_log_is_read_in_either_case(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    monkeypatch.setenv("ONRECORD_LOG_LEVEL", level)
    assert Settings().log_level == level.strip().lower()


@pytest.mark.parametrize(
    "proxies",
    [
        "0.0.0.0/0",
        "0.0.0.0/1,128.0.0.0/1",
        "0.0.0.0/1 128.0.0.0/2 192.0.0.0/3",
        ",".join(f"{first}.0.0.0/8" for first in range(224)),
        "::/0",
        "::/1,8000::/1",
        "2000::/3",
        "2600::/16,2a00::/16",
        "2001::/16,2400::/12,2600::/12,2610::/23,2620::/23,2630::/12,2800::/12,2a00::/12,2a10::/12,2c00::/12",
        "::ffff:0:0/96",
        "::ffff:0:0/97,::ffff:128.0.0.0/97",
        "::/64",
        "127.0.0.1,::ffff:0.0.0.0/98,::ffff:64.0.0.0/98",
    ],
)
def test_proxies_that_add_up_to_nearly_everybody_are_refused(proxies: str) -> None:
    with pytest.raises(ValidationError, match="Nearly every caller would be trusted"):
        Settings.model_validate({"trusted_proxies": proxies})


@pytest.mark.parametrize(
    "proxies",
    [
        "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,169.254.0.0/16,fc00::/7,fe80::/10",
        "::ffff:10.0.0.0/104",
        "2001:db8::/32",
        "2400:cb00::/32,2606:4700::/32,2803:f800::/32,2405:b500::/32,2a06:98c0::/29,2c0f:f248::/32",
        "",
    ],
)
def test_proxies_of_a_network_of_ones_own_are_taken(proxies: str) -> None:
    Settings.model_validate({"trusted_proxies": proxies})


@pytest.mark.parametrize("name", ["query_seconds", "query_processor_seconds", "write_seconds"])
@pytest.mark.parametrize("seconds", ["inf", "nan", "1e300", "-1"])
def test_a_time_that_does_not_end_is_refused(name: str, seconds: str) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: seconds})


def test_a_body_that_could_not_come_in_may_not_be_set(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONRECORD_MAX_BODY_BYTES", "4194305")
    error = said_by(monkeypatch, capsys, "serve")
    assert error == "ONRECORD_MAX_BODY_BYTES: Must be at most 4194304.\n"


def test_a_lost_pepper_is_replaced_and_every_key_revoked(run: Run, tmp_path: Path) -> None:
    run("migrate")
    first, pepper = (tmp_path / "data" / name for name in ("first.key", "pepper"))
    before = pepper.read_text()
    assert "nothing was done" in run("keys", "new-pepper", "--yes").stdout
    pepper.unlink()
    assert isinstance(run("keys", "list").exception, PepperMissing)
    assert run("keys", "new-pepper").exit_code == 1
    assert not pepper.exists()
    done = run("keys", "new-pepper", "--yes")
    assert (done.exit_code, f"{first}, which opens nothing any more, is deleted" in done.stdout) == (0, True)
    assert pepper.read_text() != before
    assert f"revoked {datetime.now(UTC).date()}" in run("keys", "list").stdout
    assert run("keys", "create", "desk", "--scope", "claims:read").exit_code == 0
    assert run("verify").exit_code == 0
    assert not first.exists()


def test_no_key_stands_in_an_argument_of_the_demo(run: Run, tmp_path: Path) -> None:
    assert run("demo", "--url", "http://127.0.0.1:9", "--key", "onr_key").exit_code == 2
    path = tmp_path / "api.key"
    path.touch(mode=0o644)
    path.write_text("onr_key")
    asked = ("demo", "--url", "http://127.0.0.1:9", "--key-file", str(path))
    assert "chmod 600" in run(*asked).output
    path.chmod(0o600)
    assert "No service answers" in run(*asked).output


def test_serving_migrates_only_when_asked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[int] = []

    def serve(_server: uvicorn.Server, sockets: list[socket]) -> None:
        served.append(sockets[0].getsockname()[1])
        for each in sockets:
            each.close()

    monkeypatch.setattr(uvicorn.Server, "run", serve)
    monkeypatch.setenv("ONRECORD_PORT", "0")
    assert isinstance(run("serve").exception, NoDatabase)
    assert served == []
    result = run("serve", "--migrate")
    assert result.exit_code == 0, result.output
    assert f":{served[0]}/v1/claims" in result.stdout
    assert str(tmp_path / "data" / "first.key") in result.stdout
