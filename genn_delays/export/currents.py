"""Neurons that are a leaky membrane with exponential currents, recognised by their matrices.

    tau V' = -V + sum_k gain_k x_k + drive        tau_k x_k' = -x_k
    V >= threshold:  V <- value  or  V <- V - amount,   x_k <- x_k + jump_k

LIF, AdaptiveLIF with a = 0, LeakyReadout, and equations of this form. Simulators have models for
it, or solve it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from genn_delays.export.description import DescribedPopulation, Description


@dataclass(frozen=True, eq=False)
class Currents:
    """The numbers of ``n`` neurons with ``K`` currents.

    Attributes:
        voltage: name of V. names: of the currents, K.
        tau: ms, (n,). taus: ms, (n, K).
        gain: (n, K).
        drive: (n,).
        jump: of the currents at a spike, (n, K).
        value: what a spike sets V to, (n,); None where it takes an amount off, or never happens.
        amount: what it takes off, (n,); else None.
        initial: of V and the currents, (n,) and (n, K).
    """

    voltage: str
    names: tuple[str, ...]
    tau: np.ndarray
    taus: np.ndarray
    gain: np.ndarray
    drive: np.ndarray
    jump: np.ndarray
    value: np.ndarray | None
    amount: np.ndarray | None
    initial: tuple[np.ndarray, np.ndarray]


def currents_of(p: DescribedPopulation, description: Description) -> Currents | None:
    """The form of a population, or None where it is another neuron."""
    neuron, planned, size = p.neuron, p.planned, p.size
    if p.is_input or neuron.on_grid or not neuron.is_affine:
        return None
    if description.discretisation != "exact":
        return None
    v, count = planned.threshold_state, len(planned.states)
    others = [k for k in range(count) if k != v]
    flow, drive = neuron.flow(size), neuron.drive(size)
    diagonal = np.einsum("nii->ni", flow)
    coupled = flow * (1 - np.eye(count))
    coupled[:, v] = 0
    if np.any(coupled) or np.any(diagonal >= 0) or np.any(drive[:, others]):
        return None
    value = amount = None
    jump = np.zeros((size, len(others)))
    if p.is_spiking:
        kept = planned.reset_matrix.copy()
        hard = kept[:, v, v] == 0
        kept[:, v, v] = 1
        if np.any(kept != np.eye(count)) or np.any(hard != hard[0]):
            return None
        if not hard[0] and np.any(planned.reset_matrix[:, v, v] != 1):
            return None
        jump = planned.reset_offset[:, others]
        offset = planned.reset_offset[:, v]
        value, amount = (offset, None) if hard[0] else (None, -offset)
    tau = -1.0 / diagonal[:, v]
    return Currents(
        voltage=planned.states[v],
        names=tuple(planned.states[k] for k in others),
        tau=tau,
        taus=-1.0 / diagonal[:, others],
        gain=flow[:, v, others] * tau[:, None],
        drive=drive[:, v] * tau,
        jump=jump,
        value=value,
        amount=amount,
        initial=(planned.initial[:, v], planned.initial[:, others]),
    )
