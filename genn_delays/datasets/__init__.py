"""Data sets by name: ``load("spoken_digits", dt=1.0)``. One file per data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genn_delays.datasets.audio_folder import AudioFolder
from genn_delays.datasets.audio_source import AudioSource
from genn_delays.datasets.augment import Augmentation
from genn_delays.datasets.base import Dataset, Sizes, Source, Split
from genn_delays.datasets.braille import Braille
from genn_delays.datasets.digit_recordings import FreeSpokenDigits, HeidelbergDigits
from genn_delays.datasets.encoder import Encoder
from genn_delays.datasets.frame_arrays import FrameArrays
from genn_delays.datasets.heidelberg import SHD, SSC
from genn_delays.datasets.mts_xor import MtsXor
from genn_delays.datasets.nmnist import NMNIST
from genn_delays.datasets.published import Published
from genn_delays.datasets.sequence import Sequence
from genn_delays.datasets.speech_commands import SpeechCommands
from genn_delays.datasets.spike_hdf5 import SpikeHDF5
from genn_delays.datasets.spoken_digits import SpokenDigits
from genn_delays.datasets.tonic_adapter import Tonic
from genn_delays.datasets.yin_yang import YinYang
from genn_delays.plugins import choose
from genn_delays.support.errors import DataError, suggest
from genn_delays.support.paths import expanded
from genn_delays.support.settings import build

SOURCES: dict[str, type[Source]] = {
    "audio_folder": AudioFolder,
    "braille": Braille,
    "frame_arrays": FrameArrays,
    "fsdd": FreeSpokenDigits,
    "gsc": SpeechCommands,
    "mts_xor": MtsXor,
    "nmnist": NMNIST,
    "rhd": HeidelbergDigits,
    "sequence": Sequence,
    "shd": SHD,
    "spike_hdf5": SpikeHDF5,
    "spoken_digits": SpokenDigits,
    "ssc": SSC,
    "tonic": Tonic,
    "yin_yang": YinYang,
}
"""Data sets by the name that a configuration gives them."""

__all__ = [
    "SOURCES",
    "AudioSource",
    "Augmentation",
    "Dataset",
    "Encoder",
    "Sizes",
    "Source",
    "Split",
    "load",
    "source",
]


Given = str | Mapping[str, Any]
"""A name of :data:`SOURCES` or of a plug-in, or ``{"file": "mine.py", "name": "Mine"}``."""


def source(given: Given, /, **args: Any) -> Source:
    """The source of this name with its settings checked, without reading or making any data.

    Raises:
        DataError: unknown name or setting (the nearest is named), or an impossible value.
    """
    named = given if isinstance(given, Mapping) else {"name": given}
    kind = choose("data.name", Source, SOURCES, named, error=DataError)
    if "preset" in args:
        args = _with_preset(kind, named["name"], **args)
    return build(kind, args, "data.args", DataError)


def _with_preset(kind: type[Source], name: str, *, preset: Any, **args: Any) -> dict[str, Any]:
    """The settings that a publication used, and those beside it, which win."""
    presets = kind.presets if issubclass(kind, Published) else {}
    if not isinstance(preset, str) or preset not in presets:
        hint = suggest(str(preset), presets) if presets else "it has none"
        raise DataError(f"data.args.preset: {name} has no preset {preset!r}; {hint}")
    return {**presets[preset], **args}


def load(name: Given, *, dt: float, path: Path | str | None = None, **args: Any) -> Dataset:
    """Load a data set.

    Args:
        name: one of :data:`SOURCES`, a plug-in, or ``{"file": "mine.py", "name": "Mine"}``.
        dt: time step of the run in ms; audio becomes spikes on its grid.
        path: file or folder, for the data sets that read one.
        args: settings of that data set, see its class; ``preset`` stands for those of a
            publication.

    Raises:
        DataError: unknown name or setting, or data that is missing or malformed.
    """
    if not dt > 0:
        raise DataError(f"load({name!r}): dt is {dt}, it must be > 0 ms")
    chosen = None if path is None else expanded(path, "data.path", DataError)
    made = source(name, **args)
    dataset = made.load(float(dt), chosen)
    if not isinstance(dataset, Dataset):
        kind = type(made).__name__
        raise DataError(f"{kind}.load() returned a {type(dataset).__name__}; return a gd.Dataset")
    # once, rather than by replace(), which would look at all events again
    object.__setattr__(dataset, "origin", made)
    return dataset
