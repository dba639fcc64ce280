"""An analysis as one HDF5 file: everything but the networks, units too.

In the shape of the results: a group per result, a data set per array and an attribute per number or
text; what is None is left out. "/" in names is written %2F.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from urllib.parse import quote

import h5py
import numpy as np

from genn_delays.analysis.runs import Analysis
from genn_delays.support.hdf5_image import hdf5_image

FORMAT, VERSION = "genn-delays analysis", 1
PARTS = ("statistics", "signs", "signs_before", "groupings", "kept", "courses", "function")
"""Of a run."""


def as_hdf5(analysis: Analysis) -> memoryview:
    """The content of the file."""

    def fill(file: h5py.File) -> None:
        file.attrs.update(format=FORMAT, version=VERSION)
        file.attrs["settings"] = json.dumps(analysis.settings.deciding())
        for number, run in enumerate(analysis.runs):
            group = file.create_group(f"runs/{number}")
            group.attrs.update(name=run.name, epoch=run.epoch, dt=run.dt)
            for part in PARTS:
                _write(group, part, getattr(run, part))
        _write(file, "pooled", analysis.pooled)
        for (i, j), found in analysis.similarities.items():
            _write(file, f"similarities/{i}-{j}", {each.projection: each for each in found})

    return hdf5_image(fill)


def _write(group: h5py.Group, name: str, value: Any) -> None:
    """A result: groups of groups, arrays and numbers; None is left out."""
    if value is None:
        return
    if is_dataclass(value):
        _write(group, name, {field.name: getattr(value, field.name) for field in fields(value)})
    elif isinstance(value, Mapping):
        inner = group.require_group(name)
        for key, each in value.items():
            _write(inner, quote(str(key), safe=" ,->#|"), each)
    elif isinstance(value, tuple) and any(is_dataclass(each) for each in value):
        _write(group, name, {_named(each, k): each for k, each in enumerate(value)})
    elif isinstance(value, np.ndarray):
        group[name] = value
    else:
        group.attrs[name] = value


def _named(each: Any, number: int) -> str:
    """What a result is of, where it says so; else its number."""
    keys = [
        str(getattr(each, k)) for k in ("projection", "statistic", "shuffled") if hasattr(each, k)
    ]
    return ", ".join(keys) or str(number)
