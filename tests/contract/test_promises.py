"""docs/promises.md is what a whole run wrote of the promises as they stand, and each figure in it keeps its bound."""

from tests.fixtures.proofs import ENGINES, TABLE
from tests.promises import PROMISES


def test_the_page_has_every_promise_with_figures_that_keep_it() -> None:
    sections = TABLE.read_text().split("\n## ")[1:]
    assert [section.split("\n")[0] for section in sections] == list(PROMISES)
    for section, promise in zip(sections, PROMISES.values(), strict=True):
        assert f"\n{promise.words}\n" in section
        assert f"`{promise.test}`" in section
        rows = [line.strip("| ").split(" | ") for line in section.split("\n") if line.startswith("| ")][1:]
        assert [(row[0], row[1]) for row in rows] == [(name, str(bound)) for name, bound in promise.figures.items()]
        for name, _bound, *figures in rows:
            assert len(figures) == len(ENGINES)
            for figure in figures:
                assert promise.figures[name].holds(float(figure.replace(",", "")), full=True), (promise.words, name)
