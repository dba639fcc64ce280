"""metrics.jsonl: what a kill cut short goes, and nothing else goes unsaid."""

from __future__ import annotations

import pytest
from limited import file_limit

from genn_delays.experiment import metrics_file
from genn_delays.support.errors import CheckpointError
from genn_delays.training import Metrics

SPLITS = {"train": Metrics(1.0, 0.5, 2.0, 3.0), "validation": Metrics(0.5, 0.75, 1.0, 3.0)}


@pytest.fixture
def path(tmp_path):
    """Two epochs, a line per split."""
    path = tmp_path / "metrics.jsonl"
    for epoch in (1, 2):
        metrics_file.append(path, epoch, SPLITS)
    return path


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def epochs(path):
    return [line["epoch"] for line in metrics_file.read(path)]


def test_a_blank_line_takes_nothing_with_it(path):
    lines = lines_of(path)
    path.write_bytes(b"".join([lines[0], b"\n", *lines[1:], b" \n"]))
    before = path.read_bytes()
    assert epochs(path) == [1, 1, 2, 2]
    metrics_file.forget_after(path, 2)
    assert path.read_bytes() == before
    metrics_file.forget_after(path, 1)
    assert epochs(path) == [1, 1]


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"epoch": 1, "spl\n',
        b"\xff\xfe\n",
        b"[1]\n",
        b"[" * 100_000 + b"\n",
        b'{"epoch": "1", "split": "train", "loss": 1, "seconds": 1, "spikes_per_neuron": 0}\n',
        b'{"epoch": 1, "split": "train", "loss": NaN, "seconds": 1, "spikes_per_neuron": 0}\n',
        b'{"epoch": 1, "split": "train", "loss": 1, "spikes_per_neuron": 0}\n',
        b"1" * 5000 + b"\n",
    ],
    ids=["cut", "bytes", "list", "deep", "epoch", "nan", "seconds", "digits"],
)
@pytest.mark.parametrize("place", [1, 4])
def test_a_damaged_line_is_named_and_nothing_is_deleted(path, damaged, place):
    lines = lines_of(path)
    path.write_bytes(b"".join([*lines[:place], damaged, *lines[place:]]))
    before = path.read_bytes()
    for use in (metrics_file.read, lambda p: metrics_file.forget_after(p, 1)):
        with pytest.raises(CheckpointError, match=rf"jsonl, line {place + 1}: not an entry"):
            use(path)
    assert path.read_bytes() == before


def test_a_last_line_that_a_kill_cut_short_is_left_out(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert epochs(path) == [1, 1, 2]
    metrics_file.forget_after(path, 2)
    assert path.read_bytes() == whole[: whole.rindex(b'{"epoch"')]


def test_a_last_line_without_its_end_is_kept_and_ended(path):
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    metrics_file.forget_after(path, 2)
    assert path.read_bytes() == whole


def test_an_epoch_is_added_whole_or_not_at_all(path):
    before = path.read_bytes()
    first = len(lines_of(path)[0])
    with file_limit(len(before) + first + 10), pytest.raises(CheckpointError, match="make room"):
        metrics_file.append(path, 3, SPLITS)
    assert path.read_bytes() == before


def test_a_file_that_is_not_there_has_no_lines(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert metrics_file.read(path) == []
    metrics_file.forget_after(path, 0)
    assert not path.exists()
