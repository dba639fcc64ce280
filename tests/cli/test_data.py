"""``genn-delays data``: list, info, import, preview, and what fetch says offline."""

from __future__ import annotations

import hashlib
import socket

import numpy as np
import pytest

from genn_delays import datasets
from genn_delays.datasets.published.catalogue import CATALOGUE, Download, Entry
from genn_delays.figures.preview import preview, spectrogram
from genn_delays.planning.events import Events


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def nobody(*args, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", nobody)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_every_data_set_is_listed_with_what_it_is(call):
    lines = call("data", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(datasets.SOURCES)
    shd = next(line for line in lines if line.startswith("shd "))
    assert shd.endswith(", to fetch")
    assert CATALOGUE.keys() <= datasets.SOURCES.keys()


def test_info_is_what_data_does_with_a_name(call, config):
    assert call("data", "info", "sequence").stdout == call("data", "sequence").stdout
    assert call("data", "info", config).stdout == call("data", config).stdout
    shorter = call("data", "--set", "data.args.duration=30", config).stdout
    assert "sequence: 2 units, 2 classes, 30 ms" in shorter
    result = call("data", "shd")
    assert result.exit_code == 2
    assert "genn-delays data fetch shd" in result.stderr


def test_fetch_without_a_network_names_the_files_in_two_lines(call):
    result = call("data", "fetch", "ssc")
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert "cannot be reached (Name or service not known)" in lines[0]
    assert "place ssc_train.h5.gz, ssc_valid.h5.gz, ssc_test.h5.gz in " in lines[1]
    assert "genn-delays data import ssc --from DIR" in lines[1]
    assert "did you mean 'shd'?" in call("data", "fetch", "shdd").stderr


def test_import_copies_and_list_says_that_it_is_there(call, folder, monkeypatch):
    content = b"packed"
    file = Download("a.gz", "https://nowhere/a.gz", hashlib.md5(content).hexdigest())
    monkeypatch.setitem(CATALOGUE, "shd", Entry("one", (file,)))
    (folder / "downloads").mkdir()
    (folder / "downloads/a.gz").write_bytes(content)
    result = call("data", "import", "shd", "--from", folder / "downloads")
    assert result.stdout.splitlines()[0] == "a.gz: copied, the checksum is right"
    assert "one, fetched" in call("data", "list").stdout


def test_preview_draws_spikes_and_the_balance_of_the_classes(call, folder):
    result = call("data", "preview", "yin_yang", "--out", "picture.png")
    assert result.stdout.strip() == "picture.png"
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    call("data", "preview", "sequence")
    assert (folder / "sequence.png").exists()
    data = datasets.load("yin_yang", dt=1.0, train=30, validation=6, test=6)
    *trials, balance = preview(data).axes
    assert [axes.get_title() for axes in trials] == list(data.class_names)
    assert [len(axes.lines[0].get_xdata()) for axes in trials] == [4, 4, 4]
    heights = [[bar.get_height() for bar in bars] for bars in balance.containers]
    assert heights == [
        np.bincount(split.labels, minlength=3).tolist() for split in data.splits().values()
    ]


def test_a_suffix_that_is_no_picture_is_refused_before_anything_is_written(call, folder):
    result = call("data", "preview", "sequence", "--out", "picture.txt")
    assert result.exit_code == 2
    assert "no picture has this suffix" in result.stderr
    assert not (folder / "picture.txt").exists()


def test_a_spectrogram_has_the_mean_value_in_each_field():
    events = Events(np.array([0.0, 10.0, 10.0]), [0, 1, 1], [0, 0, 0], 1, np.array([1.0, 2.0, 4.0]))
    np.testing.assert_array_equal(
        spectrogram(events, 2, 20.0), np.array([[1.0, np.nan], [np.nan, 3.0]])
    )
