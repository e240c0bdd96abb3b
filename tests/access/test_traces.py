"""What is hidden leaves no trace: worlds that differ only in it, or in its hours, read alike, also once it is shown."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import pytest
from httpx import Response

from app.claims import history
from tests.access.conftest import WRITES, instant
from tests.conftest import START
from tests.factories import attribution_body, claim_body, document_body, outlet_body, source_body
from tests.fixtures.observatory import Asked, Given, Observatory, Requests, differences
from tests.fixtures.sealing import REASON
from tests.fixtures.worlds import ORIGIN, RECIPIENTS, World, said

Ask = Callable[[dict[str, str]], Iterable[Asked]]
"""What is asked, of the ids of what is public in the end in both worlds."""
WORLDS: Final = ("a world", "another")
HOURS: Final = {"a world": timedelta(hours=3), "another": timedelta(days=2, hours=11)}
"""When what is hidden is written, in each world."""
SHOWN: Final = timedelta(days=5)
READ: Final = timedelta(days=40)
READER: Final = "reader"
AUDITOR: Final = "outsider with every other scope"


def has_hidden(world: World) -> bool:
    """Whether this is the world with what the other lacks."""
    return world.name == WORLDS[0]


def assert_alike(
    observatory: Observatory,
    build: Callable[[World], None],
    ask: Ask,
    *,
    caller: str = READER,
    hidden_as: str = "restricted",
) -> None:
    def script(given: Given) -> Requests:
        return ((caller, asked) for asked in ask(given.names.public))

    one, other = observatory.seen(WORLDS, hidden_as, script, build=build, since=READ)
    assert {each.status for each in one} <= {200, 304}
    assert differences(one, other) == []


def get(path: str, **params: Any) -> Asked:
    return Asked("GET", path, params)


def record_named(world: World, **fields: Any) -> None:
    """A named source and a document with a text, public in every world."""
    world.shared("source", "/v1/sources", source_body(anonymity="named", name="Ann Public"))
    world.shared("document", "/v1/documents", document_body(text="Nine workers defected. Ten.", **fields))


def of(world: World, source: str = "source", **fields: Any) -> dict[str, Any]:
    """An attribution to that source in the document."""
    return said(world.public[source], world.public["document"], **fields)


def show(world: World, source: str) -> None:
    """Lets the public see a source that was hidden."""
    world.moments_after(SHOWN)
    world.patch(f"/v1/sources/{world.public[source]}", {"visibility": "public"})


def test_a_cursor_through_quotes_counts_no_hidden_attribution(observatory: Observatory) -> None:
    def build(world: World) -> None:
        record_named(world)
        world.shared("claim", "/v1/claims", claim_body(attributions=[of(world)]))
        path = f"/v1/claims/{world.public['claim']}/attributions"
        if has_hidden(world):
            world.secret("source", "/v1/sources", source_body(visibility="restricted"))
            world.secret("quote", path, said(world.hidden["source"], world.public["document"]))
        for words in ("Nine", "Ten"):
            world.shared(words, path, of(world, quote={"exact": words}))

    def ask(known: dict[str, str]) -> Iterable[Asked]:
        yield Asked("POST", f"/v1/documents/{known['document']}/verify", json={"limit": 1})

    assert_alike(observatory, build, ask)


def test_an_outlet_that_a_document_does_not_show_does_not_find_it(observatory: Observatory) -> None:
    def build(world: World) -> None:
        record_named(world)
        brought = [{"role": ORIGIN, "source": outlet_body(name="Late Gazette")}]
        until = instant(START + timedelta(days=10))
        body = claim_body(embargo_until=until, attributions=[attribution_body(chain=brought)])
        claim = world.shared("embargoed", "/v1/claims", body)
        world.public["outlet"] = claim["attributions"][0]["chain"][0]["source_id"]
        world.shared("claim", "/v1/claims", claim_body(attributions=[of(world)]))
        if has_hidden(world):
            path = f"/v1/documents/{world.public['document']}"
            world.change("outlet", path, {"outlet_id": world.public["outlet"]})
            path = f"/v1/sources/{world.public['source']}"
            world.change("organization", path, {"organization_id": world.public["outlet"]})

    def ask(known: dict[str, str]) -> Iterable[Asked]:
        outlet = known["outlet"]
        yield get("/v1/documents", outlet_id=outlet, include_total="true")
        yield get("/v1/sources", organization_id=outlet, include_total="true")
        yield get("/v1/claims", outlet_id=outlet, include_total="true")
        yield get("/v1/claims/facets", field="outlet_id", outlet_id=outlet)
        yield get(f"/v1/documents/{known['document']}")

    assert_alike(observatory, build, ask)


def test_the_bytes_of_what_was_public_once_cut_no_page_of_the_history(
    observatory: Observatory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE_BYTES", 10_000)

    def build(world: World) -> None:
        record_named(world)
        world.shared("once public", "/v1/sources", source_body(anonymity="named", name="Once Public"))
        world.shared("claim", "/v1/claims", claim_body(attributions=[of(world)]))
        claim = f"/v1/claims/{world.public['claim']}"
        quote = {"exact": "Nine workers", "original": "q" * (3_000 if has_hidden(world) else 30)}
        body = of(world, "once public", quote=quote)
        world.secret("quote", f"{claim}/attributions", body, moment=world.next_moment())
        for number in range(5):
            world.patch(claim, {"statement": f"Version {number}."})
        world.patch(f"/v1/sources/{world.public.pop('once public')}", {"visibility": "restricted"})

    def ask(known: dict[str, str]) -> Iterable[Asked]:
        yield get(f"/v1/claims/{known['claim']}/history", fields="version")

    assert_alike(observatory, build, ask)


# Ratings.


def build_rated(*ratings: dict[str, Any], later: Sequence[dict[str, Any]] = ()) -> Callable[[World], None]:
    """Worlds in which a source is rated at different hours, and then at the same, before it is shown."""

    def build(world: World) -> None:
        record_named(world)
        world.shared("hidden", "/v1/sources", source_body(visibility="internal"))
        world.shared("claim", "/v1/claims", claim_body(attributions=[of(world, "hidden", said="2026-11-24")]))
        world.moments_after(HOURS[world.name])
        path = f"/v1/sources/{world.public['hidden']}/ratings"
        for number, body in enumerate(ratings):
            world.shared(f"rating {number}", path, body)
        world.moments_after(SHOWN - timedelta(days=1))
        for number, body in enumerate(later):
            world.shared(f"later rating {number}", path, body)
        show(world, "hidden")

    return build


def test_the_day_on_which_a_source_was_rated_that_was_hidden_then_is_not_told(observatory: Observatory) -> None:
    def build(world: World) -> None:
        world.shared("hidden", "/v1/sources", source_body(anonymity="named", name="Ann Public"))
        path = f"/v1/sources/{world.public['hidden']}"
        world.shared("first", f"{path}/ratings", {"reliability": "A"})
        world.patch(path, {"visibility": "internal"})
        world.moments_after(HOURS[world.name])
        world.shared("second", f"{path}/ratings", {"reliability": "B"})
        show(world, "hidden")

    assert_alike(observatory, build, ask_for_ratings, hidden_as="internal")


def ask_for_ratings(known: dict[str, str]) -> Iterable[Asked]:
    path = f"/v1/sources/{known['hidden']}"
    yield get(path)
    yield get(f"{path}/ratings")
    yield get(f"{path}/ratings", limit=1)
    yield get(f"{path}/track-record", per="month")


def test_the_day_on_which_a_hidden_source_was_rated_is_not_told(observatory: Observatory) -> None:
    build = build_rated({"reliability": "B"}, {"reliability": "C"})
    assert_alike(observatory, build, ask_for_ratings, hidden_as="internal")


def test_a_rating_that_was_given_a_day_is_told_with_it_on_whichever_day_it_was_recorded(
    observatory: Observatory,
) -> None:
    build = build_rated({"reliability": "B", "rated_on": "2026-11-23"})
    assert_alike(observatory, build, ask_for_ratings, hidden_as="internal")


def test_which_rating_holds_does_not_tell_when_a_hidden_source_was_rated(observatory: Observatory) -> None:
    build = build_rated({"reliability": "B"}, later=[{"reliability": "C", "rated_on": "2026-11-24"}])

    def ask(known: dict[str, str]) -> Iterable[Asked]:
        yield from ask_for_ratings(known)
        for reliability in "BC":
            yield get("/v1/sources", reliability=reliability)
            yield get("/v1/claims", reliability=reliability)
        yield get("/v1/claims/facets", field="reliability")

    assert_alike(observatory, build, ask, hidden_as="internal")


# The audit.


def ask_for_audit(known: dict[str, str]) -> Iterable[Asked]:
    yield get("/v1/audit", include_total="true")
    yield get("/v1/audit", subject_id=known["hidden"])


def name_anonymous(observatory: Observatory, world: World) -> None:
    """Names a source that was anonymous, as one who does not read what is hidden."""
    with world.step("writer's key"):
        writer = observatory.api.with_scopes(*WRITES)
    with world.step("name", moment=world.next_moment()):
        body = {"anonymity": "named", "name": "Ann Official"}
        assert writer.patch(f"/v1/sources/{world.public['anonymous']}", body, etag="*").status_code == 200


def relate_anonymous(world: World) -> None:
    body = {"other_id": world.public["hidden"], "kind": "possibly_same"}
    world.secret("relation", f"/v1/sources/{world.public['anonymous']}/relations", body)


def test_a_relation_withdrawn_while_its_source_was_hidden_is_not_told_when_that_is_shown(
    observatory: Observatory,
) -> None:
    def build(world: World) -> None:
        world.shared("anonymous", "/v1/sources", source_body())
        world.shared("hidden", "/v1/sources", source_body(visibility="restricted"))
        if has_hidden(world):
            relate_anonymous(world)
        name_anonymous(observatory, world)
        show(world, "hidden")

    assert_alike(observatory, build, ask_for_audit, caller=AUDITOR)


def test_a_relation_withdrawn_while_its_source_was_held_back_is_not_told_when_that_comes_out(
    observatory: Observatory,
) -> None:
    def build(world: World) -> None:
        world.shared("anonymous", "/v1/sources", source_body())
        draft = world.shared("draft", "/v1/claims", claim_body(status="draft"))
        world.public["hidden"] = draft["attributions"][0]["chain"][0]["source_id"]
        if has_hidden(world):
            relate_anonymous(world)
        name_anonymous(observatory, world)
        world.moments_after(SHOWN)
        world.patch(f"/v1/claims/{draft['id']}", {"status": "published"})

    assert_alike(observatory, build, ask_for_audit, caller=AUDITOR, hidden_as="internal")


def test_the_hour_at_which_the_identity_of_a_hidden_source_was_sealed_is_not_told(observatory: Observatory) -> None:
    def build(world: World) -> None:
        for name, recipient in zip(("custodian", "second custodian"), RECIPIENTS, strict=True):
            world.shared(name, "/v1/custodians", {"name": name, "recipient": recipient})
        world.shared("hidden", "/v1/sources", source_body(visibility="internal"))
        world.moments_after(HOURS[world.name])
        world.next_moment()
        world.seal("hidden", world.public["hidden"])
        show(world, "hidden")

    assert_alike(observatory, build, ask_for_audit, caller=AUDITOR, hidden_as="internal")

    def ask_for_identity(given: Given) -> Requests:
        yield AUDITOR, Asked("GET", f"/v1/sources/{given.names.public['hidden']}/identity", headers=REASON)

    # Each sealing has an ETag of its own.
    (one,), (other,) = observatory.seen(WORLDS, "internal", ask_for_identity, build=build, since=READ)
    assert (one.status, one.body) == (200, other.body)


# Repeated requests.


def test_an_id_in_a_writers_words_does_not_tell_whether_it_is_anybodys(observatory: Observatory) -> None:
    with World("", "", observatory.api, observatory.clock, observatory.ids).step("writer's key"):
        writer = observatory.api.with_scopes(*WRITES)
    answers: list[list[Response]] = []
    ids: list[str] = []

    def build(world: World) -> None:
        record_named(world)
        if has_hidden(world):
            ids.append(world.secret("source", "/v1/sources", source_body(visibility="restricted"))["id"])
        body = claim_body(statement=f"See {ids[0]}.", attributions=[of(world)], topics=[ids[0]])
        with world.step("repeated", moment=world.next_moment()):
            once = {"Idempotency-Key": world.name}
            answers.append([writer.post("/v1/claims", body, headers=once) for _ in range(2)])

    observatory.seen(WORLDS, "restricted", lambda _given: (), build=build)
    (first, again), (other_first, other_again) = answers
    assert first.content == again.content == other_first.content == other_again.content
    assert [each.status_code for each in (first, again, other_again)] == [201] * 3
