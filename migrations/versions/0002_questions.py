"""What claims are asked for by: how they stand, their text, keys that quantities are compared by, and indexes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

AUDIENCES = "0 <= first_audience AND first_audience <= last_audience AND last_audience <= 2"
TEXT_INDEXES = ("public", "internal", "restricted")
VERDICTS = (
    "true",
    "mostly_true",
    "mixed",
    "mostly_false",
    "false",
    "unproven",
    "out_of_context",
    "satire",
    "not_checkable",
)
INDEXES = (
    ("claim", ("kind", "id")),
    ("claim", ("status", "id")),
    ("claim", ("place_country", "id")),
    ("claim", ("occurred_earliest_day", "id")),
    ("claim", ("occurred_latest_day", "occurred_earliest_day", "id")),
    ("claim_topic", ("topic", "claim_id")),
    ("quantity", ("unit_key", "low_key", "high_key", "claim_id")),
    ("quantity", ("low_key", "claim_id")),
    ("quantity", ("high_key", "claim_id")),
    ("attribution", ("document_id", "claim_id")),
    ("attribution", ("terms", "claim_id")),
    ("attribution", ("said_latest_day", "said_earliest_day", "claim_id")),
    ("assessment", ("review_site", "claim_id")),
    ("relation", ("kind", "claim_id")),
    ("rendition", ("updated_at", "resource_id")),
)
OPEN = (
    (
        "ix_claim_occurred_open",
        "claim",
        "id",
        "occurred_earliest_day IS NULL AND occurred_latest_day IS NULL AND occurred_edtf IS NOT NULL",
    ),
    (
        "ix_attribution_said_open",
        "attribution",
        "claim_id",
        "said_earliest_day IS NULL AND said_latest_day IS NULL AND said IS NOT NULL",
    ),
)
"""Dates that are open at both ends: few, and else lost among the rows that have no date."""
REPLACED = (("claim", ("recorded_at", "id")), ("attribution", ("document_id",)))
"""Indexes that the new ones stand in for: ids of claims sort by when they were recorded."""


def upgrade() -> None:
    _add_columns()
    _create_standing()
    _create_text()
    for table, columns in REPLACED:
        op.drop_index(op.f(_name(table, columns)), table_name=table)
    for table, columns in INDEXES:
        op.create_index(op.f(_name(table, columns)), table, list(columns), unique=False)
    for name, table, column, where in OPEN:
        rows = sa.text(where)
        op.create_index(name, table, [column], unique=False, sqlite_where=rows, postgresql_where=rows)
    readers = ["resource_id", "first_audience", "last_audience", "embargo_until", "kind"]
    op.create_index("ix_rendition_readers", "rendition", readers, unique=False)
    # Addresses are longer than what a B-tree of PostgreSQL holds.
    op.create_index(op.f("ix_document_url"), "document", ["url"], unique=False, postgresql_using="hash")


def downgrade() -> None:
    op.drop_index(op.f("ix_document_url"), table_name="document")
    op.drop_index("ix_rendition_readers", table_name="rendition")
    for name, table, _column, _where in OPEN:
        op.drop_index(name, table_name=table)
    for table, columns in INDEXES:
        op.drop_index(op.f(_name(table, columns)), table_name=table)
    for table, columns in REPLACED:
        op.create_index(op.f(_name(table, columns)), table, list(columns), unique=False)
    for name in TEXT_INDEXES:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TABLE search_{name}")
        else:
            op.execute(f"DROP INDEX ix_search_text_{name}")
    op.drop_table("search_text")
    op.drop_table("claim_standing")
    for column in ("is_bounded", "high_key", "low_key", "unit_key"):
        op.drop_column("quantity", column)
    op.drop_column("rendition", "updated_at")
    op.drop_column("source", "aliases")
    op.drop_column("assessment", "review_site")


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"


def _add_columns() -> None:
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    key = sa.String(length=48, collation="C" if on_postgresql else None)
    op.add_column("source", sa.Column("aliases", sa.Text(), nullable=True))
    op.add_column("assessment", sa.Column("review_site", sa.String(length=253), nullable=True))
    op.add_column("quantity", sa.Column("unit_key", sa.String(length=200), nullable=True))
    op.add_column("quantity", sa.Column("low_key", key, nullable=True))
    op.add_column("quantity", sa.Column("high_key", key, nullable=True))
    op.add_column("quantity", sa.Column("is_bounded", sa.Integer(), nullable=True))
    op.add_column("rendition", sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE rendition SET updated_at = (SELECT recorded_at FROM change WHERE change.resource_id = "
        "rendition.resource_id AND change.audience = rendition.first_audience AND change.version = rendition.version)"
    )
    with op.batch_alter_table("rendition") as batch:
        batch.alter_column("updated_at", existing_type=sa.DateTime(timezone=True), nullable=False)


def _create_standing() -> None:
    op.create_table(
        "claim_standing",
        sa.Column("claim_id", sa.String(length=36), nullable=False),
        sa.Column("first_audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_audience", sa.Integer(), nullable=False),
        sa.Column("credibility", sa.Integer(), nullable=True),
        sa.Column("confidence", sa.Integer(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(*VERDICTS, name="verdict", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("attributions", sa.Integer(), nullable=False),
        sa.Column("denials", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("outlets", sa.Integer(), nullable=False),
        sa.Column("origins_min", sa.Integer(), nullable=False),
        sa.Column("origins_max", sa.Integer(), nullable=True),
        sa.Column("circular", sa.Integer(), nullable=False),
        sa.CheckConstraint(AUDIENCES, name=op.f("ck_claim_standing_audiences")),
        sa.CheckConstraint("circular IN (0, 1)", name=op.f("ck_claim_standing_circular")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_standing_claim_id_claim")),
        sa.PrimaryKeyConstraint("claim_id", "first_audience", name=op.f("pk_claim_standing")),
    )
    for column in ("verdict", "confidence", "credibility", "origins_min", "origins_max", "circular", "denials"):
        op.create_index(_name("claim_standing", (column, "claim_id")), "claim_standing", [column, "claim_id"])


def _create_text() -> None:
    op.create_table(
        "search_text",
        sa.Column("resource_id", sa.String(length=36), nullable=False),
        sa.Column("first_audience", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_audience", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Text(), nullable=False),
        sa.CheckConstraint(AUDIENCES, name=op.f("ck_search_text_audiences")),
        sa.PrimaryKeyConstraint("resource_id", "first_audience", name=op.f("pk_search_text")),
        sa.UniqueConstraint("number", name=op.f("uq_search_text_number")),
    )
    for audience, name in enumerate(TEXT_INDEXES):
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"CREATE VIRTUAL TABLE search_{name} USING "
                "fts5(tokens, content='search_text', content_rowid='number', tokenize='ascii')"
            )
        else:
            op.execute(
                f"CREATE INDEX ix_search_text_{name} ON search_text USING gin (to_tsvector('simple', tokens)) "
                f"WHERE first_audience = {audience}"
            )
