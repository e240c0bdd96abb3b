"""How many relations are recorded of one source: all of them are read for every claim that names it."""

import pytest

from app.models.vocabulary import Scope
from app.sources import service
from tests.factories import recorded_outlet, recorded_source
from tests.fixtures.api import Api


def test_a_source_has_so_many_relations_of_its_own_and_any_number_of_others_to_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_RELATIONS", 2)
    wire, *papers = (recorded_outlet(api, name=f"Paper {number}") for number in range(4))
    for paper in papers:
        api.create(f"/v1/sources/{paper}/relations", {"other_id": wire, "kind": "republishes"})
    for kind, other in (("distinct_from", papers[0]), ("distinct_from", papers[1])):
        api.create(f"/v1/sources/{wire}/relations", {"other_id": other, "kind": kind})
    refused = api.post(f"/v1/sources/{wire}/relations", {"other_id": papers[2], "kind": "distinct_from"})
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    api.create(f"/v1/sources/{papers[2]}/relations", {"other_id": wire, "kind": "distinct_from"})


def test_so_many_sources_are_one_and_hidden_ones_do_not_count_for_who_cannot_read_them(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_THE_SAME", 3)
    one, two, three, four = (recorded_source(api) for _ in range(4))
    hidden = recorded_source(api, visibility="restricted")
    writer = api.with_scopes(Scope.CLAIMS_READ, Scope.SOURCES_WRITE)
    for other in (hidden, two):
        api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})
    same = {"other_id": three, "kind": "same_as"}
    assert api.post(f"/v1/sources/{two}/relations", same).status_code == 409
    assert writer.post(f"/v1/sources/{two}/relations", same).status_code == 201
    assert writer.post(f"/v1/sources/{four}/relations", same).status_code == 409
