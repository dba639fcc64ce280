"""Where fetched data sets lie, and what a data set that is published under a name has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from genn_delays.support.cache import cache_root
from genn_delays.support.errors import DataError
from genn_delays.support.paths import expanded

VARIABLE = "GENN_DELAYS_DATA"


def data_folder(name: str) -> Path:
    """The folder of a data set: ``name`` in ``$GENN_DELAYS_DATA``, or else in the cache's ``data``.

    Raises:
        GennDelaysError: the variable names no path.
    """
    given = os.environ.get(VARIABLE)
    root = expanded(given, VARIABLE, DataError) if given else cache_root() / "data"
    return root / name


class Published:
    """Base of the sources of published data sets.

    Class attributes:
        name: as in the registry and the catalogue.
        presets: settings that a publication used, by name; what is given beside one wins.
    """

    name: ClassVar[str]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def folder(self, path: Path | None) -> Path:
        """The folder that was given, or the one that ``genn-delays data fetch`` fills.

        Raises:
            DataError: none was given, and nothing was fetched.
        """
        if path is not None:
            return path
        place = data_folder(self.name)
        # what a fetch that was interrupted leaves is no data set
        if not place.is_dir() or all(item.suffix == ".part" for item in place.iterdir()):
            raise DataError(
                f"{self.name}: not on this machine ({place}); `genn-delays data fetch "
                f"{self.name}`, or name the folder of its files in data.path"
            )
        return place
