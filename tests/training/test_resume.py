"""A run stopped anywhere and resumed from its checkpoint equals one that was never stopped."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.experiment import checkpoint
from genn_delays.rewiring import FCN24, SET, Dale, DeepR, Growth, RigL, SoftDeepR
from genn_delays.training import (
    Adam,
    Callback,
    Cosine,
    EaseIn,
    Group,
    Interrupted,
    Narrowing,
    OneCycle,
    Optimiser,
    SilentRescue,
    SpikeCount,
)


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


class History(Callback):
    def __init__(self):
        self.losses = []

    def on_epoch_end(self, trainer, metrics, is_best):
        self.losses.append((metrics["train"].loss, metrics["validation"].loss, is_best))


def untimed(state):
    mapping = state.to_mapping()
    mapping["tally"].pop("seconds")
    return mapping


@pytest.fixture
def settings(jitter):
    return {
        "optimiser": Optimiser(
            weight=Group(Adam(0.02), (EaseIn(5), Cosine())), delay=Adam(0.1), clip=1.0
        ),
        "augmentations": [jitter],
        "regularisers": [SpikeCount(2.0, 1e-3)],
        "rescue": SilentRescue(0.05),
    }


@pytest.mark.parametrize("stop_after", [1, 2, 3, 5, 6, 8])
def test_resuming_equals_an_uninterrupted_run_bit_for_bit(
    tmp_path, new_network, make_trainer, columns, settings, stop_after
):
    """Three batches per epoch: stops within an epoch and with its last batch."""
    whole, history = new_network(), History()
    expected = make_trainer(whole, callbacks=[history], **settings).fit()

    path = tmp_path / "checkpoint.h5"
    stopped = make_trainer(new_network(), callbacks=[StopAfter(stop_after, path)], **settings)
    with pytest.raises(Interrupted, match="resume"):
        stopped.fit()

    loaded = checkpoint.load(path)
    state = loaded.trainer_state
    assert state.epoch * 3 + state.batch == stop_after
    resumed = History()
    trainer = make_trainer(loaded.network, state=state, callbacks=[resumed], **settings)
    final = trainer.fit()

    first, second = columns(whole), columns(loaded.network)
    assert first.keys() == second.keys()
    for key in first:
        assert np.array_equal(first[key], second[key]), key
    assert untimed(final) == untimed(expected)
    assert resumed.losses == history.losses[-len(resumed.losses) :]


def test_resuming_on_the_embedded_engine_is_bit_for_bit_too(
    tmp_path, new_network, new_simulation, make_trainer, columns, settings
):
    def make(network, **changes):
        simulation = new_simulation(network, "native", "float32")
        return make_trainer(network, simulation=simulation, **changes, **settings)

    path, whole = tmp_path / "checkpoint.h5", new_network()
    expected = make(whole).fit()
    with pytest.raises(Interrupted):
        make(new_network(), callbacks=[StopAfter(4, path)]).fit()
    loaded = checkpoint.load(path)
    final = make(loaded.network, state=loaded.trainer_state).fit()
    first, second = columns(whole), columns(loaded.network)
    assert all(np.array_equal(first[key], second[key]) for key in first)
    assert untimed(final) == untimed(expected)


@pytest.mark.parametrize("stop_after", [2, 3, 7])
def test_resuming_the_surrogate_rule_is_bit_for_bit_too(
    tmp_path, new_surrogate_network, make_surrogate_trainer, columns, stop_after
):
    """Batch statistics, dropout, kernels that narrow, learnt time constants, cycled momentum."""
    cycle = OneCycle(5.0, per="epoch", momentum=(0.85, 0.95))
    settings = {
        "optimiser": Optimiser(
            weight=Group(Adam(0.01), (cycle,), l1=0.01), groups={"hidden": {"tau_mem": Adam(0.5)}}
        ),
        "narrowing": Narrowing(final=0.25, share=0.7),
    }
    whole, path = new_surrogate_network(), tmp_path / "checkpoint.h5"
    expected = make_surrogate_trainer(whole, **settings).fit()
    stop = StopAfter(stop_after, path)
    with pytest.raises(Interrupted):
        make_surrogate_trainer(new_surrogate_network(), callbacks=[stop], **settings).fit()
    loaded = checkpoint.load(path)
    final = make_surrogate_trainer(loaded.network, state=loaded.trainer_state, **settings).fit()
    first, second = columns(whole), columns(loaded.network)
    assert first.keys() == second.keys()
    assert {("hidden", "running_mean"), ("hidden", "tau_mem_adam_m")} <= first.keys()
    for key in first:
        assert np.array_equal(first[key], second[key]), key
    assert untimed(final) == untimed(expected)


RULES = {
    "deep_r": [DeepR(temperature=1e3)],
    "soft_deep_r": [SoftDeepR(temperature=0.1)],
    "dale and set": [Dale(0.4), SET(0.9, every=2)],
    "rigl": [RigL(every=2, end=1.0, growth=Growth("best"))],
    "fcn24": [FCN24(temperature=1e3)],
}


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_resuming_while_the_wiring_changes_is_bit_for_bit_too(
    tmp_path, new_network, make_trainer, columns, settings, rules
):
    def sparse():
        network = new_network()
        for projection in network.projections.values():
            projection.synapses.keep(np.arange(len(projection.synapses)) % 2 == 0)
        return network

    settings |= {"rewiring": rules}
    whole, path = sparse(), tmp_path / "checkpoint.h5"
    expected = make_trainer(whole, **settings).fit()
    with pytest.raises(Interrupted):
        make_trainer(sparse(), callbacks=[StopAfter(4, path)], **settings).fit()
    loaded = checkpoint.load(path)
    final = make_trainer(loaded.network, state=loaded.trainer_state, **settings).fit()
    first, second = columns(whole), columns(loaded.network)
    assert first.keys() == second.keys()
    for key in first:
        assert np.array_equal(first[key], second[key]), key
    assert untimed(final) == untimed(expected)
    before = sparse()
    pairs = [{(*p,) for p in zip(t.synapses.pre, t.synapses.post, strict=True)}
             for n in (before, whole) for t in n.projections.values()]  # fmt: skip
    assert pairs[: len(pairs) // 2] != pairs[len(pairs) // 2 :]


def test_a_stop_during_evaluation_repeats_the_evaluation_only(
    tmp_path, new_network, make_trainer, columns, settings
):
    path = tmp_path / "checkpoint.h5"
    whole = new_network()
    make_trainer(whole, **settings).fit()
    trainer = make_trainer(new_network(), callbacks=[StopAfter(-1, path)], **settings)
    evaluate = trainer.evaluate
    trainer.evaluate = lambda split: trainer.request_stop() or evaluate(split)
    with pytest.raises(Interrupted):
        trainer.fit()
    loaded = checkpoint.load(path)
    assert (loaded.trainer_state.epoch, loaded.trainer_state.batch) == (0, 3)
    make_trainer(loaded.network, state=loaded.trainer_state, **settings).fit()
    first, second = columns(whole), columns(loaded.network)
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_the_seed_changes_the_run(new_network, make_trainer, columns):
    first, second, third = new_network(), new_network(), new_network()
    for network, seed in ((first, 7), (second, 8), (third, 7)):
        make_trainer(network, seed=seed).fit()
    key = ("input->hidden", "weight")
    assert np.array_equal(columns(first)[key], columns(third)[key])
    assert not np.array_equal(columns(first)[key], columns(second)[key])
