"""The migrations make what the models say, on both engines, and can be taken back with data in the tables."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlmodel import Session, SQLModel, col, select

from app import startup
from app.access import audit
from app.access.context import Context
from app.canonical.upgrade import upgrade
from app.changes.record import content_digest, document_text
from app.cli import verify
from app.fulltext.index import is_of_the_engine
from app.keys.service import at_the_server, record_outdated
from app.kit import sqlite
from app.kit.db import Database
from app.kit.ids import ordered_id
from app.models import ApiKey, AuditEntry, SourceRating
from app.models.vocabulary import AuditAction, ResourceKind
from tests.factories import recorded_claim, recorded_source, said_by
from tests.fixtures.api import Api, make_key
from tests.fixtures.ledger import write_everything

Constraints = dict[str, dict[str, tuple[str, ...]]]


def in_memory() -> Engine:
    return create_engine("sqlite://", module=sqlite.driver)


def constraints(connection: Connection) -> Constraints:
    """Every constraint of each table by its name, with the columns of keys; the texts of CHECKs differ by engine."""
    inspector = inspect(connection)
    found: Constraints = {}
    for table in set(inspector.get_table_names()) - {"alembic_version"}:
        if is_of_the_engine(table):
            continue
        primary = inspector.get_pk_constraint(table)
        named = {str(primary["name"]): tuple(primary["constrained_columns"])}
        for unique in inspector.get_unique_constraints(table):
            named[str(unique["name"])] = tuple(name or "" for name in unique["column_names"])
        for reference in inspector.get_foreign_keys(table):
            named[str(reference["name"])] = (*reference["constrained_columns"], reference["referred_table"])
        named |= {str(check["name"]): () for check in inspector.get_check_constraints(table)}
        found[table] = named
    return found


def test_autogenerate_finds_nothing_to_do(connection: Connection) -> None:
    options = {"compare_type": True, "compare_server_default": True, "include_object": startup.is_described}
    assert compare_metadata(MigrationContext.configure(connection, opts=options), SQLModel.metadata) == []


def test_the_tables_have_the_constraints_of_the_models_under_the_same_names(connection: Connection) -> None:
    # Alembic compares no CHECKs.
    with in_memory().connect() as empty:
        SQLModel.metadata.create_all(empty)
        expected = constraints(empty)
    assert constraints(connection) == expected


def test_the_checks_say_what_the_models_say() -> None:
    def checks(connection: Connection) -> dict[str, str]:
        inspector = inspect(connection)
        return {
            str(check["name"]): check["sqltext"]
            for table in inspector.get_table_names()
            for check in inspector.get_check_constraints(table)
        }

    with in_memory().connect() as made, in_memory().connect() as migrated:
        SQLModel.metadata.create_all(made)
        command.upgrade(startup.alembic_config(migrated), "head")
        assert checks(migrated) == checks(made)
        assert len(checks(made)) > 30


def test_revisions_go_up_and_down_with_data_in_the_tables(
    own_context: Context, app_of_session: FastAPI, portal: BlockingPortal
) -> None:
    database = own_context.database
    app_of_session.state.context = own_context
    for _ in range(2):
        startup.migrate(database)
        assert startup.is_current(database)
        write_everything(Api(app_of_session, own_context, portal, make_key(own_context)))
        with database.reading() as session:
            assert list(verify.differences(session)) == []
        downgrade(database)
        assert not startup.is_current(database)


def test_who_could_read_what_the_audit_has_and_the_days_given_for_ratings_go_up_and_down(
    own_context: Context, app_of_session: FastAPI, portal: BlockingPortal
) -> None:
    database = own_context.database
    app_of_session.state.context = own_context
    startup.migrate(database)
    api = Api(app_of_session, own_context, portal, make_key(own_context))
    source = recorded_source(api)
    for body in ({"reliability": "B"}, {"reliability": "C", "rated_on": "2020-02-02"}):
        api.create(f"/v1/sources/{source}/ratings", body)
    own_context.database.write(
        lambda session: audit.record(at_the_server(own_context, session), AuditAction.IDENTITY_READ, source)
    )

    def noted() -> tuple[list[Any], list[Any]]:
        with database.reading() as session:
            audiences = session.exec(select(AuditEntry.audience).where(AuditEntry.subject_id == source)).all()
            days = session.exec(select(col(SourceRating.rated_on)).order_by(col(SourceRating.position))).all()
        return list(audiences), list(days)

    assert noted() == ([0], [None, date(2020, 2, 2)])
    with database.altering() as connection:
        command.downgrade(startup.alembic_config(connection), "0004")
        days = connection.execute(text("SELECT count(rated_on) FROM source_rating")).scalar_one()
    assert days == 2
    startup.migrate(database)
    assert noted() == ([2], [None, date(2020, 2, 2)])


def test_a_migration_that_ends_halfway_leaves_all_as_it_was(
    own_context: Context, app_of_session: FastAPI, portal: BlockingPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = own_context.database
    app_of_session.state.context = own_context
    startup.migrate(database)
    recorded_claim(Api(app_of_session, own_context, portal, make_key(own_context)))
    with database.altering() as connection:
        command.downgrade(startup.alembic_config(connection), "0007")

    def ends(session: Session) -> None:
        upgrade(session)
        raise InterruptedError

    monkeypatch.setattr(startup, "upgrade", ends)
    with pytest.raises(InterruptedError):
        startup.migrate(database)
    with pytest.raises(startup.SchemaNotCurrent):
        startup.check_tables(database)
    monkeypatch.undo()
    startup.migrate(database)
    with database.reading() as session:
        assert list(verify.differences(session)) == []


def test_what_the_revision_before_recorded_is_told_the_same(
    own_context: Context, app_of_session: FastAPI, portal: BlockingPortal
) -> None:
    database = own_context.database
    app_of_session.state.context = own_context
    startup.migrate(database)
    api = Api(app_of_session, own_context, portal, make_key(own_context))
    hidden, shown = recorded_source(api, visibility="internal"), recorded_source(api)
    claim = f"/v1/claims/{recorded_claim(api, attributions=[said_by(shown)])['id']}"
    removed, _ = (api.create(f"{claim}/attributions", said_by(each)) for each in (shown, hidden))
    assert api.delete(f"{claim}/attributions/{removed['id']}", etag="*").status_code == 204
    api.change(f"/v1/sources/{hidden}", {"visibility": "public"})
    assert api.post(f"{claim}/retract", {"reason": "It was ten."}).status_code == 200
    before = [api.get(path).text for path in (claim, f"{claim}/history")]
    with database.altering() as connection:
        command.downgrade(startup.alembic_config(connection), "0007")
    startup.migrate(database)
    assert [api.get(path).text for path in (claim, f"{claim}/history")] == before
    with database.reading() as session:
        assert list(verify.differences(session)) == []


def downgrade(database: Database) -> None:
    with database.altering() as connection:
        command.downgrade(startup.alembic_config(connection), "base")
        assert set(inspect(connection).get_table_names()) == {"alembic_version"}


def insert(database: Database, table: str, row: dict[str, Any]) -> None:
    """Writes a row as a version of the service wrote it whose models are gone."""
    stored = {name: each.replace(tzinfo=None) if isinstance(each, datetime) else each for name, each in row.items()}
    with database.altering() as connection:
        names = ", ".join(row)
        connection.execute(
            text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})"),  # ours
            stored,
        )


BEFORE_NETWORKS = ("id", "name", "scopes", "created_by", "created_at", "expires_at", "revoked_at")
"""What revision 0002 had of a key, in the order in which it was recorded."""


def record_as_before_networks(context: Context, scopes: list[str]) -> str:
    """The id of a key as the version with revision 0002 made and recorded it."""
    key_id, now = ordered_id(context.clock()), context.clock()
    content = dict.fromkeys(BEFORE_NETWORKS) | {"id": key_id, "name": "CMS", "scopes": scopes, "created_at": now}
    insert(context.database, "api_key", {**content, "scopes": json.dumps(scopes), "secret_digest": key_id})
    document = document_text(ResourceKind.KEY, content, 1, now)
    recorded = {"resource_id": key_id, "kind": "key", "version": 1, "document": document}
    read = {"first_audience": 2, "last_audience": 2, "content_digest": content_digest(content), "updated_at": now}
    made = {"audience": 2, "action": "created", "actor_id": key_id, "recorded_at": now}
    insert(context.database, "rendition", {**recorded, **read})
    insert(context.database, "change", {**recorded, **made})
    return key_id


def test_keys_of_revision_0002_keep_what_they_allow_and_are_recorded_as_they_are_now(
    own_context: Context,
) -> None:
    database = own_context.database
    with database.altering() as connection:
        command.upgrade(startup.alembic_config(connection), "0002")
    writer = record_as_before_networks(own_context, ["claims:read", "claims:write"])
    reader = record_as_before_networks(own_context, ["claims:read"])
    startup.migrate(database)
    with database.reading() as session:
        assert {found.resource_id for found in verify.differences(session)} == {writer, reader}
    record_outdated(own_context)
    with database.reading() as session:
        assert list(verify.differences(session)) == []
        scopes = {row.id: (row.scopes, row.networks) for row in session.exec(select(ApiKey))}
    assert scopes == {
        writer: (["claims:read", "claims:write", "claims:publish"], []),
        reader: (["claims:read"], []),
    }


def test_migrating_twice_changes_nothing(own_database: Database) -> None:
    startup.migrate(own_database)
    startup.migrate(own_database)
    assert startup.is_current(own_database)
