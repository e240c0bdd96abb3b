"""What is hidden cannot be told from what does not exist: worlds with and without it answer alike, byte for byte.

Every route of the description is read with every parameter, with ids of what is public, hidden and absent, by each role
that may not see everything; then who may write writes, and all is read again. `test_leaks.py` shows that this can fail.
"""

import pytest

from app.openapi import ALWAYS_ADMITTED
from tests.fixtures import hours
from tests.fixtures.described import operations
from tests.fixtures.observatory import Observatory, Seen, differences
from tests.fixtures.proofs import Prove
from tests.fixtures.reading_script import reads, reads_again, turned
from tests.fixtures.worlds import INSIDERS, NOBODY, ROLES, WORLDS
from tests.fixtures.writing_script import BODIES, writes

REFUSED = ("writer who reads nothing", "holder of another scope", "holder of an expired key", "holder of a revoked key")
PUBLIC = ("reader", NOBODY, *(role for role in ROLES if role not in {"reader", *REFUSED, *INSIDERS}))
"""Who sees what is public alone, first who asks for everything."""
WRITERS = (INSIDERS[1], PUBLIC[-1], "writer", "publisher", "assessor", "writer who reads nothing")
"""Who may write something, an insider first."""


HIDDEN_AS = ("restricted", "internal")


@pytest.mark.parametrize("hidden_as", HIDDEN_AS)
def test_worlds_that_differ_in_what_is_hidden_answer_alike(
    observatory: Observatory, hidden_as: str, engine_name: str, prove: Prove
) -> None:
    described = list(operations(observatory.app.openapi()))
    restricted = hidden_as == "restricted"
    readers = ("insider", *PUBLIC, INSIDERS[1]) if restricted else PUBLIC
    first, *others = observatory.seen(
        WORLDS,
        hidden_as,
        reads(described, readers, refused=REFUSED, turn=int(restricted)),
        turned,
        writes(described, WRITERS if restricted else WRITERS[1:]),
        reads_again(described, "reader"),
    )
    found = [pair for other in others for pair in differences(first, other)]
    assert found[:1] == []
    assert all_kinds(first)
    pairs = sum(min(len(first), len(other)) for other in others)
    prove("noninterference", engine_name, {"request pairs": pairs, "differences": len(found)}, of=len(HIDDEN_AS))


def test_worlds_that_differ_in_the_hours_of_what_is_out_answer_the_public_alike(
    observatory: Observatory, engine_name: str, prove: Prove
) -> None:
    described = list(operations(observatory.app.openapi()))
    first, *others = observatory.seen(
        hours.HOURS,
        "internal",
        reads(described, PUBLIC, refused=REFUSED),
        turned,
        writes(described, WRITERS[1:]),
        reads_again(described, "reader"),
        build=hours.build,
        since=hours.READ,
    )
    found = [pair for other in others for pair in differences(first, other)]
    assert found[:1] == []
    assert all_kinds(first)
    pairs = sum(min(len(first), len(other)) for other in others)
    prove("noninterference", engine_name, {"pairs of hours": pairs, "differences": len(found)})


def all_kinds(answers: list[Seen]) -> bool:
    """Whether there are answers of every status that worlds could be told apart by, and none that is a fault."""
    statuses = {each.status for each in answers}
    assert max(statuses) < 500
    counted = [each for each in answers if each.asked.split()[1] not in ALWAYS_ADMITTED]
    assert all(any(name == b"ratelimit" for name, _ in each.headers) for each in counted)
    return statuses >= {200, 201, 204, 304, 401, 403, 404, 409, 412, 422, 428}


def test_every_route_that_writes_is_in_the_script(observatory: Observatory) -> None:
    described = operations(observatory.app.openapi())
    assert {(each.method, each.template) for each in described if each.method != "GET"} == set(BODIES)
