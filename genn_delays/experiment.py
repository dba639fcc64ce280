"""From a configuration to the objects that run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from genn_delays import api, datasets
from genn_delays.backends.base import Simulation
from genn_delays.config import Config
from genn_delays.datasets import Dataset, augment
from genn_delays.losses import Loss
from genn_delays.model_file import build_network
from genn_delays.network import Network
from genn_delays.options import GRADIENTS, LOSSES, READOUTS, REWIRING
from genn_delays.plan import Plan, make_plan
from genn_delays.settings import build_named
from genn_delays.timing import duration_to_steps
from genn_delays.training import (
    EarlyStopping,
    Narrowing,
    SilentRescue,
    SpikeCount,
    Trainer,
    TrainerState,
    groups,
)

T = TypeVar("T")


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
    return datasets.load(data.name, dt=config.training.dt, path=data.path, **data.args)


def make_network(config: Config, dataset: Dataset) -> Network:
    """The network of a configuration before training."""
    targets = dataset.train.labels
    return build_network(
        config.model.file,
        config.model.args,
        inputs=dataset.units,
        outputs=dataset.classes or targets.shape[-1],
        seed=config.training.seed,
    )


def steps_of(config: Config, dataset: Dataset) -> int:
    """Steps of a trial."""
    duration = config.training.duration or dataset.duration
    return max(1, duration_to_steps(duration, config.training.dt))


def _plan_arguments(config: Config, dataset: Dataset) -> dict[str, Any]:
    training = config.training
    return {
        "gradient": build_named("gradient", GRADIENTS, config.gradient),
        "readout": build_named("readout", READOUTS, config.readout),
        "dt": training.dt,
        "steps": steps_of(config, dataset),
        "batch_size": training.batch_size,
        "precision": training.precision,
        "discretisation": training.discretisation,
    }


def plan_of(config: Config, dataset: Dataset, network: Network) -> Plan:
    """The plan alone, with nothing allocated or compiled."""
    return make_plan(network, **_plan_arguments(config, dataset))


def prepare(
    config: Config,
    dataset: Dataset,
    network: Network,
    *,
    state: TrainerState | None = None,
) -> Experiment:
    """Compile the network and set up its trainer.

    Args:
        config: from :func:`genn_delays.config.load_config`.
        dataset: from :func:`load_dataset`.
        network: a fresh one from :func:`make_network`, or that of a checkpoint.
        state: where training goes on from; by default the beginning.
    """
    training = config.training
    simulation = api.compile(
        network,
        backend=config.backend.name,
        threads=config.backend.threads,
        **_plan_arguments(config, dataset),
    )
    spike_count = _optional(SpikeCount, training.spike_count)
    loss: Loss = build_named("loss", LOSSES, config.loss)
    trainer = Trainer(
        network,
        simulation,
        dataset,
        loss=loss,
        optimiser=groups.make(config.optimiser),
        epochs=training.epochs,
        batch_size=training.batch_size,
        seed=training.seed,
        augmentations=augment.make(config.data.augment),
        regularisers=[spike_count] if spike_count else [],
        rescue=_optional(SilentRescue, training.silent_rescue),
        narrowing=_optional(Narrowing, training.sigma),
        rewiring=[build_named("rewiring", REWIRING, rule) for rule in config.rewiring],
        early_stopping=_optional(EarlyStopping, training.early_stopping),
        state=state,
    )
    return Experiment(config, dataset, network, simulation, trainer)


def _optional(kind: type[T], settings: Mapping[str, Any] | None) -> T | None:
    """What these settings make, if they are there."""
    return None if settings is None else kind(**settings)
