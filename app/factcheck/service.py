"""Puts claims and their published reviews into the words of Google's Fact Check Tools."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from app.access.units import Reply, Unit
from app.canonical.claim_schemas import AttributionRead
from app.canonical.print_rule import Printable, origin_id, print_rules
from app.canonical.replies import NAMES_OF_DOCUMENTS, cursors_of, ids_in
from app.canonical.schemas import SourceRead
from app.canonical.telling import Text
from app.changes.queries import documents_of, documents_within
from app.factcheck import queries
from app.factcheck.schemas import FactCheckedClaim, FactCheckPage, FactCheckQuestion, FactCheckReview, Publisher
from app.filters.text import parse_text_query
from app.kit.paging import PAGE_BYTES, PageParameters, page_of
from app.kit.urls import canonical_url, site_of
from app.listing.fields import published_reviews
from app.models.vocabulary import Anonymity, ResourceKind

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
"""A day that a timestamp can hold: RFC 3339 has four digits for the year."""

Read = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Named:
    """What the ids and addresses on a page stand for, as far as the caller may read it."""

    sources: Mapping[str, SourceRead]
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
    said = [[AttributionRead.model_validate(each) for each in claim["attributions"]] for claim in claims]
    origins = {origin_id(each) for attributions in said for each in attributions}
    addresses = {canonical_url(review["review_url"]) for each in reviews for review in each} - {None}
    sources = documents_of(unit, ResourceKind.SOURCE, origins)
    named = _Named(
        {each: SourceRead.model_validate_json(text) for each, text in sources.items()},
        _parsed(documents_of(unit, ResourceKind.DOCUMENT, ids_in(claims, NAMES_OF_DOCUMENTS))),
        queries.documents_at(unit, [address for address in addresses if address is not None]),
    )
    rules = print_rules(unit, said, named.sources)
    printables = [
        [rule.of(each) for each in attributions if origin_id(each) in named.sources]
        for rule, attributions in zip(rules, said, strict=True)
    ]
    return [_claim(*each, named) for each in zip(claims, printables, reviews, strict=True)]


def _parsed(texts: Mapping[str, str]) -> dict[str, Read]:
    return {resource_id: orjson.loads(text) for resource_id, text in texts.items()}


def _published(claim: Read, site: str | None) -> Iterator[Read]:
    """The claim's published reviews, of that site or of any, the newest first."""
    yield from (each for each in published_reviews(claim) if site in {None, site_of(each["review_url"])})


def _claim(claim: Read, said: Sequence[Printable], reviews: Sequence[Read], named: _Named) -> FactCheckedClaim:
    shown = [_review(each, claim["language"], named) for each in reviews]
    saying = [each for each in said if each.withheld is None and each.attribution.stance in queries.SAYING]
    texts = [claim["statement"], *(text for each in shown for text in (each.title, each.url, each.publisher.name))]
    beside = [Text.of(text) for text in texts if text is not None] if any(each.own for each in saying) else []
    # Whoever may be named comes first: what another said on deep background is then theirs too.
    attributed = next(((each, words) for each in saying if (words := _claimant(each, beside))), (None, None))
    dated = attributed[0] or next(iter(saying), None)
    return FactCheckedClaim(
        text=claim["statement"],
        claimant=attributed[1],
        claim_date=None if dated is None else _date(dated, named),
        claim_review=shown,
    )


def _claimant(printable: Printable, beside: Sequence[Text]) -> str | None:
    """Who said it, in words that may stand beside what else is printed; None where there are none."""
    if printable.is_of_nobody:
        return None
    if printable.name is not None:
        is_pseudonym = printable.origin.anonymity is Anonymity.PSEUDONYMOUS
        return f"{printable.name} (a pseudonym)" if is_pseudonym else printable.name
    return printable.description if printable.may_stand_beside(beside) else None


def _date(printable: Printable, named: _Named) -> str | None:
    """The day on which it was said, if that may be told, or else published, as a timestamp; None where it is no day."""
    attribution, document = printable.attribution, named.documents.get(printable.attribution.document_id)
    first, last = attribution.said_earliest, attribution.said_latest
    if attribution.said is None or not printable.is_dated:
        first, last = (document["published_earliest"], document["published_latest"]) if document else (None, None)
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
