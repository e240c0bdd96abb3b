"""What happens before the first request: secrets only their owner can read, and a database of this version."""

import base64
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import anyio
import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from structlog.testing import capture_logs

from app import startup
from app.access.context import Context
from app.access.fingerprint import OtherPepper, PepperMissing
from app.access.secrets import NotOfItsForm, Pepper, check_pepper, first_key, kept_pepper, new_key
from app.cli.commands import failures_logged
from app.keys.service import ensure_first_key
from app.kit import sqlite
from app.kit.db import Database
from app.kit.private import OpenToOthers
from app.main import create_app
from app.settings import Settings

RANDOM = "5f0d1c2b9e8a47639bd4c1f6a7e85d20"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def answers(app: FastAPI, *paths: str, key: str | None = None) -> list[Response]:
    """What the app answers to reads between its start and its end."""

    async def ask() -> list[Response]:
        headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://onrecord.test", headers=headers) as client,
        ):
            return [await client.get(path) for path in paths]

    return anyio.run(ask)


def opened(settings: Settings) -> Context:
    context = startup.open_context(settings)
    context.database.dispose()
    return context


def test_a_refusal_to_start_is_logged_by_its_words(settings: Settings) -> None:
    app = create_app(settings)
    app.router.lifespan_context = failures_logged(app.router.lifespan_context)
    with capture_logs() as logged, pytest.raises(startup.NoDatabase) as refusal:
        answers(app)
    assert [line for line in logged if line["event"] == "refused"] == [
        {"event": "refused", "log_level": "error", "why": str(refusal.value)}
    ]


def test_any_other_end_of_a_start_is_logged_without_its_words() -> None:
    @asynccontextmanager
    async def begin(_app: FastAPI) -> AsyncIterator[None]:
        int("swordfish")
        yield

    app = FastAPI(lifespan=failures_logged(begin))
    with capture_logs() as logged, pytest.raises(ValueError, match="swordfish"):
        answers(app)
    (line,) = logged
    assert (line["event"], line["log_level"], line["kind"]) == ("not_started", "error", "ValueError")
    assert line["raised"].startswith(__file__)
    assert "swordfish" not in str(line)


def test_what_fails_once_the_service_has_started_is_no_failed_start() -> None:
    @asynccontextmanager
    async def begin(_app: FastAPI) -> AsyncIterator[None]:
        yield
        raise ValueError

    app = FastAPI(lifespan=failures_logged(begin))
    with capture_logs() as logged, pytest.raises(ValueError):  # noqa: PT011  # it has no words
        answers(app)
    assert logged == []


@pytest.mark.parametrize("name", ["what?timeout=abc", "a%20b", "a b#c"])
def test_the_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    assert Database(settings.url).file == tmp_path / name / "onrecord.sqlite3"


def test_the_data_directory_and_the_pepper_are_made_and_kept(settings: Settings) -> None:
    first, again = opened(settings), opened(settings)
    path = settings.data_dir / "pepper"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (
        first.pepper.key_digest("k")
        == again.pepper.key_digest("k")
        == Pepper(path.read_text().strip().encode()).key_digest("k")
    )


def test_a_pepper_that_is_set_is_taken_and_none_is_made(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, pepper=RANDOM)  # type: ignore[arg-type]  # as an environment variable gives it
    assert opened(chosen).pepper.key_digest("k") == Pepper(RANDOM.encode()).key_digest("k")
    assert not (tmp_path / "pepper").exists()


def test_a_short_pepper_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(data_dir=tmp_path, pepper="swordfish")  # type: ignore[arg-type]  # as an environment variable gives it
    assert "swordfish" not in str(refused.value)


def test_another_pepper_gives_another_digest_and_purposes_never_cross() -> None:
    assert Pepper(b"a" * 32).key_digest("k") != Pepper(b"b" * 32).key_digest("k")
    pepper = Pepper(b"a" * 32)
    assert pepper.digest("cursor", b"k") != pepper.key_digest("k")
    assert pepper.digest("x", b"ab", b"c") != pepper.digest("x", b"a", b"bc")


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o660, 0o601])
def test_a_secret_that_others_can_read_is_refused(settings: Settings, mode: int) -> None:
    opened(settings)
    path = settings.data_dir / "pepper"
    secret = path.read_text().strip()
    path.chmod(mode)
    with pytest.raises(OpenToOthers, match="chmod 600") as refused:
        opened(settings)
    assert secret not in str(refused.value)


def test_a_secret_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        kept_pepper(tmp_path / "pepper")
    finally:
        os.umask(umask)
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["pepper"]


def test_what_is_made_is_closed_to_others_whatever_the_umask(settings: Settings) -> None:
    umask = os.umask(0)
    try:
        context = startup.open_context(settings)
        startup.migrate(context.database)
        with context.database.reading():
            modes = {path.name: path.stat().st_mode & 0o777 for path in settings.data_dir.iterdir()}
    finally:
        os.umask(umask)
    context.database.dispose()
    assert settings.data_dir.stat().st_mode & 0o777 == 0o700
    assert modes == dict.fromkeys(modes, 0o600)
    assert modes.keys() >= {"pepper", "onrecord.sqlite3", "onrecord.sqlite3-wal"}


def test_a_random_pepper_is_taken() -> None:
    random = Random(0)  # the same each time
    for _ in range(1000):
        check_pepper(random.randbytes(16).hex())
        check_pepper(base64.b64encode(random.randbytes(32)).decode())
    check_pepper(new_key())


def test_the_first_key_is_warned_of_where_others_than_this_machine_call(settings: Settings) -> None:
    opened(settings)
    (settings.data_dir / "first.key").touch(0o600)
    with capture_logs() as logged:
        startup.warn_of_first_key(settings)
        startup.warn_of_first_key(settings.model_copy(update={"behind_proxy": True}))
    assert [entry["event"] for entry in logged] == ["first_key_kept"]


def test_the_secret_that_came_first_stays(tmp_path: Path) -> None:
    for keep in (kept_pepper, first_key):
        first = keep(tmp_path / keep.__name__)
        assert keep(tmp_path / keep.__name__) == first


@pytest.mark.parametrize(
    "content",
    ["", "\n", "two\nlines", f"{RANDOM}\n{RANDOM}", f" {RANDOM}", f"{RANDOM} ", "\x1b[2J", "é" * 40, "a" * 1025],
)
def test_a_secret_is_read_only_in_its_own_form(tmp_path: Path, content: str) -> None:
    for keep, name in ((kept_pepper, "pepper"), (first_key, "first.key")):
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(content)
        with pytest.raises(NotOfItsForm, match=name) as refused:
            keep(path)
        assert content not in {*str(refused.value).split()}
        assert path.read_text() == content


@pytest.mark.parametrize(
    "content", [f"onr_{'a' * 42}", f"onr_{'a' * 44}", f"onr_{'+' * 43}", RANDOM, f"xonr_{'a' * 43}"]
)
def test_a_first_key_is_a_key_of_ours(tmp_path: Path, content: str) -> None:
    path = tmp_path / "first.key"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(NotOfItsForm):
        first_key(path)


def migrated(settings: Settings) -> None:
    """Makes a database with keys, and a fingerprint of the pepper."""
    context = startup.open_context(settings)
    startup.migrate(context.database)
    startup.check_database(context)
    ensure_first_key(context)
    context.database.dispose()


def checked(settings: Settings) -> None:
    context = startup.open_context(settings)
    try:
        startup.check_database(context)
    finally:
        context.database.dispose()


@pytest.fixture
def own_settings(own_database: Database, tmp_path: Path) -> Settings:
    """Settings with a data directory and an empty database, of either engine, that the test has to itself."""
    return Settings(data_dir=tmp_path / "data", database_url=own_database.url.render_as_string(hide_password=False))


def test_a_database_with_keys_and_no_pepper_is_refused_and_none_is_made(own_settings: Settings) -> None:
    settings = own_settings
    migrated(settings)
    (settings.data_dir / "pepper").unlink()
    with pytest.raises(PepperMissing, match=f"put {settings.data_dir}/pepper back"):
        startup.open_context(settings)
    assert not (settings.data_dir / "pepper").exists()


def test_a_database_without_keys_needs_no_pepper_of_before(settings: Settings) -> None:
    context = startup.open_context(settings)
    startup.migrate(context.database)
    context.database.dispose()
    (settings.data_dir / "pepper").unlink()
    checked(settings)


@pytest.mark.parametrize("by", ["file", "setting"])
def test_another_pepper_than_that_of_the_keys_is_refused(own_settings: Settings, by: str) -> None:
    settings = own_settings
    migrated(settings)
    if by == "file":
        (settings.data_dir / "pepper").write_text(f"{RANDOM}\n")
    else:
        settings = settings.model_copy(update={"pepper": SecretStr(RANDOM)})
    with pytest.raises(OtherPepper) as refused:
        checked(settings)
    assert RANDOM not in str(refused.value)
    with pytest.raises(OtherPepper):
        answers(create_app(settings), "/readyz")


def test_the_fingerprint_does_not_tell_the_pepper(settings: Settings) -> None:
    migrated(settings)
    pepper = (settings.data_dir / "pepper").read_text().strip()
    stored = b"".join(path.read_bytes() for path in settings.data_dir.glob("onrecord.sqlite3*"))
    assert pepper.encode() not in stored


def test_tables_of_a_later_version_are_refused(own_context: Context) -> None:
    startup.migrate(own_context.database)
    with own_context.database.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refuse in (startup.check_tables, startup.migrate):
        with pytest.raises(startup.SchemaNewer, match=r"revision 9999.*restore a backup"):
            refuse(own_context.database)


def test_an_index_that_this_sqlite_cannot_read_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(settings)
    database = Database(settings.url)
    monkeypatch.setattr(sqlite, "wipes_deleted_words", lambda: False)
    startup.check_tables(database)
    with database.engine().begin() as connection:
        connection.execute(text("UPDATE search_internal_config SET v = 5 WHERE k = 'version'"))
    for refuse in (startup.check_tables, startup.migrate):
        with pytest.raises(startup.IndexNewer, match="pysqlite3"):
            refuse(database)
    database.dispose()


def test_an_app_over_tables_of_another_version_does_not_start(settings: Settings) -> None:
    opened(settings)
    Database(settings.url).write(lambda session: session.execute(text("SELECT 1")))
    with pytest.raises(startup.SchemaNotCurrent, match="onrecord migrate"):
        answers(create_app(settings))
    assert not (settings.data_dir / "first.key").exists()


def test_an_app_over_no_database_does_not_start_and_makes_none(settings: Settings) -> None:
    with pytest.raises(startup.NoDatabase, match=f"There is no database at {settings.data_dir}/onrecord.sqlite3"):
        answers(create_app(settings))
    assert not settings.data_dir.exists()


@pytest.mark.parametrize("secret", ["pepper", "first.key"])
def test_an_empty_database_beside_secrets_of_another_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(startup, "MAKING_S", 0)
    settings.data_dir.mkdir(mode=0o700)
    for name in ("onrecord.sqlite3", secret):
        (settings.data_dir / name).touch(mode=0o600)
    with pytest.raises(startup.EmptyDatabase, match=f"/{secret} is of a database that was not"):
        startup.open_context(settings)


def test_a_database_that_another_process_makes_at_this_moment_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(settings)
    file = settings.data_dir / "onrecord.sqlite3"
    file.touch(mode=0o600)
    monkeypatch.setattr("time.sleep", lambda _seconds: file.write_bytes(b"SQLite format 3"))
    opened(settings)


def test_what_only_reads_makes_no_pepper_where_there_are_no_tables(own_settings: Settings) -> None:
    settings = own_settings
    with pytest.raises((startup.NoDatabase, startup.SchemaNotCurrent)):
        startup.open_context(settings, make=False)
    assert not settings.data_dir.exists()


def test_a_started_app_has_a_first_key_that_opens_everything(settings: Settings) -> None:
    context = startup.open_context(settings)
    startup.migrate(context.database)
    context.database.dispose()
    assert [response.status_code for response in answers(create_app(settings), "/readyz")] == [200]
    key = (settings.data_dir / "first.key").read_text().strip()
    assert [response.status_code for response in answers(create_app(settings), "/v1/keys", key=key)] == [200]
    assert (settings.data_dir / "first.key").read_text().strip() == key


def test_readiness_tells_of_tables_of_another_version(
    own_context: Context, own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    startup.migrate(own_database)
    (well,) = answers(create_app(context=own_context), "/readyz")
    assert well.json() == {"status": "ok"}
    monkeypatch.setattr(startup, "is_current", lambda _database: False)
    ready, healthy = answers(create_app(context=own_context), "/readyz", "/healthz")
    assert (ready.status_code, ready.json()["code"], healthy.status_code) == (503, "unavailable", 200)


@pytest.mark.parametrize("has_bug", [True, False])
def test_a_sqlite_that_may_lose_writes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_bug: bool) -> None:
    monkeypatch.setattr(sqlite, "has_wal_reset_bug", lambda: has_bug)
    with capture_logs() as logged:
        startup.warn_of_sqlite(Database(f"sqlite:///{tmp_path / 'x'}"))
    assert [entry["event"] for entry in logged] == ["sqlite_wal_reset_bug"] * has_bug
    assert all("3.51.3" in entry["advice"] for entry in logged)


def test_postgresql_is_not_warned_about_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "has_wal_reset_bug", lambda: True)
    with capture_logs() as logged:
        startup.warn_of_sqlite(Database("postgresql+psycopg://onrecord@localhost/none"))
    assert logged == []


def test_the_log_is_json_where_nobody_watches(capfd: pytest.CaptureFixture[str]) -> None:
    startup.configure_logging("warning")
    try:
        structlog.get_logger("test").warning("something", number=1)
        structlog.get_logger("test").info("nothing")
    finally:
        structlog.reset_defaults()
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert '"event": "something"' in lines[0]
