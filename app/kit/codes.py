"""Codes of countries, currencies and languages, checked against the standards' own lists."""

import re
from typing import Annotated, Final

from iso3166 import countries_by_alpha2
from iso4217 import Currency as Iso4217
from langcodes import tag_is_valid
from pydantic import AfterValidator, WithJsonSchema

from app.kit.problems import RuleBroken

WITHDRAWN_CURRENCIES: Final = frozenset(
    """ADP AFA ALK ANG AOK AON AOR ARA ARP ARY ATS AYM AZM BAD BEC BEF BEL BGJ BGK BGL BGN BOP BRB BRC BRE BRN BRR BUK
    BYB BYR CHC CSD CSJ CSK CUC CYP DDM DEM ECS ECV EEK ESA ESB ESP FIM FRF GEK GHC GHP GNE GNS GQE GRD GWE GWP HRD HRK
    IEP ILP ILR ISJ ITL LAJ LSM LTL LTT LUC LUF LUL LVL LVR MGF MLF MRO MTL MTP MVQ MXP MZE MZM NIC NLG PEH PEI PES PLZ
    PTE RHD ROK ROL RUR SDD SDP SIT SKK SLL SRG STD SUR TJR TMM TPE TRL UAK UGS UGW USS UYN UYP VEB VEF VNC XEU XFO XFU
    YDD YUD YUM YUN ZAL ZMK ZRN ZRZ ZWC ZWD ZWL ZWN ZWR""".split()  # noqa: SIM905  # a list literal is 140 lines
)
"""ISO 4217 list three: currencies that are no more, which a claim about the past still names."""
LONGEST_LANGUAGE: Final = 35
LANGUAGE: Final = re.compile("[A-Za-z0-9-]+")
CURRENCIES: Final = frozenset(currency.value for currency in Iso4217) | WITHDRAWN_CURRENCIES


def _country(code: str) -> str:
    if code not in countries_by_alpha2:
        raise RuleBroken("not_a_code", "Must be an ISO 3166-1 alpha-2 country code in capitals.")
    return code


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise RuleBroken("not_a_code", "Must be an ISO 4217 currency code in capitals.")
    return code


def _language(tag: str) -> str:
    if len(tag) > LONGEST_LANGUAGE or not LANGUAGE.fullmatch(tag) or not tag_is_valid(tag):
        raise RuleBroken("not_a_code", "Must be a BCP 47 language tag.")
    return tag


def _code(least: int, most: int, pattern: str) -> WithJsonSchema:
    """What the description says of a code's form. Whoever breaks it is told of the standard, not of the form."""
    return WithJsonSchema({"type": "string", "minLength": least, "maxLength": most, "pattern": f"^{pattern}$"})


Country = Annotated[str, AfterValidator(_country), _code(2, 2, "[A-Z]{2}")]
Currency = Annotated[str, AfterValidator(_currency), _code(3, 3, "[A-Z]{3}")]
Language = Annotated[str, AfterValidator(_language), _code(2, LONGEST_LANGUAGE, LANGUAGE.pattern)]
