"""Rewiring rules within training runs."""

from __future__ import annotations

import numpy as np
import pytest

from genn_delays.rewiring import Change, DeepR, RewiringRule, SoftDeepR


class Prune(RewiringRule):
    """Removes the first synapse of the first projection."""

    def step(self, context):
        table = context.network.projections["input->hidden"].synapses
        assert len(context.gradients["input->hidden"].weight) == len(table)
        table.keep(np.arange(len(table)) > 0)
        return {"input->hidden": Change(dropped=1)}


def test_rules_act_after_each_update_and_are_counted(network, make_trainer):
    synapses = len(network.projections["input->hidden"].synapses)
    lines = []

    class Listen:
        def __getattr__(self, name):
            return lambda *given: lines.append(given) if name == "on_epoch_end" else None

    trainer = make_trainer(network, epochs=2, rewiring=[Prune()], callbacks=[Listen()])
    trainer.fit()
    batches = trainer.batches_per_epoch
    assert len(network.projections["input->hidden"].synapses) == synapses - 2 * batches
    seen = lines[0][1]["train"].rewiring["input->hidden"]
    assert (seen["dropped"], seen["grown"], seen["refused"]) == (batches, 0, 0)
    assert seen["synapses"] == sum(seen["delays"]) == synapses - batches
    assert seen["age_mean"] == batches
    assert lines[1][1]["train"].rewiring["input->hidden"]["dropped"] == batches


def test_a_rule_can_take_the_place_of_the_update(network, make_trainer):
    before = network.projections["input->hidden"].synapses.weight.copy()

    class Skip(Prune):
        def step(self, context):
            return {}

        def replaces_update(self, progress):
            return True

    make_trainer(network, epochs=1, rewiring=[Skip()]).fit()
    np.testing.assert_array_equal(network.projections["input->hidden"].synapses.weight, before)


@pytest.mark.parametrize("rule", [DeepR(l1=0.05, temperature=1e-3), SoftDeepR(temperature=1e-2)])
def test_regrown_synapses_start_with_fresh_moments(network, make_trainer, rule):
    for projection in network.projections.values():
        projection.synapses.keep(np.arange(len(projection.synapses)) % 3 == 0)
    trainer = make_trainer(network, epochs=3, rewiring=[rule])
    grown = 0
    step = trainer.rewiring.step

    def watch(*given):
        nonlocal grown
        step(*given)
        for projection in network.projections.values():
            state = projection.synapses.state
            fresh = state["age"] == 0.0
            grown += np.count_nonzero(fresh)
            for name, column in state.items():
                if "adam" in name:
                    assert np.all(column[fresh] == 0.0), name

    trainer.rewiring.step = watch
    trainer.fit()
    assert grown > 0
