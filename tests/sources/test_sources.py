"""Who speaks: what a source may hold, how it is changed, and what is printed for it."""

from typing import Any

import pytest

from tests.factories import outlet_body, recorded_outlet, recorded_source, source_body
from tests.fixtures.api import Api, codes


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"name": "Ivan"}, "/name", "name_not_allowed"),
        ({"anonymity": "unattributed", "name": "Ivan"}, "/name", "name_not_allowed"),
        ({"same_as": ["https://example.org/ivan"]}, "/same_as", "identity_not_allowed"),
        ({"description": None}, "/description", "required"),
        ({"anonymity": "named"}, "/name", "required"),
        ({"anonymity": "pseudonymous"}, "/name", "required"),
        ({"kind": "group"}, "/member_count_min", "required"),
        ({"kind": "group", "member_count_max": 9}, "/member_count_min", "required"),
        ({"kind": "group", "member_count_min": 9, "member_count_max": 2}, "/member_count_max", "out_of_range"),
        ({"kind": "group", "member_count_min": 0}, "/member_count_min", "out_of_range"),
        ({"member_count_min": 2}, "/member_count_min", "contradictory"),
        ({"country": "RUS"}, "/country", "not_a_code"),
        ({"country": "XX"}, "/country", "not_a_code"),
        ({"language": "english!"}, "/language", "not_a_code"),
        ({"kind": "spokesman"}, "/kind", "not_a_term"),
        ({"reliability": "G"}, "/reliability", "not_a_term"),
        ({"organization_id": "00000000-0000-4000-8000-000000000000"}, "/organization_id", "unknown_reference"),
        ({"real_name": "Ivan"}, "/real_name", "unknown_field"),
    ],
)
def test_a_source_that_breaks_a_rule_is_refused(api: Api, fields: dict[str, Any], pointer: str, code: str) -> None:
    response = api.post("/v1/sources", source_body(**fields))
    assert codes(response) == [(pointer, code)]
    assert "Ivan" not in response.text


def test_a_source_is_read_back_as_recorded(api: Api) -> None:
    outlet_id = recorded_outlet(api)
    body = source_body(
        kind="group",
        member_count_min=2,
        role="workers",
        organization_id=outlet_id,
        country="KP",
        language="ko",
        reliability="B",
    )
    source = api.create("/v1/sources", body)
    assert {name: source[name] for name in body} == body
    assert (source["member_count_max"], source["recorded_on"], source["version"]) == (None, "2026-11-23", 1)
    assert api.read(f"/v1/sources/{source['id']}") == source


def test_a_source_shows_days_and_a_random_id_and_no_instant(api: Api) -> None:
    source = api.create("/v1/sources", source_body())
    assert source["id"][14] == "4"
    assert not any(isinstance(value, str) and "T" in value[10:11] for value in source.values())


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"anonymity": "named", "name": "Kim"}, "Kim"),
        ({"anonymity": "pseudonymous", "name": "Deep Throat", "description": "an official"}, "Deep Throat"),
        ({}, "a source familiar with the situation"),
        ({"anonymity": "unattributed", "description": None}, "unattributed person"),
        ({"anonymity": "unattributed", "description": None, "kind": "unknown"}, "unattributed source"),
    ],
)
def test_the_label_is_what_may_be_printed(api: Api, fields: dict[str, Any], label: str) -> None:
    assert api.create("/v1/sources", source_body(**fields))["label"] == label


def test_reliability_cannot_be_judged_until_it_is(api: Api) -> None:
    source = api.create("/v1/sources", source_body())
    assert source["reliability"] == "F"
    assert api.read(f"/v1/sources/{source['id']}/ratings")["items"] == []


def test_a_patch_merges_and_removes(api: Api) -> None:
    source_id = recorded_source(api, role="engineer", country="RU")
    patched = api.change(f"/v1/sources/{source_id}", {"role": None, "description": "an official"})
    assert (patched["role"], patched["description"], patched["country"]) == (None, "an official", "RU")
    assert patched["version"] == 2


def test_a_patch_replaces_an_array_whole(api: Api) -> None:
    source_id = recorded_outlet(api, same_as=["https://example.org/a", "https://example.org/b"])
    patched = api.change(f"/v1/sources/{source_id}", {"same_as": ["https://example.org/c"]})
    assert patched["same_as"] == ["https://example.org/c"]
    assert api.change(f"/v1/sources/{source_id}", {"same_as": []})["same_as"] == []


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"name": "Ivan"}, "/name", "name_not_allowed"),
        ({"kind": None}, "/kind", "not_a_term"),
        ({"visibility": None}, "/visibility", "not_a_term"),
        ({"same_as": None}, "/same_as", "wrong_type"),
        ({"kind": "group"}, "/member_count_min", "required"),
        ({"reliability": "A"}, "/reliability", "unknown_field"),
        ({"label": "x"}, "/label", "unknown_field"),
        ({"id": "x"}, "/id", "fixed"),
    ],
)
def test_a_patch_is_held_against_the_rules_of_the_whole(
    api: Api, patch: dict[str, Any], pointer: str, code: str
) -> None:
    path = f"/v1/sources/{recorded_source(api)}"
    assert codes(api.patch(path, patch, etag=api.etag(path))) == [(pointer, code)]
    assert api.read(path)["version"] == 1


def test_a_source_whose_name_becomes_known_can_be_named(api: Api) -> None:
    source_id = recorded_source(api)
    patched = api.change(f"/v1/sources/{source_id}", {"anonymity": "named", "name": "Kim"})
    assert (patched["label"], patched["version"]) == ("Kim", 2)


def test_a_source_does_not_belong_to_itself(api: Api) -> None:
    path = f"/v1/sources/{recorded_source(api)}"
    refused = api.patch(path, {"organization_id": path.rsplit("/", 1)[1]}, etag=api.etag(path))
    assert codes(refused) == [("/organization_id", "self_reference")]


def test_a_patch_that_changes_nothing_makes_no_version(api: Api) -> None:
    source_id = recorded_source(api, role="engineer")
    assert api.change(f"/v1/sources/{source_id}", {"role": "engineer"})["version"] == 1


def test_lists_are_filtered_by_kind_and_anonymity(api: Api) -> None:
    outlet, person = recorded_outlet(api), recorded_source(api)
    group = recorded_source(api, kind="group", member_count_min=2)

    def listed(query: str) -> set[str]:
        return {item["id"] for item in api.read(f"/v1/sources?{query}")["items"]}

    assert listed("kind=outlet") == {outlet}
    assert listed("kind=outlet&kind=group") == {outlet, group}
    assert listed("anonymity=anonymous") == {person, group}
    assert listed("anonymity=anonymous&kind=group") == {group}


def test_ratings_are_kept_and_the_latest_day_holds(api: Api) -> None:
    source_id = recorded_source(api, reliability="C")
    path = f"/v1/sources/{source_id}"
    api.create(f"{path}/ratings", {"reliability": "A", "rated_on": "2020-01-01", "assessor": "desk"})
    assert api.read(path)["reliability"] == "C"
    api.create(f"{path}/ratings", {"reliability": "B", "rationale": "confirmed"})
    assert api.read(path)["reliability"] == "B"
    ratings = api.read(f"{path}/ratings")["items"]
    assert [rating["reliability"] for rating in ratings] == ["B", "C", "A"]
    assert [rating["rated_on"] for rating in ratings] == ["2026-11-23", "2026-11-23", "2020-01-01"]


def test_a_rating_from_a_day_to_come_is_refused(api: Api) -> None:
    source_id = recorded_source(api)
    refused = api.post(f"/v1/sources/{source_id}/ratings", {"reliability": "A", "rated_on": "2026-11-24"})
    assert codes(refused) == [("/rated_on", "out_of_range")]


def test_symmetric_relations_are_recorded_once_from_either_side(api: Api) -> None:
    one, other = recorded_source(api), recorded_source(api)
    relation = api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "possibly_same"})
    again = api.post(f"/v1/sources/{other}/relations", {"other_id": one, "kind": "possibly_same"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert again.json()["existing_id"] == relation["id"]
    for source_id in (one, other):
        assert api.read(f"/v1/sources/{source_id}/relations")["items"] == [relation]


def test_directed_relations_may_stand_both_ways(api: Api) -> None:
    one, other = recorded_outlet(api), recorded_outlet(api)
    api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "republishes"})
    api.create(f"/v1/sources/{other}/relations", {"other_id": one, "kind": "republishes"})
    assert len(api.read(f"/v1/sources/{one}/relations")["items"]) == 2


@pytest.mark.parametrize("kinds", [("same_as", "distinct_from"), ("distinct_from", "same_as")])
def test_two_sources_are_not_both_the_same_and_distinct(api: Api, kinds: tuple[str, str]) -> None:
    one, other = recorded_source(api), recorded_source(api)
    first = api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": kinds[0]})
    refused = api.post(f"/v1/sources/{other}/relations", {"other_id": one, "kind": kinds[1]})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    path = f"/v1/sources/{one}/relations/{first['id']}"
    assert api.delete(path, etag=api.etag(path)).status_code == 204
    api.create(f"/v1/sources/{other}/relations", {"other_id": one, "kind": kinds[1]})


def test_a_source_is_not_related_to_itself_or_to_nothing(api: Api) -> None:
    one = recorded_source(api)
    for other, code in ((one, "self_reference"), ("00000000-0000-4000-8000-000000000000", "unknown_reference")):
        refused = api.post(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
        assert codes(refused) == [("/other_id", code)]


def test_a_removed_relation_is_gone_from_both_sides(api: Api) -> None:
    one, other = recorded_source(api), recorded_source(api)
    relation = api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
    path = f"/v1/sources/{other}/relations/{relation['id']}"
    assert api.delete(path, etag=api.etag(path)).status_code == 204
    assert api.get(path).status_code == 404
    assert api.read(f"/v1/sources/{one}/relations")["items"] == []


def test_a_relation_is_not_reached_through_a_third_source(api: Api) -> None:
    one, other, third = recorded_source(api), recorded_source(api), recorded_source(api)
    relation = api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
    assert api.get(f"/v1/sources/{third}/relations/{relation['id']}").status_code == 404


def test_an_outlet_is_named(api: Api) -> None:
    assert api.create("/v1/sources", outlet_body(name="연합뉴스 🙂"))["label"] == "연합뉴스 🙂"
