"""Two inputs joined to one readout per class by delays that start at their worst.

Class k is the one where input k spikes first (data set ``sequence``). Its readout would hear both
spikes at once if input k were delayed by the interval between them; at first all others are.
"""

from __future__ import annotations

import numpy as np

import genn_delays as gd

CITES = ()


def build(
    *,
    inputs: int,
    outputs: int,
    seed: int,
    interval: float = 10.0,
    tau_mem: float = 20.0,
    tau_syn: float = 5.0,
    max_delay: float = 30.0,
) -> gd.Network:
    """Declare the network, in which only delays are learnt.

    Args:
        inputs: input units.
        outputs: readout units, one per input.
        seed: nothing is drawn.
        interval: initial delay in ms from input j to readout k for j != k; it is 0 for j = k.
        tau_mem, tau_syn: time constants of the readout in ms.
        max_delay: largest delay in ms.
    """
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("output", gd.LeakyReadout(tau_mem, tau_syn), outputs)
    worst = interval * (1.0 - np.eye(inputs, outputs))
    net.connect("input", "output", weight=1.0, delay=worst, max_delay=max_delay, learn=["delay"])
    return net
