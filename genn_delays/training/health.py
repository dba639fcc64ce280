"""What is wrong with a network that trains to nothing: silence, saturation, delays at their bounds.

Each finding has a short name, which epoch lines show, and a sentence with the remedy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from genn_delays.declaration.network import Network, Projection
from genn_delays.declaration.synapses import at_bounds

if TYPE_CHECKING:
    from genn_delays.planning.plan import Plan

SATURATED = 0.5
"""Share of the steps that they can spike in, beyond which neurons say hardly anything."""
CROWDED = 0.05
"""Share of the delays at a bound beyond which the bound is in the way."""


def findings(
    network: Network,
    plan: Plan,
    spikes: Mapping[str, np.ndarray],
    trials: int,
    rescued: bool = False,
) -> dict[str, str]:
    """What is wrong, by its short name; empty where nothing is.

    Args:
        plan: that the network was run by.
        spikes: by spiking population, spikes of each unit in all trials, (units,).
        trials: how many there were.
        rescued: silent neurons are strengthened already.
    """
    found: dict[str, str] = {}
    for p in plan.populations:
        if p.name in spikes and trials:
            found |= _activity(p.name, spikes[p.name], trials, plan.steps, p.refractory, rescued)
    for projection in network.projections.values():
        if "delay" in projection.learn and len(projection.synapses):
            found |= _bounds(projection.name, at_bounds(projection.synapses), projection)
    return found


def _activity(
    name: str, spikes: np.ndarray, trials: int, steps: int, refractory: np.ndarray, rescued: bool
) -> dict[str, str]:
    if not spikes.any():
        remedy = (
            "use gd.calibrate or begin with larger weights"
            if rescued
            else "use gd.calibrate, begin with larger weights or set training.silent_rescue"
        )
        sentence = f"no spike of {name!r} in the whole epoch; if that stays so, {remedy}"
        return {f"silent: {name}": sentence}
    share = float(np.mean(spikes * (1.0 + refractory))) / (trials * steps)
    if share <= SATURATED:
        return {}
    return {
        f"saturated: {name}": f"{name!r} spikes in {100.0 * share:.0f} % of the steps in which it "
        "can; begin with smaller weights (gd.calibrate), or set training.spike_count"
    }


def _bounds(name: str, shares: tuple[float, float], projection: Projection) -> dict[str, str]:
    longest = projection.synapses.max_delay
    if longest == 0.0:
        sentence = f"the delays of {name!r} are to be learnt, but max_delay is 0 ms; raise it"
        return {f"delays at 0: {name}": sentence}
    ends = (
        (
            f"delays at 0: {name}",
            "at 0 ms and cannot become shorter; begin with longer ones, or lower their learning "
            "rate",
        ),
        (
            f"delays at max: {name}",
            f"at max_delay = {longest:g} ms and cannot become longer; raise it",
        ),
    )
    return {
        short: f"{100.0 * share:.1f} % of the delays of {name!r} are {sentence}"
        for (short, sentence), share in zip(ends, shares, strict=True)
        if share > CROWDED
    }
