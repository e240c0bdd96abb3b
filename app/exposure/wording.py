"""The plain words of exposure: how it is worked out, and a summary of one answer."""

from collections.abc import Mapping
from typing import Any, Final

from app.exposure.counting import MOST_FITTING
from app.exposure.details import ExposedField

NOT_PUBLIC: Final = (
    "The public cannot read this source, so it can read nothing about it here. What outlets have published is out all "
    "the same."
)
METHOD: Final = (
    "Gathered is what the public may read now, whoever asks: the source's record and its relations, and every claim "
    "that names it anywhere in a chain, retracted ones included. Records that the public reads to be the same source "
    "are taken together. A stored source fits a detail if the same is recorded of it, letter for letter (of roles and "
    "words of descriptions, whatever the case); if nothing is recorded of it there, it does not fit. Compared are the "
    "sources that you may read, by what you may read of them: people, groups and bodies with one another, and outlets, "
    "documents and data sets with one another. Several records of one source count once, and the source itself "
    "always fits. `fits` null: listed, not compared. "
    f"Whoever fits one detail is counted up to {MOST_FITTING}, whoever fits several together to the end. "
    "This is the k of k-anonymity (Sweeney 2002), taken over what is stored here. The stored sources are no "
    "population: that 1 of 24 fits is no probability, and that 5 fit does not make anybody safe. Not looked "
    "through: the wording of statements and quotes, the titles and texts of documents, older versions in the history, "
    "and whatever else the world knows."
)
WORDS: Final[Mapping[str, str]] = {
    ExposedField.KIND: "the kind",
    ExposedField.ROLE: "the role",
    ExposedField.ORGANIZATION: "the organization",
    ExposedField.COUNTRY: "the country",
    ExposedField.LANGUAGE: "the language",
    ExposedField.MEMBERS: "the number of people",
    ExposedField.DESCRIPTION_WORD: "the word",
    ExposedField.MEMBER_OF: "membership of",
    ExposedField.OWNED_BY: "the owner",
    ExposedField.PLACE: "the place",
    ExposedField.PLACE_COUNTRY: "the country of a claim,",
    ExposedField.SAID_ON: "the day it spoke,",
    ExposedField.OCCURRED_ON: "the time it told of,",
    ExposedField.PUBLISHED_ON: "the day of publication,",
    ExposedField.OUTLET: "the outlet",
    ExposedField.BYLINE: "the byline",
    ExposedField.THROUGH: "whom it spoke to or was passed on by,",
    ExposedField.TOPIC: "the topic",
}
"""What the fields that are compared are called in a sentence."""
MOST_NAMED: Final = 4


def summary_of(body: Mapping[str, Any]) -> str:
    """An answer in a few sentences, for an editor who has no time for the rest."""
    details = _number(len(body["details"]), "detail")
    read = f"{_number(body['claims'], 'claim')} in {_number(body['documents'], 'document')}"
    return " ".join(
        [
            f"The public can read {details} of this source, from its record and {read}.",
            _fitting(body["fits_all"], body["stored_sources"]),
            *_narrowing(body),
            "That tells how rare the details are among what is stored here, not how many people they fit.",
        ]
    )


def _fitting(fits_all: int, of: int) -> str:
    if of == 1:
        return "No other source like it is stored, so there is nothing to compare it with."
    if fits_all == 1:
        return f"Of {of} stored sources that it is compared with, itself among them, no other fits all of that."
    return f"{fits_all} of {of} stored sources that it is compared with fit all of that, itself among them."


def _narrowing(body: Mapping[str, Any]) -> list[str]:
    """What tells it from the others: the details that no other fits, or a few that none fits together."""
    if body["stored_sources"] == 1:
        return []
    alone = [_named(each) for each in body["narrowing"] if each["fits"] == 1]
    if alone:
        return [f"No other fits {_listed(alone)}."]
    steps = [f"{_named(step)} ({step['fits_with_those_before']} left)" for step in body["combination"]]
    if not steps:
        return ["Nothing that is compared tells it from the others."]
    if len(steps) == 1:
        return [f"One detail is enough for that: {steps[0]}."]
    return [f"These are enough for that, together: {_listed(steps)}."]


def _named(detail: Mapping[str, Any]) -> str:
    return f"{WORDS[detail['field']]} “{detail['label'] or detail['value']}”"


def _listed(words: list[str]) -> str:
    more = len(words) - MOST_NAMED
    return "; ".join(words[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
