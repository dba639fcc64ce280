"""Exported scripts run where the simulators are: every spike in every step is the reference's.

The environment variable GENN_DELAYS_SIMULATORS names a Python that has brian2, nest, arbor and
pyNN; a test skips where that one lacks what it wants.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import folded_networks
import networks
import networks_to_export as made
import numpy as np
import pytest
import shipped_neurons
from simulators import interpreter, run_scripts, write_trials
from written_blocks import ROOT, blocks

import genn_delays as gd

PAGE = ROOT / "docs/elsewhere.md"
pytestmark = pytest.mark.simulators

BRIAN2 = (
    *(made.lif, made.varied, made.equal, made.soft, made.held, made.adaptive, made.held_adaptive),
    *(made.coupled, made.on_grid, made.latched, made.wiped),
)
NEST = (
    *(made.lif, made.varied, made.equal, made.held, made.adaptive, made.held_adaptive),
    *(made.on_grid, made.latched, made.two_inputs),
)
PYNN = (made.lif, made.varied, made.equal, made.held)
ARBOR = (made.lif, made.varied, made.equal, made.held, made.held_adaptive, made.latched)
ARBOR_SEEDS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 1)  # dt = 0.1 ms wants many connections
SOFTMAX = gd.readouts.SoftmaxSum(population="output")
READ = [
    gd.readouts.MeanVoltage(),
    gd.readouts.ExponentialMeanVoltage(tau=40.0),
    gd.readouts.MaxVoltage(),
    gd.readouts.SoftmaxSum(),
    gd.readouts.VoltageTrace(),
]
Spikes = set[tuple[int, int, int]]


def spikes_in(simulation, name: str, dt: float) -> Spikes:
    """(trial, step, unit) of each spike of a population."""
    events = simulation.spikes(name)
    steps = np.round(events.time / dt).astype(int)
    return set(zip(events.trial.tolist(), steps.tolist(), events.unit.tolist(), strict=True))


def spikes_of(result: Mapping[str, np.ndarray], script: Path, name: str) -> Spikes:
    """The same as a script has written them."""
    about = json.loads(script.with_suffix(".json").read_text())["populations"]
    columns = (result[f"{about[name]['identifier']}.{key}"] for key in ("trial", "step", "unit"))
    found = list(zip(*(column.tolist() for column in columns), strict=True))
    assert len(set(found)) == len(found)
    return set(found)


@dataclass(frozen=True)
class Run:
    """What is run in a simulator and here."""

    network: gd.Network
    events: gd.Events
    dt: float
    steps: int
    readout: gd.readouts.Readout


def compare(target: str, folder: Path, runs: list[Run]) -> None:
    """Export networks, run their scripts in one process, and compare with the reference."""
    python = interpreter({"pynn": "pyNN.nest"}.get(target, target))
    scripts = [folder / f"network{number}.py" for number in range(len(runs))]
    for run, script in zip(runs, scripts, strict=True):
        options = {"dt": run.dt, "readout": run.readout, "trial": run.steps}
        gd.export.FORMATS[target](run.network, script, **options)
        write_trials(script, run.events, run.steps * run.dt)
    results = run_scripts(python, scripts, target)
    spikes = 0
    for run, script, result in zip(runs, scripts, results, strict=True):
        with gd.compile(
            run.network,
            gradient=gd.Surrogate(),
            readout=run.readout,
            dt=run.dt,
            steps=run.steps,
            batch_size=run.events.trials,
            backend="reference",
            precision="float64",
        ) as simulation:
            outputs = simulation.forward(run.events, training=False)
            for name, population in run.network.populations.items():
                if population.neuron.spiking:
                    expected = spikes_in(simulation, name, run.dt)
                    assert spikes_of(result, script, name) == expected, (script, name)
                    spikes += len(expected)
        np.testing.assert_allclose(result["outputs"], outputs, rtol=1e-6, atol=1e-9)
    assert spikes > 100 * len(runs)


def random_network(seed: int, kinds: tuple[made.Make, ...]) -> Run:
    case = made.case(seed, kinds)
    readout = gd.readouts.SpikeCount(population="output")
    return Run(case.network, case.events, case.dt, made.STEPS, readout)


@pytest.mark.parametrize(
    ("target", "seeds", "kinds"),
    [
        pytest.param("brian2", range(50), BRIAN2, id="brian2"),
        pytest.param("nest", range(50), NEST, id="nest"),
        pytest.param("pynn", range(50), PYNN, id="pynn"),
        pytest.param("arbor", ARBOR_SEEDS, ARBOR, id="arbor"),
    ],
)
def test_random_networks_have_the_spikes_of_the_reference(target, seeds, kinds, tmp_path):
    compare(target, tmp_path, [random_network(seed, kinds) for seed in seeds])


def test_brian2_has_every_neuron_that_ships(tmp_path):
    readout = gd.readouts.MeanVoltage(population="leaky_readout")
    how = (shipped_neurons.events(), shipped_neurons.DT, shipped_neurons.STEPS, readout)
    nets = [shipped_neurons.shipped(gd.Surrogate(), recurrent) for recurrent in (False, True)]
    compare("brian2", tmp_path, [Run(net, *how) for net in nets])


def test_brian2_has_folded_normalisation_biases_tails_and_lag_0(tmp_path):
    nets = [folded_networks.normalised(), folded_networks.lagless()]
    compare("brian2", tmp_path, [Run(net, _single(), 1.0, 80, SOFTMAX) for net in nets])


def test_nest_has_folded_normalisation_biases_tails_and_lag_0(tmp_path):
    runs = [Run(folded_networks.normalised(), _single(), 1.0, 80, SOFTMAX)]
    compare("nest", tmp_path, runs)


@pytest.mark.parametrize("target", ["brian2", "nest", "pynn", "arbor"])
def test_scripts_read_out_as_the_network_does(target, tmp_path):
    net = _voltages()
    events = made.Case(net, 1.0).events
    compare(target, tmp_path, [Run(net, events, 1.0, made.STEPS, one) for one in READ])


@pytest.mark.parametrize("target", ["brian2", "nest", "pynn", "arbor"])
def test_first_spikes_of_one_unit_each_and_a_trial_without_any(target, tmp_path):
    net = gd.Network()
    for name, neuron in (("input", gd.Input()), ("output", gd.LIF(tau_mem=10.0))):
        net.add_population(name, neuron, 1)
    net.connect("input", "output", weight=8.0, delay=3.0)
    events = gd.Events(np.array([2.5, 9.5]), np.zeros(2, int), np.array([0, 1]), 3)
    script = gd.export.FORMATS[target](
        net, tmp_path / "net.py", dt=1.0, readout=gd.readouts.FirstSpike(), trial=30
    )
    write_trials(script, events, 30.0)
    python = interpreter({"pynn": "pyNN.nest"}.get(target, target))
    (result,) = run_scripts(python, [script], target)
    assert result["outputs"][:, 0].tolist() == [8.0, 15.0, 30.0]


@pytest.mark.parametrize("target", ["brian2", "nest", "pynn", "arbor"])
def test_the_script_of_the_page_has_the_spikes_of_the_network(target, tmp_path, monkeypatch):
    python = interpreter({"pynn": "pyNN.nest"}.get(target, target))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(PAGE):
        if block.language == "python":
            exec(block.text, names)
    script = f"in_{target}.py"
    command = [python, script, "trials.npz", "results.npz"]
    subprocess.run(command, check=True, capture_output=True, timeout=900)
    assert np.load("results.npz")["outputs"].shape == (2, 3)
    network, given = names["network"], np.load("trials.npz")
    events = gd.Events(*(given[f"input.{key}"] for key in ("time", "unit", "trial")), 2)
    with gd.compile(
        network,
        gradient=gd.EventProp(),
        readout=gd.readouts.MeanVoltage(),
        dt=1.0,
        steps=100,
        batch_size=2,
        backend="reference",
        precision="float64",
    ) as simulation:
        outputs = simulation.forward(events, training=False)
        found = spikes_of(np.load("results.npz"), tmp_path / script, "hidden")
        assert found == spikes_in(simulation, "hidden", 1.0)
    np.testing.assert_allclose(np.load("results.npz")["outputs"], outputs, rtol=1e-6, atol=1e-9)


def _single() -> gd.Events:
    """Of the events that several tests share, one of a unit in a step."""
    events = networks.batch(trials=3, events=200)
    places = np.stack([events.trial, events.unit, np.floor(events.time).astype(int)])
    _, kept = np.unique(places, axis=1, return_index=True)
    return gd.Events(events.time[kept], events.unit[kept], events.trial[kept], 3)


def _voltages() -> gd.Network:
    net, drawn = gd.Network(seed=1), gd.init.Normal
    net.add_population("input", gd.Input(), made.INPUTS)
    net.add_population("hidden", gd.LIF(tau_mem=10.0), 8)
    net.add_population("output", gd.LeakyReadout(tau_mem=15.0, tau_syn=4.0), 3)
    net.connect("input", "hidden", weight=drawn(1.0, 1.0), delay=gd.init.Uniform(0, 9))
    net.connect("hidden", "output", weight=drawn(0.0, 1.0), delay=gd.init.Uniform(0, 9))
    return net
