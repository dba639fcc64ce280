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
from genn_delays.datasets.augment import AUGMENTATIONS, Augmentation
from genn_delays.experiment.config_files import beside, check_names, files_of, placed
from genn_delays.experiment.invalid import MESSAGE, explain
from genn_delays.experiment.kept_files import KeptFiles
from genn_delays.experiment.model_file import load_build, path_of, resolve_args
from genn_delays.experiment.options import (
    CALLBACKS,
    GRADIENTS,
    LOSSES,
    OPTIMISER,
    READOUTS,
    REWIRING,
    checked,
    describe,
    listed,
    option,
    settings,
)
from genn_delays.planning.gradients import GradientRule
from genn_delays.planning.readouts import Readout
from genn_delays.plugins import named_as
from genn_delays.plugins.named import values_of
from genn_delays.rewiring import RewiringRule
from genn_delays.support import strict_yaml
from genn_delays.support.errors import ConfigError, GennDelaysError, reason, suggest
from genn_delays.support.paths import expanded
from genn_delays.training import (
    Callback,
    EarlyStopping,
    Narrowing,
    SilentRescue,
    SpikeCount,
)
from genn_delays.training.losses import Loss
from genn_delays.training.regularisers import REGULARISERS, Regulariser

Count = Annotated[int, Field(gt=0, lt=2**31)]
"""As the engine counts: in 32 bits."""

Args = Annotated[dict[str, Any], PlainSerializer(describe)]
"""Arguments as they are given, with the files of plug-ins."""


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, numbers may be written as text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True)


class ModelSection(Section):
    """The network.

    Attributes:
        file: a Python file with ``build``, from the folder of the configuration on, or the name of
            an installed model.
        args: arguments of its ``build``; it is given inputs, outputs and seed besides.
    """

    file: Path
    args: Args = {}


class DataSection(Section):
    """The data, and random changes while training.

    Attributes:
        name: of the data set.
        file: of a data set of the user's own, which then is the class ``name`` in it.
        path: its file or folder, from the folder of the configuration on; a published data set is
            found without.
        args: settings of the data set, or ``preset`` for those of a publication.
        augment: a list of augmentations, which change every training batch in this order.
    """

    name: str
    file: Annotated[Any, PlainSerializer(describe)] = None
    path: Path | None = None
    args: Args = {}
    augment: listed("augment", Augmentation, AUGMENTATIONS) = []  # type: ignore[valid-type]

    @property
    def chosen(self) -> str | dict[str, Any]:
        """What :func:`genn_delays.datasets.source` takes."""
        return self.name if self.file is None else {"name": self.name, "file": self.file}


class TrainingSection(Section):
    """The run.

    Attributes:
        epochs: passes over the training trials.
        batch_size: trials of a batch.
        seed: of initial values, the order of trials, and all that is drawn while training.
        dt: length of a step in ms.
        duration: length of a trial in ms; null for that of the data set.
        precision: of the engine's numbers.
        discretisation: the step of a linear flow, P = expm(M dt), or Euler's 1 + M dt.
        sigma: narrows the delay kernels of the surrogate rule; null leaves them as declared.
        early_stopping: ends a run that no longer improves; null for never.
        spike_count: pulls spike counts towards a target; null for no such pull.
        silent_rescue: strengthens the input of neurons that never spike; null leaves them.
        regularisers: a list of further regularisers, by name or of the user's own.
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
    regularisers: listed("regularisers", Regulariser, REGULARISERS) = []  # type: ignore[valid-type]


def _backend(given: Any, info: ValidationInfo) -> Any:
    names = [*BACKENDS, "auto"]
    if given not in names:
        raise ConfigError(f"there is no backend {given!r}; {suggest(given, names)}")
    return given


class BackendSection(Section):
    """What runs it.

    Attributes:
        name: ``native``, ``genn-cpu``, ``genn-cuda`` or ``reference``; ``auto`` is PyGeNN on CUDA
            where that works, else the embedded engine.
        threads: of the embedded engine; null for one per core.
    """

    name: Annotated[str, checked(_backend)] = "auto"
    threads: Count | None = None


class Config(Section):
    """A whole configuration; what it names is there as the object that it makes.

    Attributes:
        model: the network.
        data: what it learns, and random changes of it.
        gradient: the gradient rule, by name.
        readout: what makes outputs of the voltages or spikes of a trial, by name, or a class of
            the model file.
        loss: of the outputs, by name, or a class of the model file.
        training: length, steps and helps of the run.
        optimiser: update rules, learning rates and schedules.
        rewiring: a list of rules, which drop and grow synapses in this order.
        callbacks: a list of callbacks, by name or of the user's own.
        backend: what runs it.
    """

    model: ModelSection
    data: DataSection
    gradient: option("gradient", GradientRule, GRADIENTS, "eventprop") = {}  # type: ignore[valid-type]
    readout: option("readout", Readout, READOUTS, "exponential_mean_voltage") = {}  # type: ignore[valid-type]
    loss: option("loss", Loss, LOSSES, "cross_entropy") = {"scale": 20.0}  # type: ignore[valid-type]
    training: TrainingSection = Field(default_factory=TrainingSection)
    optimiser: OPTIMISER = {}
    rewiring: listed("rewiring", RewiringRule, REWIRING) = []  # type: ignore[valid-type]
    callbacks: listed("callbacks", Callback, CALLBACKS) = []  # type: ignore[valid-type]
    backend: BackendSection = Field(default_factory=BackendSection)

    def to_yaml(self) -> str:
        """The text of a file that :func:`load_config` reads as an equal configuration."""
        return strict_yaml.dump(self.model_dump(mode="json"))


def load_config(
    path: Path | str, overrides: Iterable[str] = (), kept: KeptFiles | None = None
) -> Config:
    """Read and check a configuration file.

    Args:
        path: a YAML file; relative paths in it start from its folder.
        overrides: ``"key.sub=value"`` each, the value in YAML.
        kept: copies of the files that it names, which take the place of these.

    Raises:
        ConfigError: what is wrong, with the file and the place in it.
    """
    return _read(Path(path), overrides, resolve=True, kept=kept)


def load_resolved(path: Path | str, kept: KeptFiles | None = None) -> Config:
    """Read the complete configuration of a run folder, whose model file may be gone.

    Args:
        path: the configuration.
        kept: the copies of the user's files; by default those that the configuration names.

    Raises:
        ConfigError: it is damaged.
    """
    return _read(Path(path), (), resolve=False, kept=kept)


def validated(data: object, folder: Path | None = None, kept: KeptFiles | None = None) -> Config:
    """A configuration from plain values.

    Args:
        data: as :func:`load_config` finds them in a file.
        folder: where relative files start.
        kept: as of :func:`load_resolved`.

    Raises:
        pydantic.ValidationError: they are none.
        ConfigError: a file of a plug-in that is no path.
    """
    folder = folder or Path()
    place = beside(folder)
    if kept is not None and isinstance(data, Mapping):
        section = data.get("model")
        model = section.get("file") if isinstance(section, Mapping) else None
        place = kept.place(folder, model)
    context = {"folder": folder, "kept": kept}
    return Config.model_validate(placed(data, place), context=context)


def _read(
    path: Path, overrides: Iterable[str], resolve: bool, kept: KeptFiles | None = None
) -> Config:
    try:
        data = strict_yaml.parse(strict_yaml.read_text(path))
        if not isinstance(data, dict):
            raise ConfigError("expected a mapping with the keys model, data, training, ...")
        for override in overrides:
            _override(data, override)
        folder = path.resolve().parent
        config = validated(data, folder, kept)
        return _resolve(config, folder, kept) if resolve else config
    except Invalid as error:
        raise ConfigError(f"{path}: {explain(error, Config)}") from None
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


def _resolve(config: Config, folder: Path, kept: KeptFiles | None) -> Config:
    """Absolute paths, and the arguments of model and data set with their defaults."""
    file = path_of(config.model.file, folder)
    build = load_build(file if kept is None else kept.model)
    args = describe(resolve_args(build, config.model.args))
    model = config.model.model_copy(update={"file": file, "args": args})
    path = config.data.path
    if path is not None:
        path = (folder / expanded(path, "data.path")).resolve()
        if not path.exists():
            raise ConfigError(f"data.path: there is no file or folder {path}")
    source = datasets.source(config.data.chosen, **config.data.args)
    name = (named_as(type(source)) or {}).get("name", config.data.name)  # a plug-in's in full
    update = {"name": name, "path": path, "args": describe(values_of(source))}
    data = config.data.model_copy(update=update)
    resolved = config.model_copy(update={"model": model, "data": data})
    check_names(files_of(resolved.model_dump(mode="json")), file)
    return resolved
