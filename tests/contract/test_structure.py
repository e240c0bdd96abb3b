"""Rules about the code itself that no linter holds."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.models.vocabulary import Terms

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "app").rglob("*.py"))
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 40
SAYS_SQL = ("app/access/", "app/fulltext/", "app/kit/")
SAYS_HTTP_EXCEPTION = "app/kit/problems.py"
IMPORTS_SQLITE = "app/kit/sqlite.py"
SAYS_WHO_SEES = "app/access/visibility.py"
"""Who may see what is decided there alone: audiences and embargoes are compared nowhere else."""
ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
COMPARED_THERE = {"first_audience", "last_audience", "audience", "embargo_until", "seen_by", "seen_from", "Audience"}
SAYS_TERMS = {"app/models/vocabulary.py", "app/canonical/print_rule.py"}
"""What the terms let one print is decided in the second alone."""
SAYS_OFF_THE_RECORD = {
    "app/attributions/service.py",
    "app/canonical/claim_contents.py",
    "app/canonical/reach/queries.py",
    "app/claims/history.py",
}
"""Who may read at all what was said off the record is decided with the audiences."""


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {relative(path): ast.parse(path.read_text()) for path in FILES}


def names_used(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names as they are imported, under whatever alias, and attributes of modules; with their lines."""
    modules = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.Attribute):
            root: ast.expr = node
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in modules:
                yield node.attr, node.lineno


def test_select_stands_where_sql_may_stand(trees: dict[str, ast.Module]) -> None:
    found = {
        path
        for path, tree in trees.items()
        if any(name in {"select", "text", "union"} for name, _line in names_used(tree))
    }
    assert {path for path in found if not path.startswith(SAYS_SQL) and not path.endswith("/queries.py")} == set()
    assert found


def test_http_exception_is_known_to_the_problems_alone(trees: dict[str, ast.Module]) -> None:
    found = {path for path, tree in trees.items() if any("HTTPException" in name for name, _line in names_used(tree))}
    assert found == {SAYS_HTTP_EXCEPTION}


def imported(tree: ast.Module) -> set[str]:
    """The first parts of the names of the modules that are imported."""
    of_from = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    of_import = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return {name.split(".")[0] for name in of_from | of_import}


def test_one_module_alone_decides_which_sqlite_there_is() -> None:
    # Two libraries that open one file in one process drop each other's locks.
    paths = [path for folder in ("app", "benchmarks", "migrations", "tests") for path in (ROOT / folder).rglob("*.py")]
    found = {relative(path) for path in paths if imported(ast.parse(path.read_text())) & {"sqlite3", "pysqlite3"}}
    assert found == {IMPORTS_SQLITE}


def terms_named(tree: ast.Module) -> Iterator[str]:
    """The terms that the code tells apart: as members of the vocabulary, or as text in a comparison or a collection."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Terms":
            yield node.attr
        elif isinstance(node, ast.Compare | ast.Set | ast.Tuple | ast.Dict | ast.MatchValue):
            parts = node.keys if isinstance(node, ast.Dict) else ast.iter_child_nodes(node)
            texts = (each.value for each in parts if isinstance(each, ast.Constant))
            yield from (Terms(each).name for each in texts if each in set(Terms))


def test_what_the_terms_let_one_print_is_decided_in_one_place(trees: dict[str, ast.Module]) -> None:
    said = {path: set(terms_named(tree)) - {"UNSPECIFIED"} for path, tree in trees.items()}
    assert all(said[path] for path in SAYS_TERMS)
    found = {
        path: terms - ({"OFF_THE_RECORD"} if path in SAYS_OFF_THE_RECORD else set()) for path, terms in said.items()
    }
    assert {path for path, terms in found.items() if terms} == SAYS_TERMS


def test_terms_are_found_however_they_are_told_apart() -> None:
    for code in (
        'row.terms == "background"',
        'row.terms in {"background"}',
        "Terms.BACKGROUND",
        '{"background": 1}[terms]',
    ):
        assert list(terms_named(ast.parse(code))) == ["BACKGROUND"]


def who_sees(tree: ast.Module) -> Iterator[str]:
    """Comparisons of who may see what, or of what is out; in SQL as well, and as methods of its columns."""
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Compare) and any(
            isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in node.ops
        ):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = [node.func.value] if node.func.attr in {"is_", "is_not", "between"} else []
        named = {each for part in parts for each in names_in(part)}
        if named & COMPARED_THERE:
            yield ast.unparse(node)


def names_in(part: ast.expr) -> Iterator[str]:
    """The last name of an operand, inside `col` or not."""
    if isinstance(part, ast.Call):
        yield from (name for argument in part.args for name in names_in(argument))
    elif isinstance(part, ast.Attribute):
        yield part.attr
        if isinstance(part.value, ast.Name) and part.value.id == "Audience":
            yield "Audience"
    elif isinstance(part, ast.Name):
        yield part.id
    elif isinstance(part, ast.Subscript):
        yield from names_in(part.value)


def test_who_sees_what_is_decided_in_one_place(trees: dict[str, ast.Module]) -> None:
    found = {path: list(who_sees(tree)) for path, tree in trees.items()}
    assert found[SAYS_WHO_SEES]
    assert {path: said for path, said in found.items() if said and path != SAYS_WHO_SEES} == {}


@pytest.mark.parametrize(
    "code",
    [
        "row.audience <= seen",
        "first <= row.last_audience",
        "col(Attribution.audience) <= given",
        "exposure > Audience.PUBLIC",
        "row.first_audience <= each <= row.last_audience",
        "col(Source.embargo_until).is_(None)",
        "unit.now >= claim.embargo_until",
        "seen_from[row.id] <= reader",
    ],
)
def test_who_sees_what_is_found_however_it_is_said(code: str) -> None:
    assert list(who_sees(ast.parse(code)))


def test_what_holds_for_one_audience_is_not_kept_for_longer_than_it_holds(trees: dict[str, ast.Module]) -> None:
    # `visible` differs while there is a veil: what is made with it is kept by `built_once`, which knows.
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                kept = {ast.unparse(each).split("(")[0] for each in node.decorator_list} & {"cache", "lru_cache"}
                called = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
                assert not (kept and "visible" in called), (path, node.name)


def test_no_file_is_longer_than_can_be_read_at_once() -> None:
    sizes = {relative(path): len(path.read_text().splitlines()) for path in FILES}
    assert {path: lines for path, lines in sizes.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_can_be_read_at_once(trees: dict[str, ast.Module]) -> None:
    too_long = {
        f"{path}:{node.name}": node.end_lineno - node.lineno + 1
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION
    }
    assert too_long == {}


def test_imports_point_down() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_lists_of_attributions_are_in_the_order_in_which_they_came_out(trees: dict[str, ast.Module]) -> None:
    # Their positions are drawn over all rows: by them alone, a hidden one would tell when it was written.
    by_position = [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "order_by"
        if "Attribution.position" in ast.unparse(node)
    ]
    assert by_position == []
