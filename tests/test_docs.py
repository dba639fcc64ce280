"""The documentation names what is there, and its Python runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import own_plugins
import pytest
from click.testing import CliRunner
from written_blocks import PAGES, ROOT, Block, blocks, commands

import genn_delays as gd
from genn_delays import datasets
from genn_delays.cli import cli
from genn_delays.cli.groups import WithDefault
from genn_delays.experiment import config
from genn_delays.support import strict_yaml


def test_every_test_that_the_list_of_known_failures_names_exists():
    text = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert sorted(set(map(int, rows))) == list(range(1, 21))
    named = re.findall(r"`(tests/[\w/]+\.py)::(?:\w+::)?(\w+)`", text)
    assert len(named) >= 15
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), (file, test)


ELSEWHERE = {"embedding.md": "tests/genn/test_genn_embedding.py"}
"""Pages whose blocks do not follow each other, and the tests that run them one by one."""
SLOW = ("gallery.md",)
LANGUAGES = {"", "python", "sh", "text", "yaml"}
DIRECTIVES = {"{toctree}"}


def of_language(language: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page) if block.language == language]


def with_python() -> list[object]:
    """Pages with Python, of which some take more than a few seconds."""
    pages = dict.fromkeys(block.page for block in of_language("python"))
    return [
        pytest.param(page, marks=pytest.mark.slow if page.name in SLOW else (), id=page.name)
        for page in pages
        if page.name not in ELSEWHERE
    ]


@pytest.mark.parametrize("page", with_python())
def test_the_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
    if "plt" in names:
        names["plt"].close("all")


def test_every_block_has_a_language_that_a_test_runs_or_checks():
    for page in PAGES:
        found = {block.language for block in blocks(page)} - DIRECTIVES
        assert found <= LANGUAGES, (page, found)


@pytest.mark.parametrize("block", of_language(""), ids=lambda block: block.where)
def test_what_is_only_indented_is_neither_a_configuration_nor_a_command_of_the_docs(block):
    """Those have a language, so that a test knows them; in the README they are commands."""
    if block.page.name == "README.md" and block.page.parent == ROOT:
        check_commands(block)
        return
    keys = "|".join(config.Config.model_fields)
    assert not re.search(rf"^({keys}):|^(genn-delays|make|python) ", block.text, re.MULTILINE)


@pytest.mark.parametrize("block", of_language("yaml"), ids=lambda block: block.where)
def test_every_configuration_of_a_page_is_one(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own_plugins.write(tmp_path)  # mine.py, which one of them names
    given = strict_yaml.parse(block.text)
    whole = {"model": {"file": "feedforward"}, "data": {"name": "sequence"}, **given}
    made = config.validated(whole)
    datasets.source(made.data.chosen, **made.data.args)


@pytest.mark.parametrize("block", of_language("sh"), ids=lambda block: block.where)
def test_every_command_of_a_page_is_one(block):
    check_commands(block)


def check_commands(block: Block) -> None:
    for line in commands(block):
        program, *arguments = shlex.split(line)
        if program in ("mkdir", "pip"):
            continue
        if program == "mpirun":  # of so many processes of what follows
            program, *arguments = arguments[2:]
        {"genn-delays": _genn_delays, "python": _python, "make": _make}[program](arguments)
        files = [word for word in arguments if word.startswith(("experiments/", "benchmarks/"))]
        assert all((ROOT / file).exists() for file in files), line


def _genn_delays(arguments: list[str]) -> None:
    command, arguments = _command(arguments)
    # refuses what it does not know; a command keeps the words for help of its first context
    command.make_context(command.name, arguments, **cli.context_settings)


def _command(arguments: list[str]) -> tuple[click.Command, list[str]]:
    """The command that these words name, and the words behind them."""
    command: click.Command = cli
    while isinstance(command, click.Group) and arguments:
        if isinstance(command, WithDefault) and arguments[0] not in command.commands:
            arguments = [command.default, *arguments]
        _, command, arguments = command.resolve_command(click.Context(command), arguments)
    return command, list(arguments)


def _python(arguments: list[str]) -> None:
    script = (ROOT / arguments[0]).read_text(encoding="utf-8")
    for option in arguments[1:]:
        assert not option.startswith("--") or f'"{option}"' in script, option


def _make(arguments: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [word for word in arguments if "=" not in word]
    assert targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_named_in_a_sentence_exist(page):
    text = page.read_text(encoding="utf-8")
    for words in re.findall(r"`genn-delays ([a-z][^`|]*)`", text):
        command, _ = _command(words.split())
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words.split() if word.startswith("--")} <= known, words
    for target in re.findall(r"`make ([a-z-]+)`", text):
        _make([target])


def test_the_page_of_the_command_line_runs_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = 0
    for block in blocks(ROOT / "docs" / "runs.md"):
        if block.language == "yaml":
            Path("first.yaml").write_text(block.text, encoding="utf-8")
        for line in commands(block) if block.language == "sh" else ():
            result = CliRunner().invoke(cli, shlex.split(line)[1:])
            assert result.exit_code == 0, (line, result.output)
            ran += 1
    assert ran >= 10


def test_the_lists_of_speech_commands_are_made_as_the_page_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = Path("GSC") / "yes"
    words.mkdir(parents=True)
    for name in ("a", "b", "c"):
        (words / f"{name}.wav").touch()
    Path("GSC/validation_list.txt").write_text("yes/a.wav\n")
    Path("GSC/testing_list.txt").write_text("yes/b.wav\n")
    page = ROOT / "experiments" / "dcls" / "README.md"
    (script,) = [b.text for b in blocks(page) if "<<'END'" in b.text]
    script = script.replace("python -", f"{shlex.quote(sys.executable)} -", 1)
    subprocess.run(["sh", "-e"], input=script, text=True, check=True)
    assert Path("GSC/train.csv").read_text().split() == ["file,class", "yes/c.wav,yes"]


LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """What its headings are called in links."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_own_data_take_ten_lines_from_arrays_to_a_saved_file(tmp_path, monkeypatch, capsys):
    block = blocks(ROOT / "docs" / "python.md")[0].text
    assert len([line for line in block.splitlines() if line]) <= 10
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    confusion = names["model"].confusion("test")
    assert np.trace(confusion) >= 0.95 * confusion.sum()
    assert confusion.sum() == 200
    assert gd.load("patterns.h5").evaluate("test", names["data"]).accuracy >= 0.95
