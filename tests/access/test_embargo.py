"""Embargoes and drafts: the public learns of a claim, and of what came along with it, when it is out and not before."""

from datetime import datetime, timedelta
from typing import Any

from app.access.context import Context
from app.cli.verify import differences
from app.kit.instants import start_of_day
from tests.access.conftest import Callers, hide, instant, listed
from tests.conftest import START, Clock
from tests.factories import (
    assessment_body,
    attribution_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_document,
    recorded_source,
    said_by,
)
from tests.fixtures.api import Api

EMBARGO = START + timedelta(days=2)


def embargoed(api: Api, **fields: Any) -> dict[str, Any]:
    return dict(recorded_claim(api, embargo_until=instant(EMBARGO), **fields))


def surfaces(caller: Api, claim: dict[str, Any], public_source: str) -> list[Any]:
    """Everything of a claim that a reader may find, or the status that says that it is not there."""
    path = f"/v1/claims/{claim['id']}"
    paths = [
        *(f"{path}{part}" for part in ("", "/history", "/attributions", "/assessments", "/relations")),
        *(f"/v1/{kind}/{own_id}" for kind in ("sources", "documents") for own_id in claim["included"][kind]),
    ]
    found = [caller.get(each).status_code for each in paths]
    lists = ("/v1/claims", "/v1/sources", "/v1/documents", f"/v1/sources/{public_source}/claims")
    return found + [caller.read(each, params={"include_total": True})["total"] for each in lists]


def test_an_embargoed_claim_and_what_came_with_it_are_out_when_the_embargo_ends(callers: Callers, clock: Clock) -> None:
    known = recorded_source(callers.internal)
    attributions = [attribution_body(), said_by(known)]
    evidence = [{"relation": "supports", "document": document_body(title="Annex")}]
    claim = embargoed(callers.internal, attributions=attributions, assessment=assessment_body(evidence=evidence))
    other = recorded_claim(callers.internal)["id"]
    relation = {"other_claim_id": claim["id"], "kind": "contradicts"}
    callers.internal.create(f"/v1/claims/{other}/relations", relation)
    before = surfaces(callers.reader, claim, known)
    assert sorted(before[:-4]) == [200, *[404] * 9], "of all that it names, only the source recorded before is there"
    assert before[-4:] == [1, 2, 1, 0]
    assert callers.reader.read(f"/v1/claims/{other}/relations")["items"] == []
    assert surfaces(callers.internal, claim, known)[-4:] == [2, 3, 4, 1]
    clock.now = EMBARGO
    assert set(surfaces(callers.reader, claim, known)[:-4]) == {200}
    assert surfaces(callers.reader, claim, known)[-4:] == [2, 3, 4, 1]
    assert len(callers.reader.read(f"/v1/claims/{other}/relations")["items"]) == 1


def test_the_public_learns_nothing_of_what_was_changed_under_embargo(callers: Callers, clock: Clock) -> None:
    claim = embargoed(callers.internal)
    path = f"/v1/claims/{claim['id']}"
    dropped = callers.internal.create(f"{path}/attributions", attribution_body())["id"]
    callers.internal.change(path, {"statement": "They were ten, we thought."})
    callers.internal.delete(f"{path}/attributions/{dropped}", etag="*")
    callers.internal.change(path, {"statement": "They were nine."})
    assert [version["version"] for version in callers.internal.read(f"{path}/history")["items"]] == [5, 4, 3, 2, 1]
    clock.now = EMBARGO
    callers.internal.change(path, {"statement": "They were nine, it is confirmed."})
    history = callers.reader.read(f"{path}/history", params={"include_total": True})
    assert [(each["version"], each["action"], each["document"]["statement"]) for each in history["items"]] == [
        (2, "updated", "They were nine, it is confirmed."),
        (1, "created", "They were nine."),
    ]
    assert history["items"][1]["recorded_at"] == history["items"][1]["document"]["updated_at"]
    assert datetime.fromisoformat(history["items"][1]["recorded_at"]).date() == EMBARGO.date()
    assert dropped not in callers.reader.get(f"{path}/history").text
    just_before = instant(start_of_day(EMBARGO) - timedelta(milliseconds=1))
    assert callers.reader.get(path, params={"as_of": just_before}).status_code == 404
    assert callers.internal.get(path, params={"as_of": just_before}).status_code == 200


def test_an_embargo_on_what_was_public_hides_it_and_then_goes_on_with_its_line(callers: Callers, clock: Clock) -> None:
    claim = recorded_claim(callers.internal)
    path = f"/v1/claims/{claim['id']}"
    other = recorded_claim(callers.internal)["id"]
    callers.internal.create(f"{path}/relations", {"other_claim_id": other, "kind": "contradicts"})
    callers.internal.change(path, {"embargo_until": instant(EMBARGO)})
    callers.internal.change(path, {"statement": "Unread."})
    callers.internal.change(path, {"statement": "Read."})
    assert callers.reader.get(path).status_code == 404
    assert callers.reader.read(f"/v1/claims/{other}/relations")["items"] == []
    clock.now = EMBARGO
    versions = callers.reader.read(f"{path}/history")["items"]
    assert [(each["version"], each["document"]["statement"]) for each in versions] == [
        (2, "Read."),
        (1, claim["statement"]),
    ]
    assert len(callers.reader.read(f"/v1/claims/{other}/relations")["items"]) == 1


def test_an_embargo_can_be_lifted_early_with_all_that_it_holds_back(callers: Callers) -> None:
    claim = embargoed(callers.internal)
    path = f"/v1/claims/{claim['id']}"
    other = recorded_claim(callers.internal)["id"]
    callers.internal.create(f"{path}/relations", {"other_claim_id": other, "kind": "contradicts"})
    callers.internal.change(path, {"embargo_until": None})
    read = callers.reader.read(path)
    assert (read["version"], len(read["included"]["sources"]), len(read["included"]["documents"])) == (1, 1, 1)
    assert len(callers.reader.read(f"{path}/relations")["items"]) == 1
    assert [each["version"] for each in callers.reader.read(f"{path}/history")["items"]] == [1]


def test_a_claim_hidden_under_embargo_leaves_nothing_behind(callers: Callers, clock: Clock) -> None:
    claim = embargoed(callers.internal)
    path = f"/v1/claims/{claim['id']}"
    hide(callers.internal, path, "internal")
    clock.now = EMBARGO
    assert callers.reader.get(path).status_code == 404
    assert listed(callers.reader) == (0, 0)
    callers.internal.change(path, {"statement": "Rewritten.", "visibility": "public"})
    versions = callers.reader.read(f"{path}/history")["items"]
    assert [(each["version"], each["document"]["statement"]) for each in versions] == [(1, "Rewritten.")]
    assert listed(callers.reader) == (1, 1)


def test_what_an_attribution_dropped_under_embargo_brought_along_does_not_come_out(
    callers: Callers, clock: Clock
) -> None:
    claim = embargoed(callers.internal)
    path = f"/v1/claims/{claim['id']}"
    dropped = callers.internal.create(f"{path}/attributions", attribution_body())["id"]
    assert listed(callers.internal) == (2, 2)
    callers.internal.delete(f"{path}/attributions/{dropped}", etag="*")
    clock.now = EMBARGO
    assert listed(callers.reader) == (1, 1)


def test_a_draft_and_what_came_with_it_are_out_when_it_is_published(callers: Callers) -> None:
    draft = recorded_claim(callers.internal, status="draft")
    path = f"/v1/claims/{draft['id']}"
    assert (callers.reader.get(path).status_code, listed(callers.reader)) == (404, (0, 0))
    callers.internal.change(path, {"statement": "Still a draft."})
    for source in draft["included"]["sources"]:
        callers.internal.change(f"/v1/sources/{source}", {"role": "clerk"})
    assert listed(callers.reader) == (0, 0)
    callers.internal.change(path, {"status": "published"})
    assert callers.reader.read(path)["version"] == 1
    assert listed(callers.reader) == (1, 1)
    assert [each["version"] for each in callers.reader.read("/v1/sources")["items"]] == [1]


def test_what_came_with_a_draft_is_out_as_soon_as_a_public_claim_names_it(callers: Callers) -> None:
    own_voice = attribution_body(speech="outlet_voice", chain=[{"role": "outlet", "source": outlet_body()}])
    draft = recorded_claim(callers.internal, status="draft", attributions=[own_voice])
    source = next(iter(draft["included"]["sources"]))
    outlet_of = recorded_document(callers.internal, outlet_id=source)
    related = recorded_source(callers.internal, organization_id=source)
    callers.internal.create(f"/v1/sources/{related}/relations", {"other_id": source, "kind": "member_of"})
    assert callers.reader.read(f"/v1/documents/{outlet_of}")["outlet_id"] is None
    assert callers.reader.read(f"/v1/sources/{related}")["organization_id"] is None
    assert callers.reader.read(f"/v1/sources/{related}/relations")["items"] == []
    claim = recorded_claim(callers.internal, attributions=[said_by(source)])
    assert list(callers.reader.read(f"/v1/claims/{claim['id']}")["included"]["sources"]) == [source]
    assert callers.reader.read(f"/v1/documents/{outlet_of}")["outlet_id"] == source
    assert len(callers.reader.read(f"/v1/sources/{related}/relations")["items"]) == 1


def test_the_ledger_agrees_with_itself_through_embargoes(callers: Callers, clock: Clock, context: Context) -> None:
    def agrees() -> bool:
        with context.database.reading() as session:
            return list(differences(session)) == []

    drafted = recorded_claim(callers.internal, status="draft")
    claim = embargoed(callers.internal)
    relation = {"other_claim_id": drafted["id"], "kind": "part_of"}
    callers.internal.create(f"/v1/claims/{claim['id']}/relations", relation)
    callers.internal.change(f"/v1/claims/{claim['id']}", {"statement": "Later words."})
    assert agrees()
    callers.internal.change(f"/v1/claims/{drafted['id']}", {"status": "published"})
    assert agrees()
    clock.now = EMBARGO
    callers.internal.change(f"/v1/claims/{claim['id']}", {"statement": "Last words."})
    assert agrees()
