"""Renders and records sources and how they stand to one another."""

from collections.abc import Mapping, Sequence
from typing import Any

from anyascii import anyascii

from app.access.principals import AUDIENCE_OF, Audience
from app.access.units import Unit
from app.canonical import queries
from app.canonical.walks.queries import SourceRow
from app.changes.record import Content, Written, record_change
from app.models import Source, SourceRelation
from app.models.vocabulary import ChangeAction, ResourceKind


def record_source(unit: Unit, source: Source, action: ChangeAction) -> None:
    """Records a write of the source; the organization stays out of sight of those who may not see it."""
    unit.session.flush()
    organization = Audience.PUBLIC
    if source.organization_id is not None:
        organization = queries.shown_from(unit.session, [source.organization_id])[source.organization_id]
    contents, embargo = source_contents(source, organization), source.embargo_until
    record_change(unit, Written(ResourceKind.SOURCE, source.id, action, contents, embargo_until=embargo, dated=True))


def record_new_sources(unit: Unit, sources: Sequence[Source]) -> None:
    """Writes and records new sources; their organizations stay out of sight as in `record_source`."""
    unit.session.add_all(sources)
    unit.session.flush()
    seen_from = queries.shown_from(
        unit.session, {each.organization_id for each in sources if each.organization_id is not None}
    )
    for source in sources:
        organization = Audience.PUBLIC if source.organization_id is None else seen_from[source.organization_id]
        contents = source_contents(source, organization)
        written = Written(
            ResourceKind.SOURCE, source.id, ChangeAction.CREATED, contents, source.embargo_until, dated=True
        )
        record_change(unit, written)


def source_contents(source: Source, organization: Audience) -> list[Content | None]:
    """What each audience reads of the source, whose organization is seen from that audience on."""
    own = AUDIENCE_OF[source.visibility]
    return [
        source_content(source, show_organization=seen_by >= organization) if seen_by >= own else None
        for seen_by in Audience
    ]


def source_content(source: Source, *, show_organization: bool = True) -> Content:
    """What is read of a source, version and date of change apart."""
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
        "recorded_on": source.recorded_on,
    }


def source_label(source: Source | SourceRow) -> str:
    """What to print for the source: its name if that is published, else its description, else what it is."""
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
    seen_from = queries.audiences(unit.session, Source, [relation.source_id, relation.other_id])
    gone = action is ChangeAction.DELETED
    contents = [None for _ in Audience] if gone else source_relation_contents(relation, max(seen_from.values()))
    embargo = max(queries.embargoes(unit.session, [relation.source_id, relation.other_id]).values(), default=None)
    record_change(
        unit,
        Written(ResourceKind.SOURCE_RELATION, relation.id, action, contents, embargo_until=embargo, dated=True),
    )


def source_relation_contents(relation: SourceRelation, both_sources: Audience) -> list[Content | None]:
    """What each audience reads of the relation, whose sources are both seen from that audience on."""
    content: Content = {
        "id": relation.id,
        "source_id": relation.source_id,
        "other_id": relation.other_id,
        "kind": relation.kind,
        "note": relation.note,
        "recorded_on": relation.recorded_on,
    }
    return [content if seen_by >= both_sources else None for seen_by in Audience]
