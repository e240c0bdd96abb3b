"""Keys that rotate and are bound to networks, the audit, and sealed identities with their custodians."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AUDIT_ACTIONS = (
    "identity_sealed",
    "identity_read",
    "identity_erased",
    "custodian_added",
    "custodian_retired",
    "key_created",
    "key_rotated",
    "key_revoked",
)
PUBLISHING = "claims:publish"
"""What `claims:write` included until now, so that keys that have it keep working."""
NEW_SCOPES = frozenset(
    {
        PUBLISHING,
        "identity:write",
        "identity:read",
        "changes:read",
        "webhooks:manage",
        "import:run",
        "export:run",
        "audit:read",
    }
)


def upgrade() -> None:
    # Whoever signs on elsewhere repeats requests too, and has no key. Comes first: SQLite makes a table anew that is
    # altered, and refuses that for one that is referred to.
    with op.batch_alter_table("stored_reply") as batch:
        batch.drop_constraint(op.f("fk_stored_reply_key_id_api_key"), type_="foreignkey")
        batch.alter_column("key_id", new_column_name="caller_id", existing_type=sa.String(length=36))
    with op.batch_alter_table("api_key") as batch:
        batch.add_column(sa.Column("networks", sa.Text(), nullable=True))
        batch.add_column(sa.Column("replaces_id", sa.String(length=36), nullable=True))
        batch.add_column(sa.Column("last_used_on", sa.Date(), nullable=True))
        batch.create_unique_constraint(op.f("uq_api_key_replaces_id"), ["replaces_id"])
        batch.create_foreign_key(op.f("fk_api_key_replaces_id_api_key"), "api_key", ["replaces_id"], ["id"])
    _change_scopes(lambda scopes: [*scopes, PUBLISHING] if "claims:write" in scopes else scopes)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "action",
            sa.Enum(*AUDIT_ACTIONS, name="action", native_enum=False, length=32, create_constraint=True),
            nullable=False,
        ),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_subject_id_id"), "audit_entry", ["subject_id", "id"], unique=False)
    op.create_table(
        "custodian",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=100), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custodian")),
        sa.UniqueConstraint("recipient", name=op.f("uq_custodian_recipient")),
    )
    op.create_table(
        "sealed_identity",
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ciphertext", sa.Text(), nullable=False),
        sa.Column("custodian_ids", sa.Text(), nullable=False),
        sa.Column("sealed_by", sa.String(length=36), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_sealed_identity_source_id_source")),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_sealed_identity")),
    )


def downgrade() -> None:
    op.drop_table("sealed_identity")
    op.drop_table("custodian")
    op.drop_index(op.f("ix_audit_entry_subject_id_id"), table_name="audit_entry")
    op.drop_table("audit_entry")
    _change_scopes(lambda scopes: [scope for scope in scopes if scope not in NEW_SCOPES])
    with op.batch_alter_table("api_key") as batch:
        batch.drop_constraint(op.f("fk_api_key_replaces_id_api_key"), type_="foreignkey")
        batch.drop_constraint(op.f("uq_api_key_replaces_id"), type_="unique")
        for column in ("last_used_on", "replaces_id", "networks"):
            batch.drop_column(column)
    # Replies to callers without a key cannot be told from others there; such a caller repeats a request at its risk.
    op.execute("DELETE FROM stored_reply WHERE caller_id NOT IN (SELECT id FROM api_key)")
    with op.batch_alter_table("stored_reply") as batch:
        batch.alter_column("caller_id", new_column_name="key_id", existing_type=sa.String(length=36))
        batch.create_foreign_key(op.f("fk_stored_reply_key_id_api_key"), "api_key", ["key_id"], ["id"])


def _change_scopes(change) -> None:  # type: ignore[no-untyped-def]
    keys = sa.table("api_key", sa.column("id", sa.String()), sa.column("scopes", sa.Text()))
    for key_id, scopes in op.get_bind().execute(sa.select(keys.c.id, keys.c.scopes)).all():
        changed = json.dumps(change(json.loads(scopes)), separators=(",", ":"))
        op.get_bind().execute(sa.update(keys).where(keys.c.id == key_id).values(scopes=changed))
