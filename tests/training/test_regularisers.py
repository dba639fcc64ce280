"""The spike-count drive against the formula of the paper, and the rescue of silent neurons."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.errors import ConfigError
from genn_delays.training import SilentRescue, SpikeCount, regularisers

COUNTS = np.array([[3, 0, 1, 9, 2], [4, 0, 1, 8, 2]])


def test_spike_count_drives_as_in_the_paper(network, fixed_simulation):
    drive = SpikeCount(target=2.0, strength=0.1).spike_drive(
        network, fixed_simulation({"hidden": COUNTS})
    )
    assert set(drive) == {"hidden"}
    tau_mem, strength, target, trials = 10.0, 0.1, 2.0, 2
    for unit, spikes in enumerate(COUNTS.sum(axis=0)):
        lambda_v = -strength * (spikes - target * trials) / trials**2
        assert drive["hidden"][unit] == pytest.approx(-tau_mem * lambda_v)


def test_spike_count_takes_the_membrane_time_of_each_neuron(fixed_simulation):
    network = gd.Network()
    network.add_population("input", gd.Input(), 1)
    taus = np.array([5.0, 10.0, 20.0])
    network.add_population("hidden", gd.AdaptiveLIF(tau_mem=taus, a=0.5), 3)
    simulation = fixed_simulation({"hidden": np.full((1, 3), 4)})
    rule = SpikeCount(target=3.0, strength=0.5, populations=("hidden",))
    assert rule.spike_drive(network, simulation)["hidden"] == pytest.approx(0.5 * taus)


def test_upper_only_leaves_quiet_neurons_alone(network, fixed_simulation):
    rule = SpikeCount(target=2.0, strength=0.1, upper_only=True)
    drive = rule.spike_drive(network, fixed_simulation({"hidden": COUNTS}))["hidden"]
    assert (drive > 0).tolist() == [True, False, False, True, False]
    assert drive.min() == 0.0


def test_spike_count_moves_the_weights_towards_the_target(network, new_simulation):
    """Too many spikes make the weight gradient positive: descent weakens the input."""
    simulation = new_simulation(network)
    time = np.tile(np.arange(0.0, 18.0, 2.0), 4)
    events = gd.Events(time, np.repeat(np.arange(4), 9), np.zeros(36, int), trials=1)
    outputs = simulation.forward(events)
    assert simulation.spike_counts("hidden").sum() > 5
    spike_drive = SpikeCount(target=0.0, strength=1.0).spike_drive(network, simulation)
    gradients = simulation.backward(np.zeros_like(outputs), spike_drive)
    assert gradients["input->hidden"].weight.sum() > 0.0


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (SpikeCount(1, 1, populations=("hiden",)), "did you mean 'hidden'"),
        (SpikeCount(1, 1, populations=("output",)), "never spikes"),
        (SilentRescue(0.1, projections=("input->hiden",)), "did you mean 'input->hidden'"),
    ],
)
def test_what_does_not_fit_the_network_is_refused(network, make_trainer, rule, message):
    with pytest.raises(ConfigError, match=message):
        rule.check(network)


def test_a_rescue_of_a_fixed_projection_is_refused():
    network = gd.Network()
    network.add_population("input", gd.Input(), 2)
    network.add_population("hidden", gd.LIF(), 2)
    network.connect("input", "hidden", weight=0.1, learn=())
    with pytest.raises(ConfigError, match="does not learn its weight"):
        SilentRescue(0.1, projections=("input->hidden",)).check(network)
    assert SilentRescue(0.1).apply(network, {"hidden": np.zeros(2, int)}) == 0


def test_rescue_strengthens_the_input_of_silent_neurons_only(network):
    table = network.projections["input->hidden"].synapses
    before = table.weight.copy()
    count = SilentRescue(0.25).apply(network, {"hidden": np.array([4, 0, 1, 0, 7])})
    assert count == 2
    onto_silent = np.isin(table.post, [1, 3])
    np.testing.assert_array_equal(table.weight[onto_silent], before[onto_silent] + 0.25)
    np.testing.assert_array_equal(table.weight[~onto_silent], before[~onto_silent])


def test_rescue_counts_a_neuron_once_and_can_be_limited_to_projections(network):
    network.connect("input", "hidden", weight=0.0, name="second")
    silent = {"hidden": np.zeros(5, int)}
    first = network.projections["input->hidden"].synapses.weight.copy()
    assert SilentRescue(0.25, projections=("second",)).apply(network, silent) == 5
    np.testing.assert_array_equal(network.projections["input->hidden"].synapses.weight, first)
    assert SilentRescue(0.25).apply(network, silent) == 5


def test_regularisers_are_made_from_a_configuration():
    made = regularisers.make(
        {"name": "spike_count", "target": 14, "strength": "1e-4", "populations": ["hidden"]}
    )
    assert made == SpikeCount(14.0, 1e-4, populations=("hidden",))
    with pytest.raises(ConfigError, match="did you mean 'strength'"):
        regularisers.make({"name": "spike_count", "target": 1, "strenght": 1})


@pytest.mark.parametrize(
    "arguments", [{"target": -1, "strength": 1}, {"target": 1, "strength": -1}]
)
def test_negative_targets_and_strengths_are_refused(arguments):
    with pytest.raises(ConfigError, match="must be finite and >= 0"):
        SpikeCount(**arguments)


def test_an_infinite_rescue_is_refused():
    with pytest.raises(ConfigError, match="finite weight"):
        SilentRescue(float("inf"))
