"""Turns canonical documents into replies: the text as it is stored, and beside it what its ids stand for."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import column
from sqlmodel import SQLModel

from app.access.principals import AUDIENCE_OF
from app.access.units import Reply, Unit
from app.access.visibility import sees
from app.canonical import queries as rows
from app.changes import queries
from app.kit.columns import size_bytes
from app.kit.paging import (
    PAGE_BYTES,
    Cursors,
    Key,
    KeyValue,
    Order,
    PageParameters,
    chosen_fields,
    count_within,
    page_of,
)
from app.kit.problems import FieldError, Forbidden, Invalid, NotFound, invalid_parameter
from app.kit.schemas import Reading
from app.models import Rendition
from app.models.vocabulary import ResourceKind, Scope, Visibility

R = TypeVar("R", bound=SQLModel)

NAMES_OF_SOURCES: Final = frozenset({"source_id", "outlet_id", "organization_id"})
NAMES_OF_DOCUMENTS: Final = frozenset({"document_id"})
NAMES: Final = NAMES_OF_SOURCES | NAMES_OF_DOCUMENTS
PART_ORDER: Final = Order((Key(column("id")),), descending=False)
READ_SCOPE: Final = {Visibility.INTERNAL: Scope.INTERNAL_READ, Visibility.RESTRICTED: Scope.RESTRICTED_READ}


class Page(Reading):
    """One page of a list."""

    next_cursor: str | None = Field(
        description="Send it as `cursor` for the next page; null on the last.", examples=[None]
    )
    total: int | None = Field(None, description="Items in the whole list, with `include_total=true`.", examples=[22])


def readable(unit: Unit, kind: ResourceKind, resource_id: str) -> Rendition:
    """What the caller reads of the resource; raises NotFound if it does not exist for them."""
    found = queries.readable(unit, kind, resource_id)
    if found is None:
        raise NotFound
    return found


def locked_readable(unit: Unit, kind: ResourceKind, table: type[R], resource_id: str) -> tuple[R, Rendition]:
    """The resource's row, locked until the transaction ends, and what the caller reads of it then; raises NotFound.

    What does not exist for the caller is neither locked nor waited for: it would take longer than what nobody has
    recorded, and that would tell of it.
    """
    readable(unit, kind, resource_id)
    row = rows.locked(unit.session, table, resource_id)
    if row is None:
        raise NotFound
    return row, readable(unit, kind, resource_id)


def check_references(unit: Unit, kind: ResourceKind, ids: Mapping[str, str | None]) -> None:
    """Raises Invalid for ids, by their pointers, that name nothing the caller may read."""
    wanted = {given for given in ids.values() if given is not None}
    unknown_references(kind, ids, queries.readable_ids(unit, kind, wanted) if wanted else set())


def unknown_references(kind: ResourceKind, ids: Mapping[str, str | None], known: Set[str]) -> None:
    """Raises Invalid for ids, by their pointers, that are none of those known."""
    errors = [
        FieldError("unknown_reference", f"There is no such {kind}.", pointer=pointer)
        for pointer, given in ids.items()
        if given is not None and given not in known
    ]
    if errors:
        raise Invalid(errors=errors)


def without_unseen(unit: Unit, sent: Mapping[str, Any], name: str, source_id: str | None) -> dict[str, Any]:
    """The merge patch without the null that would remove a source which the caller reads as null: it is kept."""
    removes = name in sent and sent[name] is None and source_id is not None
    if removes and not queries.readable_ids(unit, ResourceKind.SOURCE, [str(source_id)]):
        return {other: value for other, value in sent.items() if other != name}
    return dict(sent)


def check_may_hide(unit: Unit, visibility: Visibility) -> None:
    """Raises Forbidden for a visibility that would hide the record from whoever writes it."""
    if not sees(unit.principal.audience, AUDIENCE_OF[visibility]):
        scope = READ_SCOPE[visibility]
        raise Forbidden(f"To record what is {visibility}, a key needs the scope {scope}.", members={"scope": scope})


def included(unit: Unit, values: Sequence[Any]) -> dict[str, dict[str, orjson.Fragment]]:
    """What the ids in parsed documents stand for, as far as the caller may read it: sources and documents by id.

    With a document comes the outlet that published it, and with a source the organization that it belongs to.
    """
    sources, documents = ids_in(values, NAMES_OF_SOURCES), ids_in(values, NAMES_OF_DOCUMENTS)
    document_texts = queries.documents_of(unit, ResourceKind.DOCUMENT, documents)
    sources |= ids_in(map(orjson.loads, document_texts.values()), NAMES_OF_SOURCES)
    source_texts = queries.documents_of(unit, ResourceKind.SOURCE, sources)
    organizations = ids_in(map(orjson.loads, source_texts.values()), NAMES_OF_SOURCES) - sources
    if organizations:
        source_texts |= queries.documents_of(unit, ResourceKind.SOURCE, organizations)
    return {"sources": _fragments(source_texts), "documents": _fragments(document_texts)}


@dataclass(frozen=True, slots=True)
class _Names:
    """What one item of a page names, and how many bytes it has."""

    size: int
    sources: set[str]
    documents: set[str]


def included_within(
    unit: Unit, items: Sequence[Any], sizes: Sequence[int]
) -> tuple[int, dict[str, dict[str, orjson.Fragment]]]:
    """How many of a page's parsed items fit on it with what their ids stand for, and what that is, as of `included`.

    One at the least: what a single item may name is bounded where it is written. `sizes` are the items' bytes.
    """
    names = [
        _Names(size, ids_in([item], NAMES_OF_SOURCES), ids_in([item], NAMES_OF_DOCUMENTS))
        for item, size in zip(items, sizes, strict=True)
    ]
    documents, more_documents = _texts(unit, ResourceKind.DOCUMENT, [each.documents for each in names])
    outlets = {each: ids_in([orjson.loads(text)], NAMES_OF_SOURCES) for each, text in documents.items()}
    for each in names:
        each.sources.update(*(outlets.get(document_id, ()) for document_id in each.documents))
    sources, more_sources = _texts(unit, ResourceKind.SOURCE, [each.sources for each in names])
    bodies = {each: ids_in([orjson.loads(text)], NAMES_OF_SOURCES) for each, text in sources.items()}
    for each in names:
        each.sources.update(*(bodies.get(source_id, ()) for source_id in list(each.sources)))
    lacking = [each.sources - sources.keys() - more_sources for each in names]
    organizations, more_organizations = _texts(unit, ResourceKind.SOURCE, lacking)
    sources |= organizations
    left, texts = more_documents | more_sources | more_organizations, documents | sources
    shown, count, size = set[str](), 0, 0
    for each in names:
        new = (each.sources | each.documents) - shown
        size += each.size + sum(size_bytes(texts[one]) for one in new if one in texts)
        if size > PAGE_BYTES or new & left:
            break
        shown |= new
        count += 1
    if items and not count:
        return 1, included(unit, items[:1])
    return count, {
        "sources": _fragments({each: sources[each] for each in shown if each in sources}),
        "documents": _fragments({each: documents[each] for each in shown if each in documents}),
    }


def _texts(unit: Unit, kind: ResourceKind, ids: Sequence[set[str]]) -> tuple[dict[str, str], set[str]]:
    """The documents of what the items of a page name, as many as fit in the order of the items; and what is left."""
    ordered = list(dict.fromkeys(each for some in ids for each in sorted(some)))
    if not ordered:
        return {}, set()
    texts, left = queries.documents_within(unit, kind, ordered, most=PAGE_BYTES)
    return texts, set(left)


def _fragments(texts: Mapping[str, str]) -> dict[str, orjson.Fragment]:
    return {resource_id: orjson.Fragment(texts[resource_id]) for resource_id in sorted(texts)}


def ids_in(values: Iterable[Any], names: frozenset[str]) -> set[str]:
    """The ids that stand anywhere in the values under one of the names."""
    found: set[str] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found.update(item for name, item in value.items() if name in names and isinstance(item, str))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found


def one(
    unit: Unit,
    rendition: Rendition,
    *,
    extra: Mapping[str, Any] | None = None,
    with_included: bool = False,
    fields: frozenset[str] | None = None,
) -> Reply:
    """A reply with a resource's document, as `one_of` makes it."""
    return one_of(unit, rendition.document, extra=extra, with_included=with_included, fields=fields)


def one_of(
    unit: Unit,
    document: str,
    *,
    extra: Mapping[str, Any] | None = None,
    with_included: bool = False,
    fields: frozenset[str] | None = None,
) -> Reply:
    """A reply with one document, trimmed to some fields, with members added and what its ids stand for."""
    text, members = document, dict(extra or {})
    if fields is not None:
        parsed = {name: value for name, value in orjson.loads(document).items() if name in fields}
        text = orjson.dumps(parsed).decode()
    if with_included:
        members["included"] = included(unit, [orjson.loads(text)])
    return Reply(body=joined(text, members), document=document)


def joined(document: str, members: Mapping[str, Any]) -> bytes:
    """The document's text with members added at its end."""
    if not members:
        return document.encode()
    return document[:-1].encode() + b"," + orjson.dumps(members, option=orjson.OPT_UTC_Z)[1:]


def several(unit: Unit, shown: Sequence[str]) -> Reply:
    """A reply with the documents of what was created, in that order, and what their ids stand for."""
    body = {
        "items": [orjson.Fragment(text) for text in shown],
        "included": included(unit, [orjson.loads(text) for text in shown]),
    }
    return Reply(body=orjson.dumps(body), status=201)


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is answered: what its items are, in which order, and what its cursors are bound to."""

    item: type[BaseModel]
    order: Order
    bound_to: str
    with_included: bool = False
    texts: Callable[[Unit, list[Any]], list[str]] | None = None
    """Makes the items' JSON texts of the first columns of a page's rows, of as many as fit on it; where there is none,
    these are the ids of resources of the `kind`."""
    kind: ResourceKind = ResourceKind.CLAIM
    carried: Sequence[KeyValue] = ()
    """What each cursor holds beside the place in the list: what the order was made with on the first page."""

    def texts_of(self, unit: Unit, values: list[Any]) -> list[str]:
        """The items' JSON texts, of as many of the first as are no longer than a page."""
        if self.texts is not None:
            texts = self.texts(unit, values)
            return texts[: count_within(map(size_bytes, texts), PAGE_BYTES)]
        return list(queries.documents_within(unit, self.kind, values, most=PAGE_BYTES)[0].values())

    def cursors(self, unit: Unit) -> Cursors:
        """The cursors of this list for this audience."""
        return cursors_of(unit, f"{self.bound_to}|{self.order.descending}")


def cursors_of(unit: Unit, bound_to: str) -> Cursors:
    """The cursors of what they are bound to, for the caller's audience."""
    pepper = unit.context.pepper
    return Cursors(
        sign=lambda payload: pepper.digest("cursor", payload), bound_to=f"{bound_to}|{unit.principal.audience}"
    )


def many(unit: Unit, listing: Listing, page: PageParameters, matching: Any) -> Reply:
    """A reply with one page of what a select matches: its first column the items, the others the order's keys."""
    fields = chosen_fields(page.fields, list(listing.item.model_fields))
    cursors = listing.cursors(unit)
    after = None if page.cursor is None else cursors.read(page.cursor, listing.order)
    found = page_of(unit.session, matching, listing.order, page, after)
    texts = listing.texts_of(unit, [row[0] for row in found.rows])
    items: list[Any] = [orjson.Fragment(text) for text in texts]
    parsed = [orjson.loads(text) for text in texts] if listing.with_included or fields is not None else []
    if fields is not None:
        items = parsed = [{name: value for name, value in item.items() if name in fields} for item in parsed]
    named: dict[str, Any] = {}
    if listing.with_included:
        count, named["included"] = included_within(unit, parsed, [size_bytes(text) for text in texts])
        items = items[:count]
    more = found.more or len(items) < len(found.rows)
    body: dict[str, Any] = {
        "items": items,
        "next_cursor": cursors.write([*found.rows[len(items) - 1][1:], *listing.carried]) if more else None,
    }
    if found.total is not None:
        body["total"] = found.total
    return Reply(body=orjson.dumps(body | named, option=orjson.OPT_UTC_Z), next_cursor=body["next_cursor"])


def part(unit: Unit, claim: Rendition, member: str, part_id: str) -> Reply:
    """A reply with one attribution or assessment out of a claim's document; raises NotFound.

    Its ETag names the claim's version: a change of the part is a change of the claim.
    """
    found = next((item for item in orjson.loads(claim.document)[member] if item["id"] == part_id), None)
    if found is None:
        raise NotFound
    body = {**found, "claim_id": claim.resource_id, "included": included(unit, [found])}
    return Reply(body=orjson.dumps(body), document=claim.document)


def parts(unit: Unit, claim: Rendition, member: str, item: type[BaseModel], page: PageParameters) -> Reply:
    """A reply with one page of a claim's attributions or assessments, in the order of its document."""
    cursors = Cursors(
        sign=lambda payload: unit.context.pepper.digest("cursor", payload),
        bound_to=f"{claim.resource_id}|{member}|{unit.principal.audience}",
    )
    fields = chosen_fields(page.fields, list(item.model_fields))
    everything = orjson.loads(claim.document)[member]
    begin = 0
    if page.cursor is not None:
        last_id = cursors.read(page.cursor, PART_ORDER)[0]
        ids = [each["id"] for each in everything]
        if last_id not in ids:
            raise invalid_parameter("cursor", "wrong_cursor", "What this cursor points to is no longer there.")
        begin = ids.index(last_id) + 1
    shown = everything[begin : begin + page.limit]
    sizes = [len(orjson.dumps(each)) for each in shown]
    if fields is not None:
        shown = [{name: value for name, value in each.items() if name in fields} for each in shown]
    count, named = included_within(unit, shown, sizes)
    shown = shown[:count]
    more = begin + count < len(everything)
    body: dict[str, Any] = {
        "items": shown,
        "next_cursor": cursors.write([shown[-1]["id"]]) if more else None,
        "included": named,
    }
    if page.include_total:
        body["total"] = len(everything)
    return Reply(body=orjson.dumps(body), document=claim.document, next_cursor=body["next_cursor"])
