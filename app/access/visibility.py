"""What a caller may see: the one place that decides it, in SQL. Every query of a resource goes through it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from app.access.principals import AUDIENCE_OF, Audience
from app.models import Attribution
from app.models.history import Rendition
from app.models.vocabulary import Visibility


def visible(audience: Audience, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition on a rendition that lets `audience` read it at the instant `now`.

    At most one rendition of a resource satisfies it. An embargo holds for the public alone: whoever reads what is
    internal may prepare what is not out yet.
    """
    covered = covers(audience)
    if audience > Audience.PUBLIC:
        return covered
    return and_(covered, is_out(col(Rendition.embargo_until), now))


def covers(audience: int, row: Any = Rendition) -> ColumnElement[bool]:
    """The condition that a row is the one for the audience, of rows that are each for a range of audiences.

    What is made of other rows has one for each range that finds the same: it does not tell whether it may be read now.
    """
    return and_(col(row.first_audience) <= audience, col(row.last_audience) >= audience)


def may_know(audience: int, row: Any = Attribution) -> ColumnElement[bool]:
    """The condition that lets `audience` know of an attribution of a claim that it may read."""
    return and_(col(row.audience) <= audience)


def is_out(embargo_until: Any, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition that an embargo, if there is one, is over."""
    return or_(embargo_until.is_(None), embargo_until <= now)


def shown_from(visibility: Visibility, embargo_until: datetime | None) -> Audience:
    """From which audience on a source is named by the documents that it published and the sources that belong to it.

    One that came along with a claim is not named to the public by others as long as it has an embargo for it, were it
    past: they would not be recorded anew when that ends.
    """
    return max(AUDIENCE_OF[visibility], Audience.PUBLIC if embargo_until is None else Audience.INTERNAL)
