"""What to cite for the methods and data of a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from genn_delays import datasets
from genn_delays.backends import get_backend
from genn_delays.declaration.network import Network
from genn_delays.experiment.config import Config
from genn_delays.experiment.model_file import build_network, cited_in
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, suggest
from genn_delays.support.references import ENTRIES, Cited
from genn_delays.training import Group, optimiser


def citations(config: Config) -> list[str]:
    """BibTeX entries of what a configuration uses, each once.

    The network is declared for one input and one output. Where that is refused, because the model
    file needs the sizes of its data, a comment in front says that what it holds is left out.
    """
    network, notes = _declared(config)
    keys = list(cited_in(config.model.file))
    for used in (*_methods(config), *_parts(network), *_updates(config, network)):
        for key in used.publications():
            if key not in ENTRIES:  # a part of the user's own
                hint = suggest(str(key), ENTRIES)
                kind = type(used).__name__
                raise ConfigError(f"{kind} cites {key!r}, which is no known key; {hint}")
            keys.append(key)
    return notes + [ENTRIES[key] for key in dict.fromkeys(keys)]


def _declared(config: Config) -> tuple[Network | None, list[str]]:
    """The network, or None with what to say about it."""
    model = config.model
    try:
        made = build_network(model.file, model.args, inputs=1, outputs=1, seed=config.training.seed)
    except GennDelaysError as error:
        why = reason(error, 300)
        return None, [f"% without the neurons and kernels of {model.file.name}: {why}"]
    return made, []


def _methods(config: Config) -> Iterator[Cited]:
    """What the configuration names, in the order of its sections."""
    training = config.training
    yield datasets.source(config.data.chosen, **config.data.args)
    yield from config.data.augment
    yield from (config.gradient, config.readout, config.loss)
    chosen = (training.sigma, training.spike_count, training.silent_rescue)
    yield from (part for part in chosen if part is not None)
    yield from (*training.regularisers, *config.rewiring)
    yield get_backend(config.backend.name)


def _parts(network: Network | None) -> Iterator[Cited]:
    """What the network is made of."""
    if network is None:
        return
    for population in network.populations.values():
        yield population.neuron
        if population.normalise is not None:
            yield population.normalise
    for projection in network.projections.values():
        if projection.kernel is not None:
            yield projection.kernel
        yield from filter(None, (tie.cited for tie in projection.synapses.ties.values()))


def _updates(config: Config, network: Network | None) -> Iterator[Cited]:
    """Update rules and schedules of what the network learns; without a network of everything."""
    made = config.optimiser
    groups: list[Group] = []
    if network is None:
        groups += [made.default(kind) for kind in optimiser.KINDS]
        groups += [made.group(name, what) for name, own in made.groups.items() for what in own]
    else:
        learn = [(p.name, p.learn) for p in network.projections.values()]
        learn += [(p.name, p.learn) for p in network.populations.values()]
        groups += [made.group(name, parameter) for name, own in learn for parameter in own]
    for group in groups:
        yield from (group.rule, *group.schedules)
