"""What is asked of a simulation is checked alike on every backend, and a refusal loses nothing."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.checks import check_backward, check_masks
from genn_delays.planning.plan import make_plan

BACKENDS = ["reference", "native"]
RULES = [gd.EventProp(), gd.Surrogate()]


def declare(neuron=None, tau_mem=20.0, kernel=None, lag=1, **options) -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", neuron or gd.LIF(tau_mem=tau_mem), 4, **options)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=20.0, max_delay=5.0, density=0.5, kernel=kernel, lag=lag)
    net.connect("hidden", "output", weight=1.0)
    return net


def compiled(network, rule, backend):
    return gd.compile(network, gradient=rule, steps=20, batch_size=2, backend=backend)


EVENTS = gd.Events([1.0, 2.0, 3.0], [0, 1, 2], [0, 1, 0], 2)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_load_ends_what_was_run_before_it(backend, rule):
    """Going back over old spikes with new synapses would be the gradient of nothing."""
    network = declare()
    with compiled(network, rule, backend) as simulation:
        outputs = simulation.forward(EVENTS)
        table = network.projections["input->hidden"].synapses
        table.add([0] * 5000, np.zeros(5000, int), 0.1, 1.0)
        simulation.load(network)
        with pytest.raises(gd.GennDelaysError, match="run a batch first"):
            simulation.backward(np.ones_like(outputs))
        simulation.forward(EVENTS)
        assert len(simulation.backward(np.ones_like(outputs))["input->hidden"].weight) == 5006


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_table_that_changes_without_load_changes_nothing(backend):
    network = declare(kernel=gd.kernels.Gaussian(1.0))
    with compiled(network, gd.Surrogate(), backend) as simulation:
        before = simulation.forward(EVENTS)
        projection = network.projections["input->hidden"]
        projection.synapses.delay[:] = 4.0
        projection.kernel.current = 3.0
        projection.synapses.keep(np.arange(6) < 3)
        np.testing.assert_array_equal(simulation.forward(EVENTS), before)


OTHERS = {
    "another neuron": declare(gd.AdaptiveLIF()),
    "another time constant": declare(tau_mem=15.0),
    "normalised": declare(normalise=gd.BatchNorm()),
    "biased": declare(bias=0.5),
    "learning": declare(learn=("tau_mem",)),
    "dropping out": declare(dropout=0.5),
    "ending earlier": declare(tail=3.0),
    "without lag": declare(lag=0),
    "spread": declare(kernel=gd.kernels.Triangle(1.0)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_another_network_is_refused(other, backend):
    with (
        compiled(declare(), gd.Surrogate(), backend) as simulation,
        pytest.raises(gd.GennDelaysError, match="compile again"),
    ):
        simulation.load(other)


NAN = np.full((2, 4), np.nan)
CALLS = [
    (lambda s: s.forward(EVENTS, masks=3), "give a mapping"),
    (lambda s: s.forward(EVENTS, masks={"hiden": NAN}), "did you mean 'hidden'"),
    (lambda s: s.forward(EVENTS, masks={"output": np.ones((2, 2))}), "has no dropout"),
    (lambda s: s.forward(EVENTS, masks={"hidden": NAN}), "NaN"),
    (lambda s: s.forward(EVENTS, masks={"hidden": -np.ones((2, 4))}), "nothing below 0"),
    (lambda s: s.forward(EVENTS, masks={"hidden": np.ones((2, 3))}), r"give \(2, 4\)"),
    (lambda s: s.forward(EVENTS, masks={"hidden": "h"}), "no array of numbers"),
    (lambda s: s.forward(EVENTS, training=False, masks={"hidden": np.ones((2, 4))}), "training"),
    (lambda s: s.forward(EVENTS, training="no"), "must be True or False"),
    (lambda s: s.backward("x"), "no array of numbers"),
    (lambda s: s.backward([[1.0], [1.0, 2.0]]), "no array of numbers"),
    (lambda s: s.backward(np.full((2, 2), np.inf)), "NaN or infinity"),
    (lambda s: s.backward(np.ones((2, 2)), {"hidden": "x"}), "no array of numbers"),
    (lambda s: s.backward(np.ones((2, 2)), 3), "give a mapping"),
    (lambda s: s.load(None), "takes a Network"),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("call", "message"), CALLS)
def test_mistaken_arguments_are_refused(call, message, backend):
    with compiled(declare(dropout=0.5), gd.Surrogate(), backend) as simulation:
        simulation.forward(EVENTS)
        with pytest.raises(gd.GennDelaysError, match=message):
            call(simulation)


PAIRS = [
    ([10**7], [0], [0], "pre are whole numbers in"),
    ([0], [-1], [0], "post are whole numbers in"),
    ([0], [0], [-5], "first are whole numbers in"),
    ([0.5], [0], [0], "pre are whole numbers in"),
    ([0, 1], [0], [0], "arrays of one length"),
]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_projection_of_that_name_between_other_populations_is_refused(backend):
    def joined(pre: str) -> gd.Network:
        net = gd.Network()
        for name in ("one", "other"):
            net.add_population(name, gd.Input(), 3)
        net.add_population("output", gd.LeakyReadout(), 2)
        net.connect(pre, "output", weight=1.0, name="into")
        return net

    with (
        compiled(joined("one"), gd.EventProp(), backend) as simulation,
        pytest.raises(gd.GennDelaysError, match=r"joins \('other', 'output'\)"),
    ):
        simulation.load(joined("other"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_refused_mask_leaves_no_spikes_of_the_batch_before(backend, rule):
    with compiled(declare(), rule, backend) as simulation:
        simulation.forward(EVENTS)
        assert simulation.spike_counts("hidden").sum() > 0
        with pytest.raises(gd.GennDelaysError, match="has no dropout"):
            simulation.forward(EVENTS, masks={"hidden": np.ones((2, 4))})
        assert len(simulation.spikes("hidden")) == 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("pre", "post", "first", "message"), PAIRS)
def test_impossible_candidates_are_refused(pre, post, first, message, backend, rule):
    with compiled(declare(), rule, backend) as simulation:
        simulation.backward(np.ones_like(simulation.forward(EVENTS)))
        with pytest.raises(gd.GennDelaysError, match=message):
            simulation.correlation("input->hidden", pre, post, first, 3)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_a_closed_simulation_says_so(rule):
    network = declare()
    simulation = compiled(network, rule, "native")
    simulation.close()
    for call in (lambda: simulation.forward(EVENTS), lambda: simulation.load(network)):
        with pytest.raises(gd.GennDelaysError, match="closed"):
            call()


def test_what_was_checked_is_a_copy_and_a_plan_cannot_be_changed():
    plan = make_plan(
        declare(dropout=0.5),
        gradient=gd.Surrogate(),
        readout=gd.readouts.MeanVoltage(),
        dt=1.0,
        steps=20,
        batch_size=2,
    )
    mask, drive = np.ones((2, 4)), np.ones((2, 4))
    masks = check_masks(plan, {"hidden": mask}, 2, training=True)
    drives = check_backward(plan, (2, 2), np.ones((2, 2)), {"hidden": drive})
    mask[:] = drive[:] = -1e9
    assert np.all(masks["hidden"] == 1)
    assert np.all(drives["hidden"] == 1)
    hidden = plan.populations[1]
    for array in (hidden.flow, hidden.propagator, hidden.threshold, hidden.reset_matrix):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
@pytest.mark.parametrize("backend", BACKENDS)
def test_units_that_change_in_a_table_without_load_change_nothing(backend, rule):
    network = declare()
    with compiled(network, rule, backend) as simulation:
        before = simulation.forward(EVENTS)
        table = network.projections["input->hidden"].synapses
        table.pre[:] = table.post[:] = 0
        np.testing.assert_array_equal(simulation.forward(EVENTS), before)
