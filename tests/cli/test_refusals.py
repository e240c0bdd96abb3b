"""`onrecord serve`, as a process, with each setting that is unsafe: it says what to do, ends, and has bound nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pytest

from app import startup
from app.access.secrets import new_key
from app.cli.address import NoSuchListening, ReachableInTheClear, UnknownHost, check_address, listen
from app.kit.db import Database
from app.settings import Settings
from tests.fixtures.commands import Ended, run_command
from tests.fixtures.postgres import drop_database, fresh_database
from tests.fixtures.proofs import Prove

RANDOM: Final = "5f0d1c2b9e8a47639bd4c1f6a7e85d20"
AT_ONCE: Final = 3
ANOTHER: Final = 12_345
"""A user that there need not be."""
Prepare = Callable[[Path], None]


def nothing(_data_dir: Path) -> None:
    """Leaves a new data directory as it is."""


def file_with(name: str, content: str, mode: int) -> Prepare:
    def prepare(data_dir: Path) -> None:
        path = data_dir / name
        path.write_text(content)
        path.chmod(mode)

    return prepare


def open_folder(data_dir: Path) -> None:
    data_dir.chmod(0o777)


def open_parent(data_dir: Path) -> None:
    data_dir.parent.chmod(0o777)


def give_away(data_dir: Path) -> None:
    """Gives it, with a first key that they know, to another user."""
    file_with("first.key", f"{new_key()}\n", 0o600)(data_dir)
    for path in (data_dir, data_dir / "first.key"):
        os.chown(path, ANOTHER, ANOTHER)


def link(name: str) -> Prepare:
    """Makes a link to a file that would be taken if it lay there itself."""

    def prepare(data_dir: Path) -> None:
        file_with(f"real {name}", "" if "sqlite3" in name else f"{new_key()}\n", 0o600)(data_dir)
        (data_dir / name).symlink_to(data_dir / f"real {name}")

    return prepare


@dataclass(frozen=True, slots=True)
class Unsafe:
    """One unsafe setting: what is set or laid out for the command, what it must say, and what it must not."""

    says: str
    settings: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare = nothing
    secret: str | None = None


UNREADABLE: Final = (
    "postgresql+psycopg://onrecord:S3cr@et:w0rd@localhost/onrecord",
    "postgresql+psycopg2://onrecord:w0rd@localhost/onrecord",
    "mysql://onrecord:w0rd@localhost/onrecord",
    "sqlite+aiosqlite:///w0rd",
    "sqlite:///x?timeout=w0rd",
    "w0rd",
)
EVERYWHERE: Final = {
    "every address": Unsafe("--behind-proxy", {"HOST": "0.0.0.0"}),
    "every address of IPv6": Unsafe("--behind-proxy", {"HOST": "::"}),
    "no address": Unsafe("--behind-proxy", {"HOST": ""}),
    "an address of a network": Unsafe("--behind-proxy", {"HOST": "192.0.2.1"}),
    "a short pepper": Unsafe("ONRECORD_PEPPER", {"PEPPER": "swordfish"}, secret="swordfish"),
    "a pepper of one character": Unsafe("openssl rand -hex 32", {"PEPPER": "q" * 64}, secret="q" * 64),
    "a pepper that repeats": Unsafe("openssl rand -hex 32", {"PEPPER": RANDOM[:12] * 4}, secret=RANDOM[:12]),
    "a pepper that counts": Unsafe(
        "openssl rand -hex 32", {"PEPPER": "abcdefghijklmnopqrstuvwxyz0123456789"}, secret="cdef"
    ),
    "a placeholder": Unsafe("openssl rand -hex 32", {"PEPPER": f"Change-Me-{RANDOM}"}, secret=RANDOM),
    "a pepper file that can be guessed": Unsafe(
        "openssl rand -hex 32", prepare=file_with("pepper", "hunter2", 0o600), secret="hunter2"
    ),
    "a pepper file that all may read": Unsafe("chmod 600", prepare=file_with("pepper", RANDOM, 0o644), secret=RANDOM),
    "a first key that the group may read": Unsafe(
        "chmod 600", prepare=file_with("first.key", RANDOM, 0o640), secret=RANDOM
    ),
    "a data directory that all may write to": Unsafe("chmod 700", prepare=open_folder),
    "proxies of any address": Unsafe(
        "ONRECORD_TRUSTED_PROXIES", {"TRUSTED_PROXIES": "0.0.0.0/0", "BEHIND_PROXY": "true"}
    ),
    "proxies that add up to any address": Unsafe(
        "ONRECORD_TRUSTED_PROXIES", {"TRUSTED_PROXIES": "0.0.0.0/1,128.0.0.0/1", "BEHIND_PROXY": "true"}
    ),
    "a pepper elsewhere": Unsafe("symbolic link", prepare=link("pepper")),
    "a first key elsewhere": Unsafe("symbolic link", prepare=link("first.key")),
    "a first key of somebody's making": Unsafe(
        "first.key", prepare=file_with("first.key", f"{RANDOM}\n", 0o600), secret=RANDOM
    ),
    "a data directory below one that all may write to": Unsafe("chmod go-w", prepare=open_parent),
    **({"a data directory of another user": Unsafe("belongs to user", prepare=give_away)} if os.geteuid() == 0 else {}),
    "proxies by wildcard": Unsafe("ONRECORD_TRUSTED_PROXIES", {"TRUSTED_PROXIES": "*", "BEHIND_PROXY": "true"}),
    "pages of any origin": Unsafe("ONRECORD_CORS_ORIGINS", {"CORS_ORIGINS": "*"}),
    "a setting that is misspelt": Unsafe("did you mean ONRECORD_DATABASE_URL?", {"DATABSE_URL": "sqlite:///x"}),
    "single sign-on without an issuer": Unsafe("ONRECORD_OIDC_ISSUER", {"OIDC_SCOPES": '{"desk": ["claims:read"]}'}),
    **{
        f"an address of a database that cannot be read, {number}": Unsafe(
            "see ONRECORD_DATABASE_URL. In its password write @ as %40", {"DATABASE_URL": url}, secret="w0rd"
        )
        for number, url in enumerate(UNREADABLE)
    },
    "a data directory without a name": Unsafe("ONRECORD_DATA_DIR", {"DATA_DIR": ""}),
    "a data directory that is shared": Unsafe("name another folder in ONRECORD_DATA_DIR", {"DATA_DIR": "/tmp"}),
}
PASSWORD: Final = "tr0ub4dor"
ELSEWHERE: Final = f"postgresql+psycopg://onrecord:{PASSWORD}@192.0.2.1:1/onrecord"
OF_ENGINE: Final = {
    "sqlite": {
        "a database elsewhere": Unsafe("symbolic link", prepare=link("onrecord.sqlite3")),
        "a journal elsewhere": Unsafe("symbolic link", prepare=link("onrecord.sqlite3-journal")),
        "a database in a folder that is not there": Unsafe(
            "There is no folder /nope: make it, or name another one in ONRECORD_DATABASE_URL",
            {"DATABASE_URL": "sqlite:////nope/onrecord.sqlite3"},
        ),
        "a database in memory": Unsafe("ONRECORD_DATABASE_URL", {"DATABASE_URL": "sqlite://"}),
        "a database that a URI names": Unsafe("ONRECORD_DATABASE_URL", {"DATABASE_URL": "sqlite:///file:x?uri=true"}),
        "a database that all may read": Unsafe("chmod 600", prepare=file_with("onrecord.sqlite3", "", 0o644)),
        "a journal that all may read": Unsafe("chmod 600", prepare=file_with("onrecord.sqlite3-wal", "", 0o604)),
    },
    "postgresql": {
        "a database elsewhere": Unsafe("sslmode=verify-full", {"DATABASE_URL": ELSEWHERE}, secret=PASSWORD),
        "one that need not speak TLS": Unsafe(
            "sslmode=verify-full", {"DATABASE_URL": f"{ELSEWHERE}?sslmode=prefer"}, secret=PASSWORD
        ),
        "one that the query names": Unsafe(
            "sslmode=verify-full",
            {"DATABASE_URL": f"postgresql+psycopg://onrecord:{PASSWORD}@/onrecord?host=192.0.2.1"},
        ),
    },
}


@pytest.fixture
def empty_database(engine_name: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The URL of an empty PostgreSQL database; None for the file that SQLite has in the data directory."""
    if engine_name == "sqlite":
        yield None
        return
    server = request.getfixturevalue("postgres_dsn")
    name = f"onrecord_refusals_{os.getpid()}"
    yield fresh_database(server, name)
    drop_database(server, name)


def serve(folder: Path, unsafe: Unsafe, database_url: str | None, *, until_bound: bool = False) -> Ended:
    """Runs `onrecord serve --migrate` in the folder until it ends, or has bound its socket."""
    data_dir = folder / "data"
    data_dir.mkdir(parents=True, mode=0o700)
    unsafe.prepare(data_dir)
    environment = {
        "ONRECORD_DATA_DIR": str(data_dir),
        "ONRECORD_PORT": "0",
        **({"ONRECORD_DATABASE_URL": database_url} if database_url is not None else {}),
        **{f"ONRECORD_{name}": value for name, value in unsafe.settings.items()},
    }
    return run_command(folder, ["serve", "--migrate"], environment, until_bound=until_bound)


def test_no_unsafe_setting_is_served(
    engine_name: str, empty_database: str | None, tmp_path: Path, prove: Prove
) -> None:
    settings = {**EVERYWHERE, **OF_ENGINE[engine_name]}
    folders = [tmp_path / str(number) for number in range(len(settings))]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ended = list(pool.map(serve, folders, settings.values(), [empty_database] * len(settings)))
    for (name, unsafe), one in zip(settings.items(), ended, strict=True):
        lines = one.said.splitlines()
        assert one.code == 1, (name, one)
        assert [unsafe.says in line for line in lines] == [True], (name, one)
        assert unsafe.secret is None or unsafe.secret not in one.said, name
    figures: dict[str, float] = {
        "unsafe settings": len(settings),
        "started": sum(one.bound or one.code != 1 for one in ended),
    }
    prove("refusals", engine_name, figures)


@pytest.mark.parametrize(
    "settings",
    [{}, {"HOST": "localhost"}, {"HOST": "0.0.0.0", "BEHIND_PROXY": "true"}, {"PEPPER": RANDOM}],
    ids=["as it comes", "a name of loopback", "behind a proxy", "a random pepper"],
)
def test_safe_settings_are_served(
    engine_name: str, empty_database: str | None, tmp_path: Path, settings: dict[str, str]
) -> None:
    ended = serve(tmp_path / "one", Unsafe("", settings), empty_database, until_bound=True)
    assert (ended.code, ended.bound) == (0, True), ended


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "127.1"])
def test_loopback_may_be_listened_on(host: str) -> None:
    check_address(Settings(host=host))


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "::", "", "192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1"])
def test_other_addresses_may_not_unless_behind_a_proxy(host: str) -> None:
    with pytest.raises(ReachableInTheClear):
        check_address(Settings(host=host))
    check_address(Settings(host=host, behind_proxy=True))


def test_a_name_is_judged_by_every_address_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("192.0.2.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_arguments, **_named: both)
    with pytest.raises(ReachableInTheClear):
        check_address(Settings(host="newsroom.example"))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_arguments, **_named: both[:1])
    check_address(Settings(host="newsroom.example"))


@pytest.mark.parametrize("error", [OSError(), UnicodeError()])
def test_a_name_without_an_address_is_refused(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise error

    monkeypatch.setattr("socket.getaddrinfo", fail)
    with pytest.raises(UnknownHost):
        check_address(Settings(host="nowhere.example"))


def test_a_port_that_is_taken_is_named() -> None:
    with listen(Settings(port=0)) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(NoSuchListening, match=f"port {port}"):
            listen(Settings(port=port))


@pytest.mark.skipif(os.geteuid() != 0, reason="root may write everywhere, and only root may become another user")
@pytest.mark.parametrize("folder", ["made", "made/below"])
def test_a_folder_that_cannot_be_written_is_said_in_one_line(tmp_path: Path, folder: str) -> None:
    # As a container's /data that root owns.
    with TemporaryDirectory(prefix="onrecord-refusals-") as place:
        Path(place).chmod(0o755)
        (Path(place) / "made").mkdir(mode=0o755)
        settings = {"ONRECORD_DATA_DIR": f"{place}/{folder}"}
        ended = run_command(tmp_path, ["migrate"], settings, user=ANOTHER)
    assert (ended.code, ended.said.count("\n")) == (1, 1), ended
    assert f"{place}/{folder} cannot be used by user {ANOTHER}" in ended.said
    assert f"chown {ANOTHER}" in ended.said


@pytest.mark.skipif(os.geteuid() != 0, reason="root may write everywhere, and only root may become another user")
def test_a_folder_of_ones_own_that_is_closed_to_oneself_is_to_be_opened(tmp_path: Path) -> None:
    with TemporaryDirectory(prefix="onrecord-refusals-") as place:
        os.chown(place, ANOTHER, ANOTHER)
        Path(place).chmod(0o555)
        for folder in (place, f"{place}/data"):
            ended = run_command(tmp_path, ["migrate"], {"ONRECORD_DATA_DIR": folder}, user=ANOTHER)
            assert f"run `chmod u+rwX {place}`, or name another folder in ONRECORD_DATA_DIR" in ended.said


def test_several_processes_may_serve_a_sqlite_that_loses_no_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path / "data", workers=2)
    monkeypatch.setattr("app.kit.sqlite.driver.sqlite_version_info", (3, 51, 2))
    with pytest.raises(startup.TooManyWorkers, match=r"3\.51\.3"):
        startup.open_context(settings)
    monkeypatch.setattr("app.kit.sqlite.driver.sqlite_version_info", (3, 51, 3))
    startup.open_context(settings).database.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://onrecord@localhost/onrecord",
        "postgresql+psycopg://onrecord@[::1]/onrecord",
        "postgresql+psycopg://onrecord@/onrecord?host=/run/postgresql",
        "postgresql+psycopg:///onrecord",
        "postgresql+psycopg://onrecord@db.example/onrecord?sslmode=verify-full",
        "postgresql+psycopg://onrecord@db.example/onrecord?sslmode=disable",
    ],
)
def test_a_postgresql_here_or_with_a_stated_mode_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    startup.check_transport(Database(url))


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("postgresql+psycopg://onrecord@db.example/onrecord", {}),
        ("postgresql+psycopg://onrecord@/onrecord?host=localhost:5432&host=db.example:5432", {}),
        ("postgresql+psycopg:///onrecord", {"PGHOST": "db.example"}),
        ("postgresql+psycopg://onrecord@db.example/onrecord", {"PGSSLMODE": "allow"}),
    ],
)
def test_a_postgresql_elsewhere_needs_a_stated_mode(
    url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(startup.DatabaseInTheClear):
        startup.check_transport(Database(url))
