"""The sourcing checks: each finds what it is for, and none that asks about anonymity finds a named source."""

from typing import Any

import pytest

from app.canonical.claim_schemas import AttributionRead, ClaimRead, Included
from app.canonical.corroboration import Corroboration
from app.canonical.schemas import SourceRead
from app.models.vocabulary import SourcingWarning
from app.sourcing.checks import CHECKS, Sourcing, Warned, sourcing_warnings

CLAIM, OTHER, ATTRIBUTION, DOCUMENT, SECOND = (f"00000000-0000-4000-8000-00000000000{number}" for number in range(5))
NAMED, ANONYMOUS, OUTLET, GROUP = (f"00000000-0000-4000-8000-0000000000a{number}" for number in range(4))
NOW = "2026-11-23T09:30:00.000000Z"
EMPTY_CLAIM: dict[str, Any] = {
    "id": CLAIM,
    "statement": "Something happened.",
    "visible_to": "public",
    "occurred": None,
    "quantities": [],
    "retraction": None,
    "headline_assessment_id": None,
    "assessments": [],
    "recorded_at": NOW,
    "version": 1,
    "updated_at": NOW,
}
FEW, MANY = (Corroboration(count, 0, 1, 1, count, count, circular=False) for count in (1, 2))
OF_ANONYMITY = {
    SourcingWarning.SINGLE_SOURCE,
    SourcingWarning.NO_SECOND_ORIGIN,
    SourcingWarning.OPINION,
    SourcingWarning.TERMS_NOT_RECORDED,
    SourcingWarning.ANONYMITY_REASON_MISSING,
    SourcingWarning.BARE_DESCRIPTION,
    SourcingWarning.RELIABILITY_NOT_JUDGED,
}
GOOD: dict[str, Any] = {"terms": "background", "anonymity_reason": "because she feared for her job"}
"""What AP asks of an attribution to somebody who is not named."""


def source(identity: str, **fields: Any) -> SourceRead:
    days = {"recorded_on": "2026-11-23", "updated_on": "2026-11-23"}
    rest = {"label": "label", "reliability": "B", "version": 1, **days}
    return SourceRead.model_validate({"id": identity, "kind": "person", "anonymity": "anonymous", **rest, **fields})


def attribution(origin: str, **fields: Any) -> AttributionRead:
    role = "outlet" if fields.get("speech") == "outlet_voice" else "originator"
    chain = [{"position": 0, "role": role, "source_id": origin, "document_id": None}]
    days = {"said_earliest": None, "said_latest": None, "quote": None}
    names = {"id": ATTRIBUTION, "document_id": DOCUMENT, "speech": "indirect", "chain": chain}
    return AttributionRead.model_validate({**names, **days, **fields})


def warned(
    *attributions: AttributionRead,
    kind: str = "event",
    corroboration: Corroboration = MANY,
    sources: tuple[SourceRead, ...] = (),
    **given: Any,
) -> list[Warned]:
    claim = ClaimRead.model_validate(EMPTY_CLAIM | {"kind": kind, "attributions": attributions})
    known = (
        source(NAMED, anonymity="named", name="Jane Roe"),
        source(ANONYMOUS, description="a senior official at the ministry"),
        source(OUTLET, kind="outlet", anonymity="named", name="Herald"),
        source(GROUP, kind="group", description="aid workers", member_count_min=2),
    )
    included = Included(sources={each.id: each for each in (*known, *sources)}, documents={})
    return sourcing_warnings(Sourcing(claim, included, corroboration, **given))


def codes(*attributions: AttributionRead, **given: Any) -> list[SourcingWarning]:
    return [warning.code for warning in warned(*attributions, **given)]


def test_well_recorded_anonymous_source_beside_another_warns_of_nothing() -> None:
    assert codes(attribution(ANONYMOUS, **GOOD)) == []


def test_bare_anonymous_source_fails_every_test_of_anonymity() -> None:
    bare = source(ANONYMOUS, description="A source.", reliability="F")
    found = codes(attribution(ANONYMOUS), kind="opinion", corroboration=FEW, sources=(bare,))
    assert set(found) == OF_ANONYMITY
    assert found == [check.code for check in CHECKS if check.code in OF_ANONYMITY]


@pytest.mark.parametrize("terms", ["on_the_record", "unspecified"])
def test_named_source_gets_no_warning_of_anonymity(terms: str) -> None:
    named = source(NAMED, anonymity="named", name="Jane Roe", reliability="F")
    sent = attribution(NAMED, terms=terms, stance="speculates")
    assert codes(sent, kind="opinion", corroboration=FEW, sources=(named,)) == []


@pytest.mark.parametrize("kind", ["outlet", "document", "dataset"])
def test_what_agrees_on_no_terms_gets_no_warning_of_anonymity(kind: str) -> None:
    record = source(ANONYMOUS, kind=kind, description="document", reliability="F")
    assert codes(attribution(ANONYMOUS), kind="opinion", corroboration=FEW, sources=(record,)) == []


def test_outlets_own_voice_gets_no_warning_of_anonymity() -> None:
    assert codes(attribution(OUTLET, speech="outlet_voice"), kind="prediction", corroboration=FEW) == []


def test_who_declines_to_comment_gets_no_warning_of_anonymity() -> None:
    nothing = Corroboration(0, 0, 0, 0, 0, 0, circular=False)
    assert codes(attribution(ANONYMOUS, stance="declines_to_comment"), corroboration=nothing) == []


@pytest.mark.parametrize("anonymity", ["named", "pseudonymous"])
def test_name_that_is_not_to_be_printed_counts_as_none(anonymity: str) -> None:
    known = source(NAMED, anonymity=anonymity, name="Jane Roe", description="official")
    found = codes(attribution(NAMED, terms="background"), sources=(known,))
    assert found == [SourcingWarning.ANONYMITY_REASON_MISSING, SourcingWarning.BARE_DESCRIPTION]


def test_group_is_no_single_source() -> None:
    assert codes(attribution(GROUP, **GOOD), corroboration=Corroboration(1, 0, 1, 1, 2, None, circular=False)) == []


ONE = Corroboration(2, 0, 2, 2, 1, 1, circular=False)


@pytest.mark.parametrize(("count", "told_of"), [(1, ATTRIBUTION), (2, None)])
def test_one_unnamed_origin_is_a_single_source_in_however_many_attributions(count: int, told_of: str | None) -> None:
    single, second = warned(*[attribution(ANONYMOUS, **GOOD)] * count, corroboration=ONE)
    assert (single.code, single.attribution_id) == (SourcingWarning.SINGLE_SOURCE, told_of)
    assert second.code == SourcingWarning.NO_SECOND_ORIGIN


def test_one_origin_that_an_attribution_names_is_no_single_source() -> None:
    sent = attribution(ANONYMOUS, **GOOD), attribution(NAMED)
    assert codes(*sent, corroboration=ONE) == [SourcingWarning.NO_SECOND_ORIGIN]


@pytest.mark.parametrize(("most", "told"), [(1, False), (2, True), (None, True)])
def test_no_second_origin_says_whether_there_may_be_more(most: int | None, told: bool) -> None:
    found = warned(attribution(ANONYMOUS, **GOOD), corroboration=Corroboration(2, 0, 2, 2, 1, most, circular=False))
    [detail] = [each.detail for each in found if each.code is SourcingWarning.NO_SECOND_ORIGIN]
    assert ("may be more" in detail) is told


def test_anonymous_denial_leaves_the_origins_as_they_are() -> None:
    denial = attribution(ANONYMOUS, stance="denies", **GOOD)
    one_named = Corroboration(1, 1, 1, 1, 1, 1, circular=False)
    assert codes(attribution(NAMED), denial, corroboration=one_named) == [SourcingWarning.DENIED]


@pytest.mark.parametrize(
    ("kind", "stance", "expected"),
    [
        ("opinion", "asserts", True),
        ("prediction", "asserts", True),
        ("event", "speculates", True),
        ("event", "asserts", False),
        ("event", "hints", False),
        ("causal", "asserts", False),
    ],
)
def test_opinion_prediction_and_speculation_are_told(kind: str, stance: str, expected: bool) -> None:
    found = codes(attribution(ANONYMOUS, stance=stance, **GOOD), kind=kind)
    assert found == ([SourcingWarning.OPINION] if expected else [])


@pytest.mark.parametrize(
    ("description", "bare"),
    [
        ("a source", True),
        ("Sources", True),
        ("one source", True),
        ("another source", True),
        ("multiple sources", True),
        ("an unnamed official.", True),
        ("2 people", True),
        ("one JoongAng Ilbo source", False),
        ("local sources", False),
        ("a source familiar with the situation", False),
        ("a Russian official", False),
    ],
)
def test_bare_descriptions_are_told(description: str, bare: bool) -> None:
    described = source(ANONYMOUS, description=description)
    found = codes(attribution(ANONYMOUS, **GOOD), sources=(described,))
    assert found == ([SourcingWarning.BARE_DESCRIPTION] if bare else [])


@pytest.mark.parametrize(
    ("reason", "missing"),
    [(None, True), ("On condition of anonymity.", True), ("on condition of anonymity for fear", False)],
)
def test_condition_of_anonymity_is_no_reason_for_it(reason: str | None, missing: bool) -> None:
    found = codes(attribution(ANONYMOUS, terms="background", anonymity_reason=reason))
    assert found == ([SourcingWarning.ANONYMITY_REASON_MISSING] if missing else [])


def test_who_declines_and_is_quoted_without_a_name_is_told() -> None:
    declines = attribution(ANONYMOUS, id=SECOND, stance="declines_to_comment")
    [found] = warned(attribution(ANONYMOUS, **GOOD), declines)
    assert (found.code, found.attribution_id) == (SourcingWarning.DECLINED_WHILE_QUOTED, SECOND)


def test_circular_reporting_is_told_of_named_sources_too() -> None:
    circular = Corroboration(2, 0, 2, 2, 2, 2, circular=True)
    assert codes(attribution(NAMED), corroboration=circular) == [SourcingWarning.CIRCULAR_REPORTING]


def test_origins_that_may_coincide_are_told() -> None:
    assert codes(attribution(NAMED), origins_may_coincide=True) == [SourcingWarning.ORIGINS_MAY_COINCIDE]


@pytest.mark.parametrize(("speech", "expected"), [("direct", True), ("mixed", True), ("indirect", False)])
def test_direct_speech_without_a_quote_is_told(speech: str, expected: bool) -> None:
    found = codes(attribution(NAMED, speech=speech))
    assert found == ([SourcingWarning.DIRECT_SPEECH_WITHOUT_QUOTE] if expected else [])


@pytest.mark.parametrize("terms", ["background", "deep_background", "off_the_record"])
def test_terms_on_an_outlets_own_voice_are_told(terms: str) -> None:
    sent = attribution(OUTLET, speech="outlet_voice", terms=terms)
    assert codes(sent) == [SourcingWarning.OUTLET_VOICE_ON_BACKGROUND]


@pytest.mark.parametrize("others", [(), (OTHER,), (OTHER, SECOND)])
def test_claim_that_contradicts_what_it_corroborates_is_told(others: tuple[str, ...]) -> None:
    found = codes(attribution(NAMED), both_ways=others)
    assert found == [SourcingWarning.CONTRADICTS_AND_CORROBORATES] * len(others)


def test_every_warning_has_one_check_and_a_rule() -> None:
    assert sorted(check.code for check in CHECKS) == sorted(SourcingWarning)
    assert all(check.title and check.rule for check in CHECKS)
    assert all(warning.meaning for warning in SourcingWarning)


def test_details_repeat_nothing_of_a_source() -> None:
    secret = source(ANONYMOUS, description="the source", role="Secret role", reliability="F")
    found = warned(
        attribution(ANONYMOUS, hedge="Secret hedge", cue="Secret cue", said="2022-07-19", stance="speculates"),
        corroboration=FEW, sources=(secret,), kind="opinion",
    )  # fmt: skip
    assert found
    assert not any(word in warning.detail for warning in found for word in ("Secret", "2022", "the source."))
