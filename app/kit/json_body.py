"""The one way a JSON body comes in: strict, bounded, and with nothing that an engine or a reader would choke on.

RFC 8259 leaves duplicate names, lone surrogates and unbounded numbers to the receiver (§4, §6, §8.2). Here they
are refused, on both engines alike, and so is NUL, which PostgreSQL cannot store.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any, Final

from app.kit.problems import FIELD_NAME, MAX_ERRORS, BadRequest, FieldError, Invalid, invalid

MAX_DEPTH: Final = 32
"""Deepest nesting of arrays and objects; the deepest document of ours has 8 levels."""
MAX_NUMBER_LENGTH: Final = 64
"""Longest number literal, in characters: 38 digits on either side of a point would fit."""
MAX_EXPONENT: Final = 100
"""Largest power of ten, either way, that a number literal may be scaled by."""
MAX_VALUES: Final = 30_000
"""Most values in a body, the arrays and objects counted in: 300 for each claim of a batch of 100, of which a claim with
a new document, three hops and five quantities has half. The 500,000 that a mebibyte can hold took a second."""
MAX_MEMBERS: Final = 100
"""Most members of one object; of ours none has a third of it."""

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+\\?"?', re.DOTALL)
"""A string, to the end of the text where it is not closed: each character is looked at once, whatever is sent."""
_BRACKET: Final = re.compile(r"[\[{\]}]")


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands in the parsed value where something cannot be accepted, until the way to it is known."""

    code: str
    detail: str


_UNSTORABLE_CHARACTER: Final = _Fault("unstorable_character", "NUL and lone surrogates cannot be stored.")
_TOO_MANY_MEMBERS: Final = _Fault("too_many_members", f"Must have at most {MAX_MEMBERS} members.")
_DUPLICATE_NAME: Final = _Fault("duplicate_name", "This object has the same name twice.")
_NOT_FINITE: Final = _Fault("not_finite", "Must be a finite number.")
_NUMBER_TOO_LONG: Final = _Fault("number_too_long", f"Must have at most {MAX_NUMBER_LENGTH} characters.")
_NUMBER_TOO_LARGE: Final = _Fault("number_too_large", f"Must not be scaled by more than 10^{MAX_EXPONENT}.")


def parse(body: bytes) -> Any:
    """The value that a JSON text stands for; numbers with a fraction or an exponent come as Decimal.

    Raises BadRequest for what is not JSON in UTF-8, and Invalid for JSON that breaks one of the rules above, with
    pointers to the first 20 values that do.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
    _check_extent(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=lambda _literal: _NOT_FINITE,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    faults = list(islice(_faults(value, ""), MAX_ERRORS))
    if faults:
        raise Invalid(errors=faults)
    return value


def _check_extent(text: str) -> None:
    """Raises for a text that is nested too deep or holds too many values, before anything is made of it."""
    bare = _STRING.sub("", text)
    depth = 0
    for mark in islice(_BRACKET.finditer(bare), 2 * MAX_VALUES):
        depth += 1 if mark.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise invalid("", "too_deep", f"The body is nested more than {MAX_DEPTH} levels deep.")
    if bare.count(",") + bare.count("[") + bare.count("{") > MAX_VALUES:
        raise invalid("", "too_many_values", f"The body holds more than {MAX_VALUES:,} values.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Fault:
    if len(pairs) > MAX_MEMBERS:
        return _TOO_MANY_MEMBERS
    made = dict(pairs)
    return made if len(made) == len(pairs) else _DUPLICATE_NAME


def _integer(literal: str) -> int | _Fault:
    return int(literal) if len(literal) <= MAX_NUMBER_LENGTH else _NUMBER_TOO_LONG


def _decimal(literal: str) -> Decimal | _Fault:
    if len(literal) > MAX_NUMBER_LENGTH:
        return _NUMBER_TOO_LONG
    try:
        number = Decimal(literal)
    except InvalidOperation:  # an exponent beyond what Decimal itself can hold
        return _NUMBER_TOO_LARGE
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or max(abs(exponent), abs(number.adjusted())) > MAX_EXPONENT:
        return _NUMBER_TOO_LARGE
    return number


def _faults(value: Any, pointer: str) -> Iterator[FieldError]:
    """What cannot be accepted in the value, in the order sent; its depth is bounded already.

    A name that no field of ours could have is content: the pointer then leads to the object that has it.
    """
    if isinstance(value, _Fault):
        yield FieldError(value.code, value.detail, pointer=pointer)
    elif isinstance(value, str):
        if _UNSTORABLE.search(value):
            yield from _faults(_UNSTORABLE_CHARACTER, pointer)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _faults(item, f"{pointer}/{position}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _faults(name, pointer)
            yield from _faults(item, f"{pointer}/{name}" if FIELD_NAME.fullmatch(name) else pointer)
