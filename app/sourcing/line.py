"""The words that attribute a claim in print: "according to one source who spoke to the JoongAng Ilbo, as reported by".

They name everyone whom the statement went through that the style asks for. What the terms let one print of it is
decided in `app.canonical.print_rule`; English only, whose rules are in `app.sourcing.wording`. A line begins in lower
case and ends without a full stop, so that it can stand in a sentence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.canonical.claim_schemas import HopRead, Included
from app.canonical.corroboration import Origin
from app.canonical.print_rule import PEOPLE, Printable
from app.canonical.schemas import DocumentRead, SourceRead
from app.models.vocabulary import (
    Anonymity,
    HopRole,
    LineStyle,
    PublishedBasis,
    SourceKind,
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
COMBINED: Final = (Stance.ASSERTS, Stance.DENIES)
"""The stances that stand in one line for all."""
TENTATIVE: Final = frozenset({Stance.HINTS, Stance.SPECULATES})
ANONYMITY: Final = "on condition of anonymity"
LONGEST_EPITHET: Final = 5
"""Words of a description that can still stand before a name: 'the pro-Kremlin daily Izvestia'."""


def attribution_line(printable: Printable, included: Included, *, style: LineStyle) -> AttributionLine:
    """The line of one attribution; `included` holds what its ids stand for, as the reader sees it.

    On background the line has the description of the source and never its name; on deep background it speaks of no
    source at all; off the record there is none, and `withheld` says so.
    """
    attribution = printable.attribution
    if printable.withheld is not None:
        return AttributionLine(attribution.id, attribution.terms, None, printable.withheld)
    telling = _Telling(printable, included, full=style is LineStyle.FULL)
    if printable.is_of_nobody:
        line = telling.learned()
    elif printable.is_own_voice:
        line = telling.own_voice()
    else:
        line = telling.attributed()
    return AttributionLine(attribution.id, attribution.terms, line)


def combined_line(
    printables: Sequence[Printable], included: Included, *, origins: Mapping[str, Origin] | None
) -> str | None:
    """One line for all: "according to A and B; denied by C", each origin once; null where it would mislead.

    `origins` has the origin of each source that asserts or denies, by its id, and is null where it is open whether two
    of them are one. Who only hints, speculates or does not comment is left out, since "according to" would turn that
    into an assertion. Two who are described in the same words are printed once: "a source and another source" would say
    that they are two. There is no line with one side only: where an assertion or a denial may not be attributed, or a
    denial would stand against a hint that is left out; and none that makes two of one who asserts and denies.
    """
    combined = [each for each in printables if each.attribution.stance in COMBINED]
    if origins is None or any(each.withheld is not None or each.is_of_nobody for each in combined):
        return None
    tellings = [_Telling(each, included, full=False) for each in combined]
    asserted, denied = (
        _nouns([each for each in tellings if each.attribution.stance is stance], origins) for stance in COMBINED
    )
    is_one_sided = not asserted and any(each.attribution.stance in TENTATIVE for each in printables)
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

    def __init__(self, printable: Printable, included: Included, *, full: bool) -> None:
        self.printable = printable
        self.attribution, self.origin = printable.attribution, printable.origin
        self.included = included
        self.full = full
        self.document = included.documents[self.attribution.document_id]
        self.later = self._later()

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
        is_citation = [station.role for station in rest] == [HopRole.OUTLET] and not self.printable.is_named
        if is_citation and not contact:
            return self._closed(opening.format(f"{noun.text} cited by {rest[0].name}"), [])
        return self._closed(opening.format(noun.then(contact)), rest)

    def own_voice(self) -> str:
        """What an outlet says itself. An outlet that publishes hides behind no terms."""
        outlet = self._publisher(self.origin)
        rest = [self._station(hop) for hop in self._shown(self.later)]
        if self.attribution.stance is not Stance.ASSERTS:
            return self._closed(OPENINGS[self.attribution.stance].format(outlet), rest)
        told = " in its own voice, naming no source" if self.full else ""
        return self._closed(f"{outlet} reported{told}", rest, published_by="cited by")

    def learned(self) -> str:
        """That it is known, from nobody: who passed it on without publishing it is not spoken of either."""
        own = self.printable.is_own_voice
        publishers = [self._station(hop, titled=False) for hop in self.later if hop.role in PUBLISHERS]
        names = ([self._publisher(self.origin)] if own else []) + [each.name for each in publishers]
        line = NOBODY[self.attribution.stance]
        if not names:
            return line.format("it").replace("it has learned", "it has been learned")
        rest = publishers if own else publishers[1:]
        return self._closed(line.format(names[0]), rest if self.full else rest[-1:])

    def noun(self) -> _Noun:
        """The origin, as far as the terms let it be told."""
        if self.printable.is_own_voice:
            return _Noun(self._publisher(self.origin))
        return self._noun_of(self.origin, self.printable.name)

    def _noun_of(self, source: SourceRead, name: str | None) -> _Noun:
        """A source by the name that may be printed, or else by its description."""
        if name is None:
            return _Noun(self._described(source))
        if source.anonymity is Anonymity.PSEUDONYMOUS:
            return _Noun(f"{self._described(source)} using the pseudonym {name}")
        if source.kind not in PEOPLE:
            return _Noun(articled_name(name))
        aside = self.printable.aside(source)
        if aside is None or _repeats(aside, name):
            return _Noun(name)
        return _Noun(f"{name}, {lower_first(aside.strip(' .,;'))}", closed=True)

    def _described(self, source: SourceRead) -> str:
        """The description of a source, with an article, or the barest words if there is none to print."""
        description = (self.printable.text(source.description) or "").strip(" .,;")
        return with_article(lower_first(description)) if description else _undescribed(source)

    def _publisher(self, source: SourceRead) -> str:
        """An outlet or other body by name; in full with a short description, as the pro-Kremlin daily Izvestia."""
        if source.name is None:
            return self._described(source)
        description = (self.printable.text(source.description) or "").strip(" .,;")
        epithet = re.sub(r"^(a|an|the) ", "", description, flags=re.IGNORECASE)
        fits = epithet and len(epithet.split()) <= LONGEST_EPITHET and not re.search(r"[,;:]", epithet)
        if self.full and fits and not _repeats(epithet, source.name):
            return f"the {lower_first(epithet)} {re.sub(r'^The ', '', source.name)}"
        return articled_name(source.name)

    def _is_spoken_of(self, hop: HopRead, noun: _Noun) -> bool:
        """Whether the words for the origin have the hop in them: "one JoongAng Ilbo source"."""
        name = self.included.sources[hop.source_id].name
        return name is not None and name in noun.text

    def _later(self) -> list[HopRead]:
        """The hops after the origin that may be spoken of, each station once, then the document's outlet."""
        hops = sorted(self.attribution.chain, key=lambda hop: hop.position)
        outlet = self.document.outlet_id
        if outlet is not None and outlet in self.included.sources and outlet != hops[-1].source_id:
            last = HopRead(position=len(hops), role=HopRole.OUTLET, source_id=outlet, document_id=None)
            hops.append(last)
        later = [hop for before, hop in pairwise(hops) if hop.source_id != before.source_id]
        return [hop for hop in later if self.printable.may_be_spoken_of(self.included.sources[hop.source_id])]

    def _shown(self, hops: list[HopRead]) -> list[HopRead]:
        """All in full; else who published what we read, which is the last that publishes."""
        if self.full:
            return hops
        return [hop for hop in hops if hop.role in PUBLISHERS][-1:]

    def _station(self, hop: HopRead, *, titled: bool = True) -> _Station:
        source = self.included.sources[hop.source_id]
        is_person = source.kind in PEOPLE
        noun = self._noun_of(source, source.name) if is_person else _Noun(self._publisher(source))
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
        hedge = self.printable.hedge if self.full else None
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
        if not self.full or (self.printable.is_on_background and self._condition()):
            return ""
        if self.printable.is_on_background:
            return "on background"
        return "on the record" if self.printable.is_on_the_record else ""

    def _said(self) -> str:
        if not self.full:
            return ""
        return when(self.attribution.said, self.attribution.said_earliest, self.attribution.said_latest)

    def _condition(self) -> str:
        """That it is not to be named and, in full, why: as the Associated Press asks where a source is anonymous."""
        if self.printable.is_named:
            return ""
        reason = (self.printable.reason or "").rstrip(" .")
        states_condition = "condition of anonymity" in reason.casefold()
        if not self.full:
            return ANONYMITY if self.printable.is_on_background or states_condition else ""
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
        title = self.printable.text(document.title)
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
    for each in sorted(tellings, key=lambda telling: telling.printable.is_on_background):
        told_by.setdefault(origins[each.origin.id].id, []).append(each)
    return {
        origin: min(told, key=lambda each: (origins[each.origin.id].is_carried, not each.printable.is_named))
        .noun()
        .text
        for origin, told in told_by.items()
    }


def _undescribed(source: SourceRead) -> str:
    if source.kind is SourceKind.GROUP:
        return "unidentified sources"
    return {SourceKind.DOCUMENT: "an unidentified document", SourceKind.DATASET: "an unidentified dataset"}.get(
        source.kind, "an unidentified source"
    )


def _repeats(text: str, name: str) -> bool:
    """Whether the text says the whole name over again."""
    return name.casefold() in text.casefold()
