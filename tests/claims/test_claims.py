"""A claim: its time, place and quantities as given, drafts, patches, and its withdrawal."""

import json
from typing import Any

import pytest

from tests.factories import attribution_body, claim_body, recorded_claim
from tests.fixtures.api import Api, codes


def occurred(api: Api, **fields: Any) -> Any:
    return recorded_claim(api, occurred=fields)["occurred"]


@pytest.mark.parametrize(
    ("fields", "earliest", "latest"),
    [
        ({"edtf": "2022-11/2022-12"}, "2022-11-01", "2022-12-31"),
        ({"edtf": "2017", "mode": "before"}, None, "2016-12-31"),
        ({"edtf": "2017", "mode": "after"}, "2018-01-01", None),
        ({"edtf": "2017-03-05", "mode": "before"}, None, "2017-03-04"),
        ({"edtf": "../2016", "mode": "before"}, None, "2016-12-31"),
        ({"edtf": "2020-02-01/..", "mode": "after"}, "2020-02-01", None),
        ({"edtf": "2019/.."}, "2019-01-01", None),
        ({"edtf": "../2019"}, None, "2019-12-31"),
        ({"edtf": "2022~"}, "2022-01-01", "2022-12-31"),
        ({"edtf": "2020-02"}, "2020-02-01", "2020-02-29"),
        ({"edtf": "Y170000002"}, "Y170000002-01-01", "Y170000002-12-31"),
        ({"verbatim": "a while ago"}, None, None),
    ],
)
def test_a_time_has_the_bounds_that_it_gives_and_no_others(
    api: Api, fields: dict[str, Any], earliest: str | None, latest: str | None
) -> None:
    read = occurred(api, **fields)
    assert (read["earliest"], read["latest"]) == (earliest, latest)


def test_a_time_keeps_its_words_anchor_and_resolution(api: Api) -> None:
    assert occurred(api, verbatim="last November", edtf="2022-11", anchor_on="2023-01-31", resolution="inferred") == {
        "verbatim": "last November",
        "edtf": "2022-11",
        "earliest": "2022-11-01",
        "latest": "2022-11-30",
        "mode": "point_within",
        "anchor_on": "2023-01-31",
        "resolution": "inferred",
    }


def test_a_resolution_that_is_left_out_follows_from_the_date(api: Api) -> None:
    assert occurred(api, edtf="2022")["resolution"] == "explicit"
    assert occurred(api, verbatim="recently")["resolution"] == "unresolved"
    assert occurred(api, verbatim="recently", resolution="ambiguous")["resolution"] == "ambiguous"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('"0.10"', "0.10"),
        ("0.10", "0.10"),
        ("1e2", "100"),
        ("1.50e1", "15.0"),
        ("100000", "100000"),
        ('"100000"', "100000"),
        ("-3", "-3"),
        ('"0"', "0"),
        ("0.1" + "0" * 36 + "1", "0.1" + "0" * 36 + "1"),
        ('"' + "9" * 38 + '"', "9" * 38),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
    ],
)
def test_decimals_are_kept_digit_for_digit(api: Api, given: str, kept: str) -> None:
    # As text: the client's own JSON writer would turn the number into a binary one.
    body = json.dumps(claim_body(kind="quantity", quantities=[{"best": "NUMBER"}])).replace('"NUMBER"', given)
    response = api.request("POST", "/v1/claims", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201, response.text
    assert response.json()["quantities"][0]["best"] == kept


@pytest.mark.parametrize(
    "given",
    ['"1E+2"', '"1,000"', '"1_000"', '"٣"', '""', "true", '"9' + "9" * 38 + '"', "1e39", "1e-39", "0e-90", "[1]"],
)
def test_what_is_no_decimal_of_38_digits_is_refused(api: Api, given: str) -> None:
    body = json.dumps(claim_body(kind="quantity", quantities=[{"best": "NUMBER"}])).replace('"NUMBER"', given)
    response = api.request("POST", "/v1/claims", content=body, headers={"Content-Type": "application/json"})
    assert [pointer for pointer, _code in codes(response)] == ["/quantities/0/best"]


def test_bounds_are_never_invented(api: Api) -> None:
    about = {"verbatim": "approximately 100,000", "best": "100000", "unit": "worker", "approximation": "approximate"}
    bounded = {"best": "100000", "low": "90000", "high": "110000", "bounds_basis": "analyst"}
    read = recorded_claim(api, kind="quantity", quantities=[about, bounded, {"low": "2", "approximation": "at_least"}])
    first, second, third = read["quantities"]
    assert (first["low"], first["high"], first["bounds_basis"], first["bounds_consistent"]) == (None, None, None, True)
    assert (second["bounds_basis"], second["bounds_consistent"]) == ("analyst", True)
    assert (third["best"], third["high"], third["bounds_basis"]) == (None, None, "stated")


@pytest.mark.parametrize(
    ("numbers", "consistent"),
    [
        ({"low": "9.5", "best": "10", "high": "10.50"}, True),
        ({"low": "10", "best": "9"}, False),
        ({"best": "10", "high": "9"}, False),
        ({"low": "10.0", "best": "10", "high": "10.00"}, True),
        ({"low": "11", "high": "10"}, False),
        ({"low": "9", "best": "100"}, True),
    ],
)
def test_bounds_that_do_not_hold_are_kept_and_marked(api: Api, numbers: dict[str, str], consistent: bool) -> None:
    read = recorded_claim(api, quantities=[numbers])["quantities"][0]
    assert read["bounds_consistent"] is consistent
    assert {name: read[name] for name in numbers} == numbers


def test_topics_and_quantities_keep_their_order(api: Api) -> None:
    quantities = [{"best": str(number), "unit": "worker"} for number in (3, 1, 2)]
    claim = recorded_claim(api, topics=["b", "a", "b"], quantities=quantities)
    assert claim["topics"] == ["b", "a", "b"]
    assert [quantity["best"] for quantity in claim["quantities"]] == ["3", "1", "2"]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"statement": " "}, "/statement", "wrong_form"),
        ({"statement": "x" * 10_001}, "/statement", "too_long"),
        ({"kind": "rumour"}, "/kind", "not_a_term"),
        ({"status": "retracted"}, "/status", "not_a_term"),
        ({"attributions": []}, "/attributions", "required"),
        ({"topics": [""]}, "/topics/0", "too_short"),
        ({"place": {}}, "/place", "required"),
        ({"place": {"latitude": 1.0}}, "/place/latitude", "incomplete"),
        ({"place": {"latitude": 91, "longitude": 0}}, "/place/latitude", "out_of_range"),
        ({"place": {"country": "Russia"}}, "/place/country", "not_a_code"),
        ({"occurred": {}}, "/occurred", "required"),
        ({"occurred": {"edtf": "last year"}}, "/occurred/edtf", "not_edtf"),
        ({"occurred": {"verbatim": "x", "resolution": "explicit"}}, "/occurred/resolution", "contradictory"),
        ({"occurred": {"edtf": "2022", "anchor_on": "2023-02-30"}}, "/occurred/anchor_on", "wrong_form"),
        ({"occurred": {"edtf": "2022", "earliest": "2022-01-01"}}, "/occurred/earliest", "unknown_field"),
        ({"quantities": [{}]}, "/quantities/0", "required"),
        ({"quantities": [{"best": "5", "unit_kind": "currency"}]}, "/quantities/0/currency", "contradictory"),
        ({"quantities": [{"best": "5", "currency": "USD"}]}, "/quantities/0/unit_kind", "contradictory"),
        (
            {"quantities": [{"best": "5", "unit_kind": "currency", "currency": "DOL"}]},
            "/quantities/0/currency",
            "not_a_code",
        ),
        ({"quantities": [{"best": "5", "bounds_basis": "stated"}]}, "/quantities/0/bounds_basis", "contradictory"),
        ({"quantities": [{"best": "many"}]}, "/quantities/0/best", "wrong_form"),
        ({"embargo_until": "tomorrow"}, "/embargo_until", "wrong_form"),
        ({"version": 3}, "/version", "unknown_field"),
    ],
)
def test_a_claim_that_breaks_a_rule_is_refused(api: Api, fields: dict[str, Any], pointer: str, code: str) -> None:
    assert codes(api.post("/v1/claims", claim_body(**fields))) == [(pointer, code)]
    assert api.read("/v1/sources")["items"] == []


@pytest.mark.parametrize("currency", ["USD", "KPW", "DEM", "XAU"])
def test_money_has_a_currency_of_today_or_of_the_past(api: Api, currency: str) -> None:
    quantity = {"best": "500000000", "unit_kind": "currency", "currency": currency, "per": "year"}
    assert recorded_claim(api, quantities=[quantity])["quantities"][0]["currency"] == currency


def test_a_quantifier_or_words_alone_are_a_quantity(api: Api) -> None:
    read = recorded_claim(api, quantities=[{"quantifier": "most"}, {"verbatim": "hundreds"}])["quantities"]
    assert [quantity["best"] for quantity in read] == [None, None]


def test_a_draft_is_published_once_somebody_says_so(api: Api) -> None:
    claim = api.create("/v1/claims", {"statement": "Ten.", "kind": "event", "status": "draft"})
    path = f"/v1/claims/{claim['id']}"
    refused = api.patch(path, {"status": "published"}, etag=api.etag(path))
    assert codes(refused) == [("/status", "required")]
    api.create(f"{path}/attributions", attribution_body())
    assert api.change(path, {"status": "published"})["status"] == "published"
    back = api.patch(path, {"status": "draft"}, etag=api.etag(path))
    assert (back.status_code, back.json()["code"]) == (409, "conflict")


def test_a_retracted_claim_stays_readable_with_its_reason_and_is_changed_no_more(api: Api) -> None:
    claim = recorded_claim(api)
    path = f"/v1/claims/{claim['id']}"
    retracted = api.post(f"{path}/retract", {"reason": "The outlet corrected it."}).json()
    assert retracted["status"] == "retracted"
    assert retracted["retraction"]["reason"] == "The outlet corrected it."
    assert retracted["attributions"] == claim["attributions"]
    assert api.read(path) == retracted
    attribution = f"{path}/attributions/{claim['attributions'][0]['id']}"
    refusals = [
        api.patch(path, {"statement": "Ten."}, etag="*"),
        api.post(f"{path}/retract", {"reason": "again"}),
        api.post(f"{path}/attributions", attribution_body()),
        api.patch(attribution, {"cue": "said"}, etag="*"),
        api.delete(attribution, etag="*"),
    ]
    assert {(response.status_code, response.json()["code"]) for response in refusals} == {(409, "conflict")}


def test_a_retraction_has_a_reason_and_something_to_retract(api: Api) -> None:
    published, draft = recorded_claim(api)["id"], recorded_claim(api, status="draft")["id"]
    assert codes(api.post(f"/v1/claims/{published}/retract", {})) == [("/reason", "required")]
    assert api.post(f"/v1/claims/{draft}/retract", {"reason": "x"}).status_code == 409
    assert api.post("/v1/claims/00000000-0000-4000-8000-000000000000/retract", {"reason": "x"}).status_code == 404


def test_a_retraction_of_a_version_that_is_gone_is_refused(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    stale = api.etag(path)
    api.change(path, {"statement": "Ten."})
    assert api.post(f"{path}/retract", {"reason": "x"}, headers={"If-Match": stale}).status_code == 412


def test_a_patch_merges_nested_objects(api: Api) -> None:
    claim = recorded_claim(
        api,
        place={"name": "Vladivostok", "country": "RU", "latitude": 43.1155, "longitude": 131.8855},
        occurred={"verbatim": "before 2017", "edtf": "2017", "mode": "before", "resolution": "inferred"},
    )
    path = f"/v1/claims/{claim['id']}"
    moved = api.change(path, {"place": {"latitude": None, "longitude": None}, "occurred": {"anchor_on": "2023-01-31"}})
    assert moved["place"] == {"name": "Vladivostok", "country": "RU", "latitude": None, "longitude": None}
    assert (moved["occurred"]["verbatim"], moved["occurred"]["anchor_on"]) == ("before 2017", "2023-01-31")
    assert (moved["occurred"]["latest"], moved["occurred"]["resolution"]) == ("2016-12-31", "inferred")
    redated = api.change(path, {"occurred": {"edtf": "2018"}})["occurred"]
    assert (redated["latest"], redated["resolution"]) == ("2017-12-31", "explicit")
    undated = api.change(path, {"occurred": {"edtf": None}})["occurred"]
    assert (undated["latest"], undated["resolution"]) == (None, "unresolved")
    cleared = api.change(path, {"place": None, "occurred": None})
    assert (cleared["place"], cleared["occurred"]) == (None, None)
    again = api.change(path, {"occurred": {"edtf": "2019"}, "place": {"country": "RU"}})
    assert (again["occurred"]["mode"], again["place"]["name"]) == ("point_within", None)


def test_a_patch_replaces_arrays_whole(api: Api) -> None:
    claim = recorded_claim(api, topics=["a", "b"], quantities=[{"best": "0.10", "low": "0.05"}, {"best": "2"}])
    path = f"/v1/claims/{claim['id']}"
    assert api.change(path, {"topics": ["c"]})["quantities"] == claim["quantities"]
    patched = api.change(path, {"quantities": [{"best": "7"}]})
    assert (patched["topics"], [each["best"] for each in patched["quantities"]]) == (["c"], ["7"])
    assert patched["quantities"][0]["bounds_basis"] is None
    assert api.change(path, {"quantities": [], "topics": []})["quantities"] == []


def test_a_patch_that_changes_nothing_makes_no_version(api: Api) -> None:
    claim = recorded_claim(api, quantities=[{"best": "0.10", "low": "0.05"}], occurred={"edtf": "2017"})
    path = f"/v1/claims/{claim['id']}"
    etag = api.etag(path)
    assert api.change(path, {"statement": claim["statement"], "quantities": [{"best": "0.10", "low": "0.05"}]}) == claim
    assert api.change(path, {}) == claim
    assert api.etag(path) == etag


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"statement": None}, "/statement", "wrong_type"),
        ({"visibility": None}, "/visibility", "not_a_term"),
        ({"status": "retracted"}, "/status", "not_a_term"),
        ({"attributions": []}, "/attributions", "unknown_field"),
        ({"place": {"latitude": 1.0}}, "/place/latitude", "incomplete"),
        ({"occurred": {"mode": "before"}}, "/occurred", "required"),
        ({"occurred": {"earliest": "2022-01-01"}}, "/occurred/earliest", "unknown_field"),
        ({"quantities": [{"best": "1", "unit_kind": "currency"}]}, "/quantities/0/currency", "contradictory"),
    ],
)
def test_a_patch_is_held_against_the_rules_of_the_whole(
    api: Api, patch: dict[str, Any], pointer: str, code: str
) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    assert codes(api.patch(path, patch, etag=api.etag(path))) == [(pointer, code)]
    assert api.read(path)["version"] == 1
