"""A training over ranks, which are threads here: agreement, errors, stopping and going on."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from shared_training import Record, hash_of, make_trainer, trained
from thread_ranks import in_ranks
from tied_networks import tied

from genn_delays.parallel import ALONE
from genn_delays.parallel.agreement import fingerprint
from genn_delays.support.errors import RankError
from genn_delays.training import Callback, Interrupted, TrainerState


def close(curve, other, tolerance=1e-12):
    np.testing.assert_allclose(curve, other, rtol=0, atol=tolerance)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_any_number_of_ranks_gives_the_curve_of_one_process(precision, tolerance):
    curve, grown, _ = trained(ALONE, "eventprop", precision)
    assert grown > 10
    for count in (2, 3):
        found = in_ranks(count, lambda ranks: trained(ranks, "eventprop", precision))
        close(found[0][0], curve, tolerance)
        assert found[0][1] == grown
        assert all(each == found[0] for each in found)


def test_the_same_number_of_ranks_gives_the_same_bits():
    one, two = (in_ranks(3, lambda ranks: trained(ranks, "surrogate"))[0] for _ in range(2))
    assert one == two


class Plant(Callback):
    """Changes one bit of one synapse, in the rank that has it."""

    def on_batch_end(self, trainer):
        if trainer.state.epoch == 1:
            weight = trainer.network.projections["hidden->output"].synapses.weight
            weight[0] = np.nextafter(weight[0], 9.0)


def test_a_rank_with_another_network_is_named_and_nothing_more_is_recorded():
    record = Record()

    def work(ranks):
        callbacks = {0: (record,), 1: (Plant(),)}.get(ranks.number, ())
        make_trainer(ranks, callbacks=callbacks).fit()

    for found in in_ranks(3, work):
        assert isinstance(found, RankError)
        assert str(found).startswith("after epoch 2 rank 1 (")
    assert len(record.curve) == 4  # loss and spikes of training and validation, of one epoch


def test_what_synapses_share_is_part_of_what_ranks_agree_on():
    counters = TrainerState().to_mapping()
    network = tied()
    before = fingerprint(network, counters)
    shared = network.projections["input->output"].synapses.ties["delay"].numbers
    shared.columns["delay"] += 1.0  # of a group that has no synapse
    grown = fingerprint(network, counters)
    shared.attach("delay_mean")[:] = 1e-9
    assert len({before, grown, fingerprint(network, counters)}) == 3


class Stop(Callback):
    """Asks for a stop after a batch, as a signal to this rank would."""

    def on_batch_end(self, trainer):
        if (trainer.state.epoch, trainer.state.batch) == (1, 1):
            trainer.request_stop()


@pytest.mark.parametrize("others", [1, 2, 3])
def test_a_stop_of_one_rank_stops_all_and_another_number_of_ranks_goes_on(others):
    curve, grown, _ = trained(ALONE, "eventprop", "float64")
    stopped = []

    def begin(ranks):
        record = Record()
        callbacks = (record, Stop()) if ranks.number == 1 else (record,)
        trainer = make_trainer(ranks, precision="float64", callbacks=callbacks)
        with pytest.raises(Interrupted):
            trainer.fit()
        stopped.append((trainer.state.epoch, trainer.state.batch))
        return trainer, record

    begun = in_ranks(2, begin)
    assert stopped == [(1, 1)] * 2
    before, record = begun[0]

    def go_on(ranks):
        mine = deepcopy(record)
        network, state = deepcopy((before.network, before.state))
        trainer = make_trainer(
            ranks, precision="float64", network=network, state=state, callbacks=(mine,)
        )
        trainer.fit()
        return mine.curve, mine.grown, hash_of(trainer)

    found = in_ranks(others, go_on) if others > 1 else [go_on(ALONE)]
    assert all(each == found[0] for each in found)
    close(found[0][0], curve)
    assert found[0][1] == grown
    if others == 2:
        whole = in_ranks(2, lambda ranks: trained(ranks, "eventprop", "float64"))
        assert found == whole  # bit for bit


class Evaluate(Callback):
    def on_batch_end(self, trainer):
        trainer.evaluate("validation")


def test_a_callback_that_evaluates_in_one_rank_alone_is_an_error_and_no_wait():
    def work(ranks):
        make_trainer(ranks, callbacks=(Evaluate(),) if ranks.is_first else ()).fit()

    for found in in_ranks(2, work):
        assert isinstance(found, RankError)
        assert "callbacks are called by rank 0 alone" in str(found)
