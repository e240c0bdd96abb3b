"""The SQL of "Said before?": how many claims hold each word, which hold one of several, and what is compared of each.

Every statement is about what the caller may read, and leaves out the rest before it counts or cuts anything.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import bindparam
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, or_, select

from app.access.principals import Audience
from app.access.units import Unit
from app.access.visibility import built_once, covers, may_know, visible
from app.canonical.coming_out import in_place
from app.fulltext.holding import counts_up_to, first_holding
from app.fulltext.index import SEARCH_TEXT, Among, Clause, Run, Term, TextQuery, stands_in
from app.kit.columns import NOW
from app.listing.fields import EntryField
from app.listing.queries import listed
from app.models import Attribution, Claim, Document, Relation, Rendition
from app.models.vocabulary import ResourceKind
from app.search.matching import MOST_CANDIDATES, MOST_COUNTED, Candidate, retrieval_words

MOST_LOOKED_THROUGH: Final = 20_000
"""Claims, the newest, that are looked through for a text of words that are all common."""
MOST_TITLES: Final = 10
"""Documents about a claim alone whose titles are compared, those of its first attributions."""


def claims_with(unit: Unit, words: Iterable[str]) -> dict[str, int]:
    """In how many claims that the caller may read each of the words stands, at most `MOST_COUNTED`."""
    audience = unit.principal.audience
    among = _readable_claims(audience)
    return counts_up_to(unit.session, words, audience, among, most=MOST_COUNTED, now=unit.now)


def newest_with(unit: Unit, frequencies: Mapping[str, int]) -> list[tuple[str, str]]:
    """Ids and tokens of claims that the caller may read and that hold one of `retrieval_words` of the frequencies.

    The newest first, at most `MOST_CANDIDATES`.
    """
    words, audience = retrieval_words(frequencies), unit.principal.audience
    if any(frequencies[word] == MOST_COUNTED for word in words):
        return _newest_with_common(unit, words)
    return first_holding(unit.session, words, audience, _newest_first(audience), most=MOST_CANDIDATES, now=unit.now)


def _newest_with_common(unit: Unit, words: Iterable[str]) -> list[tuple[str, str]]:
    """The same for words that any number of claims may hold, which are therefore not all looked up and sorted."""
    audience = unit.principal.audience
    entry, which = listed(audience, EntryField.ALL)
    newest = (
        _readable_claims(audience)(select(entry.c.claim_id, entry.c.place).where(*which), entry.c.claim_id)
        .order_by(entry.c.place.desc(), entry.c.claim_id.desc())
        .limit(MOST_LOOKED_THROUGH)
        .subquery()
    )
    row = SEARCH_TEXT.alias()
    query = TextQuery((Clause(tuple(Term((Run((word,)),)) for word in words)),))
    rows = (
        select(newest.c.claim_id, row.c.tokens)
        .join(row, and_(row.c.resource_id == newest.c.claim_id, covers(audience, row.c)))
        .where(stands_in(unit.session, row.c.tokens, query))
        .order_by(newest.c.place.desc(), newest.c.claim_id.desc())
        .limit(MOST_CANDIDATES)
    )
    return [(claim_id, tokens) for claim_id, tokens in unit.session.execute(rows, {"now": unit.now})]


@built_once
def _newest_first(audience: Audience) -> Among:
    """The claims that the audience may read, in the order in which they came out."""
    readable = _readable_claims(audience)

    def among(rows: Any, resource_id: Any) -> Any:
        return readable(rows, resource_id).order_by(col(Rendition.came_at).desc(), resource_id.desc())

    return among


@built_once
def _readable_claims(audience: Audience) -> Among:
    def among(rows: Any, resource_id: Any) -> Any:
        is_read = and_(Rendition.kind == ResourceKind.CLAIM, visible(audience, NOW))
        return rows.join(Rendition, and_(col(Rendition.resource_id) == resource_id, is_read))

    return among


def candidates(unit: Unit, claim_ids: Sequence[str]) -> list[Candidate[str]]:
    """What is compared of claims that the caller may read, in the order of the ids; the others are left out.

    The title of a document stands for a claim only where the caller may read of no other claim in that document: a
    fact-check's title says what its one claim says, that of an article with twenty claims says one of them at the most.
    """
    audience, parameters = unit.principal.audience, {"ids": list(claim_ids), "now": unit.now}
    if not claim_ids:
        return []
    found = {each.id: each for each in unit.session.exec(_statements(audience), params=parameters)}
    titles: dict[str, list[str]] = defaultdict(list)
    for claim_id, title in unit.session.exec(_titles(audience), params=parameters):
        if title not in titles[claim_id] and len(titles[claim_id]) < MOST_TITLES:
            titles[claim_id].append(title)
    return [
        Candidate(key=each, statement=found[each].statement, titles=tuple(titles[each]), language=found[each].language)
        for each in claim_ids
        if each in found
    ]


@built_once
def _statements(audience: Audience) -> Any:
    readable = (col(Rendition.resource_id) == Claim.id, Rendition.kind == ResourceKind.CLAIM, visible(audience, NOW))
    return select(Claim.id, Claim.statement, Claim.language).join(Rendition, and_(*readable)).where(_named(Claim.id))


@built_once
def _titles(audience: Audience) -> Any:
    readable = (
        col(Rendition.resource_id) == Document.id,
        Rendition.kind == ResourceKind.DOCUMENT,
        visible(audience, NOW),
    )
    return (
        select(Attribution.claim_id, Document.title)
        .join(Document, col(Document.id) == Attribution.document_id)
        .join(Rendition, and_(*readable))
        .where(_named(Attribution.claim_id), may_know(audience), col(Document.title).is_not(None))
        .where(~_other_claim_in_the_document(audience))
        .order_by(col(Attribution.claim_id), *in_place(audience))
    )


def _other_claim_in_the_document(audience: Audience) -> Any:
    """Whether the caller may read another claim in the document of an attribution."""
    other = aliased(Attribution)
    is_read = and_(
        col(Rendition.resource_id) == other.claim_id, Rendition.kind == ResourceKind.CLAIM, visible(audience, NOW)
    )
    return (
        select(other.claim_id)
        .join(Rendition, is_read)
        .where(other.document_id == Attribution.document_id, other.claim_id != Attribution.claim_id)
        .where(may_know(audience, other))
        .correlate(Attribution)  # and not the rendition, which is the document's out there
        .exists()
    )


def _named(column: Any) -> Any:
    return column.in_(bindparam("ids", expanding=True))


def relations_with(unit: Unit, claim_id: str, other_ids: Iterable[str]) -> dict[str, list[str]]:
    """Relations between a claim and others that the caller may read, by the other; of one other the oldest first."""
    ids = set(other_ids)
    from_it = and_(Relation.claim_id == claim_id, col(Relation.other_claim_id).in_(ids))
    to_it = and_(Relation.other_claim_id == claim_id, col(Relation.claim_id).in_(ids))
    rows = (
        select(Relation.claim_id, Relation.other_claim_id, Rendition.document)
        .join(Rendition, col(Rendition.resource_id) == Relation.id)
        .where(or_(from_it, to_it), Rendition.kind == ResourceKind.RELATION, visible(unit.principal.audience, unit.now))
        .order_by(col(Rendition.came_at), col(Relation.id))
    )
    found: dict[str, list[str]] = defaultdict(list)
    for one, other, document in unit.session.exec(rows):
        found[other if one == claim_id else one].append(document)
    return found
