"""Compares details with the stored sources: which of them the same is recorded of, as far as the caller may read."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.access.units import Unit
from app.exposure import queries
from app.exposure.counting import Counted, are_many
from app.exposure.details import RECORDED, UNCOUNTED, Days, Detail, ExposedField
from app.exposure.gathering import components
from app.kit.deadline import check
from app.models.vocabulary import SourceKind

BODILESS: Final = frozenset({SourceKind.OUTLET, SourceKind.DOCUMENT, SourceKind.DATASET})
"""What nobody takes for a person or a body of people: compared with its like alone."""
Fits = Mapping[Detail, Collection[str]]
"""Details, and of each the sources that fit it: all, or at least so many that nobody asks for more."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored sources that a caller may read; several records of one source count as one."""

    records: Mapping[str, Sequence[Any]]
    """What is recorded of them, by column."""
    same: Mapping[str, frozenset[str]]
    firsts: Mapping[str, str]
    """Of each record of several, the one that stands for them all in every count."""
    bodies: frozenset[str]
    """The sources that are people or bodies of people."""
    bodiless: frozenset[str]
    bodiless_records: frozenset[str]

    def one_of(self, source_id: str) -> str:
        """The record that stands for the source in every count."""
        return self.firsts.get(source_id, source_id)

    def like(self, source_id: str) -> frozenset[str]:
        """The sources that can be told from the source by details: people and bodies, or what is neither."""
        return self.bodiless if source_id in self.bodiless_records else self.bodies

    def records_of(self, source_ids: Iterable[str]) -> set[str]:
        """All records of the sources."""
        return {record for each in source_ids for record in self.same.get(each, (each,))}


def stored(unit: Unit) -> Stored:
    """All sources that the caller may read."""
    records, same = queries.records(unit), components(queries.same_pairs(unit))
    firsts = {each: min(group) for each, group in same.items()}
    bodiless = {each for each, kind in zip(records["id"], records["kind"], strict=True) if kind in BODILESS}
    bodies = set(records["id"]) - bodiless
    people, others = (frozenset(firsts.get(each, each) for each in some) for some in (bodies, bodiless))
    return Stored(records, same, firsts, people, others, frozenset(bodiless))


def fitting(
    unit: Unit, sources: Stored, details: Iterable[Detail], days: Mapping[str, Days], subjects: Iterable[str]
) -> dict[Detail, set[str]]:
    """For each detail that can be compared, the sources of which the caller may read the same.

    Of what claims give, enough sources like each of the subjects that they are many, whichever they are. `days` are the
    first and last days of the details that are times.
    """
    found: dict[Detail, set[str]] = {each: set() for each in details if each.field not in UNCOUNTED}
    likes = {sources.like(each) for each in subjects}
    for name, values in _by_field(found).items():
        check()
        if name in queries.GIVEN_BY:
            pairs, more = queries.some_holders(unit, name, values, days)
        else:
            pairs, more = [], set()
            pairs += _recorded(sources, name, values) if name in RECORDED else queries.related(unit, name, values)
        _add(found, sources, name, pairs)
        left = [each for each in more if not all(are_many(found[Detail(name, each)] & like) for like in likes)]
        if left:
            # Many claims of few sources, or many that the caller may not read: only all of them can tell.
            _add(found, sources, name, queries.holders(unit, name, left, days, among=None))
    return found


def _by_field(details: Iterable[Detail]) -> dict[ExposedField, list[str]]:
    values: dict[ExposedField, list[str]] = defaultdict(list)
    for detail in sorted(details, key=lambda each: each.rank):
        values[detail.field].append(detail.value)
    return values


def _add(found: dict[Detail, set[str]], sources: Stored, name: ExposedField, pairs: Iterable[tuple[str, str]]) -> None:
    of_value = {detail.value: ids for detail, ids in found.items() if detail.field is name}
    for value, source_id in pairs:
        of_value[value].add(sources.one_of(source_id))


def _recorded(sources: Stored, name: ExposedField, wanted: Collection[str]) -> Iterable[tuple[str, str]]:
    """Each of the values with each source of whose own record it is told."""
    columns, values = RECORDED[name]
    sought = frozenset(wanted)
    told = list(zip(*(sources.records[each] for each in columns), strict=True))
    may_tell = _may_tell(name, wanted, set(told))
    telling = {each: [value for value in values(*each) if value in sought] for each in may_tell}
    for source_id, each in zip(sources.records["id"], told, strict=True):
        for value in telling.get(each, ()):
            yield value, source_id


def _may_tell(name: ExposedField, wanted: Collection[str], told: set[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    """Those of what is told that may hold one of the values: no text is taken apart in vain, since there are many."""
    if name is not ExposedField.DESCRIPTION_WORD:
        return told
    folded = ((each, f"{each[0]} {each[1]}".casefold()) for each in told)
    return [each for each, text in folded if any(word in text for word in wanted)]


def counted(sources: Stored, source_id: str, details: Iterable[Detail], fits: Fits) -> Counted:
    """The details of a source with the sources like it that fit each; the source itself fits what is known of it."""
    everyone, itself = sources.like(source_id), frozenset({sources.one_of(source_id)})
    listed = list(details)
    fitting = {each: itself | everyone.intersection(fits[each]) for each in listed if each in fits}
    common = {each for each, ids in fitting.items() if each.field in queries.GIVEN_BY and are_many(ids)}
    return Counted(listed, itself, everyone, fitting, frozenset(common))


def among(
    unit: Unit, sources: Stored, source_ids: Collection[str], details: Iterable[Detail], days: Mapping[str, Days]
) -> dict[Detail, set[str]]:
    """For each of the details, which claims give, those of the sources of which the caller may read the same."""
    records = sources.records_of(source_ids)
    found: dict[Detail, set[str]] = {each: set() for each in details}
    for name, values in _by_field(found).items():
        _add(found, sources, name, queries.holders(unit, name, values, days, among=records))
    return found
