"""Resonate-and-fire neuron: a damped oscillator that input kicks.

Izhikevich (2001, Neural Netw. 14:883-894): x is the current-like, y the voltage-like variable; both
are dimensionless.
"""

from __future__ import annotations

from genn_delays.declaration.neurons.base import Parameter
from genn_delays.declaration.neurons.equations import Equations

TEXT = """
dx/dt = -x / tau - omega * y
dy/dt = omega * x - y / tau
"""


def resonate_and_fire(
    tau: Parameter = 20.0,
    omega: Parameter = 0.25,
    threshold: Parameter = 1.0,
    y_r: Parameter = 0.0,
) -> Equations:
    """The neuron, by default with 40 Hz.

    Args:
        tau: time constant of the damping in ms.
        omega: angular frequency in rad/ms.
        threshold: of y.
        y_r: y after a spike, while x becomes 0.
    """
    return Equations(
        TEXT,
        threshold="y >= threshold",
        reset="x = 0; y = y_r",
        input="x",
        parameters={"tau": tau, "omega": omega, "threshold": threshold, "y_r": y_r},
        cites=("izhikevich2001",),
    )
