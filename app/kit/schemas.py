"""Bases and field types of the wire: what comes in, what goes out, and how a patch is made of a whole.

Wire types are plain Pydantic; the database's guard is in the tables. Types of JSON are not converted into one
another: "5" is not a number here.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo

from app.kit.edtf import InvalidEdtf, parse_edtf
from app.kit.problems import RuleBroken
from app.kit.visible import is_plain

INSTANT: Final = r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})"
"""RFC 3339 §5.6. Of the fraction six digits are kept."""
DAY: Final = r"\d{4}-\d{2}-\d{2}"
DECIMAL: Final = r"-?[0-9]{1,38}(\.[0-9]{1,38})?"
DECIMAL_DIGITS: Final = 38
"""Most digits of a quantity, either side of the point together: PostgreSQL's and most columns stores' common bound."""


class Payload(BaseModel):
    """What a caller sends. A field that it does not name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(BaseModel):
    """What a caller reads: the documented shape of a reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def example(**fields: Any) -> ConfigDict:
    """A model's configuration with a whole example of it, which the API's description shows and the tests send."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def may_lack(*names: str) -> ConfigDict:
    """A model's configuration by which readers have all its fields, these excepted: they may be left out."""

    def extra(schema: dict[str, Any]) -> None:
        schema["required"] = [name for name in schema.get("required", []) if name not in names]

    return ConfigDict(json_schema_serialization_defaults_required=True, json_schema_extra=extra)


def _number(value: Any) -> Any:
    if isinstance(value, bool | str):
        raise RuleBroken("wrong_type", "Must be a number.")
    # No negative zero: PostgreSQL would give it back as it is and SQLite without its sign.
    return 0 if value == 0 else value


def _text_of_form(pattern: str, detail: str) -> BeforeValidator:
    """Lets strings of that form through, and what is a date already; pydantic alone reads "1700000000" as one."""

    def check(value: Any) -> Any:
        if not isinstance(value, str | date):
            raise RuleBroken("wrong_type", detail)
        if isinstance(value, str) and not re.fullmatch(pattern, value, re.ASCII):
            raise RuleBroken("wrong_form", detail)
        return value

    return BeforeValidator(check)


def _instant(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise RuleBroken("out_of_range", "Must lie within the years 1 to 9999 in UTC.") from None


def _instant_text(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _integer_text(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch("-?[0-9]{1,18}", value):
        raise RuleBroken("wrong_type", "Must be a whole number.")
    return value


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        if value not in {"true", "false"}:
            raise RuleBroken("wrong_type", "Must be true or false.")
        return value == "true"
    return value


def _decimal(value: Any) -> Any:
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise RuleBroken("wrong_type", "Must be a decimal number, as a string or a number.")
    if isinstance(value, str) and not re.fullmatch(DECIMAL, value):
        raise RuleBroken("wrong_form", "Must be a decimal number such as 500000000 or 0.25.")
    number = Decimal(value)
    text = decimal_text(number)
    # A number literal may be scaled: 1e-90 has one digit, and ninety when it is written out.
    if not re.fullmatch(DECIMAL, text) or len(text.lstrip("-").replace(".", "").lstrip("0")) > DECIMAL_DIGITS:
        raise RuleBroken("out_of_range", f"Must have at most {DECIMAL_DIGITS} digits.")
    return number


def decimal_text(number: Decimal) -> str:
    """A decimal in plain digits, never with an exponent; the digits after the point are those that were given."""
    return format(number, "f")


def _edtf(value: str) -> str:
    try:
        parse_edtf(value)
    except InvalidEdtf as error:
        raise RuleBroken("not_edtf", f"Must be a date in EDTF (ISO 8601-2 Annex A): {error}") from None
    return value


def _url(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+\.?[^\s@]*", value, re.IGNORECASE):
        raise RuleBroken("wrong_form", "Must be an http or https URL without credentials.")
    return value


def _plain(value: str) -> str:
    if not is_plain(value):
        raise RuleBroken("wrong_form", NOT_PLAIN)
    return value


NOT_PLAIN: Final = "Must be one line without characters that do not show or that turn the direction of writing."
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"\S")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(_plain)]
"""What a key or a custodian is called: people tell by it whom they trust, so it must read as it is written."""
Signature = Annotated[Line, AfterValidator(_plain)]
"""Who answers for a judgement, which must read as it is written for the same reason."""
Paragraph = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S")]
Url = Annotated[
    str,
    StringConstraints(min_length=8, max_length=2048),
    AfterValidator(_url),
    Field(json_schema_extra={"format": "uri"}),
]
Id = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    Field(json_schema_extra={"format": "uuid"}),
]
Integer = Annotated[int, Strict()]
JSON_NUMBER: Final = BeforeValidator(_number)
"""Comes last in an annotation: bounds after it would not come out in the schema as JSON Schema has them."""
Number = Annotated[float, Field(allow_inf_nan=False), JSON_NUMBER]
INTEGER_TEXT: Final = BeforeValidator(_integer_text)
"""Makes an integer one of a query, where everything is text: digits and nothing else. Comes last, as above."""
Flag = Annotated[bool, BeforeValidator(_flag)]
"""true or false in a query, spelt so."""
Instant = Annotated[
    datetime,
    _text_of_form(INSTANT, "Must be an instant, RFC 3339 with an offset: 2026-11-23T09:30:00Z."),
    AfterValidator(_instant),
    PlainSerializer(_instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Day = Annotated[
    date,
    _text_of_form(DAY, "Must be a date, YYYY-MM-DD."),
    WithJsonSchema({"type": "string", "format": "date"}),
]
DecimalIn = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(decimal_text, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{DECIMAL}$"},
                {"type": "number", "minimum": -1e37, "maximum": 1e37},
            ]
        }
    ),
]
DecimalOut = Annotated[
    Decimal,
    PlainSerializer(decimal_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}),
]
Edtf = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_edtf)]

FIXED: Final = ("id", "version", "recorded_at", "updated_at")
"""What the service gives a resource itself."""
P = TypeVar("P", bound=type[BaseModel])


def partial(whole: type[BaseModel]) -> Callable[[P], P]:
    """Gives the class it decorates the fields of `whole`, each optional: the body of a JSON Merge Patch (RFC 7396).

    A null removes, where the whole may be without: elsewhere it would put the default in, and so make public what is
    restricted. Nested objects are merged, so they become partial too. Rules between fields are not checked here but
    on the whole that the merge gives. Type checkers see the decorated class as it is written.
    """

    def fill(cls: P) -> P:
        fixed: dict[str, Any] = {"_fixed": model_validator(mode="before")(_changes_nothing_fixed)}
        fields = _optional_fields(whole)
        made = create_model(cls.__name__, __base__=cls, __module__=cls.__module__, __validators__=fixed, **fields)
        made.__doc__ = cls.__doc__
        return made  # type: ignore[return-value]  # create_model returns a subclass of cls

    return fill


def _changes_nothing_fixed(given: Any) -> Any:
    for name in FIXED:
        if isinstance(given, dict) and name in given:
            raise RuleBroken("fixed", "This cannot be changed.", name)
    return given


def _optional_fields(whole: type[BaseModel]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, info in whole.model_fields.items():
        annotation = Annotated[_partly(info.annotation), *info.metadata] if info.metadata else _partly(info.annotation)
        described = Field(
            None, description=info.description, examples=info.examples, json_schema_extra=_schema_extra(info)
        )
        fields[name] = (annotation, described)
    return fields


def _schema_extra(info: FieldInfo) -> Callable[[dict[str, Any]], None]:
    """Adds what the whole's field adds to its schema, and takes away the default: a patch leaves out what stays."""

    def add(schema: dict[str, Any]) -> None:
        schema.pop("default", None)
        if isinstance(info.json_schema_extra, dict):
            schema.update(info.json_schema_extra)

    return add


def _partly(annotation: Any) -> Any:
    """The annotation, with an object type in it made partial; arrays are replaced whole (RFC 7396 §1)."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return create_model(
            f"{annotation.__name__}Patch",
            __base__=Payload,
            __module__=annotation.__module__,
            __doc__=annotation.__doc__,
            **_optional_fields(annotation),
        )
    if get_origin(annotation) is list or get_origin(annotation) is Literal or not get_args(annotation):
        return annotation
    if type(None) in get_args(annotation):
        inner = [_partly(part) for part in get_args(annotation) if part is not type(None)]
        return Union[*inner, None]
    return annotation


def merge_patch(target: Any, patch: Any) -> Any:
    """The value that a JSON Merge Patch makes of `target`: RFC 7396 §2, for JSON values as Python has them."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
