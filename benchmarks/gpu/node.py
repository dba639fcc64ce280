"""Everything that a bare node with an NVIDIA device can say in nine minutes: `make gpu`.

The most valuable first. Each step is a process, or some at once, with a limit of its own; what it
printed and how it ended are in benchmarks/results/node/ before the next one begins, so that a limit
of time loses nothing. Nothing is downloaded. A step that cannot run says why.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gpu.networks import CASES

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "node"
WHOLE = 530.0
"""Seconds that all steps may take."""
FACTS = """\
from genn_delays.backends.genn.availability import facts
for name, text in facts().items():
    print(f"{name}: {text}")
"""
CLI, TESTS = ("click", "yaml", "tqdm"), ("pytest", "hypothesis")
TIMED = [name for name, case in CASES.items() if case.timed]


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        commands: run at once, as many as there are cores for.
        limit: seconds.
        programs, modules: what has to be there.
    """

    name: str
    commands: Sequence[Sequence[str]]
    limit: float
    programs: Sequence[str] = ()
    modules: Sequence[str] = ()

    def missing(self) -> str:
        """What is not there, or nothing."""
        lacking = [f"the program {name}" for name in self.programs if not shutil.which(name)]
        lacking += [name for name in self.modules if importlib.util.find_spec(name) is None]
        return ", ".join(lacking)


def steps(backend: str, size: int) -> list[Step]:
    """What is done, in this order; ``backend`` and ``size`` of the batches for a trial run."""
    chosen = ["--backend", backend, "--size", str(size), *(["--batches", "1"] if size < 8 else [])]
    on = "cuda" if backend == "genn-cuda" else "cpu"
    built = [_module("build", name) for name in TIMED] if on == "cuda" else []
    small, results = _module("small", backend), str(RESULTS / "table.json")
    first, rest = _tests(backend)
    sanitize = ["compute-sanitizer", "--error-exitcode", "9", "--tool"]
    return [
        Step("facts", [[sys.executable, "-c", FACTS]], 30.0),
        Step("doctor", [[sys.executable, "-m", "genn_delays", "doctor"]], 30.0, (), CLI),
        Step("smoke", [small], 90.0),
        Step("build", built, 90.0),
        Step("table", [_module("table", *chosen, "--results", results)], 200.0),
        Step("parity", first, 120.0, (), TESTS),
        Step("profile", [_module("profile", *chosen)], 60.0),
        Step("memcheck", [[*sanitize, "memcheck", *small]], 60.0, sanitize[:1]),
        Step("racecheck", [[*sanitize, "racecheck", *small]], 60.0, sanitize[:1]),
        Step("synccheck", [[*sanitize, "synccheck", *small]], 60.0, sanitize[:1]),
        Step("tests", rest, 240.0, (), TESTS),
        Step("dilated", [_module("dilated", on, str(size))], 60.0, (), ("torch",)),
        Step("ncu", [["ncu", "--set", "basic", "--launch-count", "40", *small]], 60.0, ("ncu",)),
    ]


def _module(name: str, *args: str) -> list[str]:
    return [sys.executable, "-m", f"gpu.{name}", *args]


def _tests(backend: str) -> tuple[list[list[str]], list[list[str]]]:
    """Commands of the parity tests and of all others, by file, so that several compile at once."""
    # -m: with those that are slow elsewhere
    pytest = [sys.executable, "-m", "pytest", "-q", "-rf", "-m", "genn", "-k", backend]
    files = sorted(map(str, (ROOT / "tests").glob("genn/test_*.py")))
    commands = [[*pytest, file] for file in files]
    first = [command for command in commands if command[-1].endswith("parity.py")]
    return first, [command for command in commands if command not in first]


def run(step: Step, limit: float, log: Path) -> str:
    """Run a step; how it ended."""
    if lacking := step.missing():
        return f"not run: {lacking} is not here"
    if not step.commands:
        return "not run: nothing to do on this backend"
    paths = [str(ROOT), str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    end = time.monotonic() + limit

    def one(command: Sequence[str]) -> tuple[str, str]:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=max(end - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # and the compilers that it started
            said, _ = process.communicate()
            return "timed out", said
        # pytest says 5 where no test is chosen
        ok = process.returncode in (0, 5)
        return "ok" if ok else f"exit code {process.returncode}", said

    with ThreadPoolExecutor(max(1, (os.cpu_count() or 2) // 2)) as pool:
        found = list(pool.map(one, step.commands))
    with log.open("w") as file:
        for command, (ended, said) in zip(step.commands, found, strict=True):
            file.write(f"$ {' '.join(command)}\n{said}\n[{ended}]\n")
    return ", ".join(sorted({ended for ended, _ in found}))


def main() -> None:
    """Run every step and print what came of each."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--backend", default="genn-cuda")
    given.add_argument("--size", type=int, default=256, help="trials of a batch")
    given.add_argument("--seconds", type=float, default=WHOLE, help="of all steps together")
    given.add_argument("--only", nargs="*", help="names of steps")
    args = given.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + args.seconds
    report = {"began": datetime.now().isoformat(timespec="seconds"), "backend": args.backend}
    report["steps"] = made = {}
    for step in steps(args.backend, args.size):
        if args.only and step.name not in args.only:
            continue
        began, left = time.monotonic(), end - time.monotonic()
        log = RESULTS / f"{step.name}.txt"
        ended = "not run: no time is left" if left < 5 else run(step, min(step.limit, left), log)
        made[step.name] = {"ended": ended, "seconds": round(time.monotonic() - began, 1)}
        (RESULTS / "node.json").write_text(json.dumps(report, indent=1) + "\n")
        print(f"{step.name}: {ended}, {made[step.name]['seconds']} s", flush=True)
    print("\n| step | s | ended |\n|---|---|---|")
    for name, one in made.items():
        print(f"| {name} | {one['seconds']} | {one['ended']} |")
    for name in ("table", "profile", "dilated"):
        if (log := RESULTS / f"{name}.txt").is_file() and name in made:
            print(f"\n{name}:\n{log.read_text()}")


if __name__ == "__main__":
    main()
