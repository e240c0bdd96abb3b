"""Records claims: one statement with everyone who made it, changed by patches and withdrawn with a reason."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from app.access.units import Reply, Unit
from app.access.visibility import is_over
from app.assessments.service import add_assessment, evidence_named, outlets_named
from app.attributions.service import add_attribution, documents_named, sources_named
from app.canonical.bounds import check_claim_size, claim_size
from app.canonical.claim_contents import claim_content
from app.canonical.claims import record_claim, record_new_claims, unretracted_claim
from app.canonical.named import Named
from app.canonical.quantities import fill_keys
from app.canonical.queries import ClaimRows, claim_rows
from app.canonical.replies import check_may_hide, several
from app.canonical.standing import claim_texts
from app.canonical.times import occurred_days
from app.canonical.told import as_recorded
from app.canonical.values import Occurred, Place, Quantity
from app.claims import queries
from app.claims.queries import get_claim
from app.claims.schemas import ClaimBatch, ClaimContent, ClaimCreate, ClaimPatch, RetractRequest
from app.kit.ids import random_id
from app.kit.problems import Conflict, invalid, validated
from app.kit.schemas import decimal_text, merge_patch
from app.models import Claim, ClaimTopic
from app.models import Quantity as QuantityRow
from app.models.vocabulary import BoundsBasis, ChangeAction, ClaimStatus, Resolution, Scope, Visibility
from app.relations.queries import is_suggested_to_contradict
from app.relations.suggestions import ask_for_contradictions

MOMENT: Final = timedelta(microseconds=1)
"""By which the claims of a batch are recorded one after the other, so that they are listed in their order."""


def create_claim(unit: Unit, sent: ClaimCreate) -> Reply:
    """Records a claim with what comes along with it and answers with it. Raises as `_new_rows` does."""
    named = _named(unit, [sent])
    rows = _new_rows(unit, named, sent)
    named.record()
    record_new_claims(unit, [rows])
    check_claim_size(unit, rows.claim.id)
    _compare(unit, [rows])
    return _reply(unit, rows.claim.id).created(f"/v1/claims/{rows.claim.id}")


def create_claims(unit: Unit, sent: ClaimBatch) -> Reply:
    """Records several claims, all or none, and answers with them in the order sent. Raises as `_new_rows` does."""
    named = _named(unit, sent.claims)
    claims = [_new_rows(unit, named, claim, place=at, pointer=f"/claims/{at}") for at, claim in enumerate(sent.claims)]
    named.record()
    record_new_claims(unit, claims)
    for at, rows in enumerate(claims):
        check_claim_size(unit, rows.claim.id, pointer=f"/claims/{at}")
    _compare(unit, claims)
    return several(unit, claim_texts(unit, [rows.claim.id for rows in claims], most=math.inf))


def _compare(unit: Unit, claims: Sequence[ClaimRows]) -> None:
    """Has those of the claims compared with others that give numbers for something."""
    ask_for_contradictions(unit, [rows.claim.id for rows in claims if rows.topics and rows.quantities])


def _named(unit: Unit, claims: Sequence[ClaimCreate]) -> Named:
    """What new claims name."""
    attributions = [attribution for claim in claims for attribution in claim.attributions]
    assessments = [claim.assessment for claim in claims if claim.assessment is not None]
    return Named(
        unit,
        (*sources_named(attributions), *outlets_named(assessments)),
        (*documents_named(attributions), *evidence_named(assessments)),
    )


def _new_rows(unit: Unit, named: Named, sent: ClaimCreate, *, place: int = 0, pointer: str = "") -> ClaimRows:
    """The claim's rows, yet to be recorded, as are new sources and documents in it. `named` holds what it names.

    `place` is its place in a batch, and `pointer` leads to it in the request. Raises Forbidden for what the key may not
    record, and Invalid with the pointer to what breaks a rule.
    """
    _check_may_hide(unit, sent)
    recorded_at = unit.now + place * MOMENT
    claim = Claim(id=random_id(), recorded_at=recorded_at, **_columns(sent))
    rows = ClaimRows(claim, _topics(claim, sent), _quantities(claim, sent))
    for position, attribution in enumerate(sent.attributions):
        add_attribution(unit, named, rows, attribution, pointer=f"{pointer}/attributions/{position}")
    if sent.assessment is not None:
        unit.principal.require(Scope.CLAIMS_ASSESS)
        add_assessment(unit, named, rows, sent.assessment, pointer=f"{pointer}/assessment")
    return rows


def _reply(unit: Unit, claim_id: str) -> Reply:
    unit.session.flush()
    return get_claim(unit, claim_id, None)


def _check_may_hide(unit: Unit, content: ClaimContent) -> None:
    """Raises Forbidden for a claim that whoever writes it could not read."""
    check_may_hide(unit, content.visibility)
    if content.status is ClaimStatus.DRAFT or not is_over(content.embargo_until, unit.now):
        check_may_hide(unit, Visibility.INTERNAL)


def _columns(content: ClaimContent) -> dict[str, Any]:
    names = ("statement", "language", "kind", "visibility", "embargo_until", "status")
    columns = {name: getattr(content, name) for name in names}
    place = content.place or Place.model_construct()
    columns |= {f"place_{name}": getattr(place, name) for name in Place.model_fields}
    return columns | _occurred_columns(content.occurred)


def _occurred_columns(occurred: Occurred | None) -> dict[str, Any]:
    names = ("verbatim", "edtf", "mode", "anchor_on", "resolution", "earliest_day", "latest_day")
    if occurred is None:
        return dict.fromkeys((f"occurred_{name}" for name in names), None)
    earliest_day, latest_day = occurred_days(occurred)
    worked_out = Resolution.UNRESOLVED if occurred.edtf is None else Resolution.EXPLICIT
    return {
        "occurred_verbatim": occurred.verbatim,
        "occurred_edtf": occurred.edtf,
        "occurred_mode": occurred.mode,
        "occurred_anchor_on": occurred.anchor_on,
        "occurred_resolution": occurred.resolution or worked_out,
        "occurred_earliest_day": earliest_day,
        "occurred_latest_day": latest_day,
    }


def _topics(claim: Claim, content: ClaimContent) -> list[ClaimTopic]:
    return [ClaimTopic(claim_id=claim.id, position=at, topic=topic) for at, topic in enumerate(content.topics)]


def _quantities(claim: Claim, content: ClaimContent) -> list[QuantityRow]:
    given = enumerate(content.quantities)
    rows = [QuantityRow(claim_id=claim.id, position=at, **_quantity_columns(quantity)) for at, quantity in given]
    for row in rows:
        fill_keys(row)
    return rows


def _quantity_columns(quantity: Quantity) -> dict[str, Any]:
    columns = {name: getattr(quantity, name) for name in Quantity.model_fields}
    for name in ("best", "low", "high"):
        columns[name] = None if columns[name] is None else decimal_text(columns[name])
    if quantity.low is not None or quantity.high is not None:
        columns["bounds_basis"] = quantity.bounds_basis or BoundsBasis.STATED
    return columns


def patch_claim(unit: Unit, claim_id: str, patch: ClaimPatch) -> Reply:
    """Merges the patch into the claim and answers with it.

    Raises NotFound, Stale, Conflict for a retracted claim and for a published one that would be a draft again,
    Forbidden, and Invalid for what the merged claim breaks.
    """
    claim = unretracted_claim(unit, claim_id)
    size = claim_size(unit, claim_id)
    sent = patch.model_dump(exclude_unset=True)
    content = validated(ClaimContent, merge_patch(_current(unit, claim, sent), sent))
    _check_may_hide(unit, content)
    if claim.status is ClaimStatus.PUBLISHED and content.status is ClaimStatus.DRAFT:
        raise Conflict("A published claim does not become a draft again: retract it, or narrow its visibility.")
    if content.status is ClaimStatus.PUBLISHED and not queries.has_attribution(unit, claim_id):
        raise invalid("/status", "required", "A published claim has at least one attribution.")
    for name, value in _columns(content).items():
        setattr(claim, name, value)
    for row in queries.lists_of(unit.session, claim_id):
        unit.session.delete(row)
    unit.session.flush()
    topics, quantities = _topics(claim, content), _quantities(claim, content)
    unit.session.add_all([*topics, *quantities])
    record_claim(unit, claim, ChangeAction.UPDATED)
    check_claim_size(unit, claim_id, before=size)
    if (topics and quantities) or is_suggested_to_contradict(unit.session, claim_id):
        ask_for_contradictions(unit, [claim_id])
    return _reply(unit, claim_id)


def _current(unit: Unit, claim: Claim, sent: dict[str, Any]) -> dict[str, Any]:
    """What the claim holds, without what is worked out anew of what is sent."""
    own = as_recorded(claim.recorded_at)
    whole = claim_content(claim_rows(unit.session, claim), unit.principal.audience, own)
    current = {name: value for name, value in whole.items() if name in ClaimContent.model_fields}
    if current["occurred"] is not None:
        current["occurred"] = {name: current["occurred"][name] for name in Occurred.model_fields}
        if "edtf" in (sent.get("occurred") or {}):
            current["occurred"].pop("resolution")
    current["quantities"] = [
        {name: quantity[name] for name in Quantity.model_fields} for quantity in current["quantities"]
    ]
    return current


def retract_claim(unit: Unit, claim_id: str, sent: RetractRequest) -> Reply:
    """Withdraws the claim for a reason and answers with it; it stays readable, with the reason.

    Raises NotFound, Stale, and Conflict for a claim that is a draft or retracted already.
    """
    claim = unretracted_claim(unit, claim_id)
    if claim.status is ClaimStatus.DRAFT:
        raise Conflict("A draft was never published, so there is nothing to retract.")
    claim.status = ClaimStatus.RETRACTED
    claim.retraction_reason = sent.reason
    claim.retracted_at = unit.now
    record_claim(unit, claim, ChangeAction.RETRACTED)
    if is_suggested_to_contradict(unit.session, claim_id):
        ask_for_contradictions(unit, [claim_id])
    return _reply(unit, claim_id)
