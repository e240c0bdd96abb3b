"""Conversion between the scales people give a confidence in and the number from 0 to 100 that is kept.

The tables are those of STIX 2.1 Appendix A, both ways, word for word. Words match exactly, capitals and spaces included
("Med", not "Medium"; "Likely/Probable" on wep, "Likely / Probable" on dni), and numbers are JSON numbers, not strings.
"""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table: a value of the scale, the confidence it stands for, and the confidences read back as it."""

    value: str | int
    confidence: int
    low: int
    high: int


_TABLES: dict[ConfidenceScale, tuple[Step, ...]] = {
    ConfidenceScale.NONE_LOW_MED_HIGH: (
        Step("None", 0, 0, 0),
        Step("Low", 15, 1, 29),
        Step("Med", 50, 30, 69),
        Step("High", 85, 70, 100),
    ),
    ConfidenceScale.ZERO_TEN: (
        Step(0, 0, 0, 4),
        Step(1, 10, 5, 14),
        Step(2, 20, 15, 24),
        Step(3, 30, 25, 34),
        Step(4, 40, 35, 44),
        Step(5, 50, 45, 54),
        Step(6, 60, 55, 64),
        Step(7, 70, 65, 74),
        Step(8, 80, 75, 84),
        Step(9, 90, 85, 94),
        Step(10, 100, 95, 100),
    ),
    ConfidenceScale.ADMIRALTY_CREDIBILITY: (
        Step(5, 10, 0, 19),
        Step(4, 30, 20, 39),
        Step(3, 50, 40, 59),
        Step(2, 70, 60, 79),
        Step(1, 90, 80, 100),
    ),
    ConfidenceScale.WEP: (
        Step("Impossible", 0, 0, 0),
        Step("Highly Unlikely/Almost Certainly Not", 10, 1, 19),
        Step("Unlikely/Probably Not", 30, 20, 39),
        Step("Even Chance", 50, 40, 59),
        Step("Likely/Probable", 70, 60, 79),
        # The small l of "likely" is the standard's own.
        Step("Highly likely/Almost Certain", 90, 80, 99),
        Step("Certain", 100, 100, 100),
    ),
    ConfidenceScale.DNI: (
        Step("Almost No Chance / Remote", 5, 0, 9),
        Step("Very Unlikely / Highly Improbable", 15, 10, 19),
        Step("Unlikely / Improbable", 30, 20, 39),
        Step("Roughly Even Chance / Roughly Even Odds", 50, 40, 59),
        Step("Likely / Probable", 70, 60, 79),
        Step("Very Likely / Highly Probable", 85, 80, 89),
        Step("Almost Certain / Nearly Certain", 95, 90, 100),
    ),
    ConfidenceScale.PERCENT: tuple(Step(number, number, number, number) for number in range(HIGHEST_CONFIDENCE + 1)),
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
    for step in _TABLES[scale]:
        if step.value == value:
            return step.confidence
    raise UnknownScaleValue(scale)


def from_confidence(scale: ConfidenceScale, confidence: int | None) -> str | int | None:
    """The value of the scale in whose range a confidence, 0 to 100, falls.

    A confidence that is absent is Admiralty credibility 6 and, on every other scale, None; no number is ever read back
    as 6. Raises `UnknownScaleValue`, of the scale percent, for a number outside 0 to 100. The range matters, not the
    nearest number: a round trip keeps the value of the scale, not the confidence.
    """
    if confidence is None:
        return CREDIBILITY_CANNOT_BE_JUDGED if scale is ConfidenceScale.ADMIRALTY_CREDIBILITY else None
    to_confidence(ConfidenceScale.PERCENT, confidence)
    return next(step.value for step in _TABLES[scale] if step.low <= confidence <= step.high)


def scale_values(scale: ConfidenceScale) -> tuple[str | int, ...]:
    """Every value the scale permits, from the least confident to the most; Admiralty credibility 6 comes first."""
    values = tuple(step.value for step in _TABLES[scale])
    return (CREDIBILITY_CANNOT_BE_JUDGED, *values) if scale is ConfidenceScale.ADMIRALTY_CREDIBILITY else values


def _describe(values: tuple[str | int, ...]) -> str:
    numbers = [value for value in values if isinstance(value, int)]
    if numbers:
        return f"a whole number from {min(numbers)} to {max(numbers)}"
    return "one of " + ", ".join(f'"{value}"' for value in values)
