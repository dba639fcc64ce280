"""Quadratic integrate-and-fire neuron with an exponential synapse.

    tau_mem V' = V^2 + eta + I        V >= threshold:  V <- V_r

The form of Montbrió, Pazó and Roxin (2015, Phys. Rev. X 5:021028); V and I are dimensionless. With
eta < 0 it rests at -sqrt(-eta) and fires where it is pushed beyond sqrt(-eta). Above the threshold
the flow stays as steep as there.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
m = min(V, threshold)
dV/dt = (m * m + eta + I) / tau_mem  (unless refractory)
dI/dt = -I / tau_syn
"""


def qif(
    tau_mem: Parameter = 10.0,
    tau_syn: Parameter = 5.0,
    eta: Parameter = -1.0,
    V_0: Parameter = -1.0,
    threshold: Parameter = 10.0,
    V_r: Parameter = -10.0,
    refractory: Parameter = 0.0,
) -> Equations:
    """The neuron; times in ms, all else dimensionless.

    Args:
        tau_mem, tau_syn: time constants of membrane and synapse.
        eta: constant drive.
        V_0: voltage at the beginning of a trial.
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
            "eta": eta,
            "V_0": V_0,
            "threshold": threshold,
            "V_r": V_r,
        },
        refractory=refractory,
        initial={"V": "V_0"},
        cites=("montbrio2015",),
    )
