"""The inner ear of Cramer et al. (2022), written down plainly: the equations one after the other.

Nothing here is shared with the package. The integral of the wave number is a quadrature, the
membrane a Fourier transform of the whole sound, and each nerve fibre has a state of its own.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import special

C0, BEND, ALPHA, RHO, DAMPING, HEIGHT, MASS, LENGTH = 1e9, 3500.0, 3.0, 1.0, 0.15, 0.1, 0.05, 3.5


def stiffness_damping(x):
    return C0 * np.exp(-ALPHA * x) - BEND, DAMPING * np.sqrt(C0 * MASS) * np.exp(-ALPHA * x / 2)


def xi(w, x):
    stiffness, damping = stiffness_damping(x)
    return stiffness - MASS * w**2 - 1j * w * damping


def wave_number(w, x):
    return w * np.sqrt(RHO / (HEIGHT * xi(w, x)))


def response(w, places):
    """Velocity of each place for a sound of angular frequencies w, shape (frequencies, places)."""
    w = w[:, None]
    start = 2 * wave_number(w, np.zeros(1)) / ALPHA
    path, found = np.zeros((len(w), 1), complex), []
    for a, b in pairwise([0.0, *places]):
        nodes, weights = np.polynomial.legendre.leggauss(4 if b - a < 0.01 else 64)
        path = (
            path
            + (b - a) / 2 * (wave_number(w, (a + b) / 2 + (b - a) / 2 * nodes) @ weights)[:, None]
        )
        found.append(pressure(w, b, start + path))
    z = 2 * w / ALPHA * np.sqrt(2 / (HEIGHT * C0))
    drive = np.sqrt(2 * C0 / HEIGHT)
    drive = drive * (1j * special.j0(z) + special.y0(z)) / (special.j1(z) - 1j * special.y1(z))
    return 2 * w / xi(w, places) * np.hstack(found) / pressure(w, 0.0, start) * drive


def pressure(w, x, phase):
    return np.sqrt(phase / wave_number(w, np.full(1, x))) * special.hankel1(0, phase)


def prepared(sound):
    """At a root mean square of 0.3, under a Hann window."""
    half = len(sound) // 2
    window = np.ones(len(sound))
    window[:half] = np.hanning(2 * half)[:half]
    window[-half:] = np.hanning(2 * half)[half:]
    return 0.3 * sound / np.sqrt(np.mean(sound.astype(float) ** 2)) * window


def velocity(sound, rate, places, stretched=True):
    """At rate / 2, shape (samples, places): as published, one spectrum for the whole sound.

    Its transform has one sample more than half the sound, which stretches the time by as much;
    the other has every second sample of the sound's own transform.
    """
    samples = len(sound) // 2 + 1
    w = 2 * np.pi * np.linspace(1, rate // 2, samples)
    spectrum = response(w, places) * np.fft.fft(prepared(sound))[:samples, None]
    if stretched:
        return np.real(np.fft.ifft(spectrum, axis=0))
    whole = np.pad(spectrum, ((0, len(sound) - samples), (0, 0)))
    return 2 * np.real(np.fft.ifft(whole, axis=0))[::2]


def firing_probability(v, rate):
    """Of a fibre in each sample."""
    y, g, l, r, x, A, B, h, M = 5.05, 2000.0, 2500.0, 6580.0, 66.3, 5.0, 300.0, 50000.0, 1.0  # noqa: E741
    k = g * A / (A + B)
    c = M * y * k / (l * k + y * (l + r)) * np.ones(v.shape[1])
    q, w = c * (l + r) / k, c * r / x
    out = np.empty_like(v)
    for t, s in enumerate(v):
        k = np.where(s + A > 0, g * (s + A) / (s + A + B), 0.0)
        made = np.where(q < M, y * (M - q), 0.0)
        dq, dc, dw = made - k * q + x * w, k * q - (l + r) * c, r * c - x * w
        q, c, w = (np.maximum(z + dz / rate, 0) for z, dz in ((q, dq), (c, dc), (w, dw)))
        out[t] = h * c / rate
    return out


def fibres(probability, rate, rng, count=40):
    """How many of each place's fibres fire in a sample, fibre by fibre."""
    samples, places = probability.shape
    last = np.full((places, count), -np.inf)
    out = np.empty((samples, places), int)
    for t in range(samples):
        fires = (rng.random((places, count)) < probability[t][:, None]) & (t - last >= 1e-3 * rate)
        last[fires] = t
        out[t] = fires.sum(axis=1)
    return out


def bushy(counts, rate, fibres=40):
    """Spikes of the bushy cells, bool, from how many fibres fire."""
    V, current = np.zeros(counts.shape[1]), np.zeros(counts.shape[1])
    held = np.zeros(counts.shape[1])
    spikes = np.zeros(counts.shape, bool)
    for t, arriving in enumerate(counts):
        fired = (held <= 0) & (V >= 1)
        spikes[t - 1] |= fired
        V = np.where(fired, 0.0, V * np.exp(-1 / (1e-3 * rate)))
        held = np.where(fired, 1e-3 * rate, held)
        current = current * np.exp(-1 / (5e-4 * rate)) + arriving
        V = np.where(held <= 0, V + current * 13e3 / fibres / rate, V)
        V = np.minimum(V, 1.0)
        held = held - 1
    return spikes


def uniforms(seeds):
    """The random numbers of each place for ever, as the package documents: xoshiro128++."""
    state = np.array([_seeded(int(seed)) for seed in seeds], np.uint32).T
    turn = lambda x, by: (x << np.uint32(by)) | (x >> np.uint32(32 - by))  # noqa: E731
    with np.errstate(over="ignore"):
        while True:
            out = turn(state[0] + state[3], 7) + state[0]
            moved = state[1] << np.uint32(9)
            state[2] ^= state[0]
            state[3] ^= state[1]
            state[1] ^= state[2]
            state[0] ^= state[3]
            state[2] ^= moved
            state[3] = turn(state[3], 11)
            yield ((out >> np.uint32(9)) + 0.5) * 2.0**-23


def _seeded(seed):
    words, mask = [], 2**64 - 1
    for _ in range(2):
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        z ^= z >> 31
        words += [z & 0xFFFFFFFF, z >> 32]
    return words


def binomial_fibres(probability, rate, draws, count=40):
    """As ``fibres``, with one random number per place and sample: the binomial quantile."""
    window = round(1e-3 * rate)
    out = np.zeros((window + len(probability), probability.shape[1]), int)
    for t, p in enumerate(probability):
        free = count - out[t + 1 : t + window].sum(axis=0)
        out[t + window] = quantile(next(draws), free, p)
    return out[window:]


def quantile(u, free, p):
    chance, fired = (1 - p) ** free, np.zeros(len(p), int)
    total = chance.copy()
    while np.any(more := (u > total) & (fired < free)):
        chance = chance * p / (1 - p) * (free - fired) / (fired + 1)
        total = np.where(more, total + chance, total)
        chance = np.where(more, chance, 0.0)
        fired = fired + more
    return fired
