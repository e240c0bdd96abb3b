"""What the service promises to those it protects, each with the test that proves it and the figures it must reach.

`make proofs` runs the tests with the full counts, part by part (`PARTS`), and writes what they saw to docs/promises.md
(`tests/prove.py`); `make test` runs them with about a tenth (`tests/fixtures/proofs.py`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ENGINES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure must be: at least `least`, at most `most`. Of tries a short run owes one in so many."""

    least: float | None = None
    most: float | None = None
    one_in: int | None = None

    def holds(self, figure: float, *, full: bool, of: int = 1) -> bool:
        """Whether the figure is within the bound; of tries one `of` several tests owes its part."""
        least = self.least
        if self.one_in is not None and least is not None:
            least /= of * (1 if full else self.one_in)
        return (least is None or figure >= least) and (self.most is None or figure <= self.most)

    def joined(self, figures: Iterable[float]) -> float:
        """One figure of those that several tests saw: tries add up, and of all else the worst counts."""
        if self.one_in is not None:
            return sum(figures)
        return max(figures) if self.most is not None else min(figures)

    def __str__(self) -> str:
        if self.least is not None and self.least == self.most:
            return f"{self.least:,g}"
        return f"at least {self.least:,g}" if self.least is not None else f"at most {self.most:,g}"


def tries(least: float, *, one_in: int = 10) -> Bound:
    """A count of tries: so many in a full run, one in so many of them in a short one."""
    return Bound(least=least, one_in=one_in)


def at_least(least: float) -> Bound:
    """A figure that must not be smaller, in any run."""
    return Bound(least=least)


def at_most(most: float) -> Bound:
    """A figure that must not be greater, in any run."""
    return Bound(most=most)


def exactly(figure: float) -> Bound:
    """A figure that must be just that, in any run."""
    return Bound(least=figure, most=figure)


NONE: Final = exactly(0)


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: what it says, the test file that proves it, and the bound of each figure that the test gives.

    What takes too long for one part is two, `by_engine`, or one more for each of the `tests` that have such a word in
    their names. What measures times or presses the service runs `alone`, one test after another.
    """

    words: str
    test: str
    figures: Mapping[str, Bound]
    by_engine: bool = False
    tests: Sequence[str] = ("",)
    alone: bool = False


PROMISES: Final[Mapping[str, Promise]] = {
    "access": Promise(
        "Every route lets in who holds its scope and nobody else, and answers of its own, others', hidden and absent "
        "records alike what may be known of them.",
        "tests/contract/test_access_matrix.py",
        {"requests": at_least(2_000), "wrong answers": NONE},
    ),
    "revocation": Promise(
        "A revoked key lets nobody in any more, in any process.",
        "tests/contract/test_revocation.py",
        {"keys": tries(20), "processes": at_least(2), "slowest, seconds": at_most(1)},
        alone=True,
    ),
    "noninterference": Promise(
        "Worlds that differ only in what is hidden, or in the hours at which it was recorded, answer every request "
        "with the same bytes.",
        "tests/contract/test_noninterference.py",
        {"request pairs": tries(50_000, one_in=20), "pairs of hours": tries(5_000), "differences": NONE},
        by_engine=True,
        tests=("restricted", "internal", "hours"),
    ),
    "leaks": Promise(
        "The comparison of worlds notices a leak, on whatever surface it is made on purpose.",
        "tests/contract/test_leaks.py",
        {"surfaces": at_least(24), "unnoticed": NONE},
    ),
    "timing": Promise(
        "How long an answer takes does not tell what is hidden from what does not exist.",
        "tests/contract/test_timing.py",
        {
            "pairs, get": tries(10_000, one_in=50),
            "pairs, search": tries(10_000, one_in=50),
            "pairs, create": tries(10_000, one_in=50),
            "pairs, change": tries(10_000, one_in=50),
            "greatest t": at_most(4.5),
            "planted leaks": exactly(3),
            "unnoticed": NONE,
        },
        by_engine=True,
        tests=("reads", "creations", "changes", "noticed"),
        alone=True,
    ),
    "canaries": Promise(
        "What is sealed stands nowhere in the clear, and what is restricted only in the tables that hold it.",
        "tests/contract/test_stored_canaries.py",
        {"canaries": tries(1_000), "sealed ones found": NONE, "restricted ones found elsewhere": NONE},
    ),
    "mute": Promise(
        "No error and no line of the log repeats what was sent.",
        "tests/contract/test_canary.py",
        {"invalid requests": tries(5_000), "values echoed": NONE},
    ),
    "sealing": Promise(
        "A sealed identity opens for each of its custodians with the stock age tool, tells nothing by its length, and "
        "is handed out only once that is recorded.",
        "tests/identities/test_promise.py",
        {
            "identities": tries(100),
            "opened by stock age": tries(100),
            "lengths, random stanza apart": exactly(1),
            "unrecorded reads": NONE,
        },
    ),
    "exposure": Promise(
        "What is said of how exposed an anonymous source is equals a count by hand.",
        "tests/exposure/test_promise.py",
        {"sources": tries(200), "differences": NONE},
    ),
    "printing": Promise(
        "No word of a name that a source's terms keep out of print is printed, on whatever surface that prints.",
        "tests/contract/test_printing.py",
        {"claims": tries(500), "names printed": NONE},
    ),
    "trickle": Promise(
        "A header or a body that trickles in, or never comes, is cut, and others are served meanwhile.",
        "tests/contract/test_trickle.py",
        {"connections": tries(100), "slowest, seconds": at_most(15)},
        alone=True,
    ),
    "places": Promise(
        "Callers who trickle bodies, with keys from one address or without, and such as take no answers, keep no "
        "place from others.",
        "tests/contract/test_dawdlers.py",
        {
            "dawdlers of one address": exactly(200),
            "dawdlers without a key": exactly(200),
            "requests of others": at_least(20),
            "refused": NONE,
            "slowest, seconds": at_most(1),
        },
        alone=True,
    ),
    "costly-bodies": Promise(
        "No body, whatever its shape, takes much of the processor or of memory, and health is told beside 64 of them.",
        "tests/contract/test_costly_bodies.py",
        {
            "shapes": tries(200),
            "most processor time, seconds": at_most(2),
            "most memory, MiB": at_most(64),
            "slowest health answer, seconds": at_most(1),
        },
        alone=True,
    ),
    "load": Promise(
        "At ten times what the service can take it turns the rest away, stays small, answers for its health, loses "
        "nothing that it acknowledged, and is itself again soon after.",
        "tests/contract/test_load.py",
        {
            "requests": tries(20_000),
            "turned away": at_least(1),
            "acknowledged writes lost": NONE,
            "growth of memory, MiB": at_most(200),
            "slowest health answer, seconds": at_most(3),  # 2.0 seen beside other runs
            "recovery, seconds": at_most(30),
        },
        alone=True,
    ),
    "costly-reads": Promise(
        "Whatever is read of a ledger that is as large as its limits allow, it takes little of the processor and of "
        "memory, and the service answers for its health beside it.",
        "tests/contract/test_costly_reads.py",
        {
            "questions": at_least(50),
            "at once": exactly(64),
            "most processor time of one, seconds": at_most(2),
            "most memory of one, MiB": at_most(64),
            "slowest health answer, seconds": at_most(1),
        },
        alone=True,
    ),
    "filters": Promise(
        "Of every two filters, lists, totals and facets are those of a plain model, whatever a search begins with.",
        "tests/filters/test_planner.py",
        {"questions": tries(500, one_in=2), "answers": tries(4_500, one_in=18), "differences": NONE},
        by_engine=True,
    ),
    "writing-goes-on": Promise(
        "Whatever one caller writes, again and again, others' writes go on: batches as large as may be sent, and "
        "changes of what thousands of records name.",
        "tests/contract/test_writing_goes_on.py",
        {"writes of others": tries(500), "slowest of them, seconds": at_most(1), "turned away": NONE},
        alone=True,
    ),
    "increments": Promise(
        "Writers who change one record at once lose no change of one another's.",
        "tests/contract/test_increments.py",
        {"writers": exactly(16), "increments": tries(16_000, one_in=40), "lost": NONE},
    ),
    "idempotency": Promise(
        "A request repeated with its Idempotency-Key, in parallel or across a crash, has one effect.",
        "tests/contract/test_repeated.py",
        {"in parallel": exactly(50), "effects": exactly(1), "crashes": tries(10), "effects after a crash": exactly(1)},
    ),
    "processes": Promise(
        "Eight processes that write one database at once are never told that it is locked.",
        "tests/contract/test_processes.py",
        {"processes": exactly(8), "seconds": tries(120), "writes": at_least(1), "locked": NONE},
        alone=True,
    ),
    "kills": Promise(
        "A service killed at any moment has all that it acknowledged, and nothing half.",
        "tests/contract/test_kill.py",
        {"kills": tries(50), "acknowledged writes lost": NONE},
    ),
    "refusals": Promise(
        "The service does not start unsafely: it says what to do instead.",
        "tests/cli/test_refusals.py",
        {"unsafe settings": at_least(8), "started": NONE},
    ),
    "description": Promise(
        "No request that its description allows, nor any other, makes the service fail or answer otherwise than "
        "described.",
        "tests/contract/test_schemathesis.py",
        {"requests": tries(10_000), "failures": NONE},
    ),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What one run of pytest proves: a promise, or those of its tests that pytest's `-k` picks."""

    name: str
    promise: str
    picks: str = ""

    @property
    def arguments(self) -> list[str]:
        """What pytest is called with."""
        promise = PROMISES[self.promise]
        workers = ["-n", "1"] if promise.alone else ["-n", "auto", "--dist", "worksteal"]
        return [promise.test, *(["-k", self.picks] if self.picks else []), *workers]


def _parts() -> Iterable[Part]:
    for name, promise in PROMISES.items():
        if not promise.by_engine:
            yield Part(name, name)
        for engine in ENGINES if promise.by_engine else ():
            for test in promise.tests:
                yield Part(
                    "-".join(filter(None, (name, engine, test))), name, " and ".join(filter(None, (engine, test)))
                )


PARTS: Final[Mapping[str, Part]] = {part.name: part for part in _parts()}
"""Every part of `make proofs` by its name, in the order in which they run."""
