"""How large a claim may become: whoever reads it, or what it names, reads all of it.

Judged over what the writer reads of the claim, so that nothing hidden leads to a refusal. Each audience reads what the
wider ones read as well, so a claim is three times as large at the most.
"""

from typing import Final

import orjson

from app.access.units import Unit
from app.canonical.replies import NAMES, ids_in, readable
from app.kit.columns import size_bytes
from app.kit.problems import invalid
from app.models.vocabulary import ResourceKind

MOST_BYTES: Final = 1_048_576
"""Of a claim with its attributions and assessments: as long as the longest request. The demo's longest has 6 KiB."""
MOST_NAMED: Final = 500
"""Sources and documents that one claim names: what they stand for comes beside it in every reply. A hundred articles,
each with an outlet and two sources, name 400."""


def claim_size(unit: Unit, claim_id: str) -> tuple[int, int]:
    """How many bytes the caller reads of the claim, and how many sources and documents these name."""
    document = readable(unit, ResourceKind.CLAIM, claim_id).document
    return size_bytes(document), len(ids_in([orjson.loads(document)], NAMES))


def check_claim_size(unit: Unit, claim_id: str, *, before: tuple[int, int] = (0, 0), pointer: str = "") -> None:
    """Raises Invalid, with the pointer, where a claim that was just recorded is too large, and larger than before.

    What makes it smaller, or only hides or retracts it, is never refused.
    """
    unit.session.flush()
    size, named = claim_size(unit, claim_id)
    if size > max(MOST_BYTES, before[0]):
        detail = f"With this the claim would have more than {MOST_BYTES:,} bytes, as you read it."
        raise invalid(pointer, "claim_too_large", detail)
    if named > max(MOST_NAMED, before[1]):
        detail = f"With this the claim would name more than {MOST_NAMED} sources and documents, as you read it."
        raise invalid(pointer, "claim_too_large", detail)
