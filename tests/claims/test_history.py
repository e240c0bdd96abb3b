"""What a claim was: a version for each kind of write, and the claim as it stood at an instant."""

from datetime import UTC

import pytest

from app.models.vocabulary import Scope
from tests.conftest import Clock
from tests.factories import assessment_body, attribution_body, recorded_claim, recorded_outlet, recorded_source, said_by
from tests.fixtures.api import Api


def now(clock: Clock) -> str:
    """An instant after every write so far."""
    return clock().astimezone(UTC).isoformat().replace("+00:00", "Z")


def test_every_kind_of_write_leaves_a_version_that_can_be_read_again(api: Api, clock: Clock) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    stood = [(now(clock), api.read(path))]

    def note() -> None:
        stood.append((now(clock), api.read(path)))

    api.change(path, {"statement": "Ten workers defected."})
    note()
    attribution = api.create(f"{path}/attributions", attribution_body())["id"]
    note()
    api.change(f"{path}/attributions/{attribution}", {"cue": "according to"})
    note()
    api.create(f"{path}/assessments", assessment_body())
    note()
    api.delete(f"{path}/attributions/{attribution}", etag="*")
    note()
    api.post(f"{path}/retract", {"reason": "corrected"})
    note()

    versions = api.read(f"{path}/history")["items"]
    assert [version["version"] for version in versions] == [7, 6, 5, 4, 3, 2, 1]
    assert [version["action"] for version in versions] == ["retracted", *["updated"] * 5, "created"]
    for (instant, claim), version in zip(stood, reversed(versions), strict=True):
        assert api.read(path, params={"as_of": instant}) == claim | {"corroboration": None}
        assert version["document"] == {name: claim[name] for name in claim if name not in {"included", "corroboration"}}


def test_a_claim_was_not_there_before_it_was_recorded(api: Api, clock: Clock) -> None:
    before = now(clock)
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    assert api.get(path, params={"as_of": before}).status_code == 404
    assert api.get(path, params={"as_of": "2030-01-01T00:00:00Z"}).status_code == 200


def test_as_of_gives_the_fields_that_are_asked_for(api: Api, clock: Clock) -> None:
    claim = recorded_claim(api)
    read = api.get(f"/v1/claims/{claim['id']}", params={"as_of": now(clock), "fields": "statement"}).json()
    assert read == {
        "id": claim["id"],
        "statement": claim["statement"],
        "included": {"sources": {}, "documents": {}},
    }


def test_a_relation_or_a_renamed_outlet_is_no_version_of_the_claim(api: Api) -> None:
    outlet = recorded_outlet(api)
    claim, other = recorded_claim(api, attributions=[said_by(outlet)])["id"], recorded_claim(api)["id"]
    api.create(f"/v1/claims/{claim}/relations", {"other_claim_id": other, "kind": "refines"})
    api.change(f"/v1/sources/{outlet}", {"name": "The Weekly Record"})
    assert len(api.read(f"/v1/claims/{claim}/history")["items"]) == 1


def test_who_did_it_is_for_internal_readers(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}/history"
    assert api.read(path)["items"][0]["actor_id"] is not None


def test_history_comes_in_pages(api: Api) -> None:
    path = f"/v1/claims/{recorded_claim(api)['id']}"
    for number in range(6):
        api.change(path, {"statement": f"{number} workers."})
    seen: list[int] = []
    page = api.read(f"{path}/history?limit=3&include_total=true&fields=action")
    assert page["total"] == 7
    assert set(page["items"][0]) == {"version", "action"}
    while True:
        seen += [item["version"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        page = api.read(f"{path}/history", params={"limit": 3, "cursor": page["next_cursor"], "fields": "action"})
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_versions_of_which_nothing_is_left_are_passed_over_and_not_counted(api: Api) -> None:
    first, second = recorded_source(api), recorded_source(api)
    claim = recorded_claim(api, attributions=[said_by(first)])
    path = f"/v1/claims/{claim['id']}"
    api.change(path, {"statement": "Ten defected."})
    api.create(f"{path}/attributions", said_by(second))
    api.change(path, {"statement": "Eleven defected."})
    removed = api.delete(f"{path}/attributions/{claim['attributions'][0]['id']}", etag="*")
    assert removed.status_code == 204
    reader = api.with_scopes(Scope.CLAIMS_READ)
    for visibility, shown in (("public", [5, 4, 3, 2, 1]), ("internal", [5, 4, 3]), ("public", [5, 4, 3, 2, 1])):
        api.change(f"/v1/sources/{first}", {"visibility": visibility})
        of_one = [reader.read(f"{path}/history?limit=1&include_total=true")]
        while cursor := of_one[-1]["next_cursor"]:
            of_one.append(reader.read(f"{path}/history", params={"limit": 1, "cursor": cursor}))
        assert [page["items"][0]["version"] for page in of_one] == shown
        assert of_one[0]["total"] == len(shown)


@pytest.mark.parametrize("visibilities", [("restricted", "public"), ("internal", "public", "restricted", "public")])
def test_a_line_that_ended_goes_on_where_it_left_off(api: Api, visibilities: tuple[str, ...]) -> None:
    sources = [recorded_source(api), recorded_source(api, visibility="internal")]
    claim = recorded_claim(api, attributions=[said_by(source_id) for source_id in sources])
    for visibility in visibilities:
        for source_id in sources:
            api.change(f"/v1/sources/{source_id}", {"visibility": visibility})
    path = f"/v1/claims/{claim['id']}"
    for scopes in ((Scope.CLAIMS_READ,), (Scope.CLAIMS_READ, Scope.INTERNAL_READ)):
        reader = api.with_scopes(*scopes)
        shown = reader.read(path)
        history = reader.read(f"{path}/history")["items"]
        newest = {name: shown[name] for name in shown if name not in {"included", "corroboration"}}
        assert history[0]["document"] == newest
        assert [item["version"] for item in history] == list(range(shown["version"], 0, -1))
