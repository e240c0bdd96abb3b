"""Where a claim rests on a source that is not named, no hour stands in what the public reads of it, on any route."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.access.context import Context
from app.cli.verify import differences
from tests.access.conftest import Callers, instant
from tests.conftest import START, Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_document,
    recorded_outlet,
    recorded_source,
    said_by,
)
from tests.fixtures.api import Api

HOUR = re.compile(r"\dT(?!00:00:00(?:\.0+)?Z)\d\d:\d\d")
"""A time of day that is not the first instant of its day."""
EMBARGO = START + timedelta(days=1, hours=3)


def whole_claim(api: Api, **fields: Any) -> Any:
    """A claim with everything of it that has a time."""
    outlet = {"role": "outlet", "source": outlet_body()}
    origin = {"role": "originator", "source": {"kind": "person", "anonymity": "anonymous", "description": "a guard"}}
    document = document_body(published="2022-11-05", accessed_at="2022-11-06T08:15:00Z", title="Guards leave")
    said = attribution_body(chain=[origin, outlet], document=document, said="2022-11-04T09:12:00Z", speech="indirect")
    review = assessment_body(verdict="true", review_url="https://example.org/review", assessed_at=instant(START))
    more = {"occurred": {"edtf": "2022-11-03T07:45:00Z"}, "topics": ["guards"], "assessment": review}
    return recorded_claim(api, attributions=[said], **{**more, **fields})


def reads(claim: Any, other: str) -> Iterator[str]:
    """What the public may ask about the claim."""
    path = f"/v1/claims/{claim['id']}"
    yield from (
        f"{path}{rest}" for rest in ("", "/history", "/attributions", "/assessments", "/relations", "/sourcing")
    )
    yield from (f"{path}{rest}" for rest in ("/similar?threshold=0", "/attribution-line"))
    yield from (f"{path}/attributions/{each['id']}" for each in claim["attributions"])
    yield from (f"{path}/assessments/{each['id']}" for each in claim["assessments"])
    yield f"{path}?as_of={instant(START + timedelta(days=20))}"
    for kind in ("sources", "documents"):
        for own_id in claim["included"][kind]:
            yield from (f"/v1/{kind}/{own_id}", f"/v1/{kind}")
            if kind == "sources":
                rests = ("/claims", "/relations", "/ratings", "/track-record")
                yield from (f"/v1/sources/{own_id}{rest}" for rest in rests)
            else:
                yield f"/v1/documents/{own_id}/verify"
    yield from (f"/v1/claims/{other}/relations", "/v1/claims?q=guards", "/v1/claims/facets?field=topic")
    yield from (
        "/v1/claims?sort=recorded_at&limit=1",
        "/v1/claims?occurred=2022",
        "/v1alpha1/claims:search?query=guards",
    )


def asked(reader: Api, claim: Any, other: str) -> Iterator[tuple[str, str]]:
    for path in reads(claim, other):
        response = reader.post(path, {}) if path.endswith("/verify") else reader.get(path)
        assert response.status_code < 500
        yield path, response.text
    yield "/v1/match", reader.post("/v1/match", {"text": "guards", "threshold": 0}).text


def published(callers: Callers, clock: Clock) -> Any:
    return whole_claim(callers.internal)


def drafted(callers: Callers, clock: Clock) -> Any:
    draft = whole_claim(callers.internal, status="draft")
    clock.now = START + timedelta(hours=9)
    callers.internal.change(f"/v1/claims/{draft['id']}", {"status": "published"})
    return draft


def embargoed(callers: Callers, clock: Clock) -> Any:
    claim = whole_claim(callers.internal, embargo_until=instant(EMBARGO))
    clock.now = EMBARGO + timedelta(minutes=7)
    return claim


@pytest.mark.parametrize("way", [published, drafted, embargoed])
def test_no_hour_stands_in_what_the_public_reads_of_what_a_source_that_is_not_named_said(
    callers: Callers, clock: Clock, way: Any
) -> None:
    claim = way(callers, clock)
    insider, path = callers.internal, f"/v1/claims/{claim['id']}"
    named = recorded_source(insider, anonymity="named", name="Ann Roe", description=None)
    other = recorded_claim(insider, attributions=[said_by(named)], statement="The harbour is closed.")["id"]
    clock.now += timedelta(hours=1)
    insider.create(f"{path}/relations", {"other_claim_id": other, "kind": "contradicts", "decided_by": "desk"})
    insider.create(f"{path}/assessments", assessment_body(confidence=40))
    insider.change(path, {"statement": "Nine guards left."})
    clock.now += timedelta(minutes=11)
    insider.post(f"{path}/retract", {"reason": "It was ten."})
    told = dict(asked(callers.reader, callers.internal.read(path), other))
    assert {path for path, text in told.items() if HOUR.search(_without_cursor(text))} == set()
    assert sum("T00:00:00" in text for text in told.values()) > 10


def _without_cursor(text: str) -> str:
    return re.sub(r'"next_cursor":"[^"]*"', "", text)


def test_the_hour_is_told_to_insiders_and_of_what_a_named_source_said(callers: Callers) -> None:
    claim = whole_claim(callers.internal)
    assert HOUR.search(callers.internal.get(f"/v1/claims/{claim['id']}").text)
    named = recorded_source(callers.internal, anonymity="named", name="Ann Roe", description=None)
    other = recorded_claim(callers.internal, attributions=[said_by(named)])
    assert HOUR.search(callers.reader.get(f"/v1/claims/{other['id']}").text)


def test_a_cursor_and_the_order_tell_no_hour_either(callers: Callers, clock: Clock) -> None:
    ids = []
    for minutes in range(4):
        clock.now = START + timedelta(minutes=minutes)
        ids.append(recorded_claim(callers.internal)["id"])
    read = callers.reader.read("/v1/claims")["items"]
    assert {each["recorded_at"] for each in read} == {instant(START.replace(hour=0, minute=0))}
    assert [each["id"] for each in read] == sorted(ids, reverse=True)


def test_a_claim_that_came_out_at_midnight_is_told_in_days_too_once_its_source_is_named_no_more(
    callers: Callers, clock: Clock, context: Context
) -> None:
    named = recorded_source(callers.internal, anonymity="named", name="Ann Roe", description=None)
    midnight = (START + timedelta(days=2)).replace(hour=0, minute=0)
    claim = recorded_claim(callers.internal, attributions=[said_by(named)], embargo_until=instant(midnight))
    path = f"/v1/claims/{claim['id']}"
    clock.now = midnight + timedelta(hours=14)
    callers.internal.change(path, {"statement": "Ten defected."})
    assert HOUR.search(callers.reader.get(path).text)
    unnamed = {"anonymity": "anonymous", "name": None, "description": "a guard"}
    callers.internal.change(f"/v1/sources/{named}", unnamed)
    assert not HOUR.search(callers.reader.get(path).text)
    with context.database.reading() as session:
        assert list(differences(session)) == []


def hide_the_source(insider: Api, claim: Any) -> None:
    insider.change(f"/v1/sources/{claim['attributions'][0]['chain'][0]['source_id']}", {"visibility": "internal"})


def remove_the_attribution(insider: Api, claim: Any) -> None:
    path = f"/v1/claims/{claim['id']}"
    insider.delete(f"{path}/attributions/{claim['attributions'][0]['id']}", etag=insider.etag(path))


def put_it_off_the_record(insider: Api, claim: Any) -> None:
    path, attribution = f"/v1/claims/{claim['id']}", claim["attributions"][0]["id"]
    body = {"terms": "off_the_record"}
    done = insider.patch(f"{path}/attributions/{attribution}", body, etag=insider.etag(path))
    assert done.status_code < 300, done.text


def name_the_source(insider: Api, claim: Any) -> None:
    source = f"/v1/sources/{claim['attributions'][0]['chain'][0]['source_id']}"
    insider.change(source, {"anonymity": "named", "name": "Ann Roe", "description": None})


def hide_and_show_it_otherwise(insider: Api, claim: Any) -> None:
    path = f"/v1/claims/{claim['id']}"
    insider.change(path, {"visibility": "internal"})
    remove_the_attribution(insider, claim)
    insider.change(path, {"visibility": "public"})


def hide_it_with_its_only_source(insider: Api, claim: Any) -> None:
    """Has nobody have said it, as far as the public knows, and then somebody else."""
    path, named = f"/v1/claims/{claim['id']}", claim["attributions"][1]["chain"][0]["source_id"]
    hide_the_source(insider, claim)
    insider.change(f"/v1/sources/{named}", {"visibility": "internal"})
    insider.create(f"{path}/attributions", said_by(recorded_outlet(insider, name="The Herald")))


@pytest.mark.parametrize(
    "change",
    [
        hide_the_source,
        remove_the_attribution,
        put_it_off_the_record,
        name_the_source,
        hide_and_show_it_otherwise,
        hide_it_with_its_only_source,
    ],
)
def test_what_was_told_by_the_day_stays_so_once_no_source_without_a_name_is_left(
    callers: Callers, clock: Clock, context: Context, change: Any
) -> None:
    insider, reader = callers.restricted, callers.reader
    document = recorded_document(insider, accessed_at=None)
    by = [
        {"speech": "indirect", "document_id": document, "chain": [{"role": "originator", "source_id": source_id}]}
        for source_id in (recorded_source(insider), recorded_outlet(insider))
    ]
    clock.now = recorded_at = START + timedelta(hours=3, minutes=17, seconds=11)
    claim = recorded_claim(insider, attributions=by, topics=["guards"], assessment=assessment_body(verdict="true"))
    path = f"/v1/claims/{claim['id']}"
    other = recorded_claim(
        insider,
        attributions=[said_by(recorded_outlet(insider, name="The Mail"))],
        statement="The harbour is closed.",
    )
    insider.create(f"{path}/relations", {"other_claim_id": other["id"], "kind": "contradicts", "decided_by": "desk"})
    clock.now += timedelta(days=2)
    change(insider, claim)
    clock.now += timedelta(days=1)
    insider.change(path, {"statement": "Nine guards left."})
    read = dict(asked(reader, reader.read(path), other["id"]))
    assert {path for path, text in read.items() if HOUR.search(_without_cursor(text))} <= {"/v1/claims"}
    assert reader.read(path)["recorded_at"] == instant(recorded_at.replace(hour=0, minute=0, second=0, microsecond=0))
    assert len(reader.read(f"{path}/history")["items"]) >= 2
    about_then = [instant(recorded_at + timedelta(seconds=second)) for second in (-1, 1)]
    stood_then = [reader.get(f"{path}?as_of={at}") for at in about_then]
    assert len({response.status_code for response in stood_then}) == 1
    assert not any(HOUR.search(response.text) for response in stood_then)
    since = instant(clock.now + timedelta(minutes=1))
    assert claim["id"] in {each["id"] for each in reader.read(f"/v1/claims?changed_since={since}")["items"]}
    assert HOUR.search(insider.get(path).text)
    with context.database.reading() as session:
        assert list(differences(session)) == []
