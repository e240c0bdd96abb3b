"""Sources found by name and alias, in any script, and who is found by whom."""

from typing import Any

import pytest

from app.access.context import Context
from app.models.vocabulary import Scope
from tests.factories import outlet_body, recorded_claim, recorded_outlet, recorded_source, said_by, source_body
from tests.fixtures.api import Api, codes

AMBASSADOR = {"kind": "person", "anonymity": "named", "name": "Александр Мацегора"}


def named(api: Api, name: str, **more: Any) -> list[str]:
    return [each["label"] for each in api.read("/v1/sources", params={"name": name, **more})["items"]]


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("Александр Мацегора", "мацегора"),
        ("Александр Мацегора", "Matsegora"),
        ("Александр Мацегора", "aleksandr MATS"),
        ("Александр Мацегора", "мацегора александр"),
        ("Александр Мацегора", "Мацегоры"),
        ("마체고라", "마체고라"),
        ("마체고라", "마체"),
        ("마체고라", "마"),
        ("마체고라", "machegola"),
        ("Matsegora", "Мацегора"),
        ("Горбачёв", "горбачев"),
        ("José Gonçalves", "JOSE goncalves"),
        ("Jose Goncalves", "José Gonçalves"),
        ("Organization of Workers", "organiz"),
        ("Universities Council", "univers"),
        ("O'Brien", "o\u2019brien"),
        ("Васильев", "vasilev"),
        ("Kim Jong-un", "jong-un kim"),
        ("\uff2b\uff29\uff2d", "kim"),
        ("Yo\u0308n", "yön"),
        ("1e5km News", "1e5km"),
    ],
)
def test_a_source_is_found_by_its_name_in_any_script(api: Api, name: str, sought: str) -> None:
    recorded_outlet(api, name="Somebody else")
    recorded_outlet(api, name=name)
    assert named(api, sought) == [name]


@pytest.mark.parametrize("sought", ["Matsegor Ivan", "egora", "Al Ma", "ambassador", "envoy", "Mats Aleksandr"])
def test_a_source_is_not_found_by_what_is_not_its_name(api: Api, sought: str) -> None:
    api.create("/v1/sources", {**AMBASSADOR, "description": "the ambassador", "role": "envoy"})
    recorded_source(api, description="the ambassador")
    assert named(api, sought) == []


def test_a_source_is_found_by_its_aliases_and_renamed_at_once(api: Api) -> None:
    source = api.create("/v1/sources", {**AMBASSADOR, "aliases": ["마체고라", "Alexander Matsegora"]})
    path = f"/v1/sources/{source['id']}"
    assert source["aliases"] == ["마체고라", "Alexander Matsegora"]
    assert api.read(path) == source
    assert named(api, "Alexander") == named(api, "마체고라") == ["Александр Мацегора"]
    api.change(path, {"aliases": [], "name": "A. Matsegora"})
    assert named(api, "Alexander") == named(api, "마체고라") == named(api, "александр") == []
    assert named(api, "matsegora") == ["A. Matsegora"]
    assert "aliases" not in api.read(path)


@pytest.mark.parametrize("anonymity", ["anonymous", "unattributed"])
def test_aliases_of_a_source_that_the_reporting_does_not_name_are_refused(api: Api, anonymity: str) -> None:
    response = api.post("/v1/sources", source_body(anonymity=anonymity, aliases=["Ivan"]))
    assert codes(response) == [("/aliases", "name_not_allowed")]
    assert "Ivan" not in response.text


def test_a_source_with_aliases_does_not_become_anonymous_with_them(api: Api) -> None:
    source = api.create("/v1/sources", {**AMBASSADOR, "anonymity": "pseudonymous", "aliases": ["Ivan"]})
    path = f"/v1/sources/{source['id']}"
    sent = {"anonymity": "anonymous", "description": "a diplomat", "name": None}
    assert codes(api.patch(path, sent, etag=api.etag(path))) == [("/aliases", "name_not_allowed")]
    assert api.change(path, {**sent, "aliases": []})["name"] is None
    assert named(api, "Ivan") == named(api, "matsegora") == []


@pytest.mark.parametrize(
    ("aliases", "pointer", "code"),
    [
        (["a"] * 51, "/aliases", "too_long"),
        ([" "], "/aliases/0", "wrong_form"),
        (["a" * 501], "/aliases/0", "too_long"),
    ],
)
def test_aliases_are_lines_and_not_too_many(api: Api, aliases: list[str], pointer: str, code: str) -> None:
    assert codes(api.post("/v1/sources", outlet_body(aliases=aliases))) == [(pointer, code)]


@pytest.mark.parametrize(
    ("sought", "code"), [("🙂", "nothing_to_search"), ('- * "', "nothing_to_search"), ("a " * 40, "too_many_terms")]
)
def test_a_name_with_nothing_to_search_is_refused(api: Api, sought: str, code: str) -> None:
    response = api.get("/v1/sources", params={"name": sought})
    assert response.status_code == 422
    assert [(each["parameter"], each["code"]) for each in response.json()["errors"]] == [("name", code)]


def test_a_hidden_source_is_found_by_those_alone_who_may_read_it(api: Api) -> None:
    recorded_outlet(api, name="Open Gazette")
    hidden = recorded_outlet(api, name="Hidden Gazette", aliases=["Samizdat"], visibility="restricted")
    public, insider = api.with_scopes(Scope.CLAIMS_READ), api.with_scopes(Scope.CLAIMS_READ, Scope.INTERNAL_READ)
    for reader in (public, insider):
        assert named(reader, "gazette") == ["Open Gazette"]
        assert named(reader, "samizdat") == []
        assert reader.read("/v1/sources", params={"name": "gazette", "include_total": True})["total"] == 1
    assert len(named(api, "gazette")) == 2
    api.change(f"/v1/sources/{hidden}", {"visibility": "public"})
    assert named(public, "samizdat") == ["Hidden Gazette"]


def test_a_source_under_embargo_is_not_found_by_the_public(api: Api) -> None:
    chain = [{"role": "originator", "source": {**AMBASSADOR}}]
    document = {"title": "T"}
    attribution = {"speech": "direct", "document": document, "chain": chain}
    recorded_claim(api, embargo_until="2027-01-01T00:00:00Z", attributions=[attribution])
    assert named(api, "matsegora") == ["Александр Мацегора"]
    assert named(api.with_scopes(Scope.CLAIMS_READ), "matsegora") == []


def test_claims_are_found_by_the_name_of_their_source(api: Api) -> None:
    source = api.create("/v1/sources", AMBASSADOR)["id"]
    claim = recorded_claim(api, attributions=[said_by(source)])
    recorded_claim(api)
    found = api.read("/v1/claims", params={"source_name": "matseg"})["items"]
    assert [each["id"] for each in found] == [claim["id"]]


def test_sources_are_filtered_by_country_reliability_and_organization(api: Api) -> None:
    ministry = recorded_outlet(api, name="Ministry", kind="organization", country="RU")
    recorded_source(api, description="a clerk", organization_id=ministry, reliability="B", country="KP")
    assert named(api, "ministry", country="RU") == ["Ministry"]
    for params in ({"country": "KP"}, {"reliability": "B"}, {"organization_id": ministry}):
        assert [each["label"] for each in api.read("/v1/sources", params=params)["items"]] == ["a clerk"]


def test_an_organization_that_is_hidden_finds_nobody(api: Api) -> None:
    ministry = recorded_outlet(api, name="Ministry", kind="organization", visibility="restricted")
    recorded_source(api, organization_id=ministry)
    public = api.with_scopes(Scope.CLAIMS_READ)
    assert public.read("/v1/sources", params={"organization_id": ministry})["items"] == []
    assert len(api.read("/v1/sources", params={"organization_id": ministry})["items"]) == 1


def test_pages_of_a_search_by_name_hold_each_source_once(api: Api, context: Context) -> None:
    made = {recorded_outlet(api, name=f"Gazette {number}") for number in range(5)}
    params: dict[str, Any] = {"name": "gazette", "limit": 2}
    seen: list[str] = []
    while True:
        page = api.read("/v1/sources", params=params)
        seen += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(made)


def test_a_chinese_name_is_found_as_it_is_written_in_latin_letters(api: Api) -> None:
    recorded_outlet(api, name="王毅", kind="person")
    for name in ("王毅", "wang yi", "Wang", "wangyi"):
        assert named(api, name) == ["王毅"]
