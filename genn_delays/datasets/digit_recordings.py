"""Spoken digits whose file names say everything: ``rhd`` and ``fsdd``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from genn_delays.datasets.audio_files import AudioFiles, Rows
from genn_delays.datasets.files import Files, open_files
from genn_delays.datasets.name_lists import read_names
from genn_delays.datasets.published import Published
from genn_delays.support.errors import DataError

HEIDELBERG = re.compile(
    r"lang-([a-z]+)_speaker-([0-9]{1,4})_trial-[0-9]{1,6}_digit-([0-9])\.(?:flac|wav)"
)
FREE = re.compile(r"(?:^|/)recordings/([0-9])_([^_/]+)_([0-9]{1,6})\.wav$")
TEST_TAKES = 5
"""Takes 0 to 4 of each digit and speaker are for the test, as the authors of fsdd say."""


@dataclass(frozen=True)
class HeidelbergDigits(Published, AudioFiles):
    """Raw Heidelberg Digits: the sound of which SHD is made (Cramer et al. 2022).

    ``train_filenames.txt`` and ``test_filenames.txt`` divide the files in ``audio``. A class is a
    digit in a language, such as ``english-3``.

    Attributes:
        validation_speakers: hold out every training recording of these speakers.
        validation_fraction: without speakers, hold out this fraction, drawn with ``seed``.
        seed: seeds that draw.

    Raises:
        DataError: a list is missing, or a file in it, or its name says no language and digit.
    """

    validation_speakers: tuple[int, ...] = ()
    validation_fraction: float = 0.2
    seed: int = 1
    crop: bool = True
    name: ClassVar[str] = "rhd"
    cites: ClassVar[tuple[str, ...]] = ("cramer2022",)
    positive: ClassVar[tuple[str, ...]] = (*AudioFiles.positive, "validation_fraction")
    not_negative: ClassVar[tuple[str, ...]] = ("seed",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.validation_fraction >= 1:
            raise DataError("rhd: validation_fraction must be below 1")

    def lists(self, path: Path | None) -> tuple[Files, Mapping[str, Rows]]:
        files = open_files(self.folder(path))
        listed = {split: read_names(files, f"{split}_filenames.txt") for split in ("train", "test")}
        parsed = {split: [_parsed(n, f"{files.path}: {split}_filenames.txt") for n in names]
                  for split, names in listed.items()}  # fmt: skip
        held = self._held([speaker for _, _, speaker in parsed["train"]], str(files.path))
        train: Rows = [row[:2] for row, out in zip(parsed["train"], held, strict=True) if not out]
        validation: Rows = [row[:2] for row, out in zip(parsed["train"], held, strict=True) if out]
        rows = {"train": train, "validation": validation}
        return files, {**rows, "test": [row[:2] for row in parsed["test"]]}

    def _held(self, speakers: list[int], where: str) -> np.ndarray:
        """Which training recordings are for the validation."""
        if self.validation_speakers:
            unknown = sorted(set(self.validation_speakers) - set(speakers))
            if unknown:
                raise DataError(
                    f"{where}: no training recording of validation speaker {unknown[0]}; the "
                    f"speakers are {sorted(set(speakers))}"
                )
            return np.isin(speakers, self.validation_speakers)
        order = np.random.default_rng(self.seed).permutation(len(speakers))
        count = round(len(speakers) * self.validation_fraction)
        return np.isin(np.arange(len(speakers)), order[:count])


def _parsed(name: str, where: str) -> tuple[str, str, int]:
    """File, class and speaker of a name in a list."""
    match = HEIDELBERG.fullmatch(name.rsplit("/", 1)[-1])
    if match is None:
        raise DataError(
            f"{where} names {name[:200]!r}; names are lang-LANGUAGE_speaker-N_trial-N_digit-N.flac"
        )
    return f"audio/{match[0]}", f"{match[1]}-{match[3]}", int(match[2])


@dataclass(frozen=True)
class FreeSpokenDigits(Published, AudioFiles):
    """Free Spoken Digit Dataset: ``recordings/DIGIT_SPEAKER_TAKE.wav`` in a folder or zip archive.

    Jackson et al. (2018, 10.5281/zenodo.1342401).

    Attributes:
        validation_takes: so many takes after the five for the test are for the validation, of
            each digit and speaker; all others are for training.

    Raises:
        DataError: no such files, or a recording that is damaged or too long.
    """

    validation_takes: int = 5
    crop: bool = True
    name: ClassVar[str] = "fsdd"
    cites: ClassVar[tuple[str, ...]] = ("jackson2018",)
    positive: ClassVar[tuple[str, ...]] = (*AudioFiles.positive, "validation_takes")

    def lists(self, path: Path | None) -> tuple[Files, Mapping[str, Rows]]:
        root = self.folder(path)
        packed = sorted(root.glob("*.zip")) if root.is_dir() else []
        files = open_files(packed[0] if packed and not (root / "recordings").is_dir() else root)
        rows: dict[str, Rows] = {"train": [], "validation": [], "test": []}
        for name in files.names():
            if match := FREE.search(name):
                rows[self._split_of(int(match[3]))].append((name, match[1]))
        if not any(rows.values()):
            raise DataError(f"{files.path}: no recordings/DIGIT_SPEAKER_TAKE.wav; check data.path")
        return files, rows

    def _split_of(self, take: int) -> str:
        if take < TEST_TAKES:
            return "test"
        return "validation" if take < TEST_TAKES + self.validation_takes else "train"
