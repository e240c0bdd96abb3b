"""The command `onrecord verify`: checks that every stored document is what its rows give, and the history whole."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

import orjson
from rich.console import Console
from rich.progress import Progress
from sqlmodel import Session

from app import startup
from app.access.principals import Audience
from app.access.visibility import reads, sees
from app.canonical import queries as canonical
from app.canonical.claim_contents import attribution_audience, claim_contents, rests_on, rests_on_unnamed
from app.canonical.claims import latest_embargo, relation_contents
from app.canonical.derived import ranges_of_source
from app.canonical.documents import document_contents
from app.canonical.sources import source_contents, source_relation_contents
from app.canonical.times import occurred_days
from app.canonical.values import Occurred
from app.changes.record import DATED, Contents, Out, content_digest, document_text
from app.cli import queries
from app.cli.queries import Line
from app.cli.verify_derived import in_derived, in_keys, in_texts
from app.documents.schemas import text_digest
from app.follow_ups import queries as follow_ups
from app.fulltext.index import left_in_index
from app.keys.queries import key_content
from app.kit.edtf import InvalidEdtf
from app.kit.instants import start_of_day
from app.models import ApiKey, Change, Claim, Document, Relation, Rendition, Source, SourceRelation
from app.models.vocabulary import OccurredMode, Reliability, ResourceKind
from app.settings import Settings

Days = tuple[int | None, int | None]
Outs = Mapping[str, Sequence[Out]]
"""When each resource came out for each audience, by its id."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not agree: of which resource, and what; never what stands there."""

    kind: ResourceKind
    resource_id: str
    what: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the rows of a resource give: each audience's content, and what is wrong in the rows themselves."""

    resource_id: str
    contents: Contents
    embargo_until: datetime | None = None
    public_in_days: bool = False
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of a resource beside its rows: the documents that are read now, and the lines of versions."""

    renditions: Sequence[Rendition]
    lines: Sequence[Line]

    def newest(self, rendition: Rendition) -> Change | None:
        """The newest change in the line that the rendition is of."""
        return next((line.newest for line in self.lines if line.audience == rendition.first_audience), None)


def run(settings: Settings, console: Console) -> bool:
    """Whether everything agrees; prints what does not, by kind and id.

    Reads one snapshot, in batches. Raises a Refusal for tables of another version.
    """
    context = startup.open_context(settings.model_copy(update={"query_seconds": 0}), make=False)
    try:
        startup.check_tables(context.database)
        with context.database.reading() as session, Progress(console=console, disable=not console.is_terminal) as shown:
            total = queries.count_rows(session)
            task = shown.add_task("Checking", total=total)
            found = 0
            for difference in differences(session, advance=lambda rows: shown.advance(task, rows)):
                found += 1
                console.print(f"{difference.kind} {difference.resource_id}: {difference.what}.", soft_wrap=True)
            waiting = follow_ups.waiting(session, context.clock())
    finally:
        context.database.dispose()
    agree = f"{total} records agree with their documents and their history."
    console.print(agree if not found else f"{found} differences in {total} records.")
    if waiting:
        console.print(f"{waiting} follow-ups wait for the service to carry them out; until then records may differ.")
    return not found


def differences(session: Session, *, advance: Callable[[int], object] = lambda rows: None) -> Iterator[Difference]:
    """What does not agree, kind by kind; `advance` hears of each batch of rows that is done."""
    for kind, table in queries.TABLES.items():
        for rows in queries.batches(session, table):
            ids = [row.id for row in rows]
            renditions, lines = queries.renditions_of(session, ids), queries.lines_of(session, ids)
            for rendered in RENDER[kind](session, rows, canonical.outs_of(session, ids)):
                own = rendered.resource_id
                stored = Stored(renditions[own], lines[own])
                found = chain(rendered.faults, _in_documents(kind, rendered, stored), _in_history(stored))
                yield from (Difference(kind, own, what) for what in dict.fromkeys(found))
            advance(len(rows))
        for resource_id in queries.left_behind(session, kind):
            yield Difference(kind, resource_id, "there is a document and no row")
        for resource_id in queries.vanished(session, kind):
            yield Difference(kind, resource_id, "the row is gone, and the history does not say that it was deleted")
    for resource_id in queries.derived_left_behind(session):
        yield Difference(ResourceKind.CLAIM, resource_id, "there is something to find it by and no row")
    for index in left_in_index(session):
        yield Difference(ResourceKind.CLAIM, index, "the index does not hold as many texts as there are")


def _in_documents(kind: ResourceKind, rendered: Rendered, stored: Stored) -> Iterator[str]:
    """What differs between the contents that the rows give and the documents stored for each audience."""
    for seen_by in Audience:
        content, reader = rendered.contents[seen_by], _readers(seen_by)
        documents = [row for row in stored.renditions if reads(seen_by, row)]
        if len(documents) > 1:
            yield f"{reader} have two documents"
        elif content is None and documents:
            yield f"{reader} have a document of what does not exist for them"
        elif content is not None and not documents:
            yield f"{reader} have no document"
        elif content is not None:
            if documents[0].content_digest != content_digest(content):
                yield f"the digest for {reader} is not that of what the rows give"
            if documents[0].embargo_until != rendered.embargo_until:
                yield f"the embargo for {reader} is not that of the rows"
            yield from _in_document(kind, rendered, documents[0], seen_by)


def _in_document(kind: ResourceKind, rendered: Rendered, row: Rendition, seen_by: Audience) -> Iterator[str]:
    """What differs between a document and the content that the rows give, which the audience reads."""
    content, reader = rendered.contents[seen_by], _readers(seen_by)
    must_be_in_days = kind in DATED or (rendered.public_in_days and seen_by is Audience.PUBLIC)
    may_be_in_days = must_be_in_days or seen_by is Audience.PUBLIC  # as it was told once
    if row.in_days not in {must_be_in_days, may_be_in_days}:
        yield f"what {reader} are told of times is not what the sources allow"
    at = start_of_day(row.updated_at) if row.in_days else row.updated_at
    if content is not None and row.document != document_text(kind, content, row.version, at):
        yield f"the document for {reader} is not what the rows give"


def _in_history(stored: Stored) -> Iterator[str]:
    """What differs between the documents stored and the newest changes, and what the lines of versions lack."""
    for row in stored.renditions:
        reader, change = _readers(row.first_audience), stored.newest(row)
        if change is None or change.version != row.version:
            yield f"the newest change in the line of {reader} is not the version that they read"
        elif change.document != row.document:
            yield f"the newest change in the line of {reader} is not the document that they read"
        elif change.recorded_at != row.updated_at:
            yield f"the instant of the newest change in the line of {reader} is not when they came to read it"
        elif row.kind is ResourceKind.CLAIM and change.rests_on != rests_on(orjson.loads(row.document)):
            yield f"what the newest change in the line of {reader} rests on is not what its attributions go by"
    for line in stored.lines:
        reader, before = _readers(line.audience), line.first_version - 1
        if line.newest.version - before != line.count:
            yield f"a version in the line of {reader} is missing"
        wider = [other for other in stored.lines if other is not line and sees(line.audience, other.audience)]
        if before and not any(other.first_version <= before <= other.newest.version for other in wider):
            yield f"the line of {reader} does not begin where another leaves off"


def _readers(audience: int) -> str:
    return f"{Audience(audience).name.lower()} readers"


def _sources(session: Session, rows: Sequence[Source], outs: Outs) -> Iterator[Rendered]:
    organizations = {row.organization_id for row in rows if row.organization_id is not None}
    seen_from = canonical.shown_from(session, organizations)
    ratings = queries.newest_ratings(session, [row.id for row in rows])
    texts = canonical.texts_of(session, [row.id for row in rows])
    for row in rows:
        organization = Audience.PUBLIC if row.organization_id is None else seen_from[row.organization_id]
        holds = ratings[row.id].reliability if row.id in ratings else Reliability.F
        faults = [] if row.reliability is holds else ["the reliability is not that of the newest rating"]
        faults += in_texts(session, texts[row.id], ranges_of_source(row))
        yield Rendered(row.id, source_contents(row, organization, outs[row.id]), row.embargo_until, faults=faults)


def _source_relations(session: Session, rows: Sequence[SourceRelation], outs: Outs) -> Iterator[Rendered]:
    ends = {source_id for row in rows for source_id in (row.source_id, row.other_id)}
    seen_from, embargoes = canonical.audiences(session, Source, ends), canonical.embargoes(session, ends)
    for row in rows:
        both = max(seen_from[row.source_id], seen_from[row.other_id])
        embargo = max((embargoes[each] for each in (row.source_id, row.other_id) if each in embargoes), default=None)
        yield Rendered(row.id, source_relation_contents(row, both, outs[row.id]), embargo)


def _documents(session: Session, rows: Sequence[Document], outs: Outs) -> Iterator[Rendered]:
    outlets = {row.outlet_id for row in rows if row.outlet_id is not None}
    seen_from = canonical.shown_from(session, outlets)
    for row in rows:
        outlet = Audience.PUBLIC if row.outlet_id is None else seen_from[row.outlet_id]
        faults = _in_days(row.published, (row.published_earliest_day, row.published_latest_day), "publication")
        if row.text is not None and text_digest(row.text) != row.text_sha256:
            faults.append("the digest of the text is not the text's")
        contents = document_contents(row, outlet, outs[row.id])
        yield Rendered(row.id, contents, row.embargo_until, public_in_days=True, faults=faults)


def _claims(session: Session, rows: Sequence[Claim], outs: Outs) -> Iterator[Rendered]:
    of_claims = canonical.rows_of_claims(session, rows)
    contents = {claim_id: claim_contents(of_claim, outs[claim_id]) for claim_id, of_claim in of_claims.items()}
    found = in_derived(session, contents)
    for claim in rows:
        of_claim = of_claims[claim.id]
        days = (claim.occurred_earliest_day, claim.occurred_latest_day)
        mode = claim.occurred_mode or OccurredMode.POINT_WITHIN
        faults = _in_days(claim.occurred_edtf, days, "occurrence", mode=mode)
        for row in of_claim.attributions:
            faults += _in_days(row.said, (row.said_earliest_day, row.said_latest_day), "saying")
            if row.audience != attribution_audience(of_claim, row):
                faults.append("an attribution's audience is not that of what it names")
        faults += [*in_keys(of_claim), *found[claim.id]]
        in_days = rests_on_unnamed(of_claim, Audience.PUBLIC)
        yield Rendered(claim.id, contents[claim.id], claim.embargo_until, public_in_days=in_days, faults=faults)


def _relations(session: Session, rows: Sequence[Relation], outs: Outs) -> Iterator[Rendered]:
    claims = queries.claims_of(session, rows)
    seen_from = canonical.first_audiences(session, claims)
    for row in rows:
        ends = [claims[row.claim_id], claims[row.other_claim_id]]
        yield Rendered(
            row.id,
            relation_contents(row, seen_from, outs[row.id]),
            latest_embargo(end.embargo_until for end in ends),
            public_in_days=canonical.any_in_days(session, [claim.id for claim in ends]),
        )


def _keys(_session: Session, rows: Sequence[ApiKey], _outs: Outs) -> Iterator[Rendered]:
    for row in rows:
        yield Rendered(row.id, [None, None, key_content(row)])


def _in_days(text: str | None, stored: Days, of: str, *, mode: OccurredMode = OccurredMode.POINT_WITHIN) -> list[str]:
    """What is wrong with the days stored beside an EDTF date."""
    try:
        given = occurred_days(Occurred.model_construct(edtf=text, mode=mode))
    except InvalidEdtf:
        return [f"the date of {of} is not EDTF"]
    return [] if given == stored else [f"the days of {of} are not those of its EDTF date"]


RENDER: Final[dict[ResourceKind, Callable[[Session, Any, Outs], Iterator[Rendered]]]] = {
    ResourceKind.SOURCE: _sources,
    ResourceKind.SOURCE_RELATION: _source_relations,
    ResourceKind.DOCUMENT: _documents,
    ResourceKind.CLAIM: _claims,
    ResourceKind.RELATION: _relations,
    ResourceKind.KEY: _keys,
}
"""How the contents of each kind are made of its rows."""
