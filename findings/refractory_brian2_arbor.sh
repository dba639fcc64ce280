#!/usr/bin/env bash
# brian2 2.9.0, arbor 0.12.2, numpy 2.3.5.
#
# One leaky integrate-and-fire neuron with a refractory period of 2 ms, a time step of 1 ms and an input
# in every step that alone brings it to threshold. One would expect one firing rate. Arbor fires every 2
# steps, Brian2 every 3: Brian2 is out of its period after 2 steps, but drops what synapses write to a
# variable flagged "(unless refractory)" until then, tests the threshold before the input of a step, and so
# fires one step later. Where no synapse is needed (a reset above the threshold) Brian2 fires every 2 steps.
# A network moved from one to the other keeps its spikes only with another period.
#
# Seen: "brian2, input through a synapse: every 3 steps", "brian2, reset above the threshold: every 2
# steps", "arbor: every 2 steps".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet brian2==2.9.0 arbor==0.12.2 numpy==2.3.5
"$folder/venv/bin/python" - <<'PYTHON'
import arbor
import brian2 as b
import numpy as np
from arbor import units as u

b.prefs.codegen.target = "numpy"
b.defaultclock.dt = 1 * b.ms
TIMES = np.arange(1, 31)


def steps_between(times: np.ndarray) -> list[int]:
    return sorted(set(np.diff(np.round(times).astype(int)).tolist()))


def brian(reset: float, driven: bool) -> list[int]:
    neuron = b.NeuronGroup(
        1,
        "dv/dt = -v / (10*ms) : 1 (unless refractory)",
        threshold="v >= 1",
        reset=f"v = {reset}",
        refractory=2 * b.ms,
        method="exact",
    )
    neuron.v = reset
    spikes = b.SpikeMonitor(neuron)
    network = b.Network(neuron, spikes)
    if driven:
        source = b.SpikeGeneratorGroup(1, np.zeros(30, int), TIMES * b.ms)
        synapse = b.Synapses(source, neuron, on_pre="v_post += 100")
        synapse.connect()
        network.add(source, synapse)
    network.run(30 * b.ms)
    return steps_between(spikes.t / b.ms)


class Driven(arbor.recipe):
    def num_cells(self) -> int:
        return 1

    def cell_kind(self, gid: int) -> arbor.cell_kind:
        return arbor.cell_kind.lif

    def cell_description(self, gid: int) -> arbor.lif_cell:
        cell = arbor.lif_cell("source", "target")
        cell.tau_m, cell.t_ref, cell.C_m = 10 * u.ms, 2 * u.ms, 1 * u.pF
        cell.E_L = cell.E_R = cell.V_m = 0 * u.mV
        cell.V_th = 10 * u.mV
        return cell

    def event_generators(self, gid: int) -> list[arbor.event_generator]:
        schedule = arbor.explicit_schedule([float(time) * u.ms for time in TIMES])
        return [arbor.event_generator("target", 1e6, schedule)]


simulation = arbor.simulation(Driven())
simulation.record(arbor.spike_recording.local)
simulation.run(30 * u.ms, 1 * u.ms)
found = {
    "brian2, input through a synapse": brian(0.0, driven=True),
    "brian2, reset above the threshold": brian(2.0, driven=False),
    "arbor": steps_between(np.array([time for _, time in simulation.spikes()])),
}
assert (b.__version__, arbor.__version__) == ("2.9.0", "0.12.2")
for name, steps in found.items():
    print(f"{name}: every {', '.join(map(str, steps))} steps")
assert list(found.values()) == [[3], [2], [2]], found
PYTHON
