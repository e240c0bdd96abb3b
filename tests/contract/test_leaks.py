"""The comparison of worlds can fail: a leak made on purpose is noticed, on whatever surface, by requests of its script.

Two worlds that are alike differ in nothing even then, so what is noticed is the leak and no accident.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Final

import pytest

from tests.fixtures.described import operations
from tests.fixtures.leaks import LEAKS, REFUSED_LEAKS, RESTRICTED, WRITTEN_LEAKS, Leak, Worlds
from tests.fixtures.observatory import Asked, Given, Observatory, Requests, Seen, differences
from tests.fixtures.proofs import Prove
from tests.fixtures.reading_script import whole, with_parameters
from tests.fixtures.writing_script import attempts

MOST: Final = 20
"""Requests that a leak has to show in: the first of the script that reach its surface."""
ASKING: Final = {"GET": "reader", "PATCH": "writer", "POST": "writer"}


def test_a_leak_of_any_read_is_noticed(
    observatory: Observatory, monkeypatch: pytest.MonkeyPatch, engine_name: str, prove: Prove
) -> None:
    scripts = (leaking(observatory, monkeypatch, name, leak) for name, leak in LEAKS.items())
    unnoticed = _unnoticed(observatory, RESTRICTED, scripts, surfaces=LEAKS)
    # What a write leaves behind differs from world to world once it leaks, so each has worlds of its own.
    for name, leak in REFUSED_LEAKS.items():
        script = leaking(observatory, monkeypatch, name, leak)
        unnoticed |= _unnoticed(observatory, leak.worlds, [script], surfaces={name: leak})
    for name, leak in WRITTEN_LEAKS.items():
        with monkeypatch.context() as patch:
            leak.turn_on(patch, observatory.connection)
            script = asking(observatory, name, leak)
            unnoticed |= _unnoticed(observatory, leak.worlds, [script], surfaces={name: leak})
    assert unnoticed == set()
    surfaces = len(LEAKS) + len(REFUSED_LEAKS) + len(WRITTEN_LEAKS)
    prove("leaks", engine_name, {"surfaces": surfaces, "unnoticed": len(unnoticed)})


def test_without_a_leak_there_is_nothing_to_notice(observatory: Observatory) -> None:
    # Without a leak what is written is alike in all worlds of a kind, so surfaces of the same worlds share them.
    everywhere = LEAKS | REFUSED_LEAKS | WRITTEN_LEAKS
    kinds = {(each.worlds.hidden_as, each.worlds.build): each.worlds for each in everywhere.values()}
    unnoticed: set[str] = set()
    for worlds in kinds.values():
        surfaces = {name: leak for name, leak in everywhere.items() if leak.worlds == worlds}
        scripts = [asking(observatory, name, leak) for name, leak in surfaces.items()]
        unnoticed |= _unnoticed(observatory, worlds, scripts, surfaces=surfaces)
    assert unnoticed == set(everywhere)


Script = Callable[[Given], Requests]


def asking(observatory: Observatory, name: str, leak: Leak) -> Script:
    """The first requests of the script that reach the surface; marked, so that each is known again."""
    (operation,) = (
        each
        for each in operations(observatory.app.openapi())
        if (each.method, each.template) == (leak.method, leak.route)
    )

    def script(given: Given) -> Iterator[tuple[str, Asked]]:
        everything = (
            chain(whole(operation, given.names), with_parameters(operation, given.names))
            if leak.method == "GET"
            else attempts(operation, given.names)
        )
        reaching = list(islice(filter(leak.is_reached_by, everything), MOST if leak.method == "GET" else None))
        assert reaching != []
        marked = {"X-Request-Id": mark(name)}
        yield from ((ASKING[leak.method], replace(asked, headers={**asked.headers, **marked})) for asked in reaching)

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


def _unnoticed(
    observatory: Observatory, worlds: Worlds, scripts: Iterable[Script], *, surfaces: Mapping[str, Leak]
) -> set[str]:
    """The surfaces in whose requests a world that is otherwise does not differ from one that has the hidden source."""
    one, same, otherwise = observatory.seen(
        worlds.names, worlds.hidden_as, *scripts, build=worlds.build, since=worlds.since
    )
    assert differences(one, same) == []
    told: list[Seen] = [seen for pair in differences(one, otherwise) for seen in pair if seen is not None]
    assert max(each.status for each in (*one, *otherwise)) < 500
    return {name for name in surfaces if not any(f"'{mark(name)}'" in each.asked for each in told)}
