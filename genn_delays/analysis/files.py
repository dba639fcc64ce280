"""The files of an analysis: nothing is written before all is computed, and nothing is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from genn_delays.analysis.hdf5 import as_hdf5
from genn_delays.analysis.runs import Analysis
from genn_delays.analysis.tables import as_csv
from genn_delays.support import recording
from genn_delays.support.errors import CheckpointError, reason

HDF5, CSV = "analysis.h5", "analysis.csv"


def place_of(paths: Sequence[Path], output: Path | None, replace: bool) -> Path:
    """The folder that an analysis goes to, asked for before it is made.

    Args:
        paths: run folders.
        output: a folder, which is made; by default the folder of the only run.
        replace: whether an earlier analysis may be replaced.

    Raises:
        CheckpointError: several runs and no output, something that is no folder, or an earlier
            analysis.
    """
    if output is None and len(paths) != 1:
        raise CheckpointError(f"{len(paths)} runs given; say where to: --output FOLDER")
    place = paths[0] if output is None else output
    if place.exists() and not place.is_dir():
        raise CheckpointError(f"--output {place} is a file; give a folder")
    there = [name for name in (HDF5, CSV) if (place / name).exists()]
    if there and not replace:
        raise CheckpointError(
            f"{place / there[0]} exists; nothing was changed\n"
            "replace it with --replace, or give another --output"
        )
    return place


def write(analysis: Analysis, place: Path) -> list[Path]:
    """Write the HDF5 file, the CSV file; their paths.

    Raises:
        CheckpointError: one cannot be written; another that was there is as it was.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{place}: {reason(error)}; give another --output") from None
    contents: dict[str, bytes | memoryview] = {
        HDF5: as_hdf5(analysis),
        CSV: as_csv(analysis).encode(),
    }
    for name, content in contents.items():
        recording.replace(place / name, content)
    return [place / name for name in contents]
