"""docs/promises.md is made of what `make proofs` saw and says of which run that is; each figure keeps its bound."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests import prove
from tests.fixtures.proofs import ENGINES, SEEN
from tests.promises import PARTS, PROMISES, Part, exactly, tries

KEPT: Mapping[str, Any] = json.loads(prove.KEPT.read_text())
WHOLE = {
    part.name: {
        "commit": "abcdef0",
        "on": "2026-11-28",
        "versions": "Python, SQLite, 2 cores",
        "figures": {
            engine: {name: bound.least or 0 for name, bound in PROMISES[part.promise].figures.items()}
            for engine in ENGINES
        },
        "failed": [],
    }
    for part in PARTS.values()
}


def names_of(promise: str) -> list[str]:
    """The parts of a promise."""
    return [part.name for part in PARTS.values() if part.promise == promise]


def first_lines(kept: Mapping[str, Any]) -> str:
    """What the page says before the promises."""
    return prove.page(kept).split("\n## ")[0]


def test_the_page_is_what_was_seen_and_nobody_has_edited_it() -> None:
    assert prove.PAGE.read_text() == prove.page(KEPT)


def test_each_figure_of_the_page_keeps_its_bound() -> None:
    for name, promise in PROMISES.items():
        for engine, figures in prove.figures_of(name, KEPT).items():
            for figure, value in figures.items():
                assert promise.figures[figure].holds(value, full=True), (name, engine, figure)


def test_a_whole_run_says_of_which_commit_and_days_it_is() -> None:
    seen = WHOLE | {"kills": {**WHOLE["kills"], "on": "2026-11-29"}}
    assert "All figures are of one commit, abcdef0, seen on 2026-11-28 to 2026-11-29." in first_lines(seen)
    assert "All figures are of one commit, abcdef0, seen on 2026-11-28. Python, SQLite" in first_lines(WHOLE)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"commit": "1234567"}, "- `kills`: last proved on 2026-11-28 at commit 1234567"),
        ({"failed": ["a test"]}, "- `kills`: **failed** on 2026-11-28 at commit abcdef0: `a test`"),
        (None, "- `kills`: not run"),
    ],
)
def test_a_part_that_is_older_failed_or_missing_is_told_of(change: dict[str, Any] | None, told: str) -> None:
    others = {name: seen for name, seen in WHOLE.items() if name != "kills"}
    seen = others if change is None else others | {"kills": {**WHOLE["kills"], **change}}
    assert "**Not whole.**" in first_lines(seen)
    assert told in first_lines(seen).split("\n")


def test_a_figure_that_was_not_seen_is_not_proved() -> None:
    assert "| kills | at least 50 | not proved | not proved |" in prove.page({})
    assert "Nothing is proved yet." in first_lines({})


def test_tries_of_several_parts_add_up_and_of_other_figures_the_worst_counts() -> None:
    assert tries(10).joined([5, 6]) == 11
    assert exactly(0).joined([0, 1, 0]) == 1
    assert tries(10).holds(5, full=True, of=2)
    assert not tries(10).holds(4, full=True, of=2)
    figures = prove.figures_of("noninterference", WHOLE)["sqlite"]
    assert figures["request pairs"] == len(names_of("noninterference")) * 50_000


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where the page, what it is made of and the outputs are kept for once."""
    for name, path in (("PAGE", "promises.md"), ("KEPT", "promises.json"), ("OUTPUTS", ".proofs")):
        monkeypatch.setattr(prove, name, tmp_path / path)
    return tmp_path


def test_a_part_that_fails_keeps_no_other_from_running(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(part: Part) -> Any:
        failed = {"figures": {}, "failed": ["a test"]}
        return failed if part.name == "revocation" else {"figures": WHOLE[part.name]["figures"], "failed": []}

    monkeypatch.setattr(prove, "_run", run)
    assert prove.main(["access", "revocation", "kills"]) == 1
    kept = json.loads(prove.KEPT.read_text())
    assert {name: seen["failed"] for name, seen in kept.items()} == {
        "access": [],
        "revocation": ["a test"],
        "kills": [],
    }
    assert "**failed** in `revocation`" in prove.PAGE.read_text()
    assert "2 of 3 parts proved" in capsys.readouterr().out
    assert prove.main(["noninterference"]) == 0
    assert set(json.loads(prove.KEPT.read_text())) == {*kept, *names_of("noninterference")}


def test_a_part_without_figures_is_not_proved(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "_run", lambda _part: {"figures": {}, "failed": []})
    assert prove.main(["kills"]) == 1


def test_a_part_that_takes_too_long_is_ended(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prove, "MOST_MINUTES", 1 / 60)
    assert prove.main(["refusals"]) == 1
    assert json.loads(prove.KEPT.read_text())["refusals"]["failed"] == ["ended after 0.0166667 minutes"]
    assert (prove.OUTPUTS / "refusals.txt").exists()


def test_a_part_that_there_is_not_is_answered_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert (prove.main(["lode"]), prove.main(["list"])) == (2, 0)
    assert set(PARTS) <= set(capsys.readouterr().out.split())


TESTS = """
import pytest
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_some(engine, prove):
    prove("kills", engine, {"kills": 50, "acknowledged writes lost": int(engine == "sqlite")})
def test_more():
    print("what it printed")
    raise ValueError("what it raised")
"""


def test_a_run_keeps_what_its_tests_saw_and_which_failed(tmp_path: Path) -> None:
    file, seen = tmp_path / PROMISES["kills"].test, tmp_path / "seen.json"
    file.parent.mkdir(parents=True)
    file.write_text(TESTS)
    run = [sys.executable, "-m", "pytest", "-p", "tests.fixtures.proofs", "-p", "no:cacheprovider", str(file)]
    environment = {"ONRECORD_PROOFS": "1", SEEN: str(seen), "PYTHONPATH": str(prove.ROOT)}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    gathered = json.loads(seen.read_text())
    kills = {"kills": 50, "acknowledged writes lost": 0}
    assert gathered["proofs"] == [{"engine": "postgresql", "figures": kills}]
    assert [test.rpartition("::")[2] for test in gathered["failed"]] == ["test_some[sqlite]", "test_more"]
    assert all(text in done.stdout for text in ("what it printed", "what it raised"))
