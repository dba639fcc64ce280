"""Exponential integrate-and-fire neuron with an exponential synapse.

Fourcaud-Trocmé, Hansel, van Vreeswijk and Brunel (2003, J. Neurosci. 23:11628-11640); voltages are
in mV, the synaptic current in mV of depolarisation. Above the threshold, where a step may end but
no neuron goes, the flow stays as steep as at the threshold.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
upstroke = delta_T * exp((min(V, threshold) - V_T) / delta_T)
dV/dt = (E_L - V + upstroke + I) / tau_mem  (unless refractory)
dI/dt = -I / tau_syn
"""


def eif(
    tau_mem: Parameter = 10.0,
    tau_syn: Parameter = 5.0,
    E_L: Parameter = -65.0,
    V_T: Parameter = -59.9,
    delta_T: Parameter = 3.48,
    threshold: Parameter = -30.0,
    V_r: Parameter = -68.0,
    refractory: Parameter = 1.7,
) -> Equations:
    """The neuron with the published values; times in ms, voltages in mV.

    Args:
        tau_mem, tau_syn: time constants of membrane and synapse.
        E_L: resting potential without the exponential.
        V_T: voltage at which the spike begins.
        delta_T: how sharply it does.
        threshold: where a spike is counted.
        V_r: where the voltage goes from there.
        refractory: how long it stays there.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = V_r",
        parameters={
            "tau_mem": tau_mem,
            "tau_syn": tau_syn,
            "E_L": E_L,
            "V_T": V_T,
            "delta_T": delta_T,
            "threshold": threshold,
            "V_r": V_r,
        },
        refractory=refractory,
        initial={"V": "E_L"},
        cites=("fourcaud2003",),
    )
