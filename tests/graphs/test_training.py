"""Training of reasoners: what the delays alone carry, and going on where it was left off."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import h5py
import numpy as np
import pytest

import genn_delays as gd
from genn_delays import graphs
from genn_delays.graphs import checkpoint
from genn_delays.graphs.family import GIVEN
from genn_delays.graphs.negatives import directed
from genn_delays.graphs.queries import Scorer
from genn_delays.graphs.ranking import Ranks
from genn_delays.graphs.training import Trainer
from genn_delays.support.errors import CheckpointError, ConfigError, TrainingError

FAMILY = graphs.family_tree(1)
QUICK = graphs.Training(epochs=3, negatives=8, batch_size=50)
SMALL = graphs.Reasoner(len(FAMILY.relations), neurons=8, steps=6)


def guess() -> float:
    """Hits@1 of who knows who is a grandparent of whom, but not on which side."""
    asked = FAMILY.test
    grand = graphs.Graph(
        np.unique(asked.facts * [1, 0, 1], axis=0), asked.graph.entities, len(FAMILY.relations)
    )
    source, relation, answer = directed(asked.facts, grand.relations)
    sides = grand.tails(source, np.where(relation < grand.relations, 0, grand.relations))
    score = np.zeros((len(source), grand.entities))
    for row, relatives in zip(score, sides, strict=True):
        row[relatives] = 1.0
    return Ranks.of(score, answer, asked.known.tails(source, relation)).metrics()["hits@1"]


def trained(delays: str, epochs: int) -> dict[str, float]:
    """Metrics on a family that training has not seen."""
    training = graphs.Training(epochs=epochs, negatives=20, validate_every=5)
    reasoner = graphs.Reasoner(len(FAMILY.relations), delays=delays)
    model = graphs.fit(FAMILY, reasoner, training, threads=1)
    return model.rank(FAMILY.test).metrics()


def test_grandparents_of_a_family_tree_are_all_found_by_delays_alone():
    assert trained("learnt", 25)["hits@1"] == 1.0


@pytest.mark.slow
def test_with_all_delays_equal_the_side_of_a_grandparent_is_a_guess():
    assert trained("none", 25)["hits@1"] <= guess() + 0.05 < 0.6


def test_the_family_tree_is_a_family_tree():
    facts = {tuple(fact) for fact in FAMILY.train.known.facts}
    mother, father = ({a: c for a, b, c in facts if b == k} for k in (0, 1))
    for relation, name in enumerate(FAMILY.relations[GIVEN:], GIVEN):
        first, second = ({"mother": mother, "father": father}[word] for word in name.split("'s "))
        right = {(a, relation, second[b]) for a, b in first.items() if b in second}
        assert {fact for fact in facts if fact[1] == relation} == right
        assert right
    assert {b for _, b, _ in FAMILY.train.graph.facts} == {0, 1}


@pytest.mark.parametrize("one_hop", [False, True])
def test_the_fact_that_is_asked_for_is_not_in_the_graph(one_hop, monkeypatch):
    data = replace(FAMILY, train=replace(FAMILY.train, facts=FAMILY.train.graph.facts))
    forward, left = Scorer.forward, []

    def seen(scorer, edges, queries):
        for source, relation, target in zip(
            queries.source, queries.relation, queries.target, strict=True
        ):
            out = slice(*edges.out_start[source : source + 2])
            joined = edges.out_tail[out]
            left.append(target[0] in joined[edges.out_relation[out] == relation])
            left[-1] |= one_hop and bool(set(joined) & set(target))
        return forward(scorer, edges, queries)

    model = graphs.Model(SMALL)
    monkeypatch.setattr(Scorer, "forward", seen)
    trainer = Trainer(model, data, replace(QUICK, one_hop=one_hop))
    trainer.on_batch = lambda trainer: trainer.request_stop()
    trainer.fit()
    assert len(left) == QUICK.batch_size
    assert not any(left)


def test_training_goes_on_bit_for_bit_from_any_batch(tmp_path):
    whole = graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path / "whole")
    trainer = Trainer(graphs.Model(SMALL, seed=QUICK.seed), FAMILY, QUICK)
    trainer.on_batch = lambda t: (
        t.request_stop() if t.state.epoch == 1 and t.state.batch == 2 else None
    )
    assert not trainer.fit()
    (tmp_path / "part").mkdir()
    checkpoint.save_training(tmp_path / "part" / "checkpoint.h5", trainer)
    part = graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path / "part", resume=True, threads=1)
    for name in whole.parameters.columns:
        np.testing.assert_array_equal(part.parameters[name], whole.parameters[name])
    rows = [
        [json.loads(line) for line in (tmp_path / run / "metrics.jsonl").read_text().splitlines()]
        for run in ("whole", "part")
    ]
    assert len(rows[0]) == QUICK.epochs
    assert [row.pop("seconds") > 0 for row in (*rows[0], *rows[1])] == [True] * 6
    assert rows[0] == rows[1]


def test_a_signal_ends_a_run_after_the_batch_and_it_goes_on_bit_for_bit(tmp_path, monkeypatch):
    whole, batch = graphs.fit(FAMILY, SMALL, QUICK), Trainer._batch

    def signalled(trainer):
        batch(trainer)
        if trainer.state.batch == 2:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Trainer, "_batch", signalled)
    with pytest.raises(gd.training.Interrupted, match="after batch 2 of epoch 1"):
        graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path)
    monkeypatch.undo()
    part = graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path, resume=True)
    for name in whole.parameters.columns:
        np.testing.assert_array_equal(part.parameters[name], whole.parameters[name])


def test_a_model_in_a_file_is_the_model(tmp_path):
    model = graphs.Model(SMALL, seed=4, precision="float64")
    graphs.save(tmp_path / "model.h5", model)
    again = graphs.load(tmp_path / "model.h5")
    assert (again.reasoner, again.precision) == (SMALL, "float64")
    asked = (FAMILY.test.graph, np.array([50]), np.array([2]))
    np.testing.assert_array_equal(again.scores(*asked), model.scores(*asked))
    assert again.delays(3).shape == (12, 8)


def test_a_run_of_other_settings_or_facts_is_not_gone_on_with(tmp_path):
    graphs.fit(FAMILY, SMALL, replace(QUICK, epochs=1), folder=tmp_path)
    with pytest.raises(CheckpointError, match="holds something already"):
        graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path)
    for data, reasoner, training, other in [
        (FAMILY, replace(SMALL, tau=3.0), QUICK, "another reasoner"),
        (FAMILY, SMALL, replace(QUICK, negatives=9), "another training"),
        (graphs.family_tree(2), SMALL, QUICK, "another data"),
    ]:
        with pytest.raises(CheckpointError, match=other):
            graphs.fit(data, reasoner, training, folder=tmp_path, resume=True)
    assert (
        len(graphs.fit(FAMILY, SMALL, QUICK, folder=tmp_path, resume=True).parameters.columns) == 9
    )


def test_damaged_files_of_a_run_are_an_error(tmp_path):
    path = tmp_path / "model.h5"
    with pytest.raises(CheckpointError, match="there is no file"):
        graphs.load(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(CheckpointError, match=r"model\.h5"):
        graphs.load(path)


def without_map(file):
    del file["parameters/map_bias"]


def with_nan(file):
    file["parameters/map_bias"][0] = np.nan


def shorter(file):
    del file["parameters/map_bias"]
    file["parameters/map_bias"] = np.zeros(3)


def of_other_settings(file):
    file.attrs["model"] = json.dumps({"reasoner": {"relations": -1}, "precision": "float32"})


def of_another_version(file):
    file.attrs["version"] = 9


def of_another_kind(file):
    file.attrs["format"] = "something else"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_map, "no 'map_bias'"),
        (with_nan, "NaN or infinity in 'map_bias'"),
        (shorter, r"'map_bias' of shape \(3,\)"),
        (of_other_settings, "'model' that is none"),
        (of_another_version, "has version 9"),
        (of_another_kind, "is not a reasoner"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(tmp_path, change, message):
    path = tmp_path / "model.h5"
    graphs.save(path, graphs.Model(SMALL))
    with h5py.File(path, "a") as file:
        change(file)
    with pytest.raises(CheckpointError, match=message) as error:
        graphs.load(path)
    assert str(path) in str(error.value)


def test_wrong_settings_say_what_is_allowed():
    for make, message in [
        (lambda: graphs.Reasoner(0), r"relations=0\): must be a whole number from 1"),
        (
            lambda: graphs.Reasoner(1, max_delay=99),
            r"max_delay=99\): must be a whole number from 1 to 31",
        ),
        (lambda: graphs.Reasoner(1, delays="learn"), "did you mean 'learnt'"),
        (lambda: graphs.Reasoner(1, tau=0.0), r"tau=0\.0\): must be a number > 0"),
        (lambda: graphs.Training(epochs=0), r"epochs=0\): must be a whole number >= 1"),
        (lambda: graphs.Training(optimiser=0.1), "must be an update rule"),
        (lambda: graphs.Model(SMALL, precision="float16"), "precision='float16'"),
        (lambda: graphs.fit(FAMILY, graphs.Reasoner(2)), "the graph has 6 relations"),
        (lambda: gd.models.graph_reasoning.training("fb15k"), "did you mean 'fb15k237'"),
    ]:
        with pytest.raises(ConfigError, match=message):
            make()


def test_a_learning_rate_that_blows_up_is_an_error():
    training = replace(QUICK, optimiser=gd.training.SGD(1e300))
    with pytest.raises(TrainingError, match="lower the learning rate"):
        graphs.fit(FAMILY, SMALL, training)
