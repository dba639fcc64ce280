"""``genn-delays doctor``: what works on this machine."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint

import click

from genn_delays.backends.genn.availability import facts
from genn_delays.experiment.environment import machine, versions
from genn_delays.plugins.entry_points import installed, load
from genn_delays.support.cache import cache_folder
from genn_delays.support.compiler import find_compiler
from genn_delays.support.errors import GennDelaysError, reason

OPTIONAL = {
    "brian2": "brian2",
    "espeakng_loader": "speech",
    "mpi4py": "mpi",
    "nest": "nest",
    "nir": "nir",
    "optuna": "sweep",
    "submitit": "slurm",
    "tensorboardX": "tracking",
    "tonic": "tonic",
    "torch": "torch",
    "vl_convert": "report",
    "ziglang": "zig",
}
"""Import name of each optional package and the extra that brings it."""


@click.command()
def doctor() -> None:
    """Report compiler, cores, PyGeNN, GPU, MPI, cache folder, plug-ins and versions."""
    found = machine()
    _say("system", f"{found['system']}, {found['processor']}")
    _say("cores", str(found["cores"]))
    _say("C compiler", _compiler())
    for what, text in facts().items():
        _say(what, text)
    _say("GPU", _gpu())
    _say("MPI", _mpi())
    _say("cache", _cache())
    for name, extra in OPTIONAL.items():
        missing = f"not installed; pip install 'genn-delays[{extra}]'"
        _say(name, "installed" if importlib.util.find_spec(name) else missing)
    for full, entry in installed():
        _say("plug-in", _or_message(lambda: _plug_in(full, entry)))  # noqa: B023 - called at once
    for name, version in versions().items():
        _say(name, version)


def _say(what: str, text: str) -> None:
    indented = text.rstrip().replace("\n", "\n" + " " * 18)
    click.echo(f"{what + ':':<18}{indented}")


def _or_message(check: Callable[[], str]) -> str:
    try:
        return check()
    except GennDelaysError as error:
        return f"PROBLEM: {error}"


def _compiler() -> str:
    def check() -> str:
        command = find_compiler()
        return f"{' '.join(command)} ({_first_line([*command, '--version'])})"

    return _or_message(check)


def _plug_in(full: str, entry: EntryPoint) -> str:
    kind = load(full, entry, "genn_delays.plugins")
    bases = getattr(kind, "__mro__", ())
    ours = (base.__name__ for base in bases if base.__module__.partition(".")[0] == "genn_delays")
    return f"{full} ({entry.value}, {next(ours, 'function')})"


def _cache() -> str:
    return _or_message(lambda: str(cache_folder()))


def _gpu() -> str:
    if shutil.which("nvidia-smi") is None:
        return "none found (there is no nvidia-smi)"
    return _first_line(["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"])


def _mpi() -> str:
    """The library that mpi4py loads, asked in another process, as MPI may end it."""
    if importlib.util.find_spec("mpi4py") is None:
        return "not asked for: mpi4py is not installed"
    told = _first_line([sys.executable, "-m", "mpi4py", "--mpi-lib-version"])
    return told.replace("\0", "")  # which ends the line of Open MPI


def _first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=30
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"{command[0]} failed: {reason(error)}"
    return next(iter((done.stdout + done.stderr).strip().splitlines()), "no output")
