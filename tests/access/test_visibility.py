"""Who sees what: what a caller may not see does not exist for them, now or in the past, whatever they send."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from httpx import Response

from app.identities.schemas import SEALED
from app.models.vocabulary import Scope
from tests.access.conftest import ABSENT, WRITES, Callers, add_hidden, hide, instant, listed
from tests.conftest import START, Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api


def ids(listed: Any) -> list[str]:
    return [item["id"] for item in listed["items"]]


# The line of versions of those who do not see a write.


def test_a_hidden_write_leaves_what_the_public_reads_as_it_was(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    path = f"/v1/claims/{claim_id}"
    before, history = callers.reader.get(path), callers.reader.get(f"{path}/history", params={"include_total": True})
    attribution = add_hidden(callers.restricted, claim_id)
    callers.restricted.create(f"{path}/assessments", assessment_body(attribution_id=attribution["id"]))
    callers.restricted.change(f"{path}/attributions/{attribution['id']}", {"hedge": "perhaps"})
    callers.restricted.change(f"/v1/sources/{attribution['chain'][0]['source_id']}", {"role": "clerk"})
    after = callers.reader.get(path)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert callers.reader.get(f"{path}/history", params={"include_total": True}).content == history.content
    assert callers.restricted.read(path)["version"] == 4


def test_an_etag_read_before_a_hidden_write_still_lets_the_reader_write(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    etag = callers.public.etag(f"/v1/claims/{claim_id}")
    add_hidden(callers.restricted, claim_id)
    changed = callers.public.patch(f"/v1/claims/{claim_id}", {"statement": "Ten defected."}, etag=etag)
    assert changed.status_code == 200
    assert changed.json()["version"] == 2
    assert [version["version"] for version in callers.reader.read(f"/v1/claims/{claim_id}/history")["items"]] == [2, 1]


def test_lines_that_parted_stay_apart_through_hiding_and_showing(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    path = f"/v1/claims/{claim_id}"
    secret = recorded_source(callers.restricted, visibility="internal")
    callers.restricted.create(f"{path}/attributions", said_by(secret))
    add_hidden(callers.restricted, claim_id)
    versions = {name: getattr(callers, name).read(path)["version"] for name in ("reader", "internal", "restricted")}
    assert versions == {"reader": 1, "internal": 2, "restricted": 3}
    hide(callers.restricted, path)
    assert [callers.reader.get(path).status_code, callers.internal.get(path).status_code] == [404, 404]
    callers.restricted.change(path, {"statement": "Nobody outside may read this."})
    callers.restricted.change(path, {"statement": "Nine workers left."})
    hide(callers.restricted, path, "public")
    for caller, numbers in (
        (callers.reader, [2, 1]),
        (callers.internal, [3, 2, 1]),
        (callers.restricted, [7, 6, 5, 4, 3, 2, 1]),
    ):
        history = caller.read(f"{path}/history")["items"]
        assert [version["version"] for version in history] == numbers
        assert {name: history[0]["document"][name] for name in ("id", "version", "updated_at")} == {
            name: caller.read(path)[name] for name in ("id", "version", "updated_at")
        }
    assert "Nobody outside" not in callers.internal.get(f"{path}/history").text


def test_what_becomes_public_begins_with_version_1(callers: Callers, clock: Clock) -> None:
    claim_id = recorded_claim(callers.restricted, visibility="internal")["id"]
    path = f"/v1/claims/{claim_id}"
    callers.internal.change(path, {"statement": "First words."})
    for part in ("sources", "documents"):
        for own_id in callers.internal.read(path)["included"][part]:
            hide(callers.internal, f"/v1/{part}/{own_id}", "public")
    hide(callers.internal, path, "public")
    history = callers.reader.read(f"{path}/history", params={"include_total": True})
    assert [(version["version"], version["action"]) for version in history["items"]] == [(1, "created")]
    assert history["total"] == 1
    # The public is told days of a claim whose source is not named.
    assert callers.reader.get(path, params={"as_of": instant(START - timedelta(days=1))}).status_code == 404
    assert callers.reader.get(path, params={"as_of": instant(START)}).status_code == 200


# Hiding.


def test_hiding_a_source_takes_it_out_of_everything_at_once(callers: Callers) -> None:
    outlet = recorded_outlet(callers.restricted)
    document = recorded_document(callers.restricted, outlet_id=outlet)
    member = recorded_source(callers.restricted, organization_id=outlet)
    callers.restricted.create(f"/v1/sources/{member}/relations", {"other_id": outlet, "kind": "member_of"})
    only = recorded_claim(callers.restricted, attributions=[said_by(outlet, document=outlet_document())])["id"]
    other = recorded_claim(callers.restricted, attributions=[said_by(member, document_id=document, **NO_DOCUMENT)])
    relation = {"other_claim_id": only, "kind": "contradicts"}
    callers.restricted.create(f"/v1/claims/{other['id']}/relations", relation)
    hide(callers.restricted, f"/v1/sources/{outlet}")
    assert callers.reader.get(f"/v1/sources/{outlet}").status_code == 404
    assert callers.reader.get(f"/v1/claims/{only}").status_code == 404
    assert callers.reader.read(f"/v1/documents/{document}")["outlet_id"] is None
    assert callers.reader.read(f"/v1/sources/{member}")["organization_id"] is None
    assert callers.reader.read(f"/v1/sources/{member}/relations")["items"] == []
    assert callers.reader.read(f"/v1/claims/{other['id']}/relations")["items"] == []
    assert outlet not in callers.reader.get(f"/v1/claims/{other['id']}").text
    assert ids(callers.reader.read("/v1/claims")) == [other["id"]]
    assert callers.reader.read("/v1/claims", params={"include_total": True})["total"] == 1
    hide(callers.restricted, f"/v1/sources/{outlet}", "public")
    assert callers.reader.read(f"/v1/documents/{document}")["outlet_id"] == outlet
    assert len(callers.reader.read(f"/v1/claims/{other['id']}/relations")["items"]) == 1


NO_DOCUMENT: dict[str, Any] = {"document": None}


def outlet_document() -> dict[str, Any]:
    return document_body(title="From the outlet")


def test_a_hop_with_a_hidden_document_hides_the_attribution(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    source, document = recorded_source(callers.restricted), recorded_document(callers.restricted)
    chain = [{"role": "originator", "source_id": source, "document_id": document}]
    added = callers.restricted.create(f"/v1/claims/{claim_id}/attributions", attribution_body(chain=chain))
    hide(callers.restricted, f"/v1/documents/{document}")
    assert added["id"] not in callers.reader.get(f"/v1/claims/{claim_id}").text
    assert ids(callers.reader.read(f"/v1/sources/{source}/claims")) == []


def test_hidden_evidence_is_left_out_of_a_public_assessment(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    document = recorded_document(callers.restricted, visibility="restricted")
    evidence = [{"relation": "supports", "document_id": document, "note": "the leaked list"}]
    callers.restricted.create(f"/v1/claims/{claim_id}/assessments", assessment_body(evidence=evidence))
    assert callers.reader.read(f"/v1/claims/{claim_id}")["assessments"][0]["evidence"] == []


def test_a_document_is_not_found_by_its_hidden_outlet(callers: Callers) -> None:
    outlet = recorded_outlet(callers.restricted)
    document = recorded_document(callers.restricted, outlet_id=outlet)
    hide(callers.restricted, f"/v1/sources/{outlet}")
    query = {"outlet_id": outlet, "include_total": True}
    assert callers.reader.read("/v1/documents", params=query) == {"items": [], "next_cursor": None, "total": 0}
    assert ids(callers.restricted.read("/v1/documents", params=query)) == [document]


# What is recorded along with something is no more visible than that.


@pytest.mark.parametrize(
    "fields",
    [
        {"terms": "off_the_record"},
        {"document": document_body(visibility="restricted")},
        {"chain": [{"role": "originator", "source": source_body(visibility="restricted")}]},
    ],
    ids=["off the record", "a hidden document", "a hidden source"],
)
def test_what_comes_along_with_something_hidden_is_hidden(callers: Callers, fields: dict[str, Any]) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    before = listed(callers.reader)
    callers.restricted.create(f"/v1/claims/{claim_id}/attributions", attribution_body(**fields))
    assert listed(callers.reader) == before


def test_a_document_that_comes_along_with_a_recorded_hidden_source_is_hidden(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    before = listed(callers.reader)
    attribution = add_hidden(callers.restricted, claim_id)
    evidence = [{"relation": "supports", "document": document_body(title="Interview with the clerk")}]
    body = assessment_body(attribution_id=attribution["id"], evidence=evidence)
    callers.restricted.create(f"/v1/claims/{claim_id}/assessments", body)
    assert listed(callers.reader) == before


def test_evidence_for_a_claim_that_only_a_hidden_source_makes_is_hidden(callers: Callers) -> None:
    hidden = recorded_source(callers.restricted, visibility="internal")
    evidence = [{"relation": "supports", "document": document_body()}]
    recorded_claim(callers.restricted, attributions=[said_by(hidden)], assessment=assessment_body(evidence=evidence))
    assert listed(callers.reader) == (0, 0)
    assert listed(callers.internal) == (1, 2)


def test_nobody_records_off_the_record_what_they_could_not_read(callers: Callers) -> None:
    claim = recorded_claim(callers.restricted)
    path = f"/v1/claims/{claim['id']}/attributions"
    source = claim["attributions"][0]["chain"][0]["source_id"]
    for body in (attribution_body(terms="off_the_record"), said_by(source, terms="off_the_record")):
        assert callers.internal.post(path, body).json()["scope"] == "restricted:read"
    own = f"{path}/{claim['attributions'][0]['id']}"
    assert callers.internal.patch(own, {"terms": "off_the_record"}, etag="*").status_code == 403


# Writes of those who do not see everything.


@pytest.mark.parametrize(
    ("path", "field"), [("/v1/sources", "organization_id"), ("/v1/documents", "outlet_id")], ids=["source", "document"]
)
def test_a_patch_neither_removes_nor_confirms_a_hidden_organization(callers: Callers, path: str, field: str) -> None:
    hidden = recorded_outlet(callers.restricted, visibility="restricted")
    record = recorded_source if path == "/v1/sources" else recorded_document
    own = f"{path}/{record(callers.restricted, **{field: hidden})}"
    changed = callers.public.patch(own, {"language": "ko", field: None}, etag=callers.public.etag(own))
    assert (changed.status_code, changed.json()[field]) == (200, None)
    assert callers.restricted.read(own)[field] == hidden
    guesses = [callers.public.patch(own, {field: each}, etag="*") for each in (hidden, ABSENT)]
    assert [guess.status_code for guess in guesses] == [422, 422]
    assert same_answer(*guesses)
    other = recorded_outlet(callers.public)
    assert callers.public.patch(own, {field: other}, etag="*").json()[field] == other


def test_a_patch_of_a_claim_keeps_what_is_hidden_of_it(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    attribution = add_hidden(callers.restricted, claim_id)
    callers.public.change(f"/v1/claims/{claim_id}", {"statement": "Ten defected.", "topics": ["defection"]})
    assert attribution["id"] in callers.restricted.get(f"/v1/claims/{claim_id}").text


def test_the_last_attribution_that_a_writer_sees_stays_whatever_else_is_there(callers: Callers) -> None:
    claim = recorded_claim(callers.restricted)
    path = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    alone = callers.public.delete(path, etag="*")
    add_hidden(callers.restricted, claim["id"])
    beside_hidden = callers.public.delete(path, etag="*")
    assert (alone.status_code, beside_hidden.status_code) == (409, 409)
    assert same_answer(alone, beside_hidden)
    assert callers.restricted.delete(path, etag="*").status_code == 204
    assert callers.reader.get(f"/v1/claims/{claim['id']}").status_code == 404


def test_a_draft_is_not_published_on_what_its_writer_cannot_see(callers: Callers) -> None:
    draft = recorded_claim(callers.restricted, status="draft", attributions=[])["id"]
    empty = callers.internal.patch(f"/v1/claims/{draft}", {"status": "published"}, etag="*")
    add_hidden(callers.restricted, draft)
    published = callers.internal.patch(f"/v1/claims/{draft}", {"status": "published"}, etag="*")
    assert (empty.status_code, published.status_code) == (422, 422)
    assert same_answer(empty, published)


def test_a_hidden_attribution_cannot_be_assessed_or_told_from_an_absent_one(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    attribution = add_hidden(callers.restricted, claim_id)
    path = f"/v1/claims/{claim_id}/assessments"
    hidden, absent = (
        callers.public.post(path, assessment_body(attribution_id=each)) for each in (attribution["id"], ABSENT)
    )
    assert hidden.status_code == 422
    assert same_answer(hidden, absent)


def test_a_hidden_document_leaves_its_address_to_others(callers: Callers) -> None:
    body = document_body(url="https://example.org/leak")
    hidden = recorded_document(callers.restricted, url="https://example.org/leak", visibility="restricted")
    assert callers.public.post("/v1/documents", body).status_code == 201
    again = callers.public.post("/v1/documents", body)
    assert again.status_code == 409
    assert again.json()["existing_id"] != hidden
    shown = callers.restricted.patch(f"/v1/documents/{hidden}", {"visibility": "public"}, etag="*")
    assert shown.json()["existing_id"] == again.json()["existing_id"]


# Hidden and absent.


def same_answer(one: Response, other: Response) -> bool:
    """Whether two answers differ in nothing but the request that they name."""
    own = {"request_id", "instance"}
    bodies = [{name: value for name, value in each.json().items() if name not in own} for each in (one, other)]
    headers = [{name: value for name, value in each.headers.items() if name != "x-request-id"} for each in (one, other)]
    return one.status_code == other.status_code and bodies[0] == bodies[1] and headers[0] == headers[1]


def body_of(method: str, template: str) -> dict[str, Any] | None:
    """A body that the route would accept."""
    if method == "PATCH":
        return {}
    if method == "PUT":
        return {"sealed": SEALED, "custodian_ids": [ABSENT, f"{ABSENT[:-1]}1"]}
    if method != "POST":
        return None
    last = template.rsplit("/", 1)[-1]
    source, claim = str(ABSENT), str(ABSENT)
    return {
        "retract": {"reason": "corrected"},
        "attributions": attribution_body(),
        "assessments": assessment_body(),
        "relations": {"other_id": source, "kind": "same_as"}
        if "/sources/" in template
        else {"other_claim_id": claim, "kind": "contradicts"},
        "ratings": {"reliability": "B"},
        "verify": {"text": "Nine workers defected."},
    }[last]


@pytest.fixture
def hidden_ids(callers: Callers) -> dict[str, str]:
    """One hidden thing for each parameter that a path can have."""
    keep = callers.restricted
    source, other = (recorded_source(keep, visibility="restricted") for _ in range(2))
    relation = keep.create(f"/v1/sources/{source}/relations", {"other_id": other, "kind": "distinct_from"})["id"]
    claim = recorded_claim(keep, attributions=[said_by(source)], assessment=assessment_body())
    second = recorded_claim(keep, visibility="restricted")["id"]
    between = keep.create(f"/v1/claims/{claim['id']}/relations", {"other_claim_id": second, "kind": "contradicts"})
    return {
        "source_id": source,
        "document_id": recorded_document(keep, visibility="restricted"),
        "claim_id": claim["id"],
        "attribution_id": claim["attributions"][0]["id"],
        "assessment_id": claim["assessments"][0]["id"],
        "claims/relation_id": between["id"],
        "sources/relation_id": relation,
    }


def test_no_route_tells_hidden_from_absent(callers: Callers, hidden_ids: dict[str, str], api: Api) -> None:
    public_claim, public_source = recorded_claim(api)["id"], recorded_source(api)
    attribution = add_hidden(api, public_claim)
    assessed = api.create(f"/v1/claims/{public_claim}/assessments", assessment_body(attribution_id=attribution["id"]))
    wholly = hidden_ids
    in_public = {
        **hidden_ids,
        "claim_id": public_claim,
        "source_id": public_source,
        "attribution_id": attribution["id"],
        "assessment_id": assessed["id"],
    }
    checked, caller = 0, api.with_scopes(*WRITES, Scope.IDENTITY_READ, Scope.IDENTITY_WRITE)
    for method, template in routes_with_ids(api):
        for names in (wholly, in_public):
            hidden = filled(template, names)
            absent = filled(template, names | dict.fromkeys(last_names(template, whole=names is wholly), ABSENT))
            if hidden == absent or (names is in_public and template.count("{") < 2):
                continue
            for etag in (None, "*", '"0123456789abcdef-0123456789abcdef"'):
                sent = {"Access-Reason": "a check", **({"If-Match": etag} if etag else {})}
                answers = [
                    caller.request(method, path, json=body_of(method, template), headers=sent)
                    for path in (hidden, absent)
                ]
                assert answers[0].status_code in {404, 412, 428}, (method, template, answers[0].text)
                assert same_answer(*answers), (method, template, etag)
                checked += 1
    assert checked > 60


NOT_OF_RECORDS = ("/{key_id}", "/{key_id}/rotate", "/{custodian_id}", "/exposure")
"""Routes of what is hidden from nobody who may ask for it, and one that no public caller may ask."""


def routes_with_ids(api: Api) -> list[tuple[str, str]]:
    described = api.read("/openapi.json")["paths"]
    return [
        (method.upper(), template)
        for template, operations in described.items()
        for method in operations
        if "{" in template and not template.endswith(NOT_OF_RECORDS)
    ]


def last_names(template: str, *, whole: bool) -> list[str]:
    """Names of the path's parameters, all of them or the last."""
    names = [step[1:-1] for step in template.split("/") if step.startswith("{")]
    kind = template.split("/")[2]
    named = [f"{kind}/{name}" if name == "relation_id" else name for name in names]
    return named if whole else named[-1:]


def filled(template: str, names: dict[str, str]) -> str:
    kind = template.split("/")[2]
    for name, value in names.items():
        template = template.replace("{" + name.removeprefix(f"{kind}/") + "}", value)
    return template


# The past.


def test_a_source_that_is_hidden_now_is_hidden_in_the_past(callers: Callers, clock: Clock) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    path = f"/v1/claims/{claim_id}"
    source = recorded_source(callers.restricted)
    attribution = callers.restricted.create(f"{path}/attributions", said_by(source))
    callers.restricted.create(f"{path}/assessments", assessment_body(attribution_id=attribution["id"]))
    while_shown = instant(clock())
    hide(callers.restricted, f"/v1/sources/{source}")
    then = callers.reader.get(path, params={"as_of": while_shown})
    history = callers.reader.get(f"{path}/history")
    for secret in (source, attribution["id"], "verification desk"):
        assert secret not in then.text
        assert secret not in history.text
    assert source in callers.restricted.get(path, params={"as_of": while_shown}).text


@pytest.mark.parametrize("how", ["off the record", "hidden source", "another hidden source"])
def test_an_attribution_that_is_removed_while_hidden_stays_hidden_in_the_past(callers: Callers, how: str) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    path = f"/v1/claims/{claim_id}"
    source = recorded_source(callers.restricted)
    attribution = callers.restricted.create(f"{path}/attributions", said_by(source))["id"]
    own = f"{path}/attributions/{attribution}"
    if how == "off the record":
        callers.restricted.change(own, {"terms": "off_the_record"})
    elif how == "hidden source":
        hide(callers.restricted, f"/v1/sources/{source}")
    else:
        hidden = recorded_source(callers.restricted, visibility="restricted")
        callers.restricted.change(own, {"chain": [{"role": "originator", "source_id": hidden}]})
    assert callers.restricted.delete(own, etag="*").status_code == 204
    assert attribution not in callers.reader.get(f"{path}/history").text
    assert attribution in callers.restricted.get(f"{path}/history").text


def test_an_attribution_that_is_removed_in_public_stays_in_the_history(callers: Callers) -> None:
    claim_id = recorded_claim(callers.restricted)["id"]
    path = f"/v1/claims/{claim_id}"
    attribution = callers.restricted.create(f"{path}/attributions", attribution_body())["id"]
    assert callers.restricted.delete(f"{path}/attributions/{attribution}", etag="*").status_code == 204
    versions = callers.reader.read(f"{path}/history")["items"]
    assert [attribution in str(version) for version in versions] == [False, True, False]


def test_history_counts_and_pages_only_the_versions_that_it_shows(callers: Callers) -> None:
    claim = recorded_claim(callers.restricted)
    path = f"/v1/claims/{claim['id']}"
    callers.restricted.change(path, {"statement": "Ten defected."})
    added = callers.restricted.create(f"{path}/attributions", attribution_body())
    callers.restricted.delete(f"{path}/attributions/{claim['attributions'][0]['id']}", etag="*")
    hide(callers.restricted, f"/v1/sources/{claim['attributions'][0]['chain'][0]['source_id']}")
    assert added["id"] in callers.reader.get(path).text
    history = callers.reader.read(f"{path}/history", params={"limit": 2, "include_total": True})
    assert [version["version"] for version in history["items"]] == [4, 3]
    assert (history["next_cursor"], history["total"]) == (None, 2)


# Repeated requests.


def test_a_repeated_request_does_not_bring_back_what_has_been_hidden(callers: Callers) -> None:
    source = recorded_source(callers.restricted, description="the deputy minister's driver")
    other = recorded_outlet(callers.restricted)
    body = claim_body(attributions=[said_by(source), said_by(other)])
    once = {"Idempotency-Key": "k"}
    first = callers.public.post("/v1/claims", body, headers=once)
    assert callers.public.post("/v1/claims", body, headers=once).content == first.content
    hide(callers.restricted, f"/v1/sources/{source}")
    again = callers.public.post("/v1/claims", body, headers=once)
    assert again.status_code == 409
    assert "driver" not in again.text
    assert len(callers.reader.read("/v1/claims")["items"]) == 1


def test_a_repeated_request_does_not_bring_back_an_attribution_that_was_hidden_and_then_removed(
    callers: Callers,
) -> None:
    source = recorded_source(callers.restricted, description="the deputy minister's driver")
    body = claim_body(attributions=[said_by(recorded_outlet(callers.restricted)), said_by(source)])
    once = {"Idempotency-Key": "k"}
    made = callers.public.post("/v1/claims", body, headers=once).json()
    hide(callers.restricted, f"/v1/sources/{source}")
    path = f"/v1/claims/{made['id']}/attributions/{made['attributions'][1]['id']}"
    assert callers.restricted.delete(path, etag="*").status_code == 204
    again = callers.public.post("/v1/claims", body, headers=once)
    assert again.status_code == 409
    assert source not in again.text
    assert "driver" not in again.text


def test_a_repeated_request_does_not_bring_back_a_relation_that_was_hidden_and_then_removed(callers: Callers) -> None:
    one, other = (recorded_source(callers.restricted) for _ in range(2))
    body, once = {"other_id": other, "kind": "same_as"}, {"Idempotency-Key": "k"}
    made = callers.public.post(f"/v1/sources/{one}/relations", body, headers=once).json()
    hide(callers.restricted, f"/v1/sources/{other}")
    path = f"/v1/sources/{one}/relations/{made['id']}"
    assert callers.restricted.delete(path, etag="*").status_code == 204
    hide(callers.restricted, f"/v1/sources/{other}", "public")
    again = callers.public.post(f"/v1/sources/{one}/relations", body, headers=once)
    assert again.status_code == 409
    assert made["id"] not in again.text


def test_a_repeated_request_shows_again_what_was_removed_in_sight(callers: Callers) -> None:
    body = claim_body(attributions=[attribution_body(), attribution_body()])
    once = {"Idempotency-Key": "k"}
    made = callers.public.post("/v1/claims", body, headers=once)
    path = f"/v1/claims/{made.json()['id']}/attributions/{made.json()['attributions'][1]['id']}"
    assert callers.restricted.delete(path, etag="*").status_code == 204
    assert callers.public.post("/v1/claims", body, headers=once).content == made.content


# Equal versions.


def test_what_is_hidden_and_shown_again_and_again_leaves_no_version_that_tells_of_it(callers: Callers) -> None:
    source = recorded_outlet(callers.restricted)
    claim = recorded_claim(callers.restricted, attributions=[said_by(recorded_outlet(callers.restricted))])
    path = f"/v1/claims/{claim['id']}"
    callers.restricted.create(f"{path}/attributions", said_by(source))
    alone = recorded_claim(callers.restricted, attributions=[said_by(source)])["id"]
    paths = [path, f"/v1/sources/{source}", f"/v1/claims/{alone}"]
    before = [callers.reader.get(each) for each in paths]
    versions = [callers.reader.read(f"{each}/history") for each in (paths[0], paths[2])]
    for _ in range(2):
        hide(callers.restricted, f"/v1/sources/{source}")
        hide(callers.restricted, f"/v1/sources/{source}", "public")
    hide(callers.restricted, path)
    hide(callers.restricted, path, "public")
    after = [callers.reader.get(each) for each in paths[1:]]
    assert [each.content for each in after] == [each.content for each in before[1:]]
    assert callers.reader.read(f"/v1/claims/{alone}/history") == versions[1]
    documents = [each["document"] for each in callers.reader.read(f"{path}/history")["items"]]
    told = [{name: value for name, value in each.items() if name not in TIMED} for each in documents]
    assert all(one != next_one for one, next_one in pairwise(told))


TIMED = {"version", "updated_at"}


def test_a_key_can_be_made_again_by_whoever_does_not_read_what_is_restricted(api: Api) -> None:
    manager = api.with_scopes(Scope.KEYS_MANAGE, Scope.CLAIMS_READ)
    body, once = {"name": "CMS", "scopes": ["claims:read"]}, {"Idempotency-Key": "k"}
    answers = [manager.post("/v1/keys", body, headers=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]


def test_only_insiders_learn_which_key_wrote(callers: Callers) -> None:
    path = f"/v1/claims/{recorded_claim(callers.restricted)['id']}/history"
    assert callers.reader.read(path)["items"][0]["actor_id"] is None
    assert callers.internal.read(path)["items"][0]["actor_id"] is not None


def test_nobody_hides_what_they_write_from_themselves(callers: Callers) -> None:
    refused = [
        callers.public.post("/v1/sources", outlet_body(visibility="internal")),
        callers.internal.post("/v1/documents", document_body(visibility="restricted")),
        callers.public.post("/v1/claims", claim_body(status="draft")),
        callers.public.post("/v1/claims", claim_body(embargo_until=instant(START + timedelta(days=2)))),
    ]
    assert [answer.json().get("scope") for answer in refused] == [
        "internal:read",
        "restricted:read",
        "internal:read",
        "internal:read",
    ]


def test_the_author_is_told_for_whom_a_claim_exists(callers: Callers) -> None:
    assert recorded_claim(callers.restricted)["visible_to"] == "public"
    assert recorded_claim(callers.restricted, status="draft")["visible_to"] == "internal"
    hidden = [attribution_body(terms="off_the_record")]
    assert recorded_claim(callers.restricted, attributions=hidden)["visible_to"] == "restricted"
