"""Networks with planted structure: weights whose signs are grouped in channel and delay.

The sign of a synapse is that of rho f + sqrt(1 - rho^2) e, with f a Gaussian field on the plane of
channel and delay of unit variance and covariance exp(-|r|^2 / 2), r in units of ``lengths``, and e
independent of all else. Sizes of weights are independent of signs. So rho is the correlation of
what decides a sign with a field that is smooth over a length: 0 is no structure.
"""

from __future__ import annotations

import numpy as np

import genn_delays as gd

WAVES = 200


def field(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A Gaussian field at places in lengths, as a sum of waves."""
    waves = rng.normal(size=(2, WAVES))
    phase = rng.uniform(0, 2 * np.pi, WAVES)
    return np.sqrt(2 / WAVES) * np.cos(np.outer(x, waves[0]) + np.outer(y, waves[1]) + phase).sum(1)


def plant(
    projection: gd.Projection,
    channel: np.ndarray,
    rho: float,
    seed: int,
    lengths: tuple[float, float] = (4.0, 30.0),
) -> None:
    """Change the weights in place: each unit gets a field of its own."""
    table, rng = projection.synapses, np.random.default_rng(seed)
    for unit in range(table.post_size):
        mine = np.flatnonzero(table.post == unit)
        x, y = channel[table.pre[mine]] / lengths[0], table.delay[mine] / lengths[1]
        noise = np.sqrt(1 - rho**2) * rng.normal(size=len(mine))
        sign = np.where(rho * field(x, y, rng) + noise > 0, 1.0, -1.0)
        table.weight[mine] = sign * np.abs(rng.normal(0.03, 0.03, len(mine)))


def network(
    units: int, *, density: float = 1.0, kernel_count: int = 1, seed: int = 1, bands: int = 40
) -> tuple[gd.Projection, np.ndarray]:
    """A projection from six input units of each band, delays up to 300 ms; and the bands."""
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), 6 * bands)
    net.add_population("hidden", gd.LIF(), units)
    one = net.connect(
        "input", "hidden", weight=gd.init.Normal(0.02, 0.03), delay=gd.init.Uniform(0, 300),
        max_delay=300.0, density=density, kernel_count=kernel_count,
    )  # fmt: skip
    return one, np.arange(6 * bands) // 6
