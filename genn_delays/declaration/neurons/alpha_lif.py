"""Leaky integrate-and-fire neuron with an alpha synapse.

An arrival of weight w adds the current w t / tau_syn exp(-t / tau_syn) (Rall, 1967, J.
Neurophysiol. 30:1138-1168). V, I and J are dimensionless.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
dV/dt = (-V + I) / tau_mem  (unless refractory)
dI/dt = (J - I) / tau_syn
dJ/dt = -J / tau_syn
"""


def alpha_lif(
    tau_mem: Parameter = 20.0,
    tau_syn: Parameter = 5.0,
    threshold: Parameter = 1.0,
    refractory: Parameter = 0.0,
) -> Equations:
    """The neuron; times in ms, all else dimensionless.

    Args:
        tau_mem: time constant of the membrane.
        tau_syn: time to the peak of the current.
        threshold: where it spikes; the voltage goes to 0.
        refractory: how long it stays there.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = 0",
        input="J",
        parameters={"tau_mem": tau_mem, "tau_syn": tau_syn, "threshold": threshold},
        refractory=refractory,
        cites=("rall1967",),
    )
