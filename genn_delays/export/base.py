"""Format: what a target declares, and the files that an export writes.

    gd.export.brian2(network, "net.py", dt=1.0)     net.py, net.npz and net.json

An export is a main file with others of the same name beside it. What exists already is refused, and
so is a network that the target cannot hold, before a file is written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from genn_delays.declaration.network import Network
from genn_delays.export.description import Description, describe
from genn_delays.export.sidecar import sidecar_of
from genn_delays.planning.readouts import Readout
from genn_delays.support.cache import atomic_path
from genn_delays.support.errors import ExportError, reason
from genn_delays.support.paths import expanded

Writer = Callable[[Path], None]
"""Writes one file or folder, whole, at a path that nobody else has."""
SIDECAR = ".json"
TRAINING = "what training needs: bounds, kernels, dropout, moments, positions, what synapses share"
"""Of what each format loses."""


class Format(ABC):
    """Base of all targets.

    Class attributes:
        name: in ``gd.export`` and on the command line.
        suffix: of the main file; "" for a folder.
        loses: what this format never holds, a sentence each, for the file beside the export.
        taken: identifiers that have a meaning in its scripts.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    loses: ClassVar[tuple[str, ...]] = ()
    taken: ClassVar[frozenset[str]] = frozenset()

    def __call__(
        self,
        network: Network,
        path: Path | str,
        *,
        dt: float,
        discretisation: str = "exact",
        readout: Readout | None = None,
        trial: int | None = None,
    ) -> Path:
        """Write a network as evaluation runs it: batch normalisation folded, delays rounded.

        Args:
            path: of the main file, which does not exist yet; others go beside it, among them one
                with the suffix ``.json`` that says what the format loses.
            dt: time step in ms; delays are rounded to it, half to even.
            discretisation: as in :func:`genn_delays.compile`.
            readout: what makes outputs of a trial, for formats that can hold it.
            trial: steps of a trial, which some readouts and populations with a tail need.

        Returns:
            The main file.

        Raises:
            ExportError: this format cannot hold the network, with the part; the path is taken, or
                cannot be written.
            NetworkError: weights, delays or parameters out of range or not finite.
            PlanError: a time step, or a neuron, that cannot be on this grid.
        """
        main = self._place(path)
        description = self.describe(
            network, dt, discretisation=discretisation, readout=readout, trial=trial
        )
        writers = dict(self.writers(description, main))
        writers[main.with_suffix(SIDECAR)] = sidecar_of(description, self.name, self.loses).write
        _write(writers, main)
        return main

    def describe(
        self,
        network: Network,
        dt: float,
        *,
        discretisation: str = "exact",
        readout: Readout | None = None,
        trial: int | None = None,
    ) -> Description:
        """The network as arrays, once this format has been found to hold it."""
        description = describe(
            network,
            dt,
            discretisation=discretisation,
            readout=readout,
            trial=trial,
            taken=self.taken,
        )
        self.check(description)
        return description

    @abstractmethod
    def check(self, description: Description) -> None:
        """Raise ExportError where this format cannot hold a part, with its name."""

    @abstractmethod
    def writers(self, description: Description, main: Path) -> Mapping[Path, Writer]:
        """What writes each file; the main file among them."""

    def refuse(self, part: str, why: str) -> ExportError:
        """The error that a part of the network cannot be held.

        Args:
            part: such as ``"population 'hidden'"``.
            why: the end of a sentence, with what to do where something can be done.
        """
        return ExportError(f"{self.name} cannot hold {part}: {why}")

    def _place(self, path: Path | str) -> Path:
        """The main file as an absolute path; all that will be written is free.

        Raises:
            ExportError: another suffix, a folder that is not there, or a path that is taken.
        """
        main = expanded(Path(path), f"export.{self.name}()", ExportError).absolute()
        if main.suffix != self.suffix:
            wanted = f"ends in {self.suffix}" if self.suffix else "has no suffix"
            raise ExportError(f"{main}: the path of an export to {self.name} {wanted}")
        if not main.parent.is_dir():
            raise ExportError(f"{main}: there is no folder {main.parent}; make it first")
        _check_free([main, main.with_suffix(SIDECAR)])
        return main


def _check_free(paths: list[Path]) -> None:
    for path in paths:
        if path.exists() or path.is_symlink():
            raise ExportError(f"{path} exists already; give another path, or remove it")


def _write(writers: Mapping[Path, Writer], main: Path) -> None:
    """Write every file under a temporary name; all get their names at the end, or none does."""
    ordered = sorted(writers, key=lambda path: path == main)  # the main file last
    _check_free(ordered)
    try:
        with ExitStack() as stack:
            # left in reverse, so that the main file is entered first and named last
            places = {path: stack.enter_context(atomic_path(path)) for path in reversed(ordered)}
            for path in ordered:
                writers[path](places[path])
    except OSError as error:
        raise ExportError(
            f"{main} cannot be written: {reason(error)}; make room on the disk, or make the folder "
            "writable"
        ) from None
