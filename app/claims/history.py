"""What a claim was: its versions, and how it stood at an instant, as far as the reader may see it today.

A source that was public and is hidden now is hidden in the past too: attributions that name what the reader may not
see today are taken out of old versions, and a version with none left is not shown. What was removed keeps the audience
that it had. Times are told as they are told today.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from itertools import chain, islice, starmap
from typing import Any, Final

import orjson
from sqlalchemy import column

from app.access.principals import Audience
from app.access.units import Reply, Unit
from app.access.visibility import sees
from app.canonical.replies import NAMES, Listing, ids_in, one_of, readable
from app.canonical.told import in_days
from app.changes import queries as changes
from app.claims import queries
from app.claims.schemas import VersionRead
from app.kit.deadline import check
from app.kit.instants import end_of_day, start_of_day
from app.kit.paging import MAX_LIMIT, PAGE_BYTES, Key, Order, PageParameters, chosen_fields
from app.kit.problems import NotFound
from app.models import Change, Rendition
from app.models.vocabulary import ResourceKind

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
    document = past.at(until)
    if document is None:
        raise NotFound("The claim was not recorded yet.")
    extra = {"corroboration": None} if fields is None or "corroboration" in fields else {}
    return one_of(unit, orjson.dumps(document).decode(), extra=extra, with_included=True, fields=fields)


class _Past:
    """What a claim was, as far as a reader may see it today."""

    def __init__(self, unit: Unit, claim: Rendition) -> None:
        self._unit, self._line = unit, changes.line_of(unit, claim.resource_id)
        self.in_days = claim.in_days == 1
        self._attributions = queries.known_attributions(unit, claim.resource_id)
        self._looked_up, self._readable = set[str](), set[str]()

    def page(self, before: int | None, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """The versions of one page below `before`, as they are told, and the last of them, where more are shown.

        A page is cut by the bytes that are told: those stored have what is hidden since in them.
        """
        shown = list(islice(self._shown(before), limit + 1))
        items: list[dict[str, Any]] = []
        size = 0
        while wanted := shown[len(items) : limit]:
            # Of long ones fewer are read at a time: a version may have a megabyte.
            versions = changes.versions_within(self._unit.session, self._line, wanted, most=PAGE_BYTES)
            for change, document in zip(versions, self._as_seen_today(versions), strict=True):
                text = orjson.dumps(document)
                size += len(text)
                if items and size > PAGE_BYTES:
                    return items, items[-1]["version"]
                items.append(self._told(change, text))
        return items, items[-1]["version"] if len(shown) > limit else None

    def at(self, instant: datetime) -> dict[str, Any] | None:
        """The document of the version that the reader read at that instant, as far as they see any of it."""
        version = changes.version_at(self._unit.session, self._line, instant)
        return None if version is None else self._as_seen_today([version])[0]

    def count(self) -> int:
        """How many versions there are of which the reader may see anything."""
        return sum(1 for _ in self._shown(None))

    def _shown(self, before: int | None) -> Iterator[int]:
        """The versions below `before` of which the reader may see anything, the newest first; reads no document."""
        known: dict[str | None, bool] = {}
        more = True
        while more:
            check()
            found = changes.versions_before(self._unit.session, self._line, before, MAX_LIMIT)
            known |= self._are_shown({rests_on for _, rests_on in found} - known.keys())
            for before, rests_on in found:
                if known[rests_on]:
                    yield before
            more = len(found) == MAX_LIMIT

    def _are_shown(self, bases: Set[str | None]) -> dict[str | None, bool]:
        """Whether the reader sees anything of versions that rest on that."""
        ids_of = {each: {} if each is None else orjson.loads(each) for each in bases}
        self._look_up(chain.from_iterable(ids for by_attribution in ids_of.values() for ids in by_attribution.values()))
        return {
            each: each is None or any(starmap(self._sees, by_attribution.items()))
            for each, by_attribution in ids_of.items()
        }

    def _look_up(self, ids: Iterable[str]) -> None:
        """Finds out which sources and documents the reader may read."""
        new = set(ids) - self._looked_up
        if new:
            self._looked_up |= new
            self._readable |= changes.readable_named(self._unit, new)

    def _sees(self, attribution_id: str, ids: Iterable[str]) -> bool:
        return attribution_id in self._attributions and self._readable.issuperset(ids)

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

    def _as_seen_today(self, versions: Sequence[Change]) -> list[dict[str, Any] | None]:
        """The versions' documents without what names anything hidden from the reader now; None for one left empty."""
        claims = [orjson.loads(version.document) for version in versions]
        shown = self._are_shown({version.rests_on for version in versions})
        self._look_up(ids_in(claims, NAMES))
        seen = [
            self._without_hidden(claim) if shown[version.rests_on] else None
            for claim, version in zip(claims, versions, strict=True)
        ]
        return [in_days(each) if self.in_days and each is not None else each for each in seen]

    def _without_hidden(self, claim: dict[str, Any]) -> dict[str, Any]:
        attributions = [each for each in claim["attributions"] if self._sees(each["id"], ids_in([each], NAMES))]
        kept = {each["id"] for each in attributions}
        assessments = [each for each in claim["assessments"] if each["attribution_id"] in {None, *kept}]
        shown, read = {each["id"] for each in assessments}, {None, *self._readable}
        for each in assessments:
            each["evidence"] = [piece for piece in each["evidence"] if piece["document_id"] in read]
            each["supersedes_id"] = each["supersedes_id"] if each["supersedes_id"] in shown else None
        return {**claim, "attributions": attributions, "assessments": assessments}
