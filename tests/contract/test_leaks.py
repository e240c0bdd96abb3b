"""The comparison of worlds can fail: a leak made on purpose is noticed, on whatever surface, by requests of its script.

Two worlds that are alike differ in nothing even then, so what is noticed is the leak and no accident.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Final

import pytest

from tests.fixtures.described import operations
from tests.fixtures.leaks import LEAKS, WRITTEN_LEAKS, Leak
from tests.fixtures.observatory import Asked, Given, Observatory, Requests, Seen, differences
from tests.fixtures.proofs import Prove
from tests.fixtures.reading_script import whole, with_parameters
from tests.fixtures.worlds import WORLDS

MOST: Final = 20
"""Requests that a leak has to show in: the first of the script that reach its surface."""
ALIKE_AND_LACKING: Final = (WORLDS[0], WORLDS[0], WORLDS[-1])


def test_a_leak_of_any_read_is_noticed(
    observatory: Observatory, monkeypatch: pytest.MonkeyPatch, engine_name: str, prove: Prove
) -> None:
    scripts = (leaking(observatory, monkeypatch, name, leak) for name, leak in LEAKS.items())
    unnoticed = _unnoticed(observatory, *scripts, surfaces=LEAKS)
    for name, leak in WRITTEN_LEAKS.items():
        with monkeypatch.context() as patch:
            leak.turn_on(patch, observatory.connection)
            unnoticed |= _unnoticed(observatory, asking(observatory, name, leak), surfaces={name: leak})
    assert unnoticed == set()
    surfaces = len(LEAKS) + len(WRITTEN_LEAKS)
    prove("leaks", engine_name, {"surfaces": surfaces, "unnoticed": len(unnoticed)})


def test_without_a_leak_there_is_nothing_to_notice(observatory: Observatory) -> None:
    scripts = (asking(observatory, name, leak) for name, leak in LEAKS.items())
    assert _unnoticed(observatory, *scripts, surfaces=LEAKS) == set(LEAKS)


Script = Callable[[Given], Requests]


def asking(observatory: Observatory, name: str, leak: Leak) -> Script:
    """The first requests of the script that reach the surface, by a reader; marked, so that each is known again."""
    (read,) = (
        each for each in operations(observatory.app.openapi()) if (each.method, each.template) == ("GET", leak.route)
    )

    def script(given: Given) -> Iterator[tuple[str, Asked]]:
        everything = chain(whole(read, given.names), with_parameters(read, given.names))
        reaching = list(islice(filter(leak.is_reached_by, everything), MOST))
        assert reaching != []
        marked = {"X-Request-Id": mark(name)}
        yield from (("reader", replace(asked, headers=marked)) for asked in reaching)

    return script


def leaking(observatory: Observatory, monkeypatch: pytest.MonkeyPatch, name: str, leak: Leak) -> Script:
    """The same requests while the leak is turned on."""

    def script(given: Given) -> Iterator[tuple[str, Asked]]:
        with monkeypatch.context() as patch:
            leak.turn_on(patch, observatory.connection)
            yield from asking(observatory, name, leak)(given)

    return script


def mark(name: str) -> str:
    """The request id of the requests that reach a surface."""
    return name.replace(" ", "-")


def _unnoticed(observatory: Observatory, *scripts: Script, surfaces: Mapping[str, Leak]) -> set[str]:
    """The surfaces in whose requests a world that lacks the hidden source does not differ from one that has it."""
    one, same, lacking = observatory.seen(ALIKE_AND_LACKING, "restricted", *scripts)
    assert differences(one, same) == []
    told: list[Seen] = [seen for pair in differences(one, lacking) for seen in pair if seen is not None]
    assert max(each.status for each in (*one, *lacking)) < 500
    return {name for name in surfaces if not any(f"'{mark(name)}'" in each.asked for each in told)}
