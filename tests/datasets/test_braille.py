"""Braille letters, in pickles that are read and never run."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pickle_writer import Call, frame, numbers, opcodes, pickle_of

from genn_delays.datasets import load
from genn_delays.datasets.pickles import read_pickle
from genn_delays.support.errors import DataError
from genn_delays.support.limits import VARIABLE

NAME = "data_braille_letters_th_1.pkl"
LETTERS = ["A", "Space"] * 10


def recordings(count: int = 20) -> list:
    """By recording, taxel and sign, times in s: taxel k has a first one at k / 100 s."""
    return [[[[k / 100, 1.25], [0.5]] for k in range(12)] for _ in range(count)]


def write(folder: Path, content: bytes) -> Path:
    (folder / NAME).write_bytes(content)
    return folder


def table() -> dict:
    return {"letter": LETTERS, "repetition": list(range(20)), "events": recordings()}


@pytest.mark.parametrize("old", [False, True])
def test_a_table_of_pandas_is_read_without_pandas(tmp_path, old):
    data = load("braille", dt=1.0, path=write(tmp_path, pickle_of(frame(table(), old=old))))
    assert (data.units, data.class_names) == (24, ("A", "Space"))
    assert [len(split) for split in data.splits().values()] == [14, 2, 4]
    assert np.bincount(data.test.labels).tolist() == [2, 2]
    events = data.test.batch(np.array([0]))
    assert events.time[events.unit == 3].tolist() == [30.0, 1250.0]
    assert events.time[events.unit == 15].tolist() == [500.0]


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_dictionary_with_numbers_of_numpy_is_the_same(tmp_path, protocol):
    made = table()
    expected = load("braille", dt=1.0, path=write(tmp_path, pickle.dumps(made, protocol=4)))
    made["events"] = [
        [[list(map(np.float64, one)), np.array(other)] for one, other in taxels]
        for taxels in made["events"]
    ]
    data = load("braille", dt=1.0, path=write(tmp_path, pickle.dumps(made, protocol=protocol)))
    np.testing.assert_array_equal(data.train.time, expected.train.time)


def test_the_archive_is_read_as_it_is_published(tmp_path):
    with zipfile.ZipFile(tmp_path / "reading_braille_data.zip", "w") as file:
        file.writestr(f"reading_braille_data/{NAME}", pickle.dumps(table(), protocol=4))
    assert load("braille", dt=1.0, path=tmp_path).classes == 2


def test_nothing_in_a_pickle_is_imported_or_called(tmp_path):
    mark = tmp_path / "called"
    call = Call("pathlib.Path.touch", (str(mark),))
    made = table() | {"letter": call}
    with pytest.raises(DataError, match=r"pathlib\.Path\.touch, which is not read"):
        load("braille", dt=1.0, path=write(tmp_path, pickle_of(made)))
    assert read_pickle(pickle_of(call), "a").name == "pathlib.Path.touch"
    assert not mark.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable pickle"),
        (pickle_of(frame({"letter": LETTERS, "events": recordings()}))[:-9], "not a readable"),
        (b"\x80\x03" + opcodes([1]) + b"Q.", "opcode BINPERSID"),
        (pickle_of([1, 2]), "no table with columns"),
        (pickle_of({"letter": LETTERS}), "no column 'events'; it has letter"),
        (pickle_of({"letter": LETTERS, "events": recordings(3)}), "3 recordings and 20 letters"),
        (pickle_of({"letter": LETTERS, "events": [[]] * 20}), "not 12 taxels with 2 signs"),
        (
            pickle_of({"letter": LETTERS, "events": [[[["x"], []]] * 12] * 20}),
            "a time that is no number",
        ),
        (
            pickle_of({"letter": LETTERS, "events": [[[[-1.0], []]] * 12] * 20}),
            "negative or not finite",
        ),
        (
            pickle_of({"letter": LETTERS, "events": [[[[9.0], []]] * 12] * 20}),
            "at 9000 ms, outside the trial of 1400 ms",
        ),
        (
            pickle_of(
                {"letter": LETTERS, "events": [[[numbers(np.zeros((2, 2, 2))), []]] * 12] * 20}
            ),
            "impossible shape",
        ),
    ],
)
def test_what_is_no_such_table_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as error:
        load("braille", dt=1.0, path=write(tmp_path, content))
    assert NAME in str(error.value)


def test_lists_in_lists_that_share_their_entries_do_not_multiply(tmp_path):
    shared: list = [0.5]
    for _ in range(60):
        shared = [shared] * 10
    made = {"letter": LETTERS, "events": [[[shared, []]] * 12] * 20}
    with pytest.raises(DataError, match="a time that is no number"):
        load("braille", dt=1.0, path=write(tmp_path, pickle.dumps(made, protocol=4)))


def test_the_size_of_a_pickle_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "1")
    with pytest.raises(DataError, match="the limit is 1"):
        load("braille", dt=1.0, path=write(tmp_path, pickle.dumps([0] * 10_000, protocol=4)))
