"""``genn-delays estimate``: what a configuration costs, before anything is built."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from genn_delays.backends import get_backend
from genn_delays.backends.native import Native
from genn_delays.backends.native.memory import estimate as estimate_memory
from genn_delays.cli.arguments import config_argument, set_option
from genn_delays.cli.data_memory import describe_data, mib
from genn_delays.datasets import Split
from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Input
from genn_delays.experiment.config import Config, load_config
from genn_delays.experiment.experiment import load_dataset, make_network, plan_of
from genn_delays.planning.plan import Plan
from genn_delays.support.cores import available_cores

NAMES = {"weights": "weights", "delays": "delays", "units": "of units", "positions": "positions"}


@click.command()
@config_argument
@set_option
def estimate(config: Path, overrides: tuple[str, ...]) -> None:
    """Tell what a configuration takes: memory, synapses and synaptic events.

    Nothing is compiled. Events are those of the training split, which is made first if it has
    to be. Memory is that of the simulation while training, where more than 32 spikes per neuron
    and trial need more; and that of the events and of the batches on their way.
    """
    loaded = load_config(config, overrides)
    dataset = load_dataset(loaded)
    network = make_network(loaded, dataset)
    plan = plan_of(loaded, dataset, network)
    lines = [*_sizes(plan, network), *_events(network, dataset.train)]
    lines += _memory(loaded, plan, network, dataset.train)
    lines += describe_data(dataset, plan.batch_size, bool(loaded.data.augment))
    click.echo("\n".join(lines))


def _sizes(plan: Plan, network: Network) -> list[str]:
    synapses = {name: len(p.synapses) for name, p in network.projections.items()}
    parameters = network.parameters().items()
    return [
        f"trial: {plan.steps} steps of {plan.dt:g} ms, {plan.batch_size} in a batch",
        "neurons: " + ", ".join(f"{p.name} {p.size:,}" for p in plan.populations),
        f"synapses: {sum(synapses.values()):,}",
        *(f"  {name}: {count:,}" for name, count in synapses.items()),
        "parameters: " + ", ".join(f"{count:,} {NAMES[what]}" for what, count in parameters),
    ]


def _events(network: Network, split: Split) -> list[str]:
    synaptic = synaptic_events(network, split)
    return [
        f"input events per trial: {split.offset[-1] / len(split):,.1f}",
        f"synaptic events per trial: {sum(synaptic.values()):,.0f}, those of other spikes apart",
        *(f"  {name}: {count:,.0f}" for name, count in synaptic.items()),
    ]


def synaptic_events(network: Network, split: Split) -> dict[str, float]:
    """Mean over trials of input events times out-degree, by projection from an input."""
    events = {}
    inputs = [p for p in network.populations.values() if isinstance(p.neuron, Input)]
    of_unit = split.unit_counts(max(population.size for population in inputs))
    for name, projection in network.projections.items():
        if isinstance(projection.pre.neuron, Input):
            size = projection.pre.size
            out_degree = np.bincount(projection.synapses.pre, minlength=size)
            events[name] = float(of_unit[:size] @ out_degree) / len(split)
    return events


def _memory(config: Config, plan: Plan, network: Network, split: Split) -> list[str]:
    backend = get_backend(config.backend.name)
    if not isinstance(backend, Native):
        return [f"memory: not known beforehand for the backend {backend.name!r}"]
    parts = estimate_memory(
        plan,
        network,
        threads=config.backend.threads or available_cores(),
        events_per_trial=split.offset[-1] / len(split),
        graded=split.graded,
    )
    total = sum(parts.values())
    return [f"memory: {mib(total)}", *(f"  {name}: {mib(size)}" for name, size in parts.items())]
