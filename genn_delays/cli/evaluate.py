"""``genn-delays evaluate``: measure the best network of a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from genn_delays.cli.arguments import run_argument
from genn_delays.datasets.base import SPLITS
from genn_delays.experiment import checkpoint
from genn_delays.experiment.config_changes import accepted_changes
from genn_delays.experiment.experiment import load_dataset, prepare
from genn_delays.experiment.run_folder import RunFolder


@click.command()
@run_argument
@click.option(
    "--split", type=click.Choice(SPLITS), default="test", show_default=True, help="What to measure."
)
def evaluate(run_dir: Path, split: str) -> None:
    """Measure best.h5 of a run on one split, and print the result as JSON.

    Nothing in the run folder changes.
    """
    folder = RunFolder.open(run_dir)
    best = checkpoint.load(folder.best)
    config = folder.load_config()
    accepted_changes(config, best.attributes.get("config"), folder.config, folder.kept)
    experiment = prepare(config, load_dataset(config), best.network)
    with experiment.simulation:
        metrics = experiment.trainer.evaluate(split)
    found = {name: value for name, value in asdict(metrics).items() if value is not None}
    click.echo(json.dumps({"split": split, "epoch": best.attributes.get("epoch"), **found}))
