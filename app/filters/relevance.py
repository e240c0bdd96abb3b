"""How claims are found by their text and read by relevance: what is asked of each claim, and the ranking."""

from typing import Any, Final

from sqlmodel import col

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import built_once, visible
from app.filters.conditions import Condition, Way
from app.fulltext.holding import narrowed, weigh
from app.fulltext.index import Among, Ranking, TextQuery, count_up_to, found_in, matching
from app.kit.columns import NOW
from app.models import Claim, Rendition
from app.models.vocabulary import ResourceKind

MOST_RANKED: Final = 10_000
"""Claims that are all ranked: in a fifth of a second, of a million."""
MOST_COUNTINGS: Final = 4 * MOST_RANKED
"""How often a word is counted in a text for one ranking: of a query with more words fewer claims are ranked."""
NEWEST_RANKED: Final = 500
"""Of more claims than can be ranked so many are; the others follow, the newest first."""


def text_condition(unit: Unit, query: TextQuery) -> Condition:
    """What a query asks of a claim."""
    session, audience = unit.session, unit.principal.audience
    asked = narrowed(session, query, audience)
    texts = matching(session, asked, audience)  # of sources too
    arms = tuple(arm.join(Claim, col(Claim.id) == arm.selected_columns[0]) for arm in texts)
    return Condition(lambda claim_id: found_in(session, claim_id, asked, audience), (Way(arms),))


def new_ranking(unit: Unit, query: TextQuery) -> Ranking:
    """The ranking of all claims by the query, with the weights that its words have in what the caller may read now."""
    audience = unit.principal.audience
    return Ranking(query, weigh(unit.session, query, audience, _readable_claims(audience), now=unit.now))


def are_too_many(unit: Unit, ranking: Ranking) -> bool:
    """Whether more of the claims that the caller may read match than can be ranked."""
    audience = unit.principal.audience
    counted = sum(weight > 0 for weight in ranking.weights)
    most = min(MOST_RANKED, max(NEWEST_RANKED, MOST_COUNTINGS // max(counted, 1))) + 1
    query, readable = narrowed(unit.session, ranking.query, audience), _readable_claims(audience)
    return count_up_to(unit.session, query, audience, readable, most=most, now=unit.now) == most


@built_once
def _readable_claims(audience: Audience) -> Among:
    def among(rows: Any, resource_id: Any) -> Any:
        return rows.join(Rendition, col(Rendition.resource_id) == resource_id).where(
            Rendition.kind == ResourceKind.CLAIM, visible(audience, NOW)
        )

    return among
