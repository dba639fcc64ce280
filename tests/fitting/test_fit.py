"""gd.fit: from arrays to a model, and what the model tells."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.experiment.recipe import Recipe
from genn_delays.support.errors import CheckpointError, ConfigError, DataError, PlanError
from genn_delays.training.progress import ProgressBar


def weights(network):
    return {name: p.synapses.weight.copy() for name, p in network.projections.items()}


def test_a_fit_is_what_the_trainer_does_with_the_same_settings(network, data, options):
    other = deepcopy(network)
    model = gd.fit(network, data, **options)
    with gd.compile(
        other, readout=gd.readouts.ExponentialMeanVoltage(), steps=60, batch_size=16
    ) as sim:
        trainer = gd.training.Trainer(
            *(other, sim, data),
            loss=gd.losses.CrossEntropy(scale=20.0),
            optimiser=options["optimiser"],
            epochs=3,
            batch_size=16,
            seed=1,
        )
        trainer.fit()
        validation = trainer.evaluate("validation")
    for name, expected in weights(other).items():
        np.testing.assert_array_equal(network.projections[name].synapses.weight, expected)
    assert model.history["validation_loss"][-1] == validation.loss


def test_the_model_is_the_network_of_the_best_epoch_on_the_validation_split(network, data, options):
    model = gd.fit(network, data, **options | {"epochs": 6})
    history = model.history
    best = min(
        range(6), key=lambda k: (-history.validation_accuracy[k], history.validation_loss[k])
    )
    found = model.evaluate("validation")
    assert found.accuracy == history.validation_accuracy[best]
    assert found.loss == pytest.approx(history.validation_loss[best], rel=1e-12)
    assert model.network is not network


def test_without_a_validation_split_the_last_epoch_counts(network, data, options):
    splits = {"train": ([*_pairs(data.train)], data.train.labels)}
    alone = gd.Dataset.from_arrays(splits, units=12, duration=60.0)
    model = gd.fit(network, alone, **options)
    assert np.isnan(model.history.validation_loss).all()
    for name, expected in weights(network).items():
        np.testing.assert_array_equal(model.network.projections[name].synapses.weight, expected)
    stopping = gd.training.EarlyStopping(2)
    with pytest.raises(DataError, match="'arrays' has no validation trials"):
        gd.fit(network, alone, **options, early_stopping=stopping)
    with pytest.raises(DataError, match="'arrays' has no test trials"):
        model.evaluate("test")


def _pairs(split):
    for first, last in zip(split.offset, split.offset[1:], strict=False):
        yield split.time[first:last], split.unit[first:last]


def test_predictions_evaluation_and_confusion_agree(network, data, options, trials):
    model = gd.fit(network, data, **options)
    predicted, labels = model.predict(trials), data.test.labels
    assert model.evaluate("test").accuracy == np.mean(predicted == labels)
    confusion = model.confusion("test")
    assert confusion.shape == (3, 3)
    assert confusion.sum() == len(labels)
    assert np.trace(confusion) == np.sum(predicted == labels)
    assert confusion[0, 2] == np.sum((labels == 0) & (predicted == 2))
    assert model.class_names == ("rise", "fall", "dip")


def test_a_prediction_does_not_depend_on_the_trials_beside_it(network, data, options, trials):
    model = gd.fit(network, data, **options)
    together = model.outputs(trials * 5)  # more than a batch
    for k in (0, 7):
        np.testing.assert_array_equal(model.outputs([trials[k]])[0], together[k])
    np.testing.assert_array_equal(together[:20], together[80:])


def test_events_by_the_name_of_another_population_are_refused(network, data, options):
    model = gd.fit(network, data, **options | {"epochs": 1})
    events = gd.Events([1.0], [2], [0], 1)
    assert model.predict({"input": events}).shape == model.predict(events).shape == (1,)
    for given in ({"in": events}, {"input": events, "hidden": events}, {"input": events, "b": 3}):
        with pytest.raises(DataError, match=r"of each of the inputs \['input'\] by name"):
            model.predict(given)


def test_what_is_saved_is_the_same_model_in_another_process(
    network, data, options, trials, tmp_path
):
    model = gd.fit(network, data, **options, dt=0.5)
    path = tmp_path / "patterns.h5"
    model.save(path)
    np.savez(tmp_path / "trial.npz", time=trials[3][0], unit=trials[3][1])
    code = (
        "import json, numpy as np, genn_delays as gd\n"
        f"model, trial = gd.load({str(path)!r}), np.load({str(tmp_path / 'trial.npz')!r})\n"
        "outputs = model.outputs([(trial['time'], trial['unit'])]).tolist()\n"
        "print(json.dumps([outputs, model.class_names, model.history.tolist(), model.recipe.dt]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    outputs, names, rows, dt = json.loads(done.stdout)
    assert outputs == model.outputs([trials[3]]).tolist()
    assert (tuple(names), dt) == (model.class_names, 0.5)
    assert [tuple(row) for row in rows] == model.history.tolist()
    loaded = gd.load(path)
    assert loaded.evaluate("test", data).loss == model.evaluate("test").loss
    with pytest.raises(DataError, match=r"give them: evaluate\('test', data\)"):
        loaded.evaluate("test")


def test_a_regression_predicts_its_outputs(data, options):
    splits = {"train": ([*_pairs(data.train)], np.full((64, 2), 0.1))}
    net = gd.Network(seed=2)
    net.add_population("input", gd.Input(), 12)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=gd.init.Normal(0.0, 0.1))
    targets = gd.Dataset.from_arrays(splits, units=12, duration=60.0)
    model = gd.fit(net, targets, **options, loss=gd.losses.MeanSquaredError())
    assert model.predict([([1.0], [2])]).shape == (1, 2)
    assert np.isnan(model.history.accuracy).all()
    with pytest.raises(DataError, match="no classes to confuse"):
        model.confusion("train")


def test_every_step_may_be_classified(data, options):
    labels = np.tile(np.arange(60) // 30, (64, 1))
    steps = gd.Dataset.from_arrays(
        {"train": ([*_pairs(data.train)], labels)}, units=12, duration=60.0
    )
    net = gd.Network(seed=2)
    net.add_population("input", gd.Input(), 12)
    net.add_population("output", gd.LeakyReadout(), 2)
    net.connect("input", "output", weight=gd.init.Normal(0.0, 0.1))
    parts = {"readout": gd.readouts.VoltageTrace(), "loss": gd.losses.StepCrossEntropy()}
    model = gd.fit(net, steps, **options, **parts)
    assert model.predict([([1.0], [2])]).shape == (1, 60)
    assert model.confusion("train").sum() == 64 * 60


def test_warnings_stand_in_the_history(network, data, options):
    network.projections["input->hidden"].synapses.weight[:] = -1.0
    model = gd.fit(network, data, **options)
    assert all("no spike of 'hidden'" in text for text in model.history.warnings)


def test_history_is_a_data_frame_where_pandas_is_installed(network, data, options, monkeypatch):
    model = gd.fit(network, data, **options)
    pandas = ModuleType("pandas")
    pandas.DataFrame = lambda columns: SimpleNamespace(**columns)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    assert model.history.epoch.tolist() == [1, 2, 3]
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(model.history, np.recarray)


def test_progress_is_a_line_per_epoch_where_nobody_looks(network, data, options, capsys):
    gd.fit(network, data, **options | {"progress": True})
    assert capsys.readouterr().err.count("train loss") == 3


def test_a_notebook_gets_the_bar_that_tqdm_has_for_it(network, data, options, capsys, monkeypatch):
    import tqdm
    import tqdm.auto
    import tqdm.notebook

    class Bar(tqdm.tqdm):
        made = 0

        def __init__(self, **options):
            Bar.made += 1
            super().__init__(**options)

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    monkeypatch.setattr(tqdm.notebook, "tqdm_notebook", Bar)
    gd.fit(network, data, **options | {"progress": True})
    assert Bar.made == 3
    assert capsys.readouterr().out.count("train loss") == 3
    assert ProgressBar(sys.stdout).kind is None


def test_what_does_not_fit_is_refused_before_training(network, data, options, trials):
    with pytest.raises(DataError, match=r"gd.Dataset.from_arrays or gd.datasets.load"):
        gd.fit(network, trials, **options)
    with pytest.raises(DataError, match="Dataset given; give a gd"):
        gd.fit(data, network, **options)
    with pytest.raises(PlanError, match="dt=0: must be > 0 ms"):
        gd.fit(network, data, **options, dt=0)
    small = gd.Network()
    small.add_population("input", gd.Input(), 5)
    small.add_population("output", gd.LeakyReadout(), 3)
    small.connect("input", "output", weight=1.0)
    with pytest.raises(PlanError, match="has 5 units, the data have 12"):
        gd.fit(small, data, **options)


@pytest.mark.parametrize(
    ("given", "example"),
    [({"optimiser": gd.training.Adam(lr=0.1)}, "Optimiser"), ({"loss": "hinge"}, "CrossEntropy")],
)
def test_what_is_no_optimiser_or_loss_is_refused_with_an_example(network, data, given, example):
    with pytest.raises(PlanError, match=rf"given; .*{example}"):
        gd.fit(network, data, **given)


def test_a_readout_that_no_process_could_find_again_is_refused_when_it_is_saved(
    network, data, options, tmp_path
):
    class Twice(gd.readouts.MeanVoltage):
        pass

    model = gd.fit(network, data, **options, readout=Twice())
    with pytest.raises(CheckpointError, match="'Twice' again: it is defined inside a function"):
        model.save(tmp_path / "model.h5")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (None, "holds no inference"),
        ({"dt": 1.0}, "inference.steps is missing"),
        ({"dt": "x"}, "inference"),
        ({"readout": {"name": "nothing"}}, "unknown readout 'nothing'"),
        ({"readout": {}}, "inference.readout has no name"),
        ({"readout": {"name": "elsewhere:Readout"}}, "import elsewhere before reading it"),
        ({"loss": {"name": "cross_entropy", "scale": 0}}, "scale=0"),
        ({"precision": "float16"}, "float16"),
        ({"steps": 0}, "steps"),
        ({"class_names": 3}, "class_names"),
        ({"origin": [1]}, "origin"),
        ({"extra": 1}, "unknown setting 'extra'"),
    ],
)
def test_a_damaged_recipe_is_named(network, data, options, tmp_path, damage, message):
    model = gd.fit(network, data, **options | {"epochs": 1})
    recipe = None
    if damage is not None:
        recipe = damage if damage == {"dt": 1.0} else model.recipe.to_attribute() | damage
    path = tmp_path / "model.h5"
    checkpoint.save(path, network, attributes={"inference": recipe})
    with pytest.raises(gd.GennDelaysError, match=message):
        gd.load(path)


def test_recipes_that_were_changed_at_random_are_read_or_refused():
    rng, values = (
        np.random.default_rng(1),
        [None, 0, -1, np.inf, np.nan, "x", "", [], {}, [1], True],
    )
    values += [10**30, "a:b", "model.py@00:X", {"name": "x"}, {"a": {"b": 1}}, "float32"]
    whole = Recipe(
        *(1.0, 80, "float32", "exact", gd.Surrogate(), gd.readouts.ExponentialMeanVoltage()),
        *(gd.losses.CrossEntropy(), ("a", "b"), {"name": "audio_folder", "args": {"bands": 3}}),
    ).to_attribute()
    refused = 0
    for _ in range(1000):
        changed = deepcopy(whole)
        place = changed
        key = rng.choice(list(place))
        while isinstance(place[key], dict) and place[key] and rng.random() < 0.6:
            place = place[key]
            key = rng.choice(list(place))
        place[key] = values[rng.integers(len(values))]
        try:
            Recipe.from_attribute(changed, "model.h5")
        except CheckpointError as error:
            refused += str(error).startswith("model.h5")
    assert refused > 500


@pytest.mark.parametrize("rows", [3, [3], [{}], [{"epoch": "x"}]])
def test_a_damaged_history_is_named(network, data, options, tmp_path, rows):
    model = gd.fit(network, data, **options | {"epochs": 1})
    attributes = {"inference": model.recipe.to_attribute(), "history": rows}
    checkpoint.save(tmp_path / "model.h5", network, attributes=attributes)
    with pytest.raises(CheckpointError, match="'history' is no list of epochs"):
        gd.load(tmp_path / "model.h5")


def test_a_single_trial_is_told_how_it_is_given(network, data, options, trials):
    model = gd.fit(network, data, **options | {"epochs": 1})
    with pytest.raises(DataError, match=r"a single trial is \[\(times, units\)\]"):
        model.predict(trials[0])
    with pytest.raises(DataError, match=r"\(trials, steps, units\), also of a single trial"):
        model.predict(np.zeros((60, 12)))
    assert repr(gd.stream(model)).startswith("Stream(until=0 ms, model=Model(")


def test_what_is_no_rule_of_an_optimiser_is_refused():
    with pytest.raises(ConfigError, match=r"Optimiser\(unit=\{'lr': 1\}\): give a rule such as"):
        gd.training.Optimiser(unit={"lr": 1})
