"""Docstrings of the package as reStructuredText: equations stay as they stand.

They are written for a terminal: Google sections, equations further in than the text around them,
``*``, ``|`` and ``x_`` for what they are. Sphinx would fold the first and mark up the others.
"""

from __future__ import annotations

import inspect
import re

SECTION = re.compile(r"^(Args|Attributes|Class attributes|Returns|Raises|Yields):$")
HIDDEN = re.compile(r"``.*?``|:[\w:]+:`[^`]+`", re.DOTALL)
"""What is marked up already."""
FIELD = re.compile(r"^(\w+(?:, \w+)*): ?(.*)$")


def escaped(text: str) -> str:
    r"""The text with what Sphinx would take for markup escaped, outside literals and roles.

    >>> escaped("a * b, ``x*`` and tau_")
    'a \\* b, ``x*`` and tau\\_'
    """
    done, start = [], 0
    for hidden in HIDDEN.finditer(text):
        done += [_escape(text[start : hidden.start()]), hidden.group()]
        start = hidden.end()
    return "".join([*done, _escape(text[start:])])


def _escape(text: str) -> str:
    return re.sub(r"([*|`\\]|(?<=\w)_(?!\w))", r"\\\1", text)


def as_rst(lines: list[str]) -> list[str]:
    """Lines of a docstring: blocks that stand further in become literal, the rest is escaped."""
    done: list[str] = []
    margin, literal, doctest = 0, False, False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        after_gap = number == 0 or not lines[number - 1].strip()
        if literal and line.strip() and indent <= margin:
            literal = False
        if not literal and line.strip():
            doctest = line.lstrip().startswith(">>>") or (doctest and not after_gap)
            if after_gap and indent > margin and not doctest and done:
                done += [" " * margin + "::", ""]
                literal = True
            else:
                margin = indent
        done.append(line if literal or doctest else escaped(line))
    return done


def summary(documented: object) -> list[str]:
    """Lines of a docstring before its first section."""
    lines = (inspect.getdoc(documented) or "").splitlines()
    ends = [number for number, line in enumerate(lines) if SECTION.match(line)]
    return lines[: ends[0]] if ends else lines


def described(documented: object) -> dict[str, str]:
    """What the sections ``Attributes`` and ``Args`` of a docstring say, by name.

    ``a, b: text`` says it of both.
    """
    found: dict[str, str] = {}
    names: list[str] = []
    inside = False
    for line in (inspect.getdoc(documented) or "").splitlines():
        if SECTION.match(line) or (line and not line.startswith(" ")):
            inside, names = line in ("Args:", "Attributes:"), []
        elif inside and line.startswith("    ") and not line.startswith("     "):
            match = FIELD.match(line.strip())
            names = match.group(1).split(", ") if match else []
            found |= {name: match.group(2) for name in names if match}
        elif inside:
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found
