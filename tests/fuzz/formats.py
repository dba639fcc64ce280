"""The formats: for each its files, the entrance that reads them, and how many inputs it gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis.strategies import SearchStrategy

from fuzz import binary, files, hdf5, text
from genn_delays import datasets
from genn_delays.experiment import checkpoint, metrics_file
from genn_delays.experiment.config import BackendSection, load_config, load_resolved
from genn_delays.experiment.experiment import load_dataset, make_network, prepare
from genn_delays.experiment.run_folder import RunFolder

Input = tuple[str, bytes]
"""Name of the file that is replaced, and what stands in it."""


@dataclass(frozen=True)
class Format:
    """What is read, and how.

    Attributes:
        share: inputs of this format in 100.
        files: makes the folder that is whole, by name.
        seeds: makes, by name of a file in it, the contents that the mutator begins with.
        read: the entrance; the folder is given.
        structured: draws inputs that are whole files and say odd things.
    """

    share: int
    files: Callable[[], files.Files]
    seeds: Callable[[], Mapping[str, list[bytes]]]
    read: Callable[[Path], None]
    structured: Callable[[], SearchStrategy[Input]]


def _read_configuration(folder: Path) -> None:
    config = load_config(folder / "config.yaml")
    (folder / "resolved.yaml").write_text(config.to_yaml(), encoding="utf-8")
    if load_resolved(folder / "resolved.yaml") != config:
        raise AssertionError("the complete configuration reads back as another one")
    if config.data.name in ("yin_yang", "sequence"):
        config = config.model_copy(update={"backend": BackendSection(name="reference")})
        dataset = load_dataset(config)
        prepare(config, dataset, make_network(config, dataset)).simulation.close()


def _read_metrics(folder: Path) -> None:
    run = RunFolder(folder)
    sum(line["seconds"] for line in run.read_metrics())
    metrics_file.forget_after(run.metrics, 2)


def _read_recordings(path: Path) -> None:
    settings = {"duration": 50.0, "rate": 8000, "bands": 6, "f_max": 3000.0, "window": 10.0}
    datasets.load("audio_folder", dt=1.0, path=path, crop=True, cache=False, **settings)


def _read_frames(folder: Path) -> None:
    datasets.load("frame_arrays", dt=1.0, path=folder)


def _read_spikes(folder: Path) -> None:
    settings = {"train": "train.h5", "test": "test.h5", "units": 20, "duration": 100.0}
    datasets.load("spike_hdf5", dt=1.0, path=folder, validation_speakers=[1], **settings)


def _read_camera(folder: Path) -> None:
    datasets.load("nmnist", dt=1.0, path=folder, validation_fraction=0.5)


def _read_braille(folder: Path) -> None:
    datasets.load("braille", dt=1.0, path=folder, validation_fraction=0.2)


def _read_commands(folder: Path) -> None:
    settings = {"duration": 50.0, "rate": 8000, "bands": 6, "f_max": 3000.0, "window": 10.0}
    datasets.load("gsc", dt=1.0, path=folder, cache=False, **settings)


def _read_checkpoint(folder: Path) -> None:
    saved = checkpoint.load(folder / "checkpoint.h5")
    config = files.run_config()
    experiment = prepare(config, load_dataset(config), saved.network, state=saved.trainer_state)
    experiment.simulation.close()


def _frame_seeds() -> dict[str, list[bytes]]:
    made = files.frames()
    return {
        "training_x_data.npy": [made["training_x_data.npy"], *files.odd_arrays()],
        "training_y_data.npy": [made["training_y_data.npy"], *files.odd_arrays()],
    }


FORMATS: dict[str, Format] = {
    "yaml": Format(
        15,
        lambda: {"config.yaml": files.configurations()[0], **files.models()},
        lambda: {"config.yaml": files.configurations()},
        _read_configuration,
        text.configurations,
    ),
    "metrics": Format(
        10,
        lambda: {"metrics.jsonl": files.metrics()[0]},
        lambda: {"metrics.jsonl": files.metrics()},
        _read_metrics,
        text.metrics,
    ),
    "npy": Format(10, files.frames, _frame_seeds, _read_frames, binary.arrays),
    "wav": Format(
        10,
        files.recordings,
        lambda: {"a.wav": files.sounds()},
        _read_recordings,
        binary.sounds,
    ),
    "csv": Format(
        5,
        files.recordings,
        lambda: {name: [files.recordings()[name]] for name in files.LISTS},
        _read_recordings,
        text.lists,
    ),
    "zip": Format(
        10,
        lambda: {"audio.zip": files.archive(files.recordings())},
        lambda: {"audio.zip": files.archives()},
        lambda folder: _read_recordings(folder / "audio.zip"),
        binary.archives,
    ),
    "hdf5": Format(
        10,
        files.spikes,
        lambda: {"train.h5": [files.spikes()["train.h5"]]},
        _read_spikes,
        hdf5.spikes,
    ),
    "camera": Format(
        5,
        files.camera,
        lambda: {"Train/0/a.bin": [files.camera()["Train/0/a.bin"]]},
        _read_camera,
        binary.cameras,
    ),
    "pickle": Format(
        10,
        files.braille,
        lambda: {files.BRAILLE: files.pickles()},
        _read_braille,
        binary.pickles,
    ),
    "commands": Format(
        5,
        files.commands,
        lambda: {name: [files.commands()[name]] for name in files.COMMAND_LISTS},
        _read_commands,
        text.names,
    ),
    "checkpoint": Format(
        10,
        lambda: {"checkpoint.h5": files.checkpoints()[0]},
        lambda: {"checkpoint.h5": files.checkpoints()},
        _read_checkpoint,
        hdf5.checkpoints,
    ),
}
