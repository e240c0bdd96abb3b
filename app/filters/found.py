"""Shows where the words of a query stand in the claims it found: made of what the caller reads, and of nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.access.units import Unit
from app.canonical.replies import NAMES_OF_SOURCES, ids_in, joined
from app.canonical.sources import source_texts
from app.canonical.standing import claim_texts
from app.changes.queries import documents_of
from app.fulltext.index import Ranking, Run, TextQuery, scores
from app.kit.deadline import check
from app.kit.words import Span, spans
from app.listing.queries import places
from app.models.vocabulary import ResourceKind

LONGEST: Final = 200
"""Characters of a text that are shown, the dots at its ends apart."""
BEFORE: Final = 40
"""Of them, those before the first highlight, if so many are there."""
MOST_SNIPPETS: Final = 5
DOTS: Final = "\u2026"

Highlights = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of a claim: where it stands, what it says, and in which language."""

    place: str
    text: str
    language: str | None


def texts_with_found(unit: Unit, claim_ids: Sequence[str], *, query: TextQuery, ranking: Ranking | None) -> list[str]:
    """The documents of claims as `claim_texts` gives them, each with where the query's words stand in it."""
    texts = claim_texts(unit, claim_ids)
    claims = [orjson.loads(text) for text in texts]
    wanted = Wanted(query)
    sources = _read(unit, ResourceKind.SOURCE, ids_in(claims, NAMES_OF_SOURCES))
    named = {attribution["document_id"] for claim in claims for attribution in claim["attributions"]}
    documents = _read(unit, ResourceKind.DOCUMENT, named)
    scored = _scored(unit, claim_ids, ranking) if ranking is not None else {}
    return [
        joined(
            text,
            {
                "found": {
                    "score": scored.get(claim["id"]),
                    "snippets": snippets(_passages(claim, sources, documents), wanted),
                }
            },
        ).decode()
        for text, claim in zip(texts, claims, strict=True)
    ]


def _scored(unit: Unit, claim_ids: Sequence[str], ranking: Ranking) -> dict[str, int]:
    """The scores of those of the claims that are ranked."""
    audience, oldest = unit.principal.audience, ranking.oldest
    scored = scores(unit.session, ranking, claim_ids, audience)
    if oldest is None:
        return scored
    found = places(unit.session, audience, claim_ids)
    return {each: score for each, score in scored.items() if (found[each], each) >= oldest}


def _read(unit: Unit, kind: ResourceKind, ids: set[str]) -> dict[str, Any]:
    return {each: orjson.loads(text) for each, text in documents_of(unit, kind, ids).items()}


def _passages(claim: Any, sources: Mapping[str, Any], documents: Mapping[str, Any]) -> Iterator[Passage]:
    """The texts that a claim is found by, in the order of what they tell of it."""
    yield Passage("statement", claim["statement"], claim["language"])
    quotes = [each["quote"] for each in claim["attributions"] if each["quote"] is not None]
    for quote in quotes:
        yield Passage("quote", quote["exact"], quote["language"])
        if quote["original"] is not None:
            yield Passage("quote", quote["original"], None)
    for source_id in (hop["source_id"] for each in claim["attributions"] for hop in each["chain"]):
        for text, language in source_texts(sources[source_id]):
            yield Passage("source", text, language)
    for document in (documents[each["document_id"]] for each in claim["attributions"]):
        if document["title"] is not None:
            yield Passage("document_title", document["title"], document["language"])


def snippets(passages: Iterator[Passage], wanted: "Wanted") -> list[dict[str, Any]]:
    """The first few of the passages with a highlight, each cut around its first, with offsets in code points."""
    made: list[dict[str, Any]] = []
    for passage in dict.fromkeys(passages):
        check()
        found = highlights(spans(passage.text, passage.language), wanted)
        if found:
            text, moved = cut(passage.text, found)
            made.append({"in": passage.place, "text": text, "highlights": moved})
        if len(made) == MOST_SNIPPETS:
            break
    return made


class Wanted:
    """The words and phrases of a query, by their first tokens: a text is gone through once, however many there are."""

    def __init__(self, query: TextQuery) -> None:
        self._runs: dict[str, list[Run]] = {}
        self._begun: dict[str, list[Run]] = {}
        """Those of one token that may go on, by as much of it as there is."""
        for run in query.runs:
            is_begun = run.goes_on and len(run.tokens) == 1
            (self._begun if is_begun else self._runs).setdefault(run.tokens[0], []).append(run)
        self._lengths = sorted({len(token) for token in self._begun})

    def beginning_with(self, token: str) -> Iterator[Run]:
        """The runs that may stand where the token does."""
        yield from self._runs.get(token, ())
        for length in self._lengths:
            yield from self._begun.get(token[:length], ())


def highlights(words: Sequence[Span], wanted: Wanted) -> Highlights:
    """Where the words and phrases looked for stand, as starts and ends in order; what touches is one."""
    merged: Highlights = []
    tokens = [word.token for word in words]
    for at, word in enumerate(words):
        ends = [
            _end(words, at + len(run.tokens) - 1, run)
            for run in wanted.beginning_with(word.token)
            if _stands_at(tokens, at, run)
        ]
        if not ends:
            continue
        if merged and word.start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], *ends))
        else:
            merged.append((word.start, max(ends)))
    return merged


def _stands_at(tokens: Sequence[str], at: int, run: Run) -> bool:
    *whole, last = run.tokens
    end = at + len(whole)
    if end >= len(tokens) or tokens[at:end] != whole:
        return False
    return tokens[end].startswith(last) if run.goes_on else tokens[end] == last


def _end(words: Sequence[Span], last: int, run: Run) -> int:
    """Where the run ends in the text: of a pair of which its first character alone is meant, where the other begins."""
    is_begun = run.goes_on and words[last].token != run.tokens[-1]
    return words[last + 1].start if is_begun and last + 1 < len(words) else words[last].end


def cut(text: str, found: Highlights) -> tuple[str, Highlights]:
    """The text around its first highlight, cut between words, with dots where it goes on; and its highlights."""
    if len(text) <= LONGEST:
        return text, found
    first_start, first_end = found[0]
    start = _word_start(text, max(0, min(first_start - BEFORE, len(text) - LONGEST)), first_start)
    end = max(_word_end(text, min(len(text), start + LONGEST), first_end), first_end)
    before, after = DOTS if start else "", DOTS if end < len(text) else ""
    moved = len(before) - start
    kept = [(one + moved, other + moved) for one, other in found if other <= end]
    return f"{before}{text[start:end]}{after}", kept


def _word_start(text: str, start: int, latest: int) -> int:
    """The first place from `start` on, and not after the latest, where a word begins; `start` if there is none."""
    if start == 0 or text[start - 1].isspace():
        return start
    at = next((place for place in range(start, latest) if text[place].isspace()), None)
    return start if at is None else at + 1


def _word_end(text: str, end: int, earliest: int) -> int:
    """The last place up to `end`, and not before the earliest, where a word ends; `end` if there is none."""
    if end == len(text) or text[end].isspace():
        return end
    return next((place for place in range(end, earliest - 1, -1) if text[place].isspace()), end)
