"""Refractory periods: what a neuron does in them, and where they are refused."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from networks import KINDS as FREE
from networks import batch
from refractory_networks import KINDS, STEPS, network
from test_parity import assert_same

import genn_delays as gd
from genn_delays.backends.native.memory import estimate
from genn_delays.experiment import checkpoint
from genn_delays.planning.plan import make_plan

ATTACHED = gd.Surrogate("sigmoid", detach_reset=False)
RULES = {"eventprop": gd.EventProp(), "surrogate": ATTACHED}
SLOW = pytest.mark.slow
SINGLE = pytest.param("float32", marks=SLOW)
"""Engines of their own; what is refractory is in their code as it is in double precision."""
DT, PERIODS = 0.5, np.array([0.0, 0.5, 1.5, 4.0, 1000.0, 1e12])


def driven(neuron: gd.Neuron, size: int) -> gd.Network:
    """An input spike drives all neurons of ``hidden`` alike."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("hidden", neuron, size)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "hidden", weight=1.0)
    net.connect("hidden", "output", weight=1.0)
    return net


def input_current() -> np.ndarray:
    """What is sent in each of 60 steps: strong, then weak."""
    return np.random.default_rng(0).uniform(0.0, 20.0, 60) * np.repeat([1.0, 0.05], 30)


def in_a_loop(held: int, soft: bool, tau_mem: float, tau_syn: float) -> tuple[list, list]:
    """(V of every step, steps of spikes) of one neuron that is refractory for ``held`` steps."""
    decay, fall = math.exp(-DT / tau_mem), math.exp(-DT / tau_syn)
    rise = tau_syn / (tau_syn - tau_mem) * (fall - decay)
    V = I = 0.0  # noqa: E741
    left, trace, spikes = 0, [], []
    arriving = [0.0, *input_current()]
    for t in range(60):
        if left == 0:
            V = decay * V + rise * I
        I = fall * I + arriving[t]  # noqa: E741
        trace.append(V)
        if left > 0:
            left -= 1
        elif V >= 1.0:
            spikes.append(t)
            V, left = V - 1.0 if soft else 0.0, held
    return trace, spikes


@pytest.mark.parametrize(
    ("backend", "rule"),
    [
        *(("reference", rule) for rule in ("eventprop", "surrogate", "soft")),
        *(pytest.param("native", rule, marks=SLOW) for rule in ("eventprop", "surrogate", "soft")),
    ],
)
def test_a_neuron_does_what_a_plain_loop_does(backend, rule):
    soft = rule == "soft"
    neuron = gd.LIF(tau_mem=6.0, tau_syn=2.0, soft_reset=soft, refractory=PERIODS)
    whole = rule != "eventprop"  # which reads voltages of spiking neurons as their mean only
    kind = gd.readouts.VoltageTrace if whole else gd.readouts.MeanVoltage
    steps = [0, 1, 3, 8, 60, 60]
    with gd.compile(
        driven(neuron, len(PERIODS)),
        gradient=RULES["surrogate" if soft else rule],
        readout=kind(population="hidden"),
        dt=DT,
        steps=60,
        backend=backend,
        precision="float64",
    ) as simulation:
        given = gd.Events(np.arange(60) * DT, [0] * 60, [0] * 60, 1, input_current())
        voltage, spikes = simulation.forward(given)[0], simulation.spikes("hidden")
    free = in_a_loop(0, soft, 6.0, 2.0)[1]
    for k, held in enumerate(steps):
        trace, expected = in_a_loop(held, soft, 6.0, 2.0)
        wanted = trace if whole else np.mean(trace)
        np.testing.assert_allclose(voltage[..., k], wanted, atol=1e-12)
        found = spikes.time[spikes.unit == k] / DT
        np.testing.assert_array_equal(found, expected)
        assert expected[0] == free[0]
        assert np.all(np.diff(expected) > held)
    assert len(free) > 12
    assert np.diff(in_a_loop(3, soft, 6.0, 2.0)[1]).min() == 4  # at the first step there can be


def held(kind, rule, **options):
    """A network of refractory neurons; gradients that flow through resets come with soft ones."""
    return network(kind, **{"soft": rule is ATTACHED, **options})


def run(kind, rule, backend, precision="float64", readout=None, threads=None, **options):
    """As run() of test_parity, with the gradients of time constants beside the others."""
    events = batch(events=500)
    with gd.compile(
        held(kind, rule, **options),
        gradient=rule,
        readout=readout,
        steps=STEPS,
        batch_size=5,
        backend=backend,
        precision=precision,
        threads=threads,
    ) as simulation:
        outputs = simulation.forward(events)
        drive = np.random.default_rng(5).normal(size=outputs.shape)
        spike_drive = {"lif": np.linspace(-0.1, 0.1, 21)}
        gradients = simulation.backward(drive, spike_drive)
        names = [p.name for p in simulation.plan.populations if p.is_spiking]
        return outputs, gradients, {name: simulation.spikes(name) for name in names}


@pytest.mark.parametrize("longest", [7.0, 200.0], ids=["within the trial", "beyond it"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", KINDS)
def test_native_equals_reference(kind, rule, longest):
    reference = run(kind, RULES[rule], "reference", longest=longest)
    assert 300 < len(reference[2]["lif"]) < 1300
    assert_same(reference, run(kind, RULES[rule], "native", longest=longest))


@pytest.mark.parametrize("name", ["lif", "adaptive", "first"])
@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_native_equals_reference_for_readouts_of_refractory_neurons(kind, name):
    readout = gd.readouts.MeanVoltage(population=name)
    if name == "first":
        readout = gd.readouts.FirstSpike(population="adaptive")
    results = [run(kind, gd.EventProp(), b, readout=readout) for b in ("reference", "native")]
    assert_same(*results)


@pytest.mark.parametrize("rule", RULES)
def test_correlations_of_pairs_equal_those_of_the_reference(rule):
    pre, post = np.indices((18, 21)).reshape(2, -1)
    found = []
    for backend in ("reference", "native"):
        settings = {"steps": STEPS, "batch_size": 5, "precision": "float64", "backend": backend}
        with gd.compile(
            held("looped", RULES[rule]), gradient=RULES[rule], **settings
        ) as simulation:
            simulation.backward(np.ones_like(simulation.forward(batch(events=500))))
            first = np.zeros(len(pre), int)
            found.append(simulation.correlation("adaptive->lif", pre, post, first, 4))
    np.testing.assert_allclose(found[1], found[0], atol=1e-10 * np.abs(found[0]).max())


@SLOW
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_float32_stays_near_float64(kind, rule):
    double, single = (run(kind, RULES[rule], "native", p) for p in ("float64", "float32"))
    np.testing.assert_allclose(single[0], double[0], atol=1e-4)


@pytest.mark.parametrize("precision", [SINGLE, "float64"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", ["feedforward", "looped"])
def test_any_number_of_threads_gives_the_same_bits(kind, rule, precision):
    one, *others = (run(kind, RULES[rule], "native", precision, threads=n) for n in (1, 2, 3))
    for other in others:
        assert_same(one, other, outputs=0.0, gradients=0.0)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("precision", [SINGLE, "float64"])
@pytest.mark.parametrize("kind", KINDS)
def test_estimate_is_what_is_allocated(kind, precision, rule):
    made = held(kind, RULES[rule])
    settings = {"steps": STEPS, "batch_size": 5, "precision": precision, "gradient": RULES[rule]}
    plan = make_plan(made, readout=gd.readouts.MeanVoltage(), dt=1.0, **settings)
    parts = estimate(plan, made, threads=2, events_per_trial=50.0)
    with gd.compile(made, backend="native", threads=2, **settings) as simulation:
        simulation.backward(simulation.forward(batch(events=250)))
        assert simulation.regrown == 0
        assert sum(parts.values()) == simulation.memory()


@pytest.mark.parametrize(("backend", "word"), [("native", "steps_held"), ("genn-cpu", "Hold")])
@pytest.mark.parametrize("rule", RULES)
def test_a_network_without_refractory_neurons_has_no_code_for_them(rule, backend, word):
    settings = {"gradient": RULES[rule], "readout": gd.readouts.MeanVoltage(), "dt": 1.0}
    for made, wanted in ((FREE["looped"](), False), (network("looped"), True)):
        plan = make_plan(made, steps=STEPS, **settings)
        assert (word in gd.backends.get_backend(backend).code(plan)) == wanted


def test_refractory_is_in_checkpoints_descriptions_folded_networks_and_plans(tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("one", gd.LIF(refractory=2.0), 3)
    net.add_population("each", gd.AdaptiveLIF(refractory=np.array([0.0, 1.0])), 2)
    checkpoint.save(tmp_path / "c.h5", net)
    for other in (checkpoint.load(tmp_path / "c.h5").network, gd.fold(net)):
        assert other.populations["one"].neuron.refractory == 2.0
        assert other.populations["each"].neuron.refractory.tolist() == [0.0, 1.0]
    assert net.populations["one"].neuron.describe()["refractory"] == 2.0
    settings = {"gradient": gd.EventProp(), "readout": gd.readouts.MeanVoltage("each"), "steps": 9}
    _, one, each = make_plan(net, dt=0.5, **settings).populations
    assert one.refractory.tolist() == [4, 4, 4]
    assert each.refractory.tolist() == [0, 2]
    assert one.holds


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1.0, r"LIF\(refractory=...\): -1 given, must be >= 0"),
        (np.array([1.0, -0.5]), "-0.5 given, must be >= 0"),
        (math.nan, "every value must be finite"),
        (math.inf, "every value must be finite"),
        (np.ones(3), r"shape \(3,\) for a population of 2"),
        ("two", "not a number"),
    ],
)
def test_a_period_that_is_none_is_refused_where_it_is_declared(value, message):
    with pytest.raises(gd.GennDelaysError, match=message):
        driven(gd.LIF(refractory=value), 2)


@dataclass(frozen=True, eq=False)
class Jumping(gd.LIF):
    """Input jumps the voltage."""

    input_state: ClassVar[str] = "V"


REFUSED = {
    "rounded away": (
        gd.LIF(refractory=np.array([2.0, 0.4])),
        r"population 'hidden': refractory=0.4 ms is less than half a time step, dt=1 ms; give 0",
    ),
    "adaptation": (gd.AdaptiveLIF(a=0.1, refractory=2.0), "'A' follows the voltage 'V'.*a=0 in"),
    "input": (Jumping(refractory=2.0), "input jumps the voltage 'V', which refractory would hold"),
    "soft": (gd.LIF(refractory=2.0, soft_reset=True), "leave soft_reset out, or use gd.Surrogate"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_period_that_cannot_be_held_is_refused_when_it_is_planned(name):
    neuron, message = REFUSED[name]
    with pytest.raises(gd.GennDelaysError, match=message):
        gd.compile(driven(neuron, 2), steps=20, backend="reference")
    settings = {"steps": 20, "gradient": gd.Surrogate(), "backend": "reference"}
    if name == "soft":
        gd.compile(driven(neuron, 2), **settings).close()
    else:
        with pytest.raises(gd.GennDelaysError, match=message):
            gd.compile(driven(neuron, 2), **settings)


def test_a_voltage_may_drive_other_neurons_states_where_nothing_is_refractory():
    coupling, period = np.array([0.3, 0.0]), np.array([0.0, 2.0])
    neuron = gd.AdaptiveLIF(a=coupling, refractory=period)
    gd.compile(driven(neuron, 2), steps=20, backend="reference").close()


def test_other_periods_than_those_compiled_need_compiling_again():
    other, settings = driven(gd.LIF(refractory=3.0), 2), {"steps": 20, "backend": "reference"}
    with (
        gd.compile(driven(gd.LIF(refractory=2.0), 2), **settings) as simulation,
        pytest.raises(gd.GennDelaysError, match="declared otherwise than the one that was"),
    ):
        simulation.load(other)
