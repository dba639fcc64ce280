"""The spiking data sets of Heidelberg: ``shd`` (digits) and ``ssc`` (Speech Commands).

Cramer et al. 2022 (IEEE TNNLS, 10.1109/TNNLS.2020.3044364). The presets are the inputs of
Hammouamri et al. 2024 (``dcls``, at a time step of 10 ms) and of Meszaros et al. 2025
(``eventprop``, at 1 ms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from genn_delays.datasets.base import Dataset
from genn_delays.datasets.published import Published
from genn_delays.datasets.spike_hdf5 import SpikeHDF5

FRAMES = {"bin_units": 5, "from_first_spike": True}
FIRST_SECOND = {"duration": 1000.0, "crop": True}


@dataclass(frozen=True)
class _Heidelberg(Published, SpikeHDF5):
    """What both have: the layout of ``spike_hdf5``, in files as published or unpacked."""

    def publications(self) -> tuple[str, ...]:
        """The files are the published ones, whatever they are called."""
        return self.cites

    def load(self, dt: float, path: Path | None) -> Dataset:
        return super().load(dt, self.folder(path))


@dataclass(frozen=True)
class SHD(_Heidelberg):
    """Spiking Heidelberg Digits; settings as of ``spike_hdf5``."""

    name: ClassVar[str] = "shd"
    cites: ClassVar[tuple[str, ...]] = ("cramer2022",)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "dcls": {**FRAMES, "duration": 1400.0, "validation_fraction": 0.2},
        "eventprop": FIRST_SECOND,
    }


@dataclass(frozen=True)
class SSC(_Heidelberg):
    """Spiking Speech Commands, which have a validation file; settings as of ``spike_hdf5``."""

    train: str = "ssc_train.h5"
    validation: str | None = "ssc_valid.h5"
    test: str = "ssc_test.h5"
    name: ClassVar[str] = "ssc"
    cites: ClassVar[tuple[str, ...]] = ("cramer2022",)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "dcls": {**FRAMES, **FIRST_SECOND},
        "eventprop": FIRST_SECOND,
    }
