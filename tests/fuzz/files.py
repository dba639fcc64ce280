"""Small valid files, made in code: what the mutator and the strategies begin with."""

from __future__ import annotations

import io
import json
import pickle
import re
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import soundfile
import yaml
from pickle_writer import frame, pickle_of

import genn_delays as gd
from genn_delays.experiment import checkpoint
from genn_delays.experiment.config import Config, load_config
from genn_delays.experiment.experiment import load_dataset, prepare
from genn_delays.training import TrainerState

ROOT = Path(__file__).parents[2]
SMALL = {"train": 12, "validation": 6, "test": 6}
"""Trials of the data sets that configurations make."""

Files = dict[str, bytes]
"""Content by name in a folder."""


def configurations() -> list[bytes]:
    """The experiments of the repository, beside a folder ``models``; made data kept small."""
    paths = [path for path in (ROOT / "experiments").rglob("*.yaml") if "grid" not in path.name]
    read = [path.read_text(encoding="utf-8") for path in sorted(paths)]
    texts = [re.sub(r"(\.\./)+models/", "models/", text) for text in read]
    trees = [yaml.safe_load(text) for text in texts]
    for name in ("yin_yang", "sequence"):
        tree = json.loads(json.dumps(next(t for t in trees if t["data"]["name"] == "yin_yang")))
        tree["data"] = {"name": name, "args": SMALL}
        tree["model"]["args"]["hidden"] = [5]
        trees.append(tree)
    made = [yaml.safe_dump(tree, sort_keys=False) for tree in trees]
    return [text.encode() for text in (*texts, *made)]


def models() -> Files:
    """The model files of the repository."""
    return {f"models/{path.name}": path.read_bytes() for path in (ROOT / "models").glob("*.py")}


def wav(sound: np.ndarray, rate: int = 8000, channels: int = 1, kind: str = "<i2") -> bytes:
    """A WAV file of numbers in [-1, 1): PCM, or float where ``kind`` is."""
    width, tag = np.dtype(kind).itemsize, 3 if np.dtype(kind).kind == "f" else 1
    scaled = sound if tag == 3 else sound * (2 ** (8 * width - 1) - 1)
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * width, width * channels, 8 * width)
    return riff([(b"fmt ", form), (b"data", scaled.astype(kind).tobytes())])


def riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A RIFF file of chunks."""
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def sounds() -> list[bytes]:
    """Mono and stereo, integers and floats, the longer form of the header, and packed sound."""
    sound = 0.5 * np.sin(np.arange(400))
    guid = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 8000, 16000, 2, 16, 22, 16, 4) + guid
    samples = (1000 * sound).astype("<i2").tobytes()
    return [
        wav(sound),
        wav(sound[:100], rate=16000),
        wav(sound, channels=2),
        wav(sound, kind="<i4"),
        wav(sound, kind="<f4"),
        packed(sound, "WAV", "ULAW"),
        packed(sound, "FLAC", "PCM_16"),
        packed(sound, "OGG", "VORBIS"),
        packed(sound, "OGG", "OPUS"),
        riff([(b"fmt ", form), (b"LIST", b"INFOISFT\0\0\0\0"), (b"data", samples)]),
    ]


def packed(sound: np.ndarray, kind: str, code: str) -> bytes:
    """A file of a kind that libsndfile packs."""
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 8000, code, format=kind)
    return buffer.getvalue()


def recordings() -> Files:
    """A folder of ``audio_folder``: two classes, a recording of each."""
    lists = dict.fromkeys(LISTS, b"file,class\r\na.wav,low\r\nb.wav,high\r\n")
    return {**lists, "a.wav": sounds()[0], "b.wav": sounds()[1]}


LISTS = ("train.csv", "val.csv", "test.csv")


def archive(files: Mapping[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name), content, kind)
    return buffer.getvalue()


def archives() -> list[bytes]:
    """Archives whose members are stored, and packed in each way."""
    kinds = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return [archive(recordings(), kind) for kind in kinds]


def npy(array: np.ndarray) -> bytes:
    """A .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def frames() -> Files:
    """A folder of ``frame_arrays``."""
    values = np.arange(5 * 4 * 3, dtype=np.float32).reshape(5, 4, 3)
    labels = np.array([0, 1, 2, 0, 1], dtype=np.int32)
    pair = {"x": npy(values), "y": npy(labels)}
    return {f"{split}_{k}_data.npy": pair[k] for split in ("training", "testing") for k in "xy"}


def odd_arrays() -> list[bytes]:
    """What numpy.load reads besides a plain array, or refuses to: objects, records, an archive."""
    packed = io.BytesIO()
    np.savez(packed, x=np.zeros(3))
    arrays = (np.array([{}, None]), np.zeros(2, "i4,f8"), np.asfortranarray(np.eye(3)))
    return [*map(npy, arrays), packed.getvalue()]


def write_spikes(file: h5py.File) -> None:
    """The layout of ``spike_hdf5``: six trials of two classes and three speakers."""
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 6, 6)
    for key, kind, high in (("times", "float16", 0.05), ("units", "uint16", 20)):
        made = file.create_dataset(f"spikes/{key}", 6, h5py.vlen_dtype(np.dtype(kind)))
        for trial, count in enumerate(counts):
            made[trial] = (high * rng.random(count)).astype(kind)
    file["labels"] = np.array([0, 1, 0, 1, 0, 1])
    file["extra/speaker"] = np.array([0, 0, 1, 1, 2, 2])
    file["extra/keys"] = ["low", "high"]


def spikes() -> Files:
    """A folder of ``spike_hdf5``."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        write_spikes(file)
    return {"train.h5": buffer.getvalue(), "test.h5": buffer.getvalue()}


def camera() -> Files:
    """A folder of ``nmnist``: two recordings of a digit for training, one for the test."""
    rows = [(k, 33 - k, k % 2 << 7 | k // 4, 7 * k, k) for k in range(20)]
    recording = b"".join(map(bytes, [*rows[:10], (0, 240, 0, 0, 0), *rows[10:]]))
    return dict.fromkeys(("Train/0/a.bin", "Train/0/b.bin", "Test/0/a.bin"), recording)


BRAILLE = "data_braille_letters_th_1.pkl"


def braille_table() -> dict[str, list[Any]]:
    """Ten recordings of two letters."""
    events = [[[[0.01 * k, 1.0], [0.5]] for k in range(12)] for _ in range(10)]
    return {"letter": ["A", "B"] * 5, "events": events}


def braille() -> Files:
    """A folder of ``braille``."""
    return {BRAILLE: pickle_of(frame(braille_table()))}


def pickles() -> list[bytes]:
    """A table in each form that is read, and one with numbers and arrays of numpy."""
    table = braille_table()
    arrays = {
        **table,
        "events": [
            [[list(map(np.float64, one)), np.array(other)] for one, other in taxels]
            for taxels in table["events"]
        ],
    }
    made = [pickle.dumps(each, protocol) for each, protocol in ((table, 4), (arrays, 5))]
    return [*made, pickle_of(frame(table)), pickle_of(frame(table, old=True))]


COMMAND_LISTS = ("validation_list.txt", "testing_list.txt")


def commands() -> Files:
    """A folder of ``gsc``: two words with a recording for each split."""
    sounds_ = {f"{word}/{take}.wav": sounds()[1] for word in ("yes", "no") for take in range(3)}
    lists = {
        name: f"yes/{take}.wav\nno/{take}.wav\n".encode() for take, name in enumerate(COMMAND_LISTS)
    }
    return sounds_ | lists


@lru_cache
def run_config() -> Config:
    """What a checkpoint is resumed with: two inputs, two outputs, a step of 1 ms."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "run.yaml"
        path.write_text(
            f"model: {{file: {ROOT / 'models' / 'feedforward.py'}, args: {{hidden: [3]}}}}\n"
            "data: {name: sequence, args: {duration: 20}}\n"
            "gradient: {name: surrogate}\n"
            "training: {epochs: 1, batch_size: 2}\n"
            "optimiser: {weight: {name: adam, lr: 1e-3}, unit: {name: adam, lr: 1e-3}}\n"
            "backend: {name: reference}\n"
        )
        return load_config(path)


def checkpoints() -> list[bytes]:
    """Before training, and after an epoch with delay kernels, learnt units and moments."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        checkpoint.save(folder / "new.h5", _network(plain=True), TrainerState())
        config, network = run_config(), _network(plain=False)
        experiment = prepare(config, load_dataset(config), network)
        with experiment.simulation:
            experiment.trainer.fit()
        trainer = experiment.trainer
        checkpoint.save(folder / "trained.h5", network, trainer.state, {"epoch": 1})
        return [(folder / name).read_bytes() for name in ("new.h5", "trained.h5")]


def _network(plain: bool) -> gd.Network:
    network = gd.Network(seed=1)
    network.add_population("input", gd.Input(), 2)
    options = {} if plain else {"learn": ("tau_mem",), "normalise": gd.BatchNorm(), "dropout": 0.1}
    network.add_population("hidden", gd.LIF(tau_mem=np.array([9.0, 10.0, 11.0])), 3, **options)
    network.add_population("output", gd.LeakyReadout(), 2)
    kernel = None if plain else gd.kernels.Gaussian(1.0)
    delay = gd.init.Uniform(0.0, 5.0)
    network.connect("input", "hidden", weight=0.7, delay=delay, max_delay=5.0, kernel=kernel)
    network.connect("hidden", "output", weight=0.5)
    return network


def metrics() -> list[bytes]:
    """Lines of four epochs, without and with what rewiring adds."""
    changes = {"input->hidden": {"dropped": 1, "grown": 1, "age": [0, 3], "delay": [1.5, 0.5]}}
    plain = [
        {"epoch": e, "split": s, "loss": 1.5 / e, "accuracy": 0.5, "seconds": 0.25}
        | {"spikes_per_neuron": 0.75}
        for e in range(1, 5)
        for s in ("train", "validation")
    ]
    more = [{**line, "rescued": 0, "sigma": 2.5, "rewiring": changes} for line in plain]
    return ["".join(json.dumps(line) + "\n" for line in some).encode() for some in (plain, more)]
