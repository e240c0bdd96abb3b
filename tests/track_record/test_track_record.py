"""What became of what a source said: counted for its reader, with its uncertainty, over time and by reliability."""

from typing import Any

import pytest

from app.models.vocabulary import Scope
from tests.factories import (
    assessment_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.api import Api


@pytest.fixture
def source(api: Api) -> str:
    return recorded_source(api)


def record(api: Api, source_id: str, verdict: str | None = None, *, said: str | None = None, **fields: Any) -> Any:
    """A claim that the source made, with a verdict."""
    assessment = None if verdict is None else assessment_body(verdict=verdict)
    body: dict[str, Any] = {"attributions": [said_by(source_id, said=said)], "assessment": assessment, **fields}
    return recorded_claim(api, **body)


def read(api: Api, source_id: str, per: str = "year") -> Any:
    return api.read(f"/v1/sources/{source_id}/track-record", params={"per": per})


def test_claims_are_counted_by_verdict(api: Api, source: str) -> None:
    for verdict in ("true", "true", "mostly_true", "mixed", "mostly_false", "false", "unproven", "satire", None):
        record(api, source, verdict)
    overall = read(api, source)["overall"]
    assert overall["claims"] == 9
    assert overall["verdicts"] == {
        "true": 2, "mostly_true": 1, "mixed": 1, "mostly_false": 1, "false": 1, "unproven": 1, "satire": 1,
    }  # fmt: skip
    assert overall["without_verdict"] == 1
    assert overall["found_true"] == {"n": 3, "of": 6, "estimate": 0.5, "low": 0.1876, "high": 0.8124}


def test_a_source_that_said_nothing_has_no_estimate(api: Api, source: str) -> None:
    found = read(api, source)
    nothing = {"n": 0, "of": 0, "estimate": None, "low": 0, "high": 1}
    assert found["overall"]["found_true"] == found["overall"]["corroborated"] == nothing
    assert found["overall"]["confidence"] == {"n": 0, "mean": None, "median": None, "min": None, "max": None}
    assert (found["periods"], found["ratings"], found["source_ids"]) == ([], [], [source])


def test_the_newest_assessment_of_the_claim_counts(api: Api, source: str) -> None:
    claim = record(api, source, "true")
    api.create(f"/v1/claims/{claim['id']}/assessments", assessment_body(verdict="false", confidence=20))
    overall = read(api, source)["overall"]
    assert (overall["verdicts"], overall["confidence"]["mean"]) == ({"false": 1}, 20)


def test_what_it_passed_on_does_not_count(api: Api, source: str) -> None:
    outlet = recorded_outlet(api)
    chain = [{"role": "originator", "source_id": source}, {"role": "outlet", "source_id": outlet}]
    recorded_claim(api, attributions=[{**said_by(source), "chain": chain}])
    assert read(api, source)["overall"]["claims"] == 1
    assert read(api, outlet)["overall"]["claims"] == 0


def test_a_claim_that_it_made_twice_counts_once(api: Api, source: str) -> None:
    recorded_claim(api, attributions=[said_by(source, said="2023-05"), said_by(source, said="2022-01-02")])
    found = read(api, source)
    assert found["overall"]["claims"] == 1
    assert [each["period"] for each in found["periods"]] == ["2022"]


def test_denials_and_retracted_claims_are_counted_apart(api: Api, source: str) -> None:
    record(api, source, "true")
    recorded_claim(api, attributions=[said_by(source, stance="denies")], assessment=assessment_body(verdict="false"))
    recorded_claim(api, attributions=[said_by(source, stance="declines_to_comment")])
    withdrawn = record(api, source, "true")
    api.post(f"/v1/claims/{withdrawn['id']}/retract", {"reason": "It was somebody else."})
    found = read(api, source)
    assert found["overall"]["claims"] == 1
    assert found["denied"] == {"claims": 1, "verdicts": {"false": 1}, "without_verdict": 0}
    assert found["retracted"] == 1


def test_confidence_is_summed_up_over_time(api: Api, source: str) -> None:
    for said, confidence in (("2022-03-01", 20), ("2022-11", 90), ("2022-11-30", 60), ("2023", 50)):
        record(api, source, said=said, assessment=assessment_body(confidence=confidence))
    record(api, source, said="2023-06-01")
    years = [(each["period"], each["claims"], each["confidence"]) for each in read(api, source)["periods"]]
    assert years == [
        ("2022", 3, {"n": 3, "mean": 56.6667, "median": 60, "min": 20, "max": 90}),
        ("2023", 2, {"n": 1, "mean": 50, "median": 50, "min": 50, "max": 50}),
    ]
    months = [(each["period"], each["claims"]) for each in read(api, source, "month")["periods"]]
    assert months == [("2022-03", 1), ("2022-11", 2), ("2023-01", 1), ("2023-06", 1)]


def test_when_it_was_said_stands_before_when_it_was_published_and_recorded(api: Api, source: str) -> None:
    document = recorded_document(api, published="2021-07")
    in_document = {"speech": "indirect", "document_id": document, "chain": said_by(source)["chain"]}
    recorded_claim(api, attributions=[in_document])
    recorded_claim(api, attributions=[{**in_document, "said": "../2020-05-05"}])
    record(api, source)
    found = read(api, source)
    assert [each["period"] for each in found["periods"]] == ["2020", "2021", "2026"]
    assert found["dated_by"] == {"said": 1, "published": 1, "recorded": 1}


def test_what_was_said_is_held_against_the_reliability_of_the_time(api: Api, source: str) -> None:
    for rated_on, reliability in (("2022-01-01", "C"), ("2023-06-01", "E"), ("2023-06-01", "B")):
        api.create(f"/v1/sources/{source}/ratings", {"reliability": reliability, "rated_on": rated_on})
    for said, verdict in (
        ("2021-12-31", "false"),
        ("2022-01-01", "true"),
        ("2023-05-31", "false"),
        ("2023-06-01", "true"),
    ):
        record(api, source, verdict, said=said)
    found = read(api, source)
    held = [
        (each["reliability"], each["first_on"], each["until"], each["claims"], each["found_true"]["n"])
        for each in found["ratings"]
    ]
    assert held == [
        (None, None, "2022-01-01", 1, 0),
        ("C", "2022-01-01", "2023-06-01", 2, 1),
        ("B", "2023-06-01", None, 1, 1),
    ]
    assert [each["reliability"] for each in found["periods"]] == [[], ["C"], ["C", "E", "B"]]


def test_corroborated_claims_have_an_origin_beside_it(api: Api, source: str) -> None:
    record(api, source)
    recorded_claim(api, attributions=[said_by(source), said_by(recorded_source(api, description="a minister"))])
    corroborated = read(api, source)["overall"]["corroborated"]
    assert (corroborated["n"], corroborated["of"]) == (1, 2)


def test_what_is_the_same_source_counts_too(api: Api, source: str) -> None:
    other = recorded_source(api, description="an official")
    api.create(f"/v1/sources/{source}/relations", {"other_id": other, "kind": "same_as"})
    record(api, source, "true")
    record(api, other, "false")
    for asked in (source, other):
        found = read(api, asked)
        assert (found["source_id"], found["source_ids"]) == (asked, sorted((source, other)))
        assert found["overall"]["verdicts"] == {"true": 1, "false": 1}


def test_what_is_hidden_does_not_count(api: Api, source: str) -> None:
    reader = api.with_scopes(Scope.CLAIMS_READ)
    record(api, source, "true")
    before = reader.get(f"/v1/sources/{source}/track-record")
    record(api, source, "false", visibility="restricted")
    record(api, source, "false", visibility="internal")
    record(api, source, "false", status="draft")
    record(api, source, "false", embargo_until="2027-01-01T00:00:00Z")
    record(api, source, "false", attributions=[said_by(source, terms="off_the_record")])
    hidden = api.create("/v1/sources", source_body(visibility="restricted", description="a spy"))["id"]
    api.create(f"/v1/sources/{source}/relations", {"other_id": hidden, "kind": "same_as"})
    record(api, hidden, "false")
    after = reader.get(f"/v1/sources/{source}/track-record")
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    inside = read(api, source)
    assert (inside["overall"]["claims"], len(inside["source_ids"])) == (6, 2)
    assert reader.get(f"/v1/sources/{hidden}/track-record").status_code == 404


def test_an_unknown_period_and_an_unknown_source_are_refused(api: Api, source: str) -> None:
    assert api.get(f"/v1/sources/{source}/track-record?per=week").status_code == 422
    assert api.get("/v1/sources/00000000-0000-4000-8000-000000000000/track-record").status_code == 404
