"""Who asserted a claim: chains, outlets' own voices, quotes in their documents, and changes of all that."""

from typing import Any

import pytest

from tests.factories import (
    attribution_body,
    claim_body,
    outlet_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    source_body,
)
from tests.fixtures.api import Api, codes

TEXT = "“😀 😀” said: nine workers defected. Then nine workers returned 🙂."
ORIGIN = {"role": "originator", "source": source_body()}


@pytest.fixture
def path(api: Api) -> str:
    """Where to post attributions of a claim."""
    return f"/v1/claims/{recorded_claim(api)['id']}/attributions"


def quoting(api: Api, quote: dict[str, Any], text: str | None = TEXT) -> dict[str, Any]:
    """An attribution that quotes a new document with that text."""
    return attribution_body(document={"title": "t", **({"text": text} if text else {})}, quote=quote)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"chain": []}, "/chain", "too_short"),
        ({"chain": [ORIGIN] * 21}, "/chain", "too_long"),
        ({"chain": [{**ORIGIN, "role": "outlet"}]}, "/chain/0/role", "wrong_origin"),
        ({"chain": [ORIGIN, {"role": "outlet", "source": outlet_body()}, ORIGIN]}, "/chain/2/role", "second_origin"),
        ({"speech": "outlet_voice"}, "/chain/0/role", "wrong_origin"),
        ({"speech": "outlet_voice", "chain": [{**ORIGIN, "role": "outlet"}]}, "/chain/0", "not_an_outlet"),
        ({"chain": [{"role": "originator"}]}, "/chain/0/source_id", "one_of"),
        ({"chain": [{**ORIGIN, "source_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12}]}, "/chain/0/source_id", "one_of"),
        ({"document": None}, "/document_id", "one_of"),
        ({"document_id": "00000000-0000-4000-8000-000000000000"}, "/document_id", "one_of"),
        (
            {"document": None, "document_id": "00000000-0000-4000-8000-000000000000"},
            "/document_id",
            "unknown_reference",
        ),
        (
            {"chain": [{"role": "originator", "source_id": "00000000-0000-4000-8000-000000000000"}]},
            "/chain/0/source_id",
            "unknown_reference",
        ),
        (
            {"chain": [{"role": "originator", "source": source_body(name="Kim")}]},
            "/chain/0/source/name",
            "name_not_allowed",
        ),
        ({"speech": "shouted"}, "/speech", "not_a_term"),
        ({"said": "soon"}, "/said", "not_edtf"),
        ({"quote": {"exact": ""}}, "/quote/exact", "too_short"),
        ({"quote": {"exact": "abc", "start": 1}}, "/quote/start", "incomplete"),
        ({"quote": {"exact": "abc", "start": 1, "end": 9}}, "/quote/end", "contradictory"),
        ({"confidence": 3}, "/confidence", "unknown_field"),
    ],
)
def test_an_attribution_that_breaks_a_rule_is_refused(
    api: Api, path: str, fields: dict[str, Any], pointer: str, code: str
) -> None:
    assert codes(api.post(path, attribution_body(**fields))) == [(pointer, code)]


def test_a_chain_is_kept_in_its_order(api: Api, path: str) -> None:
    first, second, third = recorded_source(api), recorded_outlet(api), recorded_outlet(api)
    document_id = recorded_document(api)
    chain = [
        {"role": "originator", "source_id": first},
        {"role": "interviewer", "source_id": second, "document_id": document_id},
        {"role": "republisher", "source_id": third},
    ]
    attribution = api.create(path, attribution_body(chain=chain))
    hops = [(hop["position"], hop["role"], hop["source_id"], hop["document_id"]) for hop in attribution["chain"]]
    assert hops == [
        (0, "originator", first, None),
        (1, "interviewer", second, document_id),
        (2, "republisher", third, None),
    ]
    assert set(attribution["included"]["sources"]) == {first, second, third}
    assert document_id in attribution["included"]["documents"]


def test_an_outlet_speaks_in_its_own_voice(api: Api, path: str) -> None:
    body = attribution_body(speech="outlet_voice", chain=[{"role": "outlet", "source": outlet_body()}])
    assert api.create(path, body)["chain"][0]["role"] == "outlet"


@pytest.mark.parametrize(
    ("quote", "start", "end"),
    [
        ({"exact": "😀 😀"}, 1, 4),
        ({"exact": "nine workers", "suffix": " returned"}, 40, 52),
        ({"exact": "nine workers", "prefix": "said: "}, 12, 24),
        ({"exact": "🙂", "start": 62, "end": 63}, 62, 63),
    ],
)
def test_a_quote_gets_its_offsets_in_code_points(
    api: Api, path: str, quote: dict[str, Any], start: int, end: int
) -> None:
    read = api.create(path, quoting(api, quote))["quote"]
    assert (read["start"], read["end"]) == (start, end)
    assert TEXT[start:end] == read["exact"]


def test_a_quote_that_is_not_in_the_text_is_refused_with_the_nearest(api: Api, path: str) -> None:
    refused = api.post(path, quoting(api, {"exact": "nine workers defectd"}))
    assert codes(refused) == [("/quote/exact", "quote_not_found")]
    nearest = refused.json()["nearest"]
    assert TEXT[nearest["start"] : nearest["end"]].startswith("nine workers defect")
    assert 0.9 < nearest["similarity"] < 1
    assert "workers" not in refused.text
    unlike = api.post(path, quoting(api, {"exact": "зовсім інше речення"})).json()["nearest"]
    assert unlike == {"start": None, "end": None, "similarity": 0.0}


def test_a_quote_that_stands_elsewhere_is_not_moved(api: Api, path: str) -> None:
    refused = api.post(path, quoting(api, {"exact": "nine workers", "start": 11, "end": 23}))
    assert codes(refused) == [("/quote/exact", "quote_not_found")]
    assert refused.json()["nearest"] == {"start": 12, "end": 24, "similarity": 1.0}


def test_a_quote_that_stands_twice_is_refused(api: Api, path: str) -> None:
    assert codes(api.post(path, quoting(api, {"exact": "nine workers"}))) == [("/quote/exact", "quote_ambiguous")]


def test_a_quote_from_a_document_without_a_text_is_kept_as_given(api: Api, path: str) -> None:
    quote = {"exact": "abc", "prefix": "", "suffix": None, "start": 7, "end": 10, "language": "en", "original": "абв"}
    assert api.create(path, quoting(api, quote, text=None))["quote"] == quote
    assert api.create(path, quoting(api, {"exact": "abc"}, text=None))["quote"]["start"] is None


def test_a_quote_in_a_new_claim_points_into_that(api: Api) -> None:
    refused = api.post("/v1/claims", claim_body(attributions=[attribution_body(), quoting(api, {"exact": "zzz"})]))
    assert codes(refused) == [("/attributions/1/quote/exact", "quote_not_found")]
    assert api.read("/v1/documents")["items"] == []


def test_when_it_was_said_is_read_as_bounds(api: Api, path: str) -> None:
    attribution = api.create(path, attribution_body(said="2022-07-19/.."))
    assert (attribution["said_earliest"], attribution["said_latest"]) == ("2022-07-19", None)


def test_a_patch_merges_a_quote_member_by_member(api: Api, path: str) -> None:
    created = api.create(path, quoting(api, {"exact": "nine workers defected", "language": "en", "prefix": "said: "}))
    one = f"{path}/{created['id']}"
    patched = api.change(one, {"quote": {"prefix": None}, "cue": "according to"})
    assert (patched["quote"]["prefix"], patched["quote"]["language"]) == (None, "en")
    assert (patched["quote"]["start"], patched["cue"]) == (12, "according to")
    moved = api.change(one, {"quote": {"exact": "workers returned"}})["quote"]
    assert (moved["start"], moved["end"]) == (45, 61)
    assert api.change(one, {"quote": None})["quote"] is None


def test_a_patch_that_leaves_the_quote_alone_does_not_look_it_up_again(api: Api, path: str) -> None:
    created = api.create(path, quoting(api, {"exact": "nine workers defected"}))
    one = f"{path}/{created['id']}"
    api.change(f"/v1/documents/{created['document_id']}", {"text": "Corrected."})
    assert api.change(one, {"cue": "according to"})["quote"] == created["quote"]
    refused = api.patch(one, {"quote": {"language": "en"}}, etag=api.etag(one))
    assert codes(refused) == [("/quote/exact", "quote_not_found")]


def test_a_patch_to_another_document_finds_the_quote_there(api: Api, path: str) -> None:
    one = f"{path}/{api.create(path, quoting(api, {'exact': 'nine workers defected'}))['id']}"
    other = recorded_document(api, text="Reports: nine workers defected.")
    assert api.change(one, {"document_id": other})["quote"]["start"] == 9


def test_a_patch_replaces_the_chain_whole(api: Api, path: str) -> None:
    one = f"{path}/{api.create(path, attribution_body())['id']}"
    first, second = recorded_source(api), recorded_outlet(api)
    chain = [{"role": "originator", "source_id": first}, {"role": "outlet", "source_id": second}]
    patched = api.change(one, {"chain": chain})
    assert [hop["source_id"] for hop in patched["chain"]] == [first, second]
    assert api.change(one, {"chain": chain[:1]})["chain"][0]["source_id"] == first


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"chain": []}, "/chain", "too_short"),
        ({"chain": None}, "/chain", "wrong_type"),
        ({"speech": "outlet_voice"}, "/chain/0/role", "wrong_origin"),
        ({"document_id": None}, "/document_id", "wrong_type"),
        ({"document": {"title": "t"}}, "/document", "unknown_field"),
        ({"quote": {"prefix": "x"}}, "/quote/exact", "required"),
        ({"said_earliest": "2022-01-01"}, "/said_earliest", "unknown_field"),
        ({"chain": [{"role": "originator", "source": source_body()}]}, "/chain/0/source", "unknown_field"),
    ],
)
def test_a_patch_is_held_against_the_rules_of_the_whole(
    api: Api, path: str, patch: dict[str, Any], pointer: str, code: str
) -> None:
    one = f"{path}/{api.create(path, attribution_body())['id']}"
    assert (pointer, code) in codes(api.patch(one, patch, etag=api.etag(one)))


def test_an_attribution_bears_the_version_of_its_claim(api: Api, path: str) -> None:
    one = f"{path}/{api.create(path, attribution_body())['id']}"
    stale = api.etag(one)
    api.change(path.removesuffix("/attributions"), {"statement": "Ten."})
    assert api.patch(one, {"cue": "said"}, etag=stale).status_code == 412
    assert api.patch(one, {"cue": "said"}, etag=None).status_code == 428
    assert api.delete(one).status_code == 428


def test_the_last_attribution_of_a_published_claim_stays(api: Api, path: str) -> None:
    first = api.read(path)["items"][0]["id"]
    second = api.create(path, attribution_body())["id"]
    assert api.delete(f"{path}/{first}", etag="*").status_code == 204
    refused = api.delete(f"{path}/{second}", etag="*")
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert [item["id"] for item in api.read(path)["items"]] == [second]


def test_what_was_assessed_of_a_removed_attribution_goes_with_it(api: Api, path: str) -> None:
    claim = path.removesuffix("/attributions")
    second = api.create(path, attribution_body())["id"]
    api.create(f"{claim}/assessments", {"assessor": "desk", "verdict": "false", "attribution_id": second})
    assert api.delete(f"{path}/{second}", etag="*").status_code == 204
    assert api.read(f"{claim}/assessments")["items"] == []
    assert api.get(f"{path}/{second}").status_code == 404


def test_a_draft_may_lose_its_last_attribution(api: Api) -> None:
    claim = recorded_claim(api, status="draft")
    one = f"/v1/claims/{claim['id']}/attributions/{claim['attributions'][0]['id']}"
    assert api.delete(one, etag="*").status_code == 204
