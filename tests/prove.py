"""Runs the proofs in full, part by part, and makes docs/promises.md of what they saw: `make proofs`.

Each part is one run of pytest and ends within `MOST_MINUTES`; one that fails does not keep the others from running.
What a part saw takes the place of what it saw before, so that parts can be run one by one, on several days; the page
says of which commit they are. The whole output of each is kept in .proofs/, with that of the tests that failed.
"""

import json
import os
import platform
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app.kit import sqlite
from tests.fixtures.proofs import ENGINES, SEEN
from tests.promises import PARTS, PROMISES, Part

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "promises.md"
KEPT: Final = PAGE.with_suffix(".json")
"""What each part saw when it was last run, of which the page is made."""
OUTPUTS: Final = ROOT / ".proofs"
MOST_MINUTES: Final = 20.0
"""How long a part may take: the longest that some machines let one command run."""
END_TIMEOUT_S: Final = 30.0
NOT_PROVED: Final = "not proved"

Seen = dict[str, Any]
"""Of a part: `commit`, `on` which day, how many `seconds`, `processor_seconds`, `figures` by engine, what `failed`."""


def main(wanted: Sequence[str]) -> int:
    """Runs the parts of those names, or of the promises so called; all, if none is named. Answers 1 where one fails.

    `list` names them all, and `page` writes the page anew of what is kept, as for a promise that was added.
    """
    parts = [part for part in PARTS.values() if not wanted or {part.name, part.promise} & set(wanted)]
    unknown = set(wanted) - {name for part in parts for name in (part.name, part.promise)}
    if unknown == {"page"}:
        PAGE.write_text(page(_kept()))
        return 0
    if unknown:
        print("The parts are:", *PARTS, sep="\n  ")
        return 0 if unknown == {"list"} else 2
    OUTPUTS.mkdir(exist_ok=True)
    failed = [part.name for at, part in enumerate(parts, start=1) if not _prove(part, f"[{at}/{len(parts)}]")]
    print(f"{len(parts) - len(failed)} of {len(parts)} parts proved; docs/{PAGE.name} is written.")
    return 1 if failed else 0


def _prove(part: Part, count: str) -> bool:
    """Runs the part, keeps what it saw, and writes the page anew."""
    print(f"{count} {part.name}", end=" ", flush=True)
    commit, on, version = _commit(), f"{datetime.now(UTC):%Y-%m-%d}", _versions()
    elapsed, used = time.monotonic(), _processor_seconds()
    seen = _run(part)
    took = {"seconds": round(time.monotonic() - elapsed), "processor_seconds": round(_processor_seconds() - used)}
    seen = {"commit": commit, "on": on, "versions": version, **took, **seen}
    kept = {**_kept(), part.name: seen}
    KEPT.write_text(json.dumps({name: kept[name] for name in PARTS if name in kept}, indent=1) + "\n")
    PAGE.write_text(page(kept))
    lacking = list(_lacking(part, kept))
    print(f"{'failed' if seen['failed'] or lacking else 'proved'} in {took['seconds']} s")
    for name in (*seen["failed"], *lacking):
        print(f"    {name}")
    if seen["failed"]:
        print(f"    see {OUTPUTS.name}/{_output(part).name}")
    return not seen["failed"] and not lacking


def _kept() -> dict[str, Seen]:
    return dict(json.loads(KEPT.read_text())) if KEPT.exists() else {}


def _output(part: Part) -> Path:
    return OUTPUTS / f"{part.name}.txt"


def _run(part: Part) -> Seen:
    """The `figures` that the part's tests saw, by engine, and the names of those that `failed`."""
    path = OUTPUTS / f"{part.name}.json"
    path.unlink(missing_ok=True)
    with _output(part).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "--durations=0", "--durations-min=1", *part.arguments],
            cwd=ROOT,
            env={**os.environ, "ONRECORD_PROOFS": "1", SEEN: str(path)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(MOST_MINUTES * 60)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as error:
            _end(process)
            if isinstance(error, KeyboardInterrupt):
                raise
            return {"figures": {}, "failed": [f"ended after {MOST_MINUTES:g} minutes"]}
    gathered = json.loads(path.read_text()) if path.exists() else {"proofs": [], "failed": []}
    failed = gathered["failed"] or ([f"pytest ended with {status}"] if status else [])
    return {"figures": _joined(part.promise, gathered["proofs"]), "failed": failed}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends pytest as Ctrl-C does, so that it stops its servers; by force where it takes too long."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(END_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _joined(promise: str, proofs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The figures by engine, one of each name: several tests, or parts, may have seen some of it."""
    values: dict[str, dict[str, list[float]]] = {}
    for proof in proofs:
        for name, figure in proof["figures"].items():
            values.setdefault(proof["engine"], {}).setdefault(name, []).append(figure)
    bounds = PROMISES[promise].figures
    return {
        engine: {name: bounds[name].joined(of_name) for name, of_name in figures.items() if name in bounds}
        for engine, figures in values.items()
    }


def figures_of(promise: str, kept: Mapping[str, Seen]) -> dict[str, dict[str, float]]:
    """The promise's figures by engine, of all its parts."""
    of_parts = [kept[part.name]["figures"] for part in _parts_of(promise) if part.name in kept]
    proofs = [{"engine": engine, "figures": figures} for each in of_parts for engine, figures in each.items()]
    return _joined(promise, proofs)


def _parts_of(promise: str) -> list[Part]:
    return [part for part in PARTS.values() if part.promise == promise]


def _lacking(part: Part, kept: Mapping[str, Seen]) -> Iterator[str]:
    """Each figure of the part's promise that is not seen or not within its bound, once all its parts were run."""
    if all(other.name in kept for other in _parts_of(part.promise)):
        figures = figures_of(part.promise, kept)
        for engine in ENGINES:
            for name, bound in PROMISES[part.promise].figures.items():
                figure = figures.get(engine, {}).get(name)
                if figure is None or not bound.holds(figure, full=True):
                    yield f"{NOT_PROVED}: {name} on {ENGINES[engine]}, which must be {bound}"


def _commit() -> str:
    """The commit that is checked out, marked where what is proved differs from it: the page itself may."""
    proved = [".", ":(exclude)docs/promises.*"]
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *proved], cwd=ROOT, check=False).returncode
    shown = subprocess.run(
        ["git", "rev-parse", "--short=7", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return shown.stdout.strip() + ("-dirty" if changed else "")


def _versions() -> str:
    return f"Python {platform.python_version()}, SQLite {sqlite.VERSION}, {os.cpu_count()} cores"


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def page(kept: Mapping[str, Seen]) -> str:
    """The page of promises: of which run the figures are, what is lacking, and each promise with its figures."""
    lines = [
        "# Promises",
        "",
        "Written by `make proofs`, which runs every test named here in full on both engines. Do not edit.",
        "",
        *_standing(kept),
    ]
    for name, promise in PROMISES.items():
        figures = figures_of(name, kept)
        lines += [
            "",
            f"## {name}",
            "",
            promise.words,
            "",
            f"Proved by `{promise.test}`{_exceptions(name, kept)}.",
            "",
            f"| figure | must be | {' | '.join(ENGINES.values())} |",
            "|---|---|" + "---:|" * len(ENGINES),
        ]
        for figure, bound in promise.figures.items():
            seen = (figures.get(engine, {}).get(figure) for engine in ENGINES)
            cells = (NOT_PROVED if each is None else f"{each:,.6g}" for each in seen)
            lines.append(f"| {figure} | {bound} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _standing(kept: Mapping[str, Seen]) -> list[str]:
    """Of which commit and days the figures are, and every part of which that cannot be said."""
    run = [kept[name] for name in PARTS if name in kept]
    if not run:
        return ["Nothing is proved yet."]
    commits = [seen["commit"] for seen in run]
    commit = max(commits, key=commits.count)
    of_commit = [seen for seen in run if seen["commit"] == commit and not seen["failed"]]
    days = sorted({seen["on"] for seen in of_commit})
    versions = "; ".join(sorted({seen["versions"] for seen in of_commit}))
    when = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else "no day"
    apart = [f"- `{name}`: {told}" for name in PARTS if (told := _apart(kept.get(name), commit))]
    if not apart:
        return [f"All figures are of one commit, {commit}, seen on {when}. {versions}."]
    told = f"{len(of_commit)} of {len(PARTS)} parts are proved at commit {commit}, on {when}. {versions}."
    return [f"**Not whole.** {told} Apart from that:", "", *apart]


def _apart(seen: Seen | None, commit: str) -> str:
    """What sets the part apart from those that are proved at that commit; nothing where it is one of them."""
    if seen is None:
        return "not run"
    at = f"on {seen['on']} at commit {seen['commit']}"
    if seen["failed"]:
        return f"**failed** {at}: {', '.join(f'`{each}`' for each in seen['failed'])}"
    return "" if seen["commit"] == commit else f"last proved {at}"


def _exceptions(promise: str, kept: Mapping[str, Seen]) -> str:
    """Which of the promise's parts have failed or were not run, in a few words."""
    states = {part.name: kept.get(part.name) for part in _parts_of(promise)}
    failed = [name for name, seen in states.items() if seen is not None and seen["failed"]]
    missing = [name for name, seen in states.items() if seen is None]
    told = [
        f"{what} {', '.join(f'`{name}`' for name in names)}"
        for what, names in (("**failed** in", failed), ("not run in", missing))
        if names
    ]
    return f", {' and '.join(told)}" if told else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
