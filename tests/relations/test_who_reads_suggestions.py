"""What an audience reads of suggested contradictions depends on nothing but what it reads, and when that came out."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.relations import suggestions
from tests.conftest import START
from tests.factories import claim_body, document_body, source_body
from tests.fixtures.observatory import Asked, Difference, Given, Observatory, Requests, differences
from tests.fixtures.worlds import World, said

BEFORE, OUT, READ = timedelta(hours=3), timedelta(days=5), timedelta(days=40)
HOURS = {"early": timedelta(hours=5), "late": timedelta(days=2)}
MOST = 3


@pytest.fixture(autouse=True)
def few_are_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggestions, "MOST_SUGGESTED", MOST)


def numbers(best: int) -> list[dict[str, Any]]:
    return [{"best": str(best), "unit": "worker", "approximation": "exact"}]


def counted(world: World, best: int, *, by: str = "named", **fields: Any) -> dict[str, Any]:
    """A claim of a number of workers, which contradicts those of any other."""
    body = {"statement": "Workers left the camp.", "topics": ["camp"], "kind": "quantity", "quantities": numbers(best)}
    return claim_body(**body | fields, attributions=[said(world.public[by], world.public["document"])])


def claim(world: World, name: str, best: int, **fields: Any) -> str:
    """Records a claim that every world has; answers with its path."""
    return f"/v1/claims/{world.shared(name, '/v1/claims', counted(world, best, **fields))['id']}"


def hide(world: World, best: int, *, count: int, visibility: str = "internal") -> None:
    """Records claims that this world alone has, each at a moment of its own."""
    for at in range(count):
        body = counted(world, best, visibility=visibility)
        world.secret(f"hidden {best} {at}", "/v1/claims", body, moment=world.next_moment())


def seen(given: Given, readers: Sequence[str]) -> Requests:
    for reader in readers:
        yield reader, Asked("GET", "/v1/claims", {"limit": 100})
        yield reader, Asked("GET", "/v1/claims", {"contradicted": "true", "include_total": "true"})
        for name, claim_id in given.names.public.items():
            if name.startswith("claim"):
                path = f"/v1/claims/{claim_id}"
                for rest in ("", "/history", "/sourcing", "/similar"):
                    yield reader, Asked("GET", f"{path}{rest}")
                yield reader, Asked("GET", f"{path}/relations", {"include_total": "true", "limit": 100})


def told_apart(
    observatory: Observatory,
    build: Callable[[World], None],
    *,
    worlds: Sequence[str] = ("one", "other"),
    readers: Sequence[str] = ("reader",),
) -> list[Difference]:
    """The first answer that differs between two worlds, if one does."""

    def build_all(world: World) -> None:
        world.moments_after(BEFORE)
        body = source_body(anonymity="named", name="Ann Roe", description=None)
        world.shared("named", "/v1/sources", body)
        world.shared("document", "/v1/documents", document_body())
        build(world)

    one, other = observatory.seen(worlds, "internal", lambda given: seen(given, readers), build=build_all, since=READ)
    assert {each.status for each in one} <= {200, 304}
    assert any(b'"suggested"' in each.body for each in one)
    return differences(one, other)[:1]


def test_hidden_claims_do_not_choose_among_what_a_source_shown_later_contradicts(observatory: Observatory) -> None:
    def build(world: World) -> None:
        body = source_body(anonymity="named", name="Xavier", description=None, visibility="internal")
        world.shared("hidden source", "/v1/sources", body)
        for at in range(MOST):
            claim(world, f"claim {at}", 100)
        if world.name == "one":
            hide(world, 100, count=MOST)
        world.moments_after(OUT)
        claim(world, "claim", 900, by="hidden source")
        world.patch(f"/v1/sources/{world.public['hidden source']}", {"visibility": "public"})

    assert told_apart(observatory, build) == []


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"visibility": "internal"}, {"visibility": "public"}),
        ({"status": "draft"}, {"status": "published"}),
        ({"embargo_until": (START + READ).isoformat()}, {"embargo_until": None}),
        ({"embargo_until": (START + OUT - timedelta(minutes=1)).isoformat()}, None),
    ],
)
def test_hidden_claims_do_not_choose_among_what_a_claim_contradicts_that_comes_out(
    observatory: Observatory, fields: dict[str, Any], shown: dict[str, Any] | None
) -> None:
    def build(world: World) -> None:
        for at in range(MOST):
            claim(world, f"claim {at}", 100)
        if world.name == "one":
            hide(world, 100, count=MOST)
        world.moments_after(BEFORE + timedelta(hours=2))
        path = claim(world, "claim", 900, **fields)
        world.moments_after(OUT)
        if shown is None:
            claim(world, "claim of something else", 100, topics=["harbour"])
        else:
            world.patch(path, shown)

    assert told_apart(observatory, build) == []


@pytest.mark.parametrize("fields", [{"status": "draft"}, {"embargo_until": (START + OUT).isoformat()}])
def test_when_a_claim_was_written_that_comes_out_decides_nothing(
    observatory: Observatory, fields: dict[str, Any]
) -> None:
    def build(world: World) -> None:
        def write() -> None:
            world.moments_after(HOURS[world.name])
            claim(world, "claim", 900, **fields)

        if world.name == "early":
            write()
        world.moments_after(timedelta(days=1))
        for at in range(MOST + 2):
            claim(world, f"claim {at}", 100)
        if world.name == "late":
            write()
        world.moments_after(OUT)
        if "status" in fields:
            world.patch(f"/v1/claims/{world.public['claim']}", {"status": "published"})
        claim(world, "claim of something else", 100, topics=["harbour"])

    assert told_apart(observatory, build, worlds=list(HOURS)) == []


def test_what_is_suggested_to_insiders_alone_is_not_told_to_the_public(observatory: Observatory) -> None:
    def build(world: World) -> None:
        names = [f"claim {at}" for at in range(MOST + 1)]
        paths = [claim(world, name, 100, visibility="internal") for name in names]
        world.moments_after(timedelta(days=1))
        for path in (paths[-1], *paths[:-1]):
            world.patch(path, {"visibility": "public"})
        if world.name == "other":
            hide(world, 100, count=MOST)
        world.moments_after(OUT)
        claim(world, "claim", 900)

    assert told_apart(observatory, build) == []


def test_which_of_two_claims_was_written_last_is_not_told(observatory: Observatory) -> None:
    def build(world: World) -> None:
        def write() -> None:
            world.moments_after(HOURS[world.name])
            claim(world, "claim hidden", 100, visibility="internal")

        if world.name == "early":
            write()
        world.moments_after(timedelta(days=1))
        claim(world, "claim", 900)
        if world.name == "late":
            write()
        world.moments_after(OUT)
        world.patch(f"/v1/claims/{world.public['claim hidden']}", {"visibility": "public"})

    assert told_apart(observatory, build, worlds=list(HOURS)) == []


@pytest.mark.parametrize("others", [1, MOST + 2])
def test_what_is_changed_and_changed_back_while_it_is_hidden_leaves_no_trace(
    observatory: Observatory, others: int
) -> None:
    def build(world: World) -> None:
        path = claim(world, "claim", 100)
        for at in range(others):
            claim(world, f"claim {at}", 900)
        world.moments_after(timedelta(days=1))
        world.patch(path, {"visibility": "internal"})
        if world.name == "one":
            world.change("there", path, {"quantities": numbers(900)})
            world.change("and back", path, {"quantities": numbers(100)})
        world.moments_after(OUT)
        world.patch(path, {"visibility": "public"})

    assert told_apart(observatory, build) == []
