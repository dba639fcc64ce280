"""A batch that is shared out over ranks is the batch of one process; ranks are threads here."""

from __future__ import annotations

import numpy as np
import pytest
from shared_training import BATCH, DT, STEPS, compiled, make_data, make_network
from thread_ranks import in_ranks
from tied_networks import placed, tied

import genn_delays as gd
from genn_delays.backends.checks import dropout_masks
from genn_delays.parallel import ALONE
from genn_delays.parallel.simulation import SharedSimulation, check_shareable, own_batch
from genn_delays.planning.gradients import Surrogate
from genn_delays.support.errors import BackendError, ConfigError, PlanError


def run(ranks, rule, trials, backend="reference", shuffled=False):
    """Everything that training asks of a simulation, for one batch."""
    network = make_network(rule, learn=("tau_mem",))
    simulation = compiled(network, rule, ranks, "float64", backend=backend)
    batch = make_data().train.batch(np.arange(trials))
    if shuffled:
        order = np.random.default_rng(1).permutation(len(batch))
        batch = gd.Events(batch.time[order], batch.unit[order], batch.trial[order], trials)
    rng = np.random.default_rng(2)
    masks = dropout_masks(simulation.plan, trials, rng)
    outputs = simulation.forward(batch, masks=masks)
    counts = simulation.spike_counts("hidden")
    drive = {"hidden": rng.normal(size=20)}
    gradients = simulation.backward(rng.normal(size=outputs.shape), drive)
    pre, post = np.arange(4).repeat(5), np.arange(20)
    grown = simulation.correlation("input->hidden", pre, post, np.zeros(20, int), 31)
    tested = simulation.forward(batch, training=False)
    exact = {"outputs": outputs, "counts": counts, "tested": tested}
    summed = {f"{n} {k}": getattr(g, k) for n, g in gradients.items() for k in ("weight", "delay")}
    summed |= {f"{n} {k}": v for n, columns in gradients.units.items() for k, v in columns.items()}
    return exact, summed | {"grown": grown}


@pytest.mark.parametrize(
    ("rule", "trials"), [("eventprop", BATCH), ("eventprop", 2), ("surrogate", 4), ("surrogate", 1)]
)
def test_a_shared_batch_is_that_of_one_process_also_where_a_rank_has_nothing_to_do(rule, trials):
    exact, summed = run(ALONE, rule, trials)
    assert exact["counts"].any()
    for found in in_ranks(3, lambda ranks: run(ranks, rule, trials)):
        assert not isinstance(found, BaseException), found
        for name, values in exact.items():
            np.testing.assert_array_equal(found[0][name], values, err_msg=name)
        assert found[1].keys() == summed.keys()
        for name, values in summed.items():
            scale = np.abs(values).max()
            np.testing.assert_allclose(found[1][name], values, 0, 1e-14 * scale, err_msg=name)


@pytest.mark.parametrize("declare", [tied, placed])
def test_what_is_tied_is_summed_once(declare):
    def gradients(ranks):
        network = declare()
        own = gd.compile(
            network,
            gradient=gd.EventProp(),
            readout=gd.readouts.MeanVoltage(),
            dt=1.0,
            steps=30,
            batch_size=own_batch(ranks, 5),
            backend="reference",
            precision="float64",
        )
        shared = ranks.count > 1
        simulation = SharedSimulation(own, network, ranks, 5) if shared else own
        rng = np.random.default_rng(0)
        events = (rng.uniform(0, 25, 60), rng.integers(0, 4, 60), rng.integers(0, 5, 60))
        simulation.forward(gd.Events(*events, 5))
        found = simulation.backward(rng.normal(size=(5, 3)))
        units = [column for columns in found.units.values() for column in columns.values()]
        return np.concatenate([g.delay for g in found.values()] + units)

    alone = gradients(ALONE)
    assert alone.any()
    for found in in_ranks(3, gradients):
        np.testing.assert_allclose(found, alone, 0, 1e-13 * np.abs(alone).max())


def test_events_need_no_order():
    sorted_, shuffled = (
        in_ranks(2, lambda ranks, s=s: run(ranks, "eventprop", 5, shuffled=s))[0]
        for s in (False, True)
    )
    for name, values in sorted_[0].items():
        np.testing.assert_array_equal(shuffled[0][name], values)


def test_graded_events_of_several_inputs_are_shared_out():
    net = gd.Network(1)
    for name in ("one", "two"):
        net.add_population(name, gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(10.0, 3.0), 2)
    for name in ("one", "two"):
        net.connect(name, "output", weight=gd.init.Normal(1.0, 0.5))
    rng = np.random.default_rng(1)
    times, units, values = rng.uniform(0, 9, (2, 4, 6)), rng.integers(0, 2, (2, 4, 6)), np.ones(6)
    values = rng.normal(size=(2, 4, 6))
    batch = {
        name: gd.Events.from_lists(list(times[k]), list(units[k]), list(values[k]))
        for k, name in enumerate(("one", "two"))
    }

    def outputs(ranks):
        size = own_batch(ranks, 4)
        own = gd.compile(net, dt=1.0, steps=10, batch_size=size, backend="reference")
        return (SharedSimulation(own, net, ranks, 4) if ranks.count > 1 else own).forward(batch)

    for found in in_ranks(3, outputs):
        np.testing.assert_array_equal(found, outputs(ALONE))


def test_readouts_that_count_spikes_are_gone_back_over():
    net = make_network("surrogate")  # rules that are exact have no gradient of a count
    net.add_population("spiking", gd.DiscreteLIF(10.0), 2)
    net.connect("hidden", "spiking", weight=gd.init.Normal(2.0, 0.5))
    batch = make_data().train.batch(np.arange(4))

    def gradient(ranks):
        own = gd.compile(
            net,
            gradient=Surrogate(),
            readout=gd.readouts.SpikeCount("spiking"),
            dt=DT,
            steps=STEPS,
            batch_size=own_batch(ranks, 4),
            precision="float64",
            backend="reference",
        )
        simulation = SharedSimulation(own, net, ranks, 4) if ranks.count > 1 else own
        outputs = simulation.forward(batch)
        assert outputs.any()
        return simulation.backward(np.ones(outputs.shape))["hidden->spiking"].weight

    wanted = gradient(ALONE)
    for found in in_ranks(2, gradient):
        np.testing.assert_allclose(found, wanted, 1e-13)


def test_spikes_are_not_gathered_but_counted():
    def work(ranks):
        simulation = compiled(make_network("eventprop"), "eventprop", ranks, backend="reference")
        simulation.forward(make_data().train.batch(np.arange(4)))
        with pytest.raises(PlanError, match="backward"):
            simulation.correlation("input->hidden", *np.zeros((3, 1), int), 1)
        with pytest.raises(BackendError, match="spike_counts"):
            simulation.spikes("hidden")
        simulation.close()
        return simulation.own.plan.batch_size, simulation.plan.batch_size

    assert in_ranks(3, work) == [(8, BATCH)] * 3


def test_what_needs_the_whole_batch_on_the_way_is_refused():
    net = gd.Network(1)
    net.add_population("hidden", gd.DiscreteLIF(10.0), 4, normalise=gd.BatchNorm())

    def work(ranks):
        with pytest.raises(ConfigError, match=r"'hidden' has batch normalisation.*one process"):
            check_shareable(ranks, net, device=False)
        with pytest.raises(ConfigError, match="device: true"):
            check_shareable(ranks, gd.Network(1), device=True)
        return "refused"

    assert in_ranks(2, work) == ["refused"] * 2
    check_shareable(ALONE, net, device=True)
