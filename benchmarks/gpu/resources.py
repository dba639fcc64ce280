"""What each kernel of the generated models takes, as nvcc says, and how often it is launched.

The models are compiled anew for this, in a folder of their own. Counted, not measured.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from genn_delays.backends.genn.availability import CUDA
from genn_delays.backends.genn.compiler import LOG, NAME, built
from genn_delays.backends.genn.schedule import schedule_of
from genn_delays.support.cache import VARIABLE
from gpu.networks import BATCH, CASES, declaration

ENTRY = re.compile(r"Compiling entry function '(\w+)'")
SPILLS = re.compile(r"(\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
SHORT = re.compile(r"Kernel$|^customUpdate")
SHARED = re.compile(r"(\d+) bytes smem")
STEPPED = {"neuronUpdate": "void updateNeurons", "synapseUpdate": "void updateSynapses"}
"""GeNN's files with the functions that every step calls."""


def kernels(log: str) -> Iterator[tuple[str, dict[str, int]]]:
    """(name, what it takes) of each kernel, from what ptxas printed."""
    for part in re.split(r"(?=Compiling entry function)", log)[1:]:
        name, spills = ENTRY.search(part), SPILLS.search(part)
        used, shared = USED.search(part), SHARED.search(part)
        if name and spills and used:
            yield (
                name[1],
                {
                    "registers": int(used[1]),
                    "spill_bytes": int(spills[1]) + int(spills[2]),
                    "shared_bytes": int(shared[1]) if shared else 0,
                },
            )


def launches(code: Path) -> int:
    """Kernels that a step launches, from GeNN's source."""
    found = 0
    for file, function in STEPPED.items():
        _, _, body = (code / f"{file}.cc").read_text().rpartition(function)
        found += body.count("<<<")
    return found


def resources(name: str) -> dict[str, Any]:
    """Of one network: what its kernels take, launches, and lines of warnings."""
    case = CASES[name]
    network = case.network()
    plan = case.plan(network, BATCH)
    folder = built(declaration(plan, network), CUDA).parent
    log = (folder / LOG).read_text(errors="replace")
    each, schedule = launches(folder / f"{NAME}_CODE"), schedule_of(plan)
    # a step outside both passes before each of them, and one more before gradients are cleared
    steps = schedule.forward + schedule.backward + 3
    return {
        "kernels": dict(sorted(kernels(log))),
        "launches_per_step": each,
        "launches_per_batch": each * steps,
        "warnings": [line for line in log.splitlines() if "warning" in line.lower()],
    }


def table(found: dict[str, Any]) -> str:
    """The table of docs/gpu.md: registers of each kernel, with what it has in shared memory."""
    names = sorted({kernel for of in found.values() for kernel in of["kernels"]})
    heads = ["| network", *(SHORT.sub("", kernel) for kernel in names), "spilt", "launches |"]
    lines = [" | ".join(heads), "|---" * len(heads) + "|"]
    for name, of in found.items():
        cells = [_cell(of["kernels"].get(kernel)) for kernel in names]
        spilt = sum(takes["spill_bytes"] for takes in of["kernels"].values())
        often = f"{of['launches_per_step']} a step, {of['launches_per_batch']:,} a batch"
        lines.append(" | ".join([f"| {name}", *cells, str(spilt), often]) + " |")
    return "\n".join(lines)


def _cell(takes: dict[str, int] | None) -> str:
    if takes is None:
        return ""
    shared = f", {takes['shared_bytes']} B" if takes["shared_bytes"] else ""
    return f"{takes['registers']}{shared}"


def main() -> None:
    """Compile every network and print the table; with arguments, write JSON to the first."""
    os.environ["NVCC_APPEND_FLAGS"] = "-Xptxas -v"
    found = {}
    with TemporaryDirectory() as cache:
        os.environ[VARIABLE] = cache
        for name in CASES:
            found[name] = resources(name)
            for warning in found[name]["warnings"]:
                print(f"{name}: {warning}", file=sys.stderr)
            if len(sys.argv) > 1:
                Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")
    print(table(found))


if __name__ == "__main__":
    main()
