"""What a detail of a source is, and how details are gathered from what can be read of it.

Pure: what is read comes from `app.exposure.queries`; how many sources fit is counted in `app.exposure.counting`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

from app.kit.deadline import check
from app.kit.edtf import day_text
from app.models.vocabulary import Anonymity, SourceKind, SourceRelationKind, Terms


class ExposedField(StrEnum):
    """What a detail tells, in the order in which details come where nothing else decides."""

    NAME = "name"
    KIND = "kind"
    ROLE = "role"
    ORGANIZATION = "organization"
    COUNTRY = "country"
    LANGUAGE = "language"
    MEMBERS = "members"
    DESCRIPTION = "description"
    DESCRIPTION_WORD = "description_word"
    MEMBER_OF = "member_of"
    OWNED_BY = "owned_by"
    POSSIBLY_SAME = "possibly_same"
    PLACE = "place"
    PLACE_COUNTRY = "place_country"
    COORDINATES = "coordinates"
    SAID_ON = "said_on"
    OCCURRED_ON = "occurred_on"
    PUBLISHED_ON = "published_on"
    OUTLET = "outlet"
    BYLINE = "byline"
    THROUGH = "through"
    TOPIC = "topic"
    TERMS = "terms"
    DOCUMENT = "document"
    CUE = "cue"
    ANONYMITY_REASON = "anonymity_reason"
    QUOTE_LANGUAGE = "quote_language"


RELATED: Final = {
    SourceRelationKind.MEMBER_OF: ExposedField.MEMBER_OF,
    SourceRelationKind.OWNED_BY: ExposedField.OWNED_BY,
    SourceRelationKind.POSSIBLY_SAME: ExposedField.POSSIBLY_SAME,
}
"""What a relation to another source tells."""
Days = tuple[int, int]
"""A first and a last day, as numbers since 1970-01-01."""
PLACE_OF: Final = {name: place for place, name in enumerate(ExposedField)}
UNCOUNTED: Final = frozenset(
    {
        ExposedField.NAME,
        ExposedField.DESCRIPTION,
        ExposedField.POSSIBLY_SAME,
        ExposedField.COORDINATES,
        ExposedField.TERMS,
        ExposedField.DOCUMENT,
        ExposedField.CUE,
        ExposedField.ANONYMITY_REASON,
        ExposedField.QUOTE_LANGUAGE,
    }
)
"""What is listed and not compared: what names one source alone by its nature, wordings, and terms, which say nothing
of who agreed to them."""
SOURCES: Final = frozenset(
    {
        ExposedField.ORGANIZATION,
        ExposedField.MEMBER_OF,
        ExposedField.OWNED_BY,
        ExposedField.POSSIBLY_SAME,
        ExposedField.OUTLET,
        ExposedField.THROUGH,
    }
)
"""Fields whose value is the id of a source."""
DAYS: Final = frozenset({ExposedField.SAID_ON, ExposedField.OCCURRED_ON, ExposedField.PUBLISHED_ON})
LONGEST_TIME: Final = 31
"""Days that a time may have to be a detail: a month. What is told of a year is told of nearly everything."""
WORD: Final = re.compile(r"[^\W_]{2,}")
EMPTY_WORDS: Final = (
    "an and another any are as at be been being by for from had has have in into is it its many multiple no not of off "
    "on one or other several some that the their them they this those to two under until various was were which who "
    "whom whose with within anonymity anonymous condition familiar knowledge matter person people said situation "
    "source sources speaking spoke told undisclosed unidentified unnamed"
)
"""English words that say nothing of whom they describe. "Her" and "his" do."""
_EMPTY_WORDS: Final = frozenset(EMPTY_WORDS.split())


class Detail(NamedTuple):
    """One thing that can be read of a source: `value` is a text, an id, a code, or days in EDTF."""

    field: ExposedField
    value: str

    @property
    def rank(self) -> tuple[int, str]:
        """Sorts details by field, then by value in code points."""
        return PLACE_OF[self.field], self.value


@dataclass(frozen=True, slots=True)
class Appearance:
    """One attribution of a claim with a source in its chain."""

    source_id: str
    claim_id: str
    attribution_id: str
    document_id: str
    terms: str
    cue: str | None
    anonymity_reason: str | None
    quote_language: str | None
    said: tuple[int | None, int | None]
    place_name: str | None
    place_country: str | None
    latitude: float | None
    longitude: float | None
    occurred: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Read:
    """Where an appearance was read."""

    label: str
    outlet_id: str | None
    byline: str | None
    published: tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Known:
    """Details, each with the claims that give it, the newest first; none for what the source's own record says."""

    claims_of: dict[Detail, list[str]] = field(default_factory=lambda: defaultdict(list))
    days_of: dict[str, Days] = field(default_factory=dict)
    """The first and the last day of each value that stands for days."""

    def add(self, name: ExposedField, value: str | None, claim_id: str | None = None) -> None:
        """Adds a detail, if there is a value."""
        if not value or value.isspace():
            return
        claims = self.claims_of[Detail(name, value)]
        if claim_id is not None and claim_id not in claims[-1:]:
            claims.append(claim_id)

    def add_days(self, name: ExposedField, days: tuple[int | None, int | None], claim_id: str) -> None:
        """Adds a time, if it is known to within a month."""
        value = days_value(*days)
        if value is not None:
            self.add(name, value, claim_id)
            self.days_of[value] = (days[0] or 0, days[1] or 0)


@lru_cache(maxsize=4096)
def days_value(earliest: int | None, latest: int | None) -> str | None:
    """A day or an interval in EDTF; None where it is open, or longer than a month."""
    if earliest is None or latest is None or not 0 <= latest - earliest < LONGEST_TIME:
        return None
    first, last = day_text(earliest), day_text(latest)
    return first if first == last else f"{first}/{last}"


def words_of(*texts: str | None) -> set[str]:
    """The words of the texts that may tell something, case folded, each in the form in which it stands."""
    return {word for text in texts if text for word in WORD.findall(text.casefold())} - _EMPTY_WORDS


def folded(text: str | None) -> str | None:
    """The text as roles are compared: without regard to case and spaces."""
    return None if text is None else " ".join(text.casefold().split())


def members_value(fewest: int | None, most: int | None) -> str | None:
    """How many a group is, as an interval: `2/..` is two or more, `3` just three."""
    if fewest is None and most is None:
        return None
    return str(fewest) if fewest == most else f"{fewest or 1}/{most if most is not None else '..'}"


def _as_it_is(value: str | None) -> tuple[str | None]:
    return (value,)


RECORDED: Final[Mapping[ExposedField, tuple[tuple[str, ...], Callable[..., Collection[str | None]]]]] = {
    ExposedField.KIND: (("kind",), lambda kind: (kind if kind != SourceKind.UNKNOWN else None,)),
    ExposedField.ROLE: (("role",), lambda role: (folded(role),)),
    ExposedField.ORGANIZATION: (("organization_id",), _as_it_is),
    ExposedField.COUNTRY: (("country",), _as_it_is),
    ExposedField.LANGUAGE: (("language",), _as_it_is),
    ExposedField.MEMBERS: (("member_count_min", "member_count_max"), lambda *members: (members_value(*members),)),
    ExposedField.DESCRIPTION_WORD: (("description", "role"), words_of),
}
"""What of a source's own record is compared: the columns of `Record`, and what these tell; null for nothing."""


def add_record(known: Known, content: Mapping[str, Any]) -> None:
    """Adds what a source's record says, as it is read."""
    if content["anonymity"] in {Anonymity.PSEUDONYMOUS, Anonymity.NAMED}:
        for name in (content["name"], *content.get("aliases", ())):
            known.add(ExposedField.NAME, name)
    known.add(ExposedField.DESCRIPTION, content["description"])
    for name, (columns, values) in RECORDED.items():
        for value in values(*(content[each] for each in columns)):
            known.add(name, value)


def add_appearances(
    known: Known,
    appearances: Iterable[Appearance],
    *,
    documents: Mapping[str, Read],
    topics: Mapping[str, Sequence[str]],
    chains: Mapping[str, Sequence[str]],
    own: Collection[str],
) -> None:
    """Adds what claims give: `documents` by id, the topics of each claim, the sources in each attribution's chain.

    `own` are the ids of the records that are the source itself.
    """
    for each in appearances:
        check()
        claim_id = each.claim_id
        known.add(ExposedField.PLACE, each.place_name, claim_id)
        known.add(ExposedField.PLACE_COUNTRY, each.place_country, claim_id)
        if each.latitude is not None and each.longitude is not None:
            known.add(ExposedField.COORDINATES, f"{each.latitude}, {each.longitude}", claim_id)
        known.add_days(ExposedField.SAID_ON, each.said, claim_id)
        known.add_days(ExposedField.OCCURRED_ON, each.occurred, claim_id)
        for topic in topics.get(claim_id, ()):
            known.add(ExposedField.TOPIC, topic, claim_id)
        known.add(ExposedField.TERMS, each.terms if each.terms != Terms.UNSPECIFIED else None, claim_id)
        known.add(ExposedField.CUE, each.cue, claim_id)
        known.add(ExposedField.ANONYMITY_REASON, each.anonymity_reason, claim_id)
        known.add(ExposedField.QUOTE_LANGUAGE, each.quote_language, claim_id)
        for source_id in chains.get(each.attribution_id, ()):
            known.add(ExposedField.THROUGH, source_id if source_id not in own else None, claim_id)
        _add_document(known, each, documents.get(each.document_id))


def _add_document(known: Known, appearance: Appearance, read: Read | None) -> None:
    known.add(ExposedField.DOCUMENT, appearance.document_id, appearance.claim_id)
    if read is not None:
        known.add(ExposedField.OUTLET, read.outlet_id, appearance.claim_id)
        known.add(ExposedField.BYLINE, read.byline, appearance.claim_id)
        known.add_days(ExposedField.PUBLISHED_ON, read.published, appearance.claim_id)
