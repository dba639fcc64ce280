"""From a configuration to the objects that run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from genn_delays import api, datasets
from genn_delays.backends import get_backend, learning_backend
from genn_delays.backends.base import Simulation
from genn_delays.datasets import Dataset
from genn_delays.datasets.base import Sizes
from genn_delays.declaration.network import Network
from genn_delays.experiment.config import Config
from genn_delays.experiment.model_file import build_network
from genn_delays.experiment.network_file import check_names
from genn_delays.parallel import ALONE, Ranks
from genn_delays.parallel.devices import take_device
from genn_delays.parallel.simulation import SharedSimulation, check_shareable, own_batch
from genn_delays.planning.plan import Plan, make_plan
from genn_delays.planning.timing import MAX_STEPS, duration_to_steps
from genn_delays.rewiring import Rewiring
from genn_delays.support.errors import ConfigError
from genn_delays.training import Trainer, TrainerState
from genn_delays.training.on_device import OnDevice
from genn_delays.training.trainer import check_parts


@dataclass(frozen=True, eq=False)
class Experiment:
    """What a configuration describes, ready to run."""

    config: Config
    dataset: Dataset
    network: Network
    simulation: Simulation
    trainer: Trainer


def load_dataset(config: Config) -> Dataset:
    """The data set of a configuration, which may have to be made first."""
    data = config.data
    return datasets.load(data.chosen, dt=config.training.dt, path=data.path, **data.args)


def make_network(config: Config, dataset: Dataset) -> Network:
    """The network of a configuration before training."""
    return _network(config, dataset.units, dataset.classes or dataset.train.labels.shape[-1])


def _network(config: Config, inputs: int, outputs: int) -> Network:
    model, seed = config.model, config.training.seed
    return build_network(model.file, model.args, inputs=inputs, outputs=outputs, seed=seed)


def steps_of(config: Config, dataset: Dataset | Sizes) -> int:
    """Steps of a trial.

    Raises:
        ConfigError: more than the engine can count.
    """
    duration, dt = config.training.duration or dataset.duration, config.training.dt
    if not duration / dt < MAX_STEPS:
        raise ConfigError(
            f"training: {duration:g} ms in steps of dt = {dt:g} ms are more than {MAX_STEPS} steps"
        )
    return max(1, duration_to_steps(duration, dt))


def _plan_arguments(config: Config, dataset: Dataset | Sizes) -> dict[str, Any]:
    training = config.training
    return {
        "gradient": config.gradient,
        "readout": config.readout,
        "dt": training.dt,
        "steps": steps_of(config, dataset),
        "batch_size": training.batch_size,
        "precision": training.precision,
        "discretisation": training.discretisation,
    }


def plan_of(config: Config, dataset: Dataset | Sizes, network: Network) -> Plan:
    """The plan alone, with nothing allocated or compiled."""
    return make_plan(network, **_plan_arguments(config, dataset))


def _parts(config: Config) -> dict[str, Any]:
    """What the trainer needs that is made from the configuration alone."""
    training = config.training
    return {
        "loss": config.loss,
        "optimiser": config.optimiser,
        "epochs": training.epochs,
        "batch_size": training.batch_size,
        "seed": training.seed,
        "augmentations": config.data.augment,
        "regularisers": [
            *([training.spike_count] if training.spike_count else []),
            *training.regularisers,
        ],
        "rescue": training.silent_rescue,
        "narrowing": training.sigma,
        "rewiring": config.rewiring,
        "early_stopping": training.early_stopping,
    }


def check_callbacks(config: Config) -> None:
    """Raise ConfigError where a callback cannot work here."""
    for callback in config.callbacks:
        callback.check_available()


def check_declared(config: Config) -> bool:
    """Declare and plan the network for the sizes that the data set is declared with.

    Reads no data, compiles nothing and asks for no backend that would have to be installed.

    Returns:
        False where the sizes are not known before the data are read: nothing was checked.
    """
    sizes = datasets.source(config.data.chosen, **config.data.args).sizes()
    if sizes is None:
        return False
    network = _network(config, sizes.units, sizes.classes)
    check_names(network)
    plan = plan_of(config, sizes, network)
    backend = get_backend(config.backend.name)
    backend.check_memory(plan, network, config.backend.threads)
    parts = _parts(config)
    rewiring = Rewiring(parts["rewiring"], parts["optimiser"], parts["seed"])
    on_device = OnDevice(parts["optimiser"], parts["rewiring"])
    fitting = [parts[name] for name in ("optimiser", "rescue", "narrowing")]
    check_parts(network, (*fitting, *parts["regularisers"], rewiring, on_device))
    if on_device.rules:
        learning_backend(backend)
    return True


def prepare(
    config: Config,
    dataset: Dataset,
    network: Network,
    *,
    state: TrainerState | None = None,
    ranks: Ranks = ALONE,
) -> Experiment:
    """Compile the network and set up its trainer.

    Args:
        config: from :func:`genn_delays.experiment.config.load_config`.
        dataset: from :func:`load_dataset`.
        network: a fresh one from :func:`make_network`, or that of a checkpoint.
        state: where training goes on from; by default the beginning.
        ranks: that train it together, each with a simulation for its share of a batch.

    Raises:
        CheckpointError: no checkpoint could hold the network.
        ConfigError: batches of this network cannot be shared out.
    """
    check_names(network)
    on_device = OnDevice(config.optimiser, config.rewiring)
    on_device.check(network)
    check_shareable(ranks, network, config.optimiser.device)
    take_device(ranks, config.backend.name)
    batch_size = config.training.batch_size
    arguments = _plan_arguments(config, dataset) | {"batch_size": own_batch(ranks, batch_size)}
    simulation = api.compile(
        network,
        backend=config.backend.name,
        threads=config.backend.threads,
        adam=on_device.rules,
        **arguments,
    )
    if ranks.count > 1:
        simulation = SharedSimulation(simulation, network, ranks, batch_size)
    trainer = Trainer(network, simulation, dataset, **_parts(config), state=state, ranks=ranks)
    return Experiment(config, dataset, network, simulation, trainer)
