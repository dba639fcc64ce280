"""Neurons as equations: the same numbers as the neurons there were, in files and by name."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.declaration import neurons
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import GennDelaysError, NetworkError

LIF = "dV/dt = (-V + I) / tau_mem  (unless refractory)\ndI/dt = -I / tau_syn"
VALUES = {"tau_mem": 20.0, "tau_syn": 5.0, "theta": 1.0}
EQUATIONS = [name for name in neurons.NAMED if callable(getattr(neurons, name, None))]


def lif(**options) -> gd.Equations:
    return gd.Equations(LIF, threshold="V >= theta", reset="V = 0", parameters=VALUES, **options)


def network(neuron: gd.Neuron, **population) -> gd.Network:
    net = gd.Network(seed=3)
    net.add_population("input", gd.Input(), 12)
    net.add_population("hidden", neuron, 20, **population)
    net.add_population("output", gd.LeakyReadout(), 3)
    delays = {"delay": gd.init.Uniform(0, 9), "max_delay": 10.0, "learn": ("weight", "delay")}
    for target in neuron.input_states:
        weight = gd.init.Normal(0.3, 0.2)
        net.connect("input", "hidden", weight=weight, target=target, **delays)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.3), **delays)
    return net


def batch(trials: int = 5) -> gd.Events:
    rng = np.random.default_rng(4)
    count = 40 * trials
    return gd.Events(
        rng.uniform(0, 60, count),
        rng.integers(0, 12, count),
        rng.integers(0, trials, count),
        trials,
    )


def run(net: gd.Network, rule: gd.gradients.GradientRule, backend: str, precision: str = "float64"):
    options = {"dt": 1.0, "steps": 80, "batch_size": 5, "precision": precision}
    readout = gd.readouts.MeanVoltage()
    sim = gd.compile(net, gradient=rule, readout=readout, backend=backend, **options)
    outputs = sim.forward(batch())
    return outputs, sim.backward(np.cos(np.arange(outputs.size)).reshape(outputs.shape))


@pytest.mark.parametrize("backend", ["reference", "native"])
@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
@pytest.mark.parametrize("refractory", [0.0, 3.0])
def test_a_lif_neuron_as_equations_has_the_bits_of_the_one_that_ships(backend, rule, refractory):
    outputs, gradients = run(network(lif(refractory=refractory)), rule, backend, "float32")
    wanted, other = run(network(gd.LIF(refractory=refractory)), rule, backend, "float32")
    assert np.array_equal(outputs, wanted)
    for name, gradient in other.items():
        assert np.array_equal(gradients[name].weight, gradient.weight)
        assert np.array_equal(gradients[name].delay, gradient.delay)


def test_what_is_learnt_of_a_lif_neuron_has_the_gradients_of_its_equations():
    learn = {"learn": ("tau_mem", "tau_syn", "threshold")}
    _, ours = run(network(gd.LIF(), **learn), gd.EventProp(), "reference")
    _, written = run(
        network(lif(), learn=("tau_mem", "tau_syn", "theta")), gd.EventProp(), "reference"
    )
    for one, other in zip(
        ours.units["hidden"].items(), written.units["hidden"].items(), strict=True
    ):
        np.testing.assert_allclose(one[1], other[1], rtol=1e-12)


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_shipped_neuron_has_a_source_and_fires(name):
    neuron = neurons.make({"name": name})
    assert neuron.publications()
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 12)
    net.add_population("hidden", neuron, 5)
    scale = {"adex": 30.0, "eif": 8.0, "izhikevich": 3.0, "qif": 3.0, "symplectic_lif": 9.0}
    weight = scale.get(name, 0.7)
    target = neuron.input_states[0]
    net.connect("input", "hidden", weight=weight, target=target)
    readout = gd.readouts.MeanVoltage()
    for rule in (gd.EventProp(), gd.Surrogate()):
        sim = gd.compile(
            net,
            gradient=rule,
            readout=readout,
            dt=0.5,
            steps=160,
            batch_size=5,
            backend="reference",
        )
        sim.forward(batch())
        assert np.all(sim.spike_counts("hidden").sum(axis=0) > 0)


@pytest.mark.parametrize("name", EQUATIONS)
def test_a_checkpoint_keeps_the_text_and_needs_no_other_file(name, tmp_path):
    neuron = neurons.make({"name": name})
    learnt = neuron.learnable[:2]
    net = network(neuron, learn=learnt)
    net.populations["hidden"].units.columns[learnt[0]] *= 1.01
    checkpoint.save(tmp_path / "net.h5", net)
    code = (
        "from genn_delays.experiment import checkpoint; import sys\n"
        "net = checkpoint.load(sys.argv[1]).network\n"
        "p = net.populations['hidden']\n"
        "columns = sorted((name, c.tolist()) for name, c in p.units.columns.items())\n"
        "print(p.neuron.texts(), p.learn, columns, net.projections['input->hidden'].target)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "net.h5"],
        capture_output=True,
        text=True,
        check=True,
    )
    p, first = net.populations["hidden"], net.projections["input->hidden"]
    columns = sorted((name, c.tolist()) for name, c in p.units.columns.items())
    assert done.stdout.strip() == f"{neuron.texts()} {p.learn} {columns} {first.target}"


def test_folding_keeps_the_neuron_and_what_it_learnt():
    net = network(lif(), learn=("theta",))
    net.populations["hidden"].units.columns["theta"][:] = 0.7
    folded = gd.fold(net).populations["hidden"].neuron
    assert np.all(folded.parameters(20)["theta"] == 0.7)
    assert folded.texts() == lif().texts()


def test_a_neuron_by_name_says_what_is_wrong():
    with pytest.raises(NetworkError, match=r"there is no 'adx'; .*adex"):
        neurons.make({"name": "adx"})
    with pytest.raises(NetworkError, match=r"neuron 'adex': .*tau_ref"):
        neurons.make({"name": "adex", "tau_ref": 1.0})
    with pytest.raises(NetworkError, match="has no name"):
        neurons.make({"tau_mem": 1.0})


def test_a_step_that_blows_up_names_the_population_the_unit_and_the_time():
    text = "dV/dt = V * V * V + I\ndI/dt = -I / 5"
    net = gd.Network()
    net.add_population("input", gd.Input(), 12)
    net.add_population("hidden", gd.Equations(text), 5)
    net.connect("input", "hidden", weight=3.0)
    sim = gd.compile(
        net,
        gradient=gd.EventProp(),
        readout=gd.readouts.MeanVoltage(population="hidden"),
        dt=1.0,
        steps=80,
        batch_size=5,
        backend="reference",
    )
    with pytest.raises(
        GennDelaysError, match=r"'hidden': .* unit 0 is not finite at \d+ ms; .* dt"
    ):
        sim.forward(batch())


def test_the_first_command_does_not_import_sympy():
    code = "import sys, genn_delays.cli, genn_delays; print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_equations_show_what_was_given():
    tau = np.full(20, 20.0)
    shown = repr(gd.Equations(LIF, threshold="V >= theta", parameters=VALUES | {"tau_mem": tau}))
    assert shown == (
        f"Equations({LIF!r}, threshold='V >= theta', input=('I',), parameters={{'tau_mem': "
        "<array of 20>, 'tau_syn': 5.0, 'theta': 1.0}, method='auto', substeps=1)"
    )
    assert eval(repr(lif()), {"Equations": gd.Equations}).arguments() == lif().arguments()


@pytest.mark.parametrize("tau", [0.0, -5.0])
def test_time_constants_are_positive(tau):
    neuron = gd.Equations(LIF, threshold="V >= theta", parameters=VALUES | {"tau_syn": tau})
    with pytest.raises(
        NetworkError, match=rf"Equations\(tau_syn=...\): {tau:g} given, must be > 0"
    ):
        network(neuron)
