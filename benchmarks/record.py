"""What all measurements of one run share: where, when, with what, and the file they go to."""

from __future__ import annotations

import importlib.metadata
import json
import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Any

from genn_delays.experiment.environment import machine, versions
from genn_delays.support.compiler import find_compiler, target
from genn_delays.support.cores import available_cores

RESULTS = Path(__file__).parent / "results"


def about(repeats: int) -> dict[str, Any]:
    """Date, machine, versions, threads, and the command."""
    found = versions()
    try:
        found["torch"] = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        found["torch"] = "not installed"
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return {
        "date": date.today().isoformat(),
        "machine": machine(),
        "versions": found,
        "threads": available_cores(),
        "avx512": "__AVX512DQ__" in target(tuple(find_compiler())).macros,
        "repeats": repeats,
        "command": command,
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a file of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
