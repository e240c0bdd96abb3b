"""The SQL of assessments."""

from dataclasses import dataclass

import orjson

from app.access.units import Reply, Unit
from app.canonical.claim_schemas import AssessmentRead
from app.canonical.replies import part, parts, readable
from app.kit.paging import PageParameters
from app.models.vocabulary import ResourceKind


def list_assessments(unit: Unit, claim_id: str, page: PageParameters) -> Reply:
    """Every assessment of the claim, the newest first; raises NotFound."""
    return parts(unit, readable(unit, ResourceKind.CLAIM, claim_id), "assessments", AssessmentRead, page)


def get_assessment(unit: Unit, claim_id: str, assessment_id: str) -> Reply:
    """One assessment of the claim; raises NotFound."""
    return part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "assessments", assessment_id)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the caller can see of a claim: its attributions, what each assessment is of, and which are superseded."""

    attributions: frozenset[str]
    assessed: dict[str, str | None]
    superseded: frozenset[str]


def parts_of(unit: Unit, claim_id: str) -> Parts:
    """The parts of the claim that an assessment may name; raises NotFound."""
    claim = orjson.loads(readable(unit, ResourceKind.CLAIM, claim_id).document)
    return Parts(
        attributions=frozenset(each["id"] for each in claim["attributions"]),
        assessed={each["id"]: each["attribution_id"] for each in claim["assessments"]},
        superseded=frozenset(each["supersedes_id"] for each in claim["assessments"] if each["supersedes_id"]),
    )
