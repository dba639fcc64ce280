"""No rewiring: the wiring stays as it was drawn. The baseline of every comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genn_delays.network import Network
from genn_delays.rewiring.base import Change, Now, RewiringRule

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation
    from genn_delays.backends.gradient import Gradient


@dataclass(frozen=True)
class Static(RewiringRule):
    """Drops and grows nothing."""

    def step(
        self,
        network: Network,
        gradients: Mapping[str, Gradient],
        simulation: Simulation,
        now: Now,
    ) -> dict[str, Change]:
        return {}
