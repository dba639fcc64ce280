"""The plan: order of execution, what is refused, what a plan's digest tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from networks import KINDS
from scipy.linalg import expm

import genn_delays as gd
from genn_delays.planning.plan import make_plan
from genn_delays.support.errors import BackendError, NetworkError, PlanError

ARGUMENTS = {
    "gradient": gd.EventProp(),
    "readout": gd.readouts.MeanVoltage(),
    "dt": 1.0,
    "steps": 20,
}


def plan_of(network, **changes):
    return make_plan(network, **{**ARGUMENTS, **changes})


def make_network(*edges, hidden=("a", "b", "c"), neuron=None):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    for name in hidden:
        net.add_population(name, neuron or gd.LIF(), 2)
    net.add_population("output", gd.LeakyReadout(), 2)
    for pre, post in edges:
        net.connect(pre, post, weight=1.0)
    return net


def order(plan):
    names = [p.name for p in plan.populations]
    return [([names[k] for k in c.populations], c.recurrent) for c in plan.components]


def test_layers_are_run_in_the_order_of_their_projections():
    net = make_network(("input", "c"), ("c", "b"), ("b", "a"), ("a", "output"))
    assert order(plan_of(net)) == [([name], False) for name in ("c", "b", "a", "output")]


def test_skip_connections_wait_for_the_longest_way():
    net = make_network(
        *(("input", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("input", "c")),
        *(("a", "output"), ("c", "output")),
    )
    assert [names for names, _ in order(plan_of(net))] == [["a"], ["b"], ["c"], ["output"]]


def test_loops_are_one_component_and_only_their_projections_are_internal():
    net = make_network(
        *(("input", "a"), ("a", "b"), ("b", "a"), ("b", "c"), ("c", "c"), ("c", "output"))
    )
    plan = plan_of(net)
    assert order(plan) == [(["a", "b"], True), (["c"], True), (["output"], False)]
    internal = [p.name for p in plan.projections if p.internal]
    assert internal == ["a->b", "b->a", "c->c"]
    assert [p.component for p in plan.populations] == [-1, 0, 0, 1, 2]


def test_populations_and_projections_keep_the_order_of_the_network():
    network = KINDS["looped"]()
    plan = plan_of(network)
    assert [p.name for p in plan.populations] == list(network.populations)
    assert [p.name for p in plan.projections] == list(network.projections)
    assert plan.max_delay_steps == 30
    k = plan.population_index("lif")
    assert [plan.projections[i].name for i in plan.into(k)] == [
        "input->lif",
        "lif->lif",
        "adaptive->lif",
    ]
    assert len(plan.out_of(k)) == 4
    with pytest.raises(NetworkError, match="did you mean 'adaptive'"):
        plan.population_index("adaptiv")


@pytest.mark.parametrize("neuron", [gd.LIF(), gd.AdaptiveLIF(a=0.3)])
def test_exact_and_euler_propagators(neuron):
    net = make_network(("input", "a"), ("a", "output"), hidden=("a",), neuron=neuron)
    flow = neuron.flow(1)[0]
    exact = plan_of(net, dt=0.5).populations[1]
    euler = plan_of(net, dt=0.5, discretisation="euler").populations[1]
    np.testing.assert_allclose(exact.propagator[0], expm(flow * 0.5), rtol=1e-14)
    np.testing.assert_array_equal(euler.propagator[0], np.eye(len(flow)) + flow * 0.5)
    np.testing.assert_allclose(euler.arrival_shift[0], flow[:, 1])


def test_the_readout_is_the_only_population_that_drives_none_or_is_named():
    two = make_network(("input", "a"), ("a", "output"), hidden=("a", "b"))
    one = make_network(("input", "a"), ("a", "output"), hidden=("a",))
    assert plan_of(one).readout_population == 2
    with pytest.raises(PlanError, match=r"any of \['b', 'output'\]; name one, as in MeanVoltage"):
        plan_of(two)
    named = plan_of(two, readout=gd.readouts.MeanVoltage(population="a"))
    assert named.populations[named.readout_population].name == "a"
    loop = make_network(("input", "a"), ("a", "a"), hidden=("a",))
    with pytest.raises(PlanError, match=r"MeanVoltage\(population='output'\)"):
        plan_of(make_network(("input", "a"), ("a", "b"), ("b", "a"), hidden=("a", "b", "c")))
    assert plan_of(loop).readout_population == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dt": 0.0}, "dt=0.0: the time step must be > 0 ms"),
        ({"dt": "1"}, "dt='1': the time step must be > 0 ms"),
        ({"steps": None}, "steps=None: must be a whole number"),
        ({"readout": "mean"}, r"'mean' given; give an object such as gd.readouts.MeanVoltage"),
        ({"gradient": "eventprop"}, r"'eventprop' given; give an object such as gd.EventProp"),
        ({"dt": float("nan")}, "the time step must be > 0 ms"),
        ({"steps": 0}, "steps=0: must be a whole number >= 1"),
        ({"steps": 1.5}, "steps=1.5: must be a whole number"),
        ({"batch_size": 0}, "batch_size=0: must be a whole number"),
        ({"precision": "float16"}, "precision='float16': did you mean"),
        ({"discretisation": "exakt"}, "discretisation='exakt': did you mean 'exact'"),
        ({"readout": gd.readouts.MeanVoltage("outptu")}, "'outptu'; did you mean 'output'"),
        ({"readout": gd.readouts.MeanVoltage("input")}, "'input' is an input"),
        ({"readout": gd.readouts.FirstSpike()}, "reads spikes, but population 'output' never"),
        ({"readout": gd.readouts.MaxVoltage("a")}, "spiking population 'a' has no exact gradient"),
        ({"readout": gd.readouts.VoltageTrace("a")}, "no exact gradient; read a LeakyReadout"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_built(monkeypatch, changes, message):
    """Failure 6: neither compiled nor allocated."""

    def build(*_):
        raise AssertionError("something was built")

    monkeypatch.setattr("genn_delays.backends.native.engine.load", build)
    net = make_network(("input", "a"), ("a", "output"), hidden=("a",))
    with pytest.raises(PlanError, match=message):
        gd.compile(net, backend="native", **{**ARGUMENTS, **changes})


def test_a_network_without_input_is_refused():
    net = gd.Network()
    net.add_population("output", gd.LeakyReadout(), 2)
    with pytest.raises(PlanError, match=r"no input; add a population of gd.Input\(\)"):
        plan_of(net)


def test_weights_that_are_not_finite_are_refused():
    net = make_network(("input", "output"), hidden=())
    net.projections["input->output"].synapses.weight[0] = np.nan
    with pytest.raises(NetworkError, match="'input->output': weight of synapse 0 -> 0 is nan"):
        plan_of(net)


def test_unknown_backends_name_the_nearest():
    net = make_network(("input", "output"), hidden=())
    with pytest.raises(BackendError, match="no backend 'nativ'; did you mean 'native'"):
        gd.compile(net, steps=3, backend="nativ")


@dataclass(frozen=True, eq=False)
class DeltaLIF(gd.Neuron):
    """A neuron whose input jumps its voltage: one state for both."""

    states: ClassVar[tuple[str, ...]] = ("V",)
    input_state: ClassVar[str] = "V"

    def flow(self, size):
        return np.full((size, 1, 1), -0.1)

    def threshold_value(self, size):
        return np.ones(size)


def test_a_neuron_whose_input_jumps_the_voltage_has_a_step_map():
    net = make_network(("input", "a"), ("a", "output"), hidden=("a",), neuron=DeltaLIF())
    assert plan_of(net).populations[1].step_map.kind == "exact"


class DeltaReadout(DeltaLIF):
    """The same without a threshold, as readouts sometimes are."""

    spiking: ClassVar[bool] = False

    def threshold_value(self, size):
        return None


def test_a_readout_whose_input_jumps_its_voltage_has_a_step_map():
    """Its delay gradient has what the jump itself contributes to the samples."""
    net = gd.Network()
    net.add_population("input", gd.Input(), 1)
    net.add_population("output", DeltaReadout(), 1)
    net.connect("input", "output", weight=1.0)
    assert plan_of(net).populations[1].step_map.kind == "exact"


def test_dynamics_that_are_no_numbers_in_this_precision_are_refused():
    for neuron in (gd.LIF(tau_mem=1e-320), gd.LIF(threshold=1e-60)):
        net = make_network(("input", "a"), ("a", "output"), hidden=("a",), neuron=neuron)
        with np.errstate(all="ignore"), pytest.raises(PlanError, match=r"'a': "):
            plan_of(net)


def test_a_bad_gradient_rule_is_refused():
    with pytest.raises(PlanError, match=r"min_slope=0.0\): must be > 0"):
        gd.EventProp(min_slope=0.0)
