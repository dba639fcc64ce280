"""The Optimiser of a network: which rule, learning rate and schedule each parameter has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from genn_delays.errors import ConfigError, TrainingError, suggest
from genn_delays.network import LEARNABLE, Network, Projection
from genn_delays.settings import check_keys
from genn_delays.training import optimisers, schedules
from genn_delays.training.optimisers import Adam, Rule
from genn_delays.training.schedules import Progress, Schedule

if TYPE_CHECKING:
    from genn_delays.backends.base import Gradient


@dataclass(frozen=True)
class Group:
    """An update rule with its schedules, whose factors multiply."""

    rule: Rule
    schedules: tuple[Schedule, ...] = ()

    def factor(self, progress: Progress | None) -> float:
        """Factor on the learning rate of the coming batch.

        Raises:
            TrainingError: there are schedules but no progress to follow.
        """
        if progress is None:
            if self.schedules:
                raise TrainingError(
                    "the optimiser has a schedule; give step() a progress to follow"
                )
            return 1.0
        return prod((schedule(progress) for schedule in self.schedules), start=1.0)


@dataclass(frozen=True)
class Optimiser:
    """Updates every parameter of a network that may learn.

    Attributes:
        weight, delay: a rule or a :class:`Group` for all projections.
        groups: by projection name, another rule or Group for ``"weight"`` and ``"delay"``.
        clip: largest norm of the gradient over all projections. Weights and delays have
            different units, so their norms are taken apart: one number holds for each of
            them, ``{"weight": 1.0, "delay": 5.0}`` sets them singly.

    Raises:
        ConfigError: a parameter that cannot be learnt, or a clip that is not positive.
    """

    weight: Rule | Group = Adam(1e-3)
    delay: Rule | Group = Adam(0.1)
    groups: Mapping[str, Mapping[str, Rule | Group]] = field(default_factory=dict)
    clip: float | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name, group in self.groups.items():
            check_keys(f"optimiser group {name!r}", group, list(LEARNABLE))
        if isinstance(self.clip, Mapping):
            check_keys("optimiser clip", self.clip, list(LEARNABLE))
        for parameter in LEARNABLE:
            limit = self._limit(parameter)
            if limit is not None and not limit > 0.0:
                raise ConfigError(f"optimiser clip of the {parameter} is {limit}; must be > 0")

    def check(self, network: Network) -> None:
        """Raise ConfigError if a group names a projection or parameter that does not learn."""
        for name, group in self.groups.items():
            if name not in network.projections:
                hint = suggest(name, network.projections)
                raise ConfigError(f"optimiser group {name!r}: there is no such projection; {hint}")
            for parameter in group:
                learn = network.projections[name].learn
                if parameter not in learn:
                    raise ConfigError(
                        f"optimiser group {name!r} sets the {parameter}, but that projection "
                        f"learns {list(learn)}; add it to learn= or remove it here"
                    )

    def group(self, projection: str, parameter: str) -> Group:
        """What updates this parameter of this projection."""
        chosen = self.groups.get(projection, {}).get(parameter, getattr(self, parameter))
        return chosen if isinstance(chosen, Group) else Group(chosen)

    def step(
        self, network: Network, gradients: Mapping[str, Gradient], progress: Progress | None = None
    ) -> None:
        """Update the network in place; delays end in [0, max_delay].

        Nothing is changed unless everything can be.

        Raises:
            TrainingError: NaN or infinity in a gradient, a gradient of another length, or a
                schedule without progress.
            ConfigError: a group names an unknown projection.
        """
        self.check(network)
        projections = network.projections.values()
        updates = []
        for parameter in LEARNABLE:
            learning = [p for p in projections if parameter in p.learn]
            found = {p.name: _gradient(p, parameter, gradients) for p in learning}
            scale = self._clip_scale(parameter, found)
            for projection in learning:
                group = self.group(projection.name, parameter)
                factor = group.factor(progress)
                gradient = (
                    found[projection.name] if scale == 1.0 else scale * found[projection.name]
                )
                updates.append((group.rule, projection.synapses, parameter, gradient, factor))
        for rule, table, parameter, gradient, factor in updates:
            rule.update(table, parameter, gradient, factor)
            if parameter == "delay":
                np.clip(table.delay, 0.0, table.max_delay, out=table.delay)

    def _limit(self, parameter: str) -> float | None:
        return self.clip.get(parameter) if isinstance(self.clip, Mapping) else self.clip

    def _clip_scale(self, parameter: str, gradients: Mapping[str, np.ndarray]) -> float:
        limit = self._limit(parameter)
        if limit is None:
            return 1.0
        # np.sum adds in one fixed order, np.dot in one that depends on the threads
        norm = float(np.sqrt(sum(np.sum(g * g) for g in gradients.values())))
        return 1.0 if norm <= limit else limit / norm


def _gradient(
    projection: Projection, parameter: str, gradients: Mapping[str, Gradient]
) -> np.ndarray:
    where = f"the {parameter} gradient of projection {projection.name!r}"
    if projection.name not in gradients:
        raise TrainingError(f"{where} is missing; compile the network that is being trained")
    gradient = getattr(gradients[projection.name], parameter)
    if gradient.shape != (len(projection.synapses),):
        raise TrainingError(
            f"{where} has shape {gradient.shape} for {len(projection.synapses)} synapses; "
            "call simulation.load(network) after changing the connectivity"
        )
    if not np.all(np.isfinite(gradient)):
        raise TrainingError(
            f"{where} holds NaN or infinity; lower the learning rate, ease it in, or set clip="
        )
    return gradient


def make(given: Mapping[str, Any]) -> Optimiser:
    """An Optimiser from the ``optimiser`` section of a configuration.

    ``{weight: {name: adam, lr: 1e-3, schedule: [{name: ease_in, batches: 100}, cosine]},
    delay: {name: adam, lr: 0.1}, groups: {"input->hidden": {delay: {name: sgd, lr: 1}}},
    clip: {weight: 1.0}}``; every key may be left out.

    Raises:
        ConfigError: unknown key, rule or schedule (the nearest is named), or a wrong value.
    """
    check_keys("optimiser", given, ["weight", "delay", "groups", "clip"])
    arguments: dict[str, Any] = {p: _make_group(given[p]) for p in LEARNABLE if p in given}
    arguments["groups"] = {
        name: {what: _make_group(rule) for what, rule in _mapping(name, group).items()}
        for name, group in _mapping("groups", given.get("groups") or {}).items()
    }
    return Optimiser(**arguments, clip=_make_clip(given.get("clip")))


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    raise ConfigError(f"optimiser {name!r} is {given!r}; give a mapping")


def _make_group(given: Mapping[str, Any] | str) -> Group:
    if not isinstance(given, Mapping):
        return Group(optimisers.make(given))
    rule = {key: value for key, value in given.items() if key != "schedule"}
    return Group(optimisers.make(rule), schedules.make(given.get("schedule") or ()))


def _make_clip(given: Any) -> float | dict[str, float] | None:
    try:
        if isinstance(given, Mapping):
            return {parameter: float(limit) for parameter, limit in given.items()}
        return None if given is None else float(given)
    except (TypeError, ValueError):
        raise ConfigError(
            f"optimiser clip {given!r}: give a number or {{weight: number, delay: number}}"
        ) from None
