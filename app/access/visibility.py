"""What a caller may see: the one place that decides it, in SQL. Every query of a resource goes through it."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col

from app.access.principals import Audience
from app.models.history import Rendition


def visible(audience: Audience, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition on a rendition that lets `audience` read it at the instant `now`.

    At most one rendition of a resource satisfies it. An embargo holds for the public alone: whoever reads what is
    internal may prepare what is not out yet.
    """
    covered = and_(col(Rendition.first_audience) <= audience, col(Rendition.last_audience) >= audience)
    if audience > Audience.PUBLIC:
        return covered
    return and_(covered, or_(col(Rendition.embargo_until).is_(None), col(Rendition.embargo_until) <= now))
