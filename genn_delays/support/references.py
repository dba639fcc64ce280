"""The publications that methods and data come from, as BibTeX, and the base of what cites them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar


class Cited:
    """Base of what a configuration can use and a publication may describe.

    Class attributes:
        cites: keys of :data:`ENTRIES`; () where there is nothing to cite.
    """

    cites: ClassVar[tuple[str, ...]] = ()

    def publications(self) -> tuple[str, ...]:
        """Keys of what to cite for this very object."""
        return self.cites


def _entries(text: str) -> dict[str, str]:
    """Entries by their key; a blank line ends one."""
    found = {}
    for entry in text.strip().split("\n\n"):
        key = re.match(r"@[a-z]+\{([a-z0-9]+),\n", entry)
        if key is None:
            raise ValueError(f"references.bib: no entry begins with {entry[:40]!r}")
        found[key.group(1)] = entry
    return found


ENTRIES = _entries(Path(__file__).with_name("references.bib").read_text(encoding="utf-8"))
"""BibTeX by key."""
