"""The configuration of a run: its schema, the file it is read from and what may override it.

A configuration that was read is complete: paths are absolute, every default is written out,
and whatever can be checked without the data has been checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PositiveFloat,
    ValidationInfo,
)
from pydantic import ValidationError as Invalid

from genn_delays import datasets
from genn_delays.backends import BACKENDS
from genn_delays.datasets import augment
from genn_delays.datasets.augment import Augmentation
from genn_delays.experiment.model_file import load_build, path_of, resolve_args
from genn_delays.experiment.options import (
    GRADIENTS,
    LOSSES,
    READOUTS,
    REWIRING,
    checked,
    describe,
    made,
    option,
    settings,
    with_name,
)
from genn_delays.rewiring import RewiringRule
from genn_delays.support import strict_yaml
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, short, suggest
from genn_delays.support.paths import expanded
from genn_delays.support.settings import build_named
from genn_delays.training import EarlyStopping, Narrowing, SilentRescue, SpikeCount, optimiser

MESSAGE = 500
"""Characters of a message, whatever was given."""

Count = Annotated[int, Field(gt=0, lt=2**31)]
"""As the engine counts: in 32 bits."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, numbers may be written as text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)


class ModelSection(Section):
    """The network: a Python file with ``build`` or an installed model, and the arguments for it."""

    file: Path
    args: dict[str, Any] = {}


def _augmentations(given: Any, info: ValidationInfo) -> tuple[Augmentation, ...]:
    if not isinstance(given, list):
        raise ConfigError(f"{given!r} given; write a list of augmentations")
    return augment.make(given)


class DataSection(Section):
    """The data set by name, where it lies, its settings, and random changes while training."""

    name: str
    path: Path | None = None
    args: dict[str, Any] = {}
    augment: made(_augmentations) = []  # type: ignore[valid-type]


class TrainingSection(Section):
    """The run. ``dt`` and ``duration`` (of a trial, by default the data set's) are in ms.

    ``sigma`` narrows delay kernels, in steps; null leaves them as wide as declared.
    """

    epochs: Count = 30
    batch_size: Count = 64
    seed: Annotated[int, Field(ge=0, le=strict_yaml.LARGEST)] = 1
    dt: PositiveFloat = 1.0
    duration: PositiveFloat | None = None
    precision: Literal["float32", "float64"] = "float32"
    discretisation: Literal["exact", "euler"] = "exact"
    sigma: settings("sigma", Narrowing) = None  # type: ignore[valid-type]
    early_stopping: settings("early_stopping", EarlyStopping) = None  # type: ignore[valid-type]
    spike_count: settings("spike_count", SpikeCount) = None  # type: ignore[valid-type]
    silent_rescue: settings("silent_rescue", SilentRescue) = None  # type: ignore[valid-type]


def _optimiser(given: Any, info: ValidationInfo) -> optimiser.Optimiser:
    if not isinstance(given, dict):
        raise ConfigError(f"{given!r} given; write a mapping such as {{weight: {{name: adam}}}}")
    named = {
        key: with_name(value, "adam") if key in optimiser.KINDS else value
        for key, value in given.items()
    }
    return optimiser.make(named).written_out()


def _describe_optimiser(made: optimiser.Optimiser) -> dict[str, Any]:
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


def _backend(given: Any, info: ValidationInfo) -> Any:
    names = [*BACKENDS, "auto"]
    if given not in names:
        raise ConfigError(f"there is no backend {given!r}; {suggest(given, names)}")
    return given


class BackendSection(Section):
    """What runs it. ``threads: null`` is one per core."""

    name: Annotated[str, checked(_backend)] = "auto"
    threads: Count | None = None


def _rewiring(given: Any, info: ValidationInfo) -> list[RewiringRule]:
    if not isinstance(given, list):
        raise ConfigError(f"{given!r} given; write a list of rules, or [] for none")
    return [build_named("rewiring", REWIRING, rule) for rule in given]


class Config(Section):
    """A whole configuration; what it names is there as the object that it makes."""

    model: ModelSection
    data: DataSection
    gradient: option("gradient", GRADIENTS, "eventprop") = {}  # type: ignore[valid-type]
    readout: option("readout", READOUTS, "exponential_mean_voltage") = {}  # type: ignore[valid-type]
    loss: option("loss", LOSSES, "cross_entropy") = {"scale": 20.0}  # type: ignore[valid-type]
    training: TrainingSection = Field(default_factory=TrainingSection)
    optimiser: Annotated[Any, checked(_optimiser), PlainSerializer(_describe_optimiser)] = {}
    rewiring: made(_rewiring) = []  # type: ignore[valid-type]
    backend: BackendSection = Field(default_factory=BackendSection)

    def to_yaml(self) -> str:
        """The text of a file that :func:`load_config` reads as an equal configuration."""
        return strict_yaml.dump(self.model_dump(mode="json"))


def load_config(path: Path | str, overrides: Iterable[str] = ()) -> Config:
    """Read and check a configuration file.

    Args:
        path: a YAML file; relative paths in it start from its folder.
        overrides: ``"key.sub=value"`` each, the value in YAML.

    Raises:
        ConfigError: what is wrong, with the file and the place in it.
    """
    return _read(Path(path), overrides, resolve=True)


def load_resolved(path: Path | str, model: Path | None = None) -> Config:
    """Read the complete configuration of a run folder, whose model file may be gone.

    Args:
        path: the configuration.
        model: the copy of the model file, for readouts and losses of its own; by default the
            file that the configuration names.

    Raises:
        ConfigError: it is damaged.
    """
    return _read(Path(path), (), resolve=False, model=model)


def validated(data: object, folder: Path | None = None, model: Path | None = None) -> Config:
    """A configuration from plain values.

    Args:
        data: as :func:`load_config` finds them in a file.
        folder: where a relative ``model.file`` starts.
        model: as of :func:`load_resolved`.

    Raises:
        pydantic.ValidationError: they are none.
    """
    context = {"folder": folder or Path(), "model": model}
    return Config.model_validate(data, context=context)


def _read(path: Path, overrides: Iterable[str], resolve: bool, model: Path | None = None) -> Config:
    try:
        data = strict_yaml.parse(strict_yaml.read_text(path))
        if not isinstance(data, dict):
            raise ConfigError("expected a mapping with the keys model, data, training, ...")
        for override in overrides:
            _override(data, override)
        folder = path.resolve().parent
        config = validated(data, folder, model)
        return _resolve(config, folder) if resolve else config
    except Invalid as error:
        raise ConfigError(f"{path}: {_explain(error)}") from None
    except GennDelaysError as error:
        raise ConfigError(f"{path}: {reason(error, MESSAGE)}") from None


def _override(data: dict[str, Any], override: str) -> None:
    """Set one nested key in place."""
    key, equals, value = override.partition("=")
    if not equals or not all(parts := key.strip().split(".")):
        raise ConfigError(f"--set {override!r}: write it as key.sub=value")
    try:
        parsed = strict_yaml.parse(value)
    except ConfigError as error:
        raise ConfigError(f"--set {override!r}: {error}") from None
    for depth, part in enumerate(parts[:-1]):
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            place = ".".join(parts[: depth + 1])
            raise ConfigError(f"--set {override!r}: {place} has no keys inside; set it whole")
    data[parts[-1]] = parsed


def _resolve(config: Config, folder: Path) -> Config:
    """Absolute paths, and the arguments of model and data set with their defaults."""
    file = path_of(config.model.file, folder)
    args = describe(resolve_args(load_build(file), config.model.args))
    model = config.model.model_copy(update={"file": file, "args": args})
    path = config.data.path
    if path is not None:
        path = (folder / expanded(path, "data.path")).resolve()
        if not path.exists():
            raise ConfigError(f"data.path: there is no file or folder {path}")
    source = describe(datasets.source(config.data.name, **config.data.args))
    data = config.data.model_copy(update={"path": path, "args": source})
    return config.model_copy(update={"model": model, "data": data})


def _explain(invalid: Invalid) -> str:
    """The first error: its place, what was given and what is allowed, on one line."""
    error = invalid.errors()[0]
    return short(_first(error), MESSAGE)


def _first(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        hint = suggest(str(error["loc"][-1]), _keys(error["loc"][:-1]))
        return f"{place}: unknown key; {hint}"
    if error["type"] == "missing":
        return f"{place}: is missing; give it a value"
    if error["type"] == "option":
        return _joined(place, error["msg"])
    if error["type"] == "model_type":
        return f"{place}: {error['input']!r} given; {suggest('', _keys(error['loc']))}"
    return f"{place}: {error['input']!r} given; {error['msg'].lower()}"


def _joined(place: str, message: str) -> str:
    """The message behind its place, whose last part it may begin with already."""
    outer, _, last = place.rpartition(".")
    if message.startswith(tuple(f"{last}{mark}" for mark in ":. ")):
        return f"{outer}.{message}" if outer else message
    return f"{place}: {message}"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    """Keys allowed at a place of the configuration."""
    section: type[BaseModel] = Config
    for part in place:
        section = section.model_fields[str(part)].annotation  # type: ignore[assignment]
    return list(section.model_fields)
