#!/usr/bin/env bash
# PyNN 0.13.0, brian2 2.9.0, nest-simulator 3.10.0, numpy 2.3.5.
#
# A FromListConnector with two synapses of one pair, of unlike weight and delay. One would expect both, as
# PyNN's backend NEST makes them. Its backend Brian2 makes two synapses of which both have the weight and
# the delay of the second, without a word: the first is lost, the second counts twice. A network whose
# pairs have several synapses, each with a delay of its own, runs and is another network.
#
# Seen: "nest: (5, 1 ms), (7, 9 ms)", "brian2: (7, 9 ms), (7, 9 ms)".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet PyNN==0.13.0 brian2==2.9.0 nest-simulator==3.10.0 numpy==2.3.5
"$folder/venv/bin/python" - 2>/dev/null <<'PYTHON'
from importlib import import_module

import brian2

brian2.prefs.codegen.target = "numpy"
SYNAPSES = [(0, 0, 5.0, 1.0), (0, 0, 7.0, 9.0)]
found = {}
for backend in ("nest", "brian2"):
    sim = import_module(f"pyNN.{backend}")
    sim.setup(timestep=1.0, min_delay=1.0, max_delay=10.0)
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[2.0], [3.0]]))
    cell = sim.Population(1, sim.IF_curr_exp())
    connector = sim.FromListConnector(SYNAPSES, column_names=["weight", "delay"])
    made = sim.Projection(source, cell, connector, sim.StaticSynapse(), receptor_type="excitatory")
    listed = made.get(["weight", "delay"], format="list")
    found[backend] = sorted((round(float(w), 6), round(float(d), 6)) for *_, w, d in listed)
for backend, synapses in found.items():
    print(f"{backend}: {', '.join(f'({w:g}, {d:g} ms)' for w, d in synapses)}")
assert found == {"nest": [(5.0, 1.0), (7.0, 9.0)], "brian2": [(7.0, 9.0), (7.0, 9.0)]}, found
PYTHON
