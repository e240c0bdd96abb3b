"""The one way a JSON body comes in: strict, bounded, and with nothing that an engine or a reader would choke on.

RFC 8259 leaves duplicate names, lone surrogates and unbounded numbers to the receiver (§4, §6, §8.2). Here they
are refused, on both engines alike, and so is NUL, which PostgreSQL cannot store.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn

from app.kit.problems import BadRequest, Invalid, invalid

MAX_DEPTH: Final = 32
"""Deepest nesting of arrays and objects; the deepest document of ours has 8 levels."""
MAX_NUMBER_LENGTH: Final = 64
"""Longest number literal, in characters: 38 digits on either side of a point would fit."""
MAX_EXPONENT: Final = 100
"""Largest power of ten, either way, that a number literal may be scaled by."""

_UNPRINTABLE: Final = re.compile("[\x00\ud800-\udfff]")
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


class _Refused(Exception):
    def __init__(self, problem: Invalid) -> None:
        self.problem = problem


def parse(body: bytes) -> Any:
    """The value that a JSON text stands for; numbers with a fraction or an exponent come as Decimal.

    Raises BadRequest for what is not JSON in UTF-8, and Invalid for JSON that breaks one of the rules above; the
    pointer leads to the value where that is known, and is the root otherwise.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except _Refused as refused:
        raise refused.problem from None
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON.") from None
    _check_strings(value, "")
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for mark in re.finditer(r"[\[{\]}]", _STRINGS.sub("", text)):
        depth += 1 if mark.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise invalid("", "too_deep", f"The body is nested more than {MAX_DEPTH} levels deep.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Refused(invalid("", "duplicate_name", "An object in the body has the same name twice."))
    return made


def _constant(_literal: str) -> NoReturn:
    raise BadRequest("NaN and Infinity are not JSON.")


def _bounded(literal: str) -> str:
    if len(literal) > MAX_NUMBER_LENGTH:
        raise _Refused(invalid("", "number_too_long", f"A number has more than {MAX_NUMBER_LENGTH} characters."))
    return literal


def _integer(literal: str) -> int:
    return int(_bounded(literal))


def _decimal(literal: str) -> Decimal:
    number = Decimal(_bounded(literal))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > MAX_EXPONENT or abs(number.adjusted()) > MAX_EXPONENT:
        raise _Refused(invalid("", "number_too_large", f"A number is scaled by more than 10^{MAX_EXPONENT}."))
    return number


def _check_strings(value: Any, pointer: str) -> None:
    """Refuses NUL and lone surrogates in every string, names included; depth is bounded already."""
    if isinstance(value, str):
        if _UNPRINTABLE.search(value):
            raise invalid(pointer, "unstorable_character", "NUL and lone surrogates cannot be stored.")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            _check_strings(item, f"{pointer}/{position}")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_strings(name, pointer)
            _check_strings(item, f"{pointer}/{name}" if name.isidentifier() and len(name) <= 40 else pointer)
