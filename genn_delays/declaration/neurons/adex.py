"""Adaptive exponential integrate-and-fire neuron with an exponential synapse.

Brette and Gerstner (2005, J. Neurophysiol. 94:3637-3642). Currents are divided by the leak
conductance of 30 nS, so that w, I and b are in mV and a has no unit. Above the threshold, where a
step may end but no neuron goes, the flow stays as steep as at the threshold.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
upstroke = delta_T * exp((min(V, threshold) - V_T) / delta_T)
dV/dt = (E_L - V + upstroke - w + I) / tau_mem  (unless refractory)
dw/dt = (a * (V - E_L) - w) / tau_w
dI/dt = -I / tau_syn
"""


def adex(
    tau_mem: Parameter = 281.0 / 30.0,
    tau_syn: Parameter = 5.0,
    tau_w: Parameter = 144.0,
    E_L: Parameter = -70.6,
    V_T: Parameter = -50.4,
    delta_T: Parameter = 2.0,
    a: Parameter = 4.0 / 30.0,
    b: Parameter = 80.5 / 30.0,
    threshold: Parameter = -40.0,
    V_r: Parameter = -70.6,
    refractory: Parameter = 0.0,
) -> Equations:
    """The neuron with the published values; times in ms, voltages in mV.

    Args:
        tau_mem, tau_syn, tau_w: time constants of membrane, synapse and adaptation.
        E_L: resting potential without the exponential.
        V_T: voltage at which the spike begins.
        delta_T: how sharply it does.
        a: coupling of the voltage into the adaptation.
        b: step of the adaptation at a spike.
        threshold: where a spike is counted, and nothing can stop it any more; 20 mV as published
            comes 0.05 ms later, and needs steps that are far shorter.
        V_r: where the voltage goes from there.
        refractory: how long it stays there.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = V_r; w += b",
        parameters={
            "tau_mem": tau_mem,
            "tau_syn": tau_syn,
            "tau_w": tau_w,
            "E_L": E_L,
            "V_T": V_T,
            "delta_T": delta_T,
            "a": a,
            "b": b,
            "threshold": threshold,
            "V_r": V_r,
        },
        refractory=refractory,
        initial={"V": "E_L"},
        cites=("brette2005",),
    )
