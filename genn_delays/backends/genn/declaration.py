"""What is handed to PyGeNN, as one value: its hash names the compiled model in the cache."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from genn_delays.backends.genn import codegen
from genn_delays.backends.genn.availability import CPU
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.backends.genn.snippets import NeuronSnippet, SynapseSnippet
from genn_delays.planning.plan import Plan

HEADROOM = 1.5
"""A row of a sparse projection has room for this many times its longest row, so that rewiring
can go on without a new model, and never for more than all postsynaptic neurons."""


@dataclass(frozen=True)
class NeuronGroup:
    """A neuron group; names are those of GeNN, which allows no more than C does."""

    name: str
    size: int
    snippet: NeuronSnippet


@dataclass(frozen=True)
class SynapseGroup:
    """A synapse group of ragged rows.

    Attributes:
        row: room of each row.
        max_delay_steps: largest delay, in steps of the model.
        learn: what Adam updates.
    """

    name: str
    source: str
    target: str
    row: int
    max_delay_steps: int
    snippet: SynapseSnippet
    learn: tuple[str, ...] = ()

    @property
    def slots(self) -> int:
        """Steps of the ring of arrivals: delays from 0 to the largest, and never fewer than 2.

        GeNN 5.4 cannot generate code for a batch where a dendritic delay has one slot only.
        """
        return max(self.max_delay_steps, 1) + 1


@dataclass(frozen=True)
class Declaration:
    """A whole GeNN model.

    Attributes:
        precision: GeNN's name of ``scalar``.
        dt: ms.
        batch_size: trials that run side by side.
    """

    precision: str
    dt: float
    batch_size: int
    neurons: tuple[NeuronGroup, ...]
    synapses: tuple[SynapseGroup, ...]

    def digest(self, *parts: str) -> str:
        """Content hash of everything that GeNN's code depends on, and of ``parts``."""
        return hashlib.sha256(repr((self, parts)).encode()).hexdigest()[:32]


def declare(
    plan: Plan,
    rows: list[int],
    batch_size: int,
    learn: list[tuple[str, ...]],
    keeps: bool = False,
) -> Declaration:
    """The model that trains a plan.

    Args:
        plan: what to run.
        rows: by projection, the room of a row of synapses.
        batch_size: trials that run side by side; 1 on GeNN's CPU backend.
        learn: by projection, the parameters that Adam updates on the device, often none.
        keeps: the adjoint of the input of every neuron and step stays on the device.
    """
    neurons = tuple(
        NeuronGroup(f"population{k}", p.size, codegen.neuron(plan, k, keeps))
        for k, p in enumerate(plan.populations)
    )
    extras = schedule_of(plan).extras
    synapses = tuple(
        SynapseGroup(
            name=f"projection{k}",
            source=neurons[p.pre].name,
            target=neurons[p.post].name,
            row=rows[k],
            max_delay_steps=p.max_delay_steps + extras[k],
            snippet=codegen.synapse(plan, k),
            learn=learn[k],
        )
        for k, p in enumerate(plan.projections)
    )
    precision = {"float32": "float", "float64": "double"}[plan.precision]
    return Declaration(precision, plan.dt, batch_size, neurons, synapses)


def width_of(plan: Plan, backend: str) -> int:
    """Trials that run side by side: GeNN's CPU backend knows no batches."""
    return 1 if backend == CPU else plan.batch_size


def row_room(longest: int, post_size: int) -> int:
    """Room of each row of a projection whose longest row has ``longest`` synapses."""
    wanted = int(longest * HEADROOM) + 1
    return max(longest, min(wanted, post_size), 1)
