"""Turns canonical documents into replies: the text as it is stored, and beside it what its ids stand for."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import BaseModel, Field
from sqlalchemy import column

from app.access.principals import AUDIENCE_OF
from app.access.units import Reply, Unit
from app.changes import queries
from app.kit.paging import Cursors, Key, KeyValue, Order, PageParameters, chosen_fields, page_of
from app.kit.problems import FieldError, Forbidden, Invalid, NotFound, invalid_parameter
from app.kit.schemas import Reading
from app.models import Rendition
from app.models.vocabulary import ResourceKind, Scope, Visibility

NAMES_OF_SOURCES: Final = frozenset({"source_id", "outlet_id", "organization_id"})
NAMES_OF_DOCUMENTS: Final = frozenset({"document_id"})
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
    if AUDIENCE_OF[visibility] > unit.principal.audience:
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
    texts: Callable[[Unit, list[Any]], list[str]] = lambda _unit, values: values
    """Makes the items' JSON texts of the first columns of a page's rows; canonical documents are text already."""
    carried: Sequence[KeyValue] = ()
    """What each cursor holds beside the place in the list: what the order was made with on the first page."""

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
    texts = listing.texts(unit, [row[0] for row in found.rows])
    items: list[Any] = [orjson.Fragment(text) for text in texts]
    parsed = [orjson.loads(text) for text in texts] if listing.with_included or fields is not None else []
    if fields is not None:
        items = parsed = [{name: value for name, value in item.items() if name in fields} for item in parsed]
    body: dict[str, Any] = {
        "items": items,
        "next_cursor": cursors.write([*found.rows[-1][1:], *listing.carried]) if found.more else None,
    }
    if found.total is not None:
        body["total"] = found.total
    if listing.with_included:
        body["included"] = included(unit, parsed)
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z), next_cursor=body["next_cursor"])


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
    more = begin + page.limit < len(everything)
    if fields is not None:
        shown = [{name: value for name, value in each.items() if name in fields} for each in shown]
    body: dict[str, Any] = {
        "items": shown,
        "next_cursor": cursors.write([shown[-1]["id"]]) if more else None,
        "included": included(unit, shown),
    }
    if page.include_total:
        body["total"] = len(everything)
    return Reply(body=orjson.dumps(body), document=claim.document, next_cursor=body["next_cursor"])
