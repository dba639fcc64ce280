"""Settings of training: what each of them is by default, what it may be, and that it stays so."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.rewiring import RULES, Change, Context, Growth
from genn_delays.support.errors import ConfigError, PlanError
from genn_delays.training import (
    SGD,
    Adam,
    Constant,
    Cosine,
    EarlyStopping,
    EaseIn,
    Group,
    Metrics,
    Narrowing,
    OneCycle,
    Optimiser,
    Progress,
    SilentRescue,
    SpikeCount,
)
from genn_delays.training.loader import Loader
from genn_delays.training.losses import CrossEntropy, MeanSquaredError

CHECKED = [
    *(rule() for rule in RULES.values()),
    Growth(),
    Change(),
    Context({}, {}, None, None, None, None),
    gd.EventProp(),
    gd.Surrogate(),
    Adam(1.0),
    SGD(1.0),
    Group(SGD(1.0)),
    Optimiser(),
    Progress(0, 1, 1),
    Constant(),
    EaseIn(1),
    Cosine(),
    OneCycle(),
    Narrowing(),
    CrossEntropy(),
    MeanSquaredError(),
    SpikeCount(1.0, 1.0),
    SilentRescue(1.0),
    EarlyStopping(1),
    Metrics(0.0, None, 0.0, 0.0),
    Loader(None, 1, 1),
]


@pytest.mark.parametrize("settings", CHECKED, ids=lambda given: type(given).__name__)
def test_what_was_checked_stays_as_it_was(settings):
    for field in fields(settings):
        with pytest.raises(FrozenInstanceError):
            setattr(settings, field.name, None)
    with pytest.raises(FrozenInstanceError):
        settings.anything = 1


DEFAULTS = [
    (Adam(1.0), {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}),
    (SGD(1.0), {"momentum": 0.0}),
    (Group(SGD(1.0)), {"schedules": (), "l1": 0.0}),
    (Optimiser(), {"weight": Adam(1e-3), "delay": Adam(0.1), "unit": None}),
    (Optimiser(), {"groups": {}, "clip": None}),
    (Constant(), {"factor": 1.0}),
    (EaseIn(1), {"start": 1e-3}),
    (Cosine(), {"final": 0.0, "per": "batch"}),
    (OneCycle(), {"peak": 1.0, "warm_up": 0.3, "start": 0.04, "final": 4e-6}),
    (OneCycle(), {"per": "batch", "momentum": None}),
    (Narrowing(), {"final": 0.23, "share": 0.25, "start": None}),
    (CrossEntropy(), {"scale": 1.0, "label_smoothing": 0.0}),
    (SpikeCount(1.0, 1.0), {"populations": None, "upper_only": False}),
    (SilentRescue(1.0), {"projections": None}),
]


@pytest.mark.parametrize(("settings", "values"), DEFAULTS, ids=lambda v: type(v).__name__)
def test_defaults_are_those_of_the_documentation(settings, values):
    assert {name: getattr(settings, name) for name in values} == values


NAN, INF = float("nan"), float("inf")
REFUSED = [
    (Adam, {"lr": -0.1}, "lr=-0.1"),
    (Adam, {"lr": INF}, "lr=inf"),
    (Adam, {"lr": 1.0, "eps": -1e-9}, "eps=-1e-09"),
    (Adam, {"lr": 1.0, "weight_decay": -0.1}, "weight_decay=-0.1"),
    (Adam, {"lr": 1.0, "beta1": -0.1}, r"beta1=-0.1\): must be in \[0, 1\)"),
    (Adam, {"lr": 1.0, "beta2": 1.0}, r"beta2=1.0\): must be in \[0, 1\)"),
    (SGD, {"lr": -0.1}, "lr=-0.1"),
    (SGD, {"lr": 1.0, "momentum": 1.0}, r"momentum=1.0\): must be in \[0, 1\)"),
    (SGD, {"lr": 1.0, "momentum": -0.1}, "momentum=-0.1"),
    (Group, {"rule": SGD(1.0), "l1": -0.1}, "l1 is -0.1"),
    (Group, {"rule": SGD(1.0), "l1": INF}, "l1 is inf"),
    (Optimiser, {"clip": -1.0}, "clip of the weight is -1.0; must be > 0"),
    (Optimiser, {"clip": {"unit": 0.0}}, "clip of the unit is 0.0; must be > 0"),
    (EaseIn, {"batches": 0}, r"batches=0\): must be >= 1"),
    (EaseIn, {"batches": 1, "start": -0.1}, r"start=-0.1\): must be in \(0, 1\]"),
    (EaseIn, {"batches": 1, "start": 1.1}, r"start=1.1\): must be in \(0, 1\]"),
    (Cosine, {"final": NAN}, r"final=nan\): must be >= 0"),
    (Cosine, {"final": -0.1}, r"final=-0.1\): must be >= 0"),
    (Cosine, {"per": "epok"}, r"Cosine\(per='epok'\): did you mean 'epoch'"),
    (OneCycle, {"per": "bach"}, r"OneCycle\(per='bach'\): did you mean 'batch'"),
    (OneCycle, {"warm_up": 0.0}, r"warm_up=0.0\): must be between 0 and 1"),
    (OneCycle, {"warm_up": -0.1}, r"warm_up=-0.1\): must be between 0 and 1"),
    (OneCycle, {"warm_up": 1.0}, r"warm_up=1.0\): must be between 0 and 1"),
    (OneCycle, {"peak": -0.1}, r"peak=-0.1\): must be >= 0"),
    (OneCycle, {"start": INF}, r"start=inf\): must be >= 0"),
    (OneCycle, {"final": -0.1}, r"final=-0.1\): must be >= 0"),
    (OneCycle, {"momentum": (-0.1, 0.9)}, r"both must be in \[0, 1\)"),
    (OneCycle, {"momentum": (0.9, 1.0)}, r"both must be in \[0, 1\)"),
    (Narrowing, {"final": None}, r"final=None\): give a number"),
    (Narrowing, {"share": "all"}, r"share='all'\): give a number"),
    (Narrowing, {"start": "wide"}, r"start='wide'\): give a number"),
    (Narrowing, {"final": 0.0}, r"final=0.0\): must be > 0 steps"),
    (Narrowing, {"share": -0.1}, r"share=-0.1\): must be in \[0, 1\]"),
    (Narrowing, {"share": 1.1}, r"share=1.1\): must be in \[0, 1\]"),
    (Narrowing, {"final": 2.0, "start": 1.9}, r"start=1.9\): must be >= final = 2.0 steps"),
    (SpikeCount, {"target": -0.1, "strength": 1.0}, r"target=-0.1\): must be finite and >= 0"),
    (SpikeCount, {"target": 1.0, "strength": INF}, r"strength=inf\): must be finite and >= 0"),
    (SilentRescue, {"amount": NAN}, "amount=nan"),
    (EarlyStopping, {"patience": 0}, r"patience=0\): must be >= 1 epochs"),
]


@pytest.mark.parametrize(("kind", "arguments", "message"), REFUSED)
def test_settings_without_a_meaning_are_refused(kind, arguments, message):
    with pytest.raises(ConfigError, match=message):
        kind(**arguments)


@pytest.mark.parametrize(
    "arguments", [{"label_smoothing": -0.1}, {"label_smoothing": 1.0}, {"scale": INF}]
)
def test_losses_without_a_meaning_are_refused(arguments):
    with pytest.raises(PlanError, match=next(iter(arguments))):
        CrossEntropy(**arguments)


def test_the_ends_of_each_range_are_allowed():
    Adam(0.0, beta1=0.0, beta2=0.0, eps=0.0)
    SGD(0.0, momentum=0.0)
    EaseIn(1, start=1.0)
    Cosine(final=0.5, per="epoch")
    OneCycle(peak=0.5, warm_up=0.5, start=0.0, final=0.0, momentum=(0.0, 0.5))
    OneCycle(peak=0.0)
    SpikeCount(0.0, 0.0)
    SilentRescue(-0.5)
    CrossEntropy(label_smoothing=0.5)
    for share in (0.0, 1.0):
        Narrowing(final=0.5, share=share, start=0.5)


def test_a_momentum_is_replaced_and_everything_else_kept():
    adam = Adam(0.5, beta1=0.1, beta2=0.2, eps=0.3, weight_decay=0.4)
    assert adam.with_momentum(0.7) == Adam(0.5, 0.7, 0.2, 0.3, 0.4)
    assert adam.without_decay() == Adam(0.5, 0.1, 0.2, 0.3, 0.0)
    assert SGD(0.5, 0.1).with_momentum(0.7) == SGD(0.5, 0.7)
    assert SGD(0.5, 0.1).without_decay() == SGD(0.5, 0.1)
    assert not Cosine().sets_momentum
    assert Cosine().momentum_at(Progress(0, 1, 1)) is None
    assert OneCycle(momentum=(0.1, 0.2)).sets_momentum
    assert not OneCycle().sets_momentum


def test_progress_counts_batches_or_whole_epochs():
    progress = Progress(batch=23, batches_per_epoch=10, epochs=4)
    assert progress.total == 40
    assert progress.counted("batch") == (23, 40)
    assert progress.counted("epoch") == (2, 4)
    assert np.isclose(Cosine(per="epoch")(progress), 0.5)
