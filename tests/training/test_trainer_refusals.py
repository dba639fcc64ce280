"""What a trainer refuses before it begins."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from genn_delays.support.errors import ConfigError, DataError
from genn_delays.training import EarlyStopping, Optimiser, SilentRescue, SpikeCount


@pytest.mark.parametrize("split", ["train", "validation"])
def test_an_empty_split_is_refused(network, make_trainer, dataset, split):
    empty = SimpleNamespace(**vars(dataset) | {split: ()})
    with pytest.raises(DataError, match=f"'toy' has no {split} trials"):
        make_trainer(network, dataset=empty, early_stopping=EarlyStopping(1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs 0 given, must be >= 1"),
        ({"batch_size": 0}, "batch_size 0 given"),
        ({"batch_size": 64}, "compiled for batch_size=4"),
        ({"seed": -1}, "seed -1 given"),
        ({"optimiser": Optimiser(groups={"input->hiden": {}})}, "did you mean 'input->hidden'"),
        ({"regularisers": [SpikeCount(1, 1, populations=("hid",))]}, "no population 'hid'"),
        ({"rescue": SilentRescue(1, projections=("in",))}, "no projection 'in'"),
    ],
)
def test_impossible_settings_are_refused_before_training(network, make_trainer, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_trainer(network, **changes)


def test_patience_is_at_least_one():
    with pytest.raises(ConfigError, match="must be >= 1"):
        EarlyStopping(0)


def test_an_unknown_split_names_the_nearest(network, make_trainer):
    with pytest.raises(DataError, match="did you mean 'validation'"):
        make_trainer(network).evaluate("validaton")
