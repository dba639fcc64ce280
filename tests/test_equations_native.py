"""Neurons with a step map on the native engine, by EventProp: equal to the reference backend."""

from __future__ import annotations

import numpy as np
import pytest
from equation_networks import STEPS, WEIGHTS, adex, batch, network
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

import genn_delays as gd
from genn_delays.backends import get_backend
from genn_delays.backends.native import vectors
from genn_delays.backends.native.memory import estimate
from genn_delays.backends.native.vectors import WIDTHS
from genn_delays.declaration.neurons.equations import METHODS
from genn_delays.planning.plan import make_plan
from genn_delays.support import compiler
from genn_delays.support.errors import BackendError

SHAPES = ("feedforward", "recurrent", "looped")


@pytest.fixture
def quick_compiler():
    """Many engines that run once each: what compiles sooner is as good."""
    with pytest.MonkeyPatch.context() as patch:
        flags = tuple("-O1" if flag == "-O3" else flag for flag in compiler.FLAGS)
        patch.setattr(compiler, "FLAGS", flags)
        yield


def simulate(net, events, backend, *, precision="float64", threads=None, readout=None):
    """Outputs, gradients, and spikes of both hidden populations."""
    with gd.compile(
        net,
        steps=STEPS,
        batch_size=events.trials,
        backend=backend,
        precision=precision,
        threads=threads,
        readout=readout,
    ) as simulation:
        outputs = simulation.forward(events)
        drive = {"hidden": np.linspace(-0.1, 0.1, 21)}
        gradients = simulation.backward(
            np.cos(np.arange(outputs.size)).reshape(outputs.shape), drive
        )
        return outputs, gradients, [simulation.spikes(name) for name in ("hidden", "lif")]


def columns_of(gradients) -> dict[str, np.ndarray]:
    """Every gradient by a name of its own."""
    found = {f"{n} {c}": getattr(g, c) for n, g in gradients.items() for c in ("weight", "delay")}
    units = gradients.units.items()
    return found | {f"{n} {c}": g for n, columns in units for c, g in columns.items()}


def assert_same(one, other, outputs=1e-12, gradients=1e-10):
    np.testing.assert_allclose(
        other[0], one[0], atol=outputs * max(1, np.abs(one[0]).max()), rtol=0
    )
    for mine, theirs in zip(other[2], one[2], strict=True):
        for column in ("trial", "unit", "time"):
            np.testing.assert_array_equal(getattr(mine, column), getattr(theirs, column))
    expected, found = columns_of(one[1]), columns_of(other[1])
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        atol = gradients * np.abs(values).max()
        np.testing.assert_allclose(found[name], values, atol=atol, rtol=0, err_msg=name)


def assert_native_equals_reference(kind, shape):
    net, events = network(kind, shape), batch()
    reference = simulate(net, events, "reference")
    assert len(reference[2][0]) > 100
    assert all(np.any(column != 0) for column in reference[1].units["hidden"].values())
    assert_same(reference, simulate(net, events, "native"))


@pytest.mark.parametrize(
    ("kind", "shape"), [(kind, SHAPES[k % len(SHAPES)]) for k, kind in enumerate(WEIGHTS)]
)
def test_native_equals_reference_for_weights_delays_and_every_parameter(
    quick_compiler, kind, shape
):
    assert_native_equals_reference(kind, shape)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", WEIGHTS)
def test_every_shape_of_every_kind_equals_the_reference(kind, shape):
    assert_native_equals_reference(kind, shape)


@pytest.mark.parametrize("kind", ["adex", "conductance", "delta"])
def test_without_anything_learnt_and_with_graded_input_and_first_spikes_too(kind):
    net, events = network(kind, "recurrent", learn=False), batch(graded=True)
    readout = gd.readouts.FirstSpike(population="hidden")
    results = [simulate(net, events, b, readout=readout) for b in ("reference", "native")]
    assert_same(*results)


@pytest.mark.parametrize(
    "kind", [pytest.param("adex in substeps", marks=pytest.mark.slow), "delta"]
)
def test_every_width_of_the_vectors_equals_the_reference(kind, monkeypatch):
    net, events = network(kind, "looped"), batch()
    reference = simulate(net, events, "reference")
    for width in WIDTHS:
        monkeypatch.setenv(vectors.VARIABLE, str(width))
        assert_same(reference, simulate(net, events, "native"))


@pytest.mark.parametrize(
    ("kind", "learn"),
    [
        ("conductance", True),
        pytest.param("driven", True, marks=pytest.mark.slow),
        pytest.param("adex", False, marks=pytest.mark.slow),
    ],
)
def test_bits_do_not_depend_on_threads_or_widths_or_other_trials(kind, learn, monkeypatch):
    for shape in ("feedforward", "looped"):
        net, events = network(kind, shape, learn), batch(trials=19, events=1500)
        one = simulate(net, events, "native", precision="float32", threads=1)
        for threads in (2, 8):
            other = simulate(net, events, "native", precision="float32", threads=threads)
            assert_same(one, other, outputs=0.0, gradients=0.0)
        for width in WIDTHS:
            monkeypatch.setenv(vectors.VARIABLE, str(width))
            other = simulate(net, events, "native", precision="float32")
            assert_same(one, other, outputs=0.0, gradients=0.0)
        monkeypatch.delenv(vectors.VARIABLE)
        for trial in (0, 5, 18):
            own = events.trial == trial
            alone = gd.Events(events.time[own], events.unit[own], np.zeros(own.sum(), int), 1)
            single = simulate(net, alone, "native", precision="float32")
            np.testing.assert_array_equal(single[0][0], one[0][trial])


def test_parameters_that_training_changed_are_taken_over_by_load():
    """Entries that were 0 when the network was compiled are learnt too."""
    net, events = network("adex"), batch()
    start = net.populations["hidden"].units
    results = []
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=backend, precision="float64"
        ) as simulation:
            kept = {name: column.copy() for name, column in start.columns.items()}
            for name, column in start.columns.items():
                column *= 1.03 if name != "V_r" else 0.0
            simulation.load(net)
            outputs = simulation.forward(events)
            results.append((outputs, simulation.backward(np.ones_like(outputs)), []))
            for name, column in kept.items():
                start.columns[name][:] = column
            simulation.load(net)
    assert_same(*results)


def test_neurons_that_nothing_is_sent_to_move_all_the_same():
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 2)
    driven = gd.Equations(
        "dV/dt = (E - V + I)/tau\ndI/dt = -I/5",
        threshold="V >= 1",
        reset="V = 0",
        parameters={"E": np.linspace(0.5, 1.5, 40), "tau": 9.0},
    )
    net.add_population("hidden", driven, 40, learn=("E", "tau"))
    net.add_population("output", gd.LeakyReadout(), 3)
    net.connect("input", "hidden", weight=0.1, density=0.02)
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    events = gd.Events([1.0], [0], [1], 3)
    results = []
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=STEPS, batch_size=3, backend=backend, precision="float64"
        ) as simulation:
            outputs = simulation.forward(events)
            gradients = simulation.backward(np.ones_like(outputs))
            results.append((outputs, gradients, [simulation.spikes("hidden")]))
    assert len(results[0][2][0]) > 100
    assert_same(*results)


def test_lanes_without_a_neuron_run_away_and_never_spike():
    """A neuron that its drive makes spike is reset; beside the last one nothing resets."""
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 2)
    driven = gd.Equations(
        "dV/dt = V**2 + 0.5 + I\ndI/dt = -I/5",
        threshold="V >= 1",
        reset="V = 0",
        initial={"V": 0.2},
    )
    net.add_population("hidden", driven, 3)
    net.add_population("output", gd.LeakyReadout(), 3)
    net.connect("input", "hidden", weight=0.1)
    net.connect("hidden", "hidden", weight=gd.init.Normal(0, 0.1))
    net.connect("hidden", "output", weight=gd.init.Normal(0, 1))
    events, results = gd.Events([1.0], [0], [1], 3), []
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=STEPS, batch_size=3, backend=backend, precision="float64"
        ) as simulation:
            outputs = simulation.forward(events)
            gradients = simulation.backward(np.ones_like(outputs))
            results.append((outputs, gradients, [simulation.spikes("hidden")]))
            assert simulation.spike_counts("hidden").min() > 20
    assert_same(*results)


@pytest.mark.parametrize("shape", ["feedforward", "recurrent"])
@pytest.mark.parametrize("training", [True, False])
def test_a_state_that_is_not_finite_is_named_with_its_unit_and_time(shape, training):
    net = network("adex", shape)
    net.projections["input->hidden"].synapses.weight[:] *= 1e4
    messages = []
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=backend, precision="float64"
        ) as simulation:
            with pytest.raises(
                BackendError, match=r"'hidden': the state of unit .* at .* ms"
            ) as found:
                simulation.forward(batch(), training=training)
            messages.append(str(found.value))
            assert np.all(np.isfinite(simulation.forward(gd.Events([], [], [], 5))))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("kind", ["conductance", "delta"])
def test_correlations_are_those_of_the_input_state_of_the_projection(kind):
    net, events = network(kind, "recurrent"), batch()
    rng = np.random.default_rng(3)
    pre, post, first = rng.integers(0, 13, 50), rng.integers(0, 21, 50), rng.integers(0, 9, 50)
    found = []
    for backend in ("reference", "native"):
        with gd.compile(
            net, steps=STEPS, batch_size=5, backend=backend, precision="float64"
        ) as simulation:
            simulation.backward(np.ones_like(simulation.forward(events)))
            names = [n for n in net.projections if n.startswith("input->hidden")]
            assert len(names) == 2
            found.append([simulation.correlation(n, pre, post, first, 4) for n in names])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10 * np.abs(one).max(), rtol=0)


@pytest.mark.parametrize("kind", ["adex in substeps", "conductance", "delta"])
@pytest.mark.parametrize("shape", ["feedforward", "looped"])
def test_estimate_counts_what_is_kept(kind, shape):
    net, events = network(kind, shape), batch(trials=9)
    given = {"steps": STEPS, "batch_size": 9, "precision": "float32"}
    plan = make_plan(
        net, gradient=gd.EventProp(), readout=gd.readouts.MeanVoltage(), dt=1.0, **given
    )
    parts = estimate(plan, net, threads=2, events_per_trial=len(events) / 9)
    assert parts["states"] >= 9 * 21 * STEPS * 2 * 4
    with gd.compile(net, backend="native", threads=2, **given) as simulation:
        simulation.backward(simulation.forward(events))
        assert simulation.regrown == 0
        assert sum(parts.values()) == pytest.approx(simulation.memory(), rel=0.02)


def test_show_code_names_the_step_of_each_model():
    plan = make_plan(
        network("adex"), gradient=gd.EventProp(), readout=gd.readouts.MeanVoltage(), dt=1.0, steps=9
    )
    code = get_backend("native").code(plan)
    assert "states V, w, I; step map rk2; first used by 'hidden'" in code
    assert "states V, I; first used by 'lif'" in code


def test_the_engine_of_a_plan_without_step_maps_knows_nothing_of_them():
    """Networks that need none keep the code, and the libraries, that they have."""
    net = network("lif", learn=False)
    plan = make_plan(
        net, gradient=gd.EventProp(), readout=gd.readouts.MeanVoltage(), dt=1.0, steps=9
    )
    code = get_backend("native").code(plan)
    assert not any(word in code for word in ("mapped", "blown", "logged;", "unit_gradient"))


def test_a_neuron_is_held_where_it_is_whatever_its_step():
    net, events = network("adex", neuron=adex("rk4", 3, 5.0)), batch()
    net.projections["input->hidden"].synapses.weight[:] *= 0.03
    assert_same(simulate(net, events, "reference"), simulate(net, events, "native"))


TERMS = (
    *(
        "0",
        "k*V",
        "-V**3/5",
        "k*exp(V - 1.5)",
        "tanh(k*w)",
        "-k*w*V",
        "k*sin(V)*w",
        "V**2/(3 + w**2)",
    ),
    *(
        "clip(V, -1, k)",
        "k*abs(w)",
        "sqrt(1 + V**2)*k",
        "max(V, w)*k",
        "log(2 + w**2)",
    ),
)
RESETS = ("V = V_r; w += b", "V = V_r + b*w; w = b*w")

MOST = 1e4
"""Gradients up to which random systems are compared."""


@st.composite
def systems(draw) -> gd.Equations:
    """A neuron of two states or three, input into one or two of them, spikes or none."""
    pick, number = st.sampled_from(TERMS), st.floats(-0.5, 0.5).map(lambda x: round(x, 3))
    third, method = draw(st.booleans()), draw(st.sampled_from(METHODS))
    holds = draw(st.booleans())
    terms = [draw(pick) for _ in range(3)]
    lines = [
        f"dV/dt = (-V + 0.1*k + {terms[0]} + {terms[1]} + {'I' if third else 'w'})/tau"
        + (" (unless refractory)" if holds else ""),
        f"dw/dt = (-w + 0.3*({terms[2]}))/tau_w",
        *(["dI/dt = -I/4"] if third else []),
    ]
    choices = [("I",), ("I", "w")] if third else [("w",)]
    choices += [] if holds else [("V",), ("w", "V")]
    return gd.Equations(
        "\n".join(lines),
        threshold="V >= theta",
        reset="V = V_r; w += b" if holds else draw(st.sampled_from(RESETS)),
        input=draw(st.sampled_from(choices)),
        refractory=3.0 if holds else 0.0,
        initial={"V": "V_r"} if draw(st.booleans()) else {},
        method=method,
        substeps=draw(st.integers(1, 2)),
        parameters={"k": draw(number) + 0.6, "tau": 7.0, "tau_w": 11.0, "theta": 0.8}
        | {"V_r": draw(number) * 0.2, "b": draw(number)},
    )


def check_system(neuron: gd.Equations) -> None:
    net, events = network("", "recurrent", neuron=neuron), batch(trials=3, events=200)
    try:
        reference = simulate(net, events, "reference")
    except BackendError:
        assume(False)
    # beyond that they double at every spike, and the last digits of both with them
    assume(max(np.abs(column).max() for column in columns_of(reference[1]).values()) < MOST)
    assert_same(reference, simulate(net, events, "native"))


FEW = {"deadline": None, "suppress_health_check": list(HealthCheck), "derandomize": True}
FEW |= {"phases": (Phase.generate,)}  # a smaller system would be sought for an hour


@settings(max_examples=6, **FEW)
@given(systems())
def test_random_systems_of_equations_equal_the_reference(quick_compiler, neuron):
    check_system(neuron)


@pytest.mark.slow
@settings(max_examples=200, **FEW)
@given(systems())
def test_two_hundred_random_systems_of_equations_equal_the_reference(quick_compiler, neuron):
    check_system(neuron)
