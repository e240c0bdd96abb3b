"""What corroboration is counted from, as one audience sees it: attributions, and sources with their relations."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from app.access.principals import Audience
from app.access.visibility import shown_from
from app.canonical.corroboration import AttributionFacts, HopFacts, SourceFacts, SourceLink
from app.canonical.queries import Surroundings
from app.models import Source
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
    outlets = {surroundings.documents[each["document_id"]].outlet_id for each in attributions} - {None}
    relations = surroundings.relations_around(in_chains | outlets)
    met = {end for row in relations for end in (row.source_id, row.other_id)} | in_chains | outlets
    shown = {each for each in met if each is not None and _shown_from(surroundings, each) <= seen_by}
    # Those in the chains are seen, since the attributions are: an embargo of theirs ends no later than the claim's.
    known = shown | in_chains
    return Facts(
        attributions=[_attribution(each, surroundings, shown) for each in attributions],
        sources={each: _source(surroundings.sources[each]) for each in known},
        links=[
            SourceLink(row.source_id, row.other_id, row.kind)
            for row in relations
            if row.source_id in known and row.other_id in known
        ],
    )


def _shown_from(surroundings: Surroundings, source_id: str) -> Audience:
    """From which audience on the source is shown where others name it."""
    source = surroundings.sources[source_id]
    return shown_from(source.visibility, source.embargo_until)


def _attribution(attribution: Mapping[str, Any], surroundings: Surroundings, shown: Set[str]) -> AttributionFacts:
    outlet_id = surroundings.documents[attribution["document_id"]].outlet_id
    return AttributionFacts(
        stance=Stance(attribution["stance"]),
        document_id=attribution["document_id"],
        outlet_id=outlet_id if outlet_id in shown else None,
        chain=[HopFacts(hop["position"], HopRole(hop["role"]), hop["source_id"]) for hop in attribution["chain"]],
    )


def _source(source: Source) -> SourceFacts:
    return SourceFacts(source.kind, source.member_count_min, source.member_count_max, source.anonymity)
