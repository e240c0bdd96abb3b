"""New words are in PostgreSQL's index of texts at once."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEXES = ("ix_search_text_public", "ix_search_text_internal", "ix_search_text_restricted")


def upgrade() -> None:
    """What waits for a vacuum to be indexed is gone through word by word: a question of many words took 30 s for it."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for index in INDEXES:
        op.execute(f"ALTER INDEX {index} SET (fastupdate = off)")
        op.execute(f"SELECT gin_clean_pending_list('{index}')")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for index in INDEXES:
        op.execute(f"ALTER INDEX {index} RESET (fastupdate)")
