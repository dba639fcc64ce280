"""Parts of a user's own on the engines: the same numbers, or a clear refusal."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from own_plugins import MINE

import genn_delays as gd
from genn_delays.experiment.recipe import Recipe
from genn_delays.plugins import build_named, user_files
from genn_delays.support.errors import CheckpointError, ConfigError, GennDelaysError, PlanError

EVENTS = gd.Events([1.0, 3.0, 4.0, 9.0], [0, 1, 0, 1], [0, 0, 1, 1], 2)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """What a mapping names in the file of docs/plugins.md."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return lambda name, **settings: {"file": "mine.py", "name": name, **settings}


def gradients(net, rule, readout, backend):
    given = {"steps": 40, "batch_size": 2, "precision": "float64", "backend": backend}
    with gd.compile(net, gradient=rule, readout=readout, **given) as simulation:
        outputs = simulation.forward(EVENTS)
        found = simulation.backward(np.cos(np.arange(outputs.size)).reshape(outputs.shape))
    return np.concatenate([outputs.ravel(), *(g.weight for g in found.values())])


def test_a_neuron_and_a_readout_of_a_file_are_the_same_on_both_engines(mine):
    net = gd.models.feedforward.build(
        inputs=2,
        outputs=2,
        seed=1,
        hidden=(6,),
        neuron=mine("Lowered"),
        weight_input=(3.0, 1.0),
        max_delay=5.0,
    )
    readout = build_named("readout", gd.readouts.Readout, {}, mine("SoftMax", sharpness=3.0))
    expected = gradients(net, gd.EventProp(), readout, "reference")
    assert np.count_nonzero(expected) > 10
    found = gradients(net, gd.EventProp(), readout, "native")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_derivatives_of_the_page_are_those_of_its_readout_loss_and_kernel(mine):
    readout = build_named("readout", gd.readouts.Readout, {}, mine("SoftMax"))
    loss = build_named("loss", gd.losses.Loss, {}, mine("Hinge"))
    kernel = gd.kernels.make(mine("Cosine"), 2.0)
    rng, small = np.random.default_rng(1), 1e-6
    voltage, labels = rng.normal(size=(2, 5, 3)), np.array([0, 2])

    def value(v):
        return loss(readout.forward(v, 1.0), labels)[0]

    slope = readout.backward(loss(readout.forward(voltage, 1.0), labels)[1], voltage, 1.0)
    for place in np.ndindex(voltage.shape):
        step = np.zeros_like(voltage)
        step[place] = small
        measured = (value(voltage + step) - value(voltage - step)) / (2 * small)
        assert measured == pytest.approx(slope[place], abs=1e-8)
    delay = np.array([3.2, 6.9])
    taps = [kernel.taps(delay + sign * small, 20, 1e-12).weight for sign in (1, -1)]
    measured = (taps[0] - taps[1]) / (2 * small)
    np.testing.assert_allclose(kernel.taps(delay, 20, 1e-12).slope, measured, atol=1e-7)


def test_a_delay_kernel_of_a_file_is_the_same_on_both_engines(mine):
    build, kernel = gd.models.dcls.build, mine("Cosine")
    net = build(inputs=2, outputs=2, seed=1, hidden=4, kernel=kernel, sigma=2.0, max_delay=8)
    readout = gd.readouts.SoftmaxSum()
    expected = gradients(net, gd.Surrogate(), readout, "reference")
    found = gradients(net, gd.Surrogate(), readout, "native")
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_a_function_may_make_a_neuron_and_nothing_else(mine, tmp_path):
    text = "import genn_delays as gd\n\ndef slow(tau=30.0):\n    return gd.LIF(tau)\n"
    (tmp_path / "mine.py").write_text(text + "\ndef none():\n    return 3\n")
    assert gd.neurons.make(mine("slow", tau=40.0)).tau_mem == 40.0
    with pytest.raises(GennDelaysError, match="'none' makes a int; return a"):
        gd.neurons.make(mine("none"))
    with pytest.raises(GennDelaysError, match=r"'slow' of .* is no class"):
        build_named("loss", gd.losses.Loss, {}, mine("slow"))


def small_network():
    return gd.models.feedforward.build(inputs=2, outputs=2, seed=1, hidden=(3,))


def test_a_readout_whose_weights_are_not_its_outputs_is_refused():
    class Doubled(gd.readouts.MeanVoltage):
        def forward(self, observed, dt):
            return 2 * super().forward(observed, dt)

    with pytest.raises(PlanError, match=r"Doubled: forward\(\) gives other outputs than weights"):
        gd.compile(small_network(), gradient=gd.EventProp(), readout=Doubled(), steps=10)


class Short(gd.readouts.MaxVoltage):
    def backward(self, output_gradient, observed, dt):
        return output_gradient


class Flat(gd.readouts.MaxVoltage):
    def forward(self, observed, dt):
        return observed.max(axis=(1, 2))


@pytest.mark.parametrize("backend", ["reference", "native"])
def test_shapes_that_a_readout_gets_wrong_are_named(backend):
    given = {"gradient": gd.EventProp(), "steps": 10, "backend": backend}
    events = gd.Events([1.0], [0], [0], 1)
    with gd.compile(small_network(), readout=Short(), **given) as simulation:
        outputs = simulation.forward(events)
        with pytest.raises(PlanError, match=r"Short.backward\(\) returned shape \(1, 2\)"):
            simulation.backward(outputs)
    with (
        gd.compile(small_network(), readout=Flat(), **given) as simulation,
        pytest.raises(PlanError, match=r"Flat.forward\(\) returned shape \(1,\)"),
    ):
        simulation.forward(events)


class Kept(gd.losses.CrossEntropy):
    pass


class Bag(gd.losses.Loss):
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, outputs, targets):
        return 0.0, self.scale * outputs


def recipe(loss):
    plan = {"dt": 1.0, "steps": 10, "precision": "float32", "discretisation": "exact"}
    return Recipe(**plan, gradient=gd.EventProp(), readout=gd.readouts.MaxVoltage(), loss=loss)


def test_a_loss_that_could_not_be_made_again_is_refused_when_it_is_written():
    @dataclass(frozen=True)
    class Inside(gd.losses.CrossEntropy):
        pass

    assert Recipe.from_attribute(recipe(Kept(scale=3.0)).to_attribute(), "f").loss.scale == 3.0
    with pytest.raises(CheckpointError, match="'Inside' again: it is defined inside a function"):
        recipe(Inside()).to_attribute()
    with pytest.raises(ConfigError, match=r"Bag takes \['scale'\] but is no dataclass"):
        recipe(Bag(2.0)).to_attribute()


def test_a_class_of_a_script_is_found_again_in_its_file(mine, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_script.py").write_text(MINE)
    net = gd.Network(seed=1)
    net.add_population("hidden", importlib.import_module("my_script").Lowered(share=0.25), 2)
    gd.checkpoint.save("one.h5", net)
    monkeypatch.delitem(sys.modules, "my_script")
    monkeypatch.setattr(user_files, "_latest", ())
    with pytest.raises(
        CheckpointError, match=r"import my_script before .* plugins=\['my_script.py'\]"
    ):
        gd.checkpoint.load("one.h5")
    gd.plugins.register("my_script.py")
    assert gd.checkpoint.load("one.h5").network.populations["hidden"].neuron.share == 0.25
    assert "my_script" not in sys.modules


@dataclass(frozen=True)
class Lossless(gd.losses.Loss):
    def __call__(self, outputs, targets):
        return outputs.mean()


@dataclass(frozen=True)
class Silent(gd.rewiring.RewiringRule):
    def step(self, context):
        pass


@dataclass(frozen=True)
class Lost(gd.datasets.Augmentation):
    def __call__(self, events, rng, *, units, duration):
        pass


WRONG = {
    "Lossless returned parts of shape": {"loss": Lossless()},
    r"Silent.step\(\) returned None": {"rewiring": [Silent()]},
    "Lost returned NoneType; return": {"augmentations": [Lost()]},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_a_part_returns_wrongly_is_named(message):
    data = gd.datasets.load("sequence", dt=1.0, train=2, duration=20.0)
    net = gd.models.feedforward.build(inputs=data.units, outputs=2, seed=1, hidden=(3,))
    with pytest.raises(GennDelaysError, match=message):
        gd.fit(net, data, epochs=1, backend="reference", progress=False, **WRONG[message])
