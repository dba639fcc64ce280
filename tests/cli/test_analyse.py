"""``genn-delays analyse``: every kind of network under both gradient rules, and nothing is lost."""

from __future__ import annotations

import csv
import shutil

import h5py
import numpy as np
import pytest
import yaml

import genn_delays as gd
from genn_delays.analysis import perturbations, runs
from genn_delays.experiment.config import load_config
from genn_delays.experiment.experiment import load_dataset
from genn_delays.experiment.run import begun
from genn_delays.experiment.run import train as train_run
from genn_delays.experiment.signals import StopSignals
from genn_delays.report import page
from genn_delays.support.errors import DataError

MODEL = """
import genn_delays as gd

def build(*, inputs: int, outputs: int, seed: int, kind: str, hidden: int = 6):
    net = gd.Network(seed)
    net.add_population("input", gd.Input(), inputs)
    net.add_population("hidden", gd.LIF(), hidden)
    net.add_population("output", gd.LeakyReadout(), outputs)
    how = {"delay": gd.init.Uniform(0, 10), "max_delay": 12.0, "learn": ("weight", "delay")}
    sparse = {"density": 0.6} if kind in ("sparse", "deep_r", "dale") else {}
    count = {"kernel_count": 3} if kind == "several" else {}
    net.connect("input", "hidden", weight=gd.init.Normal(1.0, 2.0), **how, **sparse, **count)
    if kind == "recurrent":
        net.connect("hidden", "hidden", weight=gd.init.Normal(0.0, 0.5), **how)
    net.connect("hidden", "output", weight=gd.init.Normal(0.0, 0.5))
    return net
"""
DEEP_R = {"name": "deep_r", "temperature": 30.0, "projections": ["input->hidden"]}
REWIRING = {"deep_r": [DEEP_R], "dale": [DEEP_R, {"name": "dale"}]}
KINDS = ("dense", "sparse", "deep_r", "dale", "several", "recurrent")
QUICK = ("--permutations", 19, "--similarities", 9, "--repeats", 2)


@pytest.fixture
def trained(folder):
    """Trains a network of a kind; its run folder."""
    (folder / "model.py").write_text(MODEL)

    def train(kind="dense", rule="eventprop", seed=1, hidden=6):
        values = {
            "model": {"file": "model.py", "args": {"kind": kind, "hidden": hidden}},
            "data": {"name": "yin_yang", "args": {"train": 12, "validation": 6, "test": 6}},
            "gradient": {"name": rule},
            "readout": {"name": "max_voltage"},
            "loss": {"name": "cross_entropy"},
            "training": {"epochs": 2, "batch_size": 12, "seed": seed},
            "optimiser": {"weight": {"lr": 0.05}, "delay": {"name": "adam", "lr": 0.5}},
            "rewiring": REWIRING.get(kind, []),
            "backend": {"name": "reference"},
        }
        (folder / "run.yaml").write_text(yaml.safe_dump(values))
        run = folder / f"{kind}-{rule}-{seed}-{hidden}"
        config = load_config(folder / "run.yaml")
        with StopSignals() as signals, begun(config, kind, run, signals) as (place, experiment):
            train_run(place, experiment, signals)  # as the command does, but for the picture
        return run

    return train


@pytest.fixture(autouse=True)
def few_changes(monkeypatch):
    """One amount of each change, so that a test takes a second."""
    for name, amounts in (("COARSER", 5.0), ("REMOVED", 0.5), ("JITTER", 5.0), ("NOISE", 0.3)):
        monkeypatch.setattr(perturbations, name, (amounts,))


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("rule", ["eventprop", "surrogate"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_network_is_analysed_under_both_rules(trained, call, kind, rule):
    run = trained(kind, rule)
    before = files_of(run)
    result = call("analyse", run, *QUICK, "--units-per-channel", 1)
    assert result.exit_code == 0, result.output
    names = ["grouping.png", "grouping.svg", "function.png", "function.svg"]
    files = [run / "analysis.h5", run / "analysis.csv", *(run / "figures" / n for n in names)]
    assert result.stdout.split() == [str(file) for file in files]
    assert all(file.stat().st_size for file in files)
    after = files_of(run)
    assert {name: after[name] for name in before} == before
    rows = rows_of(run / "analysis.csv")
    places = {row["place"] for row in rows if row["part"] == "grouping"}
    assert places >= {"input->hidden"} | ({"hidden->hidden"} if kind == "recurrent" else set())
    done = {row["condition"] for row in rows if row["part"] == "function"}
    assert {"unchanged", "delays shuffled in unit", "removed at random", "input jittered"} <= done
    assert {row["part"] for row in rows} >= {"synapses", "signs", "class", "rate"}
    assert any(row["part"] == "rewiring" for row in rows) == (kind in REWIRING)
    unchanged = next(row for row in rows if row["condition"] == "unchanged")
    data = gd.datasets.load("yin_yang", dt=1.0, train=12, validation=6, test=6)
    evaluated = gd.load(run, backend="reference").evaluate("validation", data)
    assert float(unchanged["value"]) == pytest.approx(evaluated.accuracy)
    with h5py.File(run / "analysis.h5") as file:
        group = file["runs/0/groupings/input->hidden"]
        assert group.attrs["ordered"]
        assert group.attrs["channels"] == "given"
        assert group["synapses"].shape == (6,)
        names = set(group["tests"])
        assert {"moran_sign, weights", "moran_sign, delays", "run_along, weights"} <= names
        p = group["tests/moran_sign, weights/chance/p"][()]
        assert p.shape == (6,)
        assert np.nanmin(p) >= 1 / 20


def test_runs_of_several_seeds_are_pooled_and_compared(trained, call, folder):
    three = [trained(seed=seed) for seed in (1, 2, 3)]
    result = call("analyse", *three, "--output", "all", "--no-function", *QUICK)
    assert result.exit_code == 0, result.output
    rows = rows_of(folder / "all" / "analysis.csv")
    names = [run.name for run in three]
    assert {row["run"] for row in rows if row["part"] == "synapses"} == set(names)
    pairs = [row["run"] for row in rows if row["part"] == "similarity"]
    assert pairs == [f"{a} | {b}" for k, a in enumerate(names) for b in names[k + 1 :]]
    pooled = [row for row in rows if row["run"] == "all"]
    assert {row["n"] for row in pooled} == {"3"}
    assert all(float(row["p_flip"]) >= 0.25 for row in pooled)
    assert not any(row["part"] == "function" for row in rows)
    assert sorted(files_of(folder / "all")) == [*("analysis.csv", "analysis.h5")]


def test_the_same_analysis_has_the_same_bytes_for_any_number_of_threads(trained, call, folder):
    run = trained("sparse")
    for name, threads in (("one", 1), ("three", 3)):
        call("analyse", run, "--output", name, *QUICK, "--threads", threads)
    assert (folder / "one/analysis.csv").read_text() == (folder / "three/analysis.csv").read_text()


def test_an_earlier_analysis_is_replaced_only_on_demand(trained, call):
    run = trained()
    call("analyse", run, "--no-function", *QUICK)
    before = files_of(run)
    result = call("analyse", run, "--no-function", *QUICK, "--seed", 2)
    assert result.exit_code == 2
    assert "analysis.h5 exists; nothing was changed" in result.stderr
    assert files_of(run) == before
    old = run / "figures" / "function.png"
    old.write_bytes(b"of an earlier analysis, which asked for it")
    assert call("analyse", run, "--replace", "--no-function", *QUICK, "--seed", 2).exit_code == 0
    assert files_of(run)["analysis.csv"] != before["analysis.csv"]
    assert not old.exists(), "not of what analysis.csv says"


def test_what_cannot_be_analysed_is_refused_before_anything_is_written(trained, call, folder):
    run, other = trained(), trained(hidden=7)
    empty = folder / "empty"
    empty.mkdir()
    begun = folder / "begun"
    shutil.copytree(run, begun)
    (begun / "best.h5").unlink()
    (folder / "file").write_text("")
    cases = {
        "is not a run folder": [empty],
        "no epoch is finished yet": [begun],
        "say where to: --output": [run, other],
        "'input->hidden' is 4 x 7, but 4 x 6": [run, other, "--output", "all"],
        "given twice": [run, run, "--output", "all"],
        "is a file": [run, "--output", "file"],
        "permutations is 0": [run, "--permutations", 0, "--output", "all"],
        "channel_width is -1.0": [run, "--channel-width", -1, "--output", "all"],
        "units_per_channel is 0": [run, "--units-per-channel", 0, "--output", "all"],
        "similarities is -1": [run, "--similarities", -1, "--output", "all"],
        "threads is 0": [run, "--threads", 0, "--output", "all"],
        "repeats is 0": [run, "--repeats", 0, "--output", "all"],
    }
    for said, arguments in cases.items():
        result = call("analyse", *arguments)
        assert result.exit_code == 2, (said, result.output)
        assert said in result.stderr
        assert len(result.stderr.split("Error: ")[1].splitlines()) <= 2
    assert not (folder / "all").exists()
    assert not (run / "analysis.h5").exists()


def test_data_that_are_gone_are_missed_before_anything_is_computed(trained, call, monkeypatch):
    run = trained()

    def gone(config):
        raise DataError("the data are gone")

    def computed(*given, **how):
        raise AssertionError

    monkeypatch.setattr(runs, "load_dataset", gone)
    with monkeypatch.context() as patched:
        patched.setattr(runs, "grouping", computed)
        result = call("analyse", run, *QUICK)
        assert result.exit_code == 2
        assert "the data are gone" in result.stderr
    assert call("analyse", run, *QUICK, "--no-function").exit_code == 0


def test_runs_of_the_same_data_share_them(trained, call, monkeypatch):
    two = [trained(seed=seed) for seed in (1, 2)]
    loads = []
    monkeypatch.setattr(runs, "load_dataset", lambda c: loads.append(c) or load_dataset(c))
    result = call("analyse", *two, "--output", "all", *QUICK)
    assert result.exit_code == 0, result.output
    assert len(loads) == 1


def test_runs_of_one_name_are_told_apart(trained, folder, call, monkeypatch):
    monkeypatch.setattr(page, "_bundle", lambda: "")
    places = []
    for seed, name in enumerate(("one/seed1", "two/seed1"), 1):
        (folder / name).parent.mkdir()
        places.append(shutil.move(trained(seed=seed), folder / name))
    quick = ("--permutations", 9, "--similarities", 2, "--no-function")
    assert call("analyse", *places, *quick, "--output", "out").exit_code == 0
    with (folder / "out" / "analysis.csv").open(newline="") as file:
        found = {row["run"] for row in csv.DictReader(file)}
    assert found == {"one/seed1", "two/seed1", "one/seed1 | two/seed1", "all"}
    assert call("report", *places, "--output", "both.html").exit_code == 0
    text = (folder / "both.html").read_text()
    assert "one/seed1</a>" in text
    assert "two/seed1</a>" in text
