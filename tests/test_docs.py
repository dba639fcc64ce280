"""The documentation names what is there, and its Python runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_list_of_known_failures_names_exists():
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert sorted(set(map(int, rows))) == list(range(1, 21))
    named = re.findall(r"`(tests/[\w/]+\.py)::(?:\w+::)?(\w+)`", text)
    assert len(named) >= 15
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (file, test)


BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
EVERY = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
ELSEWHERE = {"embedding.md": "tests/genn/test_genn_embedding.py"}
"""Pages whose blocks do not follow each other, and the tests that run them one by one."""
PAGES = [
    path
    for path in EVERY
    if path.name not in ELSEWHERE and BLOCK.search(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block.group(1), str(page), "exec"), names)


def test_own_data_take_ten_lines_from_arrays_to_a_saved_file(tmp_path, monkeypatch, capsys):
    block = BLOCK.search((ROOT / "docs" / "python.md").read_text(encoding="utf-8")).group(1)
    assert len([line for line in block.splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    confusion = names["model"].confusion("test")
    assert np.trace(confusion) >= 0.95 * confusion.sum()
    assert confusion.sum() == 200
    assert gd.load("patterns.h5").evaluate("test", names["data"]).accuracy >= 0.95
