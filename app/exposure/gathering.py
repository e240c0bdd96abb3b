"""Gathers what a reader finds of sources. Which stored sources the same is recorded of: `app.exposure.comparing`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from app.access.principals import PUBLIC_READER
from app.access.units import Unit
from app.changes.queries import documents_of
from app.exposure import queries
from app.exposure.details import RELATED, Appearance, Known, add_appearances, add_record
from app.models.vocabulary import ResourceKind, SourceRelationKind

Groups = Mapping[str, frozenset[str]]
"""Sources, and of each the records that are the source: itself and those recorded as the same."""


def as_public(unit: Unit) -> Unit:
    """The same unit for a caller who is the public."""
    return replace(unit, principal=PUBLIC_READER)


def components(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """For each id that stands in a pair, all that pairs join it to, itself among them."""
    joined: dict[str, set[str]] = {}
    for one, other in pairs:
        ours, theirs = joined.setdefault(one, {one}), joined.setdefault(other, {other})
        if ours is not theirs:
            small, large = sorted((ours, theirs), key=len)
            large |= small
            joined.update(dict.fromkeys(small, large))
    frozen = {id(each): frozenset(each) for each in joined.values()}
    return {each: frozen[id(all_of_it)] for each, all_of_it in joined.items()}


def groups_of(unit: Unit, source_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Each of the sources with the records that the caller reads to be the same."""
    joined = components(queries.same_pairs(unit))
    return {each: joined.get(each, frozenset({each})) for each in source_ids}


def contents_of(unit: Unit, source_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the caller reads of the sources, by id; those that they may not read are left out."""
    texts = documents_of(unit, ResourceKind.SOURCE, source_ids)
    return {each: orjson.loads(text) for each, text in texts.items()}


def add_records(unit: Unit, known: Mapping[str, Known], groups: Groups) -> None:
    """Adds to what is known of each source what the caller reads in its records and in their relations."""
    subject_of = {each: subject for subject, ids in groups.items() for each in ids}
    for source_id, content in sorted(contents_of(unit, subject_of).items()):
        add_record(known[subject_of[source_id]], content)
    for one, kind, other in queries.relations_of(unit, list(subject_of), list(RELATED)):
        ends = ((one, other), (other, one)) if kind == SourceRelationKind.POSSIBLY_SAME else ((one, other),)
        for near, far in ends:
            if near in subject_of and far not in groups[subject_of[near]]:
                known[subject_of[near]].add(RELATED[SourceRelationKind(kind)], far)


@dataclass(frozen=True, slots=True)
class Found:
    """Where sources appear: the appearances, the newest claims first, and whether those are all."""

    appearances: list[Appearance]
    complete: bool


def add_claims(
    unit: Unit,
    known: Mapping[str, Known],
    groups: Groups,
    *,
    claim_id: str | None = None,
    apart_from: str | None = None,
) -> Found:
    """Adds to what is known of each source what the caller reads in claims, and the public may or will know.

    In one claim alone, which may not be out yet, or in all but one.
    """
    subject_of = {each: subject for subject, ids in groups.items() for each in ids}
    rows = queries.appearances(unit, subject_of, claim_id=claim_id)
    complete = len(rows) <= queries.MOST_APPEARANCES
    found = [row for row in rows[: queries.MOST_APPEARANCES] if row.claim_id != apart_from]
    claim_ids = {row.claim_id for row in found}
    unreleased = claim_id is not None
    documents = queries.documents_read(unit, {row.document_id for row in found}, with_unreleased=unreleased)
    topics, chains = queries.topics_of(unit, claim_ids), queries.chains_of(unit, claim_ids)
    by_subject: dict[str, list[Appearance]] = defaultdict(list)
    for row in found:
        by_subject[subject_of[row.source_id]].append(row)
    for subject, theirs in by_subject.items():
        add_appearances(known[subject], theirs, documents=documents, topics=topics, chains=chains, own=groups[subject])
    return Found(found, complete)
