"""Configurations, metrics and lists of files that are whole and say odd things."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import yaml
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fuzz import files
from fuzz.values import Input, edited, values

DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # in C where PyYAML was built with it

YAML_TEXTS = (
    "2001-99-99",
    "2001-01-01",
    "!!int abc",
    "!!float {}",
    "!!binary '='",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!timestamp x",
    "!!python/object:object {}",
    "!unknown x",
    "{? [1] : 2}",
    "{? {a: 1} : 2}",
    "{[1]: 2}",
    "{<<: 1}",
    "{<<: [1]}",
    "&a [*a]",
    "&a {b: *a}",
    "*nowhere",
    "190:20:30",
    "0o17",
    "0b",
    "-0x",
    "1_000",
    ".inf",
    ".nan",
    "~",
    "~nobody/x",
    "'\\0'",
    '"\\uD800"',
    "[" * 200 + "]" * 200,
    "[" * 5000,
    "{a: " * 300,
    "9" * 5000,
)


@lru_cache
def _configurations() -> tuple[str, ...]:
    return tuple(json.dumps(yaml.safe_load(text)) for text in files.configurations())


def configurations() -> Input:
    """Real configurations with odd values, and odd YAML, at some of their places."""

    @st.composite
    def draw_one(draw: Any) -> tuple[str, bytes]:
        put: list[str] = []

        def place(text: str) -> str:
            put.append(text)
            return f"@{len(put) - 1}@"

        raw = st.sampled_from(YAML_TEXTS).map(place)
        tree = edited(draw(st.sampled_from(_configurations())), draw, values | raw)
        text = yaml.dump(tree, Dumper=DUMPER, sort_keys=False)
        for number, other in enumerate(put):
            text = text.replace(f"'@{number}@'", other)
        return "config.yaml", text.encode("utf-8", "surrogatepass")

    return draw_one()


LINES = (
    "",
    " ",
    "{}",
    "[]",
    "null",
    "{",
    "\ufeff",
    "\0",
    "[" * 20000,
    '{"a": ' * 5000,
    '{"epoch": ' + "9" * 5000 + "}",
    '{"epoch": 1, "epoch": 2}',
    "\ud800",
)


def metrics() -> Input:
    """Lines with odd values, and lines that are none."""
    texts = [line for some in files.metrics() for line in some.decode().splitlines()]

    @st.composite
    def line(draw: Any) -> str:
        return json.dumps(edited(draw(st.sampled_from(texts)), draw, values))

    lines = st.lists(line() | st.sampled_from(texts) | st.sampled_from(LINES), max_size=4)
    ends = st.sampled_from(("\n", "\n", "\r\n", "\r", "\u2028", ""))
    return st.builds(
        lambda some, end: ("metrics.jsonl", end.join([*some, ""]).encode("utf-8", "surrogatepass")),
        lines,
        ends,
    )


def _list() -> SearchStrategy[bytes]:
    """CSV text."""
    odd = (
        "",
        "file",
        "class",
        "a.wav",
        "b.wav",
        "low",
        '"',
        '"a',
        "\0",
        "x" * 140000,
        "/",
        "..",
        "\ud800",
    )
    field = st.sampled_from(odd) | st.text(max_size=5)
    row = st.lists(field, max_size=4).map(",".join)
    whole = st.sampled_from(
        ("file,class", "a.wav,low", "b.wav,high", "class,file", "\ufefffile,class")
    )
    rows = st.lists(row | whole, max_size=5)
    heads = st.sampled_from((["file,class"], []))
    ends = st.sampled_from(("\n", "\r\n", "\r"))
    return st.builds(
        lambda head, rest, end: end.join([*head, *rest]).encode("utf-8", "surrogatepass"),
        heads,
        rows,
        ends,
    )


def lists() -> Input:
    """CSV files of odd fields and lines."""
    return st.tuples(st.sampled_from(files.LISTS), _list())


def names() -> Input:
    """Lists of files that are there, are not, or are no names."""
    known = st.sampled_from(("yes/0.wav", "yes/1.wav", "yes/2.wav", "no/0.wav", "no/2.wav"))
    odd = st.sampled_from(("", " ", "../yes/0.wav", "/", "\ufeff", "yes/0.wav#1/2", "\0"))
    lines = st.lists(known | odd | st.text(max_size=20), max_size=6)
    ends = st.sampled_from(("\n", "\r\n", "\r"))
    content = st.builds(lambda some, end: end.join(some), lines, ends)
    encoded = content.map(lambda given: given.encode("utf-8", "surrogatepass"))
    return st.tuples(st.sampled_from(files.COMMAND_LISTS), encoded)
