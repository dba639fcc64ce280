"""The spiking data sets of Heidelberg, in files as they are published."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from genn_delays.datasets import load, source
from genn_delays.experiment.config import load_config
from genn_delays.support.errors import DataError

MODEL = Path(__file__).parents[2] / "models" / "feedforward.py"


def write_set(spike_file, folder: Path, names: list[str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = spike_file(
            folder / name,
            [[0.25, 0.5], [0.125], [1.25, 0.0], [0.75]],
            [[3, 699], [0], [7, 8], [5]],
            [0, 1, 0, 1],
        )
        (folder / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    return folder


def test_shd_is_read_as_it_is_published_and_float16_times_are_exact(spike_file, tmp_path):
    folder = write_set(spike_file, tmp_path, ["shd_train.h5", "shd_test.h5"])
    data = load("shd", dt=1.0, path=folder)
    assert (data.name, data.units, data.classes, data.duration) == ("shd", 700, 2, 1400.0)
    assert data.test.time.tolist() == [250.0, 500.0, 125.0, 1250.0, 0.0, 750.0]
    assert data.test.unit.tolist() == [3, 699, 0, 7, 8, 5]
    assert source("shd").publications() == ("cramer2022",)


def test_ssc_has_a_validation_file(spike_file, tmp_path):
    names = [f"ssc_{split}.h5" for split in ("train", "valid", "test")]
    data = load("ssc", dt=1.0, path=write_set(spike_file, tmp_path, names))
    assert [len(split) for split in data.splits().values()] == [4, 4, 4]


def test_presets_are_the_settings_of_a_publication_and_what_is_given_beside_them_wins(
    spike_file, tmp_path
):
    folder = write_set(spike_file, tmp_path, ["shd_train.h5", "shd_test.h5"])
    binned = load("shd", dt=10.0, path=folder, preset="dcls")
    assert (binned.units, binned.duration) == (140, 1400.0)
    assert binned.test.batch(np.array([2])).time.tolist() == [0.0, 1250.0]
    cropped = load("shd", dt=1.0, path=folder, preset="eventprop")
    assert cropped.test.batch(np.array([2])).time.tolist() == [0.0]
    assert source("shd", preset="dcls", bin_units=1).bin_units == 1


@pytest.mark.parametrize(
    ("name", "preset", "message"),
    [
        ("shd", "dcsl", "shd has no preset 'dcsl'; did you mean 'dcls'?"),
        ("sequence", "dcls", "sequence has no preset 'dcls'; it has none"),
        ("shd", 3, "shd has no preset 3; "),
    ],
)
def test_an_unknown_preset_is_named(name, preset, message):
    with pytest.raises(DataError) as error:
        source(name, preset=preset)
    assert message in str(error.value)


def test_what_was_not_fetched_says_how_to(cache):
    with pytest.raises(DataError, match="`genn-delays data fetch shd`, or name the folder"):
        load("shd", dt=1.0)
    (cache / "data/shd").mkdir(parents=True)
    (cache / "data/shd/shd_train.h5.gz.part").touch()
    with pytest.raises(DataError, match="`genn-delays data fetch shd`, or name the folder"):
        load("shd", dt=1.0)


def test_a_truncated_file_is_refused(spike_file, tmp_path):
    folder = write_set(spike_file, tmp_path, ["shd_train.h5", "shd_test.h5"])
    whole = (folder / "shd_train.h5.gz").read_bytes()
    (folder / "shd_train.h5.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"shd_train\.h5\.gz"):
        load("shd", dt=1.0, path=folder)


def test_a_configuration_keeps_the_settings_of_a_preset_rather_than_its_name(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text(
        f"model: {{file: {MODEL}}}\ndata: {{name: ssc, args: {{preset: dcls, seed: 7}}}}\n"
    )
    args = load_config(path).data.args
    assert "preset" not in args
    assert (args["bin_units"], args["duration"], args["seed"]) == (5, 1000.0, 7)
    path.write_text(load_config(path).to_yaml())
    assert load_config(path).data.args == args
