"""What inference needs besides the network, as files of networks hold it.

A mapping of plain values in the attributes of a checkpoint, under :data:`ATTRIBUTE`. Classes are
named as in ``class_names.py``: reading it imports and runs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, FiniteFloat

from genn_delays.datasets import SOURCES
from genn_delays.datasets.base import Dataset, Source
from genn_delays.datasets.encoder import Encoder
from genn_delays.experiment.class_names import find, name_of
from genn_delays.experiment.options import GRADIENTS, LOSSES, READOUTS, describe
from genn_delays.planning.gradients import GradientRule
from genn_delays.planning.plan import Plan
from genn_delays.planning.readouts import Readout
from genn_delays.planning.timing import MAX_STEPS
from genn_delays.plugins.named import values_of
from genn_delays.support.errors import CheckpointError, PlanError
from genn_delays.support.settings import build
from genn_delays.training.losses import Loss

ATTRIBUTE = "inference"
T = TypeVar("T")


@dataclass(frozen=True)
class _Stored:
    """The recipe as plain values."""

    dt: Annotated[FiniteFloat, Field(gt=0)]
    steps: Annotated[int, Field(gt=0, le=MAX_STEPS)]
    precision: Literal["float32", "float64"]
    discretisation: Literal["exact", "euler"]
    gradient: dict[str, Any]
    readout: dict[str, Any]
    loss: dict[str, Any]
    class_names: tuple[str, ...] = ()
    origin: dict[str, Any] | None = None


@dataclass(frozen=True)
class Recipe:
    """How a network is run on a recording.

    Attributes:
        dt: ms. steps: of a trial.
        precision, discretisation: see :func:`genn_delays.compile`.
        gradient: the rule it was trained by, which knows what happens at spikes.
        readout, loss: outputs of a trial, and the class that they mean.
        class_names: () where there are none.
        origin: name and settings of the data set, whose encoder makes events of sound (see
            :meth:`source`); None where it was made of arrays.
    """

    dt: float
    steps: int
    precision: str
    discretisation: str
    gradient: GradientRule
    readout: Readout
    loss: Loss
    class_names: tuple[str, ...] = ()
    origin: Mapping[str, Any] | None = field(default=None)

    @staticmethod
    def of(plan: Plan, loss: Loss, dataset: Dataset) -> Recipe:
        """That of a network which is trained on a data set."""
        return Recipe(
            dt=plan.dt,
            steps=plan.steps,
            precision=plan.precision,
            discretisation=plan.discretisation,
            gradient=plan.gradient,
            readout=plan.readout,
            loss=loss,
            class_names=dataset.class_names,
            origin=None if dataset.origin is None else _origin(dataset.origin),
        )

    def source(self) -> Source | None:
        """What the data set was loaded from; None where it was made of arrays.

        Raises:
            CheckpointError: a class that is not known here.
        """
        name, args = ((self.origin or {}).get(key) for key in ("name", "args"))
        if not isinstance(name, str) or not isinstance(args, Mapping):
            return None
        place = "the data set of the model"
        kind = find(name, SOURCES, Source, "data set", place)
        settings = dict(args)
        if isinstance(encoder := settings.get("code"), Mapping):
            settings["code"] = _made(encoder, {}, Encoder, "encoder", place)
        return build(kind, settings, place, CheckpointError)

    def to_attribute(self) -> dict[str, Any]:
        """Plain values, for :func:`genn_delays.experiment.checkpoint.save`.

        Raises:
            CheckpointError: a readout or loss that another process could not find again.
        """
        parts = {
            "gradient": _named(self.gradient, GRADIENTS, "gradient"),
            "readout": _named(self.readout, READOUTS, "readout"),
            "loss": _named(self.loss, LOSSES, "loss"),
        }
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in parts}
        return asdict(_Stored(**{**plain, **parts}))

    @staticmethod
    def from_attribute(given: Any, where: str) -> Recipe:
        """The inverse.

        Args:
            where: begins messages: the file.

        Raises:
            CheckpointError: it is damaged, or a class that is not known here.
        """
        if not isinstance(given, Mapping):
            raise CheckpointError(
                f"{where} holds no {ATTRIBUTE}: it was written without, or by an older release; "
                "train again, or take genn_delays.checkpoint.load for the network alone"
            )
        place = f"{where}: {ATTRIBUTE}"
        stored = build(_Stored, given, place, CheckpointError)
        plain = {f.name: getattr(stored, f.name) for f in fields(stored)}
        plain["gradient"] = _made(stored.gradient, GRADIENTS, GradientRule, "gradient", place)
        plain["readout"] = _made(stored.readout, READOUTS, Readout, "readout", place)
        plain["loss"] = _made(stored.loss, LOSSES, Loss, "loss", place)
        return Recipe(**plain)


def _named(part: T, known: Mapping[str, type[T]], what: str) -> dict[str, Any]:
    values = {key: describe(value) for key, value in values_of(part).items()}
    return {**values, "name": name_of(type(part), known, what)}


def _origin(source: Source) -> dict[str, Any]:
    args = {
        key: _named(value, {}, "encoder") if isinstance(value, Encoder) else describe(value)
        for key, value in values_of(source).items()
    }
    return {"name": name_of(type(source), SOURCES, "data set"), "args": args}


def _made(
    given: Mapping[str, Any], known: Mapping[str, type[T]], base: type, what: str, where: str
) -> T:
    settings = dict(given)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise CheckpointError(f"{where}.{what} has no name; the file is damaged")
    kind = find(name, known, base, what, where)
    try:
        return build(kind, settings, f"{where}.{what}", CheckpointError)
    except PlanError as error:  # of the class itself, which knows no file
        raise CheckpointError(f"{where}.{what}: {error}") from None
