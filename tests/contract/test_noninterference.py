"""What is hidden cannot be told from what does not exist: worlds with and without it answer alike, byte for byte.

Every route of the description is read with its parameters, with ids of what is public, hidden and absent; then a caller
who may write and not see everything writes, and all is read again. That this can fail is shown with leaks made on
purpose, one for each kind of surface.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final

import orjson
import pytest
from httpx import Response
from sqlalchemy import Connection
from sqlmodel import Session

from app.access.context import Context
from app.access.principals import EVERY_SCOPE, Audience, Principal
from app.access.units import Unit
from app.access.visibility import visible
from app.canonical import queries as rows
from app.canonical import replies
from app.changes import queries as changes
from app.factcheck import queries as fact_checks
from app.kit import fulltext, paging
from app.kit.problems import Forbidden
from app.models import Change, Rendition
from app.models.vocabulary import ResourceKind
from tests.conftest import START, Clock
from tests.factories import assessment_body, attribution_body, claim_body, document_body
from tests.fixtures.api import Api
from tests.fixtures.worlds import ABSENT, DRAFT_URL, HIDDEN_URL, WORLDS, Ids, World, at, build, callers, said

STALE: Final = '"0123456789abcdef-0123456789abcdef"'
OPEN_TO_ALL: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v1/vocabulary", "/v1/keys"})
"""Routes that say nothing of what is recorded; /metrics counts requests of every caller, for those inside."""


@dataclass(frozen=True)
class Asked:
    """One request of the script."""

    method: str
    path: str
    params: dict[str, Any] | None = None
    json: Any = None
    headers: dict[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.params or ''} {self.headers or ''} {self.json or ''}"


WORDS: Final = (
    "workers OR defected",
    "driver",
    '"one source"',
    "workers -driver",
    "clerk OR cook OR official",
    "later",
)
"""Queries with words of what is public, hidden, embargoed, and of what was public once."""
TEXTS: Final = (
    "Nine workers defected.",
    "Of one source, of another source, of no source, later.",
    "Workers defect: draft of another source, records kept by one source, an annex",
    "the",
)
"""Texts that say what is public, hidden, embargoed and in a draft."""
NAMES: Final = ("daily", "outlet", "one source")
"""Words of names, public and hidden."""

Answer = tuple[str, int, list[tuple[str, str]], bytes]


class Replay:
    """Asks a world's callers one thing after another, each at the same instant and with the same ids in every world."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids
        self.answers: list[Answer] = []

    def ask(self, caller: Api, asked: Asked) -> Response:
        number = len(self.answers)
        self._ids.step = f"request {number}"
        self._clock.now = START + timedelta(days=1, milliseconds=10 * number)
        response = caller.request(
            asked.method, asked.path, params=asked.params, json=asked.json, headers=asked.headers or {}
        )
        headers = sorted(response.headers.items())
        self.answers.append((str(asked), response.status_code, headers, response.content))
        return response

    def read(self, caller: Api, asked: Asked) -> None:
        """Asks, asks again whether that still holds, and follows the pages to the end."""
        response = self.ask(caller, asked)
        if response.status_code != 200:
            return
        if asked.params is None:
            self.ask(caller, replace(asked, headers={"If-None-Match": response.headers["etag"]}))
        cursor = response.json().get("next_cursor")
        while cursor is not None:
            page = self.ask(caller, replace(asked, params={**(asked.params or {}), "cursor": cursor}))
            cursor = page.json().get("next_cursor")
        token = response.json().get("nextPageToken")
        while token is not None:
            page = self.ask(caller, replace(asked, params={**(asked.params or {}), "pageToken": token}))
            token = page.json().get("nextPageToken")


@dataclass(frozen=True)
class Names:
    """The ids that the script asks for: of what is public in every world, and of what is hidden in any."""

    public: dict[str, str]
    hidden: dict[str, str]


def reads(templates: list[str], names: Names) -> Iterator[Asked]:
    """Every route that reads, with ids of what is public, hidden and absent, and with its parameters."""
    for template in templates:
        for path, whole in paths(template, names):
            yield Asked("GET", path)
            if not whole:
                continue
            if template.endswith(("s", "/history")) and not template.endswith("/facets"):
                yield Asked("GET", path, {"limit": 1, "include_total": True})
            if template == "/v1/claims/{claim_id}":
                yield Asked("GET", path, {"fields": "attributions,version"})
                yield from (Asked("GET", path, {"as_of": at(minutes)}) for minutes in range(8, 24, 3))
            if template == "/v1/claims/{claim_id}/attribution-line":
                yield Asked("GET", path, {"style": "full"})
            if template == "/v1/sources/{source_id}/claims":
                yield Asked("GET", path, {"source_role": "any", "include_total": True})
    yield Asked("GET", "/v1/claims", {"sort": "recorded_at", "limit": 2, "fields": "statement"})
    yield Asked("GET", "/v1/sources", {"sort": "recorded_on", "kind": "person", "include_total": True})
    yield Asked("GET", "/v1/sources", {"anonymity": "anonymous", "limit": 1})
    yield from _searches(names)
    yield from _questions(names)
    for url in (HIDDEN_URL, DRAFT_URL):
        yield Asked("GET", "/v1/documents", {"url": url, "include_total": True})
    for outlet in (names.public["outlet"], names.hidden["outlet"], ABSENT):
        yield Asked("GET", "/v1/documents", {"outlet_id": outlet, "include_total": True})


def _searches(names: Names) -> Iterator[Asked]:
    """Reads that look for words and names, of what is public and of what is hidden."""
    for words in WORDS:
        yield Asked("GET", "/v1/claims", {"q": words, "include_total": True})
        yield Asked("GET", "/v1/claims", {"q": words, "limit": 1, "sort": "recorded_at"})
        yield Asked("GET", "/v1alpha1/claims:search", {"query": words, "pageSize": 1, "maxAgeDays": 3650})
    yield Asked("GET", "/v1alpha1/claims:search", {"reviewPublisherSiteFilter": "example.org", "pageSize": 1})
    yield Asked("GET", "/v1alpha1/claims:search", {"reviewPublisherSiteFilter": "example.org", "offset": 1})
    yield Asked("GET", "/v1/claims", {"q": "workers", "limit": 1})
    for text in TEXTS:
        yield Asked("POST", "/v1/match", json={"text": text, "threshold": 0})
    for claim in ("claim", "second claim"):
        yield Asked("GET", f"/v1/claims/{names.public[claim]}/similar", {"threshold": 0, "limit": 50})
    yield Asked("GET", f"/v1/sources/{names.public['source']}/claims", {"q": WORDS[0], "limit": 1})
    for name in NAMES:
        yield Asked("GET", "/v1/sources", {"name": name, "include_total": True})
        yield Asked("GET", "/v1/claims", {"source_name": name, "source_role": "any", "include_total": True})
    for organization in (names.public["outlet"], names.hidden["outlet"], ABSENT):
        yield Asked("GET", "/v1/sources", {"organization_id": organization, "include_total": True})


QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    {"reliability": "A"},
    {"reliability": ["C", "F"], "source_role": "any"},
    {"anonymity": "anonymous"},
    {"terms": "off_the_record"},
    {"terms": "unspecified", "kind": "event"},
    {"confidence_max": 60},
    {"status": ["draft", "retracted"]},
    {"contradicted": "true"},
    {"contradicted": "false"},
    {"circular": "false", "independent_origins_min": 1},
    {"single_source": "true"},
    {"recorded_from": at(8), "recorded_to": at(15)},
    {"changed_since": at(8)},
    {"document_url": [HIDDEN_URL, DRAFT_URL]},
)
"""Questions that no id stands in."""
FIELDS: Final = ("topic", "status", "terms", "anonymity", "reliability", "source_id", "outlet_id", "document_id")


def _questions(names: Names) -> Iterator[Asked]:
    """The claims asked for by what is public and hidden, in every order, and counted."""
    known, hidden = names.public, names.hidden
    by_id = [
        {name: group[kind]}
        for name, kinds in (
            ("source_id", ("source", "once public source")),
            ("outlet_id", ("outlet",)),
            ("document_id", ("document",)),
        )
        for kind in kinds
        for group in (known, hidden)
        if kind in group
    ]
    for wanted in (*by_id, *QUESTIONS, {"outlet_id": ABSENT}):
        yield Asked("GET", "/v1/claims", {**wanted, "limit": 1, "include_total": True})
        yield Asked("GET", "/v1/claims/facets", {**wanted, "field": list(FIELDS), "include_total": True})
    for sort in ("occurred", "confidence", "-confidence"):
        yield Asked("GET", "/v1/claims", {"sort": sort, "limit": 1})
    outlet = {"outlet_id": hidden["outlet"], "source_role": "any", "sort": "confidence"}
    yield Asked("GET", f"/v1/sources/{known['source']}/claims", outlet)


WITH_PARTS: Final = {"claim_id": ("claim",), "source_id": ("source",)}
"""Whose parts are asked for one by one."""
PARTS: Final = {
    "source_id": ("source", "second source", "outlet", "once public source"),
    "document_id": ("document", "second document"),
    "claim_id": ("claim", "second claim", "third claim", "claim of two", "claim by it alone", "draft", "embargoed"),
    "attribution_id": ("attribution", "attribution 0", "removed"),
    "assessment_id": ("second assessment", "assessment 0"),
    "relation_id": ("relation", "relation 0", "source relation"),
}
"""What of the worlds can stand in a path, by the name of the parameter."""


def paths(template: str, names: Names) -> Iterator[tuple[str, bool]]:
    """The template's paths, each with whether it is that of a resource or a list, not of one part of one."""
    made = [template]
    whole = template.count("{") < 2
    for parameter, kinds in (PARTS if whole else PARTS | WITH_PARTS).items():
        known = [group[kind] for kind in kinds for group in (names.public, names.hidden) if kind in group]
        made = [
            path.replace("{" + parameter + "}", each)
            for path in made
            for each in ([*known, ABSENT] if "{" + parameter + "}" in path else [""])
        ]
    yield from ((path, whole) for path in made)


def refusals(names: Names) -> Iterator[Asked]:
    """Writes to what is hidden, and writes that name it: none has an effect."""
    known, hidden = names.public, names.hidden
    claims = [hidden[name] for name in ("claim", "claim by it alone")] + [ABSENT]
    parts = {
        "attributions": (hidden["attribution 0"], hidden["off the record"], hidden["once public"], ABSENT),
        "relations": (hidden["relation 0"], ABSENT),
    }
    for headers in ({}, {"If-Match": "*"}, {"If-Match": STALE}):
        for claim in claims:
            yield Asked("PATCH", f"/v1/claims/{claim}", json={"statement": "Mine."}, headers=headers)
            yield Asked("POST", f"/v1/claims/{claim}/retract", json={"reason": "wrong"}, headers=headers)
            yield Asked("POST", f"/v1/claims/{claim}/attributions", json=attribution_body(), headers=headers)
            yield Asked("POST", f"/v1/claims/{claim}/assessments", json=assessment_body(), headers=headers)
        for kind, own_ids in parts.items():
            for own_id in own_ids:
                path = f"/v1/claims/{known['claim']}/{kind}/{own_id}"
                yield Asked("PATCH", path, json={}, headers=headers)
                if kind == "attributions":
                    yield Asked("DELETE", path, headers=headers)
        for source in (hidden["source"], ABSENT):
            yield Asked("PATCH", f"/v1/sources/{source}", json={"role": "clerk"}, headers=headers)
            yield Asked("POST", f"/v1/sources/{source}/ratings", json={"reliability": "A"}, headers=headers)
        relation = f"/v1/sources/{known['source']}/relations/{hidden['source relation']}"
        yield Asked("DELETE", relation, headers=headers)
        for document in (hidden["document"], ABSENT):
            yield Asked("PATCH", f"/v1/documents/{document}", json={"title": "Mine."}, headers=headers)
            yield Asked("POST", f"/v1/documents/{document}/verify", json={"text": "Mine."}, headers=headers)
    yield from _names_hidden(known, hidden)


def _names_hidden(known: dict[str, str], hidden: dict[str, str]) -> Iterator[Asked]:
    path = f"/v1/claims/{known['claim']}"
    for source in (hidden["source"], hidden["once public source"], ABSENT):
        attribution = said(source, known["document"])
        yield Asked("POST", "/v1/claims", json=claim_body(attributions=[attribution]))
        yield Asked("POST", "/v1/claims/batch", json={"claims": [claim_body(attributions=[attribution])]})
        beside_new = {"speech": "indirect", "document": document_body(), "chain": attribution["chain"]}
        yield Asked("POST", f"{path}/attributions", json=beside_new)
        yield Asked("POST", f"/v1/sources/{known['source']}/relations", json={"other_id": source, "kind": "same_as"})
    for outlet in (hidden["outlet"], ABSENT):
        yield Asked("POST", "/v1/documents", json=document_body(outlet_id=outlet))
        changed = f"/v1/documents/{known['second document']}"
        yield Asked("PATCH", changed, json={"outlet_id": outlet}, headers={"If-Match": "*"})
        changed = f"/v1/sources/{known['second source']}"
        yield Asked("PATCH", changed, json={"organization_id": outlet}, headers={"If-Match": "*"})
    for claim in (hidden["claim"], hidden["claim by it alone"], ABSENT):
        yield Asked("POST", f"{path}/relations", json={"other_claim_id": claim, "kind": "corroborates"})
    for attribution_id in (hidden["attribution 0"], hidden["once public"], ABSENT):
        body = assessment_body(attribution_id=attribution_id)
        yield Asked("POST", f"{path}/assessments", json=body)
    for supersedes in (hidden["assessment 0"], ABSENT):
        yield Asked("POST", f"{path}/assessments", json=assessment_body(supersedes_id=supersedes))


def writes(names: Names) -> Iterator[Asked]:
    """Writes to what is public, by someone who does not see all that hangs on it."""
    known = names.public
    path, any_version = f"/v1/claims/{known['claim']}", {"If-Match": "*"}
    yield Asked("DELETE", f"{path}/attributions/{known['attribution']}", headers=any_version)
    once = {"Idempotency-Key": "once"}
    for _ in range(2):
        yield Asked("POST", f"{path}/attributions", json=attribution_body(), headers=once)
    yield Asked("PATCH", path, json={"statement": "Nine of them defected.", "topics": ["exit"]}, headers=any_version)
    yield Asked("PATCH", f"{path}/attributions/{known['attribution']}", json={"cue": "says"}, headers=any_version)
    assessed = assessment_body(attribution_id=known["attribution"], supersedes_id=None)
    yield Asked("POST", f"{path}/assessments", json=assessed)
    yield Asked("POST", f"{path}/assessments", json=assessment_body(supersedes_id=known["assessment"]))
    yield Asked("DELETE", f"{path}/attributions/{known['attribution']}", headers=any_version)
    for url in (HIDDEN_URL, DRAFT_URL):
        yield Asked("POST", "/v1/documents", json=document_body(url=url))
    source, document = f"/v1/sources/{known['second source']}", f"/v1/documents/{known['second document']}"
    yield Asked("PATCH", source, json={"organization_id": None, "role": "clerk"}, headers=any_version)
    yield Asked("PATCH", document, json={"outlet_id": None, "url": HIDDEN_URL + "/2"}, headers=any_version)
    yield Asked("PATCH", f"/v1/documents/{known['document']}", json={"text": "Ten workers."}, headers=any_version)
    yield Asked("POST", f"/v1/documents/{known['document']}/verify", json={})
    yield Asked("POST", f"/v1/sources/{known['source']}/ratings", json={"reliability": "C"})
    related = {"other_id": known["outlet"], "kind": "possibly_same"}
    yield Asked("POST", f"/v1/sources/{known['source']}/relations", json=related)
    for kind in ("corroborates", "contradicts"):
        between = {"other_claim_id": known["second claim"], "kind": kind}
        yield Asked("POST", f"{path}/relations", json=between)
    relation = f"{path}/relations/{known['relation']}"
    yield Asked("PATCH", relation, json={"status": "rejected"}, headers=any_version)
    both = claim_body(attributions=[said(known["second source"], known["second document"])])
    yield Asked("POST", "/v1/claims", json=both)
    yield Asked("POST", f"/v1/claims/{known['third claim']}/retract", json={"reason": "wrong"})


Look = Callable[[Replay, Names], None]


@dataclass
class Observatory:
    """Builds worlds, one at a time, and looks at each with the same eyes."""

    api: Api
    callers: dict[str, Api]
    connection: Connection
    clock: Clock
    ids: Ids

    @property
    def templates(self) -> list[str]:
        """Every route that reads what is recorded."""
        described = self.api.read("/openapi.json")["paths"]
        return [path for path, operations in described.items() if "get" in operations and path not in OPEN_TO_ALL]

    def seen(self, worlds: Iterable[str], hidden_as: str, look: Look) -> list[list[Answer]]:
        """What a look at each of the worlds gives; the ids it asks for are those of the first."""
        names: Names | None = None
        seen = []
        for name in worlds:
            with self.connection.begin_nested() as made:
                self.ids.start_again()
                world = World(name, hidden_as, self.api, self.clock, self.ids)
                build(world)
                names = names or Names(world.public, world.hidden)
                replay = Replay(self.clock, self.ids)
                look(replay, names)
                made.rollback()
            seen.append(replay.answers)
        return seen


@pytest.fixture
def ids(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Ids:
    """Where the app draws its identifiers from."""
    drawn = Ids(clock)
    monkeypatch.setattr("app.kit.ids.uuid4", drawn.uuid4)
    return drawn


@pytest.fixture
def observatory(api: Api, context: Context, connection: Connection, clock: Clock, ids: Ids) -> Observatory:
    return Observatory(api, callers(context, api, ids), connection, clock, ids)


def differences(one: list[Answer], other: list[Answer]) -> list[tuple[Answer | None, Answer | None]]:
    """The pairs of answers that are not the same. Request ids are compared too: they are drawn alike in every world."""
    return [pair for pair in zip_longest(one, other) if pair[0] != pair[1]]


@pytest.mark.parametrize(("hidden_as", "worlds"), [("restricted", WORLDS), ("internal", WORLDS[1:])])
def test_worlds_that_differ_in_what_is_hidden_answer_alike(
    observatory: Observatory, hidden_as: str, worlds: tuple[str, ...]
) -> None:
    eyes, templates = observatory.callers, observatory.templates

    def look(replay: Replay, names: Names) -> None:
        for asked in reads(templates, names):
            replay.read(eyes["reader"], asked)
            if hidden_as == "restricted":
                replay.ask(eyes["insider"], asked)
        for asked in (*refusals(names), *writes(names)):
            replay.ask(eyes["writer"], asked)
        for asked in reads(templates, Names(names.public, {"outlet": names.hidden["outlet"]})):
            replay.ask(eyes["reader"], asked)

    first, *others = observatory.seen(worlds, hidden_as, look)
    assert len(first) > 400
    assert {200, 201, 204, 304, 404, 409, 412, 422, 428} <= {answer[1] for answer in first}
    for other in others:
        assert differences(first, other)[:1] == []


# Leaks made on purpose.


Leak = Callable[[pytest.MonkeyPatch], None]


def leak_list(patch: pytest.MonkeyPatch) -> None:
    def everything(_audience: Audience, now: datetime) -> Any:
        return visible(Audience.RESTRICTED, now)

    patch.setattr("app.sources.queries.visible", everything)


def leak_count(patch: pytest.MonkeyPatch) -> None:
    page_of = paging.page_of

    def counting(session: Session, matching: Any, order: Any, page: Any, after: Any) -> Any:
        found = page_of(session, matching, order, page, after)
        hidden = session.connection().exec_driver_sql("SELECT count(*) FROM source").scalar_one()
        return found if found.total is None else replace(found, total=found.total + hidden)

    patch.setattr("app.canonical.replies.page_of", counting)


def leak_history(patch: pytest.MonkeyPatch) -> None:
    def unfiltered(_unit: Unit, _claim_id: str, versions: Sequence[Change]) -> list[Any]:
        return [orjson.loads(version.document) for version in versions]

    patch.setattr("app.claims.history.as_seen_today", unfiltered)


def leak_as_of(patch: pytest.MonkeyPatch) -> None:
    in_line = changes._in_line

    def of_everyone(unit: Unit, resource_id: str, _audience: Audience) -> Any:
        return in_line(unit, resource_id, Audience.RESTRICTED)

    patch.setattr(changes, "_in_line", of_everyone)


def leak_error(patch: pytest.MonkeyPatch) -> None:
    readable = replies.readable

    def forbidding(unit: Unit, kind: ResourceKind, resource_id: str) -> Rendition:
        if changes.renditions(unit.session, resource_id) and changes.readable(unit, kind, resource_id) is None:
            raise Forbidden
        return readable(unit, kind, resource_id)

    patch.setattr("app.claims.queries.readable", forbidding)


def leak_included(patch: pytest.MonkeyPatch) -> None:
    included = replies.included
    everyone = Principal(None, EVERY_SCOPE)

    def with_outlets(unit: Unit, values: Iterable[Any]) -> Any:
        inside = replace(unit, principal=everyone)
        named = replies.ids_in(values, replies.NAMES_OF_DOCUMENTS)
        documents = changes.documents_of(inside, ResourceKind.DOCUMENT, named).values()
        return included(inside, [*values, *map(orjson.loads, documents)])

    patch.setattr(replies, "included", with_outlets)


def leak_version(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.changes.record._Line.stays", False)


def leak_corroboration(patch: pytest.MonkeyPatch) -> None:
    standings_seen = rows.standings_seen

    def of_everyone(session: Session, ids: Iterable[str], _audience: Audience) -> Any:
        return standings_seen(session, ids, Audience.RESTRICTED)

    patch.setattr(rows, "standings_seen", of_everyone)


def leak_contradictions(patch: pytest.MonkeyPatch) -> None:
    related_claims = rows.related_claims

    def of_everyone(session: Session, ids: Iterable[str], _audience: Audience, now: datetime) -> Any:
        return related_claims(session, ids, Audience.RESTRICTED, now)

    patch.setattr(rows, "related_claims", of_everyone)


def leak_text(patch: pytest.MonkeyPatch) -> None:
    matching = fulltext.matching

    def in_every_index(session: Session, query: Any, _audience: int) -> Any:
        return matching(session, query, Audience.RESTRICTED)

    patch.setattr("app.filters.relevance.matching", in_every_index)


def leak_review(patch: pytest.MonkeyPatch) -> None:
    documents_at = fact_checks.documents_at

    def to_everyone(unit: Unit, addresses: Iterable[str]) -> Any:
        return documents_at(replace(unit, principal=Principal(None, EVERY_SCOPE)), addresses)

    patch.setattr(fact_checks, "documents_at", to_everyone)


LEAKS_OF_READS: Final[dict[str, Leak]] = {
    "GET /v1/sources ": leak_list,
    "'include_total': True": leak_count,
    "/history": leak_history,
    "'as_of'": leak_as_of,
    "GET /v1/claims/": leak_error,
    "GET /v1/claims ": leak_included,
    "'q': 'driver'": leak_text,
    "/sourcing": leak_corroboration,
    "'source_role': 'any'": leak_contradictions,
    "claims:search": leak_review,
}
"""Leaks of what reads answer, by what must stand in a request that tells."""


def test_a_leak_of_any_read_is_noticed(observatory: Observatory, monkeypatch: pytest.MonkeyPatch) -> None:
    templates = observatory.templates

    def look(replay: Replay, names: Names) -> None:
        script = list(reads(templates, names))
        for tells, leak in LEAKS_OF_READS.items():
            with monkeypatch.context() as patch:
                leak(patch)
                for asked in script:
                    if tells in str(asked):
                        replay.ask(
                            observatory.callers["reader"], replace(asked, headers={"X-Request-Id": leak.__name__})
                        )

    one, none = observatory.seen((WORLDS[0], WORLDS[-1]), "restricted", look)
    assert max(answer[1] for answer in (*one, *none)) < 500
    told = [answer[0] for answer, _ in differences(one, none) if answer is not None]
    for leak in LEAKS_OF_READS.values():
        assert any(leak.__name__ in asked for asked in told), leak.__name__


def test_a_hidden_write_that_moves_a_version_is_noticed(
    observatory: Observatory, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak_version(monkeypatch)

    def look(replay: Replay, names: Names) -> None:
        replay.ask(observatory.callers["reader"], Asked("GET", f"/v1/claims/{names.public['claim']}"))

    one, none = observatory.seen((WORLDS[0], WORLDS[-1]), "restricted", look)
    ((told, untold),) = differences(one, none)
    assert told is not None
    assert untold is not None
    assert (told[1], untold[1]) == (200, 200)
    assert dict(told[2])["etag"] != dict(untold[2])["etag"]
