"""``genn-delays plot``: the picture of a run."""

from __future__ import annotations

from pathlib import Path

import click

from genn_delays.cli.arguments import run_argument
from genn_delays.experiment.run_folder import RunFolder


@click.command()
@run_argument
def plot(run_dir: Path) -> None:
    """Draw a run's training curves, delays and weights to training.png.

    Works while the run is going on, too.
    """
    # matplotlib takes half a second to import, and only the picture needs it
    from genn_delays.analysis.plots import plot_run

    click.echo(plot_run(RunFolder.open(run_dir)))
