"""Of what was hidden when it was written down, nobody whom it was hidden from learns the hour, nor what came before.

Each test builds two worlds in which that was done at another hour, and reads both as the public or as an insider does.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

import pytest

from tests.access.conftest import Callers, instant
from tests.conftest import Clock
from tests.factories import (
    assessment_body,
    claim_body,
    document_body,
    outlet_body,
    recorded_claim,
    recorded_outlet,
    recorded_source,
    said_by,
    source_body,
)
from tests.fixtures.observatory import Asked, Given, Observatory, Requests, differences
from tests.fixtures.worlds import World, said

HOURS: Final = {"early": timedelta(hours=3, minutes=12), "late": timedelta(days=2, hours=11, minutes=5)}
"""When each world does what is hidden."""
BETWEEN: Final = timedelta(days=1)
"""When, in both worlds, something is done that everybody sees."""
SHOWN: Final = timedelta(days=5)
READ: Final = timedelta(days=40)
OF_CLAIM: Final = ("", "/history", "/attributions", "/assessments", "/relations", "/sourcing", "/attribution-line")


def answers(readers: tuple[str, ...]) -> Callable[[Given], Requests]:
    """Reads everything that may tell of the claims, as each of the readers."""

    def script(given: Given) -> Iterator[tuple[str, Asked]]:
        ids = given.names.public
        for reader in readers:
            for rest in OF_CLAIM:
                yield reader, Asked("GET", f"/v1/claims/{ids['claim']}{rest}")
            yield reader, Asked("GET", f"/v1/claims/{ids['other claim']}/relations")
            yield reader, Asked("GET", "/v1/claims", {"limit": 1})
            yield reader, Asked("GET", "/v1/claims", {"q": "workers"})
            yield reader, Asked("GET", f"/v1/sources/{ids['named']}/track-record")
            yield reader, Asked("GET", "/v1alpha1/claims:search", {"query": "workers"})
            yield reader, Asked("POST", "/v1/match", json={"text": "Nine workers defected.", "threshold": 0})

    return script


Tell = Callable[..., None]


@pytest.fixture
def told_alike(observatory: Observatory) -> Tell:
    """Asserts that the worlds give the readers the same bytes."""

    def check(build: Callable[[World], None], *readers: str, worlds: tuple[str, ...] = tuple(HOURS)) -> None:
        hidden_as = "restricted" if "insider" in readers else "internal"

        def whole(world: World) -> None:
            record_public(world)
            build(world)

        first, other = observatory.seen(worlds, hidden_as, answers(readers), build=whole, since=READ)
        assert {each.status for each in first} <= {200, 304}
        assert differences(first, other) == []

    return check


def record_public(world: World) -> None:
    known = world.public
    world.shared("outlet", "/v1/sources", outlet_body())
    world.shared("named", "/v1/sources", source_body(anonymity="named", name="Ann Roe", description=None))
    world.shared("document", "/v1/documents", document_body(outlet_id=known["outlet"], text="Nine workers defected."))
    world.shared("claim", "/v1/claims", claim_body(attributions=[by(world, "named")]))
    world.shared("other claim", "/v1/claims", claim_body(attributions=[by(world, "outlet")]))
    relation = {"other_claim_id": known["other claim"], "kind": "contradicts", "status": "suggested"}
    world.shared("relation", f"/v1/claims/{known['claim']}/relations", relation)


def by(world: World, source: str, document: str = "document", **fields: Any) -> dict[str, Any]:
    return said(world.public[source], world.public[document], **fields)


def at_its_hour(world: World) -> None:
    world.moments_after(HOURS[world.name])


def path_of(world: World, kind: str, name: str) -> str:
    return f"/v1/{kind}/{world.public[name]}"


def show(world: World, path: str, visibility: str = "public") -> None:
    world.moments_after(SHOWN)
    world.patch(path, {"visibility": visibility})


@pytest.mark.parametrize(("hidden_as", "reader"), [("internal", "reader"), ("restricted", "insider")])
def test_the_order_of_attributions_does_not_tell_when_one_was_written_that_was_hidden(
    told_alike: Tell, hidden_as: str, reader: str
) -> None:
    def build(world: World) -> None:
        hidden = source_body(anonymity="named", name="Jo Doe", description=None, visibility=hidden_as)
        world.shared("hidden source", "/v1/sources", hidden)
        for name in ("document of the hidden source", "document of the outlet"):
            world.shared(name, "/v1/documents", document_body(title=f"Workers in a {name}", url=None))
        path = f"{path_of(world, 'claims', 'claim')}/attributions"

        def add(name: str) -> None:
            world.shared(f"attribution to the {name}", path, by(world, name, f"document of the {name}"))

        if world.name == "early":
            at_its_hour(world)
            add("hidden source")
        world.moments_after(BETWEEN)
        add("outlet")
        if world.name == "late":
            at_its_hour(world)
            add("hidden source")
        show(world, path_of(world, "sources", "hidden source"), "internal" if reader == "insider" else "public")

    told_alike(build, reader)


def test_the_order_does_not_tell_when_an_attribution_was_written_that_was_off_the_record(told_alike: Tell) -> None:
    def build(world: World) -> None:
        path = f"{path_of(world, 'claims', 'claim')}/attributions"
        own = by(world, "named", cue="says", terms="off_the_record")
        if world.name == "early":
            at_its_hour(world)
            world.shared("off the record", path, own)
        world.moments_after(BETWEEN)
        world.shared("attribution", path, by(world, "outlet"))
        if world.name == "late":
            at_its_hour(world)
            world.shared("off the record", path, own)
        world.moments_after(SHOWN)
        world.patch(f"{path}/{world.public['off the record']}", {"terms": "on_the_record"})

    told_alike(build, "reader", "insider")


def hide_claim(world: World) -> str:
    """Hides the claim itself; gives what shows it again."""
    world.patch(path_of(world, "claims", "claim"), {"visibility": "internal"})
    return path_of(world, "claims", "claim")


def hide_source(world: World) -> str:
    """Hides who said it, and so the claim."""
    world.patch(path_of(world, "sources", "named"), {"visibility": "internal"})
    return path_of(world, "sources", "named")


@pytest.mark.parametrize("hide", [hide_claim, hide_source])
@pytest.mark.parametrize("status", ["confirmed", "rejected"])
def test_a_decision_is_told_to_be_of_when_it_came_out(
    told_alike: Tell, hide: Callable[[World], str], status: str
) -> None:
    def build(world: World) -> None:
        hidden = hide(world)
        at_its_hour(world)
        decided = {"status": status, "decided_by": "the desk"}
        world.patch(f"{path_of(world, 'claims', 'claim')}/relations/{world.public['relation']}", decided)
        show(world, hidden)

    told_alike(build, "reader")


def test_a_retraction_is_told_to_be_of_when_it_came_out(told_alike: Tell) -> None:
    def build(world: World) -> None:
        hidden = hide_source(world)
        at_its_hour(world)
        retract(world)
        show(world, hidden)

    told_alike(build, "reader")


def test_under_an_embargo_a_retraction_and_a_decision_come_out_at_its_end(told_alike: Tell) -> None:
    def build(world: World) -> None:
        claim, until = path_of(world, "claims", "claim"), world.clock.now + READ - timedelta(days=1)
        world.patch(claim, {"embargo_until": until.isoformat()})
        at_its_hour(world)
        world.patch(f"{claim}/relations/{world.public['relation']}", {"status": "confirmed"})
        retract(world)

    told_alike(build, "reader")


def retract(world: World) -> None:
    with world.step("retract", moment=world.next_moment()):
        retracted = world.api.post(f"{path_of(world, 'claims', 'claim')}/retract", {"reason": "It was ten."})
        assert retracted.status_code == 200


def test_what_came_out_keeps_its_instant_while_it_is_hidden_and_shown_again(callers: Callers, clock: Clock) -> None:
    insider, reader = callers.internal, callers.reader
    named = recorded_source(insider, anonymity="named", name="Ann Roe", description=None)
    other = recorded_claim(insider, attributions=[said_by(recorded_outlet(insider))])
    claim = f"/v1/claims/{recorded_claim(insider, attributions=[said_by(named)])['id']}"
    made = insider.create(f"{claim}/relations", {"other_claim_id": other["id"], "kind": "corroborates"})
    relation = f"{claim}/relations/{made['id']}"

    def told() -> tuple[str, str]:
        return reader.read(relation)["decided_at"], reader.read(claim)["retraction"]["retracted_at"]

    clock.now += timedelta(hours=1)
    insider.change(relation, {"status": "rejected"})
    decided_at = instant(clock.now)
    clock.now += timedelta(hours=1)
    insider.post(f"{claim}/retract", {"reason": "It was ten."})
    retracted_at = instant(clock.now)
    assert told() == (decided_at, retracted_at)
    for visibility in ("internal", "public"):
        clock.now += timedelta(hours=1)
        insider.change(f"/v1/sources/{named}", {"visibility": visibility})
    assert told() == (decided_at, retracted_at)
    insider.change(relation, {"status": "confirmed"})
    decided_at = instant(clock.now)
    assert told() == (decided_at, retracted_at)


def test_what_comes_out_together_stands_as_the_newsroom_has_it(callers: Callers, clock: Clock) -> None:
    path = f"/v1/claims/{recorded_claim(callers.internal, status='draft')['id']}"
    for _ in range(3):
        clock.now += timedelta(hours=1)
        callers.internal.create(f"{path}/attributions", said_by(recorded_outlet(callers.internal)))
        callers.internal.create(f"{path}/assessments", assessment_body())
    drafted = callers.internal.read(path)
    callers.internal.change(path, {"status": "published"})
    read = callers.reader.read(path)
    for name in ("attributions", "assessments"):
        assert [each["id"] for each in read[name]] == [each["id"] for each in drafted[name]]
    assert read["headline_assessment_id"] == drafted["headline_assessment_id"]
