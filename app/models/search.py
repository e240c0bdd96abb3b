"""The table of texts to be searched: what stands in a claim or a source, in the words of the index."""

import sqlalchemy as sa

from app.kit import columns
from app.kit.tables import Table


class SearchText(Table, table=True):
    """The text of a claim or of a source as a range of audiences reads it, in the tokens of `app.kit.words`.

    Its full-text indexes are the engine's own and made by the migration: on SQLite an FTS5 table for each audience, on
    PostgreSQL a GIN index for each. So what only some may read is never indexed with what all may.
    """

    __tablename__ = "search_text"
    __table_args__ = (
        sa.CheckConstraint(
            "0 <= first_audience AND first_audience <= last_audience AND last_audience <= 2", name="audiences"
        ),
    )

    resource_id: str = columns.text(36, key=True)
    first_audience: int = columns.whole_number(key=True)
    last_audience: int = columns.whole_number()
    number: int = columns.row_number()
    """What the FTS5 tables know the row by; never shown."""
    tokens: str = columns.text()
    """Each token with a space of its own on either side."""
