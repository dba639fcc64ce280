"""How the modules of the package hang together."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import genn_delays

ROOT = Path(genn_delays.__file__).parent


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(source: str, known: set[str]) -> set[str]:
    """Modules that a source names in its imports, in functions and for type checkers too."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write imports in full"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & known or {str(node.module)}
    return found & known


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """Modules of a circle, each of which imports the one before it; empty without a circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_by_way_of_others_not_even_for_its_types():
    paths = modules()
    assert len(paths) > 100
    known = set(paths)
    graph = {name: imported(path.read_text(), known) for name, path in paths.items()}
    assert circle_in(graph) == []


def test_a_circle_for_types_only_is_seen():
    hidden = "if TYPE_CHECKING:\n    from a import b\n"
    graph = {"a.b": imported("import c", {"a.b", "c"}), "c": imported(hidden, {"a.b", "c"})}
    assert set(circle_in(graph)) == {"a.b", "c"}


def test_no_line_is_longer_than_a_window():
    files = [path for path in ROOT.rglob("*") if path.suffix in (".py", ".j2")]
    assert any(path.suffix == ".j2" for path in files)
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 110
    ]
    assert long == []
