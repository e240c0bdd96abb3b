"""The base of every table: one metadata with one naming convention, so that each constraint has a known name."""

from typing import Final

from sqlmodel import SQLModel

NAMING_CONVENTION: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

SQLModel.metadata.naming_convention = NAMING_CONVENTION


class Table(SQLModel):
    """A row of a table. Tables validate nothing themselves: the wire types do, and named CHECKs stand behind them."""
