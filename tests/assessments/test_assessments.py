"""What is thought of a claim: confidence on every scale, what cannot be judged, and what takes whose place."""

from typing import Any

import pytest
from fastapi import FastAPI

from tests.factories import assessment_body, claim_body, recorded_claim, recorded_document
from tests.fixtures.api import Api, codes


@pytest.fixture
def claim_path(api: Api) -> str:
    return f"/v1/claims/{recorded_claim(api)['id']}"


@pytest.fixture
def path(claim_path: str) -> str:
    """Where to post assessments of a claim."""
    return f"{claim_path}/assessments"


@pytest.mark.parametrize(
    ("given", "number"),
    [
        (0, 0),
        (70, 70),
        ({"scale": "percent", "value": 33}, 33),
        ({"scale": "none_low_med_high", "value": "Med"}, 50),
        ({"scale": "zero_ten", "value": 7}, 70),
        ({"scale": "wep", "value": "Likely/Probable"}, 70),
        ({"scale": "dni", "value": "Almost Certain / Nearly Certain"}, 95),
        ({"scale": "admiralty_credibility", "value": 1}, 90),
        ({"scale": "admiralty_credibility", "value": 5}, 10),
        ({"scale": "admiralty_credibility", "value": 6}, None),
    ],
)
def test_a_confidence_is_read_as_a_number_and_as_it_was_given(
    api: Api, path: str, given: Any, number: int | None
) -> None:
    created = api.create(path, {"assessor": "desk", "confidence": given})
    assert created["confidence"] == number
    assert created["confidence_given"] == (given if isinstance(given, dict) else {"scale": "percent", "value": given})
    assert api.read(f"{path}/{created['id']}") == created


def test_what_was_not_given_is_null(api: Api, path: str) -> None:
    created = api.create(path, {"assessor": "desk", "credibility": 6})
    names = ("confidence", "confidence_given", "likelihood", "likelihood_range", "verdict")
    assert {created[name] for name in names} == {None}
    assert created["credibility"] == 6


def test_a_likelihood_brings_its_range_and_no_confidence(api: Api, path: str) -> None:
    created = api.create(path, {"assessor": "desk", "likelihood": "likely"})
    assert created["likelihood_range"] == {"low": 55, "high": 80}
    assert created["confidence"] is None


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"confidence": 101}, "/confidence", "out_of_range"),
        ({"confidence": -1}, "/confidence", "out_of_range"),
        ({"confidence": {"scale": "wep", "value": "Probable"}}, "/confidence/value", "not_on_scale"),
        ({"confidence": {"scale": "zero_ten", "value": 11}}, "/confidence/value", "not_on_scale"),
        ({"confidence": {"scale": "zero_ten", "value": "7"}}, "/confidence/value", "not_on_scale"),
        ({"confidence": {"scale": "stars", "value": 3}}, "/confidence/scale", "not_a_term"),
        ({"credibility": 0}, "/credibility", "out_of_range"),
        ({"credibility": 7}, "/credibility", "out_of_range"),
        ({"verdict": "half true"}, "/verdict", "not_a_term"),
        ({"likelihood": 70}, "/likelihood", "not_a_term"),
        ({"assessor": None}, "/assessor", "wrong_type"),
        ({"assessor": " "}, "/assessor", "wrong_form"),
        ({"evidence": [{"relation": "supports"}]}, "/evidence/0/document_id", "one_of"),
        (
            {"evidence": [{"relation": "supports", "url": "https://example.org/", "document": {"title": "t"}}]},
            "/evidence/0/document_id",
            "one_of",
        ),
        (
            {"evidence": [{"relation": "refutes", "document_id": "00000000-0000-4000-8000-000000000000"}]},
            "/evidence/0/document_id",
            "unknown_reference",
        ),
        ({"attribution_id": "00000000-0000-4000-8000-000000000000"}, "/attribution_id", "unknown_reference"),
        ({"supersedes_id": "00000000-0000-4000-8000-000000000000"}, "/supersedes_id", "unknown_reference"),
    ],
)
def test_an_assessment_that_breaks_a_rule_is_refused(
    api: Api, path: str, fields: dict[str, Any], pointer: str, code: str
) -> None:
    assert (pointer, code) in codes(api.post(path, assessment_body(**fields)))


def test_an_assessment_finds_something(api: Api, path: str) -> None:
    assert codes(api.post(path, {"assessor": "desk"})) == [("", "required")]


def test_evidence_is_kept_in_its_order_and_included(api: Api, path: str) -> None:
    document_id = recorded_document(api)
    evidence = [
        {"relation": "supports", "document_id": document_id, "note": "the number"},
        {"relation": "context", "url": "https://example.org/resolution"},
        {"relation": "refutes", "document": {"title": "Another report"}},
    ]
    created = api.create(path, assessment_body(evidence=evidence))
    assert [piece["relation"] for piece in created["evidence"]] == ["supports", "context", "refutes"]
    assert [piece["url"] for piece in created["evidence"]] == [None, "https://example.org/resolution", None]
    assert len(created["included"]["documents"]) == 2


def test_the_headline_is_the_newest_that_nothing_supersedes(api: Api, claim_path: str, path: str) -> None:
    def headline() -> str:
        return str(api.read(claim_path)["headline_assessment_id"])

    assert api.read(claim_path)["headline_assessment_id"] is None
    first = api.create(path, assessment_body())["id"]
    assert headline() == first
    old = api.create(path, assessment_body(assessor="agency", assessed_at="2020-01-01T00:00:00Z"))["id"]
    assert headline() == first
    second = api.create(path, assessment_body(supersedes_id=first))
    assert (headline(), second["supersedes_id"]) == (second["id"], first)
    api.create(path, assessment_body(supersedes_id=second["id"], assessed_at="2019-01-01T00:00:00Z"))
    assert headline() == old
    assert [item["id"] for item in api.read(path)["items"]][:2] == [second["id"], first]


def test_an_assessment_is_superseded_once(api: Api, path: str) -> None:
    first = api.create(path, assessment_body())["id"]
    api.create(path, assessment_body(supersedes_id=first))
    again = api.post(path, assessment_body(supersedes_id=first))
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")


def test_an_assessment_of_an_attribution_is_no_headline(api: Api, claim_path: str, path: str) -> None:
    attribution_id = api.read(claim_path)["attributions"][0]["id"]
    created = api.create(path, assessment_body(attribution_id=attribution_id))
    assert created["attribution_id"] == attribution_id
    assert api.read(claim_path)["headline_assessment_id"] is None
    refused = api.post(path, assessment_body(supersedes_id=created["id"]))
    assert codes(refused) == [("/supersedes_id", "wrong_subject")]
    api.create(path, assessment_body(attribution_id=attribution_id, supersedes_id=created["id"]))


def test_an_assessment_of_another_claim_is_not_superseded(api: Api, path: str) -> None:
    elsewhere = recorded_claim(api, assessment=assessment_body())["assessments"][0]["id"]
    assert codes(api.post(path, assessment_body(supersedes_id=elsewhere))) == [("/supersedes_id", "unknown_reference")]


def test_assessments_are_never_changed(app_of_session: FastAPI) -> None:
    methods = app_of_session.openapi()["paths"]["/v1/claims/{claim_id}/assessments/{assessment_id}"]
    assert set(methods) == {"get"}


def test_a_retracted_claim_can_still_be_assessed(api: Api, claim_path: str, path: str) -> None:
    assert api.post(f"{claim_path}/retract", {"reason": "corrected"}).status_code == 200
    api.create(path, assessment_body(verdict="false"))


def test_a_claim_comes_with_its_first_assessment_or_not_at_all(api: Api) -> None:
    claim = recorded_claim(api, assessment=assessment_body(verdict="mixed", rating_label="Half True"))
    assert claim["headline_assessment_id"] == claim["assessments"][0]["id"]
    assert claim["assessments"][0]["rating_label"] == "Half True"
    refused = api.post("/v1/claims", claim_body(assessment=assessment_body(confidence=101)))
    assert ("/assessment/confidence", "out_of_range") in codes(refused)
    assert len(api.read("/v1/claims")["items"]) == 1


def test_an_assessment_is_not_of_a_time_to_come(api: Api, claim_path: str) -> None:
    refused = api.post(f"{claim_path}/assessments", assessment_body(assessed_at="2099-01-01T00:00:00Z"))
    assert codes(refused) == [("/assessed_at", "out_of_range")]
