"""Model: a trained network with all that is needed to ask it something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.api import compile as compile_network
from genn_delays.backends.simulation import Simulation
from genn_delays.datasets.base import Dataset, required
from genn_delays.declaration.network import Network
from genn_delays.experiment import checkpoint
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.fitting import history, trials
from genn_delays.fitting.measuring import BATCH, confused, measure
from genn_delays.fitting.recorder import Recording, record
from genn_delays.support.display import Shown
from genn_delays.support.errors import DataError
from genn_delays.training.state import Metrics


class Model(Shown):
    """A trained network; made by :func:`genn_delays.fit` and :func:`genn_delays.load`.

    Attributes:
        network: evaluated with rounded delays, running averages and no dropout.
        recipe: dt, readout, loss and whatever else inference needs.
        dataset: what :meth:`evaluate` and :meth:`confusion` take where they are given none.
    """

    def __init__(
        self,
        network: Network,
        recipe: Recipe,
        *,
        rows: Sequence[history.Row] = (),
        dataset: Dataset | None = None,
        backend: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.network, self.recipe, self.dataset = network, recipe, dataset
        self._rows = list(rows)
        self._backend, self._threads = backend, threads
        self._simulation: Simulation | None = None

    @property
    def history(self) -> Any:
        """A row per epoch: a pandas DataFrame where pandas is installed, else a numpy record array.

        Columns: epoch, loss, accuracy, validation_loss, validation_accuracy, spikes_per_neuron,
        seconds, and warnings: what was wrong, with the remedy.
        """
        return history.table(self._rows)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes that :meth:`predict` numbers; () where there are none."""
        return self.recipe.class_names

    @property
    def simulation(self) -> Simulation:
        """What runs the network; compiled when it is first needed."""
        if self._simulation is None:
            recipe = self.recipe
            self._simulation = compile_network(
                self.network,
                gradient=recipe.gradient,
                readout=recipe.readout,
                dt=recipe.dt,
                steps=recipe.steps,
                batch_size=BATCH,
                backend=self._backend,
                precision=recipe.precision,
                threads=self._threads,
                discretisation=recipe.discretisation,
            )
        return self._simulation

    def outputs(self, given: Any) -> np.ndarray:
        """What the readout makes of each trial, float64, (trials, ...).

        Args:
            given: arrays (see :mod:`genn_delays.datasets.arrays`), Events, or sound files: a path
                or a list of paths, encoded as those of the data set were.

        Raises:
            DataError: none of these, or events outside the trial or the population.
        """
        splits = trials.splits_of(given, self.network, self.recipe)
        run = self.simulation.forward
        return np.concatenate([run(b, training=False) for b in trials.batches(splits, BATCH)])

    def predict(self, given: Any) -> np.ndarray:
        """Class of each trial, int64, (trials,), or of each step; the outputs of a regression.

        Args:
            given: as of :meth:`outputs`.
        """
        outputs = self.outputs(given)
        predicted = self.recipe.loss.predict(outputs)
        return outputs if predicted is None else predicted

    def evaluate(self, split: str = "test", data: Dataset | None = None) -> Metrics:
        """Loss, accuracy and spikes on a split.

        Args:
            split: ``"train"``, ``"validation"`` or ``"test"``.
            data: by default what the model was fitted to.

        Raises:
            DataError: no data, or no such split.
        """
        tally, _ = measure(self.simulation, self.recipe, required(self._data(data), split))
        return tally.metrics()

    def confusion(self, split: str = "test", data: Dataset | None = None) -> np.ndarray:
        """How often class i was taken for class j: int64, entry [i, j].

        Args:
            split, data: as of :meth:`evaluate`.

        Raises:
            DataError: no data, no such split, or a regression.
        """
        data = self._data(data)
        chosen = required(data, split)
        _, predicted = measure(self.simulation, self.recipe, chosen)
        if not data.classes or predicted is None:
            raise DataError("a regression has no classes to confuse; compare predict() with them")
        return confused(chosen.labels, predicted, data.classes)

    def record(self, given: Any, *populations: str) -> dict[str, Recording]:
        """Voltages, currents and spikes; see :func:`genn_delays.record`.

        Args:
            given: as of :meth:`outputs`.
            populations: names; by default all.
        """
        splits = trials.splits_of(given, self.network, self.recipe)
        (batch,) = trials.batches(splits, max(len(split) for split in splits.values()))
        recipe = self.recipe
        return record(
            self.network,
            batch,
            *populations,
            dt=recipe.dt,
            duration=recipe.steps * recipe.dt,
            gradient=recipe.gradient,
            readout=recipe.readout,
            precision=recipe.precision,
            discretisation=recipe.discretisation,
        )

    def save(self, path: Path | str) -> None:
        """Write one file that :func:`genn_delays.load` reads on any machine, replacing another.

        Raises:
            CheckpointError: it cannot be written, or holds a class that could not be found again.
        """
        attributes = {ATTRIBUTE: self.recipe.to_attribute(), "history": self._rows}
        checkpoint.save(path, self.network, attributes=attributes)

    def close(self) -> None:
        """Free what the simulation holds; it is compiled again when it is needed."""
        if self._simulation is not None:
            self._simulation.close()
            self._simulation = None

    def _data(self, given: Dataset | None) -> Dataset:
        data = given or self.dataset
        if data is None:
            raise DataError("a model from a file has no data; give them: evaluate('test', data)")
        if not isinstance(data, Dataset):
            raise DataError(f"{type(data).__name__} given; give a gd.Dataset")
        return data

    def _facts(self) -> Mapping[str, object]:
        recipe = self.recipe
        return {
            "populations": [f"{name} {p.size}" for name, p in self.network.populations.items()],
            "readout": recipe.readout,
            "dt": f"{recipe.dt:g} ms",
            "duration": f"{recipe.steps * recipe.dt:g} ms",
            "classes": len(recipe.class_names),
            "epochs": len(self._rows),
        }
