"""The declaration: what it draws, how it names, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import NetworkError


@pytest.fixture
def net():
    network = gd.Network(seed=3)
    network.add_population("input", gd.Input(), 7)
    network.add_population("hidden", gd.LIF(), 5)
    network.add_population("output", gd.LeakyReadout(), 2)
    return network


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", gd.LIF(), 3), "non-empty text, got ''"),
        ((3, gd.LIF(), 3), "non-empty text, got 3"),
        (("hidden", gd.LIF(), 3), "'hidden' exists already; choose another name"),
        (("new", gd.LIF, 3), "is not a neuron such as gd.LIF"),
        (("new", gd.LIF(), 0), "size 0 given, must be a whole number >= 1"),
        (("new", gd.LIF(), -2), "must be a whole number >= 1"),
        (("new", gd.LIF(), 2.5), "size 2.5 given, must be a whole number"),
        (("new", gd.LIF(), True), "size True given, must be a whole number"),
        (("new", gd.LIF(), "many"), "size 'many' given, must be a whole number"),
        (("new", gd.LIF(), float("nan")), "size nan given, must be a whole number"),
        (("new", gd.LIF(tau_mem="long"), 3), "'long' is not a number or an array"),
        (("new", gd.LIF(tau_mem=0.0), 3), r"LIF\(tau_mem=...\): 0 given, must be > 0"),
        (("new", gd.LIF(tau_mem=[1.0, -2.0, 3.0]), 3), "-2 given, must be > 0"),
        (("new", gd.LIF(threshold=-1.0), 3), r"LIF\(threshold=...\): -1 given, must be > 0"),
        (("new", gd.LIF(tau_syn=float("nan")), 3), "every value must be finite"),
        (("new", gd.LIF(tau_mem=np.ones(2)), 3), r"shape \(2,\) .* an array of length 3"),
        (("new", gd.AdaptiveLIF(a=np.ones((3, 1))), 3), r"shape \(3, 1\)"),
    ],
)
def test_an_impossible_population_is_refused(net, arguments, message):
    with pytest.raises(NetworkError, match=message):
        net.add_population(*arguments)
    assert list(net.populations) == ["input", "hidden", "output"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pre": "inputs"}, "no population 'inputs' .* did you mean 'input'"),
        ({"post": "input"}, "'input' is an Input and takes no synapses"),
        ({"pre": "output"}, "'output' never spikes and drives nothing"),
        ({"delay": -1.0}, r"'input->hidden': delay -1 ms of synapse 0 -> 0 is outside \[0, max"),
        ({"delay": 5.0, "max_delay": 4.0}, r"delay 5 ms .* outside \[0, max_delay = 4 ms\]"),
        ({"delay": float("nan")}, "delay nan ms of synapse 0 -> 0"),
        ({"max_delay": -1.0}, "max_delay -1.0 given, must be >= 0 ms"),
        ({"max_delay": float("inf")}, "max_delay inf given"),
        ({"weight": float("nan")}, "weight of synapse 0 -> 0 is nan"),
        ({"weight": "strong"}, "weight 'strong' is not a number, array or initialiser"),
        ({"weight": np.ones((5, 7))}, r"weight of shape \(5, 7\) for 35 synapses; give \(35,\)"),
        ({"delay": np.ones(3)}, r"delay of shape \(3,\) for 35 synapses"),
        ({"weight": np.ones((7, 5)), "density": 0.5}, r"shape \(7, 5\) for 18 synapses"),
        ({"density": 1.5}, r"density 1.5 given, must be in \[0, 1\]"),
        ({"density": "half"}, "density 'half' given"),
        ({"max_delay": "long"}, "max_delay 'long' given"),
        ({"density": float("nan")}, r"must be in \[0, 1\]"),
        ({"density": 0.5, "pairs": ([0], [0])}, "give pairs alone"),
        ({"pairs": ([0, 1], [0])}, "two lists of indices of one length"),
        ({"pairs": ([0.5], [0])}, "two lists of indices of one length"),
        ({"pairs": ([7], [0])}, "'input->hidden': pre index 7 is outside the population of 7"),
        ({"pairs": ([0], [-1])}, "post index -1 is outside the population of 5"),
        ({"learn": ("delays",)}, "cannot learn 'delays'; did you mean 'delay'"),
    ],
)
def test_an_impossible_projection_is_refused(net, arguments, message):
    arguments = {"pre": "input", "post": "hidden", "weight": 1.0, **arguments}
    with pytest.raises(NetworkError, match=message):
        net.connect(**arguments)
    assert not net.projections


def test_a_name_that_is_taken_is_refused(net):
    net.connect("input", "hidden", weight=1.0, name="fast")
    with pytest.raises(NetworkError, match="'fast' exists already"):
        net.connect("input", "hidden", weight=1.0, name="fast")


def test_a_population_of_another_network_is_refused(net):
    stranger = gd.Network().add_population("hidden", gd.LIF(), 5)
    with pytest.raises(NetworkError, match="belongs to another network"):
        net.connect("input", stranger, weight=1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gd.init.Normal(0.0, -1.0), "standard deviation is >= 0"),
        (lambda: gd.init.Uniform(2.0, 1.0), "low must not exceed high"),
        (lambda: gd.init.LogUniform(0.0, 1.0), r"LogUniform\(0.0, 1.0\): must be 0 < low <= high"),
        (lambda: gd.init.LogUniform(2.0, 1.0), "must be 0 < low <= high"),
        (lambda: gd.init.LogUniform("a", 1.0), "must be 0 < low <= high"),
        (lambda: gd.init.hierarchy(100.0, -200.0, 2), r"centre - \|delta\| / 2, must be > 0 ms"),
        (lambda: gd.init.hierarchy(100.0, np.nan, 2), "must be > 0 ms"),
        (lambda: gd.init.hierarchy(100.0, 10.0, 0), "layers=0.*whole number >= 1"),
        (lambda: gd.Network(seed=-1), r"Network\(seed=-1\): must be a whole number >= 0"),
        (lambda: gd.Network(seed="one"), "seed='one'"),
    ],
)
def test_an_impossible_initialiser_or_seed_is_refused(make, message):
    with pytest.raises(NetworkError, match=message):
        make()


def test_projections_are_named_after_their_populations_and_numbered(net):
    names = [net.connect("input", "hidden", weight=1.0).name for _ in range(3)]
    assert names == ["input->hidden", "input->hidden#2", "input->hidden#3"]
    assert net.connect("hidden", "hidden", weight=1.0).name == "hidden->hidden"
    assert list(net.projections) == [*names, "hidden->hidden"]


@pytest.mark.parametrize("density", [0.0, 0.1, 0.37, 0.5, 0.999, 1.0])
def test_density_gives_exactly_the_rounded_number_of_distinct_pairs(net, density):
    table = net.connect("input", "hidden", weight=1.0, density=density).synapses
    assert len(table) == round(density * 35)
    assert len(set(zip(table.pre.tolist(), table.post.tolist(), strict=True))) == len(table)


def test_pairs_keep_their_weights_when_they_are_sorted(net):
    pairs = ([6, 0, 3, 0], [1, 4, 2, 0])
    table = net.connect("input", "hidden", weight=[1.0, 2.0, 3.0, 4.0], pairs=pairs).synapses
    assert table.pre.tolist() == [0, 0, 3, 6]
    assert table.post.tolist() == [0, 4, 2, 1]
    assert table.weight.tolist() == [4.0, 2.0, 3.0, 1.0]


def test_a_matrix_gives_each_pair_its_own_value(net):
    matrix = np.arange(35.0).reshape(7, 5)
    table = net.connect("input", "hidden", weight=matrix, delay=matrix[::-1]).synapses
    np.testing.assert_array_equal(table.weight, matrix[table.pre, table.post])
    np.testing.assert_array_equal(table.delay, matrix[::-1][table.pre, table.post])
    assert table.max_delay == 34.0


def test_values_follow_the_seed_and_the_place_of_the_projection():
    def draw(seed, first):
        network = gd.Network(seed)
        network.add_population("input", gd.Input(), 7)
        network.add_population("hidden", gd.LIF(), 5)
        network.connect("input", "hidden", weight=first)
        return network.connect("input", "hidden", weight=gd.init.Normal(0, 1)).synapses.weight

    np.testing.assert_array_equal(draw(1, 1.0), draw(1, gd.init.Uniform(0, 1)))
    assert np.any(draw(1, 1.0) != draw(2, 1.0))


def test_what_is_learnt_is_kept_in_one_order_and_counted(net):
    assert net.connect("input", "hidden", weight=1.0, learn=["delay", "weight"]).learn == (
        "weight",
        "delay",
    )
    assert net.connect("hidden", "output", weight=1.0, learn="delay").learn == ("delay",)
    assert net.connect("hidden", "hidden", weight=1.0, learn=()).learn == ()
    assert net.parameters() == {"weights": 35, "delays": 45}


@pytest.mark.parametrize("neuron", [gd.LIF, gd.AdaptiveLIF, gd.LeakyReadout])
def test_parameters_per_neuron_equal_as_many_neurons_of_their_own(neuron):
    tau_mem = np.array([5.0, 11.0, 20.0])
    together = neuron(tau_mem=tau_mem)
    for k, tau in enumerate(tau_mem):
        alone = neuron(tau_mem=tau)
        np.testing.assert_array_equal(together.flow(3)[k], alone.flow(1)[0])
        for part, single in zip(together.reset(3), alone.reset(1), strict=True):
            np.testing.assert_array_equal(part[k], single[0])


def test_an_update_out_of_range_is_found_and_named(net):
    table = net.connect("input", "hidden", weight=1.0, max_delay=3.0).synapses
    net.check()
    table.weight[8] = np.inf
    with pytest.raises(NetworkError, match="'input->hidden': weight of synapse 1 -> 3 is inf; low"):
        net.check()


def test_a_neuron_that_spikes_needs_a_threshold():
    class Bare(gd.Neuron):
        pass

    assert gd.Input().threshold_value(2) is None
    with pytest.raises(NetworkError, match="Bare spikes; give it a parameter threshold"):
        Bare().threshold_value(2)


def test_per_neuron_parameters_are_copied_and_cannot_be_changed():
    given, as_list = np.array([5.0, 7.0]), [1.0, 2.0]
    net = gd.Network()
    neuron = net.add_population("a", gd.LIF(tau_mem=given, tau_syn=as_list), 2).neuron
    given[:] = as_list[:] = 1e9, 1e9
    assert neuron.describe()["tau_mem"] == [5.0, 7.0]
    assert neuron.describe()["tau_syn"] == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        neuron.tau_mem[0] = 1.0
