"""Puts claims and their published reviews into the words of Google's Fact Check Tools."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from app.access.units import Reply, Unit
from app.canonical.replies import NAMES_OF_DOCUMENTS, cursors_of, ids_in
from app.changes.queries import documents_of, documents_within
from app.factcheck import queries
from app.factcheck.schemas import FactCheckedClaim, FactCheckPage, FactCheckQuestion, FactCheckReview, Publisher
from app.filters.text import parse_text_query
from app.kit.paging import PAGE_BYTES, PageParameters, page_of
from app.kit.urls import canonical_url, site_of
from app.listing.fields import published_reviews
from app.models.vocabulary import ResourceKind, Terms

NAMES_NOBODY: Final = frozenset({Terms.DEEP_BACKGROUND, Terms.OFF_THE_RECORD})
"""Terms on which a statement is attributed to nobody, not even to an unnamed source."""
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
"""A day that a timestamp can hold: RFC 3339 has four digits for the year."""

Read = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Named:
    """What the ids and addresses on a page stand for, as far as the caller may read it."""

    sources: Mapping[str, Read]
    documents: Mapping[str, Read]
    reviews: Mapping[str, Read]
    """Documents that are reviews, by canonical address."""


def search(unit: Unit, wanted: FactCheckQuestion) -> Reply:
    """A page of the fact-checked claims that meet what is asked, the newest recorded first; raises Invalid."""
    if wanted.query is not None:
        parse_text_query(wanted.query, parameter="query")
    matching = queries.reviewed_claims(unit, wanted)
    cursors = replace(cursors_of(unit, f"fact checks|{wanted.filter_text}"), parameter="pageToken")
    statement, after = matching.statement, None
    if wanted.page_token is not None:
        after = cursors.read(wanted.page_token, matching.order)
    elif wanted.offset:
        statement = statement.offset(wanted.offset)
    found = page_of(unit.session, statement, matching.order, PageParameters(limit=wanted.limit), after)
    claims = _claims(unit, wanted, [row[0] for row in found.rows])
    more = found.more or len(claims) < len(found.rows)
    page = FactCheckPage(
        claims=claims, next_page_token=cursors.write(found.rows[len(claims) - 1][1:]) if more else None
    )
    return Reply(body=orjson.dumps(page.model_dump(by_alias=True, exclude_none=True)))


def _claims(unit: Unit, wanted: FactCheckQuestion, ids: Sequence[str]) -> list[FactCheckedClaim]:
    """The claims, as many of the first as are no longer than a page as they are read."""
    texts, _ = documents_within(unit, ResourceKind.CLAIM, ids, most=PAGE_BYTES)
    claims = list(map(orjson.loads, texts.values()))
    reviews = [list(_published(claim, wanted.review_publisher_site_filter)) for claim in claims]
    origins = {each["chain"][0]["source_id"] for claim in claims for each in claim["attributions"] if each["chain"]}
    addresses = {canonical_url(review["review_url"]) for each in reviews for review in each} - {None}
    named = _Named(
        _parsed(documents_of(unit, ResourceKind.SOURCE, origins)),
        _parsed(documents_of(unit, ResourceKind.DOCUMENT, ids_in(claims, NAMES_OF_DOCUMENTS))),
        queries.documents_at(unit, [address for address in addresses if address is not None]),
    )
    return [_claim(claim, shown, named) for claim, shown in zip(claims, reviews, strict=True)]


def _parsed(texts: Mapping[str, str]) -> dict[str, Read]:
    return {resource_id: orjson.loads(text) for resource_id, text in texts.items()}


def _published(claim: Read, site: str | None) -> Iterator[Read]:
    """The claim's published reviews, of that site or of any, the newest first."""
    yield from (each for each in published_reviews(claim) if site in {None, site_of(each["review_url"])})


def _claim(claim: Read, reviews: Sequence[Read], named: _Named) -> FactCheckedClaim:
    saying = [each for each in claim["attributions"] if each["stance"] in queries.SAYING]
    # Whoever may be named comes first: what another said on deep background is then theirs too.
    attributed = next(((each, words) for each in saying if (words := _claimant(each, named))), (None, None))
    dated = attributed[0] or next(iter(saying), None)
    return FactCheckedClaim(
        text=claim["statement"],
        claimant=attributed[1],
        claim_date=None if dated is None else _date(dated, named),
        claim_review=[_review(each, claim["language"], named) for each in reviews],
    )


def _claimant(attribution: Read, named: _Named) -> str | None:
    """Who said it, in the words that the terms allow; None where they allow none."""
    origin = named.sources.get(attribution["chain"][0]["source_id"]) if attribution["chain"] else None
    if origin is None or attribution["terms"] in NAMES_NOBODY:
        return None
    name: str | None = origin["name"]
    description: str | None = origin["description"]
    if attribution["terms"] != Terms.BACKGROUND:
        return name or description
    tells = name is not None and description is not None and name.casefold() in description.casefold()
    return None if tells else description


def _date(attribution: Read, named: _Named) -> str | None:
    """The day on which it was said, or else published, as a timestamp; None where it is not one day."""
    first, last = attribution["said_earliest"], attribution["said_latest"]
    document = named.documents.get(attribution["document_id"])
    if attribution["said"] is None and document is not None:
        first, last = document["published_earliest"], document["published_latest"]
    return f"{first}T00:00:00Z" if first == last and first is not None and DAY.fullmatch(first) else None


def _review(assessment: Read, language: str | None, named: _Named) -> FactCheckReview:
    url = assessment["review_url"]
    document = named.reviews.get(canonical_url(url) or "", {})
    return FactCheckReview(
        publisher=Publisher(name=assessment["assessor"], site=site_of(url)),
        url=url,
        title=document.get("title"),
        review_date=assessment["assessed_at"],
        textual_rating=assessment["rating_label"] or assessment["verdict"].replace("_", " ").capitalize(),
        language_code=document.get("language") or language,
    )
