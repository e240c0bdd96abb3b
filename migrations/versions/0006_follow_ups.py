"""What has to follow a committed write is kept until it is done."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = (
    "source_shown",
    "source_released",
    "source_counted",
    "source_claims",
    "document_shown",
    "document_claims",
    "document_released",
    "document_joined",
    "source_identified",
    "claim_shown",
    "contradictions",
)
PAGED = (
    ("source", ("organization_id",), ("organization_id", "id")),
    ("document", ("outlet_id",), ("outlet_id", "id")),
    ("source_relation", ("other_id",), ("other_id", "kind", "source_id")),
    ("hop", ("document_id",), ("document_id", "claim_id")),
    ("evidence", ("document_id",), ("document_id", "claim_id")),
    ("relation", ("other_claim_id",), ("other_claim_id", "id")),
)
"""Indexes that what names a record is read off in pages, in place of others."""
VEILED = sa.text("veiled_below IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "follow_up",
        sa.Column(
            "kind",
            sa.Enum(*KINDS, name="kind", native_enum=False, length=32, create_constraint=True),
            nullable=False,
        ),
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("veiled_below", sa.Integer(), nullable=True),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_by", sa.String(length=36), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("veiled_below BETWEEN 1 AND 2", name=op.f("ck_follow_up_veiled_below")),
        sa.PrimaryKeyConstraint("kind", "subject_id", name=op.f("pk_follow_up")),
    )
    op.create_index(op.f("ix_follow_up_kind_due_at"), "follow_up", ["kind", "due_at"], unique=False)
    op.create_index(
        "ix_follow_up_veils",
        "follow_up",
        ["veiled_below"],
        unique=False,
        sqlite_where=VEILED,
        postgresql_where=VEILED,
    )
    # What is behind a veil is looked up by its id.
    op.create_index(op.f("ix_relation_id"), "relation", ["id"], unique=True)
    for table, old, new in PAGED:
        _replace_index(table, old, new)


def downgrade() -> None:
    for table, old, new in PAGED:
        _replace_index(table, new, old)
    op.drop_index(op.f("ix_relation_id"), table_name="relation")
    op.drop_table("follow_up")


def _replace_index(table: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(new)}"), table, list(new), unique=False)
    op.drop_index(op.f(f"ix_{table}_{'_'.join(old)}"), table_name=table)
