"""What a caller may see: the one place that decides it, in SQL. Every query of a resource goes through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from typing import Any, Final, TypeVar, cast

from sqlalchemy import ColumnElement, TextClause, and_, or_, text
from sqlmodel import Session, col

from app.access.principals import AUDIENCE_OF, Audience
from app.models import Attribution, Source
from app.models.history import Rendition
from app.models.vocabulary import Visibility

Build = TypeVar("Build", bound=Callable[..., Any])

_may_be_veiled: ContextVar[bool] = ContextVar("may_be_veiled", default=True)


@contextmanager
def looking_for_veils(session: Session) -> Iterator[None]:
    """Within it, conditions look behind veils only if there is one in the session's snapshot: there hardly ever is.

    PostgreSQL takes 1.5 ms a statement to plan for them, as long as for a whole answer. For reads alone: a writer's
    statements do not all see one snapshot.
    """
    found = session.connection().execute(_ANY_VEIL).first()
    before = _may_be_veiled.set(found is not None)
    try:
        yield
    finally:
        _may_be_veiled.reset(before)


_ANY_VEIL: Final = text("SELECT 1 FROM follow_up WHERE veiled_below IS NOT NULL LIMIT 1")


def built_once(build: Build) -> Build:
    """Keeps what a function makes with `visible`: one for when there are veils, and one for when there are none."""

    @cache
    def kept(_may_be_veiled: bool, *arguments: Any) -> Any:  # noqa: FBT001  # a part of the key
        return build(*arguments)

    @wraps(build)
    def built(*arguments: Any) -> Any:
        return kept(_may_be_veiled.get(), *arguments)

    return cast("Build", built)


def visible(audience: Audience, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition on a rendition that lets `audience` read it at the instant `now`.

    At most one rendition of a resource satisfies it. An embargo holds for the public alone: whoever reads what is
    internal may prepare what is not out yet. What names a record that was hidden a moment ago, and is not recorded anew
    yet, is behind a veil: the rendition that there is was made for more readers than may read it.
    """
    covered = covers(audience)
    if audience == Audience.RESTRICTED:
        return covered
    unveiled = and_(covered, _is_unveiled(audience)) if _may_be_veiled.get() else covered
    if audience > Audience.PUBLIC:
        return unveiled
    return and_(unveiled, is_out(col(Rendition.embargo_until), now))


def covers(audience: int, row: Any = Rendition) -> ColumnElement[bool]:
    """The condition that a row is the one for the audience, of rows that are each for a range of audiences.

    What is made of other rows has one for each range that finds the same: it does not tell whether it may be read now.
    """
    return and_(col(row.first_audience) <= audience, col(row.last_audience) >= audience)


def may_know(audience: int, row: Any = Attribution) -> ColumnElement[bool]:
    """The condition that lets `audience` know of an attribution of a claim that it may read."""
    return and_(col(row.audience) <= audience)


def is_out(embargo_until: Any, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition that an embargo, if there is one, is over: it holds for the public alone."""
    return or_(embargo_until.is_(None), embargo_until <= now)


def is_held_back(row: Any) -> ColumnElement[bool]:
    """The condition that a source or document came along with a claim, and was not let out with it yet."""
    return and_(col(row.embargo_until).is_not(None))


def is_named_to_public(*, with_unreleased: bool = False) -> ColumnElement[bool]:
    """`shown_from` as the condition that it is the public; of those held back as well, where that is asked."""
    shown = col(Source.visibility) == Visibility.PUBLIC
    return shown if with_unreleased else and_(shown, ~is_held_back(Source))


def sees(audience: int, seen_from: int) -> bool:
    """Whether an audience sees what is seen from another on: each sees what the wider ones see, and more."""
    return audience >= seen_from


def reads(audience: int, row: Any) -> bool:
    """Whether the audience is one that a row is for: `covers`, of a row at hand."""
    return bool(row.first_audience <= audience <= row.last_audience)


def is_over(embargo_until: datetime | None, now: datetime) -> bool:
    """Whether an embargo, if there is one, is over: `is_out`, of one at hand."""
    return embargo_until is None or embargo_until <= now


def shown_from(visibility: Visibility, embargo_until: datetime | None) -> Audience:
    """From which audience on a source is named by the documents that it published and the sources that belong to it.

    One that came along with a claim is not named to the public by others as long as it has an embargo for it, were it
    past: they would not be recorded anew when that ends.
    """
    return max(AUDIENCE_OF[visibility], Audience.PUBLIC if embargo_until is None else Audience.INTERNAL)


@dataclass(frozen=True, slots=True)
class Veil:
    """The audiences that read what names a record until now, and may no longer: from `first` on, up to `below`.

    No other audience is kept from anything, or what it misses would tell it of a record that it never saw.
    """

    first: Audience
    below: Audience


def veil(seen_before: Audience, seen_from: Audience) -> Veil | None:
    """The veil over what names a record that was seen from one audience on and is now from another; None for none."""
    return None if sees(seen_before, seen_from) else Veil(seen_before, seen_from)


VEILED: Final = "(SELECT subject_id FROM follow_up WHERE veiled_from <= {audience} AND veiled_below > {audience})"
"""The subjects that veils are drawn for."""
SHOWN: Final = "attribution.audience <= {audience}"
NAMES_VEILED: Final = f"""
    EXISTS (SELECT 1 FROM hop
            JOIN attribution ON attribution.claim_id = hop.claim_id AND attribution.id = hop.attribution_id
            JOIN source ON source.id = hop.source_id LEFT JOIN document ON document.id = hop.document_id
            WHERE hop.claim_id = {{claim}} AND {SHOWN}
            AND (source.id IN {VEILED} OR source.organization_id IN {VEILED}
                 OR document.id IN {VEILED} OR document.outlet_id IN {VEILED}))
    OR EXISTS (SELECT 1 FROM attribution JOIN document ON document.id = attribution.document_id
               WHERE attribution.claim_id = {{claim}} AND {SHOWN}
               AND (document.id IN {VEILED} OR document.outlet_id IN {VEILED}))
    OR EXISTS (SELECT 1 FROM evidence
               JOIN assessment ON assessment.claim_id = evidence.claim_id AND assessment.id = evidence.assessment_id
               LEFT JOIN attribution
               ON attribution.claim_id = assessment.claim_id AND attribution.id = assessment.attribution_id
               JOIN document ON document.id = evidence.document_id
               WHERE evidence.claim_id = {{claim}} AND (assessment.attribution_id IS NULL OR {SHOWN})
               AND (document.id IN {VEILED}
                    OR (document.outlet_id IN {VEILED} AND document.visibility IN ({{visibilities}}))))
"""  # noqa: S608  # of constants
"""That a claim names what a veil is drawn for, or what is itself behind that veil, where the audience reads it in the
claim: whoever reads a claim can read all that it names."""
BEHIND_VEIL: Final = f"""
    CASE rendition.kind
        WHEN 'claim' THEN {{claim_names_veiled}}
        WHEN 'document' THEN EXISTS (
            SELECT 1 FROM document WHERE document.id = rendition.resource_id AND document.outlet_id IN {VEILED})
        WHEN 'source' THEN EXISTS (
            SELECT 1 FROM source WHERE source.id = rendition.resource_id AND source.organization_id IN {VEILED})
        WHEN 'source_relation' THEN EXISTS (
            SELECT 1 FROM source_relation WHERE source_relation.id = rendition.resource_id
            AND (source_relation.source_id IN {VEILED} OR source_relation.other_id IN {VEILED}))
        WHEN 'relation' THEN EXISTS (
            SELECT 1 FROM relation WHERE relation.id = rendition.resource_id
            AND (relation.claim_id IN {VEILED} OR relation.other_claim_id IN {VEILED}
                 OR {{one_end_names_veiled}} OR {{other_end_names_veiled}}))
        ELSE FALSE END
"""  # noqa: S608  # of constants
"""That a rendition names what a veil is drawn for. The veils are looked up in a set, which each engine makes once for a
statement: held against each of 400 veils, a page of claims took ten times as long."""


@cache
def _is_unveiled(audience: Audience) -> TextClause:
    """That a rendition names nothing that a veil keeps from the audience.

    As text, which takes no time to put into a statement.
    """
    visibilities = ", ".join(f"'{each}'" for each, seen_from in AUDIENCE_OF.items() if sees(audience, seen_from))
    values = {"audience": int(audience), "visibilities": visibilities}
    ends = {"claim": "rendition.resource_id", "one_end": "relation.claim_id", "other_end": "relation.other_claim_id"}
    names = {f"{end}_names_veiled": f"({NAMES_VEILED.format(claim=claim, **values)})" for end, claim in ends.items()}
    veiled, behind_veil = (each.format(**values, **names) for each in (VEILED, BEHIND_VEIL))
    return text(f"(NOT EXISTS {veiled} OR NOT {behind_veil})")
