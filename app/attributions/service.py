"""Records who asserted a claim, in which document and words, and through whom it reached us."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from app.access.principals import AUDIENCE_OF
from app.access.units import Reply, Unit
from app.attributions import queries
from app.attributions.schemas import AttributionContent, AttributionCreate, AttributionPatch, HopContent, HopCreate
from app.canonical import queries as rows
from app.canonical.claims import record_claim, unretracted_claim
from app.canonical.replies import check_references, part, readable
from app.documents.queries import text_of
from app.documents.quotes import QuoteAmbiguous, QuoteNotFound, locate_quote
from app.documents.schemas import DocumentCreate
from app.documents.service import add_document
from app.kit.edtf import parse_edtf
from app.kit.ids import random_id
from app.kit.problems import Conflict, FieldError, Invalid, NotFound, invalid, validated
from app.kit.schemas import merge_patch
from app.models import Attribution, Claim, Document, Hop, Source
from app.models.vocabulary import ChangeAction, ClaimStatus, ResourceKind, Scope, SourceKind, Speech, Terms, Visibility
from app.sources.schemas import SourceCreate
from app.sources.service import add_source

S = TypeVar("S", SourceCreate, DocumentCreate)


def create_attribution(unit: Unit, claim_id: str, sent: AttributionCreate) -> Reply:
    """Records an attribution of the claim and answers with it. Raises NotFound, Conflict, and as `add_attribution`."""
    claim = unretracted_claim(unit, claim_id)
    attribution = add_attribution(unit, claim, sent)
    record_claim(unit, claim, ChangeAction.UPDATED)
    unit.session.flush()
    reply = part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", attribution.id)
    return reply.created(f"/v1/claims/{claim_id}/attributions/{attribution.id}")


def add_attribution(unit: Unit, claim: Claim, sent: AttributionCreate, *, pointer: str = "") -> Attribution:
    """The attribution, added to the claim, which the caller has yet to record. `pointer` leads to it in the request.

    New sources and documents in it are recorded as visible as the attribution is, unless they say otherwise. Raises
    Invalid for what it names and the caller cannot read, for a quote that is not in its document, and for an outlet's
    voice that is not an outlet's; Forbidden where it records a source and the key may not.
    """
    new = _New(unit, narrowest(claim.visibility, sent.terms))
    document_id = new.document(sent.document, f"{pointer}/document") or sent.document_id or ""
    chain = [_hop(new, hop, f"{pointer}/chain/{position}") for position, hop in enumerate(sent.chain)]
    names = set(AttributionContent.model_fields) - {"document_id", "chain"}
    content = AttributionContent(document_id=document_id, chain=chain, **{name: getattr(sent, name) for name in names})
    unit.session.flush()
    attribution = Attribution(
        claim_id=claim.id,
        id=random_id(),
        position=queries.next_position(unit.session, claim.id),
        audience=AUDIENCE_OF[Visibility.RESTRICTED],
        **_columns(unit, content, pointer),
    )
    unit.session.add(attribution)
    unit.session.flush()
    _add_hops(unit, attribution, chain)
    return attribution


def narrowest(visibility: Visibility, terms: Terms) -> Visibility:
    """The visibility of what is recorded along with an attribution: as narrow as the claim's and its terms."""
    return Visibility.RESTRICTED if terms is Terms.OFF_THE_RECORD else visibility


@dataclass(frozen=True, slots=True)
class _New:
    """Records what a request brings along, as visible as what it comes with unless it says otherwise."""

    unit: Unit
    visibility: Visibility

    def source(self, sent: SourceCreate | None, pointer: str) -> str | None:
        if sent is None:
            return None
        self.unit.principal.require(Scope.SOURCES_WRITE)
        return add_source(self.unit, self._hidden(sent), pointer=pointer).id

    def document(self, sent: DocumentCreate | None, pointer: str) -> str | None:
        return None if sent is None else add_document(self.unit, self._hidden(sent), pointer=pointer).id

    def _hidden(self, sent: S) -> S:
        return (
            sent if "visibility" in sent.model_fields_set else sent.model_copy(update={"visibility": self.visibility})
        )


def _hop(new: _New, sent: HopCreate, pointer: str) -> HopContent:
    return HopContent(
        role=sent.role,
        source_id=new.source(sent.source, f"{pointer}/source") or sent.source_id or "",
        document_id=new.document(sent.document, f"{pointer}/document") or sent.document_id,
    )


def _columns(unit: Unit, content: AttributionContent, pointer: str) -> dict[str, Any]:
    """The attribution's row, once everything that it names is found and held, and its quote stands in its document."""
    _check_names(unit, content, pointer)
    columns = {
        name: getattr(content, name) for name in AttributionContent.model_fields if name not in {"chain", "quote"}
    }
    said = parse_edtf(content.said) if content.said is not None else None
    columns["said_earliest_day"] = said and said.earliest_day
    columns["said_latest_day"] = said and said.latest_day
    columns["quote"] = _placed_quote(unit, content, pointer)
    return columns


def _check_names(unit: Unit, content: AttributionContent, pointer: str) -> None:
    hops = list(enumerate(content.chain))
    sources: dict[str, str | None] = {f"{pointer}/chain/{at}/source_id": hop.source_id for at, hop in hops}
    documents: dict[str, str | None] = {f"{pointer}/chain/{at}/document_id": hop.document_id for at, hop in hops}
    documents[f"{pointer}/document_id"] = content.document_id
    check_references(unit, ResourceKind.SOURCE, sources)
    check_references(unit, ResourceKind.DOCUMENT, documents)
    held = rows.held(unit.session, Source, [hop.source_id for hop in content.chain])
    rows.held(unit.session, Document, [each for each in documents.values() if each is not None])
    origin = held[content.chain[0].source_id]
    if content.speech is Speech.OUTLET_VOICE and origin.kind is not SourceKind.OUTLET:
        raise invalid(
            f"{pointer}/chain/0", "not_an_outlet", "An outlet's own voice comes from a source that is an outlet."
        )


def _placed_quote(unit: Unit, content: AttributionContent, pointer: str) -> dict[str, Any] | None:
    """The quote with its offsets, found in the document's text where there is one."""
    quote = content.quote
    if quote is None:
        return None
    placed = quote.model_dump(mode="json")
    text = text_of(unit.session, content.document_id)
    if text is None:
        return placed
    try:
        span = locate_quote(
            text, quote.exact, prefix=quote.prefix, suffix=quote.suffix, start=quote.start, end=quote.end
        )
    except QuoteNotFound as missing:
        error = FieldError("quote_not_found", str(missing), pointer=f"{pointer}/quote/exact")
        nearest = {"start": missing.nearest_start, "end": missing.nearest_end, "similarity": missing.similarity}
        raise Invalid(error.detail, errors=[error], members={"nearest": nearest}) from None
    except QuoteAmbiguous as several:
        raise invalid(f"{pointer}/quote/exact", "quote_ambiguous", str(several)) from None
    return {**placed, "start": span.start, "end": span.end}


def _add_hops(unit: Unit, attribution: Attribution, chain: Sequence[HopContent]) -> None:
    for position, hop in enumerate(chain):
        unit.session.add(
            Hop(claim_id=attribution.claim_id, attribution_id=attribution.id, position=position, **dict(hop))
        )


def patch_attribution(unit: Unit, claim_id: str, attribution_id: str, patch: AttributionPatch) -> Reply:
    """Merges the patch into the attribution and answers with it.

    Raises NotFound, Stale, Conflict for a retracted claim, and Invalid for what the merged attribution breaks.
    """
    claim = unretracted_claim(unit, claim_id)
    attribution = _readable_attribution(unit, claim_id, attribution_id)
    hops = queries.hops(unit.session, claim_id, attribution_id)
    sent = patch.model_dump(exclude_unset=True)
    current = {name: getattr(attribution, name) for name in AttributionContent.model_fields if name != "chain"}
    current["chain"] = [{name: getattr(hop, name) for name in HopContent.model_fields} for hop in hops]
    content = validated(AttributionContent, merge_patch(current, sent))
    for name, value in _columns(unit, content, "").items():
        setattr(attribution, name, value)
    if "chain" in sent:
        for hop in hops:
            unit.session.delete(hop)
        unit.session.flush()
        _add_hops(unit, attribution, content.chain)
    record_claim(unit, claim, ChangeAction.UPDATED)
    unit.session.flush()
    return part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", attribution_id)


def remove_attribution(unit: Unit, claim_id: str, attribution_id: str) -> Reply:
    """Removes the attribution and what was assessed of it; the history keeps them.

    Raises NotFound, Stale, and Conflict for a retracted claim or the last attribution of a published one.
    """
    claim = unretracted_claim(unit, claim_id)
    attribution = _readable_attribution(unit, claim_id, attribution_id)
    shown = orjson.loads(readable(unit, ResourceKind.CLAIM, claim_id).document)["attributions"]
    if claim.status is ClaimStatus.PUBLISHED and len(shown) == 1:
        raise Conflict("A published claim keeps at least one attribution: retract the claim instead.")
    for row in queries.what_hangs_on(unit.session, claim_id, attribution_id):
        unit.session.delete(row)
    unit.session.flush()
    unit.session.delete(attribution)
    record_claim(unit, claim, ChangeAction.UPDATED)
    return Reply(body=b"", status=204)


def _readable_attribution(unit: Unit, claim_id: str, attribution_id: str) -> Attribution:
    attribution = queries.attribution(unit.session, claim_id, attribution_id)
    if attribution is None or attribution.audience > unit.principal.audience:
        raise NotFound
    return attribution
