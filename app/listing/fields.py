"""What each audience lists a claim by: made of what it reads of the claim, and of nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from app.kit.urls import site_of
from app.models.vocabulary import ClaimStatus, HopRole

PUBLISHING: Final = frozenset({HopRole.OUTLET, HopRole.INTERVIEWER, HopRole.REPUBLISHER})
"""What an outlet does in a chain when it brings a statement to its readers."""


class EntryField(StrEnum):
    """What a value in the entry of a claim is of."""

    ALL = "all"
    """Of nothing: each claim has one, by which it stands in the list of all."""
    ORIGIN = "origin"
    """Who stands first in a chain."""
    SOURCE = "source"
    """Who stands anywhere in a chain."""
    OUTLET = "outlet"
    """Who published it: the outlet of a document where it was read, or one in a chain."""
    DOCUMENT = "document"
    TOPIC = "topic"
    KIND = "kind"
    STATUS = "status"
    COUNTRY = "country"
    VERDICT = "verdict"
    """That of the headline assessment."""
    TERMS = "terms"
    STANCE = "stance"
    SINGLE_SOURCE = "single_source"
    """Of nothing: it comes from one origin and certainly no more."""
    CIRCULAR = "circular"
    """Of nothing: the reporting of it goes round."""
    REVIEWED = "reviewed"
    """Of nothing: it is published, and has a published review."""
    SITE = "site"
    """Who published such a review."""


Entry = tuple[EntryField, str]
"""A field and a value of it."""


def entries_of(claim: Mapping[str, Any], standing: Mapping[str, Any], outlets: Iterable[str]) -> set[Entry]:
    """What an audience that reads the claim lists it by, and for which it stands so.

    `outlets` are those of documents that it may know of.
    """
    found: set[Entry] = {
        (EntryField.ALL, ""),
        (EntryField.KIND, claim["kind"]),
        (EntryField.STATUS, claim["status"]),
        *((EntryField.TOPIC, topic) for topic in claim["topics"]),
        *((EntryField.OUTLET, outlet) for outlet in outlets),
    }
    if claim["status"] == ClaimStatus.PUBLISHED:
        found.update(_of_reviews(published_reviews(claim)))
    for attribution in claim["attributions"]:
        found.update(_of_attribution(attribution))
    if standing["origins_max"] == 1:
        found.add((EntryField.SINGLE_SOURCE, ""))
    if standing["circular"]:
        found.add((EntryField.CIRCULAR, ""))
    if standing["verdict"] is not None:
        found.add((EntryField.VERDICT, standing["verdict"]))
    if claim["place"] is not None and claim["place"]["country"] is not None:
        found.add((EntryField.COUNTRY, claim["place"]["country"]))
    # Plain strings: a vocabulary's terms are strings of a kind that a driver need not know.
    return {(field, f"{value}") for field, value in found}


def _of_attribution(attribution: Mapping[str, Any]) -> Iterable[Entry]:
    yield EntryField.DOCUMENT, attribution["document_id"]
    yield EntryField.TERMS, attribution["terms"]
    yield EntryField.STANCE, attribution["stance"]
    for hop in attribution["chain"]:
        yield EntryField.SOURCE, hop["source_id"]
        if hop["position"] == 0:
            yield EntryField.ORIGIN, hop["source_id"]
        if hop["role"] in PUBLISHING:
            yield EntryField.OUTLET, hop["source_id"]


def published_reviews(claim: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The published reviews among a claim's assessments, the newest first.

    They are of the claim itself, have an address and a finding, and nothing supersedes them.
    """
    superseded = {each["supersedes_id"] for each in claim["assessments"]}
    return [
        each
        for each in claim["assessments"]
        if each["attribution_id"] is None
        and each["id"] not in superseded
        and each["review_url"]
        and (each["verdict"] or each["rating_label"])
    ]


def _of_reviews(reviews: Sequence[Mapping[str, Any]]) -> Iterable[Entry]:
    for review in reviews:
        yield EntryField.REVIEWED, ""
        site = site_of(review["review_url"])
        if site is not None:
            yield EntryField.SITE, site
