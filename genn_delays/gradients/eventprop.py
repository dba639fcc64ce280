"""EventProp: exact gradients of spiking networks through the jump of the adjoint at spikes.

With a = dL/dx the adjoint of a neuron's state, x- and x+ its state just before and after a
spike, M its flow, R its reset matrix and V its thresholded state:

    a <- R^T a + e_V / V'(x-) * [ (M x+ - R M x-).a - F - dl_p/dt - (l_V(x-) - l_V(x+)) ]

F is the derivative of the loss with respect to the arrival times of that spike, summed over
the outgoing synapses: F = sum_j -w_j (a_j^T M_j e_in) at the arrival step. dl_p/dt is a
spike-time loss, l_V a voltage loss. For the LIF neuron this is Meszaros, Knight and Nowotny
(2025, Nat. Commun., eqs. 35-38 and 67-72) with a_V = -tau_mem lambda_V and
a_I = -tau_syn lambda_I.

On a time grid the crossing lies within the flow of a step, the arrival of input at its end. So x-
is the state before the input of that step, and its V' at the crossing itself follows from
V'^2 - 2 V'' (V - threshold) to second order in dt, which stays positive where V has already
passed its peak. Weight and delay gradients are read at the arrival step: dL/dw = a_in, and
dL/dd = w da_in/dt as a central difference over that step, which is exactly zero where shifting an
arrival changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from genn_delays.errors import PlanError


@dataclass(frozen=True)
class EventProp:
    """Exact event-based gradients of weights and delays.

    Attributes:
        min_slope: floor of V' at a spike, in thresholds per ms. Where a neuron only just
            reaches its threshold the exact gradient grows without bound; the floor bounds it.
    """

    min_slope: float = 1e-4

    def __post_init__(self) -> None:
        if not self.min_slope > 0:
            raise PlanError(f"EventProp(min_slope={self.min_slope}): must be > 0 thresholds per ms")
