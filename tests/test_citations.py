"""Whatever a configuration can name says what to cite for it, or that there is nothing."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import pytest
import yaml
from click.testing import CliRunner

import genn_delays as gd
from genn_delays import datasets
from genn_delays.backends import BACKENDS
from genn_delays.cli import cli
from genn_delays.datasets import spike_hdf5
from genn_delays.declaration import kernels, neurons
from genn_delays.declaration.distance import Distance
from genn_delays.declaration.neurons import Neuron
from genn_delays.declaration.units import BatchNorm
from genn_delays.experiment.model_file import cited_in
from genn_delays.experiment.options import REGISTRIES
from genn_delays.planning.gradients.surrogate import FUNCTIONS, Surrogate
from genn_delays.support.references import ENTRIES
from genn_delays.sweep.sweep_file import SEARCHES
from genn_delays.training import Narrowing, SilentRescue

MODELS = sorted((Path(__file__).parents[1] / "models").glob("*.py"))
NEURONS = [kind for kind in vars(neurons).values() if isinstance(kind, type) and kind != Neuron]
NAMED = (*REGISTRIES, datasets.SOURCES, kernels.KERNELS, BACKENDS, SEARCHES)
KINDS = [kind for registry in NAMED for kind in registry.values()]
KINDS += [*NEURONS, BatchNorm, Distance, Narrowing, SilentRescue]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_whatever_has_a_name_says_itself_what_to_cite_for_it(kind):
    assert "cites" in vars(kind), "write cites = () where there is nothing"
    assert set(kind.cites) <= set(ENTRIES)


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.name)
def test_every_model_says_which_paper_it_is_from_or_that_there_is_none(model):
    assert "\nCITES = (" in model.read_text(encoding="utf-8")
    cited_in(model)


def test_every_reference_is_cited_by_something():
    used = {key for kind in KINDS for key in kind.cites}
    used |= {key for name in FUNCTIONS for key in Surrogate(name).publications()}
    written = [make for make in neurons.NAMED.values() if not isinstance(make, type)]
    used |= {key for make in written for key in make().publications()}
    used |= set(spike_hdf5.EAR)
    assert used | {key for model in MODELS for key in cited_in(model)} == set(ENTRIES)


@pytest.mark.parametrize("key", ENTRIES)
def test_a_reference_is_whole(key):
    entry = ENTRIES[key]
    assert re.match(rf"@(article|inproceedings|misc)\{{{key},\n", entry)
    for field in ("title", "author", "year"):
        assert f"{field} = {{" in entry
    assert any(f"{field} = {{" in entry for field in ("doi", "eprint", "url"))
    assert entry.count("{") == entry.count("}")
    assert entry.endswith("\n}")


def keys(result):
    assert result.exit_code == 0, result.stderr
    return re.findall(r"^@\w+\{(\w+),", result.stdout, re.MULTILINE)


def call(*arguments):
    return CliRunner().invoke(cli, [str(each) for each in arguments], catch_exceptions=False)


def configuration(tmp_path, **changed):
    values = {
        "model": {"file": "feedforward", "args": {"hidden": [4]}},
        "data": {"name": "sequence", "args": {"train": 4, "duration": 20}},
        "readout": {"name": "max_voltage"},
        "training": {"epochs": 1, "batch_size": 4},
        "backend": {"name": "reference"},
        **changed,
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(values))
    return tmp_path / "c.yaml"


USED = {
    "deep_r": ({"rewiring": [{"name": "deep_r"}]}, {"bellec2018"}),
    "rigl": ({"rewiring": [{"name": "rigl"}]}, {"evci2020"}),
    "set": ({"rewiring": [{"name": "set"}]}, {"mocanu2018"}),
    "fcn24": ({"rewiring": [{"name": "fcn24"}]}, {"meszaros2024", "bellec2018", "evci2020"}),
    "dale": ({"rewiring": [{"name": "dale"}]}, {"meszaros2024"}),
    "arctan": ({"gradient": {"name": "surrogate"}}, {"neftci2019", "fang2021"}),
    "eventprop": ({}, {"wunderlich2021", "meszaros2025"}),
    "GeNN": ({"backend": {"name": "genn-cpu"}}, {"knight2021", "yavuz2016"}),
}


@pytest.mark.parametrize("what", USED)
def test_what_a_configuration_uses_is_cited(what, tmp_path):
    changed, wanted = USED[what]
    assert wanted <= set(keys(call("cite", configuration(tmp_path, **changed))))


@pytest.mark.parametrize(
    ("train", "cited"), [("shd_train.h5", True), ("mine.h5", False)], ids=["SHD", "one's own"]
)
def test_a_data_set_of_ones_own_is_not_that_of_heidelberg(train, cited, tmp_path):
    data = {"name": "spike_hdf5", "path": str(tmp_path), "args": {"train": train}}
    found = keys(call("cite", configuration(tmp_path, data=data)))
    assert ("cramer2022" in found) == cited


def test_spikes_of_the_inner_ear_cite_it_wherever_its_converter_wrote_them(tmp_path):
    with h5py.File(tmp_path / "mine.h5", "w") as file:
        file.attrs["made_by"] = "genn-delays 0.1.0, cochlea"
    data = {"name": "spike_hdf5", "path": str(tmp_path), "args": {"train": "mine.h5"}}
    found = keys(call("cite", configuration(tmp_path, data=data)))
    assert set(spike_hdf5.EAR) <= set(found)
    (tmp_path / "mine.h5").write_bytes(b"no HDF5")
    assert "cramer2022" not in keys(call("cite", configuration(tmp_path, data=data)))


def test_a_run_its_checkpoint_and_a_model_cite_what_they_use(tmp_path):
    config = configuration(tmp_path, rewiring=[{"name": "set"}])
    assert call("run", config, "--output", tmp_path / "run").exit_code == 0
    found = keys(call("cite", tmp_path / "run"))
    assert {"mocanu2018", "meszaros2025", "kingma2015"} <= set(found)
    assert keys(call("cite", tmp_path / "run" / "best.h5")) == found
    gd.load(tmp_path / "run").save(tmp_path / "model.h5")
    result = call("cite", tmp_path / "model.h5")
    assert result.stdout.startswith("% without optimiser")
    assert set(keys(result)) == {"wunderlich2021", "meszaros2025"}
    refused = call("cite", tmp_path / "run", "--set", "training.epochs=2")
    assert refused.exit_code == 2
    assert "--set changes configurations" in refused.stderr


def test_a_sweep_cites_what_all_of_its_runs_use_and_its_search(tmp_path):
    configuration(tmp_path)
    sweep = {
        "experiment": "c.yaml",
        "conditions": {"a": {"rewiring": [{"name": "set"}]}, "b": {"rewiring": [{"name": "rigl"}]}},
    }
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(sweep))
    found = keys(call("cite", tmp_path / "s.yaml"))
    assert {"mocanu2018", "evci2020"} <= set(found)
    assert len(found) == len(set(found))
    assert "akiba2019" not in found
    search = {"search": {"name": "tpe", "runs": 2}, "axes": {"training.seed": [1, 2]}}
    (tmp_path / "s.yaml").write_text(yaml.safe_dump({"experiment": "c.yaml", **search}))
    assert {"akiba2019", "bergstra2011"} <= set(keys(call("cite", tmp_path / "s.yaml")))
