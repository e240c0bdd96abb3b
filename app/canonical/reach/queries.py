"""The SQL of reach: what names a source, a document or a claim, some at a time, each page straight off an index.

A page gives pairs of a place and an id, in the order of their places: the next page begins after the last place.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, or_, select, union_all

from app.access.principals import Audience
from app.canonical.walks.queries import portions, represented_by
from app.models import Attribution, Claim, Document, Evidence, Hop, Relation, Rendition, Source, SourceRelation
from app.models.vocabulary import ClaimStatus, Terms, Visibility

Page = list[tuple[str, str]]
"""Places, each with the id that stands there."""
REPRESENTED_AT_ONCE: Final = 1_000
"""Sources that stand for one in a page: each page takes the walk to all of them."""


def members(session: Session, source_id: str, after: str, limit: int) -> Page:
    """The sources that belong to the source."""
    row: Any = Source
    return _by_id(session, row, row.organization_id == source_id, after, limit)


def published(session: Session, source_id: str, after: str, limit: int) -> Page:
    """The documents that the source published."""
    row: Any = Document
    return _by_id(session, row, row.outlet_id == source_id, after, limit)


def _by_id(session: Session, row: Any, condition: ColumnElement[bool], after: str, limit: int) -> Page:
    rows = select(row.id).where(condition, row.id > after).order_by(row.id).limit(limit)
    return [(each, each) for each in session.connection().execute(rows).scalars()]


def said_of(session: Session, source_id: str, after: str, limit: int) -> Page:
    """The relations that are recorded of the source."""
    row: Any = SourceRelation
    other, _, kind = after.partition(" ")
    rows = (
        select(row.other_id, row.kind, row.id)
        .where(row.source_id == source_id, row.other_id >= other, or_(row.other_id > other, row.kind > kind))
        .order_by(row.other_id, row.kind)
        .limit(limit)
    )
    return [(f"{end} {kind}", relation_id) for end, kind, relation_id in session.connection().execute(rows)]


def said_by_others(session: Session, source_id: str, after: str, limit: int) -> Page:
    """The relations that are recorded of others, to the source."""
    row: Any = SourceRelation
    kind, _, other = after.partition(" ")
    rows = (
        select(row.kind, row.source_id, row.id)
        .where(row.other_id == source_id, row.kind >= kind, or_(row.kind > kind, row.source_id > other))
        .order_by(row.kind, row.source_id)
        .limit(limit)
    )
    return [(f"{kind} {end}", relation_id) for kind, end, relation_id in session.connection().execute(rows)]


def claims_naming_source(session: Session, source_id: str, after: str, limit: int) -> Page:
    """The claims with the source in a chain."""
    return _claims(session, [_in(Hop, Hop.source_id, source_id)], after, limit)


def claims_naming_document(session: Session, document_id: str, after: str, limit: int) -> Page:
    """The claims that name the document."""
    tables: tuple[Any, ...] = (Attribution, Hop, Evidence)
    return _claims(session, [_in(each, each.document_id, document_id) for each in tables], after, limit)


def claims_naming_joined(session: Session, document_id: str, after: str, limit: int) -> Page:
    """The claims that name what the document was joined with."""
    joined_id = session.exec(select(Document.joined_id).where(Document.id == document_id)).one_or_none()
    return [] if joined_id is None else claims_naming_document(session, joined_id, after, limit)


def _in(table: Any, column: Any, value: str) -> Any:
    return select(table.claim_id).where(column == value).distinct()


def _claims(session: Session, naming: Iterable[Any], after: str, limit: int) -> Page:
    some = [
        rows.where(rows.selected_columns[0] > after).order_by(rows.selected_columns[0]).limit(limit).subquery()
        for rows in naming
    ]
    found = session.connection().execute(union_all(*(select(each.c[0]) for each in some))).scalars()
    return [(each, each) for each in sorted(set(found))[:limit]]


def claims_read_in(session: Session, outlet_id: str, after: str, limit: int) -> Page:
    """The claims that were read in a document which the source published, by document."""
    document, _, claim = after.partition(" ")
    document_id, claim_id = col(Document.id), col(Attribution.claim_id)
    rows = (
        select(document_id, claim_id)
        .join(Attribution, col(Attribution.document_id) == document_id)
        .where(Document.outlet_id == outlet_id, document_id >= document)
        .where(or_(document_id > document, claim_id > claim))
        .distinct()
        .order_by(document_id, claim_id)
        .limit(limit)
    )
    return [(f"{one} {other}", other) for one, other in session.connection().execute(rows)]


def representing(session: Session, source_id: str, after: str, _limit: int) -> Page:
    """The source and all that stand for it."""
    wanted = sorted(each for each in represented_by(session, [source_id]) if each > after)
    return [(each, each) for each in wanted[:REPRESENTED_AT_ONCE]]


def representing_others(session: Session, source_id: str, after: str, limit: int) -> Page:
    """All that stand for the source."""
    return [(place, each) for place, each in representing(session, source_id, after, limit) if each != source_id]


def those_shown(session: Session, source_ids: Iterable[str]) -> set[str]:
    """Those of the sources that stand in a chain, or that published a document."""
    found: set[str] = set()
    for some in portions(source_ids):
        row = col(Source.id)
        hop = select(Hop.claim_id).where(col(Hop.source_id) == row).exists()
        document = select(Document.id).where(col(Document.outlet_id) == row).exists()
        found.update(session.connection().execute(select(row).where(row.in_(some), or_(hop, document))).scalars())
    return found


def some_claims_showing(session: Session, source_ids: Iterable[str], limit: int | None) -> set[str]:
    """So many of the claims, or all, with one of the sources in a chain, or that were read in a document of one's."""
    wanted = sorted(set(source_ids))
    in_chains = select(Hop.claim_id).where(col(Hop.source_id).in_(wanted)).distinct().limit(limit).subquery()
    read_there = (
        select(Attribution.claim_id)
        .join(Document, col(Document.id) == Attribution.document_id)
        .where(col(Document.outlet_id).in_(wanted))
        .distinct()
        .limit(limit)
        .subquery()
    )
    both = union_all(select(in_chains.c[0]), select(read_there.c[0]))
    return set(session.connection().execute(both).scalars())


def claims_showing(session: Session, source_ids: Iterable[str]) -> set[str]:
    """All claims with one of the sources in a chain, or that were read in a document of one's."""
    return some_claims_showing(session, source_ids, None)


def hops_of(session: Session, claim_ids: Iterable[str], limit: int) -> int:
    """How many hops the claims have; `limit` if they are more."""
    rows = select(Hop.position).where(col(Hop.claim_id).in_(sorted(claim_ids))).limit(limit)
    return len(session.connection().execute(rows).all())


def relations_of_claim(session: Session, claim_id: str, after: str, limit: int) -> Page:
    """The relations of the claim, from either side."""
    row: Any = Relation
    sides = [
        select(row.id).where(side == claim_id, row.id > after).order_by(row.id).limit(limit).subquery()
        for side in (row.claim_id, row.other_claim_id)
    ]
    found = session.connection().execute(union_all(*(select(each.c[0]) for each in sides))).scalars()
    return [(each, each) for each in sorted(found)[:limit]]


def brings_claims_out(session: Session, record_id: str) -> bool:
    """Whether the public, who may see the source or the document by now, comes to read a claim by it.

    Whoever reads the record reads all claims that this is about: nothing else hides their attributions.
    """
    attribution: Any = Attribution
    naming = union_all(
        select(col(Hop.claim_id).label("claim_id"), col(Hop.attribution_id).label("id")).where(
            or_(col(Hop.source_id) == record_id, col(Hop.document_id) == record_id)
        ),
        select(attribution.claim_id, attribution.id).where(attribution.document_id == record_id),
    ).subquery()
    is_read = select(Rendition.version).where(
        Rendition.resource_id == Claim.id, Rendition.first_audience == Audience.PUBLIC
    )
    rows = (
        select(Claim.id)
        .select_from(naming)
        .join(Attribution, and_(attribution.claim_id == naming.c.claim_id, attribution.id == naming.c.id))
        .join(Claim, col(Claim.id) == naming.c.claim_id)
        .join(Document, col(Document.id) == attribution.document_id)
        .where(
            Claim.visibility == Visibility.PUBLIC,
            Claim.status != ClaimStatus.DRAFT,
            attribution.terms != Terms.OFF_THE_RECORD,
            Document.visibility == Visibility.PUBLIC,
            ~is_read.exists(),
            ~_hidden_hop().exists(),
        )
    )
    return session.connection().execute(rows.limit(1)).first() is not None


def _hidden_hop() -> Any:
    """The hops of an attribution that name what is not public."""
    hop: Any = aliased(Hop)
    document: Any = aliased(Document)
    return (
        select(hop.position)
        .join(Source, col(Source.id) == hop.source_id)
        .outerjoin(document, document.id == hop.document_id)
        .where(hop.claim_id == Attribution.claim_id, hop.attribution_id == Attribution.id)
        .where(or_(Source.visibility != Visibility.PUBLIC, document.visibility != Visibility.PUBLIC))
        .correlate(Attribution)
    )
