"""The base of every table: one metadata with one naming convention, so that each constraint has a known name."""

from typing import Any, Final

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

    def __init__(self, **values: Any) -> None:
        """A new row with those values, and the defaults of the columns that are left out.

        They are set all at once. SQLModel sets each with a note of the change, to SQLAlchemy and to Pydantic, which no
        new row needs, as it is inserted whole, and which took a fifth of the time of a batch of claims.
        """
        defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in type(self).model_fields.items()
            if name not in values
        }
        self.__dict__.update(defaults, **values)
        self.__pydantic_fields_set__.update(values)
