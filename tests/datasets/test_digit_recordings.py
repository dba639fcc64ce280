"""The Heidelberg digits and the free spoken digits, in small copies of their layouts."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genn_delays.datasets import load
from genn_delays.support.errors import DataError

SMALL = {"bands": 8, "cache": False}


def flac(sound: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 16000, format="FLAC")
    return buffer.getvalue()


@pytest.fixture
def heidelberg(tmp_path: Path, make_tone) -> Path:
    """Two languages, two digits, three speakers; the third one is for the test."""
    (tmp_path / "audio").mkdir()
    listed: dict[str, list[str]] = {"train": [], "test": []}
    for language in ("english", "german"):
        for digit in (0, 7):
            content = flac(make_tone(500.0 + 200 * digit, 0.2))
            for speaker in (0, 3, 11):
                name = f"lang-{language}_speaker-{speaker:02}_trial-4_digit-{digit}.flac"
                (tmp_path / "audio" / name).write_bytes(content)
                listed["test" if speaker == 11 else "train"].append(name)
    for split, names in listed.items():
        (tmp_path / f"{split}_filenames.txt").write_text("\n".join(names) + "\n")
    return tmp_path


def test_rhd_is_divided_by_its_lists_and_by_speakers(heidelberg):
    data = load("rhd", dt=1.0, path=heidelberg, validation_speakers=[3], **SMALL)
    assert data.class_names == ("english-0", "english-7", "german-0", "german-7")
    assert [split.labels.tolist() for split in data.splits().values()] == [[0, 1, 2, 3]] * 3


def test_rhd_holds_out_a_fraction_where_no_speakers_are_named(heidelberg):
    data = load("rhd", dt=1.0, path=heidelberg, validation_fraction=0.25, seed=2, **SMALL)
    assert [len(split) for split in data.splits().values()] == [6, 2, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lang-english_speaker-00_trial-4_digit-x.flac\n", "train_filenames.txt names 'lang-"),
        ("../../secret\n", "names are lang-LANGUAGE_speaker-N"),
        ("lang-dutch_speaker-00_trial-4_digit-3.flac\n", "no recordings in the validation"),
    ],
)
def test_a_list_of_rhd_that_is_wrong_is_named(heidelberg, text, message):
    (heidelberg / "train_filenames.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        load("rhd", dt=1.0, path=heidelberg, **SMALL)


def test_a_speaker_who_is_not_there_is_named_with_those_who_are(heidelberg):
    with pytest.raises(DataError, match=r"speaker 5; the speakers are \[0, 3\]"):
        load("rhd", dt=1.0, path=heidelberg, validation_speakers=[5], **SMALL)


@pytest.mark.parametrize("packed", [False, True])
def test_fsdd_is_divided_by_takes(tmp_path, wav, make_tone, packed):
    made = {
        f"recordings/{digit}_{speaker}_{take}.wav": wav(
            make_tone(400.0 + 300 * digit, 0.1, 0.5, 8000), 8000
        )
        for digit in (0, 1)
        for speaker in ("ann", "bob")
        for take in (0, 4, 5, 9, 10, 11, 49)
    }
    if packed:
        with zipfile.ZipFile(tmp_path / "free-spoken-digit-dataset-1.0.10.zip", "w") as file:
            for name, content in made.items():
                file.writestr(f"free-spoken-digit-dataset-1.0.10/{name}", content)
    else:
        (tmp_path / "recordings").mkdir()
        for name, content in made.items():
            (tmp_path / name).write_bytes(content)
    data = load("fsdd", dt=1.0, path=tmp_path, **SMALL)
    assert data.class_names == ("0", "1")
    assert [len(split) for split in data.splits().values()] == [12, 8, 8]


def test_fsdd_without_recordings_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no recordings/DIGIT_SPEAKER_TAKE\.wav"):
        load("fsdd", dt=1.0, path=tmp_path)
