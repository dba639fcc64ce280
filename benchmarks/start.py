"""How long it takes to begin, in a process of its own; prints seconds as JSON.

``compile ROW SIDE`` times ``gd.compile`` alone: the plan, the generated source, the C compiler or
the cache in $GENN_DELAYS_CACHE, the buffers. ``run CONFIG FOLDER`` is ``genn-delays run`` that ends
with its first batch and tells what the data set took: whoever starts this process times it whole,
the interpreter included.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

import click


@click.group()
def main() -> None:
    """Time a start."""


@main.command("compile")
@click.argument("row")
@click.argument("side")
def compile_row(row: str, side: str) -> None:
    """Time the compilation of a row."""
    import ours
    import rows

    import genn_delays as gd

    declared, compiled = rows.ROWS[row], gd.compile
    spent = {}

    def timed(*args: Any, **settings: Any) -> Any:
        start = time.perf_counter()
        simulation = compiled(*args, **settings)
        spent["compile_s"] = time.perf_counter() - start
        return simulation

    gd.compile = timed  # type: ignore[assignment]
    ours.Ours(declared, side, batch=rows.events(declared, 1))
    print(json.dumps(spent))


@main.command()
@click.argument("config", type=click.Path(path_type=Path, exists=True))
@click.argument("folder", type=click.Path(path_type=Path))
def run(config: Path, folder: Path) -> None:
    """Run CONFIG into FOLDER until its first batch is trained."""
    from genn_delays.cli import cli
    from genn_delays.training import Trainer

    # the package's own name for it is the click command
    command: Any = importlib.import_module("genn_delays.cli.run")
    load_dataset, train_batch = command.load_dataset, Trainer.train_batch
    spent = {}

    def loaded(*args: Any) -> Any:
        start = time.perf_counter()
        dataset = load_dataset(*args)
        spent["data_s"] = time.perf_counter() - start
        return dataset

    def trained(*args: Any) -> None:
        train_batch(*args)
        print("\n" + json.dumps(spent), flush=True)
        os._exit(0)  # the rest of the run is not wanted

    command.load_dataset = loaded
    Trainer.train_batch = trained  # type: ignore[assignment]
    cli(["run", str(config), "--output", str(folder)])


if __name__ == "__main__":
    main()
