"""Small data in the shapes of the real ones, and a cache folder of the test's own."""

from __future__ import annotations

import io
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from genn_delays.datasets.base import Split
from genn_delays.planning.events import Events

RATE = 16000
WORDS = ("high", "low")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GENN_DELAYS_CACHE", str(folder))
    return folder


def wav_bytes(sound: np.ndarray, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((channels, width, rate, 0, "NONE", ""))
        file.writeframes((32767 * sound).astype("<i2").tobytes())
    return buffer.getvalue()


def tone(frequency: float, start: float, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """A second of faint noise with 200 ms of a tone from ``start`` (s)."""
    time = np.arange(int(seconds * rate)) / rate
    noise = 1e-3 * np.random.default_rng(int(frequency)).standard_normal(len(time))
    return noise + 0.5 * np.sin(2 * np.pi * frequency * time) * (abs(time - start - 0.1) < 0.1)


@pytest.fixture
def wav() -> Callable[..., bytes]:
    return wav_bytes


@pytest.fixture
def make_tone() -> Callable[..., np.ndarray]:
    return tone


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """Two words, four recordings each in training and two in the others, with CRLF lists."""
    root = tmp_path / "audio"
    for split, count in (("train", 4), ("val", 2), ("test", 2)):
        lines = ["file,class"]
        for word, frequency in zip(WORDS, (3000.0, 400.0), strict=True):
            for number in range(count):
                name = f"dataset/{word}/{split}{number}.wav"
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(wav_bytes(tone(frequency, 0.1 * number + 0.2)))
                lines.append(f"{name},{word}")
        (root / f"{split}.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode())
    return root


@pytest.fixture
def archive(audio: Path, tmp_path: Path) -> Path:
    path = tmp_path / "audio.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for item in sorted(audio.rglob("*.*")):
            file.write(item, item.relative_to(audio))
    return path


def write_spikes(
    path: Path,
    times: list[list[float]],
    units: list[list[int]],
    labels: list[int],
    speaker: list[int] | None = None,
    kind: str = "float16",
) -> Path:
    with h5py.File(path, "w") as file:
        for key, rows, dtype in (("times", times, kind), ("units", units, "uint16")):
            made = file.create_dataset(f"spikes/{key}", len(rows), h5py.vlen_dtype(np.dtype(dtype)))
            for number, row in enumerate(rows):
                made[number] = np.asarray(row, dtype=dtype)
        file["labels"] = np.asarray(labels, dtype=np.int64)
        if speaker is not None:
            file["extra/speaker"] = np.asarray(speaker, dtype=np.int64)
    return path


@pytest.fixture
def spike_file() -> Callable[..., Path]:
    return write_spikes


@pytest.fixture
def spikes(tmp_path: Path) -> Path:
    """A folder with ten training and four test trials of two classes and five speakers."""
    rng = np.random.default_rng(3)
    for name, count in (("shd_train.h5", 10), ("shd_test.h5", 4)):
        sizes = rng.integers(0, 20, count)
        write_spikes(
            tmp_path / name,
            [rng.uniform(0, 1, size).tolist() for size in sizes],
            [rng.integers(0, 700, size).tolist() for size in sizes],
            [number % 2 for number in range(count)],
            [number % 5 for number in range(count)],
        )
    return tmp_path


def random_split(
    trials: int = 20, units: int = 30, duration: float = 200.0, *, graded: bool = False
) -> Split:
    rng = np.random.default_rng(7)
    counts = rng.integers(0, 60, trials)
    size = counts.sum()
    events = Events(
        rng.uniform(0, duration, size).astype(np.float32),
        rng.integers(0, units, size),
        np.repeat(np.arange(trials), counts),
        trials,
        rng.standard_normal(size) if graded else None,
    )
    return Split.from_events(events, rng.integers(0, 3, trials))


@pytest.fixture
def make_split() -> Callable[..., Split]:
    return random_split
