"""Names of populations and projections as identifiers, for scripts and for files.

A user may call a population anything. Scripts have it as an identifier in ASCII, and the name
itself in quotes.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

LONGEST = 60
"""Characters of an identifier before what makes it unique."""


def identifiers(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """An identifier for each name, all different.

    Args:
        names: any texts, all different.
        taken: identifiers that have another meaning where these go.

    >>> identifiers(["in", "in->out", "a b", "a-b", "3d"], taken=["in_to_out"])
    {'in': 'in_2', 'in->out': 'in_to_out_2', 'a b': 'a_b', 'a-b': 'a_b_2', '3d': '_3d'}
    """
    used = {*taken, *keyword.kwlist, *keyword.softkwlist}
    found = {}
    for name in names:
        plain = re.sub(r"\W+", "_", name.replace("->", "_to_"), flags=re.ASCII)[:LONGEST] or "_"
        plain = f"_{plain}" if plain[0].isdigit() else plain
        candidate, count = plain, 1
        while candidate in used:
            count += 1
            candidate = f"{plain}_{count}"
        used.add(candidate)
        found[name] = candidate
    return found
