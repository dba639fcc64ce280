"""What audio data sets keep in the user's cache folder: features and spikes, by their settings."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py
import numpy as np

from genn_delays.datasets.base import SPLITS
from genn_delays.support.cache import cache_folder, keep, kept
from genn_delays.support.errors import GennDelaysError, reason
from genn_delays.support.hdf5_image import hdf5_image

logger = logging.getLogger(__name__)

Arrays = Mapping[str, tuple[np.ndarray, ...]]
"""By split: what a cache file holds."""

FORMAT = 3  # part of the cache key: raise it when the same settings give other features


def cached(folder: str, key: object, make: Callable[[], Arrays]) -> Arrays:
    """``make()``, or what it made before of the same key.

    Args:
        folder: below the cache root.
        key: everything that decides the content; as JSON.
    """
    text = json.dumps([FORMAT, key], sort_keys=True).encode()
    name = hashlib.sha256(text).hexdigest()[:24]
    try:
        place = cache_folder(folder)
    except GennDelaysError as failure:
        logger.warning("not cached: %s", failure)
        return make()
    if (found := _read(kept(place, name))) is not None:
        return found
    made = make()

    def fill(file: h5py.File) -> None:
        for split, arrays in made.items():
            for k, array in enumerate(arrays):
                file[f"{split}/{k}"] = array

    try:
        with keep(place, name, "h5") as temporary:
            temporary.write_bytes(hdf5_image(fill))
    except OSError as failure:  # a full disk costs the cache, not the run
        logger.warning("%s: not cached, %s", place / name, reason(failure))
    return made


def _read(path: Path | None) -> Arrays | None:
    """The arrays in a cache file; None where there is none or it cannot be read."""
    if path is None:
        return None
    try:
        with h5py.File(path, "r") as file:
            return {
                split: tuple(file[f"{split}/{k}"][()] for k in range(len(file[split])))
                for split in SPLITS
            }
    except (OSError, KeyError):
        return None  # a damaged cache is made again rather than reported
