"""Answers what the public can put together about a source that is not named, and what a claim adds to it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from app.access.units import Reply, Unit
from app.canonical.replies import readable
from app.changes.queries import readable_ids
from app.exposure import queries
from app.exposure.comparing import among, counted, fitting, stored
from app.exposure.counting import (
    Beside,
    Counted,
    candidates,
    chosen,
    combination,
    fits_without,
    narrowing,
    shown,
)
from app.exposure.details import SOURCES, Days, Detail, ExposedField, Known, add_record
from app.exposure.gathering import Groups, add_claims, add_records, as_public, contents_of, groups_of
from app.exposure.wording import METHOD, NOT_PUBLIC, summary_of
from app.kit.problems import Conflict
from app.models.vocabulary import Anonymity, ResourceKind, Visibility

MOST_CLAIM_IDS: Final = 10
"""Ids of claims that are told with one detail; how many there are is told in full."""
MOST_SOURCES: Final = 20
"""Unnamed sources of one claim that are looked at for what it adds."""


def exposure(unit: Unit, source_id: str) -> Reply:
    """What the public can put together about the source, as `schemas.Exposure`.

    Raises NotFound for a source that the caller may not read, and Conflict for a named one.
    """
    content = orjson.loads(readable(unit, ResourceKind.SOURCE, source_id).document)
    if content["anonymity"] == Anonymity.NAMED:
        raise Conflict("This source is named: there is no anonymity that details could narrow.")
    public = as_public(unit)
    if source_id not in contents_of(public, [source_id]):
        return Reply(body=orjson.dumps(_nothing(source_id)))
    groups = groups_of(public, [source_id])
    known = {source_id: Known()}
    add_records(public, known, groups)
    found = add_claims(public, known, groups)
    numbers = _numbers(unit, source_id, known[source_id])
    body = {
        "source_id": source_id,
        "public": True,
        "source_ids": sorted(groups[source_id]),
        "claims": len({each.claim_id for each in found.appearances}),
        "documents": len({each.document_id for each in found.appearances}),
        **_counts(public, numbers, known[source_id]),
        "truncated": not found.complete or len(numbers.details) < len(known[source_id].claims_of),
        "method": METHOD,
    }
    return Reply(body=orjson.dumps({**body, "summary": summary_of(body)}))


def _nothing(source_id: str) -> Mapping[str, Any]:
    empty: dict[str, list[Any]] = {name: [] for name in ("source_ids", "details", "narrowing", "combination")}
    counts = {"claims": 0, "documents": 0, "stored_sources": None, "fits_all": None}
    told = {"truncated": False, "method": METHOD, "summary": NOT_PUBLIC}
    return {"source_id": source_id, "public": False, **empty, **counts, **told}


def _numbers(unit: Unit, source_id: str, known: Known) -> Counted:
    """The details to list, and which sources fit them."""
    details, days, sources = chosen(known), known.days_of, stored(unit)
    numbers = shown(counted(sources, source_id, details, fitting(unit, sources, details, days, [source_id])))
    return numbers.with_tested(among(unit, sources, candidates(numbers), numbers.common, days))


def _counts(public: Unit, numbers: Counted, known: Known) -> Mapping[str, Any]:
    """The members of the answer that are counted."""
    labels = _labels(public, numbers.details)
    without = fits_without(numbers)

    def named(detail: Detail) -> dict[str, Any]:
        return {"field": detail.field, "value": detail.value, "label": labels.get(detail.value)}

    return {
        "stored_sources": len(numbers.everyone),
        "fits_all": len(numbers.fit_all),
        "details": [
            {
                **named(each),
                "claims": len(known.claims_of[each]),
                "claim_ids": known.claims_of[each][:MOST_CLAIM_IDS],
                **(_fits(numbers, each) if each in numbers.fitting else {"fits": None, "fits_or_more": False}),
                "fits_without": without.get(each),
            }
            for each in numbers.details
        ],
        "narrowing": [
            {**named(each), **_fits(numbers, each), "fits_without": without[each]}
            for each in narrowing(numbers, without)
        ],
        "combination": [{**named(each), "fits_with_those_before": left} for each, left in combination(numbers)],
    }


def _fits(numbers: Counted, detail: Detail) -> dict[str, Any]:
    return {"fits": numbers.fits(detail), "fits_or_more": numbers.are_many(detail)}


def _labels(public: Unit, details: Iterable[Detail]) -> dict[str, str]:
    """What the public reads the sources and documents to be that details name by their ids."""
    listed = list(details)
    contents = contents_of(public, {each.value for each in listed if each.field in SOURCES})
    documents = {each.value for each in listed if each.field is ExposedField.DOCUMENT}
    read = queries.documents_read(public, documents)
    return {each: str(content["label"]) for each, content in contents.items()} | {
        each: document.label for each, document in read.items()
    }


@dataclass(frozen=True, slots=True)
class Added:
    """What a claim tells the public of an unnamed source, and no other public claim does."""

    attribution_id: str
    fields: tuple[ExposedField, ...]
    """What it tells by which fewer stored sources fit than by all that is public beside it; or what no other stored
    source fits, where by that no other does already."""
    fits_before: int
    fits_after: int
    is_out: bool
    """Whether the public can read the claim; if not, it would tell so."""


def added_by(unit: Unit, claim: Mapping[str, Any]) -> list[Added]:
    """What the claim adds, or would add if it came out, to what the public can read of each source it does not name.

    `claim` is the claim's document as the caller reads it. In the order of the attributions, the first of each source,
    of at most `MOST_SOURCES` sources; none for a claim that is not meant for the public.
    """
    if claim["visibility"] != Visibility.PUBLIC:
        return []
    first = _unnamed_sources(unit, claim)
    public = as_public(unit)
    groups = _each_once(groups_of(public, first))
    before, here = ({each: Known() for each in groups} for _ in range(2))
    add_records(public, before, groups)
    _add_unreleased_records(unit, before)
    add_claims(public, before, groups, apart_from=claim["id"])
    add_claims(unit, here, groups, claim_id=claim["id"])
    found = _compared(unit, before, here)
    is_out = bool(readable_ids(public, ResourceKind.CLAIM, [claim["id"]]))
    added = []
    for source_id in groups:
        telling = found[source_id].telling()
        if telling is not None:
            added.append(Added(first[source_id], *telling, is_out))
    return added


def _each_once(groups: Groups) -> Groups:
    """The groups without those of further records of a source that is among them already."""
    firsts = {min(ids): source_id for source_id, ids in reversed(list(groups.items()))}
    return {source_id: ids for source_id, ids in groups.items() if firsts[min(ids)] == source_id}


def _days(*known: Known) -> dict[str, Days]:
    return {value: days for each in known for value, days in each.days_of.items()}


def _unnamed_sources(unit: Unit, claim: Mapping[str, Any]) -> dict[str, str]:
    """The sources in the claim's chains that are not named, each with the first attribution it stands in."""
    first: dict[str, str] = {}
    for attribution in claim["attributions"]:
        for hop in attribution["chain"]:
            first.setdefault(hop["source_id"], attribution["id"])
    contents = contents_of(unit, first)
    unnamed = [each for each in first if contents[each]["anonymity"] != Anonymity.NAMED]
    return {each: first[each] for each in unnamed[:MOST_SOURCES] if contents[each]["visibility"] == Visibility.PUBLIC}


def _add_unreleased_records(unit: Unit, known: Mapping[str, Known]) -> None:
    """Adds what will be read of sources that come out with the claim, the body apart that each belongs to."""
    unread = [each for each, details in known.items() if not details.claims_of]
    for source_id, content in contents_of(unit, unread).items():
        add_record(known[source_id], {**content, "organization_id": None})


def _compared(unit: Unit, before: Mapping[str, Known], here: Mapping[str, Known]) -> dict[str, Beside]:
    """Of each source, who fits what is known of it beside the claim and what the claim tells."""
    sources, days = stored(unit), _days(*before.values(), *here.values())
    details = {each: (chosen(before[each]), chosen(here[each])) for each in before}
    every = {detail for both in details.values() for some in both for detail in some}
    fits = fitting(unit, sources, every, days, before)
    found = {
        each: Beside(counted(sources, each, dict.fromkeys([*known, *told]), fits), known, told)
        for each, (known, told) in details.items()
    }
    common = {detail for each in found.values() for detail in each.numbers.common}
    left = {one for each in found.values() if each.numbers.common for one in each.candidates}
    tested = among(unit, sources, left, common, days)
    return {each: replace(beside, numbers=beside.numbers.with_tested(tested)) for each, beside in found.items()}
