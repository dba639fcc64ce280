"""The Optimiser of a network: which rule, learning rate and schedule each parameter has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from genn_delays.declaration.network import LEARNABLE, Network
from genn_delays.declaration.units import is_position
from genn_delays.support.errors import ConfigError, TrainingError, suggest
from genn_delays.support.settings import check_keys
from genn_delays.training import schedules, update_rules
from genn_delays.training.learnt import Learnt, gradient_of, learning_of, settle
from genn_delays.training.schedules import Progress, Schedule
from genn_delays.training.update_rules import Adam, Rule

if TYPE_CHECKING:
    from genn_delays.backends.gradient import Gradients

KINDS = (*LEARNABLE, "unit")
"""What has a default group and a norm of its own; ``"unit"`` is all that populations learn."""


@dataclass(frozen=True)
class Group:
    """An update rule with its schedules, whose factors multiply.

    Attributes:
        rule: how a parameter follows its gradient.
        schedules: factors on the learning rate, which multiply.
        l1: strength of the penalty l1 sum |w| on each projection's weights: l1 sign(w) is added
            to the gradient, as the network of Meszaros, Knight and Nowotny (2024) has it in its
            loss. A weight that synapses share counts once. The loss that is reported stays that
            of the data, and clipping does not see it.
    """

    rule: Rule
    schedules: tuple[Schedule, ...] = ()
    l1: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.l1) and self.l1 >= 0.0):
            raise ConfigError(f"optimiser l1 is {self.l1}; must be finite and >= 0")
        if sum(schedule.sets_momentum for schedule in self.schedules) > 1:
            raise ConfigError("two schedules set the momentum; leave it to one of them")

    def at(self, progress: Progress | None) -> tuple[Rule, float]:
        """The rule of the coming batch and the factor on its learning rate.

        Raises:
            TrainingError: there are schedules but no progress to follow.
        """
        if progress is None:
            if self.schedules:
                raise TrainingError(
                    "the optimiser has a schedule; give step() a progress to follow"
                )
            return self.rule, 1.0
        rule = self.rule
        for schedule in self.schedules:
            momentum = schedule.momentum_at(progress)
            rule = rule if momentum is None else rule.with_momentum(momentum)
        return rule, prod((schedule(progress) for schedule in self.schedules), start=1.0)


@dataclass(frozen=True)
class Optimiser:
    """Updates every parameter of a network that may learn.

    Attributes:
        weight, delay: a rule or a :class:`Group` for all projections; that of the delay is for
            positions that delays follow from too.
        unit: the same for what populations learn: gain, bias and time constants; by default that
            of the weight without weight decay and l1.
        groups: another rule or Group, by the name of a projection for ``"weight"`` and
            ``"delay"``, by that of a population for the columns that it learns.
        clip: largest norm of the gradient over all projections or populations. Weights, delays
            and what units learn have different units, so their norms are taken apart: one number
            holds for each of them, ``{"weight": 1.0, "delay": 5.0}`` sets them singly.
        device: Adam runs where the simulation does, and the network follows at the end of each
            epoch; see :mod:`genn_delays.training.on_device` for what it cannot do.

    Raises:
        ConfigError: a parameter that cannot be learnt, or a clip that is not positive.
    """

    weight: Rule | Group = Adam(1e-3)
    delay: Rule | Group = Adam(0.1)
    unit: Rule | Group | None = None
    groups: Mapping[str, Mapping[str, Rule | Group]] = field(default_factory=dict)
    clip: float | Mapping[str, float] | None = None
    device: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.device, bool):
            raise ConfigError(f"optimiser device is {self.device!r}; give true or false")
        for kind in KINDS:
            given = getattr(self, kind)
            if not isinstance(
                given, (Rule, Group) if kind != "unit" else (Rule, Group, type(None))
            ):
                raise ConfigError(
                    f"Optimiser({kind}={given!r}): give a rule such as gd.training.Adam(1e-3)"
                )
        if isinstance(self.clip, Mapping):
            check_keys("optimiser clip", self.clip, KINDS)
        for kind in KINDS:
            limit = self._limit(kind)
            if limit is not None and not limit > 0.0:
                raise ConfigError(f"optimiser clip of the {kind} is {limit}; must be > 0")
        chosen = {kind: self.default(kind) for kind in ("delay", "unit")}
        for name, group in self.groups.items():
            chosen |= {f"{what} of {name!r}": self.group(name, what) for what in group}
        for what, given in chosen.items():
            if given.l1 and not what.startswith("weight"):
                raise ConfigError(f"optimiser l1 is for weights; remove it from the {what}")

    def written_out(self) -> Optimiser:
        """The same, with a Group for each kind of parameter."""
        weight, delay, unit = (self.default(kind) for kind in KINDS)
        return replace(self, weight=weight, delay=delay, unit=unit)

    def check(self, network: Network) -> None:
        """Raise ConfigError if a group names something that is not there or does not learn."""
        learn = {name: p.learn for name, p in network.populations.items() if p.learn}
        for name, projection in network.projections.items():
            learn[name] = (*projection.learn, *learn.get(name, ()))
        for name, group in self.groups.items():
            if name not in learn:
                hint = suggest(name, learn)
                raise ConfigError(
                    f"optimiser group {name!r}: there is no such projection, and no population "
                    f"that learns; {hint}"
                )
            for parameter in group:
                if parameter not in learn[name]:
                    raise ConfigError(
                        f"optimiser group {name!r} sets the {parameter}, but {name!r} learns "
                        f"{list(learn[name])}; add it to learn= or remove it here"
                    )

    def default(self, kind: str) -> Group:
        """What updates ``"weight"``, ``"delay"`` or ``"unit"`` where no group says otherwise."""
        if kind == "unit" and self.unit is None:
            weight = self.default("weight")
            return Group(weight.rule.without_decay(), weight.schedules)
        return _as_group(getattr(self, kind))

    def group(self, name: str, parameter: str) -> Group:
        """What updates this parameter of this projection, or column of this population."""
        own = self.groups.get(name, {}).get(parameter)
        kind = parameter if parameter in LEARNABLE else "unit"
        kind = "delay" if is_position(parameter) else kind
        return self.default(kind) if own is None else _as_group(own)

    def rate(self, projection: str, progress: Progress | None = None) -> float:
        """Learning rate of the weights of a projection in the coming batch."""
        rule, factor = self.group(projection, "weight").at(progress)
        return rule.lr * factor

    def step(
        self, network: Network, gradients: Gradients, progress: Progress | None = None
    ) -> None:
        """Update the network in place; delays end in [0, max_delay], columns in their bounds.

        Nothing is changed unless everything can be.

        Raises:
            TrainingError: NaN or infinity in a gradient, a gradient of another length, or a
                schedule without progress.
            ConfigError: a group names an unknown projection or population.
        """
        if self.device:
            raise TrainingError("this optimiser is on the device; call learn() of the simulation")
        self.check(network)
        updates = []
        for kind in KINDS:
            learning = learning_of(network, kind)
            found = [gradient_of(learnt, gradients) for learnt in learning]
            scale = self._clip_scale(kind, learning, found)
            for learnt, gradient in zip(learning, found, strict=True):
                group = self.group(learnt.owner, learnt.parameter)
                updates.append((group.at(progress), group.l1, learnt, gradient, scale))
        for (rule, factor), l1, learnt, gradient, scale in updates:
            # here, one after the other: the memory of each is used again by the next
            if scale != 1.0:
                gradient = scale * gradient
            learnt.begin()
            if l1:
                gradient = gradient + l1 * np.sign(getattr(learnt.numbers, learnt.parameter))
            rule.update(learnt.numbers, learnt.parameter, gradient, factor)
            learnt.bound()
        settle(network)

    def _limit(self, kind: str) -> float | None:
        return self.clip.get(kind) if isinstance(self.clip, Mapping) else self.clip

    def _clip_scale(self, kind: str, learning: list[Learnt], gradients: list[np.ndarray]) -> float:
        limit = self._limit(kind)
        if limit is None:
            return 1.0
        free = [learnt.free(g) for learnt, g in zip(learning, gradients, strict=True)]
        # np.sum adds in one fixed order, np.dot in one that depends on the threads
        norm = float(np.sqrt(sum(np.sum(g * g) for g in free)))
        return 1.0 if norm <= limit else limit / norm


def _as_group(given: Rule | Group) -> Group:
    return given if isinstance(given, Group) else Group(given)


def make(given: Mapping[str, Any]) -> Optimiser:
    """An Optimiser from the ``optimiser`` section of a configuration.

    ``{weight: {name: adam, lr: 1e-3, l1: 0.01, schedule: [{name: ease_in, batches: 100},
    cosine]}, delay: {name: adam, lr: 0.1}, unit: {name: adam, lr: 1e-3}, groups:
    {"input->hidden": {delay: {name: sgd, lr: 1}}, hidden: {tau_mem: {name: adam, lr: 0.1}}},
    clip: {weight: 1.0}, device: false}``; every key may be left out.

    Raises:
        ConfigError: unknown key, rule or schedule (the nearest is named), or a wrong value.
    """
    check_keys("optimiser", given, [*KINDS, "groups", "clip", "device"])
    arguments: dict[str, Any] = {kind: _make_group(given[kind]) for kind in KINDS if kind in given}
    arguments["groups"] = {
        name: {what: _make_group(rule) for what, rule in _mapping(name, group).items()}
        for name, group in _mapping("groups", given.get("groups") or {}).items()
    }
    clip, device = _make_clip(given.get("clip")), given.get("device", False)
    return Optimiser(**arguments, clip=clip, device=device)


def _mapping(name: str, given: Any) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    raise ConfigError(f"optimiser {name!r} is {given!r}; give a mapping")


def _make_group(given: Mapping[str, Any] | str) -> Group:
    if not isinstance(given, Mapping):
        return Group(update_rules.make(given))
    rule = {key: value for key, value in given.items() if key not in ("schedule", "l1")}
    made = schedules.make(given.get("schedule") or ())
    return Group(update_rules.make(rule), made, _number("l1", given.get("l1", 0.0)))


def _number(name: str, given: Any) -> float:
    try:
        number = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if not isfinite(number):
        raise ConfigError(f"optimiser {name} {given!r}: give a number")
    return number


def _make_clip(given: Any) -> float | dict[str, float] | None:
    if isinstance(given, Mapping):
        return {kind: _number(f"clip of the {kind}", limit) for kind, limit in given.items()}
    return None if given is None else _number("clip", given)
