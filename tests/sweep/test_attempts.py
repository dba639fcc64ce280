"""Claims: one process has a run, whoever else wants it, and the dead give it up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from genn_delays.sweep import attempts as module
from genn_delays.sweep.attempts import SILENCE, Attempts


@pytest.fixture
def claims(tmp_path) -> Attempts:
    (tmp_path / "attempts").mkdir()
    return Attempts(tmp_path / "attempts")


def age(attempts, run, number, seconds):
    path = attempts.path(run, number)
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))


def elsewhere(attempts, run, number, **who):
    path = attempts.path(run, number)
    known = json.loads(path.read_text())
    path.write_text(json.dumps({**known, "place": "00000000", "host": "other", **who}) + "\n")


def test_of_many_that_claim_one_attempt_one_gets_it(claims):
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(lambda _: claims.claim("run", 0), range(64)))
    assert sum(claim is not None for claim in got) == 1


def test_a_claim_is_alive_as_long_as_its_process(claims):
    claims.claim("run", 0)
    assert claims.latest()["run"].is_alive
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True
    )
    path = claims.path("run", 1)
    path.write_text(json.dumps({**json.loads(path.read_text()), "pid": int(ended.stdout)}) + "\n")
    assert not claims.latest()["run"].is_alive


def test_a_claim_of_another_machine_lives_by_its_signs_of_life(claims):
    claims.claim("run", 0)
    elsewhere(claims, "run", 1, pid=2**30)
    assert claims.latest()["run"].is_alive
    age(claims, "run", 1, SILENCE + 5)
    assert not claims.latest()["run"].is_alive


def test_a_process_shows_signs_of_life_and_stops_when_it_ends(claims, monkeypatch):
    monkeypatch.setattr(module, "BEAT", 0.001)
    claim = claims.claim("run", 0)
    age(claims, "run", 1, SILENCE + 5)
    with claim:
        while not claims.latest()["run"].is_alive:
            continue
    assert not claim._thread.is_alive()
    claim.end("failed", "why")
    found = claims.latest()["run"]
    assert (found.outcome, found.message, found.is_alive) == ("failed", "why", False)


def test_of_two_that_take_over_from_the_dead_the_second_does_not_get_it(claims):
    claims.claim("run", 0)
    age(claims, "run", 1, SILENCE + 5)
    seen = [claims.latest()["run"] for _ in range(2)]  # both see the same dead attempt
    taken = [claims.claim("run", attempt.number) for attempt in seen]
    assert taken[0] is not None
    assert taken[1] is None
    assert claims.latest()["run"].number == 2
    assert claims.latest()["run"].is_alive


def test_a_job_that_slurm_has_started_anew_is_its_own_successor(claims, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    claims.claim("run", 0)
    elsewhere(claims, "run", 1)
    assert claims.latest()["run"].is_alive  # another process of this job, on another node
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert not claims.latest()["run"].is_alive


@pytest.mark.parametrize("text", ["", '{"host": "a", "pl', "[]\n", "\x00\n"])
def test_a_claim_that_a_kill_cut_short_is_given_up_once_it_is_old(claims, text):
    claims.path("run", 1).write_text(text)
    assert claims.latest()["run"].is_alive
    age(claims, "run", 1, SILENCE + 5)
    assert not claims.latest()["run"].is_alive
    assert claims.claim("run", 1) is not None
