"""When things came out for each audience, what claims are listed by, what was removed, and documents of one address."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
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
NEW_ACTIONS = ("relation_withdrawn", "document_joined")
REPLACED = (
    ("claim", ("kind", "id")),
    ("claim", ("status", "id")),
    ("attribution", ("terms", "claim_id")),
    ("assessment", ("review_site", "claim_id")),
    ("claim_standing", ("verdict", "claim_id")),
    ("claim_standing", ("circular", "claim_id")),
    ("document", ("recorded_at", "id")),
    ("source", ("recorded_on", "id")),
)
"""Indexes that the entries, and the index of when renditions came out, stand in for."""
ENTRY_INDEX = ("audience", "field", "value", "place", "claim_id")
CAME_INDEX = ("kind", "came_at", "resource_id")
STANDS_FOR_ADDRESS = sa.text("embargo_until IS NULL AND joined_id IS NULL")


def upgrade() -> None:
    _add_when_out()
    _create_entries()
    _create_removed()
    _join_documents()
    _allow_actions((*AUDIT_ACTIONS[:5], *NEW_ACTIONS, *AUDIT_ACTIONS[5:]))
    for table, columns in REPLACED:
        op.drop_index(op.f(_name(table, columns)), table_name=table)


def downgrade() -> None:
    for table, columns in REPLACED:
        op.create_index(op.f(_name(table, columns)), table, list(columns), unique=False)
    op.execute("DELETE FROM audit_entry WHERE action IN ('relation_withdrawn', 'document_joined')")
    _allow_actions(AUDIT_ACTIONS)
    _part_documents()
    op.drop_table("removed_attribution")
    op.drop_index(op.f(_name("claim_entry", ENTRY_INDEX)), table_name="claim_entry")
    op.drop_table("claim_entry")
    op.drop_index(op.f(_name("rendition", CAME_INDEX)), table_name="rendition")
    for table, column in (
        ("rendition", "in_days"),
        ("rendition", "came_at"),
        ("assessment", "public_at"),
        ("assessment", "internal_at"),
    ):
        op.drop_column(table, column)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"


def _add_when_out() -> None:
    """What is told of times is written anew after this, for every rendition whose `in_days` is null."""
    op.add_column("assessment", sa.Column("internal_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("assessment", sa.Column("public_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("rendition", sa.Column("in_days", sa.Integer(), nullable=True))
    op.add_column("rendition", sa.Column("came_at", sa.DateTime(timezone=True), nullable=True))
    # With the first version in the line of its audiences: their own, or that which theirs forked off from.
    op.execute(
        "UPDATE rendition SET came_at = (SELECT change.recorded_at FROM change WHERE change.resource_id = "
        "rendition.resource_id AND change.audience <= rendition.first_audience "
        "ORDER BY change.version, change.audience DESC LIMIT 1)"
    )
    op.execute("UPDATE rendition SET in_days = 0 WHERE kind = 'key'")
    with op.batch_alter_table("rendition") as batch:
        batch.alter_column("came_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    op.create_index(op.f(_name("rendition", CAME_INDEX)), "rendition", list(CAME_INDEX), unique=False)


def _create_entries() -> None:
    op.create_table(
        "claim_entry",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=253), nullable=False),
        sa.Column("place", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("audience BETWEEN 0 AND 2", name=op.f("ck_claim_entry_audience")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_entry_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "audience", "field", "value", name=op.f("pk_claim_entry")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f(_name("claim_entry", ENTRY_INDEX)), "claim_entry", list(ENTRY_INDEX), unique=False)


def _create_removed() -> None:
    op.create_table(
        "removed_attribution",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.CheckConstraint("audience BETWEEN 0 AND 2", name=op.f("ck_removed_attribution_audience")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_removed_attribution_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "id", name=op.f("pk_removed_attribution")),
    )


def _join_documents() -> None:
    with op.batch_alter_table("document") as batch:
        batch.drop_constraint(op.f("uq_document_canonical_url_visibility"), type_="unique")
        batch.add_column(sa.Column("joined_id", sa.String(length=36), nullable=True))
        batch.create_foreign_key(op.f("fk_document_joined_id_document"), "document", ["joined_id"], ["id"])
    for column in ("canonical_url", "joined_id"):
        op.create_index(op.f(f"ix_document_{column}"), "document", [column], unique=False)
    op.create_index(
        "uq_document_canonical_url_visibility",
        "document",
        ["canonical_url", "visibility"],
        unique=True,
        sqlite_where=STANDS_FOR_ADDRESS,
        postgresql_where=STANDS_FOR_ADDRESS,
    )


def _part_documents() -> None:
    """What shares its address with another record loses it: the tables before this one hold one of each visibility."""
    for name in ("uq_document_canonical_url_visibility", "ix_document_joined_id", "ix_document_canonical_url"):
        op.drop_index(name, table_name="document")
    op.execute(
        "UPDATE document SET canonical_url = NULL WHERE EXISTS (SELECT 1 FROM document AS other WHERE "
        "other.canonical_url = document.canonical_url AND other.visibility = document.visibility AND "
        "other.id <> document.id AND (document.joined_id IS NOT NULL OR document.embargo_until IS NOT NULL) AND "
        "(other.joined_id IS NULL OR other.id < document.id))"
    )
    with op.batch_alter_table("document") as batch:
        batch.drop_constraint(op.f("fk_document_joined_id_document"), type_="foreignkey")
        batch.drop_column("joined_id")
        batch.create_unique_constraint(op.f("uq_document_canonical_url_visibility"), ["canonical_url", "visibility"])


def _allow_actions(actions: tuple[str, ...]) -> None:
    with op.batch_alter_table("audit_entry") as batch:
        batch.drop_constraint(op.f("ck_audit_entry_action"), type_="check")
        batch.create_check_constraint(op.f("ck_audit_entry_action"), sa.column("action").in_(actions))
