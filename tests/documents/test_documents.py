"""Where claims are read: addresses that stand once, dates and texts, and checking a text against its quotes."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kit.urls import canonical_url
from tests.factories import document_body, recorded_claim, recorded_document, recorded_outlet, recorded_source, said_by
from tests.fixtures.api import Api, codes

TEXT = "Nine workers 🙂 defected. Nine workers returned."
LONG = "https://example.org/"


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://example.org/news?utm_source=x&id=2&fbclid=y", "https://example.org/news?id=2"),
        ("https://EXAMPLE.org/news#top", "https://example.org/news"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org:8080/?b=2&a=1", "http://example.org:8080/?a=1&b=2"),
        ("https://example.org/новости", "https://example.org/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
    ],
)
def test_an_address_is_found_in_whatever_spelling(api: Api, url: str, canonical: str) -> None:
    document = api.create("/v1/documents", {"url": url})
    assert document["canonical_url"] == canonical
    for spelling in (url, canonical):
        found = api.read("/v1/documents", params={"url": spelling})["items"]
        assert [item["id"] for item in found] == [document["id"]]


def test_a_canonical_address_that_is_given_is_kept_and_found(api: Api) -> None:
    address = "https://example.org/?b=1&a=2#!/story"
    document = api.create("/v1/documents", {"url": "https://example.org/app", "canonical_url": address})
    assert document["canonical_url"] == address
    assert len(api.read("/v1/documents", params={"url": address})["items"]) == 1


def test_an_address_stands_once(api: Api) -> None:
    first = recorded_document(api, url="https://example.org/news?utm_source=x")
    again = api.post("/v1/documents", {"url": "https://example.org/news"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert again.json()["existing_id"] == first
    other = recorded_document(api, url="https://example.org/other")
    taken = api.patch(f"/v1/documents/{other}", {"url": "https://example.org/news"}, etag="*")
    assert (taken.status_code, taken.json()["existing_id"]) == (409, first)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"url": LONG + "é" * 400}, "/url", "too_long"),
        ({"url": LONG + "a" * 2100}, "/url", "too_long"),
        ({"url": "http://[abc"}, "/url", "wrong_form"),
        ({"url": "http://example.org:99999/"}, "/url", "wrong_form"),
        ({"url": f"http://{'é' * 70}.org/"}, "/url", "wrong_form"),
        ({"url": "ftp://example.org/"}, "/url", "wrong_form"),
        ({"url": "https://user:secret@example.org/"}, "/url", "wrong_form"),
        ({"canonical_url": LONG + "é" * 1000}, "/canonical_url", "wrong_form"),
        ({"canonical_url": LONG + "a" * 2100}, "/canonical_url", "too_long"),
        ({"title": None}, "/url", "required"),
        ({"published": "yesterday"}, "/published", "not_edtf"),
        ({"published_basis": "stated"}, "/published_basis", "contradictory"),
        ({"text": TEXT, "text_sha256": "0" * 64}, "/text_sha256", "contradictory"),
        ({"text_sha256": "xyz"}, "/text_sha256", "wrong_form"),
        ({"accessed_at": "2026-11-23T09:30:00"}, "/accessed_at", "wrong_form"),
        ({"outlet_id": "00000000-0000-4000-8000-000000000000"}, "/outlet_id", "unknown_reference"),
        ({"summary": "x"}, "/summary", "unknown_field"),
    ],
)
def test_a_document_that_breaks_a_rule_is_refused(api: Api, fields: dict[str, Any], pointer: str, code: str) -> None:
    assert codes(api.post("/v1/documents", document_body(**fields))) == [(pointer, code)]


def test_the_longest_address_is_kept(api: Api) -> None:
    url = (LONG + "é" * 400)[: 20 + 338]
    assert len(api.create("/v1/documents", {"url": url})["canonical_url"]) == 20 + 338 * 6
    longest = LONG + "a" * (2048 - len(LONG))
    document = api.create("/v1/documents", {"url": longest})
    assert document["canonical_url"] == longest


def test_a_list_by_what_is_no_address_is_empty(api: Api) -> None:
    recorded_document(api)
    response = api.get("/v1/documents", params={"url": "http://[abc"})
    assert response.status_code == 200
    assert response.json()["items"] == []


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"https?://[^\s/?#@]{1,30}\.?[^\s@]{0,60}", fullmatch=True))
def test_a_canonical_address_is_ascii_and_its_own_canonical_address(url: str) -> None:
    address = canonical_url(url)
    if address is not None:
        assert address.isascii()
        assert canonical_url(address) in {address, None}


def test_dates_are_read_as_bounds_and_their_basis_follows(api: Api) -> None:
    document = api.create("/v1/documents", document_body(published="2023-01/2023-02"))
    assert (document["published_earliest"], document["published_latest"]) == ("2023-01-01", "2023-02-28")
    assert document["published_basis"] == "stated"
    path = f"/v1/documents/{document['id']}"
    assert api.change(path, {"published_basis": "inferred"})["published_basis"] == "inferred"
    assert api.change(path, {"title": "Other"})["published_basis"] == "inferred"
    cleared = api.change(path, {"published": None})
    assert (cleared["published"], cleared["published_basis"]) == (None, "unknown")
    assert (cleared["published_earliest"], cleared["published_latest"]) == (None, None)


def test_a_new_url_gives_a_new_canonical_one_and_a_null_the_computed(api: Api) -> None:
    document_id = recorded_document(api, url="https://example.org/1", canonical_url="https://example.org/one")
    path = f"/v1/documents/{document_id}"
    assert api.change(path, {"canonical_url": None})["canonical_url"] == "https://example.org/1"
    assert api.change(path, {"canonical_url": "https://example.org/I"})["canonical_url"] == "https://example.org/I"
    assert api.change(path, {"byline": "A. Writer"})["canonical_url"] == "https://example.org/I"
    assert api.change(path, {"url": "https://example.org/2"})["canonical_url"] == "https://example.org/2"
    assert api.change(path, {"url": None})["canonical_url"] is None


def test_a_text_comes_with_its_digest_and_in_no_list(api: Api) -> None:
    document = api.create("/v1/documents", document_body(text=TEXT))
    assert document["text_sha256"] == sha256(TEXT.encode()).hexdigest()
    assert api.read(f"/v1/documents/{document['id']}")["text"] == TEXT
    assert "text" not in api.read("/v1/documents")["items"][0]


def test_a_patched_text_has_a_digest_of_its_own(api: Api) -> None:
    path = f"/v1/documents/{recorded_document(api, text=TEXT)}"
    assert api.change(path, {"text": "Other."})["text_sha256"] == sha256(b"Other.").hexdigest()
    assert api.change(path, {"text": None})["text"] is None
    refused = api.patch(path, {"text": "x", "text_sha256": "0" * 64}, etag="*")
    assert codes(refused) == [("/text_sha256", "contradictory")]


def test_a_digest_may_stand_without_a_text(api: Api) -> None:
    digest = sha256(TEXT.encode()).hexdigest()
    document_id = recorded_document(api, text_sha256=digest)
    checked = api.post(f"/v1/documents/{document_id}/verify", {"text": TEXT}).json()
    assert checked["matches_recorded"] is True
    for nothing in (dict[str, str](), None):
        assert codes(api.post(f"/v1/documents/{document_id}/verify", nothing)) == [("/text", "required")]


def test_lists_are_filtered_by_outlet(api: Api) -> None:
    outlet = recorded_outlet(api)
    document_id = recorded_document(api, outlet_id=outlet)
    recorded_document(api)
    found = api.read(f"/v1/documents?outlet_id={outlet}")["items"]
    assert [item["id"] for item in found] == [document_id]


def test_checking_a_document_tells_which_quotes_still_stand(api: Api) -> None:
    document_id, source_id = recorded_document(api, text=TEXT), recorded_source(api)

    def quoted(exact: str) -> None:
        attribution = said_by(source_id, document_id=document_id, quote={"exact": exact})
        recorded_claim(api, attributions=[{k: v for k, v in attribution.items() if k != "document"}])

    for exact in ("🙂 defected", "Nine workers returned", "returned."):
        quoted(exact)
    path = f"/v1/documents/{document_id}/verify"
    recorded = api.post(path, {}).json()
    assert recorded["matches_recorded"] is True
    assert [quote["status"] for quote in recorded["quotes"]] == ["in_place"] * 3
    edited = api.post(path, {"text": "Today: " + TEXT.replace("Nine workers returned", "Ten workers left")}).json()
    assert edited["matches_recorded"] is False
    assert sorted(quote["status"] for quote in edited["quotes"]) == ["missing", "missing", "moved"]
    assert [(each["start"], each["end"]) for each in edited["quotes"] if each["status"] == "moved"] == [(20, 30)]
