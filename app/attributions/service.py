"""Records who asserted a claim, in which document and words, and through whom it reached us."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, TypeVar

import orjson

from app.access.principals import AUDIENCE_OF, VISIBILITY_OF, Audience
from app.access.units import Reply, Unit
from app.attributions import queries
from app.attributions.schemas import AttributionContent, AttributionCreate, AttributionPatch, HopContent, HopCreate
from app.canonical import queries as rows
from app.canonical.bounds import check_claim_size, claim_size
from app.canonical.claims import record_claim, record_claim_rows, unretracted_claim
from app.canonical.named import Named
from app.canonical.queries import ClaimRows
from app.canonical.quotes import QuoteAmbiguous, QuoteNotFound, locate_quote
from app.canonical.release import release_of
from app.canonical.replies import check_may_hide, part, readable
from app.documents.schemas import DocumentCreate
from app.documents.service import add_document
from app.kit.edtf import parse_edtf
from app.kit.ids import random_id
from app.kit.problems import Conflict, FieldError, Invalid, NotFound, invalid, validated
from app.kit.schemas import merge_patch
from app.models import Attribution, Claim, Hop, RemovedAttribution
from app.models.vocabulary import ChangeAction, ClaimStatus, ResourceKind, Scope, SourceKind, Speech, Terms, Visibility
from app.sources.schemas import SourceCreate
from app.sources.service import add_source

S = TypeVar("S", SourceCreate, DocumentCreate)


def create_attribution(unit: Unit, claim_id: str, sent: AttributionCreate) -> Reply:
    """Records an attribution of the claim and answers with it. Raises NotFound, Conflict, and as `add_attribution`."""
    # Before the claim is locked: in that order whoever changes a source locks it and its claims.
    named = Named(unit, sources_named([sent]), documents_named([sent]))
    claim_rows = rows.claim_rows(unit.session, unretracted_claim(unit, claim_id))
    attribution = add_attribution(unit, named, claim_rows, sent)
    named.record()
    record_claim_rows(unit, claim_rows, ChangeAction.UPDATED)
    check_claim_size(unit, claim_id)
    reply = part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", attribution.id)
    return reply.created(f"/v1/claims/{claim_id}/attributions/{attribution.id}")


def sources_named(attributions: Iterable[AttributionCreate]) -> Iterator[str | None]:
    """Ids of the sources that stand in new attributions, with those in what comes along with them."""
    for attribution in attributions:
        yield from (hop.source_id for hop in attribution.chain)
        yield from (hop.source.organization_id for hop in attribution.chain if hop.source is not None)
        new = (attribution.document, *(hop.document for hop in attribution.chain))
        yield from (document.outlet_id for document in new if document is not None)


def documents_named(attributions: Iterable[AttributionCreate]) -> Iterator[str | None]:
    """Ids of the documents that stand in new attributions."""
    for attribution in attributions:
        yield attribution.document_id
        yield from (hop.document_id for hop in attribution.chain)


def add_attribution(
    unit: Unit, named: Named, claim_rows: ClaimRows, sent: AttributionCreate, *, pointer: str = ""
) -> Attribution:
    """The attribution, added to the claim's rows, which have yet to be recorded.

    `named` holds what it names, and `pointer` leads to it in the request. New sources and documents in it are as
    visible as the attribution is, unless they say otherwise. Raises Invalid for what it names and the caller cannot
    read, for a quote that is not in its document, and for an outlet's voice that is not an outlet's; Forbidden where it
    records a source and the key may not, and for what is off the record from a caller who could not read it.
    """
    claim = claim_rows.claim
    new = _New(unit, named, _inherited(named, claim, sent), release_of(claim, unit.now))
    document_id = new.document(sent.document, f"{pointer}/document") or sent.document_id or ""
    hops = [_hop(new, hop, f"{pointer}/chain/{position}") for position, hop in enumerate(sent.chain)]
    names = set(AttributionContent.model_fields) - {"document_id", "chain"}
    content = AttributionContent(document_id=document_id, chain=hops, **{name: getattr(sent, name) for name in names})
    attribution = Attribution(
        claim_id=claim.id,
        id=random_id(),
        position=1 + max((each.position for each in claim_rows.attributions), default=-1),
        audience=AUDIENCE_OF[Visibility.RESTRICTED],
        **_columns(unit, named, content, pointer),
        quote=_placed_quote(named, content, pointer),
    )
    claim_rows.source_audience.update({hop.source_id: named.source_audience[hop.source_id] for hop in hops})
    claim_rows.unnamed_sources.update(hop.source_id for hop in hops if hop.source_id in named.unnamed_sources)
    documents = [document_id, *(hop.document_id for hop in hops if hop.document_id is not None)]
    claim_rows.document_audience.update({each: named.document_audience[each] for each in documents})
    claim_rows.attributions.append(attribution)
    claim_rows.hops[attribution.id] = _hops(attribution, hops)
    return attribution


def _inherited(named: Named, claim: Claim, sent: AttributionCreate) -> Visibility:
    """The visibility of what is recorded along with an attribution: the narrowest of all that makes up the attribution.

    A public document that came along with a hidden source would tell that there is something to hide.
    """
    parts = (sent.document, *chain.from_iterable((hop.source, hop.document) for hop in sent.chain))
    new = [part for part in parts if part is not None]
    given = [part.visibility for part in new if "visibility" in part.model_fields_set]
    seen_from = [AUDIENCE_OF[visibility] for visibility in (claim.visibility, *given)]
    if sent.terms is Terms.OFF_THE_RECORD:
        seen_from.append(Audience.RESTRICTED)
    # What the caller cannot read counts for nothing here: it is refused later, as what does not exist is.
    sources = {hop.source_id for hop in sent.chain if hop.source_id is not None}
    seen_from += named.audiences_read(sources, {each for each in documents_named([sent]) if each is not None})
    return VISIBILITY_OF[max(seen_from)]


@dataclass(frozen=True, slots=True)
class _New:
    """Records what a request brings along, no more visible than what it comes with and not before it."""

    unit: Unit
    named: Named
    visibility: Visibility
    embargo_until: datetime | None

    def source(self, sent: SourceCreate | None, pointer: str) -> str | None:
        if sent is None:
            return None
        self.unit.principal.require(Scope.SOURCES_WRITE)
        until = self._embargo(sent)
        return add_source(self.unit, self.named, self._hidden(sent), embargo_until=until, pointer=pointer).id

    def document(self, sent: DocumentCreate | None, pointer: str) -> str | None:
        if sent is None:
            return None
        until = self._embargo(sent)
        return add_document(self.unit, self.named, self._hidden(sent), embargo_until=until, pointer=pointer).id

    def _hidden(self, sent: S) -> S:
        return (
            sent if "visibility" in sent.model_fields_set else sent.model_copy(update={"visibility": self.visibility})
        )

    def _embargo(self, sent: SourceCreate | DocumentCreate) -> datetime | None:
        return None if "visibility" in sent.model_fields_set else self.embargo_until


def _hop(new: _New, sent: HopCreate, pointer: str) -> HopContent:
    return HopContent(
        role=sent.role,
        source_id=new.source(sent.source, f"{pointer}/source") or sent.source_id or "",
        document_id=new.document(sent.document, f"{pointer}/document") or sent.document_id,
    )


def _columns(unit: Unit, named: Named, content: AttributionContent, pointer: str) -> dict[str, Any]:
    """The attribution's row, its quote apart, once everything that it names is found."""
    _check_names(named, content, pointer)
    if content.terms is Terms.OFF_THE_RECORD:
        check_may_hide(unit, Visibility.RESTRICTED)
    columns = {
        name: getattr(content, name) for name in AttributionContent.model_fields if name not in {"chain", "quote"}
    }
    said = parse_edtf(content.said) if content.said is not None else None
    columns["said_earliest_day"] = said and said.earliest_day
    columns["said_latest_day"] = said and said.latest_day
    return columns


def _check_names(named: Named, content: AttributionContent, pointer: str) -> None:
    hops = list(enumerate(content.chain))
    sources: dict[str, str | None] = {f"{pointer}/chain/{at}/source_id": hop.source_id for at, hop in hops}
    documents: dict[str, str | None] = {f"{pointer}/chain/{at}/document_id": hop.document_id for at, hop in hops}
    documents[f"{pointer}/document_id"] = content.document_id
    named.check(ResourceKind.SOURCE, sources)
    named.check(ResourceKind.DOCUMENT, documents)
    if content.speech is Speech.OUTLET_VOICE and named.kind_of(content.chain[0].source_id) is not SourceKind.OUTLET:
        raise invalid(
            f"{pointer}/chain/0", "not_an_outlet", "An outlet's own voice comes from a source that is an outlet."
        )


def _placed_quote(named: Named, content: AttributionContent, pointer: str) -> dict[str, Any] | None:
    """The quote with its offsets, found in the document's text where there is one."""
    quote = content.quote
    if quote is None:
        return None
    placed = quote.model_dump(mode="json")
    text = named.text_of(content.document_id)
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


def _hops(attribution: Attribution, hops: Sequence[HopContent]) -> list[Hop]:
    return [
        Hop(claim_id=attribution.claim_id, attribution_id=attribution.id, position=position, **dict(hop))
        for position, hop in enumerate(hops)
    ]


def patch_attribution(unit: Unit, claim_id: str, attribution_id: str, patch: AttributionPatch) -> Reply:
    """Merges the patch into the attribution and answers with it.

    Raises NotFound, Stale, Conflict for a retracted claim, and Invalid for what the merged attribution breaks.
    """
    # What is sent is held before the claim is locked, as in `create_attribution`.
    Named(unit, *_names(getattr(patch, "chain", None) or [], getattr(patch, "document_id", None)))
    claim = unretracted_claim(unit, claim_id)
    size = claim_size(unit, claim_id)
    attribution = _readable_attribution(unit, claim_id, attribution_id)
    hops = queries.hops(unit.session, claim_id, attribution_id)
    sent = patch.model_dump(exclude_unset=True)
    content = validated(AttributionContent, merge_patch(_current(attribution, hops, sent), sent))
    named = Named(unit, *_names(content.chain, content.document_id))
    columns = _columns(unit, named, content, "")
    if {"quote", "document_id"} & set(sent):
        columns["quote"] = _placed_quote(named, content, "")
    for name, value in columns.items():
        setattr(attribution, name, value)
    if "chain" in sent:
        for hop in hops:
            unit.session.delete(hop)
        unit.session.flush()
        unit.session.add_all(_hops(attribution, content.chain))
    record_claim(unit, claim, ChangeAction.UPDATED)
    check_claim_size(unit, claim_id, before=size)
    return part(unit, readable(unit, ResourceKind.CLAIM, claim_id), "attributions", attribution_id)


def _names(chain: Sequence[HopContent], document_id: str | None) -> tuple[list[str], list[str | None]]:
    return [hop.source_id for hop in chain], [document_id, *(hop.document_id for hop in chain)]


def _current(attribution: Attribution, hops: Sequence[Hop], sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the attribution holds, without the offsets of a quote whose words or document are sent anew."""
    current = {name: getattr(attribution, name) for name in AttributionContent.model_fields if name != "chain"}
    current["chain"] = [{name: getattr(hop, name) for name in HopContent.model_fields} for hop in hops]
    if attribution.quote is not None and ("document_id" in sent or "exact" in (sent.get("quote") or {})):
        current["quote"] = attribution.quote | {"start": None, "end": None}
    return current


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
    unit.session.add(RemovedAttribution(claim_id=claim_id, id=attribution_id, audience=attribution.audience))
    record_claim(unit, claim, ChangeAction.UPDATED)
    return Reply(body=b"", status=204)


def _readable_attribution(unit: Unit, claim_id: str, attribution_id: str) -> Attribution:
    attribution = queries.attribution(unit, claim_id, attribution_id)
    if attribution is None:
        raise NotFound
    return attribution
