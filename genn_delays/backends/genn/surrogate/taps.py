"""What the device needs to spread a delay over the taps of its kernel."""

from __future__ import annotations

import numpy as np

from genn_delays.declaration.kernels import NORMALISER, DelayKernel, taps_of
from genn_delays.planning.plan import Plan


def taps_in(
    delay: np.ndarray, kernel: DelayKernel | None, largest: int, plan: Plan
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Params of a projection and variables of its synapses, so that the device finds every tap.

    Tap k of a synapse, counted from its first one, is at x = k - centre and has the share
    scale * shape(x); its change with the delay is scale * (share * drift - d shape / dx).

    Args:
        delay: ms, (synapses,).
        kernel: None to round delays: one tap, of share 1 for either shape.
        largest: the largest delay there can be, in steps.
    """
    taps = taps_of(delay, kernel, plan.dt, largest, plan.dtype)
    if kernel is None:
        zero, one = np.zeros(len(delay)), np.ones(len(delay))
        params = {"Taps": 1, "Width": 1.0}
        return params, {"d": taps.first, "centre": zero, "scale": one, "drift": zero}
    centre = delay / plan.dt - taps.first
    value, change = kernel.shape(np.arange(taps.count) - centre[:, None])
    columns = {
        "d": taps.first,
        "centre": centre,
        "scale": 1.0 / (value.sum(axis=1) + NORMALISER),
        "drift": change.sum(axis=1),
    }
    return {"Taps": taps.count, "Width": kernel.width}, columns
