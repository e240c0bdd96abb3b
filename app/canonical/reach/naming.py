"""What names a source, claims apart, and the claims that it, or what stands for it, is counted in."""

from collections.abc import Collection, Iterable
from typing import Final

from sqlmodel import Session

from app.access.principals import Audience
from app.access.units import Unit
from app.canonical import queries
from app.canonical.derived import derive_claims
from app.canonical.documents import record_document
from app.canonical.reach import queries as reach
from app.canonical.reach.portions import FEW, Pages, Part, Parts, Records, few_of, follow
from app.canonical.sources import record_source, record_source_relation
from app.canonical.walks.queries import represented_by
from app.follow_ups.queries import ask
from app.models import Document, FollowUpKind, Source, SourceRelation
from app.models.vocabulary import ChangeAction, SourceRelationKind

MOST_HOPS: Final = 200
"""Hops of a few claims that are still recorded with the write; claims of more are much to record, however few."""
ONE_SIDED: Final = frozenset({SourceRelationKind.REPUBLISHES, SourceRelationKind.MEMBER_OF})
"""Kinds that are counted in the claims of the source that they are said of, and in no others."""


def release_source(unit: Unit, source_id: str) -> None:
    """Records anew what names the source, claims apart, now that its embargo is another."""
    follow(unit, FollowUpKind.SOURCE_RELEASED, source_id, SOURCE_RELEASED)


def count_source(unit: Unit, source_id: str) -> None:
    """Counts the claims anew that the source, or what stands for it, bears on."""
    follow(unit, FollowUpKind.SOURCE_COUNTED, source_id, SOURCE_COUNTED)


def count_relation(unit: Unit, relation: SourceRelation) -> None:
    """Counts the claims anew in which the relation counts, or counted until now.

    Two that are the same bear on the claims of both. Any other kind counts only in claims that have to do with either
    side; and who republishes a source, or belongs to it, changes nothing for those who name the source alone.
    """
    ends = [relation.source_id, relation.other_id]
    if relation.kind is SourceRelationKind.OWNED_BY:
        return
    if relation.kind is not SourceRelationKind.SAME_AS:
        few = ends[:1] if relation.kind in ONE_SIDED else ends
        ends = [next((each for each in few if _standing_for(unit.session, each) is not None), relation.source_id)]
    for each in ends:
        count_source(unit, each)


def _standing_for(session: Session, source_id: str) -> list[str] | None:
    """The source and all that stand for it, where they are few, and the claims of theirs too."""
    sources = represented_by(session, [source_id], most=FEW)
    if len(sources) > FEW or _few_claims(session, reach.some_claims_showing(session, sources, FEW + 1)) is None:
        return None
    return sorted(sources)


def locked_to_be_counted(unit: Unit, source_ids: Iterable[str]) -> dict[str, Source]:
    """The sources, and what is counted with them at once: locked in one go, in the order of their ids.

    That is what stands for each where it is little, and nothing for whoever does not read everything: they would wait
    for what is hidden.
    """
    wanted = set(source_ids)
    for each in sorted(wanted) if unit.principal.audience is Audience.RESTRICTED else ():
        found = represented_by(unit.session, [each], most=FEW)
        wanted |= found if len(found) <= FEW else set()
    return queries.locked_sources(unit.session, wanted)


def _others_standing_for(session: Session, source_id: str) -> list[str] | None:
    found = _standing_for(session, source_id)
    return None if found is None else [each for each in found if each != source_id]


def _few_claims(session: Session, claim_ids: Collection[str]) -> list[str] | None:
    if len(claim_ids) > FEW or reach.hops_of(session, claim_ids, MOST_HOPS + 1) > MOST_HOPS:
        return None
    return sorted(claim_ids)


def _record_members(unit: Unit, source_ids: list[str]) -> None:
    for source in queries.locked_sources(unit.session, source_ids).values():
        record_source(unit, source, ChangeAction.UPDATED)


def _record_documents(unit: Unit, document_ids: list[str]) -> None:
    for document_id in document_ids:
        document = queries.locked(unit.session, Document, document_id)
        if document is not None:
            record_document(unit, document, ChangeAction.UPDATED)


def _record_relations(unit: Unit, relation_ids: list[str]) -> None:
    for relation_id in relation_ids:
        relation = queries.locked(unit.session, SourceRelation, relation_id)
        if relation is not None:
            record_source_relation(unit, relation, ChangeAction.UPDATED)


def count_claims(unit: Unit, claim_ids: list[str]) -> None:
    """Makes anew what the claims are counted and found by."""
    derive_claims(unit.session, claim_ids)


def _count_claims_of(unit: Unit, source_ids: list[str]) -> None:
    """Counts the claims that show the sources, which are locked so that no other comes to show one meanwhile."""
    queries.locked_sources(unit.session, source_ids)
    derive_claims(unit.session, reach.claims_showing(unit.session, source_ids))


def _ask_for_claims_of(unit: Unit, source_ids: list[str]) -> None:
    """Has the claims that show the sources counted in portions. The sources are locked for the same reason."""
    queries.locked_sources(unit.session, source_ids)
    ask(unit, FollowUpKind.SOURCE_CLAIMS, reach.those_shown(unit.session, source_ids))


def of_claims(name: str, pages: Pages, record: Records) -> Part:
    """A part whose claims are few only if they are small too."""

    def few(session: Session, subject_id: str) -> list[str] | None:
        return _few_claims(session, [each for _, each in pages(session, subject_id, "", FEW + 1)])

    return Part(name, pages, record, few)


NAMING: Final[Parts] = (
    Part("members", reach.members, _record_members, few_of(reach.members)),
    Part("published", reach.published, _record_documents, few_of(reach.published)),
    Part("said_of", reach.said_of, _record_relations, few_of(reach.said_of)),
    Part("said_by_others", reach.said_by_others, _record_relations, few_of(reach.said_by_others)),
)
"""What names a source, claims apart, in the order in which everybody locks it: sources first."""
SOURCES_AT_ONCE: Final = 200
COUNTED: Final = Part(
    "counted",
    reach.representing,
    _ask_for_claims_of,
    _standing_for,
    record_few=_count_claims_of,
    at_once=SOURCES_AT_ONCE,
)
"""The claims of the source and of what stands for it."""
OTHERS_COUNTED: Final = Part(
    "others_counted",
    reach.representing_others,
    _ask_for_claims_of,
    _others_standing_for,
    record_few=_count_claims_of,
    at_once=SOURCES_AT_ONCE,
)
"""The claims of what stands for the source."""
READ_IN: Final = of_claims("read_in", reach.claims_read_in, count_claims)
"""The claims that were read in documents of the source."""
SOURCE_RELEASED: Final[Parts] = (*NAMING, COUNTED)
SOURCE_COUNTED: Final[Parts] = (COUNTED,)
