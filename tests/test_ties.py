"""Synapses that share weights and delays, and delays that follow from positions."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from tied_networks import INPUT, LOOP, STEPS, TRIALS, batch, gradients, placed, tied, untied

import genn_delays as gd
from genn_delays.support.errors import NetworkError

SMOOTH = gd.Surrogate("arctan", slope=2.0, detach_reset=False, smooth=True)
SETTINGS = {"steps": STEPS, "batch_size": TRIALS, "precision": "float64"}
KERNEL = gd.kernels.Gaussian(1.4)


class Slopes:
    """dL/dh of a network that ``change`` moves by h, from outputs alone."""

    def __init__(self, network: gd.Network) -> None:
        self.network = network
        self.drive = np.random.default_rng(7).normal(size=(TRIALS, 3))
        self.simulation = gd.compile(network, gradient=SMOOTH, backend="reference", **SETTINGS)

    def __call__(self, change, h: float = 1e-5) -> float:
        values = []
        for sign in (1, -1):
            moved = deepcopy(self.network)
            change(moved, sign * h)
            self.simulation.load(moved)
            values.append(float(np.sum(self.simulation.forward(batch()) * self.drive)))
        return (values[0] - values[1]) / (2 * h)


@pytest.mark.parametrize("parameter", ["weight", "delay"])
def test_the_gradient_of_what_is_shared_is_that_of_finite_differences(parameter):
    network = tied(KERNEL)
    slope, (_, found) = Slopes(network), gradients(network, SMOOTH)
    for name, projection in network.projections.items():
        tie = projection.synapses.ties.get(parameter)
        if tie is None or not len(projection.synapses):
            continue
        index = tie.index(projection.synapses)
        for group in np.unique(index)[:3]:

            def change(moved, h, name=name, members=index == group):
                getattr(moved.projections[name].synapses, parameter)[members] += h

            entries = getattr(found[name], parameter)[index == group]
            assert np.all(entries == entries[0])
            assert entries[0] == pytest.approx(slope(change), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("column", ["position1", "position2"])
def test_the_gradient_of_positions_is_that_of_finite_differences(column):
    network = placed(KERNEL)
    slope, (_, found) = Slopes(network), gradients(network, SMOOTH)
    assert np.any(network.projections[INPUT].synapses.delay == 4.0)  # clipped: no gradient
    assert not found.units.get("output")  # its positions are not learnt
    for population in ("input", "first"):
        for unit in range(3):

            def change(moved, h, population=population, unit=unit):
                moved.populations[population].units.columns[column][unit] += h
                for projection in moved.projections.values():
                    projection.synapses.follow()

            expected = slope(change)
            assert found.units[population][column][unit] == pytest.approx(expected, 1e-6, 1e-7)


RULES = {"eventprop": (gd.EventProp(), None), "surrogate": (gd.Surrogate(), KERNEL)}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("backend", ["reference", "native"])
def test_the_gradient_of_a_group_is_the_sum_of_those_of_its_synapses(backend, rule):
    network = tied(RULES[rule][1])
    (same, found), (outputs, single) = (
        gradients(given, RULES[rule][0], backend) for given in (network, untied(network))
    )
    assert np.array_equal(same, outputs)
    for name, projection in network.projections.items():
        for parameter in ("weight", "delay"):
            each, whole = (getattr(g[name], parameter) for g in (single, found))
            tie = projection.synapses.ties.get(parameter)
            if tie is not None:
                index = tie.index(projection.synapses)
                each = np.array([np.sum(each[index == group]) for group in index])
            assert whole == pytest.approx(each, rel=1e-12, abs=1e-12 * np.abs(whole).max(initial=0))


@pytest.mark.parametrize("declare", [tied, placed])
@pytest.mark.parametrize("rule", RULES)
def test_backends_agree_on_what_is_tied_whatever_the_threads(declare, rule):
    if declare is placed and rule == "surrogate":
        network = placed(KERNEL)
    else:
        network = declare(RULES[rule][1])
    runs = [{"backend": "reference"}, {"threads": 1}, {"threads": 2}]
    (_, wanted), (_, one), (_, two) = (
        gradients(network, RULES[rule][0], **{"backend": "native", **run}) for run in runs
    )
    for name in network.projections:
        for parameter in ("weight", "delay"):
            arrays = [getattr(g[name], parameter) for g in (wanted, one, two)]
            assert arrays[1] == pytest.approx(arrays[0], rel=1e-9, abs=1e-11)
            assert np.array_equal(arrays[1], arrays[2])
    assert one.units.keys() == wanted.units.keys()
    for name, columns in wanted.units.items():
        for column, values in columns.items():
            assert one.units[name][column] == pytest.approx(values, rel=1e-9, abs=1e-11)
            assert np.array_equal(one.units[name][column], two.units[name][column])


def connected(share=None, **options) -> gd.SynapseTable:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 5)
    net.add_population("first", gd.LIF(), 4)
    options = {"delay": gd.init.Uniform(0, 9), "weight": gd.init.Normal(0, 1)} | options
    return net.connect("input", "first", share=share, **options).synapses


def test_an_initialiser_draws_once_for_each_group():
    table = connected({"weight": "post", "delay": "pre"})
    assert len(np.unique(table.weight)) == 4
    assert len(np.unique(table.delay)) == 5
    rng = np.random.default_rng([1, 0])
    assert np.array_equal(table.weight, rng.normal(0, 1, 4)[table.post])
    assert np.array_equal(table.delay, rng.uniform(0, 9, 5)[table.pre])


def test_what_is_not_shared_is_drawn_as_ever():
    plain, shared = connected(), connected({"delay": "pre"})
    assert np.array_equal(plain.weight, shared.weight)
    assert shared.state == plain.state == {}


def test_keys_in_any_order_follow_their_synapses():
    pairs = (np.array([4, 0, 2, 0]), np.array([1, 3, 0, 1]))
    table = connected({"delay": np.array([70, -5, 70, 9])}, pairs=pairs)
    delay = {(int(i), int(j)): d for i, j, d in zip(table.pre, table.post, table.delay)}  # noqa: B905
    assert delay[4, 1] == delay[2, 0]
    assert len(set(delay.values())) == 3
    table.keep(table.pre > 0)
    table.sort()
    table.check()
    assert table.state["delay_key"].tolist() == [2, 2]


SPREAD = [
    "pre",
    np.arange(5)[:, None],
    lambda pre, post: pre,
    lambda pre, post: pre + 0 * post,
    np.arange(20) // 4,
    np.repeat(np.arange(5), 4).reshape(5, 4),
]


@pytest.mark.parametrize("keys", SPREAD, ids=range(len(SPREAD)))
def test_one_key_for_each_presynaptic_unit_may_be_given_in_any_form(keys):
    assert np.array_equal(connected({"delay": keys}).delay, connected({"delay": "pre"}).delay)


REFUSED = [
    ("pre", {}, r'share=\'pre\'; give a mapping such as {"delay": "pre"}'),
    ({"dealy": "pre"}, {}, "cannot share 'dealy'; did you mean 'delay'"),
    ({"delay": "pro"}, {}, "share of the delay: did you mean 'pre'"),
    ({"delay": [0.5] * 20}, {}, "keys are float64; give whole numbers"),
    ({"delay": np.arange(6)}, {}, r"shape \(6,\); give one for each of 20 synapses, or for all"),
    ({"delay": np.zeros((5, 3), int)}, {}, r"shape \(5, 3\)"),
    ({"delay": [[1], [1, 2]]}, {}, "give whole numbers|keys of shape"),
    (
        {"delay": "pre"},
        {"delay": np.arange(20.0)},
        "0 -> 0 and 0 -> 3 share their delay, but it is",
    ),
    ({"delay": "pre"}, {"max_delay": 2.0}, "outside"),
    ({"delay": "pre"}, {"delay": "soon"}, "delay 'soon' is not a number"),
]


@pytest.mark.parametrize(("share", "options", "message"), REFUSED)
def test_keys_that_cannot_be_are_refused(share, options, message):
    with pytest.raises(NetworkError, match=message):
        connected(share, **options)


def compiled(network: gd.Network):
    return gd.compile(network, backend="reference", steps=STEPS, batch_size=TRIALS)


def test_values_set_by_hand_are_alike_within_a_group_or_refused_at_load():
    network = tied()
    table = network.projections[INPUT].synapses
    with compiled(network) as simulation:
        table.delay[:] = np.arange(4.0)[table.pre]
        simulation.load(network)
        first = table.pre == table.pre[0]
        table.delay[np.flatnonzero(first)[1]] = 2.5
        with pytest.raises(NetworkError, match=r"'input->first': synapses .* share their delay"):
            simulation.load(network)
        table.delay[first] = 2.5
        simulation.load(network)
        table.delay = table.delay.astype(int)  # which an update would cut to whole numbers
        with pytest.raises(NetworkError, match="delay is tied and of type int64; assign float64"):
            simulation.load(network)


def test_delays_set_by_hand_are_not_those_of_a_distance():
    network = placed()
    table = network.projections[LOOP].synapses
    with compiled(network) as simulation:
        network.populations["first"].units.position1[2] += 0.5
        with pytest.raises(NetworkError, match=r"is not that of its distance.*call follow\(\)"):
            simulation.load(network)
        for projection in network.projections.values():
            projection.synapses.follow()
        simulation.load(network)
        table.delay[3] += 1e-9
        with pytest.raises(NetworkError, match="is not that of its distance"):
            simulation.load(network)


def test_a_group_keeps_its_number_when_its_last_synapse_goes():
    table = connected({"delay": "pre"})
    table.delay[table.pre == 2] = 4.5
    table.keep(table.pre != 2)
    with pytest.raises(NetworkError, match="the delay is tied, and cannot be given"):
        table.add([2], [1], 0.3, 1.0)
    table.add([2, 0], [1, 1], 0.3)
    assert table.delay[table.pre == 2].tolist() == [4.5]
    table.check()


def test_numbers_that_are_shared_count_once():
    network = tied()
    held = [len(np.unique(p.synapses.delay)) for p in network.projections.values()]
    assert network.parameters()["delays"] == sum(held) == 4 + 6 + 4
    assert "4 delays shared" in network.summary()
    assert "share=5 weights shared, 4 delays shared" in repr(network.projections[INPUT])
    assert placed().parameters() == {"weights": 78, "delays": 0, "positions": 20}


def test_a_folded_network_shares_what_it_still_can():
    for network in (tied(), placed()):
        folded = gd.fold(network)
        assert folded.parameters()["delays"] == network.parameters()["delays"]
        folded.populations["first"].units.columns.clear()
        for name, projection in network.projections.items():
            other = folded.projections[name].synapses
            assert np.array_equal(projection.synapses.delay, other.delay)
            assert not np.shares_memory(projection.synapses.delay, other.delay)
    normal = gd.Network()
    normal.add_population("input", gd.Input(), 3)
    normal.add_population("output", gd.DiscreteReadout(tau_mem=8.0), 2, normalise=gd.BatchNorm())
    normal.populations["output"].units.gain[:] = 1.0, 2.0
    share = {"weight": "all", "delay": "all"}
    normal.connect("input", "output", weight=0.5, delay=2.0, share=share)
    folded = gd.fold(normal)
    folded.check()
    assert set(folded.projections["input->output"].synapses.ties) == {"delay"}


PLACES = [
    ({"position": 3.0}, "give a value for each coordinate"),
    ({"position": gd.init.Uniform(0, 1)}, "give a value for each coordinate"),
    ({"position": ()}, "give a value for each coordinate"),
    ({"position": np.zeros((3, 2))}, r"position1 of shape \(3,\) for 5"),
    ({"learn": ("position",)}, "cannot learn 'position'"),
    ({"position": (1.0,), "learn": {"position": (2.0, 3.0)}}, "starts outside its bounds"),
]


@pytest.mark.parametrize(("options", "message"), PLACES)
def test_positions_that_cannot_be_are_refused(options, message):
    with pytest.raises(NetworkError, match=message):
        gd.Network().add_population("hidden", gd.LIF(), 5, **options)


def test_distances_that_cannot_be_are_refused():
    network = placed()
    network.add_population("line", gd.LIF(), 2, position=(1.0,))
    network.add_population("nowhere", gd.LIF(), 2)
    for pre, post, numbers in (("input", "line", "2 and 1"), ("line", "nowhere", "1 and 0")):
        with pytest.raises(NetworkError, match=f"units with {numbers} coordinates"):
            network.connect(pre, post, weight=1.0, delay=gd.Distance())
    with pytest.raises(NetworkError, match="learn those, with"):
        network.connect("input", "first", weight=1.0, delay=gd.Distance(), learn=("delay",))
    with pytest.raises(NetworkError, match="delays by distance cannot be shared"):
        network.connect("input", "first", weight=1.0, delay=gd.Distance(), share={"delay": "pre"})
    network.add_population("lost", gd.LIF(), 2, position=(1.0,), learn=("position",))
    with pytest.raises(NetworkError, match="'lost' learns its position, but no delay follows"):
        compiled(network)
    with pytest.raises(NetworkError, match=r"speed=0.0\): must be > 0"):
        gd.Distance(0.0)
