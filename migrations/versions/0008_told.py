"""What each audience is told of parts, ratings, suggestions and the audit, and for whom a veil is drawn."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WHEN_OUT = (
    ("attribution", "internal_at"),
    ("attribution", "public_at"),
    ("claim", "retraction_internal_at"),
    ("claim", "retraction_public_at"),
    ("relation", "decision_internal_at"),
    ("relation", "decision_public_at"),
)
"""When something came out for internal readers and for the public, which is read off the history after this."""
HELD_BACK = sa.text("embargo_until IS NOT NULL")


def upgrade() -> None:
    for table, column in WHEN_OUT:
        op.add_column(table, sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        op.f("ix_document_embargo_until"),
        "document",
        ["embargo_until"],
        unique=False,
        sqlite_where=HELD_BACK,
        postgresql_where=HELD_BACK,
    )
    _note_what_versions_rest_on()
    _note_to_whom_suggested()
    _note_readers_of_audit()
    _note_given_days()
    _note_where_veils_begin()
    # Has every record told anew after this.
    op.execute("UPDATE rendition SET in_days = NULL WHERE kind <> 'key'")


def downgrade() -> None:
    with op.batch_alter_table("follow_up") as batch:
        batch.drop_constraint(op.f("ck_follow_up_veil_whole"), type_="check")
        batch.drop_constraint(op.f("ck_follow_up_veil"), type_="check")
        batch.drop_column("veiled_from")
        batch.create_check_constraint(op.f("ck_follow_up_veiled_below"), "veiled_below BETWEEN 1 AND 2")
    _give_every_day()
    with op.batch_alter_table("change") as batch:
        batch.drop_column("rests_on")
    with op.batch_alter_table("audit_entry") as batch:
        batch.drop_constraint(op.f("ck_audit_entry_audience"), type_="check")
        batch.drop_column("audience")
    with op.batch_alter_table("relation") as batch:
        batch.drop_constraint(op.f("ck_relation_suggested_from"), type_="check")
        batch.drop_column("suggested_from")
    op.drop_index(op.f("ix_document_embargo_until"), table_name="document")
    for table, column in WHEN_OUT:
        op.drop_column(table, column)


def _note_what_versions_rest_on() -> None:
    """The column stands before the document, as SQLite reads a row from its beginning; it is filled after this."""
    column = sa.Column("rests_on", sa.Text(), nullable=True)
    if op.get_bind().dialect.name == "sqlite":
        with op.batch_alter_table("change", recreate="always") as batch:
            batch.add_column(column, insert_before="document")
    else:
        op.add_column("change", column)


def _note_to_whom_suggested() -> None:
    """Suggestions that nobody has decided are everybody's who reads both claims, as they were."""
    with op.batch_alter_table("relation") as batch:
        batch.add_column(sa.Column("suggested_from", sa.Integer(), nullable=True))
        batch.create_check_constraint(op.f("ck_relation_suggested_from"), "suggested_from BETWEEN 0 AND 2")
    op.execute(
        "UPDATE relation SET suggested_from = 0 WHERE kind = 'contradicts' AND status = 'suggested' "
        "AND decided_by IS NULL AND substr(note, 1, 26) = 'Suggested by the service: '"
    )


def _note_readers_of_audit() -> None:
    """What was done with a record so far is for restricted readers: who else could read it then is not kept."""
    with op.batch_alter_table("audit_entry") as batch:
        batch.add_column(sa.Column("audience", sa.Integer(), nullable=True))
        batch.create_check_constraint(op.f("ck_audit_entry_audience"), "audience BETWEEN 0 AND 2")
    op.execute(
        "UPDATE audit_entry SET audience = 2 WHERE action IN "
        "('identity_sealed', 'identity_read', 'identity_erased', 'relation_withdrawn', 'document_joined')"
    )


def _note_given_days() -> None:
    """A rating that holds from the day on which it was recorded is taken to have been given none.

    When each came out is noted after this, with what is told of times.
    """
    with op.batch_alter_table("source") as batch:
        for name in ("internal_reliability", "public_reliability"):
            batch.add_column(sa.Column(name, _reliability(name), nullable=True))
    with op.batch_alter_table("source_rating") as batch:
        batch.add_column(sa.Column("internal_on", sa.Date(), nullable=True))
        batch.add_column(sa.Column("public_on", sa.Date(), nullable=True))
        batch.alter_column("rated_on", existing_type=sa.Date(), nullable=True)
    op.execute("UPDATE source_rating SET rated_on = NULL WHERE rated_on = recorded_on")


def _give_every_day() -> None:
    op.execute("UPDATE source_rating SET rated_on = recorded_on WHERE rated_on IS NULL")
    with op.batch_alter_table("source_rating") as batch:
        batch.alter_column("rated_on", existing_type=sa.Date(), nullable=False)
        batch.drop_column("public_on")
        batch.drop_column("internal_on")
    with op.batch_alter_table("source") as batch:
        for name in ("public_reliability", "internal_reliability"):
            batch.drop_constraint(op.f(f"ck_source_{name}"), type_="check")
            batch.drop_column(name)


def _reliability(name: str) -> sa.Enum:
    return sa.Enum("A", "B", "C", "D", "E", "F", name=name, native_enum=False, create_constraint=True, length=32)


def _note_where_veils_begin() -> None:
    """A veil that is drawn while this runs is drawn for all below it, as it was."""
    with op.batch_alter_table("follow_up") as batch:
        batch.drop_constraint(op.f("ck_follow_up_veiled_below"), type_="check")
        batch.add_column(sa.Column("veiled_from", sa.Integer(), nullable=True))
    op.execute("UPDATE follow_up SET veiled_from = 0 WHERE veiled_below IS NOT NULL")
    with op.batch_alter_table("follow_up") as batch:
        batch.create_check_constraint(
            op.f("ck_follow_up_veil"), "0 <= veiled_from AND veiled_from < veiled_below AND veiled_below <= 2"
        )
        batch.create_check_constraint(op.f("ck_follow_up_veil_whole"), "(veiled_from IS NULL) = (veiled_below IS NULL)")
