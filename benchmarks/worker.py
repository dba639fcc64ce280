"""One side of one row, in a process of its own: sets itself up, then answers on stdout.

It says ``ready`` after one whole training step has warmed everything up. Told ``repeat`` it times
one forward pass and one training step; told ``report`` it says what memory it took. Whoever reads
and writes decides when it computes, so that sides can take turns.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import click
import rows

OURS = ("eventprop", "surrogate", "surrogate_narrow")


def peak() -> int:
    """Most bytes this process has had in memory."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else 1024 * used  # Linux counts in KiB


def make(row: rows.Row, name: str, threads: int | None) -> tuple[Any, int]:
    """The side, and the bytes in memory before its network and data were there."""
    if name in OURS:
        from ours import Ours

        before = peak()
        return Ours(row, name, threads=threads), before
    from pytorch_dense import Baseline

    before = peak()
    return Baseline(row, name), before


def repeat(side: Any) -> dict[str, float]:
    """Seconds of a forward pass and of a training step."""
    start = time.perf_counter()
    side.forward()
    middle = time.perf_counter()
    loss = side.step()
    end = time.perf_counter()
    return {"forward_s": middle - start, "step_s": end - middle, "loss": loss}


@click.command()
@click.argument("row")
@click.argument("name")
@click.option("--threads", type=int, help="of our sides; by default one per available core")
def main(row: str, name: str, threads: int | None) -> None:
    """Serve one side of a row until stdin ends."""
    side, before = make(rows.ROWS[row], name, threads)
    side.step()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        if line.strip() == "repeat":
            answer: dict[str, Any] = repeat(side)
        else:
            most = peak()
            answer = {"peak_bytes": most, "added_bytes": most - before, "spikes": side.spikes()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
