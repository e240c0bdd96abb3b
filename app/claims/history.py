"""What a claim was: its versions, and how it stood at an instant, as far as the reader may see it today.

A source that was public and is hidden now is hidden in the past too: attributions that name what the reader may not
see today are taken out of old versions, and a version with none left is not shown. What was removed keeps the audience
that it had. Times are told as they are told today.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import column

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.access.visibility import sees
from app.canonical.replies import NAMES_OF_DOCUMENTS, NAMES_OF_SOURCES, Listing, ids_in, one_of, readable
from app.canonical.told import in_days
from app.changes import queries as changes
from app.claims import queries
from app.claims.schemas import VersionRead
from app.kit.instants import end_of_day, start_of_day
from app.kit.paging import MAX_LIMIT, PAGE_BYTES, Key, Order, PageParameters, chosen_fields
from app.kit.problems import NotFound
from app.models import Change, Rendition
from app.models.vocabulary import ClaimStatus, ResourceKind

ORDER: Final = Order((Key(column("version"), int),), descending=True)


def list_versions(unit: Unit, claim_id: str, page: PageParameters) -> Reply:
    """The claim's versions of which the reader may see anything today, the newest first; raises NotFound."""
    past = _Past(unit, readable(unit, ResourceKind.CLAIM, claim_id))
    fields = chosen_fields(page.fields, list(VersionRead.model_fields), always="version")
    cursors = Listing(VersionRead, ORDER, f"history|{claim_id}").cursors(unit)
    before = None if page.cursor is None else int(str(cursors.read(page.cursor, ORDER)[0]))
    items, last = past.page(before, page.limit)
    next_cursor = None if last is None else cursors.write([last])
    if fields is not None:
        items = [{name: value for name, value in item.items() if name in fields} for item in items]
    body: dict[str, Any] = {"items": items, "next_cursor": next_cursor}
    if page.include_total:
        body["total"] = past.count()
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z), next_cursor=next_cursor)


def claim_as_of(unit: Unit, claim_id: str, instant: datetime, fields: frozenset[str] | None) -> Reply:
    """The claim as the reader would have read it at that instant; raises NotFound if it was not there yet.

    Who is told days alone reads it as it stood at the end of the day.
    """
    past = _Past(unit, readable(unit, ResourceKind.CLAIM, claim_id))
    until = min(end_of_day(instant), unit.now) if past.in_days else instant
    change = changes.version_at(unit, claim_id, until)
    document = None if change is None else past.as_seen_today([change])[0]
    if document is None:
        raise NotFound("The claim was not recorded yet.")
    extra = {"corroboration": None} if fields is None or "corroboration" in fields else {}
    return one_of(unit, orjson.dumps(document).decode(), extra=extra, with_included=True, fields=fields)


class _Past:
    """What a claim was, as far as a reader may see it today."""

    def __init__(self, unit: Unit, claim: Rendition) -> None:
        self._unit, self._claim_id = unit, claim.resource_id
        self.in_days = claim.in_days == 1
        self._attributions = queries.known_attributions(unit, claim.resource_id)

    def page(self, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """The versions of one page below `before`, as they are told, and the last of them, where more are shown.

        A page is cut by the bytes that are told: those stored have what is hidden since in them.
        """
        items: list[dict[str, Any]] = []
        size = 0
        for change, document in self._shown(before, limit):
            text = orjson.dumps(document)
            size += len(text)
            if len(items) == limit or (items and size > PAGE_BYTES):
                return items, items[-1]["version"]
            items.append(self._told(change, text))
        return items, None

    def count(self) -> int:
        """How many versions there are of which the reader may see anything."""
        return sum(1 for _ in self._shown(None, MAX_LIMIT))

    def _shown(self, before: int | None, at_once: int) -> Iterator[tuple[Change, dict[str, Any]]]:
        """The versions below `before` of which the reader may see anything, the newest first, with what that is.

        Some are read at a time, and of long ones fewer: a version may have a megabyte, and there may be hundreds.
        """
        more = True
        while more:
            versions, more = changes.versions_within(
                self._unit, self._claim_id, before=before, limit=at_once, most=PAGE_BYTES
            )
            for change, document in zip(versions, self.as_seen_today(versions), strict=True):
                before = change.version
                if document is not None:
                    yield change, document

    def _told(self, change: Change, document: bytes) -> dict[str, Any]:
        """What is read of a version."""
        is_internal = sees(self._unit.principal.audience, Audience.INTERNAL)
        return {
            "version": change.version,
            "action": change.action,
            "recorded_at": start_of_day(change.recorded_at) if self.in_days else change.recorded_at,
            "actor_id": change.actor_id if is_internal else None,
            "document": orjson.Fragment(document),
        }

    def as_seen_today(self, versions: Sequence[Change]) -> list[dict[str, Any] | None]:
        """The versions' documents without what names anything hidden from the reader now; None for one left empty."""
        documents = [orjson.loads(version.document) for version in versions]
        sources, read = ids_in(documents, NAMES_OF_SOURCES), ids_in(documents, NAMES_OF_DOCUMENTS)
        sources = changes.readable_ids(self._unit, ResourceKind.SOURCE, sources)
        read = changes.readable_ids(self._unit, ResourceKind.DOCUMENT, read)
        found = [self._without_hidden(document, sources, read) for document in documents]
        return [in_days(document) if self.in_days and document is not None else document for document in found]

    def _without_hidden(self, claim: dict[str, Any], sources: set[str], documents: set[str]) -> dict[str, Any] | None:
        attributions = [
            each
            for each in claim["attributions"]
            if each["id"] in self._attributions
            and ids_in([each], NAMES_OF_SOURCES) <= sources
            and ids_in([each], NAMES_OF_DOCUMENTS) <= documents
        ]
        if claim["status"] != ClaimStatus.DRAFT and not attributions:
            return None
        kept = {each["id"] for each in attributions}
        assessments = [each for each in claim["assessments"] if each["attribution_id"] in {None, *kept}]
        shown = {each["id"] for each in assessments}
        for each in assessments:
            each["evidence"] = [piece for piece in each["evidence"] if piece["document_id"] in (None, *documents)]
            each["supersedes_id"] = each["supersedes_id"] if each["supersedes_id"] in shown else None
        return {**claim, "attributions": attributions, "assessments": assessments}
