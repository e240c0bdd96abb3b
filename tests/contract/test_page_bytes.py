"""Pages are cut by bytes as by items: whatever is long comes over several, each item once and none left out."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.canonical import bounds, replies, standing
from app.canonical.bounds import MOST_BYTES
from app.changes import queries as changes
from app.claims import history
from app.factcheck import service as fact_checks
from app.kit import paging
from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
    recorded_claim,
    recorded_document,
    recorded_source,
    said_by,
)
from tests.fixtures.api import Api, codes

LITTLE: Final = 6_000
"""Bytes of a page here, so that three or four short claims are one."""


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (replies, standing, history, fact_checks, paging):
        monkeypatch.setattr(module, "PAGE_BYTES", LITTLE)
    monkeypatch.setattr(changes, "SHORT_BYTES", 1_000)


def pages(api: Api, path: str, *, cursor: str = "cursor", following: str = "next_cursor", **params: Any) -> Any:
    """Every page of a list, each as long as it may be; the last has no cursor."""
    read = api.read(path, params=params)
    yield read
    while read.get(following) is not None:
        read = api.read(path, params={**params, cursor: read[following]})
        yield read


def ids_of(read: Iterator[Any]) -> list[list[str]]:
    return [[item.get("id") or item["claim"]["id"] for item in page["items"]] for page in read]


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v1/claims", {}),
        ("/v1/claims", {"q": "workers"}),
        ("/v1/claims", {"fields": "statement", "sort": "occurred"}),
        ("/v1/sources", {}),
        ("/v1/documents", {}),
        ("/v1/claims", {"limit": 2}),
    ],
)
def test_a_list_is_cut_by_bytes_and_each_item_comes_once(api: Api, path: str, params: dict[str, Any]) -> None:
    for number in range(8):
        source = recorded_source(api, description=f"{'a long description ' * 20}{number}")
        document = {"title": f"{'a long title ' * 60}{number}"}
        recorded_claim(api, statement=f"Workers {number}.", attributions=[said_by(source, document=document)])
    read = list(pages(api, path, **({"limit": 200} | params)))
    found = [each for page in ids_of(iter(read)) for each in page]
    assert len(read) > 1
    assert all(page["items"] for page in read)
    assert len(found) == len(set(found)) == api.read(path, params={"include_total": "true"} | params)["total"]
    for page in read:
        assert len(page["items"]) == 1 or len(repr(page)) < 2 * LITTLE
        named = {
            hop["source_id"] for item in page["items"] for each in item.get("attributions", ()) for hop in each["chain"]
        }
        assert named <= set(page.get("included", {}).get("sources", {}))


@pytest.mark.usefixtures("short_pages")
def test_an_item_that_is_longer_than_a_page_comes_alone_and_whole(api: Api) -> None:
    sources = [recorded_source(api, description="a long description " * 24) for _ in range(20)]
    long = recorded_claim(api, attributions=[said_by(source) for source in sources])
    short = recorded_claim(api)["id"]
    assert ids_of(pages(api, "/v1/claims")) == [[short], [long["id"]]]
    page = list(pages(api, "/v1/claims"))[1]
    assert set(page["included"]["sources"]) == set(sources)


@pytest.mark.usefixtures("short_pages")
def test_history_is_cut_by_bytes(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    for number in range(9):
        api.change(path, {"statement": f"{number}{'0' * 2_000}"})
    read = list(pages(api, f"{path}/history", limit=200, include_total="true"))
    versions = [[item["version"] for item in page["items"]] for page in read]
    assert len(versions) > 3
    assert [each for page in versions for each in page] == list(range(10, 0, -1))
    assert {page["total"] for page in read} == {10}


def test_history_reads_few_more_versions_than_it_gives(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    for number in range(6):
        api.change(path, {"statement": f"{number} workers."})
    looked_at = []
    as_seen_today = history._Past._as_seen_today

    def noting(past: history._Past, versions: Any) -> Any:
        looked_at.extend(versions)
        return as_seen_today(past, versions)

    monkeypatch.setattr(history._Past, "_as_seen_today", noting)
    assert len(api.read(f"{path}/history?limit=2")["items"]) == 2
    assert len(looked_at) <= 4


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("kind", ["attributions", "assessments"])
def test_parts_of_a_claim_are_cut_by_bytes(api: Api, kind: str) -> None:
    body = {"attributions": attribution_body(hedge="h" * 480), "assessments": assessment_body(rationale="r" * 900)}
    claim_id = recorded_claim(api)["id"]
    path = f"/v1/claims/{claim_id}/{kind}"
    for _ in range(12):
        api.create(path, body[kind])
    read = ids_of(pages(api, path, limit=200))
    assert len(read) > 1
    assert [each for page in read for each in page] == [each["id"] for each in api.read(f"/v1/claims/{claim_id}")[kind]]


@pytest.mark.usefixtures("short_pages")
def test_what_was_said_before_is_cut_by_bytes_and_goes_on(api: Api) -> None:
    claims = [
        recorded_claim(api, statement=f"Nine workers defected {'again ' * number}.", topics=["t" * 200] * 4)["id"]
        for number in range(8)
    ]
    asked = {"text": "Nine workers defected", "limit": 50, "threshold": 0}
    found: list[list[str]] = []
    cursor = None
    while cursor is not None or not found:
        read = api.post("/v1/match", asked | ({"cursor": cursor} if cursor else {})).json()
        found.append([item["claim"]["id"] for item in read["items"]])
        cursor = read["next_cursor"]
    assert len(found) > 1
    assert sorted(each for page in found for each in page) == sorted(claims)
    similar = ids_of(pages(api, f"/v1/claims/{claims[0]}/similar", limit=50, threshold=0))
    assert sorted(each for page in similar for each in page) == sorted(claims[1:])
    wrong = api.post("/v1/match", asked | {"cursor": "made-up"})
    assert wrong.status_code == 422


@pytest.mark.usefixtures("short_pages")
def test_fact_checks_are_cut_by_bytes(api: Api) -> None:
    for number in range(8):
        assessment = assessment_body(verdict="true", review_url=f"https://example.org/{number}", rationale="r" * 900)
        recorded_claim(api, statement=f"Workers {number}.", assessment=assessment)
    read = list(pages(api, "/v1alpha1/claims:search", cursor="pageToken", following="nextPageToken", query="workers"))
    assert len(read) > 1
    assert [each["text"] for page in read for each in page["claims"]] == [f"Workers {n}." for n in range(7, -1, -1)]


def test_quotes_are_verified_in_portions(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    document = recorded_document(api, text="one two three")
    quoted = [attribution_body(speech="direct", quote={"exact": word}) for word in ("one", "two", "three")]
    for each in quoted:
        del each["document"]
        each["document_id"] = document
    recorded_claim(api, attributions=quoted)
    path, cursor = f"/v1/documents/{document}/verify", None
    found: list[list[int]] = []
    monkeypatch.setattr("app.documents.service.MOST_SEARCHED", 30)
    while cursor is not None or not found:
        read = api.post(path, {"cursor": cursor} if cursor else {}).json()
        found.append([quote["start"] for quote in read["quotes"]])
        cursor = read["next_cursor"]
    assert [len(starts) for starts in found] == [2, 1]
    assert sorted(start for starts in found for start in starts) == [0, 4, 8]
    assert len(api.post(path, {"limit": 1}).json()["quotes"]) == 1


def test_a_claim_has_a_longest_form(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_BYTES", 4_000)
    long = "r" * 4_000
    refused = api.post("/v1/claims", claim_body(assessment=assessment_body(rationale=long)))
    assert codes(refused) == [("", "claim_too_large")]
    batch = api.post("/v1/claims/batch", {"claims": [claim_body(), claim_body(statement=long)]})
    assert codes(batch) == [("/claims/1", "claim_too_large")]
    claim = recorded_claim(api)
    path = f"/v1/claims/{claim['id']}"
    attribution = f"{path}/attributions/{claim['attributions'][0]['id']}"
    for method, where, body in (
        ("POST", f"{path}/assessments", assessment_body(rationale=long)),
        ("POST", f"{path}/attributions", attribution_body(anonymity_reason=long)),
    ):
        assert codes(api.request(method, where, json=body)) == [("", "claim_too_large")]
    for where, patch in ((path, {"statement": long}), (attribution, {"anonymity_reason": long})):
        assert codes(api.patch(where, patch, etag="*")) == [("", "claim_too_large")]
    assert api.read(path)["version"] == 1


def test_a_claim_that_is_too_large_already_can_be_cut_hidden_and_retracted(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = recorded_claim(api, statement="r" * 5_000)
    path = f"/v1/claims/{claim['id']}"
    monkeypatch.setattr(bounds, "MOST_BYTES", 1_000)
    api.change(path, {"visibility": "public", "topics": []})
    api.change(f"/v1/sources/{claim['attributions'][0]['chain'][0]['source_id']}", {"visibility": "internal"})
    api.change(path, {"statement": "Shorter."})
    assert api.post(f"{path}/retract", {"reason": "r" * 5_000}).status_code == 200


def test_a_claim_names_so_many_sources_and_documents(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_NAMED", 4)
    path = f"/v1/claims/{recorded_claim(api)['id']}/attributions"
    api.create(path, attribution_body())
    assert codes(api.post(path, attribution_body())) == [("", "claim_too_large")]


def test_what_is_hidden_takes_no_room_of_a_claim(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two worlds, of which one has a long hidden attribution, refuse and take the same of a writer who sees none."""
    writer = api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE, Scope.SOURCES_WRITE, Scope.CLAIMS_PUBLISH)
    paths = [f"/v1/claims/{recorded_claim(api)['id']}/attributions" for _ in range(2)]
    api.create(paths[1], attribution_body(terms="off_the_record", anonymity_reason="r" * 3_000))
    monkeypatch.setattr(bounds, "MOST_BYTES", 4_000)
    for length in (1_000, 2_500):
        statuses = {writer.post(path, attribution_body(anonymity_reason="r" * length)).status_code for path in paths}
        assert statuses == ({201} if length == 1_000 else {422})


def test_the_longest_claim_is_as_long_as_the_longest_page() -> None:
    assert MOST_BYTES == paging.PAGE_BYTES


def test_names_and_addresses_of_a_source_have_a_longest_form(api: Api) -> None:
    named = {"kind": "outlet", "anonymity": "named", "name": "The Daily Record"}
    long = [f"https://example.org/{'a' * 900}/{number}" for number in range(20)]
    assert codes(api.post("/v1/sources", named | {"same_as": long})) == [("/aliases", "too_long")]
    source = api.create("/v1/sources", named)["id"]
    assert codes(api.patch(f"/v1/sources/{source}", {"same_as": long}, etag="*")) == [("/aliases", "too_long")]
