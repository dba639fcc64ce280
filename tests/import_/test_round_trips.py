"""What was exported comes back: weights and delays bit for bit."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from networks_to_export import (
    adaptive,
    case,
    held_adaptive,
    latched,
    lif,
    on_grid,
    soft,
    two_inputs,
    varied,
)

import genn_delays as gd

FORMATS = ["nir", "sonata", "npz", "csv"]
ANY = (lif, varied, soft, adaptive, held_adaptive, latched, on_grid, two_inputs)
KINDS = {"nir": (lif, varied, soft, on_grid)}
"""Neurons that a format can hold, where these are not all."""


def exported(name: str, network: gd.Network, folder: Path, dt: float) -> Path:
    if name == "nir":
        pytest.importorskip("nir", reason="the extra nir is not installed")
    suffix = gd.export.FORMATS[name].suffix
    return getattr(gd.export, name)(network, folder / f"net{suffix}", dt=dt)


def assert_same(found: gd.Network, wanted: gd.Network) -> None:
    assert list(found.populations) == list(wanted.populations)
    assert list(found.projections) == list(wanted.projections)
    for name, p in wanted.populations.items():
        other = found.populations[name]
        assert type(other.neuron) is type(p.neuron)
        assert other.size == p.size
        for key, values in p.current_neuron.parameters(p.size).items():
            np.testing.assert_array_equal(other.neuron.parameters(p.size)[key], values)
        assert set(other.units.columns) == set(p.units.columns)
        for key, values in p.units.columns.items():
            np.testing.assert_array_equal(other.units.columns[key], values)
    for name, q in wanted.projections.items():
        other = found.projections[name]
        assert (other.lag, other.target) == (q.lag, q.target)
        assert other.synapses.max_delay == q.synapses.max_delay
        for column in ("pre", "post", "weight", "delay"):
            ours, theirs = (getattr(q.synapses, column) for q in (q, other))
            assert ours.tobytes() == theirs.tobytes(), (name, column)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", FORMATS)
def test_networks_of_every_shape_come_back_bit_for_bit(name, seed, tmp_path):
    c = case(seed, KINDS.get(name, ANY))
    table = next(iter(c.network.projections.values())).synapses
    table.weight[0] = 0.0  # a synapse, though its weight is none
    path = exported(name, c.network, tmp_path, c.dt)
    assert_same(getattr(gd.import_, name)(path), gd.fold(c.network))


def test_delays_that_have_no_room_are_not_learnt_after_an_import(tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("hidden", gd.LIF(), 3)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "hidden", weight=1.0, delay=2.0, max_delay=5.0)
    net.connect("hidden", "output", weight=1.0)
    found = gd.import_.npz(gd.export.npz(net, tmp_path / "net.npz", dt=1.0))
    learnt = {name: set(q.learn) for name, q in found.projections.items()}
    assert learnt == {"input->hidden": {"weight", "delay"}, "hidden->output": {"weight"}}


def awkward() -> gd.Network:
    """Names that are no file names, a bias, an empty projection, one unit, learnt constants."""
    net = gd.Network(seed=3)
    net.add_population('a/b, "ü"', gd.Input(), 1)
    net.add_population("hid den", gd.LIF(20.0, 5.0), 4, bias=[0.5, 0.0, -1e-300, 1 / 3])
    net.add_population("output", gd.LeakyReadout(), 2, learn="tau_mem")
    net.connect('a/b, "ü"', "hid den", weight=[0.0, 1.0, 5e-324, -0.0], delay=[0, 1, 2, 2.5])
    net.connect("hid den", "output", weight=1.0, density=0.0, max_delay=3.0)
    net.connect("hid den", "output", weight=gd.init.Normal(0, 1), kernel_count=3, delay=0.1)
    net.populations["output"].units.columns["tau_mem"][:] = 12.5
    return net


@pytest.mark.parametrize("name", FORMATS)
def test_awkward_names_zero_weights_and_biases_come_back(name, tmp_path):
    net = awkward()
    path = exported(name, net, tmp_path, 1.0)
    assert_same(getattr(gd.import_, name)(path), gd.fold(net))


def test_a_projection_without_delays_does_not_learn_them(tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 3)
    for k, longest in enumerate((0.0, 4.0)):
        net.connect("input", "output", weight=1.0, max_delay=longest, name=f"part {k}")
    path = gd.export.npz(net, tmp_path / "net.npz", dt=1.0)
    learn = (what for what in ("weight", "delay"))
    found = gd.import_.npz(path, learn=learn).projections
    assert [p.learn for p in found.values()] == [("weight",), ("weight", "delay")]
    for wrong in (("weight", "delays"), 3):
        with pytest.raises(gd.GennDelaysError, match="learn"):
            gd.import_.npz(path, learn=wrong)


@pytest.mark.parametrize("name", FORMATS)
def test_batch_normalisation_and_lag_zero_come_back_folded(name, tmp_path):
    net = gd.Network()
    net.add_population("in", gd.Input(), 3)
    net.add_population("hidden", gd.DiscreteLIF(10.0), 5, normalise=gd.BatchNorm(), tail=4.0)
    net.add_population("out", gd.DiscreteReadout(10.0), 2)
    net.populations["hidden"].units.columns["running_mean"][:] = np.linspace(-1, 1, 5)
    for pre, post in (("in", "hidden"), ("hidden", "out")):
        net.connect(pre, post, weight=gd.init.Normal(0, 1), delay=gd.init.Uniform(0, 5), lag=0)
    path = exported(name, net, tmp_path, 1.0)
    found = getattr(gd.import_, name)(path)
    assert_same(found, gd.fold(net))
    assert found.populations["hidden"].tail == 4.0


@pytest.mark.parametrize("name", FORMATS)
def test_without_the_file_beside_it_what_is_missing_is_asked_for_by_name(name, tmp_path):
    c = case(0, (lif,))
    path = exported(name, c.network, tmp_path, c.dt)
    read = getattr(gd.import_, name)
    path.with_suffix(".json").unlink()
    neurons = {n: p.current_neuron for n, p in c.network.populations.items()}
    told = {"neurons": neurons}
    if name == "nir":  # its metadata have all
        assert_same(read(path), gd.fold(c.network))
        return
    with pytest.raises(gd.GennDelaysError, match=r"does not say .*; give (lag|neurons)="):
        read(path)
    if name == "sonata":
        with pytest.raises(gd.GennDelaysError, match="lag=1"):
            read(path, **told)
        told["lag"] = 1
    found = read(path, **told)
    for q in c.network.projections.values():
        other = next(o for o in found.projections.values() if len(o.synapses) == len(q.synapses))
        assert other.synapses.delay.tobytes() == q.synapses.delay.tobytes()


@pytest.mark.parametrize("name", ["npz", "sonata"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 7}, "of version 7, and this release reads version 1"),
        ({"format": "x"}, "not what an export of genn-delays leaves"),
        ({"target": "nest"}, "belongs to an export to 'nest'"),
        ({"dt": None}, "'dt' of 'the export' is no number"),
        ({"populations": []}, "it has no 'populations'"),
        ({"projections": {}}, "does not tell of the projection"),
    ],
)
def test_the_file_beside_an_export_is_checked(name, change, said, tmp_path):
    c = case(2, (lif,))
    path = exported(name, c.network, tmp_path, c.dt)
    beside = path.with_suffix(".json")
    beside.write_text(json.dumps(json.loads(beside.read_text()) | change))
    with pytest.raises(gd.GennDelaysError, match=said) as raised:
        getattr(gd.import_, name)(path)
    assert len(str(raised.value).splitlines()) <= 2


@pytest.mark.parametrize("name", FORMATS)
def test_another_number_of_synapses_than_was_written_is_told(name, tmp_path):
    c = case(2, (lif,))
    path = exported(name, c.network, tmp_path, c.dt)
    beside = path.with_suffix(".json")
    content = json.loads(beside.read_text())
    next(iter(content["projections"].values()))["synapses"] += 1
    beside.write_text(json.dumps(content))
    with pytest.raises(gd.GennDelaysError, match="correct it if these are right"):
        getattr(gd.import_, name)(path)


@pytest.mark.parametrize("name", FORMATS)
def test_what_exists_is_not_overwritten_and_what_does_not_is_told(name, tmp_path):
    c = case(2, (lif,))
    path = exported(name, c.network, tmp_path, c.dt)
    with pytest.raises(gd.GennDelaysError, match="exists already"):
        exported(name, c.network, tmp_path, c.dt)
    with pytest.raises(gd.GennDelaysError, match="there is no such"):
        getattr(gd.import_, name)(path.with_name(f"other{path.suffix}"))


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_358000_synapses_go_and_come_back_within_500_mb(name, tmp_path):
    net = gd.Network()
    net.add_population("input", gd.Input(), 700)
    net.add_population("hidden", gd.LIF(), 500)
    net.add_population("output", gd.LeakyReadout(), 16)
    for pre, post in (("input", "hidden"), ("hidden", "output")):
        net.connect(pre, post, weight=gd.init.Normal(0, 0.03), delay=gd.init.Uniform(0, 60))
    assert net.parameters()["weights"] == 358_000
    tracemalloc.start()
    found = getattr(gd.import_, name)(exported(name, net, tmp_path, 1.0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
    assert_same(found, net)
