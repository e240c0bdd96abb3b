"""Records of one address: a guess at the address of what is held back takes nothing from it, and is told nothing."""

from datetime import timedelta
from typing import Any

import pytest

from app.access.context import Context
from app.canonical import claims
from app.cli import verify
from app.documents import service
from app.models.vocabulary import Scope
from tests.access.conftest import WRITES, Callers, instant
from tests.conftest import START, Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    claim_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_outlet,
    recorded_source,
    said_by,
)
from tests.fixtures.api import Api
from tests.fixtures.observatory import Asked, Given, Observatory, Requests, differences
from tests.fixtures.worlds import World

EMBARGO = START + timedelta(days=2)
URL = "https://example.org/scoop"
NOT_OUT: dict[str, dict[str, Any]] = {"embargo": {"embargo_until": instant(EMBARGO)}, "draft": {"status": "draft"}}


def held_back(api: Api, *, text: str = "Nine defected.", quote: Any = None, **fields: Any) -> dict[str, Any]:
    """A claim that was read in the article, whose record comes along with it."""
    outlet = recorded_outlet(api, name="The Scoop")
    document = document_body(url=URL, title="What the newsroom knows", text=text, outlet_id=outlet)
    return dict(recorded_claim(api, attributions=[attribution_body(document=document, quote=quote)], **fields))


def document_of(claim: dict[str, Any]) -> str:
    return str(claim["attributions"][0]["document_id"])


def guessed(api: Api, **fields: Any) -> str:
    """The record that somebody made of the address, alone if nothing else is given."""
    return str(api.create("/v1/documents", {"url": URL} | fields)["id"])


def come_out(way: str, claim: dict[str, Any], callers: Callers, clock: Clock, context: Context) -> None:
    """Brings the claim out, as a draft or when its embargo ends."""
    clock.now = EMBARGO
    if way == "draft":
        callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    else:
        context.database.after_write()  # as the service does when an embargo ends


def agrees(context: Context) -> bool:
    with context.database.reading() as session:
        return list(verify.differences(session)) == []


@pytest.fixture
def guesser(api: Api) -> Api:
    return api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE)


@pytest.mark.parametrize("way", NOT_OUT)
def test_who_guesses_the_address_hides_nothing(
    callers: Callers, guesser: Api, clock: Clock, context: Context, way: str
) -> None:
    claim = held_back(callers.internal, **NOT_OUT[way])
    own = document_of(claim)
    stands = guessed(guesser)
    assert callers.internal.read(f"/v1/documents/{own}").get("joined_id") is None
    assert agrees(context)
    come_out(way, claim, callers, clock, context)
    shown = callers.reader.read(f"/v1/claims/{claim['id']}")
    assert document_of(shown) == stands
    taken = callers.reader.read(f"/v1/documents/{stands}")
    assert (taken["title"], taken["text"]) == ("What the newsroom knows", "Nine defected.")
    assert taken["outlet_id"] is not None
    assert callers.reader.get(f"/v1/documents/{own}").status_code == 404
    kept = callers.internal.read(f"/v1/documents/{own}")
    assert (kept["visibility"], kept["joined_id"]) == ("internal", stands)
    assert document_of(callers.internal.read(f"/v1/claims/{claim['id']}")) == stands
    for wanted in ({"document_id": stands}, {"document_url": URL}):
        for caller in (callers.reader, callers.internal):
            page = caller.read("/v1/claims", params={**wanted, "include_total": True})
            assert ([each["id"] for each in page["items"]], page["total"]) == ([claim["id"]], 1)
    facets = callers.reader.read("/v1/claims/facets", params={"field": "document_id"})["facets"]
    assert {"value": stands, "claims": 1}.items() <= facets[0]["values"][0].items()
    assert agrees(context)


def test_an_address_that_is_given_during_the_embargo_is_joined_at_its_end(
    callers: Callers, guesser: Api, clock: Clock, context: Context
) -> None:
    without = attribution_body(document=document_body(url=None, title="What the newsroom knows", text=None))
    claim = recorded_claim(callers.internal, attributions=[without], **NOT_OUT["embargo"])
    callers.internal.change(f"/v1/documents/{document_of(claim)}", {"url": URL})
    stands = guessed(guesser)
    come_out("embargo", claim, callers, clock, context)
    assert document_of(callers.reader.read(f"/v1/claims/{claim['id']}")) == stands
    assert callers.internal.read(f"/v1/documents/{document_of(claim)}")["joined_id"] == stands
    assert agrees(context)


def test_a_record_of_the_address_that_is_made_while_the_claim_is_published_is_joined_too(
    callers: Callers, guesser: Api, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = held_back(callers.internal, status="draft")
    stands = guessed(guesser)
    monkeypatch.setattr(claims, "name_public", lambda *_: [])  # it was not there yet when it was looked for
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    assert document_of(callers.reader.read(f"/v1/claims/{claim['id']}")) == stands
    assert callers.internal.read(f"/v1/documents/{document_of(claim)}")["joined_id"] == stands
    assert agrees(context)


def test_the_newsroom_is_told_with_what_its_record_was_joined(callers: Callers, guesser: Api, api: Api) -> None:
    claim = held_back(callers.internal, status="draft")
    guessed(guesser)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    told = api.read("/v1/audit", params={"action": "document_joined"})["items"]
    assert [each["subject_id"] for each in told] == [document_of(claim)]


def test_a_record_of_the_address_that_comes_later_is_told_of_what_the_public_reads(
    callers: Callers, guesser: Api
) -> None:
    claim = held_back(callers.internal, status="draft")
    stands = guessed(guesser)
    refused = guesser.post("/v1/documents", {"url": URL})
    assert (refused.status_code, refused.json()["existing_id"]) == (409, stands)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    for caller in (guesser, callers.internal):
        refused = caller.post("/v1/documents", {"url": URL})
        assert (refused.status_code, refused.json()["existing_id"]) == (409, stands)


def test_of_two_that_were_held_back_one_stands_for_the_address(
    callers: Callers, clock: Clock, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = held_back(callers.internal, embargo_until=instant(EMBARGO))
    refused = callers.internal.post("/v1/documents", document_body(url=URL))
    assert refused.json()["existing_id"] == document_of(first)
    # As of two that are recorded at the same time.
    monkeypatch.setattr(service, "_check_address", lambda *_: None)
    second = held_back(callers.internal, embargo_until=instant(EMBARGO))
    assert document_of(first) != document_of(second)
    follow = context.database.after_write
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    clock.now = EMBARGO
    alone = callers.reader.read("/v1/documents", params={"url": URL})["items"]
    assert [each["id"] for each in alone] == [min(map(document_of, (first, second)))]
    follow()
    documents = {document_of(callers.reader.read(f"/v1/claims/{each['id']}")) for each in (first, second)}
    assert len(documents) == 1
    listed = callers.reader.read("/v1/documents", params={"url": URL})["items"]
    assert {each["id"] for each in listed} == documents
    assert agrees(context)


@pytest.mark.parametrize("way", NOT_OUT)
@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({"text": "Nine workers defected."}, (13, 21)),
        ({"text": "Eight defected, and one more defected."}, (None, None)),
        ({"text": "Nothing happened."}, (None, None)),
        ({"text_sha256": "0" * 64}, (None, None)),
        ({}, (5, 13)),
    ],
    ids=["elsewhere", "at several places", "nowhere", "in a text that is not recorded", "in the text taken over"],
)
def test_a_quote_is_placed_anew_in_the_text_of_the_other_record(
    callers: Callers,
    guesser: Api,
    clock: Clock,
    context: Context,
    way: str,
    recorded: dict[str, Any],
    expected: tuple[int | None, int | None],
) -> None:
    claim = held_back(callers.internal, quote={"exact": "defected"}, **NOT_OUT[way])
    quote = claim["attributions"][0]["quote"]
    assert (quote["start"], quote["end"]) == (5, 13)
    stands = guessed(guesser, **recorded)
    come_out(way, claim, callers, clock, context)
    attribution = callers.reader.read(f"/v1/claims/{claim['id']}")["attributions"][0]
    assert attribution["document_id"] == stands
    start, end = expected
    assert attribution["quote"] == quote | {"start": start, "end": end}
    assert agrees(context)


def test_a_text_of_which_the_digest_is_recorded_is_taken_over_and_its_quotes_stay(
    callers: Callers, guesser: Api, clock: Clock, context: Context
) -> None:
    claim = held_back(callers.internal, quote={"exact": "defected"}, **NOT_OUT["draft"])
    digest = callers.internal.read(f"/v1/documents/{document_of(claim)}")["text_sha256"]
    stands = guessed(guesser, text_sha256=digest)
    come_out("draft", claim, callers, clock, context)
    assert callers.reader.read(f"/v1/documents/{stands}")["text"] == "Nine defected."
    assert callers.reader.read(f"/v1/claims/{claim['id']}")["attributions"][0]["quote"]["start"] == 5


@pytest.mark.parametrize("outlet", ["public", "internal"])
def test_an_outlet_that_the_public_does_not_read_is_in_nobodys_way(observatory: Observatory, outlet: str) -> None:
    guesser = observatory.api.with_scopes(*WRITES)

    def build(world: World) -> None:
        world.shared("hidden outlet", "/v1/sources", outlet_body(name="The Hidden", visibility="restricted"))
        world.shared("outlet", "/v1/sources", outlet_body(name="The Scoop", visibility=outlet))
        article = document_body(url=URL, outlet_id=world.public["outlet"])
        attributions = [attribution_body(document=article)]
        claim = world.shared("claim", "/v1/claims", claim_body(status="draft", attributions=attributions))
        with world.step("guess", moment=world.next_moment()):
            world.public["document"] = guessed(guesser)
        if world.name == "a hidden outlet":
            hidden = {"outlet_id": world.public["hidden outlet"]}
            world.change("outlet", f"/v1/documents/{world.public['document']}", hidden)
        world.patch(f"/v1/claims/{claim['id']}", {"status": "published"})
        world.patch(f"/v1/sources/{world.public['outlet']}", {"visibility": "public"})

    def read(given: Given) -> Requests:
        known = given.names.public
        yield "reader", Asked("GET", f"/v1/documents/{known['document']}")
        for path in ("", "/history", "/sourcing", "/attribution-line"):
            yield "reader", Asked("GET", f"/v1/claims/{known['claim']}{path}")
        for path in ("/v1/claims", "/v1/documents"):
            yield "reader", Asked("GET", path, {"outlet_id": known["outlet"]})
        yield "reader", Asked("GET", "/v1/claims/facets", {"field": "outlet_id"})

    one, other = observatory.seen(["a hidden outlet", "none"], "restricted", read, build=build)
    assert {each.status for each in one} <= {200, 304}
    assert differences(one, other) == []


def test_what_is_hidden_of_the_held_back_record_stays_with_it(callers: Callers, guesser: Api, clock: Clock) -> None:
    hidden = recorded_outlet(callers.internal, name="The Hidden", visibility="internal")
    article = document_body(url=URL, outlet_id=hidden)
    claim = recorded_claim(callers.internal, status="draft", attributions=[attribution_body(document=article)])
    stands = guessed(guesser)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    kept = callers.internal.read(f"/v1/documents/{document_of(claim)}")
    assert (kept["outlet_id"], kept["joined_id"]) == (hidden, stands)
    assert callers.internal.read(f"/v1/documents/{stands}")["outlet_id"] is None


def test_a_record_that_is_not_for_the_public_is_joined_with_nothing(callers: Callers, guesser: Api) -> None:
    source = recorded_source(callers.internal)
    evidence = [{"relation": "supports", "document": document_body(url=URL, title="Not for the public")}]
    claim = recorded_claim(
        callers.internal,
        status="draft",
        visibility="internal",
        attributions=[said_by(source)],
        assessment=assessment_body(evidence=evidence),
    )
    stands = guessed(guesser)
    path = f"/v1/claims/{claim['id']}"
    callers.internal.change(f"/v1/documents/{document_of(claim)}", {"visibility": "public"})
    callers.internal.change(path, {"status": "published", "visibility": "public"})
    own = callers.internal.read(path)["assessments"][0]["evidence"][0]["document_id"]
    assert own != stands
    assert callers.internal.read(f"/v1/documents/{own}").get("joined_id") is None
    assert callers.reader.read(f"/v1/documents/{stands}")["title"] is None


@pytest.mark.parametrize("patch", [{"url": "https://example.org/other"}, {"visibility": "restricted"}], ids=str)
def test_a_joined_record_that_is_given_another_place_is_one_of_its_own_again(
    callers: Callers, guesser: Api, patch: dict[str, str]
) -> None:
    claim = held_back(callers.internal, status="draft")
    guessed(guesser)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    own = f"/v1/documents/{document_of(claim)}"
    callers.restricted.change(own, {"title": "Corrected"})
    assert "joined_id" in callers.restricted.read(own)
    callers.restricted.change(own, patch)
    assert "joined_id" not in callers.restricted.read(own)


def test_a_joined_record_that_is_made_public_stands_for_its_new_address(callers: Callers, guesser: Api) -> None:
    claim = held_back(callers.internal, status="draft")
    stands = guessed(guesser)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    own = f"/v1/documents/{document_of(claim)}"
    refused = callers.internal.patch(own, {"visibility": "public"}, etag="*")
    assert (refused.status_code, refused.json()["existing_id"]) == (409, stands)
    other = "https://example.org/other"
    callers.internal.change(own, {"visibility": "public", "url": other})
    refused = guesser.post("/v1/documents", {"url": other})
    assert (refused.status_code, refused.json()["existing_id"]) == (409, document_of(claim))


def test_the_public_reads_one_record_of_an_address_before_the_two_are_joined(
    callers: Callers, guesser: Api, clock: Clock, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = held_back(callers.internal, embargo_until=instant(EMBARGO))
    elsewhere = recorded_claim(callers.internal, embargo_until=instant(EMBARGO))
    stands = guessed(guesser)
    follow = context.database.after_write
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    clock.now = EMBARGO
    own = document_of(claim)
    for path in (f"/v1/documents/{own}", f"/v1/claims/{claim['id']}", f"/v1/claims/{claim['id']}/history"):
        assert callers.reader.get(path).status_code == 404
        assert callers.internal.get(path).status_code == 200
    listed = callers.reader.read("/v1/documents", params={"url": URL})["items"]
    assert [each["id"] for each in listed] == [stands]
    page = callers.reader.read("/v1/claims", params={"include_total": True})
    assert ([each["id"] for each in page["items"]], page["total"]) == ([elsewhere["id"]], 1)
    follow()
    shown = callers.reader.read(f"/v1/claims/{claim['id']}")
    assert document_of(shown) == stands
    assert agrees(context)


def test_a_record_that_is_alone_at_its_address_comes_out_when_its_embargo_ends(
    callers: Callers, clock: Clock, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = held_back(callers.internal, embargo_until=instant(EMBARGO))
    monkeypatch.setattr(context.database, "after_write", lambda: None)
    clock.now = EMBARGO
    assert callers.reader.get(f"/v1/documents/{document_of(claim)}").status_code == 200
    assert document_of(callers.reader.read(f"/v1/claims/{claim['id']}")) == document_of(claim)
