"""One training under mpirun; where there is no MPI these tests are skipped."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import mpi_runs
import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from run_folders import assert_same_run, metrics

from genn_delays.cli import cli
from genn_delays.experiment.run_folder import RunFolder

MODEL = """
import os, signal
from dataclasses import dataclass
from pathlib import Path

import genn_delays as gd
from genn_delays.training import Callback
from shared_training import make_network

RANK = next((os.environ[n] for n in ("OMPI_COMM_WORLD_RANK", "PMI_RANK") if n in os.environ), "0")


def build(*, inputs: int, outputs: int, seed: int, failing: str = ""):
    if failing == "error" and RANK == "1":
        raise ValueError("rank 1 is broken")
    Path(f"pid{RANK}").write_text(str(os.getpid()))
    net = make_network("eventprop")
    if failing == "unlike" and RANK == "1":
        net.projections["hidden->output"].synapses.weight[0] += 1e-9
    return net


@dataclass(frozen=True)
class Poke(Callback):
    "Sends a signal to a rank after the first batch of the second epoch, once."

    number: str
    to: str

    def on_batch_end(self, trainer):
        if (trainer.state.epoch, trainer.state.batch) == (1, 1) and not Path("poked").exists():
            Path("poked").touch()
            os.kill(int(Path(f"pid{self.to}").read_text()), getattr(signal, self.number))
"""
CONFIG = {
    "model": {"file": "model.py"},
    "data": {"name": "yin_yang", "args": {"train": 44, "validation": 20, "test": 20}},
    "readout": {"name": "mean_voltage"},
    "loss": {"name": "cross_entropy", "scale": 5.0},
    "training": {"epochs": 3, "batch_size": 24, "dt": 0.5, "precision": "float64"},
    "optimiser": {"weight": {"name": "adam", "lr": 0.03}, "delay": {"name": "adam", "lr": 0.1}},
    "rewiring": [{"name": "rigl", "every": 2}],
    "backend": {"name": "native", "threads": 1},
}


@pytest.fixture(autouse=True)
def mpi():
    """Asked when a test runs, as it takes two processes."""
    if why := mpi_runs.missing():
        pytest.skip(why)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def genn_delays(count, *arguments):
    return mpi_runs.run(count, "-m", "genn_delays", *arguments)


def poked(number, to, *more):
    """A run of two ranks of which one gets a signal, the first time."""
    callbacks = f"callbacks=[{{name: Poke, file: model.py, number: {number}, to: '{to}'}}]"
    return genn_delays(2, "run", "c.yaml", "--output", "run", "--set", callbacks, *more)


def losses(run):
    return [line["loss"] for line in metrics(run)]


def test_two_and_four_ranks_give_the_curve_of_one_process_with_rewiring(tmp_path):
    file = tmp_path / "curves.json"
    done = mpi_runs.run(4, str(Path(mpi_runs.__file__).with_name("mpi_curves.py")), str(file))
    assert done.returncode == 0, done.stderr
    found = json.loads(file.read_text())
    for rule in ("eventprop", "surrogate"):
        for precision, tolerance in (("float32", 1e-5), ("float64", 1e-12)):
            [[curve, grown, _]] = found[f"{rule} {precision} 1"]
            assert len(curve) == 3 * 4
            assert grown > 0
            for count in (2, 4):
                ranks = found[f"{rule} {precision} {count}"]
                assert len(ranks) == count
                assert all(rank == ranks[0] for rank in ranks)
                np.testing.assert_allclose(ranks[0][0], curve, rtol=0, atol=tolerance)
                assert ranks[0][1] == grown


def test_a_run_of_two_ranks_is_one_run_and_only_the_first_speaks(folder):
    done = genn_delays(2, "run", "c.yaml", "--output", "two")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("training in two") == 1
    assert done.stderr.count("epoch 1/3") == 1
    assert RunFolder("two").read_summary()["ranks"] == 2
    alone = CliRunner().invoke(cli, ["run", "c.yaml", "--output", "one"], catch_exceptions=False)
    assert alone.exit_code == 0
    np.testing.assert_allclose(losses("two"), losses("one"), rtol=0, atol=1e-12)
    one, two = (RunFolder(name).read_summary() for name in ("one", "two"))
    assert two["test_accuracy"] == one["test_accuracy"]
    assert abs(two["test_loss"] - one["test_loss"]) < 1e-12


def test_an_error_of_one_rank_ends_all_and_is_told_once(folder):
    output = ("run", "c.yaml", "--output", "run", "--set")
    done = genn_delays(2, *output, "model.args.failing=error")
    assert done.returncode == 2
    assert done.stderr.count("rank 1 is broken") == 1
    assert "Error: rank 1 (" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path("run").exists()


@pytest.mark.slow
def test_ranks_that_build_unlike_networks_are_found_out_before_anything_is_made(folder):
    output = ("run", "c.yaml", "--output", "run", "--set")
    done = genn_delays(2, *output, "model.args.failing=unlike")
    assert done.returncode == 2
    assert "Error: at the beginning rank 1 (" in done.stderr
    assert not Path("run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "to", "code"), [("SIGUSR1", 1, 138), ("SIGTERM", 0, 143)])
def test_a_signal_to_one_rank_stops_all_and_the_run_goes_on_bit_for_bit(folder, number, to, code):
    done = poked(number, to)
    assert done.returncode == code, done.stderr
    assert "Stopped; go on with: genn-delays resume run" in done.stderr
    assert len(metrics("run")) == 2
    assert genn_delays(2, "resume", "run").returncode == 0
    assert genn_delays(2, "run", "c.yaml", "--output", "whole").returncode == 0
    assert_same_but_for_callbacks("run", "whole")


@pytest.mark.slow
@pytest.mark.parametrize("to", [0, 1])
def test_a_rank_that_is_killed_ends_the_run_which_goes_on_from_the_last_epoch(folder, to):
    done = poked("SIGKILL", to)
    assert done.returncode != 0
    assert len(metrics("run")) == 2
    assert poked("SIGKILL", to, "--resume").returncode == 0
    assert genn_delays(2, "run", "c.yaml", "--output", "whole").returncode == 0
    assert_same_but_for_callbacks("run", "whole")


@pytest.mark.slow
def test_one_process_goes_on_with_a_run_of_two(folder):
    assert poked("SIGUSR1", 1).returncode == 138
    resumed = CliRunner().invoke(cli, ["resume", "run"], catch_exceptions=False)
    assert resumed.exit_code == 0
    assert genn_delays(2, "run", "c.yaml", "--output", "whole").returncode == 0
    np.testing.assert_allclose(losses("run"), losses("whole"), rtol=0, atol=1e-12)


def assert_same_but_for_callbacks(one, two):
    """As of run_folders, for a run that was told to send itself a signal."""
    for run in (one, two):
        for name in ("checkpoint.h5", "best.h5"):
            with h5py.File(Path(run) / name, "a") as file:
                del file["attributes"]
    assert_same_run(Path(one), Path(two))
