"""What a claim was: its versions, and how it stood at an instant, as far as the reader may see it today.

A source that was public and is hidden now is hidden in the past too: attributions that name what the reader may not
see today are taken out of old versions, and a version with none left is not shown. An attribution that was hidden when
it was removed stays hidden.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
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
from app.kit.paging import PAGE_BYTES, Key, Order, PageParameters, chosen_fields
from app.kit.problems import NotFound
from app.models import Change
from app.models.vocabulary import ClaimStatus, ResourceKind, Terms

BATCH_SIZE: Final = 201
"""Versions of what is removed that are looked through at once."""
ORDER: Final = Order((Key(column("version"), int),), descending=True)


def list_versions(unit: Unit, claim_id: str, page: PageParameters) -> Reply:
    """The claim's versions, the newest first; raises NotFound.

    Those of which the reader may see nothing today are left out, and counted in the total all the same: the numbers of
    the others tell that they are there.
    """
    readable(unit, ResourceKind.CLAIM, claim_id)
    fields = chosen_fields(page.fields, list(VersionRead.model_fields), always="version")
    cursors = Listing(VersionRead, ORDER, f"history|{claim_id}").cursors(unit)
    before = None if page.cursor is None else int(str(cursors.read(page.cursor, ORDER)[0]))
    items, last = _page(unit, claim_id, before, page.limit)
    next_cursor = None if last is None else cursors.write([last])
    if fields is not None:
        items = [{name: value for name, value in item.items() if name in fields} for item in items]
    body: dict[str, Any] = {"items": items, "next_cursor": next_cursor}
    if page.include_total:
        body["total"] = changes.count_versions(unit, claim_id)
    return Reply(body=orjson.dumps(body, option=orjson.OPT_UTC_Z), next_cursor=next_cursor)


def _page(unit: Unit, claim_id: str, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """The versions of one page, and the last that was looked at, where more follow.

    Of a page on which nothing is to be seen the next is taken, so that none is empty but the last.
    """
    while True:
        versions, more = changes.versions_within(unit, claim_id, before=before, limit=limit, most=PAGE_BYTES)
        seen = zip(versions, as_seen_today(unit, claim_id, versions), strict=True)
        items = [_version(unit, change, document) for change, document in seen if document is not None]
        before = versions[-1].version if more else None
        if items or before is None:
            return items, before


def _batches(unit: Unit, claim_id: str, audience: Audience, before: int | None) -> Iterator[list[Change]]:
    """The versions below `before` in the audience's line, the newest first, some at a time."""
    while batch := changes.versions(unit, claim_id, audience=audience, before=before, limit=BATCH_SIZE):
        yield batch
        if len(batch) < BATCH_SIZE:
            return
        before = batch[-1].version


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
    extra = {"corroboration": None} if fields is None or "corroboration" in fields else {}
    return one_of(unit, orjson.dumps(document).decode(), extra=extra, with_included=True, fields=fields)


def as_seen_today(unit: Unit, claim_id: str, versions: Sequence[Change]) -> list[dict[str, Any] | None]:
    """The versions' documents without what names anything hidden from the reader today; None for one left empty."""
    documents = [orjson.loads(version.document) for version in versions]
    audiences = queries.attribution_audiences(unit.session, claim_id)
    named = {each["id"] for document in documents for each in document["attributions"]}
    removed = _as_removed(unit, claim_id, named - audiences.keys())
    seen = _Seen(
        sources=changes.readable_ids(unit, ResourceKind.SOURCE, ids_in([*documents, *removed], NAMES_OF_SOURCES)),
        documents=changes.readable_ids(unit, ResourceKind.DOCUMENT, ids_in([*documents, *removed], NAMES_OF_DOCUMENTS)),
        attributions={each for each, seen_from in audiences.items() if seen_from <= unit.principal.audience},
    )
    seen.add_removed(each for each in removed if _may_be_told(unit, each))
    return [seen.of(document) for document in documents]


def _as_removed(unit: Unit, claim_id: str, attribution_ids: Collection[str]) -> list[dict[str, Any]]:
    """The attributions, all removed by now, as they last stood, whoever could see them then."""
    found: dict[str, dict[str, Any]] = {}
    if not attribution_ids:
        return []
    for batch in _batches(unit, claim_id, Audience.RESTRICTED, None):
        for document in (orjson.loads(version.document) for version in batch):
            for each in document["attributions"]:
                if each["id"] in attribution_ids:
                    found.setdefault(each["id"], each)
        if len(found) == len(attribution_ids):
            break
    return list(found.values())


def _may_be_told(unit: Unit, attribution: dict[str, Any]) -> bool:
    return attribution["terms"] != Terms.OFF_THE_RECORD or unit.principal.audience >= Audience.RESTRICTED


class _Seen:
    """What the reader may see today of everything that some documents name."""

    def __init__(self, *, sources: set[str], documents: set[str], attributions: set[str]) -> None:
        self._sources, self._documents, self._attributions = sources, documents, attributions

    def add_removed(self, removed: Iterable[dict[str, Any]]) -> None:
        """Shows those of the removed attributions that named nothing hidden when they were removed."""
        self._attributions |= {each["id"] for each in removed if self._shows_names(each)}

    def of(self, claim: dict[str, Any]) -> dict[str, Any] | None:
        attributions = [
            each for each in claim["attributions"] if each["id"] in self._attributions and self._shows_names(each)
        ]
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

    def _shows_names(self, attribution: dict[str, Any]) -> bool:
        return (
            ids_in([attribution], NAMES_OF_SOURCES) <= self._sources
            and ids_in([attribution], NAMES_OF_DOCUMENTS) <= self._documents
        )
