"""Confidence converts as the tables of STIX 2.1 Appendix A say."""

import pytest

from app.assessments.scales import UnknownScaleValue, scale_values, to_confidence
from app.models.vocabulary import ConfidenceScale

# STIX 2.1 Appendix A, row by row: the scale's value, the STIX confidence.
NONE_LOW_MED_HIGH = [("None", 0), ("Low", 15), ("Med", 50), ("High", 85)]
ZERO_TEN = [
    (0, 0),
    (1, 10),
    (2, 20),
    (3, 30),
    (4, 40),
    (5, 50),
    (6, 60),
    (7, 70),
    (8, 80),
    (9, 90),
    (10, 100),
]
# 6, "Truth cannot be judged", has no number.
ADMIRALTY_CREDIBILITY = [(5, 10), (4, 30), (3, 50), (2, 70), (1, 90)]
WEP = [
    ("Impossible", 0),
    ("Highly Unlikely/Almost Certainly Not", 10),
    ("Unlikely/Probably Not", 30),
    ("Even Chance", 50),
    ("Likely/Probable", 70),
    ("Highly likely/Almost Certain", 90),
    ("Certain", 100),
]
DNI = [
    ("Almost No Chance / Remote", 5),
    ("Very Unlikely / Highly Improbable", 15),
    ("Unlikely / Improbable", 30),
    ("Roughly Even Chance / Roughly Even Odds", 50),
    ("Likely / Probable", 70),
    ("Very Likely / Highly Probable", 85),
    ("Almost Certain / Nearly Certain", 95),
]
# STIX 2.1 §3.2: confidence itself is a number from 0 to 100.
PERCENT = [(number, number) for number in range(101)]

TABLES: dict[ConfidenceScale, list[tuple[str | int, int]]] = {
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
    for value, confidence in TABLES[scale]:
        assert to_confidence(scale, value) == confidence


def test_credibility_that_cannot_be_judged_is_null_and_never_a_number() -> None:
    assert to_confidence(ConfidenceScale.ADMIRALTY_CREDIBILITY, 6) is None


def test_scale_values_run_from_least_to_most_confident() -> None:
    assert scale_values(ConfidenceScale.ADMIRALTY_CREDIBILITY) == (6, 5, 4, 3, 2, 1)
    assert scale_values(ConfidenceScale.NONE_LOW_MED_HIGH) == ("None", "Low", "Med", "High")
    for scale, table in TABLES.items():
        if scale is not ConfidenceScale.ADMIRALTY_CREDIBILITY:
            assert scale_values(scale) == tuple(value for value, _ in table)


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
