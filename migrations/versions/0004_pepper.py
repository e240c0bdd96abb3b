"""Which pepper the keys were made with, told by a digest that it makes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fingerprint",
        sa.Column("secret", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("secret", name=op.f("pk_fingerprint")),
    )


def downgrade() -> None:
    op.drop_table("fingerprint")
