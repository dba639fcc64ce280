"""Figures of runs: each says in one look what was learnt, at the width at which it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from genn_delays.experiment.run_folder import RunFolder
from genn_delays.support.errors import CheckpointError, GennDelaysError, reason

if TYPE_CHECKING:
    from genn_delays.analysis.runs import Analysis
    from genn_delays.figures.material import Material

__all__ = ["FIGURES", "Drawn", "draw_analysis", "draw_figures", "plot_run"]

FIGURES = {
    "curves": "Loss, accuracy and spikes by epoch.",
    "confusion": "Which class was taken for which, and the share of each that was found.",
    "raster": "Spikes of every population in chosen trials, and the answer as it forms.",
    "receptive_fields": "Weights over input channel and delay, by sign.",
    "delays": "Delays before and after, with the share at either bound.",
    "weights": "Weights before and after.",
    "rewiring": "How much of the wiring each epoch replaces, and how old synapses get.",
}
"""Figures of one run by name, each a module here, and what they show."""


@dataclass(frozen=True)
class Drawn:
    """A figure that was asked for.

    Attributes:
        name: of :data:`FIGURES`.
        paths: its files; none where it was not drawn.
        missing: why it was not drawn.
        failed: whether that is because something could not be read, and not because the run has
            nothing of the kind.
    """

    name: str
    paths: tuple[Path, ...] = ()
    missing: str = ""
    failed: bool = False


def plot_run(folder: RunFolder) -> Path:
    """Draw the overview ``training.png`` of a run folder; its path.

    Raises:
        CheckpointError: the run has not finished an epoch yet, or a file of it is damaged.
    """
    from genn_delays.figures import overview, style
    from genn_delays.figures.material import Material

    with style.styled():
        style.save(overview.draw(Material.of(folder)), folder.picture)
    return folder.picture


def draw_figures(
    folder: RunFolder,
    names: Sequence[str] = (),
    *,
    width: int = 180,
    formats: Sequence[str] = ("png", "svg"),
    output: Path | None = None,
) -> Iterator[Drawn]:
    """Draw figures of a run, one after the other.

    Args:
        folder: of a run, which may be going on.
        names: of :data:`FIGURES`; by default all.
        width: mm, 90 or 180; files of 90 mm have it in their names.
        formats: ``"png"``, ``"svg"``.
        output: where they go; by default the folder ``figures`` of the run.

    Raises:
        CheckpointError: the run has not finished an epoch yet, or a file cannot be read or written.
    """
    from genn_delays.figures.material import Material

    material = Material.of(folder)
    into = folder.path / "figures" if output is None else output
    for name in names or FIGURES:
        yield draw_figure(material, name, into, width, formats)


def draw_figure(
    material: Material, name: str, into: Path, width: int, formats: Sequence[str]
) -> Drawn:
    """One figure, or why it could not be drawn."""
    from genn_delays.figures import style
    from genn_delays.figures.material import NothingToDrawError

    suffix = "" if width == max(style.WIDTHS) else f"-{width}mm"
    paths = tuple(into / f"{name}{suffix}.{each}" for each in formats)
    with style.styled():
        try:
            figure = import_module(f"genn_delays.figures.{name}").draw(material, width)
        except NothingToDrawError as error:
            return Drawn(name, missing=str(error))
        except GennDelaysError as error:
            return Drawn(name, missing=str(error), failed=True)
        _make(into)
        for path in paths:
            style.save(figure, path)
    return Drawn(name, paths)


def draw_analysis(analysis: Analysis, into: Path, width: int = 180) -> Iterator[Path]:
    """Draw what an analysis found of grouping, and of what the answers rest on; the files.

    A figure that it has nothing of is removed from the folder.

    Raises:
        CheckpointError: a file cannot be written or removed.
    """
    from genn_delays.figures import style
    from genn_delays.figures.material import NothingToDrawError

    for name in ("grouping", "function"):
        with style.styled():
            try:
                figure = import_module(f"genn_delays.figures.{name}").draw(analysis, width)
            except NothingToDrawError:
                for kind in style.FORMATS:  # an earlier analysis may have had something
                    _remove(into / f"{name}.{kind}")
                continue
            _make(into)
            for kind in style.FORMATS:
                style.save(figure, into / f"{name}.{kind}")
                yield into / f"{name}.{kind}"


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be removed: {reason(error)}") from None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{folder} cannot be made: {reason(error)}") from None
