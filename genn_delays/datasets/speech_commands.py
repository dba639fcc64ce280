"""Speech Commands v0.02: ``gsc``, 35 words, or 12 classes with unknown words and silence.

Warden 2018 (arXiv 1804.03209). A folder per word, ``validation_list.txt`` and ``testing_list.txt``
with the files of these splits; all others are for training. ``_background_noise_`` is no word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from genn_delays.datasets.audio_files import AudioFiles, Rows
from genn_delays.datasets.base import SPLITS
from genn_delays.datasets.files import Files, open_files
from genn_delays.datasets.name_lists import read_names
from genn_delays.datasets.published import Published
from genn_delays.support.errors import DataError

LISTS = {"validation": "validation_list.txt", "test": "testing_list.txt"}
WORD = re.compile(r"([^/_][^/]*)/[^/]+\.wav")
NOISE = re.compile(r"_background_noise_/[^/]+\.wav")
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
UNKNOWN, SILENCE = "_unknown_", "_silence_"
PIECE = re.compile(r"(.+)#([0-9]+)/([0-9]+)")
"""A piece of a noise: its file, and which of so many equal places it begins at."""
PLACES = 1 << 20


@dataclass(frozen=True)
class SpeechCommands(Published, AudioFiles):
    """Speech Commands, split by the lists of its authors.

    Attributes:
        classes: 35, every word that is there; or 12, ten words, ``_unknown_`` and ``_silence_``.
            Of the other words and of the background noise, cut into pieces as long as a trial,
            as many are drawn for a split as a word has there on average.
        seed: seeds that draw.

    Raises:
        DataError: a list is missing or names a file that is not there, a recording is damaged.
    """

    classes: int = 35
    seed: int = 1
    crop: bool = True
    name: ClassVar[str] = "gsc"
    cites: ClassVar[tuple[str, ...]] = ("warden2018",)
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "dcls": {
            "code": "frames",
            "centre": "none",
            "bands": 140,
            "rate": 8000,
            "window": 32.0,
            "hop": 10.0,
            "f_min": 50.0,
            "f_max": 4000.0,
            "range_db": 100.0,
        }
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes not in (12, 35):
            raise DataError(f"gsc: classes is {self.classes}; give 35 or 12")

    def lists(self, path: Path | None) -> tuple[Files, Mapping[str, Rows]]:
        files = open_files(self.folder(path))
        names = files.names()
        rows = _divided(files, names)
        if self.classes == 12:
            noises = [name for name in names if NOISE.fullmatch(name)]
            if not noises:
                raise DataError(f"{files.path}: no _background_noise_/*.wav, of which silence is")
            rng = np.random.default_rng(self.seed)
            rows = {split: _twelve(rows[split], noises, rng) for split in SPLITS}
        return files, rows

    def stamp(self, files: Files, file: str) -> list[int]:
        piece = PIECE.fullmatch(file)
        return super().stamp(files, piece[1] if piece else file)

    def sound(self, files: Files, file: str, notes: Counter[str]) -> np.ndarray:
        piece = PIECE.fullmatch(file)
        if piece is None:
            return super().sound(files, file, notes)
        noise = super().sound(files, piece[1], notes)
        start = int(piece[2]) * max(0, len(noise) - self.samples) // int(piece[3])
        return noise[start : start + self.samples]


def _divided(files: Files, names: list[str]) -> dict[str, Rows]:
    """The recordings of each split, by word and name."""
    words = {name: match[1] for name in names if (match := WORD.fullmatch(name))}
    if not words:
        raise DataError(f"{files.path}: no WORD/*.wav; check data.path")
    split_of = dict.fromkeys(words, "train")
    for split, listed in LISTS.items():
        for name in read_names(files, listed):
            if name not in words:
                raise DataError(
                    f"{files.path}: {listed} names {name}, which is not there; unpack the archive "
                    "again"
                )
            if split_of[name] != "train":
                raise DataError(f"{files.path}: {name} is listed twice; unpack the archive again")
            split_of[name] = split
    return {
        split: [(name, word) for name, word in words.items() if split_of[name] == split]
        for split in SPLITS
    }


def _twelve(rows: Rows, noises: list[str], rng: np.random.Generator) -> Rows:
    """Ten words, and about as many unknown words and silences as each of them has."""
    known = [row for row in rows if row[1] in WORDS]
    others = [file for file, word in rows if word not in WORDS]
    count = round(len(known) / len(WORDS))
    drawn = np.sort(rng.permutation(len(others))[:count]).tolist()
    unknown = [(others[k], UNKNOWN) for k in drawn]
    places = zip(rng.integers(0, len(noises), count), rng.integers(0, PLACES, count), strict=True)
    silence = [(f"{noises[k]}#{place}/{PLACES}", SILENCE) for k, place in sorted(places)]
    return known + unknown + silence
