"""Scripts: a program that a user reads and edits, with its arrays beside it."""

from __future__ import annotations

import importlib.util
import sys
from abc import abstractmethod
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from genn_delays.declaration.network import Network
from genn_delays.declaration.neurons import Equations
from genn_delays.export.base import Format, Writer
from genn_delays.export.description import (
    DescribedPopulation,
    DescribedProjection,
    Description,
)
from genn_delays.planning import readouts
from genn_delays.support.errors import ExportError
from genn_delays.support.version import __version__

WORDS = """
    ARRAYS DT Path build columns connect count dict duration enumerate found first float given here
    inputs int kept key len list main name network np outputs range readout recorded result results
    round run set sorted spikes start steps str sys synapses time times trial trials tuple units
    values voltage weights zip
"""
RESERVED = frozenset(WORDS.split())
"""What has a meaning in every script."""
READOUTS = (
    readouts.MeanVoltage,
    readouts.ExponentialMeanVoltage,
    readouts.MaxVoltage,
    readouts.SoftmaxSum,
    readouts.VoltageTrace,
    readouts.FirstSpike,
    readouts.SpikeCount,
)
"""Those that scripts compute; classes of the user's own are left out, and the script says so."""


class Script(Format):
    """Base of targets that are Python scripts.

    Class attributes:
        modules: names of modules that the scripts import, which no script may be called.
    """

    suffix = ".py"
    modules: ClassVar[tuple[str, ...]] = ()

    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        if main.stem in {"numpy", *self.modules, *sys.stdlib_module_names}:
            raise ExportError(
                f"{main.name} would hide the module {main.stem!r}; choose another name"
            )
        arrays, text = self.arrays(description), self.text(description)
        beside = main.with_suffix(".npz")
        return {
            main: lambda path: _write_text(path, text),
            beside: lambda path: _write_arrays(path, arrays),
        }

    def session(self, network: Network, *, dt: float, **options: Any) -> ModuleType:
        """The script as a module of this session; ``build()`` of it builds the network.

        Args:
            options: as for writing.

        Raises:
            ExportError: this format cannot hold the network.
            ImportError: the simulator is not installed here.
        """
        name = f"genn_delays_{self.name}"
        with TemporaryDirectory() as folder:
            path = self(network, Path(folder) / f"{name}.py", dt=dt, **options)
            spec = importlib.util.spec_from_file_location(name, path)
            assert spec is not None
            assert spec.loader is not None
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        return module

    def text(self, description: Description) -> str:
        """The script."""
        template = environment().get_template(f"{self.name}.py.j2")
        rendered = template.render(
            version=__version__,
            description=description,
            dt=description.dt,
            later=description.later,
            number=number,
            about=about,
            listed=lambda parts: ", ".join(f'"{part.identifier}"' for part in parts),
            is_uniform=is_uniform,
            projections=[q for q in description.projections.values() if len(q)],
            spiking=[p for p in description.neurons if p.is_spiking],
            readout=_readout(description),
            **self.view(description),
        )
        return "\n".join(line.rstrip() for line in rendered.splitlines()) + "\n"

    @staticmethod
    def parts(description: Description) -> list[DescribedPopulation | DescribedProjection]:
        """Populations and projections."""
        return [*description.populations.values(), *description.projections.values()]

    @abstractmethod
    def view(self, description: Description) -> dict[str, Any]:
        """What else the template needs."""

    def arrays(self, description: Description) -> dict[str, np.ndarray]:
        """What the script reads, by name: the synapses, and values that differ between units."""
        found: dict[str, np.ndarray] = {}
        for q in description.projections.values():
            columns = self.synapses(description, q)
            found |= {f"{q.identifier}.{name}": column for name, column in columns.items()}
        for p in description.neurons:
            values = self.values(description, p)
            found |= {f"{p.identifier}.{name}": column for name, column in values.items()}
        return found

    def synapses(self, description: Description, q: DescribedProjection) -> dict[str, np.ndarray]:
        """The columns of a projection: units, weights, steps to the arrival, delays in ms."""
        columns = {"pre": q.rows, "post": q.columns, "weight": q.weight}
        return columns | {"steps": q.steps, "delay": q.delay}

    @abstractmethod
    def values(self, description: Description, p: DescribedPopulation) -> dict[str, np.ndarray]:
        """What the script sets in units and reads from a file, by name, (n, ...)."""


def about(p: DescribedPopulation) -> list[str]:
    """What the units are, in the words of the declaration."""
    if isinstance(p.neuron, Equations):
        lines = [line.strip() for line in p.neuron.texts()["text"].splitlines() if line.strip()]
        return ["neurons of the equations (times in ms)", *(f"    {line}" for line in lines)]
    given = [
        f"{name}={number(values[0]) if is_uniform(values) else '...'}"
        for name, values in p.parameters.items()
    ]
    return [f"{p.kind}({', '.join(given)}), times in ms"]


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(path, allow_pickle=False, **arrays)


def is_uniform(values: np.ndarray) -> bool:
    """All units have the same value."""
    return bool(np.all(values == values[:1]))


def number(value: float) -> str:
    """The shortest decimal of a float64; whole numbers without a point.

    >>> number(0.1), number(20.0), number(-1e300)
    ('0.1', '20', '-1e+300')
    """
    value = float(value)
    return str(int(value)) if value.is_integer() and abs(value) < 1e9 else repr(value)


@cache
def environment() -> Environment:
    """The templates of scripts; what is not defined is an error."""
    made = Environment(
        loader=PackageLoader("genn_delays.export"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["quoted"] = quoted
    return made


def quoted(text: str) -> str:
    r"""A text as a literal in ASCII, which no name of a user's can leave.

    >>> quoted('a"b'), quoted("tau_é")
    ('\'a"b\'', '"tau_\\xe9"')
    """
    literal = ascii(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in literal else literal


def _readout(description: Description) -> dict[str, Any] | None:
    """Name, population and settings of a readout that scripts can compute."""
    readout = description.readout
    if readout is None or type(readout) not in READOUTS or description.read is None:
        return None
    return {
        "name": type(readout).__name__,
        "population": description.populations[description.read],
        "tau": getattr(readout, "tau", None),
        "reads": readout.reads,
    }
