"""The parts of a declaration: populations, and projections between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from genn_delays.declaration import summary
from genn_delays.declaration.kernels import DelayKernel
from genn_delays.declaration.neurons import Neuron
from genn_delays.declaration.synapses import SynapseTable
from genn_delays.declaration.units import BatchNorm, UnitTable, is_position
from genn_delays.support.display import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Population(Shown):
    """Neurons of one kind.

    Attributes:
        name: unique in its network.
        neuron: the kind, with parameters that are scalar or per neuron, as declared.
        size: number of units.
        normalise: batch normalisation of the input current, or None.
        dropout: share of the units that is silenced in each training trial.
        tail: ms at the end of a trial in which the population is off.
        units: what the units can learn; training changes it in place.
        learn: names of the columns of ``units`` that training may change.
    """

    name: str
    neuron: Neuron
    size: int
    normalise: BatchNorm | None = None
    dropout: float = 0.0
    tail: float = 0.0
    units: UnitTable = field(default_factory=lambda: UnitTable(0))
    learn: tuple[str, ...] = ()

    @property
    def current_neuron(self) -> Neuron:
        """The neuron with the parameters that ``units`` holds now."""
        names = [name for name in self.neuron.learnable if name in self.units.columns]
        return self.neuron.with_values({name: self.units.columns[name] for name in names})

    @property
    def learn_in_engine(self) -> tuple[str, ...]:
        """What of ``learn`` has a gradient of its own; that of positions follows from delays."""
        return tuple(name for name in self.learn if not is_position(name))

    def _facts(self) -> Mapping[str, object]:
        return {
            "name": self.name,
            "neuron": type(self.neuron).__name__,
            "size": self.size,
            "learn": ", ".join(self.learn),
            "normalise": self.normalise,
            "dropout": self.dropout,
            "tail": self.tail,
        }


@dataclass(frozen=True, eq=False, repr=False)
class Projection(Shown):
    """Synapses from one population to another.

    Attributes:
        name: ``"pre->post"`` unless given.
        pre, post: the populations joined.
        synapses: the table of weights and delays (ms); training changes it in place.
        learn: which of ``"weight"`` and ``"delay"`` training may change.
        lag: steps that a spike takes besides its delay, 1 or 0.
        kernel: how training spreads the delays; None rounds them.
        potential: what rewiring keeps of pairs that may be joined one day, by name.
        target: input state of ``post`` that its weights are added to; None where there is one only.
    """

    name: str
    pre: Population
    post: Population
    synapses: SynapseTable
    learn: tuple[str, ...]
    lag: int = 1
    kernel: DelayKernel | None = None
    potential: dict[str, np.ndarray] = field(default_factory=dict)
    target: str | None = None

    def _facts(self) -> Mapping[str, object]:
        return {
            "name": self.name,
            "synapses": len(self.synapses),
            "weight": summary.spread(self.synapses.weight),
            "delay": summary.span(self.synapses.delay, self.synapses.max_delay),
            "learn": ", ".join(self.learn),
            "share": summary.sharing(self.synapses),
            "target": self.target,
            "kernel": self.kernel,
        }
