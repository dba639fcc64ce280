"""Training with Adam on the device: the steps of the host, without a gradient that comes back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.backends.genn.availability import CPU, require
from genn_delays.backends.genn.synapses import ProjectionBuffers
from genn_delays.experiment import checkpoint
from genn_delays.rewiring import DeepR
from genn_delays.support.errors import BackendError, ConfigError, PlanError, TrainingError
from genn_delays.training import (
    SGD,
    Adam,
    Callback,
    Cosine,
    EaseIn,
    Group,
    Interrupted,
    OneCycle,
    Optimiser,
    SilentRescue,
    SpikeCount,
)

HOST = Optimiser(
    weight=Group(Adam(0.02, weight_decay=1e-3), (EaseIn(5), Cosine())), delay=Adam(0.1)
)
DEVICE = replace(HOST, device=True)
SETTINGS = {"rescue": SilentRescue(0.05), "regularisers": [SpikeCount(2.0, 1e-3)]}


@pytest.fixture
def learner():
    """Compiles a network so that it learns on the device."""
    try:
        require(CPU)
    except BackendError as error:
        pytest.skip(str(error).splitlines()[0])

    def compiled(network, rule=None, optimiser=DEVICE):
        options = {"backend": "genn-cpu", "precision": "float64", "gradient": rule}
        adam = {what: optimiser.default(what).rule for what in ("weight", "delay")}
        return gd.compile(network, steps=20, batch_size=4, adam=adam, **options)

    return compiled


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-9, err_msg=str(name))


@pytest.mark.genn
@pytest.mark.parametrize("rule", [gd.EventProp(), gd.Surrogate()], ids=["eventprop", "surrogate"])
def test_a_run_on_the_device_takes_the_steps_of_the_host(
    new_network, make_trainer, columns, learner, new_simulation, monkeypatch, rule
):
    """Schedules, regularisers and a rescue at the end of each of three epochs, and no gradient."""
    on_host, on_device = new_network(), new_network()
    simulation = new_simulation(on_host, gradient=rule)
    make_trainer(on_host, simulation=simulation, optimiser=HOST, **SETTINGS).fit()
    monkeypatch.setattr(ProjectionBuffers, "gradient", None)
    simulation = learner(on_device, rule)
    make_trainer(on_device, simulation=simulation, optimiser=DEVICE, **SETTINGS).fit()
    assert_close(columns(on_device), columns(on_host))


class StopAfter(Callback):
    """Asks for a stop once so many batches are done, and saves as the command line does."""

    def __init__(self, batches, path):
        self.left, self.path = batches, path

    def on_batch_end(self, trainer):
        self.left -= 1
        if self.left == 0:
            trainer.request_stop()

    def on_interrupt(self, trainer):
        checkpoint.save(self.path, trainer.network, trainer.state)


@pytest.mark.genn
@pytest.mark.parametrize("stop_after", [2, 3, 4])
def test_a_run_on_the_device_is_resumed_bit_for_bit(
    tmp_path, new_network, make_trainer, columns, learner, stop_after
):
    """Three batches per epoch: stops within an epoch and with its last batch."""
    whole, path = new_network(), tmp_path / "checkpoint.h5"
    settings = {"optimiser": DEVICE, **SETTINGS}
    make_trainer(whole, simulation=learner(whole), **settings).fit()
    stopped = new_network()
    trainer = make_trainer(
        stopped, simulation=learner(stopped), callbacks=[StopAfter(stop_after, path)], **settings
    )
    with pytest.raises(Interrupted):
        trainer.fit()
    saved = checkpoint.load(path)
    resumed = make_trainer(
        saved.network, simulation=learner(saved.network), state=saved.trainer_state, **settings
    )
    resumed.fit()
    expected, found = columns(whole), columns(saved.network)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=str(name))


@pytest.mark.genn
def test_what_is_not_finite_on_the_device_never_reaches_the_tables(
    new_network, dataset, columns, learner
):
    network = new_network()
    before = columns(network)
    with learner(network, optimiser=Optimiser(weight=Adam(1e308))) as simulation:
        for _ in range(3):
            outputs = simulation.forward(dataset.train.batch(np.arange(4)))
            simulation.accumulate(np.ones_like(outputs))
            simulation.learn()
        with pytest.raises(TrainingError, match=r"'.*->.*' learnt as its weight holds NaN"):
            simulation.fetch(network)
    after = columns(network)
    assert all(np.array_equal(after[name], values) for name, values in before.items())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clip": 1.0}, "clip"),
        ({"groups": {"input->hidden": {"weight": Adam(0.1)}}}, "groups"),
        ({"delay": SGD(0.1)}, "rule SGD for the delay"),
        ({"weight": Group(Adam(0.1), l1=0.1)}, "l1 for the weight"),
        ({"weight": Group(Adam(0.1), (OneCycle(momentum=(0.85, 0.95)),))}, "sets the momentum"),
    ],
)
def test_what_the_device_cannot_do_is_refused(network, make_trainer, changes, said):
    with pytest.raises(ConfigError, match=rf"device: true has no .*{said}"):
        make_trainer(network, optimiser=replace(DEVICE, **changes))


def test_rewiring_and_what_populations_learn_need_the_host(
    network, new_surrogate_network, make_trainer, make_surrogate_trainer
):
    with pytest.raises(ConfigError, match="device: true has no rewiring"):
        make_trainer(network, optimiser=DEVICE, rewiring=[DeepR()])
    with pytest.raises(ConfigError, match=r"what population 'hidden' learns"):
        make_surrogate_trainer(new_surrogate_network(), optimiser=DEVICE)


def test_an_engine_that_learns_on_the_host_says_so(network, make_trainer):
    with pytest.raises(ConfigError, match="the simulation learns nothing by itself"):
        make_trainer(network, optimiser=DEVICE)
    with pytest.raises(PlanError, match="'native' learns on the host; take genn-cuda"):
        gd.compile(network, steps=20, backend="native", adam={"weight": Adam(0.1)})
    with pytest.raises(ConfigError, match="device is 1; give true or false"):
        Optimiser(device=1)
    with pytest.raises(TrainingError, match="is on the device"):
        DEVICE.step(network, {})
