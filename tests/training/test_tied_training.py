"""Training of what synapses share, and of positions: update rules, rewiring, resuming, refusals."""

from __future__ import annotations

from copy import deepcopy

import h5py
import numpy as np
import pytest
from tied_networks import INPUT, placed, tied
from tied_networks import gradients as of_batch

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.rewiring import FCN24, SET, Dale, DeepR, Growth, RigL, SoftDeepR, Static
from genn_delays.support.errors import CheckpointError, ConfigError, TrainingError
from genn_delays.training import (
    SGD,
    Adam,
    Callback,
    Cosine,
    Group,
    Interrupted,
    Optimiser,
    SilentRescue,
)

HIDDEN = "input->hidden"


def declared(share=None, placing=False, hidden: int = 5, seed: int = 1) -> gd.Network:
    """The network of the other training tests, with something tied."""
    where = {"position": (gd.init.Uniform(0, 2),) * 2, "learn": ("position",)} if placing else {}
    net = gd.Network(seed=seed)
    net.add_population("input", gd.Input(), 4, **where)
    net.add_population("hidden", gd.LIF(tau_mem=10.0, tau_syn=3.0), hidden, **where)
    net.add_population("output", gd.LeakyReadout(tau_mem=10.0, tau_syn=3.0), 2)
    delay = gd.Distance(0.7) if placing else gd.init.Uniform(0.0, 4.0)
    learn = ("weight",) if placing else ("weight", "delay")
    options = {"max_delay": 5.0, "learn": learn, "share": share, "density": 0.6}
    net.connect("input", "hidden", weight=gd.init.Normal(1.5, 0.3), delay=delay, **options)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.5))
    return net


def everything(network: gd.Network) -> dict:
    """All that training changes, to compare bit for bit."""
    found = {}
    for name, p in network.projections.items():
        table = p.synapses
        found |= {(name, c): getattr(table, c) for c in ("pre", "post", "weight", "delay")}
        found |= {(name, c): values for c, values in table.state.items()}
        for what, tie in table.ties.items():
            numbers = getattr(tie, "numbers", gd.UnitTable(0))
            found |= {(name, what, c): v for c, v in (numbers.columns | numbers.state).items()}
    for name, p in network.populations.items():
        found |= {(name, c): v for c, v in (p.units.columns | p.units.state).items()}
    return {key: values.copy() for key, values in found.items()}


@pytest.mark.parametrize("rule", [SGD(0.05, momentum=0.5), Adam(0.05, weight_decay=0.1)])
def test_a_group_is_updated_as_one_number_by_the_sum_of_its_gradients(rule):
    network = tied()
    table = network.projections[INPUT].synapses
    tie = table.ties["weight"]
    alone = deepcopy(tie.numbers)
    for _ in range(3):
        _, gradients = of_batch(network)
        summed = np.zeros(len(alone))
        summed[tie.index(table)] = gradients[INPUT].weight
        rule.update(alone, "weight", summed)
        Optimiser(weight=rule, delay=Adam(0.3)).step(network, gradients)
        network.check()
        assert np.array_equal(table.weight, alone.weight[tie.index(table)])
    assert not [name for name in table.state if "adam" in name or "sgd" in name]


def test_a_shared_weight_counts_once_in_a_penalty_and_in_a_norm():
    network = declared({"weight": "all"})
    table = network.projections[HIDDEN].synapses
    _, gradients = of_batch(network)
    before, whole = table.weight[0], gradients[HIDDEN].weight[0]
    other = gradients["hidden->output"].weight
    Optimiser(weight=Group(SGD(0.1), l1=0.5)).step(network, gradients)
    assert table.weight == pytest.approx(before - 0.1 * (whole + 0.5 * np.sign(before)))
    network = declared({"weight": "all"})
    norm = np.sqrt(whole**2 + np.sum(other**2))
    Optimiser(weight=SGD(0.1), clip={"weight": norm / 2}).step(network, gradients)
    moved = before - network.projections[HIDDEN].synapses.weight
    assert moved == pytest.approx(np.full(len(moved), 0.1 * whole / 2))


def test_gradients_that_differ_within_a_group_are_an_error():
    network = tied()
    _, gradients = of_batch(network)
    gradients[INPUT].delay[0] += 1.0
    before = everything(network)
    with pytest.raises(TrainingError, match=r"delay gradient of .*'input->first' differs within"):
        Optimiser().step(network, gradients)
    assert all(np.array_equal(before[key], v) for key, v in everything(network).items())


def test_delays_follow_the_positions_that_an_update_moved():
    network = placed()
    _, gradients = of_batch(network)
    before = network.populations["first"].units.position1.copy()
    groups = {"input": {"position2": SGD(0.0)}}
    Optimiser(delay=SGD(1.0), groups=groups).step(network, gradients)
    moved = before - network.populations["first"].units.position1
    assert moved == pytest.approx(gradients.units["first"]["position1"])
    assert np.any(moved)
    network.check()


def test_positions_stay_within_their_bounds():
    network = gd.Network()
    where = {"position": (1.0,), "learn": {"position": (0.5, 2.0)}}
    network.add_population("input", gd.Input(), 2, **where)
    network.add_population("output", gd.LeakyReadout(), 1, position=(4.0,))
    network.connect("input", "output", weight=1.0, delay=gd.Distance(), max_delay=9.0)
    events = gd.Events([1.0, 2.0], [0, 1], [0, 0], 1)
    with gd.compile(network, backend="reference", steps=20) as simulation:
        simulation.forward(events)
        gradients = simulation.backward(np.ones((1, 1)))
    Optimiser(delay=Adam(50.0)).step(network, gradients)
    assert set(network.populations["input"].units.position1) <= {0.5, 2.0}
    network.check()


class StopAfter(Callback):
    def __init__(self, batches, path):
        self.left, self.path = batches, path

    def on_batch_end(self, trainer):
        self.left -= 1
        if self.left == 0:
            trainer.request_stop()

    def on_interrupt(self, trainer):
        checkpoint.save(self.path, trainer.network, trainer.state)


DELAYS = {"delay": "pre"}
OWN = {"weight": np.arange(12) // 2, "delay": np.arange(12) % 3}
RULES = {
    "static": (OWN, False, [Static()]),
    "dale": ({"weight": "pre"}, False, [Dale(0.5)]),
    "deep_r": (DELAYS, False, [DeepR(l1=1e-2, temperature=2.0)]),
    "soft": ({"delay": "post"}, False, [SoftDeepR(temperature=2.0)]),
    "set": ({"delay": "all"}, False, [SET(0.4, every=1)]),
    "rigl": (DELAYS, False, [RigL(0.5, every=2)]),
    "fcn24": (DELAYS, False, [FCN24(l1=1e-2, temperature=2.0)]),
    "distance": (None, True, [DeepR(temperature=2.0)]),
}


@pytest.mark.parametrize("name", RULES)
def test_resuming_what_is_tied_equals_an_uninterrupted_run_bit_for_bit(
    tmp_path, make_trainer, name
):
    share, placing, rules = RULES[name]
    weight = Group(Adam(0.05, weight_decay=1e-3), (Cosine(),), l1=1e-3)
    settings = {"rewiring": rules, "optimiser": Optimiser(weight, delay=Adam(0.3), clip=1.0)}
    whole, path = declared(share, placing), tmp_path / "checkpoint.h5"
    make_trainer(whole, **settings).fit()
    stopped = make_trainer(declared(share, placing), callbacks=[StopAfter(5, path)], **settings)
    with pytest.raises(Interrupted):
        stopped.fit()
    loaded = checkpoint.load(path)
    make_trainer(loaded.network, state=loaded.trainer_state, **settings).fit()
    expected, found = everything(whole), everything(loaded.network)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert np.array_equal(found[key], values), key
    before, after = declared(share, placing).projections[HIDDEN], whole.projections[HIDDEN]
    assert not np.array_equal(before.synapses.delay, after.synapses.delay) or name == "dale"
    changed = set(zip(before.synapses.pre, before.synapses.post, strict=True))
    changed ^= set(zip(after.synapses.pre, after.synapses.post, strict=True))
    assert bool(changed) == (name not in ("static", "dale"))


def test_a_checkpoint_brings_back_keys_numbers_and_speed_bit_for_bit(path):
    for network in (tied(), placed()):
        _, gradients = of_batch(network)
        Optimiser().step(network, gradients)
        checkpoint.save(path, network)
        loaded = checkpoint.load(path).network
        found, expected = everything(loaded), everything(network)
        assert found.keys() == expected.keys()
        assert all(np.array_equal(found[key], values) for key, values in expected.items())
        assert loaded.parameters() == network.parameters()
        assert loaded.summary() == network.summary()
        outputs, again = (of_batch(given)[0] for given in (network, loaded))
        assert np.array_equal(outputs, again)
        loaded.populations["first"].units.columns.get("position1", np.zeros(1))[:] += 1.0
        for projection in loaded.projections.values():
            projection.synapses.follow()
        loaded.check()


DAMAGE = [
    ("0/ties/weight/keys", np.full((4, 6), 9), "has keys that are not groups below 5"),
    ("0/ties/weight/keys", np.zeros((3, 6), int), "has keys that are not groups below 5"),
    ("1/state/weight_key", np.full(72, -1), "has keys that are not groups below 24"),
    ("0/ties/delay/columns/delay", np.zeros((2, 2)), "has 'delay' of shape"),
    ("0/ties/delay/state/delay_adam_v", np.full(4, -1.0), "'delay_adam_v' below 0"),
]


@pytest.mark.parametrize(("place", "values", "message"), DAMAGE)
def test_damaged_ties_are_named(path, place, values, message):
    network = tied()
    Optimiser().step(network, of_batch(network)[1])
    checkpoint.save(path, network)
    with h5py.File(path, "a") as file:
        del file[f"network/projections/{place}"]
        file[f"network/projections/{place}"] = values
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load(path)


REFUSED = [
    (
        {"weight": "pre"},
        [DeepR()],
        {},
        "DeepR: synapses of projection 'input->hidden' share their w",
    ),
    ({"weight": "pre"}, [RigL()], {}, "RigL: .* so that none can be dropped by its own"),
    (OWN, [SET()], {}, "SET: .* share their weights"),
    (
        {"delay": np.arange(12)},
        [RigL()],
        {},
        "by a key for each synapse, and has none for one that",
    ),
    (
        DELAYS,
        [RigL(growth=Growth("best"))],
        {},
        "'best', but projection 'input->hidden' has delays",
    ),
    (DELAYS, [SET(growth=Growth("fixed", 2.0))], {}, "'fixed', but .*4 delays shared"),
    ({"weight": "post"}, [Dale()], {}, "Dale: .* across presynaptic units"),
    ({"weight": "pre"}, [], {"rescue": SilentRescue(0.1)}, "SilentRescue: neurons that .*share"),
    (DELAYS, [], {"optimiser": Optimiser(device=True)}, "device: true has no shared delay, which"),
]


@pytest.mark.parametrize(("share", "rules", "settings", "message"), REFUSED)
def test_what_has_no_meaning_for_a_group_is_refused(make_trainer, share, rules, settings, message):
    with pytest.raises(ConfigError, match=message):
        make_trainer(declared(share), rewiring=rules, **settings)


def test_a_rescue_may_strengthen_weights_that_are_shared_by_the_neuron(make_trainer):
    network = declared({"weight": "post"})
    network.projections[HIDDEN].synapses.weight[:] = 0.0
    make_trainer(network, rescue=SilentRescue(0.1), epochs=1).fit()
    network.check()
    assert np.all(network.projections[HIDDEN].synapses.weight > 0.0)


def test_calibrated_weights_stay_alike_within_a_group(dataset):
    network = declared({"weight": "pre"})
    gd.calibrate(network, dataset, 40.0, backend="reference")
    network.check()
