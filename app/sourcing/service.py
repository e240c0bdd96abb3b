"""Answers what to mind about a claim's sourcing and in what words to attribute it, as the caller sees the claim."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import orjson

from app.access.units import Reply, Unit
from app.canonical.claim_schemas import ClaimRead, Included
from app.canonical.corroboration import Corroboration
from app.canonical.print_rule import Printable, print_rules
from app.canonical.replies import included, readable
from app.canonical.standing import corroborations, origins_may_coincide, origins_of
from app.exposure.service import added_by
from app.kit.deadline import check
from app.models.vocabulary import LineStyle, ResourceKind, Scope
from app.sourcing.checks import Sourcing, sourcing_warnings
from app.sourcing.line import COMBINED, AttributionLine, attribution_line, combined_line
from app.sourcing.queries import claims_both_ways

MOST_BOTH_WAYS: Final = 20
"""Warnings of one kind about other claims: nobody reads more before they reject one."""


def check_sourcing(unit: Unit, claim_id: str) -> Reply:
    """What is to be minded about the claim's sourcing, and what was asked and found nothing; raises NotFound."""
    found = readable(unit, ResourceKind.CLAIM, claim_id)
    content = orjson.loads(found.document)
    counted = corroborations(unit, [claim_id])[claim_id]
    named = included(unit, [content])
    sourcing = Sourcing(
        claim=ClaimRead.model_validate_json(found.document),
        included=_parsed(named),
        corroboration=_numbers(counted),
        origins_may_coincide=origins_may_coincide(unit, content["attributions"]),
        both_ways=claims_both_ways(unit, claim_id, most=MOST_BOTH_WAYS),
        # Exposure has a scope of its own: whoever holds it reads of what is not public, and nobody else is told of it.
        added=added_by(unit, content) if Scope.INTERNAL_READ in unit.principal.scopes else None,
    )
    warnings = sourcing_warnings(sourcing)
    raised = {warning.code for warning in warnings}
    body = {
        "claim_id": claim_id,
        "corroboration": counted,
        "origins_may_coincide": sourcing.origins_may_coincide,
        "warnings": [asdict(warning) for warning in warnings],
        "passed": [check.code for check in sourcing.asked if check.code not in raised],
        "included": named,
    }
    return Reply(body=orjson.dumps(body), document=found.document)


def word_attributions(unit: Unit, claim_id: str, style: LineStyle) -> Reply:
    """A line for each attribution of the claim, in its order, and one for all; raises NotFound."""
    found = readable(unit, ResourceKind.CLAIM, claim_id)
    claim = ClaimRead.model_validate_json(found.document)
    content = orjson.loads(found.document)
    named = _parsed(included(unit, [content]))
    [rule] = print_rules(unit, [claim.attributions], named.sources)
    printables = [rule.of(each) for each in claim.attributions]
    origins = origins_of(unit, [each for each in content["attributions"] if each["stance"] in COMBINED])
    body = {
        "claim_id": claim_id,
        "style": style,
        "items": [asdict(_line(each, named, style)) for each in printables],
        "combined": combined_line(printables, named, origins=origins),
    }
    return Reply(body=orjson.dumps(body), document=found.document)


def _line(said: Printable, named: Included, style: LineStyle) -> AttributionLine:
    check()
    return attribution_line(said, named, style=style)


def _parsed(named: Mapping[str, Any]) -> Included:
    return Included.model_validate_json(orjson.dumps(named))


def _numbers(counted: Mapping[str, Any]) -> Corroboration:
    """What is read of a claim's corroboration, as it was counted; contradictions are between claims, not sources."""
    return Corroboration(
        attributions=counted["attributions"],
        denials=counted["denials"],
        documents=counted["documents"],
        outlets=counted["outlets"],
        origins_min=counted["independent_origins"]["min"],
        origins_max=counted["independent_origins"]["max"],
        circular=counted["circular"],
    )
