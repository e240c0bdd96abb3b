"""How claims are found by their text and read by relevance: what is asked of each claim, and the ranking."""

from typing import Any, Final

from sqlmodel import col

from app.access.units import Unit
from app.access.visibility import visible
from app.filters.conditions import Condition, Way
from app.kit.fulltext import Ranking, TextQuery, count_up_to, found_in, matching, weigh
from app.models import Claim, Rendition
from app.models.vocabulary import ResourceKind

MOST_RANKED: Final = 10_000
"""Claims that are all ranked: in a fifth of a second, of a million."""


def text_condition(unit: Unit, query: TextQuery) -> Condition:
    """What a query asks of a claim."""
    session, audience = unit.session, unit.principal.audience
    texts = matching(session, query, audience)  # of sources too
    arms = tuple(arm.join(Claim, col(Claim.id) == arm.selected_columns[0]) for arm in texts)
    return Condition(lambda claim_id: found_in(session, claim_id, query, audience), (Way(arms),))


def new_ranking(unit: Unit, query: TextQuery) -> Ranking:
    """The ranking of all claims by the query, with the weights that its words have in what the caller may read now."""
    weights = weigh(unit.session, query, unit.principal.audience, _readable_claims(unit))
    return Ranking(query, tuple(weights))


def are_too_many(unit: Unit, query: TextQuery) -> bool:
    """Whether more of the claims that the caller may read match than can be ranked."""
    most, readable = MOST_RANKED + 1, _readable_claims(unit)
    return count_up_to(unit.session, query, unit.principal.audience, readable, most=most) == most


def _readable_claims(unit: Unit) -> Any:
    def among(rows: Any, resource_id: Any) -> Any:
        return rows.join(Rendition, col(Rendition.resource_id) == resource_id).where(
            Rendition.kind == ResourceKind.CLAIM, visible(unit.principal.audience, unit.now)
        )

    return among
