"""Training of a reasoner: batches of facts, taken out of the graph while they are asked for.

Nothing random is carried along: the order of an epoch comes from (seed, epoch), the wrong entities
of a batch from (seed, epoch, batch). So training goes on bit for bit from any batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from genn_delays.graphs.knowledge import KnowledgeGraph
from genn_delays.graphs.loss import cross_entropy
from genn_delays.graphs.model import Model
from genn_delays.graphs.negatives import questions
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import ConfigError, TrainingError
from genn_delays.training.update_rules import Adam, Rule

CHOSEN_BY = "mrr"
"""Metric of the facts of ``valid`` that the best epoch is chosen by."""


@dataclass(frozen=True)
class Training:
    """How a reasoner is trained.

    Attributes:
        epochs: passes over the facts to learn from.
        batch_size: facts of a batch; the tails of the first half are asked for, then heads.
        negatives: wrong entities of each query.
        temperature: of the weights of wrong entities, see :func:`cross_entropy`; 0 for equal ones.
        one_hop: takes every edge between the source and a target out of the graph too.
        optimiser: update rule of all parameters.
        validate_every: epochs from one look at the facts of ``valid`` to the next.
        seed: of the first values, the order and the wrong entities.
    """

    epochs: int = 20
    batch_size: int = 32
    negatives: int = 50
    temperature: float = 0.5
    one_hop: bool = False
    optimiser: Rule = field(default_factory=lambda: Adam(5e-3))
    validate_every: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "negatives", "validate_every"):
            if not is_count(getattr(self, name)):
                value = getattr(self, name)
                raise ConfigError(f"Training({name}={value!r}): must be a whole number >= 1")
        if not (is_count(self.seed, 0) and self.seed < 2**63):
            raise ConfigError(f"Training(seed={self.seed!r}): must be a whole number >= 0")
        if not (is_number(self.temperature) and 0.0 <= self.temperature < 1e6):
            raise ConfigError(f"Training(temperature={self.temperature!r}): must be a number >= 0")
        if not isinstance(self.one_hop, bool):
            raise ConfigError(f"Training(one_hop={self.one_hop!r}): must be True or False")
        if not isinstance(self.optimiser, Rule):
            raise ConfigError(
                f"Training(optimiser={self.optimiser!r}): must be an update rule, such as "
                "gd.training.Adam(5e-3)"
            )

    def validates(self, epoch: int) -> bool:
        """Whether the facts of ``valid`` are ranked after an epoch, counted from 1."""
        return epoch % self.validate_every == 0 or epoch == self.epochs


@dataclass
class State:
    """Where training stands; all that is needed to go on, besides the parameters.

    Attributes:
        epoch: finished epochs.
        batch: finished batches of the epoch that is under way.
        loss: sum over the facts of these batches.
        seconds: that they took.
        best_score, best_epoch: of the facts of ``valid``.
        history: a row per finished epoch.
    """

    epoch: int = 0
    batch: int = 0
    loss: float = 0.0
    seconds: float = 0.0
    best_score: float = -1.0
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Trainer:
    """Trains a model on a knowledge graph.

    Attributes:
        model: whose parameters change.
        state: where training stands.
        best: parameters of the best epoch so far.
        on_batch, on_epoch: called after each batch and each epoch.
    """

    def __init__(self, model: Model, data: KnowledgeGraph, training: Training) -> None:
        if model.reasoner.relations != data.train.graph.relations:
            raise ConfigError(
                f"the graph has {data.train.graph.relations} relations, the reasoner is made for "
                f"{model.reasoner.relations}"
            )
        self.model, self.data, self.training = model, data, training
        self.state, self.best = State(), model.parameters.copy()
        self.on_batch: Callable[[Trainer], None] = lambda trainer: None
        self.on_epoch: Callable[[Trainer], None] = lambda trainer: None
        self._stops = False

    @property
    def batches(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.data.train.facts) // self.training.batch_size)

    def request_stop(self) -> None:
        """End :meth:`fit` after the current batch."""
        self._stops = True

    def fit(self) -> bool:
        """Train to the last epoch, or until a stop is asked for.

        Returns:
            Whether all epochs are done.

        Raises:
            TrainingError: the loss or a gradient is not finite.
        """
        while self.state.epoch < self.training.epochs:
            while self.state.batch < self.batches:
                if self._stops:
                    return False
                self._batch()
                self.on_batch(self)
            self._end_epoch()
            self.on_epoch(self)
        return True

    def _batch(self) -> None:
        began = time.perf_counter()
        training, state, train = self.training, self.state, self.data.train
        order = np.random.default_rng([training.seed, 1, state.epoch]).permutation(len(train.facts))
        size = training.batch_size
        facts = train.facts[order[state.batch * size : (state.batch + 1) * size]]
        rng = np.random.default_rng([training.seed, 2, state.epoch, state.batch])
        queries = questions(facts, train.known, training.negatives, rng)
        gone = train.graph.find(facts)
        if training.one_hop:
            sources = np.repeat(queries.source, queries.target.shape[1])
            gone = np.union1d(gone, train.graph.between(sources, queries.target.ravel()))
        with np.errstate(over="ignore", invalid="ignore"):  # an error says so
            score = self.model.scorer.forward(train.graph.without(gone), queries)
            loss, slope = cross_entropy(score, training.temperature)
            if not np.isfinite(loss):
                raise TrainingError(
                    f"epoch {state.epoch + 1}: the loss is {loss}; lower the learning rate"
                )
            self.model.parameters.update(training.optimiser, self.model.scorer.backward(slope))
        state.loss += loss * len(facts)
        state.batch += 1
        state.seconds += time.perf_counter() - began

    def _end_epoch(self) -> None:
        state, facts = self.state, len(self.data.train.facts)
        row = {"epoch": state.epoch + 1, "loss": state.loss / facts, "seconds": state.seconds}
        if self.training.validates(state.epoch + 1):
            row |= self.model.rank(self.data.valid).metrics()
            if row[CHOSEN_BY] >= state.best_score:  # of equal ones the one that learnt longer
                state.best_score, state.best_epoch = row[CHOSEN_BY], state.epoch + 1
                self.best = self.model.parameters.copy()
        state.epoch, state.batch, state.loss, state.seconds = state.epoch + 1, 0, 0.0, 0.0
        state.history.append(row)
