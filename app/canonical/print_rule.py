"""What may be printed of a source: the one place that decides it by the terms on which the source spoke.

Every surface that puts a source into words for readers asks here who may be named or described, what else may be told,
and whether a text may stand; how it is worded is the surface's own. Why it is so: docs/decisions/printing.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from app.access.units import Unit
from app.canonical.claim_schemas import AttributionRead
from app.canonical.schemas import SourceRead
from app.canonical.telling import Names, Text
from app.canonical.walks.queries import same_sources
from app.changes.queries import documents_of
from app.models.vocabulary import Anonymity, ResourceKind, SourceKind, Speech, Terms, Withheld

NOT_TO_BE_NAMED: Final = frozenset({Terms.BACKGROUND, Terms.DEEP_BACKGROUND, Terms.OFF_THE_RECORD})
"""Terms that keep a name out of print."""
NOT_TO_BE_PRINTED: Final = frozenset({Terms.OFF_THE_RECORD})
"""Terms on which nothing may be printed at all."""
PEOPLE: Final = frozenset({SourceKind.PERSON, SourceKind.GROUP, SourceKind.UNKNOWN})
WITH_PUBLISHED_NAME: Final = frozenset({Anonymity.NAMED, Anonymity.PSEUDONYMOUS})
LONGEST_PRINTED: Final = 1_000
"""Characters of a text that still stand in a line; only a reason for anonymity can be longer."""
NOBODYS: Final = Names([])


@dataclass(frozen=True, slots=True)
class Printable:
    """What may be printed of one attribution and its origin, the source whose terms they are."""

    attribution: AttributionRead
    origin: SourceRead
    own: Names
    """What the origin is called, where print may not have it."""
    anyones: tuple[Names, ...]
    """What any source of the claim is called whom print may not name."""
    kept_out: frozenset[str]
    """The ids of those sources, with other records of them."""

    @property
    def withheld(self) -> Withheld | None:
        """Why nothing may be printed; None where something may."""
        return Withheld.OFF_THE_RECORD if self.attribution.terms in NOT_TO_BE_PRINTED else None

    @property
    def is_of_nobody(self) -> bool:
        """Whether it is attributed to nobody, not even to an unnamed source, and nothing is told of how it was said."""
        return self.attribution.terms is Terms.DEEP_BACKGROUND

    @property
    def is_dated(self) -> bool:
        """Whether it may be told when it was said."""
        return self.withheld is None and not self.is_of_nobody

    @property
    def is_own_voice(self) -> bool:
        """Whether what publishes speaks for itself: it hides behind no terms."""
        return is_own_voice(self.attribution, self.origin)

    @property
    def is_named(self) -> bool:
        """Whether print has a name for the origin, were it a pseudonym."""
        return is_named(self.attribution, self.origin)

    @property
    def is_on_background(self) -> bool:
        """Whether print says that the origin is not named on its own condition, or that it spoke on background."""
        return self.attribution.terms is Terms.BACKGROUND

    @property
    def is_on_the_record(self) -> bool:
        """Whether print says that it spoke on the record."""
        return self.attribution.terms is Terms.ON_THE_RECORD

    @property
    def name(self) -> str | None:
        """The name to print; of a pseudonymous source the pseudonym, which is to be called one."""
        return self.origin.name if self.is_named else None

    @property
    def description(self) -> str | None:
        """The words that describe the origin, if they tell nobody's name who is to have none."""
        return self.text(self.origin.description)

    @property
    def hedge(self) -> str | None:
        """How the origin hedged."""
        return self.text(self.attribution.hedge)

    @property
    def reason(self) -> str | None:
        """Why the origin is not named; nothing where it is."""
        return None if self.is_named else self.text(self.attribution.anonymity_reason)

    def text(self, text: str | None) -> str | None:
        """The text on one line, or nothing if it tells a name that print may not have, or is too long for a line."""
        if text is None or len(text) > LONGEST_PRINTED or any(names.are_told_by(text) for names in self.anyones):
            return None
        return " ".join(text.split())

    def aside(self, source: SourceRead) -> str | None:
        """What may stand beside the name of a source: its description, or else its role."""
        return self.text(source.description or source.role)

    def may_be_spoken_of(self, source: SourceRead) -> bool:
        """Whether another source may stand in the line: not one that is kept out, nor one whose name tells another's.

        Of bodies only the origin's own name counts, as with a paper that is called after it: many share some word.
        """
        names = self.anyones if source.kind in PEOPLE else (self.own,)
        is_told = any(each.are_told_by(source.name or source.label) for each in names)
        return source.id not in self.kept_out and not is_told

    def may_stand_beside(self, texts: Iterable[Text]) -> bool:
        """Whether the description may be printed together with these texts, which are printed in any case.

        Beside a text with the origin's name in it, a description invites readers to put two and two together.
        """
        return not any(map(self.own.are_read_in, texts))


class PrintRule:
    """What may be printed of the attributions of one claim, as one reader sees them."""

    def __init__(
        self,
        attributions: Sequence[AttributionRead],
        sources: Mapping[str, SourceRead],
        same: Mapping[str, Sequence[SourceRead]] | None = None,
    ) -> None:
        """Takes the claim's attributions, the sources by id, and by id the other records of those that are kept out."""
        self._sources, self._own = sources, dict[str, Names]()
        records: list[SourceRead] = []
        for source_id in kept_out(attributions, sources):
            own = [sources[source_id], *(same or {}).get(source_id, ())]
            self._own[source_id] = Names(_names_of(own))
            records += own
        self._ids = frozenset(each.id for each in records)
        # An alias of a pseudonymous source may be the name that its pseudonym stands for.
        known = [each for each in sources.values() if each.anonymity is Anonymity.PSEUDONYMOUS and each.aliases]
        aliases = Names(chain.from_iterable(each.aliases for each in known), known=[each.name or "" for each in known])
        anyones = Names(_names_of(records)) if len(self._own) > 1 else next(iter(self._own.values()), NOBODYS)
        self._anyones = (anyones, aliases) if known else (anyones,)

    def of(self, attribution: AttributionRead) -> Printable:
        """What may be printed of one of them."""
        origin = self._sources[origin_id(attribution)]
        own = NOBODYS if is_named(attribution, origin) else self._own.get(origin.id, NOBODYS)
        return Printable(attribution, origin, own, self._anyones, self._ids)


def print_rules(
    unit: Unit, claims: Iterable[Sequence[AttributionRead]], sources: Mapping[str, SourceRead]
) -> list[PrintRule]:
    """The rule of each of the claims, whose attributions and sources are as the caller reads them.

    What a source is called in another record of it is kept out of print as well, if the caller may read that.
    """
    of_claims = list(claims)
    ids = {each for attributions in of_claims for each in kept_out(attributions, sources)}
    joined = same_sources(unit.session, ids, unit.principal.audience, unit.now) if ids else {}
    unread = set(joined) - set(sources)
    texts = documents_of(unit, ResourceKind.SOURCE, unread) if unread else {}
    known = {**sources, **{each: SourceRead.model_validate_json(text) for each, text in texts.items()}}
    same = {each: [known[other] for other in sorted(joined[each] - {each}) if other in known] for each in ids}
    return [PrintRule(attributions, sources, same) for attributions in of_claims]


def kept_out(attributions: Iterable[AttributionRead], sources: Mapping[str, SourceRead]) -> list[str]:
    """The ids of the sources with a name that some of the attributions keep out of print, each once."""
    origins = ((each, sources[origin_id(each)]) for each in attributions if origin_id(each) in sources)
    return list(
        dict.fromkeys(origin.id for each, origin in origins if _names_of([origin]) and not is_named(each, origin))
    )


def is_named(attribution: AttributionRead, origin: SourceRead) -> bool:
    """Whether print may have the name of the origin, were it a pseudonym."""
    if origin.anonymity not in WITH_PUBLISHED_NAME or attribution.terms in NOT_TO_BE_PRINTED:
        return False
    return attribution.terms not in NOT_TO_BE_NAMED or is_own_voice(attribution, origin)


def is_own_voice(attribution: AttributionRead, origin: SourceRead) -> bool:
    """Whether what publishes speaks for itself: it hides behind no terms. A person never does."""
    return attribution.speech is Speech.OUTLET_VOICE and origin.kind not in PEOPLE


def origin_id(attribution: AttributionRead) -> str:
    """The id of the source at the beginning of the chain."""
    return min(attribution.chain, key=lambda hop: hop.position).source_id


def _names_of(records: Iterable[SourceRead]) -> list[str]:
    return [name for each in records for name in (each.name, *each.aliases) if name is not None]
