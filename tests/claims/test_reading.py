"""Reading: ETags and what they name, pages that hold each record once, trimmed fields, and the number of queries."""

from collections.abc import Callable
from typing import Any

import pytest

from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api
from tests.fixtures.queries import QueryRecorder

Record = Callable[[Api, int], None]


def test_an_unchanged_claim_is_answered_with_304(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    etag = api.etag(path)
    for header in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        response = api.get(path, headers={"If-None-Match": header})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == etag
    api.change(path, {"statement": "Ten."})
    assert api.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_list_is_answered_with_304_until_it_changes(api: Api) -> None:
    recorded_claim(api)
    etag = api.etag("/v1/claims")
    assert api.get("/v1/claims", headers={"If-None-Match": etag}).status_code == 304
    recorded_claim(api)
    assert api.get("/v1/claims", headers={"If-None-Match": etag}).status_code == 200


def test_a_renamed_outlet_changes_the_answer_and_not_the_claim(api: Api) -> None:
    outlet = recorded_outlet(api)
    path = f"/v1/claims/{recorded_claim(api, attributions=[said_by(outlet)])['id']}"
    etag = api.etag(path)
    api.change(f"/v1/sources/{outlet}", {"name": "The Weekly Record"})
    response = api.get(path, headers={"If-None-Match": etag})
    assert response.status_code == 200
    assert response.json()["included"]["sources"][outlet]["name"] == "The Weekly Record"
    assert response.headers["etag"] != etag
    assert api.patch(path, {"statement": "Ten."}, etag=etag).status_code == 200


@pytest.mark.parametrize("etag", ['"0000000000000000-0000000000000000"', "nonsense", '""'])
def test_a_change_of_another_version_is_refused(api: Api, etag: str) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    assert api.patch(path, {"statement": "Ten."}, etag=etag).status_code == 412


def test_a_weak_etag_does_not_match_for_a_change(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    assert api.patch(path, {"statement": "Ten."}, etag=f"W/{api.etag(path)}").status_code == 412


def test_a_change_names_the_version_that_it_changes(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    assert api.patch(path, {"statement": "Ten."}, etag=None).status_code == 428
    assert api.read(path)["version"] == 1


def test_the_reply_to_a_write_bears_the_etag_of_the_next_read(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    patched = api.patch(path, {"statement": "Ten."}, etag=api.etag(path))
    assert patched.headers["etag"] == api.etag(path)
    created = api.post("/v1/sources", source_body())
    assert created.headers["etag"] == api.etag(created.headers["location"])


def test_one_read_gives_everything_that_a_claim_names(api: Api) -> None:
    organization = recorded_outlet(api, kind="organization", name="Ministry")
    outlet = recorded_outlet(api)
    origin = recorded_source(api, organization_id=organization)
    document = recorded_document(api, outlet_id=outlet)
    evidence = recorded_document(api)
    claim = recorded_claim(
        api,
        attributions=[{k: v for k, v in said_by(origin, document_id=document).items() if k != "document"}],
        assessment=assessment_body(evidence=[{"relation": "supports", "document_id": evidence}]),
    )
    assert set(claim["included"]["sources"]) == {organization, outlet, origin}
    assert set(claim["included"]["documents"]) == {document, evidence}


def test_fields_trim_an_answer_and_what_comes_with_it(api: Api) -> None:
    claim = recorded_claim(api)
    read = api.get(f"/v1/claims/{claim['id']}?fields=statement,status").json()
    assert set(read) == {"id", "statement", "status", "included"}
    assert read["included"] == {"sources": {}, "documents": {}}
    listed = api.get("/v1/claims?fields=attributions").json()
    assert set(listed["items"][0]) == {"id", "attributions"}
    assert listed["included"] == claim["included"]
    refused = api.get("/v1/claims?fields=statement,secret")
    assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, "fields")


LISTS: dict[str, tuple[str, Record]] = {}


def listing(path: str) -> Callable[[Record], Record]:
    """Registers a function that records so many items of a list; {id} is the id of what the list belongs to."""

    def register(record: Record) -> Record:
        LISTS[record.__name__] = (path, record)
        return record

    return register


@listing("/v1/claims")
def claims(api: Api, count: int) -> None:
    for _ in range(count):
        recorded_claim(api)


@listing("/v1/sources")
def sources(api: Api, count: int) -> None:
    for _ in range(count):
        recorded_source(api)


@listing("/v1/documents")
def documents(api: Api, count: int) -> None:
    outlet = api.read("/v1/sources?kind=outlet")["items"]
    outlet_id = outlet[0]["id"] if outlet else recorded_outlet(api)
    for _ in range(count):
        recorded_document(api, outlet_id=outlet_id)


@listing("/v1/keys")
def keys(api: Api, count: int) -> None:
    for _ in range(count):
        api.create("/v1/keys", {"name": "CMS", "scopes": ["claims:read"]})


def first_id(api: Api, path: str, make: Callable[[Api], str]) -> str:
    """The id of the first record of a list, made if there is none."""
    items = api.read(f"{path}?sort={'recorded_on' if 'sources' in path else 'recorded_at'}")["items"]
    return items[0]["id"] if items else make(api)


def first_claim(api: Api) -> str:
    return first_id(api, "/v1/claims", lambda api: str(recorded_claim(api)["id"]))


def first_outlet(api: Api) -> str:
    found = api.read("/v1/sources?kind=outlet")["items"]
    return str(found[0]["id"]) if found else recorded_outlet(api)


@listing("/v1/claims/{claim}/attributions")
def attributions(api: Api, count: int) -> None:
    for _ in range(count):
        api.create(f"/v1/claims/{first_claim(api)}/attributions", attribution_body())


@listing("/v1/claims/{claim}/assessments")
def assessments(api: Api, count: int) -> None:
    for _ in range(count):
        evidence = [{"relation": "context", "document": document_body()}]
        api.create(f"/v1/claims/{first_claim(api)}/assessments", assessment_body(evidence=evidence))


@listing("/v1/claims/{claim}/history")
def history(api: Api, count: int) -> None:
    for number in range(count):
        version = api.read(f"/v1/claims/{first_claim(api)}")["version"]
        api.change(f"/v1/claims/{first_claim(api)}", {"statement": f"{version} and {number} workers."})


@listing("/v1/claims/{claim}/relations")
def relations(api: Api, count: int) -> None:
    one = first_claim(api)
    for _ in range(count):
        other = recorded_claim(api)["id"]
        api.create(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": "refines"})


@listing("/v1/sources/{outlet}/claims")
def claims_of_source(api: Api, count: int) -> None:
    for _ in range(count):
        recorded_claim(api, attributions=[said_by(first_outlet(api))])


@listing("/v1/sources/{outlet}/ratings")
def ratings(api: Api, count: int) -> None:
    for _ in range(count):
        api.create(f"/v1/sources/{first_outlet(api)}/ratings", {"reliability": "B"})


@listing("/v1/sources/{outlet}/relations")
def relations_of_source(api: Api, count: int) -> None:
    one = first_outlet(api)
    for _ in range(count):
        api.create(f"/v1/sources/{one}/relations", {"other_id": recorded_source(api), "kind": "member_of"})


def resolved(api: Api, path: str) -> str:
    claim = first_claim(api) if "{claim}" in path else ""
    outlet = first_outlet(api) if "{outlet}" in path else ""
    return path.format(claim=claim, outlet=outlet)


def pages(api: Api, path: str, **parameters: Any) -> list[Any]:
    """Every item of a list, read page by page along its Link header."""
    found: list[Any] = []
    response = api.get(path, params=parameters)
    while True:
        assert response.status_code == 200, response.text
        body = response.json()
        found += body["items"]
        link = response.headers.get("link")
        assert (link is None) == (body["next_cursor"] is None)
        if link is None:
            return found
        assert link.endswith('; rel="next"')
        response = api.get(link[1 : link.index(">")])


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_queries_for_twenty_rows_as_for_one(
    api: Api, query_recorder: QueryRecorder, name: str
) -> None:
    template, record = LISTS[name]
    record(api, 1)
    path = resolved(api, template)
    with query_recorder() as for_one:
        api.read(path)
    record(api, 19)
    with query_recorder() as for_twenty:
        assert len(api.read(path)["items"]) >= 20
    assert len(for_twenty) == len(for_one)
    assert 1 < len(for_one) < 11


@pytest.mark.parametrize("name", LISTS)
def test_a_list_gives_each_record_once_whatever_the_page(api: Api, name: str) -> None:
    template, record = LISTS[name]
    record(api, 7)
    path = resolved(api, template)
    whole = api.read(path, params={"limit": 200})
    assert whole["next_cursor"] is None
    assert len(whole["items"]) >= 7
    for limit in (1, 3):
        assert pages(api, path, limit=limit) == whole["items"]
    counted = api.read(path, params={"limit": 2, "include_total": "true"})
    assert counted["total"] == len(whole["items"])
    assert "total" not in whole


@pytest.mark.parametrize(
    ("path", "sort", "record"),
    [
        ("/v1/claims", "recorded_at", claims),
        ("/v1/documents", "recorded_at", documents),
        ("/v1/sources", "recorded_on", sources),
        ("/v1/keys", "created_at", keys),
    ],
)
def test_both_orders_hold_the_same_records_the_other_way_round(
    api: Api, clock: Clock, path: str, sort: str, record: Record
) -> None:
    record(api, 5)
    up, down = pages(api, path, limit=2, sort=sort), pages(api, path, limit=2, sort=f"-{sort}")
    assert up == down[::-1]
    assert [item[sort] for item in up] == sorted(item[sort] for item in up)
    assert down == pages(api, path)


def test_records_of_one_instant_are_each_given_once(api: Api, clock: Clock) -> None:
    recorded = []
    for _ in range(5):
        clock.now = clock.now.replace(microsecond=0)
        recorded.append(recorded_claim(api)["id"])
    for sort in ("recorded_at", "-recorded_at"):
        found = [item["id"] for item in pages(api, "/v1/claims", limit=1, sort=sort)]
        assert sorted(found) == sorted(recorded)


def test_what_is_recorded_meanwhile_moves_nothing_on_the_next_page(api: Api) -> None:
    for _ in range(4):
        recorded_claim(api)
    whole = [item["id"] for item in api.read("/v1/claims")["items"]]
    first = api.read("/v1/claims?limit=2")
    recorded_claim(api)
    second = api.read("/v1/claims", params={"limit": 2, "cursor": first["next_cursor"]})
    assert [item["id"] for item in [*first["items"], *second["items"]]] == whole


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", ""])
def test_a_limit_out_of_bounds_is_refused(api: Api, limit: str) -> None:
    response = api.get("/v1/claims", params={"limit": limit})
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (422, "limit")


def test_a_cursor_holds_for_its_own_list_alone(api: Api) -> None:
    claims(api, 3)
    cursor = api.read("/v1/claims?limit=1")["next_cursor"]
    reader = api.with_scopes(Scope.CLAIMS_READ)
    for caller, path in (
        (api, f"/v1/claims?sort=recorded_at&cursor={cursor}"),
        (api, f"/v1/documents?cursor={cursor}"),
        (api, f"/v1/claims?cursor={cursor[:-1]}"),
        (api, "/v1/claims?cursor=nonsense"),
        (reader, f"/v1/claims?cursor={cursor}"),
    ):
        response = caller.get(path)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "wrong_cursor")


def test_the_claims_of_a_source_are_those_that_it_made_or_that_came_through_it(api: Api) -> None:
    source, outlet = recorded_source(api), recorded_outlet(api)
    chain = [{"role": "originator", "source_id": source}, {"role": "outlet", "source_id": outlet}]
    claim = recorded_claim(api, attributions=[attribution_body(chain=chain)])
    recorded_claim(api)

    def listed(query: str) -> list[str]:
        return [item["id"] for item in api.read(f"/v1/sources/{query}")["items"]]

    assert listed(f"{source}/claims") == [claim["id"]]
    assert listed(f"{outlet}/claims") == []
    assert listed(f"{outlet}/claims?source_role=any") == [claim["id"]]
    assert api.get("/v1/sources/00000000-0000-4000-8000-000000000000/claims").status_code == 404
