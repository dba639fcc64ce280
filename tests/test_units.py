"""What populations can learn, and the combinations that the rules refuse."""

from __future__ import annotations

import numpy as np
import pytest

import genn_delays as gd


def declare(neuron=None, **options) -> gd.Network:
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", neuron or gd.LIF(), 3, **options)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=1.0)
    net.connect("hidden", "output", weight=1.0)
    return net


def test_one_time_constant_is_learnt_for_the_population_or_one_per_unit():
    shared = declare(gd.LIF(tau_mem=20.0), learn=("tau_mem",)).populations["hidden"]
    apart = declare(gd.LIF(tau_mem=np.array([5.0, 6.0, 7.0])), learn={"tau_mem": (2.0, 50.0)})
    assert shared.units.tied == {"tau_mem"}
    assert shared.units.bounds["tau_mem"] == (2.0, 200.0)
    own = apart.populations["hidden"]
    assert own.units.tied == frozenset()
    own.units.tau_mem[1] = 99.0
    own.units.clip("tau_mem")
    np.testing.assert_array_equal(own.current_neuron.tau_mem, [5.0, 50.0, 7.0])
    assert apart.parameters()["units"] == 3
    assert declare(learn=("tau_mem",)).parameters()["units"] == 1


EQUATIONS = "dV/dt = (I - V) / tau\ndI/dt = -I / 5.0"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("tau_mem", lambda values: gd.LIF(tau_mem=values)),
        ("tau_mem", lambda values: gd.DiscreteLIF(tau_mem=values)),
        ("tau", lambda values: gd.Equations(EQUATIONS, "V >= 1", parameters={"tau": values})),
    ],
)
def test_parameters_of_any_neuron_are_drawn_one_per_unit_and_learnt_so(name, make):
    net = gd.Network(seed=3)
    drawn = net.add_population("a", make(gd.init.LogUniform(5.0, 500.0)), 400, learn=(name,))
    values = getattr(drawn.units, name)
    assert drawn.units.tied == frozenset()
    assert 5.0 <= values.min() < 10.0 < 250.0 < values.max() < 500.0
    assert np.mean(values < 50.0) == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(drawn.neuron.values()[name], values)


def test_each_population_draws_from_a_stream_of_its_own_that_follows_the_seed():
    def draw(seed: int, first: float | gd.init.Normal = 20.0) -> np.ndarray:
        net = gd.Network(seed)
        net.add_population("a", gd.LIF(tau_mem=first), 4)
        net.add_population("b", gd.LIF(tau_mem=gd.init.Normal(20.0, 2.0)), 4)
        net.connect("a", "b", weight=gd.init.Normal(20.0, 2.0), pairs=([0] * 4, range(4)))
        weights = net.projections["a->b"].synapses.weight
        assert not np.any(np.isin(net.populations["b"].neuron.tau_mem, weights))
        return net.populations["b"].neuron.tau_mem

    np.testing.assert_array_equal(draw(1), draw(1, gd.init.Normal(20.0, 2.0)))
    assert np.all(draw(1) != draw(2))
    assert np.all(draw(1) != gd.init.Normal(20.0, 2.0).sample(np.random.default_rng(1), 4))


def test_a_drawn_parameter_out_of_its_range_is_refused():
    with pytest.raises(gd.GennDelaysError, match=r"LIF\(tau_mem=...\): .* must be > 0"):
        declare(gd.LIF(tau_mem=gd.init.Uniform(-5.0, -1.0)))


def test_time_constants_spread_evenly_over_layers():
    np.testing.assert_allclose(gd.init.hierarchy(300.0, 500.0, 3), [50.0, 300.0, 550.0])
    np.testing.assert_allclose(gd.init.hierarchy(300.0, -500.0, 2), [550.0, 50.0])
    np.testing.assert_allclose(gd.init.hierarchy(300.0, 500.0, 1), [300.0])


def test_batch_normalisation_brings_gain_and_bias_to_learn():
    hidden = declare(normalise=gd.BatchNorm()).populations["hidden"]
    assert hidden.learn == ("gain", "bias")
    np.testing.assert_array_equal(hidden.units.gain, 1.0)
    np.testing.assert_array_equal(hidden.units.running_variance, 1.0)
    with pytest.raises(AttributeError, match="no parameter 'tau_mem'"):
        _ = hidden.units.tau_mem


BAD_OPTIONS = [
    ({"learn": ("tau_men",)}, "did you mean 'tau_mem'"),
    ({"learn": ("bias",)}, "cannot learn 'bias'"),
    ({"learn": {"tau_mem": (30.0, 50.0)}}, "outside its bounds"),
    ({"learn": {"tau_mem": 3.0}}, "two numbers"),
    ({"bias": 1.0, "normalise": gd.BatchNorm()}, "leave bias out"),
    ({"bias": np.ones(2)}, "an array of 3 numbers"),
    ({"dropout": 1.0}, r"must be in \[0, 1\)"),
    ({"tail": -1.0}, "must be >= 0 ms"),
    ({"normalise": True}, "give gd.BatchNorm"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_impossible_options_of_a_population_are_refused(options, message):
    with pytest.raises(gd.GennDelaysError, match=message):
        declare(**options)


def test_what_has_no_spikes_cannot_be_silenced_and_an_input_has_no_dynamics():
    net = gd.Network()
    with pytest.raises(gd.GennDelaysError, match="dropout silences spikes"):
        net.add_population("output", gd.LeakyReadout(), 2, dropout=0.5)
    with pytest.raises(gd.GennDelaysError, match="an Input has no bias"):
        net.add_population("input", gd.Input(), 2, bias=1.0)
    with pytest.raises(gd.GennDelaysError, match="wipe_input"):
        gd.DiscreteLIF(wipe_input=True)


ONLY_SURROGATE = [
    ({"normalise": gd.BatchNorm()}, {}, "normalise"),
    ({"bias": 1.0}, {}, "bias"),
    ({"dropout": 0.5}, {}, "dropout"),
    ({"tail": 3.0}, {}, "tail"),
    ({"neuron": gd.DiscreteLIF(input_steps=1)}, {}, "time grid"),
    ({}, {"lag": 0}, "lag=0"),
    ({}, {"kernel": gd.kernels.Gaussian(1.0), "max_delay": 5.0}, "delay kernel"),
]


@pytest.mark.parametrize(("options", "connection", "message"), ONLY_SURROGATE)
def test_eventprop_refuses_what_it_is_not_defined_for(options, connection, message):
    net = declare(**options)
    net.connect("input", "hidden", weight=1.0, **connection)
    with pytest.raises(gd.GennDelaysError, match=message):
        gd.compile(net, steps=20, backend="reference")
    gd.compile(net, gradient=gd.Surrogate(), steps=20, backend="reference").close()


def test_the_surrogate_rule_refuses_what_is_not_causal_or_has_no_gradient():
    net = declare(normalise=gd.BatchNorm())
    net.connect("hidden", "hidden", weight=1.0)
    with pytest.raises(gd.GennDelaysError, match="not causal"):
        gd.compile(net, gradient=gd.Surrogate(), steps=20, backend="reference")
    net = declare()
    net.connect("hidden", "hidden", weight=1.0, lag=0)
    with pytest.raises(gd.GennDelaysError, match="lag=0 within a loop"):
        gd.compile(net, gradient=gd.Surrogate(), steps=20, backend="reference")
    with pytest.raises(gd.GennDelaysError, match="FirstSpike has no surrogate gradient"):
        gd.compile(
            declare(),
            gradient=gd.Surrogate(),
            readout=gd.readouts.FirstSpike("hidden"),
            steps=20,
            backend="reference",
        )
    with pytest.raises(gd.GennDelaysError, match="did you mean 'arctan'"):
        gd.Surrogate("arctn")


def test_a_tail_as_long_as_the_trial_and_a_decay_beyond_one_are_refused():
    with pytest.raises(gd.GennDelaysError, match="leaves nothing of a trial"):
        gd.compile(declare(tail=20.0), gradient=gd.Surrogate(), steps=20, backend="reference")
    with pytest.raises(gd.GennDelaysError, match="1 - dt / tau is negative"):
        gd.compile(
            declare(gd.DiscreteLIF(tau_mem=5.0)),
            gradient=gd.Surrogate(),
            dt=10.0,
            steps=20,
            backend="reference",
        )


def test_kernel_count_makes_parallel_synapses_of_every_pair():
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 3)
    weight = np.arange(12.0).reshape(2, 3, 2)
    table = net.connect("input", "output", weight=weight, kernel_count=2).synapses
    assert table.pre.tolist() == [0] * 6 + [1] * 6
    assert table.post.tolist() == [0, 0, 1, 1, 2, 2] * 2
    np.testing.assert_array_equal(table.weight, np.arange(12.0))


def test_a_soft_reset_takes_the_threshold_off():
    matrix, offset = gd.LIF(threshold=0.7, soft_reset=True).reset(1)
    np.testing.assert_allclose(matrix[0] @ [1.0, 0.4] + offset[0], [0.3, 0.4])


def test_propagators_change_with_their_time_constants_as_their_derivative_says():
    neuron, h = gd.AdaptiveLIF(tau_mem=9.0, tau_syn=4.0, tau_adapt=30.0, a=0.3), 1e-4
    for name in neuron.time_constants:
        for discretisation in ("exact", "euler"):
            found = neuron.propagator_derivative(name, 1, 2.0, discretisation)
            sides = []
            for sign in (1, -1):
                value = {name: getattr(neuron, name) + sign * h}
                moved = gd.AdaptiveLIF(
                    **{k: getattr(neuron, k) for k in ("tau_mem", "tau_syn", "tau_adapt", "a")}
                    | value
                )
                sides.append(moved.propagator(1, 2.0, discretisation))
            np.testing.assert_allclose(found, (sides[0] - sides[1]) / (2 * h), atol=1e-9)
