"""What to cite for the methods and data of a configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from genn_delays import datasets
from genn_delays.backends import get_backend
from genn_delays.declaration.network import Network
from genn_delays.experiment import checkpoint
from genn_delays.experiment.config import Config
from genn_delays.experiment.model_file import build_network, cited_in
from genn_delays.experiment.recipe import Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, suggest
from genn_delays.support.references import ENTRIES, Cited
from genn_delays.training import Group, optimiser


def citations(
    config: Config, network: Network | None = None, backend: str | None = None
) -> list[str]:
    """BibTeX entries of what a configuration uses, each once.

    Where a declaration for one input and one output is refused, because the model file needs the
    sizes of its data, a comment in front says that what it holds is left out.

    Args:
        config: complete.
        network: of a run; by default declared for one input and one output.
        backend: that a run had; by default the one that the configuration would get here.
    """
    notes: list[str] = []
    if network is None:
        network, notes = _declared(config)
    data = datasets.source(config.data.chosen, **config.data.args)
    keys = [*cited_in(config.model.file), *_known(data, data.publications_in(config.data.path))]
    used = (*_methods(config, backend), *parts_of(network), *_updates(config, network))
    return notes + entries([*keys, *keys_of(used)])


def citations_of_run(folder: RunFolder) -> list[str]:
    """BibTeX entries of what a run uses: its own network, data and backend."""
    config = folder.with_own_model(folder.load_config())
    saved = folder.best if folder.best.is_file() else folder.checkpoint
    network = checkpoint.load(saved).network if saved.is_file() else None
    backend = folder.read_summary().get("backend") if folder.summary.is_file() else None
    return citations(config, network, backend)


def citations_of_model(network: Network, recipe: Recipe) -> list[str]:
    """BibTeX entries of a model that was saved, which does not tell how it was optimised."""
    data = recipe.source()
    used = (*([data] if data else []), recipe.gradient, recipe.readout, recipe.loss)
    note = "% without optimiser, schedules, regularisers and rewiring, which the file does not tell"
    return [note, *entries(keys_of((*used, *parts_of(network))))]


def keys_of(used: Iterable[Cited]) -> list[str]:
    """The keys that these cite.

    Raises:
        ConfigError: a part of the user's own cites a key that is not known.
    """
    return [key for each in used for key in _known(each, each.publications())]


def _known(used: Cited, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if key not in ENTRIES:  # a part of the user's own
            hint = suggest(str(key), ENTRIES)
            raise ConfigError(f"{type(used).__name__} cites {key!r}, which is no known key; {hint}")
        yield key


def entries(keys: Iterable[str]) -> list[str]:
    """BibTeX of keys, each once."""
    return [ENTRIES[key] for key in dict.fromkeys(keys)]


def _declared(config: Config) -> tuple[Network | None, list[str]]:
    """The network, or None with what to say about it."""
    model = config.model
    try:
        made = build_network(model.file, model.args, inputs=1, outputs=1, seed=config.training.seed)
    except GennDelaysError as error:
        why = reason(error, 300)
        return None, [f"% without the neurons and kernels of {model.file.name}: {why}"]
    return made, []


def _methods(config: Config, backend: str | None) -> Iterator[Cited]:
    """What the configuration names, in the order of its sections."""
    training = config.training
    yield from config.data.augment
    yield from (config.gradient, config.readout, config.loss)
    chosen = (training.sigma, training.spike_count, training.silent_rescue)
    yield from (part for part in chosen if part is not None)
    yield from (*training.regularisers, *config.rewiring)
    yield get_backend(backend or config.backend.name)


def parts_of(network: Network | None) -> Iterator[Cited]:
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
