"""Figures of runs: readable at their final width whatever the run, with what was learnt."""

from __future__ import annotations

import dataclasses
from importlib import import_module

import matplotlib.colors
import numpy as np
import pytest
from figure_layout import faults
from matplotlib.figure import Figure

import genn_delays as gd
from genn_delays.experiment.recipe import Recipe
from genn_delays.figures import FIGURES, grouping, overview, sparsity, style
from genn_delays.figures.answers import answer_over_time, answers_of
from genn_delays.figures.delays import title
from genn_delays.figures.material import Material, NothingToDrawError
from genn_delays.figures.raster import chosen_trials

LONG = "auditory_nerve_of_the_left_ear_after_the_cochlea"
NAMES = ("input", "hidden", "output")
ODD = "a $dollar$ \\and{ <b> % _"


def network(names=NAMES, hidden=1, outputs=3, delay=10.0, sign=1.0, seed=0) -> gd.Network:
    net = gd.Network(seed)
    first, middle, last = names
    net.add_population(first, gd.Input(), 6)
    net.add_population(last, gd.LeakyReadout(), outputs)
    for k in range(hidden):
        name = middle if k == 0 else f"{middle}_{k}"
        net.add_population(name, gd.LIF(), 5)
        drawn = gd.init.Uniform(0.0, delay) if delay else 0.0
        weight = gd.init.Normal(1.5 * sign, 1.0)
        net.connect(first, name, weight=weight, delay=drawn, max_delay=delay)
        net.connect(name, last, weight=gd.init.Normal(0.3, 1.0))
    return net


def lines(epochs, rewired=(), accuracy=True):
    found = []
    for epoch in range(1, epochs + 1):
        measured = {"loss": 2.0 / epoch, "spikes_per_neuron": 1234.5 + epoch, "seconds": 1.0}
        if accuracy:
            measured["accuracy"] = 1.0 - 0.5 / epoch
        train = {"epoch": epoch, "split": "train", **measured}
        if rewired:
            seen = {"synapses": 50, "dropped": 5, "grown": 5, "refused": 0, "age_mean": 12.0}
            train["rewiring"] = dict.fromkeys(rewired, seen)
        found += [train, {"epoch": epoch, "split": "validation", **measured}]
    return found


def data(net, classes=3, names=(), regression=False, steps=False):
    trials = 2 * max(classes, 2)
    rng = np.random.default_rng(0)
    outputs = net.populations[list(net.populations)[1]].size
    if regression:
        labels = rng.normal(size=(trials, outputs))
    elif steps:
        labels = rng.integers(0, classes, (trials, 30))
    else:
        labels = np.arange(trials) % classes
    given = (rng.random((trials, 30, 6)) < 0.2, labels)
    kwargs = {} if regression else {"classes": classes, "class_names": tuple(names)}
    return gd.Dataset.from_arrays({"test": given}, units=6, **kwargs)


def answers(net, dataset, readout=None, loss=None, gradient=None):
    readout = readout or gd.readouts.MaxVoltage()
    if loss is None:
        loss = gd.losses.CrossEntropy() if dataset.classes else gd.losses.MeanSquaredError()
    with gd.compile(net, readout=readout, gradient=gradient, steps=30, backend="reference") as sim:
        recipe = Recipe.of(sim.plan, loss, dataset)
    return answers_of(net, recipe, dataset, "reference", None)


class Whole(Material):
    """Material whose answers are given."""

    answers = None


def material(net, *, epochs=3, before=None, rewired=(), answered=None, accuracy=True) -> Material:
    made = Whole(
        lines(epochs, rewired, accuracy), net, before, best_epoch=epochs, test_accuracy=0.5
    )
    object.__setattr__(made, "answers", answered)
    return made


def drawn(name: str, made: Material, width: int) -> Figure:
    with style.styled():
        return import_module(f"genn_delays.figures.{name}").draw(made, width)


def checked(name: str, made: Material, width: int) -> Figure:
    with style.styled():
        figure = import_module(f"genn_delays.figures.{name}").draw(made, width)
        assert round(figure.get_figwidth() * 25.4) == width
        assert faults(figure) == []
    return figure


MANY = tuple(f"class {k} of many, with a name that is long" for k in range(40))


def everything(epochs=3, hidden=1, names=NAMES, class_names=("a", "b", "c")):
    net = network(names, hidden, outputs=len(class_names))
    before = network(names, hidden, outputs=len(class_names), seed=1)
    dataset = data(net, len(class_names), class_names)
    rewired = tuple(net.projections)
    return material(net, epochs=epochs, before=before, rewired=rewired,
                    answered=answers(net, dataset))  # fmt: skip


LONG_NAMES = (LONG, LONG + "_2", LONG + "_3")
CASES = {
    "150 epochs, long names, many classes": (
        90,
        {"epochs": 150, "names": LONG_NAMES, "class_names": MANY},
    ),
    "one epoch, one class, odd names": (
        180,
        {"epochs": 1, "names": (ODD, ODD + "2", ODD + "3"), "class_names": ("only",)},
    ),
}
MORE = {
    "many projections": {"hidden": 9},
    "two epochs, long names": {"epochs": 2, "names": LONG_NAMES},
    "many classes": {"epochs": 150, "class_names": MANY},
    "one class, odd names": {
        "epochs": 1,
        "names": (ODD, ODD + "2", ODD + "3"),
        "class_names": ("only",),
    },
}


@pytest.mark.parametrize("case", CASES)
def test_no_text_lies_on_another_or_is_cut_at_the_final_width(case):
    width, how = CASES[case]
    made = everything(**how)
    for name in FIGURES:
        checked(name, made, width)


@pytest.mark.slow
@pytest.mark.parametrize("width", style.WIDTHS)
@pytest.mark.parametrize("case", MORE)
def test_no_text_lies_on_another_whatever_is_long_or_many_or_one(case, width):
    made = everything(**MORE[case])
    for name in (*FIGURES, "overview"):
        checked(name, made, 180 if name == "overview" else width)


@pytest.mark.parametrize("width", style.WIDTHS)
def test_sparsity_curves_of_many_rules_are_readable(width):
    shares = (1.0, 0.5, 0.125, 0.031, 0.008, 0.002)
    curves = {
        f"{rule}, {delays}": {share: [90.0 * share**0.2, 95.0 * share**0.2] for share in shares}
        for rule in ("fixed wiring", "DEEP R", "RigL", "FCN24")
        for delays in ("fixed", "learnt", "best")
    }
    panels = {"EventProp, " + LONG: curves, "surrogate rule, spoken digits": curves}
    with style.styled():
        assert faults(sparsity.draw(panels, width)) == []


def test_a_fault_of_layout_is_found():
    figure = style.new_figure(90, 30)
    figure.text(0.5, 0.5, "one")
    figure.text(0.51, 0.5, "two")
    figure.text(0.98, 0.1, "cut at the edge")
    figure.text(0.1, 0.1, "small", fontsize=4)
    found = "\n".join(faults(figure))
    assert "'one' lies on 'two'" in found
    assert "'cut at the edge' leaves the figure" in found
    assert "'small' is 4.0 pt" in found


def luminance(colour) -> float:
    """Of a colour printed in grey, in [0, 1]."""
    return float(np.dot(matplotlib.colors.to_rgb(colour), (0.299, 0.587, 0.114)))


def test_lines_that_are_shown_together_differ_in_grey_or_by_their_dashes():
    pairs = [(style.COLOURS[s], style.DASHES[s]) for s in ("train", "validation")]
    styles = [list(map(str, each)) for each in (style.LINES, pairs)]
    assert styles
    for together in (style.LINES, pairs):
        for k, (one, dashes) in enumerate(together):
            for other, others in together[:k]:
                assert dashes != others or abs(luminance(one) - luminance(other)) > 0.1
    assert luminance(style.BEFORE) - luminance(style.AFTER) > 0.3


def test_piles_at_the_bounds_are_said_in_words_and_leave_the_scale_alone():
    net, before = network(), network(seed=1)
    table = net.projections["input->hidden"].synapses
    table.delay[:12], table.delay[12:24] = 0.0, 10.0
    figure = drawn("delays", material(net, before=before), 180)
    (words,) = [part._suptitle.get_text() for part in figure.subfigs]
    assert "at 0 ms 0 → 40 %; at 10 ms 0 → 40 %" in words
    assert figure.axes[0].get_ylim()[1] < 30.0


def test_delays_driven_close_to_a_bound_get_a_number_instead_of_the_scale():
    net = network()
    net.projections["input->hidden"].synapses.delay[:20] = 0.01
    figure = drawn("delays", material(net, before=network(seed=1)), 180)
    assert [text.get_text() for text in figure.axes[0].texts] == ["↑ 67 %"]


def test_what_a_run_has_nothing_of_is_left_out():
    made = material(network(delay=0.0), before=network(delay=0.0))
    for name, why in (("delays", "has delays"), ("receptive_fields", "has delays"),
                      ("rewiring", "nothing rewires")):  # fmt: skip
        with pytest.raises(NothingToDrawError, match=why):
            drawn(name, made, 180)
    labels = [axes.get_xlabel() for axes in drawn("overview", made, 180).axes]
    assert labels == ["epoch"] * 3 + ["weight"] * 2
    silent = network(sign=0.0)
    silent.projections["input->hidden"].synapses.weight[:] = 0.0
    with pytest.raises(NothingToDrawError, match="are 0"):
        drawn("receptive_fields", material(silent), 180)


def test_projections_that_have_no_room_are_counted():
    figure = drawn("weights", material(network(hidden=9)), 180)
    assert len(figure.axes) == 6
    (legend,) = figure.legends
    assert "12 smaller projections are not drawn" in [t.get_text() for t in legend.get_texts()]


def test_a_rewired_projection_shows_its_delays_by_sign():
    net, before = network(), network()
    before.projections["input->hidden"].synapses.keep(np.arange(30) < 20)
    figure = drawn("delays", material(net, before=before), 180)
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()][-2:] == [
        "excitatory after",
        "inhibitory after",
    ]


def test_inhibition_has_a_row_of_its_own_where_there_is_any():
    both = drawn("receptive_fields", material(network()), 180)
    labels = [axes.get_ylabel().split("\n")[0] for axes in both.axes]
    assert {"excitation", "inhibition"} < set(labels)
    net = network()
    weight = net.projections["input->hidden"].synapses.weight
    weight[:] = np.abs(weight)
    one = drawn("receptive_fields", material(net), 180)
    assert "inhibition" not in [axes.get_ylabel().split("\n")[0] for axes in one.axes]


READOUTS = {
    "a mean": (gd.readouts.MeanVoltage(), None, None, {}),
    "a sum of softmax": (gd.readouts.SoftmaxSum(), None, gd.Surrogate(), {}),
    "a class for each step": (
        gd.readouts.VoltageTrace(),
        gd.losses.StepCrossEntropy(),
        None,
        {"steps": True},
    ),
    "a regression": (gd.readouts.MeanVoltage(), None, None, {"regression": True}),
}


@pytest.mark.parametrize("kind", READOUTS)
def test_the_answer_over_time_ends_at_the_answer(kind):
    readout, loss, gradient, how = READOUTS[kind]
    net = network()
    found = answers(net, data(net, **how), readout, loss, gradient)
    recorded = found.record(np.array([0]))[found.read_population]
    times, said = answer_over_time(readout, recorded, 0, 1.0)
    outputs = found.model.outputs(found.split.batch(np.array([0])))[0]
    np.testing.assert_allclose(said[-1], outputs if outputs.ndim == 1 else outputs[-1], rtol=1e-4)
    assert times[-1, 0] == 30.0
    checked("raster", material(net, answered=found, accuracy=not how.get("regression")), 90)


@pytest.mark.parametrize("readout", [gd.readouts.FirstSpike(), gd.readouts.SpikeCount()])
def test_spikes_that_are_read_are_drawn_and_answer_as_they_come(readout):
    net = gd.Network()
    net.add_population("input", gd.Input(), 6)
    net.add_population("output", gd.LIF(), 3)
    net.connect("input", "output", weight=2.0, delay=gd.init.Uniform(0, 5), max_delay=5.0)
    first = readout.reads == "first_spike"
    loss = gd.losses.CrossEntropy(scale=-1.0 if first else 1.0)
    found = answers(net, data(net), readout, loss, None if first else gd.Surrogate())
    recorded = found.record(np.array([0]))["output"]
    _, said = answer_over_time(readout, recorded, 0, 1.0)
    outputs = found.model.outputs(found.split.batch(np.array([0])))[0]
    np.testing.assert_allclose(said[-1], outputs)
    figure = checked("raster", material(net, answered=found), 90)
    wanted = "first spike (ms)\nearliest wins" if first else "answer so far"
    assert [axes.get_ylabel() for axes in figure.axes[::2]] == ["input", "output", wanted]


def test_graded_input_and_a_recurrent_network_are_drawn():
    net = network()
    net.connect("hidden", "hidden", weight=0.1, delay=gd.init.Uniform(0, 5), max_delay=5.0)
    values = np.random.default_rng(0).normal(size=(4, 30, 6))
    dataset = gd.Dataset.from_arrays({"test": (values, np.arange(4) % 3)}, units=6)
    made = material(net, before=network(seed=1), answered=answers(net, dataset))
    for name in ("raster", "delays", "receptive_fields", "weights"):
        figure = checked(name, made, 90)
        assert name != "raster" or figure.axes[0].images


def test_dots_of_a_population_are_alike_in_all_trials():
    net = network()
    images = [np.zeros((30, 6)) for _ in range(4)]
    images[1][:, :] = 1.0  # more than 50 spikes, beside trials without any
    dataset = gd.Dataset.from_arrays({"test": (np.array(images), np.arange(4) % 3)}, units=6)
    figure = drawn("raster", material(net, answered=answers(net, dataset)), 180)
    sizes = {a.lines[0].get_markersize() for a in figure.axes[:3]}
    assert len(sizes) == 1


def test_trials_are_chosen_from_several_classes_and_a_wrong_one_comes_last():
    net = network()
    found = answers(net, data(net))
    told = dataclasses.replace(found, predicted=np.array([0, 1, 2, 0, 1, 1]))
    assert chosen_trials(told, 3).tolist() == [0, 1, 5]
    right = dataclasses.replace(found, predicted=found.labels)
    assert chosen_trials(right, 3).tolist() == [0, 1, 2]
    wrong = dataclasses.replace(found, predicted=(found.labels + 1) % 3)
    assert sorted(chosen_trials(wrong, 3)) == [0, 1, 2]


def test_the_confusion_matrix_counts_what_was_given_no_class():
    net = network()
    found = dataclasses.replace(answers(net, data(net)), predicted=np.array([0, 1, 2, 0, -1, 1]))
    expected = [[2, 0, 0, 0], [0, 1, 0, 1], [0, 1, 1, 0]]
    np.testing.assert_array_equal(found.matrix(), expected)
    figure = drawn("confusion", material(net, answered=found), 180)
    words = figure._suptitle.get_text().splitlines()
    assert words[0] == "test: 4 of 6 trials right, 66.7 %"
    assert words[1] == "most often mistaken: 1, taken for none (1)"


def test_a_regression_has_no_matrix():
    net = network()
    found = answers(net, data(net, regression=True))
    with pytest.raises(NothingToDrawError, match="regression"):
        drawn("confusion", material(net, answered=found), 180)


def test_rewiring_is_drawn_in_shares_of_what_is_there():
    made = material(network(), rewired=("input->hidden",))
    figure = drawn("rewiring", made, 180)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), 10.0)
    assert [axes.get_ylabel() for axes in figure.axes][:2] == ["replaced (%)", "age (batches)"]


def test_the_legend_of_grouping_has_only_what_is_drawn():
    with style.styled():
        figure = grouping.draw_rows({"a->b": {"nearest": {"weights": [0.1, 0.2]}}}, 90)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["against shuffled weights"]


def test_a_curve_of_spikes_that_does_not_change_is_below_the_edge():
    figure = drawn("curves", material(network(), epochs=1), 180)
    spikes = figure.axes[2]
    assert spikes.get_ylim()[0] == 0.0
    assert spikes.get_ylim()[1] > 1.05 * max(max(line.get_ydata()) for line in spikes.lines[1:])


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.012, 0.5, 1.0])
def test_a_share_that_is_not_nothing_does_not_read_as_nothing(share):
    assert (style.percent(share) == "0") == (share == 0.0)


def test_a_name_that_is_too_long_keeps_its_beginning_and_its_end():
    short = style.fitted(f"{LONG}->output", 30.0)
    assert short.startswith("audit")
    assert short.endswith("output")
    assert style.width_of(short) <= 30.0
    assert style.fitted("short", 30.0) == "short"
    assert len(title(network().projections["input->hidden"], None, 176.0)) == 2
    assert overview.WIDTH == 180
