"""What a training run is at, as one value that can be written, read and compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from math import inf, isfinite, isnan
from typing import Any

import numpy as np

from genn_delays.support.checks import extremes
from genn_delays.support.errors import DataError, short


@dataclass(frozen=True)
class Metrics:
    """How a network did on one split.

    Attributes:
        loss: mean over the trials.
        accuracy: share of the trials classified right, or of their steps where each has a class,
            in [0, 1]; None for a regression.
        seconds: wall clock.
        spikes_per_neuron: mean over trials and over the neurons that can spike.
        silent: populations that can spike and did not; None where all did.
        rescued: silent neurons whose input was strengthened; None where nothing rescues.
        sigma: width of the widest delay kernel while training, in steps; None without kernels.
        rewiring: by projection, what was dropped and grown, and the ages and delays of its
            synapses; None where nothing rewires.
        warnings: what is wrong with the network (see :mod:`genn_delays.training.health`): a
            sentence by a short name; None where nothing is.
        signs: the synapses of each sign (see :func:`genn_delays.training.by_sign.by_sign`); None
            but in what a run folder keeps of the training split.
    """

    loss: float
    accuracy: float | None
    seconds: float
    spikes_per_neuron: float
    silent: tuple[str, ...] | None = None
    rescued: int | None = None
    sigma: float | None = None
    rewiring: dict[str, dict[str, Any]] | None = None
    warnings: dict[str, str] | None = None
    signs: dict[str, dict[str, dict[str, Any]]] | None = None


@dataclass
class Tally:
    """Running sums over the trials of a split, from which its Metrics follow.

    Attributes:
        trials: trials seen.
        loss: sum of their losses.
        classified, correct: trials, or steps of trials, that the loss gave a class to, and gave
            the right one.
        seconds: wall clock.
        rescued: neurons rescued at the end of the epoch, -1 before that or without a rescue.
        rewired: by projection, synapses dropped, grown and refused.
        spikes: by spiking population, spikes of each unit, int64, shape (units,).
    """

    trials: int = 0
    loss: float = 0.0
    classified: int = 0
    correct: int = 0
    seconds: float = 0.0
    rescued: int = -1
    spikes: dict[str, np.ndarray] = field(default_factory=dict)
    rewired: dict[str, list[int]] = field(default_factory=dict)

    def add(
        self,
        value: float,
        predicted: np.ndarray | None,
        labels: np.ndarray,
        spikes: Mapping[str, np.ndarray],
        seconds: float,
    ) -> None:
        """Count a batch: its mean loss, classes, labels and spikes (trials, units).

        Raises:
            DataError: classes that are not one for each label.
        """
        trials = len(labels)
        self.trials += trials
        self.loss += float(value) * trials
        self.seconds += seconds
        if predicted is not None:
            if predicted.shape != labels.shape:
                raise DataError(
                    f"the loss predicts classes of shape {predicted.shape} for labels of shape "
                    f"{labels.shape}; give one for each label, or None"
                )
            counted = predicted >= 0
            self.classified += int(np.count_nonzero(counted))
            self.correct += int(np.count_nonzero(counted & (predicted == labels)))
        for name, counts in spikes.items():
            self.spikes[name] = self.spikes.get(name, 0) + counts.sum(axis=0, dtype=np.int64)

    def check(self) -> None:
        """Raise ValueError unless these are sums that training leaves behind."""
        for name, least in (("trials", 0), ("classified", 0), ("correct", 0), ("rescued", -1)):
            _require(name, getattr(self, name), _is_whole(getattr(self, name), least))
        _require("correct", self.correct, self.correct <= self.classified)
        for name in ("loss", "seconds"):
            value = getattr(self, name)
            _require(name, value, type(value) is float and isfinite(value))
        _require("rewired", self.rewired, isinstance(self.rewired, dict))
        for name, counts in self.rewired.items():
            right = isinstance(counts, list) and len(counts) == 3 and all(map(_is_whole, counts))
            _require(f"rewired {name!r}", counts, right)
        for name, spikes in self.spikes.items():
            _require(f"spikes of {name!r}", spikes, extremes(spikes)[0] >= 0)

    def metrics(self) -> Metrics:
        """Means over the trials so far."""
        trials = max(self.trials, 1)
        neurons = sum(len(counts) for counts in self.spikes.values())
        spikes = sum(int(counts.sum()) for counts in self.spikes.values())
        return Metrics(
            loss=self.loss / trials,
            accuracy=self.correct / self.classified if self.classified else None,
            seconds=self.seconds,
            spikes_per_neuron=spikes / (trials * max(neurons, 1)),
            silent=tuple(n for n, counts in self.spikes.items() if not counts.any()) or None,
            rescued=None if self.rescued < 0 else self.rescued,
        )


@dataclass
class TrainerState:
    """Everything that training changes, besides the network and its synapse tables.

    Random numbers are drawn from generators seeded with the seed of the run and these
    counters, so no generator needs saving.

    Attributes:
        epoch: epochs finished, their evaluation included.
        batch: batches finished in the current epoch.
        best_score: largest score on the validation split: accuracy, or -loss in a regression.
        best_loss: validation loss of that epoch, which decides between equal scores.
        best_epoch: that epoch, counted from 1; 0 before any.
        tally: sums over the training trials of the current epoch.
    """

    epoch: int = 0
    batch: int = 0
    best_score: float = -inf
    best_loss: float = inf
    best_epoch: int = 0
    tally: Tally = field(default_factory=Tally)

    @property
    def epochs_since_best(self) -> int:
        """Epochs finished since the best one."""
        return self.epoch - self.best_epoch

    def finish_epoch(self, validation: Metrics | None) -> bool:
        """Count an epoch; True if it is the best so far, or where there is no validation."""
        self.epoch, self.batch, self.tally = self.epoch + 1, 0, Tally()
        if validation is None:
            self.best_epoch = self.epoch
            return True
        score = -validation.loss if validation.accuracy is None else validation.accuracy
        if (score, -validation.loss) > (self.best_score, -self.best_loss):
            self.best_score, self.best_loss = score, validation.loss
            self.best_epoch = self.epoch
        return self.epochs_since_best == 0

    def to_mapping(self) -> dict[str, Any]:
        """Nested plain numbers and arrays, for files."""
        return asdict(self)

    @staticmethod
    def from_mapping(mapping: Mapping[str, Any]) -> TrainerState:
        """The inverse of :meth:`to_mapping`; what is missing is as in the beginning.

        Raises:
            ValueError: something that no training leaves behind, as from a damaged file.
        """
        for kind, given in ((TrainerState, mapping), (Tally, mapping["tally"])):
            for name in given:
                _require(name, given[name], name in {field.name for field in fields(kind)})
        tally = Tally(**mapping["tally"])
        state = TrainerState(**{**mapping, "tally": tally})
        for name in ("epoch", "batch", "best_epoch"):
            _require(name, getattr(state, name), _is_whole(getattr(state, name)))
        _require("best_epoch", state.best_epoch, state.best_epoch <= state.epoch)
        for name in ("best_score", "best_loss"):
            value = getattr(state, name)
            _require(name, value, type(value) is float and not isnan(value))
        tally.check()
        return state


def _is_whole(value: Any, least: int = 0) -> bool:
    return type(value) is int and least <= value < 2**63


def _require(name: str, value: Any, right: bool) -> None:
    if not right:
        raise ValueError(f"{name} = {short(str(value), 40)}")
