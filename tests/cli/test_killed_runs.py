"""Runs that are killed, or get no room for a file, at any instant: nothing of them is lost.

``KILLS`` and ``LIMITS`` are a part that the slow suite has time for; the environment variables of
that name, with GENN_DELAYS_ before it, ask for more.
"""

from __future__ import annotations

import os
import shutil
import wave

import numpy as np
import pytest
import yaml
from forked_runs import Server
from run_folders import assert_same_run

from genn_delays.support.leftovers import is_temporary

KILLS = int(os.environ.get("GENN_DELAYS_KILLS", 12))
LIMITS = int(os.environ.get("GENN_DELAYS_LIMITS", 8))
CACHED = 8
"""Every so many runs one that also encodes sounds and compiles an engine, in a new cache."""


@pytest.fixture
def sounds(folder):
    """Two classes of noise for the native engine."""
    rng = np.random.default_rng(1)
    lists = {"train": 4, "validation": 2, "test": 2}
    for split, count in lists.items():
        names = [f"{split}{number}.wav" for number in range(count)]
        for number, name in enumerate(names):
            loudness = 3000 * (1 + number % 2)
            with wave.open(str(folder / name), "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes(rng.integers(-loudness, loudness, 1600, dtype=np.int16).tobytes())
        rows = [f"{name},{'ab'[number % 2]}\n" for number, name in enumerate(names)]
        (folder / f"{split}.csv").write_text("file,class\n" + "".join(rows))
    return folder


@pytest.fixture
def configs(config, sounds):
    """The configuration of every run, and that of every fourth."""
    values = yaml.safe_load(config.read_text())
    values["data"] = {
        "name": "audio_folder",
        "path": str(sounds),
        "args": {"duration": 100.0, "bands": 8, **{s: f"{s}.csv" for s in SPLITS}},
    }
    values["backend"] = {"name": "native", "threads": 1}
    path = sounds / "sounds.yaml"
    path.write_text(yaml.safe_dump(values))
    return [config, path]


SPLITS = ("train", "validation", "test")


@pytest.fixture
def server(folder):
    environment = {"MPLCONFIGDIR": str(folder / "matplotlib"), "PYTHONDONTWRITEBYTECODE": "1"}
    with Server(folder, **environment) as made:
        yield made


@pytest.fixture
def whole(folder, configs, server):
    """Of each configuration: a function that ends a run, its uninterrupted folder, seconds."""
    found = []
    for number, config in enumerate(configs):
        run = folder / f"whole{number}"
        code, output, seconds = server.run("run", config, "--output", run, **cache_of(run))
        assert code == 0, output
        found.append((config, run, seconds))
    return found


def cache_of(run):
    return {"GENN_DELAYS_CACHE": f"{run}-cache"}


def go_on(server, config, run, **how):
    """Run, or resume where a run has begun."""
    started = (run / "config.yaml").exists()
    arguments = ("resume", run) if started else ("run", config, "--output", run)
    return server.run(*arguments, **how, **cache_of(run))


def assert_ends_as(server, config, run, whole):
    code, output, _ = go_on(server, config, run)
    assert code == 0, output
    assert_same_run(whole, run)
    left = [path for path in run.parent.glob(f"{run.name}*/**/*") if is_temporary(path.name)]
    assert left == []
    shutil.rmtree(run)
    shutil.rmtree(f"{run}-cache", ignore_errors=True)


@pytest.mark.slow
def test_a_run_killed_at_any_instant_goes_on_to_the_same_end(folder, server, whole):
    rng = np.random.default_rng(1)
    for number in range(KILLS):
        config, uninterrupted, seconds = whole[number % CACHED == CACHED - 1]
        run = folder / f"killed{number}"
        for _ in range(rng.integers(1, 3)):  # what goes on may be killed too
            go_on(server, config, run, kill_after=rng.uniform(0.0, seconds))
        assert_ends_as(server, config, run, uninterrupted)


@pytest.mark.slow
def test_a_run_without_room_for_a_file_is_an_error_and_goes_on_to_the_same_end(
    folder, server, whole
):
    rng = np.random.default_rng(2)
    for number in range(LIMITS):
        config, uninterrupted, _ = whole[number % CACHED == CACHED - 1]
        run = folder / f"limited{number}"
        largest = max(path.stat().st_size for path in uninterrupted.iterdir())
        limit = int(np.exp(rng.uniform(np.log(100), np.log(largest))))
        code, output, _ = go_on(server, config, run, limit=limit)
        assert code == 2, output
        assert "Traceback" not in output
        assert_ends_as(server, config, run, uninterrupted)
