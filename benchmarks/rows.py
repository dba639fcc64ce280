"""The rows of the comparison: sizes, input and activity, and the networks that have them.

=============  ==========================  =====  ======================  =======================
row            sizes                       steps  delays (steps)          input of a trial
=============  ==========================  =====  ======================  =======================
A              700-512-20                  1,000  to 63                   8,000 spikes
B64 ... B512   700-256-256-20              1,127  to 64, 128, 256, 512    8,000 spikes
C              140-256-256-20              100    25 taps (DCLS)          8,000 spikes
D ... D998     40-256-20                   100    25 taps (FCN24)         graded, 40 per step
E              700-512 recurrent-20        1,000  to 63                   8,000 spikes
=============  ==========================  =====  ======================  =======================

D is dense, D90, D99 and D998 have 10, 1 and 0.2 % of its synapses. Weights are such that a hidden
neuron fires about 20 times a second in A, B and E (steps of 1 ms), and 2 to 10 times within the 100
steps of C and D (10 ms), as trained networks do: what an engine of events takes follows from it.

The surrogate rule trains the same network with rounded delays, except in C and D, where it trains
the published network, which has batch normalisation, dropout and a delay kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

import genn_delays as gd
from genn_delays.experiment.model_file import build_network

MODELS = Path(__file__).parents[1] / "models"
NARROW = 0.23
"""Width in steps that the delay kernels of the published networks end with."""
RATE, RATE_DELAY = 1e-6, 1e-4
"""Learning rates, that of delays in steps: so low that activity stays as it is declared."""


@dataclass(frozen=True)
class Row:
    """A network, its input and its batch.

    Attributes:
        title: for the tables.
        model: file that builds the network of EventProp.
        sizes: units of all layers, from the input to the readout.
        steps: of a trial.
        max_delay: largest delay in steps.
        batch: trials of a training step.
        args: of the model: time constants in ms, and weights (mean, standard deviation).
        spikes: input spikes of a trial; 0 for graded input, a value per unit and step.
        dt: ms of a step.
        density: share of the pairs between two layers that is joined.
        published: file of the network that the surrogate rule trains, if it is another one.
        bias: of its batch normalisation. At the published 0 a neuron of C would fire at one step
            in six.
    """

    title: str
    model: str
    sizes: tuple[int, ...]
    steps: int
    max_delay: int
    batch: int
    args: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    spikes: int = 8000
    dt: float = 1.0
    density: float = 1.0
    published: str | None = None
    bias: float = 0.0

    @property
    def recurrent(self) -> bool:
        """Whether the hidden layer is connected to itself."""
        return self.model == "recurrent"

    @property
    def sides(self) -> dict[str, str | None]:
        """Who takes part; for a side of this package, the baseline that does the same."""
        if self.recurrent:
            both = {"eventprop": "delayed", "surrogate": "delayed"}
            return {"delayed": None, "undelayed": None, **both}
        if self.published is None:
            return {"plain": None, "eventprop": "plain", "surrogate": "plain"}
        ours = {"surrogate": "published", "surrogate_narrow": "published"}
        return {"plain": None, "published": None, "eventprop": "plain", **ours}


# means of the weights into both hidden layers: with long delays less arrives within a trial
_B = {64: (0.0307, 0.0447), 128: (0.0309, 0.0447), 256: (0.0319, 0.0428), 512: (0.0346, 0.0485)}
_SLOW = {"tau_mem": 100.0, "tau_syn": 20.0, "output_delays": True}


def _b(max_delay: int) -> Row:
    first, second = _B[max_delay]
    return Row(
        f"700-256-256-20, delays to {max_delay}",
        *("feedforward", (700, 256, 256, 20), 1127, max_delay, 8 if max_delay < 256 else 4),
        {"weight_input": (first, 0.01), "weight_hidden": (second, 0.03)},
    )


def _d(density: float) -> Row:
    kind = "dense" if density == 1.0 else f"{100 - 100 * density:.3g} % sparse"
    return Row(
        f"40-256-20 graded, {kind}",
        *("feedforward", (40, 256, 20), 100, 24, 256),
        _SLOW | {"weight_input": (0.0, 0.045), "compensate": True},
        spikes=0,
        dt=10.0,
        density=density,
        published="spatiotemporal",
    )


ROWS: dict[str, Row] = {
    "A": Row(
        "700-512-20, delays to 63",
        *("feedforward", (700, 512, 20), 1000, 63, 16),
        {"weight_input": (0.028, 0.01)},
    ),
    **{f"B{max_delay}": _b(max_delay) for max_delay in _B},
    "C": Row(
        "140-256-256-20, 25 taps",
        *("feedforward", (140, 256, 256, 20), 100, 24, 128),
        _SLOW | {"weight_input": (0.009, 0.003), "weight_hidden": (0.043, 0.043)},
        dt=10.0,
        published="dcls",
        bias=-0.5,
    ),
    **{f"D{name}": _d(d) for name, d in {"": 1.0, "90": 0.1, "99": 0.01, "998": 0.002}.items()},
    "E": Row(
        "700-512 recurrent-20, delays to 63",
        *("recurrent", (700, 512, 20), 1000, 63, 2),
        {"weight_input": (0.028, 0.01), "weight_recurrent": (0.0, 0.02)},
    ),
}


def network(row: Row) -> gd.Network:
    """The network that EventProp trains, delays drawn from all that are allowed."""
    longest = row.max_delay * row.dt
    args = dict(row.args) | {"max_delay": longest, "density": row.density}
    if row.recurrent:
        args |= {"hidden": row.sizes[1]} | dict.fromkeys(
            ("delay_input", "delay_recurrent"), (0.0, longest)
        )
    else:
        args["hidden"] = row.sizes[1:-1]
    return _build(row, row.model, args)


def published_network(row: Row, sigma: float | None) -> gd.Network:
    """The published network, with delay kernels of this width or, None, with rounded delays."""
    assert row.published is not None
    args: dict[str, Any] = {"hidden": row.sizes[1], "layers": len(row.sizes) - 2}
    args |= {"max_delay": row.max_delay * row.dt, "step": row.dt, "density": row.density}
    args |= {"kernel": "none"} if sigma is None else {"sigma": sigma}
    net = _build(row, row.published, args)
    for population in net.populations.values():
        if population.normalise is not None:
            population.units.columns["bias"][:] = row.bias
    return net


def _build(row: Row, model: str, args: Mapping[str, Any]) -> gd.Network:
    inputs, outputs = row.sizes[0], row.sizes[-1]
    return build_network(MODELS / f"{model}.py", args, inputs=inputs, outputs=outputs, seed=1)


def duration(net: gd.Network, row: Row) -> int:
    """Steps of a trial of this network: the row's, and the padding that some layers live longer."""
    tails = max(p.tail for p in net.populations.values())
    padding = row.max_delay * row.dt / 2.0 if tails else 0.0
    return row.steps + round((tails + padding) / row.dt)


def events(row: Row, trials: int, seed: int = 1) -> gd.Events:
    """The input of a batch, sorted and in the types that data sets hand out.

    Made in little more memory than it takes: what a process had at most is what is reported.
    """
    rng, units, steps = np.random.default_rng(seed), row.sizes[0], row.steps
    moments = (np.arange(steps) * row.dt).astype(np.float32)
    if not row.spikes:
        values: np.ndarray = np.empty((trials, units, steps), np.float32)
        for value in values:
            value[...] = 20.0 * rng.standard_normal(value.shape)
        unit = np.repeat(np.arange(units, dtype=np.int32), steps)
        trial = np.repeat(np.arange(trials, dtype=np.int32), units * steps)
        time = np.tile(moments, trials * units)
        return gd.Events(time, np.tile(unit, trials), trial, trials, values.ravel())
    total = row.spikes * trials
    unit = rng.integers(0, units, total).astype(np.int32)
    step = rng.integers(0, steps, total).astype(np.int32)
    for k in range(0, total, row.spikes):
        place = np.sort(unit[k : k + row.spikes] * steps + step[k : k + row.spikes])
        unit[k : k + row.spikes], step[k : k + row.spikes] = np.divmod(place, steps)
    trial = np.repeat(np.arange(trials, dtype=np.int32), row.spikes)
    return gd.Events(moments[step], unit, trial, trials)


def frames(row: Row, given: gd.Events) -> np.ndarray:
    """The same input as an array, (trials, units, steps), float32."""
    dense = np.zeros((given.trials, row.sizes[0], row.steps), np.float32)
    step = np.rint(given.time / row.dt).astype(np.int64)
    np.add.at(dense, (given.trial, given.unit, step), 1.0 if given.value is None else given.value)
    return dense


def labels(row: Row, trials: int) -> np.ndarray:
    """Classes of a batch."""
    return np.arange(trials) % row.sizes[-1]
