"""A training step of this package against dense convolutions over time in PyTorch.

    python benchmarks/compare.py --rows A,B64

Rows are those of :mod:`rows`, sides those of :mod:`ours` and :mod:`pytorch_dense`. Every side is a
process of its own with the row's sizes and batch, and all cores. Sides take turns within every
repeat, and only the side whose turn it is computes; so what else the machine does falls on all
alike, and figures of one row may be divided by each other. A repeat is a forward pass and a whole
training step, or the mean of as many as take half a second: forward pass, loss, backward pass, the
optimiser's update, and, on our side, handing the new values to the engine. Memory is the most that
the process had, less what it had before its network and data were there. Run it on an idle machine.
Needs torch.

``--isa avx2`` keeps both sides from using AVX-512, as processors without it would: PyTorch by its
own settings, ours by the compiler's. Numbers too small to be normal count as 0 on both sides.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import click
import record
import rows

WORKER = Path(__file__).parent / "worker.py"
ISA: dict[str, dict[str, str]] = {
    "native": {},
    "avx2": {
        "CC": f"{os.environ.get('CC', 'cc')} -mno-avx512f",
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    },
}
"""What the environment of every side says, by the instructions that it may use."""


class Worker:
    """The process of one side; ready, or an error, once it is made."""

    def __init__(self, row: str, side: str, threads: int | None, isa: str) -> None:
        self.name = f"{row} {side}"
        command = [sys.executable, str(WORKER), row, side]
        command += ["--threads", str(threads)] if threads else []
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ISA[isa],
        )
        self._answer()

    def ask(self, question: str) -> dict[str, Any]:
        """Its answer to ``repeat`` or ``report``."""
        assert self.process.stdin is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self.process.communicate()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise click.ClickException(f"{self.name} ended with {self.process.wait()}")
        return json.loads(line)


def measure(name: str, repeats: int, threads: int | None, isa: str) -> dict[str, Any]:
    """All sides of a row."""
    row = rows.ROWS[name]
    workers: dict[str, Worker] = {}
    try:
        for side in row.sides:
            workers[side] = Worker(name, side, threads if row.sides[side] else None, isa)
        found: dict[str, list[dict[str, float]]] = {side: [] for side in workers}
        for _ in range(repeats):
            for side, worker in workers.items():
                answer = worker.ask("repeat")
                if not math.isfinite(answer["loss"]):
                    raise click.ClickException(f"{name} {side}: the loss is {answer['loss']}")
                found[side].append(answer)
        sides = {}
        for side, worker in workers.items():
            columns = {key: [one[key] for one in found[side]] for key in found[side][0]}
            sides[side] = {"against": row.sides[side]} | columns | worker.ask("report")
    finally:
        for worker in workers.values():
            worker.close()
    return {"title": row.title, "batch": row.batch, "steps": row.steps, "sides": sides}


def show(name: str, found: dict[str, Any]) -> None:
    """Print a line per side."""
    for side, row in found["sides"].items():
        seconds, line = median(row["step_s"]), f"{name:5} {side:17}"
        line += f"forward {1e3 * median(row['forward_s']):9.1f} ms  step {1e3 * seconds:9.1f} ms"
        line += f"  {row['added_bytes'] / 2**20:6.0f} MiB"
        if row["against"]:
            line += f"  {median(found['sides'][row['against']]['step_s']) / seconds:6.1f} times"
        click.echo(line)


@click.command()
@click.option("--rows", "chosen", help="for instance A,B64; by default all")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1))
@click.option("--threads", type=int, help="of our sides; by default one per available core")
@click.option("--isa", type=click.Choice([*ISA]), default="native", show_default=True)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="by default benchmarks/results/compare.json, or compare-avx2.json",
)
def main(
    chosen: str | None, repeats: int, threads: int | None, isa: str, output: Path | None
) -> None:
    """Time every row and write the results, after each row anew."""
    if importlib.util.find_spec("torch") is None:
        raise click.ClickException("the baseline needs PyTorch: pip install torch")
    names = chosen.split(",") if chosen else list(rows.ROWS)
    if unknown := set(names) - set(rows.ROWS):
        raise click.ClickException(f"no row {', '.join(unknown)}; there are {', '.join(rows.ROWS)}")
    content = record.about(repeats) | {"our_threads": threads, "isa": isa, "rows": {}}
    output = output or record.RESULTS / f"compare{'' if isa == 'native' else '-' + isa}.json"
    for name in names:
        content["rows"][name] = found = measure(name, repeats, threads, isa)
        show(name, found)
        record.write(output, content)


if __name__ == "__main__":
    main()
