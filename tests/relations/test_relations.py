"""How claims stand to one another: recorded once, decided, and remembered when rejected."""

from typing import Any

import pytest

from tests.factories import recorded_claim
from tests.fixtures.api import Api, codes


@pytest.fixture
def pair(api: Api) -> tuple[str, str]:
    return recorded_claim(api)["id"], recorded_claim(api)["id"]


def relate(api: Api, one: str, other: str, **fields: Any) -> Any:
    body = {"other_claim_id": other, "kind": "contradicts"} | fields
    return api.create(f"/v1/claims/{one}/relations", body)


def test_a_relation_is_read_from_either_side(api: Api, pair: tuple[str, str]) -> None:
    one, other = pair
    relation = relate(api, one, other, note="One counts arrivals.", decided_by="desk", score=0.8)
    assert (relation["claim_id"], relation["other_claim_id"], relation["status"]) == (one, other, "confirmed")
    assert relation["decided_at"] == relation["recorded_at"]
    for claim_id in pair:
        assert api.read(f"/v1/claims/{claim_id}/relations")["items"] == [relation]
        assert api.read(f"/v1/claims/{claim_id}/relations/{relation['id']}") == relation


@pytest.mark.parametrize("kind", ["corroborates", "contradicts", "duplicates"])
def test_symmetric_relations_are_recorded_once(api: Api, pair: tuple[str, str], kind: str) -> None:
    one, other = pair
    first = relate(api, one, other, kind=kind)
    for claim_id, related in ((one, other), (other, one)):
        again = api.post(f"/v1/claims/{claim_id}/relations", {"other_claim_id": related, "kind": kind})
        assert (again.status_code, again.json()["existing_id"]) == (409, first["id"])


@pytest.mark.parametrize("kind", ["refines", "part_of", "supersedes", "derived_from", "context_for", "generalizes"])
def test_directed_relations_are_recorded_each_way(api: Api, pair: tuple[str, str], kind: str) -> None:
    one, other = pair
    relate(api, one, other, kind=kind)
    relate(api, other, one, kind=kind)
    again = api.post(f"/v1/claims/{one}/relations", {"other_claim_id": other, "kind": kind})
    assert again.status_code == 409


def test_a_rejection_is_remembered(api: Api, pair: tuple[str, str]) -> None:
    one, other = pair
    suggested = relate(api, one, other, status="suggested", score=0.4)
    assert suggested["decided_at"] is None
    path = f"/v1/claims/{other}/relations/{suggested['id']}"
    rejected = api.change(path, {"status": "rejected", "decided_by": "desk", "score": None})
    assert (rejected["status"], rejected["decided_by"], rejected["score"]) == ("rejected", "desk", None)
    assert rejected["decided_at"] is not None
    again = api.post(f"/v1/claims/{other}/relations", {"other_claim_id": one, "kind": "contradicts"})
    assert (again.status_code, again.json()["existing_id"]) == (409, suggested["id"])
    assert "rejected" in again.json()["detail"]


def test_when_it_was_decided_changes_with_the_decision_alone(api: Api, pair: tuple[str, str]) -> None:
    relation = relate(api, *pair)
    path = f"/v1/claims/{pair[0]}/relations/{relation['id']}"
    assert api.change(path, {"note": "checked"})["decided_at"] == relation["decided_at"]
    assert api.change(path, {"status": "rejected"})["decided_at"] > relation["decided_at"]
    assert api.change(path, {"status": "suggested"})["decided_at"] is None


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"other_claim_id": "00000000-0000-4000-8000-000000000000"}, "/other_claim_id", "unknown_reference"),
        ({"kind": "same"}, "/kind", "not_a_term"),
        ({"score": 1.5}, "/score", "out_of_range"),
        ({"score": "0.5"}, "/score", "wrong_type"),
        ({"claim_id": "x"}, "/claim_id", "unknown_field"),
    ],
)
def test_a_relation_that_breaks_a_rule_is_refused(
    api: Api, pair: tuple[str, str], fields: dict[str, Any], pointer: str, code: str
) -> None:
    body = {"other_claim_id": pair[1], "kind": "refines"} | fields
    assert codes(api.post(f"/v1/claims/{pair[0]}/relations", body)) == [(pointer, code)]


def test_a_claim_is_not_related_to_itself(api: Api, pair: tuple[str, str]) -> None:
    refused = api.post(f"/v1/claims/{pair[0]}/relations", {"other_claim_id": pair[0], "kind": "refines"})
    assert codes(refused) == [("/other_claim_id", "self_reference")]


@pytest.mark.parametrize(
    "patch", [{"kind": "refines"}, {"other_claim_id": "00000000-0000-4000-8000-000000000000"}, {"decided_at": None}]
)
def test_what_a_relation_relates_stays(api: Api, pair: tuple[str, str], patch: dict[str, Any]) -> None:
    path = f"/v1/claims/{pair[0]}/relations/{relate(api, *pair)['id']}"
    assert codes(api.patch(path, patch, etag="*")) == [(f"/{next(iter(patch))}", "unknown_field")]


def test_lists_are_filtered_by_kind_and_status(api: Api, pair: tuple[str, str]) -> None:
    one, other = pair
    contradicts = relate(api, one, other)["id"]
    refines = relate(api, one, other, kind="refines", status="suggested")["id"]

    def listed(query: str) -> list[str]:
        return [item["id"] for item in api.read(f"/v1/claims/{other}/relations?{query}")["items"]]

    assert listed("") == [refines, contradicts]
    assert listed("kind=contradicts") == [contradicts]
    assert listed("status=suggested&status=rejected") == [refines]


def test_a_relation_is_not_reached_through_a_third_claim(api: Api, pair: tuple[str, str]) -> None:
    relation, third = relate(api, *pair), recorded_claim(api)["id"]
    assert api.get(f"/v1/claims/{third}/relations/{relation['id']}").status_code == 404


def test_a_retracted_claim_can_still_be_related(api: Api, pair: tuple[str, str]) -> None:
    assert api.post(f"/v1/claims/{pair[0]}/retract", {"reason": "corrected"}).status_code == 200
    relate(api, *pair, kind="supersedes")
