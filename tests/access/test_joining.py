"""Records of one address: a guess at the address of what is held back takes nothing from it, and is told nothing."""

from datetime import timedelta
from typing import Any

import pytest

from app.access.context import Context
from app.cli.verify import differences
from app.documents import service
from app.models.vocabulary import Scope
from tests.access.conftest import Callers, instant
from tests.conftest import START, Clock
from tests.factories import attribution_body, document_body, recorded_claim, recorded_outlet
from tests.fixtures.api import Api

EMBARGO = START + timedelta(days=2)
URL = "https://example.org/scoop"


def held_back(api: Api, **fields: Any) -> dict[str, Any]:
    """A claim that was read in the article, whose record comes along with it."""
    outlet = recorded_outlet(api, name="The Scoop")
    document = document_body(url=URL, title="What the newsroom knows", text="Nine defected.", outlet_id=outlet)
    return dict(recorded_claim(api, attributions=[attribution_body(document=document)], **fields))


def document_of(claim: dict[str, Any]) -> str:
    return str(claim["attributions"][0]["document_id"])


def guessed(api: Api) -> str:
    """The record that somebody made of the address alone."""
    return str(api.create("/v1/documents", {"url": URL})["id"])


def agrees(context: Context) -> bool:
    with context.database.reading() as session:
        return list(differences(session)) == []


@pytest.fixture
def guesser(api: Api) -> Api:
    return api.with_scopes(Scope.CLAIMS_READ, Scope.CLAIMS_WRITE)


@pytest.mark.parametrize("way", ["embargo", "draft"])
def test_who_guesses_the_address_hides_nothing(
    callers: Callers, guesser: Api, clock: Clock, context: Context, way: str
) -> None:
    fields = {"embargo_until": instant(EMBARGO)} if way == "embargo" else {"status": "draft"}
    claim = held_back(callers.internal, **fields)
    own = document_of(claim)
    stands = guessed(guesser)
    assert callers.internal.read(f"/v1/documents/{own}").get("joined_id") is None
    assert agrees(context)
    clock.now = EMBARGO
    if way == "draft":
        callers.internal.change(f"/v1/claims/{claim['id']}", {"status": "published"})
    else:
        context.database.after_write()  # as the service does when an embargo ends
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
    clock.now = EMBARGO
    context.database.after_write()
    documents = {document_of(callers.reader.read(f"/v1/claims/{each['id']}")) for each in (first, second)}
    assert len(documents) == 1
    listed = callers.reader.read("/v1/documents", params={"url": URL})["items"]
    assert {each["id"] for each in listed} == documents
    assert agrees(context)
