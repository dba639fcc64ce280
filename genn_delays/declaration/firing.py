"""Which input makes a neuron fire at a wanted rate.

Sums of many inputs are nearly normal. K inputs of rate r with weights of mean m and mean square s,
each of which leads to the response k(t) of V to one arriving unit, give V without a threshold the
mean K r m ∫k and the variance K r s ∫k^2 (Campbell, 1909). The rate follows from these as of an
integrate-and-fire neuron in white noise (Siegert, 1951),

    1 / rate = refractory + tau sqrt(pi) ∫ erfcx(-u) du,    u from (reset - mean) / sigma
                                                                  to (threshold - mean) / sigma

with sigma^2 twice the variance and tau = -1 / M_VV. Both ends are raised by
|zeta(1/2)| / sqrt(2) sqrt(tau_syn / tau) for input that is filtered (Fourcaud and Brunel, 2002,
10.1162/089976602320264015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from genn_delays.support.errors import NetworkError

RAISED = 1.0326
"""|zeta(1/2)| / sqrt(2)."""
NEVER = 25.0
"""So many sigma below the threshold a neuron does not fire."""
POINTS = 2001
"""At which the integrand is taken."""
SAMPLE = 16
"""Neurons that stand for a population whose parameters differ."""


@dataclass(frozen=True)
class Membrane:
    """How V of a linear neuron answers to an arriving unit, and when it fires.

    Attributes:
        area, square: ∫k and ∫k^2 in ms.
        tau: of the membrane in ms.
        filtered: time constant of the input before it in ms, 0 for none.
        threshold, reset: of V.
        refractory: ms.
    """

    area: float
    square: float
    tau: float
    filtered: float
    threshold: float
    reset: float
    refractory: float

    def rate(self, mean: float, sd: float) -> float:
        """Spikes per ms at this mean and standard deviation of V without a threshold."""
        from scipy.special import erfcx  # slow to import

        sigma = np.sqrt(2.0) * sd
        raised = RAISED * np.sqrt(self.filtered / self.tau)
        low, high = ((v - mean) / sigma + raised for v in (self.reset, self.threshold))
        if high > NEVER:
            return 0.0
        edges = np.linspace(low, high, POINTS)
        integral = (high - low) * erfcx(-(edges[1:] + edges[:-1]) / 2.0).mean()
        return float(1.0 / (self.refractory + self.tau * np.sqrt(np.pi) * integral))


def membranes(neuron: Any, size: int, where: str) -> list[Membrane]:
    """Of some neurons of a population, at most :data:`SAMPLE`.

    Raises:
        NetworkError: a neuron that does not spike, is not linear, or adapts at its spikes.
    """
    from scipy.linalg import solve_continuous_lyapunov

    thresholds = neuron.threshold_value(size)
    known = thresholds is not None and neuron.is_affine and not neuron.on_grid
    if known:
        v, p = (neuron.states.index(s) for s in (neuron.threshold_state, neuron.input_state))
        flows, (matrix, offset) = neuron.flow(size), neuron.reset(size)
        others = np.arange(len(neuron.states)) != v
        moved = matrix[:, others] != np.eye(len(others))[others]
        adapts = np.any(moved) or np.any(offset[:, others])
        known = not adapts and not np.any(neuron.drive(size))
    if not known:
        raise NetworkError(
            f"{where}: Rate knows spiking neurons that are linear and do not adapt, and "
            f"{type(neuron).__name__} is none; give other weights, and let gd.calibrate scale them"
        )
    refractory = neuron.refractory_period(size)
    found = []
    for k in np.unique(np.linspace(0, size - 1, SAMPLE).astype(int)):
        arriving = np.zeros((len(flows[k]), 1))
        arriving[p] = 1.0
        found.append(
            Membrane(
                area=-np.linalg.solve(flows[k], arriving)[v, 0],
                square=solve_continuous_lyapunov(flows[k], -arriving @ arriving.T)[v, v],
                tau=-1.0 / flows[k, v, v],
                filtered=0.0 if v == p else -1.0 / flows[k, p, p],
                threshold=thresholds[k],
                reset=matrix[k, v, v] * thresholds[k] + offset[k, v],
                refractory=refractory[k],
            )
        )
    return found


def mean_weight(
    neuron: Any, size: int, fan_in: float, input_hz: float, hz: float, spread: float, where: str
) -> float:
    """Mean of the weights with which a population fires at ``hz``.

    Args:
        fan_in: synapses of a neuron, each from a unit that spikes ``input_hz`` times per second.
        spread: standard deviation of the weights in units of their mean.
        where: begins messages.

    Raises:
        NetworkError: no such neuron, or a rate that it cannot reach.
    """
    sample = membranes(neuron, size, where)
    arrivals = fan_in * input_hz / 1000.0  # per ms
    if not arrivals:
        raise NetworkError(f"{where}: Rate has no synapses to give weights to; raise the density")

    def rate(weight: float) -> float:
        square = weight**2 * (1.0 + spread**2)
        moments = [(arrivals * weight * m.area, arrivals * square * m.square) for m in sample]
        pairs = zip(sample, moments, strict=True)
        return 1000.0 * float(np.mean([m.rate(mean, var**0.5) for m, (mean, var) in pairs]))

    low = high = sample[0].threshold / (arrivals * abs(sample[0].area))
    for _ in range(60):
        low = low / 2.0 if rate(low) > hz else low
        high = high * 2.0 if rate(high) < hz else high
    if not rate(low) <= hz <= rate(high):
        raise NetworkError(f"{where}: no weights make its neurons fire at {hz:g} Hz; ask for less")
    for _ in range(60):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if rate(middle) < hz else (low, middle)
    return high
