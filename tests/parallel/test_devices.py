"""Which GPU each rank takes; the devices are names."""

from __future__ import annotations

import os

import pytest

from genn_delays.parallel import Ranks
from genn_delays.parallel.devices import OWN, take_device
from genn_delays.support.errors import ConfigError
from genn_delays.sweep.devices import VARIABLE


@pytest.fixture
def rank(monkeypatch):
    """The third of four processes, the second of two on its machine."""
    monkeypatch.delenv(OWN, raising=False)
    ranks = Ranks()
    ranks.number, ranks.count, ranks.beside = 2, 4, (1, 2)
    return ranks


def test_each_rank_of_a_machine_takes_another_device(rank, monkeypatch):
    monkeypatch.setenv(VARIABLE, "4,6")
    take_device(rank, "genn-cuda")
    assert os.environ[VARIABLE] == "6"


def test_fewer_devices_than_ranks_are_an_error(rank, monkeypatch):
    monkeypatch.setenv(VARIABLE, "4")
    with pytest.raises(ConfigError, match="2 processes on one machine, with 1 GPUs"):
        take_device(rank, "genn-cuda")


@pytest.mark.parametrize("backend", ["native", "reference", "genn-cpu"])
def test_backends_without_a_gpu_are_left_alone(rank, monkeypatch, backend):
    monkeypatch.setenv(VARIABLE, "4")
    take_device(rank, backend)
    assert os.environ[VARIABLE] == "4"


def test_auto_needs_no_devices_where_it_runs_without(rank, monkeypatch):
    monkeypatch.setenv(VARIABLE, "")
    take_device(rank, "auto")
    assert os.environ[VARIABLE] == ""


def test_a_device_that_slurm_gave_is_kept(rank, monkeypatch):
    monkeypatch.setenv(VARIABLE, "0")
    monkeypatch.setenv(OWN, "1")
    take_device(rank, "genn-cuda")
    assert os.environ[VARIABLE] == "0"
