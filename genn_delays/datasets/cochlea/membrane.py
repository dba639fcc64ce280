"""The basilar membrane: sound to the velocity of the membrane at each place along it.

Sieroka, Dosch and Rupp 2006 (J. Acoust. Soc. Am. 120, 297, 10.1121/1.2204438): shallow water in a
duct of height h, with stiffness, damping and mass of the membrane at place x (cm from the base)

    S(x) = C0 e^(-alpha x) - a,   R(x) = d sqrt(C0 m) e^(-alpha x / 2),
    xi(w, x) = S(x) - m w^2 - i w R(x),      k(w, x) = w sqrt(rho / (h xi)).

The pressure is p(w, x) = sqrt(G / k) H0(G) with Hankel's function of the first kind and
G(w, x) = 2 k(w, 0) / alpha + integral of k from 0 to x, and the velocity for a sound s(w) is

    v(w, x) = 2 w / xi(w, x)  p(w, x) / p(w, 0)  Z(w) s(w),
    Z(w) = sqrt(2 C0 / h) (i J0(z) + Y0(z)) / (J1(z) - i Y1(z)),  z = 2 w / alpha sqrt(2 / (h C0)).

With u = e^(-alpha x / 2) and b = a + m w^2, xi is a quadratic function of u, so that

    integral of k = (2 i w / alpha) sqrt(rho / (h b)) ln(F(1) / F(u)),
    F(u) = (2 i sqrt(b xi) - i w R(0) u - 2 b) / u.

As in the published converter (Cramer et al. 2022), a spectrum of the frequencies from 1 Hz to half
the sample rate is taken for that of a signal at half the sample rate, whose real part counts: what
lies above a quarter of the sample rate is folded. Its transform has e^(+i w t), where xi has the
damping of waves e^(-i w t): the membrane rings before the sound rather than after it.

Linear, so each place is a filter. Places are taken in groups, whose filters are as long as the
slowest of them rings, and sound goes through them in blocks (overlap-save).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GROUP = 64
"""Places that are filtered together: a whole number of vectors, and a block stays in the cache."""
BEFORE, AFTER = 11.0, 4.0
"""How long a filter is, in decay times 2 m / R, before and after the sound: beyond it the response
is less than 1e-4 of its largest."""
MARGIN = 64
"""Samples that every filter has besides, at either end: the folded spectrum ends in a step."""


@dataclass(frozen=True)
class Membrane:
    """Parameters of the membrane, in units of cm, g and s: those of the published converter.

    Attributes:
        length: of the membrane.
        stiffness, bend: C0 and a, of its stiffness.
        alpha: how fast the stiffness falls along it.
        damping: d.
        mass: m.
        density: rho, of the fluid.
        height: h, of the duct.
    """

    length: float = 3.5
    stiffness: float = 1e9
    bend: float = 3500.0
    alpha: float = 3.0
    damping: float = 0.15
    mass: float = 0.05
    density: float = 1.0
    height: float = 0.1

    def decay(self, place: np.ndarray) -> np.ndarray:
        """2 m / R(x): the time in s in which a free vibration falls to 1 / e."""
        friction = self.damping * np.sqrt(self.stiffness * self.mass)
        return 2.0 * self.mass / (friction * np.exp(-0.5 * self.alpha * place))

    def response(self, omega: np.ndarray, place: np.ndarray) -> np.ndarray:
        """v(w, x) for a sound of amplitude 1, complex128, shape (frequencies, places).

        Args:
            omega: angular frequencies in 1/s, > 0.
            place: in cm from the base.
        """
        from scipy import special  # slow to import

        w = omega[:, None]
        xi = self._impedance(w, place)
        z = 2.0 * omega / self.alpha * np.sqrt(2.0 / (self.height * self.stiffness))
        above = 1j * special.j0(z) + special.y0(z)
        below = special.j1(z) - 1j * special.y1(z)
        drive = np.sqrt(2.0 * self.stiffness / self.height) * above / below
        drive /= self._pressure(w, np.zeros(1))[:, 0]
        return 2.0 * w / xi * self._pressure(w, place) * drive[:, None]

    def _impedance(self, w: np.ndarray, place: np.ndarray) -> np.ndarray:
        u = np.exp(-0.5 * self.alpha * place)
        friction = self.damping * np.sqrt(self.stiffness * self.mass)
        return self.stiffness * u**2 - 1j * w * friction * u - self.bend - self.mass * w**2

    def _wave_number(self, w: np.ndarray, place: np.ndarray) -> np.ndarray:
        return w * np.sqrt(self.density / (self.height * self._impedance(w, place)))

    def _pressure(self, w: np.ndarray, place: np.ndarray) -> np.ndarray:
        from scipy import special

        base = np.zeros(1)
        b = self.bend + self.mass * w**2
        ratio = np.log(self._primitive(w, b, base) / self._primitive(w, b, place))
        path = 2.0j * w / self.alpha * np.sqrt(self.density / (self.height * b)) * ratio
        phase = 2.0 * self._wave_number(w, base) / self.alpha + path
        return np.sqrt(phase / self._wave_number(w, place)) * special.hankel1(0, phase)

    def _primitive(self, w: np.ndarray, b: np.ndarray, place: np.ndarray) -> np.ndarray:
        """F, of which the integral of k is the logarithm."""
        u = np.exp(-0.5 * self.alpha * place)
        friction = self.damping * np.sqrt(self.stiffness * self.mass)
        root = np.sqrt(b * self._impedance(w, place))
        return (2.0j * root - 1j * w * friction * u - 2.0 * b) / u


class FilterGroup:
    """The filters of neighbouring places.

    Attributes:
        block: samples of a block, at half the sample rate of the sound.
        before, after: samples by which the response precedes and follows the sound.
        near, far: what a frequency of the block gets from the same frequency of the sound and from
            the one that is folded onto it, complex64, (block // 2 + 1, places).
    """

    def __init__(self, membrane: Membrane, place: np.ndarray, rate: int) -> None:
        half = rate // 2
        decay = float(membrane.decay(place[-1:])[0])
        self.before = int(BEFORE * decay * half) + MARGIN
        self.after = int(AFTER * decay * half) + MARGIN
        self.block = 1 << int(2 * (self.before + self.after)).bit_length()
        omega = 2.0 * np.pi * np.linspace(1.0, half, self.block + 1)
        response = membrane.response(omega, place).astype(np.complex64)
        kept = self.block // 2 + 1
        # the real part of a signal has the mean of its spectrum and of the mirrored one
        self.near = np.ascontiguousarray(response[:kept])
        self.far = np.ascontiguousarray(response[::-1][:kept].conj())

    def __call__(self, sound: np.ndarray, samples: int) -> np.ndarray:
        """Velocity at every place, float32, shape (samples, places), at half the sample rate.

        Args:
            sound: float32.
            samples: that are wanted.
        """
        import scipy.fft

        out = np.empty((samples, self.near.shape[1]), dtype=np.float32)
        step = self.block - self.before - self.after
        padded = np.zeros(2 * self.block, dtype=np.float32)
        for start in range(0, samples, step):
            first = 2 * (start - self.after)
            inside = sound[max(first, 0) : first + 2 * self.block]
            padded[:] = 0.0
            padded[max(-first, 0) : max(-first, 0) + len(inside)] = inside
            heard = scipy.fft.rfft(padded)
            kept = self.block // 2 + 1
            mixed = self.near * heard[:kept, None]
            mixed += self.far * heard[::-1][:kept, None].conj()
            moved = scipy.fft.irfft(mixed, self.block, axis=0, overwrite_x=True)
            wanted = moved[self.after : self.after + step][: samples - start]
            out[start : start + step] = wanted * np.float32(0.5)
        return out
