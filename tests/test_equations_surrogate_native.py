"""Neurons with a step map on the native engine, by the surrogate rule: equal to the reference."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, WEIGHTS, adex, batch, network, with_kernels
from hypothesis import assume, given, settings
from test_equations_native import FEW, assert_same, quick_compiler, systems

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.native import vectors
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.vectors import WIDTHS
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import BackendError

__all__ = ["quick_compiler"]  # a fixture
KINDS = [kind for kind in WEIGHTS if kind not in ("lif", "adaptive")]
OF_ZOO = {
    "symplectic": (lambda: gd.neurons.symplectic_lif(tau_mem=10.0, tau_syn=4.0), 3.0),
}


def simulate(
    net, events, backend, *, precision="float64", threads=None, training=True, masks=None, **rule
):
    """Outputs, gradients, and spikes of both hidden populations."""
    with gd.compile(
        net,
        gradient=gd.Surrogate(**rule),
        steps=STEPS,
        batch_size=events.trials,
        backend=backend,
        precision=precision,
        threads=threads,
    ) as simulation:
        outputs = simulation.forward(events, masks=masks, training=training)
        spikes = [simulation.spikes(name) for name in ("hidden", "lif")]
        if not training:
            return outputs, gd.backends.gradient.Gradients({}, {}), spikes
        drive = {"hidden": np.linspace(-0.1, 0.1, 21)}
        slopes = np.cos(np.arange(outputs.size)).reshape(outputs.shape)
        return outputs, simulation.backward(slopes, drive), spikes


def check(net, events, *, outputs=1e-12, gradients=1e-10, **options) -> None:
    """The native engine gives what the reference does, and there is something to give."""
    reference = simulate(net, events, "reference", **options)
    assert len(reference[2][0]) > 100
    found = simulate(net, events, "native", **options)
    assert_same(reference, found, outputs=outputs, gradients=gradients)


@pytest.mark.parametrize(
    ("kind", "shape", "detach"),
    [(kind, ("feedforward", "looped")[k % 2], k % 3 == 0) for k, kind in enumerate(KINDS)],
)
def test_native_equals_reference_for_weights_delays_and_every_parameter(
    quick_compiler, kind, shape, detach
):
    net, events = network(kind, shape), batch()
    assert net.populations["hidden"].learn == net.populations["hidden"].neuron.learnable
    check(net, events, detach_reset=detach)


@pytest.mark.slow
@pytest.mark.parametrize("detach", [True, False])
@pytest.mark.parametrize("shape", ["feedforward", "recurrent", "looped"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_every_shape_of_every_kind_equals_the_reference(quick_compiler, kind, shape, detach):
    check(network(kind, shape), batch(), detach_reset=detach)


@pytest.mark.parametrize("kind", ["lif", "symplectic"])
def test_linear_neurons_that_learn_more_than_time_constants_have_a_step_map_too(kind):
    make, scale = WEIGHTS["lif"] if kind == "lif" else OF_ZOO[kind]
    net = network("", "recurrent", neuron=make())
    for name in ("input->hidden", "loop 0"):
        net.projections[name].synapses.weight[:] *= scale
    check(net, batch(graded=True), detach_reset=False, function="fast_sigmoid")


@pytest.mark.parametrize(("shape", "sigma"), [("looped", 2.0), ("feedforward", 12.0)])
def test_delay_kernels_bring_spikes_to_each_of_several_input_states(shape, sigma):
    net, events = with_kernels("conductance", shape, sigma), batch()
    check(net, events, outputs=1e-11, gradients=1e-9, detach_reset=False)
    with gd.compile(net, gradient=gd.Surrogate(), steps=STEPS, backend="native") as simulation:
        simulation.forward(batch(trials=1, events=1))
        assert bool(simulation.spectrals) == (sigma > 5)


@pytest.mark.parametrize("kind", ["adex in substeps", "conductance"])
def test_normalisation_and_bias_belong_to_the_first_input_state(kind):
    asked = {"normalise": gd.BatchNorm(), "dropout": 0.3}
    net, events = with_kernels(kind, "feedforward", 2.0, **asked), batch(trials=11, events=900)
    units = net.populations["hidden"].units.columns
    units["gain"][:], units["bias"][:] = 0.05, 0.1 if kind == "conductance" else 0.03
    masks = {"hidden": (np.arange(11 * 21).reshape(11, 21) % 4 > 0) / 0.75}
    check(net, events, masks=masks, outputs=1e-11, gradients=1e-9)


@pytest.mark.parametrize("kind", ["adex in substeps", "conductance"])
def test_bits_do_not_depend_on_threads_or_other_trials(kind):
    for shape in ("feedforward", "looped"):
        net, events = network(kind, shape), batch(trials=19, events=1500)
        one = simulate(net, events, "native", precision="float32", threads=1)
        for threads in (2, 8):
            other = simulate(net, events, "native", precision="float32", threads=threads)
            assert_same(one, other, outputs=0.0, gradients=0.0)
        for trial in (0, 18):
            own = events.trial == trial
            alone = gd.Events(events.time[own], events.unit[own], np.zeros(own.sum(), int), 1)
            single = simulate(net, alone, "native", precision="float32", training=False)
            whole = simulate(net, events, "native", precision="float32", training=False)
            np.testing.assert_array_equal(single[0][0], whole[0][trial])


def test_every_width_of_the_vectors_equals_the_reference(monkeypatch):
    net, events = network("conductance", "looped"), batch()
    reference = simulate(net, events, "reference")
    for width in WIDTHS:
        monkeypatch.setenv(vectors.VARIABLE, str(width))
        assert_same(reference, simulate(net, events, "native"))


def test_parameters_that_training_changed_are_taken_over_by_load():
    """Entries that were 0 when the network was compiled are learnt too."""
    net, events = network("adex"), batch()
    columns, results = net.populations["hidden"].units.columns, []
    kept = {name: column.copy() for name, column in columns.items()}
    for backend in ("reference", "native"):
        with gd.compile(
            net,
            gradient=gd.Surrogate(),
            steps=STEPS,
            batch_size=5,
            backend=backend,
            precision="float64",
        ) as simulation:
            for name, column in columns.items():
                column *= 1.03 if name != "V_r" else 0.0
            simulation.load(net)
            outputs = simulation.forward(events)
            results.append((outputs, simulation.backward(np.ones_like(outputs)), []))
            for name, column in kept.items():
                columns[name][:] = column
    assert_same(*results)


@pytest.mark.parametrize("shape", ["feedforward", "recurrent"])
@pytest.mark.parametrize("training", [True, False])
def test_a_state_that_is_not_finite_is_named_with_its_unit_and_time(shape, training):
    net, messages = network("adex", shape), []
    net.projections["input->hidden"].synapses.weight[:] *= 1e4
    for backend in ("reference", "native"):
        with gd.compile(
            net,
            gradient=gd.Surrogate(),
            steps=STEPS,
            batch_size=5,
            backend=backend,
            precision="float64",
        ) as simulation:
            with pytest.raises(BackendError, match="'hidden': the state of unit") as found:
                simulation.forward(batch(), training=training)
            messages.append(str(found.value))
            assert np.all(np.isfinite(simulation.forward(gd.Events([], [], [], 5))))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("recurrent", [True, False])
def test_lanes_without_a_trial_run_away_and_nothing_comes_of_it(recurrent):
    """Without inhibition this neuron diverges; in float32 a vector has more lanes than 3."""
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 2)
    diverging = gd.Equations(
        "dV/dt = V**2 + k + I\ndI/dt = -I/20",
        threshold="V >= 1e15",
        reset="V = 0",
        parameters={"k": 0.02},
    )
    net.add_population("hidden", diverging, 3, learn=("k",))
    net.add_population("output", gd.LeakyReadout(), 3)
    net.connect("input", "hidden", weight=-0.1)
    if recurrent:
        net.connect("hidden", "hidden", weight=gd.init.Normal(0, 0.1))
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    time, trial = np.tile(np.arange(0.0, 70.0, 2.0), 3), np.repeat([0, 1, 2], 35)
    events, results = gd.Events(time, np.zeros(105, int), trial, 3), []
    for backend in ("reference", "native"):
        with gd.compile(
            net, gradient=gd.Surrogate(), steps=STEPS, batch_size=3, backend=backend
        ) as simulation:
            outputs = simulation.forward(events)
            results.append((outputs, simulation.backward(np.ones_like(outputs)), []))
            gradients = results[-1][1]
            assert np.all(np.isfinite(gradients.units["hidden"]["k"]))
            assert np.all(np.isfinite(gradients["input->hidden"].weight))
    assert_same(*results, outputs=1e-5, gradients=1e-4)


@pytest.mark.parametrize("kind", ["conductance", "delta"])
def test_correlations_are_those_of_the_input_state_of_the_projection(kind):
    net, events, found = network(kind, "recurrent"), batch(), []
    rng = np.random.default_rng(3)
    pre, post, first = rng.integers(0, 13, 50), rng.integers(0, 21, 50), rng.integers(0, 9, 50)
    for backend in ("reference", "native"):
        with gd.compile(
            net,
            gradient=gd.Surrogate(),
            steps=STEPS,
            batch_size=5,
            backend=backend,
            precision="float64",
        ) as simulation:
            simulation.backward(np.ones_like(simulation.forward(events)))
            names = [n for n in net.projections if n.startswith("input->hidden")]
            assert len(names) == 2
            found.append([simulation.correlation(n, pre, post, first, 4) for n in names])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10 * np.abs(one).max(), rtol=0)


@pytest.mark.parametrize("kind", ["adex in substeps", "conductance"])
@pytest.mark.parametrize("shape", ["feedforward", "looped"])
def test_estimate_counts_what_is_kept(kind, shape):
    net, events = network(kind, shape), batch(trials=9)
    given = {"gradient": gd.Surrogate(), "steps": STEPS, "batch_size": 9, "precision": "float32"}
    plan = make_plan(net, readout=gd.readouts.MeanVoltage(), dt=1.0, **given)
    parts = estimate(plan, net, threads=2, events_per_trial=len(events) / 9)
    with gd.compile(net, backend="native", threads=2, **given) as simulation:
        simulation.backward(simulation.forward(events))
        assert sum(parts.values()) == pytest.approx(simulation.memory(), rel=0.02)


def test_show_code_names_the_step_of_each_model():
    given = {"readout": gd.readouts.MeanVoltage(), "dt": 1.0, "steps": 9}
    plan = make_plan(network("adex"), gradient=gd.Surrogate(), **given)
    code = get_backend("native").code(plan)
    assert "states V, w, I; step map rk2; first used by 'hidden'" in code
    assert "states V, I; first used by 'lif'" in code


def test_the_engine_of_a_plan_without_step_maps_knows_nothing_of_them():
    """Networks that need none keep the code, and the libraries, that they have."""
    given = {"readout": gd.readouts.MeanVoltage(), "dt": 1.0, "steps": 9}
    plan = make_plan(network("lif", learn=False), gradient=gd.Surrogate(), **given)
    code = get_backend("native").code(plan)
    assert not any(word in code for word in ("blown", "ports", "gained", "note_"))


def test_a_neuron_is_held_where_it_is_whatever_its_step():
    net, events = network("adex", neuron=adex("rk4", 3, 5.0)), batch()
    net.projections["input->hidden"].synapses.weight[:] *= 0.03
    check(net, events, detach_reset=False)


def check_system(neuron: gd.Equations, detach: bool) -> None:
    net, events = network("", "recurrent", neuron=neuron), batch(trials=3, events=200)
    try:
        reference = simulate(net, events, "reference", detach_reset=detach)
    except BackendError:
        assume(False)
    found = simulate(net, events, "native", detach_reset=detach)
    assert_same(reference, found, outputs=1e-11, gradients=1e-8)


@settings(max_examples=5, **FEW)
@given(systems())
def test_random_systems_of_equations_equal_the_reference(quick_compiler, neuron):
    check_system(neuron, detach=False)


@pytest.mark.slow
@settings(max_examples=200, **FEW)
@given(systems())
def test_two_hundred_random_systems_of_equations_equal_the_reference(quick_compiler, neuron):
    check_system(neuron, detach=True)
