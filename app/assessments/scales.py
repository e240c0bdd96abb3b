"""Conversion of the scales people give a confidence in into the number from 0 to 100 that is kept.

The tables are those of STIX 2.1 Appendix A, word for word. Words match exactly, capitals and spaces included
("Med", not "Medium"; "Likely/Probable" on wep, "Likely / Probable" on dni), and numbers are JSON numbers, not strings.
"""

from app.models.vocabulary import ConfidenceScale

HIGHEST_CONFIDENCE = 100
# STIX 2.1 Appendix A: a credibility of 6 stands for a confidence that is absent, which is another thing than 0.
CREDIBILITY_CANNOT_BE_JUDGED = 6


class UnknownScaleValue(ValueError):
    """The value is none of those its scale permits; the message names these and never repeats the value."""

    def __init__(self, scale: ConfidenceScale) -> None:
        self.scale = scale
        self.permitted = scale_values(scale)
        super().__init__(f"The scale {scale.value} permits {_describe(self.permitted)}.")


_TABLES: dict[ConfidenceScale, dict[str | int, int]] = {
    ConfidenceScale.NONE_LOW_MED_HIGH: {
        "None": 0,
        "Low": 15,
        "Med": 50,
        "High": 85,
    },
    ConfidenceScale.ZERO_TEN: {
        0: 0,
        1: 10,
        2: 20,
        3: 30,
        4: 40,
        5: 50,
        6: 60,
        7: 70,
        8: 80,
        9: 90,
        10: 100,
    },
    ConfidenceScale.ADMIRALTY_CREDIBILITY: {
        5: 10,
        4: 30,
        3: 50,
        2: 70,
        1: 90,
    },
    ConfidenceScale.WEP: {
        "Impossible": 0,
        "Highly Unlikely/Almost Certainly Not": 10,
        "Unlikely/Probably Not": 30,
        "Even Chance": 50,
        "Likely/Probable": 70,
        # The small l of "likely" is the standard's own.
        "Highly likely/Almost Certain": 90,
        "Certain": 100,
    },
    ConfidenceScale.DNI: {
        "Almost No Chance / Remote": 5,
        "Very Unlikely / Highly Improbable": 15,
        "Unlikely / Improbable": 30,
        "Roughly Even Chance / Roughly Even Odds": 50,
        "Likely / Probable": 70,
        "Very Likely / Highly Probable": 85,
        "Almost Certain / Nearly Certain": 95,
    },
    ConfidenceScale.PERCENT: {number: number for number in range(HIGHEST_CONFIDENCE + 1)},
}


def to_confidence(scale: ConfidenceScale, value: str | int) -> int | None:
    """The confidence, 0 to 100, that a value of the scale stands for.

    None for Admiralty credibility 6 alone: that the truth cannot be judged is no low confidence. Raises
    `UnknownScaleValue`, also for true and false, for "5" where 5 is meant, and for 5.0.
    """
    # True equals 1 and 5.0 equals 5, so the type is asked before the value.
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise UnknownScaleValue(scale)
    if scale is ConfidenceScale.ADMIRALTY_CREDIBILITY and value == CREDIBILITY_CANNOT_BE_JUDGED:
        return None
    if value not in _TABLES[scale]:
        raise UnknownScaleValue(scale)
    return _TABLES[scale][value]


def scale_values(scale: ConfidenceScale) -> tuple[str | int, ...]:
    """Every value the scale permits, from the least confident to the most; Admiralty credibility 6 comes first."""
    values = tuple(_TABLES[scale])
    return (CREDIBILITY_CANNOT_BE_JUDGED, *values) if scale is ConfidenceScale.ADMIRALTY_CREDIBILITY else values


def _describe(values: tuple[str | int, ...]) -> str:
    numbers = [value for value in values if isinstance(value, int)]
    if numbers:
        return f"a whole number from {min(numbers)} to {max(numbers)}"
    return "one of " + ", ".join(f'"{value}"' for value in values)
