"""Confidence converts as the tables of STIX 2.1 Appendix A say, in both directions, over every number."""

import pytest

from app.assessments.scales import UnknownScaleValue, from_confidence, scale_values, to_confidence
from app.models.vocabulary import ConfidenceScale

# STIX 2.1 Appendix A, row by row: the scale's value, the STIX confidence, the range read back as the value.
NONE_LOW_MED_HIGH = [("None", 0, (0, 0)), ("Low", 15, (1, 29)), ("Med", 50, (30, 69)), ("High", 85, (70, 100))]
ZERO_TEN = [
    (0, 0, (0, 4)),
    (1, 10, (5, 14)),
    (2, 20, (15, 24)),
    (3, 30, (25, 34)),
    (4, 40, (35, 44)),
    (5, 50, (45, 54)),
    (6, 60, (55, 64)),
    (7, 70, (65, 74)),
    (8, 80, (75, 84)),
    (9, 90, (85, 94)),
    (10, 100, (95, 100)),
]
# 6, "Truth cannot be judged", has no number and no range.
ADMIRALTY_CREDIBILITY = [(5, 10, (0, 19)), (4, 30, (20, 39)), (3, 50, (40, 59)), (2, 70, (60, 79)), (1, 90, (80, 100))]
WEP = [
    ("Impossible", 0, (0, 0)),
    ("Highly Unlikely/Almost Certainly Not", 10, (1, 19)),
    ("Unlikely/Probably Not", 30, (20, 39)),
    ("Even Chance", 50, (40, 59)),
    ("Likely/Probable", 70, (60, 79)),
    ("Highly likely/Almost Certain", 90, (80, 99)),
    ("Certain", 100, (100, 100)),
]
DNI = [
    ("Almost No Chance / Remote", 5, (0, 9)),
    ("Very Unlikely / Highly Improbable", 15, (10, 19)),
    ("Unlikely / Improbable", 30, (20, 39)),
    ("Roughly Even Chance / Roughly Even Odds", 50, (40, 59)),
    ("Likely / Probable", 70, (60, 79)),
    ("Very Likely / Highly Probable", 85, (80, 89)),
    ("Almost Certain / Nearly Certain", 95, (90, 100)),
]
# STIX 2.1 §3.2: confidence itself is a number from 0 to 100.
PERCENT = [(number, number, (number, number)) for number in range(101)]

TABLES: dict[ConfidenceScale, list[tuple[str | int, int, tuple[int, int]]]] = {
    ConfidenceScale.NONE_LOW_MED_HIGH: [*NONE_LOW_MED_HIGH],
    ConfidenceScale.ZERO_TEN: [*ZERO_TEN],
    ConfidenceScale.ADMIRALTY_CREDIBILITY: [*ADMIRALTY_CREDIBILITY],
    ConfidenceScale.WEP: [*WEP],
    ConfidenceScale.DNI: [*DNI],
    ConfidenceScale.PERCENT: [*PERCENT],
}

every_scale = pytest.mark.parametrize("scale", ConfidenceScale)


def test_every_scale_has_a_table() -> None:
    assert set(TABLES) == set(ConfidenceScale)


@every_scale
def test_value_becomes_the_number_of_the_standard(scale: ConfidenceScale) -> None:
    for value, confidence, _ in TABLES[scale]:
        assert to_confidence(scale, value) == confidence


@every_scale
def test_number_becomes_the_value_in_whose_range_it_falls(scale: ConfidenceScale) -> None:
    expected = {number: value for value, _, (low, high) in TABLES[scale] for number in range(low, high + 1)}

    assert {number: from_confidence(scale, number) for number in range(101)} == expected


@every_scale
def test_ranges_cover_every_number_once(scale: ConfidenceScale) -> None:
    covered = [number for _, _, (low, high) in TABLES[scale] for number in range(low, high + 1)]

    assert covered == list(range(101))


@every_scale
def test_every_value_comes_back_from_its_own_number(scale: ConfidenceScale) -> None:
    for value in scale_values(scale):
        assert from_confidence(scale, to_confidence(scale, value)) == value


def test_credibility_that_cannot_be_judged_is_null_and_never_a_number() -> None:
    assert to_confidence(ConfidenceScale.ADMIRALTY_CREDIBILITY, 6) is None
    assert from_confidence(ConfidenceScale.ADMIRALTY_CREDIBILITY, None) == 6
    assert 6 not in {from_confidence(ConfidenceScale.ADMIRALTY_CREDIBILITY, number) for number in range(101)}


@pytest.mark.parametrize("scale", [scale for scale in ConfidenceScale if scale != "admiralty_credibility"])
def test_null_confidence_is_null_on_every_other_scale(scale: ConfidenceScale) -> None:
    assert from_confidence(scale, None) is None


def test_scale_values_run_from_least_to_most_confident() -> None:
    assert scale_values(ConfidenceScale.ADMIRALTY_CREDIBILITY) == (6, 5, 4, 3, 2, 1)
    assert scale_values(ConfidenceScale.NONE_LOW_MED_HIGH) == ("None", "Low", "Med", "High")
    for scale, table in TABLES.items():
        if scale is not ConfidenceScale.ADMIRALTY_CREDIBILITY:
            assert scale_values(scale) == tuple(value for value, _, _ in table)


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        (ConfidenceScale.NONE_LOW_MED_HIGH, "Medium"),
        (ConfidenceScale.NONE_LOW_MED_HIGH, "med"),
        (ConfidenceScale.NONE_LOW_MED_HIGH, 50),
        (ConfidenceScale.ZERO_TEN, 11),
        (ConfidenceScale.ZERO_TEN, -1),
        (ConfidenceScale.ZERO_TEN, "5"),
        (ConfidenceScale.ZERO_TEN, True),
        (ConfidenceScale.ZERO_TEN, 5.0),
        (ConfidenceScale.ADMIRALTY_CREDIBILITY, 0),
        (ConfidenceScale.ADMIRALTY_CREDIBILITY, 7),
        (ConfidenceScale.ADMIRALTY_CREDIBILITY, 6.0),
        (ConfidenceScale.ADMIRALTY_CREDIBILITY, "2 - Probably True"),
        (ConfidenceScale.ADMIRALTY_CREDIBILITY, "B"),
        (ConfidenceScale.WEP, "Likely / Probable"),
        (ConfidenceScale.WEP, "Highly Likely/Almost Certain"),
        (ConfidenceScale.DNI, "Likely/Probable"),
        (ConfidenceScale.PERCENT, 101),
        (ConfidenceScale.PERCENT, ["Med"]),
    ],
)
def test_value_outside_the_scale_is_refused_with_what_is_permitted(scale: ConfidenceScale, value: object) -> None:
    with pytest.raises(UnknownScaleValue) as refused:
        to_confidence(scale, value)  # type: ignore[arg-type]  # what arrives is not always what is declared

    assert refused.value.scale is scale
    assert refused.value.permitted == scale_values(scale)


def test_refusal_lists_the_permitted_words() -> None:
    with pytest.raises(UnknownScaleValue) as refused:
        to_confidence(ConfidenceScale.NONE_LOW_MED_HIGH, "secret words")

    assert str(refused.value) == 'The scale none_low_med_high permits one of "None", "Low", "Med", "High".'


def test_refusal_states_the_permitted_numbers() -> None:
    with pytest.raises(UnknownScaleValue) as refused:
        to_confidence(ConfidenceScale.ADMIRALTY_CREDIBILITY, 4711)

    assert str(refused.value) == "The scale admiralty_credibility permits a whole number from 1 to 6."


@every_scale
@pytest.mark.parametrize("confidence", [-1, 101, True, 50.0])
def test_confidence_outside_0_to_100_is_refused(scale: ConfidenceScale, confidence: int) -> None:
    with pytest.raises(UnknownScaleValue) as refused:
        from_confidence(scale, confidence)

    assert refused.value.scale is ConfidenceScale.PERCENT
