"""Synapses of Brian2 and mlGeNN as arguments of connect."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import genn_delays as gd


class TestBrian2:
    """Arrays of a Synapses object."""

    ARRAYS: ClassVar = {
        "i": np.array([0, 0, 2]),
        "j": np.array([1, 3, 0]),
        "w": np.array([0.5, -1.0, 2.0]),
    }

    def test_a_step_less_gives_the_arrival_that_brian2_has(self):
        delay = np.array([1.0, 2.0, 3.5]) / 1000.0  # s; it rounds 3.5 steps to 4
        found = gd.import_.brian2(self.ARRAYS | {"delay": delay}, dt=1.0)
        net = gd.Network()
        net.add_population("a", gd.Input(), 3)
        net.add_population("b", gd.LIF(), 4)
        table = net.connect("a", "b", **found).synapses
        assert table.weight.tolist() == [0.5, -1.0, 2.0]
        assert table.delay.tolist() == [0.0, 1.0, 3.0]

    def test_one_delay_stands_for_all(self):
        found = gd.import_.brian2(self.ARRAYS | {"delay": np.array([0.002])}, dt=0.1)
        np.testing.assert_allclose(found["delay"], [1.9, 1.9, 1.9])

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({}, "there is no 'delay'"),
            ({"delay": np.zeros(3)}, "is less than a step of 1 ms"),
            ({"delay": np.ones(2)}, "arrays of different length"),
            ({"delay": np.array(["x"] * 3)}, "'delay' is"),
        ],
    )
    def test_what_is_wrong_is_named(self, change, said):
        with pytest.raises(gd.GennDelaysError, match=said):
            gd.import_.brian2(self.ARRAYS | change, dt=1.0)


class TestMlGenn:
    """Files of mlGeNN's numpy serialiser."""

    def saved(self, folder: Path, **arrays: np.ndarray) -> Path:
        for name, array in arrays.items():
            np.save(folder / f"10-Conn_input_hidden-{name}.npy", array)
        return folder

    def test_sparse_connectivity_comes_with_its_pairs_and_steps(self, tmp_path):
        g = np.array([0.5, -1.0], np.float32)
        ends = {"pre_ind": np.array([0, 2], np.uint32), "post_ind": np.array([3, 1], np.uint32)}
        folder = self.saved(tmp_path, g=g, d=np.array([0.0, 7.0], np.float32), **ends)
        found = gd.import_.mlgenn(folder, dt=2.0, keys=(10,))
        net = gd.Network()
        net.add_population("input", gd.Input(), 3)
        net.add_population("hidden", gd.LIF(), 4)
        table = net.connect("input", "hidden", **found["Conn_input_hidden"]).synapses
        assert (table.pre.tolist(), table.post.tolist()) == ([0, 2], [3, 1])
        assert (table.weight.tolist(), table.delay.tolist()) == ([0.5, -1.0], [0.0, 14.0])

    def test_dense_connectivity_comes_in_the_order_of_pairs(self, tmp_path):
        self.saved(tmp_path, g=np.arange(12, dtype=np.float32))
        found = gd.import_.mlgenn(tmp_path, dt=1.0, keys=(10,))["Conn_input_hidden"]
        net = gd.Network()
        net.add_population("input", gd.Input(), 3)
        net.add_population("hidden", gd.LIF(), 4)
        table = net.connect("input", "hidden", **found).synapses
        assert table.weight[table.pre * 4 + table.post].tolist() == list(range(12))

    def test_what_is_wrong_is_named(self, tmp_path):
        with pytest.raises(gd.GennDelaysError, match="no weights of mlGeNN"):
            gd.import_.mlgenn(tmp_path, dt=1.0)
        folder = self.saved(tmp_path, g=np.zeros(3), d=np.zeros(4))
        with pytest.raises(gd.GennDelaysError, match="do not belong together"):
            gd.import_.mlgenn(folder, dt=1.0, keys=(10,))
        with pytest.raises(gd.GennDelaysError, match="No such file"):
            gd.import_.mlgenn(tmp_path / "other", dt=1.0)
