"""Sweeps on one machine: what is lost is run again, nothing twice, and the work is shared."""

from __future__ import annotations

import csv
import signal
from collections import Counter
from pathlib import Path

from genn_delays.support import cores
from genn_delays.sweep import local as local_module
from genn_delays.sweep.execution import Outcome
from genn_delays.sweep.folder import SweepFolder, load_run, origin_of
from genn_delays.sweep.local import LocalSweep
from genn_delays.sweep.plan import plan_of
from genn_delays.sweep.sweep_file import read_sweep_file

ACCIDENTS = {"kill": "killed", "fail": "failed", "limit": "stopped"}


def joined(path: Path, where: str = "s") -> SweepFolder:
    file = read_sweep_file(path)
    plan = plan_of(file, path.parent)
    return SweepFolder.join(path.parent / where, plan, origin_of(file, path.parent, ()))


def configure(folder):
    return lambda run: load_run(folder.plan, run)


def test_24_runs_with_a_kill_an_error_and_a_time_limit_are_completed_by_restart(
    folder, write, call, attempts
):
    hit = {
        what: {"model.args.accident": what, "model.args.note": str(folder / what)}
        for what in ACCIDENTS
    }
    # each accident happens to one run alone: the first that writes its note
    write("sweep.yaml", conditions={"plain": {}, **hit}, seeds=[1, 2, 3, 4, 5, 6])
    first = call("sweep.yaml", "--output", "s", "--jobs", 2)
    assert first.exit_code == 2
    before = attempts("s")
    assert len(before) == 24
    assert Counter(end for ends in before.values() for end in ends) == {
        "done": 21,
        "killed": 1,
        "failed": 1,
        "stopped": 1,
    }
    assert "failed or were killed" in first.output
    lines = call("status", "s").output.splitlines()
    assert any("killed, attempt 1: SIGKILL" in line for line in lines)
    assert any("failed, attempt 1: " in line and "no such luck" in line for line in lines)
    assert call("restart", "s", "--jobs", 2).exit_code == 0
    after = attempts("s")
    assert {name: ends for name, ends in after.items() if len(ends) > 1} == {
        name: [*ends, "done"] for name, ends in before.items() if ends != ["done"]
    }
    assert {name for name, ends in after.items() if ends[-1] != "done"} == set()
    table = call("collect", "s").output
    assert [row.split(" | ")[0] for row in table.splitlines()[2:]] == [
        "| plain",
        "| kill",
        "| fail",
        "| limit",
    ]
    rows = list(csv.DictReader((folder / "s" / "runs.csv").open()))
    assert len(rows) == 24
    outcomes = {}
    for row in rows:  # an accident changes nothing of what a run comes to
        outcomes.setdefault(row["seed"], set()).add((row["test_accuracy"], row["test_loss"]))
    assert [len(values) for values in outcomes.values()] == [1] * 6
    again = call("sweep.yaml", "--output", "s")
    assert again.output.startswith("0 of 24 runs to start")
    assert attempts("s") == after


def test_two_sweeps_over_one_folder_share_the_work_and_run_nothing_twice(write, attempts):
    path = write(seeds=list(range(1, 9)))
    folders = [joined(path), joined(path)]
    states = [folder.states() for folder in folders]  # both have seen everything waiting
    ended: list[list[str]] = [[], []]
    for folder, mine, ends in zip(folders, (states[0][:5], states[1]), ended, strict=True):
        report = lambda name, outcome, ends=ends: ends.append(outcome.state)  # noqa: E731
        LocalSweep(folder, configure(folder), [None, None], report).run(mine)
    assert Counter(ended[0]) == {"done": 5}
    assert Counter(ended[1]) == {"done": 3, "taken": 5}
    assert set(map(tuple, attempts("s").values())) == {("done",)}


def test_what_another_process_is_at_is_left_to_it(write, call, attempts):
    path = write(seeds=[1, 2])
    claim = joined(path).attempts.claim("seed1", 0)
    said = call(path, "--output", "s")
    assert said.exit_code == 0
    assert "1 of 2 runs to start" in said.output
    assert "2 runs: 1 done, 1 running" in said.output
    claim.end("stopped")
    assert "1 of 2 runs to start" in call("restart", "s").output
    assert attempts("s") == {"seed1": ["stopped", "done"], "seed2": ["done"]}


def test_a_stopped_sweep_starts_nothing_more_and_goes_on_later(write, call, attempts):
    path = write(seeds=[1, 2, 3, 4])
    folder = joined(path)
    sweep = LocalSweep(folder, configure(folder), [None], lambda *_: sweep.stop())
    sweep.run(folder.states())
    assert attempts("s") == {"seed1": ["done"]}
    assert "3 of 4 runs to start" in call(path, "--output", "s").output
    assert len(attempts("s")) == 4


def test_a_signal_ends_the_command_with_its_code_and_says_how_to_go_on(
    write, call, attempts, monkeypatch
):
    path = write(seeds=[1, 2])
    start = LocalSweep._start

    def start_and_stop(self, *args):
        start(self, *args)
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(LocalSweep, "_start", start_and_stop)
        said = call(path, "--output", "s", "--jobs", 1)
    assert said.exit_code == 143
    assert "the same command goes on" in said.output
    assert call(path, "--output", "s").exit_code == 0
    assert [ends[-1] for ends in attempts("s").values()] == ["done", "done"]


def test_cores_are_shared_out_and_a_run_that_ends_frees_its_share(write, monkeypatch):
    path = write(seeds=[1, 2, 3])
    folder = joined(path)
    given = []
    monkeypatch.setattr(local_module, "available_cores", lambda: 8)
    monkeypatch.setattr(local_module, "Worker", recording_worker(given))
    sweep = LocalSweep(folder, configure(folder), [None, None], lambda *_: None)
    monkeypatch.setattr(sweep, "_wait", lambda: sweep._ended(sweep.busy[0]))
    sweep.run(folder.states())
    # two at once have half each; the last one alone gets what the first has left
    assert given == [4, 4, 4]
    given.clear()
    sweep.run(folder.states()[:1])
    assert given == [8]


def recording_worker(given: list[int]):
    class Fake:
        devices, job = None, None

        def __init__(self, *_):
            self.signals = []

        def signal(self, number):
            self.signals.append(number)

        def start(self, job):
            self.job = job
            given.append(job.cores)

        def ended(self):
            self.job = None
            return Outcome("done")

        def close(self):
            pass

        connection = None

    return Fake


def test_a_share_bounds_the_cores_that_a_process_sees(monkeypatch):
    monkeypatch.setattr(cores, "_share", None)
    every = cores.available_cores()
    cores.take_share(1)
    assert cores.available_cores() == 1
    cores.take_share(every + 5)
    assert cores.available_cores() == every


def test_each_worker_has_its_devices_in_turn(write, call, folder, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b,GPU-c,GPU-d,GPU-e")
    path = write(seeds=[1, 2, 3, 4, 5, 6], gpus=2)
    assert call(path, "--output", "s").exit_code == 0
    seen = [file.read_text().split() for file in (folder / "seen").iterdir()]
    assert {devices for devices, _ in seen} <= {"GPU-a,GPU-b", "GPU-c,GPU-d"}
    by_worker = {pid: {devices for devices, p in seen if p == pid} for _, pid in seen}
    assert len(by_worker) <= 2
    assert all(len(devices) == 1 for devices in by_worker.values())


def test_runs_of_one_worker_share_the_data_and_the_process(write, call, folder):
    path = write(seeds=[1, 2, 3, 4])
    assert call(path, "--output", "s", "--jobs", 1).exit_code == 0
    assert len({file.read_text() for file in (folder / "seen").iterdir()}) == 1


def test_a_run_that_reaches_its_limit_is_told_once(write, monkeypatch):
    folder = joined(write(seeds=[1], minutes=1e-9))
    monkeypatch.setattr(local_module, "Worker", recording_worker([]))
    monkeypatch.setattr(local_module, "wait", lambda connections, timeout: [])
    sweep = LocalSweep(folder, configure(folder), [None], lambda *_: None)
    sweep._start(folder.states()[0], 0)
    sweep._wait()
    sweep._wait()
    assert sweep.busy[0].signals == [signal.SIGUSR1]
