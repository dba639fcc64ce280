"""Statistics and pictures of what was learnt."""

from __future__ import annotations

import numpy as np
import pytest
from genn_delays.analysis.plots import draw

import genn_delays as gd
from genn_delays.analysis import statistics


def network(weight=0.5, delay=(0.0, 4.0, 10.0)):
    net = gd.Network()
    net.add_population("input", gd.Input(), 3)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=weight, delay=np.array(delay), max_delay=10.0)
    return net


def test_statistics_count_bounds_and_distances():
    after = network(weight=np.array([0.5, -0.5, 1.5]), delay=(0.0, 10.0, 10.0))
    found = statistics(after, network())["input->output"]
    assert found.synapses == 3
    assert found.delay_at_zero == pytest.approx(1 / 3)
    assert found.delay_at_max == pytest.approx(2 / 3)
    assert found.delay_moved == pytest.approx(2.0)
    assert found.weight_moved == pytest.approx(2 / 3)
    assert found.excitatory == pytest.approx(2 / 3)
    assert found.weight_mean == pytest.approx(0.5)


def test_nothing_is_compared_where_the_wiring_differs():
    before = network()
    before.projections["input->output"].synapses.keep(np.array([True, True, False]))
    found = statistics(network(), before)["input->output"]
    assert found.delay_moved is None
    assert found.weight_moved is None
    assert statistics(network())["input->output"].delay_moved is None


@pytest.mark.parametrize("accuracy", [0.5, None])
def test_a_figure_has_curves_and_a_row_per_projection(accuracy):
    measured = {"loss": 1.0, "spikes_per_neuron": 2.0, "seconds": 1.0}
    if accuracy is not None:
        measured["accuracy"] = accuracy
    lines = [
        {"epoch": epoch, "split": split, **measured}
        for epoch in (1, 2, 3, 4)
        for split in ("train", "validation")
    ]
    figure = draw(lines, network(), network(weight=0.1), best_epoch=2)
    titles = [axes.get_ylabel() for axes in figure.axes]
    second = "spikes per neuron" if accuracy is None else "accuracy (%)"
    assert titles == ["loss", second, "synapses", "synapses"]


def test_a_projection_without_delays_is_drawn_without_them():
    net = gd.Network()
    net.add_population("input", gd.Input(), 2)
    net.add_population("output", gd.LeakyReadout(), 1)
    net.connect("input", "output", weight=0.5)
    lines = [{"epoch": 1, "split": "train", "loss": 1.0, "accuracy": 1.0}]
    figure = draw(lines, net)
    assert [text.get_text() for text in figure.axes[2].texts] == ["input->output: no delays"]


def test_a_run_that_rewires_shows_how_much_and_how_old():
    seen = {"synapses": 50, "dropped": 5, "grown": 5, "refused": 0, "age_mean": 12.0}
    lines = [
        {"epoch": epoch, "split": split, "loss": 1.0, "accuracy": 0.5}
        | ({"rewiring": {"input->output": seen}} if split == "train" else {})
        for epoch in (1, 2, 3)
        for split in ("train", "validation")
    ]
    figure = draw(lines, network())
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels[2:4] == ["grown (% of synapses)", "mean age (batches)"]
    np.testing.assert_allclose(figure.axes[2].lines[0].get_ydata(), 10.0)
