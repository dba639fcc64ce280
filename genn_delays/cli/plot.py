"""``genn-delays plot``: figures of a run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from genn_delays.cli.arguments import run_argument
from genn_delays.experiment.run_folder import RunFolder
from genn_delays.figures import FIGURES, draw_figures, plot_run

MISSING = 2
"""Exit code where a figure that was named could not be drawn."""


@click.command()
@run_argument
@click.option(
    "--figure",
    "names",
    multiple=True,
    type=click.Choice(list(FIGURES)),
    help="Draw only this one; may be given several times.",
)
@click.option(
    "--width",
    type=click.Choice(["90", "180"]),
    default="180",
    show_default=True,
    help="Final width in mm; letters are 6 to 7 pt at either.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["png", "svg"]),
    help="By default both; may be given several times.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the figures; by default figures/ in the run folder.",
)
def plot(
    run_dir: Path, names: tuple[str, ...], width: str, formats: tuple[str, ...], output: Path | None
) -> None:
    """Draw the figures of a run, and its overview training.png.

    Works while the run is going on, too. Figures of trials need the data set: where it is missing,
    the others are drawn and the exit code stays 0, but for a figure that was named.
    """
    folder = RunFolder.open(run_dir)
    missing = False
    if not names:
        click.echo(plot_run(folder))
    for drawn in draw_figures(
        folder, names, width=int(width), formats=formats or ("png", "svg"), output=output
    ):
        for path in drawn.paths:
            click.echo(path)
        if drawn.missing:
            missing = missing or bool(names)
            click.echo(f"{drawn.name} is not drawn: {drawn.missing}", err=True)
    if missing:
        sys.exit(MISSING)
