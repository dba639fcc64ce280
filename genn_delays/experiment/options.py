"""Named options of a configuration: ``{name: adam, lr: 1e-3}`` and the object it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from genn_delays import rewiring
from genn_delays.datasets.augment import AUGMENTATIONS
from genn_delays.planning import readouts
from genn_delays.planning.gradients import EventProp, GradientRule, Surrogate
from genn_delays.planning.readouts import Readout
from genn_delays.rewiring import RewiringRule
from genn_delays.support.errors import ConfigError, GennDelaysError
from genn_delays.support.settings import build, build_named
from genn_delays.training import losses
from genn_delays.training.losses import Loss
from genn_delays.training.regularisers import REGULARISERS
from genn_delays.training.schedules import SCHEDULES
from genn_delays.training.update_rules import OPTIMISERS

GRADIENTS: dict[str, type[GradientRule]] = {"eventprop": EventProp, "surrogate": Surrogate}
READOUTS: dict[str, type[Readout]] = {
    "exponential_mean_voltage": readouts.ExponentialMeanVoltage,
    "first_spike": readouts.FirstSpike,
    "max_voltage": readouts.MaxVoltage,
    "mean_voltage": readouts.MeanVoltage,
    "softmax_sum": readouts.SoftmaxSum,
    "voltage_trace": readouts.VoltageTrace,
}
LOSSES: dict[str, type[Loss]] = {
    "cross_entropy": losses.CrossEntropy,
    "mean_squared_error": losses.MeanSquaredError,
}
REWIRING: dict[str, type[RewiringRule]] = rewiring.RULES

REGISTRIES: tuple[Mapping[str, type], ...] = (
    GRADIENTS,
    READOUTS,
    LOSSES,
    REWIRING,
    AUGMENTATIONS,
    OPTIMISERS,
    REGULARISERS,
    SCHEDULES,
)
"""All options that have a name."""
_NAMES = {kind: name for registry in REGISTRIES for name, kind in registry.items()}

Resolve = Callable[[Any], Any]


def describe(option: Any) -> Any:
    """The plain values that make this object again, every default written out.

    >>> describe(losses.CrossEntropy(scale=20))
    {'name': 'cross_entropy', 'scale': 20, 'label_smoothing': 0.0}
    """
    if isinstance(option, Mapping):
        return {key: describe(value) for key, value in option.items()}
    if isinstance(option, (list, tuple)):
        return [describe(value) for value in option]
    if is_dataclass(option) and not isinstance(option, type):
        name = {"name": _NAMES[type(option)]} if type(option) in _NAMES else {}
        return name | {f.name: describe(getattr(option, f.name)) for f in fields(option)}
    return option


def checked(resolve: Resolve) -> BeforeValidator:
    """A pydantic validator from a function that raises this package's errors."""

    def validate(given: Any) -> Any:
        try:
            return resolve(given)
        except GennDelaysError as error:
            # the message goes in as a value: braces in it are not placeholders
            raise PydanticCustomError("option", "{message}", {"message": str(error)}) from None

    return BeforeValidator(validate)


def with_name(given: Any, default: str) -> Any:
    """``given``, where a mapping without a name gets the default one: ``{lr: 1e-3}`` is Adam."""
    return {"name": default, **given} if isinstance(given, Mapping) else given


def option(kind: str, registry: Mapping[str, type], default: str) -> Any:
    """Type of a configuration entry that names one of a registry; it validates to plain values."""

    def resolve(given: Any) -> Any:
        return describe(build_named(kind, registry, with_name(given, default)))

    return Annotated[dict[str, Any], checked(resolve)]


def settings(kind: str, made: type) -> Any:
    """As :func:`option` where there is only one kind and so no name; None leaves it out."""

    def resolve(given: Any) -> Any:
        if given is None:
            return None
        if not isinstance(given, Mapping):
            names = ", ".join(field.name for field in fields(made))
            raise ConfigError(f"{given!r} given; write a mapping of {names}")
        described = describe(build(made, given, kind))
        return {key: value for key, value in described.items() if key != "name"}

    return Annotated[dict[str, Any] | None, checked(resolve)]
