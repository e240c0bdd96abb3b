"""What corroboration is counted from, as one audience sees it: attributions, and sources with their relations."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from app.access.principals import Audience
from app.access.visibility import sees, shown_from
from app.canonical.corroboration import AttributionFacts, HopFacts, SourceFacts, SourceLink
from app.canonical.walks.queries import MOST_STEPS, RelationRow, SourceRow, Surroundings, steps_on
from app.kit.deadline import check
from app.models.vocabulary import HopRole, Stance


@dataclass(frozen=True, slots=True)
class Facts:
    """What an audience may count a claim's support from."""

    attributions: list[AttributionFacts]
    sources: dict[str, SourceFacts]
    links: list[SourceLink]


def facts_of(attributions: Sequence[Mapping[str, Any]], surroundings: Surroundings, seen_by: Audience) -> Facts:
    """The facts in attributions as the audience reads them, without outlets and relations that are hidden from it."""
    in_chains = {hop["source_id"] for each in attributions for hop in each["chain"]}
    outlets = {surroundings.documents[each["document_id"]].outlet_id for each in attributions}
    shown = {
        each
        for each, source in surroundings.sources.items()
        if sees(seen_by, shown_from(source.visibility, source.embargo_until))
    }
    # Those in the chains are seen, since the attributions are: an embargo of theirs ends no later than the claim's.
    reached, links = _standing_for(in_chains | (outlets & shown), shown | in_chains, surroundings)
    return Facts(
        attributions=[_attribution(each, surroundings, shown) for each in attributions],
        sources={each: _source(surroundings.sources[each]) for each in reached},
        links=[SourceLink(*row) for row in links],
    )


def _standing_for(
    source_ids: Set[str | None], known: Set[str], surroundings: Surroundings
) -> tuple[set[str], list[RelationRow]]:
    """What the sources are the same as or republish, and how those stand to one another, as far as it is known.

    The walk is that of `surroundings`, over what the audience sees alone: what it does not see leads nowhere.
    """
    reached = frontier = {each for each in source_ids if each is not None}
    for _ in range(MOST_STEPS):
        check()
        steps = (steps_on(each, row) for each in frontier for row in surroundings.relations_of.get(each, ()))
        frontier = {each for each in steps if each is not None and each in known} - reached
        reached = reached | frontier
        if not frontier:
            break
    check()
    relations = {row for each in reached for row in surroundings.relations_of.get(each, ())}
    return reached, [row for row in relations if row.source_id in reached and row.other_id in reached]


def _attribution(attribution: Mapping[str, Any], surroundings: Surroundings, shown: Set[str]) -> AttributionFacts:
    outlet_id = surroundings.documents[attribution["document_id"]].outlet_id
    return AttributionFacts(
        stance=Stance(attribution["stance"]),
        document_id=attribution["document_id"],
        outlet_id=outlet_id if outlet_id in shown else None,
        chain=[HopFacts(hop["position"], HopRole(hop["role"]), hop["source_id"]) for hop in attribution["chain"]],
    )


def _source(source: SourceRow) -> SourceFacts:
    return SourceFacts(source.kind, source.member_count_min, source.member_count_max, source.anonymity)
