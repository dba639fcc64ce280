"""YAML without its traps: a key given twice, ``1e-3`` read as text, texts that explode or nest.

What is read are plain values: mappings, lists, texts, numbers, truth values and null. A date is a
text. Whatever else a text holds is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from math import isfinite
from pathlib import Path
from typing import Any

import yaml

from genn_delays.support.errors import ConfigError, reason, short

# YAML 1.1, which PyYAML reads, wants a dot and a sign in the exponent: 1.0e-3
_FLOAT = re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$")
_OTHER_BASE = re.compile(r"[-+]?(?:0[0-7_]+|\d[\d_]*(?::\d+)+(?:\.[\d_]*)?)")
"""Numbers that YAML 1.1 does not read as decimal, though they look it."""
_TAG = "tag:yaml.org,2002:"
_PLAIN = ("null", "bool", "int", "float", "str", "seq", "map")

LONGEST = 1 << 20
"""Characters of a text; a configuration has a few thousand."""
DEEPEST = 50
"""Lists and mappings within each other."""
MOST = 100_000
"""Values, each counted as often as aliases repeat it."""
LARGEST = 2**63 - 1
"""Whole numbers, as files and engines keep them."""


class _Loader(yaml.SafeLoader):
    """SafeLoader that makes plain values only and refuses duplicate keys."""

    depth = 0
    yaml_constructors = {  # noqa: RUF012 - as the base class has it
        tag: make
        for tag, make in yaml.SafeLoader.yaml_constructors.items()
        if tag is None or tag.removeprefix(_TAG) in _PLAIN
    }
    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in found if tag != _TAG + "timestamp"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > DEEPEST:
            line = self.peek_event().start_mark.line + 1
            raise ConfigError(f"line {line}: nested more than {DEEPEST} levels deep; flatten it")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except (ConfigError, yaml.YAMLError):
            raise
        except Exception as error:  # a value that is not what its tag says
            raise ConfigError(
                f"{_line(node)}{_short(node.value)} is no {node.tag.removeprefix(_TAG)} "
                f"({reason(error, 60)})"
            ) from None
        if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise ConfigError(
                f"{_line(node)}{_short(value)} holds half a character; write it whole"
            )
        if isinstance(value, int | float) and _OTHER_BASE.fullmatch(node.value):
            raise ConfigError(
                f"{_line(node)}YAML 1.1 reads {_short(node.value)} as {value}: digits after 0 are "
                "octal, those after a colon count sixtieths; write a decimal number"
            )
        if isinstance(value, int) and abs(value) > LARGEST:
            raise ConfigError(
                f"{_line(node)}{_short(node.value)} is too large; whole numbers go up to {LARGEST}"
            )
        if isinstance(value, float) and not isfinite(value) and "." not in node.value[-4:]:
            raise ConfigError(f"{_line(node)}{_short(node.value)} is too large for a number")
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[str, int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            # keys that a merge (<<) brings in may be overridden: that is its purpose
            if key.tag == _TAG + "merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(f"{_line(key)}a key is a text, not a list or a mapping")
            if key.value in seen:
                raise ConfigError(
                    f"{_line(key)}key {_short(key.value)} is given twice, first in line "
                    f"{seen[key.value]}; remove one of them"
                )
            seen[key.value] = key.start_mark.line + 1
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(_TAG + "float", _FLOAT, list("-+.0123456789"))


def parse(text: str) -> Any:
    """The value that a YAML text stands for.

    Raises:
        ConfigError: not YAML, a key given twice, or more or other values than a configuration
            has, with the line.

    >>> parse("{lr: 1e-3, name: adam}")
    {'lr': 0.001, 'name': 'adam'}
    """
    if len(text) > LONGEST:
        raise ConfigError(f"longer than {LONGEST} characters; this is no configuration")
    try:
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _count(node, {})
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"{line}not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {reason(error)}") from None


def read_text(path: Path) -> str:
    """The text of a file that a user wrote, for :func:`parse`.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST + 1)  # a device may have no end
    except OSError as error:
        raise ConfigError(f"cannot be read: {reason(error)}") from None
    except UnicodeDecodeError:
        raise ConfigError("cannot be read: it is not UTF-8 text") from None


def dump(value: Any) -> str:
    """The YAML text of plain values, keys in their order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def _count(node: yaml.Node, counts: dict[int, int]) -> int:
    """Values below a node, aliases followed; ConfigError for too many, or a value within itself."""
    if (known := counts.get(id(node))) is not None:
        if not known:
            raise ConfigError(f"{_line(node)}this holds itself through an alias; write it out")
        return known
    counts[id(node)] = 0
    parts = node.value if isinstance(node, yaml.CollectionNode) else ()
    flat = (
        [each for pair in parts for each in pair] if isinstance(node, yaml.MappingNode) else parts
    )
    total = 1 + sum(_count(part, counts) for part in flat)
    if total > MOST:
        raise ConfigError(f"{_line(node)}more than {MOST} values, aliases counted; write fewer")
    counts[id(node)] = total
    return total


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}: "


def _short(value: object) -> str:
    """At most 60 characters of a value."""
    return short(repr(value), 60)
