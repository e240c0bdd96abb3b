"""Keys: shown once, kept as a digest, never broader than their maker's."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from app.access.context import Context
from app.access.secrets import new_key
from app.keys.service import add_key, at_the_server, ensure_first_key
from app.kit.db import Database
from app.models.vocabulary import Scope
from app.settings import Settings
from app.startup import migrate, open_context
from tests.fixtures.api import Api, codes

BODY = {"name": "newsroom CMS", "scopes": ["claims:read", "claims:write"]}


def everything_stored(connection: Connection) -> str:
    """Every value of every row, as text."""
    names = ("api_key", "change", "rendition", "stored_reply")
    return "\n".join(str(row) for name in names for row in connection.execute(text(f"SELECT * FROM {name}")))


def test_a_key_is_shown_once(api: Api) -> None:
    made = api.create("/v1/keys", BODY)
    assert made["key"].startswith("onr_")
    assert len(made["key"]) == 47
    listed = next(item for item in api.read("/v1/keys")["items"] if item["id"] == made["id"])
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert (listed["scopes"], listed["revoked_at"]) == (BODY["scopes"], None)


def test_two_keys_are_never_alike(api: Api) -> None:
    assert api.create("/v1/keys", BODY)["key"] != api.create("/v1/keys", BODY)["key"]


def test_the_secret_is_stored_nowhere(api: Api, connection: Connection) -> None:
    response = api.post("/v1/keys", BODY, headers={"Idempotency-Key": "k"})
    secret = response.json()["key"]
    stored = everything_stored(connection)
    assert response.json()["id"] in stored
    assert secret not in stored
    assert secret.removeprefix("onr_") not in stored


def test_the_secret_is_in_no_file_of_the_database(tmp_path: Path) -> None:
    context = open_context(Settings(data_dir=tmp_path))
    migrate(context.database)
    made = context.database.write(
        lambda session: add_key(at_the_server(context, session), "CMS", [Scope.CLAIMS_READ], None)[1]
    )
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("onrecord.sqlite3*"))
    context.database.dispose()
    assert b"CMS" in stored
    assert made.encode() not in stored


def test_a_repeated_request_makes_one_key_and_does_not_show_it_again(api: Api) -> None:
    first = api.post("/v1/keys", BODY, headers={"Idempotency-Key": "k"})
    again = api.post("/v1/keys", BODY, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == {**first.json(), "key": None}
    other = api.post("/v1/keys", {**BODY, "name": "other"}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_makes_no_broader_one(api: Api) -> None:
    manager = api.with_scopes(Scope.KEYS_MANAGE, Scope.CLAIMS_READ)
    assert manager.post("/v1/keys", {"name": "x", "scopes": ["claims:read"]}).status_code == 201
    refused = manager.post("/v1/keys", {"name": "x", "scopes": ["claims:read", "restricted:read"]})
    assert refused.status_code == 403
    assert "restricted:read" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"scopes": []}, "/scopes", "too_short"),
        ({"scopes": ["everything"]}, "/scopes/0", "not_a_term"),
        ({"name": ""}, "/name", "too_short"),
        ({"name": "x" * 201}, "/name", "too_long"),
        ({"name": " "}, "/name", "wrong_form"),
        ({"name": "a\x1b[2J"}, "/name", "wrong_form"),
        ({"name": "a\nb"}, "/name", "wrong_form"),
        ({"name": "a\x85b"}, "/name", "wrong_form"),
        ({"name": "a\u2028b"}, "/name", "wrong_form"),
        ({"name": "\u202egnp.exe"}, "/name", "wrong_form"),
        ({"name": "a\u2066b"}, "/name", "wrong_form"),
        ({"name": "a\u200bb"}, "/name", "wrong_form"),
        ({"name": "a\U000e0041b"}, "/name", "wrong_form"),
        ({"expires_at": "2026-11-22T00:00:00Z"}, "/expires_at", "out_of_range"),
        ({"expires_at": "2026-11-24"}, "/expires_at", "wrong_form"),
        ({"key": "onr_mine"}, "/key", "unknown_field"),
    ],
)
def test_a_key_that_breaks_a_rule_is_refused(api: Api, fields: dict[str, Any], pointer: str, code: str) -> None:
    assert codes(api.post("/v1/keys", BODY | fields)) == [(pointer, code)]


@pytest.mark.parametrize(
    "name",
    ["x" * 200, "Zoë O'Neil", "שולחן חדשות", "\N{WAVING BLACK FLAG}\N{ZERO WIDTH JOINER}\N{SKULL AND CROSSBONES}"],
)
def test_a_key_is_called_what_can_be_read(api: Api, name: str) -> None:
    assert api.create("/v1/keys", BODY | {"name": name})["name"] == name


def test_revoking_twice_is_as_revoking_once(api: Api) -> None:
    made = api.create("/v1/keys", BODY)
    assert [api.delete(f"/v1/keys/{made['id']}").status_code for _ in range(2)] == [204, 204]
    first = next(item for item in api.read("/v1/keys")["items"] if item["id"] == made["id"])
    assert first["revoked_at"] is not None
    assert api.delete("/v1/keys/00000000-0000-4000-8000-000000000000").status_code == 404


def test_a_key_bears_who_made_it(api: Api) -> None:
    manager = api.create("/v1/keys", {"name": "m", "scopes": ["keys:manage", "claims:read"]})
    assert manager["created_by"] is not None
    made = api.create("/v1/keys", BODY)
    assert made["created_by"] == manager["created_by"]


def test_the_first_key_is_made_where_there_is_none_and_once(own_context: Context, own_database: Database) -> None:
    migrate(own_database)
    path = own_context.settings.data_dir / "first.key"
    ensure_first_key(own_context)
    secret = path.read_text().strip()
    assert path.stat().st_mode & 0o777 == 0o600
    ensure_first_key(own_context)
    assert path.read_text().strip() == secret
    with own_database.reading() as session:
        rows = session.connection().execute(text("SELECT name, scopes, secret_digest FROM api_key")).all()
    assert [(row[0], row[2]) for row in rows] == [("first key", own_context.pepper.key_digest(secret))]
    assert all(f'"{scope}"' in rows[0][1] for scope in Scope)


def test_a_first_key_left_by_a_crash_is_taken_up(own_context: Context, own_database: Database) -> None:
    migrate(own_database)
    path = own_context.settings.data_dir / "first.key"
    left = new_key()
    path.write_text(f"{left}\n")
    path.chmod(0o600)
    ensure_first_key(own_context)
    with own_database.reading() as session:
        digest = session.connection().execute(text("SELECT secret_digest FROM api_key")).scalar_one()
    assert digest == own_context.pepper.key_digest(left)


def test_a_key_cannot_revoke_a_broader_one(api: Api) -> None:
    broad = api.create("/v1/keys", {"name": "editor", "scopes": ["restricted:read"]})
    narrow = api.with_scopes(Scope.KEYS_MANAGE, Scope.CLAIMS_READ)
    assert narrow.delete(f"/v1/keys/{broad['id']}").status_code == 403
    assert narrow.read(f"/v1/keys/{broad['id']}")["revoked_at"] is None
    assert api.delete(f"/v1/keys/{broad['id']}").status_code == 204
