"""The routes for the editor: what to mind about a claim, and its lines, as each reader sees the claim."""

from typing import Any

import pytest

from app.models.vocabulary import Scope, SourcingWarning
from tests.factories import (
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
from tests.fixtures.ledger import write_everything
from tests.fixtures.queries import QueryRecorder

ABSENT = "00000000-0000-4000-8000-000000000000"
ROUTES = ("sourcing", "attribution-line")
NARROWS = "narrows_unnamed_source"
ASKED_OF_ALL = {str(each) for each in SourcingWarning} - {NARROWS}


@pytest.fixture
def reader(api: Api) -> Api:
    return api.with_scopes(Scope.CLAIMS_READ)


def warned(caller: Api, claim_id: str) -> list[str]:
    return [each["code"] for each in caller.read(f"/v1/claims/{claim_id}/sourcing")["warnings"]]


def lines(caller: Api, claim_id: str, style: str = "short") -> Any:
    return caller.read(f"/v1/claims/{claim_id}/attribution-line", params={"style": style})


def test_a_bare_anonymous_source_is_warned_of(api: Api, reader: Api) -> None:
    bare = attribution_body(chain=[{"role": "originator", "source": source_body(description="a source")}])
    claim = recorded_claim(api, attributions=[bare])
    answer = reader.read(f"/v1/claims/{claim['id']}/sourcing")
    codes = [each["code"] for each in answer["warnings"]]
    assert {"single_source", "no_second_origin", "anonymity_reason_missing", "bare_description"} <= set(codes)
    assert set(codes) | set(answer["passed"]) == ASKED_OF_ALL
    assert set(codes).isdisjoint(answer["passed"])
    assert {each["attribution_id"] for each in answer["warnings"]} == {None, claim["attributions"][0]["id"]}
    assert all(each["rule"].startswith(("AP ", "Onrecord")) for each in answer["warnings"])
    assert answer["corroboration"] == claim["corroboration"]
    assert answer["included"] == reader.read(f"/v1/claims/{claim['id']}")["included"]


def test_a_named_source_is_warned_of_in_nothing(api: Api, reader: Api) -> None:
    named = recorded_source(api, anonymity="named", name="Jane Roe", description=None)
    answer = reader.read(f"/v1/claims/{recorded_claim(api, attributions=[said_by(named)])['id']}/sourcing")
    assert (answer["warnings"], answer["origins_may_coincide"]) == ([], False)
    assert answer["passed"] == [str(each) for each in SourcingWarning if each in ASKED_OF_ALL]


def test_two_unnamed_sources_may_be_the_same_until_a_relation_sets_them_apart(api: Api, reader: Api) -> None:
    one, other = recorded_source(api), recorded_source(api)
    claim_id = recorded_claim(api, attributions=[said_by(one), said_by(other)])["id"]
    assert "origins_may_coincide" in warned(reader, claim_id)
    api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "distinct_from"})
    assert "origins_may_coincide" not in warned(reader, claim_id)


def test_each_reader_is_warned_by_what_they_may_read(api: Api, reader: Api) -> None:
    known, hidden = recorded_source(api), recorded_source(api, visibility="restricted")
    denial = said_by(hidden, stance="denies")
    claim_id = recorded_claim(api, attributions=[said_by(known), said_by(hidden), denial])["id"]
    assert {"single_source"} == {"single_source", "denied"} & set(warned(reader, claim_id))
    assert {"denied"} == {"single_source", "denied"} & set(warned(api, claim_id))


def test_a_claim_that_is_hidden_is_not_told_of_by_what_both_contradicts_and_corroborates(api: Api, reader: Api) -> None:
    claim_id, other = recorded_claim(api)["id"], recorded_claim(api)["id"]
    for kind in ("contradicts", "corroborates"):
        api.create(f"/v1/claims/{other}/relations", {"other_claim_id": claim_id, "kind": kind})
    assert "contradicts_and_corroborates" in warned(reader, claim_id)
    api.change(f"/v1/claims/{other}", {"visibility": "internal"})
    assert "contradicts_and_corroborates" not in warned(reader, claim_id)
    assert "contradicts_and_corroborates" in warned(api, claim_id)


@pytest.mark.parametrize(
    ("corroborated", "status", "told"),
    [("same", "suggested", True), ("same", "rejected", False), ("third", "confirmed", False)],
)
def test_only_of_one_claim_and_where_neither_is_rejected_is_it_told(
    api: Api, corroborated: str, status: str, told: bool
) -> None:
    claim_id, other, third = (recorded_claim(api)["id"] for _ in range(3))
    both = {"same": other, "third": third}
    api.create(f"/v1/claims/{other}/relations", {"other_claim_id": claim_id, "kind": "contradicts"})
    relation = {"other_claim_id": both[corroborated], "kind": "corroborates", "status": status}
    api.create(f"/v1/claims/{claim_id}/relations", relation)
    assert ("contradicts_and_corroborates" in warned(api, claim_id)) is told


def test_two_records_of_one_source_are_a_single_source_as_in_the_filter(api: Api, reader: Api) -> None:
    one, other = recorded_source(api), recorded_source(api)
    claim_id = recorded_claim(api, attributions=[said_by(one), said_by(other)])["id"]
    for is_single in (False, True):
        assert ("single_source" in warned(reader, claim_id)) is is_single
        assert bool(reader.read("/v1/claims?single_source=true")["items"]) is is_single
        if not is_single:
            api.create(f"/v1/sources/{one}/relations", {"other_id": other, "kind": "same_as"})


def said_by_two(api: Api, *, kind: str | None, visibility: str = "public") -> str:
    """A claim of a border official and a customs official, who stand to each other like that through a third record."""
    border, customs = (recorded_source(api, description=f"a {office} official") for office in ("border", "customs"))
    third = recorded_source(api, visibility=visibility)
    api.create(f"/v1/sources/{border}/relations", {"other_id": third, "kind": "same_as"})
    if kind is not None:
        api.create(f"/v1/sources/{customs}/relations", {"other_id": third, "kind": kind})
    return str(recorded_claim(api, attributions=[said_by(border), said_by(customs)])["id"])


@pytest.mark.parametrize(
    ("kind", "combined"),
    [
        (None, "according to a border official and a customs official"),
        ("distinct_from", "according to a border official and a customs official"),
        ("same_as", "according to a border official"),
        ("republishes", "according to a border official"),
        ("possibly_same", None),
    ],
)
def test_an_origin_stands_once_in_the_line_for_all(
    api: Api, reader: Api, kind: str | None, combined: str | None
) -> None:
    assert lines(reader, said_by_two(api, kind=kind))["combined"] == combined


@pytest.mark.parametrize(
    ("kind", "combined"),
    [("possibly_same", "according to a border official and a customs official"), ("same_as", None)],
)
def test_distinct_from_decides_what_is_possible_and_leaves_open_what_it_contradicts(
    api: Api, reader: Api, kind: str, combined: str | None
) -> None:
    claim_id = said_by_two(api, kind=kind)
    border, customs = (each["chain"][0]["source_id"] for each in api.read(f"/v1/claims/{claim_id}")["attributions"])
    api.create(f"/v1/sources/{border}/relations", {"other_id": customs, "kind": "distinct_from"})
    assert lines(reader, claim_id)["combined"] == combined


def test_who_may_not_know_that_two_are_one_reads_of_two(api: Api, reader: Api) -> None:
    claim_id = said_by_two(api, kind="same_as", visibility="restricted")
    assert lines(api, claim_id)["combined"] == "according to a border official"
    assert lines(reader, claim_id)["combined"] == "according to a border official and a customs official"


def test_one_origin_is_called_by_the_name_that_may_be_printed(api: Api) -> None:
    official = recorded_source(api, anonymity="named", name="J. Roe", description="a border official")
    named = recorded_source(api, anonymity="named", name="Jane Roe", description=None)
    api.create(f"/v1/sources/{official}/relations", {"other_id": named, "kind": "same_as"})
    for terms, combined in (("on_the_record", "Jane Roe"), ("background", "a border official")):
        sent = [said_by(official, terms="background"), said_by(named, terms=terms)]
        assert lines(api, recorded_claim(api, attributions=sent)["id"])["combined"] == f"according to {combined}"


def test_a_denial_is_not_all_that_is_left_of_a_claim_on_deep_background(api: Api, reader: Api) -> None:
    maria = recorded_source(api, anonymity="named", name="Maria Silva", description=None)
    sent = [attribution_body(terms="deep_background"), said_by(maria, stance="denies")]
    assert lines(reader, recorded_claim(api, attributions=sent)["id"])["combined"] is None


def test_a_line_tells_who_said_it_to_whom_and_who_published_it(api: Api, reader: Api) -> None:
    izvestia = recorded_outlet(api, name="Izvestia")
    herald = recorded_outlet(api, name="Daily Herald")
    document = recorded_document(api, outlet_id=herald, title="Workers defect")
    source = recorded_source(api, description="a senior official")
    chain = [{"role": "originator", "source_id": source}, {"role": "interviewer", "source_id": izvestia}]
    attribution = {"speech": "indirect", "document_id": document, "chain": chain, "terms": "background"}
    claim = recorded_claim(api, attributions=[attribution])
    answer = lines(reader, claim["id"])
    told = "according to a senior official who spoke to Izvestia on condition of anonymity"
    assert answer == {
        "claim_id": claim["id"],
        "style": "short",
        "items": [
            {
                "attribution_id": claim["attributions"][0]["id"],
                "line": f"{told}, as reported by the Daily Herald",
                "withheld": None,
                "terms": "background",
            }
        ],
        "combined": "according to a senior official",
    }
    full = lines(reader, claim["id"], "full")
    assert full["style"] == "full"
    assert full["items"][0]["line"].endswith("(“Workers defect”)")
    assert full["combined"] == answer["combined"]


def test_what_is_off_the_record_has_no_line_and_is_not_there_for_readers(api: Api, reader: Api) -> None:
    attributions = [attribution_body(), attribution_body(terms="off_the_record")]
    claim_id = recorded_claim(api, attributions=attributions)["id"]
    assert len(lines(reader, claim_id)["items"]) == 1
    withheld = lines(api, claim_id)["items"][1]
    assert (withheld["line"], withheld["withheld"], withheld["terms"]) == (None, "off_the_record", "off_the_record")


def test_a_hidden_outlet_is_in_no_line(api: Api, reader: Api) -> None:
    outlet = recorded_outlet(api, name="Gazette")
    document = recorded_document(api, outlet_id=outlet)
    attribution = said_by(recorded_source(api), document_id=document)
    del attribution["document"]
    claim_id = recorded_claim(api, attributions=[attribution])["id"]
    assert "Gazette" in reader.get(f"/v1/claims/{claim_id}/attribution-line?style=full").text
    api.change(f"/v1/sources/{outlet}", {"visibility": "restricted"})
    for style in ("short", "full"):
        assert "Gazette" not in reader.get(f"/v1/claims/{claim_id}/attribution-line?style={style}").text
    assert "Gazette" in api.get(f"/v1/claims/{claim_id}/attribution-line?style=full").text


def test_a_draft_without_attributions_has_no_lines(api: Api) -> None:
    claim_id = recorded_claim(api, status="draft", attributions=[])["id"]
    answer = lines(api, claim_id)
    assert (answer["items"], answer["combined"]) == ([], None)
    assert api.read(f"/v1/claims/{claim_id}/sourcing")["warnings"] == []


@pytest.mark.parametrize("route", ROUTES)
def test_what_a_reader_may_not_see_has_no_sourcing(api: Api, reader: Api, route: str) -> None:
    hidden = recorded_claim(api, visibility="internal")["id"]
    assert api.get(f"/v1/claims/{hidden}/{route}").status_code == 200
    for claim_id in (hidden, ABSENT):
        refused = reader.get(f"/v1/claims/{claim_id}/{route}")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("route", ROUTES)
def test_an_unchanged_answer_is_304_and_names_the_claim(api: Api, reader: Api, route: str) -> None:
    outlet = recorded_outlet(api)
    claim_id = recorded_claim(api, attributions=[said_by(outlet)])["id"]
    path = f"/v1/claims/{claim_id}/{route}"
    etag = reader.etag(path)
    assert etag.split("-")[0] == reader.etag(f"/v1/claims/{claim_id}").split("-")[0]
    assert reader.get(path, headers={"If-None-Match": etag}).status_code == 304
    api.change(f"/v1/sources/{outlet}", {"name": "The Weekly Record"})
    assert reader.get(path, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [("attribution-line?style=long", "style"), ("attribution-line?lang=ko", "lang"), ("sourcing?style=full", "style")],
)
def test_a_parameter_that_is_not_known_is_refused(api: Api, asked: str, parameter: str) -> None:
    refused = api.get(f"/v1/claims/{recorded_claim(api)['id']}/{asked}")
    assert refused.status_code == 422
    assert [each["parameter"] for each in refused.json()["errors"]] == [parameter]


def test_every_claim_of_a_ledger_has_an_answer_for_every_reader(api: Api, reader: Api) -> None:
    write_everything(api)
    claims = [each["id"] for each in api.read("/v1/claims")["items"]]
    for caller in (api, reader):
        seen = {claim_id: caller.get(f"/v1/claims/{claim_id}").status_code for claim_id in claims}
        for route in (*ROUTES, "attribution-line?style=full"):
            assert {claim_id: caller.get(f"/v1/claims/{claim_id}/{route}").status_code for claim_id in claims} == seen


@pytest.mark.parametrize("route", ROUTES)
def test_the_number_of_queries_does_not_grow_with_the_attributions(
    api: Api, query_recorder: QueryRecorder, route: str
) -> None:
    counts = []
    for size in (1, 20):
        attributions = [attribution_body(document=document_body(title=f"Report {at}")) for at in range(size)]
        path = f"/v1/claims/{recorded_claim(api, attributions=attributions)['id']}/{route}"
        with query_recorder() as statements:
            api.read(path)
        counts.append(len(statements))
    assert counts[0] == counts[1]


def narrowed(caller: Api, claim_id: str) -> list[tuple[str, str]]:
    """The attributions that are warned of for what they tell of a source, and the words."""
    warnings = caller.read(f"/v1/claims/{claim_id}/sourcing")["warnings"]
    return [(each["attribution_id"], each["detail"]) for each in warnings if each["code"] == NARROWS]


def test_a_claim_that_tells_more_of_an_unnamed_source_than_is_public_is_warned_of(api: Api) -> None:
    source, other = recorded_source(api), recorded_source(api)
    first = recorded_claim(api, place={"name": "Busan"}, attributions=[said_by(source), said_by(other)])
    second = recorded_claim(api, place={"name": "Busan"}, topics=["border"], attributions=[said_by(source)])
    assert narrowed(api, first["id"]) == []
    [(attribution_id, words)] = narrowed(api, second["id"])
    assert attribution_id == second["attributions"][0]["id"]
    assert "What it tells the public" in words
    assert "no other public claim does: topic. Of the 2 stored sources that fit" in words
    assert "1 is left" in words
    assert "border" not in words
    recorded_claim(api, topics=["border"], attributions=[said_by(source), said_by(other)])
    assert narrowed(api, second["id"]) == []


def test_a_source_whom_no_other_fits_already_is_warned_of_for_what_nobody_else_fits(api: Api) -> None:
    source = recorded_source(api, country="RU")
    recorded_source(api)
    claim = recorded_claim(api, place={"name": "Busan"}, attributions=[said_by(source)])
    [(_, words)] = narrowed(api, claim["id"])
    assert "place. No other stored source fits what is public beside it already" in words


@pytest.mark.parametrize("hidden", [{"status": "draft"}, {"embargo_until": "2026-12-24T00:00:00Z"}])
def test_a_claim_that_is_not_out_is_warned_of_for_what_it_would_tell(api: Api, hidden: dict[str, str]) -> None:
    source, _other = recorded_source(api), recorded_source(api)
    insider = api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    body = {"place": {"name": "Busan"}, "attributions": [said_by(source)]}
    claim_id = recorded_claim(api, **body, **hidden)["id"]
    [(_, words)] = narrowed(insider, claim_id)
    assert "What it would tell the public" in words
    assert "place. Of the 2 stored sources that fit what is public beside it, 1 is left." in words


def test_a_source_that_comes_out_with_a_draft_is_warned_of_too(api: Api) -> None:
    recorded_source(api)
    claim_id = recorded_claim(api, status="draft", place={"name": "Busan"})["id"]
    [(_, words)] = narrowed(api, claim_id)
    assert "place" in words


def test_what_is_not_meant_for_the_public_tells_it_nothing(api: Api) -> None:
    source, _other, hidden = recorded_source(api), recorded_source(api), recorded_source(api, visibility="internal")
    body = {"place": {"name": "Busan"}, "attributions": [said_by(source)]}
    assert narrowed(api, recorded_claim(api, **body, visibility="internal")["id"]) == []
    assert narrowed(api, recorded_claim(api, place={"name": "Busan"}, attributions=[said_by(hidden)])["id"]) == []
    off = said_by(source, terms="off_the_record")
    assert narrowed(api, recorded_claim(api, place={"name": "Busan"}, attributions=[off])["id"]) == []


def test_who_may_not_read_of_exposure_is_not_told_that_it_was_asked(api: Api, reader: Api) -> None:
    source, _other = recorded_source(api), recorded_source(api)
    claim_id = recorded_claim(api, place={"name": "Busan"}, attributions=[said_by(source)])["id"]
    assert len(narrowed(api, claim_id)) == 1
    for caller in (reader, api.with_scopes(Scope.CLAIMS_READ, Scope.RESTRICTED_READ)):
        answer = caller.read(f"/v1/claims/{claim_id}/sourcing")
        assert NARROWS not in {*(each["code"] for each in answer["warnings"]), *answer["passed"]}


def test_what_is_restricted_moves_no_warning_of_an_internal_reader(api: Api) -> None:
    insider = api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    source, _other = recorded_source(api), recorded_source(api)
    hidden = recorded_source(api, visibility="restricted")
    path = f"/v1/claims/{recorded_claim(api, place={'name': 'Busan'}, attributions=[said_by(source)])['id']}/sourcing"
    before = insider.get(path)
    recorded_claim(api, place={"name": "Busan"}, attributions=[said_by(hidden)], visibility="restricted")
    assert insider.get(path).content == before.content
