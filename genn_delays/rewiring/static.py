"""No rewiring: the wiring stays as it was drawn. The baseline of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from genn_delays.rewiring.base import Change, RewiringRule
from genn_delays.rewiring.context import Context


@dataclass(frozen=True)
class Static(RewiringRule):
    """Drops and grows nothing."""

    cites: ClassVar[tuple[str, ...]] = ()

    def step(self, context: Context) -> dict[str, Change]:
        return {}
