"""Answers with the claims that a question asks for: which, in which order, and where its words stand in them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from app.access.units import Reply, Unit
from app.canonical.claim_schemas import ClaimListed
from app.canonical.replies import Listing, cursors_of, many
from app.canonical.standing import claim_texts
from app.filters.found import texts_with_found
from app.filters.queries import matching_claims, newest_of
from app.filters.relevance import NEWEST_RANKED, are_too_many, new_ranking
from app.filters.schemas import ClaimFilter, SourceClaimFilter
from app.filters.text import parse_text_query
from app.fulltext.index import Ranking, TextQuery, carried_ranking

PLACED: Final = 3
"""The values of a place in the order of relevance: a score, a place in the list of all, and an id."""


def list_matching(
    unit: Unit, wanted: ClaimFilter | SourceClaimFilter, name: str, *, source_ids: Sequence[str]
) -> Reply:
    """A page of the claims that meet every filter, in the order asked for; raises Invalid. `name` is the list's own."""
    bound_to = f"{name}|{wanted.order}|{wanted.filter_text}"
    if wanted.q is None:
        matching = matching_claims(unit, wanted, source_ids=source_ids, sort=wanted.order)
        listing = Listing(ClaimListed, matching.order, bound_to, with_included=True, texts=claim_texts)
        return many(unit, listing, wanted, matching.statement)
    query = parse_text_query(wanted.q)
    ranking = None
    if wanted.order.endswith("relevance"):
        ranking = _ranking(unit, wanted, query, bound_to=bound_to, source_ids=source_ids)
    matching = matching_claims(unit, wanted, source_ids=source_ids, sort=wanted.order, ranking=ranking)
    listing = Listing(
        ClaimListed,
        matching.order,
        bound_to,
        with_included=True,
        texts=partial(texts_with_found, query=query, ranking=ranking),
        carried=() if ranking is None else ranking.carried,
    )
    return many(unit, listing, wanted, matching.statement)


def _ranking(
    unit: Unit,
    wanted: ClaimFilter | SourceClaimFilter,
    query: TextQuery,
    *,
    bound_to: str,
    source_ids: Sequence[str],
) -> Ranking:
    """The ranking that the cursor holds, or a new one: the pages of a list are of one order, whatever is written."""
    if wanted.cursor is not None:
        best_first = not wanted.order.startswith("-")
        opened = cursors_of(unit, f"{bound_to}|{best_first}").opened(wanted.cursor)
        return carried_ranking(query, opened[PLACED:])
    ranking = new_ranking(unit, query)
    if are_too_many(unit, ranking):
        ranking = replace(ranking, oldest=newest_of(unit, wanted, NEWEST_RANKED, source_ids=source_ids))
    return ranking
