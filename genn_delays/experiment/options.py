"""Named options of a configuration: ``{name: adam, lr: 1e-3}`` and the object it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo
from pydantic_core import PydanticCustomError

from genn_delays import rewiring
from genn_delays.datasets.augment import AUGMENTATIONS
from genn_delays.experiment.model_file import path_of
from genn_delays.planning import readouts
from genn_delays.planning.gradients import EventProp, GradientRule, Surrogate
from genn_delays.planning.readouts import Readout
from genn_delays.plugins.named import build_named, named_as, own_classes, values_of
from genn_delays.plugins.user_files import UserFile, load, load_registered
from genn_delays.rewiring import RewiringRule
from genn_delays.support.errors import ConfigError, GennDelaysError, suggest
from genn_delays.support.settings import build
from genn_delays.training import losses, optimiser
from genn_delays.training.callbacks import Callback
from genn_delays.training.losses import Loss
from genn_delays.training.regularisers import REGULARISERS
from genn_delays.training.schedules import SCHEDULES
from genn_delays.training.tensorboard import TensorBoard
from genn_delays.training.update_rules import OPTIMISERS

GRADIENTS: dict[str, type[GradientRule]] = {"eventprop": EventProp, "surrogate": Surrogate}
READOUTS: dict[str, type[Readout]] = {
    "exponential_mean_voltage": readouts.ExponentialMeanVoltage,
    "first_spike": readouts.FirstSpike,
    "max_voltage": readouts.MaxVoltage,
    "mean_voltage": readouts.MeanVoltage,
    "softmax_sum": readouts.SoftmaxSum,
    "spike_count": readouts.SpikeCount,
    "voltage_trace": readouts.VoltageTrace,
}
LOSSES: dict[str, type[Loss]] = {
    "cross_entropy": losses.CrossEntropy,
    "mean_squared_error": losses.MeanSquaredError,
    "step_cross_entropy": losses.StepCrossEntropy,
}
REWIRING: dict[str, type[RewiringRule]] = rewiring.RULES
CALLBACKS: dict[str, type[Callback]] = {"tensorboard": TensorBoard}

REGISTRIES: tuple[Mapping[str, type], ...] = (
    GRADIENTS,
    READOUTS,
    LOSSES,
    REWIRING,
    AUGMENTATIONS,
    OPTIMISERS,
    REGULARISERS,
    SCHEDULES,
    CALLBACKS,
)
"""All options that have a name."""

OWN: tuple[type, ...] = (Readout, Loss)
"""Bases of which a model file may hold a class that the configuration names."""

Resolve = Callable[[Any, ValidationInfo], Any]


def describe(option: Any) -> Any:
    """The plain values that make this object again, every default written out.

    >>> describe(losses.CrossEntropy(scale=20))
    {'name': 'cross_entropy', 'scale': 20, 'label_smoothing': 0.0}
    """
    if isinstance(option, Mapping):
        return {key: describe(value) for key, value in option.items()}
    if isinstance(option, (list, tuple)):
        return [describe(value) for value in option]
    if isinstance(option, UserFile):
        return str(option)
    chosen = named_as(type(option)) is not None
    if (chosen or is_dataclass(option)) and not isinstance(option, type):
        return _name(option) | {key: describe(value) for key, value in values_of(option).items()}
    return option


def _name(option: object) -> dict[str, str]:
    kind = type(option)
    if (named := named_as(kind)) is not None:
        return named
    for registry in REGISTRIES:
        for name, known in registry.items():
            if known is kind:
                return {"name": name}
    return {"name": kind.__name__} if isinstance(option, OWN) else {}


def describe_optimiser(made: optimiser.Optimiser) -> dict[str, Any]:
    """The ``optimiser`` section that makes this object again, every default written out."""
    return {
        **{kind: _describe_group(made.default(kind), kind) for kind in optimiser.KINDS},
        "groups": {
            name: {what: _describe_group(made.group(name, what), what) for what in chosen}
            for name, chosen in made.groups.items()
        },
        "clip": describe(made.clip),
        "device": made.device,
    }


def _describe_group(group: optimiser.Group, parameter: str) -> dict[str, Any]:
    penalty = {"l1": group.l1} if parameter == "weight" else {}
    return {**describe(group.rule), **penalty, "schedule": describe(group.schedules)}


def checked(resolve: Resolve) -> BeforeValidator:
    """A pydantic validator from a function that raises this package's errors."""

    def validate(given: Any, info: ValidationInfo) -> Any:
        try:
            return resolve(given, info)
        except GennDelaysError as error:
            # the message goes in as a value: braces in it are not placeholders
            raise PydanticCustomError("option", "{message}", {"message": str(error)}) from None

    return BeforeValidator(validate)


def made(resolve: Resolve) -> Any:
    """Type of a configuration entry that validates to an object, and is written as plain values."""
    return Annotated[Any, checked(resolve), PlainSerializer(describe)]


def with_name(given: Any, default: str) -> Any:
    """``given``, where a mapping without a name gets the default one: ``{lr: 1e-3}`` is Adam."""
    return {"name": default, **given} if isinstance(given, Mapping) else given


def option(kind: str, base: type, registry: Mapping[str, type], default: str) -> Any:
    """Type of an entry that names one of a registry, a plug-in, or a class of the model file.

    The section above it has the model file, ``model``, before it; see :func:`model_of`.

    Args:
        base: what it is derived from.
    """

    def resolve(given: Any, info: ValidationInfo) -> Any:
        named = with_name(given, default)
        name = named.get("name") if isinstance(named, Mapping) else named
        here = (isinstance(named, Mapping) and named.get("file") is None) or isinstance(named, str)
        if base is GradientRule and not (here and name in registry):
            raise ConfigError(
                f"{kind}: there is no {name!r}; {suggest(str(name), registry)}; one of your own is "
                "code in every engine: docs/architecture.md"
            )
        known = {**registry}
        if base in OWN and here and name not in registry:
            model = model_of(info)
            known |= own_classes(model, base) if model is not None else {}
        return build_named(kind, base, known, named)

    return made(resolve)


def listed(kind: str, base: type, registry: Mapping[str, type]) -> Any:
    """As :func:`option`, of a list of them; () for none."""

    def resolve(given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, (list, tuple)):
            raise ConfigError(f"{given!r} given; write a list, or [] for none")
        return tuple(
            build_named(f"{kind}[{k}]", base, registry, entry) for k, entry in enumerate(given)
        )

    return made(resolve)


def model_of(info: ValidationInfo) -> ModuleType | None:
    """The model file of the configuration that is being validated; None where it is wrong itself.

    The context of the validation has ``folder``, where relative paths start, or ``kept``, the
    files of a run folder.
    """
    context = info.context or {}
    if (kept := context.get("kept")) is not None and kept.model.is_file():
        return load_registered(kept.model)
    if "model" not in info.data:
        return None
    return load(path_of(info.data["model"].file, context.get("folder", Path())))


def settings(kind: str, kept: type) -> Any:
    """As :func:`option` where there is only one kind and so no name; None leaves it out."""

    def resolve(given: Any, info: ValidationInfo) -> Any:
        if given is None:
            return None
        if not isinstance(given, Mapping):
            names = ", ".join(field.name for field in fields(kept))
            raise ConfigError(f"{given!r} given; write a mapping of {names}")
        return build(kept, given, kind)

    return Annotated[Any, checked(resolve), PlainSerializer(_describe_settings)]


def _describe_settings(option: Any) -> Any:
    described = describe(option)
    return described and {key: value for key, value in described.items() if key != "name"}


def _optimiser(given: Any, info: ValidationInfo) -> optimiser.Optimiser:
    if not isinstance(given, dict):
        raise ConfigError(f"{given!r} given; write a mapping such as {{weight: {{name: adam}}}}")
    named = {
        key: with_name(value, "adam") if key in optimiser.KINDS else value
        for key, value in given.items()
    }
    return optimiser.make(named).written_out()


OPTIMISER: Any = Annotated[Any, checked(_optimiser), PlainSerializer(describe_optimiser)]
"""Type of the optimiser section."""
