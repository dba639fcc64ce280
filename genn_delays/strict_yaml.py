"""YAML without its two traps: a key given twice, and ``1e-3`` read as text."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from genn_delays.errors import ConfigError

# YAML 1.1, which PyYAML reads, wants a dot and a sign in the exponent: 1.0e-3
_FLOAT = re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$")


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: dict[Any, int] = {}
        for key, _ in node.value:
            # keys that a merge (<<) brings in may be overridden: that is its purpose
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(
                    f"line {line}: key {key.value!r} is given twice, first in line "
                    f"{seen[key.value]}; remove one of them"
                )
            seen[str(key.value)] = line
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))


def parse(text: str) -> Any:
    """The value that a YAML text stands for.

    Raises:
        ConfigError: not YAML, or a key given twice, with the line.

    >>> parse("{lr: 1e-3, name: adam}")
    {'lr': 0.001, 'name': 'adam'}
    """
    try:
        return yaml.load(text, Loader=_Loader)  # a SafeLoader: it makes plain values only
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise ConfigError(f"{line}not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {str(error).splitlines()[0]}") from None


def dump(value: Any) -> str:
    """The YAML text of plain values, keys in their order."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)
