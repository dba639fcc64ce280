"""Odd values, and trees of values with odd ones in some places, drawn by hypothesis."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Input = SearchStrategy[tuple[str, bytes]]
"""Draws the name of a file that is replaced, and what stands in it."""

Place = tuple[Any, ...]
"""Keys and indices from the root of nested lists and mappings."""

NUMBERS = (0, 1, -1, 2, 0.5, -0.0, 1e-300, 1e300, 255, 256, 2**31, 2**32, 2**53 + 1, 2**63, 2**64)
NUMBERS = (*NUMBERS, 10**11, 10**400, float("nan"), float("inf"), -float("inf"))
WORDS = (
    "",
    "a",
    "adam",
    "nan",
    "1e3",
    "true",
    "null",
    "\0",
    "\u00e9\u2028",
    "x" * 300,
    "../x",
    "{}",
)
scalars: SearchStrategy[Any] = st.one_of(
    st.sampled_from([*NUMBERS, *WORDS, None, True, False]),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=8),
)
keys = st.text(max_size=4)
values: SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


@lru_cache
def _places(text: str) -> tuple[Place, ...]:
    """All places of a JSON text but its root."""
    found: list[Place] = []

    def walk(node: Any, place: Place) -> None:
        members = enumerate(node) if isinstance(node, list) else node.items()
        for key, member in members:
            found.append((*place, key))
            if isinstance(member, list | dict):
                walk(member, (*place, key))

    walk(json.loads(text), ())
    return tuple(found)


def edited(text: str, draw: Any, drawn: SearchStrategy[Any]) -> Any:
    """The value of a JSON text with something else in one to three places, or nothing there.

    Args:
        draw: of hypothesis.
        drawn: draws what is put there, and as a new key beside it.
    """
    tree = json.loads(text)
    for place in draw(st.lists(st.sampled_from(_places(text)), min_size=1, max_size=3)):
        node = tree
        try:
            for key in place[:-1]:
                node = node[key]
            action = draw(st.sampled_from(("set", "set", "set", "add", "delete")))
            if action == "delete":
                del node[place[-1]]
            elif action == "add" and isinstance(node, dict):
                node[draw(st.text(max_size=5))] = draw(drawn)
            else:
                node[place[-1]] = draw(drawn)
        except (KeyError, IndexError, TypeError):
            continue  # an edit before has taken the place away
    return tree
