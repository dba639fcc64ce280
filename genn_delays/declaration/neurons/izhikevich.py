"""The simple model of Izhikevich with an exponential synapse.

Izhikevich (2003, IEEE Trans. Neural Netw. 14:1569-1572): voltages in mV, currents in mV/ms.
Above the threshold the flow stays as steep as there.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
m = min(V, threshold)
dV/dt = 0.04 * m * m + 5 * m + 140 - u + I
du/dt = a * (b * V - u)
dI/dt = -I / tau_syn
"""


def izhikevich(
    a: Parameter = 0.02,
    b: Parameter = 0.2,
    c: Parameter = -65.0,
    d: Parameter = 8.0,
    tau_syn: Parameter = 5.0,
    V_0: Parameter = -70.0,
    threshold: Parameter = 30.0,
) -> Equations:
    """The neuron, by default a regular spiking one.

    Args:
        a: rate of the recovery variable u in 1/ms.
        b: coupling of the voltage into u.
        c: voltage after a spike in mV.
        d: step of u at a spike.
        tau_syn: time constant of the synapse in ms.
        V_0: voltage at the beginning of a trial in mV; the default is at rest with b = 0.2.
        threshold: peak of a spike in mV.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = c; u += d",
        parameters={
            "a": a,
            "b": b,
            "c": c,
            "d": d,
            "tau_syn": tau_syn,
            "V_0": V_0,
            "threshold": threshold,
        },
        initial={"V": "V_0", "u": "b * V_0"},
        cites=("izhikevich2003",),
    )
