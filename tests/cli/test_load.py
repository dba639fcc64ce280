"""gd.load gives back from a run what evaluate measured, from the files of the run alone."""

from __future__ import annotations

import json
import shutil
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import yaml
from own_parts import OWN_PARTS

import genn_delays as gd
from genn_delays.experiment.experiment import load_dataset
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.plugins import user_files
from genn_delays.support.errors import CheckpointError, DataError

RATE = 16000
WORDS = {"high": 3000.0, "low": 400.0}


def write_recordings(folder: Path) -> dict[str, list[Path]]:
    """Faint noise with a tone, of several lengths; the files of each split in their order."""
    files: dict[str, list[Path]] = {}
    for split, count in (("train", 4), ("val", 2), ("test", 3)):
        lines, files[split] = ["file,class"], []
        for word, frequency in WORDS.items():
            for k in range(count):
                rng = np.random.default_rng([int(frequency), k, count])
                time = np.arange(int((0.25 + 0.05 * k) * RATE)) / RATE
                sound = 0.4 * np.sin(2 * np.pi * frequency * time) * (abs(time - 0.12) < 0.1)
                sound += 1e-3 * rng.standard_normal(len(time))
                name = f"{word}{split}{k}.wav"
                folder.mkdir(exist_ok=True)
                with wave.open(str(folder / name), "wb") as file:
                    file.setparams((1, 2, RATE, 0, "NONE", ""))
                    file.writeframes((32767 * sound).astype("<i2").tobytes())
                lines.append(f"{name},{word}")
                files[split].append(folder / name)
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n")
    return files


@pytest.fixture
def sounds(folder):
    return write_recordings(folder / "sounds")


@pytest.fixture(params=["spikes", "frames"])
def run(folder, sounds, call, request):
    """A run on sound files, without its configuration's data."""
    frames = request.param == "frames"
    values = {
        "model": {"file": "feedforward", "args": {"hidden": [12], "weight_input": [0.5, 0.3]}},
        "data": {
            "name": "audio_folder",
            "path": str(folder / "sounds"),
            "args": {"duration": 400.0, "bands": 16, "code": request.param},
        },
        "training": {"epochs": 2, "batch_size": 4, "dt": 10.0 if frames else 2.0},
    }
    (folder / "sounds.yaml").write_text(yaml.safe_dump(values))
    assert call("run", "sounds.yaml", "--output", "run").exit_code == 0
    return folder / "run"


def test_a_sound_file_gives_what_evaluate_computes_for_it(run, sounds, call):
    model = gd.load(run)
    data = load_dataset(RunFolder.open(run).load_config())
    for files, split in ((sounds["test"], data.test), (sounds["train"], data.train)):
        expected = np.concatenate(
            [model.simulation.forward(split.batch([k]), training=False) for k in range(len(split))]
        )
        assert np.abs(expected).min() > 0
        np.testing.assert_array_equal(model.outputs(files), expected)
        for k, file in enumerate(files):
            np.testing.assert_array_equal(model.outputs(file), expected[k : k + 1])
    printed = json.loads(call("evaluate", run).output)
    found = model.evaluate("test", data)
    assert (printed["loss"], printed["accuracy"]) == (found.loss, found.accuracy)
    assert printed["accuracy"] == np.mean(model.predict(sounds["test"]) == data.test.labels)
    assert model.class_names == ("high", "low")


def test_a_run_tells_its_history_and_each_of_its_files_is_a_model(run, sounds, tmp_path):
    model = gd.load(run)
    assert model.history.epoch.tolist() == [1, 2]
    lines = RunFolder.open(run).read_metrics()
    assert model.history.validation_loss.tolist() == [lines[1]["loss"], lines[3]["loss"]]
    best = gd.load(run / "best.h5")
    np.testing.assert_array_equal(best.outputs(sounds["test"]), model.outputs(sounds["test"]))
    moved = Path(shutil.copy(run / "best.h5", tmp_path / "alone.h5"))
    alone = gd.load(moved)
    np.testing.assert_array_equal(alone.outputs(sounds["test"]), model.outputs(sounds["test"]))
    assert len(alone.history) == 0
    for name in ("initial.h5", "checkpoint.h5"):
        assert gd.load(run / name).predict(sounds["test"]).shape == (6,)
    model.save(tmp_path / "saved.h5")
    assert gd.load(tmp_path / "saved.h5").history.tolist() == model.history.tolist()


def test_sounds_that_cannot_be_heard_are_named(run, sounds, folder):
    model = gd.load(run)
    with pytest.raises(DataError, match=r"there is no sound file missing\.wav"):
        model.predict("missing.wav")
    (folder / "text.wav").write_text("no sound")
    with pytest.raises(DataError, match=r"text\.wav"):
        model.predict(folder / "text.wav")
    write_long(folder / "long.wav")
    with pytest.raises(DataError, match="lasts 500 ms, longer than a trial of 400 ms"):
        model.predict([sounds["test"][0], folder / "long.wav"])


def write_long(path):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(np.ones(RATE // 2, "<i2").tobytes())


def test_a_fit_to_sounds_knows_their_encoder_and_its_file_does_too(sounds, folder):
    args = {"duration": 400.0, "bands": 8, "deltas": True}
    data = gd.datasets.load("audio_folder", dt=4.0, path=folder / "sounds", **args)
    weights = {"hidden": (6,), "weight_input": (0.5, 0.3)}
    net = gd.models.feedforward.build(inputs=data.units, outputs=2, seed=1, **weights)
    model = gd.fit(net, data, epochs=1, dt=4.0, progress=False)
    model.save("model.h5")
    expected = model.outputs(data.test.batch(np.arange(6)))
    for one in (model, gd.load("model.h5")):
        np.testing.assert_array_equal(one.outputs(sounds["test"]), expected)


def test_a_model_of_arrays_hears_no_sound(config, call, folder):
    call("run", config, "--output", "run")
    (folder / "a.wav").write_text("")
    with pytest.raises(DataError, match="trained on 'sequence', which is no sound"):
        gd.load("run").predict("a.wav")


def test_readout_and_loss_of_the_model_file_are_found_in_its_run(config, call, folder):
    values = yaml.safe_load(config.read_text())
    text = Path(values["model"]["file"]).read_text()
    (folder / "own.py").write_text(text + OWN_PARTS)
    values["model"]["file"] = "own.py"
    values |= {"readout": {"name": "LastVoltage", "share": 0.25}, "loss": {"name": "Halved"}}
    config.write_text(yaml.safe_dump(values))
    assert call("run", config, "--output", "run").exit_code == 0
    (folder / "own.py").unlink()
    model = gd.load("run")
    assert model.recipe.readout.share == 0.25
    assert type(gd.load("run/best.h5").recipe.loss).__name__ == "Halved"


def test_reading_a_file_alone_runs_no_model_file(config, call, folder, monkeypatch):
    values = yaml.safe_load(config.read_text())
    text = Path(values["model"]["file"]).read_text()
    (folder / "own.py").write_text(text + OWN_PARTS)
    values["model"]["file"] = "own.py"
    values["readout"] = {"name": "LastVoltage"}
    config.write_text(yaml.safe_dump(values))
    assert call("run", config, "--output", "run").exit_code == 0
    shutil.copy("run/best.h5", "alone.h5")
    shutil.copy("run/model.py", "model.py")
    for name in [name for name in sys.modules if name.startswith(user_files.PREFIX)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(user_files, "_registered", {})
    monkeypatch.setattr(user_files, "load", lambda path: pytest.fail(f"{path} was run"))
    with pytest.raises(CheckpointError, match=r"needs the class 'LastVoltage' of file"):
        gd.load("alone.h5")


def test_what_is_no_run_and_no_file_is_named(folder):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        gd.load("nothing.h5")
    (folder / "empty").mkdir()
    with pytest.raises(CheckpointError, match="is not a run folder"):
        gd.load("empty")
