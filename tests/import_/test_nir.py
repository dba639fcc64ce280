"""Graphs of NIR: those of other software, and what they cannot hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.support.limits import VARIABLE


def small() -> gd.Network:
    net = gd.Network(seed=1)
    net.add_population("input", gd.Input(), 3)
    net.add_population("hidden", gd.LIF(20.0, 5.0), 4)
    net.connect("input", "hidden", weight=gd.init.Normal(0, 1), delay=gd.init.Uniform(0, 9))
    return net


class TestNir:
    """Graphs that were written by the library nir."""

    @pytest.fixture
    def nir(self):
        return pytest.importorskip("nir", reason="the extra nir is not installed")

    def graph(self, nir, **values):
        cuba = {
            "tau_mem": np.full(2, 0.02),
            "tau_syn": np.full(2, 0.005),
            "r": np.ones(2),
            "v_leak": np.zeros(2),
            "v_threshold": np.full(2, 0.7),
            "w_in": np.full(2, 10.0),
        }
        return {
            "in": nir.Input(np.array([3])),
            "wait": nir.Delay(np.array([0.002, 0.0, 0.001])),
            "w": nir.Affine(np.array([[1.0, 2.0, 0.0], [3.0, 0.0, 4.0]]), np.array([0.25, 0.0])),
            "lif": nir.CubaLIF(**cuba | values),
            "back": nir.Linear(np.array([[0.0, 0.5], [0.0, 0.0]])),
            "later": nir.Delay(np.array([0.003, 0.004])),
            "out": nir.Output(np.array([2])),
        }

    EDGES = (
        ("in", "wait"),
        ("wait", "w"),
        ("w", "lif"),
        ("lif", "back"),
        ("back", "later"),
        ("later", "lif"),
        ("lif", "out"),
    )

    def read(self, nir, path: Path, nodes, edges=EDGES, **given):
        nir.write(path, nir.NIRGraph(nodes, list(edges)))
        return gd.import_.nir(path, **given)

    def test_a_graph_becomes_neurons_weights_and_delays(self, nir, tmp_path):
        net = self.read(nir, tmp_path / "g.nir", self.graph(nir), dt=0.5, lag=0)
        assert {n: p.size for n, p in net.populations.items()} == {"in": 3, "lif": 2}
        neuron = net.populations["lif"].neuron
        assert isinstance(neuron, gd.LIF)
        np.testing.assert_allclose(neuron.tau_mem, 20.0)
        first, back = net.projections["in->lif"], net.projections["lif->lif"]
        assert first.synapses.pre.tolist() == [0, 0, 1, 2]
        assert first.synapses.weight.tolist() == [1.0, 3.0, 2.0, 4.0]  # a weight of 0 is none
        np.testing.assert_allclose(first.synapses.delay, [2.0, 2.0, 0.0, 1.0])
        assert (back.synapses.pre.tolist(), back.synapses.post.tolist()) == ([1], [0])
        np.testing.assert_allclose(back.synapses.delay, [3.0])
        np.testing.assert_allclose(net.populations["lif"].units.bias, [0.25, 0.0])

    def test_a_step_is_taken_from_its_delays_where_spikes_take_one(self, nir, tmp_path):
        edges = self.EDGES
        nodes = self.graph(nir)
        nodes["wait"] = nir.Delay(np.array([0.002, 0.0005, 0.001]))
        net = self.read(nir, tmp_path / "g.nir", nodes, edges, dt=0.5, lag=1)
        found = net.projections["in->lif"].synapses.delay
        np.testing.assert_array_equal(found, [1.5, 1.5, 0.0, 0.5])

    def test_the_gain_of_its_neurons_goes_into_weights(self, nir, tmp_path):
        nodes = self.graph(nir, w_in=np.array([20.0, 10.0]), r=np.array([1.0, 3.0]))
        net = self.read(nir, tmp_path / "g.nir", nodes, dt=0.5, lag=0)
        assert net.projections["in->lif"].synapses.weight.tolist() == [2.0, 9.0, 4.0, 12.0]
        np.testing.assert_allclose(net.populations["lif"].units.bias, [0.5, 0.0])

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({}, "give dt="),
            ({"dt": 0.5}, "give lag=1"),
            ({"dt": 0.5, "lag": 1}, "a delay of 0 ms is less than a step of 0.5 ms"),
            ({"dt": 0.5, "lag": 2}, "must be 0 or 1 steps"),
            ({"dt": -1}, "must be > 0 ms"),
        ],
    )
    def test_what_it_does_not_say_is_asked_for(self, nir, given, said, tmp_path):
        with pytest.raises(gd.GennDelaysError, match=said):
            self.read(nir, tmp_path / "g.nir", self.graph(nir), **given)

    def test_a_neuron_that_rests_elsewhere_is_asked_for(self, nir, tmp_path):
        nodes = self.graph(nir, v_leak=np.full(2, 0.1))
        with pytest.raises(gd.GennDelaysError, match=r"give neurons={'lif': gd\.LIF"):
            self.read(nir, tmp_path / "g.nir", nodes, dt=0.5, lag=0)
        given = {"neurons": {"lif": gd.LIF(7.0)}, "dt": 0.5, "lag": 0}
        nodes = self.graph(nir, v_leak=np.full(2, 0.1))
        net = self.read(nir, tmp_path / "g.nir", nodes, **given)
        assert net.populations["lif"].neuron.tau_mem == 7.0

    def test_nodes_that_are_no_synapses_are_named(self, nir, tmp_path):
        nodes = self.graph(nir) | {"lif": nir.Threshold(np.ones(2))}
        with pytest.raises(gd.GennDelaysError, match="node 'lif' is a Threshold"):
            self.read(nir, tmp_path / "g.nir", nodes, dt=0.5, lag=0)

    def test_what_is_written_is_a_valid_graph_with_a_delay_on_every_synapse(self, nir, tmp_path):
        net = small()
        graph = nir.read(gd.export.nir(net, tmp_path / "net.nir", dt=1.0))
        table = net.projections["input->hidden"].synapses
        for post in range(4):
            delay = graph.nodes[f"input_to_hidden_{post}_delay"].delay
            weight = graph.nodes[f"input_to_hidden_{post}_weight"].weight
            of = table.post == post
            steps = np.rint(table.delay[of]) + 1
            np.testing.assert_allclose(delay, steps / 1000.0, rtol=1e-15)
            assert weight[0].tobytes() == table.weight[of].tobytes()
        assert ("input", "input_to_hidden_0_delay") in graph.edges

    @pytest.mark.parametrize(
        ("neuron", "said"),
        [
            (gd.AdaptiveLIF(), "one exponential current or none"),
            (gd.LIF(refractory=2.0), "no refractory period"),
            (gd.DiscreteLIF(input_steps=2), "no input that waits"),
        ],
    )
    def test_what_nir_cannot_hold_is_refused_before_a_file_is_written(
        self, nir, neuron, said, tmp_path
    ):
        net = gd.Network()
        net.add_population("input", gd.Input(), 3)
        net.add_population("hidden", neuron, 4)
        with pytest.raises(gd.GennDelaysError, match=f"population 'hidden'.*{said}"):
            gd.export.nir(net, tmp_path / "net.nir", dt=1.0)
        assert list(tmp_path.iterdir()) == []

    def test_a_graph_beyond_the_limit_on_memory_is_refused(self, nir, tmp_path, monkeypatch):
        monkeypatch.setenv(VARIABLE, "1")
        net = gd.Network()
        net.add_population("input", gd.Input(), 20000)
        net.add_population("hidden", gd.LIF(), 8)
        net.connect("input", "hidden", weight=1.0, density=0.001)
        with pytest.raises(gd.GennDelaysError, match="whose every neuron has all 'input' units"):
            gd.export.nir(net, tmp_path / "net.nir", dt=1.0)
