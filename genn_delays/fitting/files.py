"""gd.load: a model from a run folder, a checkpoint of a run, or what Model.save wrote."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genn_delays.experiment import checkpoint
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.fitting import history
from genn_delays.fitting.model import Model
from genn_delays.plugins import entry_points, user_files
from genn_delays.support.errors import CheckpointError, suggest
from genn_delays.support.paths import expanded


def load(
    path: Path | str,
    *,
    plugins: Sequence[Path | str] = (),
    backend: str = "auto",
    threads: int | None = None,
) -> Model:
    """A trained network, ready to be asked.

    Reading runs no file but those of ``plugins`` and of a run folder, the model file and plug-ins
    that it keeps, and these only where the model has classes of them.

    Args:
        path: a run folder (its best network), a checkpoint in one, or a file of
            :meth:`Model.save`.
        plugins: where classes of the user's own are: Python files (as they were when the model was
            saved), and names of installed plug-ins.
        backend, threads: what runs it; see :func:`genn_delays.compile`.

    Raises:
        CheckpointError: there is none, or it is damaged, or written without what inference needs.
    """
    path = expanded(Path(path), "load()", CheckpointError)
    if isinstance(plugins, (str, Path)):
        raise CheckpointError(f"load(plugins={str(plugins)!r}): give a list")
    folder = None
    if path.is_dir():
        folder = RunFolder.open(path)
        path = folder.best if folder.best.is_file() else folder.checkpoint
    elif RunFolder(path.parent).config.is_file():
        folder = RunFolder.open(path.parent)  # its model file may hold classes of the network
    _make_known(plugins)
    saved = checkpoint.load(path)
    recipe = Recipe.from_attribute(saved.attributes.get(ATTRIBUTE), str(path))
    rows = saved.attributes.get("history", [])
    if folder is not None and "history" not in saved.attributes:
        rows = history.rows_of(folder.read_metrics())
    if not history.are_rows(rows):
        raise CheckpointError(f"{path}: 'history' is no list of epochs; the file is damaged")
    return Model(saved.network, recipe, rows=rows, backend=backend, threads=threads)


def _make_known(plugins: Sequence[Path | str]) -> None:
    """Let the file name classes of these files and packages."""
    files: dict[Path, str | None] = {}
    for given in plugins:
        if Path(given).suffix == ".py":
            files[expanded(given, "load(plugins=...)", CheckpointError)] = None
        elif entry_points.find(str(given), "load(plugins=...)") is None:
            hint = suggest(str(given), [full for full, _ in entry_points.installed()])
            raise CheckpointError(
                f"load(plugins=...): {str(given)!r} is neither a file .py nor a plug-in that is "
                f"installed; {hint}"
            )
    if files:
        user_files.register_together(files)
