"""The rules of a run, called in their order around each update, and what they did in an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.rewiring.base import RewiringRule
from genn_delays.rewiring.context import Context
from genn_delays.support.errors import PlanError, TrainingError

if TYPE_CHECKING:
    from genn_delays.backends.base import Simulation
    from genn_delays.backends.gradient import Gradient
    from genn_delays.training.optimiser import Optimiser
    from genn_delays.training.schedules import Progress

AGE = "age"
BINS = 10
"""Bars of the delay histogram in the metrics, from 0 to the largest delay."""

Counts = dict[str, list[int]]
"""By projection: synapses dropped, grown and refused."""


class Rewiring:
    """Rules with the random numbers of a run.

    Random numbers are those of (seed, place of the rule, batch), so that a run resumed from its
    counters goes on bit for bit.

    Args:
        rules: in the order they are called.
        optimiser: whose learning rates scale the noise of DEEP R.
        seed: of the run.
    """

    def __init__(self, rules: Sequence[RewiringRule], optimiser: Optimiser, seed: int) -> None:
        self.rules, self.optimiser, self.seed = tuple(rules), optimiser, seed

    def check(self, network: Network) -> None:
        """Raise ConfigError where a rule does not fit the network; attach what rules keep."""
        for rule in self.rules:
            rule.check(network)
        for rule in self.rules:
            rule.prepare(network)
        for projection in self._rewired(network):
            network.projections[projection].synapses.attach(AGE)

    def replaces_update(self, progress: Progress) -> bool:
        """True where a rule takes the place of the optimiser in the coming batch."""
        return any(rule.replaces_update(progress) for rule in self.rules)

    def contexts(
        self,
        network: Network,
        gradients: Mapping[str, Gradient],
        simulation: Simulation,
        progress: Progress,
    ) -> list[Context]:
        """What each rule is told of a batch, in the order of the rules."""
        rate = partial(self.optimiser.rate, progress=progress)
        keys = [(REWIRING, place, progress.batch) for place in range(len(self.rules))]
        seeds = [np.random.SeedSequence(self.seed, spawn_key=key) for key in keys]
        rngs = [np.random.default_rng(seed) for seed in seeds]
        return [Context(network, gradients, simulation, progress, rng, rate) for rng in rngs]

    def before_update(self, contexts: Sequence[Context]) -> None:
        """Let every rule change the gradients in place.

        Raises:
            TrainingError: NaN or infinity in a gradient, which no rule could rank.
        """
        for context in contexts[:1]:  # all are of one batch
            for name in self._rewired(context.network):
                if not np.all(np.isfinite(context.gradients[name].weight)):
                    raise TrainingError(
                        f"the weight gradient of projection {name!r} holds NaN or infinity; lower "
                        "the learning rate, ease it in, or set clip="
                    )
        for rule, context in zip(self.rules, contexts, strict=True):
            rule.before_update(context)

    def step(self, contexts: Sequence[Context], counts: Counts) -> None:
        """Let every rule drop and grow synapses in place, and add to ``counts`` what it did."""
        for context in contexts[:1]:
            for name in self._rewired(context.network):
                context.network.projections[name].synapses.state[AGE] += 1.0
        for rule, context in zip(self.rules, contexts, strict=True):
            changes = rule.step(context)
            if not isinstance(changes, Mapping):
                kind = type(rule).__name__
                raise PlanError(
                    f"{kind}.step() returned {changes!r}; return a Change by projection"
                )
            for name, change in changes.items():
                seen = counts.setdefault(name, [0, 0, 0])
                for k, more in enumerate((change.dropped, change.grown, change.refused)):
                    seen[k] += more

    def metrics(
        self, network: Network, counts: Counts, progress: Progress
    ) -> dict[str, dict[str, Any]] | None:
        """What a line of metrics says of each rewired projection; None without rules.

        Ages are in batches since a synapse was grown; ``initial`` counts the synapses that are as
        old as the run, which were never dropped. The histogram counts the delays in bars of equal
        width from 0 to the largest delay.
        """
        if not self.rules:
            return None
        found = {}
        for name in self._rewired(network):
            table = network.projections[name].synapses
            dropped, grown, refused = counts.get(name, (0, 0, 0))
            top = table.max_delay or 1.0
            age = table.state[AGE] if len(table) else np.zeros(1)
            found[name] = {
                "synapses": len(table),
                "dropped": dropped,
                "grown": grown,
                "refused": refused,
                "age_mean": round(float(age.mean()), 1),
                "age_median": float(np.median(age)),
                "initial": int(np.count_nonzero(age[: len(table)] >= progress.batch)),
                "delays": np.histogram(table.delay, BINS, (0.0, top))[0].tolist(),
            }
        return found

    def _rewired(self, network: Network) -> list[str]:
        names = {p.name for rule in self.rules for p in rule.chosen(network)}
        return [name for name in network.projections if name in names]


REWIRING = 3
"""Spawn key of this stream of random numbers; those of the trainer are 0 to 2."""
