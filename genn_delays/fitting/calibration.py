"""gd.calibrate: scale the weights of a network so that its neurons fire at a wanted rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from genn_delays.api import compile as compile_network
from genn_delays.backends.simulation import Simulation
from genn_delays.datasets.base import Dataset, required
from genn_delays.declaration.network import Network
from genn_delays.fitting.checks import steps_of
from genn_delays.planning.events import Events
from genn_delays.planning.gradients import EventProp, GradientRule
from genn_delays.planning.readouts import Readout
from genn_delays.support.checks import is_number
from genn_delays.support.errors import DataError, NetworkError, suggest

CLOSE = 0.05
"""Relative distance from the wanted rate that is near enough."""
TRIES = 40
"""Runs of the batch for one population, at most."""
LARGEST = 2.0**30
"""Factor on weights beyond which no population is driven."""


def calibrate(
    network: Network,
    data: Dataset,
    hz: float | Mapping[str, float] = 10.0,
    *,
    dt: float = 1.0,
    batch_size: int = 32,
    gradient: GradientRule | None = None,
    readout: Readout | None = None,
    discretisation: str = "exact",
    backend: str = "auto",
    threads: int | None = None,
) -> dict[str, float]:
    """Scale the weights into each spiking population until it fires at a rate, on one batch.

    Populations come in the order in which input reaches them. All weights into one are multiplied
    by the same number, so that signs and ratios stay.

    Args:
        network: changed in place.
        data: the first ``batch_size`` trials of ``train`` are the batch.
        hz: wanted mean rate in spikes per second, of all spiking populations or by name.
        dt, gradient, readout, discretisation, backend, threads: see :func:`genn_delays.compile`.

    Returns:
        The rate of each of these populations at the end, in Hz.

    Raises:
        NetworkError: no such population, or one that no weights drive to its rate; its weights are
            as they were.
    """
    if not isinstance(data, Dataset):
        raise DataError(f"calibrate(): {type(data).__name__} given; give a gd.Dataset")
    trials = required(data, "train")
    batch = trials.batch(np.arange(min(batch_size, len(trials))))
    with compile_network(
        network,
        gradient=gradient or EventProp(),
        readout=readout,
        dt=dt,
        steps=steps_of(data.duration, dt),
        batch_size=batch.trials,
        backend=backend,
        discretisation=discretisation,
        threads=threads,
    ) as simulation:
        wanted = _wanted(network, simulation, hz)
        for name, rate in wanted.items():
            _Population(network, simulation, batch, name).drive(rate)
        simulation.load(network)
        simulation.forward(batch, training=False)
        return {name: _rate(simulation, name) for name in wanted}


def _wanted(
    network: Network, simulation: Simulation, hz: float | Mapping[str, float]
) -> dict[str, float]:
    """Rates by population, in the order of execution."""
    plan = simulation.plan
    order = [plan.populations[k] for c in plan.components for k in c.populations]
    spiking = [p.name for p in order if p.is_spiking]
    for name in hz if isinstance(hz, Mapping) else ():
        if name not in spiking:
            raise NetworkError(f"calibrate(): {name!r} never spikes; {suggest(name, spiking)}")
    rates = hz if isinstance(hz, Mapping) else dict.fromkeys(spiking, hz)
    for name, rate in rates.items():
        if not (is_number(rate) and 0 < rate * plan.dt / 1000.0 < 1):
            raise NetworkError(
                f"calibrate(): {rate!r} Hz for {name!r}; give > 0 and less than a spike per step"
            )
    return {name: float(rates[name]) for name in spiking if name in rates}


def _rate(simulation: Simulation, name: str) -> float:
    """Spikes per second and neuron in the last batch."""
    plan = simulation.plan
    return float(simulation.spike_counts(name).mean() / (plan.steps * plan.dt) * 1000.0)


class _Population:
    """One population with the tables of the synapses that lead to it."""

    def __init__(self, network: Network, simulation: Simulation, batch: Events, name: str) -> None:
        self.network, self.simulation, self.batch, self.name = network, simulation, batch, name
        into = [p.synapses for p in network.projections.values() if p.post.name == name]
        self.tables = [(table, table.weight.copy()) for table in into]

    def at(self, factor: float) -> float:
        """The rate with all weights times a factor."""
        for table, weight in self.tables:
            table.weight[:] = factor * weight
        self.simulation.load(self.network)
        self.simulation.forward(self.batch, training=False)
        return _rate(self.simulation, self.name)

    def drive(self, hz: float) -> None:
        """Scale the weights until the rate is near ``hz``, or as near as the batch can tell."""
        low, high, rate = 0.0, np.inf, self.at(1.0)
        factor, best = 1.0, (abs(rate - hz), 1.0)
        for _ in range(TRIES):
            if best[0] <= CLOSE * hz:
                break
            low, high = (factor, high) if rate < hz else (low, factor)
            factor = 2.0 * low if np.isinf(high) else (low + high) / 2.0
            if factor > LARGEST:
                break
            rate = self.at(factor)
            best = min(best, (abs(rate - hz), factor))
        if best[0] > hz / 2.0:
            self.at(1.0)
            raise NetworkError(
                f"calibrate(): no weights make {self.name!r} fire at {hz:g} Hz, the nearest is "
                f"{best[0]:.3g} Hz off; are they all <= 0, or its input empty?"
            )
        self.at(best[1])
