"""Renders and records sources and how they stand to one another."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from anyascii import anyascii
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.access.visibility import sees
from app.canonical import queries
from app.canonical.walks.queries import SourceRow
from app.changes.record import NOBODY, Content, Contents, Out, Written, record_change
from app.kit.instants import day_of
from app.models import Source, SourceRating, SourceRelation
from app.models.vocabulary import ChangeAction, Reliability, ResourceKind

CAME_OUT: Final = {Audience.PUBLIC: "public_on", Audience.INTERNAL: "internal_on"}
"""Where it stands of a rating when it came out for an audience; for restricted readers, when it was recorded.

Like `app.canonical.coming_out`, by the day: a source tells no hours, and what came out today may yet be dated anew."""

RELIABILITY: Final = {Audience.PUBLIC: "public_reliability", Audience.INTERNAL: "internal_reliability"}
"""Where a source's reliability stands as an audience is told it, where that is another one."""


def reliability_for(audience: Audience) -> ColumnElement[Reliability]:
    """The reliability of a source as the audience is told it."""
    own = col(getattr(Source, RELIABILITY.get(audience, "reliability")))
    return func.coalesce(own, col(Source.reliability))


def record_source(unit: Unit, source: Source, action: ChangeAction) -> None:
    """Records a write of the source; the organization stays out of sight of those who may not see it."""
    unit.session.flush()
    record_change(unit, source_written(unit.session, source, action))


def source_written(session: Session, source: Source, action: ChangeAction) -> Written:
    """What a write of the source is recorded as."""
    organization = Audience.PUBLIC
    if source.organization_id is not None:
        organization = queries.shown_from(session, [source.organization_id])[source.organization_id]
    return _written(session, source, organization, action)


def _written(session: Session, source: Source, organization: Audience, action: ChangeAction) -> Written:
    is_unrated = action is ChangeAction.CREATED and source.reliability is Reliability.F
    ratings = [] if is_unrated else queries.ratings_of(session, source.id)

    def render(out: Sequence[Out]) -> Contents:
        _date_ratings(source, ratings, out)
        _rate(source, ratings)
        return source_contents(source, organization, out)

    return Written(ResourceKind.SOURCE, source.id, action, render, embargo_until=source.embargo_until)


def _date_ratings(source: Source, ratings: Sequence[SourceRating], out: Sequence[Out]) -> None:
    """Notes of each rating on which day it came out for each audience that reads the source by now, or will.

    What came out keeps its day, whatever is hidden and shown later; what an embargo still holds back is dated anew.
    """
    today = day_of(out[Audience.RESTRICTED].opens_at)
    for seen_by, column in CAME_OUT.items():
        is_shown = sees(seen_by, AUDIENCE_OF[source.visibility])
        for rating in ratings:
            was = getattr(rating, column)
            if was is None or was >= today:
                opens_on = max(rating.recorded_on, day_of(out[seen_by].opens_at))
                setattr(rating, column, opens_on if is_shown else None)


def _rate(source: Source, ratings: Sequence[SourceRating]) -> None:
    """Gives the source the reliability of its newest rating, by the days that each audience is told of."""
    for seen_by in reversed(Audience) if ratings else ():
        newest = max(
            ratings, key=lambda rating: (rating.rated_on or rating_recorded_on(rating, seen_by), rating.position)
        )
        if seen_by not in RELIABILITY:
            source.reliability = newest.reliability
        else:
            differs = newest.reliability is not source.reliability
            setattr(source, RELIABILITY[seen_by], newest.reliability if differs else None)


def rating_recorded_on(rating: SourceRating, seen_by: Audience) -> date:
    """The day on which a rating was recorded, as the audience is told: when it came out for it."""
    came_out: date | None = getattr(rating, CAME_OUT[seen_by]) if seen_by in CAME_OUT else None
    return came_out or rating.recorded_on


def record_new_sources(unit: Unit, sources: Sequence[Source]) -> None:
    """Writes and records new sources; their organizations stay out of sight as in `record_source`."""
    unit.session.add_all(sources)
    unit.session.flush()
    seen_from = queries.shown_from(
        unit.session, {each.organization_id for each in sources if each.organization_id is not None}
    )
    for source in sources:
        organization = Audience.PUBLIC if source.organization_id is None else seen_from[source.organization_id]
        record_change(unit, _written(unit.session, source, organization, ChangeAction.CREATED))


def source_contents(source: Source, organization: Audience, out: Sequence[Out]) -> list[Content | None]:
    """What each audience reads of the source, whose organization is seen from that audience on."""
    own = AUDIENCE_OF[source.visibility]
    return [
        {
            **source_content(source, day_of(out[seen_by].at), show_organization=sees(seen_by, organization)),
            "reliability": getattr(source, RELIABILITY.get(seen_by, "reliability")) or source.reliability,
        }
        if sees(seen_by, own)
        else None
        for seen_by in Audience
    ]


def source_content(source: Source, recorded_on: date, *, show_organization: bool = True) -> Content:
    """What is read of a source that is told to be recorded on that day, version and date of change apart."""
    aliases: Content = {"aliases": source.aliases} if source.aliases else {}
    return {
        "id": source.id,
        "kind": source.kind,
        "anonymity": source.anonymity,
        "name": source.name,
        **aliases,
        "description": source.description,
        "label": source_label(source),
        "role": source.role,
        "organization_id": source.organization_id if show_organization else None,
        "country": source.country,
        "language": source.language,
        "same_as": source.same_as,
        "member_count_min": source.member_count_min,
        "member_count_max": source.member_count_max,
        "reliability": source.reliability,
        "visibility": source.visibility,
        "recorded_on": recorded_on,
    }


def source_label(source: Source | SourceRow) -> str:
    """What the source is called in lists: its name if that is published, else its description, else what it is."""
    return source.name or source.description or f"{source.anonymity} {source.kind}".replace("unknown", "source")


def source_texts(source: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """The texts about a source that claims it stands in are found by, each with its language if that is known.

    Its name, in Latin letters too, its description and its role; or its label, where it has neither of the first two.
    """
    name, description, role = source["name"], source["description"], source["role"]
    label = None if name or description else source["label"]
    texts = [(name, None), (description, source["language"]), (role, None), (label, None)]
    if name is not None and (latin := anyascii(name)) != name:
        texts.append((latin, None))
    return [(text, language) for text, language in texts if text]


def record_source_relation(unit: Unit, relation: SourceRelation, action: ChangeAction) -> None:
    """Records a write of the relation, which exists for those who may see both sources."""
    unit.session.flush()
    record_change(unit, source_relation_written(unit.session, relation, action))


def source_relation_written(session: Session, relation: SourceRelation, action: ChangeAction) -> Written:
    """What a write of the relation is recorded as."""
    ends = [relation.source_id, relation.other_id]
    seen_from = max(queries.audiences(session, Source, ends).values())
    embargo = max(queries.embargoes(session, ends).values(), default=None)

    def render(out: Sequence[Out]) -> Contents:
        return NOBODY if action is ChangeAction.DELETED else source_relation_contents(relation, seen_from, out)

    return Written(ResourceKind.SOURCE_RELATION, relation.id, action, render, embargo_until=embargo)


def source_relation_contents(
    relation: SourceRelation, both_sources: Audience, out: Sequence[Out]
) -> list[Content | None]:
    """What each audience reads of the relation, whose sources are both seen from that audience on."""
    content: Content = {
        "id": relation.id,
        "source_id": relation.source_id,
        "other_id": relation.other_id,
        "kind": relation.kind,
        "note": relation.note,
    }
    return [
        {**content, "recorded_on": day_of(out[seen_by].at)} if sees(seen_by, both_sources) else None
        for seen_by in Audience
    ]
