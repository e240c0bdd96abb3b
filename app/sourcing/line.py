"""The words that attribute a claim in print: "according to one source who spoke to the JoongAng Ilbo, as reported by".

They keep to the terms on which the source spoke, and name everyone whom the statement went through that the style asks
for. English only; its rules are in `app.sourcing.wording`. A line begins in lower case and ends without a full stop, so
that it can stand in a sentence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.canonical.claim_schemas import AttributionRead, HopRead, Included
from app.canonical.corroboration import Origin
from app.canonical.schemas import DocumentRead, SourceRead
from app.models.vocabulary import (
    Anonymity,
    HopRole,
    LineStyle,
    PublishedBasis,
    SourceKind,
    Speech,
    Stance,
    Terms,
    Withheld,
)
from app.sourcing.wording import articled_name, listed, lower_first, when, with_article


@dataclass(frozen=True, slots=True)
class AttributionLine:
    """What to print for one attribution: a line, or the reason why there is none."""

    attribution_id: str
    terms: Terms
    line: str | None
    withheld: Withheld | None = None


OPENINGS: Final = {
    Stance.ASSERTS: "according to {}",
    Stance.DENIES: "a claim denied by {}",
    Stance.HINTS: "a claim hinted at by {}",
    Stance.SPECULATES: "a possibility raised by {}",
    Stance.DECLINES_TO_COMMENT: "a claim on which {} declined to comment",
}
NOBODY: Final = {
    Stance.ASSERTS: "{} has learned",
    Stance.DENIES: "a claim that is denied, {} has learned",
    Stance.HINTS: "a claim that has been hinted at, {} has learned",
    Stance.SPECULATES: "a possibility that has been raised, {} has learned",
    Stance.DECLINES_TO_COMMENT: "a claim that drew no comment, {} has learned",
}
"""On deep background: attributed to nobody, not even to an unnamed source (AP)."""
PASSED_ON: Final = {
    HopRole.TRANSLATOR: "translated by",
    HopRole.RELAYER: "relayed by",
    HopRole.REPUBLISHER: "carried by",
    HopRole.WIRE_SERVICE: "distributed by",
}
"""What is said of a hop; of one in any other role, that it reported or cited it."""
PUBLISHERS: Final = frozenset({HopRole.INTERVIEWER, HopRole.OUTLET, HopRole.REPUBLISHER, HopRole.WIRE_SERVICE})
PEOPLE: Final = frozenset({SourceKind.PERSON, SourceKind.GROUP, SourceKind.UNKNOWN})
WITH_PUBLISHED_NAME: Final = frozenset({Anonymity.NAMED, Anonymity.PSEUDONYMOUS})
COMBINED: Final = (Stance.ASSERTS, Stance.DENIES)
"""The stances that stand in one line for all."""
TENTATIVE: Final = frozenset({Stance.HINTS, Stance.SPECULATES})
UNATTRIBUTABLE: Final = frozenset({Terms.DEEP_BACKGROUND, Terms.OFF_THE_RECORD})
ANONYMITY: Final = "on condition of anonymity"
LONGEST_EPITHET: Final = 5
"""Words of a description that can still stand before a name: 'the pro-Kremlin daily Izvestia'."""


def attribution_line(attribution: AttributionRead, included: Included, *, style: LineStyle) -> AttributionLine:
    """The line of one attribution; `included` holds what its ids stand for, as the reader sees it.

    On background the line has the description of the source and never its name; on deep background it speaks of no
    source at all; off the record there is none, and `withheld` says so.
    """
    if attribution.terms is Terms.OFF_THE_RECORD:
        return AttributionLine(attribution.id, attribution.terms, None, Withheld.OFF_THE_RECORD)
    telling = _Telling(attribution, included, full=style is LineStyle.FULL)
    if attribution.terms is Terms.DEEP_BACKGROUND:
        line = telling.learned()
    elif attribution.speech is Speech.OUTLET_VOICE:
        line = telling.own_voice()
    else:
        line = telling.attributed()
    return AttributionLine(attribution.id, attribution.terms, line)


def combined_line(
    attributions: Sequence[AttributionRead], included: Included, *, origins: Mapping[str, Origin] | None
) -> str | None:
    """One line for all: "according to A and B; denied by C", each origin once; null where it would mislead.

    `origins` has the origin of each source that asserts or denies, by its id, and is null where it is open whether two
    of them are one. Who only hints, speculates or does not comment is left out, since "according to" would turn that
    into an assertion. Two who are described in the same words are printed once: "a source and another source" would say
    that they are two. There is no line with one side only: where an assertion or a denial may not be attributed, or a
    denial would stand against a hint that is left out; and none that makes two of one who asserts and denies.
    """
    combined = [each for each in attributions if each.stance in COMBINED]
    if origins is None or any(each.terms in UNATTRIBUTABLE for each in combined):
        return None
    asserted, denied = (
        _nouns([_Telling(each, included, full=False) for each in combined if each.stance is stance], origins)
        for stance in COMBINED
    )
    is_one_sided = not asserted and any(each.stance in TENTATIVE for each in attributions)
    if is_one_sided or any(asserted.get(origin, noun) != noun for origin, noun in denied.items()):
        return None
    parts = [
        f"{opening} {listed(list(dict.fromkeys(nouns.values())))}"
        for opening, nouns in (("according to", asserted), ("denied by", denied))
        if nouns
    ]
    return "; ".join(parts) or None


@dataclass(frozen=True, slots=True)
class _Noun:
    """Who, in words; `closed` if what follows needs a comma: "Jane Roe, spokeswoman, ..."."""

    text: str
    closed: bool = False

    def then(self, clause: str) -> str:
        return self.text if not clause else f"{self.text}{',' if self.closed else ''} {clause}"


@dataclass(frozen=True, slots=True)
class _Station:
    """One hand on the way to print, in words."""

    role: HopRole
    name: str


class _Telling:
    """One attribution, told."""

    def __init__(self, attribution: AttributionRead, included: Included, *, full: bool) -> None:
        self.attribution = attribution
        self.included = included
        self.full = full
        chain = sorted(attribution.chain, key=lambda hop: hop.position)
        self.origin = included.sources[chain[0].source_id]
        self.document = included.documents[attribution.document_id]
        self.later = self._later(chain)

    def attributed(self) -> str:
        """The origin, whom it spoke to, and who passed it on."""
        noun, opening = self.noun(), OPENINGS[self.attribution.stance]
        first = self.later[0] if self.later else None
        told = first if first is not None and first.role is HopRole.INTERVIEWER and first.position == 1 else None
        rest = [self._station(hop) for hop in self._shown([hop for hop in self.later if hop is not told])]
        to = self._station(told).name if told is not None and not self._is_spoken_of(told, noun) else None
        if self.attribution.stance is Stance.DECLINES_TO_COMMENT:
            line = opening.format(f"{noun.text}," if noun.closed else noun.text)
            return self._closed(f"{line} when approached by {to}" if to else line, rest)
        contact = self._contact(to)
        is_citation = [station.role for station in rest] == [HopRole.OUTLET] and not self.is_named
        if is_citation and not contact:
            return self._closed(opening.format(f"{noun.text} cited by {rest[0].name}"), [])
        return self._closed(opening.format(noun.then(contact)), rest)

    def own_voice(self) -> str:
        """What an outlet says itself. An outlet that publishes hides behind no terms."""
        outlet = _publisher(self.origin, full=self.full)
        rest = [self._station(hop) for hop in self._shown(self.later)]
        if self.attribution.stance is not Stance.ASSERTS:
            return self._closed(OPENINGS[self.attribution.stance].format(outlet), rest)
        told = " in its own voice, naming no source" if self.full else ""
        return self._closed(f"{outlet} reported{told}", rest, published_by="cited by")

    def learned(self) -> str:
        """That it is known, from nobody: who passed it on without publishing it is not spoken of either."""
        own = self.attribution.speech is Speech.OUTLET_VOICE
        publishers = [self._station(hop, titled=False) for hop in self.later if hop.role in PUBLISHERS]
        names = ([_publisher(self.origin, full=self.full)] if own else []) + [each.name for each in publishers]
        line = NOBODY[self.attribution.stance]
        if not names:
            return line.format("it").replace("it has learned", "it has been learned")
        rest = publishers if own else publishers[1:]
        return self._closed(line.format(names[0]), rest if self.full else rest[-1:])

    def noun(self) -> _Noun:
        """The origin, as far as the terms let it be told."""
        if self.attribution.speech is Speech.OUTLET_VOICE:
            return _Noun(_publisher(self.origin, full=self.full))
        if self.is_protected:
            # What describes a body shares words with its name, "a defence ministry"; what describes a person must not.
            tells = _tells(self.origin.description or "", self.origin, whole=self.origin.kind not in PEOPLE)
            return _Noun(_undescribed(self.origin) if tells else _described(self.origin))
        return _noun_of(self.origin)

    def _is_spoken_of(self, hop: HopRead, noun: _Noun) -> bool:
        """Whether the words for the origin have the hop in them: "one JoongAng Ilbo source"."""
        name = self.included.sources[hop.source_id].name
        return name is not None and name in noun.text

    @property
    def is_protected(self) -> bool:
        """Whether the name, even if it is known, must not be printed."""
        named_only = self.attribution.speech is not Speech.OUTLET_VOICE
        return named_only and self.attribution.terms in {Terms.BACKGROUND, Terms.DEEP_BACKGROUND}

    @property
    def is_named(self) -> bool:
        """Whether print has a name for the origin, were it a pseudonym."""
        return self.origin.anonymity in WITH_PUBLISHED_NAME and not self.is_protected

    def safe(self, text: str | None) -> str | None:
        """The text on one line, or nothing if it would tell the name that must not be printed."""
        if text is None or (self.is_protected and _tells(text, self.origin)):
            return None
        return " ".join(text.split())

    def _later(self, chain: Sequence[HopRead]) -> list[HopRead]:
        """The hops after the origin that may be spoken of, each station once, then the document's outlet."""
        hops = list(chain)
        outlet = self.document.outlet_id
        if outlet is not None and outlet in self.included.sources and outlet != hops[-1].source_id:
            last = HopRead(position=len(hops), role=HopRole.OUTLET, source_id=outlet, document_id=None)
            hops.append(last)
        later = [hop for before, hop in pairwise(hops) if hop.source_id != before.source_id]
        return [hop for hop in later if self._may_be_named(self.included.sources[hop.source_id])]

    def _may_be_named(self, source: SourceRead) -> bool:
        if not self.is_protected:
            return True
        people = source.kind in PEOPLE
        return source.id != self.origin.id and not _tells(source.label, self.origin, whole=not people)

    def _shown(self, hops: list[HopRead]) -> list[HopRead]:
        """All in full; else who published what we read, which is the last that publishes."""
        if self.full:
            return hops
        return [hop for hop in hops if hop.role in PUBLISHERS][-1:]

    def _station(self, hop: HopRead, *, titled: bool = True) -> _Station:
        source = self.included.sources[hop.source_id]
        noun = _noun_of(source) if source.kind in PEOPLE else _Noun(_publisher(source, full=self.full))
        text = f"{noun.text}," if noun.closed else noun.text
        where = hop.document_id
        if not self.full or not titled or where is None or where == self.attribution.document_id:
            return _Station(hop.role, text)
        return _Station(hop.role, noun.text + self._titled(self.included.documents[where]))

    def _contact(self, to: str | None) -> str:
        """How the origin gave it: to whom, when and on what condition; nothing where there is nothing to tell."""
        if self.origin.kind is SourceKind.ORGANIZATION:
            return self._remarks("in a statement", to)
        if self.origin.kind not in PEOPLE:
            return f"cited by {to}" if to else ""
        return self._remarks("who spoke", to)

    def _remarks(self, opening: str, to: str | None) -> str:
        said, condition = self._said(), self._condition()
        hedge = self.safe(self.attribution.hedge) if self.full else None
        said = f"{said}," if (condition or hedge) and "," in said else said  # AP: a comma after a full date
        parts = [self._on_terms(), f"to {to}" if to else "", said, condition]
        told = " ".join(part for part in parts if part)
        hedged = f"qualified it as “{hedge}”" if hedge else ""
        spoke = f"{opening} {told}" if told else ""
        if opening != "who spoke":
            return f"{spoke.rstrip(',')}, qualified as “{hedge}”" if spoke and hedge else spoke
        return " and ".join(part for part in (spoke, hedged) if part) if spoke else f"who {hedged}" if hedged else ""

    def _on_terms(self) -> str:
        """The terms in full; a condition that is told says more than "on background" does."""
        if not self.full or (self.attribution.terms is Terms.BACKGROUND and self._condition()):
            return ""
        return {Terms.ON_THE_RECORD: "on the record", Terms.BACKGROUND: "on background"}.get(self.attribution.terms, "")

    def _said(self) -> str:
        if not self.full:
            return ""
        return when(self.attribution.said, self.attribution.said_earliest, self.attribution.said_latest)

    def _condition(self) -> str:
        """That it is not to be named and, in full, why: as the Associated Press asks where a source is anonymous."""
        if self.is_named:
            return ""
        reason = (self.safe(self.attribution.anonymity_reason) or "").rstrip(" .")
        states_condition = "condition of anonymity" in reason.casefold()
        if not self.full:
            return ANONYMITY if self.attribution.terms is Terms.BACKGROUND or states_condition else ""
        if not reason:
            return ""
        if states_condition and reason.casefold().startswith("on "):
            return lower_first(reason)
        if re.match(
            r"(because|for fear|out of|owing to|due to|since|citing|to avoid|in order) ?", reason, re.IGNORECASE
        ):
            return f"{ANONYMITY} {lower_first(reason)}"
        return f"{ANONYMITY}, the reason given being “{reason}”"

    def _closed(self, line: str, rest: Sequence[_Station], *, published_by: str = "reported by") -> str:
        """The line with who passed it on and, in full, where we read it."""
        if rest:
            passed_on = []
            for station in rest:
                did = PASSED_ON.get(station.role, published_by)
                passed_on.append(f"{did} {station.name.rstrip(',')}")
                published_by = "cited by" if did == published_by else published_by
            line = f"{line.rstrip(',')}, as {listed(passed_on)}"
        line = line.rstrip(",")
        return line + self._titled(self.document) if self.full else line

    def _titled(self, document: DocumentRead) -> str:
        title = self.safe(document.title)
        published = when(document.published, document.published_earliest, document.published_latest)
        inferred = ", a date that is inferred" if document.published_basis is PublishedBasis.INFERRED else ""
        parts = [f"“{title}”" if title else "", f"published {published}{inferred}" if published else ""]
        told = ", ".join(part for part in parts if part)
        return f" ({told})" if told else ""


def _nouns(tellings: Iterable[_Telling], origins: Mapping[str, Origin]) -> dict[str, str]:
    """Each origin once, in words, by its id: told as itself rather than as who republishes it, and then by name.

    Those on background come last.
    """
    told_by: dict[str, list[_Telling]] = {}
    for each in sorted(tellings, key=lambda telling: telling.attribution.terms is Terms.BACKGROUND):
        told_by.setdefault(origins[each.origin.id].id, []).append(each)
    return {
        origin: min(told, key=lambda each: (origins[each.origin.id].is_carried, not each.is_named)).noun().text
        for origin, told in told_by.items()
    }


def _noun_of(source: SourceRead) -> _Noun:
    """The source as the reporting identifies it."""
    if source.anonymity is Anonymity.PSEUDONYMOUS:
        return _Noun(f"{_described(source)} using the pseudonym {source.name}")
    if source.name is None:
        return _Noun(_described(source))
    if source.kind not in PEOPLE:
        return _Noun(articled_name(source.name))
    aside = source.description or source.role
    if aside is None or _tells(aside, source, whole=True):
        return _Noun(source.name)
    return _Noun(f"{source.name}, {lower_first(aside.strip(' .,;'))}", closed=True)


def _described(source: SourceRead) -> str:
    """The description of a source, with an article, or the barest words if it has none."""
    description = " ".join((source.description or "").split()).strip(" .,;")
    return with_article(lower_first(description)) if description else _undescribed(source)


def _undescribed(source: SourceRead) -> str:
    if source.kind is SourceKind.GROUP:
        return "unidentified sources"
    return {SourceKind.DOCUMENT: "an unidentified document", SourceKind.DATASET: "an unidentified dataset"}.get(
        source.kind, "an unidentified source"
    )


def _publisher(source: SourceRead, *, full: bool) -> str:
    """An outlet or other body by name; in full with a short description before it: the pro-Kremlin daily Izvestia."""
    if source.name is None:
        return _described(source)
    epithet = re.sub(r"^(a|an|the) ", "", (source.description or "").strip(" .,;"), flags=re.IGNORECASE)
    fits = epithet and len(epithet.split()) <= LONGEST_EPITHET and not re.search(r"[,;:]", epithet)
    if full and fits and not _tells(epithet, source, whole=True):
        return f"the {lower_first(epithet)} {re.sub(r'^The ', '', source.name)}"
    return articled_name(source.name)


def _tells(text: str, source: SourceRead, *, whole: bool = False) -> bool:
    """Whether the text has the name of the source in it or, unless only the whole counts, a word of the name."""
    if source.name is None:
        return False
    name = source.name.casefold()
    if whole or name in text.casefold():
        return name in text.casefold()
    telling = {word.casefold() for word in re.findall(r"\w{2,}", source.name) if not word.islower()}
    return not telling.isdisjoint(re.findall(r"\w+", text.casefold()))
