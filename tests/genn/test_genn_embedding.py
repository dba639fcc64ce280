"""Networks inside a GeNN model of the user's own, and the example of docs/embedding.md."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from folded_networks import normalised
from networks import KINDS, batch
from refractory_networks import network as refractory_network
from shipped_neurons import DT, shipped
from shipped_neurons import STEPS as LONG
from shipped_neurons import events as one_of_each
from test_folding import evaluate

import genn_delays as gd
import genn_delays.genn
from genn_delays.declaration.folding import fold
from genn_delays.experiment import checkpoint
from genn_delays.support.errors import NetworkError, PlanError

pytestmark = pytest.mark.genn
DOCUMENT = Path(__file__).parents[2] / "docs" / "embedding.md"


@pytest.fixture
def pygenn(genn_cpu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return pytest.importorskip("pygenn")


@pytest.fixture
def model(pygenn):
    model = pygenn.GeNNModel("double", "embedding", backend="single_threaded_cpu")
    model.dt = 1.0
    return model


def source(pygenn, model, events: gd.Events, size: int, name: str = "source"):
    """A group of the user's own that plays a trial of events, one per unit and step."""
    order = np.lexsort((events.time, events.unit))
    ends = np.cumsum(np.bincount(events.unit, minlength=size))
    starts = np.concatenate([[0], ends[:-1]])
    group = model.add_neuron_population(
        name, size, "SpikeSourceArray", {}, {"startSpike": starts, "endSpike": ends}
    )
    group.extra_global_params["spikeTimes"].set_init_values(events.time[order])
    return group


def trial() -> gd.Events:
    """Events on the grid, none twice."""
    events = batch(trials=1)
    distinct = np.unique(np.floor(events.time) * 13 + events.unit).astype(int)
    return gd.Events(distinct // 13, distinct % 13, np.zeros(len(distinct), int), 1)


def play(model, group, state: str, steps: int) -> np.ndarray:
    seen = []
    while model.timestep < steps:
        model.step_time()
        group.vars[state].pull_from_device()
        seen.append(group.vars[state].view.copy())
    return np.array(seen)


@pytest.mark.parametrize("kind", ["free", "refractory"])
def test_embedded_network_does_what_training_saw(pygenn, model, tmp_path, kind):
    network = KINDS["looped"](seed=3) if kind == "free" else refractory_network("looped")
    events = trial()
    checkpoint.save(tmp_path / "best.h5", network)
    group = source(pygenn, model, events, 13)
    embedded = gd.genn.add_network(model, tmp_path / "best.h5", inputs={"input": group})
    embedded.populations["adaptive"].spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=80)
    voltage = play(model, embedded.populations["output"], "V", 80)
    model.pull_recording_buffers_from_device()
    times, units = embedded.populations["adaptive"].spike_recording_data[0]
    with gd.compile(
        network,
        readout=gd.readouts.VoltageTrace(),
        steps=80,
        backend="reference",
        precision="float64",
    ) as simulation:
        np.testing.assert_allclose(voltage, simulation.forward(events)[0], atol=1e-9)
        expected = simulation.spikes("adaptive")
    assert len(expected) > 20
    assert set(zip(times, units, strict=True)) == set(
        zip(expected.time, expected.unit, strict=True)
    )
    assert embedded.populations["input"] is group


def test_embedded_normalised_network_does_what_evaluation_saw_some_steps_later(pygenn, model):
    """Batch normalisation, a bias, lag 0, kernels and learnt time constants, folded away."""
    network, events = normalised(tail=0.0), trial()
    group = source(pygenn, model, events, 13)
    embedded = gd.genn.add_network(model, network, inputs={"input": group})
    assert embedded.offsets == {"input": 0, "hidden": 1, "second": 1, "output": 1}
    for name in ("hidden", "second"):
        embedded.populations[name].spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=80)
    voltage = play(model, embedded.populations["output"], "V", 80)
    model.pull_recording_buffers_from_device()
    expected, spikes = evaluate(network, events=events)
    np.testing.assert_allclose(voltage[1:], expected[0][:-1], atol=1e-9)
    for name, wanted in zip(("hidden", "second"), spikes, strict=True):
        times, units = embedded.populations[name].spike_recording_data[0]
        found = set(zip(times - 1, units, strict=True))
        assert len(found) > 20
        kept = wanted.time < 79
        assert found == set(zip(wanted.time[kept], wanted.unit[kept], strict=True))
    folded = fold(network)
    bias = embedded.populations["hidden"].vars["Bias"]
    np.testing.assert_array_equal(bias.values, folded.populations["hidden"].units.bias)
    for name, projection in folded.projections.items():
        gd.genn.set_weights(model, embedded.projections[name], projection)
    with pytest.raises(NetworkError, match=r"take it from gd\.fold"):
        gd.genn.set_weights(
            model, embedded.projections["input->hidden"], network.projections["input->hidden"]
        )


def test_a_projection_of_lag_0_wants_a_target_that_runs_behind(pygenn, model):
    network = gd.Network()
    network.add_population("a", gd.Input(), 1)
    network.add_population("b", gd.LeakyReadout(), 1)
    projection = network.connect("a", "b", weight=1.0, lag=0)
    events = gd.Events([2.0], [0], [0], 1)
    first, second = (source(pygenn, model, events, 1, name) for name in "ab")
    with pytest.raises(NetworkError, match="give later >= 1"):
        gd.genn.add_projection(model, projection, first, second)


def test_projection_between_own_groups_delivers_weight_at_its_delay(pygenn, model):
    network = gd.Network()
    network.add_population("a", gd.Input(), 1)
    network.add_population("b", gd.LeakyReadout(), 4)
    delays = np.array([[0.0, 1.0, 2.5, 9.0]])
    projection = network.connect("a", "b", weight=[[1.0, 2.0, 3.0, 4.0]], delay=delays)
    first = source(pygenn, model, gd.Events([2.0], [0], [0], 1), 1)
    target = model.add_neuron_population("target", 4, counter_of(pygenn), {}, {"x": 0.0})
    group = gd.genn.add_projection(model, projection, first, target)
    model.build()
    model.load()
    arrived = play(model, target, "x", 20)
    np.testing.assert_array_equal(arrived.argmax(axis=0), [3, 4, 5, 12])  # 2.5 rounds to even
    np.testing.assert_array_equal(arrived.sum(axis=0), [1, 2, 3, 4])
    projection.synapses.delay[:] = 9.0, 0.0, 1.0, 2.0
    projection.synapses.weight[:] = 5.0
    gd.genn.set_weights(model, group, projection)
    np.testing.assert_array_equal(group.vars["d"].values, [9, 0, 1, 2])
    np.testing.assert_array_equal(group.vars["w"].values, 5.0)
    projection.synapses.keep(np.arange(4) < 3)
    with pytest.raises(NetworkError, match="joins other pairs"):
        gd.genn.set_weights(model, group, projection)


def test_half_way_delays_of_a_decimal_step_are_rounded_half_to_even(pygenn, model):
    model.dt = 0.1
    network = gd.Network()
    network.add_population("a", gd.Input(), 1)
    network.add_population("b", gd.LeakyReadout(), 4)
    delays = np.array([[0.05, 0.15, 0.25, 0.35]])
    projection = network.connect("a", "b", weight=1.0, delay=delays, max_delay=0.55)
    groups = [model.add_neuron_population(name, size, counter_of(pygenn), {}, {"x": 0.0})
              for name, size in (("source", 1), ("target", 4))]  # fmt: skip
    group = gd.genn.add_projection(model, projection, *groups)
    model.build()
    model.load()
    np.testing.assert_array_equal(group.vars["d"].values, [0, 2, 2, 4])
    assert group.max_dendritic_delay_timesteps > 6  # 0.55 ms has 6 steps
    projection.synapses.delay[:] = delays[0, ::-1]
    gd.genn.set_weights(model, group, projection)
    np.testing.assert_array_equal(group.vars["d"].values, [4, 2, 2, 0])


def counter_of(pygenn):
    return pygenn.create_neuron_model("counter", vars=[("x", "scalar")], sim_code="x = Isyn;")


def test_two_networks_in_one_model_have_names_of_their_own(pygenn, model):
    network = KINDS["feedforward"](seed=3)
    group = source(pygenn, model, trial(), 13)
    names = set()
    for prefix in ("", "second "):
        embedded = gd.genn.add_network(model, network, inputs={"input": group}, prefix=prefix)
        names |= {p.name for p in embedded.projections.values()}
    assert {"input_lif", "second_input_lif", "lif_adaptive_2"} <= names
    assert len(names) == 12


def test_wrong_inputs_are_named(pygenn, model):
    network = KINDS["feedforward"](seed=3)
    group = source(pygenn, model, trial(), 14)
    for inputs, message in (
        ({}, "stands for 'input'"),
        ({"inputs": group}, "did you mean 'input'"),
        ({"input": group}, "has 14 neurons, population 'input' has 13"),
    ):
        with pytest.raises(NetworkError, match=message):
            gd.genn.add_network(model, network, inputs=inputs)


def examples(count: int) -> list[str]:
    """The first blocks of code of the documentation."""
    return re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)[:count]


def recorded(embedded, names) -> dict[str, set]:
    """(time, unit) of the spikes of each population."""
    found = {}
    for name in names:
        times, units = embedded.populations[name].spike_recording_data[0]
        found[name] = set(zip(times, units, strict=True))
    return found


def test_every_neuron_that_ships_spikes_as_on_the_reference(pygenn, model):
    """Step maps, initial states, several inputs and refractory periods among them."""
    network, trial = shipped(gd.Surrogate(), recurrent=True, learn=False), one_of_each(trials=1)
    model.dt = DT
    group = source(pygenn, model, trial, 4)
    embedded = gd.genn.add_network(model, network, inputs={"input": group})
    spiking = [name for name, p in network.populations.items() if p.neuron.spiking]
    for name in spiking:
        embedded.populations[name].spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=LONG)
    voltage = play(model, embedded.populations["leaky_readout"], "V", LONG)
    model.pull_recording_buffers_from_device()
    found = recorded(embedded, spiking)
    readout = gd.readouts.VoltageTrace(population="leaky_readout")
    options = {"dt": DT, "steps": LONG, "backend": "reference", "precision": "float64"}
    with gd.compile(network, gradient=gd.Surrogate(), readout=readout, **options) as simulation:
        np.testing.assert_allclose(voltage, simulation.forward(trial)[0], atol=1e-9)
        for name in spiking:
            expected = simulation.spikes(name)
            assert len(expected) > 5
            assert found[name] == set(zip(expected.time, expected.unit, strict=True))


def test_a_step_map_waits_for_its_own_first_step_in_its_initial_state(pygenn, model):
    """Behind a projection of lag 0; what was learnt, and a bias, go along."""
    neuron = gd.neurons.qif(tau_mem=10.0, tau_syn=5.0, V_0=-1.0, threshold=4.0, V_r=-3.0)
    network = gd.Network(seed=2)
    network.add_population("input", gd.Input(), 13)
    network.add_population("hidden", neuron, 5, learn=neuron.learnable, bias=0.1)
    network.add_population("output", gd.LeakyReadout(), 2)
    network.connect("input", "hidden", weight=gd.init.Normal(0.8, 0.5), lag=0)
    network.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.5))
    columns = network.populations["hidden"].units.columns
    columns["V_0"][:], columns["threshold"][:] = np.linspace(-2.0, 0.5, 5), 3.0
    events = trial()
    group = source(pygenn, model, events, 13)
    embedded = gd.genn.add_network(model, network, inputs={"input": group})
    assert embedded.offsets["hidden"] == 1
    embedded.populations["hidden"].spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=80)
    voltage = play(model, embedded.populations["hidden"], "V", 80)
    np.testing.assert_array_equal(voltage[0], columns["V_0"])
    model.pull_recording_buffers_from_device()
    found = recorded(embedded, ["hidden"])["hidden"]
    options = {"steps": 80, "backend": "reference", "precision": "float64"}
    with gd.compile(network, gradient=gd.Surrogate(), **options) as simulation:
        simulation.forward(events, training=False)
        expected = simulation.spikes("hidden")
    assert len(expected) > 20
    kept = expected.time < 79
    assert found == set(zip(expected.time[kept] + 1, expected.unit[kept], strict=True))


def test_a_neuron_whose_states_have_no_name_in_genn_is_refused_before_any_group_is_made(
    pygenn, model
):
    network = gd.Network(seed=1)
    network.add_population("input", gd.Input(), 3)
    network.add_population("first", gd.LIF(), 4)
    network.add_population(
        "second", gd.Equations("dV/dt = x1 - V**3\ndx1/dt = -x1", threshold="V >= 1", input="x1"), 4
    )
    group = source(pygenn, model, gd.Events([], [], [], 1), 3)
    with pytest.raises(PlanError, match=r"'second': GeNN code cannot have a state named 'x1'"):
        gd.genn.add_network(model, network, inputs={"input": group})
    assert [*model.neuron_populations] == ["source"]


def test_example_of_the_documentation_runs(pygenn, capsys):
    names: dict = {}
    exec(examples(1)[0], names)
    spikes = int(capsys.readouterr().out.splitlines()[-1].split()[0])
    assert 20 < spikes < 3000
    names["model"].unload()


def test_neurons_of_the_documentation_fire_as_the_network_behind_the_same_input(pygenn):
    """A resistance that is not 1 would make every weight 20 times as large."""
    network, *own = examples(3)
    names: dict = {}
    exec(network, names)
    names["model"].unload()
    model = names["model"] = pygenn.GeNNModel("float", "own", backend="single_threaded_cpu")
    model.dt, model.seed = 1.0, 1234
    for block in own:
        exec(block, names)
    inputs = {"input": names["source"]}
    hidden = gd.genn.add_network(model, names["network"], inputs=inputs).populations["hidden"]
    groups = (hidden, names["target"], names["neurons"])
    for group in groups:
        group.spike_recording_enabled = True
    model.build()
    model.load(num_recording_timesteps=200)
    while model.timestep < 200:
        model.step_time()
    model.pull_recording_buffers_from_device()
    wanted, *found = (len(group.spike_recording_data[0][0]) for group in groups)
    assert wanted > 100
    np.testing.assert_allclose(found, wanted, rtol=0.1)
