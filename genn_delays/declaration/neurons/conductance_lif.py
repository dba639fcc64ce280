"""Leaky integrate-and-fire neuron with excitatory and inhibitory conductances.

Vogels and Abbott (2005, J. Neurosci. 25:10786-10795): voltages in mV; conductances are relative to
the leak. ``connect(target="g_e")`` and ``connect(target="g_i")`` say which one a projection opens.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
dV/dt = (E_L - V + g_e * (E_e - V) + g_i * (E_i - V)) / tau_mem  (unless refractory)
dg_e/dt = -g_e / tau_e
dg_i/dt = -g_i / tau_i
"""


def conductance_lif(
    tau_mem: Parameter = 20.0,
    tau_e: Parameter = 5.0,
    tau_i: Parameter = 10.0,
    E_L: Parameter = -60.0,
    E_e: Parameter = 0.0,
    E_i: Parameter = -80.0,
    threshold: Parameter = -50.0,
    V_r: Parameter = -60.0,
    refractory: Parameter = 5.0,
) -> Equations:
    """The neuron with the published values; times in ms, voltages in mV.

    Args:
        tau_mem, tau_e, tau_i: time constants of the membrane and of the two conductances.
        E_L, E_e, E_i: reversal potentials of the leak and of the two conductances.
        threshold: where it spikes.
        V_r: where the voltage goes from there.
        refractory: how long it stays there.
    """
    return Equations(
        TEXT,
        threshold="V >= threshold",
        reset="V = V_r",
        input=("g_e", "g_i"),
        parameters={
            "tau_mem": tau_mem,
            "tau_e": tau_e,
            "tau_i": tau_i,
            "E_L": E_L,
            "E_e": E_e,
            "E_i": E_i,
            "threshold": threshold,
            "V_r": V_r,
        },
        refractory=refractory,
        initial={"V": "E_L"},
        cites=("vogels2005",),
    )
