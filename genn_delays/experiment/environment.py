"""What a run was made with: versions of software and kind of machine, nothing that names it."""

from __future__ import annotations

import importlib.metadata
import platform
from functools import cache
from pathlib import Path

from genn_delays.support.cores import available_cores
from genn_delays.support.version import __version__

PACKAGES = (
    "numpy",
    "scipy",
    "h5py",
    "soundfile",
    "matplotlib",
    "pydantic",
    "PyYAML",
    "jinja2",
    "click",
    "tqdm",
)


def versions() -> dict[str, str]:
    """Versions of genn-delays, Python and the packages it uses."""
    found = {"genn-delays": __version__, "python": platform.python_version()}
    return found | {name: _version(name) for name in PACKAGES}


@cache  # looking it up takes 10 ms, and runs of a sweep share a process
def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def machine() -> dict[str, str | int]:
    """System, processor, and the cores that this process may use."""
    system = f"{platform.system()} {platform.machine()}"
    return {"system": system, "processor": _processor(), "cores": available_cores()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"
