"""Records documents, and checks a text against what was quoted from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.access.principals import AUDIENCE_OF
from app.access.units import Reply, Unit
from app.canonical import queries as rows
from app.canonical.documents import document_content, record_document
from app.canonical.named import Named
from app.canonical.quotes import QuoteAmbiguous, QuoteFault, QuoteNotFound, locate_quote
from app.canonical.reach.parts import reword_document, show_document
from app.canonical.release import join_at_release
from app.canonical.replies import (
    check_may_hide,
    check_references,
    cursors_of,
    locked_readable,
    one,
    readable,
    without_unseen,
)
from app.canonical.told import as_recorded
from app.changes import queries as changes
from app.documents import queries
from app.documents.schemas import (
    DocumentContent,
    DocumentCreate,
    DocumentPatch,
    QuoteCheck,
    QuoteStatus,
    Verification,
    VerifyRequest,
    text_digest,
)
from app.kit.deadline import check
from app.kit.edtf import parse_edtf
from app.kit.ids import random_id
from app.kit.problems import AlreadyExists, FieldError, invalid, validated
from app.kit.schemas import merge_patch
from app.kit.urls import canonical_url
from app.models import Document
from app.models.documents import URL_LENGTH
from app.models.vocabulary import ChangeAction, PublishedBasis, ResourceKind, SourceKind

PUBLISHERS: Final = frozenset({SourceKind.OUTLET, SourceKind.ORGANIZATION})
"""What can publish a document: a newspaper, or a body that issues its own."""
MOST_SEARCHED: Final = 10_000_000
"""Characters that are looked through for one answer, in as many quotes as that is: each looks through the whole text,
at a tenth of a microsecond a character where it is a short one that is nowhere, and nearly so everywhere."""
SHOWN_IN_CLAIMS: Final = ("title", "language", "outlet_id")
"""What claims that were read in the document are counted and found by."""


def create_document(unit: Unit, sent: DocumentCreate) -> Reply:
    """Records a document and answers with it. Raises as `add_document` does."""
    named = Named(unit, [sent.outlet_id])
    document = add_document(unit, named, sent)
    named.record()
    unit.session.flush()
    found = readable(unit, ResourceKind.DOCUMENT, document.id)
    return one(unit, found, extra={"text": document.text}).created(f"/v1/documents/{document.id}")


def add_document(
    unit: Unit, named: Named, sent: DocumentCreate, *, embargo_until: datetime | None = None, pointer: str = ""
) -> Document:
    """A new document, to be recorded with all that the request brings along, and kept from the public until then.

    `named` holds its outlet, and `pointer` leads to it in the request. One request may bring the same document along
    several times, and it is recorded once. Raises Invalid for an outlet that the caller cannot read or that publishes
    nothing, Forbidden for a visibility that they cannot, and AlreadyExists, with `existing_id`, where a document of
    that visibility stands at the address.
    """
    check_may_hide(unit, sent.visibility)
    named.check(ResourceKind.SOURCE, {f"{pointer}/outlet_id": sent.outlet_id})
    _check_publishes(named.kind_of(sent.outlet_id or ""), sent.outlet_id, f"{pointer}/outlet_id")
    columns = _columns(sent, pointer)
    brought_along = _brought_along(named, columns, pointer)
    if brought_along is not None:
        return brought_along
    _check_address(unit, columns, pointer)
    document = Document(id=random_id(), recorded_at=unit.now, embargo_until=embargo_until, **columns)
    named.add_document(document)
    return document


def _check_publishes(kind: SourceKind | None, outlet_id: str | None, pointer: str) -> None:
    if outlet_id is not None and kind not in PUBLISHERS:
        raise invalid(pointer, "not_an_outlet", "What publishes a document is an outlet or an organization.")


def _brought_along(named: Named, columns: Mapping[str, Any], pointer: str) -> Document | None:
    """The document that the same request has brought to this address, if it has; it must be the same throughout."""
    if columns["canonical_url"] is None:
        return None
    document = named.new_document_at(columns["canonical_url"], columns["visibility"])
    if document is not None and any(getattr(document, name) != value for name, value in columns.items()):
        detail = "The request brings a document with this address along twice, and they differ."
        raise invalid(f"{pointer}/url", "contradictory", detail)
    return document


def _columns(content: DocumentContent, pointer: str = "") -> dict[str, Any]:
    columns = {name: getattr(content, name) for name in DocumentContent.model_fields}
    bounds = parse_edtf(content.published) if content.published is not None else None
    columns |= {
        "canonical_url": _address(content, pointer),
        "published_earliest_day": bounds and bounds.earliest_day,
        "published_latest_day": bounds and bounds.latest_day,
        "published_basis": content.published_basis or (PublishedBasis.STATED if bounds else PublishedBasis.UNKNOWN),
        "text_sha256": content.text_sha256 if content.text is None else text_digest(content.text),
    }
    return columns


def _address(content: DocumentContent, pointer: str) -> str | None:
    """The address that stands for the document, which both engines can index: ASCII, and not longer than a column."""
    if content.canonical_url is not None:
        if not content.canonical_url.isascii():
            raise invalid(f"{pointer}/canonical_url", "wrong_form", "Must be percent-encoded, its host in Punycode.")
        return content.canonical_url
    if content.url is None:
        return None
    address = canonical_url(content.url)
    if address is None:
        raise invalid(f"{pointer}/url", "wrong_form", "Must be an http or https URL.")
    if len(address) > URL_LENGTH:
        detail = f"Percent-encoded, it is longer than {URL_LENGTH} characters: give its canonical_url too."
        raise invalid(f"{pointer}/url", "too_long", detail)
    return address


def _check_address(unit: Unit, columns: Mapping[str, Any], pointer: str = "") -> None:
    """Raises AlreadyExists, with `existing_id`, where the caller may read another document of that address.

    What the caller may not read is in nobody's way.
    """
    if columns["canonical_url"] is None:
        return
    at = queries.documents_at(unit.session, columns["canonical_url"], columns["visibility"])
    readable_there = changes.readable_ids(unit, ResourceKind.DOCUMENT, at)
    existing = [each for each in at if each in readable_there]
    if existing:
        detail = "A document with this address is recorded already."
        error = FieldError("already_exists", detail, pointer=f"{pointer}/url")
        raise AlreadyExists(detail, errors=[error], members={"existing_id": existing[0]})


def patch_document(unit: Unit, document_id: str, patch: DocumentPatch) -> Reply:
    """Merges the patch into the document and answers with it.

    Raises NotFound, Stale, AlreadyExists, Forbidden, and Invalid for what the merged document breaks. Quotes are not
    checked against a new text here: a refusal would tell of quotes that the caller may not see. `verify_document` is
    for that. A document that was joined with another record of its address is one of its own again, once it is given
    another address or is for other readers.
    """
    document, found = locked_readable(unit, ResourceKind.DOCUMENT, Document, document_id)
    unit.precondition.check(found.document)
    sent = without_unseen(unit, patch.model_dump(exclude_unset=True), "outlet_id", document.outlet_id)
    content = validated(DocumentContent, merge_patch(_current(document, sent), sent))
    outlet_id = sent.get("outlet_id")
    check_references(unit, ResourceKind.SOURCE, {"/outlet_id": outlet_id})
    _check_publishes(rows.source_kind(unit.session, outlet_id or ""), outlet_id, "/outlet_id")
    seen_before = AUDIENCE_OF[document.visibility]
    reaches = content.visibility is not document.visibility
    if reaches:
        check_may_hide(unit, content.visibility)
    columns = _columns(content)
    moves = reaches or columns["canonical_url"] != document.canonical_url
    if moves:
        _check_address(unit, columns)
        document.joined_id = None
    if reaches:
        document.embargo_until = None
    shown_anew = any(columns[name] != getattr(document, name) for name in SHOWN_IN_CLAIMS)
    for name, value in columns.items():
        setattr(document, name, value)
    record_document(unit, document, ChangeAction.UPDATED)
    if reaches:
        show_document(unit, document, seen_before)
    elif shown_anew:
        reword_document(unit, document_id)
    if moves:
        join_at_release(unit, document)
    unit.session.flush()
    return one(unit, readable(unit, ResourceKind.DOCUMENT, document_id), extra={"text": document.text})


def _current(document: Document, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the document holds, without what is made anew of what is sent."""
    names = set(DocumentContent.model_fields)
    current = {
        name: value
        for name, value in document_content(document, as_recorded(document.recorded_at)).items()
        if name in names
    }
    current["text"] = document.text
    if "url" in sent:
        current.pop("canonical_url")
    if "text" in sent:
        current.pop("text_sha256")
    if "published" in sent:
        current.pop("published_basis")
    return current


def verify_document(unit: Unit, document_id: str, sent: VerifyRequest) -> Reply:
    """Checks a text, the recorded one if none is sent, against the record and quotes from the document.

    As many as are found in a second in whatever text. Changes nothing. Raises NotFound, and Invalid where there is no
    text to check, or for a cursor of another document.
    """
    readable(unit, ResourceKind.DOCUMENT, document_id)
    recorded = rows.text_of(unit.session, document_id)
    text = sent.text if sent.text is not None else recorded
    if text is None:
        raise invalid("/text", "required", "No text of this document is recorded, so one must be sent.")
    recorded_digest = queries.digest_of(unit.session, document_id)
    cursors = cursors_of(unit, f"quotes|{document_id}")
    after = None if sent.cursor is None else cursors.read(sent.cursor, queries.QUOTE_ORDER)
    most = min(sent.limit, max(1, MOST_SEARCHED // len(text)))
    quotes, last = queries.quotes_from(unit, document_id, most=most, after=after)
    found = Verification(
        document_id=document_id,
        text_sha256=text_digest(text),
        matches_recorded=None if recorded_digest is None else recorded_digest == text_digest(text),
        quotes=[_check_quote(text, *quoted) for quoted in quotes],
        next_cursor=None if last is None else cursors.write(last),
    )
    return Reply(body=found.model_dump_json().encode())


def _check_quote(text: str, claim_id: str, attribution_id: str, quote: Mapping[str, Any]) -> QuoteCheck:
    check()
    status, similarity = QuoteStatus.IN_PLACE, 1.0
    start: int | None
    end: int | None
    try:
        names = ("prefix", "suffix", "start", "end")
        span = locate_quote(text, quote["exact"], **{name: quote[name] for name in names})
        start, end = span.start, span.end
    except QuoteNotFound as missing:
        start, end, similarity = missing.nearest_start, missing.nearest_end, missing.similarity
        status = QuoteStatus.MISSING if missing.fault is QuoteFault.ABSENT else QuoteStatus.MOVED
    except QuoteAmbiguous as several:
        start = several.offsets[0]
        end = start + len(quote["exact"])
    return QuoteCheck(
        claim_id=claim_id, attribution_id=attribution_id, status=status, start=start, end=end, similarity=similarity
    )
