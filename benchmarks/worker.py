"""One side of one row, in a process of its own: sets itself up, then answers on stdout.

It says ``ready`` once whole training steps have warmed everything up. Told ``repeat`` it times
forward passes and training steps, one of each or as many as take TURN; told ``report`` it says what
memory it took. Whoever reads and writes decides when it computes, so that sides can take turns.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import click
import rows

TURN = 0.5
"""Seconds that passes and steps are repeated for, at least, where one is quicker."""
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


def mean(work: Callable[[], Any], seconds: float) -> tuple[float, Any]:
    """Seconds of a call, over as many calls as take so long; and what the last one returned."""
    start, calls = time.perf_counter(), 0
    while True:
        result, calls = work(), calls + 1
        spent = time.perf_counter() - start
        if spent >= seconds:
            return spent / calls, result


def repeat(side: Any, quick: bool) -> dict[str, float]:
    """Seconds of a forward pass and of a training step."""
    if quick:  # threads of the side before may still wait for work, and caches hold its data
        mean(side.step, TURN)
    forward, _ = mean(side.forward, TURN if quick else 0.0)
    step, loss = mean(side.step, TURN if quick else 0.0)
    return {"forward_s": forward, "step_s": step, "loss": loss}


@click.command()
@click.argument("row")
@click.argument("name")
@click.option("--threads", type=int, help="of our sides; by default one per available core")
def main(row: str, name: str, threads: int | None) -> None:
    """Serve one side of a row until stdin ends."""
    side, before = make(rows.ROWS[row], name, threads)
    spent = mean(side.step, 0.0)[0]  # a quick one is quicker the second time
    quick = spent < 10.0 * TURN and mean(side.step, 0.0)[0] < TURN
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        if line.strip() == "repeat":
            answer: dict[str, Any] = repeat(side, quick)
        else:
            most = peak()
            answer = {"peak_bytes": most, "added_bytes": most - before, "spikes": side.spikes()}
            answer["vector_bytes"] = side.vector_bytes() if name in OURS else None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
