"""Said before: finds the claims that a caller may read and that say what a text, or a claim, says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from app.access.units import Reply, Unit
from app.canonical.replies import cursors_of, included_within, readable
from app.canonical.standing import claim_texts
from app.filters.found import Passage, Wanted, snippets
from app.fulltext.index import Clause, Run, Term, TextQuery
from app.kit.columns import size_bytes
from app.kit.problems import invalid_parameter
from app.models.vocabulary import ResourceKind
from app.search import queries
from app.search.matching import SHORTLISTED, Candidate, Match, Matcher, query_words, says_nothing, telling
from app.search.schemas import MatchRequest, SimilarParameters

DIGITS = 4
"""Of a score: more would only tell how it is worked out."""

Found = Sequence[tuple[Candidate[str], float]]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text to find claims for, and which of them."""

    text: str
    language: str | None
    wanted: MatchRequest | SimilarParameters
    without: str | None = None
    """The claim whose statement it is."""

    @property
    def bound_to(self) -> str:
        """The question as text, to which its cursors are bound."""
        return f"said before|{self.without}|{self.wanted.model_dump_json(exclude={'cursor'})}"


def match(unit: Unit, wanted: MatchRequest) -> Reply:
    """The claims that say what the text says, the best first."""
    asked = _Asked(wanted.text, wanted.language, wanted)
    return _reply(unit, asked, _said_before(unit, asked))


def similar(unit: Unit, claim_id: str, wanted: SimilarParameters) -> Reply:
    """The claims that say what the claim's statement says, without itself; raises NotFound.

    With each come the relations between the two that the caller may read.
    """
    claim = orjson.loads(readable(unit, ResourceKind.CLAIM, claim_id).document)
    asked = _Asked(claim["statement"], claim["language"], wanted, without=claim_id)
    return _reply(unit, asked, _said_before(unit, asked))


def _said_before(unit: Unit, asked: "_Asked") -> Found:
    """The best of the claims with their scores, from the threshold on.

    None that has no word of the text but function words, and none for a text that has no others.
    """
    wanted, words = asked.wanted, query_words(asked.text, asked.language)
    if says_nothing(words, asked.language):
        return []
    frequencies = queries.claims_with(unit, telling(words) or words)
    fetched = queries.newest_with(unit, frequencies)
    matcher = Matcher(asked.text, asked.language, frequencies)
    others = ((claim_id, tokens) for claim_id, tokens in fetched if claim_id != asked.without)
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


def _reply(unit: Unit, asked: "_Asked", found: Found) -> Reply:
    """The claims, as many as fit on a page, from where the cursor says; raises Invalid for one of another question."""
    cursors = cursors_of(unit, asked.bound_to)
    if asked.wanted.cursor is not None:
        keys = [candidate.key for candidate, _ in found]
        last = cursors.opened(asked.wanted.cursor)[0]
        if last not in keys:
            raise invalid_parameter("cursor", "wrong_cursor", "What this cursor points to is no longer there.")
        found = found[keys.index(last) + 1 :]
    texts = claim_texts(unit, [candidate.key for candidate, _ in found])
    others = [candidate.key for candidate, _ in found[: len(texts)]]
    relations = queries.relations_with(unit, asked.without, others) if asked.without is not None else {}
    sizes = [
        size_bytes(text) + sum(map(size_bytes, relations.get(other, ())))
        for text, other in zip(texts, others, strict=True)
    ]
    count, named = included_within(unit, [orjson.loads(text) for text in texts], sizes)
    shown, words = found[:count], Wanted(_words_shown(asked.text, asked.language))
    items = []
    for text, (candidate, score) in zip(texts, shown, strict=False):
        item = {"claim": orjson.Fragment(text), "score": score, "snippets": snippets(_passages(candidate), words)}
        if asked.without is not None:
            item["relations"] = [orjson.Fragment(document) for document in relations.get(candidate.key, ())]
        items.append(item)
    next_cursor = cursors.write([shown[-1][0].key]) if len(shown) < len(found) else None
    body = {"items": items, "next_cursor": next_cursor, "included": named}
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z))


def _passages(candidate: Candidate[str]) -> Iterator[Passage]:
    yield Passage("statement", candidate.statement, candidate.language)
    for title in candidate.titles:
        yield Passage("document_title", title, candidate.language)
