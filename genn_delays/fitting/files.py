"""gd.load: a model from a run folder, a checkpoint of a run, or what Model.save wrote."""

from __future__ import annotations

from pathlib import Path

from genn_delays.experiment import checkpoint
from genn_delays.experiment.recipe import ATTRIBUTE, Recipe
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.fitting import history
from genn_delays.fitting.model import Model
from genn_delays.support.errors import CheckpointError
from genn_delays.support.paths import expanded


def load(path: Path | str, *, backend: str = "auto", threads: int | None = None) -> Model:
    """A trained network, ready to be asked.

    Reading runs no file but the model file that a run folder keeps, and that only where the network
    has classes of it.

    Args:
        path: a run folder (its best network), a checkpoint in one, or a file of
            :meth:`Model.save`.
        backend, threads: what runs it; see :func:`genn_delays.compile`.

    Raises:
        CheckpointError: there is none, or it is damaged, or written without what inference needs.
    """
    path = expanded(Path(path), "load()", CheckpointError)
    folder = None
    if path.is_dir():
        folder = RunFolder.open(path)
        path = folder.best if folder.best.is_file() else folder.checkpoint
    elif RunFolder(path.parent).config.is_file():
        folder = RunFolder.open(path.parent)  # its model file may hold classes of the network
    saved = checkpoint.load(path)
    recipe = Recipe.from_attribute(saved.attributes.get(ATTRIBUTE), str(path))
    rows = saved.attributes.get("history", [])
    if folder is not None and "history" not in saved.attributes:
        rows = history.rows_of(folder.read_metrics())
    if not history.are_rows(rows):
        raise CheckpointError(f"{path}: 'history' is no list of epochs; the file is damaged")
    return Model(saved.network, recipe, rows=rows, backend=backend, threads=threads)
