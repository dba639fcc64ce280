"""EventProp: exact gradients of spiking networks through the jump of the adjoint at spikes.

With a = dL/dx the adjoint of a neuron's state, x- and x+ its state just before and after a
spike, M its flow, R its reset matrix and V its thresholded state:

    a <- R^T a + e_V / V'(x-) * [ (M x+ - R M x-).a - F - dl_p/dt - (l_V(x-) - l_V(x+)) ]

F is the derivative of the loss with respect to the arrival times of that spike, summed over
the outgoing synapses: F = sum_j -w_j (a_j^T M_j e_in) just after the arrival. dl_p/dt is a
spike-time loss, l_V a voltage loss. For the LIF neuron this is Meszaros, Knight and Nowotny
(2025, Nat. Commun., eqs. 35-38 and 67-72) with a_V = -tau_mem lambda_V and
a_I = -tau_syn lambda_I.

A neuron that is refractory holds V, so that row V of M is zero until its release, which moves with
the spike. With M_h this flow, x_e the state at the release and a(t_e) the adjoint there,

    bracket = (M_h x+ - R M x-).a + V'(x_e) a_V(t_e) - F - ...          V'(x_e) = (M x_e)_V

without the second term where the release lies beyond the trial. On a time grid t_e is the end of
the flow of the last held step, and a_V is read after the sample of that step.

On a time grid the crossing lies within the flow of a step, the arrival of input at its end. So x-
is the state before the input of that step, and its V' at the crossing itself follows from
V'^2 - 2 V'' (V - threshold) to second order in dt, which stays positive where V has already
passed its peak. Weight and delay gradients are read at the arrival step: dL/dw = a_in, and
dL/dd = w da_in/dt, the difference to the next step:

    q_t = -da_in/dt = ((J^T - 1) a_{t+1})_in / dt

with J the Jacobian of the flow from t to t + 1 (here P, where V is held with the row V of the
identity) and a_{t+1} the adjoint after sample and jump of step t + 1. It is exactly zero where
shifting an arrival changes nothing. The jump of a spike at t, which crossed its threshold before
the arrival, has no part in it; that of a spike at t + 1 has all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genn_delays.declaration.neurons import Neuron
from genn_delays.planning.dynamics import PlannedPopulation, PlannedProjection
from genn_delays.planning.gradients.base import GradientRule
from genn_delays.planning.readouts import Readout
from genn_delays.support.errors import PlanError


@dataclass(frozen=True)
class EventProp(GradientRule):
    """Exact event-based gradients of weights and delays.

    Attributes:
        min_slope: floor of V' at a spike, in thresholds per ms. Where a neuron only just
            reaches its threshold the exact gradient grows without bound; the floor bounds it.
    """

    name: ClassVar[str] = "eventprop"
    min_slope: float = 1e-4
    cites: ClassVar[tuple[str, ...]] = ("wunderlich2021", "meszaros2025")

    def __post_init__(self) -> None:
        if not self.min_slope > 0:
            raise PlanError(f"EventProp(min_slope={self.min_slope}): must be > 0 thresholds per ms")

    def needs_step_map(self, neuron: Neuron, learn: tuple[str, ...]) -> bool:
        """Where something is learnt, or input jumps the voltage, at the time of its arrival."""
        return bool(learn) or neuron.threshold_state in neuron.input_states

    def check_population(self, population: PlannedPopulation) -> None:
        """Nothing that only a time grid has."""
        name = f"population {population.name!r}"
        if population.is_input:
            return
        if population.on_grid:
            raise PlanError(
                f"{name}: a neuron that exists on a time grid only has no event-based gradient; "
                "use gd.Surrogate(), or another neuron"
            )
        self._check_held(population)
        extras = {
            "normalise": population.normalise is not None,
            "bias": population.has_bias,
            "dropout": population.dropout > 0,
            "tail": population.tail > 0,
        }
        for option, given in extras.items():
            if given:
                raise PlanError(f"{name}: {option} needs gd.Surrogate(); EventProp has it not")

    def _check_held(self, population: PlannedPopulation) -> None:
        """A voltage that is held must wait below the threshold: else no crossing sets a spike."""
        if population.threshold is None:
            return
        held, v = population.refractory > 0, population.threshold_state
        moved = np.any(population.reset_matrix[:, v] != 0, axis=-1)
        above = population.reset_offset[:, v] >= population.threshold
        if np.any(held & (moved | above)):
            raise PlanError(
                f"population {population.name!r}: refractory may hold the voltage above its "
                "threshold where a spike does not reset it to a value below; leave soft_reset out, "
                "or use gd.Surrogate()"
            )

    def check_projection(self, projection: PlannedProjection) -> None:
        """Delays are rounded, and a spike arrives in the next step at the earliest."""
        name = f"projection {projection.name!r}"
        if projection.kernel is not None:
            raise PlanError(f"{name}: a delay kernel needs gd.Surrogate(); EventProp rounds delays")
        if projection.lag != 1:
            raise PlanError(f"{name}: lag={projection.lag} needs gd.Surrogate()")

    def check_readout(self, readout: Readout, population: PlannedPopulation) -> None:
        """The voltage of a spiking neuron jumps: only readouts linear in it are exact."""
        if readout.reads == "spike_count":
            raise PlanError(
                f"{type(readout).__name__}: a number of spikes has no exact gradient; use "
                "gd.Surrogate(), or read FirstSpike or the voltage of a LeakyReadout"
            )
        if readout.reads == "voltage" and population.is_spiking and not readout.linear:
            kind = type(readout).__name__
            raise PlanError(
                f"{kind} of the spiking population {population.name!r} has no exact gradient; "
                "read a LeakyReadout, or use MeanVoltage, ExponentialMeanVoltage or FirstSpike"
            )

    def spike_drive_scale(self, neuron: Neuron, size: int) -> np.ndarray:
        """tau_mem = -1 / M_VV in ms: the drive is added to the adjoint of the voltage at spikes."""
        return neuron.voltage_time_constant(size)
