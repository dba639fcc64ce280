"""UnitTable: what the units of one population can learn, as parallel arrays; and BatchNorm.

Everything that belongs to a unit, an optimiser's moments included, is a column here, as what
belongs to a synapse is in its SynapseTable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.timing import MAX_STEPS
from genn_delays.support.checks import is_number
from genn_delays.support.errors import NetworkError, suggest
from genn_delays.support.limits import check_size
from genn_delays.support.references import Cited

POSITION = "position"
"""Coordinates of units are the columns position1, position2, ... of their table."""

Bounds = tuple[float, float]
Learn = Iterable[str] | Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class BatchNorm(Cited):
    """Normalises the input current u of each unit over batch and time.

        u <- gain (u - mean) / sqrt(variance + eps) + bias

    Ioffe and Szegedy (2015, arXiv 1502.03167), with PyTorch's conventions: training uses the mean
    and the biased variance of the batch, and running averages follow them (with the unbiased
    variance); evaluation uses the running averages. gain and bias are learnt.

    Attributes:
        momentum: share of a batch in the running averages, in [0, 1].
        eps: added to the variance.
    """

    momentum: float = 0.1
    eps: float = 1e-5
    cites: ClassVar[tuple[str, ...]] = ("ioffe2015",)

    def __post_init__(self) -> None:
        if not (is_number(self.momentum) and 0.0 <= self.momentum <= 1.0):
            raise NetworkError(f"BatchNorm(momentum={self.momentum!r}): must be in [0, 1]")
        if not (is_number(self.eps) and self.eps > 0.0):
            raise NetworkError(f"BatchNorm(eps={self.eps!r}): must be > 0")


@dataclass(frozen=True, eq=False)
class BatchStatistics:
    """Input current of one population over a batch.

    Attributes:
        mean, variance: of each unit over trials and steps, float64, (units,); the variance is
            the biased one.
        count: trials times steps.
    """

    mean: np.ndarray
    variance: np.ndarray
    count: int


@dataclass(eq=False)
class UnitTable:
    """Parameters of the units of one population.

    Attributes:
        size: number of units.
        columns: parameters by name, float64, (units,): ``gain``, ``bias``, ``running_mean`` and
            ``running_variance`` of batch normalisation, ``bias`` without it, and time constants
            in ms, positions. A column is also an attribute: ``units.tau_mem``.
        bounds: smallest and largest value, by the name of the column.
        tied: columns with one value for all units.
        state: further columns, such as optimiser moments.
    """

    size: int
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    bounds: dict[str, Bounds] = field(default_factory=dict)
    tied: frozenset[str] = frozenset()
    state: dict[str, np.ndarray] = field(default_factory=dict)

    def __getattr__(self, name: str) -> np.ndarray:
        columns = self.__dict__.get("columns", {})
        if name not in columns:
            raise AttributeError(f"this population has no parameter {name!r}; it has {[*columns]}")
        return columns[name]

    def __len__(self) -> int:
        return self.size

    def attach(self, name: str, fill: float = 0.0) -> np.ndarray:
        """The column ``name`` of ``state``, made with ``fill`` if it is not there yet."""
        if name not in self.state:
            self.state[name] = np.full(self.size, fill)
        return self.state[name]

    def clip(self, name: str) -> None:
        """Bring a column back within its bounds."""
        if name in self.bounds:
            low, high = self.bounds[name]
            np.clip(self.columns[name], low, high, out=self.columns[name])

    def observe(self, normalise: BatchNorm, statistics: BatchStatistics) -> None:
        """Move the running averages towards the statistics of a batch."""
        count = max(statistics.count, 2)
        variance = statistics.variance * (count / (count - 1))
        for name, seen in (("running_mean", statistics.mean), ("running_variance", variance)):
            self.columns[name] += normalise.momentum * (seen - self.columns[name])

    def check(self, where: str) -> None:
        """Raise NetworkError unless every column has one finite value per unit, within bounds."""
        for name, column in {**self.columns, **self.state}.items():
            if not isinstance(column, np.ndarray) or column.shape != (self.size,):
                raise NetworkError(
                    f"{where}: {name!r} has shape {np.shape(column)} for {self.size} units; "
                    "assign an array of one value per unit"
                )
        for name, column in self.columns.items():
            if column.dtype.kind not in "iuf" or not np.all(np.isfinite(column)):
                raise NetworkError(f"{where}: {name} is not finite; lower the learning rate")
            least = 0.0 if name == "running_variance" else -np.inf
            low, high = self.bounds.get(name, (least, np.inf))
            if np.any(column < low) or np.any(column > high):
                raise NetworkError(f"{where}: {name} is outside its bounds [{low:g}, {high:g}]")


def check_units(neuron: Neuron, size: int, where: str) -> None:
    """Raise NetworkError where there are more units than can be counted or kept in memory."""
    if size > MAX_STEPS:
        raise NetworkError(f"{where}: size {size} given, units are counted up to {MAX_STEPS}")
    # its parameters, its flow and what follows from that at a time step
    each = 1 + len(neuron.values()) + 4 * len(neuron.states) ** 2
    check_size(8 * size * each, f"{where} of {size} units", error=NetworkError)


def is_position(name: str) -> bool:
    """Whether a column is a coordinate of the units.

    >>> is_position("position2"), is_position("position"), is_position("tau_mem")
    (True, False, False)
    """
    return name.startswith(POSITION) and name[len(POSITION) :].isdecimal()


def positions_of(units: UnitTable) -> list[str]:
    """Columns of the coordinates, in their order."""
    return sorted(filter(is_position, units.columns), key=lambda name: int(name[len(POSITION) :]))


def unit_table(
    neuron: Neuron,
    parameters: Mapping[str, np.ndarray],
    size: int,
    bias: float | np.ndarray | None,
    normalise: BatchNorm | None,
    learn: Learn,
    positions: Mapping[str, np.ndarray],
    where: str,
) -> tuple[UnitTable, tuple[str, ...]]:
    """The table of a new population, and the names of the columns that are learnt.

    Args:
        parameters: of the neuron, one value per unit.
        bias, normalise, learn: see :meth:`genn_delays.Network.add_population`.
        positions: columns of the coordinates.
        where: for messages.
    """
    columns: dict[str, np.ndarray] = {}
    if normalise is not None:
        if bias is not None:
            raise NetworkError(f"{where}: normalise brings a bias of its own; leave bias out")
        ones, zeros = np.ones(size), np.zeros(size)
        columns = {"gain": ones, "bias": zeros}
        columns |= {"running_mean": zeros.copy(), "running_variance": ones.copy()}
    elif bias is not None:
        columns["bias"] = _per_unit(bias, size, where)
    if clash := [name for name in (*parameters, *neuron.states) if is_position(name)]:
        raise NetworkError(f"{where}: {clash[0]!r} is the name of a coordinate; choose another")
    columns |= positions
    fixed = ("gain", "bias") if normalise is not None else ()
    allowed = [*neuron.learnable, *(["bias"] if bias is not None else []), *positions]
    values = {name: columns.get(name, parameters.get(name)) for name in allowed}
    bounds = {
        name: _bounds(name, pair, values, name in neuron.bounded, where)
        for given, pair in _wanted(learn, where)
        for name in (positions if given == POSITION and positions else (given,))
    }
    constants = [name for name in bounds if name != "bias" and name not in positions]
    columns |= {name: parameters[name] for name in constants}
    tied = frozenset(name for name in constants if np.asarray(neuron.values()[name]).ndim == 0)
    return UnitTable(size, columns, bounds, tied), (*fixed, *bounds)


def _per_unit(bias: float | np.ndarray, size: int, where: str) -> np.ndarray:
    try:
        given = np.asarray(bias)
        array = np.broadcast_to(given, (size,)).astype(np.float64)
    except (TypeError, ValueError):
        given = array = np.full(1, None)
    if given.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise NetworkError(f"{where}: bias {bias!r} is not a number or an array of {size} numbers")
    return array


def _wanted(learn: Learn, where: str) -> list[tuple[str, object]]:
    """(name, bounds or None) of each parameter to learn."""
    if isinstance(learn, str):
        return [(learn, None)]
    if isinstance(learn, Mapping):
        return list(learn.items())
    if isinstance(learn, Iterable):
        names = list(learn)
        if all(isinstance(name, str) for name in names):
            return [(name, None) for name in names]
    raise NetworkError(f"{where}: learn={learn!r}; give names or a mapping from name to bounds")


def _bounds(
    name: str,
    pair: object,
    values: Mapping[str, np.ndarray | None],
    bounded: bool,
    where: str,
) -> Bounds:
    if name not in values or values[name] is None:
        raise NetworkError(f"{where}: cannot learn {name!r}; {suggest(str(name), values)}")
    value = np.asarray(values[name])
    if pair is None:
        ends = sorted(
            [0.1 * value.min(), 10.0 * value.max(), 10.0 * value.min(), 0.1 * value.max()]
        )
        return (ends[0], ends[-1]) if bounded else (-np.inf, np.inf)
    if not (isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(is_number, pair))):
        raise NetworkError(f"{where}: bounds of {name!r} are two numbers, not {pair!r}")
    low, high = float(pair[0]), float(pair[1])
    if not low <= value.min() <= value.max() <= high or (bounded and low <= 0 <= high):
        raise NetworkError(
            f"{where}: {name} = {value.min():g} starts outside its bounds [{low:g}, {high:g}], or "
            "these are not > 0"
        )
    return low, high
