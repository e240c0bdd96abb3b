"""Who else says so: what is read of it beside a claim."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.access.units import Unit
from app.canonical import queries
from app.canonical.corroboration import Origin, origins_told_apart, unnamed_without_distinction
from app.canonical.facts import Counting, Facts
from app.canonical.replies import joined
from app.canonical.walks.queries import surroundings
from app.changes.queries import documents_within
from app.kit.paging import PAGE_BYTES
from app.models import ClaimStanding
from app.models.vocabulary import ClaimRelationKind, ResourceKind

CORROBORATING: Final = (ClaimRelationKind.CORROBORATES, ClaimRelationKind.DUPLICATES)
"""How another claim stands to one that it says too, or makes more likely."""


def corroborations(unit: Unit, claim_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """What the caller reads of who else makes each of the claims, as `claim_schemas.Corroboration`, by the claim's id.

    Of claims that the caller may read, and of no others.
    """
    ids = list(claim_ids)
    if not ids:
        return {}
    audience = unit.principal.audience
    related = queries.related_claims(unit.session, ids, audience, unit.now)
    standings = queries.standings_seen(unit.session, ids, audience)
    return {
        claim_id: {
            **_counted(row),
            "corroborating_claims": sum(related[kind][claim_id] for kind in CORROBORATING),
            "contradictions": related[ClaimRelationKind.CONTRADICTS][claim_id],
        }
        for claim_id, row in standings.items()
    }


def _counted(row: ClaimStanding) -> Mapping[str, Any]:
    return {
        "attributions": row.attributions,
        "documents": row.documents,
        "outlets": row.outlets,
        "independent_origins": {"min": row.origins_min, "max": row.origins_max},
        "circular": bool(row.circular),
        "denials": row.denials,
    }


def origins_may_coincide(unit: Unit, attributions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether two origins that count as two may be the same people, for all that the caller may see of them.

    `attributions` are those of a claim as the caller reads it.
    """
    facts = _facts(unit, attributions)
    return unnamed_without_distinction(facts.attributions, facts.sources, facts.related)


def origins_of(unit: Unit, attributions: Sequence[Mapping[str, Any]]) -> dict[str, Origin] | None:
    """The origin of each source that a chain of these begins with, by its id, for all that the caller may see.

    `attributions` are some of a claim's as the caller reads it. Null where it is open whether two origins are one.
    """
    facts = _facts(unit, attributions)
    return origins_told_apart(facts.attributions, facts.related)


def _facts(unit: Unit, attributions: Sequence[Mapping[str, Any]]) -> Facts:
    return Counting(surroundings(unit.session, attributions)).facts(attributions, unit.principal.audience)


def claim_texts(unit: Unit, claim_ids: Sequence[str], *, most: float = PAGE_BYTES) -> list[str]:
    """The documents of claims that the caller may read, in the order of the ids, each with who else says so.

    As many of the first as have no more bytes than that, which is a page.
    """
    documents, _ = documents_within(unit, ResourceKind.CLAIM, claim_ids, most=most)
    counted = corroborations(unit, documents)
    return [joined(text, {"corroboration": counted[each]}).decode() for each, text in documents.items()]
