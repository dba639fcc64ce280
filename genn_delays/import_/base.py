"""Reader: what a format that holds a whole network declares."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Neuron
from genn_delays.import_.found import FoundPopulation, FoundProjection, network_of
from genn_delays.import_.sidecar import Sidecar, beside
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import is_count, is_number
from genn_delays.support.errors import DataError
from genn_delays.support.paths import expanded


@dataclass(eq=False)
class FoundSynapses:
    """Synapses of one projection as a file has them.

    Attributes:
        pre, post, target: names, where there is no file beside it.
        columns: pre, post and weight, and delay (ms, as learnt) where the file has it.
        arrival: ms from a spike to its arrival; None where the file has delays as learnt.
        lag: None where the file does not say; max_delay likewise.
    """

    pre: str
    post: str
    columns: dict[str, np.ndarray]
    arrival: np.ndarray | None = None
    target: str | None = None
    lag: int | None = None
    max_delay: float | None = None


@dataclass(eq=False)
class Contents:
    """What a file holds.

    Attributes:
        populations: as far as the file says; a file beside it says more.
        projections: by identifier. names: their names by identifier, where these are another.
        sidecar: what the file holds itself of what else stands beside it.
    """

    populations: list[FoundPopulation]
    projections: dict[str, FoundSynapses]
    names: dict[str, str] = field(default_factory=dict)
    sidecar: Sidecar | None = None


@dataclass(frozen=True)
class Asked:
    """What the user says besides the file."""

    neurons: Mapping[str, Neuron]
    dt: float | None
    lag: int | None


class Reader(ABC):
    """Base of formats that hold a whole network.

    Class attributes:
        name: in ``gd.import_``. suffix: of the file; "" for a folder.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]

    def __call__(
        self,
        path: Path | str,
        *,
        neurons: Mapping[str, Neuron] | None = None,
        dt: float | None = None,
        lag: int | None = None,
        learn: Iterable[str] = ("weight", "delay"),
    ) -> Network:
        """Read a network.

        Args:
            path: the file or folder.
            neurons: by the name of their population, where the file does not say or says wrong.
            dt: time step in ms, where nothing tells it: delays of other software are
                (lag + k) dt.
            lag: steps that a spike takes besides its delay, 1 or 0, where nothing tells it.
            learn: what training may change, of every projection; delays only where their bound
                (by default the largest of them) is above 0 ms.

        Returns:
            The network; what :mod:`genn_delays.export` wrote comes back with its weights and
            delays bit for bit, and with batch normalisation in them.

        Raises:
            DataError: there is no such file, it is damaged or of another version, or it does not
                say what is needed, which is then named.
        """
        asked = Asked(neurons or {}, dt, lag)
        _check(asked, self.name)
        main = expanded(Path(path), f"import_.{self.name}()", DataError)
        if not (main.is_dir() if self.suffix == "" else main.is_file()):
            what = "folder" if self.suffix == "" else "file"
            raise DataError(f"{main}: there is no such {what}; check the path")
        sidecar = beside(main, self.name)
        contents = self.read(main, asked, sidecar)
        return _network(contents, sidecar or contents.sidecar, asked, learn, str(main))

    @abstractmethod
    def read(self, main: Path, asked: Asked, sidecar: Sidecar | None) -> Contents:
        """What a file holds, checked as far as types and shapes go."""


def _check(asked: Asked, name: str) -> None:
    if asked.dt is not None and not (is_number(asked.dt) and asked.dt > 0):
        raise DataError(f"import_.{name}(dt={asked.dt!r}): must be > 0 ms")
    if asked.lag is not None and (not is_count(asked.lag, least=0) or asked.lag > 1):
        raise DataError(f"import_.{name}(lag={asked.lag!r}): must be 0 or 1 steps")


def _network(
    contents: Contents, sidecar: Sidecar | None, asked: Asked, learn: Iterable[str], where: str
) -> Network:
    populations = contents.populations
    if sidecar is not None:
        if asked.dt not in (None, sidecar.dt) or asked.lag is not None:
            raise DataError(f"{where}: {sidecar.where} tells dt and lag; leave them out")
        populations = sidecar.populations()
        _compare(populations, contents.populations, sidecar)
        projections = _told(contents, sidecar)
    else:
        projections = [
            _found(contents.names.get(name, name), q, asked, where)
            for name, q in contents.projections.items()
        ]
    return network_of(populations, projections, asked.neurons, learn, where)


def _compare(told: list[FoundPopulation], found: list[FoundPopulation], sidecar: Sidecar) -> None:
    sizes = sorted(p.size for p in told), sorted(p.size for p in found)
    if sizes[0] != sizes[1]:
        raise DataError(
            f"{sidecar.where} tells of populations of {sizes[0]} units, and there are {sizes[1]}; "
            "it belongs to another export"
        )


def _told(contents: Contents, sidecar: Sidecar) -> list[FoundProjection]:
    """The projections that stand in the file beside it, with their synapses."""
    identifiers = sidecar.identifiers
    for name in contents.projections:
        if name not in identifiers.values():
            raise DataError(f"{sidecar.where} does not tell of the projection {name!r}")
    nothing = {"pre": np.zeros(0, int), "post": np.zeros(0, int)}
    nothing |= {"weight": np.zeros(0), "delay": np.zeros(0)}
    found = []
    for name, identifier in identifiers.items():
        q = contents.projections.get(identifier)
        columns = nothing if q is None else q.columns
        if "delay" not in columns:
            raise DataError(
                f"{sidecar.where}: projection {name!r} has no delays as they were learnt; move "
                "this file away to take the rounded ones"
            )
        found.append(sidecar.projection(name, columns))
    return found


def _found(name: str, q: FoundSynapses, asked: Asked, where: str) -> FoundProjection:
    """A projection of which the file alone tells."""
    lag, delay = q.lag if asked.lag is None else asked.lag, q.columns.get("delay")
    if lag is None:
        raise DataError(
            f"{where} does not say whether a spike takes a step besides its delay; give lag=1 "
            "(as here and in GeNN) or lag=0 (as where layers follow within a step)"
        )
    if delay is None:
        assert q.arrival is not None
        delay = subtracted(q.arrival, lag, asked.dt, f"{where}: projection {name!r}")
    rows, columns, weight = (q.columns[k] for k in ("pre", "post", "weight"))
    ends = (q.pre, q.post)
    return FoundProjection(
        name, *ends, rows, columns, weight, delay, q.target, lag, max_delay=q.max_delay
    )


def subtracted(arrival: np.ndarray, lag: int, dt: float | None, where: str) -> np.ndarray:
    """Delays in ms without the step of the lag; a multiple of dt stays one."""
    if lag == 0 or not np.all(np.isfinite(arrival)):
        return arrival
    if dt is None:
        raise DataError(f"{where} has delays that contain a time step; give dt=, in ms")
    steps = delay_to_steps(arrival, dt)
    if np.any(arrival < 0) or np.any(steps < 1):
        raise DataError(
            f"{where}: a delay of {arrival.min():g} ms is less than a step of {dt:g} ms; give "
            "lag=0, or a smaller dt"
        )
    whole = delay_to_steps(arrival, dt) * dt
    on_grid = np.isclose(arrival, whole, rtol=1e-9, atol=0)
    return np.where(on_grid, (steps - 1) * dt, np.maximum(arrival - dt, 0.0))
