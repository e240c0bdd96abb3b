"""What an editor should mind before a claim is printed: the Associated Press's tests for anonymous sources, and others.

Nothing here refuses anything. Every check is one small function, and `CHECKS` lists them all. The rules are told in our
words; those of AP stand in The Associated Press Statement of News Values and Principles, under "Anonymous sources".
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.canonical.claim_schemas import AttributionRead, ClaimRead, Included
from app.canonical.corroboration import Corroboration
from app.canonical.print_rule import NOT_TO_BE_NAMED, is_named, origin_id
from app.canonical.schemas import SourceRead
from app.exposure.service import Added
from app.models.vocabulary import (
    Anonymity,
    ClaimKind,
    Reliability,
    SourceKind,
    SourcingWarning,
    Speech,
    Stance,
    Terms,
)


@dataclass(frozen=True, slots=True)
class Warned:
    """One warning. `detail` says why here, naming nobody; `rule` says where it comes from."""

    code: SourcingWarning
    title: str
    detail: str
    attribution_id: str | None
    rule: str


@dataclass(frozen=True, slots=True)
class Sourcing:
    """A claim and what is known of its sourcing, as one audience sees it."""

    claim: ClaimRead
    included: Included
    corroboration: Corroboration
    origins_may_coincide: bool = False
    both_ways: Sequence[str] = ()
    """Ids of claims that it is recorded both to contradict and to corroborate."""
    added: Sequence[Added] | None = None
    """What the claim adds to what is public of sources that it does not name; None for who may not ask that."""

    @property
    def asked(self) -> tuple["Check", ...]:
        """The checks that are made for this reader."""
        return tuple(check for check in CHECKS if self.added is not None or check.find is not _narrows_unnamed_source)


@dataclass(frozen=True, slots=True)
class _Found:
    detail: str
    attribution_id: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A warning, its rule, and what finds it."""

    code: SourcingWarning
    title: str
    find: Callable[[Sourcing], Iterable[_Found]]
    rule: str


ONRECORD: Final = "Onrecord"
AP: Final = "AP News Values and Principles, Anonymous sources"
MORE_THAN_ONE: Final = f"{AP}: more than one source is sought where the sourcing is anonymous."
INFORMATION: Final = f"{AP}: what an anonymous source gives is information, not opinion or speculation, and is vital."
CONDITIONS: Final = f"{AP}: it is to be had in no other way than on the conditions that the source sets."
IN_POSITION: Final = f"{AP}: the source is reliable and in a position to know."
EXPLAINED: Final = f"{AP}: the story explains why the source asked for anonymity."
DESCRIBED: Final = f"{AP}: the source is described so that it is credible; 'a source' alone is not allowed."
NO_PRETENCE: Final = f"{AP}: nobody is said to have declined to comment who is quoted without a name."

BODILESS: Final = frozenset({SourceKind.OUTLET, SourceKind.DOCUMENT, SourceKind.DATASET})
"""What sets no terms and has no reason to: anonymity is an agreement with people."""
JUDGEMENTS: Final = frozenset({ClaimKind.OPINION, ClaimKind.PREDICTION})
SILENT: Final = frozenset({Stance.DENIES, Stance.DECLINES_TO_COMMENT})
BARE: Final = re.compile(
    r"(?:(?:an?|the|one|two|three|another|other|multiple|several|some|many|few|various|both"
    r"|anonymous|unnamed|unidentified|undisclosed|\d+) )*"
    r"(?:sources?|officials?|persons?|people|individuals?|insiders?|experts?|analysts?|observers?|someone)"
)
CONDITION_ALONE: Final = re.compile(r"(?:spoke |speaking )?(?:up)?on (?:the )?condition of anonymity\.?", re.IGNORECASE)


def sourcing_warnings(sourcing: Sourcing) -> list[Warned]:
    """The warnings of a claim, in the order of `CHECKS`, those of one check in the order of the attributions."""
    return [
        Warned(check.code, check.title, found.detail, found.attribution_id, check.rule)
        for check in sourcing.asked
        for found in check.find(sourcing)
    ]


def _origin(sourcing: Sourcing, attribution: AttributionRead) -> SourceRead:
    return sourcing.included.sources[origin_id(attribution)]


def _unnamed(sourcing: Sourcing) -> Iterator[tuple[AttributionRead, SourceRead]]:
    """The attributions to people whom print does not name: unknown, under a pseudonym, or by the terms."""
    for attribution in sourcing.claim.attributions:
        source = _origin(sourcing, attribution)
        says_nothing = attribution.stance is Stance.DECLINES_TO_COMMENT
        if attribution.speech is Speech.OUTLET_VOICE or source.kind in BODILESS or says_nothing:
            continue
        if source.anonymity is not Anonymity.NAMED or not is_named(attribution, source):
            yield attribution, source


def _supporting(sourcing: Sourcing) -> list[tuple[AttributionRead, SourceRead]]:
    return [(each, source) for each, source in _unnamed(sourcing) if each.stance not in SILENT]


def _single_source(sourcing: Sourcing) -> Iterator[_Found]:
    """As the filter of the same name counts: origins and not attributions. A group of two or more is no one origin."""
    unnamed = _supporting(sourcing)
    supporting = [each for each in sourcing.claim.attributions if each.stance not in SILENT]
    if sourcing.corroboration.origins_max == 1 and unnamed and len(unnamed) == len(supporting):
        alone = unnamed[0][0].id if len(unnamed) == 1 else None
        yield _Found("All of it comes from one origin, which no attribution names.", alone)


def _no_second_origin(sourcing: Sourcing) -> Iterator[_Found]:
    fewest, most = sourcing.corroboration.origins_min, sourcing.corroboration.origins_max
    if fewest < 2 and _supporting(sourcing):
        may_be = "" if most == 1 else "; it may be more, but nothing recorded says so"
        yield _Found(f"A source is not named, and only one independent origin is certain{may_be}.")


def _origins_may_coincide(sourcing: Sourcing) -> Iterator[_Found]:
    if sourcing.origins_may_coincide:
        yield _Found(
            "At least one of its origins is not named, and no distinct_from says that it is not another of them."
        )


def _opinion(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution, _source in _unnamed(sourcing):
        if sourcing.claim.kind in JUDGEMENTS:
            yield _Found(
                f"The claim is of the kind {sourcing.claim.kind}, and this source is not named.", attribution.id
            )
        elif attribution.stance is Stance.SPECULATES:
            yield _Found("This source speculates, and is not named.", attribution.id)


def _terms_not_recorded(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution, _source in _unnamed(sourcing):
        if attribution.terms is Terms.UNSPECIFIED:
            yield _Found("This source is not named, and its terms are unspecified.", attribution.id)


def _anonymity_reason_missing(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution, _source in _unnamed(sourcing):
        reason = (attribution.anonymity_reason or "").strip()
        if not reason:
            yield _Found("No reason is recorded why this source is not named.", attribution.id)
        elif CONDITION_ALONE.fullmatch(reason):
            yield _Found("That anonymity was a condition is recorded, but not why.", attribution.id)


def _bare_description(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution, source in _unnamed(sourcing):
        description = " ".join((source.description or "").casefold().strip(" .").split())
        if not description:
            yield _Found("This source is not named, and has no description.", attribution.id)
        elif BARE.fullmatch(description):
            yield _Found("The description does not tell how this source could know.", attribution.id)


def _declined_while_quoted(sourcing: Sourcing) -> Iterator[_Found]:
    quoted = {source.id for _attribution, source in _unnamed(sourcing)}
    for attribution in sourcing.claim.attributions:
        if attribution.stance is Stance.DECLINES_TO_COMMENT and _origin(sourcing, attribution).id in quoted:
            yield _Found("This source did comment: another attribution uses it without its name.", attribution.id)


def _reliability_not_judged(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution, source in _unnamed(sourcing):
        if source.reliability is Reliability.F:
            yield _Found("This source is not named, and its reliability is F, cannot be judged.", attribution.id)


def _circular_reporting(sourcing: Sourcing) -> Iterator[_Found]:
    if sourcing.corroboration.circular:
        yield _Found("Followed from hand to hand, the chains of its attributions lead back to where they were before.")


def _denied(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution in sourcing.claim.attributions:
        if attribution.stance is Stance.DENIES:
            yield _Found("This attribution denies it.", attribution.id)


def _contradicts_and_corroborates(sourcing: Sourcing) -> Iterator[_Found]:
    for other in sourcing.both_ways:
        yield _Found(f"Both are recorded of the claim {other}; one of them is to be rejected.")


def _direct_speech_without_quote(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution in sourcing.claim.attributions:
        if attribution.speech in {Speech.DIRECT, Speech.MIXED} and attribution.quote is None:
            yield _Found(f"The speech is {attribution.speech}, and there is no quote.", attribution.id)


def _outlet_voice_on_background(sourcing: Sourcing) -> Iterator[_Found]:
    for attribution in sourcing.claim.attributions:
        if attribution.speech is Speech.OUTLET_VOICE and attribution.terms in NOT_TO_BE_NAMED:
            yield _Found(f"The outlet speaks in its own voice, and the terms are {attribution.terms}.", attribution.id)


def _narrows_unnamed_source(sourcing: Sourcing) -> Iterator[_Found]:
    for added in sourcing.added or ():
        tells = "tells" if added.is_out else "would tell"
        left = (
            f"Of the {added.fits_before} stored sources that fit what is public beside it, {added.fits_after} "
            f"{'is' if added.fits_after == 1 else 'are'} left."
            if added.fits_before > 1
            else "No other stored source fits what is public beside it already, and none fits this."
        )
        yield _Found(
            f"What it {tells} the public of a source that is not named, and no other public claim does: "
            f"{', '.join(added.fields)}. {left}",
            added.attribution_id,
        )


CHECKS: Final = (
    Check(SourcingWarning.SINGLE_SOURCE, "A single source, not named", _single_source, MORE_THAN_ONE),
    Check(SourcingWarning.NO_SECOND_ORIGIN, "No second independent origin", _no_second_origin, MORE_THAN_ONE),
    Check(
        SourcingWarning.ORIGINS_MAY_COINCIDE,
        "Origins may be the same people",
        _origins_may_coincide,
        ONRECORD + ": a source that is not named is told from another by a relation, or not at all.",
    ),
    Check(SourcingWarning.OPINION, "No information, but opinion or speculation", _opinion, INFORMATION),
    Check(SourcingWarning.TERMS_NOT_RECORDED, "Terms not recorded", _terms_not_recorded, CONDITIONS),
    Check(
        SourcingWarning.ANONYMITY_REASON_MISSING,
        "No reason given for anonymity",
        _anonymity_reason_missing,
        EXPLAINED,
    ),
    Check(SourcingWarning.BARE_DESCRIPTION, "Bare description", _bare_description, DESCRIBED),
    Check(
        SourcingWarning.DECLINED_WHILE_QUOTED,
        "Declined to comment, and quoted without a name",
        _declined_while_quoted,
        NO_PRETENCE,
    ),
    Check(SourcingWarning.RELIABILITY_NOT_JUDGED, "Reliability not judged", _reliability_not_judged, IN_POSITION),
    Check(
        SourcingWarning.CIRCULAR_REPORTING,
        "Circular reporting",
        _circular_reporting,
        ONRECORD + ": information that comes back to its origin confirms nothing.",
    ),
    Check(SourcingWarning.DENIED, "Denied", _denied, ONRECORD + ": a denial is printed beside the claim."),
    Check(
        SourcingWarning.CONTRADICTS_AND_CORROBORATES,
        "Contradicts and corroborates one claim",
        _contradicts_and_corroborates,
        ONRECORD + ": two claims that cannot both be true do not support each other.",
    ),
    Check(
        SourcingWarning.DIRECT_SPEECH_WITHOUT_QUOTE,
        "Direct speech without a quote",
        _direct_speech_without_quote,
        ONRECORD + ": what is in quotation marks is recorded word for word.",
    ),
    Check(
        SourcingWarning.OUTLET_VOICE_ON_BACKGROUND,
        "Terms on an outlet's own voice",
        _outlet_voice_on_background,
        ONRECORD + ": terms are agreed between a source and a reporter.",
    ),
    Check(
        SourcingWarning.NARROWS_UNNAMED_SOURCE,
        "Tells more of a source that is not named",
        _narrows_unnamed_source,
        ONRECORD + ": details that are harmless one by one can tell together who a source is.",
    ),
)
"""Every check, in the order in which the warnings come: what concerns the whole of the sourcing first."""
