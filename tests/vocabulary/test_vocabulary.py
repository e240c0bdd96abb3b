"""The vocabulary explains every term that the API takes or gives."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi import FastAPI

from app.assessments.scales import scale_values
from app.exposure.details import ExposedField
from app.facets.schemas import FacetField
from app.filters.schemas import Sort
from app.kit.problems import PROBLEMS
from app.models.vocabulary import VOCABULARIES, ConfidenceScale
from tests.fixtures.api import Api

EXPLAINED_IN_PLACE = {
    # Terms of answers and parameters, which are not vocabularies of the domain; their descriptions explain them.
    frozenset({"in_place", "moved", "missing"}),
    frozenset({"originator", "any"}),
    frozenset({"recorded_at", "-recorded_at"}),
    frozenset({"possibly", "certainly"}),
    frozenset({"statement", "quote", "source", "document_title"}),
    frozenset(get_args(Sort)),
    frozenset(get_args(FacetField)),
    frozenset(ExposedField),
    frozenset({"backups", "database_files", "write_ahead_log", "replicas", "storage", "readers"}),
    frozenset({"recorded_on", "-recorded_on"}),
    frozenset({"created_at", "-created_at"}),
}


@pytest.fixture(scope="module")
def document(app_of_session: FastAPI) -> Any:
    return app_of_session.openapi()


def enumerations(value: Any) -> Iterator[frozenset[Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("enum"), list):
            yield frozenset(value["enum"])
        for each in value.values():
            yield from enumerations(each)
    elif isinstance(value, list):
        for each in value:
            yield from enumerations(each)


def test_it_is_open_to_everyone_and_stays_the_same(api: Api) -> None:
    response = api.without_key().get("/v1/vocabulary")
    assert response.status_code == 200
    again = api.get("/v1/vocabulary", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304


def test_every_vocabulary_stands_in_it_with_meanings_and_origins(api: Api) -> None:
    shown = {item["name"]: item for item in api.read("/v1/vocabulary")["items"]}
    scales = {f"confidence_{scale}" for scale in ConfidenceScale if scale is not ConfidenceScale.PERCENT}
    assert set(shown) == {vocabulary.wire_name for vocabulary in VOCABULARIES} | scales | {"problem"}
    for item in shown.values():
        assert item["description"]
        assert item["origin"]
        assert item["terms"]
        assert all(term["meaning"].endswith(".") for term in item["terms"]), item["name"]
    for vocabulary in VOCABULARIES:
        assert [term["value"] for term in shown[vocabulary.wire_name]["terms"]] == [term.value for term in vocabulary]


def test_scales_and_problems_are_listed_with_what_they_stand_for(api: Api) -> None:
    shown = {item["name"]: item["terms"] for item in api.read("/v1/vocabulary")["items"]}
    assert [term["value"] for term in shown["confidence_wep"]] == list(scale_values(ConfidenceScale.WEP))
    assert {"value": "Likely/Probable", "meaning": "Confidence 70."} in shown["confidence_wep"]
    cannot_be_judged = shown["confidence_admiralty_credibility"][0]
    assert (cannot_be_judged["value"], "cannot be judged" in cannot_be_judged["meaning"]) == (6, True)
    assert [term["value"] for term in shown["problem"]] == [problem.code for problem in PROBLEMS]


def test_every_enumeration_of_the_description_is_explained(api: Api, document: Any) -> None:
    explained = [{term["value"] for term in item["terms"]} for item in api.read("/v1/vocabulary")["items"]]
    found = set(enumerations(document))
    assert len(found) > 20
    unexplained = {
        terms for terms in found - EXPLAINED_IN_PLACE if not any(terms - {None} <= known for known in explained)
    }
    assert unexplained == set()
    assert found >= EXPLAINED_IN_PLACE
