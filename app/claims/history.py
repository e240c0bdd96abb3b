"""What a claim was: its versions, and how it stood at an instant, as far as the reader may see it today.

A source that was public and is hidden now is hidden in the past too: attributions that name what the reader may not
see today are taken out of old versions, and a version with none left is not shown.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import column

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.canonical.replies import NAMES_OF_DOCUMENTS, NAMES_OF_SOURCES, Listing, ids_in, one_of, readable
from app.changes import queries as changes
from app.claims import queries
from app.claims.schemas import VersionRead
from app.kit.paging import Key, Order, PageParameters, chosen_fields
from app.kit.problems import NotFound
from app.models import Change
from app.models.vocabulary import ClaimStatus, ResourceKind

ORDER: Final = Order((Key(column("version"), int),), descending=True)


def list_versions(unit: Unit, claim_id: str, page: PageParameters) -> Reply:
    """The claim's versions, the newest first; raises NotFound."""
    readable(unit, ResourceKind.CLAIM, claim_id)
    fields = chosen_fields(page.fields, list(VersionRead.model_fields), always="version")
    cursors = Listing(VersionRead, ORDER, f"history|{claim_id}").cursors(unit)
    before = None if page.cursor is None else int(str(cursors.read(page.cursor, ORDER)[0]))
    found = changes.versions(unit, claim_id, before=before, limit=page.limit + 1)
    shown = found[: page.limit]
    items = [
        _version(unit, change, document)
        for change, document in zip(shown, as_seen_today(unit, claim_id, shown), strict=True)
        if document is not None
    ]
    if fields is not None:
        items = [{name: value for name, value in item.items() if name in fields} for item in items]
    next_cursor = cursors.write([shown[-1].version]) if len(found) > page.limit else None
    body: dict[str, Any] = {"items": items, "next_cursor": next_cursor}
    if page.include_total:
        body["total"] = changes.count_versions(unit, claim_id)
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z), next_cursor=next_cursor)


def _version(unit: Unit, change: Change, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": change.version,
        "action": change.action,
        "recorded_at": change.recorded_at,
        "actor_id": change.actor_id if unit.principal.audience >= Audience.INTERNAL else None,
        "document": document,
    }


def claim_as_of(unit: Unit, claim_id: str, instant: datetime, fields: frozenset[str] | None) -> Reply:
    """The claim as the reader would have read it at that instant; raises NotFound if it was not there yet."""
    readable(unit, ResourceKind.CLAIM, claim_id)
    change = changes.version_at(unit, claim_id, instant)
    if change is None:
        raise NotFound("The claim was not recorded yet.")
    document = as_seen_today(unit, claim_id, [change])[0]
    if document is None:
        raise NotFound("The claim was not recorded yet.")
    return one_of(unit, orjson.dumps(document).decode(), with_included=True, fields=fields)


def as_seen_today(unit: Unit, claim_id: str, versions: Sequence[Change]) -> list[dict[str, Any] | None]:
    """The versions' documents without what names anything hidden from the reader today; None for one left empty."""
    documents = [orjson.loads(version.document) for version in versions]
    seen = _Seen(
        sources=changes.readable_ids(unit, ResourceKind.SOURCE, ids_in(documents, NAMES_OF_SOURCES)),
        documents=changes.readable_ids(unit, ResourceKind.DOCUMENT, ids_in(documents, NAMES_OF_DOCUMENTS)),
        hidden_attributions=queries.hidden_attributions(unit, claim_id),
    )
    return [seen.of(document) for document in documents]


class _Seen:
    """What the reader may see today of everything that some documents name."""

    def __init__(self, *, sources: set[str], documents: set[str], hidden_attributions: set[str]) -> None:
        self._sources, self._documents, self._hidden = sources, documents, hidden_attributions

    def of(self, claim: dict[str, Any]) -> dict[str, Any] | None:
        attributions = [each for each in claim["attributions"] if self._shows(each)]
        if claim["status"] != ClaimStatus.DRAFT and not attributions:
            return None
        kept = {each["id"] for each in attributions}
        assessments = [each for each in claim["assessments"] if each["attribution_id"] in {None, *kept}]
        shown = {each["id"] for each in assessments}
        for each in assessments:
            named = (None, *self._documents)
            each["evidence"] = [piece for piece in each["evidence"] if piece["document_id"] in named]
            each["supersedes_id"] = each["supersedes_id"] if each["supersedes_id"] in shown else None
        return {**claim, "attributions": attributions, "assessments": assessments}

    def _shows(self, attribution: dict[str, Any]) -> bool:
        return (
            attribution["id"] not in self._hidden
            and ids_in([attribution], NAMES_OF_SOURCES) <= self._sources
            and ids_in([attribution], NAMES_OF_DOCUMENTS) <= self._documents
        )
