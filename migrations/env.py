"""Runs the revisions over the connection it is handed, or over the database of the settings."""

from typing import Any, Literal

import sqlmodel
from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from app import models, startup
from app.kit.columns import JsonText, UtcDateTime
from app.kit.db import Database
from app.settings import Settings

TARGET = models.Claim.metadata


def render_item(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Types of ours and of SQLModel as the plain types they are stored as, so that revisions import neither."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, sqlmodel.AutoString):
        return f"sa.String(length={item.length})"
    return False


def run(connection: Connection) -> None:
    """Runs the revisions in the connection's transaction."""
    context.configure(
        connection=connection,
        target_metadata=TARGET,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        include_object=startup.is_described,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    run(handed)
else:
    with Database(Settings().url).altering() as own:
        run(own)
