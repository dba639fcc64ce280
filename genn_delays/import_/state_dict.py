"""A state dict of PyTorch as arrays; of a file, nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from genn_delays.support.errors import DataError, reason, short
from genn_delays.support.limits import check_size
from genn_delays.support.paths import expanded


def arrays_of(given: Path | str | Mapping[str, Any]) -> tuple[dict[str, np.ndarray], str]:
    """Arrays in float64 by name, in order, and what messages begin with.

    Args:
        given: a file that ``torch.save`` wrote, or tensors or arrays by name.

    Raises:
        DataError: there is no such file, or it holds anything but arrays of finite numbers.
    """
    if isinstance(given, Mapping):
        where, state = "the state dict", given
    else:
        path = expanded(Path(given), "import_.dcls()", DataError)
        where, state = str(path), _load(path)
    return {str(name): _array(value, f"{where}: {name!r}") for name, value in state.items()}, where


def _load(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; check the path")
    check_size(path.stat().st_size, str(path))
    import torch  # an extra

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as failure:  # damage shows in as many ways as torch reads files
        raise DataError(
            f"{path}: torch cannot read it as weights alone ({reason(failure, 150)}); save "
            "module.state_dict()"
        ) from None
    if not isinstance(state, Mapping):
        raise DataError(f"{path} holds a {type(state).__name__}; save module.state_dict()")
    return state


def _array(value: Any, where: str) -> np.ndarray:
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    found = np.asarray(value) if np.isscalar(value) or isinstance(value, np.ndarray) else None
    if found is None or found.dtype.kind not in "biuf":
        kind = short(type(value).__name__, 40)
        raise DataError(f"{where} is a {kind} and no array; give module.state_dict()")
    found = found.astype(np.float64)
    if not np.all(np.isfinite(found)):
        raise DataError(f"{where} has NaN or infinity")
    return found
