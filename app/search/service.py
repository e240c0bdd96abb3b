"""Said before: finds the claims that a caller may read and that say what a text, or a claim, says."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from app.access.units import Reply, Unit
from app.canonical.replies import included, readable
from app.canonical.standing import claim_texts
from app.filters.found import Passage, snippets
from app.kit.fulltext import Clause, Run, Term, TextQuery
from app.models.vocabulary import ResourceKind
from app.search import queries
from app.search.matching import SHORTLISTED, Candidate, Match, Matcher, query_words, says_nothing, telling
from app.search.schemas import MatchRequest, SimilarParameters

DIGITS = 4
"""Of a score: more would only tell how it is worked out."""

Found = Sequence[tuple[Candidate[str], float]]


def match(unit: Unit, wanted: MatchRequest) -> Reply:
    """The claims that say what the text says, the best first."""
    found = _said_before(unit, wanted.text, wanted.language, wanted)
    return _reply(unit, found, _words_shown(wanted.text, wanted.language))


def similar(unit: Unit, claim_id: str, wanted: SimilarParameters) -> Reply:
    """The claims that say what the claim's statement says, without itself; raises NotFound.

    With each come the relations between the two that the caller may read.
    """
    claim = orjson.loads(readable(unit, ResourceKind.CLAIM, claim_id).document)
    statement, language = claim["statement"], claim["language"]
    found = _said_before(unit, statement, language, wanted, without=claim_id)
    relations = queries.relations_with(unit, claim_id, [each.key for each, _ in found])
    more = [{"relations": [orjson.Fragment(document) for document in relations.get(each.key, ())]} for each, _ in found]
    return _reply(unit, found, _words_shown(statement, language), more)


def _said_before(
    unit: Unit,
    text: str,
    language: str | None,
    wanted: MatchRequest | SimilarParameters,
    *,
    without: str | None = None,
) -> Found:
    """The best of the claims with their scores, from the threshold on.

    None that has no word of the text but function words, and none for a text that has no others.
    """
    words = query_words(text, language)
    if says_nothing(words, language):
        return []
    frequencies = queries.claims_with(unit, telling(words) or words)
    fetched = queries.newest_with(unit, frequencies)
    matcher = Matcher(text, language, frequencies)
    others = ((claim_id, tokens) for claim_id, tokens in fetched if claim_id != without)
    shortlist = matcher.shortlist(others, most=max(SHORTLISTED, wanted.limit))
    candidates = {each.key: each for each in queries.candidates(unit, shortlist)}
    scored = [(candidates[each.key], _rounded(each)) for each in matcher.ranked(candidates.values())]
    return [(candidate, score) for candidate, score in scored if score and score >= wanted.threshold][: wanted.limit]


def _rounded(match: Match[str]) -> float:
    return round(match.score, DIGITS)


def _words_shown(text: str, language: str | None) -> TextQuery:
    """The text's words as something to highlight."""
    runs = (Run((word,)) for word in telling(query_words(text, language)))
    return TextQuery((Clause(tuple(Term((run,)) for run in runs)),))


def _reply(unit: Unit, found: Found, words: TextQuery, more: Iterable[dict[str, Any]] | None = None) -> Reply:
    texts = claim_texts(unit, [candidate.key for candidate, _ in found])
    items = [
        {"claim": orjson.Fragment(text), "score": score, "snippets": snippets(_passages(candidate), words), **added}
        for text, (candidate, score), added in zip(texts, found, more or ({} for _ in found), strict=True)
    ]
    body = {"items": items, "included": included(unit, [orjson.loads(text) for text in texts])}
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z))


def _passages(candidate: Candidate[str]) -> Iterator[Passage]:
    yield Passage("statement", candidate.statement, candidate.language)
    for title in candidate.titles:
        yield Passage("document_title", title, candidate.language)
