"""The adaptive LIF neuron of Baronig et al. with its symplectic step.

Baronig, Ferrand, Sabathiel and Legenstein (2025, Nat. Commun. 16; arXiv 2408.07517): the voltage
takes its step first, and the adaptation sees the new one, which keeps the oscillation of the two
from gaining energy as it does in forward Euler. Here an exponential synapse replaces their direct
input, and the adaptation sees the voltage before its reset.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
dV/dt = (-V + I - w) / tau_mem
dw/dt = (a * V - w) / tau_w
dI/dt = -I / tau_syn
"""


def symplectic_lif(
    tau_mem: Parameter = 15.0,
    tau_w: Parameter = 60.0,
    tau_syn: Parameter = 5.0,
    a: Parameter = 60.0,
    b: Parameter = 60.0,
    threshold: Parameter = 1.0,
) -> Equations:
    """The neuron; times in ms, all else dimensionless.

    Args:
        tau_mem, tau_w, tau_syn: time constants of membrane, adaptation and synapse.
        a: coupling of the voltage into the adaptation.
        b: of a spike into the adaptation, which it raises by b / tau_w.
        threshold: where it spikes; the voltage goes to 0.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = 0; w += b / tau_w",
        parameters={
            "tau_mem": tau_mem,
            "tau_w": tau_w,
            "tau_syn": tau_syn,
            "a": a,
            "b": b,
            "threshold": threshold,
        },
        method="symplectic",
        cites=("baronig2025",),
    )
