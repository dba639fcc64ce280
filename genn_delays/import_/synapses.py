"""Synapses alone, as arguments of ``connect``: of Brian2 and of mlGeNN.

    net.connect("input", "hidden", **gd.import_.brian2(synapses, dt=0.1))
    found = gd.import_.mlgenn("checkpoints", dt=1.0)
    net.connect("input", "hidden", **found["Conn_input_hidden"])

What the populations are is not in these, so the user declares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.datasets.npy import read_npy
from genn_delays.import_.base import subtracted
from genn_delays.planning.timing import delay_to_steps
from genn_delays.support.checks import is_number
from genn_delays.support.errors import DataError, reason, short
from genn_delays.support.paths import expanded

SECOND = 1000.0
"""ms."""
ENDS = ("pre_ind", "post_ind")


def brian2(synapses: Any, *, dt: float, weight: str = "w", lag: int = 1) -> dict[str, Any]:
    """The synapses of a Brian2 ``Synapses`` object.

    Brian2 has a step more in its delays than this package: there a delay of a step arrives in the
    next one, which is a delay of 0 here. It rounds up what lies half-way between steps; such a
    delay becomes that step.

    Args:
        synapses: the object, or a mapping with its arrays ``i``, ``j``, ``delay`` (s) and the
            weights.
        dt: time step in ms.
        weight: name of the variable with the weights.
        lag: 1, or 0 where delays of less than a step are meant to arrive in their own step.

    Returns:
        ``pairs``, ``weight``, ``delay`` (ms) and ``lag`` for :meth:`genn_delays.Network.connect`.

    Raises:
        DataError: an array is missing or is not one number per synapse, or a delay is less than
            a step.
    """
    where = "import_.brian2()"
    if not (is_number(dt) and dt > 0):
        raise DataError(f"{where}: dt={dt!r} given, must be > 0 ms")
    names = ("i", "j", weight, "delay")
    i, j, w, delay = (_array(synapses, name, where) for name in names)
    if delay.shape == (1,):
        delay = np.full(len(i), delay[0])
    lengths = {name: len(c) for name, c in zip(names, (i, j, w, delay), strict=True)}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{where}: arrays of different length: {lengths}")
    arrival = delay.astype(float) * SECOND
    theirs = np.floor(arrival / dt + 0.5)  # half-way between steps they round up
    found = subtracted(arrival, lag, dt, where)
    other = delay_to_steps(found, dt) + lag != theirs
    found = np.where(other, (theirs - lag) * dt, found)
    return {"pairs": (i, j), "weight": w, "delay": found, "lag": lag}


def mlgenn(
    path: Path | str, *, dt: float, keys: tuple[object, ...] = ()
) -> dict[str, dict[str, Any]]:
    """What mlGeNN's numpy serialiser wrote, by the name of the connection.

    Delays of mlGeNN are steps, and a spike takes one besides, as here.

    Args:
        path: the folder of the serialiser.
        dt: time step in ms.
        keys: what ``save()`` was given as ``keys``.

    Returns:
        ``weight``, ``delay`` (ms) and, where connectivity was saved, ``pairs`` of each connection,
        for :meth:`genn_delays.Network.connect`. Without pairs it has all, in the order of
        (pre, post).

    Raises:
        DataError: no weights are there, or a file is damaged.
    """
    where = "import_.mlgenn()"
    if not (is_number(dt) and dt > 0):
        raise DataError(f"{where}: dt={dt!r} given, must be > 0 ms")
    folder = expanded(Path(path), where, DataError)
    prefix = "".join(f"{key}-" for key in keys)
    names = [file.name for file in _files(folder)]
    names = [n[len(prefix) :] for n in names if n.startswith(prefix) and n.endswith("-g.npy")]
    if not names:
        raise DataError(f"{folder}: no weights of mlGeNN, which are {prefix}CONNECTION-g.npy")
    return {
        n: _connection(folder, f"{prefix}{n}", dt)
        for n in (n.removesuffix("-g.npy") for n in names)
    }


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as failure:
        raise DataError(f"{folder}: {reason(failure)}; check the path") from None


def _connection(folder: Path, name: str, dt: float) -> dict[str, Any]:
    arrays = {
        key: np.atleast_1d(read_npy(file)).reshape(-1)
        for key in ("g", "d", *ENDS)
        if (file := folder / f"{name}-{key}.npy").is_file()
    }
    lengths = {key: len(array) for key, array in arrays.items()}
    if len(set(lengths.values())) > 1 or (ENDS[0] in arrays) != (ENDS[1] in arrays):
        raise DataError(f"{folder}: arrays of {name} do not belong together: {lengths}")
    found: dict[str, Any] = {"weight": arrays["g"]}
    if "d" in arrays:
        found["delay"] = arrays["d"] * float(dt)
    if ENDS[0] in arrays:
        found["pairs"] = tuple(arrays[end] for end in ENDS)
    return found


def _array(synapses: Any, name: str, where: str) -> np.ndarray:
    """One of the arrays: of a mapping, or of an object whose variables have units."""
    given = synapses.get(name) if isinstance(synapses, Mapping) else getattr(synapses, name, None)
    if given is None:
        raise DataError(f"{where}: there is no {name!r}; give weight= where weights are called so")
    try:
        found = np.atleast_1d(np.asarray(given[:] if hasattr(given, "__getitem__") else given))
    except (TypeError, ValueError) as failure:
        raise DataError(f"{where}: {name!r} is no array ({reason(failure)})") from None
    if found.ndim != 1 or found.dtype.kind not in "iuf":
        raise DataError(f"{where}: {name!r} is {short(str(found.dtype), 40)} of {found.shape}")
    return found
