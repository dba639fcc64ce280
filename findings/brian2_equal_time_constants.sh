#!/usr/bin/env bash
# brian2 2.9.0, numpy 2.3.5.
#
# A membrane with an exponential current, method="exact", tau_m = tau_s = 5 ms, I = 1 at the beginning. One
# would expect V after 5 ms to be exp(-1), whether the time constants are numbers in the equations or
# constants of each neuron, which is how learnt ones are given. As numbers it is. As constants it is NaN: the
# solution was found for unlike ones and divides by their difference. The run goes on; V never reaches a
# threshold, so such a neuron is silent for good, and only a warning in the log says so.
#
# Seen: "as numbers: 0.367879", "as constants of the neuron: nan", "spikes of a neuron with threshold 0.3: 1
# and 0".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet brian2==2.9.0 numpy==2.3.5
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
import brian2 as b
import numpy as np

b.prefs.codegen.target = "numpy"
b.defaultclock.dt = 1 * b.ms
NUMBERS = "dV/dt = (I - V) / (5*ms) : 1\ndI/dt = -I / (5*ms) : 1"
CONSTANTS = """
dV/dt = (I - V) / tau_m : 1
dI/dt = -I / tau_s : 1
tau_m : second (constant)
tau_s : second (constant)
"""


def run(equations: str, threshold: float) -> tuple[float, int]:
    """V after 5 ms, and the number of spikes."""
    neuron = b.NeuronGroup(
        1, equations, method="exact", threshold=f"V >= {threshold}", reset="V = 0; I = 0"
    )
    if "tau_m" in equations:
        neuron.tau_m = neuron.tau_s = 5 * b.ms
    neuron.I = 1
    spikes = b.SpikeMonitor(neuron)
    b.Network(neuron, spikes).run(5 * b.ms)
    return float(neuron.V[0]), len(spikes.t)


numbers, constants = run(NUMBERS, 10.0)[0], run(CONSTANTS, 10.0)[0]
counts = run(NUMBERS, 0.3)[1], run(CONSTANTS, 0.3)[1]
print(f"as numbers: {numbers:.6f}\nas constants of the neuron: {constants}")
print(f"spikes of a neuron with threshold 0.3: {counts[0]} and {counts[1]}")
assert abs(numbers - np.exp(-1)) < 1e-12
assert np.isnan(constants)
assert counts == (1, 0)
PYTHON
