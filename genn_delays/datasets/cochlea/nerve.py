"""From the membrane to spikes: hair cells, their nerve fibres, and bushy cells.

**Hair cell** (Meddis 1986 and 1988, J. Acoust. Soc. Am. 79, 702 and 83, 1056). A membrane that is
permeable to transmitter by k(t) = g [V + A]+ / (V + A + B), with V the velocity of the basilar
membrane, and three pools: q free transmitter, c in the cleft, w to be used again,

    dq/dt = y (M - q) - k q + x w,    dc/dt = k q - (l + r) c,    dw/dt = r c - x w,

by Euler's rule at each sample from the state of silence; no pool falls below 0. A fibre fires with
probability h c dt in a sample, and then not again within its refractory period.

**Bushy cell** (Cramer et al. 2022). It hears N fibres of one place: each spike adds 1 to the
current I, and

    I[t] = I[t-1] e^(-dt / tau_syn) + spikes[t],
    V[t] = V[t-1] e^(-dt / tau_mem) + (W / N) I[t] dt.

V >= 1 is a spike; V is then 0 and hears nothing within the refractory period.

The N fibres of a place differ by chance alone, so that only their number matters: of those that
are not refractory, a binomial number fires. That is the same process as N fibres one by one.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from genn_delays.support.compiler import load

LANES = 16
"""Places that the C code takes together."""


@dataclass(frozen=True)
class HairCell:
    """Parameters of Meddis (1988) as in the published converter, in 1/s besides A, B and M.

    Attributes:
        y, g, l, r, x: rates of replenishment, release, loss, return and reprocessing.
        A, B: of the permeability, in units of the velocity.
        h: rate of firing per transmitter in the cleft.
        M: most free transmitter.
    """

    y: float = 5.05
    g: float = 2000.0
    l: float = 2500.0  # noqa: E741 - as in the paper
    r: float = 6580.0
    x: float = 66.3
    A: float = 5.0
    B: float = 300.0
    h: float = 50000.0
    M: float = 1.0

    def rest(self) -> tuple[float, float, float]:
        """Pools q, c and w in silence."""
        k = self.g * self.A / (self.A + self.B)
        cleft = self.M * self.y * k / (self.l * k + self.y * (self.l + self.r))
        return cleft * (self.l + self.r) / k, cleft, cleft * self.r / self.x


@dataclass(frozen=True)
class BushyCell:
    """Parameters of Cramer et al. (2022), in s.

    Attributes:
        fibres: N, that a cell hears.
        tau_mem, tau_syn: time constants of membrane and synapse.
        refractory: of cells and of fibres.
        weight: W, in 1/s.
    """

    fibres: int = 40
    tau_mem: float = 1e-3
    tau_syn: float = 5e-4
    refractory: float = 1e-3
    weight: float = 13e3


class _Nerve(ctypes.Structure):
    """``Nerve`` in nerve.c."""

    REALS = (
        *("replenish", "release", "loss", "reuptake", "reprocess", "rate"),
        *("permeable", "saturated", "most", "pool", "cleft", "store"),
        *("keep_voltage", "keep_current", "weight"),
    )
    WHOLES = ("cells", "refractory")
    _fields_ = (
        *((name, ctypes.c_float) for name in REALS),
        *((name, ctypes.c_int32) for name in WHOLES),
    )


@cache
def library() -> ctypes.CDLL:
    """The compiled code."""
    built = load(Path(__file__).with_name("nerve.c").read_text(encoding="utf-8"))
    built.hear.restype = ctypes.c_int64
    return built


class Nerve:
    """Spikes of a place along the membrane from its velocity."""

    def __init__(self, hair: HairCell, bushy: BushyCell, rate: int) -> None:
        """``rate`` is that of the velocity in Hz."""
        dt = 1.0 / rate
        self.refractory = int(np.ceil(bushy.refractory * rate - 1e-9))
        pool, cleft, store = hair.rest()
        self._struct = _Nerve(
            replenish=hair.y * dt,
            release=hair.g * dt,
            loss=(hair.l + hair.r) * dt,
            reuptake=hair.r * dt,
            reprocess=hair.x * dt,
            rate=hair.h * dt,
            permeable=hair.A,
            saturated=hair.B,
            most=hair.M,
            pool=pool,
            cleft=cleft,
            store=store,
            keep_voltage=np.exp(-dt / bushy.tau_mem),
            keep_current=np.exp(-dt / bushy.tau_syn),
            weight=bushy.weight / bushy.fibres * dt,
            cells=bushy.fibres,
            refractory=self.refractory,
        )

    def __call__(self, velocity: np.ndarray, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Samples and places of the spikes, int32, in time.

        Args:
            velocity: float32, shape (samples, places), places a multiple of LANES.
            seeds: uint64, of the random numbers of each place.
        """
        samples, places = velocity.shape
        room = (samples // self.refractory + 2) * places
        time, place = np.empty(room, np.int32), np.empty(room, np.int32)
        count = library().hear(
            ctypes.byref(self._struct),
            ctypes.c_void_p(velocity.ctypes.data),
            ctypes.c_int64(places),
            ctypes.c_int64(samples),
            ctypes.c_int(places // LANES),
            *(ctypes.c_void_p(array.ctypes.data) for array in (seeds, time, place)),
        )
        return time[:count], place[:count]
