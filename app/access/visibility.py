"""What a caller may see: the one place that decides it, in SQL. Every query of a resource goes through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, wraps
from typing import Any, Final, TypeVar, cast

from sqlalchemy import ColumnElement, TextClause, and_, bindparam, or_, text
from sqlmodel import Session, col

from app.access.principals import AUDIENCE_OF, Audience
from app.kit.columns import UtcDateTime
from app.models import Attribution, Source
from app.models.history import Rendition
from app.models.vocabulary import Visibility

Build = TypeVar("Build", bound=Callable[..., Any])

_may_be_veiled: ContextVar[bool] = ContextVar("may_be_veiled", default=True)
_unjoined_at: ContextVar[datetime | None] = ContextVar("unjoined_at", default=None)
"""The instant of a read at which documents whose embargo is over wait to be joined with the public's."""

UNJOINED: Final = """
    SELECT held.id FROM document AS held CROSS JOIN document AS stands
    WHERE held.visibility = 'public' AND held.embargo_until <= :unjoined_at
    AND stands.canonical_url = held.canonical_url AND stands.visibility = 'public'
    AND (stands.embargo_until IS NULL OR (stands.embargo_until, stands.id) < (held.embargo_until, held.id))
"""
"""Documents that were held back until now, of which another stands at the address for the public: they are not read
before the worker has joined them. SQLite takes the tables of a CROSS JOIN in this order, the few first."""


@contextmanager
def looking_for_veils(session: Session, now: datetime) -> Iterator[None]:
    """Within it, conditions look behind veils only if there is one in the session's snapshot: there hardly ever is.

    PostgreSQL takes 1.5 ms a statement to plan for them, as long as for a whole answer. For reads alone: a writer's
    statements do not all see one snapshot.
    """
    veiled, unjoined = session.connection().execute(_ANY_VEIL, {"unjoined_at": now}).one()
    veiled_before = _may_be_veiled.set(bool(veiled or unjoined))
    unjoined_before = _unjoined_at.set(now if unjoined else None)
    try:
        yield
    finally:
        _may_be_veiled.reset(veiled_before)
        _unjoined_at.reset(unjoined_before)


_UNJOINED_AT: Final = bindparam("unjoined_at", type_=UtcDateTime())
_ANY_VEIL: Final = text(
    f"SELECT EXISTS (SELECT 1 FROM follow_up WHERE veiled_below IS NOT NULL), EXISTS ({UNJOINED})"  # noqa: S608
).bindparams(_UNJOINED_AT)


def built_once(build: Build) -> Build:
    """Keeps what a function makes with `visible`: one for when there are veils, and one for when there are none.

    What it makes while documents wait to be joined is of that instant alone, and not kept.
    """

    @cache
    def kept(_may_be_veiled: bool, *arguments: Any) -> Any:  # noqa: FBT001  # a part of the key
        return build(*arguments)

    @wraps(build)
    def built(*arguments: Any) -> Any:
        return kept(_may_be_veiled.get(), *arguments) if _unjoined_at.get() is None else build(*arguments)

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


VEILED: Final = (
    "(SELECT subject_id FROM follow_up WHERE veiled_from <= {audience} AND veiled_below > {audience}{unjoined})"
)
"""The subjects that veils are drawn for, and for the public the documents that wait to be joined, if there are any."""
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
            SELECT 1 FROM document WHERE document.id = rendition.resource_id
            AND (document.id IN {VEILED} OR document.outlet_id IN {VEILED}))
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
"""That a rendition is or names what a veil is drawn for. The veils are looked up in a set, which each engine makes once
for a statement: held against each of 400 veils, a page of claims took ten times as long."""


def _is_unveiled(audience: Audience) -> TextClause:
    """That a rendition neither is nor names anything that is veiled below an audience that is wider than this one."""
    unjoined_at = _unjoined_at.get()
    if unjoined_at is None or audience > Audience.PUBLIC:
        return _unveiled(audience)
    waiting = _unveiled(audience, f" UNION ALL {UNJOINED}")
    return waiting.bindparams(bindparam("unjoined_at", unjoined_at, UtcDateTime(), unique=True))


@cache
def _unveiled(audience: Audience, unjoined: str = "") -> TextClause:
    """As text, which takes no time to put into a statement."""
    visibilities = ", ".join(f"'{each}'" for each, seen_from in AUDIENCE_OF.items() if sees(audience, seen_from))
    values = {"audience": int(audience), "visibilities": visibilities, "unjoined": unjoined}
    ends = {"claim": "rendition.resource_id", "one_end": "relation.claim_id", "other_end": "relation.other_claim_id"}
    names = {f"{end}_names_veiled": f"({NAMES_VEILED.format(claim=claim, **values)})" for end, claim in ends.items()}
    veiled, behind_veil = (each.format(**values, **names) for each in (VEILED, BEHIND_VEIL))
    return text(f"(NOT EXISTS {veiled} OR NOT {behind_veil})")
