"""The SQL behind the canonical documents: the rows to render, the rows to lock, and what hangs on what."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, bindparam, type_coerce
from sqlmodel import Session, SQLModel, and_, col, func, or_, select, union

from app.access import visibility
from app.access.principals import AUDIENCE_OF, Audience
from app.access.visibility import built_once, covers, visible
from app.canonical.told import as_recorded
from app.changes.record import Out
from app.kit.columns import NOW, UtcDateTime
from app.kit.ids import EPOCH
from app.models import (
    Assessment,
    Attribution,
    Claim,
    ClaimStanding,
    ClaimTopic,
    Document,
    Evidence,
    Hop,
    Quantity,
    Relation,
    Rendition,
    SearchText,
    Source,
    SourceRating,
)
from app.models.vocabulary import (
    Anonymity,
    ClaimRelationKind,
    ClaimStatus,
    RelationStatus,
    SourceKind,
    Visibility,
)

R = TypeVar("R", bound=SQLModel)
D = TypeVar("D", Source, Document)

OF_OUT: Final[tuple[Any, ...]] = (
    Rendition.first_audience,
    Rendition.last_audience,
    Rendition.came_at,
    Rendition.in_days,
)
NOT_OUT: Final = as_recorded(EPOCH)
"""Stands for an audience for which a resource does not exist."""
ANEW: Final = {"populate_existing": True}
"""Reads rows again that the session has read before: somebody else may have changed them until they were locked. What
the session itself has changed must be flushed by then."""


def locked(session: Session, table: type[R], resource_id: str) -> R | None:
    """The row with this id, locked against other writers until the transaction ends."""
    row: Any = table
    found = select(table).where(row.id == resource_id).with_for_update().execution_options(**ANEW)
    return session.exec(found).one_or_none()


def locked_claims(session: Session, ids: Iterable[str]) -> dict[str, Claim]:
    """The claims, locked in the order of their ids, so that two writers cannot wait for each other."""
    rows = select(Claim).where(col(Claim.id).in_(set(ids))).order_by(Claim.id).with_for_update()
    return {row.id: row for row in session.exec(rows.execution_options(**ANEW))}


def held(session: Session, table: type[Source] | type[Document], ids: Iterable[str]) -> dict[str, Audience]:
    """From which audience on each of the rows may be seen, held so that it stays so until the transaction ends.

    Whoever hides a row locks it, so it is hidden before it is held, or when whoever holds it has committed. What was
    found out about a row before it was held may be out of date. With documents their outlets are held: a claim counts
    them, and shows them to whoever looks for the claims of an outlet only once it is committed.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    found = _audiences(session, _visibilities(table, hold=True), wanted)
    if table is Document:
        session.exec(_outlets_held(), params={"ids": list(wanted)}).all()
    return found


class HeldSource(NamedTuple):
    """Of a source what whoever names it goes by."""

    audience: Audience
    kind: SourceKind
    anonymity: Anonymity


def held_sources(session: Session, ids: Iterable[str]) -> dict[str, HeldSource]:
    """From which audience on each of the sources may be seen, and what it is; held like `held`."""
    rows = session.connection().execute(_sources_held(), {"ids": sorted(set(ids))})
    return {
        source_id: HeldSource(AUDIENCE_OF[visibility], kind, anonymity)
        for source_id, visibility, kind, anonymity in rows
    }


def text_of(session: Session, document_id: str) -> str | None:
    """The document's text, if it was recorded."""
    return session.exec(select(Document.text).where(Document.id == document_id)).one_or_none()


def text_digests(session: Session, document_ids: Iterable[str]) -> dict[str, str | None]:
    """The SHA-256 of each document's text; None where it was not recorded."""
    rows = select(Document.id, Document.text_sha256).where(col(Document.id).in_(set(document_ids)))
    return dict(session.exec(rows).all())


def source_kind(session: Session, source_id: str) -> SourceKind | None:
    """What sort of thing the source is; None where there is no such source."""
    kind = session.exec(select(Source.kind).where(Source.id == source_id)).one_or_none()
    return None if kind is None else SourceKind(kind)


@dataclass(frozen=True, slots=True)
class ClaimRows:
    """Everything that a claim's document is rendered from, each list in its order. New rows are added at the ends."""

    claim: Claim
    topics: list[ClaimTopic] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    attributions: list[Attribution] = field(default_factory=list)
    hops: dict[str, list[Hop]] = field(default_factory=lambda: defaultdict(list))
    assessments: list[Assessment] = field(default_factory=list)
    evidence: dict[str, list[Evidence]] = field(default_factory=lambda: defaultdict(list))
    source_audience: dict[str, Audience] = field(default_factory=dict)
    unnamed_sources: set[str] = field(default_factory=set)
    """Those of the sources that the reporting does not name."""
    document_audience: dict[str, Audience] = field(default_factory=dict)

    @property
    def document_ids(self) -> set[str]:
        """All documents that the rows name."""
        naming: Iterable[Any] = chain(self.attributions, *self.hops.values(), *self.evidence.values())
        return {row.document_id for row in naming if row.document_id is not None}

    def rename_documents(self, others: Mapping[str, str]) -> None:
        """Names other documents in place of some, by their ids."""
        naming: Iterable[Any] = chain(self.attributions, *self.hops.values(), *self.evidence.values())
        for row in naming:
            row.document_id = others.get(row.document_id, row.document_id)


def store(session: Session, claims: Sequence[ClaimRows]) -> None:
    """Writes those rows of the claims that are new, each table after those that it refers to."""
    for rows in claims:
        session.add(rows.claim)
    session.flush()
    for rows in claims:
        session.add_all([*rows.topics, *rows.quantities, *rows.attributions, *rows.assessments])
    session.flush()
    for rows in claims:
        session.add_all(chain.from_iterable([*rows.hops.values(), *rows.evidence.values()]))
    session.flush()


def claim_rows(session: Session, claim: Claim) -> ClaimRows:
    """The rows of one claim, and from which audience on the sources and documents they name may be seen."""
    return rows_of_claims(session, [claim])[claim.id]


def rows_of_claims(session: Session, claims: Sequence[Claim]) -> dict[str, ClaimRows]:
    """The rows of each of the claims, by its id, in as many queries as for one."""
    ids = [claim.id for claim in claims]
    topics, quantities = _of_claims(session, ClaimTopic, ids), _of_claims(session, Quantity, ids)
    attributions, hops = _of_claims(session, Attribution, ids), _of_claims(session, Hop, ids)
    assessments, evidence = _of_claims(session, Assessment, ids), _of_claims(session, Evidence, ids)
    sources = {hop.source_id for each in hops.values() for hop in each}
    naming = {
        row.document_id for by_claim in (attributions, hops, evidence) for rows in by_claim.values() for row in rows
    }
    documents = [each for each in naming if each is not None]
    source_audience = audiences(session, Source, sources)
    document_audience = audiences(session, Document, documents)
    unnamed_sources = unnamed(session, sources)
    return {
        claim.id: ClaimRows(
            claim=claim,
            topics=topics[claim.id],
            quantities=quantities[claim.id],
            attributions=attributions[claim.id],
            hops=_grouped(hops[claim.id], lambda hop: hop.attribution_id),
            assessments=assessments[claim.id],
            evidence=_grouped(evidence[claim.id], lambda piece: piece.assessment_id),
            source_audience=source_audience,
            unnamed_sources=unnamed_sources,
            document_audience=document_audience,
        )
        for claim in claims
    }


def _of_claims(session: Session, table: type[R], ids: Sequence[str]) -> dict[str, list[R]]:
    row: Any = table
    found = session.exec(select(table).where(row.claim_id.in_(ids)).order_by(row.position))
    return _grouped(found, lambda each: each.claim_id)


def _grouped(rows: Iterable[R], key: Callable[[Any], str]) -> dict[str, list[R]]:
    groups: dict[str, list[R]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def audiences(session: Session, table: type[Source] | type[Document], ids: Iterable[str]) -> dict[str, Audience]:
    """From which audience on each of the rows may be seen."""
    return _audiences(session, _visibilities(table, hold=False), ids)


def unnamed(session: Session, source_ids: Iterable[str]) -> set[str]:
    """Those of the sources that the reporting does not name, or names by a pseudonym."""
    wanted = list(set(source_ids))
    return set(session.exec(_unnamed(), params={"ids": wanted})) if wanted else set()


def joined(session: Session, document_ids: Iterable[str]) -> dict[str, str]:
    """Those of the documents that are joined with another record of their address, and with which."""
    wanted = list(set(document_ids))
    return dict(session.exec(_joined(), params={"ids": wanted}).all()) if wanted else {}


def public_at(session: Session, url: str) -> str | None:
    """The document that the public reads at an address."""
    at = select(Document.id).where(
        Document.canonical_url == url,
        Document.visibility == Visibility.PUBLIC,
        ~visibility.is_held_back(Document),
        col(Document.joined_id).is_(None),
    )
    return session.exec(at).one_or_none()


def ratings_of(session: Session, source_id: str) -> list[SourceRating]:
    """The source's ratings, in the order in which they were recorded."""
    rows = select(SourceRating).where(SourceRating.source_id == source_id)
    return list(session.exec(rows.order_by(col(SourceRating.position))))


def shown_from(session: Session, source_ids: Iterable[str]) -> dict[str, Audience]:
    """From which audience on each of the sources is named by the documents it published and the sources in it."""
    found = session.exec(
        select(Source.id, Source.visibility, Source.embargo_until).where(col(Source.id).in_(set(source_ids)))
    )
    return {source_id: visibility.shown_from(Visibility(given), embargo) for source_id, given, embargo in found}


def bodies_shown(session: Session, source_ids: Iterable[str], audience: Audience) -> list[str]:
    """Those of the sources that the audience is told to have published documents, or to have others belong to them."""
    return [each for each, seen_from in shown_from(session, source_ids).items() if visibility.sees(audience, seen_from)]


def embargoes(session: Session, source_ids: Iterable[str]) -> dict[str, datetime]:
    """The embargoes of those of the sources that have one, past ones among them."""
    rows = select(Source.id, Source.embargo_until).where(
        col(Source.id).in_(set(source_ids)), visibility.is_held_back(Source)
    )
    return {source_id: embargo for source_id, embargo in session.exec(rows) if embargo is not None}


def held_back(session: Session, table: type[D], ids: Iterable[str]) -> list[D]:
    """Those of the rows that came along with a claim and have an embargo for it, locked, in the order of their ids."""
    wanted = list(set(ids))
    return list(session.exec(_held_back(table), params={"ids": wanted})) if wanted else []


def releases_naming_sources(session: Session, source_ids: Iterable[str], now: datetime) -> dict[str, datetime]:
    """Of each of the sources when the first claim comes out that names it where the public may see it; `now` if one is.

    Those of which none is to come out are left out.
    """
    naming: Any = select(col(Hop.source_id).label("id"), Hop.claim_id).join(Attribution, _of_hop()).where(_is_public())
    return _first_releases(session, naming.where(col(Hop.source_id).in_(set(source_ids))), now)


def releases_naming_documents(session: Session, document_ids: Iterable[str], now: datetime) -> dict[str, datetime]:
    """The same of documents, which attributions, hops and evidence name."""
    ids = set(document_ids)
    naming: Any = union(
        select(col(Attribution.document_id).label("id"), Attribution.claim_id).where(
            col(Attribution.document_id).in_(ids), _is_public()
        ),
        select(Hop.document_id, Hop.claim_id)
        .join(Attribution, _of_hop())
        .where(col(Hop.document_id).in_(ids), _is_public()),
        select(Evidence.document_id, Evidence.claim_id)
        .join(Assessment, _of_evidence())
        .outerjoin(Attribution, _is_assessed())
        .where(col(Evidence.document_id).in_(ids), or_(col(Assessment.attribution_id).is_(None), _is_public())),
    )
    return _first_releases(session, naming, now)


def _first_releases(session: Session, naming: Any, now: datetime) -> dict[str, datetime]:
    named = naming.subquery()
    own_id, claim_id = named.c
    release = func.min(func.coalesce(col(Claim.embargo_until), bindparam("now", now, UtcDateTime())))
    rows: Any = (
        select(own_id, type_coerce(release, UtcDateTime()))
        .join(Claim, col(Claim.id) == claim_id)
        .where(Claim.visibility == Visibility.PUBLIC, Claim.status != ClaimStatus.DRAFT)
        .group_by(own_id)
    )
    return dict(session.connection().execute(rows).all())


def _of_hop() -> Any:
    return and_(col(Attribution.claim_id) == Hop.claim_id, col(Attribution.id) == Hop.attribution_id)


def _of_evidence() -> Any:
    return and_(col(Assessment.claim_id) == Evidence.claim_id, col(Assessment.id) == Evidence.assessment_id)


def _is_assessed() -> Any:
    return and_(col(Attribution.claim_id) == Assessment.claim_id, col(Attribution.id) == Assessment.attribution_id)


def _is_public() -> Any:
    return col(Attribution.audience) == Audience.PUBLIC


@cache
def _visibilities(table: type[Source] | type[Document], *, hold: bool) -> Any:
    """A select of the visibilities among `ids`, built once: that takes longer than running it."""
    rows = select(col(table.id), col(table.visibility)).where(_among_ids(table)).order_by(table.id)
    return rows.with_for_update(read=True, key_share=True) if hold else rows


@cache
def _unnamed() -> Any:
    return select(Source.id).where(_among_ids(Source), col(Source.anonymity) != Anonymity.NAMED)


@cache
def _joined() -> Any:
    return select(Document.id, Document.joined_id).where(_among_ids(Document), col(Document.joined_id).is_not(None))


@cache
def _sources_held() -> Any:
    columns = (Source.id, Source.visibility, Source.kind, Source.anonymity)
    rows = select(*columns).where(_among_ids(Source)).order_by(Source.id)
    return rows.with_for_update(read=True, key_share=True)


@cache
def _outlets_held() -> Any:
    outlets = select(Document.outlet_id).where(_among_ids(Document))
    rows = select(Source.id).where(col(Source.id).in_(outlets)).order_by(Source.id)
    return rows.with_for_update(read=True, key_share=True)


@cache
def _held_back(table: type[Source] | type[Document]) -> Any:
    rows = select(table).where(_among_ids(table), visibility.is_held_back(table))
    return rows.order_by(table.id).with_for_update().execution_options(**ANEW)


def _among_ids(table: type[Source] | type[Document]) -> ColumnElement[bool]:
    return col(table.id).in_(bindparam("ids", expanding=True))


def _audiences(session: Session, visibilities: Any, ids: Iterable[str]) -> dict[str, Audience]:
    found = session.exec(visibilities, params={"ids": list(set(ids))})
    return {row_id: AUDIENCE_OF[Visibility(visibility)] for row_id, visibility in found}


def first_audiences(session: Session, ids: Iterable[str]) -> dict[str, Audience]:
    """The widest audience for which each resource exists now, embargoes apart; those that none may see are left out."""
    rows = (
        select(Rendition.resource_id, func.min(Rendition.first_audience))
        .where(col(Rendition.resource_id).in_(set(ids)))
        .group_by(col(Rendition.resource_id))
    )
    return {resource_id: Audience(first) for resource_id, first in session.exec(rows)}


def any_in_days(session: Session, ids: Iterable[str]) -> bool:
    """Whether the public is told days alone of one of the resources."""
    rows = select(Rendition.resource_id).where(
        col(Rendition.resource_id).in_(set(ids)),
        Rendition.first_audience == Audience.PUBLIC,
        col(Rendition.in_days) == 1,
    )
    return session.exec(rows.limit(1)).first() is not None


def outs_of(session: Session, ids: Iterable[str]) -> dict[str, list[Out]]:
    """When each of the resources came out for each audience, as its renditions have it."""
    found: dict[str, list[Out]] = defaultdict(lambda: [NOT_OUT for _ in Audience])
    rows = select(Rendition.resource_id, *OF_OUT).where(col(Rendition.resource_id).in_(set(ids)))
    for resource_id, first, last, came_at, in_days in session.exec(rows):
        for seen_by in range(first, last + 1):
            found[resource_id][seen_by] = Out(came_at, in_days=in_days == 1, opens_at=came_at)
    return found


def last_changed(session: Session, ids: Iterable[str]) -> dict[Audience, datetime]:
    """For each audience the instant since which it reads all of the resources as they are, of those that it reads."""
    found: dict[Audience, datetime] = {}
    columns = (Rendition.first_audience, Rendition.last_audience, Rendition.updated_at)
    for first, last, updated_at in session.exec(select(*columns).where(col(Rendition.resource_id).in_(set(ids)))):
        for seen_by in map(Audience, range(first, last + 1)):
            found[seen_by] = max(updated_at, found.get(seen_by, updated_at))
    return found


def locked_sources(session: Session, ids: Iterable[str]) -> dict[str, Source]:
    """The sources, locked in the order of their ids.

    Whoever names one of them in a claim, or a document of its, holds it: so the claims that show them are all there
    once they are locked.
    """
    rows = select(Source).where(col(Source.id).in_(set(ids))).order_by(Source.id).with_for_update()
    return {row.id: row for row in session.exec(rows.execution_options(**ANEW))}


def relations(session: Session, ids: Iterable[str]) -> list[Relation]:
    """Those of the relations that there are, in the order of their ids."""
    rows = select(Relation).where(col(Relation.id).in_(set(ids))).order_by(Relation.id)
    return list(session.exec(rows.execution_options(**ANEW)))


def standings_of(session: Session, claim_ids: Iterable[str]) -> dict[str, list[ClaimStanding]]:
    """How each of the claims stands for each range of audiences, the widest first."""
    rows = select(ClaimStanding).where(col(ClaimStanding.claim_id).in_(set(claim_ids)))
    return _grouped(session.exec(rows.order_by(col(ClaimStanding.first_audience))), lambda row: row.claim_id)


def texts_of(session: Session, ids: Iterable[str]) -> dict[str, list[SearchText]]:
    """The text of each claim or source as each range of audiences searches it, the widest first."""
    rows = select(SearchText).where(col(SearchText.resource_id).in_(set(ids)))
    return _grouped(session.exec(rows.order_by(col(SearchText.first_audience))), lambda row: row.resource_id)


def standings_seen(session: Session, claim_ids: Iterable[str], audience: Audience) -> dict[str, ClaimStanding]:
    """How each of the claims stands for the audience."""
    rows = select(ClaimStanding).where(col(ClaimStanding.claim_id).in_(set(claim_ids)), covers(audience, ClaimStanding))
    return {row.claim_id: row for row in session.exec(rows)}


def related_claims(
    session: Session, claim_ids: Iterable[str], audience: Audience, now: datetime
) -> dict[ClaimRelationKind, Counter[str]]:
    """How many claims stand to each of the claims in each way, of those relations that may be read and hold."""
    found: dict[ClaimRelationKind, Counter[str]] = defaultdict(Counter)
    parameters = {"ids": list(set(claim_ids)), "now": now}
    for rows in _related_claims(audience):
        for claim_id, kind, count in session.exec(rows, params=parameters):
            found[ClaimRelationKind(kind)][claim_id] += count
    return found


@built_once
def _related_claims(audience: Audience) -> tuple[Any, Any]:
    """Selects of how many relations of each kind each of `ids` has, from the one side and from the other."""
    one, other = (
        select(end, Relation.kind, func.count())
        .join(Rendition, col(Rendition.resource_id) == Relation.id)
        .where(
            col(end).in_(bindparam("ids", expanding=True)),
            Relation.status != RelationStatus.REJECTED,
            visible(audience, NOW),
        )
        .group_by(end, col(Relation.kind))
        for end in (Relation.claim_id, Relation.other_claim_id)
    )
    return one, other


def is_contradiction() -> ColumnElement[bool]:
    """The condition that a relation says that two claims cannot both be true, and that nobody has rejected that."""
    return and_(col(Relation.kind) == ClaimRelationKind.CONTRADICTS, col(Relation.status) != RelationStatus.REJECTED)


def rows_with(session: Session, table: type[R], ids: Iterable[str]) -> list[R]:
    """The rows with these ids, in their order."""
    row: Any = table
    return list(session.exec(select(table).where(row.id.in_(set(ids))).order_by(row.id)))
